//! Whose an account elsewhere is here.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use siegel_db::Db;
use siegel_identity::domain::email::EmailAddress;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::credentials::{self, CredentialId, NewCard};
use siegel_identity::store::upstream_links;
use siegel_identity::store::{accounts, sessions};
use siegel_kernel::TrustLevel::{Basic, High, Substantial};
use siegel_testkit::on_each_backend;

use super::land::{Browser, Land, Page, hidden, parameter};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    the_same_person_comes_back_to_the_same_account,
    two_people_are_two_accounts,
    an_address_of_an_existing_account_does_not_take_it_over,
    an_address_that_was_not_confirmed_there_says_nothing,
    linking_needs_both_proofs_and_the_persons_word,
    a_word_counts_once_and_only_in_its_own_browser,
    an_account_that_is_better_protected_is_not_linked_from_below,
    an_old_session_links_nothing,
    an_account_elsewhere_belongs_to_one_account_here,
    an_account_elsewhere_of_another_person_is_not_linked,
    a_recycled_identifier_logs_nobody_in,
    an_answer_that_nobody_asked_for_links_nothing,
    a_link_begun_in_one_session_does_not_end_in_another,
    a_person_links_an_account_from_their_own_pages,
    a_provider_that_moved_meets_nobody,
}

async fn links_of(land: &Land, session: &SessionView) -> Vec<upstream_links::Link> {
    let mut tx = land.world.state.outside.db.read().await.unwrap();
    upstream_links::of_account(&mut tx, session.account).await.unwrap()
}

/// A person with a session who is asked whether to link.
async fn asked<'a>(land: &'a Land, session: &SessionView) -> (String, Browser<'a>, Page) {
    opens(land, session).await;
    let first = land.asks([("acr_values", "substantial")]).await;
    let mut browser = land.browser_of(session);
    let page = browser.through(&first).await;
    (first, browser, page)
}

