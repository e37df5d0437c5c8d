//! How many of which witnesses a verifier asks for.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use siegel_crypto::Ed25519Key;
use siegel_log::{BadPolicy, NoteSigner, Policy, SignedNote, Witness, cosign};

fn key(seed: u8) -> Ed25519Key {
    Ed25519Key::from_seed(&[seed; 32]).unwrap()
}

fn witness(name: &str, seed: u8) -> String {
    Witness::new(name, *key(seed).public_key()).unwrap().to_string()
}

fn log() -> NoteSigner {
    NoteSigner::new("log.example", key(1)).unwrap()
}

/// Two of three witnesses, or the auditor alone.
fn policy() -> String {
    format!(
        "# who we trust\nlog {}\nwitness a {} https://a.example\nwitness b {}\nwitness c {}\n\
         witness auditor {}\n\ngroup peers 2 a b c\ngroup enough any peers auditor\nquorum enough\n",
        log().verifier(),
        witness("a.example", 2),
        witness("b.example", 3),
        witness("c.example", 4),
        witness("auditor.example", 5),
    )
}

fn note(cosigned: &[(&str, u8)]) -> SignedNote {
    let mut note = log().sign("log.example\n1\nAAAA\n").unwrap();
    for (name, seed) in cosigned {
        cosign(&mut note, name, &key(*seed), 1_741_256_100).unwrap();
    }
    SignedNote::parse(&note.to_string()).unwrap()
}

fn is_met(cosigned: &[(&str, u8)]) -> bool {
    let policy = Policy::parse(&policy()).unwrap();
    policy.is_met_by(&policy.cosigners(&note(cosigned)))
}

#[test]
fn as_many_witnesses_as_the_policy_asks_for_are_enough_and_fewer_are_not() {
    assert!(!is_met(&[]));
    assert!(!is_met(&[("a.example", 2)]));
    assert!(is_met(&[("a.example", 2), ("c.example", 4)]));
    assert!(is_met(&[("auditor.example", 5)]));
}

#[test]
fn a_witness_counts_once_and_under_its_own_key_only() {
    assert!(!is_met(&[("a.example", 2), ("a.example", 2)]));
    assert!(!is_met(&[("a.example", 2), ("b.example", 9)]), "another's key under its name");
    assert!(!is_met(&[("a.example", 2), ("stranger.example", 3)]));
}

#[test]
fn a_cosignature_of_another_checkpoint_does_not_count() {
    let policy = Policy::parse(&policy()).unwrap();
    let mut other = note(&[("auditor.example", 5)]);
    other.text = other.text.replace("\n1\n", "\n2\n");
    assert!(policy.cosigners(&other).is_empty());
}

#[test]
fn a_policy_without_a_quorum_of_witnesses_says_so() {
    let text = format!("log {}\nquorum none\n", log().verifier());
    assert!(Policy::parse(&text).unwrap().is_met_by(&[]));
}

#[test]
fn what_is_no_policy_is_refused_by_line() {
    let refused = |text: &str| Policy::parse(text).unwrap_err();
    let (log, a) = (log().verifier().to_string(), witness("a.example", 2));
    assert_eq!(refused(""), BadPolicy::Incomplete);
    assert_eq!(refused(&format!("log {log}\n")), BadPolicy::Incomplete);
    assert_eq!(refused(&format!("quorum none\nlog {log}\nquorum none\n")), BadPolicy::Incomplete);
    assert_eq!(refused("trust everybody\n"), BadPolicy::Statement(1));
    assert!(matches!(refused(&format!("log {a}\n")), BadPolicy::Key { line: 1, .. }));
    assert!(matches!(refused(&format!("witness a {log}\n")), BadPolicy::Key { line: 1, .. }));
    assert_eq!(refused("group g any nobody\n"), BadPolicy::Unknown(1));
    let two = |last: &str| refused(&format!("witness a {a}\nwitness b {a}\n{last}\n"));
    assert_eq!(two("group g 3 a b"), BadPolicy::Number(3));
    assert_eq!(two("group g 0 a b"), BadPolicy::Number(3));
    assert_eq!(two("group g 2 a a"), BadPolicy::Unknown(3));
    assert_eq!(two("group a any b"), BadPolicy::Name(3));
    assert_eq!(two("group none any b"), BadPolicy::Name(3));
}
