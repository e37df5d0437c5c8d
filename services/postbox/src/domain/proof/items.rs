//! The twelve items, one by one.

use serde_json::{Value, json};
use siegel_receipt::{Body, Kind};

use super::{Facts, Found, Made, Side, both, no};
use crate::domain::legal::{OnNoRetrieval, Rule};

impl Facts {
    pub(super) fn sender(&self) -> Made {
        let refused = self.one(Kind::Rejected);
        let found = self.one(Kind::Accepted).or(refused).map_or_else(
            || no("Der Brief wurde nie angenommen.", "The letter was never accepted."),
            |body| {
                let mut value = json!({
                    "sender": body.sender,
                    "actor": body.actor,
                    "rejected": refused.map(when),
                });
                if let (Side::Sender { sender_reference, request_id, .. }, Some(map)) =
                    (&self.side, value.as_object_mut())
                {
                    map.insert("sender_reference".into(), json!(sender_reference));
                    map.insert("request_id".into(), json!(request_id));
                }
                Found::Present(value)
            },
        );
        let title = both("Wer gesendet hat", "Who sent");
        ("sender", title, &[Kind::Accepted, Kind::Rejected], found)
    }

    pub(super) fn hashes(&self) -> Made {
        let found = self.entries.first().map_or_else(
            || no("Es gibt keinen Beleg.", "There is no evidence."),
            |e| {
                Found::Present(json!({
                    "content_digest": e.body.content_digest,
                    "attachment_digests": e.body.attachment_digests,
                    "method": "SHA-256, base64url; siegel-letter/1 in the form of RFC 8785",
                }))
            },
        );
        let title = both("Prüfwerte von Brief und Anlagen", "Digests of letter and attachments");
        ("content", title, &[Kind::Accepted, Kind::Provided, Kind::Rejected], found)
    }

    pub(super) fn provision(&self) -> Made {
        let found = self.one(Kind::Provided).map_or_else(
            || match self.one(Kind::Rejected) {
                Some(_) => no(
                    "Der Brief wurde abgewiesen, also nie bereitgestellt.",
                    "The letter was rejected, and so never provided.",
                ),
                None => no("Der Brief wurde nicht bereitgestellt.", "The letter was not provided."),
            },
            |body| {
                Found::Present(json!({
                    "provided_at": body.event_time,
                    "recorded_at": body.recorded_time,
                    "time_source": "system clock of the service, UTC",
                    "clock_moved": body.clock_moved,
                }))
            },
        );
        let title = both("Bereitstellung und Zeitquelle", "Provision and source of time");
        ("provision", title, &[Kind::Provided], found)
    }

    pub(super) fn entitled(&self) -> Made {
        let found = self.entries.first().map_or_else(
            || no("Es gibt keinen Beleg.", "There is no evidence."),
            |e| {
                let recipient = match &self.side {
                    Side::Sender { handle, .. } => json!({ "handle": handle }),
                    Side::Recipient { mailbox_entry } => json!({ "mailbox_entry": mailbox_entry }),
                };
                Found::Present(json!({
                    "recipient": recipient,
                    "required_level": e.body.required_level,
                    "undeliverable": self.undeliverable("HANDLE_REVOKED").map(when),
                    "rejected": self.rejected("RECIPIENT_UNKNOWN").map(when),
                }))
            },
        );
        let kinds: &[Kind] = match self.undeliverable("HANDLE_REVOKED") {
            Some(_) => &[Kind::Accepted, Kind::Undeliverable],
            None => &[Kind::Accepted, Kind::Provided, Kind::Rejected],
        };
        let title = both("Berechtigte Person und verlangtes Niveau", "Entitled person and level");
        ("entitled", title, kinds, found)
    }

