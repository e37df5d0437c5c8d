//! A claim proven by a log-in with the organisation's account elsewhere, as identity tells of it.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::common::v1::TrustLevel as Wire;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::claim_proof_service_client::ClaimProofServiceClient;
use siegel_proto::organisation::v1::field_value::Value;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use crate::claiming::{DAY, becomes, claimed, letter, level, state};
use crate::office::{Office, TABLES, founding, reason};
use crate::team::{address, at, text};

on_each_backend! { super::TABLES =>
    a_log_in_of_the_organisation_proves_its_claim_as_far_as_letter_and_cooling_period,
    what_it_said_stands_in_the_record_with_its_provider_and_the_two_levels_apart,
    a_log_in_of_another_organisation_proves_nothing,
    without_a_register_entry_name_and_address_must_both_be_the_records,
    an_answer_for_a_claim_of_another_account_is_for_no_claim,
    an_answer_proves_once,
    a_level_that_is_none_proves_nothing,
    who_left_the_organisation_proves_nothing_for_it,
    an_organisation_is_not_recovered_by_a_log_in,
    a_claim_that_was_made_for_a_log_in_says_so,
}

fn entry(number: &str) -> pb::FieldValue {
    let (kind, court) = ("HRB".to_owned(), "Amtsgericht Schwerin".to_owned());
    let entry = pb::RegisterEntry { kind, court, number: number.into(), place: String::new() };
    pb::FieldValue { value: Some(Value::Register(entry)) }
}

fn told(name: pb::FieldName, value: pb::FieldValue) -> pb::ToldField {
    pb::ToldField { name: name.into(), value: Some(value) }
}

/// What the provider says of the organisation, with this register number.
fn says(claim: &str, who: AccountId, number: &str) -> pb::ProveByUpstreamRequest {
    let form = pb::CodedText { code: "350".into(), text: "GmbH".into() };
    let activity = pb::CodedText { code: "711".into(), text: "Architekturbüros".into() };
    pb::ProveByUpstreamRequest {
        request_id: format!("log-in {claim} {number}"),
        claim_id: claim.into(),
        account_id: who.to_string(),
        provider: "muk".into(),
        fields: vec![
            told(pb::FieldName::Name, text("MUSTER GmbH")),
            told(pb::FieldName::LegalForm, pb::FieldValue { value: Some(Value::Coded(form)) }),
            told(pb::FieldName::Register, entry(number)),
            told(pb::FieldName::Address, at(address())),
            told(pb::FieldName::Activity, pb::FieldValue { value: Some(Value::Coded(activity)) }),
            told(pb::FieldName::IdentityType, text("not_natural_person")),
            told(pb::FieldName::DataSetType, text("tax_number")),
        ],
        identification_level: Wire::Substantial.into(),
        authentication_level: Wire::High.into(),
        acting_person: true,
    }
}

async fn proves(office: &Office, said: pb::ProveByUpstreamRequest) -> Result<pb::Claim, Status> {
    let mut identity = ClaimProofServiceClient::new(office.sibling("identity"));
    Ok(identity.prove_by_upstream(said).await?.into_inner().claim.unwrap())
}

async fn refused(office: &Office, said: pb::ProveByUpstreamRequest) -> String {
    let status = proves(office, said).await.unwrap_err();
    reason(&status).unwrap_or_else(|| panic!("without a reason: {status:?}"))
}

/// An organisation with an open claim of its owner.
async fn asked(office: &Office) -> (AccountId, String, String) {
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    (erika, org, claim)
}

async fn a_log_in_of_the_organisation_proves_its_claim_as_far_as_letter_and_cooling_period(db: Db) {
    let office = Office::open(db).await;
    let (erika, org, claim) = asked(&office).await;
    let proven = proves(&office, says(&claim, erika, "1234")).await.unwrap();
    assert_eq!(
        (proven.state(), proven.method()),
        (pb::ClaimState::Cooling, pb::ClaimMethod::Upstream)
    );
    assert!(proven.account_name.is_empty(), "that is for the letter");
    let before = level(&office, erika, &org).await;
    assert_eq!((before.identification_level, before.cooling), (1, true), "nothing counts yet");
    // The letter has the address that the provider said.
    letter(&office, &claim).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
}

