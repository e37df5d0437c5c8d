//! From a grant to its account. Tokens carry a pairwise subject only; services of the suite ask
//! identity once per grant.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use siegel_kernel::{AccountId, GrantId};
use siegel_proto::identity::v1::ResolveGrantRequest;
use siegel_proto::identity::v1::sibling_service_client::SiblingServiceClient;
use tonic::{Code, Status};

use crate::{Siblings, refusal, unavailable};

/// Above this many grants the cache starts anew: one question per grant again.
const MOST: usize = 100_000;

pub(super) struct Subjects {
    siblings: Siblings,
    known: Mutex<HashMap<GrantId, AccountId>>,
}

impl Subjects {
    pub(super) fn new(siblings: Siblings) -> Self {
        Self { siblings, known: Mutex::default() }
    }

    pub(super) async fn account(&self, grant: GrantId) -> Result<AccountId, Status> {
        if let Some(account) = self.lock().get(&grant) {
            return Ok(*account);
        }
        let mut client = SiblingServiceClient::new(self.siblings.channel("identity"));
        let request = ResolveGrantRequest { grant_id: grant.to_string() };
        let answer = client.resolve_grant(request).await.map_err(|status| match status.code() {
            Code::NotFound => {
                refusal(Code::Unauthenticated, "TOKEN_REVOKED", "the grant has ended", [])
            }
            _ => unavailable("ISSUER_UNREACHABLE", "the token issuer cannot be asked"),
        })?;
        let account = answer.into_inner().account_id.parse().map_err(|e| crate::fault(&e))?;
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(grant, account);
        Ok(account)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<GrantId, AccountId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
