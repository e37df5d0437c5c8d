//! The legal clock: from a rule of the table and a local date to the day of the legal effect.

use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;

use super::holidays::{Land, next_working_day};
use super::state::Ending;

/// What the counting starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day0 {
    Provision,
    Sending,
    Notification,
    Retrieval,
    /// Acknowledgement or refusal of formal service; no rule counts from it.
    Answer,
}

/// What happens to a day that is not a working day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// Nothing: the fiction of administrative law falls on Sundays too.
    None,
    /// It moves to the next working day (AO § 108(3)).
    WorkingDay,
}

/// What happens when nobody retrieves the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnNoRetrieval {
    DeemedAnnounced,
    DeemedServed,
    /// Provision ends this many days after the notification (VwVfG § 41(2a) sentence 4).
    ProvisionEnds {
        days: u32,
    },
}

/// A row of the rule table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    pub legal_basis: String,
    /// Citation for people.
    pub law: String,
    /// First and last day 0 the row is for.
    pub valid_from: LegalDay,
    pub valid_to: Option<LegalDay>,
    pub day0: Day0,
    pub days: u32,
    pub shift: Shift,
    pub on_no_retrieval: OnNoRetrieval,
    pub confirmed_by_operator: bool,
}

/// What a day means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Announced,
    Served,
    /// Not yet: on the day after retrieval, which is possible until the day given.
    AnnouncedIfRetrieved,
    ProvisionEnded,
    /// The recipient refused formal service.
    NotServed,
}

/// A computed effect with its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub outcome: Outcome,
    pub day0_event: Day0,
    pub day0: LegalDay,
    pub days: u32,
    /// Whose holidays shifted the day; only where the rule shifts.
    pub calendar: Option<&'static str>,
    pub day: LegalDay,
}

impl Day0 {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Sending => "sending",
            Self::Notification => "notification",
            Self::Retrieval => "retrieval",
            Self::Answer => "answer",
        }
    }
}

impl Shift {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::WorkingDay => "working_day",
        }
    }
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Served => "served",
            Self::AnnouncedIfRetrieved => "announced_if_retrieved",
            Self::ProvisionEnded => "provision_ended",
            Self::NotServed => "not_served",
        }
    }
}

/// The row of a legal basis that is in force on `day0`.
pub fn in_force<'a>(rules: &'a [Rule], legal_basis: &str, day0: LegalDay) -> Option<&'a Rule> {
    let fits = |rule: &&Rule| {
        rule.legal_basis == legal_basis
            && rule.valid_from <= day0
            && rule.valid_to.is_none_or(|last| day0 <= last)
    };
    rules.iter().filter(fits).max_by_key(|rule| rule.valid_from)
}

impl Rule {
    /// `days` after `day0`, shifted if the rule shifts.
    fn count(&self, day0: LegalDay, land: Option<Land>) -> LegalDay {
        let day = day0.plus_days(i64::from(self.days));
        match self.shift {
            Shift::None => day,
            Shift::WorkingDay => next_working_day(day, land),
        }
    }

