use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, TrustLevel};

use crate::domain::claim::{ClaimId, Method, State};

/// A claim as it is kept.
#[derive(Clone, Debug)]
pub struct Claim {
    pub id: ClaimId,
    pub organisation: Option<OrganisationId>,
    pub account: AccountId,
    pub recovery: bool,
    pub method: Method,
    pub state: State,
    pub register_key: Option<String>,
    /// JSON.
    pub register: Option<String>,
    pub claimant_sealed: Option<Vec<u8>>,
    pub authentication_level: TrustLevel,
    /// With the proof.
    pub level: Option<TrustLevel>,
    /// JSON, with the proof.
    pub facts: Option<String>,
    pub challenge: String,
    pub account_name: String,
    /// Code and address, until the letter was sent.
    pub letter_sealed: Option<Vec<u8>>,
    pub claimed_at: Timestamp,
    pub letter_sent_at: Option<Timestamp>,
    pub cooling_until: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ClaimId,
    organisation_id: Option<OrganisationId>,
    account_id: AccountId,
    recovery: bool,
    method: i64,
    state: i64,
    register_key: Option<String>,
    register: Option<String>,
    claimant_sealed: Option<Vec<u8>>,
    authentication_level: TrustLevel,
    level: Option<TrustLevel>,
    facts: Option<String>,
    challenge: String,
    account_name: String,
    letter_sealed: Option<Vec<u8>>,
    claimed_at_us: Timestamp,
    letter_sent_at_us: Option<Timestamp>,
    cooling_until_us: Option<Timestamp>,
    ended_at_us: Option<Timestamp>,
}

impl TryFrom<Row> for Claim {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("claims");
        Ok(Self {
            id: row.id,
            organisation: row.organisation_id,
            account: row.account_id,
            recovery: row.recovery,
            method: Method::from_number(row.method).ok_or_else(corrupt)?,
            state: State::from_number(row.state).ok_or_else(corrupt)?,
            register_key: row.register_key,
            register: row.register,
            claimant_sealed: row.claimant_sealed,
            authentication_level: row.authentication_level,
            level: row.level,
            facts: row.facts,
            challenge: row.challenge,
            account_name: row.account_name,
            letter_sealed: row.letter_sealed,
            claimed_at: row.claimed_at_us,
            letter_sent_at: row.letter_sent_at_us,
            cooling_until: row.cooling_until_us,
            ended_at: row.ended_at_us,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, organisation_id, account_id, recovery, method, state, register_key, \
             register, claimant_sealed, authentication_level, level, facts, challenge, \
             account_name, letter_sealed, claimed_at_us, letter_sent_at_us, cooling_until_us, \
             ended_at_us FROM claims ",
            $rest
        )
    };
}

/// Writes a claim; `false` when it clashes with one that is not over, or holds what another holds.
pub async fn add(tx: &mut Tx, new: &Claim) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO claims (id, organisation_id, account_id, recovery, method, \
        state, register_key, register, claimant_sealed, authentication_level, challenge, \
        account_name, claimed_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.organisation).bind(new.account).bind(new.recovery)
        .bind(i64::from(new.method.number())).bind(i64::from(new.state.number()))
        .bind(&new.register_key).bind(&new.register).bind(new.claimant_sealed.as_deref())
        .bind(new.authentication_level).bind(&new.challenge).bind(&new.account_name)
        .bind(new.claimed_at).execute(c).await?.rows_affected())
        == 1)
}

pub async fn find(tx: &mut Tx, id: ClaimId) -> Result<Option<Claim>, StoreError> {
    const SQL: &str = select!("WHERE id = $1");
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    row.map(Claim::try_from).transpose()
}

pub async fn of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Claim>, StoreError> {
    const SQL: &str = select!("WHERE account_id = $1 ORDER BY claimed_at_us DESC, id LIMIT 200");
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?);
    rows.into_iter().map(Claim::try_from).collect()
}

