//! What endpoints answer a relying party.

use anyhow::{Context as _, ensure};
use reqwest::header;
use serde_json::Value;

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
