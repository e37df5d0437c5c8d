//! Proof Key for Code Exchange, S256 only (RFC 7636).

use siegel_crypto::{b64, same_bytes, sha256};

/// The challenge of a verifier (RFC 7636 §4.2).
pub fn challenge(verifier: &str) -> String {
    b64::encode(sha256(verifier.as_bytes()))
}

/// 43 to 128 unreserved characters (RFC 7636 §4.1).
pub fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// Base64url of a SHA-256: 43 characters.
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43 && b64::decode(text).is_some()
}

/// Whether `verifier` is the one behind `expected_challenge`.
pub fn verify(verifier: &str, expected_challenge: &str) -> bool {
    is_verifier(verifier)
        && same_bytes(challenge(verifier).as_bytes(), expected_challenge.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_rfc_7636_appendix_b_is_found_again() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(verify(verifier, &challenge(verifier)));
        assert!(!verify(&verifier.replace('d', "e"), &challenge(verifier)));
    }

    #[test]
    fn a_short_verifier_is_none() {
        assert!(!is_verifier(&"a".repeat(42)));
        assert!(is_verifier(&"a".repeat(43)));
        assert!(!is_verifier(&"a".repeat(129)));
        assert!(!is_verifier(&"ä".repeat(43)));
    }
}
