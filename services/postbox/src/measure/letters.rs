//! Letters by the million, as lists and counts read them: nothing else of a letter is written, and
//! nothing waits for a sweeper.

use std::fmt::Write as _;
use std::path::Path;

use siegel_crypto::SystemEntropy;
use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::{Clock as _, SystemClock, Timestamp, TrustLevel};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgCopyIn, PgPoolCopyExt as _};

use super::vault;
use crate::app::vault::Head;
use crate::domain::{HandleId, LetterId, MailboxId};
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes::{self, Mailbox};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Letters of one made-up mailbox.
const OF_OTHERS: i64 = 100;
/// Bytes on their way to the database.
const BUFFER: usize = 1 << 20;

/// Brings the mailbox behind a handle to `letters` letters, sealed as letters are: every third is
/// unread, every tenth important.
/// # Errors
/// The key cannot be read, the handle reaches nobody, or the database refuses.
pub async fn fill_mailbox(
    db: &Db,
    kek: &Path,
    (handle, sector): (&str, &str),
    letters: i64,
) -> Result<(), Failure> {
    let (vault, handle) = (vault(kek)?, handle.parse::<HandleId>()?);
    let mut tx = db.read().await?;
    let found = mailboxes::by_handle(&mut tx, handle, sector).await?;
    drop(tx);
    let mailbox = found.ok_or("the handle reaches nobody")?;
    let key = vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?;
    let mut sink = Sink::open(db).await?;
    let mut unread = 0;
    for sequence in mailbox.letters + 1..=letters {
        let mut row = bare(mailbox.id, handle, sequence)?;
        "Stadt Musterstadt, Bauamt".clone_into(&mut row.authority);
        let own = vault.new_key()?;
        let head = Head { subject: "Ihr Bescheid vom Bauamt".into(), ..Head::default() };
        row.wrapped_key = vault.wrap_letter_key((mailbox.id, &key), row.id, &own)?;
        row.sealed_head = vault.seal_head(&own, mailbox.id, row.id, &head)?;
        row.unread = sequence % 3 == 0;
        row.importance = if sequence % 10 == 0 { 2 } else { 1 };
        unread += i64::from(row.unread);
        sink.put(&row).await?;
    }
    sink.finish().await?;
    let mut tx = db.begin().await?;
    count(&mut tx, &mailbox, (letters, unread)).await?;
    Ok(tx.commit().await?)
}

/// Adds letters of other people, a hundred each, whose words nobody reads.
/// # Errors
/// The database refuses.
pub async fn add_letters_of_others(db: &Db, letters: i64) -> Result<(), Failure> {
    let entropy = SystemEntropy::new();
    let mut sink = Sink::open(db).await?;
    let mut written = 0;
    while written < letters {
        let mailbox = MailboxId::new(&SystemClock, &entropy)?;
        let handle = HandleId::new(&SystemClock, &entropy)?;
        for sequence in 1..=OF_OTHERS.min(letters - written) {
            let mut row = bare(mailbox, handle, sequence)?;
            row.unread = sequence % 3 == 0;
            sink.put(&row).await?;
        }
        written += OF_OTHERS;
    }
    sink.finish().await
}

/// What an opened letter is to a list, without words.
fn bare(mailbox: MailboxId, handle: HandleId, sequence: i64) -> Result<LetterRow, Failure> {
    let now = SystemClock.now();
    Ok(LetterRow {
        mailbox_id: mailbox,
        id: LetterId::new(&SystemClock, &SystemEntropy::new())?,
        sequence: Some(sequence),
        handle_id: handle,
        sector: "m".into(),
        client_id: "m".into(),
        tenant: "m".into(),
        authority: "A".into(),
        ars: String::new(),
        service_id: String::new(),
        state: "opened".into(),
        ending: "expired_unread".into(),
        delivery_type: "decision".into(),
        importance: 1,
        required_level: TrustLevel::Basic,
        hide_preview: false,
        lane: "bulk".into(),
        thread: None,
        legal_basis: None,
        legal_rule: None,
        legal_effect: None,
        announced_on: None,
        attachment_count: 0,
        content_digest: Vec::new(),
        attachment_digests: Vec::new(),
        wrapped_key: Vec::new(),
        sealed_head: Vec::new(),
        commitment_salt: Vec::new(),
        accepted_at: now,
        publish_at: None,
        provided_at: Some(now),
        notified_at: None,
        opened_at: Some(now),
        terminal_by: now,
        due_at: None,
        unread: false,
        evidence_count: 0,
        last_evidence: None,
        declared: None,
        replaced_by: None,
        folder: "inbox".into(),
        sealed_labels: None,
        case_tag: None,
        due_on: None,
        retrieve_until: None,
    })
}

