//! Clients as a test needs them, and what they send.

use base64::Engine as _;
use siegel_crypto::{b64, sha256};
use siegel_identity::domain::client::{AuthMethod, Client};
use siegel_identity::store::clients;

use crate::world::{Answer, Fields, World, encoded};

pub const SECRET: &str = "a long secret: with & = %";

impl World {
    /// Changes a registration, as an operator would.
    pub async fn change(&self, client_id: &str, change: impl FnOnce(&mut Client)) {
        let mut tx = self.state.outside.db.begin().await.unwrap();
        let mut client = clients::find(&mut tx, client_id).await.unwrap().unwrap();
        change(&mut client);
        clients::put(&mut tx, &client, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A copy of the portal under another name that proves itself by [`SECRET`].
    pub async fn with_secret(
        &self,
        client_id: &str,
        method: AuthMethod,
        change: impl FnOnce(&mut Client),
    ) {
        let mut tx = self.state.outside.db.begin().await.unwrap();
        let mut client = clients::find(&mut tx, "portal").await.unwrap().unwrap();
        client.client_id = client_id.to_owned();
        client.auth_method = method;
        client.jwks = None;
        client.secret_hash = Some(b64::encode(sha256(SECRET.as_bytes())));
        change(&mut client);
        client.check().unwrap();
        clients::put(&mut tx, &client, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Posts a form with HTTP Basic.
    pub async fn post_basic(
        &self,
        path: &str,
        client: &str,
        secret: &str,
        form: &Fields,
    ) -> Answer {
        self.post(path, &encoded(form), &[("authorization", &basic(client, secret))]).await
    }
}

/// Id and secret form-encoded, then joined (RFC 6749 §2.3.1).
pub fn basic(client: &str, secret: &str) -> String {
    let part =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", part(client), part(secret));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
