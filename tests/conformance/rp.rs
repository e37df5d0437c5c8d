//! A relying party: every step of its protocol by hand, so that a case can bend any of them.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use siegel_crypto::{SigningKey, SystemEntropy, random_token};
use siegel_kernel::{Clock as _, SystemClock, Timestamp};
use siegel_oidc::pkce;

use crate::house::House;
use crate::person::{Browser, Landing, Person};
pub use crate::reply::{Reply, Tokens, head, payload};
pub use crate::rp_calls::basic;
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
}

/// As in a query.
#[expect(clippy::unnecessary_wraps, reason = "a case reads alike when each of its steps may fail")]
pub fn encoded(fields: &Fields) -> anyhow::Result<String> {
    Ok(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}
