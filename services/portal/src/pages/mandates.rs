//! Mandates given and received, and the code by which one is accepted.

use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::organisation::v1::{
    AcceptMandateRequest, ListMandatesRequest, ListOrganisationsRequest, Mandate, MandateSide,
    RejectMandateRequest,
};
use siegel_web::forms::{Button, Errors, Hidden, Input, Link};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};
use tonic::Code;

use super::mandate_words::{party, state};
use super::postbox::Place;
use super::words::{self, Ident};
use super::{Signed, trouble};

/// Most mandates of each side on one page.
const MOST: i32 = 100;

#[derive(askama::Template)]
#[template(path = "mandates.html")]
struct List {
    t: Texts,
    csrf: CsrfField,
    query: String,
    form: Hidden,
    code: Input,
    accept: Button,
    reject: Button,
    given: Vec<Entry>,
    received: Vec<Entry>,
    new: Link,
    /// On the person's own page: those of the organisations they belong to.
    organisations: Vec<Link>,
}

struct Entry {
    id: String,
    who: String,
    package: String,
    state: String,
    until: String,
}

#[derive(Deserialize)]
pub struct Wish {
    organisation: Option<Ident>,
}

pub async fn list(who: Signed, Query(wish): Query<Wish>) -> Result<Response, Response> {
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let place = Place { organisation: wish.organisation, ..Place::default() };
    page(&who, &place, form, &Errors::new()).await
}

async fn page(
    who: &Signed,
    place: &Place,
    form: String,
    errors: &Errors,
) -> Result<Response, Response> {
    let given = side(who, place, MandateSide::Given).await?;
    let received = side(who, place, MandateSide::Received).await?;
    let organisations = if place.organisation.is_none() {
        let list = who.organisation().await?.list_organisations(ListOrganisationsRequest {}).await;
        list.map_err(|status| who.refuse("organisation", &status))?.into_inner().organisations
    } else {
        Vec::new()
    };
    let (t, locale) = (who.texts(), who.view.locale);
    let entry = |mandate: &Mandate, other: String| Entry {
        id: mandate.mandate_id.clone(),
        who: other,
        package: t.get(&format!("package-{}", mandate.package)),
        state: state(&t, mandate.state()),
        until: words::date_time(locale, super::mandate_words::ends(mandate)),
    };
    let body = List {
        csrf: who.view.csrf_field(),
        query: place.query(),
        form: Hidden::new("form", form),
        code: Input::text("code", t.get("mandate-code"))
            .hint(t.get("mandate-code-hint"))
            .max_length(40)
            .autocomplete("off")
            .error_in(errors),
        accept: Button::primary(t.get("mandate-accept")).sends("answer", "accept"),
        reject: Button::secondary(t.get("mandate-reject")).sends("answer", "reject"),
        given: given.iter().map(|m| entry(m, party(&t, m.to.as_ref()))).collect(),
        received: received.iter().map(|m| entry(m, party(&t, m.from.as_ref()))).collect(),
        new: Link::primary(format!("/account/mandates/new{}", place.query()), t.get("mandate-new")),
        organisations: (organisations.into_iter())
            .map(|o| {
                let way = format!("/account/mandates?organisation={}", o.organisation_id);
                Link::text(way, o.name)
            })
            .collect(),
        t,
    };
    let t = who.texts();
    let page = who.page(t.get("mandates")).lead(t.get("mandates-text")).errors(errors);
    Ok(page.back(back(place)).show(&body))
}

/// Where the list hangs.
fn back(place: &Place) -> String {
    match &place.organisation {
        Some(id) => format!("/organisation/{id}"),
        None => "/account".to_owned(),
    }
}

async fn side(who: &Signed, place: &Place, side: MandateSide) -> Result<Vec<Mandate>, Response> {
    let request = ListMandatesRequest {
        side: side.into(),
        organisation_id: place.id(),
        page_size: MOST,
        page_token: String::new(),
    };
    let found = who.mandates().await?.list_mandates(request).await;
    Ok(found.map_err(|status| who.refuse("organisation", &status))?.into_inner().mandates)
}

#[derive(Deserialize)]
pub struct Taking {
    form: String,
    code: String,
    answer: String,
}

/// Accepts or declines by a code.
pub async fn answer(
    who: Signed,
    Query(wish): Query<Wish>,
    CheckedForm(form): CheckedForm<Taking>,
) -> Result<Response, Response> {
    let place = Place { organisation: wish.organisation, ..Place::default() };
    let code = form.code.trim().to_owned();
    let request_id = words::form_request_id(&form.form, &[&code, &form.answer, &place.id()]);
    let mut service = who.mandates().await?;
    let organisation_id = place.id();
    let answered = if form.answer == "reject" {
        let request = RejectMandateRequest { request_id, code, organisation_id };
        service.reject_mandate(request).await.map(|_| None)
    } else {
        let request = AcceptMandateRequest { request_id, code, organisation_id };
        service.accept_mandate(request).await.map(|answer| answer.into_inner().mandate)
    };
    match answered {
        Ok(Some(mandate)) => {
            let way = format!("/account/mandates/{}{}", mandate.mandate_id, place.query());
            Ok(Redirect::to(&way).into_response())
        }
        Ok(None) => {
            Ok(Redirect::to(&format!("/account/mandates{}", place.query())).into_response())
        }
        Err(status) if status.code() == Code::NotFound => {
            let mut errors = Errors::new();
            errors.add("code", who.texts().get("mandate-code-unknown"));
            page(&who, &place, form.form, &errors).await
        }
        Err(status) => match trouble::needed_level(&status) {
            Some(needed) => {
                let way = format!("/account/mandates{}", place.query());
                let why = who.texts().get("step-up-why-mandate");
                Ok(trouble::step_up(&who, needed, &way, why))
            }
            None => Err(who.refuse("organisation", &status)),
        },
    }
}
