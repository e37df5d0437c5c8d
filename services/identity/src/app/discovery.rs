//! What clients can find out about this provider (OpenID Connect Discovery 1.0 §3, RFC 8414 §2):
//! only what is there.

use serde::Serialize;
use siegel_oidc::acr::SUPPORTED;
use siegel_oidc::catalogue::CATALOGUE;
use siegel_oidc::standard::STANDARD;

use crate::domain::acting;
use crate::domain::scopes::ALL;
use crate::domain::verified_claims::{self, Prover};
use crate::state::Identity;

/// Algorithms accepted in client assertions and DPoP proofs.
const ALGORITHMS: [&str; 5] = ["ES256", "ES384", "EdDSA", "PS256", "RS256"];
/// DPoP keys are made for this purpose: the old RSA padding has no excuse there.
const PROOF_ALGORITHMS: [&str; 4] = ["ES256", "ES384", "EdDSA", "PS256"];
const AUTH_METHODS: [&str; 4] =
    ["private_key_jwt", "client_secret_basic", "client_secret_post", "none"];
/// Where there is a listener for clients that come with a certificate.
const CERTIFICATE_METHODS: [&str; 2] = ["tls_client_auth", "self_signed_tls_client_auth"];
/// Claims beside the catalogue's.
const PROTOCOL_CLAIMS: [&str; 18] = [
    "iss",
    "sub",
    "sub_history",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "at_hash",
    "trust_level",
    "attribute_levels",
    "postbox_handle",
    "account_type",
    "acting_for",
    "locale",
];

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "names and types are the standard's")]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    pushed_authorization_request_endpoint: String,
    userinfo_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    end_session_endpoint: String,
    jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: [&'static str; 4],
    acr_values_supported: Vec<&'static str>,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    userinfo_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 5],
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 5],
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 5],
    introspection_signing_alg_values_supported: [&'static str; 1],
    dpop_signing_alg_values_supported: [&'static str; 4],
    code_challenge_methods_supported: [&'static str; 1],
    claim_types_supported: [&'static str; 1],
    claims_supported: Vec<&'static str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    request_object_signing_alg_values_supported: [&'static str; 5],
    require_signed_request_object: bool,
    require_pushed_authorization_requests: bool,
    authorization_response_iss_parameter_supported: bool,
    verified_claims_supported: bool,
    trust_frameworks_supported: [&'static str; 1],
    evidence_supported: [&'static str; 1],
    electronic_records_supported: [&'static str; 3],
    claims_in_verified_claims_supported: [&'static str; 16],
    /// Whom people may act for (our own member).
    acting_for_kinds_supported: [&'static str; 2],
    /// What is told of an organisation they act for (our own member).
    legal_person_claims_supported: [&'static str; 4],
    prompt_values_supported: [&'static str; 4],
    ui_locales_supported: [&'static str; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls_endpoint_aliases: Option<Aliases>,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    tls_client_certificate_bound_access_tokens: bool,
}

/// The endpoints that clients call themselves, where a certificate is asked for (RFC 8705 §5).
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the standard's")]
struct Aliases {
    token_endpoint: String,
    pushed_authorization_request_endpoint: String,
    userinfo_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
}

impl Aliases {
    fn at(origin: &str) -> Self {
        Self {
            token_endpoint: format!("{origin}/token"),
            pushed_authorization_request_endpoint: format!("{origin}/par"),
            userinfo_endpoint: format!("{origin}/userinfo"),
            revocation_endpoint: format!("{origin}/revoke"),
            introspection_endpoint: format!("{origin}/introspect"),
        }
    }
}

fn auth_methods(state: &Identity) -> Vec<&'static str> {
    let mut methods = AUTH_METHODS.to_vec();
    if state.outside.mtls_origin.is_some() {
        methods.extend(CERTIFICATE_METHODS);
    }
    methods
}

/// The provider's metadata; the issuer has no path, so both well-known forms are the same place.
pub fn metadata(state: &Identity) -> Metadata {
    let catalogue = CATALOGUE.iter().map(|a| a.name);
    let standard = STANDARD.iter().map(|(name, _)| *name);
    Metadata {
        issuer: state.issuer().to_owned(),
        authorization_endpoint: state.url("/authorize"),
        token_endpoint: state.url("/token"),
        pushed_authorization_request_endpoint: state.url("/par"),
        userinfo_endpoint: state.url("/userinfo"),
        revocation_endpoint: state.url("/revoke"),
        introspection_endpoint: state.url("/introspect"),
        end_session_endpoint: state.url("/logout"),
        jwks_uri: state.url("/.well-known/jwks.json"),
        registration_endpoint: state.config.registration.as_ref().map(|_| state.url("/register")),
        scopes_supported: ALL.iter().map(|(name, _)| *name).collect(),
        response_types_supported: ["code"],
        response_modes_supported: ["query", "form_post"],
        grant_types_supported: [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        acr_values_supported: SUPPORTED.iter().map(|(name, _)| *name).collect(),
        subject_types_supported: ["pairwise"],
        id_token_signing_alg_values_supported: state.keys.supported(),
        userinfo_signing_alg_values_supported: state.keys.supported(),
        token_endpoint_auth_methods_supported: auth_methods(state),
        token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        revocation_endpoint_auth_methods_supported: auth_methods(state),
        revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        introspection_endpoint_auth_methods_supported: auth_methods(state)
            .into_iter()
            .filter(|method| *method != "none")
            .collect(),
        introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
        introspection_signing_alg_values_supported: ["ES256"],
        dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
        code_challenge_methods_supported: ["S256"],
        claim_types_supported: ["normal"],
        claims_supported: PROTOCOL_CLAIMS.into_iter().chain(catalogue).chain(standard).collect(),
        claims_parameter_supported: true,
        request_parameter_supported: true,
        request_uri_parameter_supported: false,
        request_object_signing_alg_values_supported: ALGORITHMS,
        require_signed_request_object: false,
        require_pushed_authorization_requests: state.config.require_pushed,
        authorization_response_iss_parameter_supported: true,
        verified_claims_supported: true,
        trust_frameworks_supported: [verified_claims::FRAMEWORK],
        evidence_supported: [verified_claims::EVIDENCE],
        electronic_records_supported: Prover::ALL.map(Prover::record),
        claims_in_verified_claims_supported: verified_claims::CLAIMS,
        acting_for_kinds_supported: acting::Kind::ALL.map(acting::Kind::as_str),
        legal_person_claims_supported: acting::LEGAL_PERSON_CLAIMS,
        prompt_values_supported: ["none", "login", "consent", "select_account"],
        ui_locales_supported: ["de", "en"],
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        mtls_endpoint_aliases: state.outside.mtls_origin.as_deref().map(Aliases::at),
        tls_client_certificate_bound_access_tokens: state.outside.mtls_origin.is_some(),
    }
}
