//! `SelfService`: accounts elsewhere.

use siegel_grpc::{digest, fault, invalid, refusal};
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use tonic::{Code, Request, Response, Status};

use super::beginnings::{Order, account};
use crate::app::links::{self, UnlinkError};
use crate::app::upstreams;
use crate::domain::upstream::Upstream;
use crate::state::Identity;

pub async fn list(
    state: &Identity,
    request: &Request<pb::ListLinksRequest>,
) -> Result<Response<pb::ListLinksResponse>, Status> {
    let found = links::list(state, account(request)?).await.map_err(|e| fault(&e))?;
    let links = found.into_iter().map(|shown| pb::Link {
        link_id: shown.link.id.to_string(),
        upstream_id: shown.link.upstream_id,
        upstream_name: shown.name,
        level: TrustLevel::from(shown.link.level).into(),
        linked_at: Some(convert::timestamp(shown.link.linked_at_us)),
        last_used_at: Some(convert::timestamp(shown.link.last_used_at_us)),
        disabled: !shown.enabled,
    });
    Ok(Response::new(pb::ListLinksResponse { links: links.collect() }))
}

/// Where claims of organisations are proven. The same for every person.
pub async fn claim_providers(
    state: &Identity,
    request: &Request<pb::ListClaimProvidersRequest>,
) -> Result<Response<pb::ListClaimProvidersResponse>, Status> {
    account(request)?;
    let found = upstreams::of_organisations(state).await.map_err(|e| fault(&e))?;
    let listed = |u: Upstream| pb::ClaimProvider { provider_id: u.id, name: u.name };
    let providers = found.into_iter().map(listed).collect();
    Ok(Response::new(pb::ListClaimProvidersResponse { providers }))
}

pub async fn unlink(
    state: &Identity,
    request: &Request<pb::UnlinkRequest>,
) -> Result<Response<pb::UnlinkResponse>, Status> {
    let asked = request.get_ref();
    let order = Order::of(request, &asked.request_id, digest(asked))?;
    let Ok(link) = asked.link_id.parse() else {
        return Err(invalid(&[("link_id", "is not the id of a link")]));
    };
    let done = links::unlink(state, order.account, order.grant, link, &order.key()).await;
    done.map_err(|e| status(&e))?;
    Ok(Response::new(pb::UnlinkResponse {}))
}

fn status(error: &UnlinkError) -> Status {
    match error {
        UnlinkError::Unknown => refusal(Code::NotFound, "LINK_UNKNOWN", error, []),
        UnlinkError::Reused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", error, []),
        UnlinkError::TrustTooLow { needed, .. } => {
            let facts = [("needed", needed.as_str())];
            refusal(Code::PermissionDenied, "TRUST_TOO_LOW", error, facts)
        }
        UnlinkError::LastWayIn => refusal(Code::FailedPrecondition, "LAST_WAY_IN", error, []),
        UnlinkError::Store(cause) => fault(cause),
        UnlinkError::Notice(cause) => fault(cause),
    }
}
