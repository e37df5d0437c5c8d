//! Mailboxes beside the central ones.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, OrganisationMailboxId, Timestamp};
use uuid::Uuid;

use super::asked::of_ids;
use crate::domain::mailbox::{Kind, Place};

/// A mailbox that is open.
#[derive(Clone, Debug)]
pub struct MailboxRow {
    pub place: Place,
    pub organisation: OrganisationId,
    pub kind: Kind,
    pub created_at: Option<Timestamp>,
}

impl MailboxRow {
    /// The one that every organisation has.
    pub const fn central(organisation: OrganisationId) -> Self {
        Self { place: Place::Central, organisation, kind: Kind::Central, created_at: None }
    }
}

type Columns = (OrganisationMailboxId, OrganisationId, i64, String, Uuid, Timestamp);

fn row(
    (id, organisation, kind, name, belongs_to, created_at): Columns,
) -> Result<MailboxRow, StoreError> {
    let kind = Kind::stored(kind, name, belongs_to);
    let kind = kind.ok_or_else(|| StoreError::corrupt("mailboxes.kind"))?;
    Ok(MailboxRow { place: Place::Other(id), organisation, kind, created_at: Some(created_at) })
}

/// Holds an organisation until the transaction ends: its mailboxes and rights change one by one.
pub async fn hold(tx: &mut Tx, organisation: OrganisationId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE organisations SET name = name WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(organisation).execute(c).await?.rows_affected());
    Ok(())
}

/// Adds a mailbox; `false` when there is one for the same unit, name or member.
pub async fn add(
    tx: &mut Tx,
    (id, organisation): (OrganisationMailboxId, OrganisationId),
    kind: &Kind,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO mailboxes (id, organisation_id, kind, name, belongs_to, created_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let (name, of) = kind.columns();
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(organisation).bind(i64::from(kind.number())).bind(name).bind(of).bind(now)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Closes an open mailbox; `false` when there is none.
pub async fn close(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: OrganisationMailboxId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE mailboxes SET closed_at_us = $3 \
        WHERE id = $1 AND organisation_id = $2 AND closed_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(organisation).bind(now).execute(c).await?.rows_affected())
        == 1)
}

/// The open ones of an organisation, by kind and name.
pub async fn all_of(
    tx: &mut Tx,
    organisation: OrganisationId,
) -> Result<Vec<MailboxRow>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, kind, name, belongs_to, created_at_us FROM mailboxes \
        WHERE organisation_id = $1 AND closed_at_us IS NULL ORDER BY kind, name, created_at_us";
    let rows: Vec<Columns> =
        on!(tx, c => sqlx::query_as(SQL).bind(organisation).fetch_all(c).await?);
    rows.into_iter().map(row).collect()
}

/// The open ones among those asked about.
pub async fn some(
    tx: &mut Tx,
    ids: &[OrganisationMailboxId],
) -> Result<Vec<MailboxRow>, StoreError> {
    const SQL: &str = "SELECT m.id, m.organisation_id, m.kind, m.name, m.belongs_to, \
        m.created_at_us FROM asked a CROSS JOIN mailboxes m \
        WHERE m.id = a.id AND m.closed_at_us IS NULL";
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let rows: Vec<Columns> = of_ids(tx, &ids, SQL).await?;
    rows.into_iter().map(row).collect()
}

/// Organisations that an account is a member of, with their names.
pub async fn organisations_of(
    tx: &mut Tx,
    account: AccountId,
    limit: i64,
) -> Result<Vec<(OrganisationId, String)>, StoreError> {
    const SQL: &str = "SELECT o.id, o.name FROM memberships m \
        JOIN organisations o ON o.id = m.organisation_id \
        WHERE m.account_id = $1 AND m.ended_at_us IS NULL ORDER BY o.name, o.id LIMIT $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).bind(limit).fetch_all(c).await?))
}
