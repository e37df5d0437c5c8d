//! The attributes an account can hold: one table for claim names, OIDs, labels and limits.
//!
//! OIDs are those of the BundID interface (attributes are mapped by OID only, its friendly names
//! are optional and change); claim names are those that German administrations' OpenID Connect
//! bridges use.

/// How the value of an attribute is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text on one line.
    Text,
    /// A full date, `1964-08-12` (ISO 8601).
    Date,
    /// Two capital letters (ISO 3166-1 alpha-2).
    Country,
    /// One to three capital letters as on travel documents, `D` (ICAO 9303).
    Nationality,
    /// `0` not known, `1` male, `2` female, `9` not applicable (ISO 5218).
    Salutation,
    /// International format, `+49 385 5450`.
    Phone,
    /// `local@domain`.
    Email,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name of the claim, `given_name`.
    pub name: &'static str,
    /// Object identifier without `urn:oid:`.
    pub oid: &'static str,
    /// Key of the label in a face's texts, `attribute-given-name`.
    pub label: &'static str,
    /// Whether the person may type it in; otherwise it comes from an identification or a
    /// confirmed code only.
    pub self_declarable: bool,
    /// Longest value, in characters.
    pub max_chars: usize,
    pub form: Form,
}

/// A value that the attribute cannot have. The value itself is not repeated: it is personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    #[error("is longer than {0} characters")]
    TooLong(usize),
    #[error("holds line breaks or control characters, or begins or ends with a space")]
    NotPlain,
    #[error("is not a date of the form YYYY-MM-DD")]
    NotADate,
    #[error("is not a two-letter country code")]
    NotACountry,
    #[error("is not a nationality code of one to three letters")]
    NotANationality,
    #[error("is none of 0, 1, 2, 9")]
    NotASalutation,
    #[error("is not a telephone number in international format")]
    NotAPhone,
    #[error("is not an e-mail address")]
    NotAnEmail,
}

macro_rules! catalogue {
    ($($name:literal $oid:literal $label:literal $who:ident $max:literal $form:ident;)+) => {
        &[$(Attribute {
            name: $name,
            oid: $oid,
            label: $label,
            self_declarable: catalogue!(@$who),
            max_chars: $max,
            form: Form::$form,
        }),+]
    };
    (@anyone) => { true };
    (@proven) => { false };
}

/// Every attribute, in the order in which people expect to see them. Unlisted names do not exist.
#[rustfmt::skip]
pub const CATALOGUE: &[Attribute] = catalogue! {
    "salutation" "1.3.6.1.4.1.33592.1.3.5" "attribute-salutation" anyone 1 Salutation;
    "title" "0.9.2342.19200300.100.1.40" "attribute-title" anyone 100 Text;
    "given_name" "2.5.4.42" "attribute-given-name" anyone 255 Text;
    "family_name" "2.5.4.4" "attribute-family-name" anyone 255 Text;
    "birth_name" "1.2.40.0.10.2.1.1.225566" "attribute-birth-name" anyone 255 Text;
    "date_of_birth" "1.2.40.0.10.2.1.1.55" "attribute-date-of-birth" anyone 10 Date;
    "place_of_birth" "1.3.6.1.5.5.7.9.2" "attribute-place-of-birth" anyone 255 Text;
    "nationality" "1.2.40.0.10.2.1.1.225577" "attribute-nationality" anyone 3 Nationality;
    "street_and_building" "2.5.4.16" "attribute-street-and-building" anyone 255 Text;
    "zip_code" "2.5.4.17" "attribute-zip-code" anyone 12 Text;
    "city" "2.5.4.7" "attribute-city" anyone 255 Text;
    "country" "1.2.40.0.10.2.1.1.225599" "attribute-country" anyone 2 Country;
    "email" "0.9.2342.19200300.100.1.3" "attribute-email" proven 254 Email;
    "telephone" "2.5.4.20" "attribute-telephone" anyone 40 Phone;
    "demail" "1.3.6.1.4.1.55605.70737875.1.1.1.7.1" "attribute-demail" anyone 254 Email;
    "document_type" "1.2.40.0.10.2.1.1.552255" "attribute-document-type" proven 10 Text;
    "community_id" "1.3.6.1.4.1.25484.494450.5" "attribute-community-id" proven 20 Text;
    "e_idas_issuing_country" "1.3.6.1.4.1.25484.494450.10.1" "attribute-eidas-country" proven 2 Country;
};

/// The row of a claim name.
pub fn attribute(name: &str) -> Option<&'static Attribute> {
    CATALOGUE.iter().find(|row| row.name == name)
}

/// The row of an OID, with or without `urn:oid:`.
pub fn by_oid(oid: &str) -> Option<&'static Attribute> {
    let oid = oid.strip_prefix("urn:oid:").unwrap_or(oid);
    CATALOGUE.iter().find(|row| row.oid == oid)
}

impl Attribute {
    /// Checks a value that is not empty.
    pub fn check(&self, value: &str) -> Result<(), BadValue> {
        if value.chars().count() > self.max_chars {
            return Err(BadValue::TooLong(self.max_chars));
        }
        if value.chars().any(is_unprintable) || value.trim() != value {
            return Err(BadValue::NotPlain);
        }
        self.form.check(value)
    }
}

