//! A letter as its sender writes it, and what is wrong with it.

use std::time::Duration;

use siegel_kernel::{Timestamp, TrustLevel};

use super::action::{self, Action};
use super::reminder::Reminder;
use super::{HandleId, LetterId, html};

/// Longest subject, reference or case id, in characters (the federal interface's limit).
const LINE: usize = 255;
/// All texts of a letter together, in bytes.
const TEXTS: usize = 512 * 1024;
/// How many languages a letter may be written in.
const LANGUAGES: usize = 20;
/// How far ahead publication may be put off.
const HORIZON: Duration = Duration::from_hours(366 * 24);

/// How far a sender's clock may be ahead of ours.
const SKEW: Duration = Duration::from_mins(1);

/// What kind of letter; decides the legal meaning of opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryType {
    Information,
    Status,
    Decision,
    FormalService,
    RequestForDocuments,
    CopyOfApplication,
}

impl DeliveryType {
    pub const ALL: [Self; 6] = [
        Self::Information,
        Self::Status,
        Self::Decision,
        Self::FormalService,
        Self::RequestForDocuments,
        Self::CopyOfApplication,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Status => "status",
            Self::Decision => "decision",
            Self::FormalService => "formal_service",
            Self::RequestForDocuments => "request_for_documents",
            Self::CopyOfApplication => "copy_of_application",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == text)
    }
}

/// One language of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// BCP 47
    pub language: String,
    pub plain_text: String,
    /// Leichte Sprache; empty when there is none.
    pub easy_text: String,
    /// The text with structure, of whitelisted elements; empty when there is none.
    pub html: String,
}

/// Belehrung about a fiction of formal service (VwZG § 5(7)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub text_version: String,
    pub given_at: Timestamp,
}

/// What the recipient chose in the online service about announcements in the postbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUse {
    pub wording_version: String,
    pub excluded: bool,
    pub chosen_at: Timestamp,
}

/// A letter that keeps every rule of its own form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub handle: HandleId,
    pub sender_reference: String,
    pub subject: String,
    pub bodies: Vec<Body>,
    pub hide_preview: bool,
    pub required_level: TrustLevel,
    pub important: bool,
    pub delivery_type: DeliveryType,
    /// `None`: no rule counts days for this letter.
    pub legal_basis: Option<String>,
    pub case_id: String,
    pub bulk: bool,
    pub thread: Option<LetterId>,
    /// Whose place this one takes.
    pub replaces: Option<LetterId>,
    pub publish_at: Option<Timestamp>,
    pub instruction: Option<Instruction>,
    pub service_use: Option<ServiceUse>,
    /// Of a letter that nobody opened.
    pub reminder: Option<Reminder>,
    /// Class that says how long content stays; empty for the tenant's default.
    pub retention_class: String,
    /// From then on the content can no longer be opened.
    pub retrieve_until: Option<Timestamp>,
    pub actions: Vec<Action>,
}

/// A field and what is wrong with it. Never repeats the value: it is content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub field: String,
    pub problem: &'static str,
}

impl Violation {
    pub fn new(field: impl Into<String>, problem: &'static str) -> Self {
        Self { field: field.into(), problem }
    }
}

/// What is wrong with a line of text.
pub fn line(field: &str, text: &str, needed: bool) -> Option<Violation> {
    let problem = if needed && text.trim().is_empty() {
        "must not be empty"
    } else if text.chars().count() > LINE {
        "must have at most 255 characters"
    } else if text.chars().any(is_control) {
        "must not hold control characters"
    } else {
        return None;
    };
    Some(Violation::new(field, problem))
}

