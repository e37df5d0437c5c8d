use siegel_kernel::{AccountId, GrantId, OrganisationId, Timestamp, TrustLevel};
use tonic::{Code, Request, Status};

use crate::{Peer, Represented, refusal};

/// Who is calling, as the guard established it.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody in particular: a public RPC.
    Anyone,
    /// A service of the suite, by name.
    Sibling(String),
    /// A client for itself.
    Client { client_id: String, tenant: String, scopes: Vec<String>, grant: String },
    /// A person at a client.
    Person(Person),
    /// A program of an organisation.
    Program(Program),
}

/// A program that acts for its organisation, and for nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// `sys_…`, which is its client id as well.
    pub id: String,
    pub organisation: OrganisationId,
    pub grant: GrantId,
    pub scopes: Vec<String>,
}

impl Program {
    /// What the key of a program is worth: whoever registered it had this level (access table,
    /// `RegisterSystemUser`), and nobody vouches for more.
    pub const LEVEL: TrustLevel = TrustLevel::Substantial;
}

/// A person who logged in at a client.
#[derive(Clone, Debug)]
pub struct Person {
    pub account: AccountId,
    pub client_id: String,
    /// Pairwise: what the client knows the person by.
    pub subject: String,
    /// Level of the session when the token was made.
    pub level: TrustLevel,
    pub authenticated_at: Timestamp,
    pub grant: GrantId,
    pub session: Option<String>,
    pub scopes: Vec<String>,
    /// For whom the person acts under this grant; `None` for themself. Level and account above are
    /// those of the person who acts.
    pub acting_for: Option<Represented>,
}

impl Caller {
    pub fn person(&self) -> Result<&Person, Status> {
        match self {
            Self::Person(person) => Ok(person),
            _ => Err(wrong_kind("a person")),
        }
    }

    /// Client id and tenant.
    pub fn client(&self) -> Result<(&str, &str), Status> {
        match self {
            Self::Client { client_id, tenant, .. } => Ok((client_id, tenant)),
            _ => Err(wrong_kind("a client")),
        }
    }

    pub fn sibling(&self) -> Result<&str, Status> {
        match self {
            Self::Sibling(name) => Ok(name),
            _ => Err(wrong_kind("a service of the suite")),
        }
    }

    /// Scope of idempotency and actor in the audit trail; names nobody.
    pub fn name(&self) -> String {
        match self {
            Self::Anyone => "anyone".to_owned(),
            Self::Sibling(name) => format!("service:{name}"),
            Self::Client { client_id, tenant, .. } => format!("client:{tenant}/{client_id}"),
            Self::Person(person) => format!("person:{}", audit_name(person.account)),
            Self::Program(program) => format!("program:{}", program.id),
        }
    }

    /// Level of the session, for persons.
    pub fn level(&self) -> Option<TrustLevel> {
        match self {
            Self::Person(person) => Some(person.level),
            _ => None,
        }
    }
}

fn wrong_kind(wanted: &str) -> Status {
    let message = format!("this call is for {wanted}");
    refusal(Code::PermissionDenied, "WRONG_CALLER", message, [])
}

/// The caller of a request, put there by the guard.
pub fn caller<T>(request: &Request<T>) -> Result<&Caller, Status> {
    let found = request.extensions().get::<Caller>();
    found.ok_or_else(|| refusal(Code::Unauthenticated, "NO_CALLER", "nobody is calling", []))
}

/// SHA-256 of the certificate at the other end of the connection, base64url (`x5t#S256`).
pub fn peer_thumbprint<T>(request: &Request<T>) -> Option<String> {
    request.extensions().get::<Peer>().map(|peer| peer.thumbprint.clone())
}

/// What the audit trail calls an account. Account ids are random and vanish with the account, so
/// that afterwards nobody can tell whom a line named.
pub fn audit_name(account: AccountId) -> String {
    let hash = siegel_crypto::sha256_fields(&[b"siegel audit", account.as_uuid().as_bytes()]);
    format!("aud_{}", siegel_crypto::b64::encode(hash.get(..16).unwrap_or(&hash)))
}

/// Digest of a request for idempotency: same digest, same answer.
pub fn digest(message: &impl prost::Message) -> [u8; 32] {
    siegel_crypto::sha256(&message.encode_to_vec())
}
