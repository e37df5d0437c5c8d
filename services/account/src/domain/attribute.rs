use serde::{Deserialize, Serialize};
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::catalogue::{self, Attribute};

use super::address;

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
    /// Read from a certificate.
    Certificate = 6,
}

impl Source {
    const ALL: [Self; 6] = [
        Self::SelfDeclared,
        Self::Confirmed,
        Self::Eid,
        Self::Upstream,
        Self::Operator,
        Self::Certificate,
    ];

    pub const fn number(self) -> i32 {
        self as i32
    }

    /// As it stands in claims and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelfDeclared => "self_declared",
            Self::Confirmed => "confirmed",
            Self::Eid => "eid",
            Self::Upstream => "upstream",
            Self::Operator => "operator",
            Self::Certificate => "certificate",
        }
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| i64::from(s.number()) == number)
    }
}

/// How sure a value is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub source: Source,
    /// Which one: the provider, the issuer of the certificate; empty where there is only one.
    #[serde(default)]
    pub detail: String,
    /// `None`: unknown. Such a value is never released.
    pub level: Option<TrustLevel>,
    pub verified_at: Option<Timestamp>,
    /// Until when the source vouches for it; `None`: it named no end.
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
}

impl Proof {
    /// What a person says about itself.
    pub const SELF_DECLARED: Self = Self {
        source: Source::SelfDeclared,
        detail: String::new(),
        level: Some(TrustLevel::Basic),
        verified_at: None,
        valid_until: None,
    };

    /// Checked just now, at level basic: an address by its code.
    pub const fn confirmed(at: Timestamp) -> Self {
        Self {
            source: Source::Confirmed,
            detail: String::new(),
            level: Some(TrustLevel::Basic),
            verified_at: Some(at),
            valid_until: None,
        }
    }

    pub fn is_verified(&self) -> bool {
        self.source != Source::SelfDeclared
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.valid_until.is_some_and(|end| end <= now)
    }
}

/// One value that an account holds for an attribute; there may be one per source. An empty value
/// says that there is none: the attribute does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub name: String,
    pub value: String,
    pub proof: Proof,
    pub recorded_at: Timestamp,
}

impl Held {
    pub fn not_applicable(&self) -> bool {
        self.value.is_empty()
    }

    /// Whether a service may be told: of a known level, and still vouched for.
    pub fn may_be_released(&self, now: Timestamp) -> bool {
        self.proof.level.is_some() && !self.proof.is_expired(now)
    }

    /// Of two values the greater one counts: one that did not expire, a verified one, the higher
    /// level, the later.
    pub(super) fn rank(&self, now: Timestamp) -> (bool, bool, Option<TrustLevel>, Timestamp) {
        let proof = &self.proof;
        (!proof.is_expired(now), proof.is_verified(), proof.level, self.recorded_at)
    }
}

/// The value that counts for each attribute, in the order of the catalogue.
pub fn effective(held: &[Held], now: Timestamp) -> Vec<Held> {
    let best = |row: &Attribute| {
        held.iter().filter(|h| h.name == row.name).max_by_key(|h| h.rank(now)).cloned()
    };
    address::settle(catalogue::CATALOGUE.iter().filter_map(best).collect(), now)
}

/// Why a person may not type in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDeclarable {
    #[error("{0} was verified and cannot be edited")]
    Verified(&'static str),
    #[error("{0} comes from an identification only")]
    ProvenOnly(&'static str),
    #[error("{0} applies to everybody")]
    Applies(&'static str),
}

/// Whether a verified value that its source still vouches for speaks of this attribute, or of its
/// other form.
pub fn is_bound(attribute: &Attribute, held: &[Held], now: Timestamp) -> bool {
    held.iter().any(|h| {
        (h.name == attribute.name || address::is_other_form(attribute.name, &h.name))
            && h.proof.is_verified()
            && !h.proof.is_expired(now)
    })
}

/// Decides whether a person may type in this attribute, given what the account holds. A verified
/// value binds until its source stops vouching for it; a verified street binds its other form too.
pub fn check_declaration(
    attribute: &'static Attribute,
    held: &[Held],
    now: Timestamp,
) -> Result<(), NotDeclarable> {
    if is_bound(attribute, held, now) {
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

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn held(name: &str, value: &str, source: Source, level: TrustLevel, at: i64) -> Held {
        let verified_at = (source != Source::SelfDeclared).then(|| Timestamp::from_seconds(at));
        let proof = Proof { source, level: Some(level), verified_at, ..Proof::SELF_DECLARED };
        let recorded_at = Timestamp::from_seconds(at);
        Held { name: name.into(), value: value.into(), proof, recorded_at }
    }

    fn value_of(held: &[Held]) -> String {
        effective(held, NOW).first().unwrap().value.clone()
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
        assert_eq!(check_declaration(row, &[card], NOW), verified);
        assert_eq!(check_declaration(row, &[typed, other], NOW), Ok(()));
    }

    #[test]
    fn an_expired_proof_counts_less_than_what_is_said_now_and_leaves_no_house() {
        let mut card = held("city", "Köln", Source::Eid, TrustLevel::High, 1);
        card.proof.valid_until = Some(NOW);
        assert!(!card.may_be_released(NOW), "its last instant is over");
        assert!(card.may_be_released(NOW.minus(std::time::Duration::from_micros(1))));
        assert_eq!(value_of(std::slice::from_ref(&card)), "Köln", "its owner still sees it");
        let row = catalogue::attribute("city").unwrap();
        assert_eq!(check_declaration(row, std::slice::from_ref(&card), NOW), Ok(()));
        let typed = held("city", "Kiel", Source::SelfDeclared, TrustLevel::Basic, 2);
        assert_eq!(value_of(&[card, typed]), "Kiel");
    }

    #[test]
    fn a_verified_line_of_the_address_binds_the_street_as_well() {
        let line = held("street_and_building", "Weg 1", Source::Eid, TrustLevel::High, 1);
        let row = catalogue::attribute("street").unwrap();
        assert_eq!(check_declaration(row, &[line], NOW), Err(NotDeclarable::Verified("street")));
    }

    #[test]
    fn the_document_type_cannot_be_typed_in_at_all() {
        let row = catalogue::attribute("document_type").unwrap();
        assert_eq!(
            check_declaration(row, &[], NOW),
            Err(NotDeclarable::ProvenOnly("document_type"))
        );
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
