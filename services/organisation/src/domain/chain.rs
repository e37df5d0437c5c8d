use siegel_kernel::Timestamp;

use super::decide::Denied;
use super::{Grant, Party, Question, Standing, ToKind};

/// The longest chain of mandates.
const DEEPEST: usize = 3;

/// How somebody comes to the last mandate of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It was given to them.
    Own,
    /// It was given to them as a member; what they are there now, if anything.
    AsMember(Option<Standing>),
    /// The organisation holds it; what they are there.
    Through(Standing),
}

/// Mandates passed on one from the other, the first one's giver is who is acted for; and how
/// somebody comes to the last.
#[derive(Clone, Debug)]
pub struct Chain {
    pub grants: Vec<Grant>,
    pub hold: Hold,
}

impl Chain {
    pub fn last(&self) -> Option<&Grant> {
        self.grants.last()
    }

    /// Whether it leads from `party` at all: each mandate passed on as the one above allows, all in
    /// force, the last one in hand.
    pub fn leads_from(&self, party: Party, now: Timestamp) -> bool {
        let in_order = self.grants.len() <= DEEPEST
            && self.grants.first().is_some_and(|g| g.from == party && g.parent.is_none())
            && self.grants.windows(2).all(follows);
        in_order && self.grants.iter().all(|g| g.is_valid_at(now)) && self.is_held()
    }

    fn is_held(&self) -> bool {
        let Some(last) = self.last() else { return false };
        match (self.hold, last.to_kind) {
            (Hold::Own, ToKind::Person) => true,
            (Hold::AsMember(standing), ToKind::Member) => {
                matches!(standing, Some(Standing::Member(_)))
            }
            (Hold::Through(standing), ToKind::Organisation) => standing.uses_what_it_holds(),
            _ => false,
        }
    }

    /// Whether it allows what is asked; what is wrong first, in a fixed order.
    pub fn check(&self, question: &Question, now: Timestamp) -> Result<(), Denied> {
        if !self.leads_from(question.party, now) {
            return Err(Denied::MandateNotValid);
        }
        if !self.grants.iter().all(|g| g.allows(question.action)) {
            return Err(Denied::MandateAction);
        }
        if !self.grants.iter().all(|g| g.scope.covers(&question.about)) {
            return Err(Denied::MandateScope);
        }
        match self.grants.iter().map(|g| g.level).max() {
            Some(needed) if question.level < needed => Err(Denied::TrustTooLow { needed }),
            _ => Ok(()),
        }
    }

    /// Mandates, and one step more where an organisation stands between.
    pub fn steps(&self) -> usize {
        self.grants.len() + usize::from(self.hold != Hold::Own)
    }
}

fn follows(pair: &[Grant]) -> bool {
    let [above, below] = pair else { return false };
    below.parent == Some(above.id)
        && below.from == above.to
        && above.redelegation.lets_pass(below.to_kind, below.redelegation)
}

impl std::fmt::Display for Chain {
    /// `mandate:mnd_….1:adviser/mandate:mnd_….2:mail-reader/member:case-worker`: each mandate with
    /// its version, so that the digest of the text stands for exactly these.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, grant) in self.grants.iter().enumerate() {
            let slash = if i == 0 { "" } else { "/" };
            let package = grant.package.as_str();
            write!(f, "{slash}mandate:{}.{}:{package}", grant.id, grant.version)?;
        }
        match self.hold {
            Hold::Through(standing) | Hold::AsMember(Some(standing)) => write!(f, "/{standing}"),
            Hold::Own | Hold::AsMember(None) => Ok(()),
        }
    }
}
