//! An authorization request from outside never panics, is never answered at an address that is not
//! registered, and never asks for less than the client's minimum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_identity::domain::client::{AuthMethod, Client, GrantType};
use siegel_identity::domain::levels::Rules;
use siegel_identity::domain::params::Params;
use siegel_identity::domain::request;
use siegel_identity::domain::tenant::Tenant;
use siegel_kernel::TrustLevel;

fuzz_target!(|input: (&str, bool)| {
    let (query, pkce) = input;
    let client = Client {
        redirect_uris: vec!["https://portal.example/cb".into()],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: ["openid", "profile", "email", "offline_access"].map(String::from).into(),
        auth_method: AuthMethod::ClientSecretBasic,
        require_pkce: pkce,
        min_level: TrustLevel::Low,
        ..Client::named("portal")
    };
    let (tenant, methods) = (Tenant::default(), ["pwd".to_owned(), "sc".to_owned()]);
    let resource_levels = std::collections::BTreeMap::new();
    let rules = Rules {
        tenant: &tenant,
        methods: &methods,
        upstreams: Some(TrustLevel::Substantial),
        resource_levels: &resource_levels,
    };
    // A prefix that is acceptable, so that the fuzzer gets past the first checks.
    let good = "client_id=portal&redirect_uri=https%3A%2F%2Fportal.example%2Fcb&response_type=code\
        &scope=openid";
    for text in [query.to_owned(), format!("{good}&{query}")] {
        let Ok(params) = Params::parse(&text) else { continue };
        let Ok(reply) = request::reply_to(&client, &params) else { continue };
        assert_eq!(reply.redirect_uri, "https://portal.example/cb");
        if let Ok(read) = request::read(&client, &rules, &params, reply, None) {
            assert!(read.floor >= TrustLevel::Low && read.aim >= read.floor);
            assert!(read.scopes.iter().all(|s| client.scopes.contains(s)));
            assert!(!pkce || read.code_challenge.is_some());
        }
    }
});
