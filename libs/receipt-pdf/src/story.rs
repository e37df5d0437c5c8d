//! What the document says, in its order, before it has a place.

use siegel_kernel::{Timestamp, berlin};
use siegel_receipt::{Body, Explanation, Kind, LegalEffect, Sentence, Verified};

use crate::words::Language;
use crate::{Document, Known};

/// A piece of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Title(String),
    Heading(String),
    Text(String),
    /// A line of a list.
    Item(String),
    /// A row of a table.
    Fact {
        label: String,
        value: String,
        /// Written in the fixed font: ids and digests are compared letter by letter.
        exact: bool,
    },
}

/// Which part of a block a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Label,
    Body,
}

/// Collects facts that have a value.
struct Facts(Language, Vec<Block>);

impl Facts {
    fn heading(&mut self, key: &str) {
        self.1.push(Block::Heading(self.0.say(key)));
    }

    fn row(&mut self, label: String, value: &str, exact: bool) {
        if !value.is_empty() {
            self.1.push(Block::Fact { label, value: value.to_owned(), exact });
        }
    }

    fn words(&mut self, key: &str, value: &str) {
        self.row(self.0.say(key), value, false);
    }

    fn exact(&mut self, key: &str, value: &str) {
        self.row(self.0.say(key), value, true);
    }

    /// A value that has a word of its own, `role-sender`.
    fn named(&mut self, key: &str, prefix: &str, name: &str) {
        self.words(key, &self.0.say(&format!("{prefix}-{name}")));
    }
}

pub fn tell(document: &Document<'_>) -> Vec<Block> {
    let (verified, language) = (document.verified, document.language);
    let explanation = verified.explain();
    let title = in_words(language, &explanation.title);
    let mut facts =
        Facts(language, vec![Block::Title(title.clone()), Block::Text(language.say("intro"))]);
    event(&mut facts, verified, &title);
    letter(&mut facts, verified, document.known);
    actor(&mut facts, &verified.body);
    if let Some(effect) = &verified.body.legal_effect {
        legal_effect(&mut facts, effect);
    }
    declared(&mut facts, &verified.body);
    proof(&mut facts, &explanation);
    signature(&mut facts, document);
    facts.1
}

fn event(facts: &mut Facts, verified: &Verified, title: &str) {
    let body = &verified.body;
    facts.heading("section-event");
    facts.words("kind", title);
    facts.words("event-time", &moment(facts.0, &body.event_time));
    facts.words("recorded-time", &moment(facts.0, &body.recorded_time));
    if body.clock_moved {
        facts.words("clock", &facts.0.say("clock-moved"));
    }
    facts.words("reason", body.reason.as_deref().unwrap_or_default());
    facts.words("etsi", body.etsi_event.as_deref().unwrap_or_default());
    facts.exact("receipt-id", &verified.receipt_id);
    facts.words("number", &body.number.to_string());
}

fn letter(facts: &mut Facts, verified: &Verified, known: &Known) {
    let body = &verified.body;
    facts.heading("section-letter");
    facts.words("authority", &body.sender.authority);
    facts.exact("ars", &body.sender.ars);
    facts.exact("service", &body.sender.service_id);
    facts.exact("client", &format!("{} / {}", body.sender.tenant, body.sender.client_id));
    facts.exact("letter-id", &verified.letter_id);
    facts.words("reference", &known.reference);
    facts.words("case", &known.case_id);
    facts.exact("digest", &body.content_digest);
    for (n, digest) in (1..).zip(&body.attachment_digests) {
        let number: u32 = n;
        let label = facts.0.say_with("attachment-digest", &[("n", &number.to_string())]);
        facts.row(label, digest, true);
    }
    let concerned = match verified.kind {
        Kind::Rejected => "attachment-infected",
        _ => "attachment",
    };
    facts.exact(concerned, body.attachment.as_deref().unwrap_or_default());
    facts.exact("request-digest", body.request_digest.as_deref().unwrap_or_default());
    facts.exact("replaced-by", body.replaced_by.as_deref().unwrap_or_default());
    facts.named("required-level", "level", &body.required_level.to_string());
    if *known != Known::default() {
        facts.1.push(Block::Text(facts.0.say("unsigned")));
    }
}

fn actor(facts: &mut Facts, body: &Body) {
    let actor = &body.actor;
    facts.heading("section-actor");
    facts.named("role", "role", &actor.role);
    facts.exact("pseudonym", actor.pseudonym.as_deref().unwrap_or_default());
    if let Some(level) = actor.trust_level {
        facts.named("level", "level", &level.to_string());
    }
    if let Some(at) = &actor.authenticated_at {
        facts.words("authenticated", &moment(facts.0, at));
    }
    facts.exact("program", actor.client_id.as_deref().unwrap_or_default());
    if let Some(other) = &body.on_behalf_of {
        facts.exact("organisation", other.organisation.as_deref().unwrap_or_default());
        facts.exact("represented-person", other.person.as_deref().unwrap_or_default());
        facts.exact("mandate", &other.path);
        if let Some(id) = &other.mandate_id {
            let version = other.mandate_version.unwrap_or_default();
            facts.exact("mandate-version", &format!("{id} / {version}"));
        }
    }
}

