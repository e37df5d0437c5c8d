//! The document safe: what a person keeps, and hands to a service for a time.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, Clock as _};
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::document_redemption_service_client::DocumentRedemptionServiceClient;
use siegel_proto::account::v1::upload_document_request::Part;
use siegel_proto::convert;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use crate::office::{LARGEST, Office, QUOTA, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_document_comes_back_as_it_was_with_digest_and_origin,
    what_lies_in_store_and_database_shows_neither_bytes_nor_name,
    bytes_that_are_not_what_was_declared_store_nothing,
    the_same_upload_twice_is_one_document,
    the_quota_counts_what_is_stored_and_is_freed_by_deletion,
    a_changed_object_is_not_handed_out,
    a_deleted_document_is_gone_from_the_store_and_its_grants_end,
    a_renamed_document_keeps_everything_else,
    documents_of_somebody_else_are_as_those_that_are_not_there,
    documents_go_when_the_key_of_their_account_is_destroyed,
}

pub fn bytes(len: usize) -> Vec<u8> {
    (0..251).cycle().take(len).collect()
}

fn parts(id: &str, name: &str, content: &[u8]) -> Vec<pb::UploadDocumentRequest> {
    let head = pb::DocumentHead {
        request_id: id.into(),
        name: name.into(),
        media_type: "application/pdf".into(),
        size_bytes: i64::try_from(content.len()).unwrap(),
        sha256: siegel_crypto::sha256(content).to_vec(),
    };
    let part = |part| pb::UploadDocumentRequest { part: Some(part) };
    let chunks = content.chunks(50_000).map(|c| part(Part::Chunk(c.to_vec())));
    std::iter::once(part(Part::Head(head))).chain(chunks).collect()
}

async fn send(
    office: &Office,
    account: AccountId,
    parts: Vec<pb::UploadDocumentRequest>,
) -> Result<pb::Document, Status> {
    let sent = office.safe(account).upload_document(tokio_stream::iter(parts)).await?;
    Ok(sent.into_inner().document.unwrap())
}

pub async fn store(office: &Office, account: AccountId, id: &str, content: &[u8]) -> pb::Document {
    send(office, account, parts(id, "Bescheid.pdf", content)).await.unwrap()
}

pub async fn fetch(office: &Office, account: AccountId, id: &str) -> Result<Vec<u8>, Status> {
    let request = pb::DownloadDocumentRequest { document_id: id.into() };
    let mut stream = office.safe(account).download_document(request).await?.into_inner();
    let mut content = Vec::new();
    while let Some(message) = stream.message().await? {
        if let Some(pb::download_document_response::Part::Chunk(chunk)) = message.part {
            content.extend(chunk);
        }
    }
    Ok(content)
}

pub async fn list(office: &Office, account: AccountId) -> pb::ListDocumentsResponse {
    office.safe(account).list_documents(pb::ListDocumentsRequest {}).await.unwrap().into_inner()
}

pub fn files(office: &Office) -> Vec<std::path::PathBuf> {
    let dir = office.dir.path().join("objects/documents");
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    entries.map(|e| e.unwrap().path()).collect()
}

