use siegel_crypto::{KeyError, SealError};
use siegel_db::StoreError;
use siegel_kernel::{EntropyUnavailable, TrustLevel};

/// A log-in or a token that did not come about.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("identity cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("identity's answer cannot be understood: {0}")]
    Unintelligible(&'static str),
    /// An error code of RFC 6749 §5.2 or a relative of it.
    #[error("identity refused with `{0}`")]
    Refused(String),
    #[error("the log-in session at identity has ended")]
    SessionEnded,
    #[error("the answer belongs to no log-in of this browser")]
    UnknownState,
    #[error("the answer does not say that it comes from identity")]
    OtherIssuer,
    #[error("the ID token does not hold")]
    IdToken(#[from] openidconnect::ClaimsVerificationError),
    #[error("the ID token does not hold: {0}")]
    IdTokenLacks(&'static str),
    #[error("the person reached level {got} instead of {asked}")]
    LevelTooLow { asked: TrustLevel, got: TrustLevel },
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("a key cannot be used")]
    Key(#[from] KeyError),
    #[error("what was sealed does not open")]
    Sealed(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OidcError {
    /// Whether trying again in a moment may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(code) => {
                matches!(code.as_str(), "temporarily_unavailable" | "server_error" | "slow_down")
            }
            _ => false,
        }
    }

    /// The causes in one line, for the log. Holds no token, code or name: identity's error texts
    /// are left out.
    pub fn chain(&self) -> String {
        let mut chain = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(next) = cause {
            chain.push_str(": ");
            chain.push_str(&next.to_string());
            cause = next.source();
        }
        chain
    }
}

/// An error code as it may stand in a log: those of the registries are short and plain, anything
/// else is not repeated.
pub fn plain_code(code: &str) -> String {
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
    if !code.is_empty() && code.len() <= 64 && code.bytes().all(plain) {
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
        assert_eq!(plain_code("Ada Musterfrau"), "unknown_error");
        assert_eq!(plain_code(""), "unknown_error");
    }
}
