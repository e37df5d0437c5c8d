//! Codes that people type: in invitations and on letters.

/// Letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A code of as many characters as there are random bytes; 5 bits each.
pub fn write(random: &[u8]) -> String {
    let letter = |b: &u8| ALPHABET.get(usize::from(b & 31)).copied().map_or('A', char::from);
    random.iter().map(letter).collect()
}

/// In groups of four, as it is printed.
pub fn grouped(code: &str) -> String {
    let groups = code.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned());
    groups.collect::<Vec<_>>().join("-")
}

/// What was typed as it is compared: without spaces and hyphens, in capitals; `None` for what is
/// no code of this length.
pub fn typed(text: &str, length: usize) -> Option<String> {
    let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '-' && *c != '–');
    let code: String = kept.take(length + 1).map(|c| c.to_ascii_uppercase()).collect();
    let known = code.bytes().all(|b| ALPHABET.contains(&b));
    (code.len() == length && known).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_again_however_it_was_typed() {
        let code = write(&[0, 31, 32, 200, 7, 8, 9, 10, 11, 12]);
        assert_eq!(code.len(), 10);
        let printed = grouped(&code);
        assert_eq!(printed.matches('-').count(), 2);
        let loose = format!(" {} ", printed.to_lowercase().replace('-', " – "));
        assert_eq!(typed(&loose, 10), Some(code.clone()));
        assert_eq!(typed(&code, 9), None);
        assert_eq!(typed("O0O0O0O0O0", 10), None);
    }
}
