//! Mailboxes and the handles under which senders reach them.

use std::collections::HashMap;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, OrganisationMailboxId, Timestamp};
use uuid::Uuid;

use crate::domain::{HandleId, MailboxId};

/// Whose mailbox it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Account(AccountId),
    /// The central one of an organisation.
    Organisation(OrganisationId),
    /// Another one of an organisation.
    Beside(OrganisationId, OrganisationMailboxId),
}

impl Owner {
    /// Kind and id, and the organisation of a mailbox that is not its central one.
    pub(super) const fn columns(self) -> (&'static str, Uuid, Option<Uuid>) {
        match self {
            Self::Account(id) => ("account", id.as_uuid(), None),
            Self::Organisation(id) => ("organisation", id.as_uuid(), None),
            Self::Beside(organisation, id) => {
                ("organisation", id.as_uuid(), Some(organisation.as_uuid()))
            }
        }
    }

    /// `acc_…`, `org_…` or `omb_…`
    pub fn text(self) -> String {
        match self {
            Self::Account(id) => id.to_string(),
            Self::Organisation(id) => id.to_string(),
            Self::Beside(_, id) => id.to_string(),
        }
    }

    /// Under what `notification` knows an address: `acc_…` or `org_…`.
    pub fn contact(self) -> String {
        match self {
            Self::Account(id) => id.to_string(),
            Self::Organisation(id) | Self::Beside(id, _) => id.to_string(),
        }
    }
}

/// A mailbox as stored; its key is wrapped.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Mailbox {
    pub id: MailboxId,
    owner_kind: String,
    owner: Uuid,
    /// Of a mailbox beside the central one.
    organisation: Option<Uuid>,
    pub wrapped_key: Vec<u8>,
    pub letters: i64,
    /// Outside the trash.
    pub unread: i64,
    pub archived: i64,
    pub trashed: i64,
    #[sqlx(rename = "closed_at_us")]
    closed_at: Option<Timestamp>,
}

impl Mailbox {
    pub const fn closed_at(&self) -> Option<Timestamp> {
        self.closed_at
    }

    pub const fn is_closed(&self) -> bool {
        self.closed_at.is_some()
    }

    pub fn owner(&self) -> Owner {
        if self.owner_kind == "account" {
            return Owner::Account(AccountId::from_uuid(self.owner));
        }
        match self.organisation.map(OrganisationId::from_uuid) {
            None => Owner::Organisation(OrganisationId::from_uuid(self.owner)),
            Some(of) => Owner::Beside(of, OrganisationMailboxId::from_uuid(self.owner)),
        }
    }
}

/// The mailbox of an owner, unless it was closed.
pub async fn of_owner(tx: &mut Tx, owner: Owner) -> Result<Option<Mailbox>, StoreError> {
    const SQL: &str = "SELECT id, owner_kind, owner, organisation, wrapped_key, letters, unread, \
        archived, trashed, closed_at_us FROM mailboxes \
        WHERE owner_kind = $1 AND owner = $2 AND COALESCE(organisation, owner) = $3 \
        AND closed_at_us IS NULL";
    let (kind, id, of) = owner.columns();
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(kind).bind(id).bind(of.unwrap_or(id))
        .fetch_optional(c).await?))
}