impl Letter {
    /// Everything that is wrong with the letter; empty when it may be sent.
    pub fn violations(&self, now: Timestamp) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut line = |field: &str, text: &str, needed: bool| {
            found.extend(line(field, text, needed));
        };
        line("letter.subject", &self.subject, true);
        line("letter.sender_reference", &self.sender_reference, false);
        line("letter.case_id", &self.case_id, false);
        if let Some(instruction) = &self.instruction {
            line("letter.instruction.text_version", &instruction.text_version, true);
        }
        if let Some(choice) = &self.service_use {
            line("letter.service_use.wording_version", &choice.wording_version, true);
        }
        found.extend(self.body_violations());
        found.extend(self.reminder.and_then(|reminder| reminder.violation(now)));
        if let Some(at) = self.publish_at
            && at > now.plus(HORIZON)
        {
            found.push(Violation::new("letter.publish_at", "must be within a year"));
        }
        let told = self.instruction.as_ref().map(|i| i.given_at);
        let chosen = self.service_use.as_ref().map(|s| s.chosen_at);
        for (field, at) in
            [("letter.instruction.given_at", told), ("letter.service_use.chosen_at", chosen)]
        {
            if at.is_some_and(|at| at > now.plus(SKEW)) {
                found.push(Violation::new(field, "must be before the letter is sent"));
            }
        }
        let provided = self.publish_at.map_or(now, |at| at.max(now));
        if self.retrieve_until.is_some_and(|until| until <= provided) {
            let problem = "must be after the letter can be retrieved";
            found.push(Violation::new("letter.retrieve_until", problem));
        }
        found.extend(action::violations(&self.actions, self.delivery_type, now));
        if self.delivery_type == DeliveryType::FormalService && self.instruction.is_none() {
            let problem = "formal service needs the instruction about the fiction";
            found.push(Violation::new("letter.instruction", problem));
        }
        if self.delivery_type == DeliveryType::FormalService && self.legal_basis.is_none() {
            let problem = "formal service needs a legal basis";
            found.push(Violation::new("letter.legal_basis", problem));
        }
        found
    }

    fn body_violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.bodies.is_empty() {
            found.push(Violation::new("letter.bodies", "must hold at least one text"));
        }
        if self.bodies.len() > LANGUAGES {
            found.push(Violation::new("letter.bodies", "must hold at most 20 languages"));
        }
        let size = |b: &Body| b.plain_text.len() + b.easy_text.len() + b.html.len();
        let bytes: usize = self.bodies.iter().map(size).sum();
        if bytes > TEXTS {
            found.push(Violation::new("letter.bodies", "must be at most 512 KiB in all"));
        }
        for (i, body) in self.bodies.iter().enumerate() {
            let at = |field: &str| format!("letter.bodies[{i}].{field}");
            if !is_language(&body.language) {
                found.push(Violation::new(at("language"), "must be a BCP 47 tag such as de"));
            }
            if self.bodies.iter().take(i).any(|b| b.language.eq_ignore_ascii_case(&body.language)) {
                found.push(Violation::new(at("language"), "stands there twice"));
            }
            if body.plain_text.trim().is_empty() {
                found.push(Violation::new(at("plain_text"), "must not be empty"));
            }
            if let Err(problem) = html::check(&body.html) {
                found.push(Violation::new(at("html"), problem));
            }
            let texts = [
                ("plain_text", &body.plain_text),
                ("easy_text", &body.easy_text),
                ("html", &body.html),
            ];
            for (field, text) in texts {
                if text.chars().any(|c| is_control(c) && !matches!(c, '\n' | '\r' | '\t')) {
                    found.push(Violation::new(at(field), "must not hold control characters"));
                }
            }
        }
        found
    }
}

/// Control characters, and those that turn the direction of text around (CVE-2021-42574).
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The shape of a BCP 47 tag: subtags of 1 to 8 letters and digits, the first of 2 to 8 letters.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=8).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
        && tag.len() <= 35
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn letter() -> Letter {
        Letter {
            handle: "hdl_00000000000000000000000000000001".parse().unwrap(),
            sender_reference: "2025-17".into(),
            subject: "Ihr Bescheid".into(),
            bodies: vec![Body {
                language: "de".into(),
                plain_text: "Guten Tag,\nanbei der Bescheid.".into(),
                easy_text: String::new(),
                html: String::new(),
            }],
            hide_preview: false,
            required_level: TrustLevel::Substantial,
            important: true,
            delivery_type: DeliveryType::Decision,
            legal_basis: Some("ozg-9".into()),
            case_id: "BA-2025-0017".into(),
            bulk: false,
            thread: None,
            replaces: None,
            publish_at: None,
            instruction: None,
            service_use: None,
            reminder: None,
            retention_class: String::new(),
            retrieve_until: None,
            actions: Vec::new(),
        }
    }

    fn fields(letter: &Letter) -> Vec<String> {
        let now = Timestamp::parse_rfc3339("2025-03-06T10:15:00Z").unwrap();
        letter.violations(now).into_iter().map(|v| v.field).collect()
    }

    #[test]
    fn a_plain_letter_has_no_violations() {
        assert_eq!(fields(&letter()), [""; 0]);
    }

    #[test]
    fn a_subject_of_255_characters_passes_and_one_more_does_not() {
        let mut long = letter();
        long.subject = "ü".repeat(255);
        assert_eq!(fields(&long), [""; 0]);
        long.subject.push('ü');
        assert_eq!(fields(&long), ["letter.subject"]);
    }

    #[test]
    fn control_characters_and_direction_overrides_are_refused_in_lines() {
        for bad in ["a\nb", "a\u{0}b", "a\u{202e}b"] {
            let mut bent = letter();
            bent.subject = bad.into();
            assert_eq!(fields(&bent), ["letter.subject"], "{bad:?}");
        }
    }

    #[test]
    fn a_letter_needs_a_text_and_each_language_once() {
        let mut none = letter();
        none.bodies.clear();
        assert_eq!(fields(&none), ["letter.bodies"]);
        let mut twice = letter();
        twice.bodies.push(twice.bodies[0].clone());
        assert_eq!(fields(&twice), ["letter.bodies[1].language"]);
    }

    #[test]
    fn formal_service_without_a_legal_basis_or_an_earlier_instruction_is_refused() {
        let mut formal = letter();
        formal.delivery_type = DeliveryType::FormalService;
        formal.legal_basis = None;
        let instruction = |given_at: &str| Instruction {
            text_version: "zustellung-2025-01".into(),
            given_at: Timestamp::parse_rfc3339(given_at).unwrap(),
        };
        formal.instruction = Some(instruction("2025-02-01T09:00:00Z"));
        assert_eq!(fields(&formal), ["letter.legal_basis"]);
        formal.legal_basis = Some("vwzg-5-7".into());
        assert_eq!(fields(&formal), [""; 0]);
        formal.instruction = Some(instruction("2025-03-07T09:00:00Z"));
        assert_eq!(fields(&formal), ["letter.instruction.given_at"], "told after it was sent");
        formal.instruction = None;
        assert_eq!(fields(&formal), ["letter.instruction"]);
    }
}
