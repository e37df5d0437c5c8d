use http::StatusCode;
use siegel_kernel::TrustLevel;

use super::house::{Browser, CALLBACK, House, claim};
use crate::domain::interaction::{InteractionId, RequestedClaim};
use crate::domain::outputs::Output;

const ERIKA: &str = "erika@example.org";

async fn asks(house: &House) -> InteractionId {
    house
        .asks_with(|r| {
            r.claims = vec![
                claim("family_name", true),
                claim("date_of_birth", true),
                claim("telephone", true),
                claim("city", false),
                claim("zip_code", false),
            ];
            r.scopes.push("postbox".into());
        })
        .await
}

/// At the consent page of a client that asks for three required and two optional attributes.
async fn at_consent(house: &House) -> (InteractionId, Browser<'_>, String) {
    let held = [
        ("family_name", "Mustermann"),
        ("date_of_birth", "1964-08-12"),
        ("city", "Köln <1>"),
        ("zip_code", "51147"),
    ];
    house.siblings.attributes.lock().unwrap().extend(held.map(|(n, v)| (n.into(), v.into())));
    let mut browser = house.has_account(ERIKA).await;
    let id = asks(house).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert_eq!(page.location, format!("/login/{id}/consent"));
    let page = browser.get(&page.location).await;
    assert_eq!(page.status, StatusCode::OK);
    (id, browser, page.body)
}

#[tokio::test]
async fn the_page_shows_what_goes_to_whom_for_what() {
    let house = House::new().await;
    let (_, _, body) = at_consent(&house).await;
    for shown in [
        "Bürgerportal &#60;Test&#62;",
        "Stadt Musterstadt",
        "Antrag auf Wohngeld",
        "Mustermann",
        "12. August 1964",
        "Köln &#60;1&#62;",
        "Online-Ausweis",
        "Telefon",
        "Briefe zuzustellen",
    ] {
        assert!(body.contains(shown), "{shown} in {body}");
    }
}

#[tokio::test]
async fn what_was_not_ticked_is_not_consented_to() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    let fields = [("action", "allow"), ("claim", "zip_code")];
    let done = browser.post(&format!("/login/{id}/consent"), &fields).await;
    assert!(done.location.starts_with(CALLBACK), "{} {}", done.status, done.body);
    let consents = house.siblings.consents.lock().unwrap().clone();
    assert_eq!(consents[0].attributes, ["family_name", "date_of_birth", "telephone", "zip_code"]);
    assert_eq!(consents[0].declined, ["city"], "what stood for it before ends");
    assert_eq!(consents[0].purpose, "Antrag auf Wohngeld");
}

#[tokio::test]
async fn an_attribute_nobody_asked_for_cannot_be_ticked() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    let fields = [("action", "allow"), ("claim", "birth_name")];
    browser.post(&format!("/login/{id}/consent"), &fields).await;
    let consents = house.siblings.consents.lock().unwrap().clone();
    assert!(!consents[0].attributes.contains(&"birth_name".to_owned()));
}

#[tokio::test]
async fn declining_tells_the_client_and_stores_nothing() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    let done = browser.post(&format!("/login/{id}/consent"), &[("action", "deny")]).await;
    assert!(done.location.contains("error=access_denied"), "{}", done.location);
    assert!(house.siblings.consents.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_standing_consent_is_not_asked_for_again() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    let fields = [("action", "allow"), ("claim", "zip_code"), ("claim", "city")];
    browser.post(&format!("/login/{id}/consent"), &fields).await;
    let id = asks(&house).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

#[tokio::test]
async fn what_was_declined_is_not_asked_for_again_until_more_is_asked() {
    let house = House::new().await;
    let (id, mut browser, body) = at_consent(&house).await;
    assert!(!body.contains("checked"), "nothing is ticked beforehand");
    let fields = [("action", "allow"), ("claim", "zip_code")];
    browser.post(&format!("/login/{id}/consent"), &fields).await;
    let id = asks(&house).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
    let id = house.asks_with(|r| r.claims = vec![claim("place_of_birth", false)]).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert_eq!(page.location, format!("/login/{id}/consent"));
}

#[tokio::test]
async fn a_part_of_what_was_decided_is_never_asked_for_again() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    let fields = [("action", "allow"), ("claim", "zip_code")];
    browser.post(&format!("/login/{id}/consent"), &fields).await;
    for part in [vec![claim("city", false)], vec![claim("family_name", true)]] {
        let id = house.asks_with(|r| r.claims = part).await;
        let done = browser.get(&format!("/login/{id}")).await;
        assert!(done.location.starts_with(CALLBACK), "{}", done.location);
    }
    let id = house.asks_with(|r| r.claims = vec![claim("city", true)]).await;
    let page = browser.get(&format!("/login/{id}")).await;
    let consent = format!("/login/{id}/consent");
    assert_eq!(page.location, consent, "declined as voluntary, required now");
}

