//! Providers whose accounts are organisations', such as Mein Unternehmenskonto: by which names they
//! say what, and what it is worth here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use siegel_kernel::TrustLevel;

use super::upstream::{Claims, value_of};

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

/// A code with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    pub code: String,
    pub text: String,
}

/// A register entry as it was said, perhaps in part: whether it can be compared is the organisation
/// service's to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub kind: String,
    pub court: String,
    pub number: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    pub country: String,
    pub street: String,
    pub house_number: String,
    pub postal_code: String,
    pub town: String,
    pub district: String,
    pub addition: String,
}

/// What a provider said of an organisation. Who acts for it is not among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub name: Option<String>,
    pub legal_form: Option<Coded>,
    pub activity: Option<Coded>,
    pub identity_type: Option<String>,
    pub data_set_type: Option<String>,
    pub register: Option<Entry>,
    pub address: Option<Address>,
    pub identification: TrustLevel,
    pub authentication: TrustLevel,
    pub acting_person: bool,
}

/// The provider left a level out, or said one that means nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelUnknown;

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

    /// What these claims say of an organisation, where log-ins count for at most `log_in_cap`.
    /// # Errors
    /// A level that is missing or not in the table: it is never guessed.
    pub fn read(&self, claims: &Claims, log_in_cap: TrustLevel) -> Result<Said, LevelUnknown> {
        let names = &self.claims;
        let level = |name: &str, cap: TrustLevel| {
            let word = word(claims, name).ok_or(LevelUnknown)?;
            self.levels.get(&word).map(|level| (*level).min(cap)).ok_or(LevelUnknown)
        };
        let coded = |code: &str, text: &str| {
            let text = word(claims, text).unwrap_or_default();
            word(claims, code).map(|code| Coded { code, text })
        };
        Ok(Said {
            identification: level(&names.identification_level, self.identification_cap)?,
            authentication: level(&names.authentication_level, log_in_cap)?,
            name: word(claims, &names.name),
            legal_form: coded(&names.legal_form, &names.legal_form_text),
            activity: coded(&names.activity, &names.activity_text),
            identity_type: word(claims, &names.identity_type)
                .and_then(|theirs| self.identity_types.get(&theirs).cloned()),
            data_set_type: word(claims, &names.data_set_type)
                .and_then(|theirs| self.data_set_types.get(&theirs).cloned()),
            register: names.register(claims),
            address: names.address(claims),
            acting_person: is_there(claims, &names.acting_person),
        })
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

    fn register(&self, claims: &Claims) -> Option<Entry> {
        let get = |name: &str| word(claims, name).unwrap_or_default();
        let entry = Entry {
            kind: get(&self.register_kind),
            court: get(&self.register_court),
            number: get(&self.register_number),
        };
        (entry != Entry::default()).then_some(entry)
    }

    fn address(&self, claims: &Claims) -> Option<Address> {
        let get = |name: &str| word(claims, name).unwrap_or_default();
        let address = Address {
            country: String::new(),
            street: get(&self.street),
            house_number: get(&self.house_number),
            postal_code: get(&self.postal_code),
            town: get(&self.town),
            district: get(&self.district),
            addition: get(&self.addition),
        };
        if address == Address::default() {
            return None;
        }
        let inland = word(claims, &self.address_type).is_some_and(|kind| kind == "INLAND");
        let told = word(claims, &self.country);
        let country = told.or_else(|| inland.then(|| "DE".to_owned()))?;
        Some(Address { country, ..address })
    }
}

