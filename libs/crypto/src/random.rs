use ring::rand::{SecureRandom as _, SystemRandom};
use siegel_kernel::{Entropy, EntropyUnavailable};

/// The operating system's generator.
#[derive(Clone, Debug)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemEntropy {
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place behind Entropy")]
        let random = SystemRandom::new();
        Self(random)
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buf: &mut [u8]) -> Result<(), EntropyUnavailable> {
        self.0.fill(buf).map_err(|_| EntropyUnavailable)
    }
}

/// A secret for a URL, cookie or form: 256 random bits, base64url, 43 characters.
pub fn random_token(entropy: &dyn Entropy) -> Result<String, EntropyUnavailable> {
    Ok(crate::b64::encode(entropy.array::<32>()?))
}
