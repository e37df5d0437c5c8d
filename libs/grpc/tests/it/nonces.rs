//! Nonces of calls with a bound token (RFC 9449 §9), as the caller keeps them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use siegel_crypto::SigningKey;
use siegel_kernel::{Clock, Timestamp};
use siegel_oidc::TokenKind;
use siegel_testkit::TestClock;

use crate::guard::list;
use crate::house::{House, claims};

/// The clock of the house, a second later at every look.
struct Hurried {
    house: Arc<TestClock>,
    looks: AtomicU32,
}

impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        let look = self.looks.fetch_add(1, Ordering::SeqCst);
        self.house.now().plus(Duration::from_secs(look.into()))
    }
}

#[tokio::test]
async fn a_nonce_that_grows_old_while_a_call_is_made_does_not_fail_the_call() {
    let key = SigningKey::generate().unwrap();
    // Wherever the end of the time falls for which a nonce is used without asking.
    for age in 38..48 {
        let house = House::new();
        let claims = claims(&house.identity, "postbox", TokenKind::Person);
        let clock = Hurried { house: house.identity.clock.clone(), looks: AtomicU32::new(0) };
        let channel = house.bound_by(Arc::new(clock), &claims, &key);
        list(channel.clone()).await.unwrap();
        house.identity.clock.advance(Duration::from_secs(age));
        if let Err(status) = list(channel).await {
            panic!("after {age} s: {status:?}");
        }
    }
}
