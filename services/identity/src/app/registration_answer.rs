//! What a client that registered itself is told of its registration.

use serde_json::{Map, Value, json};
use siegel_kernel::Timestamp;

use crate::domain::acting::ActingRules;
use crate::domain::client::{CertificateName, Client};
use crate::state::Identity;

/// What the client is told (RFC 7591 §3.2.1). A secret is shown once.
pub(super) fn told(
    state: &Identity,
    client: &Client,
    secret: Option<&str>,
    management: &str,
    at: Timestamp,
) -> Value {
    let mut all = json!({
        "client_id": client.client_id,
        "client_id_issued_at": at.as_seconds(),
        "registration_access_token": management,
        "registration_client_uri": state.url(&format!("/register/{}", client.client_id)),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "token_endpoint_auth_method": client.auth_method,
        "grant_types": client.grant_types,
        "response_types": ["code"],
        "subject_type": "pairwise",
        "scope": client.scopes.join(" "),
        "id_token_signed_response_alg": client.id_token_alg,
        "require_pushed_authorization_requests": client.require_pushed,
        "require_signed_request_object": client.require_signed_request,
        "tls_client_certificate_bound_access_tokens": client.certificate_bound,
        "dpop_bound_access_tokens": client.dpop_bound,
    });
    let jwks = client.jwks.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let more: [(&str, Option<Value>); 8] = [
        ("client_secret", secret.map(Value::from)),
        ("logo_uri", client.logo_uri.clone().map(Value::from)),
        ("policy_uri", client.policy_uri.clone().map(Value::from)),
        ("jwks", jwks),
        ("jwks_uri", client.jwks_uri.clone().map(Value::from)),
        ("sector_identifier_uri", client.sector_identifier_uri.clone().map(Value::from)),
        ("backchannel_logout_uri", client.backchannel_logout_uri.clone().map(Value::from)),
        ("userinfo_signed_response_alg", client.userinfo_alg.map(|alg| alg.as_str().into())),
    ];
    let members = all.as_object_mut();
    if let Some(members) = members {
        add(members, more);
        acting(members, client);
        if client.auth_method.by_secret() {
            members.insert("client_secret_expires_at".to_owned(), 0.into());
        }
        let name = match &client.certificate_name {
            Some(CertificateName::SubjectDn(text)) => Some(("tls_client_auth_subject_dn", text)),
            Some(CertificateName::SanDns(text)) => Some(("tls_client_auth_san_dns", text)),
            Some(CertificateName::SanUri(text)) => Some(("tls_client_auth_san_uri", text)),
            None => None,
        };
        add(members, name.map(|(key, text)| (key, Some(Value::from(text.as_str())))));
    }
    all
}

/// Members about acting for others, of clients that have any.
fn acting(members: &mut Map<String, Value>, client: &Client) {
    let rules = &client.acting;
    if *rules == ActingRules::default() {
        return;
    }
    let all: [(&str, Option<Value>); 5] = [
        ("acting", Some(json!(rules.mode))),
        ("acting_kinds", Some(json!(rules.kinds))),
        ("acting_roles", Some(json!(rules.roles))),
        ("acting_actions", Some(json!(rules.demands))),
        ("legal_person_claims", Some(json!(rules.claims))),
    ];
    add(members, all);
}

fn add<'a>(
    members: &mut Map<String, Value>,
    more: impl IntoIterator<Item = (&'a str, Option<Value>)>,
) {
    for (name, value) in more {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    }
}
