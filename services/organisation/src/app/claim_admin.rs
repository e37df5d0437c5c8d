//! What operators do with claims.

use siegel_db::Tx;
use siegel_kernel::TrustLevel;
use siegel_receipt_pdf::window::{Recipient, WindowLetter};
use siegel_receipt_pdf::{Language, window};

use super::claims::{Fact, Letter, OwnClaim, claimant_context, letter_context};
use super::order::{Begun, Done};
use super::{App, Failure, Order, Refusal};
use crate::domain::claim::{ClaimId, State, Step};
use crate::domain::fields::{Address, Entry, Field, Held, Source, Value};
use crate::domain::{bad, codes};
use crate::store::claims::{self, Claim};
use crate::store::{fields, standing};

/// Everything an operator looks at.
#[derive(Clone, Debug)]
pub struct Looked {
    pub own: OwnClaim,
    pub claimant: String,
    pub register: Option<Entry>,
    pub fields: Vec<Held>,
    pub managers: i64,
}

impl App {
    pub async fn claims_to_do(&self, after: Option<ClaimId>) -> Result<Vec<Claim>, Failure> {
        let mut tx = self.db.read().await?;
        let after = match after {
            Some(id) => Some(found(&mut tx, id).await?),
            None => None,
        };
        Ok(claims::to_do(&mut tx, after.as_ref()).await?)
    }

    pub async fn look_at_claim(&self, id: ClaimId) -> Result<Looked, Failure> {
        let mut tx = self.db.read().await?;
        let claim = found(&mut tx, id).await?;
        let rivals = claims::rivals(&mut tx, &claim).await?;
        let (held, managers) = match claim.organisation {
            Some(organisation) => (
                fields::current(&mut tx, organisation).await?,
                claims::managers(&mut tx, organisation).await?,
            ),
            None => (Vec::new(), 0),
        };
        drop(tx);
        let register = claim.register.as_deref().map(serde_json::from_str).transpose();
        Ok(Looked {
            claimant: self.claimant(&claim)?,
            register: register.map_err(|_| Failure::StoredAnswer)?,
            own: OwnClaim { claim, rivals },
            fields: held,
            managers,
        })
    }

    fn claimant(&self, claim: &Claim) -> Result<String, Failure> {
        let Some(sealed) = &claim.claimant_sealed else { return Ok(String::new()) };
        Ok(self.vault()?.open(&claimant_context(claim.id), sealed)?)
    }

