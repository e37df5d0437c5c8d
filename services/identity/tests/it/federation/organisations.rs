//! Claims of organisations, proven by a log-in with an account of the organisation elsewhere.

use http::StatusCode;
use serde_json::{Value, json};
use siegel_db::Db;
use siegel_identity::app::upstreams;
use siegel_kernel::TrustLevel::{Basic, Substantial};
use siegel_proto::common::v1::TrustLevel as Wire;
use siegel_proto::identity::v1::ListClaimProvidersRequest;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::FieldName as Field;
use siegel_proto::organisation::v1::field_value::Value as FieldValue;
use siegel_testkit::on_each_backend;

use super::land::{Browser, Land, Page, parameter, settings};
use super::operation::{person, portal};
use super::provider::Provider;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_claim_is_proven_by_what_the_provider_says_of_the_organisation,
    nothing_of_who_acts_there_is_handed_on_or_kept,
    both_levels_are_capped_each_by_its_own_cap,
    a_level_that_is_unknown_proves_nothing_and_is_on_record,
    an_answer_for_one_claim_proves_no_other,
    an_answer_in_another_session_proves_nothing,
    an_answer_counts_once,
    a_session_below_substantial_proves_nothing,
    a_provider_of_persons_proves_no_claim_and_one_of_organisations_logs_nobody_in,
    what_the_organisation_service_refuses_is_told_and_on_record,
    a_provider_that_was_switched_off_meanwhile_proves_nothing,
    the_portal_is_told_where_claims_are_proven,
}

const CLAIM: &str = "clm_000102030405060708090a0b0c0d0e0f";
const OTHER: &str = "clm_0f0e0d0c0b0a09080706050403020100";

fn organisation(settings: &mut Value) {
    settings["level_cap"] = json!("high");
    settings["organisation"] = json!({ "identification_cap": "high" });
    for key in ["attributes", "acr_table", "acr_request"] {
        settings.as_object_mut().unwrap().remove(key);
    }
}

/// What the provider says of the organisation.
fn muster() -> Value {
    json!({
        "PersTyp": "NNatPers",
        "DatenuebermittlerPseudonymId": "du-4711",
        "Firmenname": "Muster GmbH",
        "Rechtsform": "350",
        "RechtsformText": "Gesellschaft mit beschränkter Haftung",
        "Registerart": "HRB",
        "Registergericht": "Schwerin",
        "Registernummer": "1234",
        "Unternehmensanschrift": {
            "Typ": "INLAND", "Strasse": "Schlossstraße", "Hausnummer": "1", "PLZ": "19053",
            "Ort": "Schwerin"
        },
        "HandelndePerson": { "Vorname": "Zwetschge", "Name": "Pflaumenmus" },
        "ElsterVertrauensniveauIdentifizierung": "HOCH",
        "ElsterVertrauensniveauAuthentifizierung": "SUBSTANZIELL",
    })
}

async fn land(db: Db) -> Land {
    let land = Land::with(db, organisation).await;
    land.provider.says(muster());
    land
}

fn page_of(claim: &str) -> String {
    format!("/login/upstream/land-b/claim?claim={claim}")
}

/// From the organisation's page to the provider: where it sends the browser back to.
async fn begins(land: &Land, browser: &mut Browser<'_>, claim: &str) -> String {
    let page = browser.get(&page_of(claim)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains(&land.provider.issuer), "its form may lead there: {policy}");
    let page = browser.post(&page_of(claim), &[]).await;
    assert_eq!(parameter(&page.location, "prompt").as_deref(), Some("login"));
    assert!(parameter(&page.location, "code_challenge").is_some());
    land.provider.logs_in(&page.location)
}

/// There and back in a session that may.
async fn proves(land: &Land) -> Page {
    let session = land.world.session(Substantial).await;
    let mut browser = land.browser_of(&session);
    let back = begins(land, &mut browser, CLAIM).await;
    browser.comes(&back).await
}

fn told(land: &Land) -> Vec<pb::ProveByUpstreamRequest> {
    land.world.account.parties.proofs.lock().unwrap().clone()
}

