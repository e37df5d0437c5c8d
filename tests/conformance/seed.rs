//! The clients and people of the cases, as one declarative file.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};
use siegel_crypto::{KeySet, SigningKey};

use crate::authority::{Authority, Pair, self_signed};
use crate::cast;
use crate::inside::Inside;
use crate::person::Person;
use crate::world::World;

/// An RSA key of this test, made for it and used for nothing else.
pub const RSA_KEY_PEM: &str = include_str!("rsa-for-tests.pem");

/// What dynamic registration wants to see first.
pub const INITIAL_TOKEN: &str = "initial-token-of-this-run-0123456789abcdef";

/// What proves the provider to those of the world.
pub const UPSTREAM_SECRET: &str = "geheimnis zwischen den Ländern, lang genug";

/// Providers of the world that one tenant trusts, each under its own path.
pub const UPSTREAMS: [&str; 2] = ["land", "insel"];

/// How a client proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    None,
    Basic,
    Post,
    Jwt,
    Certificate,
}

/// A client and its habits.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub id: &'static str,
    pub auth: Auth,
    pub pkce: bool,
    pub par: bool,
    pub dpop: bool,
    /// What else its registration says, JSON.
    pub more: &'static str,
}

const fn known(id: &'static str, auth: Auth, more: &'static str) -> Known {
    Known { id, auth, pkce: true, par: false, dpop: false, more }
}

