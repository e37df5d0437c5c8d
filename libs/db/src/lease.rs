use std::time::Duration;

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

/// Takes or renews the lease; `false` while somebody else holds it.
pub async fn take_lease(db: &Db, lease: Lease<'_>, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO leases (name, holder, until_us) VALUES ($1, $2, $3) \
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_us = excluded.until_us \
        WHERE leases.holder = excluded.holder OR leases.until_us < $4";
    let mut tx = db.begin().await?;
    let taken = on!(&mut tx, c => sqlx::query(SQL)
        .bind(lease.name).bind(lease.holder).bind(now.plus(lease.span)).bind(now)
        .execute(c).await?.rows_affected());
    tx.commit().await?;
    Ok(taken == 1)
}
