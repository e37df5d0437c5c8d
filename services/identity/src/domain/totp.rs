//! One-time codes of authenticator apps (RFC 6238): SHA-1, six digits, 30 seconds, because that is
//! what every app understands.

use siegel_kernel::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp, TotpError};
use zeroize::Zeroizing;

/// Bytes of a secret (RFC 4226 §4 R6: 160 bits).
pub const SECRET_BYTES: usize = 20;
pub const DIGITS: u32 = 6;
/// Seconds of one step.
const STEP: u64 = 30;

/// The secret or the names are of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a one-time code generator cannot be made of this")]
pub struct BadGenerator;

impl From<TotpError> for BadGenerator {
    fn from(_: TotpError) -> Self {
        Self
    }
}

/// A generator of codes.
pub struct Generator(Totp);

impl Generator {
    /// `issuer` and `account` are shown by the app; characters that would break its address are
    /// left out.
    pub fn new(secret: &[u8], issuer: &str, account: &str) -> Result<Self, BadGenerator> {
        let plain = |text: &str| text.replace(':', " ").trim().to_owned();
        let built = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(STEP)
            .with_skew(1)
            .with_secret(Secret::from(secret))
            .with_issuer(Some(plain(issuer)))
            .with_account_name(plain(account))
            .build()?;
        Ok(Self(built))
    }

    /// The step whose code this is: the current one, the one before or the one after (RFC 6238
    /// §5.2). The caller accepts each step once. Blanks are ignored.
    pub fn step_of(&self, typed: &str, now: Timestamp) -> Option<i64> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let seconds = u64::try_from(now.as_micros() / 1_000_000).ok()?;
        let step = self.0.check(&digits, seconds)?;
        i64::try_from(step).ok()
    }

    /// The code at `now`: for tests, which play the app.
    pub fn code(&self, now: Timestamp) -> String {
        let seconds = u64::try_from(now.as_micros() / 1_000_000).unwrap_or(0);
        self.0.generate(seconds).to_string()
    }

    /// `otpauth://totp/…`, what the app scans. Holds the secret.
    pub fn address(&self) -> Result<Zeroizing<String>, BadGenerator> {
        Ok(Zeroizing::new(self.0.to_url()?))
    }

    /// The secret in groups of four letters (RFC 4648 §6), to be typed into an app.
    pub fn written(&self) -> Zeroizing<String> {
        let text = Zeroizing::new(self.0.secret().to_base32());
        let mut grouped = Zeroizing::new(String::new());
        for (i, c) in text.chars().enumerate() {
            if i > 0 && i % 4 == 0 {
                grouped.push(' ');
            }
            grouped.push(c);
        }
        grouped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 Appendix B: time, and the codes by SHA-1, SHA-256, SHA-512.
    const VECTORS: [(u64, &str, &str, &str); 6] = [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ];

    fn of_the_rfc(algorithm: Algorithm, length: usize) -> Totp {
        let secret: Vec<u8> = b"1234567890".iter().copied().cycle().take(length).collect();
        let builder = Builder::new().with_algorithm(algorithm).with_digits(8).with_secret(secret);
        builder.build().unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_6238_hold_for_all_three_hashes() {
        let (one, two, five) = (
            of_the_rfc(Algorithm::SHA1, 20),
            of_the_rfc(Algorithm::SHA256, 32),
            of_the_rfc(Algorithm::SHA512, 64),
        );
        for (time, sha1, sha256, sha512) in VECTORS {
            assert_eq!(one.generate(time).to_string(), sha1, "{time}");
            assert_eq!(two.generate(time).to_string(), sha256, "{time}");
            assert_eq!(five.generate(time).to_string(), sha512, "{time}");
        }
    }

    fn generator() -> Generator {
        Generator::new(b"12345678901234567890", "Stadt: Musterstadt", "erika@example.org").unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn six_digits_of_the_rfc_s_eight_are_accepted_one_step_around() {
        let own = generator();
        assert_eq!(own.code(at(59)), "287082");
        assert_eq!(own.step_of("287 082", at(59)), Some(1));
        assert_eq!(own.step_of("287082", at(29)), Some(1), "a clock that is slow");
        assert_eq!(own.step_of("287082", at(89)), Some(1), "a clock that is fast");
        assert_eq!(own.step_of("287082", at(90)), None);
        assert_eq!(own.step_of("287083", at(59)), None);
        assert_eq!(own.step_of("", at(59)), None);
        assert_eq!(own.step_of("94287082", at(59)), None, "eight digits are none of ours");
    }

    #[test]
    fn the_app_learns_secret_issuer_and_account() {
        let address = generator().address().unwrap();
        assert!(address.starts_with("otpauth://totp/"), "{}", *address);
        assert!(address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{}", *address);
        assert!(address.contains("erika"), "{}", *address);
        assert_eq!(*generator().written(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }
}
