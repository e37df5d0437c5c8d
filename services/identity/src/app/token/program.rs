//! Tokens of an organisation's program, for that organisation (RFC 6749 §4.4).

use std::time::Duration;

use siegel_kernel::GrantId;
use siegel_oidc::TokenKind;

use super::{Asked, LIFETIME, TokenAnswer};
use crate::app::access_token::{self, NewToken};
use crate::app::acting::{follow, programs};
use crate::app::client_auth::UNPROVEN;
use crate::app::endpoint::EndpointError;
use crate::domain::acting::Chosen;
use crate::domain::grant::{Grant, Holder};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::program::{self, Program, ProgramGrant};
use crate::domain::{request, scopes};
use crate::ports::organisation;
use crate::state::Identity;
use crate::store::grants;

pub(super) async fn issue(
    state: &Identity,
    asked: &Asked<'_>,
    program: &Program,
) -> Result<TokenAnswer, EndpointError> {
    let client = &asked.client;
    let wanted = wanted(asked)?;
    let resources = request::resources(client, asked.params)?;
    let audience = access_token::choose_audience(&resources, &scopes::audiences(&wanted), &[])?;
    access_token::check_binding(client, &audience, asked.jkt())?;
    let wanted = scopes::for_audience(&wanted, &audience);
    let held = granted(state, program, wanted).await?;

    let id = GrantId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let grant = Grant {
        id,
        client_id: program.id.clone(),
        subject: program.id.clone(),
        holder: Holder::Program(Box::new(held.clone())),
        created_at: asked.now,
        revoked_at: None,
        expires_at: asked.now.plus(Duration::from_secs(LIFETIME.unsigned_abs())),
    };
    let mut tx = asked.begin(state).await?;
    grants::insert(&mut tx, &grant).await?;
    asked.record(&mut tx, id, &program.organisation.to_string(), None, "done").await?;
    tx.commit().await?;
    still(state, id, &held).await?;
    let access_token = access_token::sign(
        state,
        &NewToken {
            subject: &program.id,
            audience: &audience,
            client_id: &program.id,
            tenant: None,
            scopes: &held.scopes,
            kind: TokenKind::Program,
            grant: id,
            session: None,
            acting_for: Some(&held.chosen),
            confirmation: asked.confirmation(),
            now: asked.now,
        },
    )?;
    Ok(TokenAnswer {
        access_token,
        token_type: asked.token_type(),
        expires_in: LIFETIME,
        scope: held.scopes.join(" "),
        refresh_token: None,
        id_token: None,
        issued_token_type: None,
    })
}

/// The scopes asked for, or all there are. One that no program gets is refused, `openid` and
/// `offline_access` with it: there is no person here.
fn wanted(asked: &Asked<'_>) -> Result<Vec<String>, Refused> {
    let wanted = asked.params.words("scope");
    if wanted.is_empty() {
        return Ok(asked.client.scopes.clone());
    }
    if wanted.iter().any(|scope| program::demand(scope).is_none()) {
        let text = "one of the scopes is not for programs of organisations";
        return Err(Refused::new(OAuthError::InvalidScope, text));
    }
    Ok(wanted)
}

/// What of it the organisation allows, asked now.
async fn granted(
    state: &Identity,
    program: &Program,
    wanted: Vec<String>,
) -> Result<ProgramGrant, EndpointError> {
    let demand = |scope: String| Some((program::demand(&scope)?, scope));
    let (demands, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().filter_map(demand).unzip();
    let questions: Vec<_> = demands.into_iter().map(|demand| (program, demand)).collect();
    let rights = programs::judge(state, &questions).await.map_err(programs::down)?;
    let (scopes, rights): (Vec<_>, Vec<_>) =
        wanted.into_iter().zip(rights).filter_map(|(scope, right)| Some((scope, right?))).unzip();
    let Some(first) = rights.into_iter().next() else {
        let text = "the organisation allows the program none of the scopes";
        return Err(Refused::new(OAuthError::InvalidScope, text).into());
    };
    let siblings = &state.outside.siblings;
    let told = organisation::describe(siblings, program.organisation).await;
    let level = told.map_err(programs::down)?.and_then(|told| told.identification_level);
    let chosen = Chosen { identification_level: level, ..first };
    Ok(ProgramGrant { program: program.clone(), scopes, chosen })
}

/// Asks once more, now that the grant can be found by what follows the organisation's changes: of a
/// program that was revoked while its token was being made, nothing is left.
async fn still(state: &Identity, id: GrantId, held: &ProgramGrant) -> Result<(), EndpointError> {
    let ended = programs::ended(state, &[(id, held)]).await.map_err(programs::down)?;
    if ended.is_empty() {
        return Ok(());
    }
    follow::end(state, &ended).await?;
    Err(EndpointError::Client { by_header: false, description: UNPROVEN })
}
