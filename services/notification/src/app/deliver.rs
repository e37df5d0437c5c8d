use std::time::Duration;

use siegel_db::outbox::{Done, Job};
use siegel_kernel::Timestamp;
use siegel_telemetry::metric;

use super::{App, Failure};
use crate::domain::{Mail, Recipient, State};
use crate::ports::postbox;
use crate::ports::smtp::{Letter, Mailer, Outcome};
use crate::store::contacts;
use crate::store::orders::{self, OrderId};
use crate::text;

/// How long the address of a fresh account may be on its way: longer than the longest wait
/// between two attempts of an outbox (10 min).
const ON_ITS_WAY: Duration = Duration::from_mins(15);

/// What one attempt came to.
enum Attempt {
    Over(State, Option<u16>),
    Again,
}

/// Where a mail goes.
enum To {
    Address { email: String, locale: String },
    Removed,
    NotYet,
}

/// Does one job: sends the mail of an order.
#[tracing::instrument(name = "notification.send", skip_all, fields(job.attempts = job.attempts))]
pub async fn deliver(app: &App, mailer: &Mailer, job: Job) -> Done {
    let Some(id) = std::str::from_utf8(&job.payload).ok().and_then(|text| text.parse().ok()) else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    match send(app, mailer, id).await {
        Ok(done) => done,
        Err(failure) => {
            let error = &failure as &dyn std::error::Error;
            tracing::error!(error, order.id = %id, "a mail could not be handled");
            Done::Retry
        }
    }
}

async fn send(app: &App, mailer: &Mailer, id: OrderId) -> Result<Done, Failure> {
    let mut tx = app.db.read().await?;
    let Some(order) = orders::waiting(&mut tx, id).await? else { return Ok(Done::Remove) };
    drop(tx);
    let mail = app.vault.open_mail(id, &order.mail)?;
    let now = app.clock.now();
    let age = now.since(order.ordered_at);
    let attempt = if age >= mail.lifetime() {
        // A code would be of no use any more.
        Attempt::Over(State::Failed, None)
    } else {
        attempt(app, mailer, id, &mail, age, now).await?
    };
    let Attempt::Over(state, reply) = attempt else {
        metric::NOTICES_SENT.count(["mail", "retry"]);
        return Ok(Done::Retry);
    };
    let mut tx = app.db.begin().await?;
    orders::settle(&mut tx, id, state, reply, app.clock.now()).await?;
    tx.commit().await?;
    metric::NOTICES_SENT.count(["mail", state.as_str()]);
    tracing::info!(order.id = %id, state = state.as_str(), reply, "an ordered mail is settled");
    Ok(Done::Remove)
}

async fn attempt(
    app: &App,
    mailer: &Mailer,
    id: OrderId,
    mail: &Mail,
    age: Duration,
    now: Timestamp,
) -> Result<Attempt, Failure> {
    let (to, locale) = match address(app, mail).await? {
        To::Address { email, locale } => (email, locale),
        To::NotYet if age < ON_ITS_WAY => return Ok(Attempt::Again),
        To::NotYet | To::Removed => return Ok(Attempt::Over(State::NoContact, None)),
    };
    if let Some(of) = mail.reminder_of() {
        match postbox::still_unopened(&app.siblings, of).await {
            Ok(true) => {}
            Ok(false) => return Ok(Attempt::Over(State::NotNeeded, None)),
            Err(status) => {
                tracing::info!(code = ?status.code(), "postbox is out of reach, asking again");
                return Ok(Attempt::Again);
            }
        }
    }
    let written = text::write(mail, &locale, &app.origin)?;
    let letter = Letter { id, to: &to, written, at: now };
    Ok(match mailer.send(letter).await {
        Outcome::Accepted(reply) => Attempt::Over(State::Sent, Some(reply)),
        Outcome::Refused(reply) => Attempt::Over(State::Failed, reply),
        Outcome::Later(reply) => {
            tracing::warn!(order.id = %id, reply, "the mail server did not take a mail yet");
            Attempt::Again
        }
    })
}

async fn address(app: &App, mail: &Mail) -> Result<To, Failure> {
    let recipient = match mail {
        Mail::Code { email, locale, .. } | Mail::AlreadyRegistered { email, locale } => {
            return Ok(To::Address { email: email.clone(), locale: locale.clone() });
        }
        Mail::Notice { recipient, .. } => recipient.parse::<Recipient>(),
    };
    // Orders hold recipients that were parsed; what is none has no address.
    let Ok(recipient) = recipient else { return Ok(To::Removed) };
    let mut tx = app.db.read().await?;
    let Some(contact) = contacts::find(&mut tx, recipient).await? else { return Ok(To::NotYet) };
    let Some(sealed) = contact.address else { return Ok(To::Removed) };
    let email = app.vault.open_address(recipient, &sealed)?;
    Ok(To::Address { email, locale: contact.locale })
}
