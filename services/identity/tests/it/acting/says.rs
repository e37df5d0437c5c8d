//! What tokens and answers say of the represented.

use siegel_db::Db;
use siegel_identity::app::acting::choose;
use siegel_kernel::TrustLevel;
use siegel_proto::identity::v1::ResolveGrantRequest;
use siegel_proto::identity::v1::sibling_service_client::SiblingServiceClient;
use siegel_testkit::on_each_backend;

use super::{
    MANDATE, access_token, called, code_for, id_token, introspected, organisation, owner, refresh,
    tokens, userinfo, world,
};
use crate::parties::Way;
use crate::world::{redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    the_person_stays_the_subject_and_the_represented_stands_beside,
    every_token_and_answer_says_the_same_of_the_represented,
    letters_for_an_organisation_reach_the_mailbox_it_chose_for_the_service,
    an_access_token_names_nobody_by_name,
    two_sectors_know_one_organisation_and_one_mandate_by_two_names,
    a_person_is_represented_under_the_subject_they_have_there,
    only_what_the_client_is_registered_for_is_released,
    the_level_of_the_organisation_never_stands_in_for_the_persons,
    siblings_learn_whom_a_grant_is_for,
    whoever_acts_for_themself_has_no_such_claim,
}

async fn the_person_stays_the_subject_and_the_represented_stands_beside(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Substantial).await;
    let answer = tokens(&world, &erika, muster).await;
    let claims = id_token(&world, &answer);
    assert_eq!(claims["sub"], world.state.subject("musterstadt", erika.account));
    let acting_for = &claims["acting_for"];
    assert_eq!(acting_for["sub"], called(&world, "musterstadt", muster));
    assert_eq!(
        (&acting_for["kind"], &acting_for["name"]),
        (&"organisation".into(), &"Muster GmbH".into())
    );
    assert_eq!(acting_for.get("mandate"), None, "a member needs none");
    assert_eq!(claims.get("act"), None, "nobody acts as the person");
    let again = world.token("portal", refresh(&answer)).await;
    assert_eq!(id_token(&world, &again)["acting_for"]["sub"], acting_for["sub"]);
}

async fn every_token_and_answer_says_the_same_of_the_represented(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let answer = tokens(&world, &erika, muster).await;
    let expected = &access_token(&world, &answer)["acting_for"];
    let places = [
        id_token(&world, &answer)["acting_for"].clone(),
        userinfo(&world, &answer).await.json()["acting_for"].clone(),
        introspected(&world, &answer).await["acting_for"].clone(),
    ];
    for place in places {
        for name in ["sub", "kind", "path_digest", "identification_level"] {
            assert!(!expected[name].is_null(), "{name} in {expected}");
            assert_eq!(place[name], expected[name], "{name}");
        }
    }
}

async fn letters_for_an_organisation_reach_the_mailbox_it_chose_for_the_service(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let handle = async |scope: &str| {
        let value = called(&world, "musterstadt", muster);
        let code = code_for(&world, &request([("scope", scope)]), &erika, &value).await.unwrap();
        let answer = world.token("portal", redemption(&code)).await;
        id_token(&world, &answer)["acting_for"]["postbox_handle"].clone()
    };
    assert_eq!(handle("openid").await, serde_json::Value::Null, "nobody asked for it");
    assert!(world.account.parties.routed.lock().unwrap().is_empty());
    assert_eq!(handle("openid postbox").await, "hdl_musterstadt");
    let building = "omb_00000000000000000000000000000051";
    *world.account.parties.letters_go_to.lock().unwrap() = building.into();
    assert_eq!(handle("openid postbox").await, format!("hdl_musterstadt{building}"));
    let routed = world.account.parties.routed.lock().unwrap();
    assert!(routed.iter().all(|one| one.organisation_id == muster.to_string()));
    let told = (routed[0].sector.as_str(), routed[0].name.as_str());
    assert_eq!(told, ("musterstadt", "Bürgerportal"));
}