    fn calendar(&self, land: Option<Land>) -> Option<&'static str> {
        (self.shift == Shift::WorkingDay).then(|| land.map_or("DE", Land::code))
    }

    /// The effect as it stands once the letter is provided on `day` (and, being due the same day,
    /// the notification sent).
    pub fn on_provision(&self, day: LegalDay, land: Option<Land>) -> Effect {
        let (outcome, day0_event, days, end) = match self.on_no_retrieval {
            OnNoRetrieval::ProvisionEnds { days } => {
                let end = day.plus_days(i64::from(days));
                (Outcome::AnnouncedIfRetrieved, Day0::Notification, days, end)
            }
            OnNoRetrieval::DeemedAnnounced => {
                (Outcome::Announced, self.day0, self.days, self.count(day, land))
            }
            OnNoRetrieval::DeemedServed => {
                (Outcome::Served, self.day0, self.days, self.count(day, land))
            }
        };
        Effect { outcome, day0_event, day0: day, days, calendar: self.calendar(land), day: end }
    }

    /// The effect of opening on `day`; `None` when opening changes nothing about the day.
    pub fn on_retrieval(&self, day: LegalDay, land: Option<Land>) -> Option<Effect> {
        (self.day0 == Day0::Retrieval).then(|| Effect {
            outcome: Outcome::Announced,
            day0_event: Day0::Retrieval,
            day0: day,
            days: self.days,
            calendar: self.calendar(land),
            day: self.count(day, land),
        })
    }

    /// The effect of an acknowledgement (Empfangsbekenntnis) or a refusal on `day`: it holds that
    /// very day. `None` outside formal service.
    pub fn on_answer(&self, day: LegalDay, confirmed: bool) -> Option<Effect> {
        (self.on_no_retrieval == OnNoRetrieval::DeemedServed).then_some(Effect {
            outcome: if confirmed { Outcome::Served } else { Outcome::NotServed },
            day0_event: Day0::Answer,
            day0: day,
            days: 0,
            calendar: None,
            day,
        })
    }

    /// Whether the counting starts with the notification, so that a late one moves the day.
    pub fn counts_from_notification(&self) -> bool {
        self.day0 == Day0::Notification
            || matches!(self.on_no_retrieval, OnNoRetrieval::ProvisionEnds { .. })
    }

    /// The effect while no notification has left that the days could run from: no day, or where
    /// retrieval counts, that the letter can be retrieved for as long as one without a rule.
    pub fn unnotified(&self, provided: LegalDay, days: u32) -> Option<Effect> {
        matches!(self.on_no_retrieval, OnNoRetrieval::ProvisionEnds { .. }).then(|| Effect {
            outcome: Outcome::AnnouncedIfRetrieved,
            day0_event: Day0::Provision,
            day0: provided,
            days,
            calendar: None,
            day: provided.plus_days(i64::from(days)),
        })
    }

    /// How a letter under this rule ends when no notification ever left and nobody opens it: what
    /// the rule says of days that never ran does not come true.
    pub const fn ending_unnotified(&self) -> Ending {
        match self.on_no_retrieval {
            OnNoRetrieval::ProvisionEnds { .. } => Ending::ProvisionEnded,
            OnNoRetrieval::DeemedAnnounced | OnNoRetrieval::DeemedServed => Ending::ExpiredUnread,
        }
    }

    /// How a letter under this rule ends when nobody opens it.
    pub const fn ending(&self) -> Ending {
        match self.on_no_retrieval {
            OnNoRetrieval::DeemedAnnounced => Ending::DeemedAnnounced,
            OnNoRetrieval::DeemedServed => Ending::DeemedServed,
            OnNoRetrieval::ProvisionEnds { .. } => Ending::ProvisionEnded,
        }
    }
}

impl Effect {
    /// The instant from which the effect holds whether or not anybody acts: the day's expiry.
    pub fn holds_from(&self) -> Timestamp {
        self.day.end()
    }

