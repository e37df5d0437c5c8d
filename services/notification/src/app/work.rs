use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::App;
use super::deliver::deliver;
use crate::ports::smtp::{CONNECTIONS, Mailer};

/// Sends mails until the task is dropped, several at a time: a slow mail server must not hold a
/// code back behind a notice. One loop looks for work; an idle service asks the database once
/// per tick, not once per connection.
pub async fn work(app: App, mailer: Mailer) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let mut running = JoinSet::new();
    while let Ok(slot) = slots.clone().acquire_owned().await {
        let (claimed, mut seen) = mpsc::channel::<()>(1);
        let (app, mailer) = (app.clone(), mailer.clone());
        let outbox = app.outbox.clone();
        running.spawn(async move {
            let _slot = slot;
            let handle = |job| {
                let _ = claimed.try_send(());
                let (app, mailer) = (app.clone(), mailer.clone());
                async move { deliver(&app, &mailer, job).await }
            };
            if let Err(failure) = app.outbox.step(&handle).await {
                let error = &failure as &dyn std::error::Error;
                tracing::error!(error, "the outbox cannot read its jobs");
            }
        });
        // The next round starts once a job is claimed; without one, the sender is dropped.
        if seen.recv().await.is_none() {
            outbox.idle().await;
        }
        while running.try_join_next().is_some() {}
    }
}
