//! Who may write to a mailbox, as its owner decides: choices about senders, handles.

use siegel_crypto::b64;
use siegel_db::audit::{self, Entry};
use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request};
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;

use super::list::{PAGE, PAGE_MAX, read_token, write_token};
use super::reader::{ReadError, Reader};
use super::submit::SubmitError;
use super::{Now, Postbox, Trouble};
use crate::domain::legal;
use crate::domain::letter::Letter;
use crate::domain::opt_out::{self, Choice};
use crate::domain::{HandleId, LetterId, MailboxId};
use crate::store::handles::{self, HandleRow};
use crate::store::opt_outs::{self, ChoiceRow, WriterRow};
use crate::store::senders::Sender;
use crate::store::{letters, rules};

/// A setting is not changed or shown.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    #[error("there is no such handle of this mailbox")]
    HandleUnknown,
    #[error("no such sender can write to this mailbox")]
    SenderNotListed,
    #[error("the mailbox was closed")]
    Closed,
    #[error("the request id was used for something else")]
    RequestIdReused,
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for SettingError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl From<Trouble> for SettingError {
    fn from(error: Trouble) -> Self {
        Self::Read(error.into())
    }
}

/// A write and its idempotency: request id and digest of the request.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    pub request_id: &'a str,
    pub digest: [u8; 32],
}

/// About whom a choice is.
#[derive(Clone, Debug)]
pub enum About {
    Everybody,
    /// By client id.
    Sender(String),
    SenderOf(LetterId),
}

/// A sender and whether its letters are taken.
#[derive(Clone, Debug)]
pub struct Writer {
    pub row: WriterRow,
    pub choice: Option<Choice>,
    pub excluded: bool,
}

/// One page of senders, and the choice about all.
#[derive(Clone, Debug, Default)]
pub struct Writers {
    pub general: Option<Choice>,
    pub page: Vec<Writer>,
    pub next_page_token: String,
}

/// Size and token of a page.
pub type PageWish<'a> = (i32, &'a str);

impl Postbox {
    /// The handles of the reader's mailbox, newest first.
    #[tracing::instrument(name = "postbox.list_handles", skip_all)]
    pub async fn handles(
        &self,
        reader: &Reader,
        (size, token): PageWish<'_>,
    ) -> Result<(Vec<HandleRow>, String), SettingError> {
        let before = read_handle_token(token)?;
        let mut tx = self.db.read().await?;
        let Some((mailbox, _)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok((Vec::new(), String::new()));
        };
        let size = page_size(size);
        let mut rows = handles::page(&mut tx, mailbox.id, before, size + 1).await?;
        let more = cut(&mut rows, size);
        let next = rows.last().filter(|_| more).map(write_handle_token).unwrap_or_default();
        Ok((rows, next))
    }

