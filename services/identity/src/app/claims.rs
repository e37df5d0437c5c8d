//! Claims about a person: what an ID token and the userinfo endpoint give out.

use serde_json::{Map, Value, json};
use siegel_kernel::{AccountId, GrantId};
use siegel_proto::account::v1 as pb;
use siegel_proto::common::v1::{AttributeSource, TrustLevel as WireLevel};
use siegel_proto::convert;

use super::endpoint::EndpointError;
use crate::domain::grant::Granted;
use crate::ports::release;
use crate::state::Identity;

/// Where claims go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    IdToken,
    Userinfo,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::IdToken => "id-token",
            Self::Userinfo => "userinfo",
        }
    }
}

/// The released attributes as plain claims, `attribute_levels` with each one's level and source,
/// and the postbox handle. Repeating it for the same grant discloses nothing a second time.
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
        let found = release::attributes(&state.outside.siblings, wanted)
            .await
            .map_err(|status| EndpointError::Sibling("account", status))?;
        add(&mut claims, found.unwrap_or_default());
    }
    if request.has_scope("postbox") {
        let handle = release::handle(&state.outside.siblings, account, &request.sector)
            .await
            .map_err(|status| EndpointError::Sibling("postbox", status))?;
        claims.insert("postbox_handle".to_owned(), Value::String(handle));
    }
    Ok(claims)
}

fn add(claims: &mut Map<String, Value>, attributes: Vec<pb::Attribute>) {
    let mut levels = Map::new();
    for attribute in attributes {
        let source = attribute.source();
        // Of unknown level: as good as not there (the account service leaves them out as well).
        let Some(level) = convert::level(attribute.level) else { continue };
        if attribute.name == "email" {
            // OpenID Connect Core §5.1.
            let confirmed = source != AttributeSource::SelfDeclared;
            claims.insert("email_verified".to_owned(), Value::Bool(confirmed));
        }
        let about = json!({"level": level.as_str(), "source": source_name(source)});
        levels.insert(attribute.name.clone(), about);
        claims.insert(attribute.name, Value::String(attribute.value));
    }
    if !levels.is_empty() {
        claims.insert("attribute_levels".to_owned(), Value::Object(levels));
    }
}

const fn source_name(source: AttributeSource) -> &'static str {
    match source {
        AttributeSource::SelfDeclared => "self_declared",
        AttributeSource::Confirmed => "confirmed",
        AttributeSource::Eid => "eid",
        AttributeSource::Upstream => "upstream",
        AttributeSource::Operator => "operator",
        AttributeSource::Unspecified => "unknown",
    }
}
