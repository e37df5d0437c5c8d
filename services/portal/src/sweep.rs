//! Forgets browsers that did not come back.

use std::time::Duration;

use siegel_db::StoreError;

use crate::app::App;
use crate::store::{attempts, sessions};

const EVERY: Duration = Duration::from_mins(5);

/// Sweeps until it is dropped.
pub async fn run(app: App) {
    loop {
        if let Err(error) = once(&app).await {
            tracing::warn!(%error, "expired browser sessions could not be deleted; trying again");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Deletes what has expired.
pub async fn once(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let mut tx = app.outside.db.begin().await?;
    attempts::sweep(&mut tx, now).await?;
    sessions::sweep(&mut tx, now).await?;
    tx.commit().await?;
    app.channels.sweep(now);
    Ok(())
}
