//! One call per RPC, a file per topic.

mod claims;
mod mailboxes;
mod mandates;
mod members;
mod organisation;
pub mod others;
mod record;

use siegel_walk::{one, refused};

use super::names::Names;

pub type Call = siegel_walk::Call<Names>;

pub const fn call(rpc: &'static str, messages: fn(&Names) -> Vec<Vec<u8>>) -> Call {
    siegel_walk::call(rpc, messages)
}

/// Those of persons, sorted by service.
pub fn calls() -> Vec<Call> {
    let topics = [
        organisation::calls(),
        record::calls(),
        members::calls(),
        claims::calls(),
        mandates::calls(),
        mailboxes::calls(),
    ];
    topics.concat()
}
