//! What was revoked: written with the fact, published as events of one topic.

use prost::Message as _;
use siegel_db::events::{self, NewEvent};
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{GrantId, Timestamp};
use siegel_proto::convert;
use siegel_proto::identity::v1::Revocation;
use siegel_proto::identity::v1::revocation::Target;

/// Topic of the stream every service follows.
pub const TOPIC: &str = "revocations";

/// Whose tokens issued before an instant do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBefore<'a> {
    /// A pairwise subject.
    Subject(&'a str),
    Client(&'a str),
}

impl<'a> NotBefore<'a> {
    const fn parts(self) -> (&'static str, &'a str) {
        match self {
            Self::Subject(name) => ("subject", name),
            Self::Client(name) => ("client", name),
        }
    }
}

/// Publishes that a grant was revoked. Call in the transaction that revokes it, and
/// `feed.committed()` after its commit.
pub async fn publish_grant(tx: &mut Tx, grant: GrantId, at: Timestamp) -> Result<(), StoreError> {
    publish(tx, Target::GrantId(grant.to_string()), at).await
}

/// Stores and publishes a not-before. Requests that a stopped client pushed are gone with it. What
/// was issued since an earlier one of the same second says the next second: this one reaches there.
pub async fn set_not_before(
    tx: &mut Tx,
    whose: NotBefore<'_>,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO revocations (kind, target, revoked_at_us) \
        VALUES ($1, $2, $3) ON CONFLICT (kind, target) DO UPDATE \
        SET revoked_at_us = CASE \
            WHEN revocations.revoked_at_us / 1000000 >= excluded.revoked_at_us / 1000000 \
            THEN (revocations.revoked_at_us / 1000000 + 1) * 1000000 \
            ELSE excluded.revoked_at_us END \
        RETURNING revoked_at_us";
    let (kind, name) = whose.parts();
    let at: Timestamp = on!(&mut *tx, c => sqlx::query_scalar(SQL)
        .bind(kind).bind(name).bind(at).fetch_one(c).await?);
    let target = match whose {
        NotBefore::Subject(_) => Target::Subject(name.to_owned()),
        NotBefore::Client(_) => {
            super::par::forget(tx, name).await?;
            Target::ClientId(name.to_owned())
        }
    };
    publish(tx, target, at).await
}

/// The latest not-before that concerns a token.
pub async fn not_before(
    tx: &mut Tx,
    subject: &str,
    client_id: &str,
) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT MAX(revoked_at_us) FROM revocations \
        WHERE (kind = 'subject' AND target = $1) OR (kind = 'client' AND target = $2)";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(subject).bind(client_id).fetch_one(c).await?))
}

async fn publish(tx: &mut Tx, target: Target, at: Timestamp) -> Result<(), StoreError> {
    let revocation = Revocation { target: Some(target), revoked_at: Some(convert::timestamp(at)) };
    let event = NewEvent {
        topic: TOPIC,
        kind: "revocation",
        payload: revocation.encode_to_vec(),
        occurred_at: at,
    };
    events::append(tx, &event).await
}
