//! What a person may take over from an account elsewhere.

use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::catalogue;

use super::attribute::is_bound;
use super::import::{Staged, StagedValue};
use super::{Held, Proof, Source};

/// One attribute of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferLine {
    /// As it would be stored.
    pub new: Held,
    /// The value that counts today.
    pub today: Option<Held>,
    /// `false`: what is there is proven, or as good, and stays.
    pub comes: bool,
}

/// The level a session needs to see and to claim: that of the old account, never below `floor`.
pub fn needed(level: Option<TrustLevel>, floor: TrustLevel) -> TrustLevel {
    level.map_or(floor, |level| level.max(floor))
}

/// Whether what is proven here says that the old account was somebody else's: names change, days
/// of birth do not.
pub fn is_somebody_else(staged: &Staged, current: &[Held]) -> bool {
    const BIRTH: &str = "date_of_birth";
    let theirs = staged.attributes.iter().find(|a| a.name == BIRTH);
    let ours = |h: &&Held| h.name == BIRTH && h.proof.is_verified() && !h.not_applicable();
    theirs.is_some_and(|theirs| current.iter().filter(ours).any(|h| h.value != theirs.value))
}

/// What would come, in the order of the catalogue. `system`: how the old system is called;
/// `session`: the level of who asks, above which nothing comes.
pub fn lines(
    staged: &Staged,
    system: &str,
    (current, effective): (&[Held], &[Held]),
    session: TrustLevel,
    now: Timestamp,
) -> Vec<OfferLine> {
    let line = |row: &'static catalogue::Attribute| {
        let value = staged.attributes.iter().find(|a| a.name == row.name)?;
        let today = effective.iter().find(|h| h.name == row.name).cloned();
        let stays = match value.source {
            Source::SelfDeclared => today.is_some(),
            _ => false,
        };
        let comes = !stays && !is_bound(row, current, now);
        Some(OfferLine { new: held(value, system, session, now), today, comes })
    };
    catalogue::CATALOGUE.iter().filter_map(line).collect()
}

fn held(value: &StagedValue, system: &str, session: TrustLevel, now: Timestamp) -> Held {
    let proof = match value.source {
        Source::SelfDeclared => Proof::SELF_DECLARED,
        source => Proof {
            source,
            detail: system.to_owned(),
            level: value.level.map(|level| level.min(session)),
            verified_at: value.verified_at,
            valid_until: value.valid_until,
        },
    };
    Held { name: value.name.clone(), value: value.value.clone(), proof, recorded_at: now }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn staged(name: &str, value: &str, source: Source) -> Staged {
        let level = Some(TrustLevel::Substantial);
        let value = StagedValue {
            name: name.into(),
            value: value.into(),
            source,
            level,
            verified_at: None,
            valid_until: None,
        };
        let (old_id, email) = ("1".into(), "e@example.org".into());
        Staged { old_id, email, level, attributes: vec![value] }
    }

    fn have(name: &str, value: &str, source: Source) -> Held {
        let proof = Proof { source, ..Proof::SELF_DECLARED };
        Held { name: name.into(), value: value.into(), proof, recorded_at: NOW }
    }

    fn only(staged: &Staged, current: &[Held]) -> OfferLine {
        let mut all = lines(staged, "Alt", (current, current), TrustLevel::Low, NOW);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn an_account_is_claimed_at_its_own_level_and_never_below_the_floor() {
        use TrustLevel::{High, Low, Substantial};
        assert_eq!(needed(Some(High), Low), High);
        assert_eq!(needed(Some(TrustLevel::Basic), Substantial), Substantial);
        assert_eq!(needed(None, Low), Low);
    }

    #[test]
    fn a_value_comes_with_the_old_systems_name_and_never_above_the_session() {
        let line = only(&staged("city", "Köln", Source::Upstream), &[]);
        assert!(line.comes);
        let proof = line.new.proof;
        assert_eq!((proof.source, proof.detail.as_str()), (Source::Upstream, "Alt"));
        assert_eq!(proof.level, Some(TrustLevel::Low));
    }

    #[test]
    fn what_is_proven_here_stays_and_what_was_typed_in_gives_way() {
        let city = staged("city", "Köln", Source::Operator);
        assert!(!only(&city, &[have("city", "Kiel", Source::Eid)]).comes);
        assert!(only(&city, &[have("city", "Kiel", Source::SelfDeclared)]).comes);
        let typed = staged("city", "Köln", Source::SelfDeclared);
        assert!(!only(&typed, &[have("city", "Kiel", Source::SelfDeclared)]).comes);
        assert!(only(&typed, &[]).comes);
    }

    #[test]
    fn a_proven_street_keeps_its_other_form_out_as_well() {
        let street = staged("street", "Weg", Source::Upstream);
        assert!(!only(&street, &[have("street_and_building", "Weg 1", Source::Eid)]).comes);
    }

    #[test]
    fn another_day_of_birth_is_somebody_else_and_another_name_is_not() {
        let born = staged("date_of_birth", "1980-01-02", Source::Upstream);
        let eid = |value| have("date_of_birth", value, Source::Eid);
        assert!(is_somebody_else(&born, &[eid("1981-01-02")]));
        assert!(!is_somebody_else(&born, &[eid("1980-01-02")]));
        assert!(!is_somebody_else(&born, &[have("date_of_birth", "x", Source::SelfDeclared)]));
        let name = staged("family_name", "Gabler", Source::Upstream);
        assert!(!is_somebody_else(&name, &[have("family_name", "Muster", Source::Eid)]));
    }
}
