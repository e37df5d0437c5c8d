//! Argon2id (RFC 9106) in memory that is kept: mapping and clearing 7 MiB for each log-in costs a
//! tenth of its hash, and leaves the allocator with pieces it never gives back.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{Error, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use siegel_crypto::same_bytes;

/// The OWASP row of least memory and CPU.
const MEMORY_KIB: u32 = 7_168;
const ROUNDS: u32 = 5;
const LANES: u32 = 1;

/// Hashes and verifies. Holds one buffer per worker. What a hash leaves in its buffer tells no more
/// than the hash itself.
#[derive(Default)]
pub struct Hasher {
    idle: Mutex<Vec<Vec<Block>>>,
}

impl Hasher {
    /// Takes the memory of all workers now: by far the most a log-in needs, and a machine that does
    /// not have it says so at the start, not in the first rush of log-ins.
    pub fn with_workers(workers: usize) -> Self {
        let blocks = Params::new(MEMORY_KIB, ROUNDS, LANES, None).map_or(0, |p| p.block_count());
        let buffers = (0..workers).map(|_| vec![Block::new(); blocks]).collect();
        Self { idle: Mutex::new(buffers) }
    }

    /// The PHC string of a password, at the cost of today.
    pub fn hash(&self, password: &[u8], salt: &[u8; 16]) -> Result<String> {
        let params = Params::new(MEMORY_KIB, ROUNDS, LANES, Some(Params::DEFAULT_OUTPUT_LEN))?;
        let salt = Salt::new(salt)?;
        let output = self.output(Version::V0x13, &params, password, &salt)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }

    /// Whether a password is that of a PHC string, at the cost the string names. Compares in
    /// constant time.
    ///
    /// # Errors
    /// The string is no Argon2id hash with salt and output.
    pub fn verify(&self, password: &[u8], phc: &str) -> Result<bool> {
        let held = PasswordHash::new(phc)?;
        if held.algorithm != Algorithm::Argon2id.ident() {
            return Err(Error::Algorithm);
        }
        let version = held.version.map(Version::try_from).transpose()?.unwrap_or_default();
        let params = Params::try_from(&held)?;
        let (Some(salt), Some(expected)) = (&held.salt, &held.hash) else {
            return Err(Error::Internal);
        };
        let output = self.output(version, &params, password, salt)?;
        Ok(same_bytes(output.as_ref(), expected.as_ref()))
    }

    fn output(
        &self,
        version: Version,
        params: &Params,
        password: &[u8],
        salt: &Salt,
    ) -> Result<Output> {
        let mut blocks = self.idle().pop().unwrap_or_default();
        if blocks.len() < params.block_count() {
            blocks.resize(params.block_count(), Block::new());
        }
        let mut out = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let out = out.get_mut(..length).ok_or(Error::OutputSize)?;
        let argon = Argon2::new(Algorithm::Argon2id, version, params.clone());
        let done = argon.hash_password_into_with_memory(password, salt, out, &mut blocks);
        self.idle().push(blocks);
        done?;
        Ok(Output::new(out)?)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{PasswordHasher as _, PasswordVerifier as _};

    fn plain() -> Argon2<'static> {
        let params = Params::new(MEMORY_KIB, ROUNDS, LANES, None).unwrap();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    }

    #[test]
    fn a_kept_buffer_gives_the_same_hash_as_a_fresh_one() {
        let hasher = Hasher::default();
        for (word, salt) in [(b"eins", [1; 16]), (b"zwei", [2; 16]), (b"eins", [1; 16])] {
            let ours = hasher.hash(word, &salt).unwrap();
            assert_eq!(ours, plain().hash_password_with_salt(word, &salt).unwrap().to_string());
            plain().verify_password(word, ours.as_str()).unwrap();
        }
        assert_eq!(hasher.idle().len(), 1, "one after the other they share one buffer");
    }

    #[test]
    fn the_memory_of_every_worker_is_there_before_the_first_log_in() {
        let hasher = Hasher::with_workers(2);
        let held = |hasher: &Hasher| hasher.idle().iter().map(Vec::len).collect::<Vec<_>>();
        let before = held(&hasher);
        assert_eq!(before, [7_168, 7_168], "blocks of a KiB");
        hasher.hash(b"eins", &[1; 16]).unwrap();
        assert_eq!(held(&hasher), before, "a log-in takes no more");
    }

    #[test]
    fn a_hash_of_another_cost_verifies_at_its_own() {
        let dear = Argon2::from(Params::new(9_000, 2, 2, Some(24)).unwrap());
        let phc = dear.hash_password_with_salt(b"alt", &[7; 16]).unwrap().to_string();
        let hasher = Hasher::default();
        hasher.hash(b"neu", &[8; 16]).unwrap();
        assert!(hasher.verify(b"alt", &phc).unwrap());
        assert!(!hasher.verify(b"neu", &phc).unwrap());
    }

    #[test]
    fn what_is_no_argon2id_hash_verifies_nothing() {
        let hasher = Hasher::default();
        for phc in ["", "$argon2i$v=19$m=16,t=2,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAA", "$argon2id$v=19"]
        {
            assert!(hasher.verify(b"x", phc).is_err(), "{phc}");
        }
    }
}
