use std::fmt;
use std::str::FromStr;

use siegel_kernel::{AccountId, BadId, OrganisationId};

/// Who is told. Its address is looked up when the mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    Account(AccountId),
    Organisation(OrganisationId),
}

impl FromStr for Recipient {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        text.parse().map(Self::Account).or_else(|_| text.parse().map(Self::Organisation))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::Organisation(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_organisations_are_recipients_and_nothing_else_is() {
        let hex = "0123456789abcdef0123456789abcdef";
        for text in [format!("acc_{hex}"), format!("org_{hex}")] {
            assert_eq!(text.parse::<Recipient>().unwrap().to_string(), text);
        }
        for text in [format!("mbx_{hex}"), hex.to_owned(), "acc_".to_owned(), String::new()] {
            assert!(text.parse::<Recipient>().is_err(), "{text}");
        }
    }
}
