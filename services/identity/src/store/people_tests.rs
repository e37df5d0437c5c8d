//! What guards accounts, codes and sessions stands in the statements: on both databases.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};
use siegel_testkit::on_each_backend;

use super::accounts::{self, AccountState, NewAccount};
use super::credentials::{self, CredentialId, NewCard};
use super::mail_codes::{self, NewRegistration};
use super::throttle::{self, Counter};
use super::{claim_choices, scope_consents, sessions};
use crate::domain::ageing::Proof;
use crate::domain::interaction::InteractionId;
use crate::domain::tenant::LevelLimits;
use crate::domain::throttle::password_wait;

const NOW: Timestamp = Timestamp::from_seconds(1_741_256_100);

on_each_backend! { &crate::MIGRATIONS =>
    an_address_has_one_account_and_is_found_by_its_hash,
    an_account_is_opened_once,
    a_card_belongs_to_one_account,
    an_account_has_one_password,
    a_code_has_five_tries_even_at_the_same_moment,
    a_new_registration_replaces_the_old_one_and_its_tries,
    a_blocked_counter_takes_no_attempt_until_its_time_is_over,
    attempts_that_block_nothing_are_counted_alone_and_no_others,
    success_clears_the_counter,
    parallel_guesses_all_count,
    a_budget_is_refilled_after_its_window,
    a_proof_that_aged_is_not_revived_by_activity,
    a_renewed_token_replaces_the_old_one,
    a_session_that_ended_is_found_no_more,
    sweeping_removes_old_sessions_with_their_proofs,
    allowed_scopes_add_up,
    a_later_choice_about_an_attribute_replaces_the_earlier_one,
    what_was_proven_for_one_realm_ages_by_its_own_limits_and_is_forgotten_alone,
}

fn account(n: u32) -> AccountId {
    format!("acc_{n:032x}").parse().unwrap()
}

fn credential(n: u32) -> CredentialId {
    format!("crd_{n:032x}").parse().unwrap()
}

fn session(n: u32) -> SessionId {
    format!("ses_{n:032x}").parse().unwrap()
}

fn interaction() -> InteractionId {
    format!("int_{:032x}", 1).parse().unwrap()
}

fn later(minutes: u64) -> Timestamp {
    NOW.plus(Duration::from_mins(minutes))
}

async fn with_account(db: &Db, n: u8) -> AccountId {
    let mut tx = db.begin().await.unwrap();
    assert!(accounts::insert(&mut tx, &new(n, &[n; 32])).await.unwrap());
    tx.commit().await.unwrap();
    account(n.into())
}

fn new(n: u8, address_hash: &[u8; 32]) -> NewAccount<'_> {
    NewAccount { id: account(n.into()), address_hash, address_sealed: b"s", locale: "de", at: NOW }
}

async fn an_address_has_one_account_and_is_found_by_its_hash(db: Db) {
    with_account(&db, 1).await;
    let mut tx = db.begin().await.unwrap();
    assert!(!accounts::insert(&mut tx, &new(2, &[1; 32])).await.unwrap());
    assert!(accounts::address_is_taken(&mut tx, &[1; 32]).await.unwrap());
    assert!(!accounts::address_is_taken(&mut tx, &[2; 32]).await.unwrap());
    let opening = accounts::opening(&mut tx, account(1)).await.unwrap().unwrap();
    assert_eq!((opening.address_sealed, opening.locale), (b"s".to_vec(), "de".to_owned()));
}

async fn an_account_is_opened_once(db: Db) {
    let id = with_account(&db, 1).await;
    let mut tx = db.begin().await.unwrap();
    assert_eq!(accounts::state(&mut tx, id).await.unwrap(), Some(AccountState::Pending));
    assert!(accounts::open(&mut tx, id, NOW).await.unwrap());
    assert!(!accounts::open(&mut tx, id, NOW).await.unwrap());
    assert_eq!(accounts::state(&mut tx, id).await.unwrap(), Some(AccountState::Open));
    assert_eq!(accounts::state(&mut tx, account(9)).await.unwrap(), None);
}

fn card(id: u32, account: AccountId, card_hash: &[u8; 32]) -> NewCard<'_> {
    NewCard {
        id: credential(id),
        account,
        card_hash,
        holder_hash: &[8; 32],
        level: TrustLevel::High,
        label: "",
        at: NOW,
    }
}

