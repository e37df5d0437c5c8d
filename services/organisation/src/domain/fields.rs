//! What a record says of an organisation (attributes as MUK delivers them), who says so, how surely.

use serde::{Deserialize, Serialize};
use siegel_kernel::{Timestamp, TrustLevel};

use super::identifiers::{is_economic_id, is_euid, is_lei, is_vat_id};
use super::legal_forms;
use super::organisation::{BadField, RegisterEntry, bad, is_line};

/// A field. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Name = 1,
    LegalForm = 2,
    Register = 3,
    Address = 4,
    Activity = 5,
    Euid = 6,
    Lei = 7,
    VatId = 8,
    EconomicId = 9,
    /// Whether it is a natural person (MUK: `PersTyp`).
    IdentityType = 10,
    /// Of what an account elsewhere made its data (MUK: `DatenkranzTyp`).
    DataSetType = 11,
}

/// Words for the two types: what else somebody says of them is not kept.
const IDENTITY_TYPES: [&str; 2] = ["natural_person", "not_natural_person"];
const DATA_SET_TYPES: [&str; 3] = ["tax_number", "idnr", "bzst_number"];

impl Field {
    pub const ALL: [Self; 11] = [
        Self::Name,
        Self::LegalForm,
        Self::Register,
        Self::Address,
        Self::Activity,
        Self::Euid,
        Self::Lei,
        Self::VatId,
        Self::EconomicId,
        Self::IdentityType,
        Self::DataSetType,
    ];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|field| i64::from(field.number()) == number)
    }

    /// As it stands in the audit trail and in events: stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LegalForm => "legal_form",
            Self::Register => "register",
            Self::Address => "address",
            Self::Activity => "activity",
            Self::Euid => "euid",
            Self::Lei => "lei",
            Self::VatId => "vat_id",
            Self::EconomicId => "economic_id",
            Self::IdentityType => "identity_type",
            Self::DataSetType => "data_set_type",
        }
    }

    /// Whether it says which organisation this is.
    pub const fn identifies(self) -> bool {
        matches!(self, Self::Name | Self::LegalForm | Self::Register)
    }

    /// Whether members may say it; of what others made their data, others say.
    pub const fn is_declared(self) -> bool {
        !matches!(self, Self::DataSetType)
    }
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    SelfDeclared = 1,
    Register = 2,
    Certificate = 3,
    Upstream = 4,
    Operator = 5,
}

impl Source {
    pub const ALL: [Self; 5] =
        [Self::SelfDeclared, Self::Register, Self::Certificate, Self::Upstream, Self::Operator];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|source| i64::from(source.number()) == number)
    }
}

/// A code with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coded {
    pub code: String,
    pub text: String,
}

/// Register entry with the registered seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub kind: String,
    pub court: String,
    pub number: String,
    #[serde(default)]
    pub place: String,
}

impl Entry {
    /// Kind, court and number as one text: entries are the same when these are. A court is its
    /// place (`Amtsgericht Schwerin`, `Schwerin`); case and spaces do not count.
    pub fn key(&self) -> String {
        let court = self.court.to_lowercase();
        let court = court.trim_start_matches("amtsgericht").trim_start_matches("ag ");
        let court = court.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}/{court}/{}", self.kind, self.number.to_ascii_uppercase())
    }

    /// # Errors
    /// What [`RegisterEntry::parse`] refuses, and a seat of more than 100 characters.
    pub fn check(&self) -> Result<(), BadField> {
        let entry = RegisterEntry::parse(&self.kind, &self.court, &self.number)?;
        entry.ok_or(bad("register", "is empty"))?;
        if !self.place.is_empty() && !is_line(&self.place, 100) {
            return Err(bad("register_place", "has not 1 to 100 characters on one line"));
        }
        Ok(())
    }
}

/// Where an organisation is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// ISO 3166-1 alpha-2; `DE` is inland.
    pub country: String,
    pub street: String,
    pub house_number: String,
    pub postal_code: String,
    pub town: String,
    pub district: String,
    pub addition: String,
}

