use siegel_kernel::{OrganisationId, Timestamp, TrustLevel};

/// A field of a request that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct BadField {
    pub field: &'static str,
    pub problem: &'static str,
}

pub(crate) const fn bad(field: &'static str, problem: &'static str) -> BadField {
    BadField { field, problem }
}

/// German registers (Registerart).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterKind {
    /// Handelsregister, Abteilung A: partnerships and sole traders.
    Hra,
    /// Handelsregister, Abteilung B: corporations.
    Hrb,
    /// Vereinsregister.
    Vr,
    /// Genossenschaftsregister.
    Gr,
    /// Partnerschaftsregister.
    Pr,
}

impl RegisterKind {
    pub const ALL: [Self; 5] = [Self::Hra, Self::Hrb, Self::Vr, Self::Gr, Self::Pr];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hra => "HRA",
            Self::Hrb => "HRB",
            Self::Vr => "VR",
            Self::Gr => "GR",
            Self::Pr => "PR",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where an organisation is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterEntry {
    pub kind: RegisterKind,
    /// Name of the register court, at most 100 characters.
    pub court: String,
    /// At most 11 letters and digits.
    pub number: String,
}

impl RegisterEntry {
    /// Reads kind, court and number: all of them, or (not registered) none.
    pub fn parse(kind: &str, court: &str, number: &str) -> Result<Option<Self>, BadField> {
        if kind.is_empty() && court.is_empty() && number.is_empty() {
            return Ok(None);
        }
        let kind = RegisterKind::parse(kind);
        let kind = kind.ok_or(bad("register_kind", "is none of HRA, HRB, VR, GR, PR"))?;
        if !is_line(court, 100) {
            return Err(bad("register_court", "has not 1 to 100 characters on one line"));
        }
        let plain = number.bytes().all(|b| b.is_ascii_alphanumeric());
        if !(1..=11).contains(&number.len()) || !plain {
            return Err(bad("register_number", "has not 1 to 11 letters and digits"));
        }
        Ok(Some(Self { kind, court: court.to_owned(), number: number.to_owned() }))
    }
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub id: OrganisationId,
    /// At most 255 characters.
    pub name: String,
    /// Code of the legal form or its text, at most 100 characters.
    pub legal_form: String,
    pub register: Option<RegisterEntry>,
    /// Level at which the organisation itself was identified, apart from its founder.
    pub identification_level: TrustLevel,
    pub created_at: Timestamp,
}

impl Organisation {
    /// Founds an organisation of which nothing is proven yet.
    pub fn found(
        id: OrganisationId,
        name: &str,
        legal_form: &str,
        register: Option<RegisterEntry>,
        now: Timestamp,
    ) -> Result<Self, BadField> {
        if !is_line(name, 255) {
            return Err(bad("name", "has not 1 to 255 characters on one line"));
        }
        if !is_line(legal_form, 100) {
            return Err(bad("legal_form", "has not 1 to 100 characters on one line"));
        }
        Ok(Self {
            id,
            name: name.to_owned(),
            legal_form: legal_form.to_owned(),
            register,
            identification_level: TrustLevel::Basic,
            created_at: now,
        })
    }
}

pub(crate) fn is_line(text: &str, max: usize) -> bool {
    let hidden =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let length = text.chars().count();
    (1..=max).contains(&length) && text.trim() == text && !text.chars().any(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(result: Result<Option<RegisterEntry>, BadField>) -> &'static str {
        result.unwrap_err().field
    }

    #[test]
    fn a_register_entry_is_complete_or_absent() {
        assert_eq!(RegisterEntry::parse("", "", ""), Ok(None));
        assert!(RegisterEntry::parse("HRB", "Schwerin", "1234B").unwrap().is_some());
        assert_eq!(field(RegisterEntry::parse("HRB", "Schwerin", "")), "register_number");
        assert_eq!(field(RegisterEntry::parse("HRB", "", "1")), "register_court");
        assert_eq!(field(RegisterEntry::parse("", "Schwerin", "1")), "register_kind");
    }

    #[test]
    fn register_numbers_have_at_most_eleven_letters_and_digits() {
        assert!(RegisterEntry::parse("VR", "Kiel", "12345678901").is_ok());
        assert_eq!(field(RegisterEntry::parse("VR", "Kiel", "123456789012")), "register_number");
        assert_eq!(field(RegisterEntry::parse("VR", "Kiel", "12 B")), "register_number");
        assert_eq!(field(RegisterEntry::parse("HRC", "Kiel", "1")), "register_kind");
    }

    #[test]
    fn names_have_1_to_255_characters_on_one_line() {
        let found = |name: &str| {
            let id = "org_00000000000000000000000000000000".parse().unwrap();
            Organisation::found(id, name, "GmbH", None, Timestamp::default())
        };
        assert!(found(&"ü".repeat(255)).is_ok());
        for name in [String::new(), "ü".repeat(256), "a\nb".into(), " a".into()] {
            assert_eq!(found(&name).unwrap_err().field, "name");
        }
    }

    #[test]
    fn a_founded_organisation_is_not_identified_however_high_its_founder_is() {
        let id = "org_00000000000000000000000000000000".parse().unwrap();
        let new = Organisation::found(id, "a", "e. V.", None, Timestamp::default()).unwrap();
        assert_eq!(new.identification_level, TrustLevel::Basic);
    }
}
