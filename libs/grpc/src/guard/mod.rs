//! In front of every RPC: who calls, by which token, on which connection, and may they.

mod keys;
mod lasting;
mod nonce;
mod replay;
mod revocation;
mod subjects;
mod verify;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::request::Parts;
use siegel_kernel::Clock;
use siegel_telemetry::metric;
use tokio::task::JoinSet;
use tonic::{Code, Status};
use tracing::Instrument as _;

use crate::{Siblings, access_table, deadline, refusal, with_deadline};
use keys::IssuerKeys;
use nonce::Nonces;
use replay::Replays;
use revocation::Revocations;
use subjects::Subjects;

/// The other end of a connection, known by its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The service of the suite the certificate names.
    pub service: String,
    /// SHA-256 of the certificate, base64url (RFC 8705 §3.1).
    pub thumbprint: String,
}

/// What a guard needs to know.
pub struct GuardSettings {
    /// The service behind this guard.
    pub service: String,
    /// Issuer of access tokens and base of public URLs.
    pub origin: String,
    pub clock: Arc<dyn Clock>,
    pub siblings: Siblings,
    /// Key of DPoP nonces, shared by the replicas of the service.
    pub nonce_key: [u8; 32],
}

/// The guard of one service. Cheap to clone.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    settings: GuardSettings,
    keys: IssuerKeys,
    nonces: Nonces,
    replays: Replays,
    revocations: Revocations,
    subjects: Subjects,
}

impl Guard {
    pub fn new(settings: GuardSettings) -> Self {
        let inner = Inner {
            keys: IssuerKeys::new(settings.siblings.clone()),
            nonces: Nonces::new(settings.nonce_key),
            replays: Replays::default(),
            revocations: Revocations::new(settings.siblings.clone()),
            subjects: Subjects::new(settings.siblings.clone()),
            settings,
        };
        Self(Arc::new(inner))
    }

    /// Puts the guard in front of a router of gRPC services.
    pub fn protect(&self, router: Router) -> Router {
        router.layer(axum::middleware::from_fn_with_state(self.clone(), check))
    }

    /// Follows identity's revocations until dropped.
    pub fn spawn(&self, tasks: &mut JoinSet<()>) {
        let guard = self.clone();
        let clock = guard.0.settings.clock.clone();
        tasks.spawn(async move { guard.0.revocations.follow(clock).await });
    }
}

/// One call: its span, its deadline, its numbers.
async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("rpc.server", rpc.method = rpc_of(&path));
    siegel_telemetry::set_parent(&span, request.headers());
    let started = tokio::time::Instant::now();
    let response = answer(guard.clone(), request, next).instrument(span).await;
    let (service, rpc) = (guard.0.settings.service.as_str(), known(&path));
    let code = grpc_code(response.headers());
    metric::RPC_CALLS.count([service, rpc, code]);
    metric::RPC_DURATION.record(started.elapsed(), [service, rpc]);
    if code == "13" {
        metric::FAULTS.count([service]);
    }
    response
}

/// The status of an answer that has no body; an answer with one has begun well.
pub(crate) fn grpc_code(headers: &http::HeaderMap) -> &str {
    headers.get("grpc-status").and_then(|v| v.to_str().ok()).unwrap_or("0")
}

/// The RPC as a label: paths from outside that name none are all one.
fn known(path: &str) -> &'static str {
    access_table().rule(rpc_of(path)).map_or("unknown", |rule| rule.rpc.as_str())
}

async fn answer(guard: Guard, request: Request, next: Next) -> Response {
    let until = deadline::incoming(request.headers());
    let work = async {
        let (mut head, body) = request.into_parts();
        let verdict = guard.0.admit(&head).await;
        let fresh = guard.0.fresh_nonce(&head);
        let mut response = match verdict {
            Ok((caller, token)) => {
                let path = head.uri.path().to_owned();
                head.extensions.insert(caller);
                let response = next.run(Request::from_parts(head, body)).await;
                match token {
                    Some(token) => lasting::while_it_holds(&guard.0, &path, token, response),
                    None => response,
                }
            }
            Err(status) => {
                tracing::info!(
                    rpc.path = head.uri.path(),
                    rpc.reason = crate::reason(&status).as_deref().unwrap_or_default(),
                    "refused a call"
                );
                let reason = crate::reason(&status).unwrap_or_default();
                metric::RPC_REFUSED.count([&guard.0.settings.service, &reason]);
                refuse(status)
            }
        };
        if let Some(nonce) = fresh {
            response.headers_mut().insert("dpop-nonce", nonce);
        }
        response
    };
    let Some(at) = until else { return with_deadline(None, work).await };
    match tokio::time::timeout_at(at, with_deadline(Some(at), work)).await {
        Ok(response) => response,
        Err(_) => refuse(refusal(
            Code::DeadlineExceeded,
            "DEADLINE_EXCEEDED",
            "the call took longer than its deadline",
            [],
        )),
    }
}

fn refuse(status: Status) -> Response {
    status.into_http::<Body>()
}

impl Inner {
    /// A nonce for the next proof of the same token and method.
    fn fresh_nonce(&self, head: &Parts) -> Option<HeaderValue> {
        let token = verify::presented(&head.headers).ok()??;
        if token.scheme != verify::Scheme::Dpop {
            return None;
        }
        let now = self.settings.clock.now();
        HeaderValue::try_from(self.nonces.issue(head.uri.path(), token.text, now)).ok()
    }
}

/// The RPC a path names.
fn rpc_of(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

/// The rule of a path, or the refusal of an RPC nobody ruled on.
fn rule_of(path: &str) -> Result<&'static crate::Rule, Status> {
    let rule = access_table().rule(rpc_of(path));
    rule.ok_or_else(|| refusal(Code::Unimplemented, "NO_SUCH_RPC", "there is no such call", []))
}
