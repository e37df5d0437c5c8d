//! Applying a file: checked as a whole, stored in one transaction, and the second time nothing
//! changes.

use std::collections::BTreeSet;
use std::error::Error;

use siegel_db::{StoreError, Tx, audit};
use siegel_kernel::Timestamp;

use super::clients::{RegisterError, vet};
use super::manage_clients::{self, Became, ManageError, Operator};
use super::seed_person::{self, PersonError, Prepared};
use super::upstreams;
use crate::domain::client::{Client, ManagedBy};
use crate::domain::passkey_models::Attestation;
use crate::domain::tenant::Tenant;
use crate::seed::{Document, SeedError};
use crate::state::Identity;
use crate::store::{clients, tenants};
use crate::upstream_config::{Registration, Source};

/// Why nothing was applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error(transparent)]
    Manage(#[from] ManageError),
    #[error("the file could not be applied")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl From<StoreError> for ApplyError {
    fn from(error: StoreError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// How a file is applied.
#[derive(Clone, Debug)]
pub struct Order {
    pub by: Operator,
    /// Clients that were applied before and are not in the file go.
    pub prune: bool,
}

/// One line of the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// `tenant`, `client`, `upstream`, `person`.
    pub kind: &'static str,
    pub name: String,
    pub became: Became,
}

/// What the file wants, checked.
struct Wanted {
    tenants: Vec<Tenant>,
    clients: Vec<Client>,
    upstreams: Vec<Registration>,
    persons: Vec<(String, Prepared)>,
}

/// Applies a file; on an error nothing was changed.
pub async fn apply(
    state: &Identity,
    document: &Document,
    order: &Order,
) -> Result<Vec<Applied>, ApplyError> {
    let wanted = check(state, document).await?;
    let now = state.now();
    let mut done = Vec::new();
    let mut tx = state.outside.db.begin().await?;
    for tenant in &wanted.tenants {
        let became = put_tenant(&mut tx, tenant, &order.by, now).await?;
        done.push(Applied { kind: "tenant", name: tenant.id.clone(), became });
    }
    for (i, client) in wanted.clients.iter().enumerate() {
        let became = match manage_clients::put(state, &mut tx, client, &order.by, now).await {
            Err(error @ (ManageError::OfSettings(_) | ManageError::OfItself(_))) => {
                return Err(document.problem(format!("clients[{i}].client_id"), &error).into());
            }
            other => other?,
        };
        done.push(Applied { kind: "client", name: client.client_id.clone(), became });
    }
    if order.prune {
        for gone in clients::ids_from(&mut tx, ManagedBy::Applied).await? {
            if wanted.clients.iter().all(|c| c.client_id != gone) {
                let became = manage_clients::remove(state, &mut tx, &gone, &order.by, now).await?;
                done.push(Applied { kind: "client", name: gone, became });
            }
        }
    }
    for upstream in &wanted.upstreams {
        let actor = order.by.actor();
        let became = upstreams::apply_in(state, &mut tx, upstream, &actor, now).await;
        let became = became.map_err(|e| ApplyError::Failed(Box::new(e)))?;
        done.push(Applied { kind: "upstream", name: upstream.upstream.id.clone(), became });
    }
    for (name, person) in &wanted.persons {
        let became = seed_person::store(state, &mut tx, person, &order.by.actor(), now).await;
        let became = became.map_err(|e| ApplyError::Failed(Box::new(e)))?;
        done.push(Applied { kind: "person", name: name.clone(), became });
    }
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(done)
}

async fn check(state: &Identity, document: &Document) -> Result<Wanted, ApplyError> {
    let seed = &document.seed;
    let mut seen = BTreeSet::new();
    for (i, tenant) in seed.tenants.iter().enumerate() {
        if let Some((key, problem)) = bad_tenant(tenant) {
            return Err(document.problem(format!("tenants[{i}].{key}"), &problem).into());
        }
        if !seen.insert(&tenant.id) {
            return Err(document.problem(format!("tenants[{i}].id"), &"stands twice").into());
        }
    }
    let mut clients: Vec<Client> = Vec::new();
    for (i, config) in seed.clients.iter().enumerate() {
        let at = |key: &str| format!("clients[{i}].{key}");
        let client = config.registration(&document.base);
        let client = client.map_err(|e| document.problem(at(e.key()), &e))?;
        if clients.iter().any(|c| c.client_id == client.client_id) {
            return Err(document.problem(at("client_id"), &"stands twice").into());
        }
        match vet(state, &client).await {
            Err(RegisterError::Store(error)) => return Err(error.into()),
            other => other.map_err(|e| document.problem(at(e.key()), &e))?,
        }
        clients.push(client);
    }
    if !seed.persons.is_empty() && state.outside.profile.is_production() {
        let problem = "persons are for sandboxes: profile = \"production\" registers people";
        return Err(document.problem("persons[0]", &problem).into());
    }
    let mut upstreams: Vec<Registration> = Vec::new();
    let sandbox = !state.outside.profile.is_production();
    for (i, config) in seed.upstreams.iter().enumerate() {
        let made = config.registration(Source::Applied, sandbox);
        let made = made.map_err(|e| document.problem(format!("upstreams[{i}]"), &e))?;
        if upstreams.iter().any(|u| u.upstream.id == made.upstream.id) {
            return Err(document.problem(format!("upstreams[{i}].id"), &"stands twice").into());
        }
        upstreams.push(made);
    }
    let mut persons: Vec<(String, Prepared)> = Vec::new();
    for (i, person) in seed.persons.iter().enumerate() {
        let at = |key: &str| format!("persons[{i}].{key}");
        let prepared = match seed_person::prepare(state, person).await {
            Err(PersonError::Bad(key, problem)) => {
                return Err(document.problem(at(&key), &problem).into());
            }
            other => other.map_err(|e| ApplyError::Failed(Box::new(e)))?,
        };
        if persons.iter().any(|(_, other)| other.lookup() == prepared.lookup()) {
            return Err(document.problem(at("email"), &"stands twice").into());
        }
        persons.push((person.email.clone(), prepared));
    }
    Ok(Wanted { tenants: seed.tenants.clone(), clients, upstreams, persons })
}

fn bad_tenant(tenant: &Tenant) -> Option<(&'static str, &'static str)> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let colour = |text: &String| {
        let digits = text.strip_prefix('#').unwrap_or_default();
        digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit())
    };
    if !(1..=64).contains(&tenant.id.len()) || !tenant.id.bytes().all(plain) {
        return Some(("id", "is not 1 to 64 characters of A-Z a-z 0-9 - . _"));
    }
    if tenant.colour.as_ref().is_some_and(|text| !colour(text)) {
        return Some(("colour", "is not #rrggbb"));
    }
    if tenant.passkey_attestation == Attestation::None && !tenant.passkey_aaguids.is_empty() {
        return Some(("passkey_aaguids", "need passkey_attestation = \"direct\""));
    }
    let logo = tenant.logo_uri.as_deref().map(|uri| uri.starts_with("https://"));
    (logo == Some(false)).then_some(("logo_uri", "is no https address"))
}

async fn put_tenant(
    tx: &mut Tx,
    tenant: &Tenant,
    by: &Operator,
    now: Timestamp,
) -> Result<Became, StoreError> {
    let before = tenants::find(tx, &tenant.id).await?;
    let became = match before {
        Some(before) if before == *tenant => return Ok(Became::Unchanged),
        Some(_) => Became::Updated,
        None => Became::Created,
    };
    tenants::put(tx, tenant, now).await?;
    let entry = audit::Entry {
        kind: "identity.tenant.changed",
        actor: &by.actor(),
        subject: &tenant.id,
        level: None,
        outcome: "done",
        request_id: "",
        detail: became.as_str(),
        at: now,
    };
    audit::record(tx, &entry).await?;
    Ok(became)
}