/// Waits until the outbox has removed the objects it was told to.
async fn until_empty(office: &Office) {
    let waiting = async {
        while !files(office).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

async fn a_document_comes_back_as_it_was_with_digest_and_origin(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let content = bytes(150_001);
    let stored = store(&office, account, "1", &content).await;
    assert_eq!(stored.origin(), pb::DocumentOrigin::Person);
    assert_eq!(stored.sha256, siegel_crypto::sha256(&content));
    assert_eq!((stored.name.as_str(), stored.size_bytes), ("Bescheid.pdf", 150_001));
    assert_eq!(fetch(&office, account, &stored.document_id).await.unwrap(), content);
    let listed = list(&office, account).await;
    assert_eq!(listed.documents, [stored]);
    assert_eq!((listed.used_bytes, listed.quota_bytes), (150_001, QUOTA));
    for kind in ["account.document.stored", "account.document.downloaded"] {
        assert!(office.audit().await.contains(&(kind.to_owned(), "done".to_owned())), "{kind}");
    }
}

async fn what_lies_in_store_and_database_shows_neither_bytes_nor_name(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let content = b"%PDF Erika Mustermann".repeat(100);
    store(&office, account, "1", &content).await;
    for file in files(&office) {
        let raw = std::fs::read(file).unwrap();
        assert!(!raw.windows(5).any(|w| w == b"Erika"));
    }
    let name = match office.db {
        Db::Sqlite { .. } => {
            "SELECT COUNT(*) FROM documents WHERE CAST(description AS TEXT) LIKE '%Bescheid%'"
        }
        Db::Postgres(_) => {
            "SELECT COUNT(*) FROM documents \
             WHERE encode(description, 'escape') LIKE '%Bescheid%'"
        }
    };
    assert_eq!(office.count(name).await, 0);
}

async fn bytes_that_are_not_what_was_declared_store_nothing(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let content = bytes(120_000);
    let mut short = parts("1", "a.pdf", &content);
    short.pop();
    let mut long = parts("2", "a.pdf", &content);
    long.push(pb::UploadDocumentRequest { part: Some(Part::Chunk(vec![0])) });
    let mut other = parts("3", "a.pdf", &content);
    other.truncate(1);
    other.extend(parts("3", "a.pdf", &vec![7; 120_000]).into_iter().skip(1));
    let path = parts("4", "../a.pdf", &content);
    let large = parts("5", "a.pdf", &bytes(usize::try_from(LARGEST).unwrap() + 1));
    for bad in [short, long, other, path, large] {
        let status = send(&office, account, bad).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
    let listed = list(&office, account).await;
    assert!(listed.documents.is_empty());
    assert_eq!(listed.used_bytes, 0, "nothing of it counts");
    until_empty(&office).await;
}

async fn the_same_upload_twice_is_one_document(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let first = store(&office, account, "1", &bytes(10)).await;
    let again = store(&office, account, "1", &bytes(10)).await;
    assert_eq!(first, again);
    assert_eq!(list(&office, account).await.documents.len(), 1);
    let status = send(&office, account, parts("1", "b.pdf", &bytes(11))).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn the_quota_counts_what_is_stored_and_is_freed_by_deletion(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let first = store(&office, account, "1", &bytes(200_000)).await;
    let status = send(&office, account, parts("2", "b.pdf", &bytes(100_001))).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status).as_deref(), Some("QUOTA_EXCEEDED"));
    let refused = ("account.document.stored".to_owned(), "QUOTA_EXCEEDED".to_owned());
    assert!(office.audit().await.contains(&refused));
    let max = office.account("max@example.org").await;
    store(&office, max, "1", &bytes(200_000)).await;
    let delete =
        pb::DeleteDocumentRequest { request_id: "d".into(), document_id: first.document_id };
    office.safe(account).delete_document(delete).await.unwrap();
    store(&office, account, "2", &bytes(100_001)).await;
}

async fn a_changed_object_is_not_handed_out(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let stored = store(&office, account, "1", &bytes(1_000)).await;
    let file = files(&office).pop().unwrap();
    let mut raw = std::fs::read(&file).unwrap();
    *raw.last_mut().unwrap() ^= 1;
    std::fs::write(file, raw).unwrap();
    let status = fetch(&office, account, &stored.document_id).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
}

async fn a_deleted_document_is_gone_from_the_store_and_its_grants_end(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let stored = store(&office, account, "1", &bytes(1_000)).await;
    let grant = grant(&office, account, &stored.document_id, true).await;
    let delete = pb::DeleteDocumentRequest {
        request_id: "d".into(),
        document_id: stored.document_id.clone(),
    };
    for _ in 0..2 {
        office.safe(account).delete_document(delete.clone()).await.unwrap();
    }
    until_empty(&office).await;
    let left = "SELECT COUNT(*) FROM documents WHERE wrapped_key IS NOT NULL \
        OR description IS NOT NULL OR sha256 IS NOT NULL";
    assert_eq!(office.count(left).await, 0, "the key is destroyed");
    let status = fetch(&office, account, &stored.document_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("DOCUMENT_UNKNOWN"));
    let status = redeem(&office, "bauamt", "r", &grant.grant_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("DOCUMENT_GRANT_UNKNOWN"));
    let grants = grants(&office, account).await;
    assert!(!grants[0].open && grants[0].revoked_at.is_some());
}

async fn a_renamed_document_keeps_everything_else(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let stored = store(&office, account, "1", &bytes(1_000)).await;
    let rename = |id: &str, name: &str| pb::RenameDocumentRequest {
        request_id: id.into(),
        document_id: stored.document_id.clone(),
        name: name.into(),
    };
    office.safe(account).rename_document(rename("r", "Neu.pdf")).await.unwrap();
    let listed = list(&office, account).await.documents;
    assert_eq!(listed, [pb::Document { name: "Neu.pdf".into(), ..stored.clone() }]);
    let status = office.safe(account).rename_document(rename("s", "a/b")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn documents_of_somebody_else_are_as_those_that_are_not_there(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let max = office.account("max@example.org").await;
    let theirs = store(&office, account, "1", &bytes(1_000)).await;
    let theirs_granted = grant(&office, account, &theirs.document_id, true).await;
    assert!(list(&office, max).await.documents.is_empty());
    let nothing = "doc_00000000000000000000000000000000";
    let mut answers = Vec::new();
    for id in [theirs.document_id.as_str(), nothing, "x"] {
        let document_id = id.to_owned();
        let mut told = vec![fetch(&office, max, id).await.unwrap_err()];
        let delete =
            pb::DeleteDocumentRequest { request_id: "d".into(), document_id: document_id.clone() };
        told.push(office.safe(max).delete_document(delete).await.unwrap_err());
        let rename =
            pb::RenameDocumentRequest { request_id: "r".into(), document_id, name: "a".into() };
        told.push(office.safe(max).rename_document(rename).await.unwrap_err());
        let wanted = granting(&office, id, true);
        told.push(office.safe(max).grant_document(wanted).await.unwrap_err());
        answers.push(told.iter().map(|s| (s.code(), s.message().to_owned())).collect::<Vec<_>>());
    }
    assert!(answers.iter().flatten().all(|(code, _)| *code == Code::NotFound), "{answers:?}");
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    let mut told = Vec::new();
    for id in [theirs_granted.grant_id.as_str(), "dgr_00000000000000000000000000000000", "x"] {
        let revoke = pb::RevokeDocumentGrantRequest { request_id: "v".into(), grant_id: id.into() };
        let status = office.safe(max).revoke_document_grant(revoke).await.unwrap_err();
        told.push((status.code(), status.message().to_owned()));
    }
    assert!(told.iter().all(|t| *t == told[0]), "{told:?}");
    assert!(grants(&office, max).await.is_empty());
}

pub fn granting(office: &Office, document: &str, many: bool) -> pb::GrantDocumentRequest {
    pb::GrantDocumentRequest {
        request_id: office.fresh(),
        document_id: document.into(),
        client_id: "bauamt".into(),
        client_name: "Bauamt".into(),
        purpose: "Bauantrag".into(),
        valid_until: Some(convert::timestamp(office.clock.now().plus(Duration::from_hours(24)))),
        many,
    }
}

pub async fn grant(
    office: &Office,
    account: AccountId,
    document: &str,
    many: bool,
) -> pb::DocumentGrant {
    let request = granting(office, document, many);
    let first = office.safe(account).grant_document(request.clone()).await.unwrap().into_inner();
    let again = office.safe(account).grant_document(request).await.unwrap().into_inner();
    assert_eq!(first, again, "the same request is one grant");
    first.grant.unwrap()
}

pub async fn grants(office: &Office, account: AccountId) -> Vec<pb::DocumentGrant> {
    let request = pb::ListDocumentGrantsRequest::default();
    office.safe(account).list_document_grants(request).await.unwrap().into_inner().grants
}

pub async fn redeem(
    office: &Office,
    client: &str,
    id: &str,
    grant: &str,
) -> Result<Vec<u8>, Status> {
    let mut service = DocumentRedemptionServiceClient::new(office.client("musterstadt", client));
    let request = pb::RedeemDocumentRequest { request_id: id.into(), grant_id: grant.into() };
    let mut stream = service.redeem_document(request).await?.into_inner();
    let mut content = Vec::new();
    while let Some(message) = stream.message().await? {
        if let Some(pb::redeem_document_response::Part::Chunk(chunk)) = message.part {
            content.extend(chunk);
        }
    }
    Ok(content)
}

async fn documents_go_when_the_key_of_their_account_is_destroyed(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let other = office.account("max@example.org").await;
    let stored = store(&office, account, "1", &bytes(10)).await;
    store(&office, other, "1", &bytes(10)).await;
    grant(&office, account, &stored.document_id, true).await;
    office.forget_key(account).await;
    office.restart().await;
    let left = async {
        while files(&office).len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), left).await.unwrap();
    let keys = "SELECT COUNT(*) FROM documents WHERE wrapped_key IS NOT NULL";
    let open = "SELECT COUNT(*) FROM document_grants WHERE revoked_at_us IS NULL";
    assert_eq!((office.count(keys).await, office.count(open).await), (1, 0));
    assert_eq!(list(&office, other).await.documents.len(), 1, "nobody else loses anything");
}