/// Control characters, and marks that change the direction of what follows.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

impl Form {
    fn check(self, value: &str) -> Result<(), BadValue> {
        let capitals = |s: &str| s.bytes().all(|b| b.is_ascii_uppercase());
        let (holds, otherwise) = match self {
            Self::Text => return Ok(()),
            Self::Date => (is_date(value), BadValue::NotADate),
            Self::Country => (value.len() == 2 && capitals(value), BadValue::NotACountry),
            Self::Nationality => {
                ((1..=3).contains(&value.len()) && capitals(value), BadValue::NotANationality)
            }
            Self::Salutation => (matches!(value, "0" | "1" | "2" | "9"), BadValue::NotASalutation),
            Self::Phone => (is_phone(value), BadValue::NotAPhone),
            Self::Email => (is_email(value), BadValue::NotAnEmail),
        };
        if holds { Ok(()) } else { Err(otherwise) }
    }
}

fn is_date(value: &str) -> bool {
    siegel_kernel::berlin::LegalDay::parse(value).is_some_and(|day| day.to_string() == value)
}

/// `+`, then 5 to 15 digits (ITU-T E.164), with spaces, hyphens or slashes between.
fn is_phone(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('+') else { return false };
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let plain = rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'/'));
    plain && (5..=15).contains(&digits)
}

/// One `@` that has something before it and a domain with a dot after it (RFC 5321 §4.5.3.1
/// limits). Whether it exists only a mail can tell.
fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let label = |l: &str| {
        let inner = !l.starts_with('-') && !l.ends_with('-');
        !l.is_empty() && inner && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let local_part = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    (1..=64).contains(&local.len())
        && local.chars().all(local_part)
        && !(local.starts_with('.') || local.ends_with('.') || local.contains(".."))
        && value.len() <= 254
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> Result<(), BadValue> {
        attribute(name).unwrap().check(value)
    }

    #[test]
    fn no_name_oid_or_label_stands_twice() {
        for (i, row) in CATALOGUE.iter().enumerate() {
            for other in &CATALOGUE[i + 1..] {
                assert_ne!(row.name, other.name);
                assert_ne!(row.oid, other.oid, "{} and {}", row.name, other.name);
                assert_ne!(row.label, other.label);
            }
            assert!(row.max_chars <= 255, "the wire holds 255 characters");
        }
    }

    #[test]
    fn an_attribute_is_found_by_its_oid_with_and_without_prefix() {
        assert_eq!(by_oid("2.5.4.42").unwrap().name, "given_name");
        assert_eq!(by_oid("urn:oid:2.5.4.42").unwrap().name, "given_name");
        assert_eq!(by_oid("2.5.4.43"), None);
    }

    #[test]
    fn names_with_hyphens_spaces_and_umlauts_are_names() {
        for name in ["Jürgen-Heinz", "von der Leyen", "Đặng", "O’Brien", "ʻOkina"] {
            assert_eq!(check("family_name", name), Ok(()), "{name}");
        }
    }

    #[test]
    fn text_that_would_break_a_line_or_turn_the_writing_direction_is_refused() {
        for name in ["a\nb", "a\u{202e}b", " a", "a ", "a\0", "a\u{2028}b"] {
            assert_eq!(check("family_name", name), Err(BadValue::NotPlain), "{name:?}");
        }
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(check("family_name", &"ü".repeat(255)), Ok(()));
        assert_eq!(check("family_name", &"u".repeat(256)), Err(BadValue::TooLong(255)));
    }

    #[test]
    fn a_date_is_a_full_day_that_exists() {
        assert_eq!(check("date_of_birth", "1964-08-12"), Ok(()));
        for text in ["1964-8-12", "12.08.1964", "1964-02-30", "1964"] {
            assert!(check("date_of_birth", text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_country_of_an_address_has_two_letters_and_a_nationality_up_to_three() {
        assert_eq!(check("country", "DE"), Ok(()));
        assert_eq!(check("country", "D"), Err(BadValue::NotACountry));
        assert_eq!(check("nationality", "D"), Ok(()));
        assert_eq!(check("nationality", "de"), Err(BadValue::NotANationality));
    }

    #[test]
    fn telephone_numbers_are_international() {
        assert_eq!(check("telephone", "+49 385 545-0"), Ok(()));
        assert_eq!(check("telephone", "0385 5450"), Err(BadValue::NotAPhone));
    }

    #[test]
    fn addresses_of_mail_have_one_local_part_and_a_domain() {
        for good in ["a@example.org", "a.b+c@bürger.example", "o'brien@example.org"] {
            assert_eq!(check("email", good), Ok(()), "{good}");
        }
        let bad = [
            "a",
            "@example.org",
            "a@b",
            "a@@b.de",
            ".a@b.de",
            "a..b@b.de",
            "a@-b.de",
            "<a@b.de>",
            "a b@c.de",
        ];
        for bad in bad {
            assert!(check("email", bad).is_err(), "{bad}");
        }
    }
}
