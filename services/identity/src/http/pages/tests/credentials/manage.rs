use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_proto::notification::v1::Template;
use siegel_testkit::on_each_backend;

use super::super::house::{Card, House, PASSWORD};
use super::{ERIKA, HOME, at_step_up, level, listed, with_app};
use crate::app::credentials::{NotChanged, Person, certificate, manage, recovery, totp};
use crate::app::disable;
use crate::app::failure::Failure;
use crate::app::manage_clients::Operator;
use crate::domain::disabling::Reason;

on_each_backend! { &crate::MIGRATIONS =>
    without_a_session_the_pages_ask_for_a_log_in_and_come_back,
    a_step_up_leads_back_to_the_page_that_needed_it,
    cancelling_leads_home,
    credentials_are_named_by_their_owner,
    the_credentials_of_others_do_not_exist,
    a_credential_is_removed_only_in_a_session_of_its_level,
    the_last_way_in_cannot_be_removed,
    another_password_needs_the_old_one_and_ends_other_sessions,
    a_forged_form_changes_nothing,
    every_change_is_audited_and_mailed,
    a_card_that_is_bound_is_audited_and_mailed_once,
    a_request_let_in_before_the_account_was_closed_changes_nothing,
    both_languages_are_spoken,
}

async fn without_a_session_the_pages_ask_for_a_log_in_and_come_back(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let mut browser = house.browser();
    let page = browser.get("/login/credentials/password").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let login = page.location.clone();
    assert!(login.starts_with("/login/int_"), "{login}");
    browser.get(&login).await;
    let fields = [("email", ERIKA), ("password", PASSWORD)];
    let logged_in = browser.post(&login, &fields).await;
    assert_eq!(logged_in.location, login);
    let back = browser.get(&login).await;
    assert_eq!(back.location, "/login/credentials/password");
    assert_eq!(browser.get(&back.location).await.status, StatusCode::OK);
    let over = browser.get(&login).await;
    assert_eq!(over.status, StatusCode::GONE, "answered once");
}

async fn a_step_up_leads_back_to_the_page_that_needed_it(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut owner).await;
    let page = owner.get("/login/credentials/passkey").await;
    let request = page.location.clone();
    let first = owner.get(&request).await;
    assert_eq!(first.location, format!("{request}/step-up"));
    owner.get(&first.location).await;
    owner.get(&format!("{request}/totp")).await;
    let code = app.code(house.state.now());
    let raised = owner.post(&format!("{request}/totp"), &[("code", &code)]).await;
    let back = owner.get(&raised.location).await;
    assert_eq!(back.location, "/login/credentials/passkey");
    assert_eq!(owner.get(&back.location).await.status, StatusCode::OK);
}

async fn cancelling_leads_home(db: Db) {
    let house = House::on(db);
    let mut browser = house.browser();
    let request = browser.get(HOME).await.location;
    browser.get(&request).await;
    let page = browser.post(&format!("{request}/cancel"), &[]).await;
    assert_eq!(page.location, "/");
}

