use std::sync::Arc;
use std::time::Duration;

use siegel_db::StoreError;

use super::App;
use crate::store::sessions;

/// How often expired sessions are deleted. They are out of reach from the moment they expire.
const EVERY: Duration = Duration::from_mins(1);

/// Deletes what has expired until the task is dropped.
pub async fn sweep_forever(app: Arc<App>) {
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        if let Err(error) = app.sweep().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "expired identifications could not be deleted"
            );
        }
    }
}

impl App {
    /// Deletes what has expired; how many sessions there were.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let mut tx = self.db.begin().await?;
        let swept = sessions::sweep(&mut tx, self.clock.now()).await?;
        tx.commit().await?;
        Ok(swept)
    }
}
