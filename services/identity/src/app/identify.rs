//! Identification by card: raising a session, or logging in with a card that is bound already.

use siegel_crypto::random_token;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_oidc::catalogue;
use siegel_proto::common::v1::AttributeSource;
use siegel_telemetry::metric;

use super::credentials::{Person, changed};
use super::disable;
use super::failure::Failure;
use super::login::refused;
use super::notices::Change;
use super::sessions::{self, LogIn, LoggedIn};
use crate::domain::cards::{self, Refusal, Ruling, rule};
use crate::domain::factors;
use crate::domain::interaction::{Interaction, SessionView};
use crate::ports::accounts::{self as account_service, Release};
use crate::ports::eid::{self, Identified};
use crate::state::Identity;
use crate::store::credentials::{self, CredentialId, NewCard};
use crate::store::{accounts, interactions, upstream_links};

/// What an identification is for: one that was begun for the one is worth nothing for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// To log in to an account, or to raise its session.
    Account,
    /// To come once, without an account.
    Guest,
}

impl Errand {
    /// The page it comes back to.
    const fn page(self) -> &'static str {
        match self {
            Self::Account => "eid",
            Self::Guest => "guest",
        }
    }

    /// How the interaction remembers it.
    fn mark(self, eid_session: &str) -> String {
        match self {
            Self::Account => eid_session.to_owned(),
            Self::Guest => format!("guest:{eid_session}"),
        }
    }
}

/// Starts an identification for this interaction; the address to send the browser to.
pub async fn start(
    state: &Identity,
    interaction: &Interaction,
    errand: Errand,
    purpose: &str,
    locale: &str,
) -> Result<String, Failure> {
    let request_id = random_token(&*state.outside.entropy)?;
    let return_url = state.url(&format!("/login/{}/{}", interaction.id, errand.page()));
    // The account keeps it all, so that no portal has to ask for the card again.
    let attributes: Vec<_> = catalogue::on_card().collect();
    let order = eid::Start {
        request_id: &request_id,
        attributes: &attributes,
        purpose,
        return_url: &return_url,
        locale,
    };
    metric::LOGIN_STARTED.count(["sc"]);
    let started = eid::start(&state.outside.siblings, order)
        .await
        .map_err(|status| Failure::Sibling("eid", status))?;
    let mut tx = state.outside.db.begin().await?;
    let mark = errand.mark(&started.session_id);
    interactions::set_eid(&mut tx, interaction.id, Some(&mark)).await?;
    tx.commit().await?;
    Ok(started.browser_url)
}

/// A browser that comes back from an identification.
pub struct Return<'a> {
    pub interaction: &'a Interaction,
    /// As the browser says; must be the interaction's own.
    pub eid_session: &'a str,
    /// Shows that the card was read in front of this browser.
    pub ticket: &'a str,
    /// The session that counts for the client's sector.
    pub session: Option<&'a SessionView>,
    /// A fresh log-in was demanded.
    pub again: bool,
    /// The session cookie that came with the request.
    pub presented: Option<&'a str>,
}

/// How it ended.
pub enum Outcome {
    In(LoggedIn),
    Cancelled,
    Failed,
    /// The person is not done at the card's page.
    Open,
    /// Not this interaction's identification, or fetched before.
    Unknown,
    Refused(Refusal),
}

/// Fetches the outcome and raises the session. The account service has what the card proved
/// before anything counts at its level.
pub async fn finish(state: &Identity, back: Return<'_>) -> Result<Outcome, Failure> {
    let Return { interaction, eid_session, ticket, .. } = back;
    match fetch(state, interaction, Errand::Account, eid_session, ticket).await? {
        Fetched::Card(card) => use_card(state, &back, &card).await,
        Fetched::No(outcome) => Ok(outcome),
    }
}

/// What came of an identification.
pub(super) enum Fetched {
    Card(Box<Identified>),
    No(Outcome),
}

/// Fetches the outcome of the identification that this interaction began for this errand.
pub(super) async fn fetch(
    state: &Identity,
    interaction: &Interaction,
    errand: Errand,
    eid_session: &str,
    ticket: &str,
) -> Result<Fetched, Failure> {
    if interaction.eid_session.as_deref() != Some(&errand.mark(eid_session)) {
        return Ok(Fetched::No(Outcome::Unknown));
    }
    let fetched = eid::fetch(&state.outside.siblings, eid_session, ticket).await;
    let outcome = match fetched.map_err(|status| Failure::Sibling("eid", status))? {
        eid::Outcome::Open => return Ok(Fetched::No(Outcome::Open)),
        eid::Outcome::Identified(card) => Fetched::Card(card),
        eid::Outcome::Cancelled => Fetched::No(Outcome::Cancelled),
        eid::Outcome::Failed => Fetched::No(Outcome::Failed),
        eid::Outcome::Unknown => Fetched::No(Outcome::Unknown),
    };
    let mut tx = state.outside.db.begin().await?;
    interactions::set_eid(&mut tx, interaction.id, None).await?;
    tx.commit().await?;
    Ok(outcome)
}

async fn use_card(
    state: &Identity,
    back: &Return<'_>,
    card: &Identified,
) -> Result<Outcome, Failure> {
    let now = state.now();
    let (account, credential) = match bind(state, back.session, card, now).await? {
        Ok(bound) => bound,
        Err(why) => return refuse(state, back.session.map(|s| s.account), why, now).await,
    };

    let request_id = format!("eid-{}", back.eid_session);
    account_service::record_identification(&state.outside.siblings, &request_id, account, card)
        .await
        .map_err(|status| Failure::Sibling("account", status))?;

    let mut tx = state.outside.db.begin().await?;
    credentials::used(&mut tx, credential, now).await?;
    let login = LogIn {
        account,
        method: "sc",
        level: card.level,
        request: &back.interaction.request,
        again: back.again,
        presented: back.presented,
    };
    let logged_in = sessions::log_in(state, &mut tx, &login, now).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(Outcome::In(logged_in))
}

