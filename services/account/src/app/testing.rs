//! The use cases on a database, for tests beside them.

use std::sync::Arc;

use siegel_crypto::RootSecret;
use siegel_db::Db;
use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_testkit::{CountingEntropy, TestClock};

use super::{App, Opening, Order, Vault, kinds};

pub fn app(db: Db) -> App {
    let dir = tempfile::tempdir().unwrap();
    let (clock, entropy) = (Arc::new(TestClock::default()), Arc::new(CountingEntropy::default()));
    let root = RootSecret::load(&dir.path().join("key"), true, entropy.as_ref()).unwrap();
    App {
        feed: Feed::new(db.clone()),
        outbox: Outbox::new(db.clone(), clock.clone()),
        vault: Vault::new(&root, entropy.clone()),
        db,
        clock,
        entropy,
        safe: None,
        operator_tenant: None,
        claim_floor: TrustLevel::Low,
    }
}

pub fn order(id: &str) -> Order {
    Order {
        kind: kinds::OPENED,
        caller: "service:identity".into(),
        request_id: id.into(),
        digest: [0; 32],
        level: None,
    }
}

pub async fn opens(app: &App, n: u128) -> AccountId {
    let account: AccountId = format!("acc_{n:032x}").parse().unwrap();
    let opening = Opening { account, email: "a@example.org".into(), locale: "de".into() };
    app.open_account(&order(&format!("o{n}")), &opening).await.unwrap();
    account
}
