//! The attributes an account can hold: one table for claim names, OIDs, protobuf names, labels and
//! limits. `docs/attributes.md` and `proto/siegel/account/v1/attribute_name.proto` are written
//! from it.
//!
//! OIDs are those of the BundID interface (attributes are mapped by OID only, its friendly names
//! are optional and change); claim names are those that German administrations' OpenID Connect
//! bridges use.

pub use crate::form::{BadValue, Form};

/// Who keeps what a row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The account, with source, level and time.
    ByAccount,
    /// Nobody: it is made at each log-in, and travels as this.
    Made(&'static str),
    /// The federal interface has dropped it; it is listed so that its OID means nothing else.
    Dropped,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Number of the name in protobuf (`siegel.account.v1.AttributeName`): given once, for good.
    /// 0 where accounts hold no such thing.
    pub number: i32,
    /// Name of the claim, `given_name`.
    pub name: &'static str,
    /// Object identifier without `urn:oid:`; empty where the federal interface has none.
    pub oid: &'static str,
    /// Key of the label in a face's texts, `attribute-given-name`; empty where none is shown.
    pub label: &'static str,
    /// Whether the person may type it in; otherwise it comes from an identification or a
    /// confirmed code only.
    pub self_declarable: bool,
    /// Whether a person may say that there is none: no given name, no fixed address (BundID
    /// interface 9.2).
    pub may_not_apply: bool,
    /// Whether an eID card holds it (BSI TR-03127, data groups).
    pub on_card: bool,
    /// Longest value, in characters.
    pub max_chars: usize,
    pub form: Form,
    pub kept: Kept,
}

macro_rules! catalogue {
    (
        account {
            $($number:literal $name:literal $oid:literal $label:literal $who:ident $card:ident
                $max:literal $form:ident;)+
        }
        other { $($other:literal $other_oid:literal $other_form:ident $kept:expr;)+ }
    ) => {
        /// Every attribute that an account can hold, in the order in which people expect to see
        /// them. Unlisted names do not exist.
        pub const CATALOGUE: &[Attribute] = &[$(Attribute {
            number: $number,
            name: $name,
            oid: $oid,
            label: $label,
            self_declarable: catalogue!(@declarable $who),
            may_not_apply: catalogue!(@absent $who),
            on_card: catalogue!(@card $card),
            max_chars: $max,
            form: Form::$form,
            kept: Kept::ByAccount,
        }),+];

        /// The other rows of the federal interface: what is made at each log-in, and what it
        /// dropped. No account holds them and nobody asks for them by these names.
        pub const OTHERS: &[Attribute] = &[$(Attribute {
            number: 0,
            name: $other,
            oid: $other_oid,
            label: "",
            self_declarable: false,
            may_not_apply: false,
            on_card: false,
            max_chars: 255,
            form: Form::$other_form,
            kept: $kept,
        }),+];
    };
    (@declarable proven) => { false };
    (@declarable $anyone:ident) => { true };
    (@absent anyone_or_none) => { true };
    (@absent $other:ident) => { false };
    (@card card) => { true };
    (@card no_card) => { false };
}