async fn a_claim_is_proven_by_what_the_provider_says_of_the_organisation(db: Db) {
    let land = land(db).await;
    let session = land.world.session(Substantial).await;
    let mut browser = land.browser_of(&session);
    let back = begins(&land, &mut browser, CLAIM).await;
    let page = browser.comes(&back).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Die Organisation ist bestätigt"), "{}", page.body);
    let way = "/organisation/org_00000000000000000000000000000001/record";
    assert!(page.body.contains(way), "{}", page.body);
    let [said] = &told(&land)[..] else { panic!("told once") };
    assert_eq!((said.claim_id.as_str(), said.provider.as_str()), (CLAIM, "land-b"));
    assert_eq!(said.account_id, session.account.to_string());
    let names: Vec<_> = said.fields.iter().map(pb::ToldField::name).collect();
    let expected = [Field::Name, Field::LegalForm, Field::Register, Field::Address];
    assert_eq!(names, [&expected[..], &[Field::IdentityType]].concat());
    let register = said.fields[2].value.clone().unwrap().value.unwrap();
    let FieldValue::Register(register) = register else { panic!("no entry: {register:?}") };
    assert_eq!((register.kind.as_str(), register.number.as_str()), ("HRB", "1234"));
    let kinds = land.world.audited().await;
    assert!(kinds.contains(&("identity.upstream.claim_proven".into(), "done".into())));
    assert!(browser.session().await.is_some_and(|after| after.level == session.level));
}

async fn nothing_of_who_acts_there_is_handed_on_or_kept(db: Db) {
    let land = land(db).await;
    proves(&land).await;
    let said = told(&land);
    assert!(said[0].acting_person, "that somebody acts is told");
    let wire = format!("{said:?}");
    for secret in ["Zwetschge", "Pflaumenmus", "du-4711"] {
        assert!(!wire.contains(secret), "{secret} is handed on");
    }
    let attributes = land.world.account.identified.lock().unwrap().len();
    assert_eq!(attributes, 0, "nor does the person get attributes of it");
    let mut nobody = muster();
    nobody["HandelndePerson"] = json!(null);
    land.provider.says(nobody);
    proves(&land).await;
    assert!(!told(&land)[1].acting_person);
}

async fn both_levels_are_capped_each_by_its_own_cap(db: Db) {
    let caps = |settings: &mut Value| {
        organisation(settings);
        settings["level_cap"] = json!("low");
        settings["organisation"]["identification_cap"] = json!("substantial");
    };
    let land = Land::with(db, caps).await;
    land.provider.says(muster());
    proves(&land).await;
    let said = &told(&land)[0];
    let levels = (said.identification_level(), said.authentication_level());
    assert_eq!(levels, (Wire::Substantial, Wire::Low));
}

async fn a_level_that_is_unknown_proves_nothing_and_is_on_record(db: Db) {
    let land = land(db).await;
    for name in ["ElsterVertrauensniveauIdentifizierung", "ElsterVertrauensniveauAuthentifizierung"]
    {
        for value in [json!("BESONDERS HOCH"), json!(null)] {
            let mut said = muster();
            said[name] = value;
            land.provider.says(said);
            let page = proves(&land).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
            assert!(page.body.contains("kein bekanntes Vertrauensniveau"), "{}", page.body);
        }
    }
    assert!(told(&land).is_empty());
    assert_eq!(land.refusals().await, ["UPSTREAM_LEVEL_UNKNOWN"; 4]);
}

async fn an_answer_for_one_claim_proves_no_other(db: Db) {
    let land = land(db).await;
    let session = land.world.session(Substantial).await;
    let mut browser = land.browser_of(&session);
    let back = begins(&land, &mut browser, CLAIM).await;
    let kept = browser.get(&back).await.location;
    assert!(kept.contains(CLAIM), "{kept}");
    let page = browser.get(&kept.replace(CLAIM, OTHER)).await;
    assert_eq!(page.status, StatusCode::GONE, "{}", page.body);
    let page = browser.get(&kept).await;
    assert_eq!(page.status, StatusCode::GONE, "it was spent by the attempt");
    assert!(told(&land).is_empty());
    assert_eq!(land.refusals().await, ["UPSTREAM_UNKNOWN_ANSWER"; 2]);
}

async fn an_answer_in_another_session_proves_nothing(db: Db) {
    let land = land(db).await;
    let (one, two) = (land.world.session(Substantial).await, land.world.session(Substantial).await);
    let mut own = land.browser_of(&one);
    let mut other = land.browser_of(&two);
    let back = begins(&land, &mut own, CLAIM).await;
    let page = other.get(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    let kept = own.get(&back).await.location;
    let page = other.get(&kept).await;
    assert_eq!(page.status, StatusCode::GONE, "nor at its last step: {}", page.body);
    assert!(told(&land).is_empty());
    assert_eq!(land.refusals().await, ["UPSTREAM_UNKNOWN_STATE", "UPSTREAM_UNKNOWN_ANSWER"]);
}

async fn an_answer_counts_once(db: Db) {
    let land = land(db).await;
    let session = land.world.session(Substantial).await;
    let mut browser = land.browser_of(&session);
    let back = begins(&land, &mut browser, CLAIM).await;
    let kept = browser.get(&back).await.location;
    assert_eq!(browser.get(&kept).await.status, StatusCode::OK);
    assert_eq!(browser.get(&kept).await.status, StatusCode::GONE);
    assert_eq!(browser.get(&back).await.status, StatusCode::FORBIDDEN);
    assert_eq!(told(&land).len(), 1);
    assert_eq!(land.refusals().await, ["UPSTREAM_UNKNOWN_ANSWER", "UPSTREAM_UNKNOWN_STATE"]);
}

async fn a_session_below_substantial_proves_nothing(db: Db) {
    let land = land(db).await;
    let session = land.world.session(Basic).await;
    let page = land.browser_of(&session).get(&page_of(CLAIM)).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert!(page.body.contains("zuerst sicherer an"), "{}", page.body);
    let page = land.browser().get(&page_of(CLAIM)).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "nobody is logged in");
    let session = land.world.session(Substantial).await;
    let page = land.browser_of(&session).get(&page_of("clm_1")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "not the id of a claim");
}

