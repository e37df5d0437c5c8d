//! What may be a password: long enough and not the first thing an attacker tries. No rules about
//! kinds of characters (NIST SP 800-63B §5.1.1.2, BSI).

/// Characters, not bytes.
pub const MIN_LENGTH: usize = 8;
pub const MAX_LENGTH: usize = 128;

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("shorter than {MIN_LENGTH} characters")]
    TooShort,
    #[error("longer than {MAX_LENGTH} characters")]
    TooLong,
    #[error("one of the most common passwords, or the address itself")]
    Common,
    /// Only the lists know.
    #[error("known from a leak")]
    Breached,
}

/// Passwords that lists of leaks have at their top, of at least [`MIN_LENGTH`] characters, plus
/// what German users and this software suggest.
const COMMON: &[&str] = &[
    "12345678",
    "123456789",
    "1234567890",
    "0123456789",
    "0987654321",
    "987654321",
    "87654321",
    "password",
    "password1",
    "password12",
    "password123",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "passwort",
    "passwort1",
    "passwort12",
    "passwort123",
    "passwort1234",
    "hallo123",
    "hallo1234",
    "hallohallo",
    "hallowelt",
    "schatz123",
    "geheim123",
    "geheimnis",
    "qwertzui",
    "qwertzuiop",
    "qwertyui",
    "qwertyuiop",
    "qwerty123",
    "qwertz123",
    "1qaz2wsx",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "asdfghjk",
    "asdfghjkl",
    "yxcvbnm1",
    "zxcvbnm1",
    "iloveyou",
    "ichliebedich",
    "sunshine",
    "princess",
    "football",
    "fussball",
    "baseball",
    "superman",
    "batman123",
    "starwars",
    "dragon123",
    "monkey123",
    "letmein1",
    "letmein123",
    "welcome1",
    "welcome123",
    "willkommen",
    "willkommen1",
    "changeme",
    "changeme1",
    "admin123",
    "admin1234",
    "administrator",
    "master123",
    "computer",
    "internet",
    "abcd1234",
    "abc12345",
    "abcdefgh",
    "a1b2c3d4",
    "aa123456",
    "11111111",
    "00000000",
    "22222222",
    "88888888",
    "99999999",
    "12341234",
    "11223344",
    "112233445566",
    "123123123",
    "123321123",
    "12344321",
    "test1234",
    "testtest",
    "test12345",
    "michelle",
    "jennifer",
    "alexander",
    "sebastian",
    "christian",
    "daniel123",
    "thomas123",
    "michael1",
    "deutschland",
    "deutschland1",
    "muenchen",
    "hamburg1",
    "borussia",
    "bayern123",
    "schalke04",
    "werder123",
    "sommer2023",
    "sommer2024",
    "sommer2025",
    "winter2023",
    "winter2024",
    "winter2025",
    "january1",
    "whatever",
    "trustno1",
    "freedom1",
    "charlie1",
    "shadow123",
    "mustermann",
    "musterstadt",
    "personalausweis",
    "servicekonto",
    "siegel123",
    "buergeramt",
];

/// Accepts a new password for an account with this log-in name.
pub fn check(password: &str, login: &str) -> Result<(), WeakPassword> {
    let length = password.chars().count();
    if length < MIN_LENGTH {
        return Err(WeakPassword::TooShort);
    }
    if length > MAX_LENGTH {
        return Err(WeakPassword::TooLong);
    }
    let lower = password.to_lowercase();
    let guessed = COMMON.contains(&lower.as_str()) || is_pattern(&lower);
    if guessed || is_personal(&lower, &login.to_lowercase()) {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

/// One to four characters over and over, or a run of the alphabet or of digits.
fn is_pattern(lower: &str) -> bool {
    let chars: Vec<char> = lower.chars().collect();
    let repeats = |period: usize| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b);
    let steps = |by: i64| {
        chars.iter().zip(chars.iter().skip(1)).all(|(a, b)| {
            let next = i64::from(u32::from(*b)) - i64::from(u32::from(*a));
            next == by
                || (*a == '9' && *b == '0' && by == 1)
                || (*a == '0' && *b == '9' && by == -1)
        })
    };
    (1..=4).any(repeats) || steps(1) || steps(-1)
}

/// The address, its local part, or that with some digits behind it.
fn is_personal(lower: &str, login: &str) -> bool {
    let local = login.split('@').next().unwrap_or_default();
    let rest = |name: &str| lower.strip_prefix(name).map(str::to_owned);
    let digits = |rest: String| rest.chars().all(|c| c.is_ascii_digit() || "!.-_".contains(c));
    lower == login || (local.chars().count() >= 3 && rest(local).is_some_and(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_and_nothing_else_is_demanded() {
        assert_eq!(check("kurz ab", ""), Err(WeakPassword::TooShort));
        assert_eq!(check("übertägl", ""), Ok(()));
        let longest = "ä9xkm".repeat(25) + "abc";
        assert_eq!(check(&longest, ""), Ok(()));
        assert_eq!(check(&(longest + "d"), ""), Err(WeakPassword::TooLong));
    }

    #[test]
    fn what_an_attacker_tries_first_is_refused() {
        for password in [
            "Passwort123",
            "qwertzuiop",
            "aaaaaaaaaa",
            "abcabcabcabc",
            "2345678901234",
            "hgfedcba",
            "erika@example.org",
            "Erika.Mustermann",
            "erika.mustermann1964",
        ] {
            let login =
                if password.contains('@') { password } else { "erika.mustermann@example.org" };
            assert_eq!(check(password, login), Err(WeakPassword::Common), "{password}");
        }
    }

    #[test]
    fn every_entry_of_the_list_is_long_enough_to_matter() {
        for entry in COMMON {
            assert!(entry.chars().count() >= MIN_LENGTH, "{entry}");
            assert_eq!(*entry, entry.to_lowercase());
        }
    }
}
