//! What is known of an organisation, from whom; declaring an address; claiming it. Its legal form:
//! [`super::legal_form`].

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_grpc::AuthChannel;
use siegel_proto::convert;
use siegel_proto::identity::v1::ListClaimProvidersRequest;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::claim_service_client::ClaimServiceClient;
use siegel_proto::organisation::v1::field_value::Value;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;
use siegel_web::forms::{Button, DescriptionList, Errors, Input, Item, Link};
use siegel_web::{CheckedForm, Problem, Texts};
use tonic::{Code, Status};

use super::sections::{Section, Sections, SmallForm};
use super::words::{self, Ident};
use super::{Signed, legal_form, trouble};

fn claims(channel: AuthChannel) -> ClaimServiceClient<AuthChannel> {
    ClaimServiceClient::new(channel)
}

pub async fn show(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    page(&who, &id, None, &Errors::new()).await
}

/// The whole page: what is known, and what can be done about it.
pub async fn page(
    who: &Signed,
    id: &Ident,
    typed: Option<&Typed>,
    errors: &Errors,
) -> Result<Response, Response> {
    let refuse = |status: Status| who.refuse("organisation", &status);
    let channel = who.channel("organisation").await?;
    let request = pb::GetRecordRequest { organisation_id: id.to_string() };
    let record = RecordServiceClient::new(channel.clone()).get_record(request).await;
    let record = record.map_err(refuse)?.into_inner();
    let own = claims(channel.clone()).list_own_claims(pb::ListOwnClaimsRequest {}).await;
    let own = own.map_err(refuse)?.into_inner().claims;
    let (t, locale) = (who.texts(), who.view.locale);
    let items = record.fields.iter().map(|field| {
        let item = Item::new(name(&t, field.name()), value(&t, field));
        let item = item.source(source(&t, field));
        match convert::level(field.level) {
            Some(level) => item.level(level),
            None => item,
        }
    });
    let facts = DescriptionList::new(locale, items);
    let mut sections = vec![Section::default().facts(&facts)];
    let manages = record.role == i32::from(pb::Role::Owner)
        || record.role == i32::from(pb::Role::Administrator);
    let form = record.fields.iter().find(|f| f.name() == pb::FieldName::LegalForm);
    if manages && form.is_none_or(|field| field.editable) {
        sections.push(legal_form::section(who, (id, channel), form, errors).await?);
    }
    let held = record.fields.iter().find(|f| f.name() == pb::FieldName::Address);
    if manages && held.is_none_or(|field| field.editable) {
        let now = held.and_then(address_of).unwrap_or_default();
        sections.push(address(who, id, &typed.cloned().unwrap_or(now), errors));
    }
    let claim = own.iter().find(|c| c.organisation_id == id.to_string() && c.state <= 4);
    sections.push(match claim {
        Some(claim) if claim.state() == pb::ClaimState::Asked => {
            proving(who, claim, standing(who, claim)).await?
        }
        Some(claim) => standing(who, claim),
        None if record.role == i32::from(pb::Role::Owner) => claiming(who, id)?,
        None => Section::default(),
    });
    let body = Sections { csrf: who.view.csrf_field(), sections };
    let page = who.page(t.get("record")).lead(t.get("record-text"));
    Ok(page.back(format!("/organisation/{id}")).errors(errors).show(&body))
}

fn name(t: &Texts, name: pb::FieldName) -> String {
    t.get(match name {
        pb::FieldName::Unspecified | pb::FieldName::Name => "organisation-name",
        pb::FieldName::LegalForm => "organisation-legal-form",
        pb::FieldName::Register => "organisation-register",
        pb::FieldName::Address => "record-address",
        pb::FieldName::Activity => "record-activity",
        pb::FieldName::Euid => "record-euid",
        pb::FieldName::Lei => "record-lei",
        pb::FieldName::VatId => "record-vat-id",
        pb::FieldName::EconomicId => "record-economic-id",
        pb::FieldName::IdentityType => "record-identity-type",
        pb::FieldName::DataSetType => "record-data-set-type",
    })
}

