//! Rows whose time a case moves: the protocol's clock cannot be moved from outside.

use anyhow::ensure;
use siegel_db::events::{self, NewEvent};
use siegel_db::{Db, on};
use siegel_kernel::OrganisationId;

use crate::house::House;
use crate::rp::now;

impl House {
    /// Lets a refresh token have been exchanged this many seconds earlier.
    pub async fn age_spent_refresh(&self, token: &str, seconds: i64) -> anyhow::Result<()> {
        const SQL: &str = "UPDATE refresh_tokens SET spent_at_us = spent_at_us - $2 \
            WHERE token = $1 AND spent_at_us IS NOT NULL";
        let hash = siegel_crypto::sha256(token.as_bytes());
        let mut tx = self.rows().await?.begin().await?;
        let moved = on!(&mut tx, c => sqlx::query(SQL)
            .bind(&hash[..]).bind(seconds * 1_000_000).execute(c).await?.rows_affected());
        tx.commit().await?;
        ensure!(moved == 1, "no such spent refresh token");
        Ok(())
    }

    /// Ends every membership of the members of an organisation, with the event that organisation
    /// writes.
    pub async fn end_memberships(&self, of: OrganisationId) -> anyhow::Result<()> {
        const SQL: &str = "UPDATE memberships SET ended_at_us = began_at_us + 1 \
            WHERE ended_at_us IS NULL AND account_id IN \
                (SELECT account_id FROM memberships WHERE organisation_id = $1)";
        let db = Db::open(&self.database_of("organisation")?).await?;
        let mut tx = db.begin().await?;
        let ended = on!(&mut tx, c => sqlx::query(SQL)
            .bind(of).execute(c).await?.rows_affected());
        let event = NewEvent {
            topic: "organisations",
            kind: "organisation.member.left",
            payload: b"{}".to_vec(),
            occurred_at: now(),
        };
        events::append(&mut tx, &event).await?;
        tx.commit().await?;
        ensure!(ended > 0, "nobody was a member");
        Ok(())
    }

    /// How many guests' sessions are kept of a client.
    pub async fn guests_of(&self, client: &str) -> anyhow::Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM guest_sessions WHERE client_id = $1";
        let mut tx = self.rows().await?.read().await?;
        Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(client).fetch_one(c).await?))
    }
}