async fn what_it_said_stands_in_the_record_with_its_provider_and_the_two_levels_apart(db: Db) {
    let office = Office::open(db).await;
    let (erika, org, claim) = asked(&office).await;
    proves(&office, says(&claim, erika, "1234")).await.unwrap();
    let (name, code) = letter(&office, &claim).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    let record = level(&office, erika, &org).await;
    assert_eq!(record.identification_level(), Wire::Substantial);
    assert_eq!(record.authentication_level(), Wire::High);
    for field in &record.fields {
        let is = (field.source(), field.provider.as_str(), field.level(), field.editable);
        assert_eq!(is, (pb::FieldSource::Upstream, "muk", Wire::Substantial, false), "{field:?}");
    }
    assert_eq!(record.fields.len(), 7);
    assert_eq!(record.fields[0].value, Some(text("MUSTER GmbH")), "as the provider writes it");
    let revoke = pb::RevokeClaimRequest { account_name: name, code };
    office.letter_holder().revoke_claim(revoke).await.unwrap();
    let left = "SELECT COUNT(*) FROM record_fields WHERE superseded_at_us IS NULL \
        AND (source <> 1 OR provider IS NOT NULL)";
    assert_eq!(office.count(left).await, 0, "undone, it is nobody's word but the claimant's");
}

async fn a_log_in_of_another_organisation_proves_nothing(db: Db) {
    let office = Office::open(db).await;
    let (erika, _, claim) = asked(&office).await;
    let mut nameless = says(&claim, erika, "1234");
    nameless.request_id = "only a name".into();
    nameless.fields.retain(|field| field.name() == pb::FieldName::Name);
    for other in [says(&claim, erika, "4321"), nameless] {
        assert_eq!(refused(&office, other).await, "UPSTREAM_OF_ANOTHER");
    }
    assert_eq!(state(&office, erika, &claim).await, pb::ClaimState::Asked);
    let written = "SELECT COUNT(*) FROM audit WHERE kind = 'organisation.claim.proven' \
        AND outcome = 'UPSTREAM_OF_ANOTHER'";
    assert_eq!(office.count(written).await, 2);
    proves(&office, says(&claim, erika, "1234")).await.unwrap();
}

async fn without_a_register_entry_name_and_address_must_both_be_the_records(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let mut request = founding("found", "Erika Muster Gartenbau");
    for entry in
        [&mut request.register_kind, &mut request.register_court, &mut request.register_number]
    {
        entry.clear();
    }
    let mut person = office.person(erika, siegel_kernel::TrustLevel::Substantial);
    let made = person.create_organisation(request).await.unwrap().into_inner();
    let org = made.organisation.unwrap().organisation_id;
    let declared = pb::SetFieldRequest {
        request_id: "address".into(),
        organisation_id: org.clone(),
        name: pb::FieldName::Address.into(),
        value: Some(at(address())),
    };
    office.record(erika).set_field(declared).await.unwrap();
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Upstream).await.claim_id;
    let said = |id: &str, name: &str, address| {
        let mut said = says(&claim, erika, "1");
        said.request_id = id.into();
        said.fields = vec![told(pb::FieldName::Name, text(name))];
        said.fields.extend(address);
        said
    };
    let here = || Some(told(pb::FieldName::Address, at(address())));
    let elsewhere = pb::OrganisationAddress { town: "Rostock".into(), ..address() };
    let elsewhere = Some(told(pb::FieldName::Address, at(elsewhere)));
    let own = "Erika Muster Gartenbau";
    assert_eq!(refused(&office, said("1", own, None)).await, "UPSTREAM_OF_ANOTHER");
    assert_eq!(refused(&office, said("2", own, elsewhere)).await, "UPSTREAM_OF_ANOTHER");
    assert_eq!(refused(&office, said("3", "Max Muster", here())).await, "UPSTREAM_OF_ANOTHER");
    let mut registered = said("4", own, here());
    registered.fields.push(told(pb::FieldName::Register, entry("1234")));
    assert_eq!(refused(&office, registered).await, "UPSTREAM_OF_ANOTHER", "it is in a register");
    let proven = proves(&office, said("5", "erika muster  gartenbau", here())).await.unwrap();
    assert_eq!(proven.state(), pb::ClaimState::Cooling);
}

