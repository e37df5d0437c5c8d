//! To the wire.

use siegel_kernel::TrustLevel;
use siegel_proto::account::v1 as pb;
use siegel_proto::common::v1 as common;
use siegel_proto::convert;

use crate::domain::Held;
use crate::store::consents::Consent;
use crate::store::disclosures::Disclosure;

pub fn level(level: TrustLevel) -> i32 {
    common::TrustLevel::from(level).into()
}

pub fn attribute(held: &Held) -> pb::Attribute {
    pb::Attribute {
        name: held.name.clone(),
        value: held.value.clone(),
        source: held.proof.source.number(),
        level: held.proof.level.map_or(0, level),
        verified_at: held.proof.verified_at.map(convert::timestamp),
    }
}

pub fn attributes(held: &[Held]) -> Vec<pb::Attribute> {
    held.iter().map(attribute).collect()
}

pub fn consent(consent: &Consent) -> pb::Consent {
    pb::Consent {
        consent_id: consent.id.to_string(),
        client_id: consent.asked.client_id.clone(),
        client_name: consent.asked.client_name.clone(),
        attributes: consent.asked.attributes.to_list(),
        purpose: consent.asked.purpose.clone(),
        given_at: Some(convert::timestamp(consent.given_at)),
    }
}

pub fn disclosure(line: &Disclosure) -> pb::Disclosure {
    pb::Disclosure {
        client_id: line.to.client_id.clone(),
        client_name: line.to.client_name.clone(),
        attributes: line.to.attributes.to_list(),
        purpose: line.to.purpose.clone(),
        level: level(line.level),
        disclosed_at: Some(convert::timestamp(line.at)),
    }
}
