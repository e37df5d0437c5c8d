//! Which mailbox the letters of an online service go to.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp, typed_id};
use uuid::Uuid;

use crate::domain::mailbox::Place;

typed_id! {
    /// That the letters of a service go to a mailbox.
    RouteId = "rte", random
}

/// A service that may write to an organisation.
#[derive(Clone, Debug)]
pub struct Route {
    pub id: RouteId,
    /// What people know it by.
    pub name: String,
    /// The central one, when the mailbox that was chosen is closed.
    pub place: Place,
    pub known_since: Timestamp,
    pub set_at: Option<Timestamp>,
}

type Columns = (RouteId, String, Uuid, Timestamp, Option<Timestamp>, bool);

fn route((id, name, chosen, known_since, set_at, is_open): Columns) -> Route {
    let (place, set_at) =
        if is_open { (Place::of_uuid(chosen), set_at) } else { (Place::Central, None) };
    Route { id, name, place, known_since, set_at }
}

/// The route of a sector.
pub async fn of_sector(
    tx: &mut Tx,
    organisation: OrganisationId,
    sector: &str,
) -> Result<Option<Route>, StoreError> {
    const SQL: &str = "SELECT r.id, r.name, r.mailbox_id, r.known_since_us, r.set_at_us, \
        m.id IS NOT NULL OR r.mailbox_id = $3 FROM letter_routes r \
        LEFT JOIN mailboxes m ON m.id = r.mailbox_id AND m.closed_at_us IS NULL \
        WHERE r.organisation_id = $1 AND r.sector = $2";
    let found: Option<Columns> = on!(tx, c => sqlx::query_as(SQL)
        .bind(organisation).bind(sector).bind(Uuid::nil()).fetch_optional(c).await?);
    Ok(found.map(route))
}

/// Those of an organisation, by name.
pub async fn all_of(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<Route>, StoreError> {
    const SQL: &str = "SELECT r.id, r.name, r.mailbox_id, r.known_since_us, r.set_at_us, \
        m.id IS NOT NULL OR r.mailbox_id = $2 FROM letter_routes r \
        LEFT JOIN mailboxes m ON m.id = r.mailbox_id AND m.closed_at_us IS NULL \
        WHERE r.organisation_id = $1 ORDER BY r.name, r.id";
    let found: Vec<Columns> = on!(tx, c => sqlx::query_as(SQL)
        .bind(organisation).bind(Uuid::nil()).fetch_all(c).await?);
    Ok(found.into_iter().map(route).collect())
}

/// Remembers that a service may write to an organisation, and what it is called now.
pub async fn note(
    tx: &mut Tx,
    id: RouteId,
    organisation: OrganisationId,
    (sector, name): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO letter_routes \
        (id, organisation_id, sector, name, mailbox_id, known_since_us) \
        VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (organisation_id, sector) DO UPDATE SET name = excluded.name";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(organisation).bind(sector).bind(name).bind(Uuid::nil()).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Chooses the mailbox; `false` when the organisation has no such route.
pub async fn set(
    tx: &mut Tx,
    organisation: OrganisationId,
    (id, place): (RouteId, Place),
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE letter_routes SET mailbox_id = $3, set_at_us = $4 \
        WHERE id = $1 AND organisation_id = $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(organisation).bind(place.uuid()).bind(now)
        .execute(c).await?.rows_affected())
        == 1)
}
