//! Who did what for whom, at which trust level, with which outcome: written in the transaction of
//! the fact, chained afterwards by the sequencer.

use siegel_kernel::{Timestamp, TrustLevel};

use crate::rows::{self, Insert, Rule};
use crate::{StoreError, Tx, on};

/// One line of the audit trail. No names, no content: ids and stable words only.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// `postbox.letter.submitted`; the access table names the kind of every writing RPC.
    pub kind: &'a str,
    /// Who acted: client, audit pseudonym of an account, or service.
    pub actor: &'a str,
    /// Whom or what it concerns: an id or audit pseudonym; empty when nobody.
    pub subject: &'a str,
    pub level: Option<TrustLevel>,
    /// `done`, or the stable reason of a refusal.
    pub outcome: &'a str,
    /// The caller's request id; empty when there is none.
    pub request_id: &'a str,
    /// Ids and stable words that an auditor needs besides.
    pub detail: &'a str,
    pub at: Timestamp,
}

/// A stored line with its place in the chain.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Line {
    pub id: i64,
    pub position: Option<i64>,
    pub chain: Option<Vec<u8>>,
    pub kind: String,
    pub actor: String,
    pub subject: String,
    pub level: Option<i64>,
    pub outcome: String,
    pub request_id: String,
    pub detail: String,
    pub occurred_at_us: Timestamp,
}

/// Writes a line in the transaction of its fact.
pub async fn record(tx: &mut Tx, entry: &Entry<'_>) -> Result<(), StoreError> {
    const AUDIT: Insert = Insert {
        table: "audit",
        columns: &[
            "kind",
            "actor",
            "subject",
            "level",
            "outcome",
            "request_id",
            "detail",
            "occurred_at_us",
        ],
        rule: Rule::Plain,
    };
    let row = vec![
        entry.kind.into(),
        entry.actor.into(),
        entry.subject.into(),
        entry.level.map(|l| i64::from(l.number())).into(),
        entry.outcome.into(),
        entry.request_id.into(),
        entry.detail.into(),
        entry.at.into(),
    ];
    rows::insert(tx, AUDIT, row).await
}

/// The kinds that occur in the trail, sorted.
pub async fn kinds(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT DISTINCT kind FROM audit ORDER BY kind";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).fetch_all(c).await?))
}

const COLUMNS: &str = "SELECT id, position, chain, kind, actor, subject, level, outcome, \
    request_id, detail, occurred_at_us FROM audit ";

/// Appends up to `limit` unchained lines to the chain; how many there were.
pub(crate) async fn close_chain(tx: &mut Tx, limit: i64) -> Result<i64, StoreError> {
    const HEAD: &str = "SELECT position, chain FROM audit WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1";
    const PENDING: &str = "SELECT id, position, chain, kind, actor, subject, level, outcome, \
        request_id, detail, occurred_at_us FROM audit WHERE position IS NULL ORDER BY id LIMIT $1";
    let head: Option<(i64, Option<Vec<u8>>)> =
        on!(&mut *tx, c => sqlx::query_as(HEAD).fetch_optional(c).await?);
    let (mut position, mut chain) =
        head.map_or((0, Vec::new()), |(p, c)| (p, c.unwrap_or_default()));
    let lines: Vec<Line> =
        on!(&mut *tx, c => sqlx::query_as(PENDING).bind(limit).fetch_all(c).await?);
    let mut links = Vec::with_capacity(lines.len());
    for line in lines {
        position += 1;
        chain = line.link(position, &chain).to_vec();
        links.push(Link { id: line.id, position, chain: chain.clone() });
    }
    let count = i64::try_from(links.len()).unwrap_or(limit);
    write_links(tx, links).await?;
    Ok(count)
}

/// A line's place in the chain.
struct Link {
    id: i64,
    position: i64,
    chain: Vec<u8>,
}

/// One round trip where each costs one; SQLite has neither arrays nor round trips.
async fn write_links(tx: &mut Tx, links: Vec<Link>) -> Result<(), StoreError> {
    const CLOSE: &str = "UPDATE audit SET position = $2, chain = $3 WHERE id = $1";
    const CLOSE_ALL: &str = "UPDATE audit SET position = l.position, chain = l.chain \
        FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BYTEA[]) AS l (id, position, chain) \
        WHERE audit.id = l.id";
    match tx {
        Tx::Sqlite(tx) => {
            for link in links {
                let close = sqlx::query(CLOSE).bind(link.id).bind(link.position).bind(link.chain);
                close.execute(&mut **tx).await?;
            }
        }
        Tx::Postgres(tx) if !links.is_empty() => {
            let ids: Vec<i64> = links.iter().map(|l| l.id).collect();
            let positions: Vec<i64> = links.iter().map(|l| l.position).collect();
            let chains: Vec<Vec<u8>> = links.into_iter().map(|l| l.chain).collect();
            let close = sqlx::query(CLOSE_ALL).bind(ids).bind(positions).bind(chains);
            close.execute(&mut **tx).await?;
        }
        Tx::Postgres(_) => {}
    }
    Ok(())
}

/// The position of the first line that does not continue the chain; `None` when it is whole.
pub async fn broken_at(tx: &mut Tx) -> Result<Option<i64>, StoreError> {
    let sql =
        sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE position IS NOT NULL ORDER BY position"));
    let lines: Vec<Line> = on!(tx, c => sqlx::query_as(sql).fetch_all(c).await?);
    let mut chain = Vec::new();
    for (expected, line) in (1..).zip(lines) {
        let link = line.link(expected, &chain);
        if line.position != Some(expected) || line.chain.as_deref() != Some(&link[..]) {
            return Ok(Some(expected));
        }
        chain = link.to_vec();
    }
    Ok(None)
}

impl Line {
    /// SHA-256 over the previous link and this line's fields, each behind its length.
    fn link(&self, position: i64, previous: &[u8]) -> [u8; 32] {
        let level = self.level.unwrap_or(0).to_be_bytes();
        let at = self.occurred_at_us.as_micros().to_be_bytes();
        let position = position.to_be_bytes();
        let fields: [&[u8]; 10] = [
            previous,
            &position,
            self.kind.as_bytes(),
            self.actor.as_bytes(),
            self.subject.as_bytes(),
            &level,
            self.outcome.as_bytes(),
            self.request_id.as_bytes(),
            self.detail.as_bytes(),
            &at,
        ];
        siegel_crypto::sha256_fields(&fields)
    }
}
