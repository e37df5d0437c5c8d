//! One SQL text on SQLite and PostgreSQL, and what every service keeps in its database:
//! idempotent requests, ordered events, an outbox, an audit trail, leases.

pub mod audit;
mod connect;
pub mod events;
mod idempotency;
mod lease;
mod migrate;
pub mod outbox;
pub mod rows;
mod schema;
mod tx;

pub use connect::{DbError, Target};
pub use idempotency::{
    Attempt, IdempotencyKey, begin_request, claim_answered, finish_request, is_raced, seen_request,
};
pub use lease::{Lease, take_lease};
pub use migrate::{COMMON, Migrations};
pub use schema::{Column, columns};
pub use tx::{Db, StoreError, Tx, Unit};

#[doc(hidden)]
pub use sqlx as __sqlx;
