//! What a person granted a client in one log-in.

use serde::{Deserialize, Serialize};
use siegel_kernel::{AccountId, GrantId, SessionId, Timestamp};

use super::interaction::{AuthRequest, SessionView};
use super::program::ProgramGrant;

/// What an authorization code stands for until it is redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The request that was granted, without what only its answer needed.
    pub request: AuthRequest,
    /// The session at the moment of granting.
    pub session: SessionView,
    /// DPoP key the refresh token is bound to: of public clients only, others prove themselves at
    /// each refresh (RFC 9449 §5).
    #[serde(default)]
    pub refresh_jkt: Option<String>,
    /// Thumbprint of the certificate it is bound to instead (RFC 8705 §4).
    #[serde(default)]
    pub refresh_x5t: Option<String>,
}

impl Granted {
    /// Whether it outlives the session (OpenID Connect Core §11).
    pub fn is_offline(&self) -> bool {
        self.request.has_scope("offline_access")
    }

    /// What is left of it in an access token of this scope, space-separated: scopes can shrink with
    /// a refresh (RFC 6749 §6), and with them goes what they stand for.
    #[must_use]
    pub fn within(&self, scope: &str) -> Self {
        let mut left = self.clone();
        left.request.scopes.retain(|s| scope.split_ascii_whitespace().any(|held| held == s));
        let held = super::scopes::outputs(&left.request.scopes);
        for lost in super::scopes::outputs(&self.request.scopes) {
            let gone = |name: &str| name == lost && !held.contains(&lost);
            for output in left.request.outputs.iter_mut().filter(|o| gone(&o.name)) {
                output.userinfo = None;
            }
        }
        left
    }

    /// Audiences access tokens may be issued for: those asked for, else those of the scopes. The
    /// userinfo endpoint belongs to every OpenID request.
    pub fn audiences(&self) -> Vec<String> {
        let mut all = if self.request.resources.is_empty() {
            super::scopes::audiences(&self.request.scopes)
        } else {
            self.request.resources.clone()
        };
        let own = siegel_oidc::audience("identity");
        if self.request.has_scope("openid") && !all.contains(&own) {
            all.push(own);
        }
        all
    }
}

/// Who holds a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person at a client.
    Person { account: AccountId, session: Option<SessionId>, granted: Box<Granted> },
    /// A client for itself.
    Client,
    /// A program of an organisation, for that organisation.
    Program(Box<ProgramGrant>),
    /// A service of the suite.
    Service,
}

/// A grant: what tokens refer to by `gid`, and what is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub client_id: String,
    /// Pairwise for persons; the client's, program's or service's name otherwise.
    pub subject: String,
    pub holder: Holder,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// Nothing issued under it lives longer.
    pub expires_at: Timestamp,
}

impl Grant {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}
