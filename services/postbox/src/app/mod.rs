//! Use cases, one file each: one transaction, no network call inside it.

pub mod access;
pub mod acting;
pub mod admin;
pub mod adopt;
pub mod answer;
pub mod archive;
pub mod archive_check;
pub mod batch;
pub mod batch_run;
pub mod boxes;
pub mod cases;
pub mod check;
pub mod check_upload;
pub mod close;
pub mod content;
pub mod deliver;
pub mod deposit;
pub mod download;
pub mod events;
pub mod evidence;
pub mod export;
pub mod flag;
pub mod handles;
pub mod house;
pub mod inspect;
pub mod lanes;
pub mod limits;
pub mod list;
pub mod log;
mod notified;
pub mod notify;
pub mod open;
pub mod opt_outs;
pub mod owner_gone;
pub mod parts;
pub mod patient;
pub mod places;
pub mod press;
pub mod proof;
pub mod provide;
pub mod purge;
pub mod push;
pub mod quota;
pub mod reader;
pub mod recall;
pub mod receipts;
pub mod reject;
pub mod remind;
pub mod replace;
pub mod replies;
pub mod reply;
pub mod rescan;
pub mod resumable;
pub mod search;
pub mod sent;
pub mod submit;
pub mod sweep;
pub mod upload;
pub mod uploads;
pub mod vault;
pub mod watch;
pub mod webhooks;
pub mod write;
pub mod zip;

use std::sync::Arc;

use siegel_db::outbox::Outbox;
use siegel_db::{Db, StoreError, events::Feed};
use siegel_grpc::Siblings;
use siegel_kernel::{Clock, Entropy, EntropyUnavailable, Timestamp, TrustLevel};

use crate::config::{LimitsConfig, RetentionConfig};
use crate::domain::canon::NotCanonical;
use crate::ports::objects::{ObjectError, Objects};
use crate::ports::scanner::Scanner;
use evidence::Notary;
use lanes::Lanes;
use log::Journal;
use places::Places;
use press::Press;
use push::Webhooks;
use quota::Quotas;
use vault::Vault;

/// What every use case works with. Cheap to clone.
#[derive(Clone)]
pub struct Postbox(Arc<Parts>);

pub struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub legal_clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub siblings: Siblings,
    pub vault: Vault,
    pub notary: Notary,
    /// The public log; `None` where no key for it is configured.
    pub journal: Option<Journal>,
    pub objects: Objects,
    pub scanner: Scanner,
    pub feed: Feed,
    pub outbox: Outbox,
    /// Wakes whoever works on batches.
    pub batches: tokio::sync::Notify,
    pub limits: LimitsConfig,
    pub lanes: Lanes,
    pub press: Press,
    pub quotas: Quotas,
    /// Archives of attachments that are written at the same time; each holds a thread.
    pub archives: Places,
    /// Streams of mailbox news.
    pub watchers: Places,
    pub retention: RetentionConfig,
    /// The tenant whose operators decide what holds for all tenants.
    pub operator_tenant: Option<String>,
    pub unread_days: u32,
    pub event_days: Option<u32>,
    pub webhooks: Webhooks,
    pub default_required_level: TrustLevel,
}

impl Postbox {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Both clocks, read once per use case.
    pub fn now(&self) -> Now {
        Now {
            legal: self.legal_clock.now(),
            recorded: self.clock.now(),
            moved: self.legal_clock.is_moved() || self.clock.is_moved(),
        }
    }
}

impl std::ops::Deref for Postbox {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The time of a use case.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// What legal days, states and events go by; a sandbox may move it.
    pub legal: Timestamp,
    /// What a receipt's recorded time and the audit trail go by.
    pub recorded: Timestamp,
    /// Somebody moved one of the clocks.
    pub moved: bool,
}

/// Something of ours broke: nobody's mistake, nothing to tell a caller.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("stored bytes cannot be sealed or opened")]
    Seal(#[from] siegel_crypto::SealError),
    #[error("evidence cannot be signed")]
    Sign(#[from] siegel_crypto::KeyError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("stored JSON cannot be read or written")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Canon(#[from] NotCanonical),
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// It may be stored after all: whoever repeats the request learns it.
    #[error("the outcome of a commit is unknown")]
    CommitUnknown,
    #[error("a stored value contradicts another: {0}")]
    Contradiction(&'static str),
}
