use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::organisation::v1 as pb;
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES, reason};
use crate::team::{address, at, text};
use pb::ContactKind::{Email, Telephone, Web};
use pb::FieldName as N;

on_each_backend! { super::TABLES =>
    a_field_carries_its_source_and_level_and_its_history_stays,
    a_member_who_does_not_manage_changes_nothing,
    a_verified_field_is_not_changed_by_its_owner,
    a_number_with_wrong_check_digits_is_refused,
    what_a_member_declares_is_of_the_fields_kind_and_origins_are_declared_by_nobody,
    a_unit_is_never_below_itself,
    a_unit_with_others_below_it_is_not_closed_and_a_closed_one_is_gone,
    contact_points_belong_to_the_organisation_or_a_unit_of_its_own,
    a_dissolved_organisation_is_there_for_nobody,
    every_legal_form_that_is_listed_is_declared_by_its_code_alone,
    a_legal_form_that_was_founded_by_its_text_has_its_code,
}

fn set(organisation: &str, name: pb::FieldName, value: pb::FieldValue) -> pb::SetFieldRequest {
    pb::SetFieldRequest {
        request_id: format!("{name:?} {value:?}").chars().take(120).collect(),
        organisation_id: organisation.into(),
        name: name.into(),
        value: Some(value),
    }
}

async fn fields(office: &Office, who: AccountId, organisation: &str) -> Vec<pb::RecordField> {
    let request = pb::GetRecordRequest { organisation_id: organisation.into() };
    office.record(who).get_record(request).await.unwrap().into_inner().fields
}

async fn a_field_carries_its_source_and_level_and_its_history_stays(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let mut record = office.record(erika);
    record.set_field(set(&org, pb::FieldName::Address, at(address()))).await.unwrap();
    office.clock.advance(std::time::Duration::from_mins(1));
    record.set_field(set(&org, pb::FieldName::Name, text("Muster SE"))).await.unwrap();
    let all = fields(&office, erika, &org).await;
    let names: Vec<_> = all.iter().map(pb::RecordField::name).collect();
    assert_eq!(names, [N::Name, N::LegalForm, N::Register, N::Address]);
    assert!(all.iter().all(|f| f.source() == pb::FieldSource::SelfDeclared && f.level == 1));
    let history = pb::ListFieldHistoryRequest { organisation_id: org.clone(), name: 1 };
    let history = record.list_field_history(history).await.unwrap().into_inner().fields;
    let values: Vec<_> = history.iter().map(|f| f.value.clone().unwrap()).collect();
    assert_eq!(values, [text("Muster SE"), text("Muster GmbH")]);
    assert!(history[0].superseded_at.is_none() && history[1].superseded_at.is_some());
    let listed = office.person(erika, siegel_kernel::TrustLevel::Low);
    let found = { listed }.list_organisations(pb::ListOrganisationsRequest {}).await.unwrap();
    assert_eq!(found.into_inner().organisations[0].name, "Muster SE", "lists follow");
}

async fn a_member_who_does_not_manage_changes_nothing(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    for role in [pb::Role::CaseWorker, pb::Role::MailReceiver, pb::Role::ReadOnly] {
        let member = office.joined(erika, &org, role).await;
        let wanted = set(&org, pb::FieldName::Name, text("X"));
        let status = office.record(member).set_field(wanted).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("ROLE_TOO_LOW"));
    }
    let admin = office.joined(erika, &org, pb::Role::Administrator).await;
    let done = office.record(admin).set_field(set(&org, pb::FieldName::Name, text("X"))).await;
    assert!(done.is_ok());
    let refused = "SELECT COUNT(*) FROM audit WHERE kind = 'organisation.field.set' \
        AND outcome = 'ROLE_TOO_LOW'";
    assert_eq!(office.count(refused).await, 3);
}

async fn a_verified_field_is_not_changed_by_its_owner(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let mut record = office.record(erika);
    record.set_field(set(&org, pb::FieldName::Name, text("Muster SE"))).await.unwrap();
    office.run("UPDATE record_fields SET source = 2, level = 3".into()).await;
    let status = record.set_field(set(&org, pb::FieldName::Name, text("Andere SE"))).await;
    assert_eq!(reason(&status.unwrap_err()).as_deref(), Some("FIELD_VERIFIED"));
    let name = &fields(&office, erika, &org).await[0];
    assert_eq!((name.value.clone(), name.editable), (Some(text("Muster SE")), false));
}

