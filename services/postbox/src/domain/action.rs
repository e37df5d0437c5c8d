//! What a letter asks its recipient to do. Part of the canonical letter.

use serde::{Deserialize, Serialize};
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;

use super::letter::{DeliveryType, Violation, line};

/// Actions of one letter.
const MOST: usize = 8;
/// Longest address, in bytes.
const URL: usize = 2_048;

/// One request to the recipient, as receipts sign it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    Pay {
        /// What identifies the payment, such as a Kassenzeichen.
        reference: String,
        /// Empty for nowhere online.
        url: String,
        /// 0 where no sum is named.
        amount_cents: u64,
    },
    Reply {
        /// Empty for free text.
        form_id: String,
        /// Local date; empty for none.
        due_on: String,
    },
    Confirm {
        /// Local date; empty for none.
        due_on: String,
    },
    Appointment {
        /// RFC 3339, UTC.
        starts_at: String,
        /// RFC 3339, UTC; empty where the end is open.
        ends_at: String,
        place: String,
        /// Empty for nowhere online.
        url: String,
    },
}

impl Action {
    /// The local day until which, or on which, something is asked for.
    pub fn due_on(&self) -> Option<LegalDay> {
        match self {
            Self::Pay { .. } => None,
            Self::Reply { due_on, .. } | Self::Confirm { due_on } => LegalDay::parse(due_on),
            Self::Appointment { starts_at, .. } => {
                Timestamp::parse_rfc3339(starts_at).map(LegalDay::of)
            }
        }
    }

    fn violations(&self, at: &str, (kind, now): (DeliveryType, Timestamp)) -> Vec<Violation> {
        let mut found = Vec::new();
        match self {
            Self::Pay { reference, url, amount_cents } => {
                found.extend(line(&format!("{at}.pay.reference"), reference, true));
                found.extend(address(&format!("{at}.pay.url"), url));
                // Integers of the canonical form are below 2^53 (RFC 8785 §3.2.2.3).
                if *amount_cents >= 1 << 53 {
                    found.push(Violation::new(format!("{at}.pay.amount_cents"), "is too large"));
                }
            }
            Self::Reply { form_id, due_on } => {
                found.extend(line(&format!("{at}.reply.form_id"), form_id, false));
                found.extend(day(&format!("{at}.reply.due_on"), due_on, now));
            }
            Self::Confirm { due_on } => {
                found.extend(day(&format!("{at}.confirm.due_on"), due_on, now));
                if kind != DeliveryType::FormalService {
                    let problem = "only formal service is confirmed";
                    found.push(Violation::new(format!("{at}.confirm"), problem));
                }
            }
            Self::Appointment { starts_at, ends_at, place, url } => {
                found.extend(line(&format!("{at}.appointment.place"), place, false));
                found.extend(address(&format!("{at}.appointment.url"), url));
                let starts = Timestamp::parse_rfc3339(starts_at);
                if starts.is_none_or(|starts| starts <= now) {
                    let field = format!("{at}.appointment.starts_at");
                    found.push(Violation::new(field, "must be in the future"));
                }
                let ends = Timestamp::parse_rfc3339(ends_at);
                if !ends_at.is_empty() && ends.zip(starts).is_none_or(|(e, s)| e <= s) {
                    let field = format!("{at}.appointment.ends_at");
                    found.push(Violation::new(field, "must be after the beginning"));
                }
            }
        }
        found
    }
}

/// Everything that is wrong with the actions of a letter of this kind.
pub fn violations(actions: &[Action], kind: DeliveryType, now: Timestamp) -> Vec<Violation> {
    let mut found = Vec::new();
    if actions.len() > MOST {
        found.push(Violation::new("letter.actions", "must be at most 8"));
    }
    for (i, action) in actions.iter().enumerate() {
        let at = format!("letter.actions[{i}]");
        found.extend(action.violations(&at, (kind, now)));
        let same = |other: &Action| match action {
            Action::Reply { .. } => matches!(other, Action::Reply { .. }),
            Action::Confirm { .. } => matches!(other, Action::Confirm { .. }),
            _ => false,
        };
        if actions.iter().take(i).any(same) {
            found.push(Violation::new(at, "stands there twice"));
        }
    }
    found
}

/// The first day on which any of them asks for something.
pub fn first_due(actions: &[Action]) -> Option<LegalDay> {
    actions.iter().filter_map(Action::due_on).min()
}

/// What a letter says about replies: whether it asks for one, in which form and until when.
pub fn asked_reply(actions: &[Action], delivery_type: &str) -> Option<(String, Option<LegalDay>)> {
    let named = actions.iter().find_map(|action| match action {
        Action::Reply { form_id, due_on } => Some((form_id.clone(), LegalDay::parse(due_on))),
        _ => None,
    });
    // A request for documents asks for them whether or not it names a form.
    let wants = delivery_type == DeliveryType::RequestForDocuments.as_str();
    named.or_else(|| wants.then(|| (String::new(), None)))
}