async fn a_provider_of_persons_proves_no_claim_and_one_of_organisations_logs_nobody_in(db: Db) {
    let mut land = land(db).await;
    let persons = Provider::start(land.world.clock.clone()).await;
    land.trusts(&persons, "land-c").await;
    let session = land.world.session(Substantial).await;
    let mut browser = land.browser_of(&session);
    let page = browser.get("/login/upstream/land-c/link").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let claim = format!("/login/upstream/land-c/claim?claim={CLAIM}");
    assert_eq!(browser.get(&claim).await.status, StatusCode::FORBIDDEN);
    let page = browser.post(&claim, &[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert_eq!(land.refusals().await, ["UPSTREAM_WRONG_KIND"]);
    assert_eq!(browser.get("/login/upstream/land-b/link").await.status, StatusCode::FORBIDDEN);
    let page = browser.post("/login/upstream/land-b/link", &[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    let first = land.asks([]).await;
    let mut new = land.browser();
    let page = new.get(&first).await;
    assert!(page.body.contains("Servicekonto land-c"), "{}", page.body);
    assert!(!page.body.contains("Servicekonto land-b"), "{}", page.body);
    let page = new.get(&format!("{first}/upstream?to=land-b")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    // What was begun for one kind does not end as the other.
    let back = begins(&land, &mut browser, CLAIM).await;
    land.applies(settings(&land.provider, "land-b")).await;
    assert_eq!(browser.comes(&back).await.status, StatusCode::FORBIDDEN);
    assert_eq!(land.refusals().await, ["UPSTREAM_WRONG_KIND"; 2]);
    assert!(told(&land).is_empty());
}

async fn what_the_organisation_service_refuses_is_told_and_on_record(db: Db) {
    let land = land(db).await;
    let says = |reason| *land.world.account.parties.proves_nothing.lock().unwrap() = Some(reason);
    for (reason, status, text) in [
        ("UPSTREAM_OF_ANOTHER", StatusCode::FORBIDDEN, "Konto einer anderen Organisation"),
        ("CLAIM_UNKNOWN", StatusCode::NOT_FOUND, "Dieser Antrag ist nicht offen"),
        ("CLAIM_STATE", StatusCode::NOT_FOUND, "Dieser Antrag ist nicht offen"),
    ] {
        says(reason);
        let page = proves(&land).await;
        assert_eq!(page.status, status, "{reason}: {}", page.body);
        assert!(page.body.contains(text), "{reason}: {}", page.body);
        assert_eq!(land.refusals().await.last().map(String::as_str), Some(reason));
    }
    *land.world.account.parties.down.lock().unwrap() = true;
    let page = proves(&land).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.body);
}

async fn a_provider_that_was_switched_off_meanwhile_proves_nothing(db: Db) {
    let land = land(db).await;
    let session = land.world.session(Substantial).await;
    let mut browser = land.browser_of(&session);
    let back = begins(&land, &mut browser, CLAIM).await;
    assert!(upstreams::disable(&land.world.state, "land-b", "operator:test").await.unwrap());
    let page = browser.comes(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert!(told(&land).is_empty());
    assert_eq!(land.refusals().await, ["UPSTREAM_NOT_OFFERED"]);
}

async fn the_portal_is_told_where_claims_are_proven(db: Db) {
    let mut land = Land::new(db).await;
    let muk = Provider::start(land.world.clock.clone()).await;
    land.trusts(&muk, "muk").await;
    let mut own = settings(&muk, "muk");
    organisation(&mut own);
    own["name"] = json!("Mein Unternehmenskonto");
    land.applies(own).await;
    let (session, token) = person(&land).await;
    let mut portal = portal(&land, &session, &token);
    let told = portal.list_claim_providers(ListClaimProvidersRequest {}).await.unwrap();
    let all: Vec<_> =
        told.into_inner().providers.into_iter().map(|p| (p.provider_id, p.name)).collect();
    assert_eq!(all, [("muk".to_owned(), "Mein Unternehmenskonto".to_owned())]);
}