/// What a person claims and has not got yet.
pub async fn open_of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Claim>, StoreError> {
    const SQL: &str = select!("WHERE account_id = $1 AND state IN (1, 2, 3)");
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?);
    rows.into_iter().map(Claim::try_from).collect()
}

/// The claim that is not over and no recovery.
pub async fn of_organisation(
    tx: &mut Tx,
    organisation: OrganisationId,
) -> Result<Option<Claim>, StoreError> {
    const SQL: &str =
        select!("WHERE organisation_id = $1 AND state IN (1, 2, 3, 4) AND NOT recovery");
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(organisation).fetch_optional(c).await?);
    row.map(Claim::try_from).transpose()
}

/// The claim that holds a register entry.
pub async fn holder(tx: &mut Tx, register_key: &str) -> Result<Option<Claim>, StoreError> {
    const SQL: &str = select!("WHERE register_key = $1 AND state IN (2, 3, 4) AND NOT recovery");
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(register_key).fetch_optional(c).await?);
    row.map(Claim::try_from).transpose()
}

/// How many wait for the same register entry.
pub async fn rivals(tx: &mut Tx, claim: &Claim) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM claims WHERE register_key = $1 AND id <> $2 \
        AND (state = 1 OR (recovery AND state IN (2, 3)))";
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(&claim.register_key).bind(claim.id).fetch_one(c).await?))
}

/// What waits for an operator, oldest first: claims to look at, letters to send.
pub async fn to_do(tx: &mut Tx, after: Option<&Claim>) -> Result<Vec<Claim>, StoreError> {
    const SQL: &str = select!(
        "WHERE ((state = 2) OR (state = 3 AND letter_sent_at_us IS NULL)) \
         AND (claimed_at_us > $1 OR (claimed_at_us = $1 AND id > $2)) \
         ORDER BY claimed_at_us, id LIMIT 100"
    );
    let none = ClaimId::from_uuid(siegel_kernel::__private::uuid::Uuid::nil());
    let (at, id) = after.map_or((Timestamp::from_micros(i64::MIN), none), |c| (c.claimed_at, c.id));
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(at).bind(id).fetch_all(c).await?);
    rows.into_iter().map(Claim::try_from).collect()
}

/// What a proof brought.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// What proved it in the end.
    pub method: Method,
    /// At which level its claimant was logged in where it was proven.
    pub authentication_level: TrustLevel,
    pub level: TrustLevel,
    /// JSON.
    pub facts: &'a str,
    pub letter_sealed: &'a [u8],
    pub code_mac: &'a [u8; 32],
    pub at: Timestamp,
}

/// Takes a claim for proven; `false` when it is no longer to be proven.
pub async fn prove(tx: &mut Tx, id: ClaimId, proof: &Proof<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE claims SET state = 3, level = $2, facts = $3, letter_sealed = $4, \
        code_mac = $5, proven_at_us = $6, method = $7, authentication_level = $8 \
        WHERE id = $1 AND state = 2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(proof.level).bind(proof.facts).bind(proof.letter_sealed)
        .bind(&proof.code_mac[..]).bind(proof.at).bind(i64::from(proof.method.number()))
        .bind(proof.authentication_level).execute(c).await?.rows_affected())
        == 1)
}

/// Keeps another address of the letter, and what was found of it.
pub async fn readdress(
    tx: &mut Tx,
    id: ClaimId,
    letter_sealed: &[u8],
    facts: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE claims SET letter_sealed = $2, facts = $3 \
        WHERE id = $1 AND state = 3 AND letter_sent_at_us IS NULL";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(letter_sealed).bind(facts).execute(c).await?.rows_affected());
    Ok(())
}

/// Notes that the letter is with the post; `false` when it was, or is none.
pub async fn sent(
    tx: &mut Tx,
    id: ClaimId,
    at: Timestamp,
    cooling_until: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE claims SET letter_sent_at_us = $2, cooling_until_us = $3, \
        letter_sealed = NULL WHERE id = $1 AND state = 3 AND letter_sent_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(at).bind(cooling_until).execute(c).await?.rows_affected())
        == 1)
}

