//! Actions of letters on the wire.

use siegel_kernel::Timestamp;
use siegel_proto::convert::{instant, timestamp};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::letter_action::Action as Wire;

use crate::domain::action::Action;
use crate::domain::letter::Violation;

/// Reads the actions of a letter; one that is none is noted in `bad`.
pub fn from_wire(wire: Vec<pb::LetterAction>, bad: &mut Vec<Violation>) -> Vec<Action> {
    let mut read = Vec::with_capacity(wire.len());
    for (i, one) in wire.into_iter().enumerate() {
        match one.action.map(action) {
            Some(Ok(action)) => read.push(action),
            Some(Err((field, problem))) => {
                bad.push(Violation::new(format!("letter.actions[{i}].{field}"), problem));
            }
            None => bad.push(Violation::new(format!("letter.actions[{i}]"), "must say what to do")),
        }
    }
    read
}

fn action(wire: Wire) -> Result<Action, (&'static str, &'static str)> {
    Ok(match wire {
        Wire::Pay(pay) => Action::Pay {
            reference: pay.reference,
            url: pay.url,
            amount_cents: u64::try_from(pay.amount_cents)
                .map_err(|_| ("pay.amount_cents", "must not be negative"))?,
        },
        Wire::Reply(reply) => Action::Reply { form_id: reply.form_id, due_on: reply.due_on },
        Wire::Confirm(confirm) => Action::Confirm { due_on: confirm.due_on },
        Wire::Appointment(appointment) => Action::Appointment {
            starts_at: appointment
                .starts_at
                .as_ref()
                .map(|at| instant(at).to_rfc3339())
                .ok_or(("appointment.starts_at", "must be there"))?,
            ends_at: (appointment.ends_at.as_ref())
                .map(|at| instant(at).to_rfc3339())
                .unwrap_or_default(),
            place: appointment.place,
            url: appointment.url,
        },
    })
}

pub fn to_wire(action: &Action) -> pb::LetterAction {
    let at = |text: &str| Timestamp::parse_rfc3339(text).map(timestamp);
    let action = match action.clone() {
        Action::Pay { reference, url, amount_cents } => {
            let amount_cents = i64::try_from(amount_cents).unwrap_or(i64::MAX);
            Wire::Pay(pb::PayAction { reference, url, amount_cents })
        }
        Action::Reply { form_id, due_on } => Wire::Reply(pb::ReplyAction { form_id, due_on }),
        Action::Confirm { due_on } => Wire::Confirm(pb::ConfirmAction { due_on }),
        Action::Appointment { starts_at, ends_at, place, url } => {
            Wire::Appointment(pb::AppointmentAction {
                starts_at: at(&starts_at),
                ends_at: at(&ends_at),
                place,
                url,
            })
        }
    };
    pb::LetterAction { action: Some(action) }
}