/// Rules on a card for the person of a session, or for nobody, and makes it a credential where it
/// is new: whose it is, or why it cannot be used. A card with another family name may be the same
/// person's after a wedding; then the session itself must prove who shows it.
pub async fn bind(
    state: &Identity,
    session: Option<&SessionView>,
    card: &Identified,
    now: Timestamp,
) -> Result<Result<(AccountId, CredentialId), Refusal>, Failure> {
    let bound = bind_as(state, session, card, false, now).await?;
    match (bound, session) {
        (Err(Refusal::OfAnotherPerson), Some(session))
            if same_birth(state, session.account, card).await? =>
        {
            bind_as(state, Some(session), card, true, now).await
        }
        (bound, _) => Ok(bound),
    }
}

/// Whether the account service read the birth and the given names of this card from an earlier one.
async fn same_birth(
    state: &Identity,
    account: AccountId,
    card: &Identified,
) -> Result<bool, Failure> {
    let attributes = cards::BIRTH.map(str::to_owned);
    let question = Release {
        account,
        client_id: "identity",
        client_name: "",
        attributes: &attributes,
        purpose: "",
    };
    let known = account_service::preview(&state.outside.siblings, question).await;
    let known = known.map_err(|status| Failure::Sibling("account", status))?.attributes;
    let read = known.iter().filter(|a| a.source == AttributeSource::Eid);
    let read: Vec<(&str, &str)> = read.map(|a| (a.name.as_str(), a.value.as_str())).collect();
    Ok(cards::same_birth(&read, |name| card.get(name)))
}

async fn bind_as(
    state: &Identity,
    session: Option<&SessionView>,
    card: &Identified,
    renamed: bool,
    now: Timestamp,
) -> Result<Result<(AccountId, CredentialId), Refusal>, Failure> {
    let keys = &state.people.keys;
    let card_hash = keys.card_hash(&card.source, &card.pseudonym);
    let holder_hash = keys.holder_hash(&[
        &card.get("given_name").to_lowercase(),
        &card.get("family_name").to_lowercase(),
        card.get("date_of_birth"),
    ]);
    let logged_in = session.map(|s| s.account);
    // Ruled and bound behind the account's lock: of the cards of two people at once, one loses.
    let mut tx = state.outside.db.begin().await?;
    let (cards, links) = match logged_in {
        Some(account) => {
            accounts::lock(&mut tx, account).await?;
            let cards = credentials::holders(&mut tx, account).await?;
            (cards, upstream_links::of_account(&mut tx, account).await?)
        }
        None => (Vec::new(), Vec::new()),
    };
    let owner = credentials::by_card(&mut tx, &card_hash).await?;
    let named = links.iter().filter_map(|l| l.holder_hash.as_ref());
    let same: Vec<bool> = cards.iter().chain(named).map(|h| h[..] == holder_hash[..]).collect();
    let held = match logged_in {
        Some(account) => credentials::held(&mut tx, account).await?,
        None => Vec::new(),
    };
    // A further card of the same person proves by itself who holds it. What a provider calls a
    // person does not: it may be their own word.
    let proven = session.map_or(TrustLevel::Basic, |s| s.level);
    let same_holder = !cards.is_empty() && !renamed;
    let may_bind = same_holder || factors::may_add(card.level, proven, &held).is_ok();
    let same = if renamed { Vec::new() } else { same };
    let (account, binds) = match rule(logged_in, owner.map(|o| o.account_id), &same) {
        Ruling::Known(account) => (account, None),
        Ruling::Bind(_) if !may_bind => return Ok(Err(Refusal::NotProven)),
        Ruling::Bind(account) => (account, session),
        Ruling::Refused(why) => return Ok(Err(why)),
    };
    disable::admit(state, &mut tx, account, "sc", now).await?;
    let credential = match owner {
        Some(owner) => owner.id,
        None => CredentialId::new(&*state.outside.clock, &*state.outside.entropy)?,
    };
    if let Some(session) = binds {
        let label = if card.source == "simulated" { "simulated" } else { "" };
        let card = NewCard {
            id: credential,
            account,
            card_hash: &card_hash,
            holder_hash: &holder_hash,
            level: card.level,
            label,
            at: now,
        };
        if !credentials::add_card(&mut tx, &card).await? {
            return Ok(Err(Refusal::OfAnotherAccount));
        }
        let what = ("identity.credential.added", "eid", Change::CredentialAdded);
        changed(state, &mut tx, &Person::of(session), what, now).await?;
    }
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(Ok((account, credential)))
}

pub(super) async fn refuse(
    state: &Identity,
    account: Option<AccountId>,
    why: Refusal,
    now: Timestamp,
) -> Result<Outcome, Failure> {
    let reason = match why {
        Refusal::OfAnotherAccount => "CARD_OF_ANOTHER_ACCOUNT",
        Refusal::OfAnotherPerson => "CARD_OF_ANOTHER_PERSON",
        Refusal::NotBound => "CARD_NOT_BOUND",
        Refusal::NotProven => "TRUST_TOO_LOW",
    };
    refused(state, account, reason, now).await?;
    Ok(Outcome::Refused(why))
}
