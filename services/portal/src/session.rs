//! Signed-in browsers: what the cookie stands for, and tokens for the services.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use siegel_crypto::{SigningKey, hmac_sha256, open, random_token, seal, sha256};
use siegel_grpc::{AuthChannel, Progress};
use siegel_kernel::{Timestamp, TrustLevel};

use crate::app::App;
use crate::oidc::{Attempt, Granted, OidcError};
use crate::store::{attempts, sessions};

/// Cookie of a signed-in browser, `siegel_portal`.
pub const COOKIE: &str = "portal";
/// Cookie of a browser on its way to log in, `siegel_portal_login`.
pub const LOGIN_COOKIE: &str = "portal_login";
/// A browser unused for this long is signed out.
const IDLE: Duration = Duration::from_hours(1);
/// No session lives longer, however busy: the limit of identity's own.
const LONGEST: Duration = Duration::from_hours(12);
/// The row is written at most this often for a busy browser.
const TOUCH: Duration = Duration::from_mins(1);
/// How long a person may take from "sign in" to the answer: registration, mail, card.
pub const ATTEMPT: Duration = Duration::from_hours(1);

/// A signed-in browser.
#[derive(Clone)]
pub struct Session {
    /// SHA-256 of the cookie.
    pub key: [u8; 32],
    /// Level of the log-in session when identity last told us.
    pub level: TrustLevel,
    /// What to call the person; empty when the account could not be asked.
    pub name: String,
    /// For whom the person acts where a page's address says nothing else; `None` for themself.
    pub acting: Option<Party>,
    secrets: Secrets,
}

/// Somebody for whom a person acts, as it was when it was chosen: whether they still may, the
/// services ask anew with every call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// `org_…`, or `acc_…` of a person who is represented.
    pub id: String,
    pub name: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct Secrets {
    refresh_token: String,
    /// PEM.
    dpop_key: String,
    subject: String,
}

/// What an attempt hides from readers of the database.
#[derive(Serialize, Deserialize)]
struct SealedAttempt {
    nonce: String,
    verifier: String,
    dpop_key: String,
    target: String,
}

/// An attempt that came back.
pub struct Returned {
    pub attempt: Attempt,
    pub asked: TrustLevel,
    /// Path to go to.
    pub target: String,
}

impl Session {
    /// The same session under this name.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// Whether two sessions are the same person's.
    pub fn is_of_same_person(&self, other: &Self) -> bool {
        self.secrets.subject == other.secrets.subject
    }
}

impl App {
    /// Keeps an attempt for the browser with this cookie.
    pub async fn remember(
        &self,
        attempt: &Attempt,
        asked: TrustLevel,
        target: &str,
        browser: &str,
    ) -> Result<(), OidcError> {
        let state_hash = sha256(attempt.state.as_bytes());
        let hidden = SealedAttempt {
            nonce: attempt.nonce.clone(),
            verifier: attempt.verifier.clone(),
            dpop_key: attempt.dpop_key.to_pem().to_string(),
            target: target.to_owned(),
        };
        let row = attempts::Row {
            state_hash: state_hash.to_vec(),
            browser_hash: sha256(browser.as_bytes()).to_vec(),
            sealed: self.seal(b"attempt", &state_hash, &hidden)?,
            asked_level: asked,
            expires_at: self.now().plus(ATTEMPT),
        };
        let mut tx = self.outside.db.begin().await?;
        attempts::insert(&mut tx, &row).await?;
        Ok(tx.commit().await?)
    }

    /// The attempt that an answer with this `state` belongs to, once, in the browser that began it.
    pub async fn recall(&self, state: &str, browser: &str) -> Result<Returned, OidcError> {
        let state_hash = sha256(state.as_bytes());
        let mut tx = self.outside.db.begin().await?;
        let browser = sha256(browser.as_bytes());
        let row = attempts::take(&mut tx, &state_hash, &browser, self.now()).await?;
        tx.commit().await?;
        let row = row.ok_or(OidcError::UnknownState)?;
        let hidden: SealedAttempt = self.open(b"attempt", &state_hash, &row.sealed)?;
        Ok(Returned {
            attempt: Attempt {
                state: state.to_owned(),
                nonce: hidden.nonce,
                verifier: hidden.verifier,
                dpop_key: SigningKey::from_pem(&hidden.dpop_key)?,
            },
            asked: row.asked_level,
            target: hidden.target,
        })
    }

