//! Uploads whose end comes when they were given up, or when it is not known that they were stored.

use std::time::Duration;

use siegel_db::{Db, on};
use siegel_kernel::AccountId;
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::upload_document_request::Part;
use siegel_testkit::on_each_backend;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::documents::{bytes, files, list};
use crate::merges::merge;
use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    what_comes_after_an_upload_was_given_up_leaves_no_object,
    an_upload_that_ends_after_its_account_was_merged_is_refused_and_leaves_nothing,
}

/// Everything but the last bytes; these, and how it ended.
struct Held {
    rest: mpsc::Sender<pb::UploadDocumentRequest>,
    done: tokio::task::JoinHandle<Result<(), Status>>,
}

async fn held(office: &Office, account: AccountId) -> Held {
    let (rest, parts) = mpsc::channel(4);
    let head = pb::DocumentHead {
        request_id: "slow".into(),
        name: "Bescheid.pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: 100_000,
        sha256: siegel_crypto::sha256(&bytes(100_000)).to_vec(),
    };
    let part = |part| pb::UploadDocumentRequest { part: Some(part) };
    rest.send(part(Part::Head(head))).await.unwrap();
    rest.send(part(Part::Chunk(bytes(100_000)[..99_000].to_vec()))).await.unwrap();
    let mut safe = office.safe(account);
    let done =
        tokio::spawn(
            async move { safe.upload_document(ReceiverStream::new(parts)).await.map(drop) },
        );
    Held { rest, done }
}

/// Waits until the upload holds its place.
async fn until_begun(office: &Office) {
    let begun = "SELECT COUNT(*) FROM documents WHERE stored_at_us IS NULL";
    while office.count(begun).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends the last bytes; how it ended.
async fn ends(Held { rest, done }: Held) -> Result<(), Status> {
    let last = Part::Chunk(bytes(100_000)[99_000..].to_vec());
    rest.send(pb::UploadDocumentRequest { part: Some(last) }).await.unwrap();
    drop(rest);
    done.await.unwrap()
}

/// The outbox has removed what it was told to.
async fn nothing_is_stored(office: &Office) {
    for _ in 0..500 {
        if !files(office).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert!(files(office).is_empty(), "{:?} is left", files(office));
}

async fn what_comes_after_an_upload_was_given_up_leaves_no_object(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let upload = held(&office, account).await;
    until_begun(&office).await;
    // As the sweeper does once it is an hour old.
    let given_up = "UPDATE documents SET wrapped_key = NULL, description = NULL, sha256 = NULL, \
        deleted_at_us = 1";
    let mut tx = office.db.begin().await.unwrap();
    on!(&mut tx, c => sqlx::query(given_up).execute(c).await.unwrap().rows_affected());
    tx.commit().await.unwrap();
    let status = ends(upload).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("STREAM_INCOMPLETE"), "{status:?}");
    assert!(list(&office, account).await.documents.is_empty());
    nothing_is_stored(&office).await;
}

async fn an_upload_that_ends_after_its_account_was_merged_is_refused_and_leaves_nothing(db: Db) {
    let mut office = Office::open(db).await;
    let stays = office.account("erika@example.org").await;
    let goes = office.account("erika@arbeit.example").await;
    let upload = held(&office, goes).await;
    until_begun(&office).await;
    merge(&office, stays, goes).await.unwrap();
    ends(upload).await.unwrap_err();
    assert!(list(&office, stays).await.documents.is_empty());
    nothing_is_stored(&office).await;
}