pub async fn by_id(tx: &mut Tx, id: MailboxId) -> Result<Option<Mailbox>, StoreError> {
    const SQL: &str = "SELECT id, owner_kind, owner, organisation, wrapped_key, letters, unread, \
        archived, trashed, closed_at_us FROM mailboxes \
        WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// Any mailbox: at start its key shows whether the key-encryption key is the right one.
pub async fn any(tx: &mut Tx) -> Result<Option<Mailbox>, StoreError> {
    const SQL: &str = "SELECT id, owner_kind, owner, organisation, wrapped_key, letters, unread, \
        archived, trashed, closed_at_us FROM mailboxes LIMIT 1";
    Ok(on!(tx, c => sqlx::query_as(SQL).fetch_optional(c).await?))
}

/// Opens a mailbox; does nothing when the owner has one.
pub async fn add(
    tx: &mut Tx,
    id: MailboxId,
    owner: Owner,
    wrapped_key: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO mailboxes \
        (id, owner_kind, owner, wrapped_key, created_at_us, organisation) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let (kind, owner, of) = owner.columns();
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(kind).bind(owner).bind(wrapped_key).bind(now).bind(of)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Closes a mailbox and ends its handles; the mailbox's id unless there is none open.
pub async fn close(
    tx: &mut Tx,
    owner: Owner,
    now: Timestamp,
) -> Result<Option<MailboxId>, StoreError> {
    const CLOSE: &str = "UPDATE mailboxes SET closed_at_us = $3 \
        WHERE owner_kind = $1 AND owner = $2 AND COALESCE(organisation, owner) = $4 \
        AND closed_at_us IS NULL RETURNING id";
    const END: &str =
        "UPDATE handles SET revoked_at_us = $2 WHERE mailbox_id = $1 AND revoked_at_us IS NULL";
    let (kind, owner, of) = owner.columns();
    let closed: Option<MailboxId> = on!(&mut *tx, c => sqlx::query_scalar(CLOSE)
        .bind(kind).bind(owner).bind(now).bind(of.unwrap_or(owner)).fetch_optional(c).await?);
    if let Some(id) = closed {
        on!(tx, c => sqlx::query(END).bind(id).bind(now).execute(c).await?.rows_affected());
    }
    Ok(closed)
}

/// Holds a mailbox until the transaction ends: who decides about its content, and who forbids it.
pub async fn hold(tx: &mut Tx, id: MailboxId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE mailboxes SET letters = letters WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected());
    Ok(())
}

/// Takes the next place in the mailbox's gap-free sequence for a letter that is now provided, and
/// the mailbox's wrapped key; `None` when the mailbox was closed.
pub async fn next_sequence(
    tx: &mut Tx,
    id: MailboxId,
) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    const SQL: &str = "UPDATE mailboxes SET letters = letters + 1, unread = unread + 1 \
        WHERE id = $1 AND closed_at_us IS NULL RETURNING letters, wrapped_key";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// The handle of a mailbox for a sector, if one is in use.
pub async fn handle_of(
    tx: &mut Tx,
    mailbox: MailboxId,
    sector: &str,
) -> Result<Option<HandleId>, StoreError> {
    const SQL: &str = "SELECT id FROM handles \
        WHERE mailbox_id = $1 AND sector = $2 AND revoked_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(mailbox).bind(sector).fetch_optional(c).await?))
}

/// Adds a handle; does nothing when one is in use.
pub async fn add_handle(
    tx: &mut Tx,
    id: HandleId,
    mailbox: MailboxId,
    sector: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO handles (id, mailbox_id, sector, created_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(mailbox).bind(sector).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The mailbox behind a handle, for senders of the handle's sector only.
pub async fn by_handle(
    tx: &mut Tx,
    handle: HandleId,
    sector: &str,
) -> Result<Option<Mailbox>, StoreError> {
    const SQL: &str = "SELECT m.id, m.owner_kind, m.owner, m.organisation, m.wrapped_key, m.letters, m.unread, \
        m.archived, m.trashed, m.closed_at_us FROM handles h JOIN mailboxes m ON m.id = h.mailbox_id \
        WHERE h.id = $1 AND h.sector = $2 AND h.revoked_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(handle).bind(sector).fetch_optional(c).await?))
}

/// A mailbox, and the person who owns it, if one does.
type Reached = (MailboxId, Option<AccountId>);

/// The mailboxes that handles reach, for senders of the handles' sector only.
pub async fn reached(
    tx: &mut Tx,
    handles: &[HandleId],
    sector: &str,
) -> Result<HashMap<HandleId, Reached>, StoreError> {
    let mut found = HashMap::with_capacity(handles.len());
    // One statement for a hundred: SQLite has no arrays.
    for some in handles.chunks(100) {
        let places: Vec<String> = (0..some.len()).map(|n| format!("${}", n + 2)).collect();
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT h.id, m.id, CASE WHEN m.owner_kind = 'account' THEN m.owner END \
             FROM handles h JOIN mailboxes m ON m.id = h.mailbox_id \
             WHERE h.sector = $1 AND h.revoked_at_us IS NULL AND m.closed_at_us IS NULL \
             AND h.id IN ({})",
            places.join(", ")
        ));
        let rows: Vec<(HandleId, MailboxId, Option<AccountId>)> = on!(&mut *tx, c => {
            let mut query = sqlx::query_as(sql).bind(sector);
            for handle in some {
                query = query.bind(*handle);
            }
            query.fetch_all(c).await?
        });
        found.extend(rows.into_iter().map(|(handle, mailbox, of)| (handle, (mailbox, of))));
    }
    Ok(found)
}
