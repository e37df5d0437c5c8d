//! The clients and people of the cases about pages, levels and releases: a second declarative file
//! beside that of `seed.rs`.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::person::Person;
use crate::seed::{Auth, Known, redirect_uri, secret};
use crate::world::World;

const fn known(id: &'static str, more: &'static str) -> Known {
    Known { id, auth: Auth::Basic, pkce: true, par: false, dpop: false, more }
}

pub const CLIENTS: [Known; 12] = [
    // Its redirect URI has a query of its own.
    known("queried", "{}"),
    known("modest", r#"{"grant_types": ["authorization_code"]}"#),
    known("password-only", r#"{"allowed_methods": ["pwd"]}"#),
    known("strict", r#"{"tenant": "streng"}"#),
    known("verbund-a", r#"{"tenant": "verbund"}"#),
    known("verbund-b", r#"{"tenant": "verbund"}"#),
    known("api", r#"{"scopes": ["openid", "account.read", "organisation.read"]}"#),
    known("reading", "{}"),
    known(
        "acting",
        r#"{"acting": "optional", "legal_person_claims": ["register_number"],
            "scopes": ["openid", "organisation.read", "organisation.write"]}"#,
    ),
    known("acting-elsewhere", r#"{"acting": "optional"}"#),
    known("representing", r#"{"acting": "required", "acting_kinds": ["organisation"]}"#),
    known(
        "scripted",
        r#"{"name": "<script>alert(1)</script>\"'>", "purpose": "<img src=x onerror=alert(2)>",
            "logo_uri": "https://logos.example/x.svg",
            "policy_uri": "https://policies.example/?\"><script>alert(3)</script>"}"#,
    ),
];

/// Nobody asked these for a release before the one case they are for; no two of those who use a
/// card share it.
pub fn people() -> HashMap<&'static str, Person> {
    let person = |name: &'static str, card| {
        let email = format!("{name}@people.example");
        (name, Person { email, password: format!("Kennwort von {name} ist lang"), card })
    };
    HashMap::from([
        person("berta", "erika"),
        person("dora", "erika"),
        person("emil", "erika"),
        person("frieda", "erika"),
        person("konrad", "erika"),
        person("heidi", "erika"),
        // Never shows a card.
        person("gustav", "erika"),
        person("karla", "joerg"),
        person("ludwig", "anna"),
        person("ingrid", "amara"),
    ])
}

/// The declarative file.
pub fn file(world: &World) -> anyhow::Result<Value> {
    let mut clients = Vec::new();
    for known in CLIENTS {
        let mut client = json!({
            "client_id": known.id,
            "client_secret": secret(known.id),
            "name": format!("Portal {}", known.id),
            "tenant": "musterstadt",
            "redirect_uris": [redirect_uri(world, known.id)],
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["openid", "profile", "email", "address", "phone", "account.read",
                "offline_access"],
            "purpose": "Prüfung",
            "auth_method": "client_secret_basic",
        });
        if let (Value::Object(all), Value::Object(more)) =
            (&mut client, serde_json::from_str(known.more)?)
        {
            all.extend(more);
        }
        clients.push(client);
    }
    let person = |(name, person): (&'static str, Person)| {
        json!({
            "email": person.email,
            "password": person.password,
            "level": "basic",
            "locale": "de",
            "attributes": {"given_name": name, "family_name": "Mustermann",
                "date_of_birth": "1964-08-12", "street_and_building": "Heidestraße 17",
                "zip_code": "51147", "city": "Köln", "country": "DE",
                "telephone": "+49 221 5551234"},
        })
    };
    Ok(json!({
        "tenants": [
            {"id": "streng", "name": "Stadt Streng", "min_level": "substantial"},
            {"id": "verbund", "name": "Verbund", "single_sign_on": true},
        ],
        "clients": clients,
        "persons": people().into_iter().map(person).collect::<Vec<_>>(),
    }))
}