#[rustfmt::skip]
catalogue! {
    account {
        1 "salutation" "1.3.6.1.4.1.33592.1.3.5" "attribute-salutation" anyone no_card 1 Salutation;
        2 "title" "0.9.2342.19200300.100.1.40" "attribute-title" anyone card 100 Text;
        3 "given_name" "2.5.4.42" "attribute-given-name" anyone_or_none card 255 Text;
        4 "family_name" "2.5.4.4" "attribute-family-name" anyone card 255 Text;
        5 "birth_name" "1.2.40.0.10.2.1.1.225566" "attribute-birth-name" anyone_or_none card 255 Text;
        6 "date_of_birth" "1.2.40.0.10.2.1.1.55" "attribute-date-of-birth" anyone card 10 Date;
        7 "place_of_birth" "1.3.6.1.5.5.7.9.2" "attribute-place-of-birth" anyone_or_none card 255 Text;
        8 "nationality" "1.2.40.0.10.2.1.1.225577" "attribute-nationality" anyone card 3 Nationality;
        9 "street_and_building" "2.5.4.16" "attribute-street-and-building" anyone_or_none card 255 Text;
        10 "street" "" "attribute-street" anyone_or_none no_card 255 Text;
        11 "house_number" "" "attribute-house-number" anyone_or_none no_card 40 Text;
        12 "zip_code" "2.5.4.17" "attribute-zip-code" anyone_or_none card 12 Text;
        13 "city" "2.5.4.7" "attribute-city" anyone_or_none card 255 Text;
        14 "country" "1.2.40.0.10.2.1.1.225599" "attribute-country" anyone_or_none card 2 Country;
        15 "email" "0.9.2342.19200300.100.1.3" "attribute-email" proven no_card 254 Email;
        16 "telephone" "2.5.4.20" "attribute-telephone" anyone no_card 40 Phone;
        17 "demail" "1.3.6.1.4.1.55605.70737875.1.1.1.7.1" "attribute-demail" anyone no_card 254 Email;
        18 "document_type" "1.2.40.0.10.2.1.1.552255" "attribute-document-type" proven card 10 Text;
        19 "community_id" "1.3.6.1.4.1.25484.494450.5" "attribute-community-id" proven no_card 20 Text;
        20 "e_idas_issuing_country" "1.3.6.1.4.1.25484.494450.10.1" "attribute-eidas-country" proven no_card 2 Country;
    }
    other {
        "bPK2" "1.3.6.1.4.1.25484.494450.3" Text Kept::Made("`sub`, pairwise per sector");
        "trust_level_authentication" "1.2.40.0.10.2.1.1.261.94" Text Kept::Made("`acr`");
        "assertion_proved_by" "1.3.6.1.4.1.25484.494450.2" Text Kept::Made("`attribute_levels`, `source` of each attribute");
        "mfa" "1.3.6.1.4.1.25484.494450.7" Boolean Kept::Made("`amr`, which holds `mfa`");
        "legacy_postkorb_handle" "2.5.4.18" Uuid Kept::Made("`postbox_handle`, per sector, with scope `postbox`");
        "application_id" "1.3.6.1.4.1.25484.494450.4" Uuid Kept::Made("`case_id` of letters");
        "pseudonym" "1.2.40.0.10.2.1.1.226699" Text Kept::Made("nothing: a pseudonym of the card stays with the credential");
        "api_version" "1.3.6.1.4.1.25484.494450.1" Version Kept::Made("nothing: the version is that of the protobuf package");
        "issuing_state" "1.2.40.0.10.2.1.1.552244" Country Kept::Dropped;
        "bPK" "1.2.40.0.10.2.1.1.149" Text Kept::Dropped;
    }
}

/// Names of the rows that an eID card holds, in the order of the table: the one list of what is
/// asked of a card and of what a card can answer.
pub fn on_card() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().filter(|row| row.on_card).map(|row| row.name)
}

/// Every row of the table: what accounts hold, then the rest.
pub fn all() -> impl Iterator<Item = &'static Attribute> {
    CATALOGUE.iter().chain(OTHERS)
}

