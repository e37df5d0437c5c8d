use siegel_db::Tx;
use siegel_kernel::{OrganisationId, Timestamp, TrustLevel};

use super::super::App;
use super::write::{speaks_for, standings_in, tell};
use super::{Acting, Failure, NamesOf, Seen, Write, code};
use crate::domain::{
    FactId, Grant, MandateId, Party, Standing, State, Terms, ToKind, bad, is_line,
};
use crate::store::mandates::{self, Record};
use crate::store::memberships::MembershipId;
use crate::store::{facts, standing};

const KIND: &str = "organisation.mandate.granted";
/// Below this nobody grants.
const NEEDED: TrustLevel = TrustLevel::Substantial;

/// A mandate that somebody wants to give.
#[derive(Clone, Debug)]
pub struct Granting {
    /// For which organisation; `None` for oneself.
    pub organisation: Option<OrganisationId>,
    /// The mandate that is passed on.
    pub parent: Option<MandateId>,
    /// The organisation that alone can accept it.
    pub to: Option<OrganisationId>,
    pub names: NamesOf,
    pub terms: Terms,
}

/// Who gives it, and for whom in the end.
struct Giver {
    party: Party,
    principal: Party,
    parent: Option<MandateId>,
    fact: Option<FactId>,
}

impl App {
    /// Offers a mandate. The code is told only when it is made.
    pub async fn grant(
        &self,
        who: &Acting,
        write: &Write,
        granting: Granting,
    ) -> Result<(Seen, String), Failure> {
        let done = self.try_grant(who, write, &granting).await;
        match done {
            Err(failure) => self.refuse(KIND, who, write, failure).await,
            done => done,
        }
    }

    async fn try_grant(
        &self,
        who: &Acting,
        write: &Write,
        granting: &Granting,
    ) -> Result<(Seen, String), Failure> {
        let now = self.clock.now();
        who.must_have(NEEDED.max(granting.terms.level))?;
        check_names(granting)?;
        let id = MandateId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let code = code::fresh(self.entropy.as_ref())?;
        let hash = code::hash(&code).ok_or(Failure::UnknownCode)?;
        let names = self.names.seal(id, &granting.names)?;
        let key = write.key(&who.caller);

        let mut tx = self.db.begin().await?;
        if let Some(seen) = self.begun(&mut tx, &key, now).await? {
            return Ok((seen, String::new()));
        }
        // Nobody dissolves or claims the organisation meanwhile.
        if let Some(organisation) = granting.organisation {
            standing::lock(&mut tx, organisation).await?;
        }
        let giver = giver(&mut tx, who, granting, now).await?;
        let given_by = given_by(&mut tx, who, granting.organisation).await?;
        granting.terms.check(giver.party, now)?;
        let new = record(id, &giver, granting, names, now)?;
        mandates::insert(&mut tx, &new, given_by, &hash).await?;
        tell(&mut tx, KIND, (id, 1), (giver.principal, None), now).await?;
        let seen = self.done(tx, &key, KIND, (who, id), now).await?;
        Ok((seen, code))
    }
}

fn check_names(granting: &Granting) -> Result<(), Failure> {
    let names = [("from_name", &granting.names.from), ("to_name", &granting.names.to)];
    for (field, name) in names {
        if !name.is_empty() && !is_line(name, 100) {
            return Err(bad(field, "has more than 100 characters or more than one line").into());
        }
    }
    if granting.to.is_some() && granting.terms.to_kind != ToKind::Organisation {
        return Err(bad("to_organisation_id", "is given, and the holder is none").into());
    }
    Ok(())
}

/// Who gives, when they may: an organisation's people what they may themselves do there, a holder
/// what they hold and may pass on.
async fn giver(
    tx: &mut Tx,
    who: &Acting,
    granting: &Granting,
    now: Timestamp,
) -> Result<Giver, Failure> {
    let Some(parent) = granting.parent else { return own(tx, who, granting).await };
    let above = mandates::find(tx, parent).await?;
    let above = above.ok_or(Failure::UnknownMandate)?;
    let party = match speaks_for(tx, who.account, granting.organisation).await {
        Err(Failure::UnknownOrganisation) => return Err(Failure::UnknownMandate),
        party => party?,
    };
    if above.to != Some(party) || above.state != State::Active {
        return Err(Failure::UnknownMandate);
    }
    let in_force = above.grant.is_valid_at(now);
    if !in_force || !granting.terms.stay_within(&above.grant) {
        return Err(Failure::NotPassedOn);
    }
    // Somebody who is acted for does not need to be acted for by themself.
    if granting.to.map(Party::Organisation) == Some(above.principal) {
        return Err(Failure::NotPassedOn);
    }
    Ok(Giver { party, principal: above.principal, parent: Some(parent), fact: None })
}

/// The membership by which somebody gives in the name of an organisation; none by a register role
/// alone. While a claim cools, no member gives anything.
async fn given_by(
    tx: &mut Tx,
    who: &Acting,
    organisation: Option<OrganisationId>,
) -> Result<Option<MembershipId>, Failure> {
    let Some(organisation) = organisation else { return Ok(None) };
    match standing::of(tx, organisation, who.account).await? {
        Some(own) if own.cooling => Err(Failure::ClaimCooling),
        own => Ok(own.map(|own| own.membership)),
    }
}

async fn own(tx: &mut Tx, who: &Acting, granting: &Granting) -> Result<Giver, Failure> {
    let Some(id) = granting.organisation else {
        let party = Party::Person(who.account);
        return Ok(Giver { party, principal: party, parent: None, fact: None });
    };
    if granting.to == Some(id) {
        return Err(bad("to_organisation_id", "is the one that gives").into());
    }
    let standings = standings_in(tx, who.account, id).await?;
    let by = granting.terms.can_be_granted_by(&standings).ok_or(Failure::RoleTooLow)?;
    // What somebody gives by a register role alone ends with it.
    let fact = match by {
        Standing::Member(_) => None,
        Standing::Fact { role, .. } => facts::in_force(tx, id, who.account, *role).await?,
    };
    let party = Party::Organisation(id);
    Ok(Giver { party, principal: party, parent: None, fact })
}

fn record(
    id: MandateId,
    giver: &Giver,
    granting: &Granting,
    names: Option<(Vec<u8>, Vec<u8>)>,
    now: Timestamp,
) -> Result<Record, Failure> {
    let terms = &granting.terms;
    Ok(Record {
        grant: Grant {
            id,
            version: 1,
            from: giver.party,
            to: giver.party,
            to_kind: terms.to_kind,
            parent: giver.parent,
            package: terms.package,
            read_only: terms.read_only,
            scope: terms.scope.clone(),
            level: terms.level,
            redelegation: terms.redelegation,
            valid_from: terms.valid_from,
            ends_at: terms.ends_at()?,
            accepted_at: now,
        },
        to: granting.to.map(Party::Organisation),
        state: State::Pending,
        principal: giver.principal,
        fact: giver.fact,
        valid_until: terms.valid_until,
        review_at: terms.review_at,
        granted_at: now,
        accepted_at: None,
        ended_at: None,
        end_reason: None,
        names,
    })
}
