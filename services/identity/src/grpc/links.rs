//! `SelfService`: accounts elsewhere.

use siegel_db::IdempotencyKey;
use siegel_grpc::{caller, digest, fault, invalid, refusal};
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use tonic::{Code, Request, Response, Status};

use crate::app::links::{self, UnlinkError};
use crate::state::Identity;

pub async fn list(
    state: &Identity,
    request: &Request<pb::ListLinksRequest>,
) -> Result<Response<pb::ListLinksResponse>, Status> {
    let account = caller(request)?.person()?.account;
    let found = links::list(state, account).await.map_err(|e| fault(&e))?;
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

pub async fn unlink(
    state: &Identity,
    request: &Request<pb::UnlinkRequest>,
) -> Result<Response<pb::UnlinkResponse>, Status> {
    let caller = caller(request)?;
    let (person, name) = (caller.person()?, caller.name());
    let asked = request.get_ref();
    if !(1..=128).contains(&asked.request_id.len()) {
        return Err(invalid(&[("request_id", "must have 1 to 128 characters")]));
    }
    let Ok(link) = asked.link_id.parse() else {
        return Err(invalid(&[("link_id", "is not the id of a link")]));
    };
    let key =
        IdempotencyKey { caller: &name, request_id: &asked.request_id, digest: digest(asked) };
    let done = links::unlink(state, person.account, person.grant, link, &key).await;
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
