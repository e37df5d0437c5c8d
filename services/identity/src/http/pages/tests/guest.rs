use http::StatusCode;
use serde_json::Value;
use siegel_db::Db;
use siegel_kernel::{AccountId, SessionId, TrustLevel};
use siegel_testkit::on_each_backend;

use super::house::{Browser, CALLBACK, Card, House, Page};
use super::remains::{everything, stands};
use crate::app::{clients, sweep};
use crate::client_config::ClientConfig;

on_each_backend! { &crate::MIGRATIONS =>
    a_guest_is_told_apart_and_gets_what_the_card_said_and_nothing_else,
    nothing_of_a_guest_stays_after_the_log_out,
    nothing_of_a_guest_stays_after_the_session_ran_out,
    a_code_that_nobody_redeems_goes_with_the_session_of_its_guest,
    the_same_card_is_a_stranger_each_time,
    a_guest_counts_neither_silently_nor_for_another_request_or_client,
    only_clients_with_guests_have_them,
    an_identification_for_one_errand_is_worth_nothing_for_the_other,
    the_card_of_an_account_is_a_guest_like_any_other,
    an_account_and_a_guest_are_never_in_one_browser,
    no_token_of_a_guest_outlives_the_session,
    nobody_exchanges_the_token_of_a_guest,
}

pub(super) const ERIKA: &str = "erika@example.org";
const SECRET: &str = "a secret of the office";
/// Stands on the card of all tests, and nowhere else.
pub(super) const NAME: &str = "Unverwechselbar";
const PSEUDONYM: &str = "dkk-of-nobody-else";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub(super) fn card() -> Card {
    Card::of(PSEUDONYM, NAME)
}

/// A house with an office that takes guests, another one, and one that takes none.
pub(super) async fn with_offices(db: Db) -> House {
    let house = House::on(db);
    let office = |id: &str, more: &str| -> ClientConfig {
        toml::from_str(&format!(
            "client_id = \"{id}\"\ntenant = \"musterstadt\"\nredirect_uris = [\"{CALLBACK}\"]\n\
             client_secret = \"{SECRET}\"\nauth_method = \"client_secret_post\"\n\
             grant_types = [\"authorization_code\", \"refresh_token\",
                 \"urn:ietf:params:oauth:grant-type:token-exchange\"]\n\
             scopes = [\"openid\", \"profile\", \"postbox\", \"offline_access\", \"account.read\",
                 \"identity.self\"]\n{more}"
        ))
        .unwrap()
    };
    let all = [office("office", "guests = true"), office("other", "guests = true")];
    let all = all.iter().chain(&[office("closed", "")]).map(registered).collect::<Vec<_>>();
    clients::register(&house.state, &all).await.unwrap();
    house
}

fn registered(config: &ClientConfig) -> crate::domain::client::Client {
    config.registration(std::path::Path::new(".")).unwrap()
}

fn request(client: &str, more: &str) -> String {
    let challenge = siegel_oidc::pkce::challenge(VERIFIER);
    format!(
        "/authorize?client_id={client}&redirect_uri={CALLBACK}&response_type=code&state=s\
         &scope=openid+profile+postbox+offline_access+account.read+identity.self&nonce=n\
         &code_challenge={challenge}&code_challenge_method=S256{more}"
    )
}

/// Opens the log-in page of a client; its path.
async fn opens(browser: &mut Browser<'_>, client: &str, more: &str) -> String {
    let page = browser.get(&request(client, more)).await;
    assert!(page.location.starts_with("/login/int_"), "{} {}", page.location, page.body);
    page.location
}

/// Shows the card as a guest, from the log-in page `path`.
async fn comes(house: &House, browser: &mut Browser<'_>, path: &str) -> Page {
    let page = browser.get(path).await;
    assert!(page.body.contains("id=\"guest\""), "{}", page.body);
    house.shows_card(card());
    let sent = browser.post(path, &[("method", "guest")]).await;
    let eid = sent.location.rsplit('/').next().unwrap().to_owned();
    browser.get(&format!("{path}/guest?eid_session={eid}")).await
}

