//! What tokens say of whom somebody acts for, and the question asked again before each.

use serde_json::{Map, Value, json};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, GrantId, TrustLevel};
use siegel_oidc::ActingFor;
use siegel_proto::common::v1::TrustLevel as WireLevel;
use siegel_proto::identity::v1::GrantedRepresentation;

use super::{Verdict, Wish, follow, judge_one};
use crate::app::claims;
use crate::app::endpoint::EndpointError;
use crate::domain::acting::{Chosen, Party};
use crate::domain::grant::Granted;
use crate::domain::interaction::AuthRequest;
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::pairwise;
use crate::ports::organisation;
use crate::state::Identity;

/// Why nobody acts for the represented any more.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// For good: what was granted is to be revoked.
    #[error("the right to act has ended")]
    Ended,
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

impl From<StillError> for EndpointError {
    fn from(error: StillError) -> Self {
        match error {
            StillError::Ended => ENDED.into(),
            StillError::Endpoint(error) => error,
        }
    }
}

/// What a client is told then.
pub const ENDED: Refused =
    Refused::invalid_grant("the right to act for the represented has ended: authorize again");

/// Asks whether the person may still act for whom they chose; what was granted with the answer of
/// now. For the very right they had: another one is another choice. A log-in is a use of it, what
/// follows from the log-in is not.
pub async fn still(
    state: &Identity,
    granted: &Granted,
    account: AccountId,
    level: TrustLevel,
    is_use: bool,
) -> Result<Granted, StillError> {
    let request = &granted.request;
    let Some(chosen) = request.acts_for(account) else {
        if request.acting.is_required() {
            return Err(StillError::Ended);
        }
        return Ok(granted.clone());
    };
    let mandate = chosen.mandate.as_deref();
    let wish = Wish { request, account, level, party: chosen.party, mandate, is_use };
    let verdict = judge_one(state, wish).await;
    let verdict = verdict.map_err(|status| EndpointError::Sibling("organisation", status))?;
    let now = match verdict {
        Verdict::Allowed(now) if now.mandate == chosen.mandate => now,
        Verdict::Allowed(_) | Verdict::Refused => return Err(StillError::Ended),
        Verdict::TooLow(_) => {
            let text = "the log-in is below the level that acting for the represented demands";
            let error = OAuthError::UnmetAuthenticationRequirements;
            return Err(EndpointError::from(Refused::new(error, text)).into());
        }
    };
    let now = Chosen { identification_level: chosen.identification_level, ..now };
    let mut granted = granted.clone();
    if let Some(choice) = &mut granted.request.acting.choice {
        choice.chosen = Some(now);
    }
    Ok(granted)
}

/// As [`still`] for a grant that is there: with the right the grant ends.
pub async fn still_or_end(
    state: &Identity,
    grant: GrantId,
    granted: &Granted,
    account: AccountId,
    level: TrustLevel,
) -> Result<Granted, EndpointError> {
    match still(state, granted, account, level, false).await {
        Err(StillError::Ended) => {
            follow::end(state, &[(grant, audit_name(account))]).await?;
            Err(ENDED.into())
        }
        Err(StillError::Endpoint(error)) => Err(error),
        Ok(granted) => Ok(granted),
    }
}

/// The claim `acting_for` in the names of the client's sector, without anything personal.
pub fn claim(state: &Identity, request: &AuthRequest, account: AccountId) -> Option<ActingFor> {
    Some(named(state, &request.sector, request.acts_for(account)?))
}

/// Somebody who is represented in the names of a sector.
pub fn named(state: &Identity, sector: &str, chosen: &Chosen) -> ActingFor {
    let key = state.keys.pairwise();
    let called = |kind: &str, name: &str| pairwise::other(key, kind, sector, name);
    ActingFor {
        sub: state.party_name(sector, chosen.party),
        kind: chosen.party.kind().as_str().to_owned(),
        mandate: chosen.mandate.as_deref().map(|id| called("mandate", id)),
        mandate_version: chosen.mandate.as_ref().map(|_| chosen.mandate_version),
        path_digest: called("path", &chosen.path_digest),
        identification_level: chosen.identification_level.map(TrustLevel::number),
    }
}

/// The same with the name, what is released and where letters reach them, for the ID token and
/// userinfo.
pub async fn told(
    state: &Identity,
    request: &AuthRequest,
    account: AccountId,
) -> Result<Option<Value>, EndpointError> {
    let (Some(claim), Some(chosen)) = (claim(state, request, account), request.acts_for(account))
    else {
        return Ok(None);
    };
    let mut all = without_name(&claim);
    all.extend(claims::handle(state, request, chosen.party).await?);
    let down = |status| EndpointError::Sibling("organisation", status);
    match chosen.party {
        Party::Organisation(id) => {
            let told = organisation::describe(&state.outside.siblings, id).await.map_err(down)?;
            let Some(told) = told else { return Ok(Some(Value::Object(all))) };
            all.insert("name".to_owned(), json!(told.name));
            let released = &request.acting.rules.claims;
            let kept = told.attributes.into_iter().filter(|(name, _)| released.contains(name));
            all.extend(kept.map(|(name, value)| (name, json!(value))));
        }
        Party::Person(_) => {
            let name = name_of(state, account, chosen.party).await?;
            all.extend(name.map(|name| ("name".to_owned(), json!(name))));
        }
    }
    Ok(Some(Value::Object(all)))
}

/// As it stands in tokens that name nobody.
pub fn without_name(claim: &ActingFor) -> Map<String, Value> {
    match json!(claim) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// What a person who is represented is called.
async fn name_of(
    state: &Identity,
    account: AccountId,
    party: Party,
) -> Result<Option<String>, EndpointError> {
    let mut token = String::new();
    loop {
        let page = organisation::parties(&state.outside.siblings, account, 1_000, &token).await;
        let page = page.map_err(|status| EndpointError::Sibling("organisation", status))?;
        let (some, next) = page;
        if let Some(found) = some.into_iter().find(|offered| offered.party == party) {
            return Ok(Some(found.name));
        }
        if next.is_empty() || next == token {
            return Ok(None);
        }
        token = next;
    }
}

/// For the suite's own services, by the names it uses inside.
pub fn for_siblings(request: &AuthRequest, account: AccountId) -> Option<GrantedRepresentation> {
    request.acts_for(account).map(represented)
}

/// Somebody who is represented, by the names that the suite uses inside.
pub fn represented(chosen: &Chosen) -> GrantedRepresentation {
    let (organisation_id, principal_account_id) = match chosen.party {
        Party::Organisation(id) => (id.to_string(), String::new()),
        Party::Person(id) => (String::new(), id.to_string()),
    };
    let level = chosen.identification_level.map_or(WireLevel::Unspecified, WireLevel::from);
    GrantedRepresentation {
        organisation_id,
        principal_account_id,
        mandate_id: chosen.mandate.clone().unwrap_or_default(),
        mandate_version: chosen.mandate_version,
        path_digest: chosen.path_digest.clone(),
        identification_level: level.into(),
    }
}