    pub(super) fn choice(&self) -> Made {
        let body = self.one(Kind::Provided);
        let declared = body.filter(|b| b.service_use.is_some() || b.instruction.is_some());
        let opted_out = self.undeliverable("RECIPIENT_OPTED_OUT");
        let refused = self.rejected("RECIPIENT_OPTED_OUT");
        let found = if declared.is_none() && self.choices.is_empty() && refused.is_none() {
            no(
                "Die Behörde hat weder eine Wahl noch eine Belehrung erklärt, und im Postfach war \
                 keine Wahl eingetragen.",
                "The authority declared neither a choice nor an instruction, and no choice was on \
                 record in the mailbox.",
            )
        } else {
            Found::Present(json!({
                "service_use": declared.and_then(|body| body.service_use.as_ref()),
                "instruction": declared.and_then(|body| body.instruction.as_ref()),
                "declared_by": declared.map(|_| "sender"),
                "mailbox_choices": self.choices,
                "undeliverable": opted_out.map(when),
                "rejected": refused.map(when),
            }))
        };
        let kinds: &[Kind] = match (opted_out, refused) {
            (Some(_), _) => &[Kind::Undeliverable],
            (None, Some(_)) => &[Kind::Rejected],
            (None, None) => &[Kind::Provided],
        };
        let title = both("Wahl der Bekanntgabe und Belehrung", "Choice and instruction");
        ("choice", title, kinds, found)
    }

    pub(super) fn notification(&self) -> Made {
        const KINDS: &[Kind] = &[Kind::Notified, Kind::NotifyFailed];
        let told: Vec<Value> = self
            .of(KINDS)
            .iter()
            .map(|e| {
                json!({
                    "at": e.body.event_time,
                    "result": e.body.kind,
                    "channel": e.body.notification.as_ref().map(|n| &n.channel),
                    "same_day": e.body.notification.as_ref().map(|n| n.same_day),
                    "reason": e.body.notification.as_ref().and_then(|n| n.reason.as_ref()),
                    "address": "known to the notification service only; not handed out",
                })
            })
            .collect();
        let found = if told.is_empty() {
            no(
                "Bis jetzt ist keine Benachrichtigung abgeschlossen.",
                "No notification is completed yet.",
            )
        } else {
            Found::Present(json!({ "notifications": told }))
        };
        ("notification", both("Benachrichtigung", "Notification"), KINDS, found)
    }

    pub(super) fn first_access(&self) -> Made {
        const KINDS: &[Kind] =
            &[Kind::Opened, Kind::OpenedByDelegate, Kind::Confirmed, Kind::Refused];
        let seen: Vec<Value> = self
            .of(KINDS)
            .iter()
            .map(|e| {
                json!({
                    "kind": e.body.kind,
                    "at": e.body.event_time,
                    "actor": e.body.actor,
                    "on_behalf_of": e.body.on_behalf_of,
                })
            })
            .collect();
        let found = if seen.is_empty() {
            no(
                "Niemand hat den Brief geöffnet oder beantwortet.",
                "Nobody opened or answered the letter.",
            )
        } else {
            Found::Present(json!({ "accesses": seen }))
        };
        ("first_access", both("Erster Zugriff", "First access"), KINDS, found)
    }

    pub(super) fn downloads(&self) -> Made {
        let found: Vec<Value> = self
            .of(&[Kind::Downloaded])
            .iter()
            .map(|e| {
                json!({
                    "attachment": e.body.attachment,
                    "at": e.body.event_time,
                    "actor": e.body.actor,
                    "on_behalf_of": e.body.on_behalf_of,
                })
            })
            .collect();
        let found = if found.is_empty() {
            no(
                "Keine Anlage wurde vollständig heruntergeladen.",
                "No attachment was downloaded completely.",
            )
        } else {
            Found::Present(json!({ "downloads": found }))
        };
        ("downloads", both("Speicherung der Anlagen", "Download"), &[Kind::Downloaded], found)
    }

