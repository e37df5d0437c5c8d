//! Putting an attachment into its reader's document safe.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, stream};
use siegel_crypto::{b64, sha256};
use siegel_kernel::AccountId;

use super::Postbox;
use super::download::{Download, Range};
use super::reader::{ReadError, Reader};
use crate::domain::{AttachmentId, LetterId};
use crate::ports::safe::{self, SafeError};
use crate::store::mailboxes::Owner;

/// An attachment did not get into the safe.
#[derive(Debug, thiserror::Error)]
pub enum DepositError {
    #[error(transparent)]
    Letter(#[from] ReadError),
    #[error(transparent)]
    Safe(#[from] SafeError),
}

/// Why reading ended early, for the one who asked: the safe only sees that bytes are missing.
type Broken = Arc<Mutex<Option<ReadError>>>;

impl Postbox {
    /// Hands an attachment to the safe of the reader, under the same checks and on the same record
    /// as a download, and answers with the id of the document.
    #[tracing::instrument(name = "postbox.deposit", skip_all, fields(letter.id = %letter))]
    pub async fn deposit(
        &self,
        reader: &Reader,
        (letter, attachment): (LetterId, AttachmentId),
        request_id: &str,
    ) -> Result<String, DepositError> {
        // A program has no safe, and nobody fills another's.
        let Owner::Account(account) = reader.owner() else {
            return Err(ReadError::LetterUnknown.into());
        };
        if reader.acts_for_another() {
            return Err(ReadError::LetterUnknown.into());
        }
        let download = self.download(reader, letter, attachment, Range::ALL).await?;
        let (part, sender) = (download.part.clone(), download.sender.clone());
        let deposit = safe::Deposit {
            request_id: request_of(account, attachment, request_id),
            account,
            letter,
            issuer: &sender.authority,
            tenant: &sender.tenant,
            part: &part,
        };
        let broken = Broken::default();
        let bytes = self.clone().bytes(download, broken.clone());
        let stored = safe::deposit(&self.siblings, deposit, bytes).await;
        let why = broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        match why {
            Some(error) => Err(error.into()),
            None => Ok(stored?),
        }
    }

    /// All bytes of a download; they end early when it breaks off.
    fn bytes(
        self,
        download: Download,
        broken: Broken,
    ) -> impl Stream<Item = Bytes> + Send + 'static {
        // Boxed: what a download holds is large.
        Box::pin(stream::unfold(
            (self, download, broken),
            |(postbox, mut download, broken)| async move {
                match postbox.next_bytes(&mut download).await {
                    Ok(bytes) => Some((bytes?, (postbox, download, broken))),
                    Err(error) => {
                        *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        None
                    }
                }
            },
        ))
    }
}

/// `account` knows request ids of the postbox, which asks for everybody: this one is of one person
/// and one attachment.
fn request_of(account: AccountId, attachment: AttachmentId, request_id: &str) -> String {
    let whole = format!("{account}\n{attachment}\n{request_id}");
    b64::encode(sha256(whole.as_bytes()))
}
