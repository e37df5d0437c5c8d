//! Use-case errors as callers see them: stable reasons, listed in docs/receipts.md.

use std::time::Duration;

use siegel_grpc::{exhausted, fault, invalid, refusal, unavailable};
use tonic::{Code, Status};

use crate::app::Trouble;
use crate::app::deposit::DepositError;
use crate::app::events::{EventsError, write_cursor};
use crate::app::handles::HandleError;
use crate::app::log::LogError;
use crate::app::opt_outs::SettingError;
use crate::app::reader::ReadError;
use crate::app::reject::Rejected;
use crate::app::resumable::UploadError;
use crate::app::submit::SubmitError;
use crate::app::webhooks::WebhookError;
use crate::domain::attachment::Refusal;
use crate::domain::letter::Violation;
use crate::domain::rejection::Rejection;
use crate::ports::access::AccessError;
use crate::ports::safe::SafeError;

pub fn violations(found: &[Violation]) -> Status {
    let fields: Vec<(&str, &str)> = found.iter().map(|v| (v.field.as_str(), v.problem)).collect();
    invalid(&fields)
}

/// What a write answers when our own stores fail: nothing was promised, try again.
pub fn down(trouble: &Trouble) -> Status {
    match trouble {
        // Evidence that cannot be signed cannot be stored either.
        Trouble::Store(_) | Trouble::Sign(_) => {
            let _ = fault(trouble); // logs the causes
            stores_down()
        }
        // Logged with its causes by whoever wrote.
        Trouble::CommitUnknown => stores_down(),
        Trouble::Objects(_) => {
            let _ = fault(trouble);
            unavailable("OBJECT_STORE_DOWN", "attachments cannot be stored or read now")
        }
        _ => fault(trouble),
    }
}

fn stores_down() -> Status {
    unavailable("EVIDENCE_STORE_DOWN", "letter and evidence cannot be stored now")
}

pub fn trouble(trouble: &Trouble) -> Status {
    match trouble {
        Trouble::Objects(_) => down(trouble),
        _ => fault(trouble),
    }
}

pub fn submit(error: &SubmitError) -> Status {
    use SubmitError as E;
    let attachment = |code, reason: &str, index: usize| {
        refusal(code, reason, error, [("attachment", &index.to_string())])
    };
    let bad = Code::InvalidArgument;
    match error {
        E::SenderUnknown => refusal(Code::PermissionDenied, "SENDER_UNKNOWN", error, []),
        E::RecipientUnknown => refusal(Code::NotFound, "RECIPIENT_UNKNOWN", error, []),
        E::LegalBasisUnknown => refusal(bad, "LEGAL_BASIS_UNKNOWN", error, []),
        E::Excluded => refusal(Code::FailedPrecondition, "POSTBOX_EXCLUDED", error, []),
        E::OptedOut => refusal(Code::FailedPrecondition, "RECIPIENT_OPTED_OUT", error, []),
        E::ReplacedOpened => refusal(Code::FailedPrecondition, "LETTER_OPENED", error, []),
        E::ReplacedEnded => refusal(Code::FailedPrecondition, "LETTER_ENDED", error, []),
        E::ReplacedBefore => refusal(Code::FailedPrecondition, "LETTER_REPLACED", error, []),
        E::Malformed(found) | E::Attachments(Refusal::Malformed(found)) => violations(found),
        E::Attachments(Refusal::TooMany { limit }) => {
            refusal(bad, "TOO_MANY_ATTACHMENTS", error, [("limit", &limit.to_string())])
        }
        E::Attachments(Refusal::TooLarge { index, limit }) => {
            let (index, limit) = (index.to_string(), limit.to_string());
            let facts = [("attachment", index.as_str()), ("limit_bytes", limit.as_str())];
            refusal(bad, "ATTACHMENT_TOO_LARGE", error, facts)
        }
        E::Attachments(Refusal::TypeNotAllowed { index }) => {
            attachment(bad, "MEDIA_TYPE_NOT_ALLOWED", *index)
        }
        E::Attachments(Refusal::ExtensionMismatch { index }) | E::MediaTypeMismatch { index } => {
            attachment(bad, "MEDIA_TYPE_MISMATCH", *index)
        }
        E::InlineTooLarge { limit } => {
            refusal(bad, "ATTACHMENT_TOO_LARGE", error, [("limit_bytes", &limit.to_string())])
        }
        E::DigestMismatch { index } => attachment(bad, "DIGEST_MISMATCH", *index),
        E::Infected { index } => attachment(bad, "ATTACHMENT_INFECTED", *index),
        E::Rejected(left) => rejected(left),
        E::ArchiveUnsafe { index } => attachment(bad, "ARCHIVE_UNSAFE", *index),
        E::Scanner(_) => {
            let _ = fault(error);
            unavailable("SCANNER_DOWN", "attachments cannot be scanned for viruses now")
        }
        E::UploadUnknown => refusal(Code::NotFound, "UPLOAD_UNKNOWN", error, []),
        E::UploadIncomplete => refusal(Code::FailedPrecondition, "UPLOAD_INCOMPLETE", error, []),
        E::StreamIncomplete => refusal(bad, "STREAM_INCOMPLETE", error, []),
        E::RetentionClassUnknown => refusal(bad, "RETENTION_CLASS_UNKNOWN", error, []),
        E::QuotaExceeded { what, limit, retry_in } => {
            let limit = limit.to_string();
            exhausted("QUOTA_EXCEEDED", error, [("quota", *what), ("limit", &limit)], *retry_in)
        }
        E::LaneFull => exhausted("LANE_FULL", error, [], Duration::from_secs(1)),
        E::RequestIdReused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", error, []),
        E::Trouble(inner) => down(inner),
    }
}

