//! The choice a person makes on the page.

use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{Timestamp, TrustLevel};

use super::Verdict;
use super::settle::{self, Settled, by_name, down};
use crate::app::failure::Failure;
use crate::domain::acting::{Choice, Chosen, Hint, Party};
use crate::domain::interaction::{AuthRequest, Interaction, InteractionId, SessionView};
use crate::ports::organisation;
use crate::state::Identity;

/// What the form sends for the person themself.
pub const MYSELF: &str = "self";

/// How a choice went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The session must first reach this level; the page comes again then.
    StepUp,
    /// Nobody that this person may act for.
    NotAllowed,
}

/// Settles what needs no question, in the interaction too; `Open` and `Nobody` are for a page.
pub async fn without_asking(
    state: &Identity,
    interaction: &mut Interaction,
    session: &SessionView,
) -> Result<Settled, Failure> {
    let settled = settle::settle(state, &interaction.request, session).await?;
    if let Settled::Choice(choice) = &settled {
        interaction.request.acting.choice = Some(choice.clone());
        settle::keep(state, interaction.id, &interaction.request, None).await?;
    }
    Ok(settled)
}

/// Takes what the form sent: [`MYSELF`], or what the sector calls somebody.
pub async fn choose(
    state: &Identity,
    interaction: &mut Interaction,
    session: &SessionView,
    value: &str,
) -> Result<Outcome, Failure> {
    let chosen = if value == MYSELF {
        if interaction.request.acting.is_required() {
            return Ok(Outcome::NotAllowed);
        }
        None
    } else {
        let found = by_name(state, &interaction.request, session, value).await?;
        let Some(offer) = found else { return Ok(Outcome::NotAllowed) };
        match offer.verdict {
            Verdict::Allowed(chosen) => Some(identified(state, chosen).await?),
            Verdict::TooLow(needed) => {
                raise(state, interaction, value, needed).await?;
                return Ok(Outcome::StepUp);
            }
            Verdict::Refused => return Ok(Outcome::NotAllowed),
        }
    };
    let told = interaction.request.acting.rules.claims.clone();
    interaction.request.acting.choice = Some(Choice { by: session.account, chosen, told });
    settle::keep(state, interaction.id, &interaction.request, Some(session.id)).await?;
    Ok(Outcome::Done)
}

/// With the level at which the organisation was identified, as it is said now.
async fn identified(state: &Identity, chosen: Chosen) -> Result<Chosen, Failure> {
    let Party::Organisation(id) = chosen.party else { return Ok(chosen) };
    let told = organisation::describe(&state.outside.siblings, id).await.map_err(down)?;
    let identification_level = told.and_then(|told| told.identification_level);
    Ok(Chosen { identification_level, ..chosen })
}

/// Asks for the level that acting for this one needs. It can be declined: others may need less.
async fn raise(
    state: &Identity,
    interaction: &mut Interaction,
    value: &str,
    needed: TrustLevel,
) -> Result<(), Failure> {
    let request = &mut interaction.request;
    request.aim = request.aim.max(needed);
    request.acting.hint = Some(Hint::Known(value.to_owned()));
    settle::keep(state, interaction.id, request, None).await
}

/// Writes down who acts for whom; people by the names they have in the audit trail.
pub(super) async fn record(
    tx: &mut Tx,
    request: &AuthRequest,
    choice: &Choice,
    name: &str,
    id: InteractionId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let whom = match choice.chosen.as_ref().map(|chosen| chosen.party) {
        None => MYSELF.to_owned(),
        Some(Party::Organisation(id)) => id.to_string(),
        Some(Party::Person(account)) => audit_name(account),
    };
    let mandate = choice.chosen.as_ref().and_then(|chosen| chosen.mandate.as_deref());
    let entry = audit::Entry {
        kind: "identity.acting.chosen",
        actor: &format!("person:{name}"),
        subject: name,
        level: None,
        outcome: "done",
        request_id: &id.to_string(),
        detail: &format!("{} {whom} {}", request.client_id, mandate.unwrap_or_default()),
        at,
    };
    audit::record(tx, &entry).await
}
