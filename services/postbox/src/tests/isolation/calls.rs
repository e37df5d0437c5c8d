//! Every RPC and how it is called. A new RPC gets a row here, a `oneof` of names several; a new kind of thing to name gets a field in
//! [`Names`], in [`Field`] and in the town.

use prost::Message;
use siegel_proto::postbox::v1 as pb;

use crate::tests::world;

/// What a request can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub request_id: String,
    /// Empty for the caller's own mailbox.
    pub organisation: String,
    pub letter: String,
    pub attachment: String,
    pub handle: String,
    /// Client id of a sender.
    pub sender: String,
}

/// A name that can be somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Organisation,
    Letter,
    Attachment,
    Handle,
    Sender,
    All,
}

impl Names {
    pub const FIELDS: [Field; 6] = [
        Field::Organisation,
        Field::Letter,
        Field::Attachment,
        Field::Handle,
        Field::Sender,
        Field::All,
    ];

    /// Names of the right form that nothing has.
    pub fn missing() -> Self {
        let none = "0".repeat(32);
        Self {
            request_id: String::new(),
            organisation: format!("org_{none}"),
            letter: format!("ltr_{none}"),
            attachment: format!("att_{none}"),
            handle: format!("hdl_{none}"),
            sender: "nobody".into(),
        }
    }

    /// These names with one of others.
    pub fn with(&self, field: Field, others: &Self) -> Self {
        let mut names = self.clone();
        let all = field == Field::All;
        for (this, own, other) in [
            (Field::Organisation, &mut names.organisation, &others.organisation),
            (Field::Letter, &mut names.letter, &others.letter),
            (Field::Attachment, &mut names.attachment, &others.attachment),
            (Field::Handle, &mut names.handle, &others.handle),
            (Field::Sender, &mut names.sender, &others.sender),
        ] {
            if all || field == this {
                own.clone_from(other);
            }
        }
        names
    }
}

/// How to call an RPC.
#[derive(Clone, Copy)]
pub struct Call {
    /// `SenderService/Submit`
    pub rpc: &'static str,
    /// The encoded messages of a call that names these things.
    pub messages: fn(&Names) -> Vec<Vec<u8>>,
    /// With which reason even the rightful caller is refused here, if so.
    pub refused_with: Option<&'static str>,
}

const fn call(rpc: &'static str, messages: fn(&Names) -> Vec<Vec<u8>>) -> Call {
    Call { rpc, messages, refused_with: None }
}

const fn refused(reason: &'static str, call: Call) -> Call {
    Call { refused_with: Some(reason), ..call }
}

fn one(message: &impl Message) -> Vec<Vec<u8>> {
    vec![message.encode_to_vec()]
}

/// A letter of formal service, so that it can be confirmed.
fn submit(n: &Names) -> pb::SubmitRequest {
    let mut request = world::request(&n.request_id, &n.handle);
    world::formal(&mut request);
    request
}

macro_rules! of_letter {
    ($request:ident, $n:expr) => {
        one(&pb::$request {
            request_id: $n.request_id.clone(),
            letter_id: $n.letter.clone(),
            organisation_id: $n.organisation.clone(),
        })
    };
}

macro_rules! of_mailbox {
    ($request:ident, $n:expr) => {
        one(&pb::$request { organisation_id: $n.organisation.clone(), ..Default::default() })
    };
}

/// Sorted as the services stand in the proto files.
pub fn calls() -> Vec<Call> {
    [handles(), senders(), mailboxes(), evidence(), settings()].concat()
}

fn handles() -> Vec<Call> {
    vec![
        call("HandleService/IssueHandle", |n| {
            let owner = n.organisation.clone();
            one(&pb::IssueHandleRequest {
                request_id: n.request_id.clone(),
                owner: Some(pb::issue_handle_request::Owner::OrganisationId(owner)),
                sector: "musterstadt".into(),
            })
        }),
        call("HandleService/CloseMailbox", |n| {
            let owner = n.organisation.clone();
            one(&pb::CloseMailboxRequest {
                request_id: n.request_id.clone(),
                owner: Some(pb::close_mailbox_request::Owner::OrganisationId(owner)),
            })
        }),
    ]
}