/// A guest at the consent page of the office: its path.
pub(super) async fn at_consent(house: &House, browser: &mut Browser<'_>) -> String {
    let path = opens(browser, "office", "").await;
    let back = comes(house, browser, &path).await;
    assert_eq!(back.location, path, "{}", back.body);
    let next = browser.get(&path).await;
    assert_eq!(next.location, format!("{path}/consent"), "{}", next.body);
    let page = browser.get(&next.location).await;
    assert!(page.body.contains(NAME), "{}", page.body);
    path
}

/// Allows everything; the answer at the token endpoint.
async fn allows(browser: &mut Browser<'_>, path: &str) -> Value {
    let claims = ["given_name", "family_name", "date_of_birth"].map(|name| ("claim", name));
    let fields: Vec<_> = [("action", "allow")].into_iter().chain(claims).collect();
    let done = browser.post(&format!("{path}/consent"), &fields).await;
    let code = done.location.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    token(browser, &[("grant_type", "authorization_code"), ("code", &code)]).await
}

async fn token(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Value {
    let own = [
        ("client_id", "office"),
        ("client_secret", SECRET),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let page = browser.post("/token", &[&own, fields].concat()).await;
    serde_json::from_str(&page.body).unwrap()
}

/// A guest who is done at the office: the answer at the token endpoint.
pub(super) async fn done(house: &House, browser: &mut Browser<'_>) -> Value {
    let path = at_consent(house, browser).await;
    allows(browser, &path).await
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

fn id_token(house: &House, answer: &Value) -> Value {
    house.state.keys.published().verify(&text(answer, "id_token"), "JWT").unwrap()
}

pub(super) async fn userinfo(browser: &mut Browser<'_>, answer: &Value) -> (StatusCode, Value) {
    let page = browser.get_with("/userinfo", &text(answer, "access_token")).await;
    (page.status, serde_json::from_str(&page.body).unwrap_or_default())
}

pub(super) async fn guests_held(house: &House) -> i64 {
    const SQL: &str = "SELECT COUNT(*) FROM guest_sessions";
    let mut tx = house.state.outside.db.read().await.unwrap();
    siegel_db::on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_one(c).await.unwrap())
}

/// No sibling was told anything.
fn assert_nobody_told(house: &House) {
    let siblings = &house.siblings;
    assert!(siblings.recorded.lock().unwrap().is_empty(), "no attributes were stored");
    assert!(siblings.consents.lock().unwrap().is_empty(), "no consent was stored");
    assert!(siblings.opened.lock().unwrap().is_empty(), "no account was opened");
    assert!(siblings.notices.lock().unwrap().is_empty());
}

/// Nothing the card said stands anywhere; `at` names the moment.
pub(super) async fn assert_nothing_stays(house: &House, at: &str) {
    let all = everything(house).await;
    for value in [NAME, PSEUDONYM, "1964-08-12"] {
        assert!(!stands(&all, value), "{value} stands in the database {at}");
    }
}

/// What the one guest is called: the session, what stands where an account would, the subject.
async fn names_of_the_guest(house: &House, answer: &Value) -> [String; 3] {
    const SQL: &str = "SELECT id, guest_id FROM guest_sessions";
    let mut tx = house.state.outside.db.read().await.unwrap();
    let (session, guest): (SessionId, AccountId) =
        siegel_db::on!(&mut tx, c => sqlx::query_as(SQL).fetch_one(c).await.unwrap());
    let plain = |id: uuid::Uuid| id.simple().to_string();
    [plain(session.as_uuid()), plain(guest.as_uuid()), text(&id_token(house, answer), "sub")]
}

/// How many of these names stand anywhere.
async fn called(house: &House, names: &[String]) -> usize {
    let all = everything(house).await;
    let plain = all.replace('-', "");
    names.iter().filter(|name| plain.contains(*name) || stands(&all, name)).count()
}

async fn a_guest_is_told_apart_and_gets_what_the_card_said_and_nothing_else(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let path = at_consent(&house, &mut browser).await;
    let page = browser.get(&format!("{path}/consent")).await;
    assert!(!page.body.contains("Postfach kennen"), "a guest has none: {}", page.body);
    for page in ["totp", "step-up"] {
        let page = browser.get(&format!("{path}/{page}")).await;
        assert_eq!(page.location, path, "where accounts prove more, a guest is nobody");
    }
    let answer = allows(&mut browser, &path).await;
    assert_eq!(answer["scope"], "openid profile", "the answer says what was granted");
    let claims = id_token(&house, &answer);
    assert_eq!(claims["account_type"], "temporary");
    assert_eq!((&claims["acr"], &claims["trust_level"]), (&"high".into(), &4.into()));
    assert!(claims["amr"].as_array().unwrap().contains(&"sc".into()));

    let (status, about) = userinfo(&mut browser, &answer).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&about["sub"], &about["account_type"]), (&claims["sub"], &"temporary".into()));
    assert_eq!(about["family_name"], NAME);
    assert_eq!(about["attribute_levels"]["family_name"]["source"], "eid");
    assert_eq!(about["attribute_levels"]["family_name"]["level"], "high");
    assert_eq!((&about["postbox_handle"], &about["email"]), (&Value::Null, &Value::Null));
    assert_nobody_told(&house);
    let trail = house.audit().await;
    assert!(trail.iter().any(|(kind, _)| kind == "identity.guest.started"), "{trail:?}");
}

