//! Texts of legal forms by their three digits, as the tax administration groups them (1 natural
//! persons, 2 partnerships, 3 corporations, …). A code that is not here is taken with the text that
//! comes with it: the list is help for who types, not a limit.

const TABLE: [(&str, &str); 16] = [
    ("120", "Einzelunternehmen"),
    ("140", "Freier Beruf"),
    ("210", "Offene Handelsgesellschaft (OHG)"),
    ("220", "Kommanditgesellschaft (KG)"),
    ("230", "GmbH & Co. KG"),
    ("270", "Gesellschaft bürgerlichen Rechts (GbR)"),
    ("280", "Europäische wirtschaftliche Interessenvereinigung (EWIV)"),
    ("310", "Aktiengesellschaft (AG)"),
    ("320", "Kommanditgesellschaft auf Aktien (KGaA)"),
    ("350", "Gesellschaft mit beschränkter Haftung (GmbH)"),
    ("355", "Unternehmergesellschaft (haftungsbeschränkt)"),
    ("370", "Europäische Gesellschaft (SE)"),
    ("410", "Eingetragene Genossenschaft (eG)"),
    ("510", "Eingetragener Verein (e. V.)"),
    ("520", "Stiftung des privaten Rechts"),
    ("610", "Körperschaft des öffentlichen Rechts"),
];

/// Every code with its text, in the order of the codes.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.into_iter()
}

/// The text of a code.
pub fn text(code: &str) -> Option<&'static str> {
    TABLE.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// The code of a text, word for word.
pub fn code(text: &str) -> Option<&'static str> {
    TABLE.iter().find(|(_, known)| *known == text).map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_three_digits_and_stand_once_in_order() {
        let codes: Vec<_> = TABLE.iter().map(|(code, _)| *code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
        assert!(codes.iter().all(|c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_digit())));
        assert_eq!((text("350").is_some(), text("000")), (true, None));
        assert_eq!((text("350").and_then(code), code("GmbH")), (Some("350"), None));
    }
}
