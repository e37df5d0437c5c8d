//! What was said about who may do what in a mailbox.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp};
use uuid::Uuid;

use super::asked::of_mailboxes;
use crate::domain::Role;
use crate::domain::mailbox::{MembershipId, Place, Rights};
use crate::domain::mailbox_right::{Grant, Holder};
use crate::domain::units::UnitId;

/// A grant and since when it counts.
#[derive(Clone, Copy, Debug)]
pub struct GrantRow {
    pub organisation: OrganisationId,
    pub grant: Grant,
    pub since: Timestamp,
}

fn columns(holder: Holder) -> (i64, Uuid) {
    match holder {
        Holder::Member(member) => (1, member.as_uuid()),
        Holder::Role(role) => (2, Uuid::from_u128(role.number().unsigned_abs().into())),
        Holder::Unit(unit) => (3, unit.as_uuid()),
    }
}

fn holder(kind: i64, id: Uuid) -> Option<Holder> {
    match kind {
        1 => Some(Holder::Member(MembershipId::from_uuid(id))),
        2 => i64::try_from(id.as_u128()).ok().and_then(Role::from_number).map(Holder::Role),
        3 => Some(Holder::Unit(UnitId::from_uuid(id))),
        _ => None,
    }
}

type Columns = (OrganisationId, Uuid, i64, Uuid, i64, Timestamp);

fn row((organisation, place, kind, id, bits, since): Columns) -> Result<GrantRow, StoreError> {
    let corrupt = || StoreError::corrupt("mailbox_rights");
    let holder = holder(kind, id).ok_or_else(corrupt)?;
    let rights = Rights::from_bits(bits).ok_or_else(corrupt)?;
    let grant = Grant { place: Place::of_uuid(place), holder, rights };
    Ok(GrantRow { organisation, grant, since })
}

/// Ends what was said about a holder; `false` when nothing was.
pub async fn end(
    tx: &mut Tx,
    organisation: OrganisationId,
    (place, of): (Place, Holder),
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE mailbox_rights SET ended_at_us = $5 WHERE organisation_id = $1 \
        AND mailbox_id = $2 AND holder_kind = $3 AND holder = $4 AND ended_at_us IS NULL";
    let (kind, id) = columns(of);
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(organisation).bind(place.uuid()).bind(kind).bind(id).bind(now)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Says what a holder may do; what was said before has been ended.
pub async fn add(
    tx: &mut Tx,
    (id, organisation): (Uuid, OrganisationId),
    grant: &Grant,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO mailbox_rights \
        (id, organisation_id, mailbox_id, holder_kind, holder, rights, began_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (kind, holder) = columns(grant.holder);
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(organisation).bind(grant.place.uuid()).bind(kind).bind(holder)
        .bind(grant.rights.bits()).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends everything that was said about a mailbox.
pub async fn end_all(
    tx: &mut Tx,
    organisation: OrganisationId,
    place: Place,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE mailbox_rights SET ended_at_us = $3 \
        WHERE organisation_id = $1 AND mailbox_id = $2 AND ended_at_us IS NULL";
    on!(tx, c => sqlx::query(SQL).bind(organisation).bind(place.uuid()).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// What counts now in the mailboxes asked about, in the order in which it was said.
pub async fn of(
    tx: &mut Tx,
    mailboxes: &[(OrganisationId, Place)],
) -> Result<Vec<GrantRow>, StoreError> {
    const SQL: &str = "SELECT r.organisation_id, r.mailbox_id, r.holder_kind, r.holder, r.rights, \
        r.began_at_us FROM asked a CROSS JOIN mailbox_rights r \
        WHERE r.organisation_id = a.organisation_id AND r.mailbox_id = a.mailbox_id \
        AND r.ended_at_us IS NULL ORDER BY r.began_at_us, r.id";
    let rows: Vec<Columns> = of_mailboxes(tx, mailboxes, SQL).await?;
    rows.into_iter().map(row).collect()
}
