//! The account of a person who came from elsewhere and has none here. It has no address: what a
//! provider says of one proves nothing here, and never finds an account.

use serde::{Deserialize, Serialize};
use siegel_crypto::SealError;
use siegel_db::{Tx, outbox};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_telemetry::metric;

use super::record;
use crate::app::failure::Failure;
use crate::domain::upstream::Taken;
use crate::ports::accounts::{self as account_service, Said};
use crate::state::Identity;
use crate::store::accounts::{self, NewAccount};

/// Kind of the jobs that open such an account at the account service; the payload is sealed.
pub const BROKERED: &str = "account.brokered";

/// What the account service is told.
#[derive(Serialize, Deserialize)]
struct Job {
    account: AccountId,
    locale: String,
    taken: Vec<Taken>,
    at: Timestamp,
    /// Absent in jobs of an earlier release.
    #[serde(default)]
    provider: String,
}

/// A new account for a log-in of this level.
pub(super) struct Opened<'a> {
    pub upstream: &'a str,
    pub locale: &'a str,
    pub level: TrustLevel,
    pub taken: &'a [Taken],
}

/// Makes the account; the account service learns of it, and of its attributes, by the outbox.
pub(super) async fn open(
    state: &Identity,
    tx: &mut Tx,
    opened: &Opened<'_>,
    now: Timestamp,
) -> Result<AccountId, Failure> {
    let account = AccountId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let locale = if opened.locale == "en" { "en" } else { "de" };
    let new = NewAccount {
        id: account,
        address_hash: &state.people.keys.no_address_hash(account),
        address_sealed: b"",
        locale,
        at: now,
    };
    accounts::insert(tx, &new).await?;
    let (taken, provider) = (opened.taken.to_vec(), opened.upstream.to_owned());
    let job = Job { account, locale: locale.to_owned(), taken, at: now, provider };
    let plain = serde_json::to_vec(&job).map_err(|_| SealError::DoesNotOpen)?;
    let sealed = state.people.keys.seal_job(BROKERED, &plain)?;
    outbox::put(tx, BROKERED, &sealed, now).await?;
    metric::ACCOUNTS_REGISTERED.count([opened.level.as_str()]);
    record(tx, "identity.account.registered", account, opened.level, opened.upstream, now).await?;
    Ok(account)
}

/// Opens the account at the account service, stores its attributes there, and then lets its person
/// on. Doing it again changes nothing.
pub async fn open_brokered(state: &Identity, payload: &[u8]) -> Result<(), Failure> {
    let plain = state.people.keys.open_job(BROKERED, payload)?;
    let Ok(job) = serde_json::from_slice::<Job>(&plain) else {
        tracing::error!("an account job does not parse");
        return Ok(());
    };
    let siblings = &state.outside.siblings;
    let failed = |status| Failure::Sibling("account", status);
    account_service::open_account(siblings, job.account, "", &job.locale).await.map_err(failed)?;
    let request_id = format!("brokered-{}", siegel_grpc::audit_name(job.account));
    let said = Said { provider: &job.provider, taken: &job.taken, at: job.at };
    hand_over(state, &request_id, job.account, said).await?;
    let mut tx = state.outside.db.begin().await?;
    accounts::open(&mut tx, job.account, state.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives the account service what a provider said; with the same `request_id` it is stored once.
pub(super) async fn hand_over(
    state: &Identity,
    request_id: &str,
    account: AccountId,
    said: Said<'_>,
) -> Result<(), Failure> {
    if said.taken.is_empty() {
        return Ok(());
    }
    account_service::record_upstream(&state.outside.siblings, request_id, account, said)
        .await
        .map_err(|status| Failure::Sibling("account", status))
}
