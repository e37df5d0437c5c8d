use serde::{Deserialize, Serialize};
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::catalogue::{self, Attribute};

/// Where a value comes from. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// Typed in by the person.
    SelfDeclared = 1,
    /// Confirmed by a code sent to it.
    Confirmed = 2,
    /// Read from an eID card.
    Eid = 3,
    /// Delivered by another account or identity provider.
    Upstream = 4,
    /// Entered by an operator after a check of documents.
    Operator = 5,
}

impl Source {
    const ALL: [Self; 5] =
        [Self::SelfDeclared, Self::Confirmed, Self::Eid, Self::Upstream, Self::Operator];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| i64::from(s.number()) == number)
    }
}

/// How sure a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub source: Source,
    /// `None`: unknown. Such a value is never released.
    pub level: Option<TrustLevel>,
    pub verified_at: Option<Timestamp>,
}

impl Proof {
    /// What a person says about itself.
    pub const SELF_DECLARED: Self =
        Self { source: Source::SelfDeclared, level: Some(TrustLevel::Basic), verified_at: None };

    pub fn is_verified(self) -> bool {
        self.source != Source::SelfDeclared
    }
}

/// One value that an account holds for an attribute; there may be one per source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub name: String,
    pub value: String,
    pub proof: Proof,
    pub recorded_at: Timestamp,
}

/// The value that counts for each attribute, in the order of the catalogue: a verified one before
/// a self-declared one, then the higher level, then the later.
pub fn effective(held: &[Held]) -> Vec<Held> {
    let rank = |h: &&Held| (h.proof.is_verified(), h.proof.level, h.recorded_at);
    let best = |row: &Attribute| held.iter().filter(|h| h.name == row.name).max_by_key(rank);
    catalogue::CATALOGUE.iter().filter_map(best).cloned().collect()
}

/// Why a person may not type in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDeclarable {
    #[error("{0} was verified and cannot be edited")]
    Verified(&'static str),
    #[error("{0} comes from an identification only")]
    ProvenOnly(&'static str),
}

/// Decides whether a person may type in this attribute, given what the account holds.
pub fn check_declaration(
    attribute: &'static Attribute,
    held: &[Held],
) -> Result<(), NotDeclarable> {
    if held.iter().any(|h| h.name == attribute.name && h.proof.is_verified()) {
        return Err(NotDeclarable::Verified(attribute.name));
    }
    if !attribute.self_declarable {
        return Err(NotDeclarable::ProvenOnly(attribute.name));
    }
    Ok(())
}

/// What to call the person: given and family name, or the e-mail address.
pub fn display_name(effective: &[Held]) -> String {
    let value = |name: &str| effective.iter().find(|h| h.name == name).map(|h| h.value.as_str());
    let names: Vec<&str> = ["given_name", "family_name"]
        .into_iter()
        .filter_map(value)
        .filter(|v| !v.is_empty())
        .collect();
    if names.is_empty() { value("email").unwrap_or_default().to_owned() } else { names.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(name: &str, value: &str, source: Source, level: TrustLevel, at: i64) -> Held {
        let verified_at = (source != Source::SelfDeclared).then(|| Timestamp::from_seconds(at));
        let proof = Proof { source, level: Some(level), verified_at };
        let recorded_at = Timestamp::from_seconds(at);
        Held { name: name.into(), value: value.into(), proof, recorded_at }
    }

    fn value_of(held: &[Held]) -> String {
        effective(held).first().unwrap().value.clone()
    }

    #[test]
    fn the_card_wins_over_what_was_typed_in_even_later() {
        let card = held("given_name", "Erika", Source::Eid, TrustLevel::High, 1);
        let typed = held("given_name", "Eri", Source::SelfDeclared, TrustLevel::Basic, 2);
        assert_eq!(value_of(&[card, typed]), "Erika");
    }

    #[test]
    fn among_verified_values_the_higher_level_wins_then_the_later() {
        let high = held("city", "Köln", Source::Eid, TrustLevel::High, 1);
        let low = held("city", "Bonn", Source::Upstream, TrustLevel::Low, 2);
        assert_eq!(value_of(&[low.clone(), high.clone()]), "Köln");
        let later = held("city", "Kiel", Source::Operator, TrustLevel::High, 3);
        assert_eq!(value_of(&[later, low, high]), "Kiel");
    }

    #[test]
    fn a_verified_attribute_cannot_be_typed_in_and_an_own_one_can() {
        let row = catalogue::attribute("given_name").unwrap();
        let card = held("given_name", "Erika", Source::Eid, TrustLevel::High, 1);
        let typed = held("given_name", "Eri", Source::SelfDeclared, TrustLevel::Basic, 1);
        let other = held("family_name", "Muster", Source::Eid, TrustLevel::High, 1);
        let verified = Err(NotDeclarable::Verified("given_name"));
        assert_eq!(check_declaration(row, &[card]), verified);
        assert_eq!(check_declaration(row, &[typed, other]), Ok(()));
    }

    #[test]
    fn the_document_type_cannot_be_typed_in_at_all() {
        let row = catalogue::attribute("document_type").unwrap();
        assert_eq!(check_declaration(row, &[]), Err(NotDeclarable::ProvenOnly("document_type")));
    }

    #[test]
    fn a_person_without_names_is_called_by_the_address() {
        let mail = held("email", "e@example.org", Source::Confirmed, TrustLevel::Basic, 1);
        assert_eq!(display_name(std::slice::from_ref(&mail)), "e@example.org");
        let family = held("family_name", "Muster", Source::Eid, TrustLevel::High, 1);
        assert_eq!(display_name(&[mail, family]), "Muster");
    }

    #[test]
    fn every_source_is_found_by_its_number() {
        for source in Source::ALL {
            assert_eq!(Source::from_number(i64::from(source.number())), Some(source));
        }
        assert_eq!(Source::from_number(0), None);
    }
}
