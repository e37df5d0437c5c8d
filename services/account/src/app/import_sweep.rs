//! What nobody claimed in time is destroyed.

use std::time::Duration;

use siegel_db::audit::{self, Entry};

use super::{App, Failure, kinds};
use crate::store::{imported, imports};

/// How often is looked.
const SWEEP: Duration = Duration::from_mins(10);
/// How many are ended by one statement.
const AT_ONCE: i64 = 1_000;
/// An import that stood still for so long does not hold the key of its system.
const STILL: Duration = Duration::from_hours(24 * 30);

impl App {
    /// Ends what ran out, as long as the service runs.
    pub async fn sweep_imports(self) {
        loop {
            if let Err(failure) = self.end_imports_that_ran_out().await {
                let error = &failure as &dyn std::error::Error;
                tracing::error!(error, "accounts of closed systems that ran out are still there");
            }
            tokio::time::sleep(SWEEP).await;
        }
    }

    /// Destroys what may not be claimed any more, and keys that open nothing.
    pub async fn end_imports_that_ran_out(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        loop {
            let mut tx = self.db.begin().await?;
            let ended = imported::expire(&mut tx, now, AT_ONCE).await?;
            if ended == 0 {
                break;
            }
            let entry = Entry {
                kind: kinds::IMPORT_EXPIRED,
                actor: "service:account",
                subject: "import",
                level: None,
                outcome: "done",
                request_id: "",
                detail: &format!("accounts={ended}"),
                at: now,
            };
            audit::record(&mut tx, &entry).await?;
            tx.commit().await?;
            self.committed();
        }
        let mut tx = self.db.read().await?;
        let idle = imports::idle_systems(&mut tx, now.minus(STILL)).await?;
        drop(tx);
        for (system, revision) in idle {
            let mut tx = self.db.begin().await?;
            imports::forget_key(&mut tx, &system, revision).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
