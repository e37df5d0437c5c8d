//! What mandates say, between the wire and the rules.

use siegel_grpc::invalid;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_proto::common::v1 as common;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use tonic::Status;

use crate::app::mandates::Seen;
use crate::domain::{Package, Party, Redelegation, Scope, Terms, ToKind};
use crate::store::uses::Use;

/// How many items a page has: what was asked for, within the most; the default for nothing.
pub fn page_size(asked: i32, (most, default): (usize, usize)) -> usize {
    match usize::try_from(asked) {
        Ok(0) | Err(_) => default,
        Ok(some) => some.min(most),
    }
}

pub fn scope(wire: pb::AccessScope) -> Scope {
    Scope {
        service: wire.service_id,
        mailbox: wire.mailbox_id,
        sender: wire.sender_id,
        thread: wire.thread,
        letter: wire.letter_id,
    }
}

fn written_scope(scope: &Scope) -> pb::AccessScope {
    pb::AccessScope {
        service_id: scope.service.clone(),
        mailbox_id: scope.mailbox.clone(),
        sender_id: scope.sender.clone(),
        thread: scope.thread.clone(),
        letter_id: scope.letter.clone(),
    }
}

pub fn instant(wire: Option<&pbjson_types::Timestamp>) -> Option<Timestamp> {
    wire.map(convert::instant)
}

/// Reads what a mandate is to say.
pub fn terms(wire: &pb::GrantMandateRequest, now: Timestamp) -> Result<Terms, Status> {
    let bad = |field: &str, problem: &str| invalid(&[(field, problem)]);
    let to_kind = ToKind::from_number(i64::from(wire.to_kind));
    let redelegation = Redelegation::from_number(i64::from(wire.redelegation));
    Ok(Terms {
        to_kind: to_kind.ok_or_else(|| bad("to_kind", "is none"))?,
        package: Package::parse(&wire.package).ok_or_else(|| bad("package", "is unknown"))?,
        read_only: wire.read_only,
        scope: wire.scope.clone().map(scope).unwrap_or_default(),
        level: match wire.level {
            0 => TrustLevel::Substantial,
            number => convert::level(number).ok_or_else(|| bad("level", "is none"))?,
        },
        redelegation: match wire.redelegation {
            0 => Redelegation::Nobody,
            _ => redelegation.ok_or_else(|| bad("redelegation", "is none"))?,
        },
        // Nothing begins before it is granted.
        valid_from: instant(wire.valid_from.as_ref()).map_or(now, |from| from.max(now)),
        valid_until: instant(wire.valid_until.as_ref()),
        review_at: instant(wire.review_at.as_ref()),
    })
}

pub fn mandate(seen: &Seen) -> pb::Mandate {
    let (record, grant) = (&seen.record, &seen.record.grant);
    let time = |at: Option<Timestamp>| at.map(convert::timestamp);
    pb::Mandate {
        mandate_id: grant.id.to_string(),
        version: grant.version,
        state: record.state.number(),
        from: Some(party(Some(grant.from), &seen.names.from)),
        to_kind: grant.to_kind.number(),
        to: Some(party(record.to, &seen.names.to)),
        package: grant.package.as_str().to_owned(),
        read_only: grant.read_only,
        scope: Some(written_scope(&grant.scope)),
        level: common::TrustLevel::from(grant.level).into(),
        redelegation: grant.redelegation.number(),
        valid_from: time(Some(grant.valid_from)),
        valid_until: time(record.valid_until),
        review_at: time(record.review_at),
        parent_mandate_id: grant.parent.map(|id| id.to_string()).unwrap_or_default(),
        granted_at: time(Some(record.granted_at)),
        accepted_at: time(record.accepted_at),
        ended_at: time(record.ended_at),
        end_reason: record.end_reason.clone().unwrap_or_default(),
        principal: Some(party(Some(record.principal), &seen.names.principal)),
    }
}

fn party(party: Option<Party>, name: &str) -> pb::MandateParty {
    let organisation = party.and_then(Party::organisation).map(|id| id.to_string());
    let organisation_id = organisation.unwrap_or_default();
    pb::MandateParty { organisation_id, name: name.to_owned() }
}

pub fn mandate_use(one: &Use) -> pb::MandateUse {
    pb::MandateUse {
        used_at: Some(convert::timestamp(one.at)),
        action: one.action as i32,
        about: Some(written_scope(&one.about)),
        path: one.path.clone(),
        actor: one.actor.clone(),
        mandate_id: one.used.to_string(),
    }
}
