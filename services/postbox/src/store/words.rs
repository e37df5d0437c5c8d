//! The blind index of the search.

use siegel_db::rows::{self, Insert, Rule};
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{Timestamp, TrustLevel};
use sqlx::AssertSqlSafe;

use super::letters::{COLUMNS, LetterRow};
use crate::domain::flags::Folder;
use crate::domain::{LetterId, MailboxId};

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// In what lists show.
    Head,
    /// In what only opening shows: it finds nothing once the content is withdrawn.
    Content,
}

/// Lets a letter be found by these words, by readers of at least this level. A word by which it is
/// found already stays as it is.
pub async fn add(
    tx: &mut Tx,
    (mailbox, sequence): (MailboxId, i64),
    (needed, of): (TrustLevel, Of),
    tags: &[Vec<u8>],
) -> Result<(), StoreError> {
    const WORDS: Insert = Insert {
        table: "letter_words",
        columns: &["mailbox_id", "tag", "sequence", "needed_level", "of_content"],
        rule: Rule::KeepOld,
    };
    let row = |tag: &Vec<u8>| {
        let of_content = of == Of::Content;
        let level = i64::from(needed.number());
        vec![mailbox.as_uuid().into(), tag.into(), sequence.into(), level.into(), of_content.into()]
    };
    rows::insert_all(tx, WORDS, tags.iter().map(row).collect()).await
}

/// Takes a letter out of the index. To be called where its content is destroyed.
pub async fn forget_letter(
    tx: &mut Tx,
    mailbox: MailboxId,
    letter: LetterId,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM letter_words WHERE mailbox_id = $1 AND sequence = \
        (SELECT sequence FROM letters WHERE mailbox_id = $1 AND id = $2)";
    on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(letter).execute(c).await?.rows_affected());
    Ok(())
}

/// Takes a whole mailbox out of the index.
pub async fn forget_mailbox(tx: &mut Tx, mailbox: MailboxId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM letter_words WHERE mailbox_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(mailbox).execute(c).await?.rows_affected());
    Ok(())
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub mailbox: MailboxId,
    /// All of them; at least one.
    pub tags: Vec<Vec<u8>>,
    /// The reader's level.
    pub level: TrustLevel,
    /// `None`: everywhere but in the trash.
    pub folder: Option<Folder>,
    pub unread_only: bool,
    pub important_only: bool,
    /// When the search is made.
    pub at: Timestamp,
}

impl Wanted {
    fn conditions(&self) -> String {
        let folder = match self.folder {
            Some(folder) => format!("folder = '{}'", folder.as_str()),
            None => format!("folder <> '{}'", Folder::Trash.as_str()),
        };
        let unread = if self.unread_only { " AND unread" } else { "" };
        let important = if self.important_only { " AND importance = 2" } else { "" };
        // As `LetterRow::is_withdrawn`: then only what lists show finds the letter.
        format!(
            "{folder}{unread}{important}{} AND (retrieve_until_us IS NULL \
             OR retrieve_until_us > $5 OR terminal_by_us > $5 OR (TRUE{}))",
            self.found_by(""),
            self.found_by(" AND NOT of_content")
        )
    }

    /// All words are found, in rows that are `such`.
    fn found_by(&self, such: &str) -> String {
        let words = (6..6 + self.tags.len()).map(|n| {
            format!(
                " AND sequence IN (SELECT sequence FROM letter_words \
                 WHERE mailbox_id = $1 AND tag = ${n} AND needed_level <= $4{such})"
            )
        });
        words.collect()
    }
}

/// Letters that hold all words, newest first.
pub async fn page(
    tx: &mut Tx,
    wanted: &Wanted,
    before: i64,
    limit: i64,
) -> Result<Vec<LetterRow>, StoreError> {
    let sql = AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM letters WHERE mailbox_id = $1 AND sequence < $2 AND {} \
         ORDER BY sequence DESC LIMIT $3",
        wanted.conditions()
    ));
    Ok(on!(tx, c => {
        let query = sqlx::query_as(sql)
            .bind(wanted.mailbox).bind(before).bind(limit).bind(wanted.level)
            .bind(wanted.at);
        wanted.tags.iter().fold(query, sqlx::query::QueryAs::bind).fetch_all(c).await?
    }))
}

/// How many letters hold all words, up to `most`.
pub async fn found(tx: &mut Tx, wanted: &Wanted, most: i64) -> Result<i64, StoreError> {
    let sql = AssertSqlSafe(format!(
        "SELECT sequence FROM letters WHERE mailbox_id = $1 AND sequence < $2 AND {} LIMIT $3",
        wanted.conditions()
    ));
    let found: Vec<i64> = on!(tx, c => {
        let query = sqlx::query_scalar(sql)
            .bind(wanted.mailbox).bind(i64::MAX).bind(most).bind(wanted.level)
            .bind(wanted.at);
        wanted.tags.iter().fold(query, sqlx::query::QueryScalar::bind).fetch_all(c).await?
    });
    Ok(i64::try_from(found.len()).unwrap_or(most))
}
