//! Who stands in for whom.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp, typed_id};
use uuid::Uuid;

use super::asked::of_ids_at;
use super::standings::role;
use super::units;
use crate::domain::mailbox::{MembershipId, Place};
use crate::domain::mailbox_right::{Reason, StandIn, Standing};

typed_id! {
    /// That one member stands in for another.
    SubstitutionId = "sub", random
}

/// A substitution that was not ended before its time.
#[derive(Clone, Debug)]
pub struct SubstitutionRow {
    pub id: SubstitutionId,
    pub stand_in: StandIn,
}

type Columns = (
    SubstitutionId,
    i64,
    MembershipId,
    MembershipId,
    Option<Uuid>,
    Timestamp,
    Timestamp,
    i64,
    bool,
);

fn row(columns: Columns) -> Result<SubstitutionRow, StoreError> {
    let (id, reason, absent, substitute, place, from, until, number, current) = columns;
    let reason = Reason::from_number(reason);
    let role = if current { Some(role(number)?) } else { None };
    Ok(SubstitutionRow {
        id,
        stand_in: StandIn {
            reason: reason.ok_or_else(|| StoreError::corrupt("substitutions.kind"))?,
            absent: Standing { member: absent, role, units: Vec::new() },
            substitute,
            place: place.map(Place::of_uuid),
            from,
            until,
        },
    })
}

async fn rows(tx: &mut Tx, found: Vec<Columns>) -> Result<Vec<SubstitutionRow>, StoreError> {
    let mut rows = found.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let absent: Vec<MembershipId> = rows.iter().map(|r| r.stand_in.absent.member).collect();
    let units = units::of_members(tx, &absent).await?;
    for row in &mut rows {
        let absent = &mut row.stand_in.absent;
        absent.units = units.get(&absent.member).cloned().unwrap_or_default();
    }
    Ok(rows)
}

macro_rules! columns {
    () => {
        "SELECT s.id, s.kind, s.absent, s.substitute, s.mailbox_id, s.from_us, s.until_us, \
            CASE WHEN a.role IN (4, 5) AND (SELECT o.equal_rights FROM organisations o \
                WHERE o.id = a.organisation_id) THEN 3 ELSE a.role END, a.ended_at_us IS NULL"
    };
}

pub async fn add(
    tx: &mut Tx,
    (id, organisation): (SubstitutionId, OrganisationId),
    new: &StandIn,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO substitutions (id, organisation_id, kind, absent, substitute, \
        mailbox_id, from_us, until_us, created_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(organisation).bind(new.reason as i64).bind(new.absent.member)
        .bind(new.substitute).bind(new.place.map(Place::uuid)).bind(new.from).bind(new.until)
        .bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends a substitution now; `false` when it has ended.
pub async fn end(tx: &mut Tx, id: SubstitutionId, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE substitutions SET ended_at_us = $2 WHERE id = $1 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await?.rows_affected()) == 1)
}

/// Who was and is to stand in for whom by a substitution, ended or not.
pub async fn parties(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: SubstitutionId,
) -> Result<Option<(MembershipId, MembershipId)>, StoreError> {
    const SQL: &str =
        "SELECT absent, substitute FROM substitutions WHERE id = $1 AND organisation_id = $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).bind(organisation).fetch_optional(c).await?))
}

/// Those of an organisation that are not over, soonest first.
pub async fn of_organisation(
    tx: &mut Tx,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<Vec<SubstitutionRow>, StoreError> {
    const SQL: &str = concat!(
        columns!(),
        " FROM substitutions s JOIN memberships a ON a.id = s.absent WHERE s.ended_at_us IS NULL \
         AND s.organisation_id = $1 AND s.until_us > $2 ORDER BY s.from_us, s.id LIMIT 1000"
    );
    let found = on!(&mut *tx, c => sqlx::query_as(SQL).bind(organisation).bind(now)
        .fetch_all(c).await?);
    rows(tx, found).await
}

/// Those in which any of these members stands in for another now.
pub async fn by(
    tx: &mut Tx,
    substitutes: &[MembershipId],
    now: Timestamp,
) -> Result<Vec<StandIn>, StoreError> {
    const SQL: &str = concat!(
        columns!(),
        " FROM asked q CROSS JOIN instant i CROSS JOIN substitutions s \
         JOIN memberships a ON a.id = s.absent WHERE s.ended_at_us IS NULL \
         AND s.substitute = q.id AND s.from_us <= i.at_us AND s.until_us > i.at_us"
    );
    let ids: Vec<Uuid> = substitutes.iter().map(|id| id.as_uuid()).collect();
    let found = of_ids_at(tx, &ids, now, SQL).await?;
    Ok(rows(tx, found).await?.into_iter().map(|row| row.stand_in).collect())
}
