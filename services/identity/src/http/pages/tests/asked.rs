//! Who is asked to log in, as whom, with what; and how it ends when that cannot be.

use http::StatusCode;
use siegel_kernel::TrustLevel;

use super::house::{Browser, CALLBACK, Card, House, PASSWORD};
use crate::domain::interaction::InteractionId;

const ERIKA: &str = "erika@example.org";
const MAX: &str = "max@example.org";

#[tokio::test]
async fn the_form_has_stable_names_and_takes_a_user_name() {
    let house = House::new().await;
    house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/login/{id}")).await;
    for part in [
        "id=\"username\" name=\"email\"",
        "autocomplete=\"username\"",
        "id=\"password\" name=\"password\"",
        "autocomplete=\"current-password\"",
        "<button type=\"submit\" id=\"submit\"",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    let fields = [("username", ERIKA), ("password", PASSWORD)];
    let page = browser.post(&format!("/login/{id}"), &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

#[tokio::test]
async fn a_client_for_tests_is_marked_and_its_logo_allowed_on_its_pages_only() {
    let house = House::new().await;
    let id = house
        .asks_with(|r| {
            r.face.test = true;
            r.face.tenant_name = "Stadt Musterstadt".into();
            r.face.logo_uri = Some("https://cdn.example/logo.png".into());
            r.face.policy_uri = Some("javascript:alert(1)".into());
        })
        .await;
    let page = house.browser().get(&format!("/login/{id}")).await;
    assert!(page.body.contains("Testzugang") && page.body.contains("Stadt Musterstadt"));
    assert!(page.body.contains("src=\"https://cdn.example/logo.png\""), "{}", page.body);
    assert!(!page.body.contains("javascript:"), "no link that runs");
    let policy = |page: &super::house::Page| {
        page.headers.get("content-security-policy").unwrap().to_str().unwrap().to_owned()
    };
    assert!(policy(&page).contains("img-src 'self' data: https://cdn.example;"));
    let id = house.asks(TrustLevel::Basic).await;
    let page = house.browser().get(&format!("/login/{id}")).await;
    assert!(policy(&page).contains("img-src 'self' data:;") && !page.body.contains("Testzugang"));
}

#[tokio::test]
async fn another_sector_asks_the_person_signed_in_for_the_password() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let id = house.asks_with(|r| r.sector = "finanzamt".into()).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(page.body.contains(&format!("Sie sind angemeldet als {ERIKA}")), "{}", page.body);
    assert!(page.body.contains(&format!("value=\"{ERIKA}\"")));
    let other = browser.get(&format!("/login/{id}?other=1")).await;
    assert!(!other.body.contains(ERIKA), "somebody else is not shown it again");
    let stranger = house.asks_with(|r| r.sector = "finanzamt".into()).await;
    let page = house.browser().get(&format!("/login/{stranger}")).await;
    assert!(!page.body.contains(ERIKA), "nor is another browser");
}

#[tokio::test]
async fn a_shared_log_in_opens_all_sectors_of_its_tenant() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let asks = async |sector: &str| {
        house
            .asks_with(|r| {
                r.sector = sector.into();
                r.single_sign_on = true;
            })
            .await
    };
    let id = asks("bauamt").await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(page.body.contains("name=\"password\""), "once for the tenant");
    browser.tries(id, ERIKA, PASSWORD).await;
    let id = asks("finanzamt").await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
    let id = house.asks_with(|r| r.sector = "finanzamt".into()).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(page.body.contains("name=\"password\""), "a client that does not share asks");
}

#[tokio::test]
async fn a_forced_log_in_for_one_sector_leaves_the_others_alone() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let id = house.asks_with(|r| r.sector = "finanzamt".into()).await;
    browser.logs_in(id, ERIKA).await;
    house.clock.advance(std::time::Duration::from_secs(1));
    let id = house
        .asks_with(|r| {
            r.sector = "finanzamt".into();
            r.prompt = vec!["login".into()];
        })
        .await;
    browser.logs_in(id, ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

#[tokio::test]
async fn whoever_is_not_the_one_asked_for_answers_login_required() {
    let house = House::new().await;
    let erika = house.has_account(ERIKA).await;
    let (_, account, _) = house.session_of(&erika).await.unwrap();
    let subject = house.state.subject("musterstadt", account);
    let mut browser = house.has_account(MAX).await;
    house.clock.advance(std::time::Duration::from_secs(1));
    let asks = async || house.asks_with(|r| r.subjects = vec![subject.clone()]).await;

    let id = asks().await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(page.body.contains("erwartet ein bestimmtes Konto"), "{}", page.body);
    assert!(!page.body.contains(ERIKA), "and does not say which");
    browser.tries(id, MAX, PASSWORD).await;
    let told = browser.get(&format!("/login/{id}")).await;
    assert!(told.location.contains("error=login_required"), "{}", told.location);

    house.clock.advance(std::time::Duration::from_secs(1));
    let id = asks().await;
    browser.get(&format!("/login/{id}")).await;
    browser.tries(id, ERIKA, PASSWORD).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.contains("code="), "{}", done.location);
}

#[tokio::test]
async fn the_card_of_the_one_asked_for_is_welcome_while_another_is_signed_in() {
    let house = House::new().await;
    let mut erika = house.has_account(ERIKA).await;
    let (_, account, _) = house.session_of(&erika).await.unwrap();
    let id = house.asks(TrustLevel::High).await;
    erika.get(&format!("/login/{id}")).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    erika.identifies(id, "/step-up").await;

    let mut browser = house.has_account(MAX).await;
    house.clock.advance(std::time::Duration::from_secs(1));
    let subject = house.state.subject("musterstadt", account);
    let id = house.asks_with(|r| r.subjects = vec![subject]).await;
    browser.get(&format!("/login/{id}")).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    let page = browser.identifies(id, "").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let done = browser.get(&page.location).await;
    assert!(done.location.contains("code="), "{}", done.location);
    assert_eq!(house.session_of(&browser).await.unwrap().1, account);
}

async fn cancels(browser: &mut Browser<'_>, id: InteractionId) -> String {
    browser.post(&format!("/login/{id}/cancel"), &[]).await.location
}

#[tokio::test]
async fn giving_up_a_level_is_told_apart_from_giving_up() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::High).await;
    let page = browser.get(&format!("/login/{id}")).await;
    browser.get(&page.location).await;
    let told = cancels(&mut browser, id).await;
    assert!(told.contains("error=unmet_authentication_requirements"), "{told}");
    let id = house.asks_with(|r| r.aim = TrustLevel::High).await;
    let page = browser.get(&format!("/login/{id}")).await;
    browser.get(&page.location).await;
    let told = cancels(&mut browser, id).await;
    assert!(told.contains("error=access_denied"), "less would have done: {told}");
}

