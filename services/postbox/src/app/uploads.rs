//! Beginning uploads, asking about them, giving them up.

use serde::{Deserialize, Serialize};
use siegel_crypto::DataKey;
use siegel_db::audit::{self, Entry};
use siegel_db::{
    Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request, seen_request,
};
use siegel_kernel::Timestamp;

use super::adopt::object_key;
use super::quota::Admission;
use super::resumable::UploadError;
use super::submit::{SenderClient, SubmitError};
use super::sweep::ORPHANED_AFTER;
use super::upload::UploadedBy;
use super::{Now, Postbox, Trouble, vault};
use crate::domain::attachment::{self, Declaration, Limits};
use crate::domain::upload::{Owner, Scan, State};
use crate::domain::{AttachmentId, UploadId};
use crate::store::resumable::{self, UploadRow};
use crate::store::{senders, uploads};

/// Audit line of the beginning.
const CREATED: &str = "postbox.upload.created";

/// Who uploads, for whom.
#[derive(Clone, Debug)]
pub struct Uploader {
    pub owner: Owner,
    /// Scope of request ids and actor of the audit trail.
    pub name: String,
}

impl Uploader {
    /// Whose limits count; empty for persons.
    pub(super) fn tenant(&self) -> &str {
        match &self.owner {
            Owner::Sender { tenant, .. } => tenant,
            Owner::Mailbox(_) => "",
        }
    }

    pub(super) fn by(&self) -> UploadedBy<'_> {
        UploadedBy { tenant: self.tenant(), name: &self.name }
    }
}

/// How far an upload is.
#[derive(Clone, Debug)]
pub struct Progress {
    pub id: UploadId,
    /// Plain bytes that are durable: where to go on.
    pub stored_bytes: u64,
    pub size_bytes: u64,
    pub state: State,
    pub scan: Scan,
    /// Stable reason of a refusal.
    pub refusal: Option<String>,
    /// When it is removed unless a letter took it.
    pub expires_at: Timestamp,
}

/// What only the sender and, later, the recipient may read.
#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    media_type: String,
}

/// The answer that is kept for a repeated request.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Begun {
        id: UploadId,
        created_at_us: i64,
    },
    /// As earlier versions wrote it.
    Id(UploadId),
}

impl Kept {
    const fn id(&self) -> UploadId {
        match self {
            Self::Begun { id, .. } | Self::Id(id) => *id,
        }
    }

    /// How the upload stood when it was complete: a letter took it, and whoever repeats what led
    /// there finds the letter. Without a letter its time is over, as the answer says.
    fn taken(&self, declared: &Declaration, now: Timestamp) -> Progress {
        let expires_at = match self {
            Self::Begun { created_at_us, .. } => {
                Timestamp::from_micros(*created_at_us).plus(ORPHANED_AFTER)
            }
            Self::Id(_) => now,
        };
        Progress {
            id: self.id(),
            stored_bytes: declared.size_bytes,
            size_bytes: declared.size_bytes,
            state: State::Ready,
            scan: Scan::NotScanned,
            refusal: None,
            expires_at,
        }
    }
}

/// What was declared about an upload.
pub(super) fn declaration(row: &UploadRow, key: &DataKey) -> Result<Declaration, Trouble> {
    let plain = vault::open_declaration((row.attachment_id, key), &row.sealed_declaration)?;
    let named: Named = serde_json::from_slice(&plain)?;
    let sha256 = row.sha256.as_slice().try_into();
    Ok(Declaration {
        name: named.name,
        media_type: named.media_type,
        sha256: sha256.map_err(|_| StoreError::corrupt("digest of an upload"))?,
        size_bytes: size(row),
    })
}

pub(super) fn size(row: &UploadRow) -> u64 {
    u64::try_from(row.size_bytes).unwrap_or_default()
}

pub(super) fn progress(row: &UploadRow) -> Result<Progress, Trouble> {
    Ok(Progress {
        id: row.id,
        stored_bytes: u64::try_from(row.stored_bytes).unwrap_or_default(),
        size_bytes: size(row),
        state: row.state()?,
        scan: Scan::parse(&row.scan).ok_or(StoreError::corrupt("scan of an upload"))?,
        refusal: row.refusal.clone(),
        expires_at: row.created_at.plus(ORPHANED_AFTER),
    })
}