    /// Takes a claim for proven by what the operator found.
    pub async fn approve_claim(
        &self,
        order: &Order,
        id: ClaimId,
        found_fields: Vec<(Field, Value, Source)>,
        level: TrustLevel,
    ) -> Result<(), Failure> {
        let mut facts = Vec::new();
        for (field, value, source) in found_fields {
            if !matches!(source, Source::Register | Source::Operator) {
                return Err(bad("fields.source", "is neither register nor operator").into());
            }
            let value = value.check(field)?;
            let (field, source) = (field.number(), source.number());
            facts.push(Fact { field, value, source, provider: None });
        }
        if !facts.iter().any(|fact| fact.field == Field::Address.number()) {
            return Err(bad("fields", "name no address for the letter").into());
        }
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let claim = found(&mut tx, id).await?;
        let organisation = claim.organisation.ok_or(Refusal::ClaimState)?;
        standing::lock(&mut tx, organisation).await?;
        let managed = claims::managers(&mut tx, organisation).await? > 0;
        if claim.state != State::Asked || (claim.recovery && managed) {
            return Err(Refusal::ClaimState.into());
        }
        let same = |fact: &Fact| match (&fact.value, &claim.register_key) {
            (Value::Register(entry), Some(key)) => entry.key() == *key,
            _ => true,
        };
        if !facts.iter().all(same) {
            return Err(bad("fields", "name another register entry than the claim").into());
        }
        facts.extend(claimed_entry(&claim, &facts)?);
        self.prove(&mut tx, &claim, level, &facts).await?;
        let (subject, detail) = (organisation.to_string(), id.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    pub async fn reject_claim(&self, order: &Order, id: ClaimId) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let claim = found(&mut tx, id).await?;
        self.end_claim(&mut tx, &claim, Step::Reject).await?;
        let subject = id.to_string();
        self.finish(tx, order, &Done { subject: &subject, ..Done::default() }).await
    }

    /// The letter; asked for again under the same id it is the same.
    pub async fn print_letter(
        &self,
        order: &Order,
        id: ClaimId,
        address: Option<Address>,
        language: Language,
    ) -> Result<Vec<u8>, Failure> {
        if let Some(address) = &address {
            address.check()?;
        }
        let begun = self.begin(order).await?;
        let mut tx = match begun {
            Begun::Fresh(tx) => tx,
            Begun::Again(_) => self.db.begin().await?,
        };
        let claim = found(&mut tx, id).await?;
        let mut letter = self.letter(&claim)?;
        match (letter.address.clone(), address) {
            (None, None) => return Err(Refusal::AddressMissing.into()),
            (None, Some(address)) => {
                letter.address = Some(address);
                self.readdress(&mut tx, &claim, &letter).await?;
            }
            (Some(held), Some(address)) if held != address => {
                return Err(bad("address", "is known from the proof").into());
            }
            (Some(_), _) => {}
        }
        let name = match claim.organisation {
            Some(organisation) => standing::name(&mut tx, organisation).await?,
            None => None,
        };
        let name = name.ok_or(Refusal::ClaimState)?;
        let subject = id.to_string();
        let done = Done { subject: &subject, detail: "printed", answer: &subject };
        self.finish(tx, order, &done).await?;
        let claimant = self.claimant(&claim)?;
        self.render(&claim, &letter, (&name, &claimant), language)
    }

    /// What the letter needs; there is none once it was sent.
    fn letter(&self, claim: &Claim) -> Result<Letter, Failure> {
        let (State::Cooling, Some(sealed)) = (claim.state, &claim.letter_sealed) else {
            return Err(Refusal::ClaimState.into());
        };
        let text = self.vault()?.open(&letter_context(claim.id), sealed)?;
        serde_json::from_str(&text).map_err(|_| Failure::StoredAnswer)
    }

    async fn readdress(&self, tx: &mut Tx, claim: &Claim, letter: &Letter) -> Result<(), Failure> {
        let text = serde_json::to_string(letter).map_err(|_| Failure::StoredAnswer)?;
        let sealed = self.vault()?.seal(&letter_context(claim.id), &text)?;
        let facts = claim.facts.as_deref().unwrap_or("[]");
        let mut facts: Vec<Fact> =
            serde_json::from_str(facts).map_err(|_| Failure::StoredAnswer)?;
        facts.extend(letter.address.clone().map(|address| Fact {
            field: Field::Address.number(),
            value: Value::Address(address),
            source: Source::Register.number(),
            provider: None,
        }));
        let facts = serde_json::to_string(&facts).map_err(|_| Failure::StoredAnswer)?;
        Ok(claims::readdress(tx, claim.id, &sealed, &facts).await?)
    }

    pub(super) fn render(
        &self,
        claim: &Claim,
        letter: &Letter,
        names: (&str, &str),
        language: Language,
    ) -> Result<Vec<u8>, Failure> {
        Ok(self.drawn(claim, letter, names, language, window::render)??)
    }

    /// What `draw` makes of the letter, which names the organisation and who claims it.
    pub(super) fn drawn<T>(
        &self,
        claim: &Claim,
        letter: &Letter,
        (name, claimant): (&str, &str),
        language: Language,
        draw: impl FnOnce(&WindowLetter<'_>) -> T,
    ) -> Result<T, Failure> {
        let address = letter.address.as_ref().ok_or(Refusal::AddressMissing)?;
        let page = format!("{}/organisation/revoke", self.desk.origin);
        let days = self.desk.cooling_period.as_secs().div_ceil(24 * 3600);
        let letter = WindowLetter {
            sender: &self.desk.letter_sender,
            recipient: Recipient { lines: &lines(name, address) },
            organisation: name,
            claimant,
            account_name: &codes::grouped(&claim.account_name),
            code: &codes::grouped(&letter.code),
            page: &page,
            days,
            // When the claim was made: the same letter is printed again on another day.
            dated: claim.claimed_at,
            recovery: claim.recovery,
            language,
        };
        Ok(draw(&letter))
    }

    /// Begins the cooling period: the letter is on its way.
    pub async fn letter_sent(&self, order: &Order, id: ClaimId) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let claim = found(&mut tx, id).await?;
        let letter = self.letter(&claim)?;
        if letter.address.is_none() {
            return Err(Refusal::AddressMissing.into());
        }
        let now = self.desk.legal_clock.now();
        let until = now.plus(self.desk.cooling_period);
        if !claims::sent(&mut tx, id, now, until).await? {
            return Err(Refusal::ClaimState.into());
        }
        if let Some(organisation) = claim.organisation {
            let name = standing::name(&mut tx, organisation).await?.ok_or(Refusal::ClaimState)?;
            let names = (name, self.claimant(&claim)?);
            self.order_house_letter(&mut tx, &claim, letter, names).await?;
        }
        let subject = id.to_string();
        self.finish(tx, order, &Done { subject: &subject, ..Done::default() }).await
    }
}

async fn found(tx: &mut Tx, id: ClaimId) -> Result<Claim, Failure> {
    claims::find(tx, id).await?.ok_or(Failure::Refused(Refusal::ClaimUnknown))
}

/// The address field (DIN 5008): at most six lines, the country last and in capitals.
fn lines(name: &str, address: &Address) -> Vec<String> {
    let street = format!("{} {}", address.street, address.house_number);
    let town = format!("{} {}", address.postal_code, address.town);
    let country = if address.is_inland() { "" } else { &address.country };
    [name, &address.addition, &street, &town, country]
        .into_iter()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// The register entry as it was claimed, where the operator did not type it again: who takes the
/// claim for proven has found that it is this one's.
fn claimed_entry(claim: &Claim, facts: &[Fact]) -> Result<Option<Fact>, Failure> {
    let field = Field::Register.number();
    let Some(entry) = claim.register.as_deref().filter(|_| !claim.recovery) else {
        return Ok(None);
    };
    if facts.iter().any(|fact| fact.field == field) {
        return Ok(None);
    }
    let entry = serde_json::from_str(entry).map_err(|_| Failure::StoredAnswer)?;
    let source = facts.first().map_or(Source::Operator.number(), |fact| fact.source);
    Ok(Some(Fact { field, value: Value::Register(entry), source, provider: None }))
}
