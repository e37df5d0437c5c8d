//! Revocation is felt within a second: every service follows identity's stream and keeps what was
//! revoked for as long as tokens live. When the stream is silent for 10 s, identity is asked about
//! each token; when that fails too, nobody is let in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use siegel_kernel::{Clock, Timestamp};
use siegel_oidc::AccessToken;
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::revocation::Target;
use siegel_proto::identity::v1::sibling_service_client::SiblingServiceClient;
use tokio::time::Instant;
use tonic::Status;

use crate::{Siblings, unavailable};

/// A stream without a message for this long is lost.
const SILENCE: Duration = Duration::from_secs(10);
/// Entries are kept this much longer than a token lives, seconds.
const MARGIN: i64 = 60;

pub(super) struct Revocations {
    siblings: Siblings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    denied: HashMap<(Kind, String), Timestamp>,
    position: i64,
    heard: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Grant,
    Session,
    Subject,
    Client,
}

impl Revocations {
    pub(super) fn new(siblings: Siblings) -> Self {
        Self { siblings, state: Mutex::default() }
    }

    /// Follows the stream for ever, reconnecting.
    pub(super) async fn follow(&self, clock: Arc<dyn Clock>) {
        loop {
            if let Err(status) = self.listen(clock.as_ref()).await {
                tracing::debug!(status.code = ?status.code(), "the revocation stream ended");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn listen(&self, clock: &dyn Clock) -> Result<(), Status> {
        let mut client = SiblingServiceClient::new(self.siblings.channel("identity"));
        let after_position = self.lock().position;
        let request = pb::WatchRevocationsRequest { after_position };
        let mut stream = client.watch_revocations(request).await?.into_inner();
        loop {
            let next = tokio::time::timeout(SILENCE, stream.message()).await;
            let Some(message) = next.map_err(|_| Status::unavailable("silent"))?? else {
                return Ok(());
            };
            self.take(message, clock.now());
        }
    }

    fn take(&self, message: pb::WatchRevocationsResponse, now: Timestamp) {
        let mut state = self.lock();
        state.heard = Some(Instant::now());
        state.position = state.position.max(message.position);
        let Some(revocation) = message.revocation else { return };
        let at = revocation.revoked_at.as_ref().map_or(now, convert::instant);
        let name = match revocation.target {
            Some(Target::GrantId(id)) => (Kind::Grant, id),
            Some(Target::SessionId(id)) => (Kind::Session, id),
            Some(Target::Subject(id)) => (Kind::Subject, id),
            Some(Target::ClientId(id)) => (Kind::Client, id),
            None => return,
        };
        state.denied.insert(name, at);
        let oldest = now.as_seconds() - AccessToken::LIFETIME - MARGIN;
        state.denied.retain(|_, at| at.as_seconds() >= oldest);
    }

    /// Whether the token still holds.
    pub(super) async fn holds(&self, claims: &AccessToken) -> Result<bool, Status> {
        let (denied, fresh) = {
            let state = self.lock();
            (state.denies(claims), state.heard.is_some_and(|at| at.elapsed() <= SILENCE))
        };
        if denied {
            return Ok(false);
        }
        if fresh { Ok(true) } else { self.ask(claims).await }
    }

    /// Whether the stream has told that the token no longer holds.
    pub(super) fn are_known_of(&self, claims: &AccessToken) -> bool {
        self.lock().denies(claims)
    }

    async fn ask(&self, claims: &AccessToken) -> Result<bool, Status> {
        let request = pb::CheckTokenRequest {
            grant_id: claims.gid.clone(),
            session_id: claims.sid.clone().unwrap_or_default(),
            client_id: claims.client_id.clone(),
            subject: claims.sub.clone(),
            issued_at: Some(convert::timestamp(Timestamp::from_seconds(claims.iat))),
        };
        let mut client = SiblingServiceClient::new(self.siblings.channel("identity"));
        match client.check_token(request).await {
            Ok(answer) => Ok(answer.into_inner().active),
            Err(_) => Err(unavailable(
                "REVOCATION_UNKNOWN",
                "whether the token was revoked cannot be found out",
            )),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn denies(&self, claims: &AccessToken) -> bool {
        let denied = |kind, id: &str| self.denied.get(&(kind, id.to_owned())).copied();
        // Grants and sessions end for good; subjects and clients up to an instant.
        let ended = denied(Kind::Grant, &claims.gid).is_some()
            || claims.sid.as_deref().is_some_and(|sid| denied(Kind::Session, sid).is_some());
        let before = |at: Option<Timestamp>| at.is_some_and(|at| claims.iat <= at.as_seconds());
        ended
            || before(denied(Kind::Subject, &claims.sub))
            || before(denied(Kind::Client, &claims.client_id))
    }
}
