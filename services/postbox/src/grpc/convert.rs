//! Wire values to domain values and back.

use siegel_kernel::{OrganisationId, Timestamp, TrustLevel};
use siegel_proto::convert::{instant, level, timestamp};
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::ReceiptFile;
use tonic::Status;

use super::actions;
use super::status::violations;
use crate::app::reader::Summary;
use crate::domain::attachment::Declaration;
use crate::domain::letter::{Body, DeliveryType, Instruction, Letter, ServiceUse, Violation};
use crate::store::evidence::EvidenceRow;
use crate::store::letters::LetterRow;

/// Reads an id; `None` leaves it to the caller what an id that is none means.
pub fn id<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// An empty text is absent; anything else must be an id.
pub fn organisation(text: &str) -> Result<Option<OrganisationId>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = text.parse().map(Some);
    parsed.map_err(|_| siegel_grpc::invalid(&[("organisation_id", "is not an organisation id")]))
}

fn delivery_type(number: i32) -> Option<DeliveryType> {
    use pb::DeliveryType as P;
    Some(match P::try_from(number).ok()? {
        P::Unspecified => return None,
        P::Information => DeliveryType::Information,
        P::Status => DeliveryType::Status,
        P::Decision => DeliveryType::Decision,
        P::FormalService => DeliveryType::FormalService,
        P::RequestForDocuments => DeliveryType::RequestForDocuments,
        P::CopyOfApplication => DeliveryType::CopyOfApplication,
    })
}

/// Reads a letter; `handle` that is no handle is a recipient nobody knows, told by `None`.
pub fn letter(
    wire: Option<pb::Letter>,
    default_level: TrustLevel,
) -> Result<Option<Letter>, Status> {
    let missing = || siegel_grpc::invalid(&[("letter", "must be there")]);
    let wire = wire.ok_or_else(missing)?;
    let mut bad = Vec::new();
    let required_level = match wire.required_level {
        0 => Some(default_level),
        n => level(n),
    };
    if required_level.is_none() {
        bad.push(Violation::new("letter.required_level", "is not a trust level"));
    }
    let kind = delivery_type(wire.delivery_type);
    if kind.is_none() {
        bad.push(Violation::new("letter.delivery_type", "must say what kind of letter this is"));
    }
    let importance = pb::Importance::try_from(wire.importance);
    if importance.is_err() {
        bad.push(Violation::new("letter.importance", "is not an importance"));
    }
    let lane = pb::Lane::try_from(wire.lane);
    if lane.is_err() {
        bad.push(Violation::new("letter.lane", "is not a lane"));
    }
    let thread = (!wire.thread.is_empty()).then(|| id(&wire.thread));
    if thread == Some(None) {
        bad.push(Violation::new("letter.thread", "is not a letter id"));
    }
    let replaces = (!wire.replaces.is_empty()).then(|| id(&wire.replaces));
    if replaces == Some(None) {
        bad.push(Violation::new("letter.replaces", "is not a letter id"));
    }
    let instruction = wire.instruction.map(|i| (i.text_version, i.given_at.as_ref().map(instant)));
    let instruction = dated(instruction, "letter.instruction.given_at", &mut bad)
        .map(|(text_version, given_at)| Instruction { text_version, given_at });
    let excluded = wire.service_use.as_ref().is_some_and(|s| s.excluded);
    let service_use =
        wire.service_use.map(|s| (s.wording_version, s.chosen_at.as_ref().map(instant)));
    let service_use = dated(service_use, "letter.service_use.chosen_at", &mut bad)
        .map(|(wording_version, chosen_at)| ServiceUse { wording_version, excluded, chosen_at });
    let reminder = super::reminder::wish(wire.notification.as_ref(), &mut bad);
    let actions = actions::from_wire(wire.actions, &mut bad);
    let (Some(required_level), Some(kind), true) = (required_level, kind, bad.is_empty()) else {
        return Err(violations(&bad));
    };
    let body = |b: pb::Body| Body {
        language: b.language,
        plain_text: b.plain_text,
        easy_text: b.easy_text,
        html: b.html,
    };
    let Some(handle) = id(&wire.handle) else { return Ok(None) };
    Ok(Some(Letter {
        handle,
        sender_reference: wire.sender_reference,
        subject: wire.subject,
        bodies: wire.bodies.into_iter().map(body).collect(),
        hide_preview: wire.hide_preview,
        required_level,
        important: importance == Ok(pb::Importance::Important),
        delivery_type: kind,
        legal_basis: Some(wire.legal_basis).filter(|basis| !basis.is_empty()),
        case_id: wire.case_id,
        bulk: lane == Ok(pb::Lane::Bulk),
        thread: thread.flatten(),
        replaces: replaces.flatten(),
        publish_at: wire.publish_at.as_ref().map(instant),
        instruction,
        service_use,
        reminder,
        retention_class: wire.retention_class,
        retrieve_until: wire.retrieve_until.as_ref().map(instant),
        actions,
    }))
}

