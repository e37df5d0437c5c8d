//! What an authorization request needs next: the one place where a level is decided.

use std::time::Duration;

use siegel_kernel::{Timestamp, TrustLevel};

use super::interaction::{AuthRequest, SessionView};

/// How far consent to what the client asks for is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentState {
    /// Nothing leaves the house, or only to the house's own portal.
    NotNeeded,
    /// A standing consent covers all of it.
    Standing,
    /// Given on the page for this very request.
    Given,
    /// Not asked yet, withdrawn, or for less than is asked now.
    Open,
}

/// The next thing to happen to an authorization request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    LogIn(LogIn),
    /// The session is not enough.
    StepUp {
        needed: TrustLevel,
        /// The client prefers it and takes less.
        optional: bool,
    },
    /// Somebody has to say for whom they act.
    ActFor,
    Consent,
    Finish,
}

/// Why somebody must log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogIn {
    /// There is no session that counts for this client's sector.
    NoSession,
    /// There is one, and the client wants a fresh log-in (`prompt=login`, `max_age`).
    Again,
    /// There is one of another person than the client asked for.
    SomebodyElse,
}

/// What is asked, and by when.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub request: &'a AuthRequest,
    /// A session that counts for the client's sector, already aged.
    pub session: Option<&'a SessionView>,
    pub consent: ConsentState,
    /// The session is of nobody the client asked for.
    pub somebody_else: bool,
    /// When the request arrived: a log-in after it is fresh.
    pub asked_at: Timestamp,
    /// The person chose to go on with less than the client prefers.
    pub settled: bool,
    pub now: Timestamp,
}

/// Decides the next step.
pub fn decide(question: &Question<'_>) -> Step {
    let Question { request, session, consent, settled, .. } = *question;
    // A guest comes for one request: for another, or once the card aged, it is shown again.
    let counts = |s: &&SessionView| is_made_for(s, question.asked_at) && s.level >= request.floor;
    let Some(session) = session.filter(|s| !s.guest || counts(s)) else {
        return Step::LogIn(LogIn::NoSession);
    };
    if question.somebody_else {
        return Step::LogIn(LogIn::SomebodyElse);
    }
    if !is_fresh(question, session) {
        return Step::LogIn(LogIn::Again);
    }
    if session.level < request.floor {
        return Step::StepUp { needed: request.floor, optional: false };
    }
    if session.level < request.aim && !settled && !session.guest {
        return Step::StepUp { needed: request.aim, optional: true };
    }
    if request.acting_is_open(session) {
        return Step::ActFor;
    }
    match consent {
        ConsentState::Open => Step::Consent,
        ConsentState::Standing if request.has_prompt("consent") => Step::Consent,
        ConsentState::NotNeeded | ConsentState::Standing | ConsentState::Given => Step::Finish,
    }
}

/// Whether the log-in came after the request.
pub fn is_made_for(session: &SessionView, asked_at: Timestamp) -> bool {
    session.authenticated_at >= asked_at
}