fn legal_effect(facts: &mut Facts, effect: &LegalEffect) {
    facts.heading("section-effect");
    facts.named("effect", "effect", &effect.effect);
    facts.words("day", &day(facts.0, &effect.day));
    facts.words("law", &effect.law);
    facts.exact("rule", &format!("{} ({})", effect.rule, effect.legal_basis));
    let from = facts.0.say(&format!("day0-{}", effect.day0_event));
    facts.words("day-zero", &format!("{from}, {}", day(facts.0, &effect.day0)));
    facts.words("days", &effect.days.to_string());
    facts.named("shift", "shift", &effect.shift);
    facts.words("calendar", effect.calendar.as_deref().unwrap_or_default());
    let confirmed = if effect.confirmed_by_operator { "yes" } else { "no" };
    facts.words("confirmed", &facts.0.say(confirmed));
}

fn declared(facts: &mut Facts, body: &Body) {
    let language = facts.0;
    let notified = body.notification.as_ref().map(|sent| match (&sent.reason, sent.same_day) {
        (Some(reason), _) => language.say_with("notified-failed", &[("reason", reason)]),
        (None, true) => language.say("notified-same-day"),
        (None, false) => language.say("notified-later"),
    });
    let instruction = body
        .instruction
        .as_ref()
        .map(|i| format!("{}, {}", i.text_version, moment(language, &i.given_at)));
    let choice = body.service_use.as_ref().map(|choice| {
        let what = language.say(if choice.excluded { "excluded" } else { "not-excluded" });
        format!("{what} ({}, {})", choice.wording_version, moment(language, &choice.chosen_at))
    });
    if notified.is_none() && instruction.is_none() && choice.is_none() {
        return;
    }
    facts.heading("section-declared");
    facts.words("notified", &notified.unwrap_or_default());
    facts.words("instruction", &instruction.unwrap_or_default());
    facts.words("service-use", &choice.unwrap_or_default());
}

fn proof(facts: &mut Facts, explanation: &Explanation) {
    let lists =
        [("section-proven", &explanation.proven), ("section-gaps", &explanation.not_proven)];
    for (key, sentences) in lists {
        if !sentences.is_empty() {
            facts.heading(key);
            let language = facts.0;
            facts.1.extend(sentences.iter().map(|s| Block::Item(in_words(language, s))));
        }
    }
}

fn signature(facts: &mut Facts, document: &Document<'_>) {
    let (verified, language) = (document.verified, document.language);
    facts.heading("section-signature");
    facts.exact("issuer", &verified.issuer);
    facts.words("method", &language.say("method-text"));
    facts.exact("key", &verified.key_thumbprint);
    facts.exact("published", document.jwks_uri);
    let place = verified.log_entry.as_ref().map_or_else(
        || language.say(&format!("log-{}", verified.log)),
        |entry| {
            let (number, size) = (entry.index.saturating_add(1), entry.size);
            let values = [
                ("origin", entry.origin.as_str()),
                ("number", &number.to_string()),
                ("size", &size.to_string()),
            ];
            language.say_with("log-place", &values)
        },
    );
    facts.words("log", &place);
    facts.exact("leaf", &verified.leaf);
    facts.heading("section-verify");
    facts.1.push(Block::Item(language.say("verify-take")));
    let keys = language.say_with("verify-keys", &[("uri", document.jwks_uri)]);
    facts.1.push(Block::Item(keys));
    facts.1.push(Block::Item(language.say("verify-run")));
}

fn in_words(language: Language, sentence: &Sentence) -> String {
    match language {
        Language::German => sentence.de.clone(),
        Language::English => sentence.en.clone(),
    }
}

/// An instant in Berlin with its offset: `06.03.2025, 14:05:09 (UTC+01:00)`.
fn moment(language: Language, rfc3339: &str) -> String {
    let Some(at) = Timestamp::parse_rfc3339(rfc3339) else { return rfc3339.to_owned() };
    let (year, month, day, hour, minute, second) = berlin::local_parts(at);
    let utc = at.as_seconds().rem_euclid(86_400) / 3600;
    let offset = (i64::from(hour) - utc).rem_euclid(24);
    let time = format!("{hour:02}:{minute:02}:{second:02} (UTC+{offset:02}:00)");
    match language {
        Language::German => format!("{day:02}.{month:02}.{year}, {time}"),
        Language::English => format!("{year}-{month:02}-{day:02}, {time}"),
    }
}

/// A local date as the language writes it.
fn day(language: Language, iso: &str) -> String {
    match (language, berlin::LegalDay::parse(iso)) {
        (Language::German, Some(d)) => format!("{:02}.{:02}.{}", d.day(), d.month(), d.year()),
        _ => iso.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_berlin_time_with_the_offset_of_its_season() {
        let winter = moment(Language::German, "2025-01-01T23:30:00.000000Z");
        assert_eq!(winter, "02.01.2025, 00:30:00 (UTC+01:00)");
        let summer = moment(Language::English, "2025-07-01T12:00:00Z");
        assert_eq!(summer, "2025-07-01, 14:00:00 (UTC+02:00)");
    }
}
