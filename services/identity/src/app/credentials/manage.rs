//! Renaming and removing credentials.

use super::{NotChanged, Person, changed, lock, record, refused};
use crate::app::failure::Failure;
use crate::app::notices::Change;
use crate::domain::factors::{self, Forbidden};
use crate::state::Identity;
use crate::store::credentials::{self, CredentialId, Listed};
use crate::store::recovery_codes;

/// What a person sees of the own credentials.
pub struct Overview {
    /// Oldest first.
    pub credentials: Vec<Listed>,
    /// Recovery codes that were not used.
    pub codes_left: i64,
}

pub async fn overview(state: &Identity, person: &Person<'_>) -> Result<Overview, Failure> {
    let mut tx = state.outside.db.read().await?;
    let credentials = credentials::list(&mut tx, person.account).await?;
    let codes_left = recovery_codes::left(&mut tx, person.account).await?;
    Ok(Overview { credentials, codes_left })
}

/// Gives a credential another name.
pub async fn rename(
    state: &Identity,
    person: &Person<'_>,
    id: CredentialId,
    label: &str,
) -> Result<(), NotChanged> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    if !credentials::rename(&mut tx, person.account, id, label).await? {
        return Err(NotChanged::Unknown);
    }
    record(&mut tx, person, "identity.credential.renamed", &id.to_string(), now).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

/// Removes a credential, in a session of its level.
pub async fn remove(
    state: &Identity,
    person: &Person<'_>,
    id: CredentialId,
) -> Result<(), NotChanged> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    lock(&mut tx, person.account).await?;
    let all = credentials::list(&mut tx, person.account).await?;
    let Some(found) = all.iter().find(|c| c.id == id) else { return Err(NotChanged::Unknown) };
    let rest: Vec<_> =
        all.iter().filter(|c| c.id != id).map(Listed::held).collect::<Result<_, _>>()?;
    if let Err(why) = factors::may_remove(found.held()?, person.level, &rest) {
        drop(tx);
        let reason = match why {
            Forbidden::TooLow(_) => "TRUST_TOO_LOW",
            Forbidden::LastOne => "LAST_CREDENTIAL",
        };
        return Err(refused(state, person, reason, why.into()).await);
    }
    if !credentials::remove(&mut tx, person.account, id).await? {
        return Err(NotChanged::Unknown);
    }
    let what = ("identity.credential.removed", found.kind.as_str(), Change::CredentialRemoved);
    changed(state, &mut tx, person, what, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(())
}
