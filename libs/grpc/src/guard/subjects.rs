//! From a grant to who holds it. Tokens carry a pairwise subject only; services of the suite ask
//! identity once per grant.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use siegel_kernel::{AccountId, GrantId, OrganisationId};
use siegel_proto::identity::v1::sibling_service_client::SiblingServiceClient;
use siegel_proto::identity::v1::{ResolveGrantRequest, ResolveGrantResponse};
use tonic::{Code, Status};

use crate::{Party, Represented, Siblings, fault, refusal, unavailable};

/// Above this many grants the cache starts anew: one question per grant again.
const MOST: usize = 100_000;

/// Who stands behind a grant. Neither changes while the grant lives.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Person {
        account: AccountId,
        /// For whom the person acts.
        acting_for: Option<Represented>,
    },
    Program {
        id: String,
        organisation: OrganisationId,
    },
}

impl Subject {
    fn read(answer: ResolveGrantResponse) -> Result<Self, Status> {
        let acting_for = match answer.acting_for {
            Some(wire) => Some(Represented::of(wire).ok_or_else(|| fault(&NobodyRepresented))?),
            None => None,
        };
        if answer.system_user_id.is_empty() {
            let account = answer.account_id.parse().map_err(|e| fault(&e))?;
            return Ok(Self::Person { account, acting_for });
        }
        match acting_for.map(|represented| represented.party) {
            Some(Party::Organisation(organisation)) => {
                Ok(Self::Program { id: answer.system_user_id, organisation })
            }
            _ => Err(fault(&NobodyRepresented)),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("identity's answer about a grant names nobody that is represented")]
struct NobodyRepresented;

pub(super) struct Subjects {
    siblings: Siblings,
    known: Mutex<HashMap<GrantId, Subject>>,
}

impl Subjects {
    pub(super) fn new(siblings: Siblings) -> Self {
        Self { siblings, known: Mutex::default() }
    }

    pub(super) async fn of(&self, grant: GrantId) -> Result<Subject, Status> {
        if let Some(subject) = self.lock().get(&grant) {
            return Ok(subject.clone());
        }
        let mut client = SiblingServiceClient::new(self.siblings.channel("identity"));
        let request = ResolveGrantRequest { grant_id: grant.to_string() };
        let answer = client.resolve_grant(request).await.map_err(|status| match status.code() {
            Code::NotFound => {
                refusal(Code::Unauthenticated, "TOKEN_REVOKED", "the grant has ended", [])
            }
            _ => unavailable("ISSUER_UNREACHABLE", "the token issuer cannot be asked"),
        })?;
        let subject = Subject::read(answer.into_inner())?;
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(grant, subject.clone());
        Ok(subject)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<GrantId, Subject>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
