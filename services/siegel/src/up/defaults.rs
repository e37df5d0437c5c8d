//! The settings of a sandbox: everything an operator would write into `siegel.toml`, made from the
//! data directory. No password, key or token is compiled in.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use siegel_crypto::{KeySet, SigningKey, SystemEntropy, load_signing_key, random_token};
use siegel_identity::seed::{PersonConfig, Seed};
use siegel_kernel::TrustLevel;

use super::data_dir::DataDir;
use crate::demo::{ClientKeys, Credentials, Persona};
use crate::settings::SERVICES;

/// What outside programs need, in the data directory.
const CREDENTIALS: &str = "demo.toml";
const TENANT: &str = "musterstadt";
/// Who the demo's people are: name, address, card.
const PERSONAS: [(&str, &str, &str); 2] = [
    ("Erika Mustermann", "erika.mustermann@persona.example", "erika"),
    ("Max Mustermann", "max.mustermann@persona.example", "max"),
];

/// The sandbox's settings and what the demo needs.
pub struct Defaults {
    settings: Value,
    pub credentials: Credentials,
    new_people: bool,
}

/// How the sandbox is met.
#[derive(Clone, Debug, Default)]
pub struct Place {
    pub origin: String,
    /// Where the portal reaches identity without trusting a certificate.
    pub inside: Option<String>,
    /// Where clients come with a certificate.
    pub mtls_origin: Option<String>,
    /// What outside programs have to trust, PEM.
    pub roots: Option<String>,
}

impl Defaults {
    pub fn new(
        data: &DataDir,
        place: &Place,
        database_url: Option<&str>,
        smtp_port: u16,
    ) -> anyhow::Result<Self> {
        let origin = place.origin.as_str();
        let key = |name: &str| load_signing_key(&data.key(name), true);
        let (suite, portal) = (key("portal-client.pem")?, key("demo-portal.pem")?);
        let (other, authority) = (key("demo-other-portal.pem")?, key("demo-authority.pem")?);
        let clients = clients(origin, &suite, &portal, &other, &authority);
        let mut settings = services(data, origin, smtp_port, &clients);
        surround(&mut settings, place);
        for service in SERVICES {
            let database = if let Some(url) = database_url {
                json!({"url": url, "schema": service})
            } else {
                let file = data.path().join("db").join(format!("{service}.sqlite"));
                json!({"url": format!("sqlite:{}", file.display())})
            };
            if let Some(table) = settings.get_mut(service).and_then(Value::as_object_mut) {
                table.insert("database".into(), database);
            }
        }
        let (mut credentials, new_people) = credentials(data, origin, &portal, &other, &authority)?;
        credentials.ca.clone_from(&place.roots);
        Ok(Self { settings, credentials, new_people })
    }

    /// Everything an operator would write into `siegel.toml`.
    pub fn settings(&self) -> Value {
        self.settings.clone()
    }

    /// The personas, when they have no accounts yet.
    pub fn seed(&self) -> Seed {
        let person = |p: &Persona| PersonConfig {
            email: p.email.clone(),
            password: p.password.as_str().into(),
            level: TrustLevel::Basic,
            attributes: BTreeMap::new(),
            locale: "de".to_owned(),
        };
        let persons = self.credentials.persona.iter().filter(|_| self.new_people);
        Seed { persons: persons.map(person).collect(), ..Seed::default() }
    }

    /// Writes `demo.toml`: whoever finds it finds people who can log in.
    pub fn write_credentials(&self, data: &DataDir) -> anyhow::Result<()> {
        data.write_private(CREDENTIALS, &toml::to_string(&self.credentials)?)
    }

    /// Where the suite was last, for what is done beside it.
    pub fn last_origin(data: &DataDir) -> Option<String> {
        Credentials::read(&data.file(CREDENTIALS)).ok().map(|known| known.origin)
    }

    /// Name and address of the people of the sandbox.
    pub fn personas(&self) -> Vec<(String, String)> {
        let pair = |p: &Persona| (p.name.clone(), p.email.clone());
        self.credentials.persona.iter().map(pair).collect()
    }
}

/// What follows from how the sandbox is met from outside.
fn surround(settings: &mut Value, place: &Place) {
    let mut insert = |table: &str, key: &str, value: Option<&String>| {
        if let (Some(value), Some(settings)) = (value, settings.as_object_mut()) {
            let table = settings.entry(table).or_insert_with(|| json!({}));
            if let Some(table) = table.as_object_mut() {
                table.insert(key.to_owned(), json!(value));
            }
        }
    };
    insert("portal", "identity_url", place.inside.as_ref());
    insert("listen", "mtls_origin", place.mtls_origin.as_ref());
}

