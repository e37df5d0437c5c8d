//! Between the wire and the use cases.

mod account;
mod changes;
mod deposit;
mod documents;
mod export;
mod levels;
mod merge;
mod offers;
mod privacy;
mod read;
mod redemption;
mod registry;
mod status;
mod support;
mod write;

pub use account::Accounts;
pub use changes::Changes;
pub use deposit::Deposit;
pub use documents::Documents;
pub use export::Exports;
pub use levels::Levels;
pub use merge::Merges;
pub use offers::Offers;
pub use privacy::Privacy;
pub use redemption::Redemption;
pub use registry::Registry;
pub use support::Support;
