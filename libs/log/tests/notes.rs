//! Notes, checkpoints, cosignatures and the names of tiles.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use proptest::prelude::*;
use siegel_crypto::{Ed25519Key, b64_padded};
use siegel_log::{
    BadCheckpoint, BadNote, BadTile, Checkpoint, NoteSigner, NoteVerifier, SignedNote, TileId,
    TileSet, Witness, bundle, cosign,
};

// The key, the text and the signatures of the examples of golang.org/x/mod/sumdb/note
// (`example_test.go`); EnochRoot's key is not published there, its signature is passed over.
const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const SIGNED: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1\
    FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const OTHER: &str = "\u{2014} EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ\
    5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(byte: u8) -> Ed25519Key {
    Ed25519Key::from_seed(&[byte; 32]).unwrap()
}

fn log() -> NoteSigner {
    NoteSigner::new("postfach.example/log", key(1)).unwrap()
}

fn head() -> Checkpoint {
    Checkpoint { origin: "postfach.example/log".into(), size: 3, root: [7; 32] }
}

#[test]
fn a_note_has_the_bytes_of_the_published_example() {
    let seed = b64_padded::decode(SEED).unwrap();
    let signer = NoteSigner::new("PeterNeumann", Ed25519Key::from_seed(&seed[1..]).unwrap());
    let signer = signer.unwrap();
    assert_eq!(signer.verifier().to_string(), VKEY);
    assert_eq!(signer.sign(TEXT).unwrap().to_string(), format!("{TEXT}\n{SIGNED}"));
}

#[test]
fn a_note_of_several_keys_is_read_by_one_that_knows_only_its_own() {
    let note = SignedNote::parse(&format!("{TEXT}\n{SIGNED}{OTHER}")).unwrap();
    let verifier = NoteVerifier::parse(VKEY).unwrap();
    assert_eq!(verifier.verify(&note), Ok(TEXT));
    assert_eq!(note.signatures.len(), 2);
    let only_other = SignedNote::parse(&format!("{TEXT}\n{OTHER}")).unwrap();
    assert_eq!(verifier.verify(&only_other), Err(BadNote::Unsigned));
}

#[test]
fn a_changed_note_does_not_hold() {
    let changed = TEXT.replace("answer", "Answer");
    let note = SignedNote::parse(&format!("{changed}\n{SIGNED}")).unwrap();
    assert_eq!(NoteVerifier::parse(VKEY).unwrap().verify(&note), Err(BadNote::Signature));
}

#[test]
fn mangled_keys_are_refused() {
    for at in 0..VKEY.len() {
        let mut bytes = VKEY.as_bytes().to_vec();
        bytes[at] += 1;
        let mangled = String::from_utf8(bytes).unwrap();
        assert!(NoteVerifier::parse(&mangled).is_err(), "{mangled}");
    }
    // Wrong length and unknown algorithm, with fitting ids (`note_test.go`).
    for bad in [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert!(NoteVerifier::parse(bad).is_err());
    }
    assert!(NoteSigner::new("two words", key(1)).is_err());
}

#[test]
fn a_malformed_note_is_refused() {
    let signed = format!("{TEXT}\n{SIGNED}");
    for bad in [
        "",
        TEXT,
        &signed[..signed.len() - 1],
        &format!("{TEXT}\n{SIGNED}\n"),
        &format!("{TEXT}\n"),
        &signed.replace("\u{2014} ", "- "),
        &signed.replace("cryptography", "crypto\tgraphy"),
        &format!("{TEXT}\n{}", SIGNED.repeat(101)),
    ] {
        assert_eq!(SignedNote::parse(bad), Err(BadNote::Malformed), "{bad}");
    }
}

#[test]
fn a_checkpoint_survives_its_note() {
    let note = head().sign(&log()).unwrap().to_string();
    assert!(
        note.starts_with(
            "postfach.example/log\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n"
        )
    );
    assert_eq!(Checkpoint::open(&note, log().verifier()), Ok(head()));
}

#[test]
fn a_checkpoint_of_another_log_or_key_is_refused() {
    let other = Checkpoint { origin: "other.example/log".into(), ..head() };
    assert_eq!(other.sign(&log()), Err(BadCheckpoint::OtherLog));
    let forged = log().sign(&other.text()).unwrap().to_string();
    assert_eq!(Checkpoint::open(&forged, log().verifier()), Err(BadCheckpoint::OtherLog));
    let impostor = NoteSigner::new("postfach.example/log", key(2)).unwrap();
    let note = head().sign(&impostor).unwrap().to_string();
    let verdict = Checkpoint::open(&note, log().verifier());
    assert_eq!(verdict, Err(BadCheckpoint::Note(BadNote::Unsigned)));
}

