//! What senders do.

use siegel_proto::postbox::v1 as pb;

use super::{Call, Names, call, one, refused, tells_of_nothing};
use crate::tests::webhooks::HOOK;
use crate::tests::world;

/// A letter of formal service, so that it can be confirmed.
fn submit(n: &Names) -> pb::SubmitRequest {
    let mut request = world::request(&n.request_id, &n.handle);
    world::formal(&mut request);
    request
}

pub fn letters() -> Vec<Call> {
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
        call("SenderService/Submit", |n| {
            let mut request = world::request(&format!("uploaded {}", n.request_id), &n.handle);
            request.attachments.clear();
            request.upload_ids.push(n.sent_upload.clone());
            one(&request)
        }),
        call("SenderService/ExportProof", |n| {
            one(&pb::ExportProofRequest { letter_id: n.letter.clone(), ..Default::default() })
        }),
        tells_of_nothing(call("SenderService/CheckRecipients", |n| {
            one(&pb::CheckRecipientsRequest { handles: vec![n.handle.clone()], required_level: 0 })
        })),
        tells_of_nothing(call("SenderService/ListSentLetters", |n| {
            let case_id = n.case.clone();
            one(&pb::ListSentLettersRequest { case_id, ..Default::default() })
        })),
    ]
}

pub fn batches() -> Vec<Call> {
    vec![
        tells_of_nothing(call("SenderService/SubmitBatch", |n| {
            let pb::SubmitRequest { request_id, mut letter, attachments, .. } = submit(n);
            if let Some(letter) = &mut letter {
                letter.thread.clone_from(&n.letter);
            }
            let letters = vec![pb::BatchLetter { request_id, letter, attachments }];
            one(&pb::SubmitBatchRequest { request_id: format!("new {}", n.request_id), letters })
        })),
        call("SenderService/CommitBatch", |n| {
            one(&pb::CommitBatchRequest { request_id: n.batch.clone(), without_refused: true })
        }),
        call("SenderService/CancelBatch", |n| {
            one(&pb::CancelBatchRequest { request_id: n.batch.clone() })
        }),
        call("SenderService/GetBatch", |n| {
            one(&pb::GetBatchRequest { batch_id: n.batch.clone(), ..Default::default() })
        }),
    ]
}

pub fn replies() -> Vec<Call> {
    vec![
        call("SenderService/ListReplies", |n| {
            one(&pb::ListRepliesRequest { letter_id: n.answered.clone() })
        }),
        call("SenderService/GetReply", |n| {
            let (letter_id, reply_id) = (n.answered.clone(), n.reply.clone());
            one(&pb::GetReplyRequest { letter_id, reply_id })
        }),
        call("SenderService/DownloadReplyAttachment", |n| {
            one(&pb::DownloadReplyAttachmentRequest {
                letter_id: n.answered.clone(),
                reply_id: n.reply.clone(),
                attachment_id: n.reply_file.clone(),
                offset_bytes: 0,
            })
        }),
    ]
}

pub fn webhooks() -> Vec<Call> {
    // Of no endpoint: nothing was given up.
    let redeliver = |n: &Names| {
        one(&pb::RedeliverDeadLetterRequest {
            request_id: format!("redeliver {}", n.request_id),
            webhook_id: n.webhook.clone(),
            event_id: crate::app::events::write_cursor(1),
        })
    };
    vec![
        call("WebhookService/CreateWebhook", |n| {
            one(&pb::CreateWebhookRequest {
                request_id: format!("hook {}", n.request_id),
                url: HOOK.into(),
                cursor: String::new(),
            })
        }),
        call("WebhookService/ListWebhooks", |_| one(&pb::ListWebhooksRequest {})),
        call("WebhookService/DeleteWebhook", |n| {
            one(&pb::DeleteWebhookRequest {
                request_id: format!("unhook {}", n.request_id),
                webhook_id: n.webhook.clone(),
            })
        }),
        call("WebhookService/ListDeadLetters", |n| {
            let webhook_id = n.webhook.clone();
            one(&pb::ListDeadLettersRequest { webhook_id, ..Default::default() })
        }),
        refused("DEAD_LETTER_UNKNOWN", call("WebhookService/RedeliverDeadLetter", redeliver)),
    ]
}
