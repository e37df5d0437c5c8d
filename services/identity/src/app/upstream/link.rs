//! Linking an account elsewhere: the person proved both, and said so.

use siegel_db::{StoreError, Tx};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::account::hand_over;
use super::finish::{Outcome, Return, add_link, held, log_in};
use super::{Fault, Proof, refused, unseal};
use crate::app::notices;
use crate::domain::linking::{Refusal, may_link};
use crate::domain::upstream::Upstream;
use crate::ports::accounts::Said;
use crate::state::Identity;
use crate::store::{accounts, credentials, upstream_links, upstream_logins, upstreams};

/// The person's word on a proof that waits for it.
pub type Confirm<'a> = Return<'a>;

/// Links what was proved, once, and logs in with it.
pub async fn confirm(state: &Identity, word: Confirm<'_>) -> Result<Outcome, Fault> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    let claimed = upstream_logins::claim(&mut tx, word.login, now).await?;
    tx.commit().await?;
    let same = |l: &upstream_logins::Login| {
        l.purpose == word.purpose && siegel_crypto::same_bytes(&l.browser, word.browser)
    };
    let Some(login) = claimed.filter(same) else {
        refused(state, "", None, "UPSTREAM_UNKNOWN_ANSWER", now).await?;
        return Ok(Outcome::Unknown);
    };
    let keys = &state.people.keys;
    let (account, proof): (AccountId, Proof) =
        unseal(keys, "proof", login.id, &login.answer_sealed)?;
    let mut tx = state.outside.db.read().await?;
    let stored = upstreams::find(&mut tx, &login.upstream).await?.ok_or(Fault::NotOffered)?;
    drop(tx);
    let outcome = by_owner(state, &word, &stored.upstream, &proof, account, now).await?;
    match (outcome, word.request) {
        (Outcome::Linked, Some(request)) => {
            log_in(state, &word, request, &stored.upstream, &proof, account).await
        }
        (outcome, _) => Ok(outcome),
    }
}

/// Links an account elsewhere to that of the session, when the session may.
pub(super) async fn by_owner(
    state: &Identity,
    back: &Return<'_>,
    upstream: &Upstream,
    proof: &Proof,
    account: AccountId,
    now: Timestamp,
) -> Result<Outcome, Fault> {
    // Ruled behind the account's lock: of two people's accounts elsewhere at once, one loses.
    let mut tx = state.outside.db.begin().await?;
    held(&mut tx, &upstream.id).await?;
    accounts::lock(&mut tx, account).await?;
    let highest = highest(&mut tx, account).await?;
    let session = back.session.filter(|s| s.account == account);
    if !session.is_some_and(|s| may_link(s, highest, now)) {
        drop(tx);
        refused(state, &upstream.id, Some(account), "UPSTREAM_NOT_FRESH", now).await?;
        return Ok(Outcome::NotFresh);
    }
    if let Some(named) = &proof.holder_hash
        && !holders(&mut tx, account).await?.iter().all(|held| held[..] == named[..])
    {
        drop(tx);
        refused(state, &upstream.id, Some(account), "UPSTREAM_OF_ANOTHER_PERSON", now).await?;
        return Ok(Outcome::OtherPerson);
    }
    if !add_link(state, &mut tx, upstream, proof, account, now).await? {
        drop(tx);
        refused(state, &upstream.id, Some(account), "UPSTREAM_OF_ANOTHER_ACCOUNT", now).await?;
        return Ok(Outcome::Refused(Refusal::OfAnotherAccount));
    }
    notices::order(state, &mut tx, account, notices::Change::AccountLinked, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    let request_id = format!("upstream-{}", back.login);
    let said = Said { provider: &upstream.id, taken: &proof.taken, at: now };
    hand_over(state, &request_id, account, said).await?;
    Ok(Outcome::Linked)
}

/// The level of the best thing that protects an account.
pub(super) async fn highest(tx: &mut Tx, account: AccountId) -> Result<TrustLevel, StoreError> {
    let own = credentials::list(tx, account).await?.into_iter().map(|c| c.level).max();
    let elsewhere = upstream_links::of_account(tx, account).await?.into_iter().map(|l| l.level);
    Ok(own.into_iter().chain(elsewhere).max().unwrap_or(TrustLevel::Basic))
}

/// Whom the account's cards and links name.
async fn holders(tx: &mut Tx, account: AccountId) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut all = credentials::holders(tx, account).await?;
    let links = upstream_links::of_account(tx, account).await?;
    all.extend(links.into_iter().filter_map(|l| l.holder_hash));
    Ok(all)
}