/// Every client.
pub const CLIENTS: [Known; 27] = [
    known("basic", Auth::Basic, "{}"),
    Known { pkce: false, ..known("stock", Auth::Basic, r#"{"require_pkce": false}"#) },
    known("post", Auth::Post, "{}"),
    known("portal", Auth::Jwt, r#"{"sector": "portal"}"#),
    known("sister", Auth::Jwt, r#"{"sector": "portal"}"#),
    known("other", Auth::Jwt, r#"{"tenant": "nachbarstadt"}"#),
    known("endpoint", Auth::Jwt, r#"{"assertion_audience": "token_endpoint"}"#),
    known("rsa", Auth::Basic, r#"{"id_token_signed_response_alg": "RS256"}"#),
    known("signed-userinfo", Auth::Basic, r#"{"userinfo_signed_response_alg": "ES256"}"#),
    known("demanding", Auth::Basic, r#"{"min_level": "substantial"}"#),
    known("signing", Auth::Jwt, r#"{"require_signed_request": true}"#),
    Known { par: true, ..known("pushing", Auth::Jwt, r#"{"require_pushed": true}"#) },
    Known { par: true, dpop: true, ..known("fapi", Auth::Jwt, r#"{"security_profile": "fapi2"}"#) },
    Known {
        par: true,
        ..known(
            "fapi-mtls",
            Auth::Certificate,
            r#"{"security_profile": "fapi2", "auth_method": "self_signed_tls_client_auth",
                "certificate_bound": true}"#,
        )
    },
    known(
        "certified",
        Auth::Certificate,
        r#"{"auth_method": "tls_client_auth", "certificate_bound": true,
            "tls_client_auth_san_dns": "certified.example"}"#,
    ),
    known(
        "native",
        Auth::None,
        r#"{"redirect_uris": ["http://127.0.0.1/cb", "http://localhost/cb"]}"#,
    ),
    known("listening", Auth::Basic, "{}"),
    known(
        "machine",
        Auth::Jwt,
        r#"{"grant_types": ["client_credentials"], "scopes": ["postbox.deliver", "account.read"],
            "redirect_uris": []}"#,
    ),
    Known {
        dpop: true,
        ..known(
            "exchanging",
            Auth::Jwt,
            r#"{"grant_types": ["authorization_code", "refresh_token",
                "urn:ietf:params:oauth:grant-type:token-exchange"]}"#,
        )
    },
    known("fetching", Auth::Jwt, "{}"),
    known("server", Auth::Basic, r#"{"introspects": ["urn:siegel:account"]}"#),
    known("slow", Auth::Basic, "{}"),
    known("inward", Auth::Basic, "{}"),
    known("brief", Auth::Basic, r#"{"scopes": ["openid", "email"]}"#),
    known("walk-in", Auth::Basic, r#"{"guests": true}"#),
    known("federating", Auth::Basic, r#"{"tenant": "bundesland"}"#),
    Known {
        par: true,
        dpop: true,
        ..known("fapi-rsa", Auth::Jwt, r#"{"security_profile": "fapi2"}"#)
    },
];

/// A client by its id.
pub fn client(id: &str) -> Option<Known> {
    CLIENTS.into_iter().chain(cast::CLIENTS).find(|c| c.id == id)
}

/// The secret of a client that has one; with characters that must be form-encoded.
pub fn secret(id: &str) -> String {
    format!("geheim & {id}: 100 % ünikat/+=?")
}

/// Where a client gets its answers; nobody needs to listen there.
pub fn redirect_uri(world: &World, id: &str) -> String {
    match id {
        "native" => "http://127.0.0.1/cb".to_owned(),
        "queried" => world.url("/queried/cb?tenant=1"),
        _ => world.url(&format!("/{id}/cb")),
    }
}

pub fn keys() -> anyhow::Result<HashMap<String, SigningKey>> {
    let with_keys = CLIENTS.iter().filter(|c| c.auth == Auth::Jwt || c.id == "fapi-mtls");
    let ids = with_keys.map(|c| c.id).chain(UPSTREAMS);
    ids.map(|id| Ok((id.to_owned(), SigningKey::generate()?))).collect()
}

/// The certificates clients show; that of `fapi-mtls` is registered by its key, see [`file`].
pub fn certificates(authority: &Authority) -> anyhow::Result<HashMap<String, Pair>> {
    let own_key = SigningKey::generate()?;
    let own = self_signed("fapi-mtls", &own_key.to_pem())?;
    let certified = authority.client("certified", "certified.example")?;
    Ok(HashMap::from([("fapi-mtls".to_owned(), own), ("certified".to_owned(), certified)]))
}

pub fn people() -> HashMap<&'static str, Person> {
    let person = |name: &'static str, card| {
        let email = format!("{name}@people.example");
        (name, Person { email, password: format!("Kennwort von {name} ist lang"), card })
    };
    HashMap::from([
        person("erika", "erika"),
        person("max", "max"),
        // The password of this one is worth the highest level: drivers have no card.
        person("hoch", "erika"),
        person("gesperrt", "erika"),
        person("offline", "max"),
        person("geraten", "max"),
        person("verbunden", "max"),
        person("otto", "max"),
        person("ottilie", "max"),
        person("paula", "max"),
        person("paul", "max"),
        person("petra", "max"),
        person("rita", "max"),
        person("uwe", "max"),
        person("weg", "max"),
        person("zita", "max"),
    ])
}

/// The declarative file.
pub fn file(
    inside: &Inside,
    world: &World,
    keys: &HashMap<String, SigningKey>,
    certificates: &HashMap<String, Pair>,
) -> anyhow::Result<Value> {
    let mut clients = Vec::new();
    for known in CLIENTS {
        let mut client = json!({
            "client_id": known.id,
            "name": format!("Portal {}", known.id),
            "tenant": "musterstadt",
            "redirect_uris": [redirect_uri(world, known.id), world.url("/second/cb")],
            "post_logout_redirect_uris": [world.url(&format!("/{}/bye", known.id))],
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["openid", "profile", "email", "address", "postbox", "postbox.read", "identity.self",
                "account.read", "offline_access"],
            "purpose": "Prüfung",
            "auth_method": match known.auth {
                Auth::None => "none",
                Auth::Basic => "client_secret_basic",
                Auth::Post => "client_secret_post",
                Auth::Jwt | Auth::Certificate => "private_key_jwt",
            },
        });
        if matches!(known.auth, Auth::Basic | Auth::Post) {
            client["client_secret"] = json!(secret(known.id));
        }
        if let Some(key) = keys.get(known.id) {
            let set = KeySet::new([key.public_jwk().clone()]).to_json();
            client["jwks"] = serde_json::from_str(&set)?;
        }
        if known.id == "fapi-mtls"
            && let Some(pair) = certificates.get(known.id)
        {
            client["jwks"] = json!({"keys": [own_key(pair)?]});
        }
        match known.id {
            "listening" => {
                client["backchannel_logout_uri"] = json!(world.url("/listening/logout"));
            }
            "slow" => {
                // Another origin: one that does not answer is left alone for a while.
                let uri = format!("https://127.0.0.1:{}/slow/logout", world.port);
                client["backchannel_logout_uri"] = json!(uri);
            }
            "inward" => {
                let uri = format!("https://localhost:{}/logout", inside.port);
                client["backchannel_logout_uri"] = json!(uri);
            }
            "fetching" => {
                if let Value::Object(all) = &mut client {
                    all.remove("jwks");
                }
                client["jwks_uri"] = json!(world.url("/fetching/jwks"));
            }
            "fapi-rsa" => {
                let rsa = crate::forge::rsa_jwk(RSA_KEY_PEM, "fapi-rsa")?;
                client["jwks"]["keys"].as_array_mut().context("no keys")?.push(rsa);
            }
            _ => {}
        }
        if let (Value::Object(all), Value::Object(more)) =
            (&mut client, serde_json::from_str(known.more)?)
        {
            all.extend(more);
        }
        clients.push(client);
    }
    let people: Vec<Value> = people()
        .into_iter()
        .map(|(name, person)| {
            json!({
                "email": person.email,
                "password": person.password,
                "level": if ["hoch", "rita"].contains(&name) { "high" } else { "basic" },
                "locale": "de",
                "attributes": {"given_name": name, "family_name": "Mustermann"},
            })
        })
        .collect();
    Ok(json!({
        "tenants": [{"id": "musterstadt", "name": "Stadt Musterstadt"},
            {"id": "nachbarstadt", "name": "Nachbarstadt"},
            {"id": "bundesland", "name": "Bundesland"}],
        "clients": clients,
        "persons": people,
    }))
}

/// What is agreed with a provider of the world: its word counts up to substantial.
fn upstream(dir: &Path, world: &World, id: &str) -> String {
    format!(
        r#"
[[identity.upstreams]]
id = "{id}"
name = "Konto {id}"
issuer = "{issuer}"
client_id = "siegel"
auth = "client_secret_basic"
client_secret_file = "{secret}"
level_cap = "substantial"
acr_table = {{ loa-low = "low", loa-sub = "substantial", loa-high = "high" }}
acr_request = {{ substantial = "loa-sub" }}
attributes = [
    {{ claim = "given_name", attribute = "given_name" }},
    {{ claim = "family_name", attribute = "family_name" }},
    {{ claim = "birthdate", attribute = "date_of_birth" }},
]
tenants = ["bundesland"]
"#,
        issuer = world.url(&format!("/{id}")),
        secret = dir.join("upstream-secret").display(),
    )
}

/// The key of a certificate as JWK with the certificate beside it (RFC 8705 §2.2.2).
fn own_key(pair: &Pair) -> anyhow::Result<Value> {
    use base64::Engine as _;
    let key = SigningKey::from_pem(&pair.key)?;
    let mut jwk = serde_json::to_value(key.public_jwk())?;
    let der = base64::engine::general_purpose::STANDARD.encode(&pair.der);
    jwk["x5c"] = json!([der]);
    Ok(jwk)
}

/// `siegel.toml` over the sandbox's defaults.
pub fn settings(dir: &Path, world: &World, mtls: &str) -> String {
    let [by_name, by_address] = world.pairs();
    let upstreams: String = UPSTREAMS.iter().map(|id| upstream(dir, world, id)).collect();
    format!(
        "[identity.resource_levels]\n\"urn:siegel:organisation\" = \"substantial\"\n\n\
         [egress]\nallow = [\"{by_name}\", \"{by_address}\"]\nextra_root_file = \"{root}\"\n\n\
         [identity]\nrs256_key_file = \"{rsa}\"\n\n\
         [identity.registration]\ninitial_access_token_file = \"{token}\"\n\n\
         [listen]\nmtls_origin = \"{mtls}\"\n{upstreams}",
        root = dir.join("ca.pem").display(),
        rsa = dir.join("rsa.pem").display(),
        token = dir.join("initial-token").display(),
    )
}