    /// Ends a handle of the reader's mailbox; again, nothing more happens.
    #[tracing::instrument(name = "postbox.revoke_handle", skip_all)]
    pub async fn revoke_handle(
        &self,
        reader: &Reader,
        handle: HandleId,
        write: Write<'_>,
    ) -> Result<(), SettingError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let name = reader.name();
        let key = write.key(&name);
        match begin_request(&mut tx, &key, now.recorded).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(_) => return Ok(()),
            Attempt::Conflict => return Err(SettingError::RequestIdReused),
        }
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, _) = found.ok_or(SettingError::HandleUnknown)?;
        let row = handles::get(&mut tx, mailbox.id, handle).await?;
        let row = row.ok_or(SettingError::HandleUnknown)?;
        let revoked = handles::revoke(&mut tx, mailbox.id, handle, now.recorded).await?;
        let outcome = if revoked { "done" } else { "revoked_before" };
        let what = ("postbox.handle.revoked", outcome, row.sector.as_str());
        record(&mut tx, reader, what, (write.request_id, now)).await?;
        finish_request(&mut tx, &key, b"").await?;
        tx.commit().await?;
        Ok(())
    }

    /// The senders that can write to the reader's mailbox.
    #[tracing::instrument(name = "postbox.list_senders", skip_all)]
    pub async fn writers(
        &self,
        reader: &Reader,
        (size, token): PageWish<'_>,
    ) -> Result<Writers, SettingError> {
        let after = b64::decode(token).and_then(|bytes| String::from_utf8(bytes).ok());
        let after = after.ok_or(ReadError::BadPageToken)?;
        let mut tx = self.db.read().await?;
        let Some((mailbox, _)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok(Writers::default());
        };
        let general = opt_outs::latest(&mut tx, mailbox.id, "").await?;
        let general = general.and_then(|row| Choice::parse(&row.choice));
        let size = page_size(size);
        let mut rows = opt_outs::writers(&mut tx, mailbox.id, &after, size + 1).await?;
        let more = cut(&mut rows, size);
        let next = rows.last().filter(|_| more).map(|row| b64::encode(&row.client_id));
        let writer = |row: WriterRow| {
            let choice = row.choice.as_deref().and_then(Choice::parse);
            Writer { choice, excluded: opt_out::excluded(general, choice), row }
        };
        Ok(Writers {
            general,
            page: rows.into_iter().map(writer).collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }

    /// Records a choice of the mailbox's owner. Opens the mailbox if there is none: one may choose
    /// before the first letter.
    #[tracing::instrument(name = "postbox.set_opt_out", skip_all)]
    pub async fn set_opt_out(
        &self,
        reader: &Reader,
        (about, choice, wording_version): (&About, Choice, &str),
        write: Write<'_>,
    ) -> Result<ChoiceRow, SettingError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let name = reader.name();
        let key = write.key(&name);
        let attempt = begin_request(&mut tx, &key, now.recorded).await?;
        let mailbox = self.mailbox_or_new(&mut tx, reader.owner(), now.recorded).await?;
        let mailbox = mailbox.ok_or(SettingError::Closed)?.id;
        match attempt {
            Attempt::Fresh => {}
            Attempt::Repeated(answer) => {
                let number: i64 = serde_json::from_slice(&answer).map_err(Trouble::from)?;
                let row = opt_outs::page(&mut tx, mailbox, number + 1, 1).await?.pop();
                return Ok(row.ok_or(Trouble::Contradiction("a choice is gone"))?);
            }
            Attempt::Conflict => return Err(SettingError::RequestIdReused),
        }
        let sender = self.whom(&mut tx, reader, (mailbox, about)).await?;
        let number = opt_outs::next_number(&mut tx, mailbox).await?;
        let number = number.ok_or(SettingError::Closed)?;
        let (sender, authority, service_id) =
            sender.map(|s| (s.client_id, s.authority, s.service_id)).unwrap_or_default();
        let row = ChoiceRow {
            number,
            sender,
            authority,
            service_id,
            choice: choice.as_str().to_owned(),
            wording_version: wording_version.to_owned(),
            level: reader.who.level(),
            chosen_at: now.legal,
            latest: true,
        };
        opt_outs::add(&mut tx, mailbox, &row).await?;
        let detail = format!("{} {}", row.choice, row.sender);
        let what = ("postbox.opt_out.set", "done", detail.trim_end());
        record(&mut tx, reader, what, (write.request_id, now)).await?;
        let answer = serde_json::to_vec(&number).map_err(Trouble::from)?;
        finish_request(&mut tx, &key, &answer).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The sender a choice is about; `None` for all.
    async fn whom(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        (mailbox, about): (MailboxId, &About),
    ) -> Result<Option<Sender>, SettingError> {
        let client_id = match about {
            About::Everybody => return Ok(None),
            About::Sender(client_id) => client_id.clone(),
            About::SenderOf(letter) => {
                let row = letters::get(tx, mailbox, *letter).await?;
                let row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
                if row.hide_preview {
                    reader.check_level(&row)?;
                }
                row.client_id
            }
        };
        let sender = opt_outs::sender(tx, mailbox, &client_id).await?;
        sender.map(Some).ok_or(SettingError::SenderNotListed)
    }

    /// Every choice made for the reader's mailbox, newest first.
    #[tracing::instrument(name = "postbox.list_opt_outs", skip_all)]
    pub async fn opt_outs(
        &self,
        reader: &Reader,
        (size, token): PageWish<'_>,
    ) -> Result<(Vec<ChoiceRow>, String), SettingError> {
        let before = read_token(token)?;
        let mut tx = self.db.read().await?;
        let Some((mailbox, _)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok((Vec::new(), String::new()));
        };
        let size = page_size(size);
        let mut rows = opt_outs::page(&mut tx, mailbox.id, before, size + 1).await?;
        let more = cut(&mut rows, size);
        let next = rows.last().filter(|_| more).map(|row| write_token(row.number));
        Ok((rows, next.unwrap_or_default()))
    }
}

/// Refuses a letter that its recipient excluded, unless the law reaches everybody.
pub(super) async fn check(
    tx: &mut Tx,
    (mailbox, client_id): (MailboxId, &str),
    letter: &Letter,
    now: Now,
) -> Result<(), SubmitError> {
    let day = LegalDay::of(letter.publish_at.map_or(now.legal, |at| at.max(now.legal)));
    if excludes(tx, (mailbox, client_id), letter.legal_basis.as_deref(), day).await? {
        return Err(SubmitError::OptedOut);
    }
    Ok(())
}

/// Whether a recipient excluded letters of this sender, and no law overrides it on that day.
pub(super) async fn excludes(
    tx: &mut Tx,
    (mailbox, client_id): (MailboxId, &str),
    legal_basis: Option<&str>,
    day: LegalDay,
) -> Result<bool, StoreError> {
    if opt_outs::excluded(tx, &[mailbox], client_id).await?.is_empty() {
        return Ok(false);
    }
    let Some(basis) = legal_basis else { return Ok(true) };
    let rows = rules::of_basis(tx, basis).await?;
    match legal::in_force(&rows, basis, day) {
        Some(rule) => Ok(!opt_outs::is_overridden_by(tx, &rule.id).await?),
        None => Ok(true),
    }
}

impl<'a> Write<'a> {
    fn key(&self, caller: &'a str) -> IdempotencyKey<'a> {
        IdempotencyKey { caller, request_id: self.request_id, digest: self.digest }
    }
}

async fn record(
    tx: &mut Tx,
    reader: &Reader,
    (kind, outcome, detail): (&str, &str, &str),
    (request_id, now): (&str, Now),
) -> Result<(), StoreError> {
    let entry = Entry {
        kind,
        actor: &reader.name(),
        subject: &reader.subject(),
        level: Some(reader.who.level()),
        outcome,
        request_id,
        detail,
        at: now.recorded,
    };
    audit::record(tx, &entry).await
}

fn page_size(wish: i32) -> i64 {
    match i64::from(wish) {
        n if n <= 0 => PAGE,
        n => n.min(PAGE_MAX),
    }
}

/// Cuts a page that was read one row too long; whether there is more.
fn cut<T>(rows: &mut Vec<T>, size: i64) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    more
}

fn write_handle_token(row: &HandleRow) -> String {
    let at = row.created_at.as_micros().to_be_bytes();
    b64::encode([&at[..], row.id.as_uuid().as_bytes()].concat())
}

fn read_handle_token(token: &str) -> Result<Option<(Timestamp, HandleId)>, ReadError> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = b64::decode(token).ok_or(ReadError::BadPageToken)?;
    let (at, id) = bytes.split_first_chunk::<8>().ok_or(ReadError::BadPageToken)?;
    let id = uuid::Uuid::from_slice(id).map_err(|_| ReadError::BadPageToken)?;
    let at = Timestamp::from_micros(i64::from_be_bytes(*at));
    Ok(Some((at, HandleId::from_uuid(id))))
}
