//! What an account elsewhere protects that is linked.

use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, Card, House};
use super::{ERIKA, HOME, at_step_up, level, listed, with_app};
use crate::store::upstream_links::{self, LinkId, NewLink};

on_each_backend! { &crate::MIGRATIONS =>
    below_the_level_of_a_linked_account_nothing_is_added,
    a_card_is_of_the_person_whom_a_linked_account_names,
    the_name_in_a_linked_account_is_no_proof,
}

/// Links an account elsewhere whose provider calls its holder Erika with this family name.
async fn links(house: &House, owner: &Browser<'_>, level: TrustLevel, family: Option<&str>) {
    let (state, account) = (&house.state, house.session_of(owner).await.unwrap().1);
    let keys = &state.people.keys;
    let holder = family.map(|name| keys.holder_hash(&["erika", name, "1964-08-12"]));
    let link = NewLink {
        id: LinkId::new(&*state.outside.clock, &*state.outside.entropy).unwrap(),
        upstream: "land-b",
        subject_hash: &[7; 32],
        holder_hash: holder.as_ref(),
        account,
        level,
        at: state.now(),
    };
    let mut tx = state.outside.db.begin().await.unwrap();
    assert!(upstream_links::add(&mut tx, &link).await.unwrap());
    tx.commit().await.unwrap();
}

/// Shows a card in a session of the password alone.
async fn shows(house: &House, card: Card) -> (StatusCode, Browser<'_>) {
    let (mut browser, id) = at_step_up(house, ERIKA, TrustLevel::High).await;
    house.shows_card(card);
    let page = browser.identifies(id, "/step-up").await;
    (page.status, browser)
}

async fn was_refused(house: &House, reason: &str) -> bool {
    house.audit().await.iter().any(|(_, why)| why == reason)
}

async fn below_the_level_of_a_linked_account_nothing_is_added(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    links(&house, &owner, TrustLevel::Substantial, None).await;
    for kind in ["totp", "passkey", "certificate"] {
        owner.get(HOME).await;
        let page = owner.post(&format!("{HOME}/{kind}"), &[("label", "x")]).await;
        assert!(page.location.starts_with("/login/int_"), "{kind}: {}", page.location);
    }
    let (status, browser) = shows(&house, Card::of("dkk-1", "Mustermann")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::Basic));
    assert!(was_refused(&house, "TRUST_TOO_LOW").await);
    assert_eq!(listed(&mut owner).await.len(), 1, "the password");
}

async fn a_card_is_of_the_person_whom_a_linked_account_names(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    links(&house, &owner, TrustLevel::Basic, Some("musterfrau")).await;
    let (status, browser) = shows(&house, Card::of("dkk-1", "Mustermann")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::Basic));
    assert!(was_refused(&house, "CARD_OF_ANOTHER_PERSON").await);
    let (status, browser) = shows(&house, Card::of("dkk-2", "Musterfrau")).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::High));
}

async fn the_name_in_a_linked_account_is_no_proof(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    with_app(&house, &mut owner).await;
    links(&house, &owner, TrustLevel::Basic, Some("mustermann")).await;
    let (status, browser) = shows(&house, Card::of("dkk-1", "Mustermann")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::Basic));
    assert!(was_refused(&house, "TRUST_TOO_LOW").await);
}
