//! Everything the suite holds of a person, as one archive: for machines and for people. Each service
//! gives what it has to the person's own token; the portal only packs.

mod archive;
mod page;

use axum::response::Response;
use futures_util::{Stream, StreamExt as _};
use serde_json::{Map, Value, json};
use siegel_proto::account::v1::ExportAccountRequest;
use siegel_proto::account::v1::export_service_client::ExportServiceClient;
use siegel_proto::identity::v1 as identity;
use siegel_proto::organisation::v1::ListOrganisationsRequest;
use siegel_proto::postbox::v1::ExportMailboxRequest;
use siegel_web::Texts;
use siegel_web::forms::Link;
use tonic::{Code, Status};

use self::archive::Packer;
use super::Signed;

/// Name of the archive.
const NAME: &str = "account.zip";

#[derive(askama::Template)]
#[template(path = "export.html")]
struct Export {
    t: Texts,
    current: &'static str,
    download: Link,
}

/// What is in it, and the link.
pub async fn show(who: Signed) -> Response {
    let t = who.texts();
    let download = Link::primary("/account/export.zip", t.get("export-download"));
    let body = Export { current: "export", download, t };
    who.page(t.get("export")).lead(t.get("export-text")).show(&body)
}

/// The archive, written while it is read.
pub async fn download(who: Signed) -> Result<Response, Response> {
    let account = account(&who).await?;
    let log_in = log_in(&who).await?;
    let organisations = organisations(&who).await?;
    let mailbox = mailbox(&who).await?;
    let index = page::html(&account, &log_in, &organisations, mailbox.is_some());
    let (packer, bytes) = archive::begin();
    tokio::spawn(async move {
        let packed = pack(packer, (index, [account, log_in, organisations]), mailbox).await;
        if packed.is_none() {
            tracing::info!("an export of an account broke off");
        }
    });
    Ok(super::documents::archive(NAME, bytes))
}

/// `None` when the reader went away or a service broke off: the archive then has no end.
async fn pack<S>(
    packer: Packer,
    (index, [account, log_in, organisations]): (String, [Value; 3]),
    mailbox: Option<S>,
) -> Option<()>
where
    S: Stream<Item = Result<Vec<u8>, Status>> + Unpin,
{
    packer.file("index.html", index.into_bytes()).await?;
    for (name, part) in
        [("account.json", account), ("log-in.json", log_in), ("organisations.json", organisations)]
    {
        packer.file(name, serde_json::to_vec_pretty(&part).ok()?).await?;
    }
    if let Some(mut pieces) = mailbox {
        packer.begin("mailbox.zip").await?;
        while let Some(piece) = pieces.next().await {
            packer.bytes(piece.ok()?).await?;
        }
    }
    packer.end().await
}

/// What the account service holds.
async fn account(who: &Signed) -> Result<Value, Response> {
    let refuse = |status: Status| who.refuse("account", &status);
    let mut service = ExportServiceClient::new(who.channel("account").await?);
    let pieces = service.export_account(ExportAccountRequest {}).await.map_err(refuse)?;
    let (mut pieces, mut whole) = (pieces.into_inner(), Vec::new());
    while let Some(piece) = pieces.message().await.map_err(refuse)? {
        whole.extend(piece.chunk);
    }
    serde_json::from_slice(&whole).map_err(|_| who.problem(siegel_web::Problem::Internal))
}

/// How the person logs in, where, and what was allowed to whom.
async fn log_in(who: &Signed) -> Result<Value, Response> {
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
async fn organisations(who: &Signed) -> Result<Value, Response> {
    let mut service = who.organisation().await?;
    let all = service.list_organisations(ListOrganisationsRequest {}).await;
    let mut all = json(all.map_err(|status| who.refuse("organisation", &status))?.into_inner());
    if let Some(object) = all.as_object_mut() {
        object.insert("format".to_owned(), json!("siegel-organisations/1"));
    }
    Ok(all)
}

/// The mailbox with its letters and receipts, an archive of its own; `None` when there is none.
async fn mailbox(
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
