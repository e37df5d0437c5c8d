use std::time::{Duration, Instant};

use siegel_kernel::Timestamp;

use crate::{Db, StoreError, on};

/// A named right that one process at a time holds, until it runs out.
#[derive(Clone, Copy, Debug)]
pub struct Lease<'a> {
    pub name: &'a str,
    /// Unlike any other process: a random id made at start.
    pub holder: &'a str,
    pub span: Duration,
}

/// How many spans a lease may still run while it is believed: its holder's clock may be ahead.
const BELIEVED: u32 = 2;

/// Takes or renews the lease; `false` while somebody else holds it. One that would run for longer
/// than anybody takes it for was taken before the clock was set back: its holder may be gone, and
/// nobody waits for that time to come again. Who is held up meanwhile for as long as the lease runs
/// takes nothing: by a `now` of so long ago, the lease of whoever took over would look like that one.
pub async fn take_lease(db: &Db, lease: Lease<'_>, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO leases (name, holder, until_us) VALUES ($1, $2, $3) \
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_us = excluded.until_us \
        WHERE leases.holder = excluded.holder OR leases.until_us < $4 OR leases.until_us > $5";
    let began = Instant::now();
    let mut tx = db.begin().await?;
    let taken = on!(&mut tx, c => sqlx::query(SQL)
        .bind(lease.name).bind(lease.holder).bind(now.plus(lease.span)).bind(now)
        .bind(now.plus(lease.span * BELIEVED))
        .execute(c).await?.rows_affected());
    if began.elapsed() >= lease.span {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(taken == 1)
}