#[tokio::test]
async fn another_purpose_asks_again() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    let fields = [("action", "allow"), ("claim", "zip_code"), ("claim", "city")];
    browser.post(&format!("/login/{id}/consent"), &fields).await;
    let asks = async |purpose: &str| {
        let city = RequestedClaim { purpose: purpose.into(), ..claim("city", false) };
        house.asks_with(|r| r.claims = vec![city]).await
    };
    let id = asks("Werbung").await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert_eq!(page.location, format!("/login/{id}/consent"));
    let id = asks("").await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "the purpose it was allowed for");
}

#[tokio::test]
async fn the_language_of_the_account_is_asked_about_like_a_scope() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let output = Output { name: "locale".into(), id_token: Some(vec![]), userinfo: None };
    let id = house.asks_with(|r| r.outputs = vec![output.clone()]).await;
    let page = browser.get(&format!("/login/{id}")).await;
    let page = browser.get(&page.location).await;
    assert!(page.body.contains("die Sprache Ihres Kontos"), "{}", page.body);
    browser.post(&format!("/login/{id}/consent"), &[("action", "allow")]).await;
    let id = house.asks_with(|r| r.outputs = vec![output]).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

#[tokio::test]
async fn a_withdrawn_consent_is_asked_for_again() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    let fields = [("action", "allow"), ("claim", "zip_code")];
    browser.post(&format!("/login/{id}/consent"), &fields).await;
    house.siblings.consents.lock().unwrap().clear();
    let id = asks(&house).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert_eq!(page.location, format!("/login/{id}/consent"));
}

#[tokio::test]
async fn a_consent_of_somebody_else_counts_for_nothing() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    let fields = [("action", "allow"), ("claim", "zip_code"), ("claim", "city")];
    browser.post(&format!("/login/{id}/consent"), &fields).await;
    let mut max = house.has_account("max@example.org").await;
    let id = asks(&house).await;
    let page = max.get(&format!("/login/{id}")).await;
    assert_eq!(page.location, format!("/login/{id}/consent"));
}

#[tokio::test]
async fn the_suites_own_portal_asks_for_no_consent() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let id = house
        .asks_with(|r| {
            r.first_party = true;
            r.scopes.push("postbox.read".into());
        })
        .await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

#[tokio::test]
async fn consent_cannot_be_given_without_a_session_of_the_level() {
    let house = House::new().await;
    let (id, mut browser, _) = at_consent(&house).await;
    house.clock.advance(std::time::Duration::from_mins(29));
    browser.get(&format!("/login/{id}/consent")).await;
    browser.cookies.remove("siegel_session");
    let page = browser.post(&format!("/login/{id}/consent"), &[("action", "allow")]).await;
    assert_eq!(page.location, format!("/login/{id}"));
    assert!(house.siblings.consents.lock().unwrap().is_empty());
    assert_eq!(house.asks(TrustLevel::Basic).await.to_string().len(), id.to_string().len());
}

#[tokio::test]
async fn a_step_called_out_of_turn_leads_to_the_one_whose_turn_it_is_and_is_written_down() {
    let house = House::new().await;
    let mut browser = house.browser();
    let id = asks(&house).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    for (step, name, value) in [("consent", "action", "allow"), ("step-up", "method", "skip")] {
        let answer = browser.post(&format!("/login/{id}/{step}"), &[(name, value)]).await;
        assert_eq!(answer.location, format!("/login/{id}"), "{step}");
    }
    let line = ("identity.step.refused".to_owned(), "access_denied".to_owned());
    let lines = house.audit().await;
    assert_eq!(lines.iter().filter(|l| **l == line).count(), 2, "{lines:?}");
    assert!(house.siblings.consents.lock().unwrap().is_empty());
}
