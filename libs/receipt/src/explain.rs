//! What a receipt proves, and what it does not, in plain words.

use siegel_kernel::{TrustLevel, berlin};

use crate::{Kind, LegalEffect, OnBehalfOf, Verified};

/// One statement in both languages.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Sentence {
    pub de: String,
    pub en: String,
}

/// The plain words about a verified receipt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    pub title: Sentence,
    pub proven: Vec<Sentence>,
    pub not_proven: Vec<Sentence>,
}

fn both(de: impl Into<String>, en: impl Into<String>) -> Sentence {
    Sentence { de: de.into(), en: en.into() }
}

impl Verified {
    /// Says what is proven and what is not.
    pub fn explain(&self) -> Explanation {
        let (de, en) = (moment(&self.event_time, true), moment(&self.event_time, false));
        let title = both(
            format!("{} am {de}", title_de(self.kind)),
            format!("{} on {en}", title_en(self.kind)),
        );
        let mut proven = vec![
            both(
                format!(
                    "Unversehrt: Inhalt und Signatur gehören zusammen (Schlüssel {}).",
                    self.key_thumbprint
                ),
                format!(
                    "Intact: payload and signature belong together (key {}).",
                    self.key_thumbprint
                ),
            ),
            both(
                format!(
                    "Der Brief {} von „{}“ hat genau den Inhalt mit dem Prüfwert {}.",
                    self.letter_id, self.body.sender.authority, self.body.content_digest
                ),
                format!(
                    "Letter {} from \"{}\" has exactly the content with the digest {}.",
                    self.letter_id, self.body.sender.authority, self.body.content_digest
                ),
            ),
        ];
        proven.extend(self.rejection_sentences());
        proven.extend(self.actor_sentence());
        proven.extend(self.body.legal_effect.as_ref().map(effect_sentence));
        proven.extend(self.notification_sentence());
        proven.extend(self.declared_sentences());
        proven.extend(self.body.replaced_by.as_ref().map(|letter| {
            both(
                format!("An seine Stelle tritt der Brief {letter}."),
                format!("Letter {letter} takes its place."),
            )
        }));
        proven.extend(
            self.body
                .reason
                .as_ref()
                .map(|reason| both(format!("Grund: {reason}."), format!("Reason: {reason}."))),
        );
        proven.extend(self.log_sentence());
        for (name, value) in &self.disclosed {
            proven.push(both(
                format!("Der Beleg legt „{name}“ auf {value} fest."),
                format!("The receipt commits `{name}` to {value}."),
            ));
        }
        Explanation { title, proven, not_proven: self.gaps() }
    }

    /// What a refusal means for the letter, and why it came to it.
    fn rejection_sentences(&self) -> Vec<Sentence> {
        let mut said = Vec::new();
        if self.kind == Kind::Rejected {
            said.push(both(
                "Der Brief wurde abgewiesen: er ist nicht angenommen, und niemand kann ihn im \
                 Postfach abrufen.",
                "The letter was rejected: it is not accepted, and nobody can retrieve it in the \
                 postbox.",
            ));
            said.extend(match self.body.reason.as_deref() {
                Some("RECIPIENT_UNKNOWN") => Some(both(
                    "Unter der angegebenen Kennung erreicht dieser Absender niemanden.",
                    "Under the handle given this sender reaches nobody.",
                )),
                Some("RECIPIENT_OPTED_OUT") => Some(both(
                    "Die Empfängerin oder der Empfänger hat Briefe dieses Absenders im Postfach \
                     ausgeschlossen.",
                    "The recipient excluded letters of this sender in the postbox.",
                )),
                Some("ATTACHMENT_INFECTED") => Some(both(
                    "In einer Anlage wurde Schadsoftware gefunden.",
                    "Malware was found in an attachment.",
                )),
                _ => None,
            });
        }
        said.extend(self.body.request_digest.as_ref().map(|digest| {
            both(
                format!("Die Anfrage des Absenders hatte den Prüfwert {digest}."),
                format!("The sender's request had the digest {digest}."),
            )
        }));
        said
    }

    fn actor_sentence(&self) -> Option<Sentence> {
        let actor = &self.body.actor;
        if actor.role != "recipient" {
            return None;
        }
        let level = actor.trust_level.and_then(|l| TrustLevel::try_from(i64::from(l)).ok())?;
        let (for_de, for_en) = self.body.on_behalf_of.as_ref().map(represented).unwrap_or_default();
        let de = match level {
            TrustLevel::Basic => "Basisregistrierung",
            TrustLevel::Low => "niedrig",
            TrustLevel::Substantial => "substanziell",
            TrustLevel::High => "hoch",
        };
        Some(both(
            format!("Gehandelt hat eine angemeldete Person mit Vertrauensniveau „{de}“{for_de}."),
            format!("A logged-in person acted, with trust level \"{level}\"{for_en}."),
        ))
    }