    /// Signs a browser in; answers the session and the value of its cookie, always a new one.
    pub async fn sign_in(
        &self,
        granted: Granted,
        dpop_key: &SigningKey,
    ) -> Result<(Session, String), OidcError> {
        let person = granted.person.as_ref().ok_or(OidcError::IdTokenLacks("there is none"))?;
        let refresh_token = granted.refresh_token.clone();
        let secrets = Secrets {
            refresh_token: refresh_token.ok_or(OidcError::Unintelligible("no refresh token"))?,
            dpop_key: dpop_key.to_pem().to_string(),
            subject: person.subject.clone(),
        };
        let cookie = random_token(&*self.outside.entropy)?;
        let session = Session {
            key: sha256(cookie.as_bytes()),
            level: person.level,
            name: String::new(),
            acting: None,
            secrets,
        };
        let now = self.now();
        let row = sessions::Row {
            cookie_hash: session.key.to_vec(),
            sealed: self.seal(b"session", &session.key, &session.secrets)?,
            sealed_name: self.seal(b"name", &session.key, &session.name)?,
            sealed_acting: None,
            subject_hash: Some(self.subject_hash(&session.secrets.subject).to_vec()),
            level: session.level,
            started_at: now,
            last_seen_at: now,
            expires_at: now.plus(IDLE),
        };
        let mut tx = self.outside.db.begin().await?;
        sessions::insert(&mut tx, &row).await?;
        tx.commit().await?;
        self.keep(&session, &granted)?;
        Ok((session, cookie))
    }

    /// The session of a cookie's value.
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>, OidcError> {
        self.session_of(sha256(cookie.as_bytes())).await
    }

    async fn session_of(&self, key: [u8; 32]) -> Result<Option<Session>, OidcError> {
        let now = self.now();
        let mut tx = self.outside.db.read().await?;
        let row = sessions::find(&mut tx, &key, now).await?;
        drop(tx);
        let Some(row) = row else { return Ok(None) };
        if now.since(row.last_seen_at) >= TOUCH {
            let until = now.plus(IDLE).min(row.started_at.plus(LONGEST));
            let mut tx = self.outside.db.begin().await?;
            sessions::touch(&mut tx, &key, now, until).await?;
            tx.commit().await?;
        }
        let acting = row.sealed_acting.map(|sealed| self.open(b"acting", &key, &sealed));
        Ok(Some(Session {
            key,
            level: row.level,
            acting: acting.transpose()?,
            name: self.open(b"name", &key, &row.sealed_name)?,
            secrets: self.open(b"session", &key, &row.sealed)?,
        }))
    }

