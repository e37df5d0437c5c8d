//! Programs of an organisation.

use super::organisation_fakes::PROGRAM;
use super::world::World;

const PROGRAMS: &str = "/organisation/org_1/programs";
const PUBLIC: &str = r#"{"kty":"EC","crv":"P-256","x":"a","y":"b"}"#;

async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in(PROGRAMS).await;
    world
}

#[tokio::test]
async fn programs_are_listed_with_role_registrar_and_end() {
    let mut world = signed_in().await;
    let page = world.browser.get(PROGRAMS).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in ["Poststelle &#60;b&#62;", "Max &#60;u&#62;", "nur lesen", "Ein früheres Mitglied"]
    {
        assert!(page.body.to_lowercase().contains(&text.to_lowercase()), "{text}: {}", page.body);
    }
    assert!(page.body.contains("Widerrufen am"), "{}", page.body);
    assert!(page.body.contains(&format!("{PROGRAMS}/{PROGRAM}")));
    assert!(!page.body.contains(&format!("{PROGRAMS}/sys_2")), "what ended has no next steps");
}

#[tokio::test]
async fn a_private_key_is_refused_with_the_reason_and_goes_nowhere() {
    let mut world = signed_in().await;
    world.browser.get(PROGRAMS).await;
    let private = r#"{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"GEHEIM"}"#;
    let fields = [("form", "f"), ("name", "Poststelle"), ("role", "5"), ("jwk", private)];
    let page = world.browser.post(PROGRAMS, &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("Das ist ein privater Schlüssel"), "{}", page.body);
    assert!(page.body.contains("value=\"Poststelle\""), "the rest is kept");
    assert!(!page.body.contains("GEHEIM"), "it is not shown again");
    assert!(world.services.firm.told().registered.is_empty(), "it is not passed on");
}

#[tokio::test]
async fn a_registered_program_is_shown_with_its_client_id_and_what_to_do_next() {
    let mut world = signed_in().await;
    world.browser.get(PROGRAMS).await;
    let mut fields = [("form", "f"), ("name", " Neu "), ("role", "5"), ("jwk", "kein Schlüssel")];
    let page = world.browser.post(PROGRAMS, &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("kein öffentlicher Schlüssel"), "{}", page.body);
    fields[3].1 = PUBLIC;
    let page = world.browser.post(PROGRAMS, &fields).await;
    let way = format!("{PROGRAMS}/{PROGRAM}");
    assert_eq!((page.status, page.location.as_deref()), (303, Some(&*way)));
    {
        let told = world.services.firm.told();
        assert_eq!((&*told.registered[0].name, told.registered[0].role), ("Neu", 5));
    }
    let page = world.browser.get(&way).await;
    for text in [PROGRAM, "POST http://localhost:8080/token", "client_credentials", "DPoP"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
}

#[tokio::test]
async fn a_program_is_revoked_after_a_question_and_never_by_a_link() {
    let mut world = signed_in().await;
    let way = format!("{PROGRAMS}/{PROGRAM}/revoke");
    let page = world.browser.get(&way).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("„Poststelle &#60;b&#62;“ widerrufen?"), "{}", page.body);
    assert!(world.services.firm.told().revoked.is_empty(), "asking changes nothing");
    let page = world.browser.post(&way, &[("form", "f")]).await;
    assert_eq!((page.status, page.location.as_deref()), (303, Some(PROGRAMS)));
    assert_eq!(world.services.firm.told().revoked[0].system_user_id, PROGRAM);
}

#[tokio::test]
async fn who_manages_nothing_neither_registers_nor_revokes() {
    let mut world = signed_in().await;
    world.services.firm.told().reads_only = true;
    let page = world.browser.get(PROGRAMS).await;
    assert!(!page.body.contains("name=\"jwk\""), "{}", page.body);
    let page = world.browser.get(&format!("{PROGRAMS}/{PROGRAM}")).await;
    assert!(!page.body.contains("/revoke"), "{}", page.body);
    let page = world.browser.get(&format!("{PROGRAMS}/{PROGRAM}/revoke")).await;
    assert_eq!(page.status, 303);
}