#[test]
fn extension_lines_are_passed_over_and_malformed_heads_refused() {
    let text = head().text();
    assert_eq!(Checkpoint::from_text(&format!("{text}extension\n")), Ok(head()));
    for bad in [
        text.replace("\n3\n", "\n03\n"),
        text.replace("\n3\n", "\n+3\n"),
        text.replace("\n3\n", "\n99999999999999999999\n"),
        text.replace("Bwc=", "Bwc"),
        format!("{text}\nextension\n"),
        "postfach.example/log\n3\n".into(),
    ] {
        assert_eq!(Checkpoint::from_text(&bad), Err(BadCheckpoint::Malformed), "{bad}");
    }
}

#[test]
fn a_witness_stands_beside_the_log_and_says_when_it_saw_the_head() {
    let mut note = head().sign(&log()).unwrap();
    cosign(&mut note, "witness.example", &key(9), 1_700_000_000).unwrap();
    let read = SignedNote::parse(&note.to_string()).unwrap();
    let witness = Witness::new("witness.example", *key(9).public_key()).unwrap();
    assert_eq!(Witness::parse(&witness.to_string()), Ok(witness.clone()));
    assert_eq!(witness.verify(&read), Ok(1_700_000_000));
    // The log's own signature still holds, and a witness's is no log's.
    assert_eq!(Checkpoint::open(&note.to_string(), log().verifier()), Ok(head()));
    assert!(NoteVerifier::parse(&witness.to_string()).is_err());
    let mut later = read.clone();
    later.signatures[1].bytes[7] ^= 1;
    assert_eq!(witness.verify(&later), Err(BadNote::Signature));
    let mut other = read;
    other.text = Checkpoint { size: 4, ..head() }.text();
    assert_eq!(witness.verify(&other), Err(BadNote::Signature));
}

#[test]
fn tiles_have_the_paths_of_the_specification() {
    // The examples of C2SP `tlog-tiles`.
    let hashes = |level, index, width| TileId::Hashes { level, index, width };
    for (id, path) in [
        (hashes(0, 0, 256), "tile/0/000"),
        (hashes(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (hashes(1, 0, 17), "tile/1/000.p/17"),
        (TileId::Entries { index: 1_234_067, width: 256 }, "tile/entries/x001/x234/067"),
        (TileId::Entries { index: 273, width: 112 }, "tile/entries/273.p/112"),
    ] {
        assert_eq!(id.to_string(), path);
        assert_eq!(TileId::parse(path), Ok(id));
    }
}

#[test]
fn other_spellings_of_a_path_are_refused() {
    for bad in [
        "tile/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/00",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/05",
        "tile/0/000.p/256",
        "tile/0/000.p/+5",
        "tile/0/../000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/data/000",
        "/tile/0/000",
    ] {
        assert_eq!(TileId::parse(bad), Err(BadTile::Path), "{bad}");
    }
}

#[test]
fn a_tile_is_as_wide_as_the_tree_is_large() {
    let at = |level, index, size| {
        TileId::Hashes { level, index, width: 256 }.in_tree(size).map(|id| id.width())
    };
    assert_eq!(at(0, 0, 0), None);
    assert_eq!(at(0, 0, 70_000), Some(256));
    assert_eq!(at(0, 273, 70_000), Some(112));
    assert_eq!(at(1, 1, 70_000), Some(17));
    assert_eq!(at(2, 0, 70_000), Some(1));
    assert_eq!(at(3, 0, 70_000), None);
}

proptest! {
    #[test]
    fn a_bundle_gives_its_entries_back(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70), 1..20),
        cut in 1_usize..5,
    ) {
        let id = TileId::Entries { index: 0, width: entries.len() };
        let bytes = bundle(&entries).unwrap();
        prop_assert_eq!(TileSet::entries(id, &bytes), Ok(entries));
        let short = &bytes[..bytes.len() - cut.min(bytes.len())];
        prop_assert!(TileSet::entries(id, short).is_err());
    }

    #[test]
    fn every_path_is_read_as_the_tile_it_names(
        level in 0_u8..=63, index in any::<u64>(), width in 1_usize..=256,
    ) {
        let id = TileId::Hashes { level, index, width };
        prop_assert_eq!(TileId::parse(&id.to_string()), Ok(id));
    }

    #[test]
    fn a_note_of_any_text_never_panics(text in ".{0,200}") {
        let _ = SignedNote::parse(&text);
        let _ = Checkpoint::from_text(&text);
        let _ = TileId::parse(&text);
    }
}
