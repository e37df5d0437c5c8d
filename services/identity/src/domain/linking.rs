//! Whose an account elsewhere is: one account here, and the person who had it when it was linked.

use std::time::Duration;

use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::interaction::SessionView;

/// An account is linked only by somebody who logged in no longer ago than this.
pub const FRESH: Duration = Duration::from_mins(15);

/// What is known of an upstream subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub account: AccountId,
    /// Whether the provider names the holder it named before.
    pub holder: Holder,
}

/// Who holds an upstream account now, against who held it when it was linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Same,
    /// Nobody was named at the link; the one named now is kept.
    NeverNamed,
    /// Another one, or nobody where somebody was named: the identifier may be recycled.
    Other,
}

/// Compares the hash of the holder kept at the link with that of the holder named now.
pub fn compare(kept: Option<&[u8]>, named: Option<&[u8; 32]>) -> Holder {
    match (kept, named) {
        (None, _) => Holder::NeverNamed,
        (Some(kept), Some(named)) if kept == named => Holder::Same,
        (Some(_), _) => Holder::Other,
    }
}

/// What a log-in elsewhere means for the person in front of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Its account logs in, or goes on.
    LogIn(AccountId),
    /// Nobody has it: a new account.
    Open,
    /// Nobody has it, and somebody is logged in: ask whether to link it.
    Ask(AccountId),
    Refused(Refusal),
}

/// Why an upstream account cannot be used here. None of them says anything of another account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is linked to another account than the one logged in.
    OfAnotherAccount,
    /// The provider gave its identifier to somebody else.
    Recycled,
}

/// Rules on a log-in elsewhere.
pub fn rule(logged_in: Option<AccountId>, known: Option<Known>) -> Ruling {
    match (known, logged_in) {
        (Some(known), _) if known.holder == Holder::Other => Ruling::Refused(Refusal::Recycled),
        (Some(known), Some(own)) if own != known.account => {
            Ruling::Refused(Refusal::OfAnotherAccount)
        }
        (Some(known), _) => Ruling::LogIn(known.account),
        (None, Some(own)) => Ruling::Ask(own),
        (None, None) => Ruling::Open,
    }
}

/// Whether this session may add an account elsewhere: fresh, and as sure as anything the account
/// protects already. `highest` is the level of its best credential.
pub fn may_link(session: &SessionView, highest: TrustLevel, now: Timestamp) -> bool {
    session.level >= highest && now.since(session.authenticated_at) <= FRESH
}

#[cfg(test)]
mod tests {
    use super::*;
    use siegel_kernel::SessionId;

    fn account(n: u128) -> AccountId {
        format!("acc_{n:032x}").parse().unwrap()
    }

    fn known(n: u128, holder: Holder) -> Known {
        Known { account: account(n), holder }
    }

    #[test]
    fn a_linked_account_logs_its_own_account_in() {
        assert_eq!(rule(None, Some(known(1, Holder::Same))), Ruling::LogIn(account(1)));
        assert_eq!(rule(Some(account(1)), Some(known(1, Holder::Same))), Ruling::LogIn(account(1)));
    }

    #[test]
    fn one_of_another_account_is_refused() {
        let ruling = rule(Some(account(2)), Some(known(1, Holder::Same)));
        assert_eq!(ruling, Ruling::Refused(Refusal::OfAnotherAccount));
    }

    #[test]
    fn a_recycled_identifier_logs_nobody_in() {
        for logged_in in [None, Some(account(1)), Some(account(2))] {
            let ruling = rule(logged_in, Some(known(1, Holder::Other)));
            assert_eq!(ruling, Ruling::Refused(Refusal::Recycled));
        }
    }

    #[test]
    fn an_unknown_one_is_linked_only_by_the_word_of_who_is_logged_in() {
        assert_eq!(rule(Some(account(1)), None), Ruling::Ask(account(1)));
        assert_eq!(rule(None, None), Ruling::Open);
    }

    #[test]
    fn a_holder_who_is_no_longer_named_is_another() {
        assert_eq!(compare(Some(&[1; 32]), Some(&[1; 32])), Holder::Same);
        assert_eq!(compare(Some(&[1; 32]), Some(&[2; 32])), Holder::Other);
        assert_eq!(compare(Some(&[1; 32]), None), Holder::Other);
        assert_eq!(compare(None, Some(&[1; 32])), Holder::NeverNamed);
    }

    #[test]
    fn linking_needs_a_fresh_session_of_the_accounts_best_level() {
        let at = Timestamp::from_seconds(1_741_256_100);
        let session = SessionView {
            guest: false,
            id: SessionId::from_uuid(<_>::default()),
            account: account(1),
            level: TrustLevel::Substantial,
            authenticated_at: at,
            started_at: at,
            amr: vec![],
        };
        assert!(may_link(&session, TrustLevel::Basic, at));
        assert!(may_link(&session, TrustLevel::Substantial, at.plus(FRESH)));
        assert!(!may_link(&session, TrustLevel::High, at), "a card protects this account");
        let late = at.plus(FRESH + Duration::from_secs(1));
        assert!(!may_link(&session, TrustLevel::Basic, late));
    }
}