/// What `GetCounts` reads.
async fn count(
    tx: &mut Tx,
    mailbox: &Mailbox,
    (letters, unread): (i64, i64),
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE mailboxes SET letters = $2, unread = unread + $3 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(mailbox.id).bind(letters).bind(unread)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Where rows go: `COPY` on PostgreSQL, one transaction on SQLite.
enum Sink {
    Copy(PgCopyIn<PoolConnection<Postgres>>, String),
    Rows(Tx),
}

impl Sink {
    async fn open(db: &Db) -> Result<Self, Failure> {
        let Db::Postgres(pool) = db else { return Ok(Self::Rows(db.begin().await?)) };
        let columns = letters::COLUMNS;
        let sql = format!("COPY letters ({columns}, sealed_content) FROM STDIN");
        Ok(Self::Copy(pool.copy_in_raw(&sql).await?, String::new()))
    }

    async fn put(&mut self, row: &LetterRow) -> Result<(), Failure> {
        match self {
            Self::Rows(tx) => letters::add(tx, row, b"").await?,
            Self::Copy(copy, buffer) => {
                Line(buffer).letter(row);
                if buffer.len() > BUFFER {
                    copy.send(std::mem::take(buffer).into_bytes()).await?;
                }
            }
        }
        Ok(())
    }

    async fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Rows(tx) => tx.commit().await?,
            Self::Copy(mut copy, buffer) => {
                copy.send(buffer.into_bytes()).await?;
                copy.finish().await?;
            }
        }
        Ok(())
    }
}

/// One row in the text format of `COPY`. None of the texts written here holds a tab, a line feed or
/// a backslash.
struct Line<'a>(&'a mut String);

impl Line<'_> {
    fn text(&mut self, value: &str) -> &mut Self {
        let _ = write!(self.0, "{value}\t");
        self
    }

    fn maybe(&mut self, value: Option<&str>) -> &mut Self {
        self.text(value.unwrap_or("\\N"))
    }

    fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.0.push_str("\\\\x");
        for byte in value {
            let _ = write!(self.0, "{byte:02x}");
        }
        self.0.push('\t');
        self
    }

    fn number(&mut self, value: i64) -> &mut Self {
        let _ = write!(self.0, "{value}\t");
        self
    }

    fn time(&mut self, value: Option<Timestamp>) -> &mut Self {
        match value {
            Some(value) => self.number(value.as_micros()),
            None => self.maybe(None),
        }
    }

    fn truth(&mut self, value: bool) -> &mut Self {
        self.text(if value { "t" } else { "f" })
    }

    /// In the order of [`letters::COLUMNS`], and no content.
    fn letter(&mut self, l: &LetterRow) {
        self.text(&l.mailbox_id.as_uuid().to_string()).text(&l.id.as_uuid().to_string());
        self.number(l.sequence.unwrap_or_default()).text(&l.handle_id.as_uuid().to_string());
        self.text(&l.sector).text(&l.client_id).text(&l.tenant).text(&l.authority).text(&l.ars);
        self.text(&l.service_id).text(&l.state).text(&l.ending).text(&l.delivery_type);
        self.number(l.importance).number(l.required_level.number().into()).truth(l.hide_preview);
        self.text(&l.lane).maybe(None).maybe(l.legal_basis.as_deref());
        self.maybe(l.legal_rule.as_deref()).maybe(l.legal_effect.as_deref());
        self.maybe(l.announced_on.as_deref()).number(l.attachment_count);
        self.bytes(&l.content_digest).bytes(&l.attachment_digests).bytes(&l.wrapped_key);
        self.bytes(&l.sealed_head).bytes(&l.commitment_salt).time(Some(l.accepted_at));
        self.time(l.publish_at).time(l.provided_at).time(l.notified_at).time(l.opened_at);
        self.time(Some(l.terminal_by)).time(l.due_at).truth(l.unread).number(l.evidence_count);
        self.maybe(None).maybe(l.declared.as_deref()).maybe(None).text(&l.folder).maybe(None);
        self.maybe(None).maybe(l.due_on.as_deref()).time(l.retrieve_until);
        self.0.push_str("\\\\x\n");
    }
}
