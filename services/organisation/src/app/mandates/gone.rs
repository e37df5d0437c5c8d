//! What happens elsewhere in this service and ends mandates. They end in the transaction in which
//! it happens: no decision after it finds them.

use siegel_db::{StoreError, Tx};
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::write::tell_ended;
use crate::domain::claim::ClaimId;
use crate::domain::{Party, State};
use crate::store::mandates::{self, Ending, Gone};

/// Ends what was passed on to somebody as a member.
pub async fn member_left(
    tx: &mut Tx,
    (organisation, account): (OrganisationId, AccountId),
    now: Timestamp,
) -> Result<(), StoreError> {
    end(tx, Gone::Member(organisation, account), "member_left", now).await
}

/// Ends what an organisation gave and holds.
pub async fn organisation_dissolved(
    tx: &mut Tx,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<(), StoreError> {
    end(tx, Gone::Party(Party::Organisation(organisation)), "organisation_dissolved", now).await
}

/// Ends what was given in an organisation's name by those whose membership goes back to a claim.
pub async fn claim_revoked(tx: &mut Tx, claim: ClaimId, now: Timestamp) -> Result<(), StoreError> {
    end(tx, Gone::Claim(claim), "claim_revoked", now).await
}

/// Ends every mandate of a person whose account is deleted, and forgets their name.
pub async fn person_gone(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    end(tx, Gone::Party(Party::Person(account)), "person_gone", now).await?;
    mandates::forget_names(tx, account).await
}

async fn end(
    tx: &mut Tx,
    gone: Gone,
    reason: &'static str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let ending = Ending { state: State::Ended, reason, at };
    let ended = mandates::end_all(tx, gone, ending).await?;
    tell_ended(tx, &ended).await
}
