//! The legal form of an organisation, chosen by its text.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use siegel_grpc::AuthChannel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::field_value::Value;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;
use siegel_web::forms::{Button, Choice, Errors, Select};
use siegel_web::{CheckedForm, Problem};

use super::organisation_record as record;
use super::sections::{Section, SmallForm};
use super::words::{self, Ident};
use super::{Signed, trouble};

/// The form that declares it; `held` is what the record says now.
pub async fn section(
    who: &Signed,
    (id, channel): (&Ident, AuthChannel),
    held: Option<&pb::RecordField>,
    errors: &Errors,
) -> Result<Section, Response> {
    let t = who.texts();
    let forms = listed(who, channel).await?;
    let now = held.and_then(|field| field.value.as_ref()?.value.as_ref());
    let now = match now {
        Some(Value::Coded(coded)) => coded.code.as_str(),
        _ => "",
    };
    let none = Choice::new("", t.get("legal-form-choose"));
    let listed = forms.into_iter().map(|form| Choice::new(form.code, form.text));
    let choices: Vec<_> = std::iter::once(none).chain(listed).collect();
    let field = Select::new("legal_form", t.get("organisation-legal-form"), choices).selected(now);
    let send = Button::secondary(t.get("legal-form-save"));
    let form = SmallForm::new(format!("/organisation/{id}/record/legal-form"), send)
        .part(&field.error_in(errors).to_html());
    Ok(Section::new(t.get("legal-form-edit")).form(form))
}

/// The forms that the service knows, each with its code.
pub async fn listed(who: &Signed, channel: AuthChannel) -> Result<Vec<pb::CodedText>, Response> {
    let mut service = RecordServiceClient::new(channel);
    match service.list_legal_forms(pb::ListLegalFormsRequest {}).await {
        Ok(answer) => Ok(answer.into_inner().legal_forms),
        Err(status) => Err(who.refuse("organisation", &status)),
    }
}

#[derive(Deserialize)]
pub struct Chosen {
    /// Its code; the service knows the text.
    legal_form: String,
}

pub async fn save(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(chosen): CheckedForm<Chosen>,
) -> Result<Response, Response> {
    let t = who.texts();
    if chosen.legal_form.is_empty() {
        let mut errors = Errors::new();
        errors.add("legal_form", t.get("organisation-legal-form-missing"));
        return record::page(&who, &id, None, &errors).await;
    }
    let coded = pb::CodedText { code: chosen.legal_form, text: String::new() };
    let request = pb::SetFieldRequest {
        request_id: words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?,
        organisation_id: id.to_string(),
        name: pb::FieldName::LegalForm.into(),
        value: Some(pb::FieldValue { value: Some(Value::Coded(coded)) }),
    };
    let mut service = RecordServiceClient::new(who.channel("organisation").await?);
    match service.set_field(request).await {
        Ok(_) => Ok(record::again(Path(id)).await),
        Err(status) => Err(match trouble::needed_level(&status) {
            Some(needed) => {
                let way = format!("/organisation/{id}/record");
                trouble::step_up(&who, needed, &way, t.get("step-up-why-organisation"))
            }
            None => who.refuse("organisation", &status),
        }),
    }
}
