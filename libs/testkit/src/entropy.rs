use std::sync::atomic::{AtomicU64, Ordering};

use siegel_kernel::{Entropy, EntropyUnavailable};

/// Bytes that differ from call to call and are the same in each run.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, buf: &mut [u8]) -> Result<(), EntropyUnavailable> {
        for (round, chunk) in buf.chunks_mut(32).enumerate() {
            let n = self.0.fetch_add(1, Ordering::SeqCst);
            let block = siegel_crypto::sha256(format!("{n}/{round}").as_bytes());
            chunk.copy_from_slice(block.get(..chunk.len()).unwrap_or(&[]));
        }
        Ok(())
    }
}
