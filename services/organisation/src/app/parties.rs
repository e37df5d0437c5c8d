use std::collections::HashMap;

use siegel_kernel::AccountId;

use super::App;
use super::mandates::Failure;
use crate::domain::{Known, Party, bad, kinds};
use crate::store::asked::{Pair, PartyId};
use crate::store::{facts, mandates, organisations};

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
        let after = match after {
            "" => None,
            text => Some(text.parse().map_err(|_| bad("page_token", "was not made here"))?),
        };
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = mandates::candidates(&mut tx, account, after, most).await?;
        let next = (found.len() == limit).then(|| found.last().copied().map(PartyId::from));
        let pairs: Vec<Pair> = found.iter().map(|party| (account, (*party).into())).collect();
        let mut known: HashMap<PartyId, Known> = HashMap::new();
        for found in facts::standings(&mut tx, &pairs).await? {
            known.entry(found.pair.1).or_default().standings.push(found.standing);
        }
        for ((_, party), chain) in mandates::chains(&mut tx, &pairs).await? {
            known.entry(party).or_default().chains.push(chain);
        }
        let (mut parties, mut firsts) = (Vec::new(), Vec::new());
        for party in found {
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
        for (id, name) in organisations::names(&mut tx, &organisations).await? {
            called.insert(Party::Organisation(id), name);
        }
        for record in mandates::find_many(&mut tx, &firsts).await? {
            called.insert(record.grant.from, self.names.of(&record)?.from);
        }
        for party in &mut parties {
            party.name = called.remove(&party.party).unwrap_or_default();
        }
        Ok(PartiesPage { parties, next: next.flatten() })
    }
}
