//! A card that says something else than the last one.

use siegel_kernel::Timestamp;

use super::{Held, Proof, Source};

/// One attribute as an identification proved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated<'a> {
    pub name: &'a str,
    /// Empty: the card has none.
    pub value: &'a str,
    pub proof: &'a Proof,
}

/// Whether a reading waits for its person: it is of a card, a card was read before, and of what
/// both name something differs. Nothing that the earlier card did not have is a difference: that
/// is only more.
pub fn waits(current: &[Held], stated: &[Stated<'_>]) -> bool {
    stated.iter().any(|new| new.proof.source == Source::Eid && differs(current, new))
}

fn differs(current: &[Held], new: &Stated<'_>) -> bool {
    before(current, new).is_some_and(|old| old.value != new.value)
}

/// What the same source said before.
pub fn before<'a>(current: &'a [Held], new: &Stated<'_>) -> Option<&'a Held> {
    current.iter().find(|h| {
        h.name == new.name
            && h.proof.source == new.proof.source
            && h.proof.detail == new.proof.detail
    })
}

/// Until when the source vouches for what it states now. Certificates of one issuer do not take from
/// each other: while they say the same, the last end counts.
pub fn until(current: &[Held], new: &Stated<'_>) -> Option<Timestamp> {
    let said = new.proof.valid_until;
    let old = before(current, new).filter(|old| old.value == new.value);
    match old.filter(|_| new.proof.source == Source::Certificate) {
        Some(old) => Some(said?.max(old.proof.valid_until?)),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits_after(
        held: &[(&str, &str, Source)],
        read: &[(&'static str, &'static str)],
        by: Source,
    ) -> bool {
        let of = |source| Proof { source, ..Proof::SELF_DECLARED };
        let one = |(name, value, source): &(&str, &str, Source)| Held {
            name: (*name).into(),
            value: (*value).into(),
            proof: of(*source),
            recorded_at: Timestamp::from_seconds(1),
        };
        let current: Vec<Held> = held.iter().map(one).collect();
        let proof = of(by);
        let stated =
            |(name, value): &(&'static str, &'static str)| Stated { name, value, proof: &proof };
        let all: Vec<Stated<'_>> = read.iter().map(stated).collect();
        waits(&current, &all)
    }

    #[test]
    fn the_first_card_and_the_same_card_again_wait_for_nobody() {
        assert!(!waits_after(&[], &[("city", "Köln")], Source::Eid));
        let held = [("city", "Köln", Source::Eid)];
        assert!(!waits_after(&held, &[("city", "Köln")], Source::Eid));
        assert!(!waits_after(&held, &[("title", "Dr.")], Source::Eid), "only more");
    }

    #[test]
    fn a_card_with_another_value_or_without_it_waits() {
        let held = [("city", "Köln", Source::Eid)];
        assert!(waits_after(&held, &[("city", "Kiel")], Source::Eid));
        assert!(waits_after(&held, &[("city", "")], Source::Eid));
    }

    #[test]
    fn what_another_source_says_is_no_change_of_the_card() {
        let held = [("city", "Köln", Source::Eid), ("city", "Bonn", Source::SelfDeclared)];
        assert!(!waits_after(&held, &[("city", "Kiel")], Source::Upstream));
    }
}
