//! What owners of mailboxes do with letters.

use siegel_proto::postbox::v1 as pb;

use super::{Call, Names, call, one, refused, tells_of_nothing};

pub fn calls() -> Vec<Call> {
    let search = |n: &Names| {
        one(&pb::SearchRequest {
            organisation_id: n.organisation.clone(),
            mailbox_id: n.mailbox.clone(),
            principal_account_id: n.principal.clone(),
            query: "Zwetschgenmus".into(),
            ..Default::default()
        })
    };
    let download = |n: &Names| {
        one(&pb::DownloadAttachmentRequest {
            letter_id: n.letter.clone(),
            attachment_id: n.attachment.clone(),
            organisation_id: n.organisation.clone(),
            mailbox_id: n.mailbox.clone(),
            principal_account_id: n.principal.clone(),
            ..Default::default()
        })
    };
    let deposit = |n: &Names| {
        one(&pb::DepositAttachmentRequest {
            request_id: n.request_id.clone(),
            letter_id: n.letter.clone(),
            attachment_id: n.attachment.clone(),
        })
    };
    let preview = |n: &Names| {
        one(&pb::PreviewRequest {
            letter_id: n.letter.clone(),
            organisation_id: n.organisation.clone(),
            mailbox_id: n.mailbox.clone(),
            principal_account_id: n.principal.clone(),
        })
    };
    let flags = |n: &Names| {
        one(&pb::SetFlagsRequest {
            request_id: n.request_id.clone(),
            letter_id: n.letter.clone(),
            organisation_id: n.organisation.clone(),
            mailbox_id: n.mailbox.clone(),
            principal_account_id: n.principal.clone(),
            unread: Some(false),
            labels: None,
        })
    };
    let mut all = vec![
        call("MailboxChoiceService/ListMailboxes", |_| one(&pb::ListMailboxesRequest {})),
        call("MailboxService/ListLetters", |n| of_mailbox!(ListLettersRequest, n)),
        call("MailboxService/Preview", preview),
        call("MailboxService/Open", |n| of_letter!(OpenRequest, n)),
        call("MailboxService/Confirm", |n| of_letter!(ConfirmRequest, n)),
        call("MailboxService/Refuse", |n| of_letter!(RefuseRequest, n)),
        refused("LETTER_NOT_OPENED", call("MailboxService/DownloadAttachment", download)),
        refused("LETTER_NOT_OPENED", call("MailboxService/DepositAttachment", deposit)),
        call("MailboxService/SetFlags", flags),
        call("MailboxService/Archive", |n| of_letter!(ArchiveRequest, n)),
        call("MailboxService/Trash", |n| of_letter!(TrashRequest, n)),
        call("MailboxService/Restore", |n| of_letter!(RestoreRequest, n)),
        call("MailboxService/ListCaseUpdates", |n| of_mailbox!(ListCaseUpdatesRequest, n)),
        call("MailboxService/GetCounts", |n| {
            one(&pb::GetCountsRequest {
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
            })
        }),
        call("MailboxService/Search", search),
        call("MailboxService/WatchMailbox", |n| of_mailbox!(WatchMailboxRequest, n)),
    ];
    all.extend(of_letters());
    all
}

fn of_letters() -> Vec<Call> {
    vec![
        call("MailboxService/DownloadAll", |n| {
            one(&pb::DownloadAllRequest {
                letter_id: n.answered.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
            })
        }),
        tells_of_nothing(call("MailboxService/ListAccesses", |n| {
            one(&pb::ListAccessesRequest {
                letter_id: n.answered.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
                ..Default::default()
            })
        })),
        call("MailboxService/ExportProof", |n| {
            one(&pb::MailboxServiceExportProofRequest {
                letter_id: n.letter.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
                language: String::new(),
            })
        }),
        call("MailboxService/ExportMailbox", |n| of_mailbox!(ExportMailboxRequest, n)),
        call("MailboxService/Reply", |n| {
            one(&pb::ReplyRequest {
                request_id: format!("reply {}", n.request_id),
                letter_id: n.answered.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
                text: "Anbei der Nachweis.".into(),
                attachments: Vec::new(),
                upload_ids: Vec::new(),
            })
        }),
        call("MailboxService/GetOwnReply", |n| {
            one(&pb::GetOwnReplyRequest {
                letter_id: n.answered.clone(),
                organisation_id: n.organisation.clone(),
                reply_id: n.reply.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
            })
        }),
    ]
}
