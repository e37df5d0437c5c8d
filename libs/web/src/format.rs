//! Dates, times, sizes and levels as people read them. Times are those of Europe/Berlin, in both
//! languages.

use siegel_kernel::berlin::{LegalDay, local_parts};
use siegel_kernel::{Timestamp, TrustLevel};

use crate::i18n::{Locale, shared};

const MONTHS_DE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `6. März 2025` or `6 March 2025`.
pub fn date(locale: Locale, at: Timestamp) -> String {
    let (year, month, day, ..) = local_parts(at);
    civil(locale, year, month, day)
}

/// `6. März 2025, 11:15 Uhr` or `6 March 2025, 11:15 (Berlin time)`.
pub fn date_time(locale: Locale, at: Timestamp) -> String {
    let (.., hour, minute, _) = local_parts(at);
    let day = date(locale, at);
    match locale {
        Locale::De => format!("{day}, {hour:02}:{minute:02} Uhr"),
        Locale::En => format!("{day}, {hour:02}:{minute:02} (Berlin time)"),
    }
}

/// A legal day, as `date` writes it.
pub fn legal_day(locale: Locale, day: LegalDay) -> String {
    civil(locale, day.year(), day.month(), day.day())
}

/// RFC 3339 for the `datetime` attribute of `<time>`.
pub fn machine(at: Timestamp) -> String {
    at.to_rfc3339()
}

/// `412 Byte`, `1,4 MB` or `1.4 MB`; a kilobyte is 1000 bytes (IEC 80000-13).
pub fn bytes(locale: Locale, count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return match locale {
            Locale::De => format!("{count} Byte"),
            Locale::En => format!("{count} bytes"),
        };
    }
    let mut tenths = count / 100; // tenths of the unit, rounded down so that limits read exactly
    let mut unit = "kB";
    for next in UNITS.into_iter().skip(1) {
        if tenths < 10_000 {
            break;
        }
        tenths /= 1000;
        unit = next;
    }
    let point = if locale == Locale::De { ',' } else { '.' };
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {unit}"),
        (whole, rest) => format!("{whole}{point}{rest} {unit}"),
    }
}

/// The level's name: `substanziell`, `substantial`.
pub fn level(locale: Locale, level: TrustLevel) -> String {
    shared(locale).get(match level {
        TrustLevel::Basic => "level-basic",
        TrustLevel::Low => "level-low",
        TrustLevel::Substantial => "level-substantial",
        TrustLevel::High => "level-high",
    })
}

fn civil(locale: Locale, year: i32, month: u32, day: u32) -> String {
    let index = usize::try_from(month.saturating_sub(1)).unwrap_or_default();
    match locale {
        Locale::De => {
            format!("{day}. {} {year}", MONTHS_DE.get(index).copied().unwrap_or_default())
        }
        Locale::En => format!("{day} {} {year}", MONTHS_EN.get(index).copied().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn times_are_those_of_berlin_in_both_languages() {
        let evening = at("2025-03-06T23:30:00Z");
        assert_eq!(date_time(Locale::De, evening), "7. März 2025, 00:30 Uhr");
        assert_eq!(date_time(Locale::En, evening), "7 March 2025, 00:30 (Berlin time)");
        assert_eq!(date(Locale::De, at("2025-07-31T22:00:00Z")), "1. August 2025");
    }

    #[test]
    fn a_legal_day_reads_like_a_date() {
        let day = LegalDay::new(2025, 12, 9).unwrap();
        assert_eq!(legal_day(Locale::De, day), "9. Dezember 2025");
    }

    #[test]
    fn sizes_use_decimal_units_and_the_languages_decimal_mark() {
        assert_eq!(bytes(Locale::De, 999), "999 Byte");
        assert_eq!(bytes(Locale::De, 1_450_000), "1,4 MB");
        assert_eq!(bytes(Locale::En, 1_450_000), "1.4 MB");
        assert_eq!(bytes(Locale::En, 2_000_000), "2 MB");
        assert_eq!(bytes(Locale::En, 999_999), "999.9 kB");
    }

    #[test]
    fn the_largest_size_has_a_text() {
        assert_eq!(bytes(Locale::En, u64::MAX), "18446744 TB");
    }
}
