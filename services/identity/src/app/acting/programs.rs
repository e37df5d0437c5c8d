//! Programs that act for their organisation: known by its word, and allowed by its word alone.

use std::sync::Arc;

use siegel_kernel::GrantId;
use siegel_proto::organisation::v1 as pb;
use tonic::Status;

use super::{action, chosen};
use crate::app::client_keys;
use crate::app::endpoint::EndpointError;
use crate::domain::acting::{Chosen, Demand, Party};
use crate::domain::program::{self, Program, ProgramGrant};
use crate::ports::organisation;
use crate::registry::Registered;
use crate::state::Identity;

pub fn down(status: Status) -> EndpointError {
    EndpointError::Sibling("organisation", status)
}

/// The client that a program is, as its organisation says now; `None` for what is no program, or
/// none any more. Nothing is remembered: a program that was revoked is unknown from that on.
pub async fn registered(
    state: &Identity,
    client_id: &str,
) -> Result<Option<Registered>, EndpointError> {
    if !program::is_id(client_id) {
        return Ok(None);
    }
    let found = organisation::system_user(&state.outside.siblings, client_id).await;
    let Some((organisation, jwk)) = found.map_err(down)? else { return Ok(None) };
    let jwks = format!("{{\"keys\":[{jwk}]}}");
    let Some(keys) = client_keys::usable(&jwks) else { return Ok(None) };
    Ok(Some(Registered {
        client: Arc::new(program::client(client_id, jwks)),
        keys: Some(keys),
        program: Some(Program { id: client_id.to_owned(), organisation }),
    }))
}

/// By which right each of these programs may do this, in the same order; `None` where it may not.
pub async fn judge(
    state: &Identity,
    asked: &[(&Program, Demand)],
) -> Result<Vec<Option<Chosen>>, Status> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let question = |(program, demand): &(&Program, Demand)| pb::AccessQuestion {
        system_user_id: program.id.clone(),
        organisation_id: program.organisation.to_string(),
        action: action(*demand).into(),
        ..pb::AccessQuestion::default()
    };
    let questions = asked.iter().map(question).collect();
    let answers = organisation::check(&state.outside.siblings, questions).await?;
    let read = |((program, _), answer): (&(&Program, Demand), pb::AccessAnswer)| {
        let party = Party::Organisation(program.organisation);
        answer.allowed.then(|| chosen(party, answer))
    };
    Ok(asked.iter().zip(answers).map(read).collect())
}

/// Those of these grants that rest on a right which has ended.
pub async fn ended(
    state: &Identity,
    grants: &[(GrantId, &ProgramGrant)],
) -> Result<Vec<(GrantId, String)>, Status> {
    let asked: Vec<_> = grants
        .iter()
        .flat_map(|(_, grant)| grant.demands().map(|demand| (&grant.program, demand)))
        .collect();
    let mut rights = judge(state, &asked).await?.into_iter();
    let mut ended = Vec::new();
    for (id, grant) in grants {
        let own: Vec<_> = rights.by_ref().take(grant.demands().count()).collect();
        if own.is_empty() || own.contains(&None) {
            ended.push((*id, grant.program.organisation.to_string()));
        }
    }
    Ok(ended)
}
