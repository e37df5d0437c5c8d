use openidconnect::ClaimsVerificationError;
use siegel_crypto::KeyError;

use crate::app::failure::Failure;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A log-in elsewhere that did not come about.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Not registered, switched off, or not for this tenant.
    #[error("the provider is not offered")]
    NotOffered,
    /// A provider of organisations to log in at, or one of persons to prove a claim at.
    #[error("the provider's accounts are of the other kind")]
    WrongKind,
    #[error("the provider cannot be reached")]
    Unreachable(#[source] Cause),
    #[error("the provider's answer cannot be understood: {0}")]
    Unintelligible(&'static str),
    /// An error code of RFC 6749 §5.2 or a relative of it.
    #[error("the provider refused with `{0}`")]
    Refused(String),
    #[error("the answer comes from another issuer")]
    OtherIssuer,
    #[error("the ID token does not hold")]
    IdToken(#[source] ClaimsVerificationError),
    #[error("the ID token does not hold: {0}")]
    IdTokenLacks(&'static str),
    #[error("our key for the provider cannot be used")]
    Key(#[source] KeyError),
    #[error(transparent)]
    Own(Failure),
}

impl<E: Into<Failure>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Own(error.into())
    }
}

impl Fault {
    pub fn unreachable(cause: impl Into<Cause>) -> Self {
        Self::Unreachable(cause.into())
    }

    /// Stable, for the audit trail.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotOffered => "UPSTREAM_NOT_OFFERED",
            Self::WrongKind => "UPSTREAM_WRONG_KIND",
            Self::Unreachable(_) => "UPSTREAM_UNREACHABLE",
            Self::Unintelligible(_) => "UPSTREAM_UNINTELLIGIBLE",
            Self::Refused(_) => "UPSTREAM_REFUSED",
            Self::OtherIssuer => "UPSTREAM_OTHER_ISSUER",
            Self::IdToken(_) | Self::IdTokenLacks(_) => "UPSTREAM_ID_TOKEN",
            Self::Key(_) => "UPSTREAM_KEY",
            Self::Own(_) => "FAILED",
        }
    }
}

/// An error code as it may stand in a log: those of the registries are short and plain.
pub fn plain_code(code: &str) -> String {
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
    if (1..=64).contains(&code.len()) && code.bytes().all(plain) {
        return code.to_owned();
    }
    "unknown_error".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_code_that_is_none_is_not_repeated() {
        assert_eq!(plain_code("access_denied"), "access_denied");
        assert_eq!(plain_code("Erika Mustermann"), "unknown_error");
        assert_eq!(plain_code(""), "unknown_error");
    }
}