/// A refusal that says where its receipt is.
fn rejected(left: &Rejected) -> Status {
    let (letter, receipt) = (left.letter.to_string(), left.receipt.to_string());
    let (letter, receipt) = (("letter_id", letter.as_str()), ("receipt_id", receipt.as_str()));
    let reason = left.cause.reason();
    match left.cause {
        Rejection::RecipientUnknown => refusal(Code::NotFound, reason, left, [letter, receipt]),
        Rejection::OptedOut => refusal(Code::FailedPrecondition, reason, left, [letter, receipt]),
        Rejection::Infected { index } => {
            let index = index.to_string();
            refusal(Code::InvalidArgument, reason, left, [("attachment", &index), letter, receipt])
        }
    }
}

pub fn read(error: &ReadError) -> Status {
    use ReadError as E;
    match error {
        E::LetterUnknown => refusal(Code::NotFound, "LETTER_UNKNOWN", error, []),
        E::TrustTooLow { needed } | E::Access(AccessError::TrustTooLow { needed }) => {
            let facts = [("needed", needed.as_str())];
            refusal(Code::PermissionDenied, "TRUST_TOO_LOW", error, facts)
        }
        E::ProvisionEnded
        | E::AttachmentBlocked
        | E::NotOpened
        | E::Gone
        | E::Purged
        | E::Ended
        | E::AlreadyOpened
        | E::NotFormalService => refusal(Code::FailedPrecondition, error.outcome(), error, []),
        E::ReceiptUnknown => refusal(Code::NotFound, "RECEIPT_UNKNOWN", error, []),
        E::AttachmentUnknown => refusal(Code::NotFound, "ATTACHMENT_UNKNOWN", error, []),
        E::OffsetBeyondEnd => invalid(&[("offset_bytes", "must be within the attachment")]),
        E::BadDay => invalid(&[("due_until", "must be a date such as 2025-04-01")]),
        E::BadPageToken => invalid(&[("page_token", "was not made here")]),
        E::TooManyArchives | E::TooManyWatchers => {
            exhausted(error.outcome(), error, [], Duration::from_secs(10))
        }
        E::Access(AccessError::Unknown) => {
            refusal(Code::NotFound, "ORGANISATION_UNKNOWN", error, [])
        }
        E::Access(AccessError::NotRepresented) => {
            refusal(Code::NotFound, "PERSON_UNKNOWN", error, [])
        }
        E::Access(AccessError::RightMissing { right }) => {
            refusal(Code::PermissionDenied, "RIGHT_MISSING", error, [("right", *right)])
        }
        E::Access(AccessError::Down(_)) => {
            let _ = fault(error);
            unavailable("ORGANISATION_DOWN", "rights in the organisation cannot be checked now")
        }
        E::Trouble(inner) => trouble(inner),
    }
}

/// As [`read`], for opening: evidence that cannot be stored keeps the letter closed.
pub fn open(error: &ReadError) -> Status {
    match error {
        ReadError::Trouble(inner) => down(inner),
        other => read(other),
    }
}