async fn a_card_belongs_to_one_account(db: Db) {
    let (one, two) = (with_account(&db, 1).await, with_account(&db, 2).await);
    let mut tx = db.begin().await.unwrap();
    assert!(credentials::add_card(&mut tx, &card(1, one, &[5; 32])).await.unwrap());
    assert!(!credentials::add_card(&mut tx, &card(2, two, &[5; 32])).await.unwrap());
    assert!(credentials::add_card(&mut tx, &card(3, one, &[6; 32])).await.unwrap(), "two cards");
    let owner = credentials::by_card(&mut tx, &[5; 32]).await.unwrap().unwrap();
    assert_eq!((owner.id, owner.account_id), (credential(1), one));
    assert_eq!(credentials::holders(&mut tx, one).await.unwrap(), vec![vec![8; 32]; 2]);
    assert!(credentials::holders(&mut tx, two).await.unwrap().is_empty());
}

async fn an_account_has_one_password(db: Db) {
    let id = with_account(&db, 1).await;
    let mut tx = db.begin().await.unwrap();
    assert!(credentials::add_password(&mut tx, credential(1), id, "phc", NOW).await.unwrap());
    assert!(!credentials::add_password(&mut tx, credential(2), id, "other", NOW).await.unwrap());
    let found = credentials::password_of(&mut tx, &[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.account_id, found.secret.as_str()), (id, "phc"));
    credentials::used(&mut tx, found.id, later(1)).await.unwrap();
    let listed = credentials::list(&mut tx, id).await.unwrap();
    assert_eq!(listed.first().unwrap().last_used_at_us, Some(later(1)));
    assert!(credentials::password_of(&mut tx, &[2; 32]).await.unwrap().is_none());
}

fn registration(code_hash: Option<&[u8; 32]>) -> NewRegistration<'_> {
    NewRegistration {
        interaction: interaction(),
        address_hash: &[1; 32],
        address_sealed: b"s",
        password: "phc",
        code_hash,
        locale: "de",
        expires_at: later(10),
    }
}

async fn a_code_has_five_tries_even_at_the_same_moment(db: Db) {
    let mut tx = db.begin().await.unwrap();
    mail_codes::put(&mut tx, &registration(Some(&[3; 32]))).await.unwrap();
    tx.commit().await.unwrap();
    let tries = (0..12).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut tx = db.begin().await.unwrap();
            let found = mail_codes::take_try(&mut tx, interaction(), NOW).await.unwrap();
            tx.commit().await.unwrap();
            found.is_some()
        })
    });
    let mut taken = 0;
    for attempt in tries.collect::<Vec<_>>() {
        taken += u32::from(attempt.await.unwrap());
    }
    assert_eq!(taken, 5);
    let mut tx = db.begin().await.unwrap();
    assert!(!mail_codes::waits(&mut tx, interaction(), NOW).await.unwrap());
}

async fn a_new_registration_replaces_the_old_one_and_its_tries(db: Db) {
    let mut tx = db.begin().await.unwrap();
    mail_codes::put(&mut tx, &registration(Some(&[3; 32]))).await.unwrap();
    mail_codes::take_try(&mut tx, interaction(), NOW).await.unwrap();
    mail_codes::put(&mut tx, &registration(None)).await.unwrap();
    let found = mail_codes::take_try(&mut tx, interaction(), NOW).await.unwrap().unwrap();
    assert_eq!((found.tries, found.code_hash), (1, None));
    assert!(mail_codes::take_try(&mut tx, interaction(), later(10)).await.unwrap().is_none());
    assert_eq!(mail_codes::sweep(&mut tx, later(10)).await.unwrap(), 1);
}

const GUESSES: Counter<'_> = Counter { scope: "password", subject: &[1; 32] };

async fn a_blocked_counter_takes_no_attempt_until_its_time_is_over(db: Db) {
    let mut tx = db.begin().await.unwrap();
    let mut at = NOW;
    for n in 1..=9 {
        assert_eq!(throttle::count(&mut tx, GUESSES, at, password_wait).await.unwrap(), Some(n));
        at = at.plus(Duration::from_mins(1));
    }
    assert_eq!(throttle::count(&mut tx, GUESSES, at, password_wait).await.unwrap(), None);
    let other = Counter { scope: "password", subject: &[2; 32] };
    assert_eq!(throttle::count(&mut tx, other, at, password_wait).await.unwrap(), Some(1));
    let free = later(8 + 15);
    assert_eq!(throttle::count(&mut tx, GUESSES, free, password_wait).await.unwrap(), Some(10));
}

