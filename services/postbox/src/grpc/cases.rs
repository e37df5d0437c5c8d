//! News about applications on the wire.

use siegel_kernel::TrustLevel;
use siegel_proto::convert::{level, timestamp};
use siegel_proto::postbox::v1 as pb;
use tonic::Status;

use super::{convert, status};
use crate::app::cases::CaseShown;
use crate::domain::case::{CaseNews, CaseStatus};
use crate::domain::letter::Violation;

/// Reads news; a handle that is none is a recipient nobody knows, told by `None`.
pub fn news(
    wire: pb::UpdateCaseStatusRequest,
    default_level: TrustLevel,
) -> Result<Option<CaseNews>, Status> {
    let mut bad = Vec::new();
    let required_level = match wire.required_level {
        0 => Some(default_level),
        n => level(n),
    };
    if required_level.is_none() {
        bad.push(Violation::new("required_level", "is not a trust level"));
    }
    let status = read(wire.status);
    if status.is_none() {
        bad.push(Violation::new("status", "must say how far the case is"));
    }
    let (Some(required_level), Some(status)) = (required_level, status) else {
        return Err(status::violations(&bad));
    };
    let Some(handle) = convert::id(&wire.handle) else { return Ok(None) };
    let (case_id, note) = (wire.case_id, wire.note);
    Ok(Some(CaseNews { handle, case_id, status, note, required_level }))
}

fn read(number: i32) -> Option<CaseStatus> {
    use pb::CaseStatus as P;
    Some(match P::try_from(number).ok()? {
        P::Unspecified => return None,
        P::Initiated => CaseStatus::Initiated,
        P::Submitted => CaseStatus::Submitted,
        P::Received => CaseStatus::Received,
        P::Processing => CaseStatus::Processing,
        P::ActionRequired => CaseStatus::ActionRequired,
        P::Completed => CaseStatus::Completed,
    })
}

pub fn update(shown: CaseShown) -> pb::CaseUpdate {
    use pb::CaseStatus as P;
    let row = shown.row;
    let status = match CaseStatus::parse(&row.status) {
        Some(CaseStatus::Initiated) => P::Initiated,
        Some(CaseStatus::Submitted) => P::Submitted,
        Some(CaseStatus::Received) => P::Received,
        Some(CaseStatus::Processing) => P::Processing,
        Some(CaseStatus::ActionRequired) => P::ActionRequired,
        Some(CaseStatus::Completed) => P::Completed,
        None => P::Unspecified,
    };
    let authority = if shown.words.is_some() { row.authority } else { String::new() };
    let (case_id, note) = shown.words.map(|w| (w.case_id, w.note)).unwrap_or_default();
    pb::CaseUpdate {
        case_id,
        status: status.into(),
        note,
        authority,
        updated_at: Some(timestamp(row.updated_at)),
        required_level: siegel_proto::common::v1::TrustLevel::from(row.required_level).into(),
    }
}
