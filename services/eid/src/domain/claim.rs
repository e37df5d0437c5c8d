//! Data groups of the eID card by their claim names.

use std::fmt;

use siegel_oidc::catalogue;

/// One thing that can be read from a card (BSI TR-03127, data groups), by its claim name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim(&'static str);

impl Claim {
    /// Every claim a card can answer, in the order in which the person reads them before the PIN:
    /// that of the catalogue.
    pub fn all() -> impl Iterator<Item = Self> {
        catalogue::on_card().map(Self)
    }

    /// `None` when no card has such data.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|claim| claim.0 == name)
    }

    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Reads a list; each claim once, in reading order. `None` when one is unknown.
    pub fn parse_list<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Vec<Self>> {
        let wanted: Vec<Self> = names.into_iter().map(Self::parse).collect::<Option<_>>()?;
        Some(Self::all().filter(|claim| wanted.contains(claim)).collect())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_each_claim_once_in_reading_order() {
        let list = Claim::parse_list(["city", "family_name", "city"]).unwrap();
        assert_eq!(list, [Claim("family_name"), Claim("city")]);
        assert_eq!(Claim::parse_list([]), Some(vec![]));
    }

    #[test]
    fn what_no_card_holds_cannot_be_asked_for() {
        assert_eq!(Claim::parse_list(["family_name", "email"]), None);
    }
}
