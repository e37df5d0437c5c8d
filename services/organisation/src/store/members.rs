//! Members of one organisation, for who manages them. What decisions ask for is in `memberships`.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::memberships::MembershipId;
use crate::domain::Role;
use crate::domain::claim::ClaimId;

/// A current member.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: MembershipId,
    pub organisation: OrganisationId,
    pub account: AccountId,
    pub role: Role,
    pub began_at: Timestamp,
    pub name_sealed: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: MembershipId,
    organisation_id: OrganisationId,
    account_id: AccountId,
    role: i64,
    began_at_us: Timestamp,
    name_sealed: Option<Vec<u8>>,
}

impl TryFrom<Row> for Member {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role = Role::from_number(row.role);
        Ok(Self {
            id: row.id,
            organisation: row.organisation_id,
            account: row.account_id,
            role: role.ok_or_else(|| StoreError::corrupt("memberships.role"))?,
            began_at: row.began_at_us,
            name_sealed: row.name_sealed,
        })
    }
}

/// The current members, longest first.
pub async fn all(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<Member>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, account_id, role, began_at_us, name_sealed \
        FROM memberships WHERE organisation_id = $1 AND ended_at_us IS NULL \
        ORDER BY began_at_us, id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(organisation).fetch_all(c).await?);
    rows.into_iter().map(Member::try_from).collect()
}

/// One current member of this organisation.
pub async fn one(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: MembershipId,
) -> Result<Option<Member>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, account_id, role, began_at_us, name_sealed \
        FROM memberships WHERE id = $2 AND organisation_id = $1 AND ended_at_us IS NULL";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(organisation).bind(id).fetch_optional(c).await?);
    row.map(Member::try_from).transpose()
}

/// The current members whose membership goes back to a claim.
pub async fn of_claim(tx: &mut Tx, claim: ClaimId) -> Result<Vec<Member>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, account_id, role, began_at_us, name_sealed \
        FROM memberships WHERE claim_id = $1 AND ended_at_us IS NULL ORDER BY began_at_us, id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(claim).fetch_all(c).await?);
    rows.into_iter().map(Member::try_from).collect()
}

/// The current memberships of a person.
pub async fn of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Member>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, account_id, role, began_at_us, name_sealed \
        FROM memberships WHERE account_id = $1 AND ended_at_us IS NULL ORDER BY began_at_us, id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?);
    rows.into_iter().map(Member::try_from).collect()
}

/// What is kept of a membership beyond what decisions need.
pub async fn describe(
    tx: &mut Tx,
    id: MembershipId,
    name_sealed: Option<&[u8]>,
    claim: Option<ClaimId>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE memberships SET name_sealed = $2, claim_id = $3 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(name_sealed).bind(claim).execute(c).await?.rows_affected());
    Ok(())
}

/// Lets everything in force in an organisation go back to its first claim: memberships, invitations
/// that may still become some, programs.
pub async fn attribute_all(
    tx: &mut Tx,
    organisation: OrganisationId,
    claim: ClaimId,
) -> Result<(), StoreError> {
    const ALL: [&str; 3] = [
        "UPDATE memberships SET claim_id = $2 WHERE organisation_id = $1 AND ended_at_us IS NULL",
        "UPDATE invitations SET claim_id = $2 WHERE organisation_id = $1 AND state = 1",
        "UPDATE system_users SET claim_id = $2 WHERE organisation_id = $1 AND revoked_at_us IS NULL",
    ];
    for sql in ALL {
        on!(&mut *tx, c => sqlx::query(sql).bind(organisation).bind(claim).execute(c).await?
            .rows_affected());
    }
    Ok(())
}

pub async fn set_role(tx: &mut Tx, id: MembershipId, role: Role) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE memberships SET role = $2 WHERE id = $1 AND ended_at_us IS NULL";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(i64::from(role.number())).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends a membership and forgets its name; `false` when it had ended.
pub async fn end(tx: &mut Tx, id: MembershipId, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE memberships SET ended_at_us = $2, name_sealed = NULL \
        WHERE id = $1 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}
