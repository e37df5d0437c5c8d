//! Everything the suite holds of a person, as one archive: for machines and for people. Each service
//! gives what it has to the person's own token; the portal only packs.

mod archive;
mod page;
mod parts;

use axum::response::Response;
use futures_util::{Stream, StreamExt as _};
use serde_json::Value;
use siegel_grpc::AuthChannel;
use siegel_proto::account::v1::document_service_client::DocumentServiceClient;
use siegel_proto::account::v1::download_document_response::Part;
use siegel_proto::account::v1::{Document, DownloadDocumentRequest};
use siegel_web::Texts;
use siegel_web::forms::Link;
use tonic::Status;

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

/// The parts for machines, each a file of its own.
struct Parts {
    account: Value,
    log_in: Value,
    organisations: Value,
    mandates: Value,
}

impl Parts {
    fn files(&self) -> [(&'static str, &Value); 4] {
        [
            ("account.json", &self.account),
            ("log-in.json", &self.log_in),
            ("organisations.json", &self.organisations),
            ("mandates.json", &self.mandates),
        ]
    }
}

/// A document and its file in the archive.
struct Kept {
    document: Document,
    file: String,
}

/// The archive, written while it is read.
pub async fn download(who: Signed) -> Result<Response, Response> {
    let parts = Parts {
        account: parts::account(&who).await?,
        log_in: parts::log_in(&who).await?,
        organisations: parts::organisations(&who).await?,
        mandates: parts::mandates(&who).await?,
    };
    let kept: Vec<Kept> =
        parts::documents(&who).await?.into_iter().enumerate().map(Kept::from).collect();
    let safe = who.safe().await?;
    let mailbox = parts::mailbox(&who).await?;
    let (packer, bytes) = archive::begin();
    tokio::spawn(async move {
        if pack(packer, &parts, (safe, kept), mailbox).await.is_none() {
            tracing::info!("an export of an account broke off");
        }
    });
    Ok(super::documents::archive(NAME, bytes))
}

/// `None` when the reader went away or a service broke off: the archive then has no end.
async fn pack<S>(
    packer: Packer,
    parts: &Parts,
    (mut safe, kept): (DocumentServiceClient<AuthChannel>, Vec<Kept>),
    mailbox: Option<S>,
) -> Option<()>
where
    S: Stream<Item = Result<Vec<u8>, Status>> + Unpin,
{
    let index = page::html(parts, &kept, mailbox.is_some());
    packer.file("index.html", index.into_bytes()).await?;
    for (name, part) in parts.files() {
        packer.file(name, serde_json::to_vec_pretty(part).ok()?).await?;
    }
    for Kept { document, file } in kept {
        let wanted = DownloadDocumentRequest { document_id: document.document_id };
        let mut pieces = safe.download_document(wanted).await.ok()?.into_inner();
        packer.begin(file).await?;
        while let Some(piece) = pieces.message().await.ok()? {
            if let Some(Part::Chunk(chunk)) = piece.part {
                packer.bytes(chunk).await?;
            }
        }
    }
    if let Some(mut pieces) = mailbox {
        packer.begin("mailbox.zip").await?;
        while let Some(piece) = pieces.next().await {
            packer.bytes(piece.ok()?).await?;
        }
    }
    packer.end().await
}

impl From<(usize, Document)> for Kept {
    /// The number keeps documents of one name apart; what a file system could take for a path is `_`.
    fn from((at, document): (usize, Document)) -> Self {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '(' | ')');
        let name: String =
            document.name.chars().map(|c| if plain(c) { c } else { '_' }).take(100).collect();
        Self { file: format!("documents/{:03}-{name}", at + 1), document }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documents_name_leaves_no_folder_and_doubles_no_file() {
        let kept = |at, name: &str| {
            Kept::from((at, Document { name: name.into(), ..Document::default() })).file
        };
        assert_eq!(kept(0, "../../etc/passwd"), "documents/001-.._.._etc_passwd");
        assert_eq!(kept(1, "C:\\Böse \u{202e}fdp.exe"), "documents/002-C__Böse _fdp.exe");
        assert_ne!(kept(0, "a.pdf"), kept(1, "a.pdf"));
    }
}
