//! Taking an invitation: the code, what it offers, yes.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_web::forms::{Button, DescriptionList, Errors, Input, Item, LevelBadge, Link};
use siegel_web::{CheckedForm, Problem};
use tonic::Status;

use super::sections::{Section, Sections, SmallForm};
use super::{Signed, trouble, words};

pub const PAGE: &str = "/organisation/invitation";

pub async fn form(who: Signed) -> Response {
    ask(&who, &Errors::new())
}

fn ask(who: &Signed, errors: &Errors) -> Response {
    let t = who.texts();
    let code = Input::text("code", t.get("invitation-code")).hint(t.get("invitation-code-hint"));
    let code = code.max_length(40).error_in(errors).focus();
    let form = SmallForm::new(PAGE.to_owned(), Button::primary(t.get("invitation-look")));
    let section = Section::default().form(form.part(&code.to_html()));
    let body = Sections { csrf: who.view.csrf_field(), sections: vec![section] };
    let page = who.page(t.get("invitation")).lead(t.get("invitation-text"));
    page.back("/organisation").narrow().errors(errors).show(&body)
}

#[derive(Deserialize)]
pub struct Typed {
    code: String,
    /// Set by the button of the second step.
    #[serde(default)]
    accept: String,
    #[serde(default)]
    form: String,
}

pub async fn send(
    who: Signed,
    CheckedForm(typed): CheckedForm<Typed>,
) -> Result<Response, Response> {
    let mut service = MemberServiceClient::new(who.channel("organisation").await?);
    if typed.accept.is_empty() {
        let asked = pb::PreviewInvitationRequest { code: typed.code.clone() };
        return match service.preview_invitation(asked).await {
            Ok(offer) => offered(&who, &typed.code, &offer.into_inner()),
            Err(status) => Err(refused(&who, &status)),
        };
    }
    let request = pb::AcceptInvitationRequest {
        request_id: words::form_request_id(&typed.form, &[&typed.code]),
        code: typed.code,
    };
    match service.accept_invitation(request).await {
        Ok(joined) => {
            let id = joined.into_inner().organisation_id;
            Ok(Redirect::to(&format!("/organisation/{id}")).into_response())
        }
        Err(status) => Err(refused(&who, &status)),
    }
}

fn offered(
    who: &Signed,
    code: &str,
    offer: &pb::PreviewInvitationResponse,
) -> Result<Response, Response> {
    let (t, locale) = (who.texts(), who.view.locale);
    let id = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let mut items = vec![
        Item::new(t.get("organisation-name"), offer.organisation_name.clone()),
        Item::new(t.get("organisation-role"), words::role(&t, offer.role())),
        Item::new(t.get("invitation-for"), offer.name.clone()),
        Item::new(t.get("invite-until"), words::date_time(locale, offer.expires_at.as_ref())),
    ];
    if let Some(level) = convert::level(offer.minimum_level) {
        let badge = LevelBadge::new(level, locale).to_html();
        items.push(Item::html(t.get("invite-level"), badge));
    }
    let accept = Button::primary(t.get("invitation-accept")).sends("accept", "yes");
    let form = SmallForm::new(PAGE.to_owned(), accept).hidden("code", code).hidden("form", id);
    let section = Section::default()
        .facts(&DescriptionList::new(locale, items))
        .form(form)
        .link(Link::secondary("/organisation", t.get("cancel")));
    let body = Sections { csrf: who.view.csrf_field(), sections: vec![section] };
    let page = who.page(t.get("invitation-offer")).lead(t.get("invitation-offer-text"));
    Ok(page.back(PAGE).narrow().show(&body))
}

fn refused(who: &Signed, status: &Status) -> Response {
    let t = who.texts();
    if let Some(needed) = trouble::needed_level(status) {
        return trouble::step_up(who, needed, PAGE, t.get("step-up-why-invitation"));
    }
    let key = match siegel_grpc::reason(status).as_deref() {
        Some("INVITATION_UNKNOWN") => t.get("invitation-unknown"),
        Some("TOO_MANY_ATTEMPTS") => t.get("invitation-too-often"),
        Some("ALREADY_MEMBER") => t.get("invitation-already"),
        Some("CLAIM_COOLING") => t.get("member-cooling"),
        _ => return who.refuse("organisation", status),
    };
    let mut errors = Errors::new();
    errors.add("code", key);
    ask(who, &errors)
}
