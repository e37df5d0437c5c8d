//! One document of the safe: fetching, naming, deleting it, and letting a service fetch it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::download_document_response::Part;
use siegel_proto::convert;
use siegel_web::forms::{Button, Choice, Hidden, Input, Link, Select};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::file;
use super::safe::facts;
use super::shared;
use crate::pages::Signed;
use crate::pages::words::{self, Ident};

#[derive(askama::Template)]
#[template(path = "document.html")]
struct Page {
    t: Texts,
    csrf: CsrfField,
    action: String,
    facts: String,
    digest: String,
    fetch: Link,
    name: Input,
    rename: Button,
    share: Option<Share>,
    grants: Vec<Grant>,
    delete: Button,
}

/// What a service may fetch, and for how long.
struct Share {
    nonce: Hidden,
    client: Select,
    purpose: Input,
    days: Select,
    often: Select,
    button: Button,
}

struct Grant {
    id: String,
    link: String,
    client: String,
    purpose: String,
    state: String,
    open: bool,
}

async fn find(who: &Signed, id: &Ident) -> Result<pb::Document, Response> {
    let list = who.safe().await?.list_documents(pb::ListDocumentsRequest {}).await;
    let list = list.map_err(|status| who.refuse("account", &status))?.into_inner().documents;
    let found = list.into_iter().find(|d| d.document_id == id.to_string());
    found.ok_or_else(|| who.problem(Problem::NotFound))
}

