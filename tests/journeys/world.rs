//! A running suite and the people in it.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use siegel::demo::{
    Authority, ClientKeys, Credentials, LoggedIn, Persona, Timeline, authorize, channel, log_in,
    through_pages,
};
use siegel::outside::{Client, Login, Tokens};
use siegel_crypto::{KeySet, SigningKey};
use siegel_e2e::Suite;
use siegel_grpc::AuthChannel;
use tonic::Status;

pub struct World {
    pub backend: String,
    pub suite: Suite,
    pub credentials: Credentials,
    /// Erika, logged in at the demo portal at level substantial or better.
    pub erika: LoggedIn,
    pub authority: Authority,
}

/// A person's log-in at some client.
pub struct Visit {
    pub client: Client,
    pub tokens: Tokens,
    pub claims: Value,
}

impl World {
    pub async fn new(backend: &str) -> anyhow::Result<Option<Self>> {
        let suite = match backend {
            "sqlite" => Suite::on_sqlite().await?,
            _ => match Suite::on_postgres().await? {
                Some(suite) => suite,
                None => return Ok(None),
            },
        };
        Self::around(backend, suite).await.map(Some)
    }

    /// The people in a suite that runs.
    pub async fn around(backend: &str, suite: Suite) -> anyhow::Result<Self> {
        let credentials = suite.credentials()?;
        let erika = log_in(&suite.origin(), &credentials, &mut Timeline::new(true)).await?;
        let authority = Authority::connect(&suite.origin(), &credentials).await?;
        Ok(Self { backend: backend.to_owned(), suite, credentials, erika, authority })
    }

    pub fn persona(&self, number: usize) -> anyhow::Result<&Persona> {
        self.credentials.persona.get(number).context("too few personas")
    }

    /// Logs a persona in at a client.
    pub async fn visit(
        &self,
        keys: &ClientKeys,
        persona: usize,
        ask: &[(&str, &str)],
    ) -> anyhow::Result<Visit> {
        self.visit_as(keys, self.persona(persona)?, ask).await
    }

    /// Logs anybody in at a client.
    pub async fn visit_as(
        &self,
        keys: &ClientKeys,
        persona: &Persona,
        ask: &[(&str, &str)],
    ) -> anyhow::Result<Visit> {
        let client = Client::discover(
            &self.credentials.net(),
            &self.suite.origin(),
            &keys.client_id,
            keys.key()?,
        )
        .await?;
        let redirect = keys.redirect_uri.clone().context("no redirect_uri")?;
        let mut quiet = Timeline::new(true);
        let (tokens, claims) = authorize(&client, &redirect, persona, ask, &mut quiet).await?;
        Ok(Visit { client, tokens, claims })
    }

    /// Sends a persona through the pages of the demo portal's log-in, up to the code.
    pub async fn come_back(
        &self,
        persona: usize,
        ask: &[(&str, &str)],
    ) -> anyhow::Result<(Client, Login, reqwest::Url)> {
        let keys = &self.credentials.portal;
        let client = Client::discover(
            &self.credentials.net(),
            &self.suite.origin(),
            &keys.client_id,
            keys.key()?,
        )
        .await?;
        let redirect = keys.redirect_uri.clone().context("no redirect_uri")?;
        let login = client.start(&redirect, ask).await?;
        let mut quiet = Timeline::new(true);
        let returned =
            through_pages(&client.net, &login.url, &redirect, self.persona(persona)?, &mut quiet)
                .await?;
        Ok((client, login, returned))
    }

    /// The suite's own portal as a client: the only one that may touch the account.
    pub fn own_portal(&self) -> anyhow::Result<ClientKeys> {
        let pem = std::fs::read_to_string(self.suite.data().join("keys/portal-client.pem"))?;
        Ok(ClientKeys {
            client_id: "siegel-portal".into(),
            redirect_uri: Some(format!("{}/account/callback", self.suite.origin())),
            tenant: None,
            private_key_pem: pem,
        })
    }

    /// A channel of an office's program that has one scope, at one service.
    pub async fn service(
        &self,
        client_id: &str,
        scope: &str,
        service: &str,
    ) -> anyhow::Result<AuthChannel> {
        let key = SigningKey::generate()?;
        let client = json!({
            "client_id": client_id,
            "name": "Amt Musterstadt",
            "tenant": "musterstadt",
            "sector": "musterstadt",
            "jwks": KeySet::new([key.public_jwk().clone()]).to_json(),
            "grant_types": ["client_credentials"],
            "scopes": [scope],
        });
        let file = self.suite.data().with_file_name(format!("{client_id}.json"));
        std::fs::write(&file, client.to_string())?;
        let done = self.suite.admin()?.args(["clients", "put"]).arg(&file).output()?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let (net, origin) = (self.credentials.net(), self.suite.origin());
        let client = Client::discover(&net, &origin, client_id, key).await?;
        let resource = siegel_oidc::audience(service);
        let form =
            [("grant_type", "client_credentials"), ("scope", scope), ("resource", &resource)];
        let tokens = client.tokens(&form).await?;
        self.channel(&tokens.access_token, &client.dpop_key)
    }

    /// A channel with a token bound to `key`.
    pub fn channel(&self, token: &str, key: &SigningKey) -> anyhow::Result<AuthChannel> {
        channel(&self.credentials.net(), &self.suite.origin(), token.to_owned(), key.clone())
    }
}

impl Visit {
    /// A token for another service under the same grant.
    pub async fn token_for(&self, service: &str) -> anyhow::Result<Tokens> {
        let refresh = self.tokens.refresh_token.as_deref().context("no refresh token")?;
        let resource = siegel_oidc::audience(service);
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", refresh), ("resource", &resource)];
        self.client.tokens(&form).await
    }
}

/// The refusal of a call that must not succeed.
pub fn refused<T>(outcome: Result<T, Status>, expected: &str) -> anyhow::Result<Status> {
    let Err(status) = outcome else { bail!("it was allowed") };
    let reason = siegel_grpc::reason(&status).unwrap_or_default();
    if reason != expected {
        bail!("refused with {reason:?} ({status}), not with {expected:?}");
    }
    Ok(status)
}
