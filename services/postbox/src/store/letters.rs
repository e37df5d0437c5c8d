//! Letters. Texts stand here sealed only.

use siegel_db::rows::{self, Insert, Rule};
use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::{Timestamp, TrustLevel};
use sqlx::AssertSqlSafe;

use crate::domain::flags::{Counted, Folder};
use crate::domain::state::{Delivery, End, Ending};
use crate::domain::{HandleId, LetterId, MailboxId};

/// A letter without its sealed texts.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LetterRow {
    pub mailbox_id: MailboxId,
    pub id: LetterId,
    pub sequence: Option<i64>,
    pub handle_id: HandleId,
    pub sector: String,
    pub client_id: String,
    pub tenant: String,
    pub authority: String,
    pub ars: String,
    pub service_id: String,
    pub state: String,
    pub ending: String,
    pub delivery_type: String,
    pub importance: i64,
    pub required_level: TrustLevel,
    pub hide_preview: bool,
    pub lane: String,
    pub thread: Option<LetterId>,
    pub legal_basis: Option<String>,
    pub legal_rule: Option<String>,
    pub legal_effect: Option<String>,
    pub announced_on: Option<String>,
    pub attachment_count: i64,
    pub content_digest: Vec<u8>,
    pub attachment_digests: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    pub sealed_head: Vec<u8>,
    pub commitment_salt: Vec<u8>,
    #[sqlx(rename = "accepted_at_us")]
    pub accepted_at: Timestamp,
    #[sqlx(rename = "publish_at_us")]
    pub publish_at: Option<Timestamp>,
    #[sqlx(rename = "provided_at_us")]
    pub provided_at: Option<Timestamp>,
    #[sqlx(rename = "notified_at_us")]
    pub notified_at: Option<Timestamp>,
    #[sqlx(rename = "opened_at_us")]
    pub opened_at: Option<Timestamp>,
    #[sqlx(rename = "terminal_by_us")]
    pub terminal_by: Timestamp,
    #[sqlx(rename = "due_at_us")]
    pub due_at: Option<Timestamp>,
    pub unread: bool,
    pub evidence_count: i64,
    pub last_evidence: Option<Vec<u8>>,
    /// What the sender declared, JSON.
    pub declared: Option<String>,
    pub replaced_by: Option<LetterId>,
    pub folder: String,
    pub sealed_labels: Option<Vec<u8>>,
    /// Finds the letters of a case; see `vault::case_tag`.
    pub case_tag: Option<Vec<u8>>,
    /// First local day on which the letter asks for something.
    pub due_on: Option<String>,
    #[sqlx(rename = "retrieve_until_us")]
    pub retrieve_until: Option<Timestamp>,
}

pub(crate) const COLUMNS: &str = "mailbox_id, id, sequence, handle_id, sector, client_id, tenant, authority, \
    ars, service_id, state, ending, delivery_type, importance, required_level, hide_preview, lane, \
    thread, legal_basis, legal_rule, legal_effect, announced_on, attachment_count, content_digest, \
    attachment_digests, wrapped_key, sealed_head, commitment_salt, accepted_at_us, publish_at_us, \
    provided_at_us, notified_at_us, opened_at_us, terminal_by_us, due_at_us, unread, \
    evidence_count, last_evidence, declared, replaced_by, folder, \
    sealed_labels, case_tag, due_on, retrieve_until_us";

impl LetterRow {
    /// The delivery state that the columns say.
    pub fn delivery(&self) -> Result<Delivery, StoreError> {
        let opened = self.opened_at.is_some();
        Ok(match self.state.as_str() {
            "accepted" => Delivery::Accepted,
            "scheduled" => Delivery::Scheduled {
                publish_at: self.publish_at.ok_or(StoreError::corrupt("letters: publish_at"))?,
            },
            "provided" => Delivery::Provided {
                ending: Ending::parse(&self.ending)
                    .ok_or(StoreError::corrupt("letters: ending"))?,
                by: self.terminal_by,
                opened,
            },
            end => Delivery::Ended {
                end: End::parse(end).ok_or(StoreError::corrupt("letters: state"))?,
                opened,
            },
        })
    }

    /// Writes a delivery state into the columns, with what the sweeper has to look for next.
    pub fn set_delivery(&mut self, delivery: Delivery) {
        delivery.as_str().clone_into(&mut self.state);
        self.due_at = match delivery {
            Delivery::Accepted | Delivery::Ended { .. } => None,
            Delivery::Scheduled { publish_at } => {
                self.publish_at = Some(publish_at);
                Some(publish_at)
            }
            Delivery::Provided { ending, by, .. } => {
                ending.as_str().clone_into(&mut self.ending);
                self.terminal_by = by;
                Some(by)
            }
        };
    }

