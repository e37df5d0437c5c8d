//! A claim that its claimant proves by a log-in with the organisation's account elsewhere.

use siegel_kernel::TrustLevel;

use super::claims::{Fact, OwnClaim, mine};
use super::order::{Begun, Done};
use super::{App, Failure, Order, Refusal};
use crate::domain::claim::{ClaimId, Method, State};
use crate::domain::fields::{Entry, Field, Held, Source, Value};
use crate::domain::told::Told;
use crate::domain::{Role, bad};
use crate::store::claims::Claim;
use crate::store::fields;

/// What a provider said, as identity counts it.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its id.
    pub provider: String,
    pub told: Told,
    pub identification: TrustLevel,
    pub authentication: TrustLevel,
    /// Whether it named who acts; who that is was never told.
    pub acting_person: bool,
}

impl Said {
    /// # Errors
    /// An id that names no provider.
    pub fn check(&self) -> Result<(), Failure> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
        let fits = (1..=64).contains(&self.provider.len()) && self.provider.bytes().all(plain);
        if fits { Ok(()) } else { Err(bad("provider", "is no id of a provider").into()) }
    }
}

impl App {
    /// Proves a claim by what a provider said in a log-in of its claimant.
    pub async fn prove_by_upstream(
        &self,
        order: &Order,
        id: ClaimId,
        said: &Said,
    ) -> Result<OwnClaim, Failure> {
        said.check()?;
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return self.own_claim(order, &answer).await,
        };
        let claim = mine(&mut tx, order, id).await?;
        // Whether there is an organisation to recover is not told: that takes an operator.
        let (Some(organisation), State::Asked, false) =
            (claim.organisation, claim.state, claim.recovery)
        else {
            return Err(Refusal::ClaimState.into());
        };
        let own = self.member(&mut tx, order, organisation).await?;
        if own.role != Role::Owner {
            return Err(Refusal::RoleTooLow.into());
        }
        let held = fields::current(&mut tx, organisation).await?;
        let proven = proven(&claim, &held, &said.told)?;
        let fact = |(field, value): (Field, Value)| Fact {
            field: field.number(),
            value,
            source: Source::Upstream.number(),
            provider: Some(said.provider.clone()),
        };
        let facts: Vec<Fact> = proven.into_iter().map(fact).collect();
        // Whoever acts for the organisation was logged in there at a level of its own.
        let authentication_level = said.authentication;
        let claim = Claim { method: Method::Upstream, authentication_level, ..claim };
        self.prove(&mut tx, &claim, said.identification, &facts).await?;
        let (subject, answer) = (organisation.to_string(), id.to_string());
        let acting = if said.acting_person { " acting-person" } else { "" };
        let detail = format!("{answer} upstream:{}{acting}", said.provider);
        let done = Done { subject: &subject, detail: &detail, answer: &answer };
        self.finish(tx, order, &done).await?;
        self.own_claim(order, &answer).await
    }
}

/// What was said of the very organisation of the record.
fn proven(claim: &Claim, held: &[Held], told: &Told) -> Result<Vec<(Field, Value)>, Failure> {
    // The entry as it was claimed: the record may name another one meanwhile.
    let entry = claim.register.as_deref().map(serde_json::from_str::<Entry>).transpose();
    let entry = entry.map_err(|_| Failure::StoredAnswer)?;
    let name = held.iter().find_map(|h| match &h.value {
        Some(Value::Text(text)) if h.field == Field::Name => Some(text.as_str()),
        _ => None,
    });
    let address = held.iter().find_map(|h| match &h.value {
        Some(Value::Address(address)) => Some(address),
        _ => None,
    });
    let proven = told.proves(entry.as_ref(), name, address);
    proven.ok_or(Failure::Refused(Refusal::UpstreamOfAnother))
}
