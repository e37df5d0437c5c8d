//! A guest who wants an account after all: the card goes from the session to a registration, and
//! becomes a credential of the account that comes of it.

use std::time::Duration;

use siegel_crypto::sha256;

use super::failure::Failure;
use super::guests::{card_of, farewell, is_fresh};
use super::identify;
use crate::domain::cards::Refusal;
use crate::domain::interaction::{
    AuthRequest, INTERACTION_LIFETIME, Interaction, InteractionId, SessionView,
};
use crate::ports::accounts as account_service;
use crate::state::Identity;
use crate::store::{credentials, guests};

/// What became of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The card waits for the account made in the interaction.
    Waits,
    /// The card has an account already, which its owner can log in to with it.
    HasAccount,
    /// There is no guest any more, or nobody was there for as long as a card proves presence.
    Over,
}

/// Ends the guest's session behind a cookie and keeps its card for `interaction`; not where the
/// card has an account.
pub async fn keep(
    state: &Identity,
    presented: Option<&str>,
    interaction: InteractionId,
) -> Result<Kept, Failure> {
    let now = state.now();
    let Some(token) = presented else { return Ok(Kept::Over) };
    let mut tx = state.outside.db.begin().await?;
    let Some(guest) = guests::by_token(&mut tx, &sha256(token.as_bytes()), now).await? else {
        return Ok(Kept::Over);
    };
    let card = card_of(state, &guest)?;
    // Whoever finds a browser that somebody left must not make an account of that person's card.
    if !is_fresh(&guest, &card, now) {
        return Ok(Kept::Over);
    }
    let hash = state.people.keys.card_hash(&card.source, &card.pseudonym);
    let (kept, ended, why) = if credentials::by_card(&mut tx, &hash).await?.is_some() {
        (Kept::HasAccount, guests::remove(&mut tx, guest.id).await?, "HAS_ACCOUNT")
    } else {
        let until = now.plus(Duration::from_secs(INTERACTION_LIFETIME));
        guests::forget_kept(&mut tx, interaction).await?;
        (Kept::Waits, guests::keep(&mut tx, guest.id, interaction, until).await?, "KEPT")
    };
    if !ended {
        return Ok(Kept::Over);
    }
    farewell(&mut tx, &guest, why, now).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(kept)
}

/// The name on the card that waits for the account made in an interaction: the registration shows
/// it, so that nobody connects a card with an account that is not its holder's.
pub async fn waiting(
    state: &Identity,
    interaction: &Interaction,
) -> Result<Option<String>, Failure> {
    if !may_hold(&interaction.request) {
        return Ok(None);
    }
    let mut tx = state.outside.db.read().await?;
    let found = guests::kept(&mut tx, interaction.id, state.now()).await?;
    drop(tx);
    let Some(guest) = found else { return Ok(None) };
    let card = card_of(state, &guest)?;
    let names = [card.get("given_name"), card.get("family_name")];
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    Ok(Some(names.join(" ")))
}

/// Gives the card kept for an interaction to the account that was made there, and to no other: by
/// the rules for any card, and with what it proved. The session stays at its level. Why it cannot
/// be given, when it cannot; either way nothing is kept any more.
pub async fn settle(
    state: &Identity,
    interaction: &Interaction,
    session: &SessionView,
) -> Result<Option<Refusal>, Failure> {
    if session.guest || !may_hold(&interaction.request) {
        return Ok(None);
    }
    let now = state.now();
    let mut tx = state.outside.db.read().await?;
    let found = guests::kept(&mut tx, interaction.id, now).await?;
    let ours = guests::is_for(&mut tx, interaction.id, session.account).await?;
    drop(tx);
    let Some(guest) = found else { return Ok(None) };
    if !ours {
        // Somebody logged in to an account there was before: it gets nobody's card.
        let mut tx = state.outside.db.begin().await?;
        guests::forget_kept(&mut tx, interaction.id).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let card = card_of(state, &guest)?;
    let bound = identify::bind(state, Some(session), &card, now).await?;
    if let Ok((account, _)) = &bound {
        let request_id = format!("keep-{}", guest.id);
        account_service::record_identification(
            &state.outside.siblings,
            &request_id,
            *account,
            &card,
        )
        .await
        .map_err(|status| Failure::Sibling("account", status))?;
    }
    let mut tx = state.outside.db.begin().await?;
    guests::forget_kept(&mut tx, interaction.id).await?;
    tx.commit().await?;
    match bound {
        Ok(_) => Ok(None),
        Err(why) => {
            identify::refuse(state, Some(session.account), why, now).await?;
            Ok(Some(why))
        }
    }
}

/// Requests that a card can have been kept for: of clients with guests, and of our own pages.
fn may_hold(request: &AuthRequest) -> bool {
    request.guests || request.own_page().is_some()
}