impl Postbox {
    /// Begins an upload; the same request again finds it.
    #[tracing::instrument(name = "postbox.upload.create", skip_all)]
    pub async fn create_upload(
        &self,
        who: &Uploader,
        request_id: &str,
        declared: &Declaration,
    ) -> Result<Progress, UploadError> {
        if request_id.is_empty() || request_id.chars().count() > 128 {
            return Err(SubmitError::field("request_id", "must have 1 to 128 characters").into());
        }
        let plain = serde_json::to_vec(&Named {
            name: declared.name.clone(),
            media_type: declared.media_type.clone(),
        })?;
        let size = declared.size_bytes.to_be_bytes();
        let digest =
            siegel_crypto::sha256_fields(&[b"siegel upload", &plain, &declared.sha256, &size]);
        let key = IdempotencyKey { caller: &who.name, request_id, digest };
        let limits = self.limits_of(who.tenant()).await?;
        let admission = self.admit_upload(who, (declared, &limits), &key).await?;
        let mut tx = self.db.begin().await?;
        let now = self.now();
        self.may_upload(&mut tx, who).await?;
        match begin_request(&mut tx, &key, now.recorded).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(answer) => {
                let begun: Kept = serde_json::from_slice(&answer)?;
                let row = resumable::get(&mut tx, &who.owner.to_string(), begun.id()).await?;
                return match row {
                    Some(row) => Ok(progress(&row)?),
                    None => Ok(begun.taken(declared, now.legal)),
                };
            }
            Attempt::Conflict => return Err(SubmitError::RequestIdReused.into()),
        }
        if resumable::open_of(&mut tx, &who.owner.to_string()).await? >= who.owner.open_uploads() {
            return Err(UploadError::TooManyUploads);
        }
        let row = self.new_upload(who, declared, (&plain, now))?;
        resumable::add(&mut tx, &row).await?;
        uploads::note(&mut tx, &object_key(row.id), now.legal).await?;
        self.upload_line(&mut tx, who, (CREATED, "done", request_id), (row.id, now)).await?;
        let begun = Kept::Begun { id: row.id, created_at_us: now.legal.as_micros() };
        finish_request(&mut tx, &key, &serde_json::to_vec(&begun)?).await?;
        tx.commit().await?;
        if let Some(admission) = admission {
            admission.keep();
        }
        self.feed.committed();
        Ok(progress(&row)?)
    }

    /// Checks a new upload and lets its bytes count against its sender's quota, whether or not a
    /// letter takes them. Persons have none: what they have open at once is limited.
    async fn admit_upload(
        &self,
        who: &Uploader,
        (declared, limits): (&Declaration, &Limits),
        key: &IdempotencyKey<'_>,
    ) -> Result<Option<Admission>, UploadError> {
        let mut tx = self.db.read().await?;
        if seen_request(&mut tx, key).await?.is_some() {
            return Ok(None);
        }
        drop(tx);
        attachment::check(std::slice::from_ref(declared), limits).map_err(SubmitError::from)?;
        let Owner::Sender { tenant, client_id } = &who.owner else { return Ok(None) };
        let (client_id, tenant) = (client_id.clone(), tenant.clone());
        let sender = SenderClient { client_id, tenant, name: who.name.clone() };
        let bytes = i64::try_from(declared.size_bytes).unwrap_or(i64::MAX);
        Ok(Some(self.admit(&sender, 0, bytes).await?))
    }

    /// Only registered senders and owners of mailboxes upload.
    async fn may_upload(&self, tx: &mut Tx, who: &Uploader) -> Result<(), UploadError> {
        if let Owner::Sender { tenant, client_id } = &who.owner {
            let sender = senders::find(tx, client_id, tenant).await?;
            sender.ok_or(SubmitError::SenderUnknown)?;
        }
        Ok(())
    }

    fn new_upload(
        &self,
        who: &Uploader,
        declared: &Declaration,
        (plain, now): (&[u8], Now),
    ) -> Result<UploadRow, Trouble> {
        let (clock, entropy) = (self.clock.as_ref(), self.entropy.as_ref());
        let attachment_id = AttachmentId::new(clock, entropy)?;
        let key = self.vault.new_key()?;
        Ok(UploadRow {
            id: UploadId::new(clock, entropy)?,
            owner: who.owner.to_string(),
            attachment_id,
            size_bytes: i64::try_from(declared.size_bytes).unwrap_or(i64::MAX),
            sha256: declared.sha256.to_vec(),
            sealed_declaration: self.vault.seal_declaration((attachment_id, &key), plain)?,
            wrapped_key: self.vault.wrap_upload_key(attachment_id, &key)?,
            stored_bytes: 0,
            part_count: 0,
            state: State::Receiving.as_str().to_owned(),
            refusal: None,
            scan: Scan::NotScanned.as_str().to_owned(),
            scanned_with: String::new(),
            created_at: now.legal,
        })
    }

    /// How far an upload of this owner is.
    pub async fn upload_progress(
        &self,
        who: &Uploader,
        id: UploadId,
    ) -> Result<Progress, UploadError> {
        Ok(progress(&self.upload_row(who, id).await?)?)
    }

    pub(super) async fn upload_row(
        &self,
        who: &Uploader,
        id: UploadId,
    ) -> Result<UploadRow, UploadError> {
        let mut tx = self.db.read().await?;
        let row = resumable::get(&mut tx, &who.owner.to_string(), id).await?;
        Ok(row.ok_or(SubmitError::UploadUnknown)?)
    }

    /// Gives an upload up; its bytes go at once.
    pub async fn cancel_upload(
        &self,
        who: &Uploader,
        id: UploadId,
        request_id: &str,
    ) -> Result<(), UploadError> {
        let mut tx = self.db.begin().await?;
        let row = resumable::get(&mut tx, &who.owner.to_string(), id).await?;
        row.ok_or(SubmitError::UploadUnknown)?;
        let line = ("postbox.upload.cancelled", "done", request_id);
        self.upload_line(&mut tx, who, line, (id, self.now())).await?;
        tx.commit().await?;
        self.feed.committed();
        self.end_upload(id).await?;
        Ok(())
    }

    /// A line of the audit trail.
    pub(super) async fn upload_line(
        &self,
        tx: &mut Tx,
        who: &Uploader,
        (kind, outcome, request_id): (&str, &str, &str),
        (id, now): (UploadId, Now),
    ) -> Result<(), StoreError> {
        let entry = Entry {
            kind,
            actor: &who.name,
            subject: &who.owner.to_string(),
            level: None,
            outcome,
            request_id,
            detail: &id.to_string(),
            at: now.recorded,
        };
        audit::record(tx, &entry).await
    }
}