/// The text of a claim; a number is as good as its digits.
fn word(claims: &Claims, name: &str) -> Option<String> {
    let text = match value_of(claims, name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn is_there(claims: &Claims, name: &str) -> bool {
    match value_of(claims, name) {
        Some(Value::Object(parts)) => !parts.is_empty(),
        Some(Value::String(text)) => !text.trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules(more: Value) -> OrganisationRules {
        let mut all = json!({ "identification_cap": "substantial" });
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        serde_json::from_value(all).unwrap()
    }

    fn claims() -> Claims {
        let said = json!({
            "PersTyp": "NNatPers",
            "DatenuebermittlerPseudonymId": "du-4711",
            "Firmenname": " Muster GmbH ",
            "Rechtsform": 350,
            "RechtsformText": "Gesellschaft mit beschränkter Haftung",
            "Registerart": "HRB",
            "Registergericht": "Amtsgericht Schwerin",
            "Registernummer": "1234",
            "Unternehmensanschrift": {
                "Typ": "INLAND", "Strasse": "Schlossstraße", "Hausnummer": "1", "PLZ": "19053",
                "Ort": "Schwerin"
            },
            "HandelndePerson": { "Vorname": "Erika", "Name": "Mustermann" },
            "ElsterVertrauensniveauIdentifizierung": "HOCH",
            "ElsterVertrauensniveauAuthentifizierung": "SUBSTANZIELL",
        });
        said.as_object().unwrap().clone()
    }

    #[test]
    fn an_answer_is_read_by_the_names_of_mein_unternehmenskonto() {
        let said = rules(json!({})).read(&claims(), TrustLevel::High).unwrap();
        assert_eq!(said.name.as_deref(), Some("Muster GmbH"));
        assert_eq!(said.legal_form.unwrap().code, "350");
        assert_eq!(said.register.unwrap().number, "1234");
        let address = said.address.unwrap();
        assert_eq!((address.country.as_str(), address.house_number.as_str()), ("DE", "1"));
        assert!(said.acting_person && said.activity.is_none());
        assert_eq!(said.identity_type.as_deref(), Some("not_natural_person"));
        assert_eq!(said.data_set_type, None);
    }

    #[test]
    fn a_type_is_told_by_our_word_and_dropped_where_theirs_is_not_in_the_table() {
        let mut said = claims();
        let told =
            |said: &Claims, more| rules(more).read(said, TrustLevel::High).unwrap().data_set_type;
        said.insert("DatenkranzTyp".into(), json!("IdNr"));
        assert_eq!(told(&said, json!({})).as_deref(), Some("idnr"));
        said.insert("DatenkranzTyp".into(), json!("ST"));
        assert_eq!(told(&said, json!({})), None);
        let more = json!({ "data_set_types": { "ST": "tax_number" } });
        assert_eq!(told(&said, more).as_deref(), Some("tax_number"));
    }

    #[test]
    fn each_level_is_capped_by_itself() {
        let said = rules(json!({})).read(&claims(), TrustLevel::Low).unwrap();
        assert_eq!(
            (said.identification, said.authentication),
            (TrustLevel::Substantial, TrustLevel::Low)
        );
        let all = rules(json!({ "identification_cap": "high" }));
        let said = all.read(&claims(), TrustLevel::High).unwrap();
        assert_eq!(
            (said.identification, said.authentication),
            (TrustLevel::High, TrustLevel::Substantial)
        );
    }

    #[test]
    fn a_level_that_is_missing_or_unheard_of_is_not_guessed() {
        for name in
            ["ElsterVertrauensniveauIdentifizierung", "ElsterVertrauensniveauAuthentifizierung"]
        {
            for value in [json!("SEHR HOCH"), json!("hoch"), json!(""), json!(null), json!(true)] {
                let mut said = claims();
                said.insert(name.to_owned(), value.clone());
                let read = rules(json!({})).read(&said, TrustLevel::High);
                assert_eq!(read, Err(LevelUnknown), "{name} {value}");
            }
            let mut said = claims();
            said.remove(name);
            assert_eq!(rules(json!({})).read(&said, TrustLevel::High), Err(LevelUnknown));
        }
    }

    #[test]
    fn other_names_take_the_place_of_the_usual_ones_and_the_rest_stays() {
        let told = rules(json!({ "claims": { "name": "org.legal_name" } }));
        let mut said = claims();
        said.insert("org".into(), json!({ "legal_name": "Andere GmbH" }));
        let read = told.read(&said, TrustLevel::High).unwrap();
        assert_eq!(read.name.as_deref(), Some("Andere GmbH"));
        assert_eq!(read.register.unwrap().court, "Amtsgericht Schwerin");
    }

    #[test]
    fn an_address_of_no_country_is_none_and_half_an_entry_is_handed_on_as_half() {
        let mut said = claims();
        said.insert("Unternehmensanschrift".into(), json!({ "Typ": "AUSLAND", "Ort": "Wien" }));
        said.remove("Registernummer");
        let read = rules(json!({})).read(&said, TrustLevel::High).unwrap();
        assert!(read.address.is_none());
        assert_eq!(read.register.unwrap().kind, "HRB");
    }

    #[test]
    fn rules_that_could_prove_nothing_are_refused_with_what_is_wrong() {
        let bad = |more| rules(more).check().unwrap_err().to_string();
        assert!(bad(json!({ "levels": {} })).contains("levels is empty"));
        let nameless = bad(json!({ "claims": { "identification_level": "" } }));
        assert!(nameless.contains("claims.identification_level is empty"), "{nameless}");
        assert!(bad(json!({ "claims": { "town": " Ort" } })).contains("space"));
        let word = bad(json!({ "identity_types": { "NatPers": "person" } }));
        assert!(word.contains("identity_types: \"person\""), "{word}");
        assert_eq!(rules(json!({ "claims": { "district": "" } })).check(), Ok(()));
        let unknown = json!({ "identification_cap": "high", "claims": { "Firmenname": "x" } });
        assert!(serde_json::from_value::<OrganisationRules>(unknown).is_err());
    }
}
