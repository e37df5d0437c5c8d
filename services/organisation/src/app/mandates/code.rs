//! The code by which a mandate is accepted: read out, typed, written on paper.

use siegel_kernel::{Entropy, EntropyUnavailable};

/// Crockford's base 32: no letter looks like another or like a digit.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 20 letters are 100 bits: nobody finds one by trying.
const LENGTH: usize = 20;

/// A fresh code, `7Q2M-…`, five groups of four.
pub fn fresh(entropy: &dyn Entropy) -> Result<String, EntropyUnavailable> {
    let bytes = entropy.array::<LENGTH>()?;
    let mut code = String::with_capacity(LENGTH + 4);
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && i.is_multiple_of(4) {
            code.push('-');
        }
        let letter = LETTERS.get(usize::from(byte & 31)).copied().unwrap_or(b'0');
        code.push(char::from(letter));
    }
    Ok(code)
}

/// What is stored of a code, however it was typed; `None` for text that is none.
pub fn hash(typed: &str) -> Option<[u8; 32]> {
    let mut plain = Vec::with_capacity(LENGTH);
    for letter in typed.bytes().filter(|b| !matches!(b, b'-' | b' ')) {
        plain.push(match letter.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other if LETTERS.contains(&other) => other,
            _ => return None,
        });
        if plain.len() > LENGTH {
            return None;
        }
    }
    (plain.len() == LENGTH).then(|| siegel_crypto::sha256_fields(&[b"mandate code", &plain]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        let known = hash("0123-4567-89AB-CDEF-GHJK").unwrap();
        assert_eq!(hash("o l23 4567-89ab cdef GHJK"), Some(known));
        assert_ne!(hash("0123-4567-89AB-CDEF-GHJM"), Some(known));
        for none in ["", "0123", "0123-4567-89AB-CDEF-GHJK-0", "0123-4567-89AB-CDEF-GHJU"] {
            assert_eq!(hash(none), None, "{none}");
        }
    }
}
