//! Batches on the wire.

use std::collections::HashSet;

use siegel_crypto::b64;
use siegel_grpc::{invalid, reason};
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{convert, inline, status};
use crate::app::Postbox;
use crate::app::batch::BatchError;
use crate::app::submit::{Order, SenderClient};
use crate::domain::batch::{AT_ONCE, BatchState};
use crate::store::batches::{BatchRow, EntryRow};

/// Entries on a page when the caller names no number, and at most.
const PAGE: i64 = 100;
const PAGE_MAX: i64 = 500;

pub async fn fill(
    postbox: &Postbox,
    who: &SenderClient,
    message: pb::SubmitBatchRequest,
) -> Result<pb::SubmitBatchResponse, Status> {
    check_names(&message.letters)?;
    let batch = postbox.open_batch(who, &message.request_id).await.map_err(|e| error(&e))?;
    let mut refused = Vec::new();
    for (index, one) in message.letters.into_iter().enumerate() {
        let request_id = one.request_id.clone();
        let Err(found) = stage(postbox, who, &batch, one).await else { continue };
        // What is wrong with the batch, or with us, ends the call; it can be repeated.
        let reason = reason(&found).unwrap_or_default();
        // Quotas and full lanes say nothing about the letter.
        let later = matches!(&*reason, "QUOTA_EXCEEDED" | "LANE_FULL");
        let ours = later || matches!(found.code(), Code::Unavailable | Code::Internal);
        if ours || reason.starts_with("BATCH_") || reason.is_empty() {
            return Err(found);
        }
        let noted = postbox.note_refusal(&batch, &request_id, &reason).await;
        noted.map_err(|e| error(&e))?;
        refused.push(pb::BatchRefusal {
            index: i32::try_from(index).unwrap_or(i32::MAX),
            request_id,
            reason,
            fields: fields(&found),
        });
    }
    let batch = postbox.filled(who, &batch, refused.len()).await.map_err(|e| error(&e))?;
    Ok(pb::SubmitBatchResponse { batch: Some(wire(&batch)?), refused })
}

/// The names of a call's letters; what is refused under none could not be replaced.
fn check_names(letters: &[pb::BatchLetter]) -> Result<(), Status> {
    if letters.len() > AT_ONCE {
        return Err(invalid(&[("letters", "must be at most 500")]));
    }
    let mut names = HashSet::new();
    for (index, one) in letters.iter().enumerate() {
        let field = format!("letters[{index}].request_id");
        if one.request_id.is_empty() || one.request_id.chars().count() > 128 {
            return Err(invalid(&[(&field, "must have 1 to 128 characters")]));
        }
        if !names.insert(one.request_id.as_str()) {
            return Err(invalid(&[(&field, "stands there twice")]));
        }
    }
    Ok(())
}

async fn stage(
    postbox: &Postbox,
    who: &SenderClient,
    batch: &BatchRow,
    one: pb::BatchLetter,
) -> Result<(), Status> {
    let (attachments, contents) = inline::read(one.attachments, postbox.limits.inline_bytes)?;
    let letter = convert::letter(one.letter, postbox.default_required_level)?;
    let Some(letter) = letter else {
        return Err(status::submit(&postbox.unknown_recipient(who).await));
    };
    let order = Order {
        request_id: one.request_id,
        letter,
        attachments,
        uploads: Vec::new(),
        recalls: false,
    };
    postbox.stage(who, batch, &order, contents).await.map_err(|e| error(&e))
}

fn fields(status: &Status) -> Vec<String> {
    let details = status.get_details_bad_request();
    details.map(|d| d.field_violations.into_iter().map(|v| v.field).collect()).unwrap_or_default()
}

pub async fn get(
    postbox: &Postbox,
    who: &SenderClient,
    message: &pb::GetBatchRequest,
) -> Result<pb::GetBatchResponse, Status> {
    let after = read_token(&message.page_token).map_err(|e| error(&e))?;
    let size = match i64::from(message.page_size) {
        n if n <= 0 => PAGE,
        n => n.min(PAGE_MAX),
    };
    let found = postbox.batch(who, &message.batch_id, (after, size + 1)).await;
    let (batch, mut entries) = found.map_err(|e| error(&e))?;
    let more = i64::try_from(entries.len()).is_ok_and(|n| n > size);
    entries.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let last = entries.last().map(|entry| entry.number).filter(|_| more);
    Ok(pb::GetBatchResponse {
        batch: Some(wire(&batch)?),
        entries: entries.into_iter().map(entry).collect(),
        next_page_token: last.map(|n| b64::encode(n.to_be_bytes())).unwrap_or_default(),
    })
}

fn read_token(token: &str) -> Result<i64, BatchError> {
    if token.is_empty() {
        return Ok(0);
    }
    let bytes = b64::decode(token).and_then(|b| <[u8; 8]>::try_from(b).ok());
    bytes.map(i64::from_be_bytes).ok_or(BatchError::BadPageToken)
}

fn entry(row: EntryRow) -> pb::BatchEntry {
    use pb::BatchEntryState as P;
    let state = match row.state.as_str() {
        "waiting" => P::Waiting,
        "refused" => P::Refused,
        "delivered" => P::Delivered,
        "removed" => P::Removed,
        _ => P::Unspecified,
    };
    // Before the commit there is no letter for anybody.
    let letter = row.letter_id.filter(|_| state == P::Delivered);
    pb::BatchEntry {
        request_id: row.request_id,
        state: state.into(),
        letter_id: letter.map(|l| l.to_string()).unwrap_or_default(),
        reason: row.reason,
    }
}

pub fn wire(row: &BatchRow) -> Result<pb::Batch, Status> {
    let state = row.state().map_err(|e| error(&e.into()))?;
    let state = match state {
        BatchState::Open => pb::BatchState::Open,
        BatchState::Committed => pb::BatchState::Committed,
        BatchState::Delivered => pb::BatchState::Delivered,
        BatchState::Cancelled => pb::BatchState::Cancelled,
    };
    Ok(pb::Batch {
        batch_id: row.request_id.clone(),
        state: state.into(),
        opened_at: Some(timestamp(row.opened_at)),
        expires_at: Some(timestamp(row.expires_at)),
        waiting: row.waiting,
        refused: row.refused,
        delivered: row.delivered,
    })
}

pub fn error(error: &BatchError) -> Status {
    use crate::domain::batch::Refusal as R;
    use siegel_grpc::refusal;
    let state = Code::FailedPrecondition;
    match error {
        BatchError::Unknown => refusal(Code::NotFound, "BATCH_UNKNOWN", error, []),
        BatchError::BadPageToken => invalid(&[("page_token", "was not made here")]),
        BatchError::Refused(R::Committed) => refusal(state, "BATCH_COMMITTED", error, []),
        BatchError::Refused(R::Cancelled) => refusal(state, "BATCH_CANCELLED", error, []),
        BatchError::Refused(R::Empty) => refusal(state, "BATCH_EMPTY", error, []),
        BatchError::Refused(R::Incomplete { refused }) => {
            refusal(state, "BATCH_INCOMPLETE", error, [("refused", &refused.to_string())])
        }
        BatchError::Letter(inner) => status::submit(inner),
    }
}
