//! A second account for a card that says something else: the card is taken off this one.

use std::time::Duration;

use axum::response::Response;
use siegel_kernel::TrustLevel;
use siegel_proto::convert::instant;
use siegel_proto::identity::v1::{Credential, ListCredentialsRequest, RemoveCredentialRequest};
use siegel_web::forms::Link;

use super::change::waiting;
use crate::pages::trouble::Next;
use crate::pages::words::{self, Ident};
use crate::pages::{Signed, trouble};

/// Where the next step is explained.
pub const HERE: &str = "/account/change/second";
/// The card is marked as used right after it was read, by the clock of another service.
const APART: Duration = Duration::from_mins(5);

/// Removes the card that the comparison is about from this account. The same comparison removes at
/// most one, however often it is sent.
pub async fn take_card_off(who: &Signed, change: &Ident) -> Result<(), Response> {
    let change_id = change.to_string();
    let Some(pending) = waiting(who).await?.filter(|one| one.change_id == change_id) else {
        return Ok(()); // decided before
    };
    let mut identity = who.identity().await?;
    let listed = identity.list_credentials(ListCredentialsRequest {}).await;
    let listed = listed.map_err(|status| who.refuse("identity", &status))?.into_inner();
    let read_at = pending.proposed_at.as_ref().map(instant).unwrap_or_default();
    let was_read = |card: &Credential| {
        let used = card.last_used_at.as_ref().map(instant).unwrap_or_default();
        card.kind == "eid" && used.plus(APART) >= read_at
    };
    let cards = listed.credentials.into_iter().filter(was_read);
    let Some(card) = cards.max_by_key(|card| card.last_used_at.as_ref().map(instant)) else {
        return Ok(()); // taken off before
    };
    let request = RemoveCredentialRequest {
        request_id: words::form_request_id("take-card-off", &[&change_id]),
        credential_id: card.credential_id,
    };
    let Err(status) = identity.remove_credential(request).await else { return Ok(()) };
    let t = who.texts();
    Err(match siegel_grpc::reason(&status).as_deref() {
        Some("TRUST_TOO_LOW") => {
            let needed = trouble::needed_level(&status).unwrap_or(TrustLevel::High);
            trouble::step_up(who, needed, "/account/change", t.get("second-step-up"))
        }
        Some("LAST_CREDENTIAL") => {
            let link = Link::primary("/login/credentials", t.get("second-last-link"));
            let body = Next { text: t.get("second-last"), link };
            who.page(t.get("second")).back("/account/change").narrow().show(&body)
        }
        _ => who.refuse("identity", &status),
    })
}

/// Says how the second account is opened.
pub async fn show(who: Signed) -> Result<Response, Response> {
    let t = who.texts();
    let body =
        Next { text: t.get("second-text"), link: Link::primary("/account", t.get("second-back")) };
    Ok(who.page(t.get("second")).back("/account").narrow().show(&body))
}
