use http::HeaderValue;
use siegel_grpc::{caller, invalid};
use siegel_proto::notification::v1::push_service_server::PushService;
use siegel_proto::notification::v1::{PushOutcome, PushRequest, PushResponse};
use tonic::{Request, Response, Status};

use super::status::status;
use crate::app::{App, Push, Pushed};

/// Longest token, bytes.
const TOKEN: usize = 16 * 1024;

/// What leaves for addresses that others named.
pub struct Pushes(pub App);

#[tonic::async_trait]
impl PushService for Pushes {
    #[tracing::instrument(name = "notification.push", skip_all)]
    async fn push(&self, request: Request<PushRequest>) -> Result<Response<PushResponse>, Status> {
        let push = read(caller(&request)?.name(), request.into_inner())?;
        let pushed = self.0.push(push).await.map_err(|e| status(&e))?;
        let (outcome, status) = match pushed {
            Pushed::Taken(status) => (PushOutcome::Taken, status),
            Pushed::Answered(status) => (PushOutcome::Answered, status),
            Pushed::AddressRefused => (PushOutcome::AddressRefused, 0),
            Pushed::Unreachable => (PushOutcome::Unreachable, 0),
        };
        Ok(Response::new(PushResponse { outcome: outcome.into(), status: status.into() }))
    }
}

fn read(caller: String, wire: PushRequest) -> Result<Push, Status> {
    if wire.request_id.is_empty() || wire.request_id.len() > 128 {
        return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
    }
    if wire.token.is_empty() || wire.token.len() > TOKEN {
        return Err(invalid(&[("token", "has not 1 to 16,384 bytes")]));
    }
    let kind = &wire.content_type;
    let is_jwt = kind.starts_with("application/") && kind.ends_with("+jwt");
    let content_type = HeaderValue::from_str(kind).ok().filter(|_| is_jwt);
    let content_type =
        content_type.ok_or_else(|| invalid(&[("content_type", "is no application/…+jwt")]))?;
    let PushRequest { request_id, url, token, .. } = wire;
    Ok(Push { caller, request_id, url, token, content_type })
}
