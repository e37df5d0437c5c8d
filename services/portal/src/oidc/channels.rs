//! Channels to services with signed-in people's tokens, kept while the tokens live: identity is
//! asked for a token, and a service for a DPoP nonce, once in a few minutes instead of per page.
//! Only a cache: whoever asks has found the browser's session in the database before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use siegel_grpc::AuthChannel;
use siegel_kernel::Timestamp;

/// A token this close to its end is replaced.
const EARLY: Duration = Duration::from_secs(30);

/// SHA-256 of a session's cookie.
pub type SessionKey = [u8; 32];

/// From a session to a service.
type Way = (SessionKey, &'static str);

#[derive(Default)]
pub struct Channels {
    held: Mutex<HashMap<Way, (AuthChannel, Timestamp)>>,
    asking: Mutex<HashMap<SessionKey, Weak<tokio::sync::Mutex<()>>>>,
}

impl Channels {
    pub fn get(
        &self,
        key: SessionKey,
        service: &'static str,
        now: Timestamp,
    ) -> Option<AuthChannel> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (channel, until) = held.get(&(key, service))?;
        (now.plus(EARLY) < *until).then(|| channel.clone())
    }

    pub fn put(
        &self,
        key: SessionKey,
        service: &'static str,
        channel: AuthChannel,
        until: Timestamp,
    ) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert((key, service), (channel, until));
    }

    /// Drops the channel to a service that refused its token.
    pub fn drop_one(&self, key: SessionKey, service: &'static str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&(key, service));
    }

    /// Drops all channels of a session.
    pub fn drop_session(&self, key: SessionKey) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|(of, _), _| *of != key);
    }

    /// The lock under which a session asks for tokens: pages loaded side by side ask once, and a
    /// rotated refresh token is never used twice.
    pub fn turn(&self, key: SessionKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = asking.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        asking.insert(key, Arc::downgrade(&lock));
        lock
    }

    /// Forgets what has expired.
    pub fn sweep(&self, now: Timestamp) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (_, until)| now < *until);
        drop(held);
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        asking.retain(|_, lock| lock.strong_count() > 0);
    }
}
