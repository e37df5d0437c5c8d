//! Receipts: shown with what they prove, handed out as the files they are.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use siegel_proto::postbox::v1::evidence_service_client::EvidenceServiceClient;
use siegel_proto::postbox::v1::{ListReceiptsRequest, ListSigningKeysRequest, Receipt};
use siegel_receipt::{
    Explanation, Failure, KeyTrust, PublishedKeys, ReceiptFile, Sentence, Verified,
    verify_published,
};
use siegel_web::forms::Link;
use siegel_web::{Locale, Problem, Texts, View};

use super::Signed;
use super::attachment::save_as;
use super::letter::path;
use super::postbox::Place;
use super::words::{self, Ident};
use crate::LOCALES;
use crate::app::App;

/// A receipt for the page; template `receipt.html`.
pub struct Shown {
    pub t: Texts,
    pub kind: String,
    pub at: String,
    pub machine: String,
    /// Nothing when it does not hold or the keys are out of reach.
    pub result: Option<Proof>,
    /// Why not.
    pub failure: Option<String>,
    pub download: Link,
    /// The same as a document.
    pub document: Link,
}

/// What a receipt proves, in one language.
pub struct Proof {
    pub title: String,
    pub proven: Vec<String>,
    pub not_proven: Vec<String>,
    pub thumbprint: String,
}

impl Proof {
    pub fn new(locale: Locale, verified: &Verified) -> Self {
        let Explanation { title, proven, not_proven } = verified.explain();
        let in_words = |s: Sentence| if locale == Locale::De { s.de } else { s.en };
        Self {
            title: in_words(title),
            proven: proven.into_iter().map(in_words).collect(),
            not_proven: not_proven.into_iter().map(in_words).collect(),
            thumbprint: verified.key_thumbprint.clone(),
        }
    }
}

/// The key set that the postbox publishes; nothing when it cannot be asked.
pub async fn key_set(app: &App) -> Option<String> {
    let mut service = EvidenceServiceClient::new(app.outside.siblings.anonymous("postbox"));
    let answer = service.list_signing_keys(ListSigningKeysRequest {}).await.ok()?;
    Some(answer.into_inner().jwks)
}

/// The same, read.
pub async fn keys(app: &App) -> Option<PublishedKeys> {
    PublishedKeys::from_json(&key_set(app).await?).ok()
}

/// Verifies a receipt file against the postbox's published keys: they come from the postbox
/// itself, not from the file.
pub fn verify(text: &str, keys: &PublishedKeys) -> Result<Verified, Failure> {
    verify_published(&ReceiptFile::parse(text)?, keys, KeyTrust::Given)
}

/// What does not hold, in the page's language.
pub fn complaint(locale: Locale, failure: &Failure) -> String {
    if locale == Locale::De { failure.german() } else { failure.to_string() }
}

pub fn shown(
    view: &View,
    receipt: &Receipt,
    keys: Option<&PublishedKeys>,
    (letter, place): (&Ident, &Place),
) -> Shown {
    let here = format!("/receipts/{}", receipt.receipt_id);
    let (href, document) =
        (path(letter, &here, place), path(letter, &format!("{here}/pdf"), place));
    let t = view.texts(&LOCALES);
    let (result, failure) = match keys.map(|keys| verify(&receipt.file, keys)) {
        Some(Ok(verified)) => (Some(Proof::new(view.locale, &verified)), None),
        Some(Err(failure)) => (None, Some(complaint(view.locale, &failure))),
        None => (None, Some(t.get("receipt-unverified"))),
    };
    Shown {
        kind: words::receipt(&t, &receipt.kind),
        at: words::date_time(view.locale, receipt.recorded_at.as_ref()),
        machine: words::machine(receipt.recorded_at.as_ref()),
        result,
        failure,
        download: Link::secondary(href, t.get("receipt-download")).download(),
        document: Link::secondary(document, t.get("receipt-document")).download(),
        t,
    }
}

#[derive(askama::Template)]
#[template(path = "receipts.html")]
struct List {
    t: Texts,
    receipts: Vec<Shown>,
    /// Everything about the letter in one archive.
    proof: Link,
}

pub async fn list(
    who: Signed,
    Path(letter): Path<Ident>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let receipts = fetch(&who, &letter, &place).await?;
    let keys = keys(&who.app).await;
    let one = |receipt: &Receipt| shown(&who.view, receipt, keys.as_ref(), (&letter, &place));
    let t = who.texts();
    let proof = Link::secondary(path(&letter, "/proof", &place), t.get("proof-download"));
    let receipts = receipts.iter().map(one).collect();
    let body = List { t, receipts, proof: proof.download() };
    let back = path(&letter, "", &place);
    Ok(who.page(body.t.get("receipts")).lead(body.t.get("receipts-text")).back(back).show(&body))
}

/// `receipt-opened-rcp_….json`, byte for byte as the postbox wrote it.
pub async fn download(
    who: Signed,
    Path((letter, wanted)): Path<(Ident, Ident)>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let wanted = wanted.to_string();
    let receipts = fetch(&who, &letter, &place).await?;
    let found = receipts.into_iter().find(|receipt| receipt.receipt_id == wanted);
    let receipt = found.ok_or_else(|| who.problem(Problem::NotFound))?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CONTENT_DISPOSITION, save_as(&format!("receipt-{}-{wanted}.json", receipt.kind))),
    ];
    Ok((headers, receipt.file).into_response())
}

pub(super) async fn fetch(
    who: &Signed,
    letter: &Ident,
    place: &Place,
) -> Result<Vec<Receipt>, Response> {
    let mut service = who.evidence().await?;
    let request = ListReceiptsRequest {
        letter_id: letter.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
    };
    let answer = service.list_receipts(request).await;
    Ok(answer.map_err(|status| who.refuse("postbox", &status))?.into_inner().receipts)
}
