//! Public holidays of the 16 Länder, for rules that shift a day to the next working day.
//!
//! What holds in a whole Land, and the calendar of the city of Augsburg. Other holidays of single
//! communes (Assumption Day in the rest of Bavaria's Catholic communes, Corpus Christi in parts of
//! Saxony and Thuringia) are not in here: a day that falls on one of them is not shifted.

use siegel_kernel::berlin::{LegalDay, Weekday};

/// Whose holidays count: a Land's, or those of Augsburg, which keeps a day of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Land {
    BadenWuerttemberg,
    Bayern,
    Berlin,
    Brandenburg,
    Bremen,
    Hamburg,
    Hessen,
    MecklenburgVorpommern,
    Niedersachsen,
    NordrheinWestfalen,
    RheinlandPfalz,
    Saarland,
    Sachsen,
    SachsenAnhalt,
    SchleswigHolstein,
    Thueringen,
    /// The city in Bavaria: Assumption Day, and the Peace Festival (Bavaria, FTG Art. 1 Abs. 2).
    Augsburg,
}

use Land::{
    BadenWuerttemberg as BW, Bayern as BY, Berlin as BE, Brandenburg as BB, Bremen as HB,
    Hamburg as HH, Hessen as HE, MecklenburgVorpommern as MV, Niedersachsen as NI,
    NordrheinWestfalen as NW, RheinlandPfalz as RP, Saarland as SL, Sachsen as SN,
    SachsenAnhalt as ST, SchleswigHolstein as SH, Thueringen as TH,
};

impl Land {
    /// ISO 3166-2, `DE-SH`; Augsburg adds its regional key.
    pub const fn code(self) -> &'static str {
        match self {
            BW => "DE-BW",
            BY => "DE-BY",
            BE => "DE-BE",
            BB => "DE-BB",
            HB => "DE-HB",
            HH => "DE-HH",
            HE => "DE-HE",
            MV => "DE-MV",
            NI => "DE-NI",
            NW => "DE-NW",
            RP => "DE-RP",
            SL => "DE-SL",
            SN => "DE-SN",
            ST => "DE-ST",
            SH => "DE-SH",
            TH => "DE-TH",
            Self::Augsburg => "DE-BY/09761",
        }
    }

    /// The calendar of an Amtlicher Regional- or Gemeindeschlüssel: its first two digits name the
    /// Land, its first five the district or city.
    pub fn of_ars(ars: &str) -> Option<Self> {
        if ars.starts_with("09761") {
            return Some(Self::Augsburg);
        }
        Some(match ars.get(..2)? {
            "01" => SH,
            "02" => HH,
            "03" => NI,
            "04" => HB,
            "05" => NW,
            "06" => HE,
            "07" => RP,
            "08" => BW,
            "09" => BY,
            "10" => SL,
            "11" => BE,
            "12" => BB,
            "13" => MV,
            "14" => SN,
            "15" => ST,
            "16" => TH,
            _ => return None,
        })
    }
}

/// Whether `day` is a public holiday; without a Land only what all of Germany keeps.
pub fn is_holiday(day: LegalDay, land: Option<Land>) -> bool {
    nationwide(day) || land.is_some_and(|land| of_land(day, land))
}

/// Neither Saturday, Sunday nor holiday (AO § 108(3)).
pub fn is_working_day(day: LegalDay, land: Option<Land>) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_holiday(day, land)
}

/// `day`, or the next working day after it.
pub fn next_working_day(day: LegalDay, land: Option<Land>) -> LegalDay {
    let mut day = day;
    // The longest run of free days is under a week; the bound keeps the end of the calendar finite.
    for _ in 0..14 {
        if is_working_day(day, land) {
            break;
        }
        day = day.plus_days(1);
    }
    day
}

fn nationwide(day: LegalDay) -> bool {
    // German Unity Day since 1990; 31 October 2017 was a holiday everywhere, once.
    match (day.month(), day.day()) {
        (1 | 5, 1) | (10, 3) | (12, 25 | 26) => true,
        (10, 31) => day.year() == 2017,
        _ => matches!(after_easter(day), Some(-2 | 1 | 39 | 50)),
    }
}

fn of_land(day: LegalDay, land: Land) -> bool {
    if land == Land::Augsburg {
        return matches!((day.month(), day.day()), (8, 8 | 15)) || of_land(day, BY);
    }
    let year = day.year();
    match (day.month(), day.day()) {
        // Epiphany
        (1, 6) => matches!(land, BW | BY | ST),
        // International Women's Day
        (3, 8) => (land == BE && year >= 2019) || (land == MV && year >= 2023),
        // End of the war, 75 and 80 years on; uprising of 1953, 75 years on
        (5, 8) => land == BE && matches!(year, 2020 | 2025),
        (6, 17) => land == BE && year == 2028,
        // Assumption Day
        (8, 15) => land == SL,
        // Children's Day
        (9, 20) => land == TH && year >= 2019,
        // Reformation Day
        (10, 31) => {
            matches!(land, BB | MV | SN | ST | TH)
                || (matches!(land, HB | HH | NI | SH) && year >= 2018)
        }
        // All Saints' Day
        (11, 1) => matches!(land, BW | BY | NW | RP | SL),
        // Day of Prayer and Repentance: the Wednesday before 23 November
        (11, 16..=22) if day.weekday() == Weekday::Wednesday => land == SN,
        _ => match after_easter(day) {
            // Easter Sunday and Whit Sunday
            Some(0 | 49) => land == BB,
            // Corpus Christi
            Some(60) => matches!(land, BW | BY | HE | NW | RP | SL),
            _ => false,
        },
    }
}

