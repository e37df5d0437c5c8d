//! What was done by mandates.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{Timestamp, typed_id};

use crate::domain::{Action, MandateId, Scope};

typed_id! {
    /// Something that was done by a mandate.
    UseId = "use", time_ordered
}

/// Something that was done by a mandate.
#[derive(Clone, Debug)]
pub struct Use {
    pub id: UseId,
    /// The mandate in whose list it stands.
    pub mandate: MandateId,
    /// The mandate at the end of the path.
    pub used: MandateId,
    pub at: Timestamp,
    pub action: Action,
    pub about: Scope,
    pub path: String,
    /// Pseudonym.
    pub actor: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: UseId,
    mandate_id: MandateId,
    used_id: MandateId,
    used_at_us: Timestamp,
    action: i64,
    service_id: String,
    mailbox_id: String,
    sender_id: String,
    thread: String,
    letter_id: String,
    path: String,
    actor: String,
}

pub async fn add(tx: &mut Tx, new: &Use) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO mandate_uses (id, mandate_id, used_id, used_at_us, action, \
        service_id, mailbox_id, sender_id, thread, letter_id, path, actor) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.mandate).bind(new.used).bind(new.at).bind(new.action as i64)
        .bind(&new.about.service).bind(&new.about.mailbox).bind(&new.about.sender)
        .bind(&new.about.thread).bind(&new.about.letter).bind(&new.path).bind(&new.actor)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Up to `limit` uses of a mandate before a place in the list, the latest first.
pub async fn list(
    tx: &mut Tx,
    of: MandateId,
    before: Option<(Timestamp, UseId)>,
    limit: i64,
) -> Result<Vec<Use>, StoreError> {
    const SQL: &str = "SELECT id, mandate_id, used_id, used_at_us, action, service_id, mailbox_id, sender_id, thread, letter_id, path, actor \
        FROM mandate_uses WHERE mandate_id = $1 AND (used_at_us, id) < ($2, $3) \
        ORDER BY used_at_us DESC, id DESC LIMIT $4";
    // The first page begins before everything.
    let beginning = (Timestamp::from_micros(i64::MAX), UseId::from_uuid(sqlx::types::Uuid::max()));
    let (at, id) = before.unwrap_or(beginning);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(of).bind(at).bind(id).bind(limit).fetch_all(c).await?);
    rows.into_iter().map(Use::try_from).collect()
}

impl TryFrom<Row> for Use {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let action = i32::try_from(row.action).ok().and_then(Action::from_number);
        Ok(Self {
            id: row.id,
            mandate: row.mandate_id,
            used: row.used_id,
            at: row.used_at_us,
            action: action.ok_or_else(|| StoreError::corrupt("mandate_uses.action"))?,
            about: Scope {
                service: row.service_id,
                mailbox: row.mailbox_id,
                sender: row.sender_id,
                thread: row.thread,
                letter: row.letter_id,
            },
            path: row.path,
            actor: row.actor,
        })
    }
}
