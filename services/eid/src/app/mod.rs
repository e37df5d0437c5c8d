//! Use cases: one transaction each.

mod end;
mod fetch;
mod start;
mod sweep;

use std::sync::Arc;

use siegel_db::Db;
use siegel_grpc::Outside;
use siegel_kernel::{Clock, Entropy};
use url::Url;

use crate::ports::IdentitySource;

pub use end::{EndError, WrongPin};
pub use fetch::{FetchError, Fetched};
pub use start::{StartIdentification, StartRefusal};
pub use sweep::sweep_forever;

/// What the use cases work with.
pub struct App {
    db: Db,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    origin: Url,
    source: Option<Arc<dyn IdentitySource>>,
}

impl App {
    pub fn new(
        outside: &Outside,
        source: Option<Arc<dyn IdentitySource>>,
    ) -> Result<Self, url::ParseError> {
        Ok(Self {
            db: outside.db.clone(),
            clock: outside.clock.clone(),
            entropy: outside.entropy.clone(),
            origin: Url::parse(&outside.origin)?,
            source,
        })
    }

    /// Under which the browser reaches the suite, without a slash at the end.
    pub fn origin(&self) -> String {
        self.origin.origin().ascii_serialization()
    }
}
