//! Letters whose attachments came before: from an upload to an attachment of the letter.

use siegel_crypto::sha256_fields;
use siegel_db::Tx;

use super::submit::SubmitError;
use super::upload::{Place, Uploaded};
use super::uploads::declaration;
use super::{Postbox, Trouble};
use crate::domain::UploadId;
use crate::domain::attachment::Declaration;
use crate::domain::upload::{Owner, State};
use crate::store::attachments::AttachmentRow;
use crate::store::resumable::{self, UploadRow};
use crate::store::uploads;

/// An upload that a letter names, with what was declared about it.
#[derive(Clone, Debug)]
pub(super) struct Adopted {
    pub declaration: Declaration,
    row: UploadRow,
}

/// The digest of a request that names uploads: they stand for their bytes, which never change.
pub(super) fn digest(request: [u8; 32], uploads: &[UploadId]) -> [u8; 32] {
    if uploads.is_empty() {
        return request;
    }
    let ids: Vec<_> = uploads.iter().map(|id| id.as_uuid().into_bytes()).collect();
    let mut fields: Vec<&[u8]> = vec![b"siegel uploads", &request];
    fields.extend(ids.iter().map(<[u8; 16]>::as_slice));
    sha256_fields(&fields)
}

/// What a letter has in all: its own attachments, then those that came before.
pub(super) fn declarations(own: &[Declaration], adopted: &[Adopted]) -> Vec<Declaration> {
    own.iter().chain(adopted.iter().map(|a| &a.declaration)).cloned().collect()
}

/// The note under which the sweeper knows an upload, and below which its parts are.
pub(super) fn object_key(id: UploadId) -> String {
    format!("uploads/{id}/")
}

impl Postbox {
    /// The uploads an owner names, all of them complete and checked.
    pub(super) async fn find_adopted(
        &self,
        tx: &mut Tx,
        owner: &Owner,
        ids: &[UploadId],
    ) -> Result<Vec<Adopted>, SubmitError> {
        let owner = owner.to_string();
        let mut found = Vec::with_capacity(ids.len());
        for (index, id) in ids.iter().enumerate() {
            if ids.iter().take(index).any(|other| other == id) {
                return Err(SubmitError::field("upload_ids", "must name each upload once"));
            }
            let row = resumable::get(tx, &owner, *id).await?.ok_or(SubmitError::UploadUnknown)?;
            if row.state()? != State::Ready {
                return Err(SubmitError::UploadIncomplete);
            }
            let key = self.vault.upload_key(row.attachment_id, &row.wrapped_key)?;
            found.push(Adopted { declaration: declaration(&row, &key)?, row });
        }
        Ok(found)
    }

    /// Puts uploads behind the attachments of a letter: their keys are the letter's from now on.
    pub(super) fn adopt(
        &self,
        place: &Place<'_>,
        adopted: &[Adopted],
        uploaded: &mut Uploaded,
    ) -> Result<(), Trouble> {
        for Adopted { row, .. } in adopted {
            let id = row.attachment_id;
            let key = self.vault.upload_key(id, &row.wrapped_key)?;
            uploaded.adopted.push(row.id);
            uploaded.rows.push(AttachmentRow {
                mailbox_id: place.mailbox,
                letter_id: place.letter,
                id,
                number: i64::try_from(uploaded.rows.len()).unwrap_or(i64::MAX),
                size_bytes: row.size_bytes,
                sha256: row.sha256.clone(),
                object_key: object_key(row.id),
                wrapped_key: self.vault.wrap_attachment_key(place.letter_key, id, &key)?,
                scan: row.scan.clone(),
                scanned_with: row.scanned_with.clone(),
            });
        }
        Ok(())
    }

    /// Ends an upload that no letter took and removes its objects; nothing when a letter did.
    pub(super) async fn end_upload(&self, id: UploadId) -> Result<(), Trouble> {
        let key = object_key(id);
        let mut tx = self.db.begin().await?;
        resumable::end(&mut tx, id).await?;
        let doomed = uploads::doom(&mut tx, &key).await?;
        tx.commit().await?;
        if doomed {
            self.remove(&[key]).await?;
        }
        Ok(())
    }
}

/// The upload behind a note, if it is one.
pub(super) fn noted(object_key: &str) -> Option<UploadId> {
    object_key.strip_prefix("uploads/")?.strip_suffix('/')?.parse().ok()
}
