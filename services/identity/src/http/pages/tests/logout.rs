use http::StatusCode;
use siegel_kernel::TrustLevel;

use super::house::House;
use crate::app::self_care;

const ERIKA: &str = "erika@example.org";

#[tokio::test]
async fn logging_out_asks_first_and_then_ends_the_session() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let kept = browser.clone();
    let page = browser.get("/logout").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(house.session_of(&browser).await.is_some(), "asking ends nothing");
    let done = browser.post("/login/logout", &[]).await;
    assert_eq!(done.location, "/login/logout");
    assert!(!browser.cookies.contains_key("siegel_session"));
    assert_eq!(house.session_of(&kept).await, None, "the old cookie is worth nothing");
    assert_eq!(browser.get("/login/logout").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_owner_ends_a_session_elsewhere_and_nobody_elses() {
    let house = House::new().await;
    let erika = house.has_account(ERIKA).await;
    let max = house.has_account("max@example.org").await;
    let (session, account, _) = house.session_of(&erika).await.unwrap();
    let (_, stranger, _) = house.session_of(&max).await.unwrap();
    let key = |request_id| siegel_db::IdempotencyKey { caller: "x", request_id, digest: [0; 32] };
    let foreign = self_care::end(&house.state, stranger, session, &key("1")).await;
    assert!(matches!(foreign, Err(self_care::EndError::Unknown)));
    assert!(house.session_of(&erika).await.is_some());
    self_care::end(&house.state, account, session, &key("2")).await.unwrap();
    assert_eq!(house.session_of(&erika).await, None);
    self_care::end(&house.state, account, session, &key("2")).await.unwrap();
}

#[tokio::test]
async fn an_owner_sees_credentials_without_secrets_and_sessions_that_live() {
    let house = House::new().await;
    let erika = house.has_account(ERIKA).await;
    let (session, account, _) = house.session_of(&erika).await.unwrap();
    let credentials = self_care::credentials(&house.state, account).await.unwrap();
    assert_eq!(credentials.iter().map(|c| c.kind.as_str()).collect::<Vec<_>>(), ["password"]);
    let grant = siegel_kernel::GrantId::from_uuid(session.as_uuid());
    let live = self_care::list(&house.state, account, grant).await.unwrap();
    assert_eq!(
        live.iter().map(|s| (s.id, s.level)).collect::<Vec<_>>(),
        [(session, TrustLevel::Basic)]
    );
    house.clock.advance(std::time::Duration::from_mins(61));
    assert!(self_care::list(&house.state, account, grant).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_owner_sees_when_how_and_with_what_they_signed_in() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let (session, account, _) = house.session_of(&browser).await.unwrap();
    house.clock.advance(std::time::Duration::from_mins(5));
    let again = house.asks_with(|request| request.prompt = vec!["login".into()]).await;
    browser.logs_in(again, ERIKA).await;
    let seen = self_care::sign_ins(&house.state, account).await.unwrap();
    let facts: Vec<_> = seen.iter().map(|s| (s.session, &*s.method, &*s.device)).collect();
    assert_eq!(facts, [(session, "pwd", "Firefox, Linux"), (session, "pwd", "Firefox, Linux")]);
    assert!(seen[0].at > seen[1].at, "newest first");
    let grant = siegel_kernel::GrantId::from_uuid(session.as_uuid());
    let live = self_care::list(&house.state, account, grant).await.unwrap();
    assert_eq!(live[0].device, "Firefox, Linux");
    house.clock.advance(std::time::Duration::from_hours(91 * 24));
    crate::app::sweep::once(&house.state, house.state.now()).await.unwrap();
    assert!(self_care::sign_ins(&house.state, account).await.unwrap().is_empty());
}