async fn a_number_with_wrong_check_digits_is_refused(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let mut record = office.record(erika);
    record.set_field(set(&org, pb::FieldName::Lei, text("529900T8BM49AURSDO55"))).await.unwrap();
    let bad = [
        (pb::FieldName::Lei, text("529900T8BM49AURSDO54")),
        (pb::FieldName::VatId, text("DE136695975")),
        (pb::FieldName::EconomicId, text("DE136695976")),
        (
            pb::FieldName::Address,
            at(pb::OrganisationAddress { postal_code: "1".into(), ..address() }),
        ),
        (pb::FieldName::Register, text("HRB 1")),
    ];
    for (name, value) in bad {
        let status = record.set_field(set(&org, name, value)).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "{name:?}");
    }
}

async fn what_a_member_declares_is_of_the_fields_kind_and_origins_are_declared_by_nobody(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let coded = |code: &str, text: &str| pb::FieldValue {
        value: Some(pb::field_value::Value::Coded(pb::CodedText {
            code: code.into(),
            text: text.into(),
        })),
    };
    let mut record = office.record(erika);
    let activity = coded("711", "Architekturbüros");
    record.set_field(set(&org, N::Activity, activity.clone())).await.unwrap();
    record.set_field(set(&org, N::IdentityType, text("natural_person"))).await.unwrap();
    let held = fields(&office, erika, &org).await;
    for (name, value) in [(N::Activity, activity), (N::IdentityType, text("natural_person"))] {
        let field = held.iter().find(|field| field.name() == name).unwrap();
        assert_eq!((field.value.clone(), field.editable), (Some(value), true), "{name:?}");
        assert_eq!(field.source(), pb::FieldSource::SelfDeclared);
    }
    let bad = [
        (N::Activity, coded("7110", "Architekturbüros")),
        (N::Activity, coded("711", "")),
        (N::IdentityType, text("NatPers")),
        (N::DataSetType, text("idnr")),
    ];
    for (name, value) in bad {
        let status = record.set_field(set(&org, name, value)).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "{name:?}");
    }
}

fn unit(organisation: &str, name: &str, parent: &str) -> pb::CreateUnitRequest {
    pb::CreateUnitRequest {
        request_id: format!("unit {name}"),
        organisation_id: organisation.into(),
        name: name.into(),
        parent_unit_id: parent.into(),
    }
}

async fn a_unit_is_never_below_itself(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let mut record = office.record(erika);
    let top = record.create_unit(unit(&org, "Bau", "")).await.unwrap().into_inner().unit_id;
    let low = record.create_unit(unit(&org, "Hochbau", &top)).await.unwrap().into_inner().unit_id;
    for parent in [&top, &low] {
        let moved = pb::ChangeUnitRequest {
            request_id: format!("move {parent}"),
            organisation_id: org.clone(),
            unit_id: top.clone(),
            name: "Bau".into(),
            parent_unit_id: parent.clone(),
        };
        let status = record.change_unit(moved).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("UNIT_CYCLE"));
    }
    let again = record.create_unit(unit(&org, "Hochbau", &top)).await.unwrap().into_inner();
    assert_eq!(again.unit_id, low, "the same request makes one unit");
}

async fn a_unit_with_others_below_it_is_not_closed_and_a_closed_one_is_gone(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let mut record = office.record(erika);
    let top = record.create_unit(unit(&org, "Bau", "")).await.unwrap().into_inner().unit_id;
    let low = record.create_unit(unit(&org, "Hochbau", &top)).await.unwrap().into_inner().unit_id;
    let close = |unit: &str| pb::CloseUnitRequest {
        request_id: format!("close {unit}"),
        organisation_id: org.clone(),
        unit_id: unit.into(),
    };
    let status = record.close_unit(close(&top)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("UNIT_NOT_EMPTY"));
    record.close_unit(close(&low)).await.unwrap();
    let list = pb::ListUnitsRequest { organisation_id: org.clone() };
    let left = record.list_units(list).await.unwrap().into_inner().units;
    assert_eq!(left.iter().map(|u| &u.unit_id).collect::<Vec<_>>(), [&top]);
    let status = record.create_unit(unit(&org, "Tiefbau", &low)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("UNIT_UNKNOWN"));
}

