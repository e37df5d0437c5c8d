//! Trust levels as `acr` values: the names clients use for the four levels (BSI TR-03160-1, STORK,
//! eIDAS, brokers), and the answer in the form that was asked for.

use siegel_kernel::TrustLevel;

/// Every value with its level, as discovery publishes them: our own words ascending, then all
/// aliases ascending. Clients that send the whole list back thereby ask for the lowest first.
pub const SUPPORTED: [(&str, TrustLevel); 19] = [
    ("basic", TrustLevel::Basic),
    ("low", TrustLevel::Low),
    ("substantial", TrustLevel::Substantial),
    ("high", TrustLevel::High),
    ("STORK-QAA-Level-1", TrustLevel::Basic),
    ("level1", TrustLevel::Basic),
    ("1", TrustLevel::Basic),
    ("STORK-QAA-Level-2", TrustLevel::Low),
    ("http://eidas.europa.eu/LoA/low", TrustLevel::Low),
    ("level2", TrustLevel::Low),
    ("2", TrustLevel::Low),
    ("STORK-QAA-Level-3", TrustLevel::Substantial),
    ("http://eidas.europa.eu/LoA/substantial", TrustLevel::Substantial),
    ("level3", TrustLevel::Substantial),
    ("3", TrustLevel::Substantial),
    ("STORK-QAA-Level-4", TrustLevel::High),
    ("http://eidas.europa.eu/LoA/high", TrustLevel::High),
    ("level4", TrustLevel::High),
    ("4", TrustLevel::High),
];

/// The level an `acr` value names; `None` for unknown values, which are ignored.
pub fn level_of(value: &str) -> Option<TrustLevel> {
    SUPPORTED.iter().find(|(name, _)| *name == value).map(|(_, level)| *level)
}

/// What a request asks of the level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Known values in the order asked: an order of preference (OpenID Connect Core §3.1.2.1).
    values: Vec<(String, TrustLevel)>,
}

impl Wanted {
    /// Reads a space-separated list; unknown values are left out.
    pub fn parse(acr_values: &str) -> Self {
        let known = |v: &str| level_of(v).map(|level| (v.to_owned(), level));
        Self { values: acr_values.split_ascii_whitespace().filter_map(known).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Below this the answer would be none of those asked for: the lowest level listed.
    pub fn floor(&self) -> Option<TrustLevel> {
        self.values.iter().map(|(_, level)| *level).min()
    }

    /// The level to aim at: the first listed one that is not above `reachable`, else the floor.
    pub fn aim(&self, reachable: TrustLevel) -> Option<TrustLevel> {
        let first = self.values.iter().map(|(_, level)| *level).find(|level| *level <= reachable);
        first.or_else(|| self.floor())
    }

    /// The `acr` for an achieved level: the highest listed value that it satisfies, in the form it
    /// was asked in; our own word when none was asked for.
    pub fn answer(&self, achieved: TrustLevel) -> String {
        let satisfied = self.values.iter().filter(|(_, level)| *level <= achieved);
        let best = satisfied.clone().map(|(_, level)| *level).max();
        let named = satisfied.clone().find(|(_, level)| Some(*level) == best);
        named.map_or_else(|| achieved.as_str().to_owned(), |(value, _)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_published_list_sent_back_demands_only_the_lowest() {
        let all = SUPPORTED.map(|(v, _)| v).join(" ");
        let wanted = Wanted::parse(&all);
        assert_eq!(wanted.floor(), Some(TrustLevel::Basic));
        assert_eq!(wanted.aim(TrustLevel::High), Some(TrustLevel::Basic));
    }

    #[test]
    fn own_words_and_aliases_are_each_published_in_ascending_order() {
        let (own, aliases) = SUPPORTED.split_at(4);
        assert!(own.is_sorted_by_key(|(_, level)| *level));
        assert!(own.iter().all(|(name, level)| *name == level.as_str()));
        assert!(aliases.is_sorted_by_key(|(_, level)| *level));
    }

    #[test]
    fn the_answer_uses_the_alias_that_was_asked_for() {
        let wanted = Wanted::parse("STORK-QAA-Level-3");
        assert_eq!(wanted.answer(TrustLevel::High), "STORK-QAA-Level-3");
        assert_eq!(Wanted::default().answer(TrustLevel::High), "high");
    }

    #[test]
    fn unknown_values_are_ignored() {
        assert!(Wanted::parse("urn:example:gold 9").is_empty());
        assert_eq!(Wanted::parse("gold level3").floor(), Some(TrustLevel::Substantial));
    }

    #[test]
    fn an_unreachable_preference_gives_way_to_the_next() {
        let wanted = Wanted::parse("high substantial");
        assert_eq!(wanted.aim(TrustLevel::Substantial), Some(TrustLevel::Substantial));
        assert_eq!(wanted.aim(TrustLevel::High), Some(TrustLevel::High));
        assert_eq!(
            wanted.aim(TrustLevel::Basic),
            Some(TrustLevel::Substantial),
            "the floor stands"
        );
    }
}
