//! What the audit compares: rows with what was signed.

use siegel_crypto::{b64, sha256};
use siegel_receipt::{Body, Claims, MailboxLink};

use crate::store::log_audit::{HeadLinkRow, PlaceRow};

/// Whether a head follows from the one before it and from its letter.
pub(super) fn follows(link: &HeadLinkRow, last: Option<&HeadLinkRow>) -> bool {
    let row = &link.row;
    let (mailbox_id, letter_id) = (row.mailbox_id.to_string(), row.letter_id.to_string());
    let made = MailboxLink {
        mailbox_id: &mailbox_id,
        sequence: row.sequence.unsigned_abs(),
        previous: &row.previous,
        letter_id: &letter_id,
        content_digest: &row.content_digest,
        provided_digest: &row.provided_digest,
    };
    let goes_on = match last {
        Some(last) => row.sequence == last.row.sequence + 1 && row.previous == last.row.head,
        None => row.previous.is_empty(),
    };
    let provided = link.provided.as_ref().map(|jws| sha256(jws.as_bytes()).to_vec());
    goes_on && row.head == made.head() && provided.as_ref() == Some(&row.provided_digest)
}

/// What a row says otherwise than the receipt in it.
pub(super) fn differing(row: &PlaceRow, claims: &Claims, body: &Body) -> Option<&'static str> {
    let (event, recorded) = row.times()?;
    let said = [
        ("id", row.id.map(|id| id.to_string()), claims.jti.clone()),
        ("letter", Some(row.letter_id.to_string()), claims.sub.clone()),
        ("number", Some(row.number.to_string()), body.number.to_string()),
        ("kind", row.kind.clone(), body.kind.to_string()),
        ("event time", Some(event), body.event_time.clone()),
        ("recorded time", Some(recorded), body.recorded_time.clone()),
    ];
    said.into_iter().find(|(_, row, signed)| row.as_ref() != Some(signed)).map(|(name, _, _)| name)
}

/// The body of an entry whose signature was looked at in its place in the log.
pub(super) fn unverified_body(jws: &str) -> Option<Body> {
    let payload = b64::decode(jws.split('.').nth(1)?)?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    claims.events.into_values().next()
}
