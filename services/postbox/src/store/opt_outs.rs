//! What owners chose about letters in their postbox.

use std::collections::HashMap;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{Timestamp, TrustLevel};
use sqlx::AssertSqlSafe;

use super::senders::Sender;
use crate::domain::MailboxId;
use crate::domain::opt_out::{self, Choice};

/// Mailboxes asked about by one statement.
const AT_ONCE: usize = 256;

/// One choice, as it was made.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ChoiceRow {
    /// Place among the choices of the mailbox, from 1.
    pub number: i64,
    /// Client id; empty for all senders.
    pub sender: String,
    pub authority: String,
    pub service_id: String,
    pub choice: String,
    pub wording_version: String,
    pub level: TrustLevel,
    #[sqlx(rename = "chosen_at_us")]
    pub chosen_at: Timestamp,
    /// The latest about this sender.
    pub latest: bool,
}

/// Takes the next place among the choices of a mailbox, and holds it; `None` when it was closed.
pub async fn next_number(tx: &mut Tx, mailbox: MailboxId) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "UPDATE mailboxes SET opt_outs = opt_outs + 1 \
        WHERE id = $1 AND closed_at_us IS NULL RETURNING opt_outs";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(mailbox).fetch_optional(c).await?))
}

/// Adds a choice in the place of the latest about the same sender.
pub async fn add(tx: &mut Tx, mailbox: MailboxId, row: &ChoiceRow) -> Result<(), StoreError> {
    const OLD: &str = "UPDATE opt_outs SET latest = FALSE \
        WHERE mailbox_id = $1 AND sender = $2 AND latest";
    const NEW: &str = "INSERT INTO opt_outs (mailbox_id, number, sender, authority, service_id, \
        choice, wording_version, level, chosen_at_us, latest) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, TRUE)";
    on!(&mut *tx, c => sqlx::query(OLD).bind(mailbox).bind(&row.sender)
        .execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(NEW)
        .bind(mailbox).bind(row.number).bind(&row.sender).bind(&row.authority)
        .bind(&row.service_id).bind(&row.choice).bind(&row.wording_version).bind(row.level)
        .bind(row.chosen_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Choices of a mailbox, newest first.
pub async fn page(
    tx: &mut Tx,
    mailbox: MailboxId,
    before: i64,
    limit: i64,
) -> Result<Vec<ChoiceRow>, StoreError> {
    const SQL: &str = "SELECT number, sender, authority, service_id, choice, wording_version, \
        level, chosen_at_us, latest FROM opt_outs \
        WHERE mailbox_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(before).bind(limit)
        .fetch_all(c).await?))
}

/// What held at an instant: the choice about all senders, and the one about this sender.
pub async fn held_at(
    tx: &mut Tx,
    mailbox: MailboxId,
    sender: &str,
    at: Timestamp,
) -> Result<Vec<ChoiceRow>, StoreError> {
    const SQL: &str = "SELECT number, sender, authority, service_id, choice, wording_version, \
        level, chosen_at_us, latest FROM opt_outs o \
        WHERE mailbox_id = $1 AND sender IN ('', $2) AND chosen_at_us <= $3 AND NOT EXISTS \
        (SELECT 1 FROM opt_outs n WHERE n.mailbox_id = o.mailbox_id AND n.sender = o.sender \
        AND n.number > o.number AND n.chosen_at_us <= $3) ORDER BY sender";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(sender).bind(at)
        .fetch_all(c).await?))
}

/// The latest choice about a sender; about all, where `sender` is empty.
pub async fn latest(
    tx: &mut Tx,
    mailbox: MailboxId,
    sender: &str,
) -> Result<Option<ChoiceRow>, StoreError> {
    const SQL: &str = "SELECT number, sender, authority, service_id, choice, wording_version, \
        level, chosen_at_us, latest FROM opt_outs \
        WHERE mailbox_id = $1 AND sender = $2 AND latest";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(sender).fetch_optional(c).await?))
}