    fn notification_sentence(&self) -> Option<Sentence> {
        let sent = self.body.notification.as_ref()?;
        Some(match (&sent.reason, sent.same_day) {
            (Some(reason), _) => both(
                format!("Die Benachrichtigung ist nicht zugestellt worden ({reason})."),
                format!("The notification was not delivered ({reason})."),
            ),
            (None, true) => both(
                "Die Benachrichtigung ging am Tag der Bereitstellung hinaus.",
                "The notification left on the day of provision.",
            ),
            (None, false) => both(
                "Die Benachrichtigung ging erst nach dem Tag der Bereitstellung hinaus.",
                "The notification left after the day of provision.",
            ),
        })
    }

    /// What the sender declared: proven is that it was declared.
    fn declared_sentences(&self) -> Vec<Sentence> {
        let mut said = Vec::new();
        if let Some(instruction) = &self.body.instruction {
            let (text, de, en) = (
                &instruction.text_version,
                moment(&instruction.given_at, true),
                moment(&instruction.given_at, false),
            );
            said.push(both(
                format!("Die Behörde hat erklärt, am {de} belehrt zu haben (Text {text})."),
                format!(
                    "The authority declared that it gave the instruction on {en} (text {text})."
                ),
            ));
        }
        if let Some(choice) = &self.body.service_use {
            let (text, de, en) = (
                &choice.wording_version,
                moment(&choice.chosen_at, true),
                moment(&choice.chosen_at, false),
            );
            said.push(both(
                format!(
                    "Die Behörde hat erklärt, dass die Bekanntgabe im Postfach bei der Nutzung der \
                     Leistung am {de} nicht ausgeschlossen wurde (Wortlaut {text})."
                ),
                format!(
                    "The authority declared that announcement in the postbox was not excluded when \
                     the service was used on {en} (wording {text})."
                ),
            ));
        }
        said
    }

    fn log_sentence(&self) -> Option<Sentence> {
        let entry = self.log_entry.as_ref()?;
        let (origin, number, size) = (&entry.origin, entry.index.saturating_add(1), entry.size);
        Some(both(
            format!(
                "Der Beleg steht im öffentlichen Verzeichnis {origin} an Stelle {number} von {size}."
            ),
            format!("The receipt is entry {number} of {size} in the public log {origin}."),
        ))
    }

    fn gaps(&self) -> Vec<Sentence> {
        let mut gaps = Vec::new();
        if !self.trusted_keys {
            gaps.push(both(
                "Wer signiert hat: die Schlüssel sind nicht unabhängig bestätigt. Vergleichen Sie \
                 den Fingerabdruck mit dem veröffentlichten.",
                "Who signed: the keys are not independently confirmed. Compare the thumbprint with \
                 the published one.",
            ));
        }
        if self.clock_moved {
            gaps.push(both(
                "Die Zeit: die Uhr des Dienstes war verstellt (Testsystem).",
                "The time: the service's clock had been moved (test system).",
            ));
        }
        if self.body.legal_effect.as_ref().is_some_and(|e| !e.confirmed_by_operator) {
            gaps.push(both(
                "Die Rechtsfolge: der Betreiber hat diese Fristregel nicht bestätigt.",
                "The legal effect: the operator has not confirmed this rule.",
            ));
        }
        if matches!(self.kind, Kind::Accepted | Kind::Provided | Kind::Notified) {
            gaps.push(both("Dass jemand den Brief gelesen hat.", "That anybody read the letter."));
        }
        let rejected = self.kind == Kind::Rejected;
        if rejected && self.body.reason.as_deref() == Some("RECIPIENT_UNKNOWN") {
            gaps.push(both(
                "Ob es die Empfängerin oder den Empfänger gibt.",
                "Whether the recipient exists.",
            ));
        }
        if rejected && !self.body.attachment_digests.is_empty() {
            gaps.push(both(
                "Dass die Anlagen so aussahen: ihre Prüfwerte hat der Absender angegeben.",
                "That the attachments were these: the sender stated their digests.",
            ));
        }
        if matches!(self.kind, Kind::Opened | Kind::OpenedByDelegate) {
            gaps.push(both(
                "Dass die Person den Brief verstanden oder heruntergeladen hat.",
                "That the person understood or downloaded the letter.",
            ));
        }
        if self.log_entry.is_none() {
            gaps.push(both(
                "Dass der Beleg im öffentlichen Verzeichnis steht: das wurde hier nicht geprüft.",
                "That the receipt is in the public log: that was not checked here.",
            ));
        }
        gaps
    }
}

