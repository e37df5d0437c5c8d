//! A relying party: every step of its protocol by hand, so that a case can bend any of them.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use reqwest::header;
use serde_json::{Value, json};
use siegel_crypto::{SigningKey, SystemEntropy, random_token};
use siegel_kernel::{Clock as _, SystemClock, Timestamp};
use siegel_oidc::dpop::{self, Expected};
use siegel_oidc::{assertion, pkce};

use crate::house::House;
use crate::person::{Browser, Landing, Person};
use crate::seed::{self, Auth};

/// Form or query parameters; an absent name is not sent.
pub type Fields = BTreeMap<String, String>;

pub fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

pub fn now() -> Timestamp {
    SystemClock.now()
}

pub fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

/// What came back from an endpoint.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: header::HeaderMap,
    pub body: String,
}

impl Reply {
    pub async fn of(answer: reqwest::Response) -> anyhow::Result<Self> {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Self { status, headers, body: answer.text().await? })
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    pub fn text(&self, name: &str) -> String {
        self.json().get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub fn error(&self) -> String {
        self.text("error")
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// That it succeeded.
    pub fn ok(self) -> anyhow::Result<Self> {
        ensure!((200..300).contains(&self.status), "answered {}: {}", self.status, self.body);
        Ok(self)
    }

    /// That it was refused with this error code.
    pub fn refused(&self, error: &str) -> anyhow::Result<()> {
        ensure!(
            self.status >= 400 && self.error() == error,
            "expected {error}, got {}: {}",
            self.status,
            self.body
        );
        Ok(())
    }
}

/// A client of `seed.rs` with its ways.
#[derive(Clone)]
pub struct Rp<'h> {
    pub house: &'h House,
    pub id: String,
    pub auth: Auth,
    pub redirect_uri: String,
    pub pkce: bool,
    pub par: bool,
    /// Binds tokens to this key.
    pub dpop: Option<SigningKey>,
    /// Shown on the connection, at the mTLS addresses.
    pub certificate: Option<crate::authority::Pair>,
}

/// An authorization request under way: what is sent and what is remembered.
#[derive(Clone, Debug)]
pub struct Request {
    pub fields: Fields,
    pub verifier: String,
}

impl Request {
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.remove(name);
        self
    }

    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: Option<String>,
    pub id_token: Option<String>,
    pub kind: String,
    pub reply: Reply,
}

impl Tokens {
    pub fn of(reply: Reply) -> anyhow::Result<Self> {
        let reply = reply.ok()?;
        let optional = |name: &str| Some(reply.text(name)).filter(|t| !t.is_empty());
        let access = optional("access_token").context("no access_token")?;
        let (refresh, id_token) = (optional("refresh_token"), optional("id_token"));
        Ok(Self { access, refresh, id_token, kind: reply.text("token_type"), reply })
    }

    /// The claims of the ID token, unverified: cases that care verify.
    pub fn claims(&self) -> anyhow::Result<Value> {
        payload(self.id_token.as_deref().context("no id_token")?)
    }

    pub fn refresh_token(&self) -> anyhow::Result<&str> {
        self.refresh.as_deref().context("no refresh_token")
    }
}

/// The payload of a JWT, unverified.
pub fn payload(token: &str) -> anyhow::Result<Value> {
    part(token, 1)
}

/// The header of a JWT, unverified.
pub fn head(token: &str) -> anyhow::Result<Value> {
    part(token, 0)
}

fn part(token: &str, n: usize) -> anyhow::Result<Value> {
    let text = token.split('.').nth(n).context("not a JWT")?;
    let bytes = siegel_crypto::b64::decode(text).context("not base64url")?;
    Ok(serde_json::from_slice(&bytes)?)
}

impl<'h> Rp<'h> {
    /// A client of `seed.rs`.
    pub fn new(house: &'h House, id: &str) -> anyhow::Result<Self> {
        let known = seed::client(id).with_context(|| format!("no client {id}"))?;
        let dpop = if known.dpop { Some(SigningKey::generate()?) } else { None };
        let certificate = house.certificates.get(id).cloned();
        Ok(Self {
            house,
            id: id.to_owned(),
            auth: known.auth,
            redirect_uri: seed::redirect_uri(&house.world, id),
            pkce: known.pkce,
            par: known.par,
            dpop,
            certificate,
        })
    }

