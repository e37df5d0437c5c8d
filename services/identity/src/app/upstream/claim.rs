//! A claim of an organisation, proven by a log-in with its account elsewhere. Whether the claim is
//! this person's, and whether the provider speaks of the organisation that is claimed, is the
//! organisation service's to say.

use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_proto::organisation::v1::ProveByUpstreamRequest;
use tonic::{Code, Status};
use url::Url;

use super::finish::{Return, asserted, noted, take};
use super::start::{Start, begin};
use super::{Fault, record, refused};
use crate::app::failure::Failure;
use crate::ports::organisation;
use crate::state::Identity;
use crate::store::upstream_logins::{ClaimId, Login, Purpose};

/// What the session of a claimant must have, as for everything that is written about organisations.
pub const NEEDED: TrustLevel = TrustLevel::Substantial;

/// What the organisation service may say of a proof.
const REASONS: [&str; 5] =
    ["UPSTREAM_OF_ANOTHER", "CLAIM_UNKNOWN", "CLAIM_STATE", "ROLE_TOO_LOW", "ORGANISATION_UNKNOWN"];

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proved {
    /// The letter comes next; the organisation's id.
    Done(String),
    /// Not of this page, answered before, or over.
    Unknown,
    /// The session is below what a claim needs.
    SessionTooLow,
    /// The provider said no level, or one that means nothing here.
    LevelUnknown,
    /// By the organisation service, with its reason.
    Refused(&'static str),
}

/// As [`begin`], for a claim; a provider where none is proven is on record.
pub async fn begin_claim(
    state: &Identity,
    start: Start<'_>,
    account: AccountId,
) -> Result<Url, Fault> {
    let begun = begin(state, start).await;
    if let Err(fault @ (Fault::WrongKind | Fault::NotOffered)) = &begun {
        refused(state, start.upstream, Some(account), fault.reason(), state.now()).await?;
    }
    begun
}

/// Takes the answer, checks it, and hands what it says to the organisation service.
pub async fn prove_claim(state: &Identity, back: Return<'_>) -> Result<Proved, Fault> {
    let now = state.now();
    let Some(login) = take(state, &back, now).await? else { return Ok(Proved::Unknown) };
    let done = prove(state, &back, &login, now).await;
    noted(state, &back, &login, &done, now).await?;
    done
}

async fn prove(
    state: &Identity,
    back: &Return<'_>,
    login: &Login,
    now: Timestamp,
) -> Result<Proved, Fault> {
    let (Some(session), Purpose::Claim(_, claim)) = (back.session, login.purpose) else {
        return Ok(Proved::Unknown);
    };
    let (account, upstream) = (session.account, login.upstream.as_str());
    if session.guest || session.level < NEEDED {
        refused(state, upstream, Some(account), "TRUST_TOO_LOW", now).await?;
        return Ok(Proved::SessionTooLow);
    }
    let (stored, _, asserted) = asserted(state, login, now).await?;
    let rules = stored.upstream.organisation.as_ref().ok_or(Fault::WrongKind)?;
    let Ok(said) = rules.read(&asserted.claims, stored.upstream.level_cap) else {
        refused(state, upstream, Some(account), "UPSTREAM_LEVEL_UNKNOWN", now).await?;
        return Ok(Proved::LevelUnknown);
    };
    let authentication = said.authentication;
    let request = ProveByUpstreamRequest {
        // The same answer is handed over under the same name.
        request_id: format!("upstream-{}", back.login),
        claim_id: claim.to_string(),
        account_id: account.to_string(),
        provider: upstream.to_owned(),
        ..organisation::told(said)
    };
    match organisation::prove_claim(&state.outside.siblings, request).await {
        Ok(organisation) => {
            let kind = "identity.upstream.claim_proven";
            let mut tx = state.outside.db.begin().await?;
            record(&mut tx, kind, account, authentication, &detail(upstream, claim), now).await?;
            tx.commit().await?;
            Ok(Proved::Done(organisation))
        }
        Err(status) => {
            let reason = refusal(&status).ok_or(Failure::Sibling("organisation", status))?;
            refused(state, upstream, Some(account), reason, now).await?;
            Ok(Proved::Refused(reason))
        }
    }
}

fn detail(upstream: &str, claim: ClaimId) -> String {
    format!("{upstream} {claim}")
}

/// The reason of an answer that says no, and not that something is broken.
fn refusal(status: &Status) -> Option<&'static str> {
    let no = [Code::NotFound, Code::PermissionDenied, Code::FailedPrecondition];
    let told = siegel_grpc::reason(status).filter(|_| no.contains(&status.code()))?;
    REASONS.into_iter().find(|reason| *reason == told)
}