async fn attempts_that_block_nothing_are_counted_alone_and_no_others(db: Db) {
    let mut tx = db.singly().await.unwrap();
    for n in 1..=4 {
        let counted = throttle::count_free(&mut tx, GUESSES, NOW, password_wait).await.unwrap();
        assert_eq!(counted, Some(n));
    }
    let fifth = throttle::count_free(&mut tx, GUESSES, NOW, password_wait).await.unwrap();
    assert_eq!(fifth, None, "the fifth blocks, so it is not counted here");
    drop(tx);
    let mut tx = db.begin().await.unwrap();
    assert_eq!(throttle::count(&mut tx, GUESSES, NOW, password_wait).await.unwrap(), Some(5));
    tx.commit().await.unwrap();
    let mut tx = db.singly().await.unwrap();
    let blocked = throttle::count_free(&mut tx, GUESSES, NOW, password_wait).await.unwrap();
    assert_eq!(blocked, None);
}

async fn success_clears_the_counter(db: Db) {
    let mut tx = db.begin().await.unwrap();
    throttle::count(&mut tx, GUESSES, NOW, password_wait).await.unwrap();
    throttle::clear(&mut tx, GUESSES).await.unwrap();
    let first = throttle::count(&mut tx, GUESSES, NOW, password_wait).await.unwrap();
    assert_eq!(first, Some(1));
}

async fn parallel_guesses_all_count(db: Db) {
    let guesses = (0..10).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut tx = db.begin().await.unwrap();
            let counted = throttle::count(&mut tx, GUESSES, NOW, password_wait).await.unwrap();
            tx.commit().await.unwrap();
            counted
        })
    });
    let mut looked_at = Vec::new();
    for guess in guesses.collect::<Vec<_>>() {
        looked_at.extend(guess.await.unwrap());
    }
    looked_at.sort_unstable();
    assert_eq!(looked_at, [1, 2, 3, 4, 5], "the fifth closes the door to the rest");
}

async fn a_budget_is_refilled_after_its_window(db: Db) {
    let hour = Duration::from_hours(1);
    let mails = Counter { scope: "mail", subject: &[1; 32] };
    let mut tx = db.begin().await.unwrap();
    for minute in 0..2 {
        assert!(throttle::spend(&mut tx, mails, later(minute), 2, hour).await.unwrap());
    }
    assert!(!throttle::spend(&mut tx, mails, later(59), 2, hour).await.unwrap());
    assert!(throttle::spend(&mut tx, mails, later(60), 2, hour).await.unwrap());
    assert_eq!(throttle::sweep(&mut tx, later(60 * 24 * 8)).await.unwrap(), 1);
}

async fn with_session(db: &Db) -> siegel_db::Tx {
    let id = with_account(db, 1).await;
    let mut tx = db.begin().await.unwrap();
    sessions::insert(&mut tx, session(1), &[1; 32], id, NOW).await.unwrap();
    for (method, level) in [("pwd", TrustLevel::Basic), ("sc", TrustLevel::High)] {
        let proof = Proof::new(level, method, NOW);
        sessions::prove(&mut tx, session(1), "a", &proof).await.unwrap();
    }
    tx
}

async fn a_proof_that_aged_is_not_revived_by_activity(db: Db) {
    let mut tx = with_session(&db).await;
    let stored = sessions::find(&mut tx, session(1)).await.unwrap().unwrap();
    sessions::touch(&mut tx, &stored, later(6)).await.unwrap();
    let proofs = sessions::proofs(&mut tx, session(1)).await.unwrap();
    let levels: Vec<_> = proofs.iter().map(|p| p.proof.level).collect();
    assert_eq!(levels, [TrustLevel::Basic, TrustLevel::Substantial], "six idle minutes");
    let stored = sessions::find(&mut tx, session(1)).await.unwrap().unwrap();
    assert_eq!(stored.last_seen_at_us, later(6));
    sessions::touch(&mut tx, &stored, later(5)).await.unwrap();
    let stored = sessions::find(&mut tx, session(1)).await.unwrap().unwrap();
    assert_eq!(stored.last_seen_at_us, later(6), "never backwards");
}

async fn a_renewed_token_replaces_the_old_one(db: Db) {
    let mut tx = with_session(&db).await;
    sessions::renew_token(&mut tx, session(1), &[2; 32]).await.unwrap();
    assert_eq!(sessions::by_token(&mut tx, &[1; 32]).await.unwrap(), None);
    let found = sessions::by_token(&mut tx, &[2; 32]).await.unwrap().unwrap();
    assert_eq!(found.id, session(1));
}

