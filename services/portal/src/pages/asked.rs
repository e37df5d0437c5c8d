//! What an opened letter asks its reader to do: to pay, to reply, to confirm, to come.

use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::letter_action::Action;
use siegel_web::forms::Link;
use siegel_web::{Locale, Texts};

use super::Signed;
use super::letter::path;
use super::postbox::Place;
use super::words::{self, Ident};

/// One thing that a letter asks for.
pub struct Asked {
    pub text: String,
    pub link: Option<Link>,
}

/// What an opened letter asks for, in its order.
pub fn asked(
    who: &Signed,
    (id, place): (&Ident, &Place),
    letter: &pb::LetterSummary,
    actions: &[pb::LetterAction],
) -> Vec<Asked> {
    let (t, locale) = (who.texts(), who.view.locale);
    let replying = || Some(Link::primary(path(id, "/reply", place), t.get("asked-reply-link")));
    let mut all: Vec<Asked> = actions
        .iter()
        .filter_map(|one| one.action.as_ref())
        .map(|action| match action {
            Action::Pay(pay) => self::pay(&t, locale, pay),
            Action::Reply(reply) => {
                Asked { text: due(&t, locale, "asked-reply", &reply.due_on), link: replying() }
            }
            Action::Confirm(confirm) => {
                Asked { text: due(&t, locale, "asked-confirm", &confirm.due_on), link: None }
            }
            Action::Appointment(appointment) => self::appointment(&t, locale, appointment),
        })
        .collect();
    let named = actions.iter().any(|one| matches!(one.action, Some(Action::Reply(_))));
    if is_request(letter) && !named {
        all.push(Asked { text: t.get("asked-documents"), link: replying() });
    }
    all
}

fn is_request(letter: &pb::LetterSummary) -> bool {
    letter.delivery_type() == pb::DeliveryType::RequestForDocuments
}

/// The reply that a letter asks for.
pub(super) fn asked_reply(
    letter: &pb::LetterSummary,
    actions: &[pb::LetterAction],
) -> Option<pb::ReplyAction> {
    let named = actions.iter().find_map(|one| match &one.action {
        Some(Action::Reply(reply)) => Some(reply.clone()),
        _ => None,
    });
    named.or_else(|| is_request(letter).then(pb::ReplyAction::default))
}

/// The text called `key`, or `{key}-due` where there is a day.
fn due(t: &Texts, locale: Locale, key: &str, day: &str) -> String {
    if day.is_empty() {
        return t.get(key);
    }
    t.with(&format!("{key}-due"), [("day", words::day(locale, day).into())])
}

fn pay(t: &Texts, locale: Locale, pay: &pb::PayAction) -> Asked {
    let reference = ("reference", pay.reference.clone().into());
    let text = if pay.amount_cents > 0 {
        t.with("asked-pay-amount", [reference, ("amount", euros(locale, pay.amount_cents).into())])
    } else {
        t.with("asked-pay", [reference])
    };
    let link = (!pay.url.is_empty()).then(|| Link::secondary(&pay.url, t.get("asked-pay-link")));
    Asked { text, link }
}

fn appointment(t: &Texts, locale: Locale, a: &pb::AppointmentAction) -> Asked {
    let at = ("at", words::date_time(locale, a.starts_at.as_ref()).into());
    let text = if a.place.is_empty() {
        t.with("asked-appointment", [at])
    } else {
        t.with("asked-appointment-place", [at, ("place", a.place.clone().into())])
    };
    let link =
        (!a.url.is_empty()).then(|| Link::secondary(&a.url, t.get("asked-appointment-link")));
    Asked { text, link }
}

/// `1.234,50 €` or `€1,234.50`
fn euros(locale: Locale, cents: i64) -> String {
    let digits = (cents / 100).to_string();
    let mut whole = String::new();
    let separator = if locale == Locale::De { '.' } else { ',' };
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            whole.push(separator);
        }
        whole.push(digit);
    }
    match locale {
        Locale::De => format!("{whole},{:02} €", cents % 100),
        Locale::En => format!("€{whole}.{:02}", cents % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_written_as_people_write_them() {
        assert_eq!(euros(Locale::De, 5), "0,05 €");
        assert_eq!(euros(Locale::De, 123_456_789), "1.234.567,89 €");
        assert_eq!(euros(Locale::En, 123_450), "€1,234.50");
    }
}
