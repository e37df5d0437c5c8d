//! Guests: people who log in once with their card, without an account. Nothing of them stays.

use std::time::Duration;

use siegel_kernel::{Timestamp, TrustLevel};

use super::ageing::Limits;
use super::factors;
use super::interaction::{AuthRequest, LOCALE};
use super::scopes::{Opens, known};
use super::tenant::LevelLimits;

/// What a client that may have guests is told of a person (`account_type`).
pub const TEMPORARY: &str = "temporary";
pub const PERMANENT: &str = "permanent";

impl AuthRequest {
    /// Whether the log-in page offers to come as a guest: with the card only, and not where one
    /// known person is expected.
    pub fn takes_guests(&self) -> bool {
        self.guests && self.takes(factors::CARD) && self.subjects.is_empty()
    }

    /// What is left of a request for a guest, who has no mailbox, no account to read and nothing
    /// that could be reached once the session is over.
    pub fn cut_for_guest(&mut self) {
        self.scopes.retain(|s| matches!(known(s), Some(Opens::Identity | Opens::Claims(_))));
        let own = siegel_oidc::audience("identity");
        let of_suite = own.strip_suffix("identity").unwrap_or_default();
        self.resources.retain(|r| *r == own || !r.starts_with(of_suite));
        self.outputs.retain(|o| o.name != LOCALE);
    }
}

/// When a guest's session is over: with the limits of its level, which a card that aged away can
/// only be shown anew for.
pub fn ends_at(level: TrustLevel, limits: &[LevelLimits], at: Timestamp) -> Timestamp {
    at.plus(Limits::within(limits, level).absolute)
}

/// Nothing granted to a guest lives longer: the longest limit of a card's level.
pub fn longest() -> Duration {
    Limits::of(TrustLevel::High).absolute
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_guest_is_granted_an_identity_and_attributes_and_nothing_else() {
        let every: Vec<&str> = super::super::scopes::ALL.iter().map(|(name, _)| *name).collect();
        let mut request = AuthRequest {
            scopes: words(&every.join(" ")),
            resources: words("urn:siegel:identity urn:siegel:postbox https://api.example/"),
            ..AuthRequest::default()
        };
        request.cut_for_guest();
        assert_eq!(request.scopes, words("openid profile email address phone"));
        assert_eq!(request.resources, words("urn:siegel:identity https://api.example/"));
    }

    #[test]
    fn guests_come_with_the_card_and_only_where_nobody_is_expected() {
        let open = AuthRequest { guests: true, ..AuthRequest::default() };
        assert!(open.takes_guests());
        assert!(!AuthRequest::default().takes_guests());
        let by_password = AuthRequest { methods: words("pwd"), ..open.clone() };
        assert!(!by_password.takes_guests());
        let expected = AuthRequest { subjects: words("somebody"), ..open };
        assert!(!expected.takes_guests());
    }
}
