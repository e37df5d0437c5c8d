//! Outgoing calls: the right token, proof of possession, deadline and trace context on each.

mod dpop;
mod service_token;

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response, header};
use siegel_telemetry::metric;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Service, ServiceExt as _};

use crate::deadline;
pub(crate) use dpop::DpopState;
pub use dpop::DpopToken;
pub(crate) use service_token::ServiceTokens;

/// How a channel authenticates its calls.
#[derive(Clone)]
pub(crate) enum Credential {
    /// Not at all: public calls, or calls known by the certificate of the connection.
    None,
    /// With the calling service's own token for `to`.
    Service { tokens: Arc<ServiceTokens>, to: String },
    /// With somebody's DPoP-bound token.
    Dpop(Arc<DpopState>),
    /// The channel leads nowhere: every call fails with this.
    Broken(Status),
}

/// A channel that authenticates its calls. Cheap to clone; connects when first used.
#[derive(Clone)]
pub struct AuthChannel {
    inner: Channel,
    credential: Credential,
}

impl AuthChannel {
    pub(crate) fn new(inner: Channel, credential: Credential) -> Self {
        Self { inner, credential }
    }

    /// A channel for callers outside the suite that hold a DPoP-bound token.
    pub fn with_dpop(inner: Channel, token: DpopToken) -> Self {
        Self { inner, credential: Credential::Dpop(Arc::new(DpopState::new(token))) }
    }

    /// A channel for public calls.
    pub fn anonymous(inner: Channel) -> Self {
        Self { inner, credential: Credential::None }
    }
}

impl Service<Request<Body>> for AuthChannel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Readiness is awaited in `call`, after the token: getting it may use the same channel.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (inner, credential) = (self.inner.clone(), self.credential.clone());
        let rpc = request.uri().path().to_owned();
        Box::pin(async move {
            let answer = send(inner, credential, request).await;
            let code = answer.as_ref().map_or("14", |a| crate::guard::grpc_code(a.headers()));
            // `/siegel.postbox.v1.…`: the second word is the service.
            metric::CLIENT_CALLS.count([rpc.split('.').nth(1).unwrap_or_default(), code]);
            answer
        })
    }
}

async fn send(
    mut inner: Channel,
    credential: Credential,
    mut request: Request<Body>,
) -> Result<Response<Body>, Status> {
    deadline::pass_on(request.headers_mut())?;
    siegel_telemetry::inject(request.headers_mut());
    match credential {
        Credential::None => {}
        Credential::Broken(status) => return Err(status),
        Credential::Service { tokens, to } => {
            let token = tokens.get(&to).await?;
            request.headers_mut().insert(header::AUTHORIZATION, bearer(&token)?);
        }
        Credential::Dpop(state) => return state.send(inner, request).await,
    }
    forward(&mut inner, request).await
}

async fn forward(inner: &mut Channel, request: Request<Body>) -> Result<Response<Body>, Status> {
    let ready = inner.ready().await.map_err(unreachable_service)?;
    ready.call(request).await.map_err(unreachable_service)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn unreachable_service(error: tonic::transport::Error) -> Status {
    // The text of the cause may name addresses; it stays in our log.
    tracing::debug!(error = &error as &dyn std::error::Error, "a service cannot be reached");
    crate::unavailable("SERVICE_UNREACHABLE", "a service cannot be reached")
}

fn bearer(token: &str) -> Result<HeaderValue, Status> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| Status::internal("a token that is no header"))?;
    value.set_sensitive(true);
    Ok(value)
}