pub fn deposit(error: &DepositError) -> Status {
    use DepositError as E;
    match error {
        E::Letter(inner) => open(inner),
        E::Safe(SafeError::Full) => {
            refusal(Code::ResourceExhausted, "SAFE_FULL", error, [("party", "user")])
        }
        E::Safe(SafeError::NotForTheSafe) => {
            refusal(Code::FailedPrecondition, "NOT_FOR_THE_SAFE", error, [])
        }
        E::Safe(SafeError::Off) => refusal(Code::FailedPrecondition, "DOCUMENTS_OFF", error, []),
        E::Safe(SafeError::RequestIdReused) => {
            refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", error, [])
        }
        E::Safe(SafeError::Down(_)) => {
            let _ = fault(error);
            unavailable("ACCOUNT_DOWN", "the document safe cannot be reached now")
        }
    }
}

pub fn log(error: &LogError) -> Status {
    use LogError as E;
    match error {
        E::Off => refusal(Code::FailedPrecondition, "LOG_OFF", error, []),
        E::LeafUnknown => refusal(Code::NotFound, "LEAF_UNKNOWN", error, []),
        E::BeyondEnd => refusal(Code::OutOfRange, "BEYOND_END_OF_LOG", error, []),
        E::Trouble(inner) => trouble(inner),
        E::Broken(_) => fault(error),
    }
}

pub fn events(error: &EventsError) -> Status {
    match error {
        EventsError::TooOld { oldest } => {
            let oldest = write_cursor(*oldest);
            refusal(Code::OutOfRange, "CURSOR_TOO_OLD", error, [("oldest", oldest.as_str())])
        }
        EventsError::Trouble(inner) => trouble(inner),
    }
}

pub fn webhook(error: &WebhookError) -> Status {
    use WebhookError as E;
    match error {
        E::SenderUnknown => refusal(Code::PermissionDenied, "SENDER_UNKNOWN", error, []),
        E::AddressRefused => refusal(Code::InvalidArgument, "WEBHOOK_ADDRESS_REFUSED", error, []),
        E::TooMany { limit } => {
            let facts = [("limit", &*limit.to_string())];
            refusal(Code::ResourceExhausted, "TOO_MANY_WEBHOOKS", error, facts)
        }
        E::Unknown => refusal(Code::NotFound, "WEBHOOK_UNKNOWN", error, []),
        E::DeadLetterUnknown => refusal(Code::NotFound, "DEAD_LETTER_UNKNOWN", error, []),
        E::RequestIdReused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", error, []),
        E::Malformed { field, problem } => invalid(&[(field, problem)]),
        E::Trouble(inner) => trouble(inner),
    }
}

pub fn setting(error: &SettingError) -> Status {
    use SettingError as E;
    match error {
        E::HandleUnknown => refusal(Code::NotFound, "HANDLE_UNKNOWN", error, []),
        E::SenderNotListed => refusal(Code::NotFound, "SENDER_NOT_LISTED", error, []),
        E::Closed => refusal(Code::NotFound, "MAILBOX_CLOSED", error, []),
        E::RequestIdReused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", error, []),
        E::Read(inner) => read(inner),
    }
}

pub fn handle(error: &HandleError) -> Status {
    match error {
        HandleError::Closed => refusal(Code::NotFound, "MAILBOX_CLOSED", error, []),
        HandleError::Trouble(inner) => trouble(inner),
    }
}

pub fn upload(error: &UploadError) -> Status {
    use UploadError as E;
    let wrong_state = Code::FailedPrecondition;
    match error {
        E::Submit(inner) => submit(inner),
        E::Offset { stored } => {
            refusal(wrong_state, "UPLOAD_OFFSET", error, [("offset_bytes", &stored.to_string())])
        }
        E::Refused { reason } => {
            refusal(wrong_state, "UPLOAD_REFUSED", error, [("reason", reason)])
        }
        E::TooManyBytes => refusal(Code::InvalidArgument, "SIZE_MISMATCH", error, []),
        E::TooManyPieces => refusal(Code::ResourceExhausted, "UPLOAD_IN_PIECES", error, []),
        E::TooManyUploads => refusal(Code::ResourceExhausted, "TOO_MANY_UPLOADS", error, []),
        E::BeingChecked { retry_in } => exhausted("UPLOAD_BEING_CHECKED", error, [], *retry_in),
    }
}

#[cfg(test)]
mod tests {
    use siegel_crypto::KeyError;

    use super::*;

    #[test]
    fn a_signing_key_that_is_out_of_reach_refuses_the_letter_as_evidence_that_cannot_be_stored() {
        let gone = || Trouble::Sign(KeyError::Keeper("the token was taken out".into()));
        for status in [submit(&SubmitError::Trouble(gone())), open(&ReadError::Trouble(gone()))] {
            assert_eq!(status.code(), Code::Unavailable);
            assert_eq!(siegel_grpc::reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
            assert!(!status.message().contains("token"), "{}", status.message());
        }
    }
}