    /// Keeps what the pages call the person.
    pub async fn rename(&self, session: &Session, name: &str) -> Result<(), OidcError> {
        if session.name == name {
            return Ok(());
        }
        let sealed = self.seal(b"name", &session.key, &name)?;
        let mut tx = self.outside.db.begin().await?;
        sessions::rename(&mut tx, &session.key, &sealed).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps for whom the person acts from now on; `None` for themself.
    pub async fn act_for(&self, session: &Session, party: Option<&Party>) -> Result<(), OidcError> {
        let sealed = party.map(|party| self.seal(b"acting", &session.key, party)).transpose()?;
        let mut tx = self.outside.db.begin().await?;
        sessions::act_for(&mut tx, &session.key, sealed.as_deref()).await?;
        Ok(tx.commit().await?)
    }

    /// Signs a browser out and tells identity that its refresh token is of no more use.
    pub async fn sign_out(&self, session: &Session) -> Result<(), OidcError> {
        let mut tx = self.outside.db.begin().await?;
        sessions::remove(&mut tx, &session.key).await?;
        tx.commit().await?;
        self.channels.drop_session(session.key);
        self.provider.revoke(&session.secrets.refresh_token).await;
        Ok(())
    }

    /// Signs every browser of a subject out whose account is gone.
    pub async fn person_gone(&self, subject: &str) -> Result<Progress, OidcError> {
        let mut tx = self.outside.db.begin().await?;
        let ended = sessions::remove_all_of(&mut tx, &self.subject_hash(subject)).await?;
        tx.commit().await?;
        for key in ended.iter().filter_map(|key| key.as_slice().try_into().ok()) {
            self.channels.drop_session(key);
        }
        Ok(Progress::Done)
    }

    /// What the sessions of a subject are found by.
    fn subject_hash(&self, subject: &str) -> [u8; 32] {
        hmac_sha256(&self.subject_key, subject.as_bytes())
    }

    /// A channel to a service with the person's token.
    pub async fn channel(
        &self,
        session: &Session,
        service: &'static str,
    ) -> Result<AuthChannel, OidcError> {
        if let Some(channel) = self.channels.get(session.key, service, self.now()) {
            return Ok(channel);
        }
        let turn = self.channels.turn(session.key);
        let _mine = turn.lock().await;
        // Whoever had the turn before may have brought the token, or a new refresh token.
        if let Some(channel) = self.channels.get(session.key, service, self.now()) {
            return Ok(channel);
        }
        let session = self.session_of(session.key).await?.ok_or(OidcError::SessionEnded)?;
        let key = SigningKey::from_pem(&session.secrets.dpop_key)?;
        let Secrets { refresh_token, subject, .. } = &session.secrets;
        let granted = match self.provider.refresh(refresh_token, &key, subject, service).await {
            Err(OidcError::SessionEnded) => {
                self.sign_out(&session).await?;
                return Err(OidcError::SessionEnded);
            }
            other => other?,
        };
        self.renew(&session, &granted).await?;
        self.keep(&session, &granted)
    }

    async fn renew(&self, session: &Session, granted: &Granted) -> Result<(), OidcError> {
        let level = granted.person.as_ref().map_or(session.level, |p| p.level);
        let old = &session.secrets.refresh_token;
        let refresh_token = granted.refresh_token.as_ref().unwrap_or(old);
        if level == session.level && refresh_token == old {
            return Ok(());
        }
        let secrets = Secrets { refresh_token: refresh_token.clone(), ..session.secrets.clone() };
        let sealed = self.seal(b"session", &session.key, &secrets)?;
        let mut tx = self.outside.db.begin().await?;
        sessions::renew(&mut tx, &session.key, &sealed, level).await?;
        Ok(tx.commit().await?)
    }

    fn keep(&self, session: &Session, granted: &Granted) -> Result<AuthChannel, OidcError> {
        let key = SigningKey::from_pem(&session.secrets.dpop_key)?;
        let siblings = &self.outside.siblings;
        let channel = siblings.person_channel(granted.service, granted.access_token.clone(), key);
        let until: Timestamp = granted.expires_at;
        self.channels.put(session.key, granted.service, channel.clone(), until);
        Ok(channel)
    }

    fn seal(
        &self,
        what: &[u8],
        whose: &[u8; 32],
        value: &impl Serialize,
    ) -> Result<Vec<u8>, OidcError> {
        let plain = serde_json::to_vec(value).unwrap_or_default();
        Ok(seal(&self.sealing, &context(what, whose), &plain, &*self.outside.entropy)?)
    }

    fn open<T: serde::de::DeserializeOwned>(
        &self,
        what: &[u8],
        whose: &[u8; 32],
        sealed: &[u8],
    ) -> Result<T, OidcError> {
        let plain = open(&self.sealing, &context(what, whose), sealed)?;
        serde_json::from_slice(&plain)
            .map_err(|_| siegel_db::StoreError::corrupt("sealed session").into())
    }
}

/// What is sealed, and for which row: moved to another row it does not open.
fn context(what: &[u8], whose: &[u8; 32]) -> Vec<u8> {
    [b"siegel portal ", what, b" ", whose.as_slice()].concat()
}
