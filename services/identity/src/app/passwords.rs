//! Hashing passwords: Argon2id (RFC 9106) with the OWASP row of least memory and CPU, by few
//! workers and a bounded queue, so that a flood of log-ins cannot starve everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::{ExposeSecret as _, SecretString};
use siegel_kernel::Entropy;
use tokio::sync::Semaphore;

use super::argon::Hasher;
use crate::domain::password::{self, WeakPassword};
use crate::state::Identity;

/// What unknown log-in names are checked against: same cost, and no password is right.
const NOBODY: &str = "$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// More people are logging in than the workers and their queue take.
    #[error("too many passwords are waiting to be checked")]
    Busy,
    #[error("a password could not be hashed")]
    Broken,
}

/// The password workers.
#[derive(Clone)]
pub struct PasswordPool {
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    begun: Arc<AtomicU64>,
    hasher: Arc<Hasher>,
    entropy: Arc<dyn Entropy>,
}

impl PasswordPool {
    pub fn new(workers: usize, queue: usize, entropy: Arc<dyn Entropy>) -> Self {
        let workers = workers.clamp(1, 64);
        let places = workers.saturating_add(queue).min(10_000);
        Self {
            places: Arc::new(Semaphore::new(places)),
            workers: Arc::new(Semaphore::new(workers)),
            begun: Arc::default(),
            hasher: Arc::new(Hasher::with_workers(workers)),
            entropy,
        }
    }

    /// How many passwords were hashed since the start: nobody learns from it who has an account.
    pub fn hashed(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// A PHC string with a fresh salt.
    pub async fn hash(&self, password: SecretString) -> Result<String, HashError> {
        let salt: [u8; 16] = self.entropy.array().map_err(|_| HashError::Broken)?;
        let hasher = self.hasher.clone();
        self.work(move || {
            let hash = hasher.hash(password.expose_secret().as_bytes(), &salt);
            hash.map_err(|_| HashError::Broken)
        })
        .await
    }

    /// Whether the password is right. Without a hash it is wrong, after the same work.
    pub async fn verify(
        &self,
        password: SecretString,
        phc: Option<String>,
    ) -> Result<bool, HashError> {
        let hasher = self.hasher.clone();
        self.work(move || {
            let known = phc.is_some();
            let phc = phc.unwrap_or_else(|| NOBODY.to_owned());
            let right = hasher.verify(password.expose_secret().as_bytes(), &phc);
            Ok(right.map_err(|_| HashError::Broken)? && known)
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let _place = self.places.try_acquire().map_err(|_| HashError::Busy)?;
        let worker = self.workers.clone().acquire_owned().await.map_err(|_| HashError::Broken)?;
        self.begun.fetch_add(1, Ordering::Relaxed);
        // The worker's permit goes with the job: a browser that hangs up frees no worker early.
        let job = move || {
            let _worker = worker;
            job()
        };
        tokio::task::spawn_blocking(job).await.map_err(|_| HashError::Broken)?
    }
}

/// Whether a password may be chosen for an account with this log-in name: by rule, and by the lists
/// of leaks.
pub async fn acceptable(
    state: &Identity,
    password: &SecretString,
    login: &str,
) -> Result<(), WeakPassword> {
    password::check(password.expose_secret(), login)?;
    if state.people.breached.contains(password).await {
        return Err(WeakPassword::Breached);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::phc::PasswordHash;
    use siegel_testkit::CountingEntropy;

    fn pool(workers: usize, queue: usize) -> PasswordPool {
        PasswordPool::new(workers, queue, Arc::new(CountingEntropy::default()))
    }

    #[tokio::test]
    async fn a_password_is_right_only_against_its_own_hash() {
        let pool = pool(1, 1);
        let phc = pool.hash("richtig so".into()).await.unwrap();
        assert!(pool.verify("richtig so".into(), Some(phc.clone())).await.unwrap());
        assert!(!pool.verify("falsch".into(), Some(phc)).await.unwrap());
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let pool = pool(1, 1);
        let first = pool.hash("gleiches".into()).await.unwrap();
        assert_ne!(first, pool.hash("gleiches".into()).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_name_costs_the_same_work_and_is_never_right() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        let fresh = pool(1, 1).hash("irgendeins".into()).await.unwrap();
        let fresh = PasswordHash::new(&fresh).unwrap();
        assert_eq!(parsed.params, fresh.params, "the dummy costs what a real hash costs");
        assert_eq!(parsed.hash.map(|h| h.len()), fresh.hash.map(|h| h.len()));
        assert!(!pool(1, 1).verify("irgendeins".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn past_the_queue_nobody_waits() {
        let pool = pool(1, 0);
        let held = pool.places.clone().try_acquire_owned().unwrap();
        assert_eq!(pool.verify("x".into(), None).await, Err(HashError::Busy));
        drop(held);
        assert_eq!(pool.verify("x".into(), None).await, Ok(false));
    }
}
