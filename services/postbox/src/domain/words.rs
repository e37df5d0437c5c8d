//! Words as the search compares them. Letter case, accents and the two ways to write umlauts make no
//! difference: `Müller`, `MÜLLER` and `Mueller` are one word.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Different words of one letter that are found; what comes after them is not.
const WORDS: usize = 4096;
/// A longer word is known by its beginning, in characters.
const LONGEST: usize = 64;
/// Longest search, in characters.
const QUERY: usize = 200;
/// Different words of one search.
const QUERY_WORDS: usize = 10;

/// The different words of some texts, folded. Anything but letters and digits ends a word.
pub fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in texts {
        let folded = fold(text);
        for word in folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            if found.len() >= WORDS {
                return found;
            }
            found.insert(word.chars().take(LONGEST).collect());
        }
    }
    found
}

/// The words a search is for, all of which a letter must hold.
pub fn query(text: &str) -> Result<BTreeSet<String>, &'static str> {
    if text.chars().count() > QUERY {
        return Err("must have at most 200 characters");
    }
    let words = words([text]);
    if words.is_empty() {
        return Err("must hold a word");
    }
    if words.len() > QUERY_WORDS { Err("must hold at most 10 words") } else { Ok(words) }
}

/// NFKD, lower case, umlauts written out (DIN 5007-2), other accents dropped.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().flat_map(char::to_lowercase) {
        match c {
            '\u{308}' if folded.ends_with(['a', 'o', 'u']) => folded.push('e'),
            // Soft hyphens and joiners stand inside words without being seen.
            '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' => {}
            c if is_combining_mark(c) => {}
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ς' => folded.push('σ'),
            'ı' => folded.push('i'),
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> String {
        let found = words([text]);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        found.into_iter().next().unwrap()
    }

    #[test]
    fn case_accents_and_the_two_ways_to_write_umlauts_make_no_difference() {
        for (same, as_this) in [
            ("Müller", "MUELLER"),
            ("mu\u{308}ller", "Müller"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "straße"),
            ("Café", "cafe"),
            ("Ærø", "aero"),
            ("Łódź", "lodz"),
            ("ﬁnanzamt", "Finanzamt"),
            ("Ⅷ", "viii"),
            ("Bau\u{ad}amt", "Bauamt"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδος"),
        ] {
            assert_eq!(one(same), one(as_this), "{same} and {as_this}");
        }
        assert_ne!(one("Muller"), one("Müller"));
    }

    #[test]
    fn a_word_ends_where_no_letter_and_no_digit_stands() {
        let found = words(["Az. BA-2025/17, § 9: „Gaube“!", "gaube"]);
        let expected = ["17", "2025", "9", "az", "ba", "gaube"];
        assert!(found.iter().eq(expected.iter()), "{found:?}");
    }

    #[test]
    fn a_search_holds_one_to_ten_words() {
        assert!(query("Gaube BA-2025").is_ok());
        for bad in ["", " ", "§ …", &"x".repeat(201), "1 2 3 4 5 6 7 8 9 10 11"] {
            assert!(query(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn no_text_has_more_words_than_are_kept(text in "[a-z0-9 ]{0,400}") {
            let found = words([text.as_str()]);
            prop_assert!(found.len() <= WORDS);
            prop_assert!(found.iter().all(|w| !w.is_empty() && w.chars().count() <= LONGEST));
        }
    }
}
