use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::super::asked::PartyId;
use super::super::memberships::MembershipId;
use super::record::{Record, kind_of, party};
use crate::domain::claim::ClaimId;
use crate::domain::{FactId, MandateId, Party, State};

/// Stores a mandate that was offered. `given_by`: the membership by which it was given in the name of
/// an organisation.
pub async fn insert(
    tx: &mut Tx,
    new: &Record,
    given_by: Option<MembershipId>,
    code_hash: &[u8; 32],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO mandates (id, version, state, from_kind, from_id, to_kind, \
        to_id, principal_kind, principal_id, parent_id, fact_id, package, read_only, service_id, \
        mailbox_id, sender_id, thread, letter_id, level, redelegation, valid_from_us, \
        valid_until_us, review_at_us, ends_at_us, code_hash, granted_at_us, names, names_key, given_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)";
    let (grant, scope) = (&new.grant, &new.grant.scope);
    let (names, names_key) = match &new.names {
        Some((names, key)) => (Some(&names[..]), Some(&key[..])),
        None => (None, None),
    };
    on!(tx, c => sqlx::query(SQL)
        .bind(grant.id).bind(grant.version).bind(i64::from(new.state.number()))
        .bind(kind_of(grant.from)).bind(PartyId::from(grant.from))
        .bind(i64::from(grant.to_kind.number())).bind(new.to.map(PartyId::from))
        .bind(kind_of(new.principal)).bind(PartyId::from(new.principal))
        .bind(grant.parent).bind(new.fact)
        .bind(grant.package.as_str()).bind(grant.read_only)
        .bind(&scope.service).bind(&scope.mailbox).bind(&scope.sender)
        .bind(&scope.thread).bind(&scope.letter)
        .bind(grant.level).bind(i64::from(grant.redelegation.number()))
        .bind(grant.valid_from).bind(new.valid_until).bind(new.review_at).bind(grant.ends_at)
        .bind(&code_hash[..]).bind(new.granted_at).bind(names).bind(names_key)
        .bind(given_by)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Puts a pending mandate into somebody's hand; `false` when it is not pending.
pub async fn accept(
    tx: &mut Tx,
    id: MandateId,
    to: Party,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE mandates SET state = 2, version = version + 1, to_id = $2, \
        accepted_at_us = $3, code_hash = NULL WHERE id = $1 AND state = 1";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(PartyId::from(to)).bind(at).execute(c).await?.rows_affected())
        == 1)
}

/// Another end of a mandate.
#[derive(Clone, Copy, Debug)]
pub struct Review {
    pub valid_until: Option<Timestamp>,
    pub look_again_at: Option<Timestamp>,
    pub ends_at: Timestamp,
}

/// Gives an active mandate another end; `false` when it is not active.
pub async fn review(tx: &mut Tx, id: MandateId, new: Review) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE mandates SET version = version + 1, valid_until_us = $2, \
        review_at_us = $3, ends_at_us = $4 WHERE id = $1 AND state = 2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(new.valid_until).bind(new.look_again_at).bind(new.ends_at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// How and why something ends.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    pub state: State,
    /// Stable word.
    pub reason: &'static str,
    pub at: Timestamp,
}

/// A mandate that has just ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    pub id: MandateId,
    pub version: i64,
    pub principal: Party,
    pub to: Option<Party>,
    pub ending: Ending,
}

#[derive(sqlx::FromRow)]
struct EndedRow {
    id: MandateId,
    version: i64,
    principal_kind: i64,
    principal_id: PartyId,
    to_kind: i64,
    to_id: Option<PartyId>,
}

impl EndedRow {
    fn read(self, ending: Ending) -> Result<Ended, StoreError> {
        Ok(Ended {
            id: self.id,
            version: self.version,
            principal: party(self.principal_kind, self.principal_id)?,
            to: self.to_id.map(|id| party(self.to_kind, id)).transpose()?,
            ending,
        })
    }
}

/// Ends what a condition names and all that was passed on from it.
macro_rules! end_where {
    ($tx:expr, $ending:expr, $condition:literal, $($value:expr),+) => {{
        const SQL: &str = concat!(
            "UPDATE mandates SET state = $1, end_reason = $2, ended_at_us = $3, \
             version = version + 1, code_hash = NULL WHERE state IN (1, 2) AND ",
            $condition,
            " RETURNING id, version, principal_kind, principal_id, to_kind, to_id"
        );
        let ending: Ending = $ending;
        let rows: Vec<EndedRow> = on!(&mut *$tx, c => sqlx::query_as(SQL)
            .bind(i64::from(ending.state.number())).bind(ending.reason).bind(ending.at)
            $(.bind($value))+
            .fetch_all(c).await?);
        rows.into_iter().map(|row| row.read(ending)).collect::<Result<Vec<Ended>, StoreError>>()?
    }};
}

/// Ends one mandate and all that were passed on from it; empty when it had ended.
pub async fn end(tx: &mut Tx, id: MandateId, ending: Ending) -> Result<Vec<Ended>, StoreError> {
    let ended = end_where!(tx, ending, "id = $4", id);
    with_those_below(tx, ended).await
}

/// What may have gone.
#[derive(Clone, Copy, Debug)]
pub enum Gone {
    Party(Party),
    Fact(FactId),
    Member(OrganisationId, AccountId),
    Claim(ClaimId),
}

/// Ends all mandates that cannot be without what has gone.
pub async fn end_all(tx: &mut Tx, gone: Gone, ending: Ending) -> Result<Vec<Ended>, StoreError> {
    let ended = match gone {
        Gone::Party(party) => {
            let id = PartyId::from(party);
            let mut ended = end_where!(tx, ending, "from_id = $4", id);
            ended.extend(end_where!(tx, ending, "to_id = $4", id));
            ended
        }
        Gone::Fact(id) => end_where!(tx, ending, "fact_id = $4", id),
        Gone::Member(organisation, account) => {
            end_where!(
                tx,
                ending,
                "from_id = $4 AND to_id = $5 AND to_kind = 3",
                organisation,
                account
            )
        }
        Gone::Claim(claim) => end_where!(
            tx,
            ending,
            "given_by IN (SELECT m.id FROM memberships m WHERE m.claim_id = $4)",
            claim
        ),
    };
    with_those_below(tx, ended).await
}

async fn with_those_below(tx: &mut Tx, mut ended: Vec<Ended>) -> Result<Vec<Ended>, StoreError> {
    let mut next = 0;
    while let Some(above) = ended.get(next).copied() {
        let ending = Ending { state: State::Ended, reason: "parent", ..above.ending };
        let below = end_where!(tx, ending, "parent_id = $4", above.id);
        ended.extend(below);
        next += 1;
    }
    Ok(ended)
}

/// Destroys the key of the names in all mandates a person gave or holds.
pub async fn forget_names(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE mandates SET names = NULL, names_key = NULL \
        WHERE from_id = $1 OR to_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(account).execute(c).await?.rows_affected());
    Ok(())
}

/// Active mandates whose last day is over.
pub async fn over(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<MandateId>, StoreError> {
    const SQL: &str = "SELECT id FROM mandates \
        WHERE state IN (1, 2) AND ends_at_us <= $1 AND valid_until_us <= $1 LIMIT $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(now).bind(limit).fetch_all(c).await?))
}

/// Mandates that nobody accepted since they were offered at `before` or earlier.
pub async fn offered_too_long(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<MandateId>, StoreError> {
    const SQL: &str = "SELECT id FROM mandates WHERE state = 1 AND granted_at_us <= $1 LIMIT $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(before).bind(limit).fetch_all(c).await?))
}
