//! The receipt of a consent: what was shown, what was allowed (GDPR Art. 7(1): the controller must
//! be able to show that there was consent; the same paper lets the person show what it was).

use serde::{Deserialize, Serialize};
use siegel_kernel::{Timestamp, TrustLevel};

use super::{Asked, Held, Names, Source};

/// The consent page as its person saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Version of its sentences.
    pub text_version: String,
    /// `de` or `en`.
    pub locale: String,
    pub lines: Vec<PageLine>,
    /// Level of the session.
    pub level: Option<TrustLevel>,
}

/// One attribute on the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageLine {
    pub name: String,
    /// What the page called it.
    pub label: String,
    /// Said for this attribute; empty: the purpose of the whole request.
    pub purpose: String,
    pub required: bool,
}

/// What is kept of it, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub text_version: String,
    pub locale: String,
    pub level: Option<TrustLevel>,
    pub lines: Vec<Line>,
}

/// One attribute of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub name: String,
    pub label: String,
    pub purpose: String,
    pub required: bool,
    pub allowed: bool,
    /// Source and level of the value at that time, when there was one.
    pub source: Option<Source>,
    pub value_level: Option<TrustLevel>,
    /// Allowed before, for the same client and purpose, and standing still.
    pub taken_over: bool,
}

/// Writes the receipt of a consent. `earlier` stood before it and goes on; `held` is what the
/// account had.
pub fn write(page: &Page, asked: &Asked, earlier: &Names, held: &[Held]) -> Receipt {
    let line = |name: &str, label: &str, purpose: &str, required: bool| {
        let value = held.iter().find(|h| h.name == name);
        Line {
            name: name.to_owned(),
            label: label.to_owned(),
            purpose: if purpose.is_empty() { &asked.purpose } else { purpose }.to_owned(),
            required,
            allowed: asked.attributes.contains(name) || earlier.contains(name),
            source: value.map(|h| h.proof.source),
            value_level: value.and_then(|h| h.proof.level),
            taken_over: earlier.contains(name) && !asked.attributes.contains(name),
        }
    };
    let mut lines: Vec<Line> =
        page.lines.iter().map(|l| line(&l.name, &l.label, &l.purpose, l.required)).collect();
    // What stood before, and what a caller without a page allowed.
    for name in asked.attributes.union(earlier).to_list() {
        if lines.iter().all(|l| l.name != name) {
            lines.push(line(&name, "", "", false));
        }
    }
    Receipt {
        text_version: page.text_version.clone(),
        locale: page.locale.clone(),
        level: page.level,
        lines,
    }
}

/// What a receipt is about.
#[derive(Clone, Debug)]
pub struct About<'a> {
    pub consent: &'a str,
    pub asked: &'a Asked,
    pub given_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<&'a str>,
}

/// The receipt as a document to keep.
pub fn document(receipt: &Receipt, about: &About<'_>) -> serde_json::Value {
    let lines: Vec<_> = receipt
        .lines
        .iter()
        .map(|line| {
            serde_json::json!({
                "name": line.name,
                "label": line.label,
                "purpose": line.purpose,
                "required": line.required,
                "allowed": line.allowed,
                "source": line.source.map(Source::name),
                "level": line.value_level.map(TrustLevel::as_str),
                "taken_over": line.taken_over,
            })
        })
        .collect();
    serde_json::json!({
        "format": "siegel-consent-receipt/1",
        "consent_id": about.consent,
        "client_id": about.asked.client_id,
        "client_name": about.asked.client_name,
        "purpose": about.asked.purpose,
        "given_at": about.given_at.to_rfc3339(),
        "session_level": receipt.level.map(TrustLevel::as_str),
        "text_version": receipt.text_version,
        "language": receipt.locale,
        "attributes": lines,
        "ended_at": about.ended_at.map(Timestamp::to_rfc3339),
        "ended_by": about.ended_by,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(names: &[&str]) -> Asked {
        Asked {
            client_id: "portal".into(),
            client_name: "Portal".into(),
            attributes: names.iter().copied().collect(),
            purpose: "Antrag".into(),
        }
    }

    #[test]
    fn a_receipt_says_what_was_shown_allowed_declined_and_taken_over() {
        let shown = |name: &str, purpose: &str| PageLine {
            name: name.into(),
            label: name.to_uppercase(),
            purpose: purpose.into(),
            required: false,
        };
        let page = Page {
            lines: vec![shown("city", "Versand"), shown("telephone", "")],
            ..Page::default()
        };
        let earlier: Names = ["title"].into_iter().collect();
        let receipt = write(&page, &asked(&["city"]), &earlier, &[]);
        let told: Vec<_> = receipt
            .lines
            .iter()
            .map(|l| (&l.name[..], &l.purpose[..], l.allowed, l.taken_over))
            .collect();
        let wanted = [
            ("city", "Versand", true, false),
            ("telephone", "Antrag", false, false),
            ("title", "Antrag", true, true),
        ];
        assert_eq!(told, wanted);
    }
}
