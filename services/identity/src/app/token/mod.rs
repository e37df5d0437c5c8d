//! The token endpoint (RFC 6749 §3.2).

mod client;
mod code;
mod exchange;
mod program;
mod refresh;

use std::sync::Arc;

use http::HeaderMap;
use serde::Serialize;
use siegel_crypto::SignatureAlg;
use siegel_db::{StoreError, Tx, audit};
use siegel_kernel::{GrantId, Timestamp, TrustLevel};
use siegel_oidc::dpop::{Expected, Proof};
use siegel_oidc::{AccessToken, Confirmation};
use siegel_telemetry::metric;

use super::client_auth::{self, Proven};
use super::endpoint::EndpointError;
use super::{certificate_auth, dpop};
use crate::domain::client::{Client, GrantType};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::params::Params;
use crate::state::Identity;

/// RFC 6749 §5.1.
#[derive(Debug, Serialize)]
pub struct TokenAnswer {
    pub access_token: String,
    /// `DPoP` or `Bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    /// What was granted, for all audiences together.
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// RFC 8693 §2.2.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}

/// A request of an authenticated client.
struct Asked<'a> {
    client: Arc<Client>,
    proven: Proven,
    params: &'a Params,
    proof: Option<Proof>,
    now: Timestamp,
}

impl Asked<'_> {
    fn jkt(&self) -> Option<&str> {
        self.proof.as_ref().map(|p| p.jkt.as_str())
    }

    fn confirmation(&self) -> Option<Confirmation> {
        certificate_auth::confirmation(&self.client, self.jkt())
    }

    fn token_type(&self) -> &'static str {
        if self.proof.is_some() { "DPoP" } else { "Bearer" }
    }

    /// Begins the one transaction of a request; in it the client assertion and the DPoP proof are
    /// used up.
    async fn begin(&self, state: &Identity) -> Result<Tx, EndpointError> {
        let mut tx = state.outside.db.begin().await?;
        self.proven.settle(&mut tx).await?;
        self.use_proof(&mut tx).await?;
        Ok(tx)
    }

    async fn use_proof(&self, tx: &mut Tx) -> Result<(), EndpointError> {
        match &self.proof {
            Some(proof) if !dpop::first_use(tx, proof, self.now).await? => {
                Err(dpop::replayed().into())
            }
            _ => Ok(()),
        }
    }

    async fn record(
        &self,
        tx: &mut Tx,
        grant: GrantId,
        subject: &str,
        level: Option<TrustLevel>,
        outcome: &str,
    ) -> Result<(), StoreError> {
        let grant_type = self.params.get("grant_type").unwrap_or_default();
        metric::TOKENS_ISSUED.count([grant_type, "issued"]);
        let entry = audit::Entry {
            kind: "identity.token.issued",
            actor: &self.client.actor(),
            subject,
            level,
            outcome,
            request_id: &grant.to_string(),
            detail: grant_type,
            at: self.now,
        };
        audit::record(tx, &entry).await
    }
}

/// Answers a token request.
#[tracing::instrument(name = "identity.token", skip_all)]
pub async fn answer(
    state: &Identity,
    headers: &HeaderMap,
    params: Params,
) -> Result<TokenAnswer, EndpointError> {
    let now = state.now();
    let params = params.once()?;
    // The nonce is asked for before anything is used up: the client repeats the same request.
    let url = state.url("/token");
    let expected = Expected { method: "POST", url: &url, access_token: None, jkt: None };
    let proof = dpop::check(state, headers, &expected, now)?;
    let proven = client_auth::prove(state, headers, &params, "/token", now).await?;
    let asked = Asked { client: proven.client.clone(), proven, params: &params, proof, now };
    let answer = issue(state, &asked).await;
    if answer.is_err() {
        // The transaction of the request did not happen; the assertion is worth nothing all the
        // same. That it was used before has been said already.
        let _ = asked.proven.settle_alone(state).await;
    }
    answer
}

async fn issue(state: &Identity, asked: &Asked<'_>) -> Result<TokenAnswer, EndpointError> {
    let weak = |proof: &Proof| !SignatureAlg::FAPI.contains(&proof.alg);
    if asked.client.is_fapi() && asked.proof.as_ref().is_some_and(weak) {
        let text = "the DPoP proof's algorithm is not one of FAPI 2.0";
        return Err(Refused::new(OAuthError::InvalidDpopProof, text).into());
    }
    let allowed = |grant| {
        if asked.client.may(grant) {
            return Ok(());
        }
        let text = "the client is not registered for this grant type";
        Err(Refused::new(OAuthError::UnauthorizedClient, text))
    };
    match asked.params.get("grant_type") {
        Some("authorization_code") => {
            allowed(GrantType::AuthorizationCode)?;
            // Claims are fetched from other services on the way: that takes several transactions.
            asked.proven.settle_alone(state).await?;
            code::redeem(state, asked).await
        }
        Some("refresh_token") => {
            allowed(GrantType::RefreshToken)?;
            refresh::exchange(state, asked).await
        }
        Some("client_credentials") => {
            allowed(GrantType::ClientCredentials)?;
            match &asked.proven.program {
                Some(program) => program::issue(state, asked, program).await,
                None => client::issue(state, asked).await,
            }
        }
        Some(exchange::GRANT_TYPE) => {
            allowed(GrantType::TokenExchange)?;
            exchange::exchange(state, asked).await
        }
        Some(_) => {
            let text = "the grant type is not supported";
            Err(Refused::new(OAuthError::UnsupportedGrantType, text).into())
        }
        None => Err(Refused::invalid_request("grant_type is missing").into()),
    }
}

const LIFETIME: i64 = AccessToken::LIFETIME;
