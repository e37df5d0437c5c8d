//! Standing consents, and taking them back.

use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::account::v1::{
    ListConsentsRequest, ListPastConsentsRequest, WithdrawConsentRequest,
};
use siegel_web::forms::Alert;
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::{Signed, words};

#[derive(askama::Template)]
#[template(path = "consents.html")]
struct Consents {
    t: Texts,
    current: &'static str,
    csrf: CsrfField,
    entries: Vec<Consent>,
    ended: Vec<Ended>,
}

/// One that stands no more.
struct Ended {
    id: String,
    client: String,
    how: String,
}

#[derive(Default, Deserialize)]
pub struct At {
    /// Comes from the form: what it did is said.
    #[serde(default)]
    withdrawn: bool,
}

struct Consent {
    id: String,
    client: String,
    attributes: String,
    purpose: String,
    given: String,
}

pub async fn show(who: Signed, Query(at): Query<At>) -> Result<Response, Response> {
    let mut service = who.account().await?;
    let list = service.list_consents(ListConsentsRequest {}).await;
    let list = list.map_err(|status| who.refuse("account", &status))?.into_inner().consents;
    let (t, locale) = (who.texts(), who.view.locale);
    let consents = list.into_iter().map(|c| Consent {
        client: if c.client_name.is_empty() { c.client_id } else { c.client_name },
        attributes: words::attributes(&t, &c.attributes),
        purpose: c.purpose,
        given: words::date_time(locale, c.given_at.as_ref()),
        id: c.consent_id,
    });
    let body = Consents {
        current: "consents",
        csrf: who.view.csrf_field(),
        entries: consents.collect(),
        ended: ended(&who).await?,
        t,
    };
    let page = who.page(t.get("consents")).lead(t.get("consents-text"));
    if at.withdrawn {
        let done = Alert::success(t.get("consent-withdrawn"));
        return Ok(page.notice(done.text(t.get("consent-withdrawn-text"))).show(&body));
    }
    Ok(page.show(&body))
}

/// The consents that ended, newest first.
async fn ended(who: &Signed) -> Result<Vec<Ended>, Response> {
    let request = ListPastConsentsRequest { page_size: 100, ..Default::default() };
    let past = who.privacy().await?.list_past_consents(request).await;
    let past = past.map_err(|status| who.refuse("account", &status))?.into_inner().consents;
    let (t, locale) = (who.texts(), who.view.locale);
    let ended = past.into_iter().filter(|p| p.ended_at.is_some()).map(|p| {
        let consent = p.consent.unwrap_or_default();
        let key = match p.ended_by.as_str() {
            "withdrawn" => "consent-was-withdrawn",
            "merged" => "consent-was-merged",
            _ => "consent-was-replaced",
        };
        let at = words::date_time(locale, p.ended_at.as_ref());
        Ended {
            how: t.with(key, [("at", at.into())]),
            client: if consent.client_name.is_empty() {
                consent.client_id
            } else {
                consent.client_name
            },
            id: consent.consent_id,
        }
    });
    Ok(ended.collect())
}

#[derive(Deserialize)]
pub struct Withdrawal {
    consent_id: String,
}

pub async fn withdraw(
    who: Signed,
    CheckedForm(form): CheckedForm<Withdrawal>,
) -> Result<Response, Response> {
    let mut service = who.account().await?;
    let request_id = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let request = WithdrawConsentRequest { request_id, consent_id: form.consent_id };
    let done = service.withdraw_consent(request).await;
    done.map_err(|status| who.refuse("account", &status))?;
    Ok(Redirect::to("/account/consents?withdrawn=true").into_response())
}
