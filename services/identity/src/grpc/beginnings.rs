//! How calls of persons begin: who calls, in which session, and whether it is a repetition.

use siegel_db::IdempotencyKey;
use siegel_grpc::{caller, fault, invalid, refusal};
use siegel_kernel::{AccountId, GrantId};
use tonic::{Code, Request, Status};

use crate::app::credentials::Person;
use crate::app::self_care;
use crate::domain::interaction::SessionView;
use crate::state::Identity;

/// Whose account it is about: the caller's own.
pub fn account<M>(request: &Request<M>) -> Result<AccountId, Status> {
    Ok(caller(request)?.person()?.account)
}

fn checked(request_id: &str) -> Result<String, Status> {
    if !(1..=128).contains(&request_id.len()) {
        return Err(invalid(&[("request_id", "must have 1 to 128 characters")]));
    }
    Ok(request_id.to_owned())
}

/// A change that is made once, however often it is asked for.
pub struct Order {
    pub account: AccountId,
    /// The grant of the caller's token.
    pub grant: GrantId,
    caller: String,
    request_id: String,
    digest: [u8; 32],
}

impl Order {
    pub fn of<M>(request: &Request<M>, request_id: &str, digest: [u8; 32]) -> Result<Self, Status> {
        let caller = caller(request)?;
        let (person, caller) = (caller.person()?, caller.name());
        let (account, grant) = (person.account, person.grant);
        Ok(Self { account, grant, caller, request_id: checked(request_id)?, digest })
    }

    pub fn key(&self) -> IdempotencyKey<'_> {
        let Self { caller, request_id, digest, .. } = self;
        IdempotencyKey { caller, request_id, digest: *digest }
    }
}

/// Who changes something, in which session.
pub struct Acting {
    pub session: SessionView,
    request_id: String,
}

impl Acting {
    /// The session behind the caller's token as it stands now, at no higher level than the token
    /// was made with: what another client raised is not this one's to use.
    pub async fn of<M>(
        state: &Identity,
        request: &Request<M>,
        request_id: &str,
    ) -> Result<Self, Status> {
        let request_id = checked(request_id)?;
        let person = caller(request)?.person()?;
        let found = self_care::session_of(state, person.grant).await.map_err(|e| fault(&e))?;
        let session = found.filter(|s| s.account == person.account);
        let Some(mut session) = session else {
            let text = "the session is over";
            return Err(refusal(Code::Unauthenticated, "SESSION_OVER", text, []));
        };
        session.level = session.level.min(person.level);
        Ok(Self { session, request_id })
    }

    pub fn person(&self) -> Person<'_> {
        Person { request_id: &self.request_id, ..Person::of(&self.session) }
    }
}
