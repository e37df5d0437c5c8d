//! The book of what a sender sent.

use siegel_db::rows::{self, Insert, Rule};
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use super::letters::LetterRow;
use crate::domain::{LetterId, MailboxId};

/// A line of the book.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SentRow {
    pub letter_id: LetterId,
    pub mailbox_id: MailboxId,
    pub request_id: String,
    #[sqlx(rename = "accepted_at_us")]
    pub accepted_at: Timestamp,
}

/// What of the book to read.
#[derive(Clone, Debug)]
pub struct SentPage<'a> {
    pub client_id: &'a str,
    /// Lines before this one.
    pub before: (Timestamp, LetterId),
    pub since: Timestamp,
    pub case_tag: Option<Vec<u8>>,
    pub limit: i64,
}

/// Lines of a sender's book, newest first.
pub async fn page(tx: &mut Tx, page: &SentPage<'_>) -> Result<Vec<SentRow>, StoreError> {
    const ALL: &str = "SELECT letter_id, mailbox_id, request_id, accepted_at_us FROM sent_letters \
        WHERE client_id = $1 AND (accepted_at_us, letter_id) < ($2, $3) AND accepted_at_us >= $4 \
        ORDER BY accepted_at_us DESC, letter_id DESC LIMIT $5";
    const OF_CASE: &str = "SELECT letter_id, mailbox_id, request_id, accepted_at_us \
        FROM sent_letters \
        WHERE client_id = $1 AND (accepted_at_us, letter_id) < ($2, $3) AND accepted_at_us >= $4 \
        AND case_tag = $6 ORDER BY accepted_at_us DESC, letter_id DESC LIMIT $5";
    let (at, letter) = page.before;
    Ok(match &page.case_tag {
        None => on!(tx, c => sqlx::query_as(ALL)
            .bind(page.client_id).bind(at).bind(letter).bind(page.since).bind(page.limit)
            .fetch_all(c).await?),
        Some(tag) => on!(tx, c => sqlx::query_as(OF_CASE)
            .bind(page.client_id).bind(at).bind(letter).bind(page.since).bind(page.limit)
            .bind(tag).fetch_all(c).await?),
    })
}

/// A letter in its sender's book.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Line {
    pub mailbox_id: MailboxId,
    pub request_id: String,
}

/// Notes a letter in its sender's book; `case_tag` finds those of a case.
pub async fn add(
    tx: &mut Tx,
    letter: &LetterRow,
    request_id: &str,
    case_tag: Option<&[u8]>,
) -> Result<(), StoreError> {
    const SENT: Insert = Insert {
        table: "sent_letters",
        columns: &[
            "client_id",
            "letter_id",
            "mailbox_id",
            "request_id",
            "accepted_at_us",
            "case_tag",
        ],
        rule: Rule::Plain,
    };
    let row = vec![
        (&letter.client_id).into(),
        letter.id.as_uuid().into(),
        letter.mailbox_id.as_uuid().into(),
        request_id.into(),
        letter.accepted_at.into(),
        case_tag.into(),
    ];
    rows::insert(tx, SENT, row).await
}

/// Where a letter of this sender is.
pub async fn find(
    tx: &mut Tx,
    client_id: &str,
    letter: LetterId,
) -> Result<Option<Line>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, request_id FROM sent_letters \
        WHERE client_id = $1 AND letter_id = $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(client_id).bind(letter).fetch_optional(c).await?))
}
