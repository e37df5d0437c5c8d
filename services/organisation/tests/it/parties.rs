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