pub async fn show(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    let document = find(&who, &id).await?;
    let refuse = |status: tonic::Status| who.refuse("account", &status);
    let wanted = pb::ListDocumentGrantsRequest { document_id: id.to_string() };
    let grants = who.safe().await?.list_document_grants(wanted).await.map_err(refuse)?;
    let consents = who.account().await?.list_consents(pb::ListConsentsRequest {}).await;
    let consents = consents.map_err(refuse)?.into_inner().consents;
    let t = who.texts();
    let body = Page {
        csrf: who.view.csrf_field(),
        action: format!("/account/documents/{id}"),
        facts: facts(&who, &t, &document),
        digest: hex(&document.sha256),
        fetch: Link::primary(format!("/account/documents/{id}/file"), t.get("document-fetch"))
            .download(),
        name: Input::text("name", t.get("document-name")).value(&document.name).max_length(255),
        rename: Button::secondary(t.get("document-rename")).sends("action", "rename"),
        share: share(&who, &t, &consents)?,
        grants: grants.into_inner().grants.iter().map(|g| grant(&who, &t, g)).collect(),
        delete: Button::secondary(t.get("document-delete")).sends("action", "delete"),
        t,
    };
    Ok(who.page(document.name).back("/account/documents").show(&body))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// Services that this person deals with already: only they can be let in here. `None` when there
/// is none.
fn share(who: &Signed, t: &Texts, consents: &[pb::Consent]) -> Result<Option<Share>, Response> {
    let mut clients: Vec<(&str, &str)> =
        consents.iter().map(|c| (c.client_id.as_str(), c.client_name.as_str())).collect();
    clients.sort_unstable();
    clients.dedup_by_key(|c| c.0);
    if clients.is_empty() {
        return Ok(None);
    }
    let choices = clients.into_iter().map(|(id, name)| Choice::new(id, name));
    let day = |n: u32| Choice::new(n.to_string(), t.with("share-days", [("n", n.into())]));
    let often =
        [Choice::new("once", t.get("share-once")), Choice::new("many", t.get("share-many"))];
    let nonce = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    Ok(Some(Share {
        nonce: Hidden::new("nonce", nonce),
        client: Select::new("client", t.get("share-client"), choices),
        purpose: Input::text("purpose", t.get("purpose")).max_length(255),
        days: Select::new("days", t.get("share-until"), [1, 7, 30].map(day)).selected("7"),
        often: Select::new("often", t.get("share-often"), often).selected("once"),
        button: Button::secondary(t.get("share")).sends("action", "share"),
    }))
}

fn grant(who: &Signed, t: &Texts, grant: &pb::DocumentGrant) -> Grant {
    let at = |time: Option<&pbjson_types::Timestamp>| words::date_time(who.view.locale, time);
    let until = at(grant.valid_until.as_ref());
    let state = match (grant.open, grant.revoked_at.as_ref()) {
        (true, _) => t.with("grant-open", [("until", until.into())]),
        (false, Some(revoked)) => t.with("grant-revoked", [("at", at(Some(revoked)).into())]),
        (false, None) if grant.fetches > 0 && !grant.many => {
            t.with("grant-used", [("at", at(grant.last_fetched_at.as_ref()).into())])
        }
        (false, None) => t.with("grant-over", [("until", until.into())]),
    };
    Grant {
        id: grant.grant_id.clone(),
        link: shared::link(who.view.origin(), &grant.grant_id),
        client: if grant.client_name.is_empty() { &grant.client_id } else { &grant.client_name }
            .clone(),
        purpose: grant.purpose.clone(),
        state: format!("{state} {}", t.with("grant-fetches", [("n", grant.fetches.into())])),
        open: grant.open,
    }
}

/// A form of the page; what the others need is empty.
#[derive(Deserialize)]
pub struct Act {
    action: What,
    #[serde(default)]
    name: String,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    client: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    days: u64,
    #[serde(default)]
    often: String,
    grant: Option<Ident>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Rename,
    Delete,
    Share,
    Revoke,
}

pub async fn act(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(form): CheckedForm<Act>,
) -> Result<Response, Response> {
    let document_id = id.to_string();
    let here = format!("/account/documents/{id}");
    let fresh = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let mut safe = who.safe().await?;
    let (done, next) = match form.action {
        What::Rename => {
            let name = form.name.trim().to_owned();
            let wish = pb::RenameDocumentRequest { request_id: fresh, document_id, name };
            (safe.rename_document(wish).await.map(drop), here)
        }
        What::Delete => {
            let wish = pb::DeleteDocumentRequest { request_id: fresh, document_id };
            (safe.delete_document(wish).await.map(drop), "/account/documents".to_owned())
        }
        What::Revoke => {
            let grant = form.grant.ok_or_else(|| who.problem(Problem::Invalid))?;
            let grant_id = grant.to_string();
            let wish = pb::RevokeDocumentGrantRequest { request_id: fresh, grant_id };
            (safe.revoke_document_grant(wish).await.map(drop), here)
        }
        What::Share => {
            let wish = sharing(&who, document_id, form).await?;
            (safe.grant_document(wish).await.map(drop), here)
        }
    };
    match done {
        Ok(()) => Ok(Redirect::to(&next).into_response()),
        // A form sent twice: what it asked for is done.
        Err(status) if siegel_grpc::reason(&status).as_deref() == Some("REQUEST_ID_REUSED") => {
            Ok(Redirect::to(&next).into_response())
        }
        Err(status) if status.code() == tonic::Code::NotFound => {
            Err(who.problem(Problem::NotFound))
        }
        Err(status) if status.code() == tonic::Code::InvalidArgument => {
            Err(who.problem(Problem::Invalid))
        }
        Err(status) => Err(who.refuse("account", &status)),
    }
}

/// What a form asks to be shared: only with a service that the person dealt with.
async fn sharing(
    who: &Signed,
    document_id: String,
    form: Act,
) -> Result<pb::GrantDocumentRequest, Response> {
    let consents = who.account().await?.list_consents(pb::ListConsentsRequest {}).await;
    let consents = consents.map_err(|status| who.refuse("account", &status))?.into_inner().consents;
    let known = consents.into_iter().find(|c| c.client_id == form.client);
    let known = known.ok_or_else(|| who.problem(Problem::Invalid))?;
    let parts = [document_id.as_str(), &form.nonce, &form.client, &form.purpose, &form.often];
    // Of the form, so that sending it twice is one grant; its end is of the first time.
    let request_id = words::form_request_id("share", &parts);
    let span = Duration::from_hours(24 * form.days.min(30));
    let until = who.app.now().plus(span).minus(Duration::from_mins(1));
    Ok(pb::GrantDocumentRequest {
        request_id,
        document_id,
        client_id: form.client,
        client_name: known.client_name,
        purpose: form.purpose.trim().to_owned(),
        valid_until: Some(convert::timestamp(until)),
        many: form.often == "many",
    })
}

/// The bytes; saved, never shown within the portal.
pub async fn download(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    let request = pb::DownloadDocumentRequest { document_id: id.to_string() };
    let stream = who.safe().await?.download_document(request).await;
    let mut stream = match stream {
        Ok(stream) => stream.into_inner(),
        Err(status) if status.code() == tonic::Code::NotFound => {
            return Err(who.problem(Problem::NotFound));
        }
        Err(status) => return Err(who.refuse("account", &status)),
    };
    let first = stream.message().await.map_err(|status| who.refuse("account", &status))?;
    let Some(Part::Document(document)) = first.and_then(|m| m.part) else {
        return Err(who.problem(Problem::Internal));
    };
    let bytes = stream
        .map_err(|status| {
            tracing::warn!(code = ?status.code(), "a document broke off");
            std::io::Error::other("broken off")
        })
        .filter_map(|message| async {
            match message.map(|m| m.part) {
                Ok(Some(Part::Chunk(chunk))) => Some(Ok(Bytes::from(chunk))),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            }
        });
    Ok((file(&document.media_type, &document.name), Body::from_stream(bytes)).into_response())
}
