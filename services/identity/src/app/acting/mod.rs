//! Acting for somebody: chosen once, asked about again before every token.

pub mod choose;
pub mod follow;
pub mod programs;
pub mod settle;
pub mod tokens;

use siegel_crypto::{b64, sha256};
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::common::v1::TrustLevel as WireLevel;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use tonic::Status;

use crate::domain::acting::{Chosen, Demand, Party};
use crate::domain::interaction::AuthRequest;
use crate::ports::organisation;
use crate::state::Identity;

/// Who wants to act for whom, at which client.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    pub request: &'a AuthRequest,
    pub account: AccountId,
    /// Of the session of the person; what the represented proved counts for nothing here.
    pub level: TrustLevel,
    pub party: Party,
    /// By this mandate only.
    pub mandate: Option<&'a str>,
    /// Whether this is the act itself: those whose mandate it is see that it was used.
    pub is_use: bool,
}

/// What the organisation service says to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed(Chosen),
    /// The session would need this level.
    TooLow(TrustLevel),
    Refused,
}

/// One verdict per wish, in the same order.
pub async fn judge(state: &Identity, wishes: &[Wish<'_>]) -> Result<Vec<Verdict>, Status> {
    let questions: Vec<_> = wishes.iter().flat_map(questions).collect();
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let answers = organisation::check(&state.outside.siblings, questions).await?;
    let mut answers = answers.into_iter();
    let verdict = |wish: &Wish<'_>| {
        let own = answers.by_ref().take(1 + wish.request.acting.rules.demands.len());
        verdict(wish, own.collect())
    };
    Ok(wishes.iter().map(verdict).collect())
}

/// The verdict about one wish.
pub async fn judge_one(state: &Identity, wish: Wish<'_>) -> Result<Verdict, Status> {
    let found = judge(state, &[wish]).await?.pop();
    Ok(found.unwrap_or(Verdict::Refused))
}

/// Acting at the service, then what the client demands beside it.
fn questions(wish: &Wish<'_>) -> Vec<pb::AccessQuestion> {
    let acting = &wish.request.acting;
    let (organisation_id, principal_account_id) = match wish.party {
        Party::Organisation(id) => (id.to_string(), String::new()),
        Party::Person(id) => (String::new(), id.to_string()),
    };
    let about = pb::AccessScope {
        service_id: acting.service_id.clone().unwrap_or_default(),
        ..pb::AccessScope::default()
    };
    let first = pb::AccessQuestion {
        account_id: wish.account.to_string(),
        organisation_id,
        principal_account_id,
        action: pb::Action::Act.into(),
        session_level: WireLevel::from(wish.level).into(),
        about: Some(about),
        mandate_id: wish.mandate.unwrap_or_default().to_owned(),
        record: wish.is_use,
        ..pb::AccessQuestion::default()
    };
    let demands = acting.rules.demands.iter();
    let more: Vec<_> = demands
        .map(|demand| pb::AccessQuestion {
            action: action(*demand).into(),
            record: false,
            ..first.clone()
        })
        .collect();
    std::iter::once(first).chain(more).collect()
}

const fn action(demand: Demand) -> pb::Action {
    match demand {
        Demand::ReadMail => pb::Action::ReadMail,
        Demand::ReceiveMail => pb::Action::ReceiveMail,
        Demand::ReplyMail => pb::Action::ReplyMail,
        Demand::DeleteMail => pb::Action::DeleteMail,
        Demand::ManageMembers => pb::Action::ManageMembers,
    }
}

/// All of it must be allowed; the path is that of acting.
fn verdict(wish: &Wish<'_>, answers: Vec<pb::AccessAnswer>) -> Verdict {
    let too_low = |answer: &pb::AccessAnswer| {
        let needed = convert::level(answer.needed_level);
        needed.filter(|_| !answer.allowed && answer.reason == "TRUST_TOO_LOW")
    };
    let is_final = |answer: &pb::AccessAnswer| !answer.allowed && too_low(answer).is_none();
    if answers.iter().any(is_final) {
        return Verdict::Refused;
    }
    if let Some(needed) = answers.iter().filter_map(too_low).max() {
        return Verdict::TooLow(needed);
    }
    let Some(answer) = answers.into_iter().next() else { return Verdict::Refused };
    let rules = &wish.request.acting.rules;
    if !answer.allowed || !rules.takes(wish.party.kind()) || !rules.takes_path(&answer.path) {
        return Verdict::Refused;
    }
    let chosen = chosen(wish.party, answer);
    if wish.mandate.is_some() && chosen.mandate.as_deref() != wish.mandate {
        return Verdict::Refused;
    }
    Verdict::Allowed(chosen)
}

/// The right that an answer names.
fn chosen(party: Party, answer: pb::AccessAnswer) -> Chosen {
    let mandate = Some(answer.mandate_id).filter(|id| !id.is_empty());
    let digest = Some(answer.path_digest).filter(|digest| !digest.is_empty());
    Chosen {
        party,
        mandate,
        mandate_version: answer.mandate_version,
        path_digest: digest.unwrap_or_else(|| b64::encode(sha256(answer.path.as_bytes()))),
        path: answer.path,
        identification_level: None,
    }
}
