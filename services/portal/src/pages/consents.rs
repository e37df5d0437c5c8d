//! Standing consents, and taking them back.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::account::v1::{ListConsentsRequest, WithdrawConsentRequest};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::{Signed, words};

#[derive(askama::Template)]
#[template(path = "consents.html")]
struct Consents {
    t: Texts,
    current: &'static str,
    csrf: CsrfField,
    entries: Vec<Consent>,
}

struct Consent {
    id: String,
    client: String,
    attributes: String,
    purpose: String,
    given: String,
}

pub async fn show(who: Signed) -> Result<Response, Response> {
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
        t,
    };
    Ok(who.page(t.get("consents")).lead(t.get("consents-text")).show(&body))
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
    Ok(Redirect::to("/account/consents").into_response())
}
