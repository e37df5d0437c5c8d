//! Tokens of a client for itself (RFC 6749 §4.4).

use std::time::Duration;

use siegel_kernel::GrantId;
use siegel_oidc::TokenKind;

use super::{Asked, LIFETIME, TokenAnswer};
use crate::app::access_token::{self, NewToken};
use crate::app::endpoint::EndpointError;
use crate::domain::grant::{Grant, Holder};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::request;
use crate::domain::scopes::{self, Opens};
use crate::state::Identity;
use crate::store::grants;

pub(super) async fn issue(
    state: &Identity,
    asked: &Asked<'_>,
) -> Result<TokenAnswer, EndpointError> {
    let client = &asked.client;
    let is_api = |scope: &String| matches!(scopes::known(scope), Some(Opens::Api(_)));
    let mut granted = asked.params.words("scope");
    if granted.is_empty() {
        granted.clone_from(&client.scopes);
    }
    // There is no person here: nothing but what services offer to clients.
    granted.retain(|s| client.scopes.contains(s) && is_api(s));
    if granted.is_empty() {
        let text = "none of the scopes is known and allowed for this client";
        return Err(Refused::new(OAuthError::InvalidScope, text).into());
    }
    let resources = request::resources(client, asked.params)?;
    let allowed = scopes::audiences(&granted);
    let audience = access_token::choose_audience(&resources, &allowed, &[])?;
    access_token::check_binding(client, &audience, asked.jkt())?;
    let granted = scopes::for_audience(&granted, &audience);
    let id = GrantId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let lifetime = Duration::from_secs(LIFETIME.unsigned_abs());
    let grant = Grant {
        id,
        client_id: client.client_id.clone(),
        subject: client.client_id.clone(),
        holder: Holder::Client,
        created_at: asked.now,
        revoked_at: None,
        expires_at: asked.now.plus(lifetime),
    };
    let mut tx = asked.begin(state).await?;
    grants::insert(&mut tx, &grant).await?;
    asked.record(&mut tx, id, &client.client_id, None, "done").await?;
    tx.commit().await?;
    let access_token = access_token::sign(
        state,
        &NewToken {
            subject: &client.client_id,
            audience: &audience,
            client_id: &client.client_id,
            tenant: Some(&client.tenant),
            scopes: &granted,
            kind: TokenKind::Client,
            grant: id,
            session: None,
            acting_for: None,
            confirmation: asked.confirmation(),
            now: asked.now,
        },
    )?;
    Ok(TokenAnswer {
        access_token,
        token_type: asked.token_type(),
        expires_in: LIFETIME,
        scope: granted.join(" "),
        refresh_token: None,
        id_token: None,
        issued_token_type: None,
    })
}