/// Claims whose cooling period is over.
pub async fn cooled(tx: &mut Tx, now: Timestamp) -> Result<Vec<Claim>, StoreError> {
    const SQL: &str =
        select!("WHERE state = 3 AND cooling_until_us <= $1 ORDER BY cooling_until_us LIMIT 100");
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(now).fetch_all(c).await?);
    rows.into_iter().map(Claim::try_from).collect()
}

/// Moves a claim on; `false` when it is not in `from` any more.
pub async fn step(
    tx: &mut Tx,
    id: ClaimId,
    (from, to): (State, State),
    at: Timestamp,
) -> Result<bool, StoreError> {
    const ON: &str = "UPDATE claims SET state = $3 WHERE id = $1 AND state = $2";
    const OVER: &str = "UPDATE claims SET state = $3, ended_at_us = $4, claimant_sealed = NULL, \
        letter_sealed = NULL, code_mac = NULL WHERE id = $1 AND state = $2";
    let (from, over) = (i64::from(from.number()), to.is_over());
    let to = i64::from(to.number());
    let rows = if over {
        on!(tx, c => sqlx::query(OVER)
            .bind(id).bind(from).bind(to).bind(at).execute(c).await?.rows_affected())
    } else {
        on!(tx, c => sqlx::query(ON).bind(id).bind(from).bind(to).execute(c).await?.rows_affected())
    };
    Ok(rows == 1)
}

/// The oldest claim that waits for a register entry.
pub async fn next_in_line(tx: &mut Tx, register_key: &str) -> Result<Option<Claim>, StoreError> {
    const SQL: &str =
        select!("WHERE register_key = $1 AND state = 1 ORDER BY claimed_at_us, id LIMIT 1");
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(register_key).fetch_optional(c).await?);
    row.map(Claim::try_from).transpose()
}

/// A claim that can be revoked, by what its letter prints, with the keyed hash of its code.
pub async fn by_letter(
    tx: &mut Tx,
    account_name: &str,
) -> Result<Option<(Claim, Vec<u8>)>, StoreError> {
    const CODE: &str = "SELECT code_mac FROM claims WHERE account_name = $1 \
        AND state IN (3, 4) AND code_mac IS NOT NULL";
    const SQL: &str = select!("WHERE account_name = $1");
    let code: Option<Vec<u8>> =
        on!(&mut *tx, c => sqlx::query_scalar(CODE).bind(account_name).fetch_optional(c).await?);
    let Some(code) = code else { return Ok(None) };
    let row: Row = on!(tx, c => sqlx::query_as(SQL).bind(account_name).fetch_one(c).await?);
    Ok(Some((Claim::try_from(row)?, code)))
}

/// Ends the time in which the code of a letter counts.
pub async fn forget_codes(tx: &mut Tx, sent_before: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE claims SET code_mac = NULL, claimant_sealed = NULL \
        WHERE state = 4 AND letter_sent_at_us <= $1 AND code_mac IS NOT NULL";
    on!(tx, c => sqlx::query(SQL).bind(sent_before).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends all claims of an organisation that is no more.
pub async fn end_of_organisation(
    tx: &mut Tx,
    organisation: OrganisationId,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE claims SET state = 6, ended_at_us = $2, claimant_sealed = NULL, \
        letter_sealed = NULL, code_mac = NULL \
        WHERE organisation_id = $1 AND state IN (1, 2, 3, 4)";
    on!(tx, c => sqlx::query(SQL).bind(organisation).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Current owners and administrators.
pub async fn managers(tx: &mut Tx, organisation: OrganisationId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM memberships \
        WHERE organisation_id = $1 AND ended_at_us IS NULL AND role IN (1, 2)";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(organisation).fetch_one(c).await?))
}
