//! One address, two forms: a line with street and house number, or the two apart. A line can be
//! made of the two; nobody can know where in a line the house number begins (`Straße des 17. Juni
//! 135`, `C 4, 12`), so the other way nothing is made.

use siegel_kernel::Timestamp;

use super::Held;

const LINE: &str = "street_and_building";
const APART: [&str; 2] = ["street", "house_number"];

/// Whether the two names are the two forms of a street.
pub fn is_other_form(one: &str, other: &str) -> bool {
    (one == LINE && APART.contains(&other)) || (other == LINE && APART.contains(&one))
}

/// Leaves one truth about the street: the better of the two forms, and the line made of the parts
/// where they are the better one.
pub fn settle(mut held: Vec<Held>, now: Timestamp) -> Vec<Held> {
    let find = |name: &str| held.iter().find(|h| h.name == name);
    let (line, street, number) = (find(LINE), find(APART[0]), find(APART[1]));
    let parts = [street, number].into_iter().flatten();
    let Some(best_part) = parts.map(|h| h.rank(now)).max() else { return held };
    if line.is_some_and(|line| line.rank(now) >= best_part) {
        held.retain(|h| !APART.contains(&h.name.as_str()));
        return held;
    }
    let made = street.zip(number).and_then(|(street, number)| join(street, number));
    let place = held.iter().position(|h| h.name == LINE || APART.contains(&h.name.as_str()));
    held.retain(|h| h.name != LINE);
    if let (Some(line), Some(place)) = (made, place) {
        held.insert(place, line);
    }
    held
}

/// `None` when the two are not of one source: they may not belong together.
fn join(street: &Held, number: &Held) -> Option<Held> {
    let same =
        street.proof.source == number.proof.source && street.proof.detail == number.proof.detail;
    if !same || street.not_applicable() {
        return None;
    }
    let mut line = street.clone();
    LINE.clone_into(&mut line.name);
    if !number.not_applicable() {
        line.value = format!("{} {}", street.value, number.value);
    }
    // As sure as the less sure of the two, for as long as both hold.
    line.proof.level = street.proof.level.min(number.proof.level);
    line.proof.verified_at = street.proof.verified_at.min(number.proof.verified_at);
    let ends = [street.proof.valid_until, number.proof.valid_until];
    line.proof.valid_until = ends.into_iter().flatten().min();
    Some(line)
}

#[cfg(test)]
mod tests {
    use siegel_kernel::TrustLevel;

    use super::*;
    use crate::domain::{Proof, Source, effective};

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn held(name: &str, value: &str, source: Source, level: TrustLevel) -> Held {
        let proof = Proof { source, level: Some(level), ..Proof::SELF_DECLARED };
        let recorded_at = Timestamp::from_seconds(1);
        Held { name: name.into(), value: value.into(), proof, recorded_at }
    }

    fn shown(held: &[Held]) -> Vec<(String, String)> {
        effective(held, NOW).into_iter().map(|h| (h.name, h.value)).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn a_line_is_made_of_street_and_house_number_of_one_source() {
        let street = held("street", "Heidestraße", Source::Upstream, TrustLevel::Substantial);
        let number = held("house_number", "17", Source::Upstream, TrustLevel::Low);
        let all = effective(&[street.clone(), number.clone()], NOW);
        let line = all.iter().find(|h| h.name == LINE).unwrap();
        assert_eq!(
            (line.value.as_str(), line.proof.level),
            ("Heidestraße 17", Some(TrustLevel::Low))
        );
        assert_eq!(all.len(), 3);
        let other = Proof { detail: "other".into(), ..number.proof.clone() };
        let elsewhere = Held { proof: other, ..number };
        assert!(!shown(&[street, elsewhere]).iter().any(|(name, _)| name == LINE));
    }

    #[test]
    fn no_house_number_is_ever_guessed_from_a_line() {
        let line = held(LINE, "Straße des 17. Juni 135", Source::Eid, TrustLevel::High);
        assert_eq!(shown(&[line]), [pair(LINE, "Straße des 17. Juni 135")]);
    }

    #[test]
    fn the_better_form_stands_alone() {
        let line = held(LINE, "Weg 1", Source::Eid, TrustLevel::High);
        let street = held("street", "Allee", Source::SelfDeclared, TrustLevel::Basic);
        let number = held("house_number", "2", Source::SelfDeclared, TrustLevel::Basic);
        assert_eq!(shown(&[line, street.clone(), number.clone()]), [pair(LINE, "Weg 1")]);
        let line = held(LINE, "Weg 1", Source::SelfDeclared, TrustLevel::Basic);
        let street = Held { proof: Proof { source: Source::Operator, ..street.proof }, ..street };
        assert_eq!(shown(&[line, street]), [pair("street", "Allee")]);
    }
}
