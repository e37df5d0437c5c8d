use std::collections::HashMap;

use siegel_db::Tx;
use siegel_kernel::AccountId;

use super::App;
use super::mandates::Failure;
use crate::domain::{Known, Party, bad, kinds};
use crate::store::asked::{Pair, PartyId};
use crate::store::{facts, mandates, organisations};

/// Parties that are looked at to find those of a name: so many at once, so many times in one call.
const LOOKED_AT: (usize, usize) = (500, 10);

/// Somebody for whom an account may do something now.
#[derive(Clone, Debug)]
pub struct AuthorisedParty {
    pub party: Party,
    /// Empty when nobody told it.
    pub name: String,
    pub kinds: Vec<&'static str>,
}

/// Some of them, and where the next begin.
#[derive(Clone, Debug, Default)]
pub struct PartiesPage {
    pub parties: Vec<AuthorisedParty>,
    pub next: Option<PartyId>,
}

impl App {
    /// For whom an account may act, in the order of ids. Candidates come from the indexes; each is
    /// then looked at as a decision would.
    pub async fn authorised_parties(
        &self,
        account: AccountId,
        after: &str,
        limit: usize,
    ) -> Result<PartiesPage, Failure> {
        let after = begin(after)?;
        let mut tx = self.db.read().await?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = mandates::candidates(&mut tx, account, after, most).await?;
        let next = (found.len() == limit).then(|| found.last().copied().map(PartyId::from));
        let parties = self.valid(&mut tx, account, found).await?;
        Ok(PartiesPage { parties, next: next.flatten() })
    }

    /// Those of them whose name holds `name`, whatever the case. Names of persons are sealed: they
    /// are opened and compared one by one, a bounded number in one call.
    pub async fn parties_named(
        &self,
        account: AccountId,
        name: &str,
        after: &str,
        limit: usize,
    ) -> Result<PartiesPage, Failure> {
        let wanted = name.to_lowercase();
        let (mut parties, mut after) = (Vec::new(), begin(after)?);
        let mut tx = self.db.read().await?;
        let (at_once, times) = LOOKED_AT;
        for _ in 0..times {
            let most = i64::try_from(at_once).unwrap_or(i64::MAX);
            let found = mandates::candidates(&mut tx, account, after, most).await?;
            let all_seen = found.len() < at_once;
            after = found.last().copied().map(PartyId::from);
            let valid = self.valid(&mut tx, account, found).await?;
            for party in valid.into_iter().filter(|p| p.name.to_lowercase().contains(&wanted)) {
                if parties.len() == limit {
                    let last = parties.last().map(|last: &AuthorisedParty| last.party.into());
                    return Ok(PartiesPage { parties, next: last });
                }
                parties.push(party);
            }
            if all_seen {
                return Ok(PartiesPage { parties, next: None });
            }
        }
        Ok(PartiesPage { parties, next: after })
    }

    /// One party; `None` when the account may do nothing for it now, or there is none.
    pub async fn authorised_party(
        &self,
        account: AccountId,
        party: Party,
    ) -> Result<Option<AuthorisedParty>, Failure> {
        let mut tx = self.db.read().await?;
        Ok(self.valid(&mut tx, account, vec![party]).await?.pop())
    }

    /// Those for whom the account may do something now, with their names.
    async fn valid(
        &self,
        tx: &mut Tx,
        account: AccountId,
        candidates: Vec<Party>,
    ) -> Result<Vec<AuthorisedParty>, Failure> {
        let now = self.clock.now();
        let pairs: Vec<Pair> = candidates.iter().map(|p| (account, (*p).into())).collect();
        let mut known: HashMap<PartyId, Known> = HashMap::new();
        for found in facts::standings(tx, &pairs).await? {
            known.entry(found.pair.1).or_default().standings.push(found.standing);
        }
        for ((_, party), chain) in mandates::chains(tx, &pairs).await? {
            known.entry(party).or_default().chains.push(chain);
        }
        let (mut parties, mut firsts) = (Vec::new(), Vec::new());
        for party in candidates {
            let Some(known) = known.get(&party.into()) else { continue };
            let kinds = kinds(party, known, now);
            if kinds.is_empty() {
                continue;
            }
            if party.person().is_some() {
                let valid = known.chains.iter().find(|chain| chain.leads_from(party, now));
                firsts.extend(valid.and_then(|chain| chain.grants.first()).map(|g| g.id));
            }
            parties.push(AuthorisedParty { party, name: String::new(), kinds });
        }
        let organisations: Vec<_> = parties.iter().filter_map(|p| p.party.organisation()).collect();
        let mut called: HashMap<Party, String> = HashMap::new();
        for (id, name) in organisations::names(tx, &organisations).await? {
            called.insert(Party::Organisation(id), name);
        }
        for record in mandates::find_many(tx, &firsts).await? {
            called.insert(record.grant.from, self.names.of(&record)?.from);
        }
        for party in &mut parties {
            party.name = called.remove(&party.party).unwrap_or_default();
        }
        Ok(parties)
    }
}

/// Where a page begins.
fn begin(after: &str) -> Result<Option<PartyId>, Failure> {
    match after {
        "" => Ok(None),
        text => Ok(Some(text.parse().map_err(|_| bad("page_token", "was not made here"))?)),
    }
}