fn services(data: &DataDir, origin: &str, smtp_port: u16, clients: &Value) -> Value {
    let key = |name: &str| data.key(name).display().to_string();
    let objects = |name: &str| data.path().join("objects").join(name).display().to_string();
    json!({
        "profile": "sandbox",
        "origin": origin,
        "telemetry": {"log": "warn"},
        "identity": {
            "token_signing_key_file": key("token-signing.pem"),
            "key_encryption_key_file": key("identity-kek"),
            "pairwise_key_file": key("pairwise"),
            "nonce_key_file": key("identity-nonce"),
            "people": {"name": "Servicekonto Musterstadt"},
            "clients": clients,
        },
        "account": {
            "key_encryption_key_file": key("account-kek"),
            "nonce_key_file": key("account-nonce"),
            "object_store": {"kind": "files", "dir": objects("account")},
        },
        "organisation": {
            "key_encryption_key_file": key("organisation-kek"),
            "nonce_key_file": key("organisation-nonce"),
            "letter_sender": "Servicekonto Musterstadt, Am Markt 1, 19055 Schwerin",
        },
        "postbox": {
            "evidence_signing_key_file": key("evidence-signing.pem"),
            "log_signing_key_file": key("log-signing.pem"),
            "key_encryption_key_file": key("postbox-kek"),
            "nonce_key_file": key("postbox-nonce"),
            "object_store": {"kind": "files", "dir": objects("postbox")},
            "senders": [{
                "client_id": "musterstadt-bauamt",
                "tenant": TENANT,
                "sector": TENANT,
                "authority": "Stadt Musterstadt, Bauamt",
                "ars": "010010000000",
                "service_id": "99012070012000",
            }],
        },
        "eid": {
            "source": "simulated",
            "pseudonym_key_file": key("eid-pseudonym"),
            "recipient": "Servicekonto Musterstadt",
        },
        "notification": {
            "key_encryption_key_file": key("notification-kek"),
            "smtp": {
                "host": "127.0.0.1",
                "port": smtp_port,
                "encryption": "none",
                "from": "Servicekonto Musterstadt <noreply@musterstadt.example>",
            },
        },
        "portal": {
            "client_key_file": key("portal-client.pem"),
            "session_key_file": key("portal-session"),
            "operator": "Stadt Musterstadt (Sandbox)",
        },
    })
}

fn jwks(key: &SigningKey) -> String {
    KeySet::new([key.public_jwk().clone()]).to_json()
}

fn clients(
    origin: &str,
    suite: &SigningKey,
    portal: &SigningKey,
    other: &SigningKey,
    authority: &SigningKey,
) -> Value {
    json!([
        {
            "client_id": "siegel-portal",
            "name": "Servicekonto Musterstadt",
            "tenant": TENANT,
            "sector": "siegel",
            "redirect_uris": [format!("{origin}/account/callback")],
            "post_logout_redirect_uris": [format!("{origin}/")],
            "jwks": jwks(suite),
            "scopes": ["openid", "profile", "email", "account.read", "account.write",
                "organisation.read", "organisation.write", "postbox.read", "identity.self",
                "offline_access"],
            "first_party": true,
            "require_pushed": true,
        },
        {
            "client_id": "musterstadt-portal",
            "name": "Serviceportal Musterstadt",
            "tenant": TENANT,
            "sector": TENANT,
            "redirect_uris": [PORTAL_RETURN],
            "jwks": jwks(portal),
            "scopes": ["openid", "profile", "email", "address", "postbox", "postbox.read",
                "offline_access"],
            "purpose": "Bauantrag stellen und Bescheide empfangen",
        },
        {
            "client_id": "nachbarstadt-portal",
            "name": "Serviceportal Nachbarstadt",
            "tenant": "nachbarstadt",
            "sector": "nachbarstadt",
            "redirect_uris": [OTHER_RETURN],
            "jwks": jwks(other),
            "scopes": ["openid", "profile", "email", "address", "postbox", "postbox.read",
                "offline_access"],
            "purpose": "Wohnsitz anmelden",
        },
        {
            "client_id": "musterstadt-bauamt",
            "name": "Bauamt Musterstadt (Fachverfahren)",
            "tenant": TENANT,
            "sector": TENANT,
            "jwks": jwks(authority),
            "grant_types": ["client_credentials"],
            "scopes": ["postbox.deliver"],
        },
    ])
}

// Nobody listens there: the demo and the tests read the address the browser is sent to.
const PORTAL_RETURN: &str = "http://127.0.0.1:9/musterstadt/callback";
const OTHER_RETURN: &str = "http://127.0.0.1:9/nachbarstadt/callback";

/// What the demo needs; the second says whether its people are new. It is written when they can log
/// in, so a start that was killed before makes them anew.
fn credentials(
    data: &DataDir,
    origin: &str,
    portal: &SigningKey,
    other: &SigningKey,
    authority: &SigningKey,
) -> anyhow::Result<(Credentials, bool)> {
    let file = data.file(CREDENTIALS);
    let before = if file.exists() { Some(Credentials::read(&file)?) } else { None };
    let new_people = before.is_none();
    let persona = match before {
        Some(known) => known.persona,
        None => PERSONAS.iter().map(new_persona).collect::<anyhow::Result<_>>()?,
    };
    let client = |id: &str, key: &SigningKey, redirect: Option<&str>| ClientKeys {
        client_id: id.to_owned(),
        redirect_uri: redirect.map(str::to_owned),
        tenant: None,
        private_key_pem: key.to_pem().to_string(),
    };
    let credentials = Credentials {
        origin: origin.to_owned(),
        ca: None,
        portal: client("musterstadt-portal", portal, Some(PORTAL_RETURN)),
        other_portal: client("nachbarstadt-portal", other, Some(OTHER_RETURN)),
        authority: ClientKeys {
            tenant: Some(TENANT.to_owned()),
            ..client("musterstadt-bauamt", authority, None)
        },
        persona,
        faults_clock: None,
    };
    Ok((credentials, new_people))
}

fn new_persona((name, email, card): &(&str, &str, &str)) -> anyhow::Result<Persona> {
    Ok(Persona {
        name: (*name).to_owned(),
        email: (*email).to_owned(),
        password: random_token(&SystemEntropy::new())?,
        eid_persona: (*card).to_owned(),
    })
}