#[tokio::test]
async fn a_step_up_offers_only_what_reaches_the_level_and_counts() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let passwords_only = |r: &mut crate::domain::interaction::AuthRequest| {
        r.methods = vec!["pwd".into()];
        r.aim = TrustLevel::High;
    };
    let id = house
        .asks_with(|r| {
            passwords_only(r);
            r.floor = TrustLevel::High;
        })
        .await;
    let page = browser.get(&format!("/login/{id}")).await;
    let page = browser.get(&page.location).await;
    assert!(page.body.contains("nicht zu erreichen"), "{}", page.body);
    assert!(!page.body.contains("value=\"eid\""));
    let id = house.asks_with(passwords_only).await;
    let page = browser.get(&format!("/login/{id}")).await;
    let page = browser.get(&page.location).await;
    let done = browser.get(&page.location).await;
    assert!(done.location.starts_with(CALLBACK), "a mere preference is passed over");
}

#[tokio::test]
async fn a_client_that_takes_no_password_offers_none_and_a_new_card_is_bound_to_who_is_here() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let (_, account, _) = house.session_of(&browser).await.unwrap();
    let id = house.asks_with(|r| r.methods = vec!["sc".into()]).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(!page.body.contains("name=\"password\"") && page.body.contains("value=\"eid\""));
    let refused = browser.tries(id, ERIKA, PASSWORD).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    let page = browser.identifies(id, "").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let done = browser.get(&page.location).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
    assert_eq!(house.session_of(&browser).await.unwrap().1, account);
}
