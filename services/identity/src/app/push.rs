//! Delivering signed tokens to addresses that clients named: through the guarded egress, several
//! at once, each tried again with growing pauses. An address that does not answer rests for a
//! while, so that it keeps nobody else waiting.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use serde::de::DeserializeOwned;
use siegel_crypto::KeyError;
use siegel_db::outbox::{Done, Job};
use siegel_db::{StoreError, audit};
use siegel_egress::EgressError;
use siegel_kernel::Timestamp;
use url::Url;

use super::backchannel::{self, Ended};
use super::security_events::{self, Happened};
use crate::domain::client::Client;
use crate::state::Identity;
use crate::store::clients;

/// Kind of the jobs that tell a client of the end of a session.
pub const LOGOUT: &str = "push.logout";
/// Kind of the jobs that tell a client of a security event.
pub const EVENT: &str = "push.event";
/// Jobs at work at once, in one process.
pub const AT_ONCE: usize = 16;
/// After that many tries, over about a quarter of an hour, the client is not told.
const TRIES: i64 = 10;
/// How long an address that failed is left alone.
const REST: Duration = Duration::from_secs(20);

/// Addresses that rest, until when.
#[derive(Debug, Default)]
pub struct Resting(Mutex<HashMap<String, Timestamp>>);

impl Resting {
    fn rests(&self, host: &str, now: Timestamp) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, until| now < *until);
        held.contains_key(host)
    }

    fn put_to_rest(&self, host: &str, now: Timestamp) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(host.to_owned(), now.plus(REST));
    }
}

#[derive(Debug, thiserror::Error)]
enum PushError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("signing failed")]
    Sign(#[from] KeyError),
    #[error(transparent)]
    Call(#[from] EgressError),
    #[error("the client answered {0}")]
    Refused(StatusCode),
    #[error("the client did not answer a moment ago")]
    Resting,
}

impl PushError {
    /// Asking again cannot help (Back-Channel Logout §2.8: 400 is a refusal).
    fn is_final(&self) -> bool {
        match self {
            Self::Refused(status) => {
                status.is_client_error()
                    && *status != StatusCode::REQUEST_TIMEOUT
                    && *status != StatusCode::TOO_MANY_REQUESTS
            }
            Self::Call(error) => matches!(error, EgressError::NotHttps | EgressError::Refused),
            _ => false,
        }
    }
}

/// What is sent to whom.
struct Message {
    client: Client,
    url: String,
    request: Request<Vec<u8>>,
}

/// Does one job.
pub async fn handle(state: &Identity, job: Job) -> Done {
    let told = match send(state, &job).await {
        Ok(None) => return Done::Remove,
        Ok(Some(client)) => record(state, &job, &client, "done").await,
        Err((client, error)) => {
            let over = error.is_final() || job.attempts + 1 >= TRIES;
            tracing::info!(
                kind = %job.kind,
                attempts = job.attempts,
                error = &error as &dyn std::error::Error,
                over,
                "a client could not be told"
            );
            match client {
                Some(client) if over => record(state, &job, &client, "CLIENT_NOT_TOLD").await,
                _ if over => Ok(()),
                _ => return Done::Retry,
            }
        }
    };
    match told {
        Ok(()) => Done::Remove,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a job could not be closed");
            Done::Retry
        }
    }
}

/// Sends what the job says; the client that was told, or `None` when nobody is to be told any more.
async fn send(state: &Identity, job: &Job) -> Result<Option<Client>, (Option<Client>, PushError)> {
    let Some(message) = message(state, job).await.map_err(|e| (None, e))? else { return Ok(None) };
    let Message { client, url, request } = message;
    let host = Url::parse(&url).ok();
    let host = host.map(|u| u.origin().ascii_serialization()).unwrap_or_default();
    let now = state.now();
    if state.resting.rests(&host, now) {
        return Err((Some(client), PushError::Resting));
    }
    match state.outside.egress.send(request).await {
        Ok(answer) if answer.status.is_success() => Ok(Some(client)),
        Ok(answer) => {
            if answer.status.is_server_error() {
                state.resting.put_to_rest(&host, now);
            }
            Err((Some(client), PushError::Refused(answer.status)))
        }
        Err(error) => {
            state.resting.put_to_rest(&host, now);
            Err((Some(client), error.into()))
        }
    }
}

async fn message(state: &Identity, job: &Job) -> Result<Option<Message>, PushError> {
    let now = state.now();
    if job.kind == LOGOUT {
        let Some(ended) = parse::<Ended>(job) else { return Ok(None) };
        let Some(client) = client(state, &ended.client_id).await? else { return Ok(None) };
        let Some(url) = client.backchannel_logout_uri.clone() else { return Ok(None) };
        let token = backchannel::token(state, &client, &ended, now)?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", &token)
            .finish();
        return Ok(request(&url, "application/x-www-form-urlencoded", form)
            .map(|request| Message { client, url, request }));
    }
    let Some(happened) = parse::<Happened>(job) else { return Ok(None) };
    let Some(client) = client(state, &happened.client_id).await? else { return Ok(None) };
    let Some(url) = client.security_events_uri.clone() else { return Ok(None) };
    let token = security_events::token(state, &client, &happened, now)?;
    // RFC 8935 §2.1.
    Ok(request(&url, "application/secevent+jwt", token).map(|request| Message {
        client,
        url,
        request,
    }))
}

fn request(url: &str, kind: &str, body: String) -> Option<Request<Vec<u8>>> {
    let request =
        Request::post(url).header(CONTENT_TYPE, kind).header("accept", "application/json");
    request.body(body.into_bytes()).ok()
}

fn parse<T: DeserializeOwned>(job: &Job) -> Option<T> {
    let read = serde_json::from_slice(&job.payload).ok();
    if read.is_none() {
        tracing::error!(kind = %job.kind, "a job does not parse");
    }
    read
}

async fn client(state: &Identity, id: &str) -> Result<Option<Client>, StoreError> {
    let mut tx = state.outside.db.read().await?;
    clients::find(&mut tx, id).await
}

async fn record(
    state: &Identity,
    job: &Job,
    client: &Client,
    outcome: &str,
) -> Result<(), StoreError> {
    let kind =
        if job.kind == LOGOUT { "identity.logout.told" } else { "identity.security_event.told" };
    let mut tx = state.outside.db.begin().await?;
    let entry = audit::Entry {
        kind,
        actor: "service:identity",
        subject: &client.client_id,
        level: None,
        outcome,
        request_id: "",
        detail: "",
        at: state.now(),
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await
}
