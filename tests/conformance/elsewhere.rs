//! An upstream provider that the world plays, and a person who is sent there.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use siegel_crypto::SigningKey;
use url::Url;

use crate::forge;
use crate::house::House;
use crate::person::{Browser, Landing, Page, text};
use crate::rp::{Fields, Request, Rp, Tokens, fresh, now};

/// A provider of the world.
pub struct Land<'h> {
    house: &'h House,
    id: &'static str,
    pub key: &'h SigningKey,
}

/// A person who was sent there.
pub struct Sent {
    pub state: String,
    pub nonce: String,
    pub callback: String,
}

impl<'h> Land<'h> {
    /// Opens the provider: discovery and keys.
    pub fn open(house: &'h House, id: &'static str) -> anyhow::Result<Self> {
        let key = house.keys.get(id).with_context(|| format!("{id} has no key"))?;
        let land = Self { house, id, key };
        let at = |path: &str| house.world.url(&format!("/{id}{path}"));
        let path = format!("/{id}/.well-known/openid-configuration");
        house.world.serve_json(
            &path,
            &json!({
                "issuer": land.issuer(),
                "authorization_endpoint": at("/authorize"),
                "token_endpoint": at("/token"),
                "jwks_uri": at("/jwks"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "authorization_response_iss_parameter_supported": true,
            }),
        );
        house.world.serve_json(&format!("/{id}/jwks"), &json!({"keys": [key.public_jwk()]}));
        Ok(land)
    }

    pub fn issuer(&self) -> String {
        self.house.world.url(&format!("/{}", self.id))
    }

    /// Goes from a log-in page to this provider.
    pub async fn go(&self, browser: &Browser<'_>, page: &Page) -> anyhow::Result<Sent> {
        let link = hrefs(&page.html).into_iter().find(|h| h.contains(&format!("to={}", self.id)));
        let link = link.with_context(|| format!("{} is not offered: {}", self.id, page.html))?;
        self.sent(browser.open(page.url.join(&link)?.as_str()).await?)
    }

    pub fn sent(&self, landing: Landing) -> anyhow::Result<Sent> {
        let Landing::Away(url) = landing else { anyhow::bail!("not sent away: {landing:?}") };
        let path = format!("/{}/authorize", self.id);
        ensure!(url.path() == path, "sent to {url}");
        let asked: Fields = url.query_pairs().into_owned().collect();
        let get = |name: &str| asked.get(name).cloned().with_context(|| format!("no {name}"));
        let sent =
            Sent { state: get("state")?, nonce: get("nonce")?, callback: get("redirect_uri")? };
        ensure!(get("code_challenge_method")? == "S256" && get("response_type")? == "code");
        Ok(sent)
    }

    /// What an honest ID token says.
    pub fn claims(&self, sent: &Sent, subject: &str) -> Value {
        let seconds = now().as_seconds();
        json!({"iss": self.issuer(), "aud": "siegel", "sub": subject, "iat": seconds,
            "exp": seconds + 300, "auth_time": seconds, "nonce": sent.nonce, "acr": "loa-sub"})
    }

    pub fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "JWT", "kid": self.key.kid()})
    }

    /// What its token endpoint answers from now on.
    pub fn gives(&self, id_token: &str) {
        let path = format!("/{}/token", self.id);
        let body = json!({"access_token": "elsewhere", "token_type": "Bearer",
            "expires_in": 300, "id_token": id_token});
        self.house.world.serve_json(&path, &body);
    }

    /// The address of an honest answer.
    pub fn answer(&self, sent: &Sent) -> anyhow::Result<Url> {
        let mut url = Url::parse(&sent.callback)?;
        url.query_pairs_mut()
            .append_pair("code", &fresh()?)
            .append_pair("state", &sent.state)
            .append_pair("iss", &self.issuer());
        Ok(url)
    }

    /// An honest log-in of this subject; where the browser ends up.
    pub async fn log_in(
        &self,
        visit: &Visit<'_>,
        subject: &str,
        bend: impl Fn(&mut Value),
    ) -> anyhow::Result<Landing> {
        let sent = self.go(&visit.browser, &visit.page).await?;
        let mut claims = self.claims(&sent, subject);
        bend(&mut claims);
        self.gives(&forge::by(self.key, &self.header(), &claims)?);
        visit.browser.open(self.answer(&sent)?.as_str()).await
    }
}

/// A person on the log-in page of the client whose tenant trusts both providers.
pub struct Visit<'h> {
    pub rp: Rp<'h>,
    pub browser: Browser<'h>,
    pub request: Request,
    pub page: Page,
}

impl<'h> Visit<'h> {
    pub async fn begin(house: &'h House) -> anyhow::Result<Self> {
        let browser = Browser::new(house)?;
        let rp = Rp::new(house, "federating")?;
        let request = rp.request()?;
        let page = rp.silently(&request, &browser).await?.page()?;
        Ok(Self { rp, browser, request, page })
    }

    /// Agrees to what the client wants and redeems the code.
    pub async fn tokens(&self, landing: Landing) -> anyhow::Result<Tokens> {
        let somebody = self.rp.house.person("erika")?;
        let answer = self.browser.walk(landing, somebody).await?.answer()?;
        let code = answer.into_iter().find(|(name, _)| name == "code").context("no code")?.1;
        Tokens::of(self.rp.post("/token", self.rp.redemption(&self.request, &code)).await?)
    }

    /// That nobody is logged in here, with a page that says so.
    pub async fn refused(&self, landing: Landing) -> anyhow::Result<Page> {
        let page = landing.page()?;
        ensure!(page.status >= 400, "{}: {}", page.status, text(&page.html));
        let request = self.rp.request()?.with("prompt", "none");
        let answer = self.rp.silently(&request, &self.browser).await?.answer()?;
        let is = |name: &str, value: &str| answer.iter().any(|(n, v)| n == name && v == value);
        ensure!(is("error", "login_required"), "somebody is logged in: {answer:?}");
        Ok(page)
    }
}

impl Visit<'_> {
    pub async fn page_again(&self) -> anyhow::Result<Page> {
        self.browser.open(self.page.url.as_str()).await?.page()
    }
}

/// The addresses a page links to.
pub fn hrefs(html: &str) -> Vec<String> {
    let parts = html.split("href=\"").skip(1).filter_map(|part| part.split('"').next());
    parts.map(|href| href.replace("&amp;", "&").replace("&#38;", "&")).collect()
}
