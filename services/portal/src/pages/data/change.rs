//! A new card that says something else: old and new side by side, and the decision.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_kernel::TrustLevel;
use siegel_proto::account::v1::{
    Attribute, ChangeDecision, DecideChangeRequest, GetPendingChangeRequest, PendingChange,
};
use siegel_web::forms::{Alert, Button, Link};
use siegel_web::{CheckedForm, CsrfField, Locale, Texts};

use super::{second, value};
use crate::pages::words::{self, Ident};
use crate::pages::{Signed, trouble};

#[derive(askama::Template)]
#[template(path = "change.html")]
struct Comparison {
    t: Texts,
    csrf: CsrfField,
    id: String,
    read: String,
    lines: Vec<Line>,
    update: Button,
    keep: Button,
    second: Button,
    later: Link,
}

struct Line {
    label: String,
    before: String,
    after: String,
    differs: bool,
}

/// What waits for this person, if anything does.
pub async fn waiting(who: &Signed) -> Result<Option<PendingChange>, Response> {
    let got = who.changes().await?.get_pending_change(GetPendingChangeRequest {}).await;
    Ok(got.map_err(|status| who.refuse("account", &status))?.into_inner().change)
}

pub async fn show(who: Signed) -> Result<Response, Response> {
    let Some(change) = waiting(&who).await? else {
        return Ok(Redirect::to("/account").into_response());
    };
    let (t, locale) = (who.texts(), who.view.locale);
    let said = |attribute: &Option<Attribute>| attribute.as_ref().map(|a| value(&t, locale, a));
    let none = || t.get("change-none");
    let lines = change.differences.iter().map(|d| Line {
        label: words::attribute(&t, &d.name),
        before: said(&d.before).unwrap_or_else(none),
        after: said(&d.after).unwrap_or_else(none),
        differs: d.differs,
    });
    let body = Comparison {
        csrf: who.view.csrf_field(),
        read: read_at(&t, locale, &change),
        lines: lines.collect(),
        update: Button::primary(t.get("change-update")).sends("decision", "update"),
        keep: Button::secondary(t.get("change-keep")).sends("decision", "keep"),
        second: Button::secondary(t.get("change-second")).sends("decision", "second"),
        later: Link::tertiary("/account", t.get("change-later")),
        id: change.change_id,
        t,
    };
    Ok(who.page(t.get("change")).lead(t.get("change-text")).back("/account").show(&body))
}

fn read_at(t: &Texts, locale: Locale, change: &PendingChange) -> String {
    let at = words::date_time(locale, change.proposed_at.as_ref());
    t.with("change-read", [("at", at.into())])
}

/// What the page of the account says about it.
pub fn notice(t: &Texts) -> Alert {
    Alert::warning(t.get("change-waits")).text(t.get("change-waits-text"))
}

#[derive(Deserialize)]
pub struct Decided {
    change: Ident,
    decision: Wish,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    Update,
    Keep,
    /// The card is for another account.
    Second,
}

pub async fn decide(
    who: Signed,
    CheckedForm(form): CheckedForm<Decided>,
) -> Result<Response, Response> {
    let (decision, word, next) = match form.decision {
        Wish::Update => (ChangeDecision::Update, "update", "/account"),
        Wish::Keep => (ChangeDecision::Keep, "keep", "/account"),
        Wish::Second => {
            second::take_card_off(&who, &form.change).await?;
            (ChangeDecision::Keep, "keep", second::HERE)
        }
    };
    let change_id = form.change.to_string();
    let request = DecideChangeRequest {
        request_id: words::form_request_id("change", &[&change_id, word]),
        change_id,
        decision: decision.into(),
    };
    match who.changes().await?.decide_change(request).await {
        Ok(_) => Ok(Redirect::to(next).into_response()),
        Err(status) => match siegel_grpc::reason(&status).as_deref() {
            Some("TRUST_TOO_LOW") => {
                let needed = trouble::needed_level(&status).unwrap_or(TrustLevel::Substantial);
                let why = who.texts().get("change-step-up");
                Err(trouble::step_up(&who, needed, "/account/change", why))
            }
            // Decided on another page, or another card was read since.
            Some("CHANGE_UNKNOWN") => Ok(Redirect::to("/account/change").into_response()),
            _ => Err(who.refuse("account", &status)),
        },
    }
}
