//! One mandate: what it says, what was done by it, its review and its end.

use std::time::Duration;

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::convert;
use siegel_proto::organisation::v1::{
    GetMandateRequest, ListUsesRequest, Mandate, MandateUse, ReviewMandateRequest,
    RevokeMandateRequest,
};
use siegel_web::forms::{Button, DescriptionList, Hidden, Item, LevelBadge};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::mandate_words::{self as say, party};
use super::postbox::Place;
use super::words::{self, Ident};
use super::{Signed, trouble};

/// Most uses on the page.
const USES: i32 = 100;
/// How long a review lasts.
const YEAR: Duration = Duration::from_hours(24 * 365);

#[derive(askama::Template)]
#[template(path = "mandate.html")]
struct One {
    t: Texts,
    csrf: CsrfField,
    id: String,
    query: String,
    form: Hidden,
    facts: DescriptionList,
    may_revoke: bool,
    may_review: bool,
    revoke: Button,
    review: Button,
    uses: Vec<Done>,
}

struct Done {
    at: String,
    what: String,
    actor: String,
}

#[derive(Deserialize)]
pub struct Wish {
    organisation: Option<Ident>,
}

pub async fn show(
    who: Signed,
    Path(id): Path<Ident>,
    Query(wish): Query<Wish>,
) -> Result<Response, Response> {
    let place = Place { organisation: wish.organisation, ..Place::default() };
    let mut service = who.mandates().await?;
    let refuse = |status: tonic::Status| who.refuse("organisation", &status);
    let request = GetMandateRequest { mandate_id: id.to_string() };
    let found = service.get_mandate(request).await.map_err(refuse)?.into_inner();
    let mandate = found.mandate.ok_or_else(|| who.problem(Problem::NotFound))?;
    let request =
        ListUsesRequest { mandate_id: id.to_string(), page_size: USES, page_token: String::new() };
    let uses = service.list_uses(request).await.map_err(refuse)?.into_inner().uses;
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let t = who.texts();
    let body = One {
        csrf: who.view.csrf_field(),
        id: id.to_string(),
        query: place.query(),
        form: Hidden::new("form", form),
        facts: facts(&who, &t, &mandate),
        may_revoke: found.may_revoke,
        may_review: found.may_review,
        revoke: Button::secondary(t.get("mandate-revoke")),
        review: Button::secondary(t.get("mandate-review")),
        uses: uses.iter().map(|one| done(&who, &t, one)).collect(),
        t,
    };
    let back = format!("/account/mandates{}", place.query());
    let title = who.texts().get(&format!("package-{}", mandate.package));
    Ok(who.page(title).back(back).show(&body))
}

fn facts(who: &Signed, t: &Texts, mandate: &Mandate) -> DescriptionList {
    let locale = who.view.locale;
    let time = |at| words::date_time(locale, at);
    let mut items = vec![
        Item::new(t.get("mandate-from"), party(t, mandate.from.as_ref())),
        Item::new(t.get("mandate-to"), party(t, mandate.to.as_ref())),
        Item::new(t.get("mandate-state"), say::state(t, mandate.state())),
    ];
    if mandate.read_only {
        items.push(Item::new(t.get("mandate-limit"), t.get("mandate-read-only")));
    }
    let scope = mandate.scope.clone().unwrap_or_default();
    items.push(Item::new(t.get("mandate-scope"), say::scope(t, &scope)));
    if let Some(level) = convert::level(mandate.level) {
        items.push(Item::html(t.get("mandate-level"), LevelBadge::new(level, locale).to_html()));
    }
    items.push(Item::new(t.get("mandate-pass"), say::redelegation(t, mandate.redelegation())));
    items.push(Item::new(t.get("mandate-begins"), time(mandate.valid_from.as_ref())));
    for (key, at) in [
        ("mandate-until", mandate.valid_until.as_ref()),
        ("mandate-review-at", mandate.review_at.as_ref()),
        ("mandate-accepted", mandate.accepted_at.as_ref()),
        ("mandate-ended", mandate.ended_at.as_ref()),
    ] {
        if at.is_some() {
            items.push(Item::new(t.get(key), time(at)));
        }
    }
    DescriptionList::new(locale, items)
}

fn done(who: &Signed, t: &Texts, one: &MandateUse) -> Done {
    let about = one.about.clone().unwrap_or_default();
    Done {
        at: words::date_time(who.view.locale, one.used_at.as_ref()),
        what: format!("{} ({})", say::action(t, one.action()), say::scope(t, &about)),
        actor: one.actor.clone(),
    }
}

#[derive(Deserialize)]
pub struct Order {
    form: String,
}

/// Ends the mandate.
pub async fn end(
    who: Signed,
    Path(id): Path<Ident>,
    Query(wish): Query<Wish>,
    CheckedForm(order): CheckedForm<Order>,
) -> Result<Response, Response> {
    let request_id = words::form_request_id(&order.form, &["end", &id.to_string()]);
    let request = RevokeMandateRequest { request_id, mandate_id: id.to_string() };
    let ended = who.mandates().await?.revoke_mandate(request).await;
    ended.map_err(|status| who.refuse("organisation", &status))?;
    Ok(here(&id, wish))
}

/// Lets the mandate count for another year, until it is looked at again.
pub async fn review(
    who: Signed,
    Path(id): Path<Ident>,
    Query(wish): Query<Wish>,
    CheckedForm(order): CheckedForm<Order>,
) -> Result<Response, Response> {
    let at = who.app.outside.clock.now().plus(YEAR);
    let request = ReviewMandateRequest {
        request_id: words::form_request_id(&order.form, &["review", &id.to_string()]),
        mandate_id: id.to_string(),
        valid_until: None,
        review_at: Some(convert::timestamp(at)),
    };
    match who.mandates().await?.review_mandate(request).await {
        Ok(_) => Ok(here(&id, wish)),
        Err(status) => match trouble::needed_level(&status) {
            Some(needed) => {
                let why = who.texts().get("step-up-why-mandate");
                Ok(trouble::step_up(&who, needed, &format!("/account/mandates/{id}"), why))
            }
            None => Err(who.refuse("organisation", &status)),
        },
    }
}

/// The address of a form, asked for again by hand.
pub async fn again(Path(id): Path<Ident>, Query(wish): Query<Wish>) -> Response {
    here(&id, wish)
}

fn here(id: &Ident, wish: Wish) -> Response {
    let place = Place { organisation: wish.organisation, ..Place::default() };
    Redirect::to(&format!("/account/mandates/{id}{}", place.query())).into_response()
}
