use std::time::Duration;

use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::super::App;
use super::write::tell_ended;
use super::{Acting, Failure, Seen, Write};
use crate::domain::{MandateId, OFFERED_FOR, State};
use crate::store::mandates::{self, Ended, Ending};

const REVOKED: &str = "organisation.mandate.revoked";
/// How often the end of time is looked for. Decisions do not wait for it.
const EVERY: Duration = Duration::from_secs(30);
/// How many end in one transaction.
const AT_ONCE: i64 = 200;

impl App {
    /// Ends a mandate and all that were passed on from it, by any of its sides.
    pub async fn revoke(
        &self,
        who: &Acting,
        write: &Write,
        id: MandateId,
    ) -> Result<Seen, Failure> {
        match self.try_revoke(who, write, id).await {
            Err(failure) => self.refuse(REVOKED, who, write, failure).await,
            done => done,
        }
    }

    async fn try_revoke(
        &self,
        who: &Acting,
        write: &Write,
        id: MandateId,
    ) -> Result<Seen, Failure> {
        let now = self.clock.now();
        let key = write.key(&who.caller);
        let mut tx = self.db.begin().await?;
        if let Some(seen) = self.begun(&mut tx, &key, now).await? {
            return Ok(seen);
        }
        let (record, sides) = self.of_caller(&mut tx, who.account, id).await?;
        let reason = sides.ends_as(&record).ok_or(Failure::UnknownMandate)?;
        let ended = mandates::end(&mut tx, id, Ending { state: State::Revoked, reason, at: now });
        let ended = ended.await?;
        if ended.is_empty() {
            return Err(Failure::MandateEnded);
        }
        tell_ended(&mut tx, &ended).await?;
        self.done(tx, &key, REVOKED, (who, id), now).await
    }

    /// Ends what has run out: past its last day, or offered and never accepted. How many.
    pub async fn run_out(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let over = mandates::over(&mut tx, now, AT_ONCE).await?;
        let mut ended = run_out_of(&mut tx, &over, "time", now).await?;
        let before = now.minus(OFFERED_FOR);
        let forgotten = mandates::offered_too_long(&mut tx, before, AT_ONCE).await?;
        ended.extend(run_out_of(&mut tx, &forgotten, "not_accepted", now).await?);
        if ended.is_empty() {
            return Ok(0);
        }
        tell_ended(&mut tx, &ended).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(ended.len())
    }
}

async fn run_out_of(
    tx: &mut Tx,
    ids: &[MandateId],
    reason: &'static str,
    at: Timestamp,
) -> Result<Vec<Ended>, StoreError> {
    let mut ended = Vec::new();
    for id in ids {
        let ending = Ending { state: State::Expired, reason, at };
        ended.extend(mandates::end(tx, *id, ending).await?);
    }
    Ok(ended)
}

/// Ends what has run out until the task is dropped.
pub async fn run_out(app: App) {
    loop {
        match app.run_out().await {
            Ok(0) => tokio::time::sleep(EVERY).await,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "mandates that have run out cannot be ended"
                );
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}
