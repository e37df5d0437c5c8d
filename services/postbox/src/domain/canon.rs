//! The canonical form of a letter: RFC 8785 (JCS) over the JSON that `docs/receipts.md` describes.
//! Its SHA-256 is what receipts sign. Strings and integers only, so that every implementation
//! writes the same bytes.

use serde::{Deserialize, Serialize};
use siegel_crypto::{b64, sha256};
use siegel_kernel::Timestamp;
use siegel_receipt::{Instruction, ServiceUse};

use super::action::Action;
use super::attachment::Declaration;
use super::letter::{self, Body, Letter};

/// `format` of the canonical letter.
pub const FORMAT: &str = "siegel-letter/1";

/// The letter as both sides may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    pub format: String,
    pub letter_id: String,
    pub sender: SenderPart,
    pub sender_reference: String,
    pub subject: String,
    pub bodies: Vec<BodyPart>,
    pub hide_preview: bool,
    pub required_level: u8,
    pub importance: String,
    pub delivery_type: String,
    pub legal_basis: String,
    pub case_id: String,
    pub thread: String,
    pub publish_at: String,
    pub attachments: Vec<AttachmentPart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<Instruction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_use: Option<ServiceUse>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub replaces: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub retention_class: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub retrieve_until: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

/// The registered sender, at the time of sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SenderPart {
    pub tenant: String,
    pub client_id: String,
    pub authority: String,
    pub ars: String,
    pub service_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyPart {
    pub language: String,
    pub plain_text: String,
    pub easy_text: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachmentPart {
    pub name: String,
    pub media_type: String,
    pub size_bytes: u64,
    /// base64url
    pub sha256: String,
}

/// A value that cannot be written canonically; does not happen for the types here.
#[derive(Debug, thiserror::Error)]
#[error("the canonical form cannot be written")]
pub struct NotCanonical(#[from] serde_json::Error);

impl Content {
    pub fn new(
        letter_id: &str,
        sender: SenderPart,
        letter: &Letter,
        attachments: &[Declaration],
    ) -> Self {
        let body = |b: &Body| BodyPart {
            language: b.language.clone(),
            plain_text: b.plain_text.clone(),
            easy_text: b.easy_text.clone(),
            html: b.html.clone(),
        };
        let attachment = |a: &Declaration| AttachmentPart {
            name: a.name.clone(),
            media_type: a.media_type.clone(),
            size_bytes: a.size_bytes,
            sha256: b64::encode(a.sha256),
        };
        Self {
            format: FORMAT.into(),
            letter_id: letter_id.into(),
            sender,
            sender_reference: letter.sender_reference.clone(),
            subject: letter.subject.clone(),
            bodies: letter.bodies.iter().map(body).collect(),
            hide_preview: letter.hide_preview,
            required_level: letter.required_level.number(),
            importance: if letter.important { "important" } else { "normal" }.into(),
            delivery_type: letter.delivery_type.as_str().into(),
            legal_basis: letter.legal_basis.clone().unwrap_or_default(),
            case_id: letter.case_id.clone(),
            thread: letter.thread.map(|t| t.to_string()).unwrap_or_default(),
            publish_at: letter.publish_at.map(Timestamp::to_rfc3339).unwrap_or_default(),
            attachments: attachments.iter().map(attachment).collect(),
            instruction: letter.instruction.as_ref().map(instruction),
            service_use: letter.service_use.as_ref().map(service_use),
            replaces: letter.replaces.map(|l| l.to_string()).unwrap_or_default(),
            retention_class: letter.retention_class.clone(),
            retrieve_until: letter.retrieve_until.map(Timestamp::to_rfc3339).unwrap_or_default(),
            actions: letter.actions.clone(),
        }
    }

    /// The canonical bytes.
    pub fn canonical(&self) -> Result<Vec<u8>, NotCanonical> {
        Ok(serde_json_canonicalizer::to_vec(self)?)
    }
}

/// The sender's words as the canonical letter and receipts write them.
pub fn instruction(from: &letter::Instruction) -> Instruction {
    Instruction { text_version: from.text_version.clone(), given_at: from.given_at.to_rfc3339() }
}

/// As [`instruction`].
pub fn service_use(from: &letter::ServiceUse) -> ServiceUse {
    ServiceUse {
        wording_version: from.wording_version.clone(),
        excluded: from.excluded,
        chosen_at: from.chosen_at.to_rfc3339(),
    }
}

/// What makes two requests with one id the same: the letter and what only the request says.
/// `recalls`: the letter it replaces is taken back.
pub fn request_digest(
    letter: &Letter,
    attachments: &[Declaration],
    recalls: bool,
) -> Result<[u8; 32], NotCanonical> {
    let nobody = SenderPart {
        tenant: String::new(),
        client_id: String::new(),
        authority: String::new(),
        ars: String::new(),
        service_id: String::new(),
    };
    let content = Content::new("", nobody, letter, attachments);
    let mut request = serde_json::json!({
        "letter": content,
        "handle": letter.handle,
        "lane": if letter.bulk { "bulk" } else { "interactive" },
    });
    if let Some(request) = request.as_object_mut().filter(|_| recalls) {
        request.insert("recalls".into(), true.into());
    }
    if let (Some(request), Some(reminder)) = (request.as_object_mut(), letter.reminder) {
        request.insert("reminder".into(), reminder.text().into());
    }
    Ok(sha256(&serde_json_canonicalizer::to_vec(&request)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::letter::tests::letter;

    fn sender() -> SenderPart {
        SenderPart {
            tenant: "musterstadt".into(),
            client_id: "bauamt".into(),
            authority: "Bauamt Musterstadt".into(),
            ars: "010510044044".into(),
            service_id: "99012070".into(),
        }
    }

    #[test]
    fn the_canonical_letter_is_this_text_byte_for_byte() {
        let file = Declaration {
            name: "Bescheid.pdf".into(),
            media_type: "application/pdf".into(),
            sha256: [1; 32],
            size_bytes: 9,
        };
        let content = Content::new("ltr_1", sender(), &letter(), &[file]);
        let text = String::from_utf8(content.canonical().unwrap()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"attachments":[{"media_type":"application/pdf","name":"Bescheid.pdf","#,
                r#""sha256":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","size_bytes":9}],"#,
                r#""bodies":[{"easy_text":"","language":"de","plain_text":"Guten Tag,\nanbei der Bescheid."}],"#,
                r#""case_id":"BA-2025-0017","delivery_type":"decision","format":"siegel-letter/1","#,
                r#""hide_preview":false,"importance":"important","legal_basis":"ozg-9","#,
                r#""letter_id":"ltr_1","publish_at":"","required_level":3,"sender":{"ars":"010510044044","#,
                r#""authority":"Bauamt Musterstadt","client_id":"bauamt","service_id":"99012070","#,
                r#""tenant":"musterstadt"},"sender_reference":"2025-17","subject":"Ihr Bescheid","thread":""}"#,
            )
        );
        assert_eq!(serde_json::from_str::<Content>(&text).unwrap(), content);
    }

    #[test]
    fn any_change_of_the_request_changes_its_digest() {
        let digest = |letter: &Letter| request_digest(letter, &[], false).unwrap();
        let first = letter();
        let mut other = letter();
        other.bodies[0].plain_text.push('.');
        assert_ne!(digest(&first), digest(&other));
        let mut lane = letter();
        lane.bulk = true;
        assert_ne!(digest(&first), digest(&lane));
        assert_ne!(digest(&first), request_digest(&first, &[], true).unwrap());
        assert_eq!(digest(&first), digest(&letter()));
    }
}
