use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp, TrustLevel, typed_id};

use super::memberships::MembershipId;
use crate::domain::Role;
use crate::domain::claim::ClaimId;

typed_id! {
    /// An invitation to become a member.
    InvitationId = "inv", random
}

/// How far an invitation is. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    Open = 1,
    Accepted = 2,
    Revoked = 3,
    Expired = 4,
}

impl InvitationState {
    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Open, Self::Accepted, Self::Revoked, Self::Expired]
            .into_iter()
            .find(|state| i64::from(state.number()) == number)
    }
}

/// An invitation as it is kept.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: InvitationId,
    pub organisation: OrganisationId,
    /// Who invited.
    pub membership: MembershipId,
    pub claim: Option<ClaimId>,
    /// Name and address; `None` once it is over.
    pub person_sealed: Option<Vec<u8>>,
    pub role: Role,
    pub minimum_level: TrustLevel,
    pub state: InvitationState,
    pub invited_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: InvitationId,
    organisation_id: OrganisationId,
    membership_id: MembershipId,
    claim_id: Option<ClaimId>,
    person_sealed: Option<Vec<u8>>,
    role: i64,
    minimum_level: TrustLevel,
    state: i64,
    invited_at_us: Timestamp,
    expires_at_us: Timestamp,
}

impl TryFrom<Row> for Invitation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("invitations");
        Ok(Self {
            id: row.id,
            organisation: row.organisation_id,
            membership: row.membership_id,
            claim: row.claim_id,
            person_sealed: row.person_sealed,
            role: Role::from_number(row.role).ok_or_else(corrupt)?,
            minimum_level: row.minimum_level,
            state: InvitationState::from_number(row.state).ok_or_else(corrupt)?,
            invited_at: row.invited_at_us,
            expires_at: row.expires_at_us,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, organisation_id, membership_id, claim_id, person_sealed, role, \
             minimum_level, state, invited_at_us, expires_at_us FROM invitations ",
            $rest
        )
    };
}

pub async fn add(tx: &mut Tx, new: &Invitation, code_mac: &[u8; 32]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO invitations (id, organisation_id, membership_id, claim_id, \
        code_mac, person_sealed, role, minimum_level, state, invited_at_us, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.organisation).bind(new.membership).bind(new.claim)
        .bind(&code_mac[..]).bind(new.person_sealed.as_deref())
        .bind(i64::from(new.role.number())).bind(new.minimum_level)
        .bind(i64::from(new.state.number())).bind(new.invited_at).bind(new.expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The open invitation with this code.
pub async fn by_code(
    tx: &mut Tx,
    code_mac: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Invitation>, StoreError> {
    const SQL: &str = select!("WHERE code_mac = $1 AND state = 1 AND expires_at_us > $2");
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(&code_mac[..]).bind(now).fetch_optional(c).await?);
    row.map(Invitation::try_from).transpose()
}

pub async fn find(tx: &mut Tx, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
    const SQL: &str = select!("WHERE id = $1");
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    row.map(Invitation::try_from).transpose()
}

/// Invitations of an organisation since some time, newest first.
pub async fn since(
    tx: &mut Tx,
    organisation: OrganisationId,
    since: Timestamp,
) -> Result<Vec<Invitation>, StoreError> {
    const SQL: &str = select!(
        "WHERE organisation_id = $1 AND invited_at_us >= $2 ORDER BY invited_at_us DESC, id LIMIT 1000"
    );
    let rows: Vec<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(organisation).bind(since).fetch_all(c).await?);
    rows.into_iter().map(Invitation::try_from).collect()
}

/// Settles an open invitation, whose person is forgotten; `false` when it was over.
pub async fn settle(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: InvitationId,
    state: InvitationState,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE invitations SET state = $3, ended_at_us = $4, person_sealed = NULL \
        WHERE id = $2 AND organisation_id = $1 AND state = 1 AND (expires_at_us > $4 OR $3 <> 2)";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(organisation).bind(id).bind(i64::from(state.number())).bind(at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Revokes every open invitation of an organisation.
pub async fn revoke_all(
    tx: &mut Tx,
    organisation: OrganisationId,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE invitations SET state = 3, ended_at_us = $2, person_sealed = NULL \
        WHERE organisation_id = $1 AND state = 1";
    on!(tx, c => sqlx::query(SQL).bind(organisation).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Revokes the open invitations of one member, or of all whose membership goes back to a claim.
pub async fn revoke_of(
    tx: &mut Tx,
    membership: Option<MembershipId>,
    claim: Option<ClaimId>,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE invitations SET state = 3, ended_at_us = $3, person_sealed = NULL \
        WHERE state = 1 AND (membership_id = $1 OR claim_id = $2)";
    on!(tx, c => sqlx::query(SQL)
        .bind(membership).bind(claim).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Revokes the open invitations of a member to roles that it may give no longer.
pub async fn revoke_beyond(
    tx: &mut Tx,
    membership: MembershipId,
    role: Role,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE invitations SET state = 3, ended_at_us = $3, person_sealed = NULL \
        WHERE state = 1 AND membership_id = $1 AND role <= $2";
    let last = match role {
        Role::Owner => return Ok(()),
        Role::Administrator => Role::Owner,
        Role::CaseWorker | Role::MailReceiver | Role::ReadOnly => Role::ReadOnly,
    };
    on!(tx, c => sqlx::query(SQL)
        .bind(membership).bind(i64::from(last.number())).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Expires what nobody took in time; how many.
pub async fn expire(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE invitations SET state = 4, ended_at_us = $1, person_sealed = NULL \
        WHERE state = 1 AND expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}

/// How many places are taken: members, and invitations that may still be.
pub async fn taken(tx: &mut Tx, organisation: OrganisationId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT \
        (SELECT COUNT(*) FROM memberships WHERE organisation_id = $1 AND ended_at_us IS NULL) \
        + (SELECT COUNT(*) FROM invitations WHERE organisation_id = $1 AND state = 1)";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(organisation).fetch_one(c).await?))
}
