//! A second opinion on who may do what: slow, simple, written from the promises and not from the
//! service. It keeps everything that ever happened and works a question out from the giver down.

use siegel_kernel::{AccountId, Timestamp};

/// Persons and organisations by their places in the lists of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Person(usize),
    Firm(usize),
}

#[derive(Clone, Debug)]
pub struct Given {
    pub from: Who,
    pub to: Option<Who>,
    /// 1 an organisation, 2 a person, 3 a member of the firm that gives.
    pub kind: i32,
    pub parent: Option<usize>,
    pub package: &'static str,
    pub read_only: bool,
    pub service: &'static str,
    pub level: i32,
    /// 1 nobody, 2 members, 3 one step.
    pub rule: i32,
    pub until: Timestamp,
    pub stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Offered,
    Accepted,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belongs {
    pub person: usize,
    pub firm: usize,
    pub role: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    pub person: usize,
    pub firm: usize,
    pub jointly: bool,
}

/// Everything that is asked about.
pub const ACTIONS: [i32; 8] = [1, 2, 3, 4, 5, 6, 60, 61];

#[derive(Default)]
pub struct Model {
    pub persons: Vec<AccountId>,
    pub firms: Vec<String>,
    pub members: Vec<Belongs>,
    pub facts: Vec<Registered>,
    pub given: Vec<Given>,
}

/// Numbers of the actions: 1 read, 2 receive, 3 reply, 4 delete, 5 manage, 6 act, 60 read letters of
/// level high, 61 take out. Who is granted to read has both of the last.
fn held(package: &str, read_only: bool) -> Vec<i32> {
    let all: &[i32] = match package {
        "mail-reader" => &[1],
        "mail-receiver" => &[1, 2],
        "applications" => &[6],
        "adviser" => &[1, 2, 3, 6],
        "full" => &[1, 2, 3, 4, 6],
        other => panic!("{other}"),
    };
    let mut held: Vec<i32> =
        all.iter().copied().filter(|action| !read_only || *action == 1).collect();
    if held.contains(&1) {
        held.extend([60, 61]);
    }
    held
}

impl Model {
    pub fn role(&self, person: usize, firm: usize) -> Option<i32> {
        let of = self.members.iter().find(|m| m.person == person && m.firm == firm);
        of.map(|m| m.role)
    }

    /// Somebody who owns a firm.
    pub fn owner(&self, firm: usize) -> Option<usize> {
        self.members.iter().find(|m| m.firm == firm && m.role == 1).map(|m| m.person)
    }

    /// Places of what was given and is at a stage.
    pub fn at(&self, stage: Stage) -> Vec<usize> {
        let all = self.given.iter().enumerate();
        all.filter(|(_, given)| given.stage == stage).map(|(i, _)| i).collect()
    }

    /// What somebody may do in a firm for what they are there.
    fn own(&self, person: usize, firm: usize) -> Vec<i32> {
        let by_role = match self.role(person, firm) {
            Some(1) => vec![1, 2, 3, 4, 5, 6, 60, 61],
            Some(2) => vec![1, 5, 60, 61],
            Some(3) => vec![1, 2, 3, 4, 6, 60, 61],
            Some(4) => vec![1, 2, 4, 60, 61],
            Some(5) => vec![1, 61],
            _ => vec![],
        };
        let registered = self.facts.iter().filter(|f| f.person == person && f.firm == firm);
        let by_register = registered.flat_map(|f| {
            let alone: &[i32] = if f.jointly { &[1, 2, 60, 61] } else { &ACTIONS };
            alone.iter().copied()
        });
        by_role.into_iter().chain(by_register).collect()
    }

    /// Whether somebody has the whole of what their firm holds.
    fn runs(&self, person: usize, firm: usize) -> bool {
        let registered = self.facts.iter();
        let mut alone = registered.filter(|f| f.person == person && f.firm == firm && !f.jointly);
        self.role(person, firm) == Some(1) || alone.next().is_some()
    }

    /// May `person` do this for `party`?
    pub fn may(
        &self,
        person: usize,
        party: Who,
        (action, service, level): (i32, &str, i32),
        now: Timestamp,
    ) -> bool {
        let own = match party {
            Who::Person(other) => other == person,
            Who::Firm(firm) => self.own(person, firm).contains(&action),
        };
        own || self.down(person, party, None, (action, service, level), now)
    }

    /// Follows every mandate that `holder` gave (on from `parent`) to whoever has it.
    fn down(
        &self,
        person: usize,
        holder: Who,
        parent: Option<usize>,
        asked: (i32, &str, i32),
        now: Timestamp,
    ) -> bool {
        let (action, service, level) = asked;
        self.given.iter().enumerate().any(|(i, given)| {
            let counts = given.from == holder
                && given.parent == parent
                && given.stage == Stage::Accepted
                && now < given.until
                && held(given.package, given.read_only).contains(&action)
                && (given.service.is_empty() || given.service == service)
                && level >= given.level;
            let Some(to) = given.to.filter(|_| counts) else { return false };
            let arrives = match (to, given.kind == 3, holder) {
                (Who::Person(at), true, Who::Firm(firm)) => {
                    at == person && self.role(person, firm).is_some()
                }
                (Who::Person(at), _, _) => at == person,
                (Who::Firm(firm), _, _) => self.runs(person, firm),
            };
            arrives || self.down(person, to, Some(i), asked, now)
        })
    }
}
