use siegel_db::Db;
use siegel_grpc::fact;
use siegel_kernel::TrustLevel;
use siegel_proto::organisation::v1::{
    CreateOrganisationRequest, GetOrganisationRequest, ListOrganisationsRequest, Role,
};
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{Office, TABLES, founding, reason};

on_each_backend! { super::TABLES =>
    the_founder_becomes_owner_and_sees_the_organisation,
    below_substantial_nobody_founds_and_the_refusal_is_audited,
    an_organisation_of_others_does_not_exist_for_a_stranger,
    the_same_request_founds_once,
    the_same_request_id_for_another_organisation_is_refused,
    malformed_organisations_are_refused_and_nothing_is_stored,
    an_organisation_without_register_entry_is_an_organisation,
    the_founding_is_audited_without_naming_the_founder,
}

async fn the_founder_becomes_owner_and_sees_the_organisation(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let made = office.founded(erika, "Muster GmbH").await;
    assert_eq!(made.role(), Role::Owner);
    assert_eq!(made.identification_level, 1, "nothing about the organisation is proven");
    let mut person = office.person(erika, TrustLevel::Basic);
    let listed = person.list_organisations(ListOrganisationsRequest {}).await.unwrap();
    assert_eq!(listed.into_inner().organisations, std::slice::from_ref(&made));
    let request = GetOrganisationRequest { organisation_id: made.organisation_id.clone() };
    let found = person.get_organisation(request).await.unwrap().into_inner();
    assert_eq!(found.organisation, Some(made));
}

async fn below_substantial_nobody_founds_and_the_refusal_is_audited(db: Db) {
    let office = Office::open(db).await;
    let mut person = office.person(office.somebody(), TrustLevel::Low);
    let status = person.create_organisation(founding("1", "Muster GmbH")).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
    assert_eq!(fact(&status, "needed").as_deref(), Some("substantial"));
    assert_eq!(office.count("SELECT COUNT(*) FROM organisations").await, 0);
    let refused = "SELECT COUNT(*) FROM audit WHERE outcome = 'TRUST_TOO_LOW'";
    assert_eq!(office.count(refused).await, 1);
}

async fn an_organisation_of_others_does_not_exist_for_a_stranger(db: Db) {
    let office = Office::open(db).await;
    let made = office.founded(office.somebody(), "Muster GmbH").await;
    let mut stranger = office.person(office.somebody(), TrustLevel::High);
    for organisation_id in [made.organisation_id, "org_nonsense".into()] {
        let request = GetOrganisationRequest { organisation_id };
        let status = stranger.get_organisation(request).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
    }
    let listed = stranger.list_organisations(ListOrganisationsRequest {}).await.unwrap();
    assert!(listed.into_inner().organisations.is_empty());
}

async fn the_same_request_founds_once(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let first = office.founded(erika, "Muster GmbH").await;
    let again = office.founded(erika, "Muster GmbH").await;
    assert_eq!(first, again);
    assert_eq!(office.count("SELECT COUNT(*) FROM organisations").await, 1);
}

async fn the_same_request_id_for_another_organisation_is_refused(db: Db) {
    let office = Office::open(db).await;
    let mut person = office.person(office.somebody(), TrustLevel::High);
    person.create_organisation(founding("1", "Muster GmbH")).await.unwrap();
    let status = person.create_organisation(founding("1", "Andere GmbH")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn malformed_organisations_are_refused_and_nothing_is_stored(db: Db) {
    let office = Office::open(db).await;
    let mut person = office.person(office.somebody(), TrustLevel::High);
    let good = || founding("1", "Muster GmbH");
    let bad = [
        CreateOrganisationRequest { name: "x".repeat(256), ..good() },
        CreateOrganisationRequest { register_kind: "HRC".into(), ..good() },
        CreateOrganisationRequest { register_number: "123456789012".into(), ..good() },
        CreateOrganisationRequest { register_court: String::new(), ..good() },
        CreateOrganisationRequest { request_id: String::new(), ..good() },
    ];
    for request in bad {
        let status = person.create_organisation(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM organisations").await, 0);
    assert_eq!(office.count("SELECT COUNT(*) FROM requests").await, 0);
}

async fn an_organisation_without_register_entry_is_an_organisation(db: Db) {
    let office = Office::open(db).await;
    let mut person = office.person(office.somebody(), TrustLevel::High);
    let mut request = founding("1", "Sportfreunde");
    request.register_kind.clear();
    request.register_court.clear();
    request.register_number.clear();
    let made = person.create_organisation(request).await.unwrap().into_inner();
    assert_eq!(made.organisation.unwrap().register_kind, "");
}

async fn the_founding_is_audited_without_naming_the_founder(db: Db) {
    let office = Office::open(db).await;
    office.founded(office.somebody(), "Muster GmbH").await;
    let line = "SELECT COUNT(*) FROM audit WHERE kind = 'organisation.organisation.created' \
        AND outcome = 'done' AND actor LIKE 'person:aud_%' AND subject LIKE 'org_%' AND level = 3";
    assert_eq!(office.count(line).await, 1);
    let named = "SELECT COUNT(*) FROM audit WHERE detail LIKE '%acc_%' OR detail LIKE '%Muster%'";
    assert_eq!(office.count(named).await, 0);
}
