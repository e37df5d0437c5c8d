use siegel_kernel::Timestamp;

use crate::rows::{self, Insert, Rule};
use crate::{StoreError, Tx, on};

/// Who asked, under which id, for what: the scope of an idempotent write.
#[derive(Clone, Copy, Debug)]
pub struct IdempotencyKey<'a> {
    /// The caller: client and tenant, or account, or sibling service.
    pub caller: &'a str,
    /// Chosen by the client, 1 to 128 characters.
    pub request_id: &'a str,
    /// SHA-256 of the canonical request.
    pub digest: [u8; 32],
}

/// What to do with a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Seen for the first time: do it, then [`finish_request`] in the same transaction.
    Fresh,
    /// Done before with the same content: answer these bytes again.
    Repeated(Vec<u8>),
    /// The id was used for something else.
    Conflict,
}

/// Claims the request id inside the transaction of the fact. Two replicas with the same id: the
/// second waits for the first, then sees its answer.
pub async fn begin_request(
    tx: &mut Tx,
    key: &IdempotencyKey<'_>,
    now: Timestamp,
) -> Result<Attempt, StoreError> {
    const CLAIM: &str = "INSERT INTO requests (caller, request_id, digest, created_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    const SEEN: &str =
        "SELECT digest, response FROM requests WHERE caller = $1 AND request_id = $2";
    let claimed = on!(&mut *tx, c => sqlx::query(CLAIM)
        .bind(key.caller).bind(key.request_id).bind(&key.digest[..]).bind(now)
        .execute(c).await?.rows_affected());
    if claimed == 1 {
        return Ok(Attempt::Fresh);
    }
    let (digest, response): (Vec<u8>, Option<Vec<u8>>) = on!(&mut *tx, c => sqlx::query_as(SEEN)
        .bind(key.caller).bind(key.request_id).fetch_one(c).await?);
    Ok(match response {
        Some(bytes) if digest == key.digest => Attempt::Repeated(bytes),
        // Committed without an answer: the use case forgot `finish_request`.
        None if digest == key.digest => return Err(StoreError::corrupt("request without answer")),
        _ => Attempt::Conflict,
    })
}

/// Looks whether a request was done before, without claiming its id: spares the work before the
/// transaction. Only [`begin_request`] decides.
pub async fn seen_request(
    tx: &mut Tx,
    key: &IdempotencyKey<'_>,
) -> Result<Option<Attempt>, StoreError> {
    const SEEN: &str =
        "SELECT digest, response FROM requests WHERE caller = $1 AND request_id = $2";
    let seen: Option<(Vec<u8>, Option<Vec<u8>>)> = on!(tx, c => sqlx::query_as(SEEN)
        .bind(key.caller).bind(key.request_id).fetch_optional(c).await?);
    Ok(match seen {
        Some((digest, Some(bytes))) if digest == key.digest => Some(Attempt::Repeated(bytes)),
        Some((digest, _)) if digest != key.digest => Some(Attempt::Conflict),
        _ => None,
    })
}

/// Claims the request id and keeps the answer at once, for a use case that knows its answer before
/// it ends. Somebody who was quicker shows as a refusal by the table `requests`
/// ([`StoreError::refused_by`]): then nothing of this transaction may be kept, and
/// [`seen_request`] tells what was answered.
pub async fn claim_answered(
    tx: &mut Tx,
    key: &IdempotencyKey<'_>,
    response: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    const REQUESTS: Insert = Insert {
        table: "requests",
        columns: &["caller", "request_id", "digest", "response", "created_at_us"],
        rule: Rule::OnlyNew,
    };
    let row = vec![
        key.caller.into(),
        key.request_id.into(),
        key.digest.as_slice().into(),
        response.into(),
        now.into(),
    ];
    rows::insert(tx, REQUESTS, row).await
}

/// Whether a unit of work was refused because somebody else had its request id first.
pub fn is_raced(error: &StoreError) -> bool {
    error.refused_by() == Some("requests")
}

/// Keeps the answer beside the claim.
pub async fn finish_request(
    tx: &mut Tx,
    key: &IdempotencyKey<'_>,
    response: &[u8],
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE requests SET response = $3 WHERE caller = $1 AND request_id = $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(key.caller).bind(key.request_id).bind(response).execute(c).await?.rows_affected());
    Ok(())
}
