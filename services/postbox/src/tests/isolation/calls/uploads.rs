//! Uploads, of persons and of senders.

use siegel_grpc::CallerKind;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::upload_attachment_request::Part;

use super::{Call, Names, call, of, one};
use crate::tests::uploads::declared;
use crate::tests::world::PDF;

fn append(n: &Names, upload: &str) -> Vec<Vec<u8>> {
    let head = pb::UploadAttachmentHead {
        upload_id: upload.to_owned(),
        offset_bytes: 0,
        organisation_id: n.organisation.clone(),
        mailbox_id: n.mailbox.clone(),
        principal_account_id: n.principal.clone(),
    };
    one(&pb::UploadAttachmentRequest { part: Some(Part::Head(head)) })
}

fn get(n: &Names, upload: &str) -> Vec<Vec<u8>> {
    one(&pb::GetUploadRequest {
        upload_id: upload.to_owned(),
        organisation_id: n.organisation.clone(),
        mailbox_id: n.mailbox.clone(),
        principal_account_id: n.principal.clone(),
    })
}

fn cancel(n: &Names, upload: &str) -> Vec<Vec<u8>> {
    one(&pb::CancelUploadRequest {
        request_id: format!("cancel {}", n.request_id),
        upload_id: upload.to_owned(),
        organisation_id: n.organisation.clone(),
        mailbox_id: n.mailbox.clone(),
        principal_account_id: n.principal.clone(),
    })
}

pub fn calls() -> Vec<Call> {
    let person = |call: Call| of(CallerKind::Person, call);
    let sender = |call: Call| of(CallerKind::Client, call);
    vec![
        call("UploadService/CreateUpload", |n| {
            one(&pb::CreateUploadRequest {
                request_id: format!("upload {}", n.request_id),
                attachment: Some(declared("a.pdf", "application/pdf", PDF)),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
            })
        }),
        person(call("UploadService/UploadAttachment", |n| append(n, &n.upload))),
        sender(call("UploadService/UploadAttachment", |n| append(n, &n.sent_upload))),
        person(call("UploadService/GetUpload", |n| get(n, &n.upload))),
        sender(call("UploadService/GetUpload", |n| get(n, &n.sent_upload))),
        person(call("UploadService/CancelUpload", |n| cancel(n, &n.upload))),
        sender(call("UploadService/CancelUpload", |n| cancel(n, &n.sent_upload))),
    ]
}
