//! Every RPC and how it is called. A new RPC gets a row here, a `oneof` of names several; a new kind of
//! thing to name gets a field in [`Names`] and in the town.

use siegel_proto::postbox::v1 as pb;
use siegel_walk::{of, one, refused, tells_of_nothing};

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

pub type Call = siegel_walk::Call<Names>;

const fn call(rpc: &'static str, messages: fn(&Names) -> Vec<Vec<u8>>) -> Call {
    siegel_walk::call(rpc, messages)
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
        call("HouseLetterService/DeliverToOrganisation", |n| {
            one(&pb::DeliverToOrganisationRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                sender: "Servicekonto".into(),
                subject: "Ihr Organisationskonto".into(),
                bodies: vec![pb::Body {
                    language: "de".into(),
                    plain_text: "Guten Tag".into(),
                    ..Default::default()
                }],
                attachments: Vec::new(),
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
