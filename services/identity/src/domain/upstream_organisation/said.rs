//! What a provider says of an organisation, read by its rules.

use serde_json::Value;
use siegel_kernel::TrustLevel;

use super::{ClaimNames, OrganisationRules};
use crate::domain::upstream::{Claims, value_of};

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
