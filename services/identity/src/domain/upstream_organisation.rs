//! Providers whose accounts are organisations', such as Mein Unternehmenskonto: by which names they
//! say what, and what it is worth here.

mod said;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siegel_kernel::TrustLevel;

pub use said::{Address, Coded, Entry, LevelUnknown, Said};

/// How a provider of organisation accounts is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationRules {
    /// However surely it knows an organisation, it never counts for more. How its log-ins count is
    /// capped by `level_cap`.
    pub identification_cap: TrustLevel,
    /// What its words for levels are worth. One that is not listed proves nothing.
    #[serde(default = "usual_levels")]
    pub levels: BTreeMap<String, TrustLevel>,
    /// What its words for the type of identity (`PersTyp`) mean. One that is not listed is dropped.
    #[serde(default = "usual_identity_types")]
    pub identity_types: BTreeMap<String, String>,
    /// The same for the type of the data set (`DatenkranzTyp`).
    #[serde(default = "usual_data_set_types")]
    pub data_set_types: BTreeMap<String, String>,
    /// By which names it says what; those of Mein Unternehmenskonto unless told otherwise.
    #[serde(default)]
    pub claims: ClaimNames,
}

/// Names of claims; a dot leads into an object. An empty one is never delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimNames {
    pub name: String,
    pub legal_form: String,
    pub legal_form_text: String,
    pub activity: String,
    pub activity_text: String,
    pub identity_type: String,
    pub data_set_type: String,
    pub register_kind: String,
    pub register_court: String,
    pub register_number: String,
    /// `INLAND` stands for the country where that is left out.
    pub address_type: String,
    pub street: String,
    pub house_number: String,
    pub postal_code: String,
    pub town: String,
    pub district: String,
    pub addition: String,
    pub country: String,
    /// Only whether it is there counts.
    pub acting_person: String,
    pub identification_level: String,
    pub authentication_level: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let address = |part: &str| format!("Unternehmensanschrift.{part}");
        Self {
            name: "Firmenname".into(),
            legal_form: "Rechtsform".into(),
            legal_form_text: "RechtsformText".into(),
            activity: "Taetigkeit".into(),
            activity_text: "TaetigkeitText".into(),
            identity_type: "PersTyp".into(),
            data_set_type: "DatenkranzTyp".into(),
            register_kind: "Registerart".into(),
            register_court: "Registergericht".into(),
            register_number: "Registernummer".into(),
            address_type: address("Typ"),
            street: address("Strasse"),
            house_number: address("Hausnummer"),
            postal_code: address("PLZ"),
            town: address("Ort"),
            district: address("Ortsteil"),
            addition: address("Adressergaenzung"),
            country: address("Land"),
            acting_person: "HandelndePerson".into(),
            identification_level: "ElsterVertrauensniveauIdentifizierung".into(),
            authentication_level: "ElsterVertrauensniveauAuthentifizierung".into(),
        }
    }
}

/// The words of TR-03107, as providers in Germany write them.
fn usual_levels() -> BTreeMap<String, TrustLevel> {
    [
        ("NORMAL", TrustLevel::Low),
        ("SUBSTANZIELL", TrustLevel::Substantial),
        ("HOCH", TrustLevel::High),
    ]
    .map(|(word, level)| (word.to_owned(), level))
    .into()
}

fn usual_identity_types() -> BTreeMap<String, String> {
    words([("NatPers", "natural_person"), ("NNatPers", "not_natural_person")])
}

fn usual_data_set_types() -> BTreeMap<String, String> {
    words([("Steuernummer", "tax_number"), ("IdNr", "idnr"), ("BZSt-Nummer", "bzst_number")])
}

fn words<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(theirs, ours)| (theirs.to_owned(), ours.to_owned())).into()
}

/// Rules that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRules {
    #[error("levels is empty, so nothing could be proven")]
    NoLevels,
    #[error("claims.{0} is empty, so nothing could be proven")]
    Missing(&'static str),
    #[error("{0}: {1:?} is none of the words of a record")]
    Word(&'static str, String),
    #[error("the name of a claim {0:?} has more than 128 characters or a space around it")]
    Name(String),
}

impl OrganisationRules {
    /// # Errors
    /// Rules by which nothing could ever be proven, and names that are none.
    pub fn check(&self) -> Result<(), BadRules> {
        if self.levels.is_empty() {
            return Err(BadRules::NoLevels);
        }
        let names = &self.claims;
        for (key, name) in [
            ("name", &names.name),
            ("identification_level", &names.identification_level),
            ("authentication_level", &names.authentication_level),
        ] {
            if name.is_empty() {
                return Err(BadRules::Missing(key));
            }
        }
        for (key, told, known) in [
            ("identity_types", &self.identity_types, usual_identity_types()),
            ("data_set_types", &self.data_set_types, usual_data_set_types()),
        ] {
            if let Some(word) = told.values().find(|word| !known.values().any(|one| one == *word)) {
                return Err(BadRules::Word(key, word.clone()));
            }
        }
        let odd = |name: &&&String| name.len() > 128 || name.trim() != name.as_str();
        let found = names.all().iter().find(odd).map(|name| (*name).clone());
        found.map_or(Ok(()), |name| Err(BadRules::Name(name)))
    }
}

impl ClaimNames {
    const fn all(&self) -> [&String; 21] {
        [
            &self.name,
            &self.legal_form,
            &self.legal_form_text,
            &self.activity,
            &self.activity_text,
            &self.identity_type,
            &self.data_set_type,
            &self.register_kind,
            &self.register_court,
            &self.register_number,
            &self.address_type,
            &self.street,
            &self.house_number,
            &self.postal_code,
            &self.town,
            &self.district,
            &self.addition,
            &self.country,
            &self.acting_person,
            &self.identification_level,
            &self.authentication_level,
        ]
    }
}
