//! An authorization request on its way through the log-in pages: what the protocol side hands to
//! the pages, and what it gets back.

use serde::{Deserialize, Serialize};
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};

use super::acting::ActingRequest;
use super::factors;
use super::outputs::Output;
use super::passkey_models::PasskeyModels;
use super::tenant::LevelLimits;
use super::verified_claims::VerifiedRequest;

siegel_kernel::typed_id! {
    /// An authorization request that waits for a person; part of the address of every log-in page.
    InteractionId = "int", random
}

/// The claim for the language of the account: no attribute, and asked about like a scope.
pub const LOCALE: &str = "locale";

/// How long a person may take for the pages, seconds.
pub const INTERACTION_LIFETIME: u64 = 30 * 60;

/// How the answer travels to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI (RFC 6749 §4.1.2).
    #[default]
    Query,
    /// As a form the browser posts (OAuth 2.0 Form Post Response Mode §2).
    FormPost,
}

/// An attribute the client asks for, by its name in the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedClaim {
    pub name: String,
    /// The client cannot go on without it (OpenID Connect Core §5.5.1).
    pub essential: bool,
    /// Why the client wants this one, in its own words; empty when it did not say.
    pub purpose: String,
    /// Asked for in the ID token.
    pub id_token: bool,
    /// Asked for at the userinfo endpoint.
    pub userinfo: bool,
}

/// What the pages show of a client beside its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientFace {
    /// The tenant's name, or its id when it has none.
    #[serde(default)]
    pub tenant_name: String,
    #[serde(default)]
    pub logo_uri: Option<String>,
    #[serde(default)]
    pub policy_uri: Option<String>,
    /// A client for tests: nothing done there counts.
    #[serde(default)]
    pub test: bool,
}

/// A validated authorization request. Nothing in it needs checking again; everything that came
/// from the client's registration is copied, so that a page and its answer see the same client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a request is a list of wishes")]
pub struct AuthRequest {
    pub client_id: String,
    pub client_name: String,
    pub tenant: String,
    /// Clients of one sector know a person by the same subject.
    pub sector: String,
    pub redirect_uri: String,
    #[serde(default)]
    pub response_mode: ResponseMode,
    #[serde(default)]
    pub state: Option<String>,
    #[serde(default)]
    pub nonce: Option<String>,
    /// PKCE S256 challenge; absent only for confidential clients registered without it.
    #[serde(default)]
    pub code_challenge: Option<String>,
    pub scopes: Vec<String>,
    /// `acr_values` (or the `acr` claim's values) as sent, separated by spaces.
    #[serde(default)]
    pub wanted: String,
    /// The level was asked for as an essential claim: a lower one is an error.
    #[serde(default)]
    pub acr_essential: bool,
    /// Below this nothing is issued: the client's minimum or the lowest level asked for.
    pub floor: TrustLevel,
    /// The level the pages should reach when the person can.
    pub aim: TrustLevel,
    /// Oldest acceptable authentication, seconds.
    #[serde(default)]
    pub max_age: Option<i64>,
    /// `login`, `consent`, `select_account`; `none` never reaches a page.
    #[serde(default)]
    pub prompt: Vec<String>,
    #[serde(default)]
    pub login_hint: Option<String>,
    #[serde(default)]
    pub ui_locales: Option<String>,
    /// Audiences access tokens may be issued for (RFC 8707).
    #[serde(default)]
    pub resources: Vec<String>,
    #[serde(default)]
    pub claims: Vec<RequestedClaim>,
    /// What the client uses the attributes for, from its registration.
    #[serde(default)]
    pub purpose: String,
    /// The code is redeemed with this DPoP key only (RFC 9449 §10).
    #[serde(default)]
    pub dpop_jkt: Option<String>,
    /// The suite's own portal: it asks for no consent, having no attributes released to it.
    #[serde(default)]
    pub first_party: bool,
    /// The handle of the pushed request (RFC 9126), spent when a code is issued.
    #[serde(default)]
    pub pushed: Option<String>,
    #[serde(default)]
    pub face: ClientFace,
    /// Log-ins are shared by all sectors of the tenant ([`AuthRequest::realm`]).
    #[serde(default)]
    pub single_sign_on: bool,
    /// Other tenants of its connection groups: their log-ins count here, and ours there.
    #[serde(default)]
    pub shared_with: Vec<String>,
    /// Credentials that count for this client (`pwd`, `sc`, …); all when empty.
    #[serde(default)]
    pub methods: Vec<String>,
    /// The tenant's own limits of a log-in.
    #[serde(default)]
    pub limits: Vec<LevelLimits>,
    /// The person must be one of these subjects: `id_token_hint`, or `sub` in the `claims`
    /// parameter. Anybody when empty.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// The claims to answer with, made of the attributes in `claims`.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// `verified_claims` asked for.
    #[serde(default)]
    pub verified: Vec<VerifiedRequest>,
    /// People may come without an account, once, with their card.
    #[serde(default)]
    pub guests: bool,
    /// The passkeys that count for the tenant.
    #[serde(default)]
    pub passkeys: PasskeyModels,
    /// Ids of the providers that its log-in pages offer.
    #[serde(default)]
    pub upstreams: Vec<String>,
    /// For whom the person may act, and does.
    #[serde(default)]
    pub acting: ActingRequest,
}

