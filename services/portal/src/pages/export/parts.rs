//! What each service holds of a person, asked with the person's own token.

use axum::response::Response;
use futures_util::{Stream, StreamExt as _};
use serde_json::{Map, Value, json};
use siegel_proto::account::v1::export_service_client::ExportServiceClient;
use siegel_proto::account::v1::{Document, ExportAccountRequest, ListDocumentsRequest};
use siegel_proto::identity::v1 as identity;
use siegel_proto::organisation::v1::{
    ListMandatesRequest, ListOrganisationsRequest, ListUsesRequest, Mandate, MandateSide,
    MandateUse,
};
use siegel_proto::postbox::v1::ExportMailboxRequest;
use tonic::{Code, Status};

use crate::pages::Signed;

/// Mandates, and uses of one, asked for at a time.
const PAGE: i32 = 500;

/// What the account service holds; the documents' bytes come apart.
pub async fn account(who: &Signed) -> Result<Value, Response> {
    let refuse = |status: Status| who.refuse("account", &status);
    let mut service = ExportServiceClient::new(who.channel("account").await?);
    let pieces = service.export_account(ExportAccountRequest {}).await.map_err(refuse)?;
    let (mut pieces, mut whole) = (pieces.into_inner(), Vec::new());
    while let Some(piece) = pieces.message().await.map_err(refuse)? {
        whole.extend(piece.chunk);
    }
    serde_json::from_slice(&whole).map_err(|_| who.problem(siegel_web::Problem::Internal))
}

/// The documents of the safe.
pub async fn documents(who: &Signed) -> Result<Vec<Document>, Response> {
    let list = who.safe().await?.list_documents(ListDocumentsRequest {}).await;
    Ok(list.map_err(|status| who.refuse("account", &status))?.into_inner().documents)
}

/// How the person logs in, where, and what was allowed to whom.
pub async fn log_in(who: &Signed) -> Result<Value, Response> {
    let mut service = who.identity().await?;
    let refuse = |status: Status| who.refuse("identity", &status);
    let credentials = service.list_credentials(identity::ListCredentialsRequest {}).await;
    let sessions = service.list_sessions(identity::ListSessionsRequest {}).await;
    let sign_ins = service.list_sign_ins(identity::ListSignInsRequest {}).await;
    let links = service.list_links(identity::ListLinksRequest {}).await;
    let consents = service.list_client_consents(identity::ListClientConsentsRequest {}).await;
    let parts = [
        ("credentials", json(credentials.map_err(refuse)?.into_inner())),
        ("sessions", json(sessions.map_err(refuse)?.into_inner())),
        ("sign_ins", json(sign_ins.map_err(refuse)?.into_inner())),
        ("links", json(links.map_err(refuse)?.into_inner())),
        ("client_consents", json(consents.map_err(refuse)?.into_inner())),
    ];
    let mut all = Map::new();
    all.insert("format".to_owned(), json!("siegel-log-in/1"));
    for (name, part) in parts {
        // Each answer has one list, of this name or another.
        let list = part.as_object().and_then(|object| object.values().next().cloned());
        all.insert(name.to_owned(), list.unwrap_or_else(|| json!([])));
    }
    Ok(Value::Object(all))
}

/// The organisations the person belongs to.
pub async fn organisations(who: &Signed) -> Result<Value, Response> {
    let mut service = who.organisation().await?;
    let all = service.list_organisations(ListOrganisationsRequest {}).await;
    let mut all = json(all.map_err(|status| who.refuse("organisation", &status))?.into_inner());
    if let Some(object) = all.as_object_mut() {
        object.insert("format".to_owned(), json!("siegel-organisations/1"));
    }
    Ok(all)
}

/// The person's own mandates, given and received, each with what was done by it.
pub async fn mandates(who: &Signed) -> Result<Value, Response> {
    let given = mandates_of(who, MandateSide::Given).await?;
    let received = mandates_of(who, MandateSide::Received).await?;
    Ok(json!({ "format": "siegel-mandates/1", "given": given, "received": received }))
}

async fn mandates_of(who: &Signed, side: MandateSide) -> Result<Vec<Value>, Response> {
    let mut service = who.mandates().await?;
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let wanted = ListMandatesRequest {
            side: side.into(),
            organisation_id: String::new(),
            page_size: PAGE,
            page_token,
        };
        let page = service.list_mandates(wanted).await;
        let page = page.map_err(|status| who.refuse("organisation", &status))?.into_inner();
        for mandate in page.mandates {
            let uses = uses(who, &mandate).await?;
            let mut told = json(mandate);
            if let Some(object) = told.as_object_mut() {
                object.insert("uses".to_owned(), json(uses));
            }
            all.push(told);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

async fn uses(who: &Signed, of: &Mandate) -> Result<Vec<MandateUse>, Response> {
    let mut service = who.mandates().await?;
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let mandate_id = of.mandate_id.clone();
        let page = service.list_uses(ListUsesRequest { mandate_id, page_size: PAGE, page_token });
        let page = page.await.map_err(|status| who.refuse("organisation", &status))?.into_inner();
        all.extend(page.uses);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// The mailbox with its letters and receipts, an archive of its own; `None` when there is none.
pub async fn mailbox(
    who: &Signed,
) -> Result<Option<impl Stream<Item = Result<Vec<u8>, Status>> + Unpin + Send + use<>>, Response> {
    let mut service = who.mailbox().await?;
    match service.export_mailbox(ExportMailboxRequest::default()).await {
        Ok(pieces) => Ok(Some(pieces.into_inner().map(|piece| piece.map(|p| p.chunk)))),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(who.refuse("postbox", &status)),
    }
}

/// A message in the JSON of its interface.
fn json(message: impl serde::Serialize) -> Value {
    serde_json::to_value(message).unwrap_or_default()
}