    pub fn key(&self) -> anyhow::Result<&'h SigningKey> {
        self.house.keys.get(&self.id).with_context(|| format!("{} has no key", self.id))
    }

    /// An authorization request as this client makes it.
    pub fn request(&self) -> anyhow::Result<Request> {
        let verifier = fresh()?;
        let mut all = fields([
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", &fresh()?),
            ("nonce", &fresh()?),
        ]);
        if self.pkce {
            all.insert("code_challenge".into(), pkce::challenge(&verifier));
            all.insert("code_challenge_method".into(), "S256".into());
        }
        Ok(Request { fields: all, verifier })
    }

    /// The address the browser is sent to; pushes the request when the client does.
    pub async fn address(&self, request: &Request) -> anyhow::Result<String> {
        if !self.par {
            return Ok(self.house.url(&format!("/authorize?{}", encoded(&request.fields)?)));
        }
        let pushed = self.post("/par", request.fields.clone()).await?.ok()?;
        self.handle_address(&pushed.text("request_uri"))
    }

    /// Where a pushed request goes on.
    pub fn handle_address(&self, request_uri: &str) -> anyhow::Result<String> {
        let query = encoded(&fields([("client_id", &self.id), ("request_uri", request_uri)]))?;
        Ok(self.house.url(&format!("/authorize?{query}")))
    }

    /// Sends a person through everything; the parameters of the answer.
    pub async fn answer(
        &self,
        request: &Request,
        browser: &Browser<'_>,
        person: &Person,
    ) -> anyhow::Result<Fields> {
        let landing = browser.open(&self.address(request).await?).await?;
        let answer = browser.walk(landing, person).await?.answer()?;
        Ok(answer.into_iter().collect())
    }

    /// The answer to a request in this browser without doing anything on pages.
    pub async fn silently(
        &self,
        request: &Request,
        browser: &Browser<'_>,
    ) -> anyhow::Result<Landing> {
        browser.open(&self.address(request).await?).await
    }

    /// A browser in which the person logged in to this client, level basic or what the password is
    /// worth.
    pub async fn entered(&self, person: &str) -> anyhow::Result<Browser<'h>> {
        let browser = Browser::new(self.house)?;
        self.code_in(&self.request()?, &browser, self.house.person(person)?).await?;
        Ok(browser)
    }

    /// That the client was told this error, with the state of its request and the issuer.
    pub fn told(&self, landing: Landing, request: &Request, error: &str) -> anyhow::Result<()> {
        match &landing {
            Landing::Away(url) => {
                ensure!(url.as_str().starts_with(&self.redirect_uri), "{error}: sent to {url}");
            }
            Landing::Posted { action, .. } => {
                ensure!(*action == self.redirect_uri, "{error}: posted to {action}");
            }
            Landing::Page(_) => {}
        }
        let answer = landing.fields().with_context(|| format!("expected {error}"))?;
        let is = |name: &str, value: &str| answer.get(name).map(String::as_str) == Some(value);
        ensure!(is("error", error), "expected {error}: {answer:?}");
        ensure!(is("iss", &self.house.origin), "{error} without iss: {answer:?}");
        ensure!(!answer.contains_key("code"), "{error} with a code");
        let state = request.fields.get("state");
        ensure!(answer.get("state") == state, "{error} with another state: {answer:?}");
        Ok(())
    }

    /// That this request is refused with this error, at PAR or by the answer to the browser.
    pub async fn refuses(&self, request: &Request, error: &str) -> anyhow::Result<()> {
        if self.par {
            return self.post("/par", request.fields.clone()).await?.refused(error);
        }
        let browser = Browser::new(self.house)?;
        self.told(self.silently(request, &browser).await?, request, error)
    }

    /// A code for a person in a fresh browser.
    pub async fn code(&self, request: &Request, person: &str) -> anyhow::Result<String> {
        let browser = Browser::new(self.house)?;
        self.code_in(request, &browser, self.house.person(person)?).await
    }

    pub async fn code_in(
        &self,
        request: &Request,
        browser: &Browser<'_>,
        person: &Person,
    ) -> anyhow::Result<String> {
        let answer = self.answer(request, browser, person).await?;
        ensure!(answer.get("state").map(String::as_str) == Some(request.get("state")), "state");
        ensure!(answer.get("iss") == Some(&self.house.origin), "iss: {answer:?}");
        match answer.get("code") {
            Some(code) => Ok(code.clone()),
            None => bail!("no code: {answer:?}"),
        }
    }

    /// The form that redeems a code.
    pub fn redemption(&self, request: &Request, code: &str) -> Fields {
        let mut form = fields([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
        ]);
        if request.fields.contains_key("code_challenge")
            || request.fields.contains_key("request")
            || self.pkce
        {
            form.insert("code_verifier".into(), request.verifier.clone());
        }
        form
    }

    /// Logs a person in and redeems the code.
    pub async fn log_in(&self, request: &Request, person: &str) -> anyhow::Result<Tokens> {
        let code = self.code(request, person).await?;
        Tokens::of(self.post("/token", self.redemption(request, &code)).await?)
    }

    pub async fn log_in_with(
        &self,
        request: &Request,
        browser: &Browser<'_>,
        person: &str,
    ) -> anyhow::Result<Tokens> {
        let code = self.code_in(request, browser, self.house.person(person)?).await?;
        Tokens::of(self.post("/token", self.redemption(request, &code)).await?)
    }

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

/// As in a query.
#[expect(clippy::unnecessary_wraps, reason = "a case reads alike when each of its steps may fail")]
pub fn encoded(fields: &Fields) -> anyhow::Result<String> {
    Ok(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}