/// Those of the mailboxes whose owners exclude letters of this sender; whether they chose so about
/// this sender, not about all.
pub async fn excluded(
    tx: &mut Tx,
    mailboxes: &[MailboxId],
    client_id: &str,
) -> Result<HashMap<MailboxId, bool>, StoreError> {
    let mut choices: HashMap<MailboxId, [Option<Choice>; 2]> = HashMap::new();
    for some in mailboxes.chunks(AT_ONCE) {
        // Filled up with the last one, so that few statements are prepared.
        let rows = some.len().next_power_of_two();
        let places: Vec<String> = (2..2 + rows).map(|n| format!("${n}")).collect();
        let sql = AssertSqlSafe(format!(
            "SELECT mailbox_id, sender, choice FROM opt_outs \
             WHERE latest AND sender IN ('', $1) AND mailbox_id IN ({})",
            places.join(", ")
        ));
        let found: Vec<(MailboxId, String, String)> = on!(&mut *tx, c => {
            let filled = some.iter().chain(some.last().into_iter().cycle()).take(rows);
            let query = sqlx::query_as(sql).bind(client_id);
            filled.fold(query, |query, id| query.bind(*id)).fetch_all(c).await?
        });
        for (mailbox, sender, choice) in found {
            let choice = Choice::parse(&choice).ok_or(StoreError::corrupt("opt_outs: choice"))?;
            let [general, about_sender] = choices.entry(mailbox).or_default();
            *if sender.is_empty() { general } else { about_sender } = Some(choice);
        }
    }
    let excluded = |[general, own]: &[Option<Choice>; 2]| opt_out::excluded(*general, *own);
    let named = |(id, [_, own]): (&MailboxId, &[Option<Choice>; 2])| (*id, own.is_some());
    Ok(choices.iter().filter(|(_, both)| excluded(both)).map(named).collect())
}

/// Whether letters under a rule reach those who opted out as well.
pub async fn is_overridden_by(tx: &mut Tx, rule_id: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT despite_opt_out FROM legal_rules WHERE rule_id = $1";
    let found: Option<bool> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(rule_id).fetch_optional(c).await?);
    Ok(found.unwrap_or(false))
}

/// Makes the rules of a legal basis reach those who opted out; `false` when there is none.
pub async fn override_by(tx: &mut Tx, legal_basis: &str) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE legal_rules SET despite_opt_out = TRUE WHERE legal_basis = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(legal_basis).execute(c).await?.rows_affected()) > 0)
}

/// Makes every rule respect those who opted out.
pub async fn override_by_none(tx: &mut Tx) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE legal_rules SET despite_opt_out = FALSE WHERE despite_opt_out";
    on!(tx, c => sqlx::query(SQL).execute(c).await?.rows_affected());
    Ok(())
}

/// A sender that can write to a mailbox, with the latest choice about it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct WriterRow {
    pub client_id: String,
    pub authority: String,
    pub service_id: String,
    pub choice: Option<String>,
}

/// The senders for whose sector the mailbox has a handle in use, in the order of their client ids.
pub async fn writers(
    tx: &mut Tx,
    mailbox: MailboxId,
    after: &str,
    limit: i64,
) -> Result<Vec<WriterRow>, StoreError> {
    const SQL: &str = "SELECT s.client_id, s.authority, s.service_id, o.choice FROM senders s \
        LEFT JOIN opt_outs o ON o.mailbox_id = $1 AND o.sender = s.client_id AND o.latest \
        WHERE s.removed_at_us IS NULL AND s.client_id > $2 AND s.sector IN \
        (SELECT sector FROM handles WHERE mailbox_id = $1 AND revoked_at_us IS NULL) \
        ORDER BY s.client_id LIMIT $3";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(after).bind(limit)
        .fetch_all(c).await?))
}

/// One of the senders that can write to the mailbox, or that was chosen about before.
pub async fn sender(
    tx: &mut Tx,
    mailbox: MailboxId,
    client_id: &str,
) -> Result<Option<Sender>, StoreError> {
    const SQL: &str = "SELECT client_id, tenant, sector, authority, ars, service_id FROM senders \
        WHERE client_id = $2 AND (EXISTS \
        (SELECT 1 FROM opt_outs WHERE mailbox_id = $1 AND sender = $2 AND latest) \
        OR (removed_at_us IS NULL AND sector IN \
        (SELECT sector FROM handles WHERE mailbox_id = $1 AND revoked_at_us IS NULL)))";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(client_id).fetch_optional(c).await?))
}
