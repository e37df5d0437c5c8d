//! The siblings of a postbox, as its tests play them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

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

/// A fake `organisation`: accounts 1 and 3 may receive mail for organisation 9, until they are barred.
#[derive(Clone, Default)]
pub struct Access {
    pub barred: Arc<AtomicBool>,
}

#[tonic::async_trait]
impl organisation::access_service_server::AccessService for Access {
    async fn check_access(
        &self,
        request: Request<organisation::CheckAccessRequest>,
    ) -> Result<Response<organisation::CheckAccessResponse>, Status> {
        let answer = |q: &organisation::AccessQuestion| {
            let allowed = !self.barred.load(Ordering::SeqCst)
                && [1, 3].iter().any(|n| q.account_id == account(*n).to_string())
                && q.organisation_id == company().to_string();
            let path = if allowed { "member:owner" } else { "" }.to_owned();
            organisation::AccessAnswer { allowed, path, ..Default::default() }
        };
        let answers = request.get_ref().questions.iter().map(answer).collect();
        Ok(Response::new(organisation::CheckAccessResponse { answers }))
    }

    async fn list_authorised_parties(
        &self,
        _: Request<organisation::ListAuthorisedPartiesRequest>,
    ) -> Result<Response<organisation::ListAuthorisedPartiesResponse>, Status> {
        Err(Status::unimplemented("the postbox does not ask for whom somebody may act"))
    }
}
