//! Claims about a person: what an ID token and the userinfo endpoint give out.

use serde_json::{Map, Value, json};
use siegel_kernel::{AccountId, GrantId, Timestamp, TrustLevel};
use siegel_oidc::standard;
use siegel_proto::account::v1 as pb;
use siegel_proto::common::v1::{AttributeSource, TrustLevel as WireLevel};
use siegel_proto::convert;

use super::endpoint::EndpointError;
use super::guests;
use crate::domain::acting::Party;
use crate::domain::grant::Granted;
use crate::domain::interaction::{AuthRequest, LOCALE};
use crate::domain::outputs::{self, Released};
use crate::domain::verified_claims::{self, Proven, Prover};
use crate::ports::{organisation, release};
use crate::state::Identity;
use crate::store::{accounts, merges};

pub use crate::domain::outputs::Place;

/// The claims asked for in one place, `attribute_levels` with level and source of each attribute in
/// them, `verified_claims`, and the postbox handle. Repeating it for the same grant discloses nothing a second time.
pub async fn released(
    state: &Identity,
    grant: GrantId,
    account: AccountId,
    granted: &Granted,
    place: Place,
) -> Result<Map<String, Value>, EndpointError> {
    let request = &granted.request;
    let mut claims = Map::new();
    let names: Vec<String> = request
        .claims
        .iter()
        .filter(|c| if place == Place::IdToken { c.id_token } else { c.userinfo })
        .map(|c| c.name.clone())
        .collect();
    // The suite's own portal shows people their data through the account service itself.
    if !names.is_empty() && !request.first_party {
        let wanted = pb::ReleaseAttributesRequest {
            request_id: format!("{grant}-{}", place.name()),
            account_id: account.to_string(),
            client_id: request.client_id.clone(),
            client_name: request.client_name.clone(),
            attributes: names,
            purpose: request.purpose.clone(),
            // That of the log-in, not of this moment: a repetition must be the same request.
            session_level: WireLevel::from(granted.session.level).into(),
        };
        let found = if granted.session.guest {
            guests::attributes(state, granted.session.id, &wanted.attributes).await?
        } else {
            release::attributes(&state.outside.siblings, wanted)
                .await
                .map_err(|status| EndpointError::Sibling("account", status))?
        };
        add(&mut claims, request, place, &found.unwrap_or_default(), state.now());
    }
    if granted.session.guest {
        return Ok(claims);
    }
    let mut tx = state.outside.db.read().await?;
    let before = merges::subjects(&mut tx, account, &request.sector).await?;
    drop(tx);
    if !before.is_empty() {
        claims.insert("sub_history".to_owned(), json!(before));
    }
    if request.outputs.iter().any(|o| o.name == LOCALE && o.wanted(place).is_some()) {
        let mut tx = state.outside.db.read().await?;
        let account = accounts::opening(&mut tx, account).await?;
        claims.extend(account.map(|a| (LOCALE.to_owned(), Value::String(a.locale))));
    }
    // What concerns somebody who is represented is not for the letters of whoever acts for them:
    // then there is one handle, beside their name.
    if request.acts_for(account).is_none() {
        claims.extend(handle(state, request, Party::Person(account)).await?);
    }
    Ok(claims)
}

/// Where letters reach somebody, if that was asked for.
pub(super) async fn handle(
    state: &Identity,
    request: &AuthRequest,
    owner: Party,
) -> Result<Option<(String, Value)>, EndpointError> {
    if !request.has_scope("postbox") {
        return Ok(None);
    }
    let siblings = &state.outside.siblings;
    let mailbox = match owner {
        Party::Person(_) => Some(String::new()),
        Party::Organisation(id) => {
            let names = (request.sector.as_str(), request.client_name.as_str());
            let found = organisation::mailbox_for_letters(siblings, id, names).await;
            found.map_err(|status| EndpointError::Sibling("organisation", status))?
        }
    };
    let Some(mailbox) = mailbox else { return Ok(None) };
    let handle = release::handle(siblings, (owner, &mailbox), &request.sector).await;
    let handle = handle.map_err(|status| EndpointError::Sibling("postbox", status))?;
    Ok(Some(("postbox_handle".to_owned(), Value::String(handle))))
}

fn add(
    claims: &mut Map<String, Value>,
    request: &AuthRequest,
    place: Place,
    attributes: &[pb::Attribute],
    now: Timestamp,
) {
    // Of unknown level: as good as not there (the account service leaves them out as well).
    let known: Vec<(&pb::Attribute, TrustLevel)> =
        attributes.iter().filter_map(|a| convert::level(a.level).map(|level| (a, level))).collect();
    let released: Vec<Released<'_>> = known
        .iter()
        .filter(|(a, _)| !a.not_applicable)
        .map(|(a, _)| Released {
            name: &a.name,
            value: &a.value,
            verified: a.source() != AttributeSource::SelfDeclared,
        })
        .collect();
    let given = outputs::claims(&request.outputs, place, &released);
    let used = |name: &str| {
        given.keys().any(|claim| standard::sources(claim).is_some_and(|s| s.contains(&name)))
    };
    let levels: Map<String, Value> = known
        .iter()
        .filter(|(a, _)| used(&a.name) || a.not_applicable)
        .map(|(a, level)| (a.name.clone(), Value::Object(about(a, *level))))
        .collect();
    claims.extend(given);
    if !levels.is_empty() {
        claims.insert("attribute_levels".to_owned(), Value::Object(levels));
    }
    let values = known.iter().filter(|(a, _)| !a.not_applicable);
    let proven: Vec<Proven<'_>> = values.filter_map(|(a, level)| proven(a, *level)).collect();
    let verified = verified_claims::answer(&request.verified, place, &proven, now);
    claims.extend(verified.map(|answer| ("verified_claims".to_owned(), answer)));
}

/// What somebody else than the person stands for.
fn proven(attribute: &pb::Attribute, level: TrustLevel) -> Option<Proven<'_>> {
    let prover = match attribute.source() {
        AttributeSource::Eid => Prover::Eid,
        AttributeSource::Upstream => Prover::Upstream,
        AttributeSource::Operator => Prover::Operator,
        AttributeSource::SelfDeclared
        | AttributeSource::Confirmed
        | AttributeSource::Certificate
        | AttributeSource::Unspecified => return None,
    };
    let at = attribute.verified_at.as_ref().map(convert::instant);
    Some(Proven { name: &attribute.name, value: &attribute.value, level, prover, at })
}

/// What `attribute_levels` says of one attribute.
fn about(attribute: &pb::Attribute, level: TrustLevel) -> Map<String, Value> {
    let mut about = Map::new();
    about.insert("level".to_owned(), json!(level.as_str()));
    about.insert("source".to_owned(), json!(source_name(attribute.source())));
    if attribute.not_applicable {
        // Released as such: the claim itself is absent, never an empty string.
        about.insert("not_applicable".to_owned(), Value::Bool(true));
    }
    if let Some(end) = &attribute.valid_until {
        // As `exp`: seconds (RFC 7519 §2, NumericDate).
        about.insert("valid_until".to_owned(), json!(convert::instant(end).as_seconds()));
    }
    about
}

const fn source_name(source: AttributeSource) -> &'static str {
    match source {
        AttributeSource::SelfDeclared => "self_declared",
        AttributeSource::Confirmed => "confirmed",
        AttributeSource::Eid => "eid",
        AttributeSource::Upstream => "upstream",
        AttributeSource::Operator => "operator",
        AttributeSource::Certificate => "certificate",
        AttributeSource::Unspecified => "unknown",
    }
}