async fn nothing_of_a_guest_stays_after_the_log_out(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let answer = done(&house, &mut browser).await;
    userinfo(&mut browser, &answer).await;
    assert_nothing_stays(&house, "while the session lasts").await;
    let names = names_of_the_guest(&house, &answer).await;
    assert_eq!(called(&house, &names).await, 3, "the search finds what there is");
    let page = browser.get(&format!("/logout?id_token_hint={}", text(&answer, "id_token"))).await;
    assert_eq!(page.status, StatusCode::OK, "a guest is asked");
    assert!(page.body.contains("id=\"keep\""), "{}", page.body);
    browser.post("/login/logout", &[]).await;
    house.delivers().await;
    assert_eq!(guests_held(&house).await, 0);
    assert_nothing_stays(&house, "after the log-out").await;
    assert_eq!(called(&house, &names).await, 0, "{names:?}");
    assert_nobody_told(&house);
    let (status, _) = userinfo(&mut browser, &answer).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

async fn nothing_of_a_guest_stays_after_the_session_ran_out(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let answer = done(&house, &mut browser).await;
    browser.later(29 * 60);
    sweep::once(&house.state, house.state.now()).await.unwrap();
    assert_eq!(guests_held(&house).await, 1, "it lasts as long as a card's level");
    let names = names_of_the_guest(&house, &answer).await;
    browser.later(60);
    assert_eq!(userinfo(&mut browser, &answer).await.0, StatusCode::UNAUTHORIZED);
    sweep::once(&house.state, house.state.now()).await.unwrap();
    assert_eq!(guests_held(&house).await, 0);
    assert_nothing_stays(&house, "after the sweep").await;
    assert_eq!(called(&house, &names).await, 0, "{names:?}");
    assert_nobody_told(&house);
}

async fn a_code_that_nobody_redeems_goes_with_the_session_of_its_guest(db: Db) {
    const CODES: &str = "SELECT COUNT(*) FROM codes";
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let path = at_consent(&house, &mut browser).await;
    let done = browser.post(&format!("{path}/consent"), &[("action", "allow")]).await;
    assert!(done.location.contains("code="), "{}", done.location);
    let codes = async || {
        let mut tx = house.state.outside.db.read().await.unwrap();
        siegel_db::on!(&mut tx, c => sqlx::query_scalar::<_, i64>(CODES).fetch_one(c).await.unwrap())
    };
    assert_eq!(codes().await, 1);
    browser.post("/login/logout", &[]).await;
    assert_eq!(codes().await, 0);
}

async fn the_same_card_is_a_stranger_each_time(db: Db) {
    let house = with_offices(db).await;
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let answer = done(&house, &mut house.browser()).await;
        subjects.push(text(&id_token(&house, &answer), "sub"));
    }
    assert_ne!(subjects[0], subjects[1]);
}

async fn a_guest_counts_neither_silently_nor_for_another_request_or_client(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    done(&house, &mut browser).await;
    browser.later(1);
    let silent = browser.get(&request("office", "&prompt=none")).await;
    assert!(silent.location.contains("error=login_required"), "{}", silent.location);
    for client in ["office", "other"] {
        let path = opens(&mut browser, client, "").await;
        let page = browser.get(&path).await;
        assert!(page.body.contains("id=\"username\""), "{client}: {}", page.body);
        let consent = browser.get(&format!("{path}/consent")).await;
        assert_eq!(consent.location, path, "{client}");
    }
    // Nor in a request of another client that was open when the card was shown.
    let mut browser = house.browser();
    let waiting = opens(&mut browser, "other", "").await;
    browser.get(&waiting).await;
    done(&house, &mut browser).await;
    let page = browser.get(&waiting).await;
    assert!(page.body.contains("id=\"username\""), "{}", page.body);
}