async fn a_session_that_ended_is_found_no_more(db: Db) {
    let mut tx = with_session(&db).await;
    sessions::enter(&mut tx, session(1), "a", NOW).await.unwrap();
    sessions::enter(&mut tx, session(1), "a", NOW).await.unwrap();
    assert!(sessions::entered(&mut tx, session(1), "a").await.unwrap());
    assert!(!sessions::entered(&mut tx, session(1), "b").await.unwrap());
    assert_eq!(sessions::of_account(&mut tx, account(1)).await.unwrap().len(), 1);
    assert!(sessions::end(&mut tx, session(1), NOW).await.unwrap());
    assert!(!sessions::end(&mut tx, session(1), NOW).await.unwrap());
    assert_eq!(sessions::by_token(&mut tx, &[1; 32]).await.unwrap(), None);
    assert_eq!(sessions::find(&mut tx, session(1)).await.unwrap(), None);
    assert!(sessions::of_account(&mut tx, account(1)).await.unwrap().is_empty());
}

async fn sweeping_removes_old_sessions_with_their_proofs(db: Db) {
    let mut tx = with_session(&db).await;
    assert_eq!(sessions::sweep(&mut tx, NOW).await.unwrap(), 0);
    assert_eq!(sessions::sweep(&mut tx, later(1)).await.unwrap(), 1);
    assert!(sessions::proofs(&mut tx, session(1)).await.unwrap().is_empty());
}

async fn allowed_scopes_add_up(db: Db) {
    let id = with_account(&db, 1).await;
    let mut tx = db.begin().await.unwrap();
    for scopes in [["postbox"], ["offline_access"], ["postbox"]] {
        let scopes = scopes.map(str::to_owned);
        scope_consents::give(&mut tx, id, "portal", &scopes, NOW).await.unwrap();
    }
    let given = scope_consents::given(&mut tx, id, "portal").await.unwrap();
    assert_eq!(given, ["offline_access", "postbox"]);
    assert!(scope_consents::given(&mut tx, id, "other").await.unwrap().is_empty());
}

async fn a_later_choice_about_an_attribute_replaces_the_earlier_one(db: Db) {
    let id = with_account(&db, 1).await;
    let mut tx = db.begin().await.unwrap();
    let choice = |claim: &str, allowed| claim_choices::Choice {
        claim: claim.to_owned(),
        purpose: [u8::from(allowed); 32],
        allowed,
    };
    let first = [choice("city", true), choice("zip_code", false)];
    claim_choices::choose(&mut tx, id, "portal", &first, NOW).await.unwrap();
    claim_choices::choose(&mut tx, id, "portal", &[choice("city", false)], NOW).await.unwrap();
    let found = claim_choices::of_client(&mut tx, id, "portal").await.unwrap();
    assert_eq!(found, [choice("city", false), choice("zip_code", false)]);
    assert!(claim_choices::of_client(&mut tx, id, "other").await.unwrap().is_empty());
    claim_choices::forget(&mut tx, id, "portal").await.unwrap();
    assert!(claim_choices::of_client(&mut tx, id, "portal").await.unwrap().is_empty());
}

async fn what_was_proven_for_one_realm_ages_by_its_own_limits_and_is_forgotten_alone(db: Db) {
    let mut tx = with_session(&db).await;
    let limits =
        vec![LevelLimits { level: TrustLevel::Basic, absolute_minutes: 60, idle_minutes: 5 }];
    let short = Proof { limits, ..Proof::new(TrustLevel::Basic, "pwd", NOW) };
    sessions::prove(&mut tx, session(1), "b", &short).await.unwrap();
    let stored = sessions::find(&mut tx, session(1)).await.unwrap().unwrap();
    sessions::touch(&mut tx, &stored, later(5)).await.unwrap();
    let realms = async |tx: &mut siegel_db::Tx| -> Vec<String> {
        let held = sessions::proofs(tx, session(1)).await.unwrap();
        held.into_iter().map(|h| h.realm).collect()
    };
    assert_eq!(realms(&mut tx).await, ["a", "a"], "signs for one sector revive nothing in another");
    sessions::prove(&mut tx, session(1), "b", &short).await.unwrap();
    sessions::forget_proofs(&mut tx, session(1), "a").await.unwrap();
    assert_eq!(realms(&mut tx).await, ["b"]);
}
