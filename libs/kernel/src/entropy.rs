/// The system cannot give random bytes; nobody may go on with weaker ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator is unavailable")]
pub struct EntropyUnavailable;

/// Where random bytes come from.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `buf` completely or fails; no caller goes on with weaker bytes.
    fn fill(&self, buf: &mut [u8]) -> Result<(), EntropyUnavailable>;

    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> Result<[u8; N], EntropyUnavailable>
    where
        Self: Sized,
    {
        let mut buf = [0; N];
        self.fill(&mut buf)?;
        Ok(buf)
    }
}

impl dyn Entropy {
    /// `N` random bytes.
    pub fn array<const N: usize>(&self) -> Result<[u8; N], EntropyUnavailable> {
        let mut buf = [0; N];
        self.fill(&mut buf)?;
        Ok(buf)
    }
}
