//! The receipt of a consent: to read, to print, to keep.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use siegel_proto::account::v1::{
    ConsentReceipt, GetConsentReceiptRequest, GetConsentReceiptResponse, ReceiptLine,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::convert;
use siegel_web::forms::{DescriptionList, Item, LevelBadge, Link};
use siegel_web::{Problem, Texts, format};

use super::file;
use crate::pages::Signed;
use crate::pages::words::{self, Ident};

#[derive(askama::Template)]
#[template(path = "consent_receipt.html")]
struct Receipt {
    t: Texts,
    facts: DescriptionList,
    lines: Vec<Line>,
    save: Link,
}

struct Line {
    label: String,
    purpose: String,
    required: bool,
    allowed: String,
    source: String,
}

async fn fetch(who: &Signed, consent: &Ident) -> Result<GetConsentReceiptResponse, Response> {
    let request = GetConsentReceiptRequest { consent_id: consent.to_string() };
    let got = who.privacy().await?.get_consent_receipt(request).await;
    match got {
        Ok(got) => Ok(got.into_inner()),
        Err(status) if status.code() == tonic::Code::NotFound => {
            Err(who.problem(Problem::NotFound))
        }
        Err(status) => Err(who.refuse("account", &status)),
    }
}

pub async fn show(who: Signed, Path(consent): Path<Ident>) -> Result<Response, Response> {
    let receipt = fetch(&who, &consent).await?.receipt.unwrap_or_default();
    let t = who.texts();
    let save = format!("/account/consents/{consent}/receipt.json");
    let body = Receipt {
        facts: facts(&who, &t, &receipt),
        lines: receipt.lines.iter().map(|line| self::line(&who, &t, line)).collect(),
        save: Link::secondary(save, t.get("receipt-save")).download(),
        t,
    };
    let page = who.page(t.get("consent-receipt")).lead(t.get("consent-receipt-text"));
    Ok(page.back("/account/consents").show(&body))
}

fn facts(who: &Signed, t: &Texts, receipt: &ConsentReceipt) -> DescriptionList {
    let locale = who.view.locale;
    let name =
        if receipt.client_name.is_empty() { &receipt.client_id } else { &receipt.client_name };
    let at = words::date_time(locale, receipt.given_at.as_ref());
    let mut items = vec![
        Item::new(t.get("disclosed-to"), name),
        Item::new(t.get("purpose"), &receipt.purpose),
        Item::new(t.get("consent-given"), at),
    ];
    if let Some(level) = convert::level(receipt.session_level) {
        let badge = LevelBadge::new(level, locale).to_string();
        items.push(Item::html(t.get("disclosed-level"), badge));
    }
    if receipt.ended_at.is_some() {
        let key = match receipt.ended_by.as_str() {
            "withdrawn" => "consent-withdrawn-at",
            "merged" => "consent-merged-at",
            _ => "consent-replaced-at",
        };
        items.push(Item::new(t.get(key), words::date_time(locale, receipt.ended_at.as_ref())));
    }
    if !receipt.text_version.is_empty() {
        let version = format!("{} ({})", receipt.text_version, receipt.locale);
        items.push(Item::new(t.get("receipt-text-version"), version));
    }
    items.push(Item::new(t.get("receipt-number"), &receipt.consent_id));
    DescriptionList::new(locale, items)
}

fn line(who: &Signed, t: &Texts, line: &ReceiptLine) -> Line {
    let label =
        if line.label.is_empty() { words::attribute(t, &line.name) } else { line.label.clone() };
    let allowed = match (line.allowed, line.taken_over) {
        (true, true) => "receipt-taken-over",
        (true, false) => "receipt-allowed",
        (false, _) => "receipt-declined",
    };
    let mut source = String::new();
    if line.source() != AttributeSource::Unspecified {
        source = words::source(t, line.source());
        if let Some(level) = convert::level(line.level) {
            source = format!("{source}, {}", format::level(who.view.locale, level));
        }
    }
    Line {
        label,
        purpose: line.purpose.clone(),
        required: line.required,
        allowed: t.get(allowed),
        source,
    }
}

/// The same as JSON.
pub async fn download(who: Signed, Path(consent): Path<Ident>) -> Result<Response, Response> {
    let document = fetch(&who, &consent).await?.document;
    let name = format!("consent-receipt-{consent}.json");
    Ok((file("application/json", &name), document).into_response())
}
