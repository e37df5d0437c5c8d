//! Carrying out one order, from its beginning: whoever asks again after a fault says the same.

use anyhow::Context as _;
use siegel_crypto::{Sha256, sha256};
use siegel_e2e::journal::{Journal, Told};
use siegel_kernel::Timestamp;
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use tonic::{Code, Status};

use super::clients::Clients;
use super::ledger::{Ledger, Order};

/// An order that is not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Something is broken at the moment.
    #[error("later: {0}")]
    Later(Status),
    /// A definite refusal.
    #[error("refused: {0:?}")]
    Refused(Status),
    /// Not even a refusal.
    #[error("{0}")]
    Wrong(#[from] anyhow::Error),
}

impl From<Status> for NotDone {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::Unavailable
            | Code::Internal
            | Code::Unknown
            | Code::Cancelled
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            // The keys of identity cannot be asked for while it is down.
            | Code::Unauthenticated => Self::Later(status),
            _ => Self::Refused(status),
        }
    }
}

/// Bytes of an upload: more than one part.
const UPLOAD: usize = 5_000_000;
const CHUNK: usize = 200_000;
/// When people were told about formal service: 2025-01-01.
const INSTRUCTED: i64 = 1_735_689_600;

/// Asks for what `order` says and writes down the answer.
pub async fn perform(
    clients: &Clients,
    order: &Order,
    ledger: &Ledger,
    journal: &Journal,
) -> Result<(), NotDone> {
    match order {
        Order::Letter { request, attachments } => {
            let files = clients.files.iter().take(*attachments).map(inline).collect();
            let request = submit(request, letter(&clients.handle, false), files, Vec::new());
            send(clients, request, ledger, journal).await
        }
        Order::Service { request } => {
            let request = submit(request, letter(&clients.handle, true), Vec::new(), Vec::new());
            send(clients, request, ledger, journal).await
        }
        Order::Upload { request } => {
            match with_upload(clients, request, ledger, journal).await {
                // A week has passed since: nothing was acknowledged, and nothing is there.
                Err(NotDone::Refused(status)) if is(&status, "UPLOAD_UNKNOWN") => Ok(()),
                other => other,
            }
        }
        Order::Batch { batch, requests, cancel } => {
            together(clients, (batch, requests, *cancel), journal).await
        }
        Order::Open { letter } => open(clients, letter, journal).await,
        Order::Recall { letter } => recall(clients, letter, journal).await,
        Order::Trash { letter } => trash(clients, letter).await,
    }
}

fn letter(handle: &str, formal: bool) -> pb::Letter {
    let body = pb::Body {
        language: "de".into(),
        plain_text: "Sehr geehrte Damen und Herren, anbei der Bescheid. ".repeat(10),
        ..Default::default()
    };
    let common = pb::Letter {
        handle: handle.to_owned(),
        subject: "Ihr Bescheid vom Bauamt".into(),
        bodies: vec![body],
        required_level: TrustLevel::Substantial.into(),
        delivery_type: pb::DeliveryType::Decision.into(),
        legal_basis: "ozg-9".into(),
        lane: pb::Lane::Interactive.into(),
        ..Default::default()
    };
    if !formal {
        return common;
    }
    pb::Letter {
        delivery_type: pb::DeliveryType::FormalService.into(),
        legal_basis: "vwzg-5-7".into(),
        instruction: Some(pb::Instruction {
            text_version: "2025-01".into(),
            given_at: Some(timestamp(Timestamp::from_seconds(INSTRUCTED))),
        }),
        ..common
    }
}

fn inline(file: &siegel::demo::File) -> pb::InlineAttachment {
    let declaration = pb::AttachmentDeclaration {
        name: file.name.clone(),
        media_type: file.media_type.to_owned(),
        sha256: file.sha256.to_vec(),
        size_bytes: i64::try_from(file.content.len()).unwrap_or(i64::MAX),
    };
    pb::InlineAttachment { declaration: Some(declaration), content: file.content.clone() }
}

fn submit(
    request: &str,
    letter: pb::Letter,
    attachments: Vec<pb::InlineAttachment>,
    upload_ids: Vec<String>,
) -> pb::SubmitRequest {
    let request_id = request.to_owned();
    pb::SubmitRequest { request_id, letter: Some(letter), attachments, upload_ids }
}

