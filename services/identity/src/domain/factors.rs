//! What credentials prove, alone and together, and what may be done to them at which level.

use std::fmt;
use std::str::FromStr;

use siegel_kernel::TrustLevel;

/// Kinds of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Password,
    /// The eID card.
    Eid,
    /// One-time codes of an authenticator app (RFC 6238).
    Totp,
    /// `WebAuthn`.
    Passkey,
    /// A set of single-use codes on paper.
    Recovery,
    /// A client certificate.
    X509,
}

/// A word that names no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no kind of credential")]
pub struct UnknownKind;

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Password, Self::Eid, Self::Totp, Self::Passkey, Self::Recovery, Self::X509];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Eid => "eid",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Recovery => "recovery",
            Self::X509 => "x509",
        }
    }

    /// What a session remembers of its use.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Password => PASSWORD,
            Self::Eid => CARD,
            Self::Totp => TOTP,
            Self::Passkey => PASSKEY,
            Self::Recovery => RECOVERY,
            Self::X509 => CERTIFICATE,
        }
    }

    /// Whether somebody can log in with it alone.
    const fn stands_alone(self) -> bool {
        matches!(self, Self::Password | Self::Eid | Self::Passkey | Self::X509)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or(UnknownKind)
    }
}

/// Methods of session proofs.
pub const PASSWORD: &str = "pwd";
pub const CARD: &str = "sc";
pub const TOTP: &str = "otp";
pub const PASSKEY: &str = "hwk";
pub const RECOVERY: &str = "rec";
pub const CERTIFICATE: &str = "x509";

/// A finished credential of an account, or an account elsewhere that is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// `None`: an account elsewhere.
    pub kind: Option<Kind>,
    pub level: TrustLevel,
}

impl Held {
    /// Whether it is a credential that somebody can log in with alone.
    fn stands_alone(self) -> bool {
        self.kind.is_some_and(Kind::stands_alone)
    }
}

/// What using a credential proves in a session that used `before` already; `None` when it proves
/// nothing. `own` is the credential's level. A one-time code is a second factor: alone it is
/// worth nothing, and beside a recovery code neither, which stands for a lost credential.
pub fn proves(kind: Kind, own: TrustLevel, before: &[String]) -> Option<TrustLevel> {
    match kind {
        Kind::Password | Kind::Recovery => Some(TrustLevel::Basic),
        Kind::Totp => carries_second(before).then_some(TrustLevel::Low),
        Kind::Eid | Kind::Passkey | Kind::X509 => Some(own),
    }
}

fn carries_second(before: &[String]) -> bool {
    before.iter().any(|m| [PASSWORD, CARD, PASSKEY].contains(&m.as_str()))
}

/// What a certificate of a recognised authority proves: no more, because nobody saw its holder
/// (a stand-in for the certificates of organisations, BSI TR-03107-1).
pub const CERTIFICATE_LEVEL: TrustLevel = TrustLevel::Substantial;

/// The level of a passkey. User verification makes it two factors in one device; more than low it
/// is only where the attestation policy says so of its model (BSI TR-03107-1).
pub fn passkey_level(user_verified: bool, attested: Option<TrustLevel>) -> TrustLevel {
    match (user_verified, attested) {
        (false, _) => TrustLevel::Basic,
        (true, Some(level)) => level.clamp(TrustLevel::Low, TrustLevel::Substantial),
        (true, None) => TrustLevel::Low,
    }
}

/// `amr` (RFC 8176 §2) of the methods used in a session, sorted: `mfa` where they are of two
/// factors, which a card with its PIN and a passkey with user verification are by themselves.
pub fn amr(methods: &[&str]) -> Vec<String> {
    let used = |method: &str| methods.contains(&method);
    let mut all: Vec<String> = Vec::new();
    for method in methods {
        all.extend(match *method {
            PASSKEY => vec!["hwk".to_owned(), "user".to_owned()],
            // RFC 8176 has no word for it; of its words this one is true.
            RECOVERY => vec!["otp".to_owned()],
            other => vec![other.to_owned()],
        });
    }
    if used(CARD) || used(PASSKEY) || (used(PASSWORD) && used(TOTP)) {
        all.push("mfa".to_owned());
    }
    all.sort();
    all.dedup();
    all
}

/// The highest level that the finished credentials of an account and its linked accounts reach. A
/// generator is no second factor to a linked account.
pub fn highest(held: &[Held]) -> TrustLevel {
    let alone = held.iter().any(|h| h.stands_alone());
    let counts = |h: &&Held| h.kind != Some(Kind::Totp) || alone;
    held.iter().filter(counts).map(|h| h.level).max().unwrap_or(TrustLevel::Basic)
}

/// Why something may not be done to a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The session has less than the level that is to be protected.
    #[error("the session has not the level {0}")]
    TooLow(TrustLevel),
    /// Nobody could log in to the account any more.
    #[error("the last credential cannot be removed")]
    LastOne,
}

/// The level a session needs to add a credential of `level`: who got in with less than the account
/// is worth must not give himself more. The first credential of a higher level may be added at the
/// highest level there is.
pub fn level_to_add(level: TrustLevel, held: &[Held]) -> TrustLevel {
    level.min(highest(held))
}

/// # Errors
/// `TooLow` below [`level_to_add`].
pub fn may_add(level: TrustLevel, session: TrustLevel, held: &[Held]) -> Result<(), Forbidden> {
    let needed = level_to_add(level, held);
    if session < needed { Err(Forbidden::TooLow(needed)) } else { Ok(()) }
}

/// Whether a session may remove `which`; `rest` are the account's others.
/// # Errors
/// `TooLow` below its level, `LastOne` when no other lets its owner in.
pub fn may_remove(which: Held, session: TrustLevel, rest: &[Held]) -> Result<(), Forbidden> {
    if session < which.level {
        return Err(Forbidden::TooLow(which.level));
    }
    if which.stands_alone() && !rest.iter().any(|h| h.stands_alone()) {
        return Err(Forbidden::LastOne);
    }
    Ok(())
}

/// The kinds that raise a session with these methods to `needed`, of those the account has. The
/// card is always among them: it can be added on the way.
pub fn options_for(needed: TrustLevel, held: &[Held], methods: &[String]) -> Vec<Kind> {
    let reaches = |h: &Held, kind| proves(kind, h.level, methods).is_some_and(|l| l >= needed);
    let has = |kind: Kind| held.iter().any(|h| h.kind == Some(kind) && reaches(h, kind));
    [Kind::Totp, Kind::Passkey, Kind::X509]
        .into_iter()
        .filter(|kind| has(*kind))
        .chain([Kind::Eid])
        .collect()
}

#[cfg(test)]
#[path = "factors_tests.rs"]
mod tests;
