//! The issuer's public keys, cached; an unknown key id asks identity again, at most every 5 s.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use siegel_crypto::{JwsError, KeySet};
use siegel_kernel::Timestamp;
use siegel_oidc::AccessToken;
use siegel_proto::identity::v1 as pb;
use tokio::sync::Mutex;
use tonic::{Code, Status};

use crate::{Siblings, refusal, unavailable};

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct IssuerKeys {
    siblings: Siblings,
    keys: RwLock<Option<Arc<KeySet>>>,
    asked: Mutex<Option<Timestamp>>,
}

impl IssuerKeys {
    pub(super) fn new(siblings: Siblings) -> Self {
        Self { siblings, keys: RwLock::new(None), asked: Mutex::new(None) }
    }

    /// The claims of an access token whose signature holds.
    pub(super) async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessToken, Status> {
        let known = self.known();
        let first = known.as_ref().map(|keys| keys.verify(token, AccessToken::TYP));
        let held = match first {
            Some(Err(JwsError::UnknownKey)) | None => match self.refresh(known, now).await? {
                Some(keys) => keys.verify(token, AccessToken::TYP),
                None => Err(JwsError::UnknownKey),
            },
            Some(held) => held,
        };
        held.map_err(|e| refusal(Code::Unauthenticated, "TOKEN_INVALID", e, []))
    }

    fn known(&self) -> Option<Arc<KeySet>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Newer keys than `known`, if there can be any yet.
    async fn refresh(
        &self,
        known: Option<Arc<KeySet>>,
        now: Timestamp,
    ) -> Result<Option<Arc<KeySet>>, Status> {
        let mut asked = self.asked.lock().await;
        let current = self.known();
        let newer = match (&known, &current) {
            (Some(a), Some(b)) => !Arc::ptr_eq(a, b),
            (None, Some(_)) => true,
            _ => false,
        };
        let too_soon = asked.is_some_and(|at| now < at.plus(PATIENCE));
        if newer || (current.is_some() && too_soon) {
            return Ok(current.filter(|_| newer));
        }
        let fetched = Arc::new(self.fetch().await?);
        *asked = Some(now);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(fetched.clone());
        Ok(Some(fetched))
    }

    async fn fetch(&self) -> Result<KeySet, Status> {
        let down = |_| unavailable("ISSUER_UNREACHABLE", "the token issuer cannot be asked");
        let channel = self.siblings.anonymous("identity");
        let mut client = pb::key_service_client::KeyServiceClient::new(channel);
        let request = pb::ListSigningKeysRequest {};
        let answer = client.list_signing_keys(request).await.map_err(down)?.into_inner();
        KeySet::from_json(&answer.jwks)
            .map_err(|_| unavailable("ISSUER_UNREACHABLE", "the token issuer's keys are malformed"))
    }
}
