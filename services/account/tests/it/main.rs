//! The service as its callers see it, on both databases.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod account;
mod certificates;
mod changes;
mod consent;
mod deleted;
mod deposits;
mod documents;
mod exports;
mod grants;
mod identification;
mod imports;
mod isolation;
mod late_uploads;
mod merges;
mod offers;
mod office;
mod opening;
mod receipts;
mod repeated;
mod schema;
mod sources;
mod staff;
mod whole;
