//! The owners' view of who looked at what in their mailbox. Without legal meaning; the audit trail
//! is the operator's.

use serde::{Deserialize, Serialize};
use siegel_db::Tx;
use siegel_kernel::berlin::LegalDay;
use siegel_kernel::{AccountId, Timestamp};

use super::list::{PAGE, PAGE_MAX, read_token, write_token};
use super::reader::{ReadError, Reader, Who};
use super::vault::{open_access, pseudonym};
use super::{Now, Postbox, Trouble};
use crate::domain::{AttachmentId, LetterId};
use crate::store::accesses::{self, AccessRow};

pub const LISTED: &str = "listed";
pub const PREVIEWED: &str = "previewed";
pub const DOWNLOADED: &str = "downloaded";
pub const PROOF_EXPORTED: &str = "proof_exported";
pub const MAILBOX_EXPORTED: &str = "mailbox_exported";

/// Sector of the names that persons have within a mailbox.
const WITHIN: &str = "siegel mailbox itself";

/// Who it was; sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Visitor {
    /// Of a person.
    #[serde(default)]
    account: Option<AccountId>,
    level: u8,
    client_id: String,
    #[serde(default)]
    path: String,
    /// `mem_…` of a colleague.
    #[serde(default)]
    member: String,
    /// `mnd_…` and its version.
    #[serde(default)]
    mandate: Option<(String, i64)>,
    #[serde(default)]
    attachment: Option<AttachmentId>,
    /// Offset and length, where it was a part of the attachment.
    #[serde(default)]
    part: Option<(u64, u64)>,
}

impl Visitor {
    /// As [`Who::key`]: a program is its own client.
    fn key(&self) -> String {
        self.account.map_or_else(|| self.client_id.clone(), |account| account.to_string())
    }
}

/// An access as the owner sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub letter: Option<LetterId>,
    pub kind: String,
    pub outcome: String,
    pub at: Timestamp,
    pub own: bool,
    pub person: String,
    pub path: String,
    /// `mem_…`, told to members of the same organisation only.
    pub member: String,
    pub mandate: Option<(String, i64)>,
    pub level: u8,
    pub client_id: String,
    pub attachment: Option<AttachmentId>,
    /// Offset and length, where it was a part of the attachment.
    pub part: Option<(u64, u64)>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    pub kind: &'a str,
    pub letter: Option<LetterId>,
    pub attachment: Option<AttachmentId>,
    /// Offset and length, where it is a part of the attachment.
    pub part: Option<(u64, u64)>,
    pub outcome: &'a str,
}

impl<'a> Looked<'a> {
    pub const fn at(kind: &'a str, letter: LetterId) -> Self {
        Self { kind, letter: Some(letter), attachment: None, part: None, outcome: "done" }
    }

    pub const fn around(kind: &'a str) -> Self {
        Self { kind, letter: None, attachment: None, part: None, outcome: "done" }
    }
}

impl Postbox {
    /// Notes an access in the transaction in which it happens.
    pub(super) async fn note_access(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        looked: Looked<'_>,
        now: Now,
    ) -> Result<(), Trouble> {
        self.write_access(tx, reader, looked, (None, now)).await
    }

    /// Notes a look that changes nothing: one entry per person, day and letter, so that looking
    /// again costs a read.
    pub(super) async fn note_once(
        &self,
        reader: &Reader,
        looked: Looked<'_>,
    ) -> Result<(), Trouble> {
        let now = self.now();
        let mut tx = self.db.read().await?;
        let Some((_, key)) = self.mailbox_of(&mut tx, reader).await? else { return Ok(()) };
        let letter = looked.letter.map(|l| l.to_string()).unwrap_or_default();
        let what = format!("{} {} {letter}", LegalDay::of(now.recorded), looked.kind);
        let once = pseudonym(&key, &what, "once", &reader.who.key());
        if accesses::is_noted(&mut tx, &once).await? {
            return Ok(());
        }
        drop(tx);
        let mut tx = self.db.begin().await?;
        self.write_access(&mut tx, reader, looked, (Some(&once), now)).await?;
        Ok(tx.commit().await?)
    }

    async fn write_access(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        looked: Looked<'_>,
        (once, now): (Option<&str>, Now),
    ) -> Result<(), Trouble> {
        let Some((mailbox, key)) = self.mailbox_of(tx, reader).await? else { return Ok(()) };
        let visitor = Visitor {
            account: match &reader.who {
                Who::Person(person) => Some(person.account),
                Who::Program(_) => None,
            },
            level: reader.who.level().number(),
            client_id: reader.who.client_id().to_owned(),
            path: reader.path().unwrap_or_default().to_owned(),
            member: reader.member().to_owned(),
            mandate: reader.mandate().cloned(),
            attachment: looked.attachment,
            part: looked.part,
        };
        let row = AccessRow {
            id: 0,
            letter_id: looked.letter,
            kind: looked.kind.to_owned(),
            outcome: looked.outcome.to_owned(),
            sealed: self.vault.seal_access(&key, mailbox.id, looked.letter, &visitor)?,
            at: now.recorded,
        };
        Ok(accesses::add(tx, mailbox.id, &row, once).await?)
    }

    /// Accesses to the reader's mailbox, newest first, with the token of the next page.
    #[tracing::instrument(name = "postbox.list_accesses", skip_all)]
    pub async fn accesses(
        &self,
        reader: &Reader,
        letter: Option<LetterId>,
        (page_size, page_token): (i32, &str),
    ) -> Result<(Vec<Shown>, String), ReadError> {
        let before = read_token(page_token)?;
        let size = match i64::from(page_size) {
            n if n <= 0 => PAGE,
            n => n.min(PAGE_MAX),
        };
        let mut tx = self.db.read().await?;
        let Some((mailbox, key)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok((Vec::new(), String::new()));
        };
        let mut rows = accesses::page(&mut tx, mailbox.id, letter, (before, size + 1)).await?;
        let more = i64::try_from(rows.len()).is_ok_and(|n| n > size);
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = rows.last().map(|row| row.id).filter(|_| more);
        let shown = rows.into_iter().map(|row| {
            let visitor: Visitor = open_access(&key, mailbox.id, row.letter_id, &row.sealed)?;
            Ok(Shown {
                letter: row.letter_id,
                kind: row.kind,
                outcome: row.outcome,
                at: row.at,
                own: visitor.key() == reader.who.key(),
                person: pseudonym(&key, WITHIN, "per", &visitor.key()),
                path: visitor.path,
                // Names go to colleagues: towards others a member is a pseudonym with a role.
                member: if reader.member().is_empty() { String::new() } else { visitor.member },
                mandate: visitor.mandate,
                level: visitor.level,
                client_id: visitor.client_id,
                attachment: visitor.attachment,
                part: visitor.part,
            })
        });
        Ok((shown.collect::<Result<_, Trouble>>()?, last.map(write_token).unwrap_or_default()))
    }
}
