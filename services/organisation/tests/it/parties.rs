//! For whom somebody may act.

use std::collections::BTreeMap;

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::organisation::v1 as pb;
use siegel_testkit::on_each_backend;

use crate::giving::{given, granting};
use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    everybody_one_may_act_for_is_listed_once_with_the_kinds_of_paths,
    pages_hold_each_party_once,
    what_ended_is_not_listed,
    a_page_token_from_elsewhere_is_refused,
    one_finds_ones_own_parties_by_a_part_of_their_name_page_by_page,
    a_party_of_others_is_answered_as_one_that_does_not_exist,
}

async fn page(
    office: &Office,
    who: AccountId,
    size: i32,
    token: &str,
) -> pb::ListAuthorisedPartiesResponse {
    let request = pb::ListAuthorisedPartiesRequest {
        account_id: who.to_string(),
        page_size: size,
        page_token: token.into(),
    };
    office.postbox().list_authorised_parties(request).await.unwrap().into_inner()
}

async fn everybody_one_may_act_for_is_listed_once_with_the_kinds_of_paths(db: Db) {
    let office = Office::open(db).await;
    let (max, erika) = (office.somebody(), office.somebody());
    let own = office.founded(max, "Eigene GmbH").await.organisation_id;
    let owner = office.somebody();
    let other = office.founded(owner, "Andere GmbH").await.organisation_id;
    office.founded(office.somebody(), "Fremde GmbH").await;
    given(&office, erika, granting(&office, "1"), max).await;
    for id in ["2", "3"] {
        let request =
            pb::GrantMandateRequest { organisation_id: other.clone(), ..granting(&office, id) };
        given(&office, owner, request, max).await;
    }
    let found = page(&office, max, 0, "").await;
    assert_eq!(found.next_page_token, "");
    let found: BTreeMap<String, (String, Vec<String>)> = (found.parties.into_iter())
        .map(|p| (p.organisation_id + &p.principal_account_id, (p.name, p.kinds)))
        .collect();
    assert_eq!(found.len(), 3);
    assert_eq!(found[&own], ("Eigene GmbH".into(), vec!["member".into()]));
    assert_eq!(found[&other], ("Andere GmbH".into(), vec!["mandate".into()]));
    assert_eq!(found[&erika.to_string()], ("Erika Mustermann".into(), vec!["mandate".into()]));
}

async fn pages_hold_each_party_once(db: Db) {
    let office = Office::open(db).await;
    let max = office.somebody();
    for i in 0..7 {
        office.founded(max, &format!("Firma {i}")).await;
    }
    let (mut token, mut names) = (String::new(), Vec::new());
    loop {
        let found = page(&office, max, 3, &token).await;
        assert!(found.parties.len() <= 3);
        names.extend(found.parties.into_iter().map(|p| p.name));
        token = found.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    names.sort();
    let expected: Vec<_> = (0..7).map(|i| format!("Firma {i}")).collect();
    assert_eq!(names, expected);
}

async fn what_ended_is_not_listed(db: Db) {
    let office = Office::open(db).await;
    let (max, erika) = (office.somebody(), office.somebody());
    given(&office, erika, granting(&office, "1"), max).await;
    assert_eq!(page(&office, max, 0, "").await.parties.len(), 1);
    office.clock.advance(std::time::Duration::from_hours(24));
    assert!(page(&office, max, 0, "").await.parties.is_empty(), "its last day is over");
}

async fn a_page_token_from_elsewhere_is_refused(db: Db) {
    let office = Office::open(db).await;
    let request = pb::ListAuthorisedPartiesRequest {
        account_id: office.somebody().to_string(),
        page_token: "x".into(),
        ..Default::default()
    };
    let status = office.postbox().list_authorised_parties(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn own(
    office: &Office,
    who: AccountId,
    request: pb::ListOwnPartiesRequest,
) -> pb::ListOwnPartiesResponse {
    office.parties(who).list_own_parties(request).await.unwrap().into_inner()
}

async fn one_finds_ones_own_parties_by_a_part_of_their_name_page_by_page(db: Db) {
    let office = Office::open(db).await;
    let (max, erika) = (office.somebody(), office.somebody());
    for name in ["Ölmühle GmbH", "Bäckerei eG", "Alte MÜHLE KG", "Mühlenverein e. V."] {
        office.founded(max, name).await;
    }
    office.founded(erika, "Fremde Mühle GmbH").await;
    given(&office, erika, granting(&office, "1"), max).await;
    assert_eq!(own(&office, max, pb::ListOwnPartiesRequest::default()).await.parties.len(), 5);
    let (mut token, mut names) = (String::new(), Vec::new());
    loop {
        let request = pb::ListOwnPartiesRequest {
            name_contains: " mühle".into(),
            page_size: 2,
            page_token: token,
        };
        let found = own(&office, max, request).await;
        assert!(found.parties.len() <= 2);
        names.extend(found.parties.into_iter().map(|p| p.name));
        token = found.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    names.sort();
    assert_eq!(names, ["Alte MÜHLE KG", "Mühlenverein e. V.", "Ölmühle GmbH"]);
    let by =
        |name: &str| pb::ListOwnPartiesRequest { name_contains: name.into(), ..Default::default() };
    let person = own(&office, max, by("erika")).await.parties;
    assert_eq!(person[0].principal_account_id, erika.to_string());
    assert!(own(&office, max, by("Fremde")).await.parties.is_empty());
    let status = office.parties(max).list_own_parties(by(&"x".repeat(201))).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn a_party_of_others_is_answered_as_one_that_does_not_exist(db: Db) {
    let office = Office::open(db).await;
    let (max, erika) = (office.somebody(), office.somebody());
    let own = office.founded(max, "Eigene GmbH").await.organisation_id;
    let other = office.founded(erika, "Andere GmbH").await.organisation_id;
    let get = async |organisation: &str, person: &str| {
        let request = pb::GetOwnPartyRequest {
            organisation_id: organisation.into(),
            principal_account_id: person.into(),
        };
        let answer = office.parties(max).get_own_party(request).await;
        let answer = answer.map(|a| a.into_inner().party.unwrap().name);
        answer.map_err(|status| (status.code(), status.message().to_owned(), reason(&status)))
    };
    assert_eq!(get(&own, "").await.as_deref(), Ok("Eigene GmbH"));
    let nobody = get(&format!("org_{:032x}", 7), "").await;
    assert_eq!(nobody.as_ref().unwrap_err().2.as_deref(), Some("PARTY_UNKNOWN"));
    let person = erika.to_string();
    for (organisation, person) in [(other.as_str(), ""), ("", person.as_str()), ("x", ""), ("", "")]
    {
        assert_eq!(get(organisation, person).await, nobody, "{organisation}{person}");
    }
    given(&office, erika, granting(&office, "1"), max).await;
    assert_eq!(get("", &person).await.as_deref(), Ok("Erika Mustermann"));
    office.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(get("", &person).await, nobody, "its last day is over");
}
