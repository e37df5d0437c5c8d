//! Every RPC and how it is called. A new RPC gets a row here, a `oneof` of names several; a new kind of
//! thing to name gets a field in [`Names`], in [`Field`] and in the town.

use prost::Message;
use siegel_grpc::CallerKind;
use siegel_proto::postbox::v1 as pb;

macro_rules! of_letter {
    ($request:ident, $n:expr) => {
        one(&pb::$request {
            request_id: $n.request_id.clone(),
            letter_id: $n.letter.clone(),
            organisation_id: $n.organisation.clone(),
            mailbox_id: $n.mailbox.clone(),
            principal_account_id: $n.principal.clone(),
        })
    };
}

macro_rules! of_mailbox {
    ($request:ident, $n:expr) => {
        one(&pb::$request {
            organisation_id: $n.organisation.clone(),
            mailbox_id: $n.mailbox.clone(),
            principal_account_id: $n.principal.clone(),
            ..Default::default()
        })
    };
}

mod admin;
mod evidence;
mod mailboxes;
mod names;
mod senders;
mod settings;
mod uploads;

pub use names::Names;

/// How to call an RPC.
#[derive(Clone, Copy)]
pub struct Call {
    /// `SenderService/Submit`
    pub rpc: &'static str,
    /// The encoded messages of a call that names these things.
    pub messages: fn(&Names) -> Vec<Vec<u8>>,
    /// With which reason even the rightful caller is refused here, if so.
    pub refused_with: Option<&'static str>,
    /// What is not there is answered without a refusal: an empty list, a line that says so.
    pub tells_of_nothing: bool,
    /// Whose things are named, where several kinds may call.
    pub of: Option<CallerKind>,
    /// Names no owner: it is always about the caller's own mailbox, also a member's.
    pub of_oneself: bool,
}

const fn call(rpc: &'static str, messages: fn(&Names) -> Vec<Vec<u8>>) -> Call {
    Call { rpc, messages, refused_with: None, tells_of_nothing: false, of: None, of_oneself: false }
}

const fn refused(reason: &'static str, call: Call) -> Call {
    Call { refused_with: Some(reason), ..call }
}

const fn tells_of_nothing(call: Call) -> Call {
    Call { tells_of_nothing: true, ..call }
}

const fn of(kind: CallerKind, call: Call) -> Call {
    Call { of: Some(kind), ..call }
}

const fn of_oneself(call: Call) -> Call {
    Call { of_oneself: true, ..call }
}

fn one(message: &impl Message) -> Vec<Vec<u8>> {
    vec![message.encode_to_vec()]
}

/// Sorted by service.
pub fn calls() -> Vec<Call> {
    [
        handles(),
        senders::letters(),
        senders::batches(),
        senders::replies(),
        senders::webhooks(),
        mailboxes::calls(),
        uploads::calls(),
        evidence::calls(),
        settings::calls(),
        admin::calls(),
    ]
    .concat()
}

/// What only siblings ask.
fn handles() -> Vec<Call> {
    vec![
        call("HandleService/IssueHandle", |n| {
            let owner = n.organisation.clone();
            one(&pb::IssueHandleRequest {
                request_id: n.request_id.clone(),
                owner: Some(pb::issue_handle_request::Owner::OrganisationId(owner)),
                sector: "musterstadt".into(),
                ..Default::default()
            })
        }),
        call("HandleService/CloseMailbox", |n| {
            let owner = n.organisation.clone();
            one(&pb::CloseMailboxRequest {
                request_id: n.request_id.clone(),
                owner: Some(pb::close_mailbox_request::Owner::OrganisationId(owner)),
                ..Default::default()
            })
        }),
        call("ReminderService/CheckReminder", |n| {
            one(&pb::CheckReminderRequest { subject_id: n.letter.clone() })
        }),
        // Names an account, which no caller but identity knows.
        call("OpenMattersService/CountOpenMatters", |_| {
            let account_id = format!("acc_{}", "0".repeat(32));
            one(&pb::CountOpenMattersRequest { account_id })
        }),
    ]
}