    pub(super) fn rule(&self) -> Made {
        const KINDS: &[Kind] = &[
            Kind::Provided,
            Kind::Notified,
            Kind::NotifyFailed,
            Kind::Opened,
            Kind::OpenedByDelegate,
            Kind::Confirmed,
            Kind::Refused,
            Kind::DeemedAnnounced,
            Kind::DeemedServed,
            Kind::ProvisionEnded,
        ];
        let title = both("Fristregel und berechneter Tag", "Rule and computed day");
        let found = match (&self.legal_basis, &self.rule) {
            _ if self.one(Kind::Rejected).is_some() => no(
                "Der Brief wurde abgewiesen: keine Frist läuft.",
                "The letter was rejected: no period runs.",
            ),
            (None, _) => no(
                "Die Behörde hat keine Rechtsgrundlage genannt.",
                "The authority named no legal basis.",
            ),
            (Some(basis), None) => Found::Present(json!({ "legal_basis": basis, "row": null })),
            (Some(basis), Some(rule)) => {
                let effects = self.of(KINDS).into_iter().filter_map(|e| {
                    let effect = e.body.legal_effect.as_ref()?;
                    Some(json!({ "kind": e.body.kind, "effect": effect }))
                });
                Found::Present(json!({
                    "legal_basis": basis,
                    "row": row(rule),
                    "results": effects.collect::<Vec<_>>(),
                }))
            }
        };
        ("rule", title, KINDS, found)
    }

    pub(super) fn renewed(&self) -> Made {
        let found = self.one(Kind::Superseded).map_or_else(
            || {
                no(
                    "Der Brief wurde nicht erneut bekanntgegeben.",
                    "The letter was not announced again.",
                )
            },
            |body| {
                Found::Present(json!({ "replaced_by": body.replaced_by, "at": body.event_time }))
            },
        );
        ("renewed", both("Erneute Bekanntgabe", "Renewed announcement"), &[Kind::Superseded], found)
    }

    pub(super) fn ended(&self) -> Made {
        let ends = self
            .rule
            .as_ref()
            .is_some_and(|r| matches!(r.on_no_retrieval, OnNoRetrieval::ProvisionEnds { .. }));
        let found = match self.one(Kind::ProvisionEnded) {
            Some(body) => {
                Found::Present(json!({ "at": body.event_time, "effect": body.legal_effect }))
            }
            None if ends => no(
                "Die Bereitstellung ist nicht ohne Abruf zu Ende gegangen.",
                "Provision did not end without retrieval.",
            ),
            None => no(
                "Nach der genannten Rechtsgrundlage endet die Bereitstellung nicht.",
                "Under the legal basis named, provision does not end.",
            ),
        };
        let title = both("Ende der Bereitstellung", "End of provision");
        ("provision_ended", title, &[Kind::ProvisionEnded], found)
    }

    pub(super) fn gone(&self) -> Made {
        let found = self.undeliverable("MAILBOX_CLOSED").map_or_else(
            || {
                no(
                    "Das Postfach wurde nicht vor dem Ende des Briefs geschlossen.",
                    "The mailbox was not closed before the letter had an end.",
                )
            },
            |body| Found::Present(when(body)),
        );
        let title = both("Schließung des Postfachs", "Closure of the mailbox");
        ("mailbox_closed", title, &[Kind::Undeliverable], found)
    }
}

/// When a letter was rejected or became undeliverable, and why.
fn when(body: &Body) -> Value {
    json!({ "reason": body.reason, "at": body.event_time })
}

/// The row of the rule table as it was used.
fn row(rule: &Rule) -> Value {
    let (on_no_retrieval, provision_days) = match rule.on_no_retrieval {
        OnNoRetrieval::DeemedAnnounced => ("deemed_announced", None),
        OnNoRetrieval::DeemedServed => ("deemed_served", None),
        OnNoRetrieval::ProvisionEnds { days } => ("provision_ends", Some(days)),
    };
    json!({
        "rule_id": rule.id,
        "legal_basis": rule.legal_basis,
        "law": rule.law,
        "valid_from": rule.valid_from.to_string(),
        "valid_to": rule.valid_to.map(|day| day.to_string()),
        "day0_event": rule.day0.as_str(),
        "days": rule.days,
        "shift": rule.shift.as_str(),
        "on_no_retrieval": on_no_retrieval,
        "provision_days": provision_days,
        "confirmed_by_operator": rule.confirmed_by_operator,
    })
}
