//! To the wire.

use siegel_crypto::b64;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::catalogue;
use siegel_proto::account::v1 as pb;
use siegel_proto::common::v1 as common;
use siegel_proto::convert;
use uuid::Uuid;

use crate::app::documents::Document;
use crate::app::{Receipted, Shown, Told};
use crate::domain::document::Origin;
use crate::domain::receipt::Line;
use crate::domain::{Held, Source};
use crate::store::consents::{Consent, Past};

pub fn level(level: TrustLevel) -> i32 {
    common::TrustLevel::from(level).into()
}

pub fn attribute(held: &Held, now: Timestamp) -> pb::Attribute {
    pb::Attribute {
        name: held.name.clone(),
        value: held.value.clone(),
        source: held.proof.source.number(),
        level: held.proof.level.map_or(0, level),
        verified_at: held.proof.verified_at.map(convert::timestamp),
        source_detail: held.proof.detail.clone(),
        valid_until: held.proof.valid_until.map(convert::timestamp),
        expired: held.proof.is_expired(now),
        not_applicable: held.not_applicable(),
        attribute: catalogue::attribute(&held.name).map_or(0, |row| row.number),
    }
}

pub fn attributes(held: &[Held], now: Timestamp) -> Vec<pb::Attribute> {
    held.iter().map(|held| attribute(held, now)).collect()
}

/// Cuts a list of up to one line too many to its page; the last line, when another page follows.
pub fn page<T>(mut lines: Vec<T>, size: i64) -> (Vec<T>, Option<T>)
where
    T: Clone,
{
    let shown = usize::try_from(size).unwrap_or(usize::MAX);
    let more = lines.len() > shown;
    lines.truncate(shown);
    let last = lines.last().filter(|_| more).cloned();
    (lines, last)
}

/// Where a list in the order of time and id goes on.
pub fn time_token(at: Timestamp, id: Uuid) -> String {
    b64::encode([&at.as_micros().to_be_bytes()[..], id.as_bytes()].concat())
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

pub fn past_consent(past: &Past) -> pb::PastConsent {
    pb::PastConsent {
        consent: Some(consent(&past.consent)),
        ended_at: past.ended_at.map(convert::timestamp),
        ended_by: past.ended_by.clone().unwrap_or_default(),
    }
}

pub fn receipt(receipted: &Receipted) -> pb::ConsentReceipt {
    let Receipted { past, receipt, .. } = receipted;
    let line = |line: &Line| pb::ReceiptLine {
        name: line.name.clone(),
        label: line.label.clone(),
        purpose: line.purpose.clone(),
        required: line.required,
        allowed: line.allowed,
        source: line.source.map_or(0, Source::number),
        level: line.value_level.map_or(0, level),
        taken_over: line.taken_over,
    };
    pb::ConsentReceipt {
        consent_id: past.consent.id.to_string(),
        client_id: past.consent.asked.client_id.clone(),
        client_name: past.consent.asked.client_name.clone(),
        purpose: past.consent.asked.purpose.clone(),
        given_at: Some(convert::timestamp(past.consent.given_at)),
        session_level: receipt.level.map_or(0, level),
        text_version: receipt.text_version.clone(),
        locale: receipt.locale.clone(),
        lines: receipt.lines.iter().map(line).collect(),
        ended_at: past.ended_at.map(convert::timestamp),
        ended_by: past.ended_by.clone().unwrap_or_default(),
    }
}

pub fn document(document: &Document) -> pb::Document {
    let origin = match document.origin {
        Origin::Person => pb::DocumentOrigin::Person,
        Origin::Issued => pb::DocumentOrigin::Issued,
        Origin::Letter => pb::DocumentOrigin::Letter,
    };
    pb::Document {
        document_id: document.id.to_string(),
        name: document.description.name.clone(),
        media_type: document.description.media_type.clone(),
        size_bytes: document.size,
        sha256: document.sha256.clone(),
        origin: origin.into(),
        issuer: document.description.issuer.clone(),
        letter_id: document.description.letter.clone(),
        stored_at: Some(convert::timestamp(document.stored_at)),
    }
}

pub fn grant(shown: &Shown) -> pb::DocumentGrant {
    let Shown { row, terms, open } = shown;
    pb::DocumentGrant {
        grant_id: row.id.to_string(),
        document_id: row.document_id.to_string(),
        document_name: terms.document_name.clone(),
        client_id: row.client_id.clone(),
        client_name: terms.client_name.clone(),
        purpose: terms.purpose.clone(),
        given_at: Some(convert::timestamp(row.given_at)),
        valid_until: Some(convert::timestamp(row.valid_until)),
        many: row.many,
        fetches: row.fetches,
        last_fetched_at: row.last_fetched_at.map(convert::timestamp),
        revoked_at: row.revoked_at.map(convert::timestamp),
        open: *open,
    }
}

pub fn disclosure(told: &Told) -> pb::Disclosure {
    let line = &told.line;
    pb::Disclosure {
        client_id: line.to.client_id.clone(),
        client_name: line.to.client_name.clone(),
        attributes: line.to.attributes.to_list(),
        purpose: line.to.purpose.clone(),
        level: level(line.level),
        disclosed_at: Some(convert::timestamp(line.at)),
        document_id: line.document.as_ref().map(|d| d.id.to_string()).unwrap_or_default(),
        document_name: told.document_name.clone(),
    }
}