async fn send(
    clients: &Clients,
    request: pb::SubmitRequest,
    ledger: &Ledger,
    journal: &Journal,
) -> Result<(), NotDone> {
    let name = request.request_id.clone();
    journal.note(&Told::Sent { request: name.clone() })?;
    let answer = clients.sender.clone().submit(request).await?.into_inner();
    let receipts = answer.receipts.into_iter().map(|receipt| receipt.file).collect();
    ledger.delivered(&answer.letter_id);
    journal.note(&Told::Delivered { request: name, letter: answer.letter_id, receipts })?;
    Ok(())
}

async fn with_upload(
    clients: &Clients,
    request: &str,
    ledger: &Ledger,
    journal: &Journal,
) -> Result<(), NotDone> {
    let id = match ledger.upload(request) {
        Some(id) => id,
        None => ledger.remember(request, created(clients, request).await?),
    };
    uploaded(clients, request, &id).await?;
    let letter = letter(&clients.handle, false);
    send(clients, submit(request, letter, Vec::new(), vec![id]), ledger, journal).await
}

/// The bytes of an upload, the same each time it is begun.
fn content(request: &str) -> Vec<u8> {
    let seed = sha256(request.as_bytes());
    let mut bytes: Vec<u8> = seed.iter().copied().cycle().take(UPLOAD).collect();
    bytes.iter_mut().zip(b"%PDF-1.7\n").for_each(|(byte, head)| *byte = *head);
    bytes
}

/// Begins the upload that belongs to a request; its id.
async fn created(clients: &Clients, request: &str) -> Result<String, NotDone> {
    let declaration = pb::AttachmentDeclaration {
        name: "plan.pdf".into(),
        media_type: "application/pdf".into(),
        sha256: sha256(&content(request)).to_vec(),
        size_bytes: i64::try_from(UPLOAD).unwrap_or(i64::MAX),
    };
    let create = pb::CreateUploadRequest {
        request_id: format!("{request}-upload"),
        attachment: Some(declaration),
        organisation_id: String::new(),
        ..Default::default()
    };
    let created = clients.uploads.clone().create_upload(create).await?.into_inner();
    Ok(created.upload.context("an answer without an upload")?.upload_id)
}

/// Uploads from where the upload stands. One that a letter has taken is gone: then the letter is
/// there as well, and `Submit` answers as before.
async fn uploaded(clients: &Clients, request: &str, id: &str) -> Result<(), NotDone> {
    use pb::upload_attachment_request::Part;
    let mut uploads = clients.uploads.clone();
    let ask = pb::GetUploadRequest { upload_id: id.to_owned(), ..Default::default() };
    let upload = match uploads.get_upload(ask).await {
        Ok(found) => found.into_inner().upload.context("an answer without an upload")?,
        Err(status) if status.code() == Code::NotFound => return Ok(()),
        Err(status) => return Err(status.into()),
    };
    if upload.state() == pb::UploadState::Ready {
        return Ok(());
    }
    let head = pb::UploadAttachmentHead {
        upload_id: id.to_owned(),
        offset_bytes: upload.offset_bytes,
        organisation_id: String::new(),
        ..Default::default()
    };
    let (bytes, offset) = (content(request), usize::try_from(upload.offset_bytes).unwrap_or(0));
    let rest = bytes.get(offset..).unwrap_or_default();
    let chunks: Vec<Part> = rest.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec())).collect();
    let parts = std::iter::once(Part::Head(head)).chain(chunks);
    let messages = parts.map(|part| pb::UploadAttachmentRequest { part: Some(part) });
    match uploads.upload_attachment(tokio_stream::iter(messages)).await {
        Ok(_) => Ok(()),
        // The request before this one is still at it.
        Err(status) if status.code() == Code::FailedPrecondition => Err(NotDone::Later(status)),
        Err(status) => Err(status.into()),
    }
}