impl Address {
    pub fn is_inland(&self) -> bool {
        self.country == "DE"
    }

    /// # Errors
    /// Five digits inland, 1 to 12 characters abroad (MUK ?p=900); a town, and a street or addition.
    pub fn check(&self) -> Result<(), BadField> {
        let letters = self.country.bytes().all(|b| b.is_ascii_uppercase());
        if self.country.len() != 2 || !letters {
            return Err(bad("country", "is not two capital letters"));
        }
        let code = &self.postal_code;
        let five = code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit());
        if self.is_inland() && !five {
            return Err(bad("postal_code", "has not five digits"));
        }
        if !self.is_inland() && !code.is_empty() && !is_line(code, 12) {
            return Err(bad("postal_code", "has more than 12 characters"));
        }
        if !is_line(&self.town, 100) {
            return Err(bad("town", "has not 1 to 100 characters on one line"));
        }
        if self.street.is_empty() && self.addition.is_empty() {
            return Err(bad("street", "is empty"));
        }
        for (field, text, longest) in [
            ("street", &self.street, 100),
            ("house_number", &self.house_number, 20),
            ("district", &self.district, 100),
            ("addition", &self.addition, 100),
        ] {
            if !text.is_empty() && !is_line(text, longest) {
                return Err(bad(field, "is too long or not on one line"));
            }
        }
        Ok(())
    }
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Text(String),
    Coded(Coded),
    Register(Entry),
    Address(Address),
}

impl Value {
    /// Takes a value for a field as it will be kept.
    /// # Errors
    /// A value of another kind than the field's, or one that breaks its rule.
    pub fn check(self, field: Field) -> Result<Self, BadField> {
        match (field, self) {
            (Field::Name, Self::Text(text)) if is_line(&text, 255) => Ok(Self::Text(text)),
            (Field::Name, _) => Err(bad("value.text", "has not 1 to 255 characters on one line")),
            (Field::LegalForm, Self::Coded(coded)) => {
                Ok(Self::Coded(checked(coded, legal_forms::text)?))
            }
            (Field::Activity, Self::Coded(coded)) => Ok(Self::Coded(checked(coded, |_| None)?)),
            (Field::Register, Self::Register(entry)) => {
                entry.check()?;
                Ok(Self::Register(entry))
            }
            (Field::Address, Self::Address(address)) => {
                address.check()?;
                Ok(Self::Address(address))
            }
            (Field::Euid, Self::Text(text)) if is_euid(&text) => Ok(Self::Text(text)),
            (Field::Lei, Self::Text(text)) if is_lei(&text) => Ok(Self::Text(text)),
            (Field::VatId, Self::Text(text)) if is_vat_id(&text) => Ok(Self::Text(text)),
            (Field::EconomicId, Self::Text(text)) if is_economic_id(&text) => Ok(Self::Text(text)),
            (Field::IdentityType, Self::Text(text)) if IDENTITY_TYPES.contains(&&*text) => {
                Ok(Self::Text(text))
            }
            (Field::DataSetType, Self::Text(text)) if DATA_SET_TYPES.contains(&&*text) => {
                Ok(Self::Text(text))
            }
            (Field::Euid, _) => Err(bad("value.text", "is no EUID")),
            (Field::Lei, _) => Err(bad("value.text", "is no LEI with its check digits")),
            (Field::VatId, _) => Err(bad("value.text", "is no VAT id of its country")),
            (Field::EconomicId, _) => Err(bad("value.text", "is no Wirtschafts-IdNr.")),
            (Field::IdentityType, _) => Err(bad("value.text", "is no type of identity")),
            (Field::DataSetType, _) => Err(bad("value.text", "is no type of data set")),
            (Field::LegalForm | Field::Activity, _) => Err(bad("value.coded", "is missing")),
            (Field::Register, _) => Err(bad("value.register", "is missing")),
            (Field::Address, _) => Err(bad("value.address", "is missing")),
        }
    }
}