/// Days since Easter Sunday of the same year, within -2 to 60.
fn after_easter(day: LegalDay) -> Option<i64> {
    let easter = easter_sunday(day.year())?;
    (-2..=60).find(|n| easter.plus_days(*n) == day)
}

/// Easter Sunday of the Gregorian calendar (Gauss, corrected by Lichtenberg).
pub fn easter_sunday(year: i32) -> Option<LegalDay> {
    let century = year / 100;
    let moon = 15 + (3 * century + 3) / 4 - (8 * century + 13) / 25;
    let sun = 2 - (3 * century + 3) / 4;
    let cycle = year % 19;
    let seed = (19 * cycle + moon) % 30;
    let correction = (seed + cycle / 11) / 29;
    let limit = 21 + seed - correction;
    let first_sunday = 7 - (year + year / 4 + sun).rem_euclid(7);
    let day_of_march = limit + 7 - (limit - first_sunday).rem_euclid(7);
    LegalDay::new(year, 3, 1).map(|march| march.plus_days(i64::from(day_of_march) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Land; 16] = [BW, BY, BE, BB, HB, HH, HE, MV, NI, NW, RP, SL, SN, ST, SH, TH];

    fn day(text: &str) -> LegalDay {
        LegalDay::parse(text).unwrap()
    }

    /// The public holidays of 2024 to 2027 as the Python package `holidays` 0.109 publishes them
    /// (<https://pypi.org/project/holidays/>, country DE, category `public`): each date, and the
    /// Länder that keep it, `all` for the sixteen and Augsburg.
    const PUBLISHED: &str = include_str!("../tests/holidays-2024-2027.txt");

    #[test]
    fn the_calendars_of_all_laender_agree_with_the_published_list_for_2024_to_2027() {
        let calendars: Vec<Land> = ALL.into_iter().chain([Land::Augsburg]).collect();
        let name = |land: Land| match land {
            Land::Augsburg => "Augsburg",
            land => land.code().trim_start_matches("DE-"),
        };
        let published: std::collections::BTreeMap<&str, Vec<&str>> = PUBLISHED
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(date, kept)| (date, kept.split(' ').collect()))
            .collect();
        assert_eq!(published.len(), 81);
        let mut today = day("2024-01-01");
        while today.year() < 2028 {
            let listed = published.get(today.to_string().as_str());
            for land in &calendars {
                let kept = listed.is_some_and(|l| l == &["all"] || l.contains(&name(*land)));
                assert_eq!(is_holiday(today, Some(*land)), kept, "{today} in {}", name(*land));
            }
            today = today.plus_days(1);
        }
    }

    fn kept_in(text: &str) -> Vec<&'static str> {
        ALL.into_iter().filter(|l| is_holiday(day(text), Some(*l))).map(Land::code).collect()
    }

    #[test]
    fn easter_falls_on_the_published_sundays() {
        for easter in [
            "1981-04-19",
            "2000-04-23",
            "2008-03-23",
            "2019-04-21",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2038-04-25",
            "2049-04-18",
            "2076-04-19",
        ] {
            let easter = day(easter);
            assert_eq!(easter_sunday(easter.year()), Some(easter));
            assert_eq!(easter.weekday(), Weekday::Sunday);
        }
    }

    #[test]
    fn the_nine_nationwide_holidays_of_2025_are_kept_in_every_land() {
        for date in [
            "2025-01-01",
            "2025-04-18",
            "2025-04-21",
            "2025-05-01",
            "2025-05-29",
            "2025-06-09",
            "2025-10-03",
            "2025-12-25",
            "2025-12-26",
        ] {
            assert!(is_holiday(day(date), None), "{date}");
            assert_eq!(kept_in(date).len(), 16, "{date}");
        }
    }

    #[test]
    fn a_land_keeps_its_own_holidays_and_no_other_lands() {
        assert_eq!(kept_in("2025-01-06"), ["DE-BW", "DE-BY", "DE-ST"]);
        assert_eq!(kept_in("2025-03-08"), ["DE-BE", "DE-MV"]);
        assert_eq!(kept_in("2022-03-08"), ["DE-BE"]);
        assert_eq!(kept_in("2025-05-08"), ["DE-BE"]);
        assert_eq!(kept_in("2026-05-08"), [""; 0]);
        assert_eq!(kept_in("2025-06-19"), ["DE-BW", "DE-BY", "DE-HE", "DE-NW", "DE-RP", "DE-SL"]);
        assert_eq!(kept_in("2025-08-15"), ["DE-SL"]);
        assert_eq!(kept_in("2025-09-20"), ["DE-TH"]);
        assert_eq!(kept_in("2025-10-31").len(), 9);
        assert_eq!(kept_in("2016-10-31").len(), 5);
        assert_eq!(kept_in("2017-10-31").len(), 16);
        assert_eq!(kept_in("2025-11-01"), ["DE-BW", "DE-BY", "DE-NW", "DE-RP", "DE-SL"]);
        assert_eq!(kept_in("2025-11-19"), ["DE-SN"]);
        assert_eq!(kept_in("2025-04-20"), ["DE-BB"]);
    }

    #[test]
    fn the_land_of_a_regional_key_is_in_its_first_two_digits() {
        let found: Vec<_> = (1..=16).map(|n| Land::of_ars(&format!("{n:02}0000000000"))).collect();
        assert!(ALL.iter().all(|land| found.contains(&Some(*land))));
        assert_eq!(Land::of_ars("17"), None);
        assert_eq!(Land::of_ars(""), None);
        assert_eq!(Land::of_ars("097610000000"), Some(Land::Augsburg));
        assert_eq!(Land::of_ars("097720111111"), Some(BY), "the district around it is Bavaria");
    }
}