async fn together(
    clients: &Clients,
    (batch, requests, cancel): (&str, &[String], bool),
    journal: &Journal,
) -> Result<(), NotDone> {
    let mut sender = clients.sender.clone();
    journal.note(&Told::Staged { batch: batch.to_owned(), requests: requests.to_vec() })?;
    let letters = requests.iter().map(|request| pb::BatchLetter {
        request_id: request.clone(),
        letter: Some(pb::Letter { lane: pb::Lane::Bulk.into(), ..letter(&clients.handle, false) }),
        attachments: Vec::new(),
    });
    let request_id = batch.to_owned();
    let add = pb::SubmitBatchRequest { request_id: request_id.clone(), letters: letters.collect() };
    match sender.submit_batch(add).await {
        Ok(answer) => {
            let refused = answer.into_inner().refused;
            if let Some(first) = refused.first() {
                return Err(anyhow::anyhow!("{batch}: a letter is {}", first.reason).into());
            }
        }
        // It was committed or cancelled, and the answer was lost.
        Err(status) if status.code() == Code::FailedPrecondition => {}
        Err(status) => return Err(status.into()),
    }
    if cancel {
        match sender.cancel_batch(pb::CancelBatchRequest { request_id }).await {
            Err(status) if !too_late(&status) => return Err(status.into()),
            _ => {}
        }
        journal.note(&Told::Cancelled { batch: batch.to_owned() })?;
    } else {
        let commit = pb::CommitBatchRequest { request_id, without_refused: false };
        match sender.commit_batch(commit).await {
            Ok(_) => journal.note(&Told::Committed { batch: batch.to_owned() })?,
            // Its time was over before: none of it may be there.
            Err(status) if too_late(&status) => {
                journal.note(&Told::Cancelled { batch: batch.to_owned() })?;
            }
            Err(status) => return Err(status.into()),
        }
    }
    Ok(())
}

/// Opens a letter and reads back what is attached.
async fn open(clients: &Clients, letter: &str, journal: &Journal) -> Result<(), NotDone> {
    let mut mailbox = clients.mailbox.clone();
    let request = pb::OpenRequest {
        request_id: format!("open-{letter}"),
        letter_id: letter.to_owned(),
        organisation_id: String::new(),
        ..Default::default()
    };
    let opened = match mailbox.open(request).await {
        Ok(opened) => opened.into_inner(),
        Err(status) if too_late(&status) => return Ok(()),
        Err(status) => return Err(status.into()),
    };
    let receipt = opened.receipt.context("opening gave no receipt")?.file;
    let (letter, kind) = (letter.to_owned(), "opened".to_owned());
    journal.note(&Told::Done { letter: letter.clone(), kind, receipt })?;
    for attachment in opened.attachments {
        match download(clients, &letter, &attachment).await {
            Ok(intact) => journal.note(&Told::Read { letter: letter.clone(), intact })?,
            Err(NotDone::Refused(status)) if too_late(&status) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn download(
    clients: &Clients,
    letter: &str,
    attachment: &pb::Attachment,
) -> Result<bool, NotDone> {
    use pb::download_attachment_response::Part;
    let request = pb::DownloadAttachmentRequest {
        letter_id: letter.to_owned(),
        attachment_id: attachment.attachment_id.clone(),
        ..Default::default()
    };
    let mut stream = clients.mailbox.clone().download_attachment(request).await?.into_inner();
    let mut hash = Sha256::new();
    while let Some(message) = stream.message().await? {
        if let Some(Part::Chunk(bytes)) = message.part {
            hash.update(&bytes);
        }
    }
    Ok(hash.finish()[..] == attachment.sha256[..])
}

async fn recall(clients: &Clients, letter: &str, journal: &Journal) -> Result<(), NotDone> {
    let request =
        pb::RecallRequest { request_id: format!("recall-{letter}"), letter_id: letter.to_owned() };
    let recalled = match clients.sender.clone().recall(request).await {
        Ok(recalled) => recalled.into_inner(),
        Err(status) if too_late(&status) => return Ok(()),
        Err(status) => return Err(status.into()),
    };
    let receipt = recalled.receipt.context("recalling gave no receipt")?.file;
    let (letter, kind) = (letter.to_owned(), "recalled".to_owned());
    journal.note(&Told::Done { letter, kind, receipt })?;
    Ok(())
}

async fn trash(clients: &Clients, letter: &str) -> Result<(), NotDone> {
    let request = pb::TrashRequest {
        request_id: format!("trash-{letter}"),
        letter_id: letter.to_owned(),
        organisation_id: String::new(),
        ..Default::default()
    };
    match clients.mailbox.clone().trash(request).await {
        Err(status) if !too_late(&status) => Err(status.into()),
        _ => Ok(()),
    }
}

fn is(status: &Status, reason: &str) -> bool {
    siegel_grpc::reason(status).as_deref() == Some(reason)
}

/// Time went on meanwhile: the letter has ended or its content is gone.
fn too_late(status: &Status) -> bool {
    matches!(status.code(), Code::FailedPrecondition | Code::NotFound)
}