async fn contact_points_belong_to_the_organisation_or_a_unit_of_its_own(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let other = office.registered(max, "Andere GmbH", "5678").await;
    let theirs = office.record(max).create_unit(unit(&other, "Bau", "")).await.unwrap();
    let mut record = office.record(erika);
    let point = |kind: pb::ContactKind, value: &str, unit: &str| pb::AddContactPointRequest {
        request_id: format!("{value} {unit}"),
        organisation_id: org.clone(),
        kind: kind.into(),
        value: value.into(),
        label: "Zentrale".into(),
        unit_id: unit.into(),
    };
    record.add_contact_point(point(Email, "post@muster.example", "")).await.unwrap();
    let foreign = point(Telephone, "+49 385 1", &theirs.into_inner().unit_id);
    let status = record.add_contact_point(foreign).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("UNIT_UNKNOWN"));
    for bad in [point(Email, "post", ""), point(Web, "javascript:alert(1)", "")] {
        let status = record.add_contact_point(bad).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    let list = pb::ListContactPointsRequest { organisation_id: org.clone() };
    let all = record.list_contact_points(list).await.unwrap().into_inner().contact_points;
    assert_eq!(all.len(), 1);
}

async fn a_dissolved_organisation_is_there_for_nobody(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let max = office.joined(erika, &org, pb::Role::Administrator).await;
    let over = || pb::DissolveOrganisationRequest {
        request_id: "over".into(),
        organisation_id: org.clone(),
    };
    let status = office.record(max).dissolve_organisation(over()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ROLE_TOO_LOW"), "owners only");
    office.record(erika).dissolve_organisation(over()).await.unwrap();
    for member in [erika, max] {
        let request = pb::GetRecordRequest { organisation_id: org.clone() };
        let status = office.record(member).get_record(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
    }
    let events = "SELECT COUNT(*) FROM events WHERE kind IN ('organisation.dissolved', \
        'organisation.member.ended')";
    assert_eq!(office.count(events).await, 3);
}

async fn every_legal_form_that_is_listed_is_declared_by_its_code_alone(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let mut record = office.record(erika);
    let listed = record.list_legal_forms(pb::ListLegalFormsRequest {}).await.unwrap();
    let listed = listed.into_inner().legal_forms;
    assert!(listed.iter().any(|form| form.text.contains("(GmbH)")), "{listed:?}");
    for form in listed {
        let code = pb::CodedText { code: form.code.clone(), text: String::new() };
        let value = pb::FieldValue { value: Some(pb::field_value::Value::Coded(code)) };
        record.set_field(set(&org, N::LegalForm, value)).await.unwrap();
        let all = fields(&office, erika, &org).await;
        let held = all.into_iter().find(|field| field.name() == N::LegalForm).unwrap();
        let expected = pb::field_value::Value::Coded(form);
        assert_eq!(held.value.unwrap().value, Some(expected));
    }
}

async fn a_legal_form_that_was_founded_by_its_text_has_its_code(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let listed = office.record(erika).list_legal_forms(pb::ListLegalFormsRequest {}).await;
    let [form, ..] = &listed.unwrap().into_inner().legal_forms[..] else { panic!("no forms") };
    for (text, code) in [(form.text.as_str(), form.code.as_str()), ("Sociedad Limitada", "")] {
        let request = pb::CreateOrganisationRequest {
            request_id: text.into(),
            name: "Muster".into(),
            legal_form: text.into(),
            ..Default::default()
        };
        let mut founder = office.person(erika, siegel_kernel::TrustLevel::Substantial);
        let made = founder.create_organisation(request).await.unwrap().into_inner();
        let id = made.organisation.unwrap().organisation_id;
        let all = fields(&office, erika, &id).await;
        let held = all.into_iter().find(|field| field.name() == N::LegalForm).unwrap();
        let expected = pb::CodedText { code: code.into(), text: text.into() };
        assert_eq!(held.value.unwrap().value, Some(pb::field_value::Value::Coded(expected)));
    }
}
