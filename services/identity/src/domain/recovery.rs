//! Recovery codes: what a person prints and uses when nothing else is at hand.

use siegel_kernel::{Entropy, EntropyUnavailable};
use zeroize::Zeroizing;

/// Codes of a set.
pub const CODES: usize = 10;
/// Letters of a code, five bits each: 60 bits.
const LETTERS: usize = 12;
/// Crockford's alphabet: nothing in it looks like something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A fresh code, `XXXX-XXXX-XXXX`.
pub fn fresh(entropy: &dyn Entropy) -> Result<Zeroizing<String>, EntropyUnavailable> {
    let random: [u8; LETTERS] = entropy.array()?;
    let mut code = Zeroizing::new(String::new());
    for (i, byte) in random.iter().enumerate() {
        if i > 0 && i % 4 == 0 {
            code.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'0');
        code.push(char::from(letter));
    }
    Ok(code)
}

/// A typed code without dashes, blanks and confusable letters; `None` when it cannot be one.
pub fn normal(typed: &str) -> Option<Zeroizing<String>> {
    let mut code = Zeroizing::new(String::new());
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if !ALPHABET.iter().any(|a| char::from(*a) == c) || code.len() >= LETTERS {
            return None;
        }
        code.push(c);
    }
    (code.len() == LETTERS).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siegel_testkit::CountingEntropy;

    #[test]
    fn a_code_is_read_as_it_was_written_whatever_the_hand() {
        let code = fresh(&CountingEntropy::default()).unwrap();
        let plain = normal(&code).unwrap();
        assert_eq!(plain.len(), 12);
        assert_eq!(normal(&code.to_lowercase()), Some(plain.clone()));
        assert_eq!(normal(&code.replace('-', " ").replace('0', "o")), Some(plain));
        assert_eq!(normal("ABCD-EFGH-JKM"), None, "too short");
        assert_eq!(normal("ABCD-EFGH-JKMN-P"), None, "too long");
        assert_eq!(normal("ABCD-EFGH-JKMU"), None, "no letter of the alphabet");
    }
}
