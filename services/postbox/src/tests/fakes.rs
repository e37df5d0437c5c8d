//! The siblings of a postbox, as its tests play them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::account::v1::level_service_server::LevelService;
use siegel_proto::account::v1::{CheckLevelsRequest, CheckLevelsResponse};
use siegel_proto::notification::v1 as notification;
use siegel_proto::organisation::v1 as organisation;
use tonic::{Request, Response, Status};

use super::world::{account, company};

/// A fake `notification`: answers with what it is told to.
#[derive(Clone)]
pub struct Notifications {
    pub state: Arc<Mutex<notification::NotificationState>>,
    pub orders: Arc<Mutex<Vec<notification::NotifyRequest>>>,
}

#[tonic::async_trait]
impl notification::notification_service_server::NotificationService for Notifications {
    async fn send_code(
        &self,
        _: Request<notification::SendCodeRequest>,
    ) -> Result<Response<notification::SendCodeResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn set_contact(
        &self,
        _: Request<notification::SetContactRequest>,
    ) -> Result<Response<notification::SetContactResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn notify(
        &self,
        request: Request<notification::NotifyRequest>,
    ) -> Result<Response<notification::NotifyResponse>, Status> {
        self.orders.lock().unwrap().push(request.into_inner());
        let queued = notification::NotificationState::Queued.into();
        Ok(Response::new(notification::NotifyResponse { state: queued }))
    }

    async fn get_notification(
        &self,
        _: Request<notification::GetNotificationRequest>,
    ) -> Result<Response<notification::GetNotificationResponse>, Status> {
        let state = (*self.state.lock().unwrap()).into();
        Ok(Response::new(notification::GetNotificationResponse { state }))
    }
}

/// What an address that is pushed to does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Answers(i32),
    /// Nobody answers, or the address is one of ours.
    NotReached(notification::PushOutcome),
    /// `notification` itself is out of reach.
    Down,
}

/// A fake way out: every address takes everything unless it is told otherwise.
#[derive(Clone, Default)]
pub struct Pushes {
    seen: Arc<Mutex<Vec<notification::PushRequest>>>,
    behaviours: Arc<Mutex<HashMap<String, Behaviour>>>,
}

impl Pushes {
    pub fn behave(&self, url: &str, behaviour: Behaviour) {
        self.behaviours.lock().unwrap().insert(url.to_owned(), behaviour);
    }

    /// What arrived at an address and was taken, in order.
    pub fn seen(&self, url: &str) -> Vec<notification::PushRequest> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|push| push.url == url).cloned().collect()
    }
}

#[tonic::async_trait]
impl notification::push_service_server::PushService for Pushes {
    async fn push(
        &self,
        request: Request<notification::PushRequest>,
    ) -> Result<Response<notification::PushResponse>, Status> {
        let push = request.into_inner();
        let known = self.behaviours.lock().unwrap().get(&push.url).copied();
        let status = match known {
            Some(Behaviour::Down) => return Err(Status::unavailable("")),
            Some(Behaviour::NotReached(outcome)) => {
                let outcome = outcome.into();
                return Ok(Response::new(notification::PushResponse { outcome, status: 0 }));
            }
            Some(Behaviour::Answers(status)) => status,
            None => 202,
        };
        let outcome = if (200..300).contains(&status) {
            self.seen.lock().unwrap().push(push);
            notification::PushOutcome::Taken
        } else {
            notification::PushOutcome::Answered
        };
        Ok(Response::new(notification::PushResponse { outcome: outcome.into(), status }))
    }
}

/// A program of some organisation.
pub fn program_id(n: u128) -> String {
    format!("sys_{n:032x}")
}

/// What one account or program may do in a mailbox of others.
#[derive(Clone, Debug)]
pub struct Rule {
    pub account: u128,
    /// `org_…` and `omb_…`, or `acc_…` alone.
    pub whom: [String; 2],
    pub actions: Vec<organisation::Action>,
    pub path: &'static str,
    /// `mnd_…`
    pub mandate: &'static str,
    pub by_substitution: bool,
    /// Only letters whose id or sender this is.
    pub only: Option<String>,
}

impl Rule {
    fn matches(&self, question: &organisation::AccessQuestion) -> bool {
        let about = question.about.clone().unwrap_or_default();
        let whom = format!("{}{}", question.organisation_id, question.principal_account_id);
        let who = format!("{}{}", question.account_id, question.system_user_id);
        [account(self.account).to_string(), program_id(self.account)].contains(&who)
            && self.whom == [whom, about.mailbox_id]
            && self.actions.contains(&question.action())
            && ["", self.mandate].contains(&question.mandate_id.as_str())
    }

    fn answer(&self, question: &organisation::AccessQuestion) -> organisation::AccessAnswer {
        let about = question.about.clone().unwrap_or_default();
        if let Some(only) = &self.only
            && ![about.letter_id, about.sender_id].contains(only)
        {
            let reason = "MANDATE_SCOPE".to_owned();
            return organisation::AccessAnswer { reason, ..Default::default() };
        }
        let member = self.path.starts_with("member:");
        organisation::AccessAnswer {
            allowed: true,
            path: self.path.to_owned(),
            path_digest: siegel_crypto::b64::encode(siegel_crypto::sha256(self.path.as_bytes())),
            mandate_id: self.mandate.to_owned(),
            mandate_version: i64::from(!self.mandate.is_empty()) * 3,
            by_substitution: self.by_substitution,
            member_id: if member { format!("mem_{:032x}", self.account) } else { String::new() },
            ..Default::default()
        }
    }
}

