//! A portal's side of OpenID Connect: PAR, PKCE, `private_key_jwt`, DPoP.

use anyhow::{Context as _, anyhow, bail};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use siegel_crypto::{KeySet, SigningKey, SystemEntropy, random_token, same_bytes};
use siegel_oidc::{assertion, dpop, pkce};
use url::Url;

use super::net::Net;

/// What discovery says (OpenID Connect Discovery §3), as far as a client needs it.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub pushed_authorization_request_endpoint: String,
    pub jwks_uri: String,
}

/// A registered client with its keys.
pub struct Client {
    pub http: reqwest::Client,
    pub net: Net,
    pub metadata: Metadata,
    pub client_id: String,
    pub key: SigningKey,
    /// Fresh for each run: tokens are bound to it.
    pub dpop_key: SigningKey,
}

/// A log-in that was started.
pub struct Login {
    pub url: String,
    redirect_uri: String,
    state: String,
    nonce: String,
    verifier: String,
}

/// What the token endpoint answers.
#[derive(Clone, Debug, Deserialize)]
pub struct Tokens {
    pub access_token: String,
    #[serde(default)]
    pub refresh_token: Option<String>,
    #[serde(default)]
    pub id_token: Option<String>,
    pub token_type: String,
}

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

impl Client {
    /// Reads the discovery document at `origin` and checks that it is about `origin`.
    pub async fn discover(
        net: &Net,
        origin: &str,
        client_id: &str,
        key: SigningKey,
    ) -> anyhow::Result<Self> {
        let (net, http) = (net.clone(), net.http()?.build()?);
        let url = format!("{origin}/.well-known/openid-configuration");
        let answer = http.get(&url).send().await.with_context(|| format!("no answer at {url}"))?;
        let metadata: Metadata = answer.error_for_status()?.json().await?;
        if metadata.issuer != origin {
            bail!("the provider at {origin} calls itself {}", metadata.issuer);
        }
        let client_id = client_id.to_owned();
        Ok(Self { http, net, metadata, client_id, key, dpop_key: SigningKey::generate()? })
    }

    /// Pushes an authorization request (RFC 9126) and returns where the browser goes.
    pub async fn start(&self, redirect_uri: &str, more: &[(&str, &str)]) -> anyhow::Result<Login> {
        let (state, nonce, verifier) = (fresh()?, fresh()?, fresh()?);
        let challenge = pkce::challenge(&verifier);
        let mut form = vec![
            ("response_type", "code"),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", redirect_uri),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("dpop_jkt", self.dpop_key.kid()),
        ];
        form.extend_from_slice(more);
        let endpoint = self.metadata.pushed_authorization_request_endpoint.clone();
        let answer = self.post(&endpoint, &form, false).await?;
        let handle = answer.get("request_uri").and_then(Value::as_str).context("no request_uri")?;
        let mut url = Url::parse(&self.metadata.authorization_endpoint)?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("request_uri", handle);
        Ok(Login { url: url.into(), redirect_uri: redirect_uri.to_owned(), state, nonce, verifier })
    }

    /// Redeems the code the browser came back with; returns the tokens and the verified claims of
    /// the ID token.
    pub async fn finish(&self, login: &Login, returned: &Url) -> anyhow::Result<(Tokens, Value)> {
        let get = |name: &str| {
            returned.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned())
        };
        if let Some(error) = get("error") {
            bail!(
                "the log-in was refused: {error} {}",
                get("error_description").unwrap_or_default()
            );
        }
        let state = get("state").unwrap_or_default();
        if !same_bytes(state.as_bytes(), login.state.as_bytes()) {
            bail!("the answer belongs to another log-in (state)");
        }
        if get("iss").as_deref() != Some(self.metadata.issuer.as_str()) {
            bail!("the answer comes from another provider (iss, RFC 9207)");
        }
        let code = get("code").context("the answer has no code")?;
        let tokens = self.redeem(login, &code).await?;
        let claims = self.id_token(&tokens, &login.nonce).await?;
        Ok((tokens, claims))
    }

    /// Redeems an authorization code.
    pub async fn redeem(&self, login: &Login, code: &str) -> anyhow::Result<Tokens> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &login.redirect_uri),
            ("code_verifier", &login.verifier),
        ];
        self.tokens(&form).await
    }

    /// Asks the token endpoint with a DPoP proof.
    pub async fn tokens(&self, form: &[(&str, &str)]) -> anyhow::Result<Tokens> {
        let endpoint = self.metadata.token_endpoint.clone();
        let answer = self.post(&endpoint, form, true).await?;
        let tokens: Tokens = serde_json::from_value(answer)?;
        if !tokens.token_type.eq_ignore_ascii_case("dpop") {
            bail!("the token is not bound to our key");
        }
        Ok(tokens)
    }

    /// Posts a form with a fresh client assertion, and a proof when asked; a demanded nonce is
    /// answered once (RFC 9449 §8).
    async fn post(
        &self,
        endpoint: &str,
        form: &[(&str, &str)],
        with_proof: bool,
    ) -> anyhow::Result<Value> {
        let mut nonce: Option<String> = None;
        for _ in 0..2 {
            let now = self.net.clock().now();
            let issuer = &self.metadata.issuer;
            let assertion = assertion::make(&self.key, &self.client_id, issuer, fresh()?, now)?;
            let mut pairs = form.to_vec();
            pairs.push(("client_assertion_type", assertion::TYPE));
            pairs.push(("client_assertion", &assertion));
            pairs.retain(|(name, _)| *name != "client_id");
            pairs.push(("client_id", &self.client_id));
            let mut request = self.http.post(endpoint).form(&pairs);
            if with_proof {
                let expected =
                    dpop::Expected { method: "POST", url: endpoint, access_token: None, jkt: None };
                let proof =
                    dpop::prove(&self.dpop_key, &expected, nonce.as_deref(), fresh()?, now)?;
                request = request.header("DPoP", proof);
            }
            let answer = request.send().await?;
            let (status, told) = (answer.status(), answer.headers().get("dpop-nonce").cloned());
            let body: Value = answer.json().await.unwrap_or_default();
            if status.is_success() {
                return Ok(body);
            }
            let error = body.get("error").and_then(Value::as_str).unwrap_or_default();
            if status != StatusCode::BAD_REQUEST || error != "use_dpop_nonce" || nonce.is_some() {
                let text = body.get("error_description").and_then(Value::as_str);
                return Err(anyhow!("{endpoint}: {error}: {}", text.unwrap_or_default()));
            }
            nonce = told.and_then(|v| v.to_str().map(str::to_owned).ok());
        }
        bail!("{endpoint}: the provider asks for nonce after nonce")
    }

    /// OpenID Connect Core §3.1.3.7.
    async fn id_token(&self, tokens: &Tokens, nonce: &str) -> anyhow::Result<Value> {
        let text = tokens.id_token.as_deref().context("no ID token")?;
        let jwks = self.http.get(&self.metadata.jwks_uri).send().await?.text().await?;
        let claims: Value = KeySet::from_json(&jwks)?.verify(text, "JWT")?;
        let field = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let now = self.net.clock().now().as_seconds();
        let exp = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
        if field("iss") != self.metadata.issuer || field("aud") != self.client_id {
            bail!("the ID token is for somebody else");
        }
        if !same_bytes(field("nonce").as_bytes(), nonce.as_bytes()) || exp <= now {
            bail!("the ID token is not the answer to this log-in");
        }
        Ok(claims)
    }
}