    /// The content can no longer be opened: the time the sender set is over, and so is the one the
    /// law set, which a late notification may have moved.
    pub fn is_withdrawn(&self, now: Timestamp) -> bool {
        self.retrieve_until.is_some_and(|until| until.max(self.terminal_by) <= now)
    }

    /// What the counters of the mailbox see.
    pub fn counted(&self) -> Result<Counted, StoreError> {
        let folder = Folder::parse(&self.folder).ok_or(StoreError::corrupt("letters: folder"))?;
        Ok(Counted { folder, unread: self.unread })
    }

    /// There is no content: it was deleted, and with it the key, or never taken.
    pub fn is_purged(&self) -> bool {
        self.wrapped_key.is_empty()
    }

    /// Where the events of this letter's sender are.
    pub fn topic(&self) -> String {
        topic(&self.tenant, &self.client_id)
    }
}

/// The event topic of a sender.
pub fn topic(tenant: &str, client_id: &str) -> String {
    format!("sender:{tenant}/{client_id}")
}

/// All columns of [`LetterRow`], and the content.
const LETTERS: Insert = Insert {
    table: "letters",
    columns: &[
        "mailbox_id",
        "id",
        "sequence",
        "handle_id",
        "sector",
        "client_id",
        "tenant",
        "authority",
        "ars",
        "service_id",
        "state",
        "ending",
        "delivery_type",
        "importance",
        "required_level",
        "hide_preview",
        "lane",
        "thread",
        "legal_basis",
        "legal_rule",
        "legal_effect",
        "announced_on",
        "attachment_count",
        "content_digest",
        "attachment_digests",
        "wrapped_key",
        "sealed_head",
        "commitment_salt",
        "accepted_at_us",
        "publish_at_us",
        "provided_at_us",
        "notified_at_us",
        "opened_at_us",
        "terminal_by_us",
        "due_at_us",
        "unread",
        "evidence_count",
        "last_evidence",
        "declared",
        "replaced_by",
        "folder",
        "sealed_labels",
        "case_tag",
        "due_on",
        "retrieve_until_us",
        "sealed_content",
    ],
    rule: Rule::Plain,
};

/// Adds a letter with its sealed content.
pub async fn add(tx: &mut Tx, l: &LetterRow, sealed_content: &[u8]) -> Result<(), StoreError> {
    let row = vec![
        l.mailbox_id.as_uuid().into(),
        l.id.as_uuid().into(),
        l.sequence.into(),
        l.handle_id.as_uuid().into(),
        (&l.sector).into(),
        (&l.client_id).into(),
        (&l.tenant).into(),
        (&l.authority).into(),
        (&l.ars).into(),
        (&l.service_id).into(),
        (&l.state).into(),
        (&l.ending).into(),
        (&l.delivery_type).into(),
        l.importance.into(),
        i64::from(l.required_level.number()).into(),
        l.hide_preview.into(),
        (&l.lane).into(),
        l.thread.map(LetterId::as_uuid).into(),
        (&l.legal_basis).into(),
        (&l.legal_rule).into(),
        (&l.legal_effect).into(),
        (&l.announced_on).into(),
        l.attachment_count.into(),
        (&l.content_digest).into(),
        (&l.attachment_digests).into(),
        (&l.wrapped_key).into(),
        (&l.sealed_head).into(),
        (&l.commitment_salt).into(),
        l.accepted_at.into(),
        l.publish_at.into(),
        l.provided_at.into(),
        l.notified_at.into(),
        l.opened_at.into(),
        l.terminal_by.into(),
        l.due_at.into(),
        l.unread.into(),
        l.evidence_count.into(),
        (&l.last_evidence).into(),
        (&l.declared).into(),
        l.replaced_by.map(LetterId::as_uuid).into(),
        (&l.folder).into(),
        (&l.sealed_labels).into(),
        (&l.case_tag).into(),
        (&l.due_on).into(),
        l.retrieve_until.into(),
        sealed_content.into(),
    ];
    rows::insert(tx, LETTERS, row).await
}

/// Reads a letter and holds it: nobody else changes it before this transaction ends.
pub async fn lock(
    tx: &mut Tx,
    mailbox: MailboxId,
    id: LetterId,
) -> Result<Option<LetterRow>, StoreError> {
    // An update that changes nothing is the lock that both databases have.
    let sql = AssertSqlSafe(format!(
        "UPDATE letters SET evidence_count = evidence_count \
         WHERE mailbox_id = $1 AND id = $2 RETURNING {COLUMNS}"
    ));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(mailbox).bind(id).fetch_optional(c).await?))
}