/// What is wrong with an address that people are sent to.
fn address(field: &str, text: &str) -> Option<Violation> {
    (!text.is_empty() && !is_https(text)).then(|| Violation::new(field, "must be an https address"))
}

/// An `https` address with a host, without credentials.
pub fn is_https(text: &str) -> bool {
    text.len() <= URL
        && !text.chars().any(|c| super::letter::is_control(c) || c.is_whitespace())
        && url::Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
        })
}

fn day(field: &str, text: &str, now: Timestamp) -> Option<Violation> {
    if text.is_empty() {
        return None;
    }
    let problem = match LegalDay::parse(text) {
        Some(day) if day.to_string() != text => "must be a date such as 2025-04-01",
        None => "must be a date such as 2025-04-01",
        Some(day) if day < LegalDay::of(now) => "must not be over",
        Some(_) => return None,
    };
    Some(Violation::new(field, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2025-03-06T12:00:00Z";

    fn fields(actions: &[Action], kind: DeliveryType) -> Vec<String> {
        let now = Timestamp::parse_rfc3339(NOON).unwrap();
        violations(actions, kind, now).into_iter().map(|v| v.field).collect()
    }

    fn reply(due_on: &str) -> Action {
        Action::Reply { form_id: "f".into(), due_on: due_on.into() }
    }

    fn pay(url: &str) -> Action {
        Action::Pay { reference: "KZ 1".into(), url: url.into(), amount_cents: 1_250 }
    }

    #[test]
    fn an_address_to_pay_at_is_https_without_credentials_or_nothing() {
        for good in ["", "https://pay.example/?ref=1", "https://xn--mller-kva.example"] {
            assert_eq!(fields(&[pay(good)], DeliveryType::Decision), [""; 0], "{good}");
        }
        for bad in [
            "http://pay.example",
            "javascript:alert(1)",
            "https:pay.example",
            "https://",
            "https://u:p@pay.example",
            "https://pay.example/\u{202e}",
            " https://pay.example",
            "//pay.example",
        ] {
            let expected = ["letter.actions[0].pay.url"];
            assert_eq!(fields(&[pay(bad)], DeliveryType::Decision), expected, "{bad}");
        }
    }

    #[test]
    fn a_due_day_is_a_date_that_is_not_over() {
        for good in ["", "2025-03-06", "2025-12-31"] {
            assert_eq!(fields(&[reply(good)], DeliveryType::Decision), [""; 0], "{good}");
        }
        for bad in ["2025-03-05", "2025-02-30", "tomorrow", "06.03.2025"] {
            let expected = ["letter.actions[0].reply.due_on"];
            assert_eq!(fields(&[reply(bad)], DeliveryType::Decision), expected, "{bad}");
        }
    }

    #[test]
    fn an_appointment_lies_ahead_and_ends_after_it_began() {
        let at = |starts: &str, ends: &str| Action::Appointment {
            starts_at: starts.into(),
            ends_at: ends.into(),
            place: "Zimmer 3".into(),
            url: String::new(),
        };
        let kind = DeliveryType::Information;
        let later = "2025-03-10T09:00:00Z";
        assert_eq!(fields(&[at(later, "")], kind), [""; 0]);
        assert_eq!(fields(&[at(later, "2025-03-10T09:30:00Z")], kind), [""; 0]);
        let ends = ["letter.actions[0].appointment.ends_at"];
        assert_eq!(fields(&[at(later, later)], kind), ends);
        let starts = ["letter.actions[0].appointment.starts_at"];
        assert_eq!(fields(&[at("2025-03-01T09:00:00Z", "")], kind), starts);
        assert_eq!(fields(&[at("", "")], kind), starts);
    }

    #[test]
    fn only_formal_service_asks_for_a_confirmation_and_once() {
        let confirm = || Action::Confirm { due_on: "2025-04-01".into() };
        assert_eq!(fields(&[confirm()], DeliveryType::FormalService), [""; 0]);
        let expected = ["letter.actions[0].confirm"];
        assert_eq!(fields(&[confirm()], DeliveryType::Decision), expected);
        let twice = fields(&[confirm(), confirm()], DeliveryType::FormalService);
        assert_eq!(twice, ["letter.actions[1]"]);
    }

    #[test]
    fn a_request_for_documents_asks_for_a_reply_without_naming_one() {
        let day = LegalDay::parse("2025-04-01");
        let asked = asked_reply(&[reply("2025-04-01")], "decision");
        assert_eq!(asked, Some(("f".into(), day)));
        assert_eq!(asked_reply(&[], "request_for_documents"), Some((String::new(), None)));
        assert_eq!(asked_reply(&[pay("")], "decision"), None);
    }
}