/// The row of a claim name that accounts hold.
pub fn attribute(name: &str) -> Option<&'static Attribute> {
    CATALOGUE.iter().find(|row| row.name == name)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> Result<(), BadValue> {
        attribute(name).unwrap().check(value)
    }

    #[test]
    fn no_name_number_oid_or_label_stands_twice() {
        let rows: Vec<_> = all().collect();
        for (i, row) in rows.iter().enumerate() {
            for other in &rows[i + 1..] {
                assert_ne!(row.name, other.name);
                assert!(row.number == 0 || row.number != other.number, "{}", row.name);
                let same = |a: &str, b: &str| !a.is_empty() && a == b;
                assert!(!same(row.oid, other.oid), "{} and {}", row.name, other.name);
                assert!(!same(row.label, other.label), "{} and {}", row.name, other.name);
            }
            assert_eq!(row.number == 0, row.kept != Kept::ByAccount, "{}", row.name);
            assert!(row.max_chars <= 255, "the wire holds 255 characters");
            assert_eq!(row.label.is_empty(), row.kept != Kept::ByAccount, "{}", row.name);
        }
    }

    /// Each row of the federal interface: OID, claim, a value it has and one it cannot have.
    #[rustfmt::skip]
    const FEDERAL: [(&str, &str, &str, &str); 28] = [
        ("2.5.4.42", "given_name", "Erika", "Eri\nka"),
        ("2.5.4.4", "family_name", "Mustermann", " Mustermann"),
        ("0.9.2342.19200300.100.1.3", "email", "erika@example.org", "erika"),
        ("2.5.4.16", "street_and_building", "Heidestraße 17", "Heide\tstraße"),
        ("2.5.4.17", "zip_code", "51147", "1234567890123"),
        ("2.5.4.7", "city", "Köln", "K\u{202e}öln"),
        ("1.2.40.0.10.2.1.1.225599", "country", "DE", "D"),
        ("0.9.2342.19200300.100.1.40", "title", "Dr.", "Dr.\0"),
        ("1.3.6.1.4.1.33592.1.3.5", "salutation", "9", "3"),
        ("1.2.40.0.10.2.1.1.55", "date_of_birth", "1964-08-12", "12.08.1964"),
        ("1.3.6.1.5.5.7.9.2", "place_of_birth", "Berlin", "Berlin "),
        ("1.2.40.0.10.2.1.1.225566", "birth_name", "Gabler", "Gabler\r"),
        ("1.2.40.0.10.2.1.1.225577", "nationality", "D", "d"),
        ("1.2.40.0.10.2.1.1.552255", "document_type", "ID", "a document type"),
        ("1.2.40.0.10.2.1.1.552244", "issuing_state", "DE", "D"),
        ("1.3.6.1.4.1.55605.70737875.1.1.1.7.1", "demail", "erika@example.de-mail.de", "erika"),
        ("2.5.4.20", "telephone", "+49 385 5450", "0385 5450"),
        ("1.3.6.1.4.1.25484.494450.10.1", "e_idas_issuing_country", "AT", "AUT"),
        ("1.3.6.1.4.1.25484.494450.5", "community_id", "02760503150000", "0276\n05"),
        ("1.2.40.0.10.2.1.1.149", "bPK", "V1", "V1\n"),
        ("1.3.6.1.4.1.25484.494450.3", "bPK2", "x", "x\n"),
        ("1.2.40.0.10.2.1.1.261.94", "trust_level_authentication", "STORK-QAA-Level-4", "4\n"),
        ("1.3.6.1.4.1.25484.494450.1", "api_version", "2020.2.1", "2020..1"),
        ("1.3.6.1.4.1.25484.494450.2", "assertion_proved_by", "eID", "eID\n"),
        ("2.5.4.18", "legacy_postkorb_handle", "d8e9ec29-37a9-4f6a-9a4f-d7a7d7e0d0aa", "d8e9ec29"),
        ("1.3.6.1.4.1.25484.494450.4", "application_id", "d8e9ec29-37a9-4f6a-9a4f-d7a7d7e0d0aa", "1"),
        ("1.2.40.0.10.2.1.1.226699", "pseudonym", "x", "x\n"),
        ("1.3.6.1.4.1.25484.494450.7", "mfa", "true", "yes"),
    ];

    #[test]
    fn every_row_of_the_federal_interface_is_there_with_its_oid_and_its_format() {
        for (oid, name, good, bad) in FEDERAL {
            let row = all().find(|row| row.oid == oid).unwrap();
            assert_eq!(row.name, name, "{oid}");
            assert_eq!(row.check(good), Ok(()), "{name}");
            assert!(row.check(bad).is_err(), "{name} cannot be {bad:?}");
        }
        let own = ["street", "house_number"];
        assert_eq!(all().count(), FEDERAL.len() + own.len(), "a row is not tested here");
        assert!(own.iter().all(|name| attribute(name).unwrap().oid.is_empty()));
    }

    #[test]
    fn nobody_can_ask_for_what_no_account_holds() {
        assert!(OTHERS.iter().all(|row| attribute(row.name).is_none()));
    }

    #[test]
    fn only_name_birth_name_birth_place_and_address_may_not_apply() {
        let names: Vec<_> = CATALOGUE.iter().filter(|r| r.may_not_apply).map(|r| r.name).collect();
        let wanted = [
            "given_name",
            "birth_name",
            "place_of_birth",
            "street_and_building",
            "street",
            "house_number",
            "zip_code",
            "city",
            "country",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn a_card_holds_name_birth_nationality_address_and_its_type_and_nothing_else() {
        let wanted = [
            "title",
            "given_name",
            "family_name",
            "birth_name",
            "date_of_birth",
            "place_of_birth",
            "nationality",
            "street_and_building",
            "zip_code",
            "city",
            "country",
            "document_type",
        ];
        assert_eq!(on_card().collect::<Vec<_>>(), wanted);
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