pub async fn get(
    tx: &mut Tx,
    mailbox: MailboxId,
    id: LetterId,
) -> Result<Option<LetterRow>, StoreError> {
    let sql =
        AssertSqlSafe(format!("SELECT {COLUMNS} FROM letters WHERE mailbox_id = $1 AND id = $2"));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(mailbox).bind(id).fetch_optional(c).await?))
}

/// Writes back what can change in a letter's life.
pub async fn save(tx: &mut Tx, l: &LetterRow) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE letters SET sequence = $3, state = $4, ending = $5, \
        legal_rule = $6, legal_effect = $7, announced_on = $8, provided_at_us = $9, \
        notified_at_us = $10, opened_at_us = $11, terminal_by_us = $12, due_at_us = $13, \
        unread = $14, evidence_count = $15, last_evidence = $16, replaced_by = $17 \
        WHERE mailbox_id = $1 AND id = $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(l.mailbox_id).bind(l.id).bind(l.sequence).bind(&l.state).bind(&l.ending)
        .bind(&l.legal_rule).bind(&l.legal_effect).bind(&l.announced_on).bind(l.provided_at)
        .bind(l.notified_at).bind(l.opened_at).bind(l.terminal_by).bind(l.due_at)
        .bind(l.unread).bind(l.evidence_count).bind(&l.last_evidence).bind(l.replaced_by)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The sealed content of a letter.
pub async fn sealed_content(
    tx: &mut Tx,
    mailbox: MailboxId,
    id: LetterId,
) -> Result<Vec<u8>, StoreError> {
    const SQL: &str = "SELECT sealed_content FROM letters WHERE mailbox_id = $1 AND id = $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(mailbox).bind(id).fetch_one(c).await?))
}

/// What a list shows.
#[derive(Clone, Debug)]
pub struct Page {
    pub mailbox: MailboxId,
    /// Letters before this place in the sequence.
    pub before: i64,
    pub limit: i64,
    pub unread_only: bool,
    pub important_only: bool,
    pub folder: Folder,
    /// Only letters with this label.
    pub label: Option<Vec<u8>>,
    /// Only letters of this case whose case may be seen at this level.
    pub case: Option<(Vec<u8>, TrustLevel)>,
    /// Only letters that ask for something until this local day.
    pub due_until: Option<String>,
}

/// Provided letters, newest first. Each filter has an index of its own.
pub async fn page(tx: &mut Tx, page: &Page) -> Result<Vec<LetterRow>, StoreError> {
    let unread = if page.unread_only { "AND unread" } else { "" };
    let important = if page.important_only { "AND importance = 2" } else { "" };
    let label = if page.label.is_some() {
        "AND sequence IN (SELECT sequence FROM letter_labels WHERE mailbox_id = $1 AND tag = $5)"
    } else {
        "AND $5 IS NULL"
    };
    let (tag, level) = page.case.as_ref().map_or((None, None), |(t, l)| (Some(t), Some(*l)));
    let case = if tag.is_some() {
        "AND case_tag = $6 AND (required_level <= $7 OR NOT hide_preview)"
    } else {
        "AND $6 IS NULL AND $7 IS NULL"
    };
    let due = if page.due_until.is_some() { "AND due_on <= $8" } else { "AND $8 IS NULL" };
    let sql = AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM letters WHERE mailbox_id = $1 AND folder = $4 AND sequence < $2 \
         {unread} {important} {label} {case} {due} ORDER BY sequence DESC LIMIT $3"
    ));
    Ok(on!(tx, c => sqlx::query_as(sql)
        .bind(page.mailbox).bind(page.before).bind(page.limit).bind(page.folder.as_str())
        .bind(&page.label).bind(tag).bind(level).bind(&page.due_until).fetch_all(c).await?))
}

/// Letters whose time has come, soonest first.
pub async fn due(
    db: &Db,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(MailboxId, LetterId)>, StoreError> {
    const SQL: &str =
        "SELECT mailbox_id, id FROM letters WHERE due_at_us <= $1 ORDER BY due_at_us LIMIT $2";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(now).bind(limit).fetch_all(c).await?))
}

/// Lets the sweeper look at once at every letter of a mailbox that has no end.
pub async fn all_due(tx: &mut Tx, mailbox: MailboxId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE letters SET due_at_us = $2 WHERE mailbox_id = $1 AND due_at_us IS NOT NULL";
    on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(now).execute(c).await?.rows_affected());
    Ok(())
}
