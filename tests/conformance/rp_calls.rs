//! A relying party's calls: authenticated and proven as it always does, or bent.

use serde_json::{Value, json};
use siegel_crypto::SigningKey;
use siegel_oidc::assertion;
use siegel_oidc::dpop::{self, Expected};

use crate::reply::{Reply, Tokens};
use crate::rp::{Fields, Rp, fields, fresh, now};
use crate::seed::{self, Auth};

impl Rp<'_> {
    /// Exchanges a refresh token.
    pub async fn refresh(&self, token: &str, more: Fields) -> anyhow::Result<Reply> {
        let mut form = fields([("grant_type", "refresh_token"), ("refresh_token", token)]);
        form.extend(more);
        self.post("/token", form).await
    }

    /// Posts a form, authenticated and with a proof as the client always does; asks again once
    /// with the nonce the endpoint wants.
    pub async fn post(&self, path: &str, form: Fields) -> anyhow::Result<Reply> {
        let first = self.post_once(path, form.clone(), None).await?;
        if first.error() != "use_dpop_nonce" {
            return Ok(first);
        }
        self.post_once(path, form, Some(&first.header("dpop-nonce"))).await
    }

    pub async fn post_once(
        &self,
        path: &str,
        mut form: Fields,
        nonce: Option<&str>,
    ) -> anyhow::Result<Reply> {
        let mut headers: Vec<(&str, String)> = Vec::new();
        match &self.auth {
            Auth::None | Auth::Certificate => {
                form.insert("client_id".into(), self.id.clone());
            }
            Auth::Basic => {
                headers.push(("authorization", basic(&self.id, &seed::secret(&self.id))));
            }
            Auth::Post => {
                form.insert("client_id".into(), self.id.clone());
                form.insert("client_secret".into(), seed::secret(&self.id));
            }
            Auth::Jwt => form.extend(self.assertion()?),
        }
        if let Some(key) = &self.dpop {
            headers.push(("dpop", self.proof(key, "POST", path, None, nonce)?));
        }
        self.send(path, &form, &headers).await
    }

    /// A form to an endpoint with exactly these headers; on the mTLS addresses when the client has
    /// a certificate.
    pub async fn send(
        &self,
        path: &str,
        form: &Fields,
        headers: &[(&str, String)],
    ) -> anyhow::Result<Reply> {
        let mut call = self.http()?.post(self.endpoint(path)).form(form);
        for (name, value) in headers {
            call = call.header(*name, value);
        }
        Reply::of(call.send().await?).await
    }

    /// An HTTP client that shows this client's certificate, if it has one.
    pub fn http(&self) -> anyhow::Result<reqwest::Client> {
        let builder = self.house.builder()?;
        Ok(match &self.certificate {
            Some(pair) => builder.identity(pair.identity()?).build()?,
            None => builder.build()?,
        })
    }

    /// The address of an endpoint for this client.
    pub fn endpoint(&self, path: &str) -> String {
        let base = if self.certificate.is_some() { &self.house.mtls } else { &self.house.origin };
        format!("{base}{path}")
    }

    /// The two parameters of `private_key_jwt`.
    pub fn assertion(&self) -> anyhow::Result<Fields> {
        let made = assertion::make(self.key()?, &self.id, &self.house.origin, fresh()?, now())?;
        Ok(fields([("client_assertion_type", assertion::TYPE), ("client_assertion", &made)]))
    }

    /// The same with other claims.
    pub fn bent_assertion(&self, bend: impl Fn(&mut Value)) -> anyhow::Result<Fields> {
        let seconds = now().as_seconds();
        let mut claims = json!({"iss": self.id, "sub": self.id, "aud": self.house.origin,
            "exp": seconds + 60, "iat": seconds, "jti": fresh()?});
        bend(&mut claims);
        let made = self.key()?.sign("JWT", &claims)?;
        Ok(fields([("client_assertion_type", assertion::TYPE), ("client_assertion", &made)]))
    }

    pub fn proof(
        &self,
        key: &SigningKey,
        method: &str,
        path: &str,
        token: Option<&str>,
        nonce: Option<&str>,
    ) -> anyhow::Result<String> {
        let url = self.endpoint(path);
        let expected = Expected { method, url: &url, access_token: token, jkt: None };
        Ok(dpop::prove(key, &expected, nonce, fresh()?, now())?)
    }

    /// Calls userinfo with a token as this client would.
    pub async fn userinfo(&self, tokens: &Tokens) -> anyhow::Result<Reply> {
        let first = self.userinfo_once(tokens, None).await?;
        let nonce = first.header("dpop-nonce");
        if first.status == 401 && !nonce.is_empty() && self.dpop.is_some() {
            return self.userinfo_once(tokens, Some(&nonce)).await;
        }
        Ok(first)
    }

    async fn userinfo_once(&self, tokens: &Tokens, nonce: Option<&str>) -> anyhow::Result<Reply> {
        let mut call = self.http()?.get(self.endpoint("/userinfo"));
        call = match &self.dpop {
            Some(key) => {
                let proof = self.proof(key, "GET", "/userinfo", Some(&tokens.access), nonce)?;
                call.header("authorization", format!("DPoP {}", tokens.access))
                    .header("dpop", proof)
            }
            None => call.bearer_auth(&tokens.access),
        };
        Reply::of(call.send().await?).await
    }

    /// What introspection says of a token.
    pub async fn introspect(&self, token: &str) -> anyhow::Result<Value> {
        Ok(self.post("/introspect", fields([("token", token)])).await?.ok()?.json())
    }
}

/// HTTP Basic with both parts form-encoded first (RFC 6749 §2.3.1).
pub fn basic(id: &str, secret: &str) -> String {
    use base64::Engine as _;
    let encode =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let joined = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(joined))
}