fn senders() -> Vec<Call> {
    vec![
        call("SenderService/Submit", |n| {
            let mut request = submit(n);
            let letter = world::letter(&mut request);
            letter.thread.clone_from(&n.letter);
            letter.replaces.clone_from(&n.letter);
            one(&request)
        }),
        call("SenderService/SubmitStream", |n| {
            let mut letter = submit(n).letter;
            if let Some(letter) = &mut letter {
                letter.thread.clone_from(&n.letter);
            }
            let request_id = format!("streamed {}", n.request_id);
            let head = pb::SubmitStreamHead { request_id, letter, ..Default::default() };
            one(&pb::SubmitStreamRequest {
                part: Some(pb::submit_stream_request::Part::Head(head)),
            })
        }),
        call("SenderService/Recall", |n| {
            let (request_id, letter_id) = (n.request_id.clone(), n.letter.clone());
            one(&pb::RecallRequest { request_id, letter_id })
        }),
        call("SenderService/Supersede", |n| {
            let mut letter = submit(n).letter;
            if let Some(letter) = &mut letter {
                letter.replaces.clone_from(&n.letter);
            }
            let request_id = format!("instead {}", n.request_id);
            one(&pb::SupersedeRequest { request_id, letter, ..Default::default() })
        }),
        call("SenderService/UpdateCaseStatus", |n| {
            one(&pb::UpdateCaseStatusRequest {
                request_id: format!("case {}", n.request_id),
                handle: n.handle.clone(),
                case_id: "BA-1".into(),
                status: pb::CaseStatus::Received.into(),
                ..Default::default()
            })
        }),
        call("SenderService/GetSentLetter", |n| {
            one(&pb::GetSentLetterRequest { letter_id: n.letter.clone() })
        }),
        call("SenderService/WatchEvents", |_| one(&pb::WatchEventsRequest::default())),
    ]
}

fn mailboxes() -> Vec<Call> {
    let search = |n: &Names| {
        let organisation_id = n.organisation.clone();
        let query = "Zwetschgenmus".into();
        one(&pb::SearchRequest { organisation_id, query, ..Default::default() })
    };
    let download = |n: &Names| {
        one(&pb::DownloadAttachmentRequest {
            letter_id: n.letter.clone(),
            attachment_id: n.attachment.clone(),
            organisation_id: n.organisation.clone(),
            ..Default::default()
        })
    };
    let preview = |n: &Names| {
        let (letter_id, organisation_id) = (n.letter.clone(), n.organisation.clone());
        one(&pb::PreviewRequest { letter_id, organisation_id })
    };
    let flags = |n: &Names| {
        one(&pb::SetFlagsRequest {
            request_id: n.request_id.clone(),
            letter_id: n.letter.clone(),
            organisation_id: n.organisation.clone(),
            unread: Some(false),
            labels: None,
        })
    };
    vec![
        call("MailboxService/ListLetters", |n| of_mailbox!(ListLettersRequest, n)),
        call("MailboxService/Preview", preview),
        call("MailboxService/Open", |n| of_letter!(OpenRequest, n)),
        call("MailboxService/Confirm", |n| of_letter!(ConfirmRequest, n)),
        call("MailboxService/Refuse", |n| of_letter!(RefuseRequest, n)),
        refused("LETTER_NOT_OPENED", call("MailboxService/DownloadAttachment", download)),
        call("MailboxService/SetFlags", flags),
        call("MailboxService/Archive", |n| of_letter!(ArchiveRequest, n)),
        call("MailboxService/Trash", |n| of_letter!(TrashRequest, n)),
        call("MailboxService/Restore", |n| of_letter!(RestoreRequest, n)),
        call("MailboxService/ListCaseUpdates", |n| of_mailbox!(ListCaseUpdatesRequest, n)),
        call("MailboxService/GetCounts", |n| {
            one(&pb::GetCountsRequest { organisation_id: n.organisation.clone() })
        }),
        call("MailboxService/Search", search),
    ]
}

fn evidence() -> Vec<Call> {
    vec![
        call("EvidenceService/ListReceipts", |n| {
            let (letter_id, organisation_id) = (n.letter.clone(), n.organisation.clone());
            one(&pb::ListReceiptsRequest { letter_id, organisation_id })
        }),
        call("EvidenceService/ListSigningKeys", |_| one(&pb::ListSigningKeysRequest {})),
        call("EvidenceService/GetCheckpoint", |_| one(&pb::GetCheckpointRequest {})),
        call("EvidenceService/GetInclusionProof", |_| {
            one(&pb::GetInclusionProofRequest { leaf: vec![1; 32], tree_size: 0 })
        }),
        call("EvidenceService/GetConsistencyProof", |_| {
            one(&pb::GetConsistencyProofRequest { from_size: 1, to_size: 0 })
        }),
        call("EvidenceService/GetMailboxHead", |n| of_mailbox!(GetMailboxHeadRequest, n)),
    ]
}

fn settings() -> Vec<Call> {
    use pb::set_opt_out_request::About;
    fn choose(n: &Names, about: About) -> Vec<u8> {
        pb::SetOptOutRequest {
            request_id: format!("choose {}", n.request_id),
            organisation_id: n.organisation.clone(),
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