    /// The local date on which the letter counts as announced or served, once that is certain.
    pub fn announced_on(&self) -> Option<LegalDay> {
        matches!(self.outcome, Outcome::Announced | Outcome::Served).then_some(self.day)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn rule(day0: Day0, days: u32, shift: Shift, end: OnNoRetrieval) -> Rule {
        Rule {
            id: "test/1".into(),
            legal_basis: "test".into(),
            law: "Test".into(),
            valid_from: day("2000-01-01"),
            valid_to: None,
            day0,
            days,
            shift,
            on_no_retrieval: end,
            confirmed_by_operator: false,
        }
    }

    fn day(text: &str) -> LegalDay {
        LegalDay::parse(text).unwrap()
    }

    /// Deemed day under a fiction of `days` days.
    fn fiction(provided: &str, days: u32, shift: Shift, land: Option<Land>) -> String {
        let rule = rule(Day0::Provision, days, shift, OnNoRetrieval::DeemedAnnounced);
        rule.on_provision(day(provided), land).day.to_string()
    }

    const RETRIEVAL: OnNoRetrieval = OnNoRetrieval::ProvisionEnds { days: 10 };

    #[test]
    fn three_days_from_monday_2024_12_30_end_on_thursday_2025_01_02() {
        assert_eq!(fiction("2024-12-30", 3, Shift::None, None), "2025-01-02");
    }

    #[test]
    fn four_days_from_new_year_2025_end_on_sunday_2025_01_05_when_nothing_shifts() {
        assert_eq!(fiction("2025-01-01", 4, Shift::None, None), "2025-01-05");
    }

    #[test]
    fn under_the_tax_code_four_days_from_new_year_2025_end_on_monday_2025_01_06() {
        assert_eq!(
            fiction("2025-01-01", 4, Shift::WorkingDay, Some(Land::SchleswigHolstein)),
            "2025-01-06"
        );
        assert_eq!(fiction("2025-01-01", 4, Shift::WorkingDay, None), "2025-01-06");
    }

    #[test]
    fn under_the_tax_code_where_epiphany_is_kept_they_end_on_tuesday_2025_01_07() {
        for land in [Land::BadenWuerttemberg, Land::Bayern, Land::SachsenAnhalt] {
            assert_eq!(fiction("2025-01-01", 4, Shift::WorkingDay, Some(land)), "2025-01-07");
        }
    }

    #[test]
    fn four_days_from_monday_2025_03_03_end_on_friday_2025_03_07() {
        assert_eq!(fiction("2025-03-03", 4, Shift::None, None), "2025-03-07");
    }

    #[test]
    fn four_days_from_wednesday_2025_03_05_end_on_sunday_and_under_the_tax_code_on_monday() {
        assert_eq!(fiction("2025-03-05", 4, Shift::None, None), "2025-03-09");
        assert_eq!(fiction("2025-03-05", 4, Shift::WorkingDay, None), "2025-03-10");
    }

    #[test]
    fn four_days_from_maundy_thursday_2025_end_on_easter_monday_and_under_the_tax_code_after_it() {
        assert_eq!(fiction("2025-04-17", 4, Shift::None, None), "2025-04-21");
        assert_eq!(fiction("2025-04-17", 4, Shift::WorkingDay, None), "2025-04-22");
    }

    #[test]
    fn a_letter_notified_on_2025_03_03_and_retrieved_on_2025_03_06_is_announced_on_2025_03_07() {
        let rule = rule(Day0::Retrieval, 1, Shift::None, RETRIEVAL);
        assert_eq!(rule.on_provision(day("2025-03-03"), None).announced_on(), None);
        let effect = rule.on_retrieval(day("2025-03-06"), None).unwrap();
        assert_eq!(effect.announced_on(), Some(day("2025-03-07")));
    }

    #[test]
    fn provision_of_a_letter_notified_on_2025_03_03_ends_after_thursday_2025_03_13_unannounced() {
        let rule = rule(Day0::Retrieval, 1, Shift::None, RETRIEVAL);
        let effect = rule.on_provision(day("2025-03-03"), None);
        assert_eq!((effect.day, effect.announced_on()), (day("2025-03-13"), None));
        assert_eq!(effect.holds_from(), day("2025-03-14").start());
        assert_eq!(rule.ending(), Ending::ProvisionEnded);
    }

    #[test]
    fn the_row_in_force_is_that_of_day_0() {
        let mut old = rule(Day0::Provision, 3, Shift::None, OnNoRetrieval::DeemedAnnounced);
        old.valid_to = LegalDay::parse("2024-12-31");
        let mut new = Rule { id: "test/2".into(), days: 4, valid_to: None, ..old.clone() };
        new.valid_from = day("2025-01-01");
        let rules = [old, new];
        let days = |d0| in_force(&rules, "test", day(d0)).map(|rule| rule.days);
        assert_eq!((days("2024-12-31"), days("2025-01-01")), (Some(3), Some(4)));
        assert_eq!(in_force(&rules, "other", day("2025-01-01")), None);
        assert_eq!(days("1999-12-31"), None);
    }
}
