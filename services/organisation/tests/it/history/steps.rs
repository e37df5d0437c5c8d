//! What may happen in a history.

use proptest::prelude::*;

use crate::model::{Given, Who};

pub(super) const PERSONS: usize = 4;
pub(super) const FIRMS: usize = 3;
pub(super) const PACKAGES: [&str; 5] =
    ["mail-reader", "mail-receiver", "applications", "adviser", "full"];
pub(super) const SERVICES: [&str; 2] = ["", "s1"];

/// Something that happens. Numbers are taken modulo what there is. Unless it is `wild`, it is made
/// to fit as far as the model knows how; the wild ones are mostly refused.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Give { from: usize, firm: Option<usize>, offer: Offer },
    PassOn { parent: usize, by: usize, offer: Offer },
    Accept { given: usize, by: usize, firm: Option<usize>, wild: bool },
    Revoke { given: usize, by: usize },
    Join { person: usize, firm: usize, role: i32 },
    Leave { person: usize, firm: usize },
    Register { person: usize, firm: usize, jointly: bool },
    Strike { fact: usize },
    Wait { hours: u64 },
}

#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) kind: i32,
    pub(super) package: usize,
    pub(super) read_only: bool,
    pub(super) service: usize,
    pub(super) level: i32,
    pub(super) rule: i32,
    pub(super) hours: u64,
    pub(super) wild: bool,
}

pub(super) fn wild() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.15)
}

pub(super) fn offers() -> impl Strategy<Value = Offer> {
    let service = prop_oneof![5 => Just(0_usize), 1 => Just(1)];
    let rest = (prop::bool::weighted(0.1), service, 1..=4_i32, 1..=3_i32, 1..100_u64, wild());
    (1..=3_i32, 0..PACKAGES.len(), rest).prop_map(
        |(kind, package, (read_only, service, level, rule, hours, wild))| Offer {
            kind,
            package,
            read_only,
            service,
            level,
            rule,
            hours,
            wild,
        },
    )
}

impl Offer {
    /// The same offer, as such a giver can make it.
    pub(super) fn of(&self, from: Who) -> Self {
        if self.wild {
            return self.clone();
        }
        let person = matches!(from, Who::Person(_));
        let kind = if person && self.kind == 3 { 1 } else { self.kind };
        let rule = match (kind, self.rule) {
            (3, _) => 1,
            (2, 2) => 3,
            (_, rule) => rule,
        };
        Self { kind, rule, ..self.clone() }
    }

    /// The same offer, within what is passed on.
    pub(super) fn within(&self, above: &Given, hours: u64) -> Self {
        if self.wild {
            return self.clone();
        }
        let mut offer = Self {
            level: self.level.max(above.level),
            hours: self.hours.min(hours),
            package: PACKAGES.iter().position(|p| *p == above.package).unwrap_or(0),
            service: SERVICES.iter().position(|s| *s == above.service).unwrap_or(0),
            read_only: self.read_only || above.read_only,
            ..self.clone()
        };
        if above.rule == 2 {
            (offer.kind, offer.rule) = (3, 1);
        } else {
            offer.rule = if offer.kind == 1 { self.rule.min(2) } else { 1 };
        }
        offer
    }
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (person, firm) = (0..PERSONS, 0..FIRMS);
    let maybe = || prop::option::of(0..FIRMS);
    let step = prop_oneof![
        4 => (person.clone(), maybe(), offers())
            .prop_map(|(from, firm, offer)| Step::Give { from, firm, offer }),
        6 => (any::<usize>(), person.clone(), offers())
            .prop_map(|(parent, by, offer)| Step::PassOn { parent, by, offer }),
        10 => (any::<usize>(), person.clone(), maybe(), wild())
            .prop_map(|(given, by, firm, wild)| Step::Accept { given, by, firm, wild }),
        1 => (any::<usize>(), person.clone()).prop_map(|(given, by)| Step::Revoke { given, by }),
        3 => (person.clone(), firm.clone(), 1..=5_i32)
            .prop_map(|(person, firm, role)| Step::Join { person, firm, role }),
        1 => (person.clone(), firm.clone()).prop_map(|(person, firm)| Step::Leave { person, firm }),
        1 => (person, firm, any::<bool>())
            .prop_map(|(person, firm, jointly)| Step::Register { person, firm, jointly }),
        1 => any::<usize>().prop_map(|fact| Step::Strike { fact }),
        1 => (1..40_u64).prop_map(|hours| Step::Wait { hours }),
    ];
    prop::collection::vec(step, 20..50)
}
