//! Settings of the end of accounts.

use serde::Deserialize;

use crate::domain::deletion::{Inactivity, SERVICES};

/// The table `[identity.people.deletion]`. All keys are optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeletionConfig {
    /// Hours between the order of an account's owner and its deletion, during which a log-in can
    /// call it off. 0: at once, as the law gives the right to it at any time (OZG § 8(5)).
    pub cooling_hours: u32,
    /// Days without a log-in after which an account is deleted; 0: never.
    pub inactivity_days: u32,
    /// Days before that on which its owner is told, and told again.
    pub first_notice_days: u32,
    pub second_notice_days: u32,
    /// Services that have to say that they deleted an account. Leave out only what does not run
    /// here: no deletion ends without the answer of each.
    pub services: Vec<String>,
}

impl Default for DeletionConfig {
    fn default() -> Self {
        Self {
            cooling_hours: 0,
            inactivity_days: 730,
            first_notice_days: 182,
            second_notice_days: 91,
            services: SERVICES.iter().map(|(name, _)| (*name).to_owned()).collect(),
        }
    }
}

impl DeletionConfig {
    /// `None`: accounts stay, however long nobody uses them.
    pub fn inactivity(&self) -> Option<Inactivity> {
        let first = self.first_notice_days.min(self.inactivity_days);
        let notices = [first, self.second_notice_days.min(first)];
        (self.inactivity_days > 0).then_some(Inactivity { days: self.inactivity_days, notices })
    }

    /// Those of [`SERVICES`] that run here.
    pub fn services(&self) -> Vec<(&'static str, i64)> {
        let runs = |name: &str| self.services.iter().any(|own| own == name);
        SERVICES.into_iter().filter(|(name, _)| runs(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notices(inactivity_days: u32, first: u32, second: u32) -> Option<[u32; 2]> {
        let (first_notice_days, second_notice_days) = (first, second);
        let services = Vec::new();
        let config = DeletionConfig {
            cooling_hours: 0,
            inactivity_days,
            first_notice_days,
            second_notice_days,
            services,
        };
        config.inactivity().map(|rule| rule.notices)
    }

    #[test]
    fn no_notice_goes_before_the_time_it_counts_or_before_the_one_ahead_of_it() {
        assert_eq!(notices(730, 182, 91), Some([182, 91]));
        assert_eq!(notices(100, 182, 91), Some([100, 91]));
        assert_eq!(notices(50, 182, 91), Some([50, 50]));
        assert_eq!(notices(730, 30, 91), Some([30, 30]));
        assert_eq!(notices(0, 182, 91), None);
    }
}
