//! What registers say, and what ends with it.

use std::time::Duration;

use siegel_db::Db;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::{Action, FactRole, MandateState};
use siegel_testkit::on_each_backend;

use crate::giving::{given, granting, may};
use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    who_represents_by_register_acts_without_a_mandate_until_the_role_ends,
    who_represents_jointly_receives_and_does_not_act,
    what_was_granted_by_a_register_role_ends_with_it,
    only_members_hold_register_roles,
    what_ends_by_a_fact_is_told_on_the_stream,
}

pub async fn recorded(
    office: &Office,
    organisation: &str,
    member: &str,
    jointly: bool,
) -> pb::Fact {
    let request = pb::RecordFactRequest {
        request_id: format!("record-{member}-{jointly}"),
        organisation_id: organisation.into(),
        member_id: member.into(),
        role: FactRole::ManagingDirector.into(),
        jointly,
        source: "HRB 1234B, Schwerin".into(),
    };
    office.registrar().record_fact(request).await.unwrap().into_inner().fact.unwrap()
}

async fn ended(office: &Office, fact: &pb::Fact) {
    let request = pb::EndFactRequest {
        request_id: format!("end-{}", fact.fact_id),
        fact_id: fact.fact_id.clone(),
    };
    office.registrar().end_fact(request).await.unwrap();
}

async fn who_represents_by_register_acts_without_a_mandate_until_the_role_ends(db: Db) {
    let office = Office::open(db).await;
    let (owner, director) = (office.somebody(), office.somebody());
    let firm = office.founded(owner, "Muster GmbH").await.organisation_id;
    let member = office.join(&firm, director, 5).await;
    let ask = || may(&office, director, &firm, Action::Act, pb::AccessScope::default());
    assert_eq!(ask().await, "ROLE_TOO_LOW");
    let fact = recorded(&office, &firm, &member, false).await;
    assert_eq!(ask().await, "fact:managing-director");
    ended(&office, &fact).await;
    assert_eq!(ask().await, "ROLE_TOO_LOW");
    let request = pb::ListFactsRequest { organisation_id: firm.clone() };
    let facts = office.registrar().list_facts(request).await.unwrap().into_inner().facts;
    assert!(facts[0].ended_at.is_some());
    let request = pb::EndFactRequest { request_id: "again".into(), fact_id: fact.fact_id };
    let status = office.registrar().end_fact(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("FACT_UNKNOWN"));
}

async fn who_represents_jointly_receives_and_does_not_act(db: Db) {
    let office = Office::open(db).await;
    let (owner, director) = (office.somebody(), office.somebody());
    let firm = office.founded(owner, "Muster GmbH").await.organisation_id;
    let member = office.join(&firm, director, 5).await;
    recorded(&office, &firm, &member, true).await;
    let ask = |action| may(&office, director, &firm, action, pb::AccessScope::default());
    assert_eq!(ask(Action::ReceiveMail).await, "fact:managing-director");
    assert_eq!(ask(Action::Act).await, "ROLE_TOO_LOW");
}

async fn what_was_granted_by_a_register_role_ends_with_it(db: Db) {
    let office = Office::open(db).await;
    let (owner, director, max) = (office.somebody(), office.somebody(), office.somebody());
    let firm = office.founded(owner, "Muster GmbH").await.organisation_id;
    let member = office.join(&firm, director, 5).await;
    let fact = recorded(&office, &firm, &member, false).await;
    let request = |id: &str| pb::GrantMandateRequest {
        organisation_id: firm.clone(),
        ..granting(&office, id)
    };
    let by_director = given(&office, director, request("1"), max).await;
    let by_owner = given(&office, owner, request("2"), office.somebody()).await;
    ended(&office, &fact).await;
    let state = async |id: &str| {
        let request = pb::GetMandateRequest { mandate_id: id.into() };
        let mut client = office.mandates(owner, siegel_kernel::TrustLevel::High);
        let seen = client.get_mandate(request).await.unwrap().into_inner().mandate.unwrap();
        (seen.state(), seen.end_reason)
    };
    assert_eq!(
        state(&by_director.mandate_id).await,
        (MandateState::Ended, "register_role".to_owned())
    );
    assert_eq!(state(&by_owner.mandate_id).await.0, MandateState::Active);
}

async fn only_members_hold_register_roles(db: Db) {
    let office = Office::open(db).await;
    let firm = office.founded(office.somebody(), "Muster GmbH").await.organisation_id;
    let other = office.founded(office.somebody(), "Andere").await.organisation_id;
    let member = office.join(&other, office.somebody(), 1).await;
    for member_id in [member, format!("mem_{:032x}", 1), "nonsense".into()] {
        let request = pb::RecordFactRequest {
            request_id: "1".into(),
            organisation_id: firm.clone(),
            member_id,
            role: FactRole::Procurator.into(),
            source: "HRB 1".into(),
            ..Default::default()
        };
        let status = office.registrar().record_fact(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("MEMBER_UNKNOWN"));
    }
}

async fn what_ends_by_a_fact_is_told_on_the_stream(db: Db) {
    let office = Office::open(db).await;
    let (owner, director, max) = (office.somebody(), office.somebody(), office.somebody());
    let firm = office.founded(owner, "Muster GmbH").await.organisation_id;
    let member = office.join(&firm, director, 5).await;
    let fact = recorded(&office, &firm, &member, false).await;
    let request =
        pb::GrantMandateRequest { organisation_id: firm.clone(), ..granting(&office, "1") };
    let mandate = given(&office, director, request, max).await;
    let watch = pb::WatchAccessChangesRequest::default();
    let mut stream = office.changes().watch_access_changes(watch).await.unwrap().into_inner();
    ended(&office, &fact).await;
    let told = async {
        loop {
            let Some(change) = stream.message().await.unwrap().unwrap().change else { continue };
            if change.kind == "organisation.mandate.ended" {
                return change;
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(10), told).await.unwrap();
    assert_eq!((told.mandate_id, told.organisation_id), (mandate.mandate_id, firm));
    assert_eq!(told.account_id, max.to_string());
}
