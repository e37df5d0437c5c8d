//! Server nonces of DPoP (RFC 9449 §9) without state: bound to method and token, good for 60 s on
//! every replica that has the key.

use siegel_crypto::{b64, hmac_sha256, same_bytes};
use siegel_kernel::Timestamp;

/// How long a nonce is accepted, seconds.
const LIFETIME: i64 = 60;

pub(super) struct Nonces {
    key: [u8; 32],
}

impl Nonces {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// 8 bytes of time, 16 bytes of HMAC; base64url.
    pub(super) fn issue(&self, path: &str, token: &str, now: Timestamp) -> String {
        let at = now.as_seconds().to_be_bytes();
        b64::encode([&at[..], &self.tag(at, path, token)].concat())
    }

    pub(super) fn holds(&self, nonce: &str, path: &str, token: &str, now: Timestamp) -> bool {
        let Some(bytes) = b64::decode(nonce) else { return false };
        let Some((at, tag)) = bytes.split_first_chunk::<8>() else { return false };
        let age = now.as_seconds() - i64::from_be_bytes(*at);
        (0..=LIFETIME).contains(&age) && same_bytes(tag, &self.tag(*at, path, token))
    }

    fn tag(&self, at: [u8; 8], path: &str, token: &str) -> [u8; 16] {
        let data = siegel_crypto::sha256_fields(&[&at, path.as_bytes(), token.as_bytes()]);
        let full = hmac_sha256(&self.key, &data);
        let mut tag = [0; 16];
        tag.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_holds_for_its_method_token_and_minute_on_every_replica() {
        let (one, two) = (Nonces::new([1; 32]), Nonces::new([1; 32]));
        let now = Timestamp::from_seconds(1_000);
        let nonce = one.issue("/a/B", "token", now);
        assert!(two.holds(&nonce, "/a/B", "token", Timestamp::from_seconds(1_060)));
        assert!(!two.holds(&nonce, "/a/B", "token", Timestamp::from_seconds(1_061)));
        assert!(!two.holds(&nonce, "/a/C", "token", now));
        assert!(!two.holds(&nonce, "/a/B", "other", now));
        assert!(!Nonces::new([2; 32]).holds(&nonce, "/a/B", "token", now));
        assert!(!two.holds("", "/a/B", "token", now));
    }
}