async fn an_answer_for_a_claim_of_another_account_is_for_no_claim(db: Db) {
    let office = Office::open(db).await;
    let (erika, _, claim) = asked(&office).await;
    let eve = office.somebody();
    let anothers = proves(&office, says(&claim, eve, "1234")).await.unwrap_err();
    let missing = "clm_00000000000000000000000000000001";
    let none = proves(&office, says(missing, eve, "1234")).await.unwrap_err();
    let plain = |s: &Status| (s.code(), s.message().to_owned(), s.details().to_vec());
    assert_eq!(plain(&anothers), plain(&none));
    assert_eq!(reason(&none).as_deref(), Some("CLAIM_UNKNOWN"));
    assert_eq!(state(&office, erika, &claim).await, pb::ClaimState::Asked);
}

async fn an_answer_proves_once(db: Db) {
    let office = Office::open(db).await;
    let (erika, _, claim) = asked(&office).await;
    let said = says(&claim, erika, "1234");
    let first = proves(&office, said.clone()).await.unwrap();
    let code = office.code_of(&claim).await;
    assert_eq!(proves(&office, said.clone()).await.unwrap(), first, "a retry is told the same");
    assert_eq!(office.code_of(&claim).await, code, "and makes no other letter");
    let replayed = pb::ProveByUpstreamRequest { request_id: "another".into(), ..said.clone() };
    assert_eq!(refused(&office, replayed).await, "CLAIM_STATE");
    let bent = pb::ProveByUpstreamRequest { acting_person: false, ..said };
    assert_eq!(refused(&office, bent).await, "REQUEST_ID_REUSED");
}

async fn a_level_that_is_none_proves_nothing(db: Db) {
    let office = Office::open(db).await;
    let (erika, _, claim) = asked(&office).await;
    let said = says(&claim, erika, "1234");
    for none in [
        pb::ProveByUpstreamRequest { identification_level: 0, ..said.clone() },
        pb::ProveByUpstreamRequest { authentication_level: 9, ..said.clone() },
        pb::ProveByUpstreamRequest { provider: "MUK!".into(), ..said.clone() },
    ] {
        let status = proves(&office, none).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
    assert_eq!(state(&office, erika, &claim).await, pb::ClaimState::Asked);
}

async fn who_left_the_organisation_proves_nothing_for_it(db: Db) {
    let office = Office::open(db).await;
    let (erika, org, claim) = asked(&office).await;
    office.leave(&org, erika).await;
    assert_eq!(refused(&office, says(&claim, erika, "1234")).await, "ORGANISATION_UNKNOWN");
    assert_eq!(state(&office, erika, &claim).await, pb::ClaimState::Asked);
}

async fn an_organisation_is_not_recovered_by_a_log_in(db: Db) {
    let office = Office::open(db).await;
    let (erika, _, held) = asked(&office).await;
    proves(&office, says(&held, erika, "1234")).await.unwrap();
    letter(&office, &held).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &held, pb::ClaimState::Active).await;
    let (max, eve) = (office.somebody(), office.somebody());
    let recovery = |number: &str| pb::RequestRecoveryRequest {
        request_id: format!("recover {number}"),
        register: match entry(number).value {
            Some(Value::Register(entry)) => Some(entry),
            _ => None,
        },
        claimant_name: "Max Mustermann".into(),
    };
    let there = office.claims(max).request_recovery(recovery("1234")).await.unwrap();
    let none = office.claims(eve).request_recovery(recovery("99")).await.unwrap();
    let (there, none) = (there.into_inner().claim_id, none.into_inner().claim_id);
    assert_eq!(refused(&office, says(&there, max, "1234")).await, "CLAIM_STATE");
    assert_eq!(refused(&office, says(&none, eve, "99")).await, "CLAIM_STATE", "told alike");
}

async fn a_claim_that_was_made_for_a_log_in_says_so(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Upstream).await;
    assert_eq!((claim.method(), claim.state()), (pb::ClaimMethod::Upstream, pb::ClaimState::Asked));
    let said = says(&claim.claim_id, erika, "1234");
    let told = "SELECT COUNT(*) FROM audit WHERE kind = 'organisation.claim.proven' \
        AND detail LIKE '% upstream:muk acting-person' AND actor = 'service:identity'";
    proves(&office, said).await.unwrap();
    assert_eq!(office.count(told).await, 1);
}