/// Everything that may be asked about mail.
pub const EVERYTHING: [organisation::Action; 6] = [
    organisation::Action::ReadMail,
    organisation::Action::ReceiveMail,
    organisation::Action::ReplyMail,
    organisation::Action::DeleteMail,
    organisation::Action::ReadHighMail,
    organisation::Action::DownloadMail,
];

/// A fake `organisation`: accounts 1 and 3 own organisation 9 with its central mailbox, until they
/// are barred, and whatever rules are added.
#[derive(Clone, Default)]
pub struct Access {
    pub barred: Arc<AtomicBool>,
    pub rules: Arc<Mutex<Vec<Rule>>>,
    /// What it was told to keep among the uses: action, mandate and letter.
    pub uses: Arc<Mutex<Vec<(organisation::Action, String, String)>>>,
    /// What it says that an account may read.
    pub readable: Arc<Mutex<Vec<organisation::ReadableMailbox>>>,
}

impl Access {
    /// Adds a rule for these actions.
    pub fn allow(&self, rule: Rule) {
        self.rules.lock().unwrap().push(rule);
    }
}

/// An owner of organisation 9, of its central mailbox or one beside it.
pub fn owner(n: u128, mailbox: &str) -> Rule {
    Rule {
        account: n,
        whom: [company().to_string(), mailbox.to_owned()],
        actions: EVERYTHING.to_vec(),
        path: "member:owner",
        mandate: "",
        by_substitution: false,
        only: None,
    }
}

#[tonic::async_trait]
impl organisation::access_service_server::AccessService for Access {
    async fn check_access(
        &self,
        request: Request<organisation::CheckAccessRequest>,
    ) -> Result<Response<organisation::CheckAccessResponse>, Status> {
        let mut rules = [1, 3].map(|n| owner(n, "")).to_vec();
        rules.extend(self.rules.lock().unwrap().iter().cloned());
        if self.barred.load(Ordering::SeqCst) {
            rules.clear();
        }
        let answer = |q: &organisation::AccessQuestion| {
            let answers = rules.iter().filter(|rule| rule.matches(q)).map(|rule| rule.answer(q));
            let answers: Vec<_> = answers.collect();
            let allowed = answers.iter().find(|answer| answer.allowed).cloned();
            allowed.or_else(|| answers.first().cloned()).unwrap_or_default()
        };
        let questions = &request.get_ref().questions;
        let answers: Vec<_> = questions.iter().map(answer).collect();
        let used = questions.iter().zip(&answers).filter(|(q, a)| q.record && a.allowed);
        self.uses.lock().unwrap().extend(used.map(|(q, a)| {
            let about = q.about.clone().unwrap_or_default();
            (q.action(), a.mandate_id.clone(), about.letter_id)
        }));
        Ok(Response::new(organisation::CheckAccessResponse { answers }))
    }

    async fn list_authorised_parties(
        &self,
        _: Request<organisation::ListAuthorisedPartiesRequest>,
    ) -> Result<Response<organisation::ListAuthorisedPartiesResponse>, Status> {
        Err(Status::unimplemented("the postbox does not ask for whom somebody may act"))
    }
}

#[tonic::async_trait]
impl organisation::mailbox_directory_service_server::MailboxDirectoryService for Access {
    async fn list_readable_mailboxes(
        &self,
        _: Request<organisation::ListReadableMailboxesRequest>,
    ) -> Result<Response<organisation::ListReadableMailboxesResponse>, Status> {
        let mailboxes = self.readable.lock().unwrap().clone();
        Ok(Response::new(organisation::ListReadableMailboxesResponse { mailboxes }))
    }
}

/// A fake `account`: knows how well people are proven, until it is away.
#[derive(Clone, Default)]
pub struct Levels(Arc<Mutex<Option<HashMap<String, i32>>>>);

impl Levels {
    pub fn set(&self, account: AccountId, level: TrustLevel) {
        let mut known = self.0.lock().unwrap();
        let level = siegel_proto::common::v1::TrustLevel::from(level).into();
        known.get_or_insert_default().insert(account.to_string(), level);
    }

    pub fn away(&self) {
        *self.0.lock().unwrap() = None;
    }
}

#[tonic::async_trait]
impl LevelService for Levels {
    async fn check_levels(
        &self,
        request: Request<CheckLevelsRequest>,
    ) -> Result<Response<CheckLevelsResponse>, Status> {
        let known = self.0.lock().unwrap();
        let known = known.as_ref().ok_or_else(|| Status::unavailable(""))?;
        let asked = request.into_inner();
        let reached = |id: &String| known.get(id).is_some_and(|held| *held >= asked.level);
        let reached = asked.account_ids.iter().map(reached).collect();
        Ok(Response::new(CheckLevelsResponse { reached }))
    }
}
