//! What of one account comes to another of the same person.

use super::Held;

const BIRTH: &str = "date_of_birth";
/// One place: a street of one account and a city of the other are nowhere.
const PLACE: [&str; 6] =
    ["street_and_building", "street", "house_number", "zip_code", "city", "country"];
/// Identity's own: the account that stays keeps its address, or has none.
const NEVER: &str = "email";

/// What would become of the values of the account that ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub comes: Vec<Held>,
    /// Names with another value in the account that stays.
    pub differs: Vec<String>,
}

/// Compares the values that count in both.
pub fn compare(into: &[Held], from: &[Held]) -> Comparison {
    let of = |name: &str| into.iter().find(|h| h.name == name);
    let placed = into.iter().any(|h| PLACE.contains(&h.name.as_str()));
    let mut comparison = Comparison::default();
    for held in from.iter().filter(|h| h.name != NEVER) {
        match of(&held.name) {
            Some(there) if there.value == held.value => {}
            Some(_) => comparison.differs.push(held.name.clone()),
            None if placed && PLACE.contains(&held.name.as_str()) => {
                comparison.differs.push(held.name.clone());
            }
            None => comparison.comes.push(held.clone()),
        }
    }
    comparison
}

/// Whether proven days of birth say that the accounts are of two people.
pub fn are_two_people(into: &[Held], from: &[Held]) -> bool {
    let born = |all: &[Held]| -> Vec<String> {
        let proven = |h: &&Held| h.name == BIRTH && h.proof.is_verified() && !h.not_applicable();
        all.iter().filter(proven).map(|h| h.value.clone()).collect()
    };
    let (into, from) = (born(into), born(from));
    into.iter().any(|one| from.iter().any(|other| other != one))
}

#[cfg(test)]
mod tests {
    use siegel_kernel::Timestamp;

    use super::*;
    use crate::domain::{Proof, Source};

    fn held(name: &str, value: &str, source: Source) -> Held {
        let proof = Proof { source, ..Proof::SELF_DECLARED };
        let recorded_at = Timestamp::from_seconds(1);
        Held { name: name.into(), value: value.into(), proof, recorded_at }
    }

    fn own(name: &str, value: &str) -> Held {
        held(name, value, Source::SelfDeclared)
    }

    #[test]
    fn what_is_missing_comes_and_what_is_there_stays() {
        let into = [own("given_name", "Erika")];
        let from = [own("given_name", "Eri"), own("title", "Dr."), own("email", "e@example.org")];
        let found = compare(&into, &from);
        assert_eq!(found.comes, [own("title", "Dr.")]);
        assert_eq!(found.differs, ["given_name"]);
        assert_eq!(compare(&from, &from), Comparison::default());
    }

    #[test]
    fn of_two_addresses_no_third_one_is_made() {
        let found = compare(&[own("city", "Kiel")], &[own("street", "Weg"), own("city", "Kiel")]);
        assert_eq!((found.comes.len(), found.differs), (0, vec!["street".to_owned()]));
    }

    #[test]
    fn two_proven_days_of_birth_are_two_people_and_a_typed_one_says_nothing() {
        let proven = |value| [held(BIRTH, value, Source::Eid)];
        assert!(are_two_people(&proven("1980-01-02"), &proven("1981-01-02")));
        assert!(!are_two_people(&proven("1980-01-02"), &proven("1980-01-02")));
        assert!(!are_two_people(&proven("1980-01-02"), &[own(BIRTH, "1981-01-02")]));
        assert!(!are_two_people(&[], &proven("1980-01-02")));
    }
}
