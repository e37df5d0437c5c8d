//! The jobs of the outbox, by kind.

use siegel_db::outbox::{Done, Job};
use siegel_grpc::Siblings;

use super::{client_access, contact, notice};
use crate::app::{App, documents};

/// Does one job; what cannot be done now comes again.
pub async fn deliver(app: App, siblings: Siblings, job: Job) -> Done {
    match job.kind.as_str() {
        contact::JOB => contact::deliver(app, siblings.channel("notification"), job).await,
        client_access::JOB => client_access::deliver(app, siblings.channel("identity"), job).await,
        notice::JOB => notice::deliver(siblings.channel("notification"), job).await,
        documents::REMOVE => remove(&app, job).await,
        other => {
            tracing::error!(kind = other, "the outbox holds a job that nobody does");
            Done::Remove
        }
    }
}

async fn remove(app: &App, job: Job) -> Done {
    let Ok(name) = String::from_utf8(job.payload) else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    match app.remove_object(&name).await {
        Ok(()) => Done::Remove,
        Err(failure) => {
            let error = &failure as &dyn std::error::Error;
            tracing::warn!(error, attempts = job.attempts, "an object was not removed yet");
            Done::Retry
        }
    }
}
