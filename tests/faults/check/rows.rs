//! The tables of the postbox, read once. Nothing is written.

use siegel_db::{Db, StoreError, Tx, on};
use uuid::Uuid;

/// The kinds that end a letter whatever it is; `opened` ends those that nothing else ends.
pub const ENDS: [&str; 9] = [
    "confirmed",
    "refused",
    "deemed_announced",
    "deemed_served",
    "provision_ended",
    "expired_unread",
    "recalled",
    "undeliverable",
    "rejected",
];

#[derive(sqlx::FromRow)]
pub struct Letter {
    pub mailbox_id: Uuid,
    pub id: Uuid,
    pub sequence: Option<i64>,
    pub state: String,
    pub ending: String,
    pub attachment_count: i64,
    pub evidence_count: i64,
    pub last_evidence: Option<Vec<u8>>,
    pub unread: bool,
    pub folder: String,
    pub wrapped_key: Vec<u8>,
}

#[derive(sqlx::FromRow)]
pub struct Sent {
    #[sqlx(rename = "letter_id")]
    pub letter: Uuid,
    #[sqlx(rename = "mailbox_id")]
    pub mailbox: Uuid,
    #[sqlx(rename = "request_id")]
    pub request: String,
}

#[derive(sqlx::FromRow)]
pub struct Evidence {
    pub mailbox_id: Uuid,
    pub letter_id: Uuid,
    pub number: i64,
    pub kind: String,
    pub jws: String,
    pub leaf_salt: Vec<u8>,
    pub leaf: Vec<u8>,
}

#[derive(sqlx::FromRow)]
pub struct Attachments {
    pub letter_id: Uuid,
    pub count: i64,
}

#[derive(sqlx::FromRow)]
pub struct Mailbox {
    pub id: Uuid,
    pub letters: i64,
    pub unread: i64,
    pub archived: i64,
    pub trashed: i64,
}

#[derive(sqlx::FromRow)]
pub struct Leaf {
    pub leaf: Vec<u8>,
    pub log_index: Option<i64>,
}

#[derive(sqlx::FromRow)]
pub struct Checkpoint {
    pub size: i64,
    pub note: String,
}

pub struct Rows {
    pub letters: Vec<Letter>,
    pub sent: Vec<Sent>,
    /// By letter, in the order of the entries.
    pub evidence: Vec<Evidence>,
    pub attachments: Vec<Attachments>,
    pub mailboxes: Vec<Mailbox>,
    /// In the order of the log; those without a place at the end.
    pub leaves: Vec<Leaf>,
    /// Smallest first.
    pub checkpoints: Vec<Checkpoint>,
    /// Entries under the newest checkpoint, as the postbox says.
    pub published: i64,
    /// Events that no reader can see yet.
    pub unnumbered: i64,
}

impl Rows {
    /// One snapshot of everything.
    pub async fn read(db: &Db) -> Result<Self, StoreError> {
        const LETTERS: &str = "SELECT mailbox_id, id, sequence, state, ending, attachment_count, \
            evidence_count, last_evidence, unread, folder, wrapped_key FROM letters";
        const EVIDENCE: &str = "SELECT mailbox_id, letter_id, number, kind, jws, leaf_salt, leaf \
            FROM evidence ORDER BY mailbox_id, letter_id, number";
        const SENT: &str = "SELECT letter_id, mailbox_id, request_id FROM sent_letters";
        const ATTACHMENTS: &str =
            "SELECT letter_id, COUNT(*) AS count FROM attachments GROUP BY letter_id";
        const LEAVES: &str =
            "SELECT leaf, log_index FROM log_leaves ORDER BY log_index IS NULL, log_index";
        const MAILBOXES: &str = "SELECT id, letters, unread, archived, trashed FROM mailboxes";
        const CHECKPOINTS: &str = "SELECT size, note FROM log_checkpoints ORDER BY size";
        const PUBLISHED: &str = "SELECT published FROM log_head";
        const UNNUMBERED: &str = "SELECT COUNT(*) FROM events WHERE position IS NULL";
        let mut tx = db.read().await?;
        Ok(Self {
            letters: all(&mut tx, LETTERS).await?,
            sent: all(&mut tx, SENT).await?,
            evidence: all(&mut tx, EVIDENCE).await?,
            attachments: all(&mut tx, ATTACHMENTS).await?,
            mailboxes: all(&mut tx, MAILBOXES).await?,
            leaves: all(&mut tx, LEAVES).await?,
            checkpoints: all(&mut tx, CHECKPOINTS).await?,
            published: number(&mut tx, PUBLISHED).await?,
            unnumbered: number(&mut tx, UNNUMBERED).await?,
        })
    }
}

async fn all<T>(tx: &mut Tx, sql: &'static str) -> Result<Vec<T>, StoreError>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin,
{
    Ok(on!(tx, c => sqlx::query_as(sql).fetch_all(c).await?))
}

async fn number(tx: &mut Tx, sql: &'static str) -> Result<i64, StoreError> {
    Ok(on!(tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
}

/// The bytes of an id that clients see: `ltr_` and 32 hex digits.
pub fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text.split_once('_')?.1).ok()
}
