//! One call per RPC, a file per topic.

mod claims;
mod mailboxes;
mod mandates;
mod members;
mod organisation;
mod record;

use prost::Message;

use super::names::Names;

/// How an RPC is called with given names.
#[derive(Clone, Copy)]
pub struct Call {
    /// `RecordService/GetRecord`
    pub rpc: &'static str,
    pub message: fn(&Names) -> Vec<u8>,
    /// The one refusal that the rightful caller may get.
    pub refused_with: Option<&'static str>,
}

pub const fn call(rpc: &'static str, message: fn(&Names) -> Vec<u8>) -> Call {
    Call { rpc, message, refused_with: None }
}

pub const fn refused(reason: &'static str, call: Call) -> Call {
    Call { refused_with: Some(reason), ..call }
}

pub fn bytes(message: &impl Message) -> Vec<u8> {
    message.encode_to_vec()
}

/// Sorted by service.
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
