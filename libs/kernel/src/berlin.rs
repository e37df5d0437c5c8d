//! Legal days: local dates of Europe/Berlin.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Europe::Berlin;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A calendar day as it is counted in Germany, whatever the server's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegalDay(NaiveDate);

/// Day of the week, Monday first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl LegalDay {
    /// `None` when there is no such day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// The local day on which `at` falls.
    pub fn of(at: Timestamp) -> Self {
        Self(at.to_chrono().with_timezone(&Berlin).date_naive())
    }

    /// `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self)
    }

    /// `days` later (or earlier, when negative); stays within the calendar's range.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        let moved = TimeDelta::try_days(days).and_then(|d| self.0.checked_add_signed(d));
        Self(moved.unwrap_or(if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX }))
    }

    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// 1 to 12.
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// 1 to 31.
    pub fn day(self) -> u32 {
        self.0.day()
    }

    pub fn weekday(self) -> Weekday {
        match self.0.weekday() {
            chrono::Weekday::Mon => Weekday::Monday,
            chrono::Weekday::Tue => Weekday::Tuesday,
            chrono::Weekday::Wed => Weekday::Wednesday,
            chrono::Weekday::Thu => Weekday::Thursday,
            chrono::Weekday::Fri => Weekday::Friday,
            chrono::Weekday::Sat => Weekday::Saturday,
            chrono::Weekday::Sun => Weekday::Sunday,
        }
    }

    /// The instant at which this day begins in Berlin.
    pub fn start(self) -> Timestamp {
        let midnight = self.0.and_time(NaiveTime::MIN);
        let local = Berlin.from_local_datetime(&midnight).earliest();
        let utc = local.map_or_else(|| midnight.and_utc(), |l| l.to_utc());
        Timestamp::from_micros(utc.timestamp_micros())
    }

    /// The first instant after this day: a period that ends "with the expiry of the day" ends here.
    pub fn end(self) -> Timestamp {
        self.plus_days(1).start()
    }
}

impl std::fmt::Display for LegalDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// Local date and time of `at` for people: (year, month, day, hour, minute, second).
pub fn local_parts(at: Timestamp) -> (i32, u32, u32, u32, u32, u32) {
    use chrono::Timelike;
    let l = at.to_chrono().with_timezone(&Berlin);
    (l.year(), l.month(), l.day(), l.hour(), l.minute(), l.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn the_legal_day_changes_at_midnight_in_berlin_not_in_greenwich() {
        assert_eq!(LegalDay::of(at("2025-03-06T22:59:59Z")).to_string(), "2025-03-06");
        assert_eq!(LegalDay::of(at("2025-03-06T23:00:00Z")).to_string(), "2025-03-07");
        assert_eq!(LegalDay::of(at("2025-07-06T22:00:00Z")).to_string(), "2025-07-07");
    }

    #[test]
    fn the_day_on_which_summer_time_begins_has_23_hours() {
        let day = LegalDay::new(2025, 3, 30).unwrap();
        assert_eq!(day.end().since(day.start()).as_secs(), 23 * 3600);
    }
}
