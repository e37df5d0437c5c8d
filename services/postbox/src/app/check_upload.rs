//! Looking at an upload that came in pieces: all its bytes are read back and checked as a whole.

use std::convert::Infallible;
use std::time::Duration;

use tracing::Instrument as _;

use super::content::Whole;
use super::resumable::UploadError;
use super::uploads::{Progress, Uploader, declaration, size};
use super::{Postbox, Trouble};
use crate::domain::UploadId;
use crate::store::resumable::{self, UploadRow};

/// How long a check is believed that says nothing: its process may have ended.
pub(crate) const CLAIM: Duration = Duration::from_mins(1);
/// How often a check says that it goes on.
const GOES_ON: Duration = Duration::from_secs(15);
/// How long a check that failed for no fault of the bytes (scanner or store down) is not repeated:
/// a request without a byte must not make us read two gibibytes each time.
const AGAIN: Duration = Duration::from_secs(30);

impl Postbox {
    /// Checks everything that is stored, one check at a time among all replicas. It goes on when its
    /// caller goes away: the answer is then the upload's state.
    pub(super) async fn check_stored(
        &self,
        who: &Uploader,
        row: UploadRow,
    ) -> Result<Progress, UploadError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if !resumable::claim_check(&mut tx, row.id, (now, now.plus(CLAIM))).await? {
            return Err(UploadError::BeingChecked { retry_in: AGAIN });
        }
        tx.commit().await?;
        let (postbox, who) = (self.clone(), who.clone());
        let check = async move {
            let id = row.id;
            let checked = tokio::select! {
                checked = postbox.read_back(&who, row) => checked,
                never = postbox.go_on(id) => match never {},
            };
            if checked.is_err() {
                let mut tx = postbox.db.begin().await?;
                let until = postbox.clock.now().plus(AGAIN);
                resumable::check_again(&mut tx, id, until).await?;
                tx.commit().await?;
            }
            checked
        };
        let checked = tokio::spawn(check.in_current_span()).await;
        checked.map_err(|_| Trouble::Contradiction("the check of an upload broke off"))?
    }

    /// Keeps others from the upload while it is being checked.
    async fn go_on(&self, id: UploadId) -> Infallible {
        loop {
            tokio::time::sleep(GOES_ON).await;
            let until = self.clock.now().plus(CLAIM);
            let told = async {
                let mut tx = self.db.begin().await?;
                resumable::check_again(&mut tx, id, until).await?;
                tx.commit().await
            };
            if let Err(error) = told.await {
                tracing::info!(
                    error = &error as &dyn std::error::Error,
                    "somebody else may check an upload as well"
                );
            }
        }
    }

    async fn read_back(&self, who: &Uploader, row: UploadRow) -> Result<Progress, UploadError> {
        let key = self.vault.upload_key(row.attachment_id, &row.wrapped_key)?;
        let declared = declaration(&row, &key)?;
        let whole = Whole { id: row.attachment_id, key: &key, object_key: "", size: size(&row) };
        let mut tx = self.db.read().await?;
        let mut plain = self.plain(&mut tx, &whole, (0, u64::MAX)).await?;
        drop(tx);
        let mut inspector = self.inspector(who.tenant(), &declared.media_type);
        while let Some(bytes) = plain.next().await? {
            inspector.push(&bytes).await?;
        }
        self.complete(who, row, (&declared, inspector)).await
    }
}