impl Default for AuthRequest {
    /// Asks for nothing, of nobody.
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_name: String::new(),
            tenant: String::new(),
            sector: String::new(),
            redirect_uri: String::new(),
            response_mode: ResponseMode::default(),
            state: None,
            nonce: None,
            code_challenge: None,
            scopes: Vec::new(),
            wanted: String::new(),
            acr_essential: false,
            floor: TrustLevel::Basic,
            aim: TrustLevel::Basic,
            max_age: None,
            prompt: Vec::new(),
            login_hint: None,
            ui_locales: None,
            resources: Vec::new(),
            claims: Vec::new(),
            purpose: String::new(),
            dpop_jkt: None,
            first_party: false,
            pushed: None,
            face: ClientFace::default(),
            single_sign_on: false,
            shared_with: Vec::new(),
            methods: Vec::new(),
            limits: Vec::new(),
            subjects: Vec::new(),
            outputs: Vec::new(),
            verified: Vec::new(),
            guests: false,
            passkeys: PasskeyModels::Any,
            upstreams: Vec::new(),
            acting: ActingRequest::default(),
        }
    }
}

impl AuthRequest {
    /// Where a log-in for this request counts: in the client's sector, or with single sign-on in
    /// all sectors of its tenant. `=` stands in no id of a tenant or client.
    pub fn realm(&self) -> String {
        if self.single_sign_on { format!("tenant={}", self.tenant) } else { self.sector.clone() }
    }

    /// Every realm that a log-in for this request counts in: with connection groups, also that of
    /// what its tenant shares.
    pub fn proves_in(&self) -> Vec<String> {
        let shared = (!self.shared_with.is_empty()).then(|| shared_by(&self.tenant));
        [self.realm()].into_iter().chain(shared).collect()
    }

    /// The realms of others whose log-ins count here.
    pub fn borrows_from(&self) -> Vec<String> {
        self.shared_with.iter().map(|tenant| shared_by(tenant)).collect()
    }

    /// Whether a credential of this method counts. A recovery code counts where the password does,
    /// which it stands for.
    pub fn takes(&self, method: &str) -> bool {
        let word = match super::ageing::word(method) {
            factors::RECOVERY => factors::PASSWORD,
            other => other,
        };
        self.methods.is_empty() || self.methods.iter().any(|m| m == word)
    }

    /// Whether the provider that a log-in elsewhere was made at, `fed:land`, is offered here.
    pub fn offers(&self, method: &str) -> bool {
        let id = method.split_once(':').map(|(_, id)| id);
        id.is_some_and(|id| self.upstreams.iter().any(|offered| offered == id))
    }

    /// Whether the person behind this pairwise subject is one the client asked for.
    pub fn is_for(&self, subject: &str) -> bool {
        self.subjects.is_empty() || self.subjects.iter().any(|s| s == subject)
    }

    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }

    pub fn has_prompt(&self, prompt: &str) -> bool {
        self.prompt.iter().any(|p| p == prompt)
    }

    /// Names of all attributes asked for, in the order of the request.
    pub fn claim_names(&self) -> Vec<String> {
        self.claims.iter().map(|c| c.name.clone()).collect()
    }
}

/// The realm of what a tenant's log-ins mean to the others of its connection groups.
fn shared_by(tenant: &str) -> String {
    format!("shared={tenant}")
}

/// An authorization request, stored while its person is on the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    pub id: InteractionId,
    pub request: AuthRequest,
    /// The session that finished logging in for this request.
    pub session: Option<SessionId>,
    /// The identification in progress at the eid service.
    pub eid_session: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// SHA-256 of the cookie of the browser that opened the first page; absent before that.
    pub browser: Option<[u8; 32]>,
}

impl Interaction {
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// A session as rules see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub id: SessionId,
    pub account: AccountId,
    /// The level the session still has: it falls as the credentials behind it age.
    pub level: TrustLevel,
    /// When the credential of that level was used.
    pub authenticated_at: Timestamp,
    pub started_at: Timestamp,
    /// Methods used (RFC 8176): `pwd`, `otp`, `hwk`.
    pub amr: Vec<String>,
    /// There is no account: `account` was made for this one log-in with a card.
    #[serde(default)]
    pub guest: bool,
}

impl SessionView {
    /// Who acts in an audit entry; `name` is what the account is called there.
    pub fn actor(&self, name: &str) -> String {
        format!("{}:{name}", if self.guest { "guest" } else { "person" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_counts_where_the_password_does() {
        let taking = |methods: &[&str]| AuthRequest {
            methods: methods.iter().map(|m| (*m).to_owned()).collect(),
            ..AuthRequest::default()
        };
        assert!(taking(&["pwd", "sc"]).takes(factors::RECOVERY));
        assert!(!taking(&["sc"]).takes(factors::RECOVERY));
        assert!(taking(&["fed"]).takes("fed:land") && taking(&[]).takes("x509"));
    }
}