async fn credentials_are_named_by_their_owner(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    with_app(&house, &mut owner).await;
    let app = listed(&mut owner).await.pop().unwrap();
    assert!(owner.get(HOME).await.body.contains("Authenticator-App: Telefon"));
    owner.get(&format!("{HOME}/{app}/rename")).await;
    let path = format!("{HOME}/{app}/rename");
    let page = owner.post(&path, &[("label", "<b>Tablet</b>")]).await;
    assert_eq!(page.location, "/login/credentials?done=renamed");
    let list = owner.get(&page.location).await;
    assert!(list.body.contains("&#60;b&#62;Tablet") || list.body.contains("&lt;b&gt;Tablet"));
    assert!(list.body.contains("Der Name wurde geändert."));
    let empty = owner.post(&path, &[("label", " \u{7}")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn the_credentials_of_others_do_not_exist(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let mut other = house.has_account("max@example.org").await;
    let hers = listed(&mut owner).await.pop().unwrap();
    listed(&mut other).await;
    for page in ["rename", "remove"] {
        let path = format!("{HOME}/{hers}/{page}");
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
        listed(&mut other).await;
        let sent = other.post(&path, &[("label", "x")]).await;
        assert_eq!(sent.status, StatusCode::NOT_FOUND, "{page}");
    }
    assert_eq!(other.get(&format!("{HOME}/nonsense/remove")).await.status.as_u16(), 404);
    assert_eq!(listed(&mut owner).await, [hers]);
}

async fn a_credential_is_removed_only_in_a_session_of_its_level(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut owner).await;
    let id = listed(&mut owner).await.pop().unwrap();
    let path = format!("{HOME}/{id}/remove");
    let page = owner.post(&path, &[]).await;
    assert!(page.location.starts_with("/login/int_"), "{}", page.location);
    assert_eq!(listed(&mut owner).await.len(), 2);
    let (mut strong, request) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    strong.get(&format!("/login/{request}/totp")).await;
    let code = app.code(house.state.now());
    strong.post(&format!("/login/{request}/totp"), &[("code", &code)]).await;
    strong.get(&path).await;
    let page = strong.post(&path, &[]).await;
    assert_eq!(page.location, "/login/credentials?done=removed");
    assert_eq!(listed(&mut strong).await.len(), 1);
}

async fn the_last_way_in_cannot_be_removed(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let password = listed(&mut owner).await.pop().unwrap();
    let path = format!("{HOME}/{password}/remove");
    owner.get(&path).await;
    let page = owner.post(&path, &[]).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    let (mut strong, id) = at_step_up(&house, ERIKA, TrustLevel::High).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    strong.identifies(id, "/step-up").await;
    strong.get(&path).await;
    let page = strong.post(&path, &[]).await;
    assert_eq!(page.location, "/login/credentials?done=removed", "the card is left");
}

async fn another_password_needs_the_old_one_and_ends_other_sessions(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut elsewhere = house.browser();
    elsewhere.logs_in(id, ERIKA).await;
    let path = "/login/credentials/password";
    owner.get(path).await;
    let new = "acht graue Esel tanzen";
    for (old, password) in [("", new), ("falsch", new), (PASSWORD, "kurz"), (PASSWORD, ERIKA)] {
        let page = owner.post(path, &[("old", old), ("password", password)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{old} {password}");
    }
    let page = owner.post(path, &[("old", PASSWORD), ("password", new)]).await;
    assert_eq!(page.location, "/login/credentials?done=password", "{}", page.body);
    assert_eq!(level(&house, &owner).await, Some(TrustLevel::Basic));
    assert_eq!(level(&house, &elsewhere).await, None);
    let id = house.asks(TrustLevel::Basic).await;
    let mut next = house.browser();
    next.get(&format!("/login/{id}")).await;
    assert_eq!(next.tries(id, ERIKA, PASSWORD).await.status.as_u16(), 422);
    assert_eq!(next.tries(id, ERIKA, new).await.status.as_u16(), 303);
}

async fn a_forged_form_changes_nothing(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let password = listed(&mut owner).await.pop().unwrap();
    owner.csrf = "forged".into();
    let paths = [
        "/login/credentials/totp".to_owned(),
        "/login/credentials/passkey".to_owned(),
        "/login/credentials/recovery".to_owned(),
        "/login/credentials/password".to_owned(),
        "/login/credentials/email".to_owned(),
        format!("{HOME}/{password}/remove"),
        format!("{HOME}/{password}/rename"),
    ];
    for path in paths {
        let page = owner.post(&path, &[("label", "x")]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(listed(&mut owner).await, [password]);
}

async fn every_change_is_audited_and_mailed(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    with_app(&house, &mut owner).await;
    owner.later(1);
    owner.get(HOME).await;
    owner.post("/login/credentials/recovery", &[]).await;
    let ids = listed(&mut owner).await;
    owner.post(&format!("{HOME}/{}/remove", ids[2]), &[]).await;
    house.delivers().await;
    let notices = house.siblings.notices.lock().unwrap().clone();
    let told: Vec<i32> = notices.iter().map(|n| n.template).collect();
    let expected =
        [Template::CredentialAdded, Template::RecoveryCodesCreated, Template::CredentialRemoved];
    assert_eq!(told, expected.map(i32::from));
    let account = house.session_of(&owner).await.unwrap().1.to_string();
    assert!(notices.iter().all(|n| n.recipient == account && n.path == HOME));
    let trail = house.audit().await;
    for kind in [
        "identity.credential.begun",
        "identity.credential.added",
        "identity.recovery_codes.created",
        "identity.credential.removed",
    ] {
        assert!(trail.contains(&(kind.into(), "done".into())), "{kind}: {trail:?}");
    }
}

async fn a_card_that_is_bound_is_audited_and_mailed_once(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    for _ in 0..2 {
        let (mut browser, id) = at_step_up(&house, ERIKA, TrustLevel::High).await;
        house.shows_card(Card::of("dkk-1", "Mustermann"));
        browser.identifies(id, "/step-up").await;
        assert_eq!(level(&house, &browser).await, Some(TrustLevel::High));
    }
    house.delivers().await;
    let told: Vec<i32> =
        house.siblings.notices.lock().unwrap().iter().map(|n| n.template).collect();
    assert_eq!(told, [i32::from(Template::CredentialAdded)]);
    let trail = house.audit().await;
    assert_eq!(trail.iter().filter(|(kind, _)| kind == "identity.credential.added").count(), 1);
}

async fn a_request_let_in_before_the_account_was_closed_changes_nothing(db: Db) {
    let house = House::on(db).with_listener();
    let owner = house.has_account(ERIKA).await;
    let (session, account, level) = house.session_of(&owner).await.unwrap();
    let person = Person { account, session, level, request_id: "" };
    let (state, by) = (&house.state, Operator::new("ada").unwrap());
    assert!(disable::disable(state, account, Reason::Misuse, &by).await.unwrap());
    let held = disable::show(state, account).await.unwrap().credentials;
    let outcomes = [
        totp::begin(state, &person).await.err(),
        certificate::begin_adding(state, &person, "x").await.err(),
        recovery::create(state, &person).await.err(),
        manage::remove(state, &person, held[0].id).await.err(),
    ];
    for outcome in outcomes {
        let closed = matches!(outcome, Some(NotChanged::Failure(Failure::AccountDisabled)));
        assert!(closed, "{outcome:?}");
    }
    assert_eq!(disable::show(state, account).await.unwrap().credentials.len(), held.len());
}

async fn both_languages_are_spoken(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    owner.cookies.insert("siegel_lang".into(), "en".into());
    let page = owner.get(HOME).await;
    assert!(page.body.contains("Your ways to sign in"), "{}", page.body);
    assert!(!page.body.contains("Anmeldearten"));
}
