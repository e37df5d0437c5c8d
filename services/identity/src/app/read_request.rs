//! From parameters to an authorization request: the rules of tenant and installation, and the
//! person a hint names.

use siegel_db::StoreError;

use super::authorize::hinted_subject;
use super::upstreams;
use crate::domain::client::Client;
use crate::domain::connection_group::shares_with;
use crate::domain::interaction::AuthRequest;
use crate::domain::levels::Rules;
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::domain::request::{self, ReplyTo};
use crate::domain::upstream::Upstream;
use crate::state::Identity;
use crate::store::tenants;

/// Why there is no request.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("reading failed")]
    Store(#[from] StoreError),
}

/// Checks everything that can be checked before the person is there. `dpop_jkt` is the key of a
/// proof that came with a pushed request.
pub async fn read(
    state: &Identity,
    client: &Client,
    params: &Params,
    reply: ReplyTo,
    dpop_jkt: Option<String>,
) -> Result<AuthRequest, ReadError> {
    let mut tx = state.outside.db.read().await?;
    let tenant = tenants::get(&mut tx, &client.tenant).await?;
    let offered = upstreams::offered(state, &mut tx, &client.tenant).await?;
    drop(tx);
    let rules = Rules {
        tenant: &tenant,
        methods: &state.config.people.methods,
        upstreams: offered.iter().map(Upstream::reach).max(),
        resource_levels: &state.config.resource_levels,
    };
    let mut request = request::read(client, &rules, params, reply, dpop_jkt)?;
    request.shared_with = shares_with(&state.config.connection_groups, &client.tenant);
    request.upstreams = offered.into_iter().map(|upstream| upstream.id).collect();
    if let Some(hint) = params.get("id_token_hint") {
        let Ok(subject) = hinted_subject(state, client, hint) else {
            let text = "id_token_hint is no ID token of this issuer for this client";
            return Err(Refused::invalid_request(text).into());
        };
        if !request.is_for(&subject) {
            let text = "id_token_hint and the claims parameter name two people";
            return Err(Refused::invalid_request(text).into());
        }
        request.subjects = vec![subject];
    }
    Ok(request)
}
