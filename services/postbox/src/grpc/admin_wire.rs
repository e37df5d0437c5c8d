//! Messages of `PostboxAdminService` to domain values and back.

use siegel_grpc::invalid;
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use tonic::Status;

use crate::app::admin::{AdminError, digest};
use crate::domain::admin::{
    AttachmentLimits, Change, HoldOn, NewRule, Profile, Quota, RetentionClass, WEIGHT,
};
use crate::domain::legal::{OnNoRetrieval, Rule, Shift};
use crate::store::admin::{HoldRow, ProposalRow};

/// 0 says nothing.
fn given(n: i64) -> Option<i64> {
    (n != 0).then_some(n)
}

fn small(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

pub fn read_limits(wire: Option<pb::AttachmentLimits>) -> Result<AttachmentLimits, Status> {
    use pb::AttachmentProfile as P;
    let wire = wire.ok_or_else(|| invalid(&[("limits", "must be there")]))?;
    let profile = match P::try_from(wire.profile) {
        Ok(P::Unspecified) => Profile::Configured,
        Ok(P::Federal) => Profile::Federal,
        Ok(P::Large) => Profile::Large,
        Err(_) => return Err(invalid(&[("limits.profile", "is no profile")])),
    };
    Ok(AttachmentLimits {
        profile,
        attachments: given(wire.attachments.into()),
        attachment_bytes: given(wire.attachment_bytes),
    })
}

pub fn limits(limits: AttachmentLimits) -> pb::AttachmentLimits {
    let profile = match limits.profile {
        Profile::Configured => pb::AttachmentProfile::Unspecified,
        Profile::Federal => pb::AttachmentProfile::Federal,
        Profile::Large => pb::AttachmentProfile::Large,
    };
    pb::AttachmentLimits {
        profile: profile.into(),
        attachments: limits.attachments.map_or(0, small),
        attachment_bytes: limits.attachment_bytes.unwrap_or(0),
    }
}

pub fn read_quota(wire: Option<pb::Quota>) -> Result<Quota, Status> {
    let wire = wire.ok_or_else(|| invalid(&[("quota", "must be there")]))?;
    let weight = if wire.weight == 0 { Some(WEIGHT) } else { u32::try_from(wire.weight).ok() };
    Ok(Quota {
        client_id: wire.client_id,
        letters_per_hour: given(wire.letters_per_hour),
        bytes_per_day: given(wire.bytes_per_day),
        // Out of range either way, and refused as such.
        weight: weight.unwrap_or(u32::MAX),
    })
}

pub fn quota(quota: Quota) -> pb::Quota {
    pb::Quota {
        client_id: quota.client_id,
        letters_per_hour: quota.letters_per_hour.unwrap_or(0),
        bytes_per_day: quota.bytes_per_day.unwrap_or(0),
        weight: small(quota.weight.into()),
    }
}

pub fn read_class(wire: Option<pb::RetentionClass>) -> Result<RetentionClass, Status> {
    let wire = wire.ok_or_else(|| invalid(&[("retention_class", "must be there")]))?;
    let pb::RetentionClass { name, days, is_default } = wire;
    Ok(RetentionClass { name, days: days.into(), is_default })
}

pub fn class(class: RetentionClass) -> pb::RetentionClass {
    let RetentionClass { name, days, is_default } = class;
    pb::RetentionClass { name, days: small(days), is_default }
}

/// What a hold is to lie on; an id that is none names nothing that is there.
pub fn read_hold(wire: &pb::PlaceLegalHoldRequest) -> Result<HoldOn, Result<Status, AdminError>> {
    if wire.letter_id.is_empty() == wire.handle.is_empty() {
        return Err(Ok(invalid(&[("letter_id", "must be there, or else `handle`")])));
    }
    if !wire.letter_id.is_empty() {
        if !wire.case_id.is_empty() {
            return Err(Ok(invalid(&[("case_id", "stands with `handle` only")])));
        }
        let letter = wire.letter_id.parse().map_err(|_| Err(AdminError::LetterUnknown))?;
        return Ok(HoldOn::Letter(letter));
    }
    let handle = wire.handle.parse().map_err(|_| Err(AdminError::RecipientUnknown))?;
    if wire.case_id.is_empty() {
        return Ok(HoldOn::Mailbox(handle));
    }
    Ok(HoldOn::Case(handle, wire.case_id.clone()))
}

pub fn hold(row: HoldRow) -> pb::LegalHold {
    pb::LegalHold {
        hold_id: row.id.to_string(),
        letter_id: row.letter_id.map(|l| l.to_string()).unwrap_or_default(),
        on_case: row.case_tag.is_some(),
        reference: row.reference,
        placed_at: Some(timestamp(row.placed_at)),
        placed_by: row.placed_by,
        released_at: row.released_at.map(timestamp),
    }
}

pub fn read_rule(wire: pb::Rule) -> NewRule {
    NewRule {
        legal_basis: wire.legal_basis,
        law: wire.law,
        valid_from: wire.valid_from,
        valid_to: Some(wire.valid_to).filter(|day| !day.is_empty()),
        day0_event: wire.day0_event,
        days: wire.days.into(),
        shifts: wire.shifts_to_working_day,
        on_no_retrieval: wire.on_no_retrieval,
        provision_days: given(wire.provision_days.into()),
    }
}

pub fn rule(rule: Rule) -> pb::Rule {
    let (on_no_retrieval, provision_days) = match rule.on_no_retrieval {
        OnNoRetrieval::DeemedAnnounced => ("deemed_announced", 0),
        OnNoRetrieval::DeemedServed => ("deemed_served", 0),
        OnNoRetrieval::ProvisionEnds { days } => ("provision_ends", small(days.into())),
    };
    pb::Rule {
        rule_id: rule.id,
        legal_basis: rule.legal_basis,
        law: rule.law,
        valid_from: rule.valid_from.to_string(),
        valid_to: rule.valid_to.map(|day| day.to_string()).unwrap_or_default(),
        day0_event: rule.day0.as_str().to_owned(),
        days: small(rule.days.into()),
        shifts_to_working_day: rule.shift == Shift::WorkingDay,
        on_no_retrieval: on_no_retrieval.to_owned(),
        provision_days,
        confirmed_by_operator: rule.confirmed_by_operator,
    }
}

pub fn proposal(row: ProposalRow) -> pb::Proposal {
    let change: Option<Change> = serde_json::from_str(&row.change).ok();
    pb::Proposal {
        proposal_id: row.id.to_string(),
        kind: change.and_then(|c| c.proposed_as()).unwrap_or_default().to_owned(),
        digest: digest(&row).to_vec(),
        change_json: row.change,
        proposed_by: row.proposed_by,
        proposed_at: Some(timestamp(row.proposed_at)),
    }
}
