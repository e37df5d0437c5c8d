//! Hands the letter of a claim to the postbox of its organisation, out of the outbox.

use siegel_crypto::sha256;
use siegel_db::outbox::{Done, Job};
use siegel_grpc::AuthChannel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::house_letter_service_client::HouseLetterServiceClient;
use siegel_receipt_pdf::Language;
use tonic::Code;

use crate::app::{App, Failure, HouseLetter, SentLetter};

/// Kind of the job; its payload is sealed, and gone with the delivery.
pub const JOB: &str = "claim_letter";

/// Why a letter was not delivered.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error("the letter could not be made")]
    Own(#[from] Failure),
    #[error("the postbox did not take the letter: {0}")]
    Call(Code),
}

/// Does one job; what cannot be delivered comes again.
pub async fn deliver(app: App, channel: AuthChannel, job: Job) -> Done {
    let opened = app.desk.vault.as_ref().and_then(|vault| SentLetter::open(vault, &job.payload));
    let Some(sent) = opened else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    match send(&app, channel, &sent).await {
        Ok(()) => Done::Remove,
        Err(Missed::Call(code)) if is_final(code) => {
            tracing::warn!(code = ?code, "the letter of a claim is not taken by the postbox");
            Done::Remove
        }
        Err(missed) => {
            let error = &missed as &dyn std::error::Error;
            tracing::warn!(error, attempts = job.attempts, "a letter is not in the postbox yet");
            Done::Retry
        }
    }
}

/// Whether the same again would be refused again: it is malformed, the organisation has no mailbox any
/// more or wants no letters, or has this one, with a page from before the settings changed.
const fn is_final(code: Code) -> bool {
    use Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound};
    matches!(code, AlreadyExists | FailedPrecondition | InvalidArgument | NotFound)
}

async fn send(app: &App, channel: AuthChannel, sent: &SentLetter) -> Result<(), Missed> {
    let Some(letter) = app.house_letter(sent).await? else { return Ok(()) };
    let HouseLetter { organisation, pdf, german, english } = letter;
    let body = |language: Language, text: String| pb::Body {
        language: language.tag().to_owned(),
        plain_text: text,
        ..pb::Body::default()
    };
    let (subject, german) = german;
    let declaration = pb::AttachmentDeclaration {
        name: "Brief.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        sha256: sha256(&pdf).to_vec(),
        size_bytes: i64::try_from(pdf.len()).unwrap_or(i64::MAX),
    };
    let request = pb::DeliverToOrganisationRequest {
        // One letter for one claim, however often this is tried.
        request_id: sent.claim.to_string(),
        organisation_id: organisation.to_string(),
        sender: app.desk.letter_sender.to_string(),
        subject,
        bodies: vec![body(Language::German, german), body(Language::English, english.1)],
        attachments: vec![pb::InlineAttachment { declaration: Some(declaration), content: pdf }],
    };
    let mut client = HouseLetterServiceClient::new(channel);
    let done = client.deliver_to_organisation(request).await;
    done.map_err(|status| Missed::Call(status.code()))?;
    Ok(())
}