/// A text with its instant; an instant that is missing is noted in `bad`.
fn dated(
    wire: Option<(String, Option<Timestamp>)>,
    field: &str,
    bad: &mut Vec<Violation>,
) -> Option<(String, Timestamp)> {
    let (text, at) = wire?;
    if at.is_none() {
        bad.push(Violation::new(field, "must be there"));
    }
    Some((text, at?))
}

pub fn declarations(wire: Vec<pb::AttachmentDeclaration>) -> Result<Vec<Declaration>, Status> {
    let mut bad = Vec::new();
    let mut read = Vec::with_capacity(wire.len());
    for (index, one) in wire.into_iter().enumerate() {
        let at = |field: &str| format!("attachments[{index}].{field}");
        match (<[u8; 32]>::try_from(&one.sha256[..]), u64::try_from(one.size_bytes)) {
            (Ok(sha256), Ok(size_bytes)) => read.push(Declaration {
                name: one.name,
                media_type: one.media_type.trim().to_ascii_lowercase(),
                sha256,
                size_bytes,
            }),
            (Err(_), _) => bad.push(Violation::new(at("sha256"), "must be 32 bytes")),
            (_, Err(_)) => bad.push(Violation::new(at("size_bytes"), "must not be negative")),
        }
    }
    if bad.is_empty() { Ok(read) } else { Err(violations(&bad)) }
}

pub fn receipt((row, file): &(EvidenceRow, ReceiptFile)) -> pb::Receipt {
    pb::Receipt {
        receipt_id: row.id.to_string(),
        letter_id: row.letter_id.to_string(),
        kind: row.kind.clone(),
        file: file.to_json(),
        recorded_at: Some(timestamp(row.recorded_at)),
    }
}

pub fn state(name: &str) -> pb::DeliveryState {
    use pb::DeliveryState as P;
    match name {
        "accepted" => P::Accepted,
        "scheduled" => P::Scheduled,
        "provided" => P::Provided,
        "opened" => P::Opened,
        "deemed_announced" => P::DeemedAnnounced,
        "deemed_served" => P::DeemedServed,
        "provision_ended" => P::ProvisionEnded,
        "expired_unread" => P::ExpiredUnread,
        "confirmed" => P::Confirmed,
        "refused" => P::Refused,
        "recalled" => P::Recalled,
        "undeliverable" => P::Undeliverable,
        "rejected" => P::Rejected,
        _ => P::Unspecified,
    }
}

pub fn wire_delivery_type(row: &LetterRow) -> pb::DeliveryType {
    use pb::DeliveryType as P;
    match DeliveryType::parse(&row.delivery_type) {
        Some(DeliveryType::Information) => P::Information,
        Some(DeliveryType::Status) => P::Status,
        Some(DeliveryType::Decision) => P::Decision,
        Some(DeliveryType::FormalService) => P::FormalService,
        Some(DeliveryType::RequestForDocuments) => P::RequestForDocuments,
        Some(DeliveryType::CopyOfApplication) => P::CopyOfApplication,
        None => P::Unspecified,
    }
}

pub fn summary(summary: Summary) -> pb::LetterSummary {
    let row = summary.letter;
    let important = row.importance == 2;
    let importance = if important { pb::Importance::Important } else { pb::Importance::Normal };
    let wire = |at: Option<Timestamp>| at.map(timestamp);
    pb::LetterSummary {
        letter_id: row.id.to_string(),
        authority: summary.authority,
        subject: summary.subject,
        provided_at: wire(row.provided_at),
        required_level: siegel_proto::common::v1::TrustLevel::from(row.required_level).into(),
        importance: importance.into(),
        delivery_type: wire_delivery_type(&row).into(),
        state: state(&row.state).into(),
        opened_at: wire(row.opened_at),
        attachment_count: i32::try_from(row.attachment_count).unwrap_or(i32::MAX),
        case_id: summary.case_id,
        announced_on: row.announced_on.clone().unwrap_or_default(),
        can_open: summary.can_open,
        needs_answer: summary.needs_answer,
        replaced_by: row.replaced_by.map(|l| l.to_string()).unwrap_or_default(),
        unread: row.unread,
        folder: super::flags::wire_folder(&row).into(),
        labels: summary.labels,
        purged: row.is_purged(),
        due_on: row.due_on.clone().unwrap_or_default(),
        retrieve_until: wire(row.retrieve_until),
    }
}
