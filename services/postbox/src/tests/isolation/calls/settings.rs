//! What owners of mailboxes decide about them.

use prost::Message as _;
use siegel_proto::postbox::v1 as pb;

use super::{Call, Names, call, one};

pub fn calls() -> Vec<Call> {
    use pb::set_opt_out_request::About;
    fn choose(n: &Names, about: About) -> Vec<u8> {
        pb::SetOptOutRequest {
            request_id: format!("choose {}", n.request_id),
            organisation_id: n.organisation.clone(),
            mailbox_id: n.mailbox.clone(),
            principal_account_id: n.principal.clone(),
            about: Some(about),
            choice: pb::OptOutChoice::Allowed.into(),
            wording_version: "1".into(),
        }
        .encode_to_vec()
    }
    vec![
        call("MailboxSettingsService/ListHandles", |n| of_mailbox!(ListHandlesRequest, n)),
        call("MailboxSettingsService/RevokeHandle", |n| {
            one(&pb::RevokeHandleRequest {
                request_id: format!("revoke {}", n.request_id),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
                handle: n.handle.clone(),
            })
        }),
        call("MailboxSettingsService/ListSenders", |n| of_mailbox!(ListSendersRequest, n)),
        call("MailboxSettingsService/SetOptOut", |n| {
            vec![choose(n, About::LetterId(n.letter.clone()))]
        }),
        call("MailboxSettingsService/SetOptOut", |n| {
            vec![choose(n, About::SenderId(n.sender.clone()))]
        }),
        call("MailboxSettingsService/ListOptOuts", |n| of_mailbox!(ListOptOutsRequest, n)),
    ]
}
