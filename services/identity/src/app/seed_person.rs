//! People of a sandbox who are written down instead of registering. Their accounts are opened as
//! those of others are; their password is worth what the file says, and so are their attributes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use siegel_db::{StoreError, Tx, audit, outbox};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_oidc::catalogue::{self, CATALOGUE};

use super::deliver_outbox::{self, OPEN_ACCOUNT, SEED_ATTRIBUTES};
use super::failure::Failure;
use super::manage_clients::Became;
use crate::domain::email::EmailAddress;
use crate::domain::password::MAX_LENGTH;
use crate::ports::accounts as account_service;
use crate::seed::PersonConfig;
use crate::state::Identity;
use crate::store::accounts::{self, NewAccount};
use crate::store::credentials::{self, CredentialId};
use crate::store::seeded;
use secrecy::ExposeSecret as _;

/// How long the account service may take to open the accounts.
const PATIENCE: Duration = Duration::from_secs(30);

/// A person who cannot be written down so.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// The key below the person's, and what is wrong.
    #[error("{1}")]
    Bad(String, String),
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<StoreError> for PersonError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// A person, checked and hashed.
pub struct Prepared {
    address: EmailAddress,
    /// PHC string; `None` when the account has this password already.
    phc: Option<String>,
    level: TrustLevel,
    attributes: BTreeMap<String, String>,
    locale: String,
    digest: [u8; 32],
}

impl Prepared {
    /// The log-in name, in one spelling.
    pub fn lookup(&self) -> String {
        self.address.lookup()
    }
}

/// Checks a person and hashes the password, outside of any transaction.
pub async fn prepare(state: &Identity, person: &PersonConfig) -> Result<Prepared, PersonError> {
    let bad = |key: &str, text: String| Err(PersonError::Bad(key.to_owned(), text));
    let Ok(address) = EmailAddress::parse(&person.email) else {
        return bad("email", "is not an e-mail address".to_owned());
    };
    if !matches!(person.locale.as_str(), "de" | "en") {
        return bad("locale", "is neither de nor en".to_owned());
    }
    if !(1..=MAX_LENGTH).contains(&person.password.expose_secret().chars().count()) {
        return bad("password", format!("has not 1 to {MAX_LENGTH} characters"));
    }
    for (name, value) in &person.attributes {
        let key = format!("attributes.{name}");
        match catalogue::attribute(name) {
            None => return bad(&key, "is no attribute of the catalogue".to_owned()),
            Some(row) if row.name == "email" => {
                return bad(&key, "is the log-in name already".to_owned());
            }
            Some(_) if value.is_empty() => {}
            Some(row) => match row.check(value) {
                Ok(()) => {}
                Err(e) => return bad(&key, e.to_string()),
            },
        }
    }
    let keys = &state.people.keys;
    let mut tx = state.outside.db.read().await?;
    let known = seeded::find(&mut tx, &keys.address_hash(&address)).await?;
    drop(tx);
    let passwords = &state.people.passwords;
    let same = match known.and_then(|k| k.secret) {
        Some(phc) => passwords.verify(person.password.clone(), Some(phc)).await,
        None => Ok(false),
    };
    let phc = if same.map_err(Failure::from)? {
        None
    } else {
        Some(passwords.hash(person.password.clone()).await.map_err(Failure::from)?)
    };
    let mut parts = vec!["seeded person", person.level.as_str()];
    parts.extend(person.attributes.iter().flat_map(|(name, value)| [name.as_str(), value]));
    Ok(Prepared {
        digest: keys.holder_hash(&parts),
        address,
        phc,
        level: person.level,
        attributes: person.attributes.clone(),
        locale: person.locale.clone(),
    })
}