fn source(t: &Texts, field: &pb::RecordField) -> String {
    if !field.provider.is_empty() {
        return t.with("source-upstream-of", [("provider", field.provider.as_str().into())]);
    }
    t.get(match field.source() {
        pb::FieldSource::Unspecified | pb::FieldSource::SelfDeclared => "source-self",
        pb::FieldSource::Register => "source-register",
        pb::FieldSource::Certificate => "source-organisation-certificate",
        pb::FieldSource::Upstream => "source-upstream",
        pb::FieldSource::Operator => "source-operator",
    })
}

/// Of a short list of words, each with a text of its own.
fn is_word(name: pb::FieldName) -> bool {
    matches!(name, pb::FieldName::IdentityType | pb::FieldName::DataSetType)
}

fn value(t: &Texts, field: &pb::RecordField) -> String {
    let join = |parts: &[&str]| {
        let parts = parts.iter().filter(|part| !part.trim().is_empty());
        parts.map(|part| part.trim()).collect::<Vec<_>>().join(", ")
    };
    match field.value.as_ref().and_then(|v| v.value.as_ref()) {
        None => String::new(),
        Some(Value::Text(word)) if is_word(field.name()) => {
            t.get(&format!("record-is-{}", word.replace('_', "-")))
        }
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Coded(coded)) => join(&[&coded.text, &coded.code]),
        Some(Value::Register(r)) => {
            join(&[&format!("{} {}", r.kind, r.number), &r.court, &r.place])
        }
        Some(Value::Address(a)) => join(&[
            &a.addition,
            &format!("{} {}", a.street, a.house_number),
            &format!("{} {}", a.postal_code, a.town),
            &a.district,
            &a.country,
        ]),
    }
}

#[derive(Clone, Default, Deserialize)]
pub struct Typed {
    street: String,
    house_number: String,
    postal_code: String,
    town: String,
    addition: String,
    country: String,
}

fn address_of(field: &pb::RecordField) -> Option<Typed> {
    let Some(Value::Address(a)) = field.value.clone()?.value else { return None };
    Some(Typed {
        street: a.street,
        house_number: a.house_number,
        postal_code: a.postal_code,
        town: a.town,
        addition: a.addition,
        country: a.country,
    })
}

fn address(who: &Signed, id: &Ident, typed: &Typed, errors: &Errors) -> Section {
    let (t, locale) = (who.texts(), who.view.locale);
    let field = |name: &'static str, key: &str, value: &str, longest: u32| {
        Input::text(name, t.get(key)).value(value).max_length(longest).error_in(errors)
    };
    let country = if typed.country.is_empty() { "DE" } else { &typed.country };
    let send = Button::secondary(t.get("save"));
    let form = SmallForm::new(format!("/organisation/{id}/record"), send)
        .part(
            &field("addition", "record-addition", &typed.addition, 100).optional(locale).to_html(),
        )
        .part(&field("street", "record-street", &typed.street, 100).to_html())
        .part(&field("house_number", "record-house-number", &typed.house_number, 20).to_html())
        .part(&field("postal_code", "record-postal-code", &typed.postal_code, 12).to_html())
        .part(&field("town", "record-town", &typed.town, 100).to_html())
        .part(
            &field("country", "record-country", country, 2).hint(t.get("hint-country")).to_html(),
        );
    Section::new(t.get("record-address-edit")).form(form)
}

pub async fn save(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(typed): CheckedForm<Typed>,
) -> Result<Response, Response> {
    let trimmed = |text: &str| text.trim().to_owned();
    let address = pb::OrganisationAddress {
        country: trimmed(&typed.country).to_uppercase(),
        street: trimmed(&typed.street),
        house_number: trimmed(&typed.house_number),
        postal_code: trimmed(&typed.postal_code),
        town: trimmed(&typed.town),
        district: String::new(),
        addition: trimmed(&typed.addition),
    };
    let request = pb::SetFieldRequest {
        request_id: words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?,
        organisation_id: id.to_string(),
        name: pb::FieldName::Address.into(),
        value: Some(pb::FieldValue { value: Some(Value::Address(address)) }),
    };
    let mut service = RecordServiceClient::new(who.channel("organisation").await?);
    match service.set_field(request).await {
        Ok(_) => Ok(again(Path(id)).await),
        Err(status) if status.code() == Code::InvalidArgument => {
            let mut errors = Errors::new();
            errors.add_general(who.texts().get("record-address-invalid"));
            page(&who, &id, Some(&typed), &errors).await
        }
        Err(status) => Err(who.refuse("organisation", &status)),
    }
}

