//! What every handler and use case of this service works with.

use std::sync::Arc;

use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_grpc::Outside;
use siegel_kernel::{AccountId, SessionId, Timestamp};

use crate::app::client_keys::KeyCache;
use crate::app::push::Resting;
use crate::app::refusal::Refusals;
use crate::app::upstream::Providers;
use crate::config::Config;
use crate::domain::acting::Party;
use crate::domain::pairwise;
use crate::keys::Keys;
use crate::people::{BadPeopleConfig, People};
use crate::registry::Registry;

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    pub config: Arc<Config>,
    pub outside: Outside,
    pub keys: Arc<Keys>,
    pub feed: Feed,
    pub outbox: Outbox,
    pub people: Arc<People>,
    /// Keys of clients that publish them.
    pub client_keys: KeyCache,
    pub clients: Arc<Registry>,
    pub refusals: Arc<Refusals>,
    /// Addresses of clients that did not answer lately.
    pub resting: Arc<Resting>,
    /// What upstream providers say of themselves.
    pub upstreams: Arc<Providers>,
}

impl Identity {
    pub fn new(config: Config, outside: Outside, keys: Keys) -> Result<Self, BadPeopleConfig> {
        let feed = Feed::new(outside.db.clone());
        let outbox = Outbox::new(outside.db.clone(), outside.clock.clone());
        let people = People::new(&config.people, keys.key_encryption(), &outside)?;
        Ok(Self {
            config: Arc::new(config),
            outside,
            keys: Arc::new(keys),
            feed,
            outbox,
            people: Arc::new(people),
            client_keys: KeyCache::default(),
            clients: Arc::default(),
            refusals: Arc::default(),
            resting: Arc::default(),
            upstreams: Arc::default(),
        })
    }

    /// Protocol time: read once per use case and passed down.
    pub fn now(&self) -> Timestamp {
        self.outside.clock.now()
    }

    /// The issuer, which is the origin.
    pub fn issuer(&self) -> &str {
        &self.outside.origin
    }

    /// The public URL of a path of this origin.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.outside.origin)
    }

    /// What clients of a sector know an account by.
    pub fn subject(&self, sector: &str, account: AccountId) -> String {
        pairwise::subject(self.keys.pairwise(), sector, account)
    }

    /// What clients of a sector know somebody by who is represented: a person by the subject they
    /// have there themself.
    pub fn party_name(&self, sector: &str, party: Party) -> String {
        match party {
            Party::Organisation(id) => pairwise::organisation(self.keys.pairwise(), sector, id),
            Party::Person(account) => self.subject(sector, account),
        }
    }

    /// What clients of a sector know a session by (`sid`).
    pub fn session_name(&self, sector: &str, session: SessionId) -> String {
        pairwise::session(self.keys.pairwise(), sector, session)
    }
}
