//! Data of an earlier account in a system that was closed: what would come, from where, at which
//! level, and the decision.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Redirect, Response};
use siegel_kernel::TrustLevel;
use siegel_proto::account::v1::{
    AcceptOfferRequest, DeclineOfferRequest, ListOffersRequest, Offer, OfferedAttribute,
};
use siegel_proto::convert;
use siegel_web::forms::{Alert, Button, Checkbox, Link};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts, format};

use super::{origin, value};
use crate::pages::words;
use crate::pages::{Signed, trouble, visitor};

const HERE: &str = "/account/offers";
/// Before the name of an attribute in the form.
const TAKE: &str = "take-";

#[derive(askama::Template)]
#[template(path = "offers.html")]
struct Offers {
    t: Texts,
    csrf: CsrfField,
    waiting: Vec<Shown>,
    done: Option<Alert>,
    back: Link,
}

/// One earlier account.
struct Shown {
    id: String,
    system: String,
    what: String,
    /// Why nothing can be taken over now.
    hindrance: Option<String>,
    raise: Option<Link>,
    boxes: Vec<String>,
    /// What stays as it is here.
    kept: Vec<String>,
    take: Option<Button>,
    decline: Button,
    decline_means: String,
}

/// What is offered to this person.
pub async fn waiting(who: &Signed) -> Result<Vec<Offer>, Response> {
    let got = who.offers().await?.list_offers(ListOffersRequest {}).await;
    Ok(got.map_err(|status| who.refuse("account", &status))?.into_inner().offers)
}

/// What the page of the account says about it.
pub fn notice(t: &Texts) -> Alert {
    Alert::info(t.get("offers-wait")).text(t.get("offers-wait-text"))
}

pub async fn show(who: Signed) -> Result<Response, Response> {
    page(&who, None).await
}

async fn page(who: &Signed, done: Option<Alert>) -> Result<Response, Response> {
    let t = who.texts();
    let offers = waiting(who).await?;
    let lead = if offers.is_empty() { "offers-none" } else { "offers-text" };
    let body = Offers {
        csrf: who.view.csrf_field(),
        waiting: offers.iter().map(|offer| shown(who, &t, offer)).collect(),
        done,
        back: Link::tertiary("/account", t.get("offers-later")),
        t,
    };
    let t = who.texts();
    Ok(who.page(t.get("offers")).lead(t.get(lead)).back("/account").show(&body))
}

fn shown(who: &Signed, t: &Texts, offer: &Offer) -> Shown {
    let locale = who.view.locale;
    let needed = convert::level(offer.needed_level).unwrap_or(TrustLevel::High);
    let low = who.session.level < needed;
    let hindrance = if low {
        let level = format::level(locale, needed).into();
        Some(t.with("offer-too-low", [("level", level)]))
    } else {
        offer.somebody_else.then(|| t.get("offer-somebody-else"))
    };
    let until = words::date_time(locale, offer.valid_until.as_ref());
    let (comes, stays): (Vec<_>, Vec<_>) = offer.attributes.iter().partition(|a| a.comes);
    let box_of = |a: &OfferedAttribute| tick(who, t, &offer.offer_id, a);
    let kept = |a: &OfferedAttribute| a.new.as_ref().map(|new| words::attribute(t, &new.name));
    Shown {
        id: offer.offer_id.clone(),
        system: offer.system.clone(),
        what: t.with("offer-until", [("at", until.into()), ("who", offer.tenant.as_str().into())]),
        raise: low.then(|| visitor::raise(needed, HERE, t.get("offer-raise"))),
        boxes: comes.into_iter().filter_map(box_of).collect(),
        kept: stays.into_iter().filter_map(kept).collect(),
        take: hindrance
            .is_none()
            .then(|| Button::primary(t.get("offer-take")).sends("decision", "take")),
        decline: Button::secondary(t.get("offer-decline")).sends("decision", "decline"),
        decline_means: t.get(if low { "offer-decline-hides" } else { "offer-decline-ends" }),
        hindrance,
    }
}

/// The box of one attribute: what comes, from where, at which level, and what is there today.
fn tick(who: &Signed, t: &Texts, offer: &str, line: &OfferedAttribute) -> Option<String> {
    let (new, locale) = (line.new.as_ref()?, who.view.locale);
    let name = words::attribute(t, &new.name);
    let label = format!("{name}: {}", value(t, locale, new));
    let level = match convert::level(new.level) {
        Some(level) => format::level(locale, level),
        None => t.get("offer-level-unknown"),
    };
    let args = [("source", origin(t, new).into()), ("level", level.into())];
    let mut hint = t.with("offer-from", args);
    if let Some(today) = &line.today {
        let today = value(t, locale, today);
        hint = format!("{hint} {}", t.with("offer-today", [("value", today.into())]));
    }
    let field = format!("{TAKE}{}", new.name);
    let id = format!("{offer}-{}", new.name);
    Some(Checkbox::new(field, label).id(id).hint(hint).value("1").checked(true).to_html())
}

pub async fn decide(
    who: Signed,
    CheckedForm(sent): CheckedForm<BTreeMap<String, String>>,
) -> Result<Response, Response> {
    let field = |name: &str| sent.get(name).map(String::as_str).unwrap_or_default();
    let offer_id = field("offer").to_owned();
    let names = sent.keys().filter_map(|key| key.strip_prefix(TAKE));
    let attributes: Vec<String> = names.map(str::to_owned).collect();
    let mut parts = vec![offer_id.as_str(), field("decision")];
    parts.extend(attributes.iter().map(String::as_str));
    let request_id = words::form_request_id("offer", &parts);
    let mut service = who.offers().await?;
    let (done, said) = match field("decision") {
        "take" => {
            let request = AcceptOfferRequest { request_id, offer_id: offer_id.clone(), attributes };
            (service.accept_offer(request).await.map(drop), "offer-taken")
        }
        "decline" => {
            let request = DeclineOfferRequest { request_id, offer_id: offer_id.clone() };
            (service.decline_offer(request).await.map(drop), "offer-declined")
        }
        _ => return Err(who.problem(Problem::Invalid)),
    };
    match done {
        Ok(()) => page(&who, Some(Alert::success(who.texts().get(said)))).await,
        Err(status) => match siegel_grpc::reason(&status).as_deref() {
            Some("TRUST_TOO_LOW") => {
                let needed = trouble::needed_level(&status).unwrap_or(TrustLevel::Substantial);
                Err(trouble::step_up(&who, needed, HERE, who.texts().get("offer-step-up")))
            }
            // Decided on another page, or it ran out since.
            Some("OFFER_UNKNOWN") => Ok(Redirect::to(HERE).into_response()),
            _ => Err(who.refuse("account", &status)),
        },
    }
}