/// An address of a form that was reloaded.
pub async fn again(Path(id): Path<Ident>) -> Response {
    Redirect::to(&format!("/organisation/{id}/record")).into_response()
}

fn standing(who: &Signed, claim: &pb::Claim) -> Section {
    let (t, locale) = (who.texts(), who.view.locale);
    let section = Section::new(t.get("claim-title")).text(match claim.state() {
        pb::ClaimState::Waiting => t.get("claim-waiting"),
        pb::ClaimState::Cooling if claim.cooling_until.is_none() => t.get("claim-letter"),
        pb::ClaimState::Cooling => {
            let until = words::date_time(locale, claim.cooling_until.as_ref());
            t.with("claim-cooling", [("until", until.into())])
        }
        pb::ClaimState::Active => t.get("claim-active"),
        _ => t.get("claim-asked"),
    });
    if claim.rivals > 0 { section.text(t.get("claim-rivals")) } else { section }
}

/// A claim that is still to be proven, with a way to each provider that can prove it.
async fn proving(who: &Signed, claim: &pb::Claim, section: Section) -> Result<Section, Response> {
    let request = ListClaimProvidersRequest {};
    let providers = match who.identity().await?.list_claim_providers(request).await {
        Ok(answer) => answer.into_inner().providers,
        Err(status) => return Err(who.refuse("identity", &status)),
    };
    let t = who.texts();
    if providers.is_empty() {
        return Ok(section);
    }
    let section = section.text(t.get("claim-elsewhere"));
    Ok(providers.into_iter().fold(section, |section, provider| {
        let id = &claim.claim_id;
        let target = format!("/login/upstream/{}/claim?claim={id}", provider.provider_id);
        let text = t.with("claim-with", [("name", provider.name.as_str().into())]);
        section.link(Link::secondary(target, text))
    }))
}

fn claiming(who: &Signed, id: &Ident) -> Result<Section, Response> {
    let t = who.texts();
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let name = Input::text("name", t.get("claim-name")).hint(t.get("claim-name-hint"));
    let send = Button::primary(t.get("claim-send"));
    let form = SmallForm::new(format!("/organisation/{id}/claim"), send)
        .hidden("form", form)
        .part(&name.max_length(200).autocomplete("name").to_html());
    Ok(Section::new(t.get("claim-title")).text(t.get("claim-text")).form(form))
}

#[derive(Deserialize)]
pub struct Claiming {
    form: String,
    name: String,
}

pub async fn claim(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(typed): CheckedForm<Claiming>,
) -> Result<Response, Response> {
    let name = typed.name.trim();
    let request = pb::ClaimOrganisationRequest {
        request_id: words::form_request_id(&typed.form, &[&id.to_string(), name]),
        organisation_id: id.to_string(),
        method: pb::ClaimMethod::Operator.into(),
        claimant_name: name.to_owned(),
    };
    let t = who.texts();
    let mut errors = Errors::new();
    match claims(who.channel("organisation").await?).claim_organisation(request).await {
        Ok(_) => return Ok(again(Path(id)).await),
        Err(status) => match siegel_grpc::reason(&status).as_deref() {
            Some("RECORD_INCOMPLETE") => errors.add_general(t.get("claim-incomplete")),
            Some("INVALID_FIELD") => errors.add_general(t.get("claim-name-missing")),
            _ => {
                let target = format!("/organisation/{id}/record");
                let why = t.get("step-up-why-organisation");
                return match trouble::needed_level(&status) {
                    Some(needed) => Ok(trouble::step_up(&who, needed, &target, why)),
                    None => Err(who.refuse("organisation", &status)),
                };
            }
        },
    }
    page(&who, &id, None, &errors).await
}