/// Stores a person; the account service learns of it through the outbox.
pub async fn store(
    state: &Identity,
    tx: &mut Tx,
    person: &Prepared,
    actor: &str,
    now: Timestamp,
) -> Result<Became, Failure> {
    let (clock, entropy) = (&*state.outside.clock, &*state.outside.entropy);
    let keys = &state.people.keys;
    let hash = keys.address_hash(&person.address);
    let known = seeded::find(tx, &hash).await?;
    let (account, before) = match &known {
        Some(known) => (known.account_id, Became::Updated),
        None => (open(state, tx, person, &hash, now).await?, Became::Created),
    };
    let held = known.as_ref().filter(|k| k.secret.is_some());
    if let (None, Some(phc)) = (held, &person.phc) {
        let credential = CredentialId::new(clock, entropy)?;
        credentials::add_password(tx, credential, account, phc, now).await?;
    }
    let same_password = person.phc.is_none() && held.is_some_and(|k| k.level == Some(person.level));
    if !same_password {
        seeded::set_password(tx, account, person.phc.as_deref(), person.level).await?;
    }
    let digest = known.as_ref().and_then(|k| k.digest.as_deref());
    let same_attributes =
        digest == Some(&person.digest[..]) || (digest.is_none() && person.attributes.is_empty());
    if !same_attributes {
        let job = SeedJob {
            request_id: siegel_crypto::random_token(entropy)?,
            account: account.to_string(),
            level: person.level,
            attributes: person.attributes.clone(),
            at: now,
        };
        let sealed = keys.seal_job(SEED_ATTRIBUTES, &job.to_bytes())?;
        outbox::put(tx, SEED_ATTRIBUTES, &sealed, now).await?;
        seeded::remember(tx, account, &person.digest).await?;
    }
    if same_password && same_attributes {
        return Ok(Became::Unchanged);
    }
    let name = audit_name(account);
    let entry = audit::Entry {
        kind: "identity.account.seeded",
        actor,
        subject: &name,
        level: Some(person.level),
        outcome: "done",
        request_id: "",
        detail: before.as_str(),
        at: now,
    };
    audit::record(tx, &entry).await?;
    Ok(before)
}

/// A pending account, which the account service is asked to open.
async fn open(
    state: &Identity,
    tx: &mut Tx,
    person: &Prepared,
    address_hash: &[u8; 32],
    now: Timestamp,
) -> Result<AccountId, Failure> {
    let account = AccountId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let sealed = state.people.keys.seal_address(&person.address)?;
    let new = NewAccount {
        id: account,
        address_hash,
        address_sealed: &sealed,
        locale: &person.locale,
        at: now,
    };
    accounts::insert(tx, &new).await?;
    outbox::put(tx, OPEN_ACCOUNT, account.to_string().as_bytes(), now).await?;
    Ok(account)
}

/// What the account service is to be told of a person.
#[derive(Serialize, Deserialize)]
struct SeedJob {
    request_id: String,
    account: String,
    level: TrustLevel,
    attributes: BTreeMap<String, String>,
    at: Timestamp,
}

impl SeedJob {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Hands the attributes over. Every attribute is named, so that one taken out of the file goes.
pub async fn hand_over(state: &Identity, payload: &[u8]) -> Result<(), Failure> {
    let plain = state.people.keys.open_job(SEED_ATTRIBUTES, payload)?;
    let job = serde_json::from_slice::<SeedJob>(&plain).ok();
    let Some((job, account)) = job.and_then(|j| j.account.parse().ok().map(|id| (j, id))) else {
        tracing::error!("a job with a person's attributes does not parse");
        return Ok(());
    };
    let value = |name: &str| job.attributes.get(name).cloned().unwrap_or_default();
    let names = CATALOGUE.iter().map(|row| row.name).filter(|name| *name != "email");
    let attributes: Vec<(String, String)> =
        names.map(|name| (name.to_owned(), value(name))).collect();
    let entered =
        account_service::Entered { account, level: job.level, attributes: &attributes, at: job.at };
    account_service::record_entered(&state.outside.siblings, &job.request_id, &entered)
        .await
        .map_err(|status| Failure::Sibling("account", status))
}

/// Does what waits until the account service has what was written down; `false` when it does not
/// answer. Another worker on the same outbox does no harm.
pub async fn settled(state: &Identity) -> Result<bool, StoreError> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let handle = |job| deliver_outbox::handle(state.clone(), job);
    loop {
        while state.outbox.step(&handle).await? {}
        let mut tx = state.outside.db.read().await?;
        let left = seeded::waiting(&mut tx, OPEN_ACCOUNT, SEED_ATTRIBUTES).await?;
        drop(tx);
        if left == 0 {
            return Ok(true);
        }
        if tokio::time::Instant::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