async fn only_clients_with_guests_have_them(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let path = opens(&mut browser, "closed", "").await;
    let page = browser.get(&path).await;
    assert!(!page.body.contains("id=\"guest\""));
    house.shows_card(card());
    let sent = browser.post(&path, &[("method", "guest")]).await;
    assert_eq!(sent.location, path, "not to the card");
    let back = browser.get(&format!("{path}/guest?eid_session=eid_0")).await;
    assert_eq!(back.status, StatusCode::GONE);
    assert_eq!(guests_held(&house).await, 0);
}

async fn an_identification_for_one_errand_is_worth_nothing_for_the_other(db: Db) {
    let house = with_offices(db).await;
    for (method, page) in [("eid", "guest"), ("guest", "eid")] {
        let mut browser = house.browser();
        let path = opens(&mut browser, "office", "").await;
        browser.get(&path).await;
        house.shows_card(card());
        let sent = browser.post(&path, &[("method", method)]).await;
        let eid = sent.location.rsplit('/').next().unwrap().to_owned();
        let back = browser.get(&format!("{path}/{page}?eid_session={eid}")).await;
        assert_eq!(back.status, StatusCode::GONE, "{method} at {page}");
    }
    assert_eq!(guests_held(&house).await, 0);
}

async fn the_card_of_an_account_is_a_guest_like_any_other(db: Db) {
    let house = with_offices(db).await;
    let mut owner = house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::High).await;
    owner.get(&format!("/login/{id}")).await;
    owner.get(&format!("/login/{id}/step-up")).await;
    house.shows_card(card());
    owner.identifies(id, "/step-up").await;
    let account = house.session_of(&owner).await.unwrap().1;
    let before = crate::app::self_care::sign_ins(&house.state, account).await.unwrap();
    let recorded = house.siblings.recorded.lock().unwrap().len();

    let answer = done(&house, &mut house.browser()).await;
    let own = house.state.subject("office", account);
    assert_ne!(id_token(&house, &answer)["sub"], own);
    let after = crate::app::self_care::sign_ins(&house.state, account).await.unwrap();
    assert_eq!(before.len(), after.len(), "the account did not sign in");
    assert_eq!(house.siblings.recorded.lock().unwrap().len(), recorded, "and learned nothing");
    assert!(house.session_of(&owner).await.is_some(), "its session elsewhere goes on");
}

async fn an_account_and_a_guest_are_never_in_one_browser(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.has_account(ERIKA).await;
    let before = browser.clone();
    done(&house, &mut browser).await;
    assert_eq!(house.session_of(&before).await, None, "the guest came in its place");
    assert_eq!(guests_held(&house).await, 1);
    let path = opens(&mut browser, "office", "").await;
    browser.get(&path).await;
    let fields = [("email", ERIKA), ("password", super::house::PASSWORD)];
    browser.post(&path, &fields).await;
    assert!(house.session_of(&browser).await.is_some());
    assert_eq!(guests_held(&house).await, 0, "and the account in the guest's");
}

async fn no_token_of_a_guest_outlives_the_session(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let answer = done(&house, &mut browser).await;
    let refresh = |token: &str| {
        [("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())]
    };
    let fields = refresh(&text(&answer, "refresh_token"));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    browser.later(60);
    let again = token(&mut browser, &fields).await;
    assert_eq!(again["scope"], "openid profile");
    assert_eq!(id_token(&house, &again)["account_type"], "temporary");
    browser.later(29 * 60);
    let fields = refresh(&text(&again, "refresh_token"));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let over = token(&mut browser, &fields).await;
    assert_eq!(over["error"], "invalid_grant");
}

async fn nobody_exchanges_the_token_of_a_guest(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let answer = done(&house, &mut browser).await;
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", &*text(&answer, "access_token")),
        ("subject_token_type", kind),
        ("resource", "urn:siegel:identity"),
    ];
    let refused = token(&mut browser, &fields).await;
    assert_eq!(refused["error"], "invalid_grant", "{refused}");
}