/// `prompt=login` and `max_age` (OpenID Connect Core §3.1.2.1). A log-in made for this request is
/// always fresh, or `max_age=0` would ask forever.
fn is_fresh(question: &Question<'_>, session: &SessionView) -> bool {
    if is_made_for(session, question.asked_at) {
        return true;
    }
    let request = question.request;
    let wants_anew = request.has_prompt("login") || request.has_prompt("select_account");
    let age = question.now.since(session.authenticated_at);
    let oldest = request.max_age.map(|s| Duration::from_secs(u64::try_from(s).unwrap_or(0)));
    !wants_anew && oldest.is_none_or(|oldest| age <= oldest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siegel_kernel::{AccountId, SessionId};

    const NOW: Timestamp = Timestamp::from_seconds(1_741_256_100);

    fn request() -> AuthRequest {
        AuthRequest {
            client_id: "portal".into(),
            sector: "musterstadt".into(),
            scopes: vec!["openid".into()],
            ..AuthRequest::default()
        }
    }

    fn session(level: TrustLevel, minutes_ago: u64) -> SessionView {
        let at = NOW.minus(Duration::from_secs(minutes_ago * 60));
        SessionView {
            guest: false,
            id: SessionId::from_uuid(<_>::default()),
            account: AccountId::from_uuid(<_>::default()),
            level,
            authenticated_at: at,
            started_at: at,
            amr: vec!["pwd".into()],
        }
    }

    /// The request arrived one minute ago.
    fn step(request: &AuthRequest, session: Option<&SessionView>, consent: ConsentState) -> Step {
        let asked_at = NOW.minus(Duration::from_mins(1));
        decide(&Question {
            request,
            session,
            consent,
            somebody_else: false,
            asked_at,
            settled: false,
            now: NOW,
        })
    }

    #[test]
    fn without_a_session_the_first_step_is_to_log_in() {
        let step = step(&request(), None, ConsentState::NotNeeded);
        assert_eq!(step, Step::LogIn(LogIn::NoSession));
    }

    #[test]
    fn each_level_satisfies_itself_and_everything_below() {
        use TrustLevel::{Basic, High, Low, Substantial};
        for floor in [Basic, Low, Substantial, High] {
            for held in [Basic, Low, Substantial, High] {
                let request = AuthRequest { floor, aim: floor, ..request() };
                let expected = if held >= floor {
                    Step::Finish
                } else {
                    Step::StepUp { needed: floor, optional: false }
                };
                let got = step(&request, Some(&session(held, 10)), ConsentState::NotNeeded);
                assert_eq!(got, expected, "{held} for {floor}");
            }
        }
    }

    #[test]
    fn a_preferred_level_is_offered_and_can_be_declined() {
        let request = AuthRequest { aim: TrustLevel::High, ..request() };
        let session = session(TrustLevel::Basic, 10);
        let offered = step(&request, Some(&session), ConsentState::NotNeeded);
        assert_eq!(offered, Step::StepUp { needed: TrustLevel::High, optional: true });
        let question = Question {
            request: &request,
            session: Some(&session),
            consent: ConsentState::NotNeeded,
            somebody_else: false,
            asked_at: NOW,
            settled: true,
            now: NOW,
        };
        assert_eq!(decide(&question), Step::Finish);
    }

    #[test]
    fn a_guest_counts_for_the_request_the_card_was_shown_for_and_no_other() {
        let guest = |level, minutes_ago| SessionView { guest: true, ..session(level, minutes_ago) };
        let step = |session: &SessionView| {
            let request = AuthRequest { aim: TrustLevel::High, ..request() };
            step(&request, Some(session), ConsentState::Open)
        };
        assert_eq!(step(&guest(TrustLevel::High, 0)), Step::Consent);
        assert_eq!(step(&guest(TrustLevel::High, 2)), Step::LogIn(LogIn::NoSession));
        assert_eq!(step(&guest(TrustLevel::Low, 0)), Step::Consent, "there is nothing to raise");
    }

    #[test]
    fn a_guest_whose_card_aged_shows_it_again() {
        let request = AuthRequest { floor: TrustLevel::High, aim: TrustLevel::High, ..request() };
        let aged = SessionView { guest: true, ..session(TrustLevel::Substantial, 0) };
        let got = step(&request, Some(&aged), ConsentState::Open);
        assert_eq!(got, Step::LogIn(LogIn::NoSession));
    }

    #[test]
    fn declining_never_goes_below_the_floor() {
        let request =
            AuthRequest { floor: TrustLevel::Substantial, aim: TrustLevel::High, ..request() };
        let session = session(TrustLevel::Basic, 10);
        let question = Question {
            request: &request,
            session: Some(&session),
            consent: ConsentState::NotNeeded,
            somebody_else: false,
            asked_at: NOW,
            settled: true,
            now: NOW,
        };
        let needed = TrustLevel::Substantial;
        assert_eq!(decide(&question), Step::StepUp { needed, optional: false });
    }

    #[test]
    fn prompt_login_refuses_an_old_log_in_and_takes_one_made_for_this_request() {
        for prompt in ["login", "select_account"] {
            let request = AuthRequest { prompt: vec![prompt.into()], ..request() };
            let old =
                step(&request, Some(&session(TrustLevel::Basic, 10)), ConsentState::NotNeeded);
            assert_eq!(old, Step::LogIn(LogIn::Again));
            let new = step(&request, Some(&session(TrustLevel::Basic, 0)), ConsentState::NotNeeded);
            assert_eq!(new, Step::Finish);
        }
    }

    #[test]
    fn a_session_of_somebody_else_never_answers() {
        let (request, session) = (request(), session(TrustLevel::High, 0));
        let question = Question {
            request: &request,
            session: Some(&session),
            consent: ConsentState::Given,
            somebody_else: true,
            asked_at: NOW,
            settled: true,
            now: NOW,
        };
        assert_eq!(decide(&question), Step::LogIn(LogIn::SomebodyElse));
    }

    #[test]
    fn max_age_is_kept_to_the_second_and_zero_asks_once() {
        let aged = |max_age, minutes| {
            let request = AuthRequest { max_age: Some(max_age), ..request() };
            step(&request, Some(&session(TrustLevel::Basic, minutes)), ConsentState::NotNeeded)
        };
        assert_eq!(aged(600, 10), Step::Finish);
        assert_eq!(aged(599, 10), Step::LogIn(LogIn::Again));
        assert_eq!(aged(0, 10), Step::LogIn(LogIn::Again));
        assert_eq!(aged(0, 0), Step::Finish, "a log-in for this request is fresh");
    }

    #[test]
    fn consent_comes_last_and_only_when_it_is_open_or_asked_for_again() {
        let session = session(TrustLevel::Basic, 10);
        let with = |prompt: &[&str], consent| {
            let prompt = prompt.iter().map(|&p| p.to_owned()).collect();
            step(&AuthRequest { prompt, ..request() }, Some(&session), consent)
        };
        assert_eq!(with(&[], ConsentState::Open), Step::Consent);
        assert_eq!(with(&[], ConsentState::Standing), Step::Finish);
        assert_eq!(with(&["consent"], ConsentState::Standing), Step::Consent);
        assert_eq!(with(&["consent"], ConsentState::Given), Step::Finish);
        assert_eq!(with(&["consent"], ConsentState::NotNeeded), Step::Finish);
    }

    #[test]
    fn for_whom_somebody_acts_is_asked_after_the_level_and_before_consent() {
        use crate::domain::acting::{ActingRequest, ActingRules, Mode};
        let rules = ActingRules { mode: Mode::Optional, ..ActingRules::default() };
        let acting = ActingRequest { rules, ..ActingRequest::default() };
        let floor = TrustLevel::Substantial;
        let request = AuthRequest { acting, floor, aim: floor, ..request() };
        let got = |level| step(&request, Some(&session(level, 1)), ConsentState::Open);
        assert_eq!(got(TrustLevel::Low), Step::StepUp { needed: floor, optional: false });
        assert_eq!(got(TrustLevel::Substantial), Step::ActFor);
    }

    #[test]
    fn nobody_is_asked_for_consent_below_the_level() {
        let request = AuthRequest { floor: TrustLevel::High, aim: TrustLevel::High, ..request() };
        let got = step(&request, Some(&session(TrustLevel::Low, 1)), ConsentState::Open);
        assert_eq!(got, Step::StepUp { needed: TrustLevel::High, optional: false });
    }
}
