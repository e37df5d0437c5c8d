//! The document safe of a person, which `account` keeps.

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use siegel_grpc::{Siblings, reason};
use siegel_kernel::AccountId;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::deposit_document_request::Part;
use siegel_proto::account::v1::document_deposit_service_client::DocumentDepositServiceClient;
use tonic::{Code, Status};

use crate::domain::LetterId;
use crate::domain::canon::AttachmentPart;

/// The safe did not take a document.
#[derive(Debug, thiserror::Error)]
pub enum SafeError {
    #[error("the document safe has no room for it")]
    Full,
    #[error("the document safe takes nothing so large, nor anything empty")]
    NotForTheSafe,
    #[error("the request id was used for something else")]
    RequestIdReused,
    #[error("there is no document safe in this installation")]
    Off,
    #[error("the service `account` does not answer")]
    Down(#[source] Box<Status>),
}

/// An attachment on its way into a safe.
pub struct Deposit<'a> {
    pub request_id: String,
    pub account: AccountId,
    pub letter: LetterId,
    /// The authority that sent the letter.
    pub issuer: &'a str,
    /// The authority's tenant.
    pub tenant: &'a str,
    pub part: &'a AttachmentPart,
}

/// Stores a document and answers with its id. Bytes that end early store nothing.
pub async fn deposit(
    siblings: &Siblings,
    deposit: Deposit<'_>,
    bytes: impl Stream<Item = Bytes> + Send + 'static,
) -> Result<String, SafeError> {
    let Deposit { request_id, account, letter, issuer, tenant, part } = deposit;
    let document = account::DocumentHead {
        request_id,
        name: part.name.clone(),
        media_type: part.media_type.clone(),
        size_bytes: i64::try_from(part.size_bytes).unwrap_or(i64::MAX),
        sha256: siegel_crypto::b64::decode(&part.sha256).unwrap_or_default(),
    };
    let head = account::DepositHead {
        document: Some(document),
        account_id: account.to_string(),
        origin: account::DocumentOrigin::Letter.into(),
        issuer: issuer.to_owned(),
        letter_id: letter.to_string(),
        tenant: tenant.to_owned(),
    };
    let message = |part| account::DepositDocumentRequest { part: Some(part) };
    let head = futures_util::stream::iter([message(Part::Head(head))]);
    let messages = head.chain(bytes.map(move |bytes| message(Part::Chunk(bytes.to_vec()))));
    let mut client = DocumentDepositServiceClient::new(siblings.channel("account"));
    let stored = client.deposit_document(messages).await.map_err(refused)?;
    Ok(stored.into_inner().document_id)
}

fn refused(status: Status) -> SafeError {
    match (status.code(), reason(&status).as_deref()) {
        (Code::ResourceExhausted, Some("QUOTA_EXCEEDED")) => SafeError::Full,
        (Code::InvalidArgument, _) => SafeError::NotForTheSafe,
        (Code::FailedPrecondition, Some("DOCUMENTS_OFF")) => SafeError::Off,
        (Code::AlreadyExists, _) => SafeError::RequestIdReused,
        _ => SafeError::Down(Box::new(status)),
    }
}