/// For whom somebody acted, German and English.
fn represented(other: &OnBehalfOf) -> (String, String) {
    let (whom_de, whom_en) = if other.person.is_some() {
        ("in Vertretung einer anderen Person", "for another person")
    } else {
        ("für eine Organisation", "for an organisation")
    };
    let (by_de, by_en) = other.mandate_id.as_ref().map_or_else(Default::default, |id| {
        let version = other.mandate_version.unwrap_or_default();
        let de = format!(", Vollmacht {id}, Fassung {version}");
        (de, format!(", mandate {id}, version {version}"))
    });
    let path = &other.path;
    (format!(", {whom_de} ({path}{by_de})"), format!(", {whom_en} ({path}{by_en})"))
}

fn effect_sentence(effect: &LegalEffect) -> Sentence {
    let (law, day, rule) = (&effect.law, &effect.day, &effect.rule);
    match effect.effect.as_str() {
        "announced_if_retrieved" => both(
            format!(
                "Abrufbar bis zum Ablauf des {day}; bekanntgegeben am Tag nach dem Abruf ({law}, Regel {rule})."
            ),
            format!(
                "Retrievable until the end of {day}; announced on the day after retrieval ({law}, rule {rule})."
            ),
        ),
        "provision_ended" => both(
            format!(
                "Die Bereitstellung endete mit Ablauf des {day}, ohne Bekanntgabe ({law}, Regel {rule})."
            ),
            format!(
                "Provision ended at the end of {day}, without announcement ({law}, rule {rule})."
            ),
        ),
        "served" => both(
            format!("Gilt am {day} als zugestellt ({law}, Regel {rule})."),
            format!("Counts as served on {day} ({law}, rule {rule})."),
        ),
        "not_served" => both(
            format!(
                "Nicht zugestellt: die Annahme wurde am {day} verweigert ({law}, Regel {rule})."
            ),
            format!("Not served: acceptance was refused on {day} ({law}, rule {rule})."),
        ),
        _ => both(
            format!("Gilt am {day} als bekanntgegeben ({law}, Regel {rule})."),
            format!("Counts as announced on {day} ({law}, rule {rule})."),
        ),
    }
}

/// An instant as people in Germany write it.
fn moment(rfc3339: &str, german: bool) -> String {
    let Some(at) = crate::utc(rfc3339) else { return rfc3339.to_owned() };
    let (y, mo, d, h, mi, s) = berlin::local_parts(at);
    if german {
        format!("{d:02}.{mo:02}.{y} um {h:02}:{mi:02}:{s:02} Uhr (Ortszeit Berlin)")
    } else {
        format!("{y}-{mo:02}-{d:02} at {h:02}:{mi:02}:{s:02} (Berlin time)")
    }
}

const fn title_de(kind: Kind) -> &'static str {
    match kind {
        Kind::Accepted => "Angenommen",
        Kind::Rejected => "Abgewiesen",
        Kind::Provided => "Zum Abruf bereitgestellt",
        Kind::Notified => "Benachrichtigt",
        Kind::NotifyFailed => "Benachrichtigung fehlgeschlagen",
        Kind::Opened => "Geöffnet",
        Kind::OpenedByDelegate => "Von einer Vertretung geöffnet",
        Kind::Downloaded => "Heruntergeladen",
        Kind::Confirmed => "Empfang bestätigt",
        Kind::Refused => "Annahme verweigert",
        Kind::DeemedAnnounced => "Gilt als bekanntgegeben",
        Kind::DeemedServed => "Gilt als zugestellt",
        Kind::ProvisionEnded => "Bereitstellung beendet",
        Kind::ExpiredUnread => "Ungelesen abgelaufen",
        Kind::Recalled => "Zurückgerufen",
        Kind::Superseded => "Ersetzt",
        Kind::Undeliverable => "Unzustellbar",
        Kind::ReplyAccepted => "Antwort angenommen",
        Kind::Purged => "Inhalt gelöscht",
    }
}

const fn title_en(kind: Kind) -> &'static str {
    match kind {
        Kind::Accepted => "Accepted",
        Kind::Rejected => "Rejected",
        Kind::Provided => "Provided for retrieval",
        Kind::Notified => "Notified",
        Kind::NotifyFailed => "Notification failed",
        Kind::Opened => "Opened",
        Kind::OpenedByDelegate => "Opened by a delegate",
        Kind::Downloaded => "Downloaded",
        Kind::Confirmed => "Receipt confirmed",
        Kind::Refused => "Refused",
        Kind::DeemedAnnounced => "Deemed announced",
        Kind::DeemedServed => "Deemed served",
        Kind::ProvisionEnded => "Provision ended",
        Kind::ExpiredUnread => "Expired unread",
        Kind::Recalled => "Recalled",
        Kind::Superseded => "Superseded",
        Kind::Undeliverable => "Undeliverable",
        Kind::ReplyAccepted => "Reply accepted",
        Kind::Purged => "Content purged",
    }
}