async fn opens(land: &Land, session: &SessionView) {
    let mut tx = land.world.state.outside.db.begin().await.unwrap();
    accounts::open(&mut tx, session.account, land.world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn the_same_person_comes_back_to_the_same_account(db: Db) {
    let land = Land::new(db).await;
    let (_, one) = land.logs_in().await;
    let (_, two) = land.logs_in().await;
    let (one, two) = (one.session().await.unwrap(), two.session().await.unwrap());
    assert_eq!(one.account, two.account);
    assert_ne!(one.id, two.id);
}

async fn two_people_are_two_accounts(db: Db) {
    let land = Land::new(db).await;
    let (_, one) = land.logs_in().await;
    land.provider.set(|s| s.subject = "max".into());
    let (_, two) = land.logs_in().await;
    assert_ne!(one.session().await.unwrap().account, two.session().await.unwrap().account);
}

/// An account with this address.
async fn has_address(land: &Land, address: &str) -> siegel_kernel::AccountId {
    let state = &land.world.state;
    let keys = &state.people.keys;
    let address = EmailAddress::parse(address).unwrap();
    let id = siegel_kernel::AccountId::new(&*state.outside.clock, &*state.outside.entropy).unwrap();
    let mut tx = state.outside.db.begin().await.unwrap();
    let new = accounts::NewAccount {
        id,
        address_hash: &keys.address_hash(&address),
        address_sealed: &keys.seal_address(&address).unwrap(),
        locale: "de",
        at: state.now(),
    };
    assert!(accounts::insert(&mut tx, &new).await.unwrap());
    tx.commit().await.unwrap();
    id
}

async fn an_address_of_an_existing_account_does_not_take_it_over(db: Db) {
    let land = Land::new(db).await;
    has_address(&land, "erika@example.org").await;
    let claims = json!({ "acr": "high", "email": "Erika@example.org", "email_verified": true });
    land.provider.says(claims);
    let (page, browser) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.body);
    assert!(page.body.contains("Melden Sie sich zuerst mit Ihren hiesigen Zugangsdaten an"));
    assert!(browser.session().await.is_none());
    assert_eq!(land.refusals().await, ["UPSTREAM_ADDRESS_TAKEN"]);
}

async fn an_address_that_was_not_confirmed_there_says_nothing(db: Db) {
    let land = Land::new(db).await;
    let owner = has_address(&land, "erika@example.org").await;
    for verified in [json!(false), json!(null)] {
        land.provider.says(json!({ "email": "erika@example.org", "email_verified": verified }));
        let (page, browser) = land.logs_in().await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        assert_ne!(browser.session().await.unwrap().account, owner);
    }
}

async fn linking_needs_both_proofs_and_the_persons_word(db: Db) {
    let land = Land::new(db).await;
    land.provider.says(json!({ "acr": "substantial" }));
    let session = land.world.session(Basic).await;
    let (first, mut browser, page) = asked(&land, &session).await;
    assert!(page.body.contains("Konto verbinden?"), "{}", page.body);
    assert!(links_of(&land, &session).await.is_empty(), "not before the person's word");
    assert_eq!(browser.session().await.unwrap().level, Basic);
    let answer = hidden(&page.body, "answer");
    let page = browser.post(&format!("{first}/upstream"), &[("answer", &answer)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let raised = browser.session().await.unwrap();
    assert_eq!((raised.account, raised.level), (session.account, Substantial));
    assert_eq!(links_of(&land, &session).await.len(), 1);
    let kinds = land.world.audited().await;
    assert!(kinds.contains(&("identity.upstream.linked".into(), "done".into())));
    let (_, alone) = land.logs_in().await;
    assert_eq!(alone.session().await.unwrap().account, session.account, "it logs in from now on");
}

async fn a_word_counts_once_and_only_in_its_own_browser(db: Db) {
    let land = Land::new(db).await;
    land.provider.says(json!({ "acr": "substantial" }));
    let session = land.world.session(Basic).await;
    let (first, mut browser, page) = asked(&land, &session).await;
    let answer = hidden(&page.body, "answer");
    let path = format!("{first}/upstream");
    let mut stranger = land.browser();
    let other = land.asks([]).await;
    stranger.get(&other).await;
    let page = stranger.post(&path, &[("answer", &answer)]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "not the browser of this request");
    let page = browser.post(&path, &[("answer", &answer)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let page = browser.post(&path, &[("answer", &answer)]).await;
    assert_eq!(page.status, StatusCode::GONE, "{}", page.body);
}

async fn an_account_that_is_better_protected_is_not_linked_from_below(db: Db) {
    let land = Land::new(db).await;
    let session = land.world.session(Basic).await;
    card(&land, &session, [9; 32]).await;
    let (_, _, page) = asked(&land, &session).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert!(page.body.contains("Bitte melden Sie sich zuerst neu an"));
    assert!(links_of(&land, &session).await.is_empty());
    assert_eq!(land.refusals().await, ["UPSTREAM_NOT_FRESH"]);
}

/// Binds a card of this holder.
async fn card(land: &Land, session: &SessionView, holder: [u8; 32]) {
    let state = &land.world.state;
    let card = NewCard {
        id: CredentialId::new(&*state.outside.clock, &*state.outside.entropy).unwrap(),
        account: session.account,
        card_hash: &[8; 32],
        holder_hash: &holder,
        level: High,
        label: "",
        at: state.now(),
    };
    let mut tx = state.outside.db.begin().await.unwrap();
    assert!(credentials::add_card(&mut tx, &card).await.unwrap());
    tx.commit().await.unwrap();
}

async fn an_old_session_links_nothing(db: Db) {
    let land = Land::new(db).await;
    let session = land.world.session(Basic).await;
    land.clock().advance(Duration::from_secs(15 * 60 + 1));
    let (_, _, page) = asked(&land, &session).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert!(links_of(&land, &session).await.is_empty());
}

async fn an_account_elsewhere_belongs_to_one_account_here(db: Db) {
    let land = Land::new(db).await;
    land.logs_in().await;
    let session = land.world.session(Basic).await;
    let (_, browser, page) = asked(&land, &session).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert_eq!(land.refusals().await, ["UPSTREAM_OF_ANOTHER_ACCOUNT"]);
    assert_eq!(browser.session().await.unwrap().account, session.account);
}

async fn an_account_elsewhere_of_another_person_is_not_linked(db: Db) {
    let land = Land::new(db).await;
    let session = land.world.session(High).await;
    let keys = &land.world.state.people.keys;
    card(&land, &session, keys.holder_hash(&["erika", "mustermann", "1964-08-12"])).await;
    let person = |family: &str| {
        json!({
            "acr": "substantial",
            "given_name": "Erika",
            "family_name": family,
            "birthdate": "1964-08-12",
        })
    };
    for (family, expected) in
        [("Musterfrau", StatusCode::FORBIDDEN), ("MUSTERMANN", StatusCode::SEE_OTHER)]
    {
        land.provider.says(person(family));
        // What was proven in the very moment of a request counts as made for it.
        land.clock().advance(Duration::from_secs(1));
        let first = land.asks([("prompt", "login")]).await;
        let mut browser = land.browser_of(&session);
        let page = browser.through(&first).await;
        let answer = hidden(&page.body, "answer");
        let page = browser.post(&format!("{first}/upstream"), &[("answer", &answer)]).await;
        assert_eq!(page.status, expected, "{family}: {}", page.body);
    }
    assert_eq!(land.refusals().await, ["UPSTREAM_OF_ANOTHER_PERSON"]);
}

async fn a_recycled_identifier_logs_nobody_in(db: Db) {
    let land = Land::new(db).await;
    let person = |family: &str, born: &str| json!({ "given_name": "Erika", "family_name": family, "birthdate": born });
    land.provider.says(person("Mustermann", "1964-08-12"));
    let (_, owner) = land.logs_in().await;
    assert!(owner.session().await.is_some());
    let others = [
        person("Mustermann", "1990-01-01"),
        person("Neumann", "1964-08-12"),
        json!({ "given_name": "Erika" }),
        json!({}),
    ];
    for other in others {
        land.provider.says(other.clone());
        let (page, browser) = land.logs_in().await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{other}: {}", page.body);
        assert!(browser.session().await.is_none(), "{other}");
        assert_eq!(land.refusals().await.last().unwrap(), "UPSTREAM_RECYCLED");
    }
    land.provider.says(person("Mustermann", "1964-08-12"));
    let (_, again) = land.logs_in().await;
    let (owner, again) = (owner.session().await.unwrap(), again.session().await.unwrap());
    assert_eq!(owner.account, again.account, "its owner is not locked out");
}

async fn an_answer_that_nobody_asked_for_links_nothing(db: Db) {
    let land = Land::new(db).await;
    let session = land.world.session(Basic).await;
    // An attacker's own answer, from a log-in that the attacker began.
    let first = land.asks([]).await;
    let mut attacker = land.browser();
    let back = attacker.goes(&first).await;
    let mut victim = land.browser_of(&session);
    let page = victim.get(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    let kept = attacker.get(&back).await.location;
    let answer = parameter(&format!("http://x{kept}"), "answer").unwrap();
    let page = victim.get(&format!("/login/upstream/land-b/link?answer={answer}")).await;
    assert_eq!(page.status, StatusCode::GONE, "{}", page.body);
    assert!(links_of(&land, &session).await.is_empty());
}

/// From the account pages to the provider: where it sends the browser back to.
async fn begins_link(land: &Land, browser: &mut Browser<'_>) -> String {
    let page = browser.get("/login/upstream/land-b/link").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains(&land.provider.issuer), "its form may lead there: {policy}");
    let page = browser.post("/login/upstream/land-b/link", &[]).await;
    assert_eq!(parameter(&page.location, "prompt").as_deref(), Some("login"));
    land.provider.logs_in(&page.location)
}

async fn a_link_begun_in_one_session_does_not_end_in_another(db: Db) {
    let land = Land::new(db).await;
    let (one, two) = (land.world.session(Basic).await, land.world.session(Basic).await);
    let back = begins_link(&land, &mut land.browser_of(&one)).await;
    let mut other = land.browser_of(&two);
    let page = other.get(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert!(links_of(&land, &one).await.is_empty() && links_of(&land, &two).await.is_empty());
    let mut own = land.browser_of(&one);
    let kept = own.get(&back).await.location;
    let page = other.get(&kept).await;
    assert_eq!(page.status, StatusCode::GONE, "nor at its last step: {}", page.body);
    assert!(links_of(&land, &two).await.is_empty());
}

async fn a_person_links_an_account_from_their_own_pages(db: Db) {
    let land = Land::new(db).await;
    let session = land.world.session(Basic).await;
    let mut browser = land.browser_of(&session);
    let back = begins_link(&land, &mut browser).await;
    let page = browser.comes(&back).await;
    assert!(page.body.contains("Das Konto ist verbunden"), "{}", page.body);
    assert_eq!(links_of(&land, &session).await.len(), 1);
    let page = browser.comes_again(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "once");
    let nobody = land.browser().get("/login/upstream/land-b/link").await;
    assert_eq!(nobody.status, StatusCode::FORBIDDEN);
    let mut tx = land.world.state.outside.db.read().await.unwrap();
    assert!(sessions::find(&mut tx, session.id).await.unwrap().is_some());
}

async fn a_provider_that_moved_meets_nobody(db: Db) {
    let mut land = Land::new(db).await;
    let (_, before) = land.logs_in().await;
    let old = before.session().await.unwrap();
    let other = super::provider::Provider::start(land.world.clock.clone()).await;
    let before = before.cookies.clone();
    land.trusts(&other, "land-b").await;
    land.provider = other;
    let mut same = land.browser();
    same.cookies = before;
    assert!(same.session().await.is_none(), "what rested on the old issuer ended");
    let (_, after) = land.logs_in().await;
    assert_ne!(after.session().await.unwrap().account, old.account, "the same subject elsewhere");
}
