//! May somebody do this for somebody else: facts, roles, mandates and chains in, one answer out.

use std::cmp::Reverse;

use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::by_right::{by_right, open_to_mandates};
use super::mailbox::MembershipId;
use super::mailbox_right::Facts;
use super::{Action, Chain, MandateId, Party, Scope, Standing};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub account: AccountId,
    pub party: Party,
    pub action: Action,
    /// Level of the session.
    pub level: TrustLevel,
    pub about: Scope,
    /// Only by this mandate.
    pub mandate: Option<MandateId>,
}

/// Everything that may lead from one party to one person.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the person is in the organisation.
    pub standings: Vec<Standing>,
    /// Whether a claim of the organisation is in its cooling period: no member manages others then.
    pub cooling: bool,
    /// Chains that end with the person, in force or not.
    pub chains: Vec<Chain>,
}

/// The path that allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Stable text that receipts carry.
    pub path: String,
    /// The mandate at its end, and its version.
    pub mandate: Option<(MandateId, i64)>,
    /// All mandates of the path, the first one first.
    pub chain: Vec<MandateId>,
    /// The membership by which it is done.
    pub member: Option<MembershipId>,
    /// In the place of another member.
    pub by_substitution: bool,
}

impl Allowed {
    pub(super) fn by(path: String) -> Self {
        let (mandate, chain) = (None, Vec::new());
        Self { path, mandate, chain, member: None, by_substitution: false }
    }
}

/// Why somebody may not act. Of several reasons the one that comes last here is told: that of the
/// path which lacks least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nothing leads from the organisation to the person.
    NotAMember,
    /// Nothing leads from the one person to the other.
    NoMandate,
    /// There is a mandate, but it or one above it is not in force, or not in hand.
    MandateNotValid,
    /// The package does not hold the action.
    MandateAction,
    RoleTooLow,
    /// The role is enough, but nobody manages members while a claim is in its cooling period.
    ClaimCooling,
    /// The mailbox is not the central one, and the person has no right in it; or it is none, or a
    /// member's own, which no mandate opens.
    MailboxRightMissing,
    /// It is limited to something else, or to what the question does not say.
    MandateScope,
    TrustTooLow {
        needed: TrustLevel,
    },
}

/// The path that allows it, or why not.
pub type Answer = Result<Allowed, Denied>;

impl Denied {
    /// The stable reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotAMember => "NOT_A_MEMBER",
            Self::NoMandate => "NO_MANDATE",
            Self::MandateNotValid => "MANDATE_NOT_VALID",
            Self::MandateAction => "MANDATE_ACTION",
            Self::MandateScope => "MANDATE_SCOPE",
            Self::RoleTooLow => "ROLE_TOO_LOW",
            Self::ClaimCooling => "CLAIM_COOLING",
            Self::MailboxRightMissing => "MAILBOX_RIGHT_MISSING",
            Self::TrustTooLow { .. } => "TRUST_TOO_LOW",
        }
    }

    /// Grows the less is missing; of two levels that are missing the lower one is enough.
    const fn nearness(self) -> (u8, u8) {
        match self {
            Self::NotAMember | Self::NoMandate => (0, 0),
            Self::MandateNotValid => (1, 0),
            Self::MandateAction => (2, 0),
            Self::RoleTooLow => (3, 0),
            Self::ClaimCooling => (4, 0),
            Self::MailboxRightMissing => (5, 0),
            Self::MandateScope => (6, 0),
            Self::TrustTooLow { needed } => (7, u8::MAX - needed.number()),
        }
    }
}

/// Decides. Of several paths the shortest is taken; of those membership before a register role
/// before a mandate, and of mandates the one that allows most; then the one accepted first.
pub fn decide(question: &Question, known: &Known, mail: &Facts, now: Timestamp) -> Answer {
    let stands = |standing: &Standing| stands(question, (known, *standing), mail, now);
    if question.mandate.is_none() {
        if question.party == Party::Person(question.account) {
            return Ok(Allowed::by("self".into()));
        }
        if let Some(allowed) = known.standings.iter().find_map(|s| stands(s).ok()) {
            return Ok(allowed);
        }
    }
    let named = |chain: &&Chain| match question.mandate {
        Some(id) => chain.last().is_some_and(|grant| grant.id == id),
        None => true,
    };
    let chains = || known.chains.iter().filter(named);
    let check =
        |chain: &Chain| chain.check(question, now).and_then(|()| open_to_mandates(question, mail));
    let allowed = chains().filter(|chain| check(chain).is_ok());
    if let Some(chain) = allowed.min_by_key(|chain| rank(chain)) {
        return Ok(Allowed {
            mandate: chain.last().map(|grant| (grant.id, grant.version)),
            chain: chain.grants.iter().map(|grant| grant.id).collect(),
            ..Allowed::by(chain.to_string())
        });
    }
    let standings = known.standings.iter().filter(|_| question.mandate.is_none());
    let standings = standings.filter_map(|standing| stands(standing).err());
    let lacking = standings.chain(chains().filter_map(|chain| check(chain).err()));
    Err(nearest(question, lacking))
}

/// What being somebody in the organisation allows by itself.
fn stands(
    question: &Question,
    (known, standing): (&Known, Standing),
    mail: &Facts,
    now: Timestamp,
) -> Result<Allowed, Denied> {
    if let (Standing::Member(_), Some(right)) = (standing, question.action.right()) {
        return by_right(question, right, mail, now);
    }
    if !standing.may(question.action) {
        return Err(Denied::RoleTooLow);
    }
    let manages = question.action == Action::ManageMembers;
    if manages && known.cooling && matches!(standing, Standing::Member(_)) {
        return Err(Denied::ClaimCooling);
    }
    // What a register says counts in the central mailbox.
    if !question.about.mailbox.is_empty() {
        return Err(Denied::MailboxRightMissing);
    }
    Ok(Allowed::by(standing.to_string()))
}

fn rank(chain: &Chain) -> (usize, Reverse<usize>, Timestamp, Option<MandateId>) {
    let last = chain.last();
    let strength = last.map_or(0, super::Grant::strength);
    let accepted = last.map_or(Timestamp::default(), |grant| grant.accepted_at);
    (chain.steps(), Reverse(strength), accepted, last.map(|grant| grant.id))
}

/// The reason that is told.
fn nearest(question: &Question, lacking: impl Iterator<Item = Denied>) -> Denied {
    let nothing = match (question.mandate, question.party) {
        (Some(_), _) => Denied::MandateNotValid,
        (None, Party::Organisation(_)) => Denied::NotAMember,
        (None, Party::Person(_)) => Denied::NoMandate,
    };
    lacking.max_by_key(|denied| denied.nearness()).unwrap_or(nothing)
}

/// By which kinds of paths anything is allowed at all, whatever the level.
pub fn kinds(party: Party, known: &Known, now: Timestamp) -> Vec<&'static str> {
    let has = |found: bool, kind: &'static str| found.then_some(kind);
    let member = known.standings.iter().any(|s| matches!(s, Standing::Member(_)));
    let fact = known.standings.iter().any(|s| matches!(s, Standing::Fact { .. }));
    let mandate = known.chains.iter().any(|chain| chain.leads_from(party, now));
    let found = [has(member, "member"), has(fact, "fact"), has(mandate, "mandate")];
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