fn checked(coded: Coded, text: impl Fn(&str) -> Option<&'static str>) -> Result<Coded, BadField> {
    let Coded { code, text: told } = coded;
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad("value.coded.code", "has not three digits"));
    }
    let told = if told.is_empty() { text(&code).unwrap_or_default().to_owned() } else { told };
    if !is_line(&told, 100) {
        return Err(bad("value.coded.text", "has not 1 to 100 characters on one line"));
    }
    Ok(Coded { code, text: told })
}

/// A value as it is held, with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub field: Field,
    /// `None`: taken back.
    pub value: Option<Value>,
    pub source: Source,
    pub level: TrustLevel,
    /// Id of the provider, where another account of the organisation is the source.
    pub provider: Option<String>,
    pub recorded_at: Timestamp,
    pub superseded_at: Option<Timestamp>,
}

impl Held {
    /// Whether owners and administrators may change it: only what one of them declared.
    pub fn is_editable(&self) -> bool {
        self.source == Source::SelfDeclared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            country: "DE".into(),
            street: "Schlossstraße".into(),
            house_number: "1 a".into(),
            postal_code: "19053".into(),
            town: "Schwerin".into(),
            ..Address::default()
        }
    }

    #[test]
    fn an_address_abroad_has_a_free_postal_code_of_twelve_characters_and_one_inland_five_digits() {
        assert_eq!(address().check(), Ok(()));
        let abroad = |code: &str| {
            Address { country: "NL".into(), postal_code: code.into(), ..address() }.check()
        };
        assert_eq!(abroad("1012 AB"), Ok(()));
        assert_eq!(abroad("1234567890123").unwrap_err().field, "postal_code");
        let inland = Address { postal_code: "1905".into(), ..address() };
        assert_eq!(inland.check().unwrap_err().field, "postal_code");
        let nowhere = Address { country: "D".into(), ..address() };
        assert_eq!(nowhere.check().unwrap_err().field, "country");
    }

    #[test]
    fn a_legal_form_that_is_known_needs_no_text_and_one_that_is_not_does() {
        let coded = |code: &str, text: &str| {
            Value::Coded(Coded { code: code.into(), text: text.into() }).check(Field::LegalForm)
        };
        let Ok(Value::Coded(found)) = coded("350", "") else { panic!("350 is in the table") };
        assert!(!found.text.is_empty());
        assert!(coded("999", "").is_err());
        assert!(coded("999", "Stiftung eigener Art").is_ok());
        assert!(coded("35", "GmbH").is_err() && coded("35a", "GmbH").is_err());
    }

    #[test]
    fn a_field_takes_values_of_its_kind_only() {
        let lei = Value::Text("529900T8BM49AURSDO55".into());
        assert!(lei.clone().check(Field::Lei).is_ok());
        assert!(lei.clone().check(Field::VatId).is_err());
        assert!(lei.check(Field::Address).is_err());
        assert!(Value::Address(address()).check(Field::Name).is_err());
        let word = |text: &str, field| Value::Text(text.into()).check(field).is_ok();
        assert!(word("natural_person", Field::IdentityType) && word("idnr", Field::DataSetType));
        assert!(!word("idnr", Field::IdentityType) && !word("NatPers", Field::IdentityType));
    }

    #[test]
    fn one_register_entry_is_one_however_its_court_is_written() {
        let entry = |court: &str, number: &str| {
            let (kind, place) = ("HRB".to_owned(), String::new());
            Entry { kind, court: court.into(), number: number.into(), place }.key()
        };
        assert_eq!(entry("Amtsgericht Schwerin", "12b"), entry("schwerin", "12B"));
        assert_ne!(entry("Schwerin", "12"), entry("Rostock", "12"));
        assert_ne!(entry("Schwerin", "12"), entry("Schwerin", "1 2"));
    }

    #[test]
    fn every_field_and_source_is_found_by_its_number() {
        for field in Field::ALL {
            assert_eq!(Field::from_number(i64::from(field.number())), Some(field));
        }
        for source in Source::ALL {
            assert_eq!(Source::from_number(i64::from(source.number())), Some(source));
        }
        assert!(Field::from_number(0).is_none() && Source::from_number(0).is_none());
    }
}
