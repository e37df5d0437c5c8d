//! Who an operator is: by a statement that the operator's key signed over the command, where the
//! settings name operators; by the name alone, which proves nothing, where they do not.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use siegel_crypto::{JwsError, KeyError, SigningKey, b64, same_bytes, sha256_fields};
use siegel_db::{StoreError, audit};
use siegel_kernel::Timestamp;

use super::manage_clients::{ManageError, Operator};
use crate::operator_config::{self, OperatorsError};
use crate::state::Identity;
use crate::store::replay::{Seen, first_use};

/// Type of a statement (RFC 8725 §3.11).
pub const TYP: &str = "siegel-operator+jwt";
/// How long a statement is good.
pub const LIFETIME: Duration = Duration::from_mins(5);
/// How far the operator's clock may go ahead.
const SKEW: Duration = Duration::from_secs(30);

/// Why somebody is not taken for an operator.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error(transparent)]
    Name(#[from] ManageError),
    #[error(transparent)]
    Settings(#[from] OperatorsError),
    #[error("this has to be proven: --operator-key or --statement (see [[identity.operators]])")]
    NotProven,
    #[error("{0:?} is none of [[identity.operators]]")]
    Unknown(String),
    #[error("the statement does not hold")]
    Statement(#[source] JwsError),
    #[error("the statement is of another operator, for another installation, or not good now")]
    NotForThis,
    #[error("the statement is about another command")]
    AnotherCommand,
    #[error("the statement was used before")]
    Replayed,
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
}

impl OperatorError {
    /// Stable, for the audit trail.
    const fn reason(&self) -> &'static str {
        match self {
            Self::Name(_) => "OPERATOR_NAME",
            Self::Settings(_) => "OPERATOR_SETTINGS",
            Self::NotProven => "OPERATOR_NOT_PROVEN",
            Self::Unknown(_) => "OPERATOR_UNKNOWN",
            Self::Statement(_) => "STATEMENT_SIGNATURE",
            Self::NotForThis => "STATEMENT_NOT_FOR_THIS",
            Self::AnotherCommand => "STATEMENT_OF_ANOTHER_COMMAND",
            Self::Replayed => "STATEMENT_REPLAYED",
            Self::Store(_) => "FAILED",
        }
    }
}

/// A command as it is signed: its words in order, with the contents of the files it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(pub Vec<Vec<u8>>);

impl Request {
    fn digest(&self) -> [u8; 32] {
        let words: Vec<&[u8]> = self.0.iter().map(Vec::as_slice).collect();
        sha256_fields(&words)
    }
}

#[derive(Serialize, Deserialize)]
struct Statement {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    /// base64url SHA-256 of the command.
    request: String,
}

/// Signs a command for the installation with this origin.
pub fn sign(
    key: &SigningKey,
    name: &str,
    origin: &str,
    jti: String,
    request: &Request,
    now: Timestamp,
) -> Result<String, KeyError> {
    let statement = Statement {
        iss: name.to_owned(),
        aud: origin.to_owned(),
        iat: now.as_seconds(),
        exp: now.plus(LIFETIME).as_seconds(),
        jti,
        request: b64::encode(request.digest()),
    };
    key.sign(TYP, &statement)
}

/// The operator who gives this command. A statement counts once.
pub async fn admit(
    state: &Identity,
    name: &str,
    statement: Option<&str>,
    request: &Request,
) -> Result<Operator, OperatorError> {
    let now = state.now();
    let admitted = judge(state, name, statement, request, now).await;
    let (outcome, actor, detail) = match &admitted {
        Ok(by) => match by.key() {
            Some(key) => ("done", by.actor(), key.to_owned()),
            // Nothing was proven that would be worth a line.
            None => return admitted,
        },
        Err(OperatorError::Name(_) | OperatorError::Settings(_) | OperatorError::Store(_)) => {
            return admitted;
        }
        Err(error) => (error.reason(), Operator::new(name)?.actor(), String::new()),
    };
    let mut tx = state.outside.db.begin().await?;
    let entry = audit::Entry {
        kind: "identity.operator.admitted",
        actor: &actor,
        subject: &b64::encode(request.digest()),
        level: None,
        outcome,
        request_id: "",
        detail: &detail,
        at: now,
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    admitted
}

async fn judge(
    state: &Identity,
    name: &str,
    statement: Option<&str>,
    request: &Request,
    now: Timestamp,
) -> Result<Operator, OperatorError> {
    let unproven = Operator::new(name)?;
    let known = operator_config::known(&state.config.operators)?;
    if known.is_empty() {
        return Ok(unproven);
    }
    let token = statement.ok_or(OperatorError::NotProven)?;
    let own = known.into_iter().find(|o| o.name == name);
    let own = own.ok_or_else(|| OperatorError::Unknown(name.to_owned()))?;
    let said: Statement = own.keys.verify(token, TYP).map_err(OperatorError::Statement)?;
    let (from, until) = (said.iat, said.exp);
    let at = now.as_seconds();
    let ahead = now.plus(SKEW).as_seconds();
    let longest = from.saturating_add(LIFETIME.as_secs().cast_signed());
    let timely = from <= ahead && at < until && until <= longest;
    if said.iss != name || said.aud != state.issuer() || !timely {
        return Err(OperatorError::NotForThis);
    }
    let signed = b64::decode(&said.request).unwrap_or_default();
    if !same_bytes(&signed, &request.digest()) {
        return Err(OperatorError::AnotherCommand);
    }
    let mut tx = state.outside.db.begin().await?;
    let until = now.plus(LIFETIME).plus(SKEW);
    if !first_use(&mut tx, Seen::Statement, &own.thumbprint, &said.jti, until).await? {
        return Err(OperatorError::Replayed);
    }
    tx.commit().await?;
    Ok(unproven.proven_by(own.thumbprint))
}
