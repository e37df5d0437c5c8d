use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use siegel_kernel::{AccountId, OrganisationId};
use siegel_oidc::catalogue::Form;

use super::{BadField, bad};

/// The language of a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    #[default]
    De,
    En,
}

impl Locale {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// `de`, `en`; German when empty.
    pub fn parse(text: &str) -> Result<Self, BadField> {
        match text {
            "" | "de" => Ok(Self::De),
            "en" => Ok(Self::En),
            _ => Err(bad("locale", "is neither de nor en")),
        }
    }
}

/// Somebody who can be told that something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    Account(AccountId),
    Organisation(OrganisationId),
}

impl FromStr for Recipient {
    type Err = BadField;

    fn from_str(text: &str) -> Result<Self, BadField> {
        let account = text.parse().map(Self::Account);
        let organisation = || text.parse().map(Self::Organisation);
        account.or_else(|_| organisation()).map_err(|_| bad("recipient", "is no account or organisation"))
    }
}

impl fmt::Display for Recipient {
    /// `acc_…` or `org_…`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::Organisation(id) => id.fmt(f),
        }
    }
}

/// An address that a mail can be sent to: no line breaks, no display name, one recipient, an ASCII
/// domain (RFC 5891 for others).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    pub fn parse(text: &str) -> Result<Self, BadField> {
        let wrong = bad("email", "is not an e-mail address");
        if Form::Email.accepts(text).is_err() {
            return Err(wrong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(wrong)?;
        match url::Host::parse(domain) {
            Ok(url::Host::Domain(domain)) => Ok(Self(format!("{local}@{domain}"))),
            _ => Err(wrong),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = BadField;

    fn try_from(text: String) -> Result<Self, BadField> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

/// Where and in which language somebody is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub email: EmailAddress,
    pub locale: Locale,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_could_add_a_header_or_a_recipient_is_no_address() {
        let bad = ["a@example.org\r\nBcc: b@example.org", "a@example.org\nX: y", "a@example.org, b@example.org",
            "A <a@example.org>", "a@example.org>", "a b@example.org", "\"a b\"@example.org", "a@example.org\0", ""];
        for text in bad {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn domains_with_umlauts_become_ascii() {
        let address = EmailAddress::parse("a@bürger.example").unwrap();
        assert_eq!(address.as_str(), "a@xn--brger-kva.example");
        assert_eq!(format!("{address:?}"), "EmailAddress(…)");
    }

    #[test]
    fn a_machine_is_no_domain() {
        assert!(EmailAddress::parse("a@127.0.0.1").is_err());
    }

    #[test]
    fn recipients_are_accounts_and_organisations() {
        let hex = "0".repeat(32);
        for text in [format!("acc_{hex}"), format!("org_{hex}")] {
            assert_eq!(text.parse::<Recipient>().unwrap().to_string(), text);
        }
        assert!(format!("let_{hex}").parse::<Recipient>().is_err());
    }

    #[test]
    fn german_is_the_language_of_those_who_did_not_choose() {
        assert_eq!(Locale::parse(""), Ok(Locale::De));
        assert!(Locale::parse("fr").is_err());
    }
}