async fn an_access_token_names_nobody_by_name(db: Db) {
    let world = world(db, "legal_person_claims = [\"legal_form\"]").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let answer = tokens(&world, &erika, muster).await;
    let text = access_token(&world, &answer).to_string();
    for secret in ["Muster", "GmbH", "org_", "acc_", "member"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

async fn two_sectors_know_one_organisation_and_one_mandate_by_two_names(db: Db) {
    let world = world(db, "").await;
    let erika = world.session(TrustLevel::Basic).await;
    let muster = organisation(&world);
    let way = Way::member(erika.account, muster, "owner");
    let path = format!("mandate:{MANDATE}");
    world.account.parties.has(Way { path, mandate: Some((MANDATE.into(), 7)), ..way });
    let here = access_token(&world, &tokens(&world, &erika, muster).await);
    let value = called(&world, "app", muster);
    let code = code_for(&world, &request([("client_id", "other")]), &erika, &value).await.unwrap();
    let there = access_token(&world, &world.token("other", redemption(&code)).await);
    assert_eq!(here["acting_for"]["mandate_version"], 7);
    for name in ["sub", "mandate", "path_digest"] {
        let names = [&here["acting_for"][name], &there["acting_for"][name]];
        assert!(names[0].is_string() && names[0] != names[1], "{name}: {names:?}");
    }
    assert!(!format!("{here}{there}").contains(MANDATE));
}

async fn a_person_is_represented_under_the_subject_they_have_there(db: Db) {
    let world = world(db, "").await;
    let (erika, ada) =
        (world.session(TrustLevel::Basic).await, world.session(TrustLevel::Basic).await);
    world.account.parties.has(Way::mandate(erika.account, ada.account, MANDATE));
    let value = world.state.subject("musterstadt", ada.account);
    let code = code_for(&world, &request([]), &erika, &value).await.unwrap();
    let claims = id_token(&world, &world.token("portal", redemption(&code)).await);
    let acting_for = &claims["acting_for"];
    assert_eq!((&acting_for["sub"], &acting_for["kind"]), (&value.into(), &"person".into()));
    assert_eq!(acting_for["name"], "Ada Vollmacht");
    assert_eq!(acting_for.get("identification_level"), None, "unknown, so not guessed");
}

async fn only_what_the_client_is_registered_for_is_released(db: Db) {
    let world = world(db, "legal_person_claims = [\"register_number\"]").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let answer = tokens(&world, &erika, muster).await;
    for told in [id_token(&world, &answer), userinfo(&world, &answer).await.json()] {
        let told = &told["acting_for"];
        assert_eq!(told["register_number"], "1234B");
        assert_eq!((told.get("legal_form"), told.get("register_kind")), (None, None));
    }
}

async fn the_level_of_the_organisation_never_stands_in_for_the_persons(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Low).await;
    let claims = access_token(&world, &tokens(&world, &erika, muster).await);
    assert_eq!((&claims["trust_level"], &claims["acr"]), (&2.into(), &"low".into()));
    assert_eq!(claims["acting_for"]["identification_level"], 4);
    let asked = world.account.parties.asked.lock().unwrap();
    assert!(asked.iter().all(|question| question.session_level == 2), "{asked:?}");
}

async fn siblings_learn_whom_a_grant_is_for(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let answer = tokens(&world, &erika, muster).await;
    let caller = siegel_grpc::Caller::Sibling("postbox".into());
    let grpc = siegel_identity::grpc_services(&world.state);
    let mut client = SiblingServiceClient::new(siegel_grpc::testing::serve(&grpc, caller));
    let gid = access_token(&world, &answer)["gid"].as_str().unwrap().to_owned();
    let resolved = client.resolve_grant(ResolveGrantRequest { grant_id: gid }).await.unwrap();
    let resolved = resolved.into_inner();
    assert_eq!(resolved.account_id, erika.account.to_string());
    assert_eq!(resolved.acting_for.unwrap().organisation_id, muster.to_string());
}

async fn whoever_acts_for_themself_has_no_such_claim(db: Db) {
    let world = world(db, "").await;
    let (erika, _) = owner(&world, TrustLevel::Basic).await;
    let code = code_for(&world, &request([]), &erika, choose::MYSELF).await.unwrap();
    let answer = world.token("portal", redemption(&code)).await;
    for claims in [id_token(&world, &answer), access_token(&world, &answer)] {
        assert_eq!(claims.get("acting_for"), None);
    }
}
