//! What can be settled without asking: nothing to choose, or chosen before in this session.

use siegel_grpc::audit_name;
use siegel_kernel::SessionId;
use tonic::Status;

use super::{Verdict, Wish, judge, judge_one};
use crate::app::failure::Failure;
use crate::domain::acting::{Choice, Chosen, Hint, Mode, Party};
use crate::domain::interaction::{AuthRequest, InteractionId, SessionView};
use crate::ports::organisation::{self, Offered};
use crate::state::Identity;
use crate::store::{acting, interactions};

/// Parties asked for at once.
const PAGE: i32 = 200;

/// How far the choice is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing to ask.
    Choice(Choice),
    /// The person must be asked.
    Open,
    /// Somebody is needed, and this person may act for nobody.
    Nobody,
}

pub(super) fn down(status: Status) -> Failure {
    Failure::Sibling("organisation", status)
}

/// Settles what can be settled: only for requests where the choice is open.
pub async fn settle(
    state: &Identity,
    request: &AuthRequest,
    session: &SessionView,
) -> Result<Settled, Failure> {
    let myself = Settled::Choice(Choice::themself(session.account));
    let required = request.acting.rules.mode == Mode::Required;
    if session.guest {
        return Ok(if required { Settled::Nobody } else { myself });
    }
    let hint = request.acting.hint.as_ref();
    if hint == Some(&Hint::Myself) && !required {
        return Ok(myself);
    }
    if let Some(choice) = remembered(state, request, session).await? {
        return Ok(Settled::Choice(choice));
    }
    let nobody = offers(state, request, session, 0, 1).await?.offers.is_empty();
    Ok(match (nobody, required) {
        (false, _) => Settled::Open,
        (true, true) => Settled::Nobody,
        (true, false) => myself,
    })
}

/// What was chosen in this session for this sector, if it fits the request and is still allowed.
async fn remembered(
    state: &Identity,
    request: &AuthRequest,
    session: &SessionView,
) -> Result<Option<Choice>, Failure> {
    let hint = request.acting.hint.as_ref();
    if hint == Some(&Hint::Ask) || request.has_prompt("select_account") {
        return Ok(None);
    }
    let mut tx = state.outside.db.glance().await?;
    let found = acting::remembered(&mut tx, session.id, &request.sector).await?;
    drop(tx);
    let Some(choice) = found.filter(|choice| choice.by == session.account) else {
        return Ok(None);
    };
    let Some(chosen) = choice.chosen else {
        let fits = hint.is_none() && !request.acting.is_required();
        return Ok(fits.then(|| Choice::themself(session.account)));
    };
    if !request.acting.rules.claims.iter().all(|claim| choice.told.contains(claim)) {
        return Ok(None);
    }
    if let Some(Hint::Known(name)) = hint
        && *name != state.party_name(&request.sector, chosen.party)
    {
        return Ok(None);
    }
    let wish = wish(request, session, chosen.party, chosen.mandate.as_deref());
    Ok(match judge_one(state, wish).await.map_err(down)? {
        Verdict::Allowed(now) if now.mandate == chosen.mandate => {
            let level = chosen.identification_level;
            let now = Chosen { identification_level: level, ..now };
            Some(Choice { chosen: Some(now), by: choice.by, told: choice.told })
        }
        _ => None,
    })
}

pub(super) const fn wish<'a>(
    request: &'a AuthRequest,
    session: &SessionView,
    party: Party,
    mandate: Option<&'a str>,
) -> Wish<'a> {
    let (account, level) = (session.account, session.level);
    Wish { request, account, level, party, mandate, is_use: false }
}

/// Somebody to choose, and what the session would need when it is too low for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub name: String,
    /// What the sector knows it by: what the form sends.
    pub value: String,
    pub party: Party,
    pub verdict: Verdict,
}

/// Some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    pub offers: Vec<Offer>,
    /// There are more behind these.
    pub more: bool,
}

/// Those the person may act for at this client, without the first `skipped`, at most `most`.
pub async fn offers(
    state: &Identity,
    request: &AuthRequest,
    session: &SessionView,
    skipped: usize,
    most: usize,
) -> Result<Offers, Failure> {
    let mut found = Offers::default();
    let (mut token, mut seen) = (String::new(), 0);
    loop {
        let (some, next) = page(state, request, session, &token).await?;
        let wishes: Vec<_> = some.iter().map(|o| wish(request, session, o.party, None)).collect();
        let verdicts = judge(state, &wishes).await.map_err(down)?;
        for (offered, verdict) in some.into_iter().zip(verdicts) {
            if verdict == Verdict::Refused {
                continue;
            }
            seen += 1;
            if seen <= skipped {
                continue;
            }
            if found.offers.len() == most {
                found.more = true;
                return Ok(found);
            }
            let Offered { party, name } = offered;
            let value = state.party_name(&request.sector, party);
            found.offers.push(Offer { name, value, party, verdict });
        }
        if next.is_empty() || next == token {
            return Ok(found);
        }
        token = next;
    }
}

/// The one that the sector knows by this name, if it may be acted for; its own name with it.
pub async fn by_name(
    state: &Identity,
    request: &AuthRequest,
    session: &SessionView,
    name: &str,
) -> Result<Option<Offer>, Failure> {
    let mut token = String::new();
    loop {
        let (some, next) = page(state, request, session, &token).await?;
        let same = |o: &Offered| state.party_name(&request.sector, o.party) == name;
        if let Some(Offered { party, name: called }) = some.into_iter().find(same) {
            let wish = wish(request, session, party, None);
            let verdict = judge_one(state, wish).await.map_err(down)?;
            let offer = Offer { name: called, value: name.to_owned(), party, verdict };
            return Ok(Some(offer).filter(|offer| offer.verdict != Verdict::Refused));
        }
        if next.is_empty() || next == token {
            return Ok(None);
        }
        token = next;
    }
}

/// One page of those of a kind that the client takes.
async fn page(
    state: &Identity,
    request: &AuthRequest,
    session: &SessionView,
    token: &str,
) -> Result<(Vec<Offered>, String), Failure> {
    let siblings = &state.outside.siblings;
    let asked = organisation::parties(siblings, session.account, PAGE, token).await;
    let (mut some, next) = asked.map_err(down)?;
    some.retain(|offered| request.acting.rules.takes(offered.party.kind()));
    Ok((some, next))
}

/// Writes a choice into the request it was made for.
pub(super) async fn keep(
    state: &Identity,
    id: InteractionId,
    request: &AuthRequest,
    remember_in: Option<SessionId>,
) -> Result<(), Failure> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    interactions::update_request(&mut tx, id, request).await?;
    if let (Some(session), Some(choice)) = (remember_in, &request.acting.choice) {
        acting::remember(&mut tx, session, &request.sector, choice, now).await?;
        super::choose::record(&mut tx, request, choice, &audit_name(choice.by), id, now).await?;
    }
    tx.commit().await?;
    Ok(())
}
