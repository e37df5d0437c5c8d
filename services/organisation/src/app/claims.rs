//! Claims as those who make them see them.

use serde::{Deserialize, Serialize};
use serde_json::json;
use siegel_crypto::{random_token, verify_with_jwk};
use siegel_db::Tx;
use siegel_kernel::{AccountId, OrganisationId, Timestamp, TrustLevel};

use super::order::{Begun, Done, tell};
use super::{App, Failure, Order, Refusal};
use crate::domain::claim::{ClaimId, Method, State, Step};
use crate::domain::fields::{Address, Entry, Field, Held, Source, Value};
use crate::domain::{Role, bad, certified, codes, is_line};
use crate::store::claims::{self, Claim, Proof};
use crate::store::{fields, members};

/// Characters of the revocation code, 80 bits, and of the name the letter prints for the account.
pub const CODE: usize = 16;
pub const ACCOUNT_NAME: usize = 10;
/// `typ` of a signed statement about a claim.
const TYP: &str = "siegel-claim+jwt";
/// What a certificate of an organisation is worth.
const BY_CERTIFICATE: TrustLevel = TrustLevel::Substantial;

/// What a proof found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Number of the field.
    pub field: i32,
    pub value: Value,
    /// Number of the source.
    pub source: i32,
    /// Id of the provider, where another account of the organisation is the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// What the letter needs until it was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Letter {
    pub code: String,
    pub address: Option<Address>,
}

/// What a certificate's key signs.
#[derive(Debug, Deserialize)]
struct Statement {
    aud: String,
    sub: String,
    nonce: String,
}

/// A claim and how many others want the same.
#[derive(Clone, Debug)]
pub struct OwnClaim {
    pub claim: Claim,
    pub rivals: i64,
}

impl App {
    pub async fn claim(
        &self,
        order: &Order,
        organisation: OrganisationId,
        method: Method,
        claimant: &str,
    ) -> Result<OwnClaim, Failure> {
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return self.own_claim(order, &answer).await,
        };
        let own = self.member(&mut tx, order, organisation).await?;
        if own.role != Role::Owner {
            return Err(Refusal::RoleTooLow.into());
        }
        if claims::of_organisation(&mut tx, organisation).await?.is_some() {
            return Err(Refusal::ClaimExists.into());
        }
        let held = fields::current(&mut tx, organisation).await?;
        let entry = entry_of(&held);
        if entry.is_none() && !held.iter().any(|h| h.field == Field::Address) {
            return Err(Refusal::RecordIncomplete.into());
        }
        let mut new = self.new_claim(order, method, entry.as_ref(), claimant)?;
        new.organisation = Some(organisation);
        if !claims::add(&mut tx, &new).await? {
            // Somebody else holds the entry.
            new.state = State::Waiting;
            if !claims::add(&mut tx, &new).await? {
                return Err(Refusal::ClaimExists.into());
            }
        }
        let (subject, answer) = (organisation.to_string(), new.id.to_string());
        let detail =
            format!("{answer} {}", if new.state == State::Asked { "asked" } else { "waiting" });
        let done = Done { subject: &subject, detail: &detail, answer: &answer };
        self.finish(tx, order, &done).await?;
        Ok(OwnClaim { claim: new, rivals: 0 })
    }

    fn new_claim(
        &self,
        order: &Order,
        method: Method,
        entry: Option<&Entry>,
        claimant: &str,
    ) -> Result<Claim, Failure> {
        if !is_line(claimant, 200) {
            return Err(bad("claimant_name", "has not 1 to 200 characters on one line").into());
        }
        let id = ClaimId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let sealed = self.vault()?.seal(&claimant_context(id), claimant)?;
        let register = entry.map(serde_json::to_string).transpose();
        Ok(Claim {
            id,
            organisation: None,
            account: order.account()?,
            recovery: false,
            method,
            state: State::Asked,
            register_key: entry.map(Entry::key),
            register: register.map_err(|_| Failure::StoredAnswer)?,
            claimant_sealed: Some(sealed),
            authentication_level: order.level(),
            level: None,
            facts: None,
            challenge: random_token(self.entropy.as_ref())?,
            account_name: codes::write(&self.entropy.array::<ACCOUNT_NAME>()?),
            letter_sealed: None,
            claimed_at: self.clock.now(),
            letter_sent_at: None,
            cooling_until: None,
            ended_at: None,
        })
    }

    pub(super) async fn own_claim(&self, order: &Order, id: &str) -> Result<OwnClaim, Failure> {
        let id = id.parse().map_err(|_| Failure::StoredAnswer)?;
        let mut tx = self.db.read().await?;
        let claim = mine(&mut tx, order, id).await?;
        let rivals = claims::rivals(&mut tx, &claim).await?;
        Ok(OwnClaim { claim, rivals })
    }

    /// The person's claims. Rivals are told to who holds the entry.
    pub async fn own_claims(&self, account: AccountId) -> Result<Vec<OwnClaim>, Failure> {
        let mut tx = self.db.read().await?;
        let mut found = Vec::new();
        for claim in claims::of_account(&mut tx, account).await? {
            let holds = matches!(claim.state, State::Asked | State::Cooling | State::Active);
            let counts = holds && !claim.recovery && claim.register_key.is_some();
            let rivals = if counts { claims::rivals(&mut tx, &claim).await? } else { 0 };
            found.push(OwnClaim { claim, rivals });
        }
        Ok(found)
    }

    /// Proves a claim by a certificate of the organisation.
    pub async fn prove_by_certificate(
        &self,
        order: &Order,
        id: ClaimId,
        chain: &[Vec<u8>],
        statement: &str,
    ) -> Result<OwnClaim, Failure> {
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return self.own_claim(order, &answer).await,
        };
        let claim = mine(&mut tx, order, id).await?;
        let (Some(organisation), State::Asked, Method::Certificate) =
            (claim.organisation, claim.state, claim.method)
        else {
            return Err(Refusal::ClaimState.into());
        };
        let own = self.member(&mut tx, order, organisation).await?;
        if own.role != Role::Owner {
            return Err(Refusal::RoleTooLow.into());
        }
        let held = fields::current(&mut tx, organisation).await?;
        let proven = self.certified(&claim, &held, chain, statement)?;
        let fact = |(field, value): (Field, Value)| Fact {
            field: field.number(),
            value,
            source: Source::Certificate.number(),
            provider: None,
        };
        let facts: Vec<Fact> = proven.into_iter().map(fact).collect();
        self.prove(&mut tx, &claim, BY_CERTIFICATE, &facts).await?;
        let (subject, answer) = (organisation.to_string(), id.to_string());
        let done = Done { subject: &subject, detail: "certificate", answer: &answer };
        self.finish(tx, order, &done).await?;
        self.own_claim(order, &answer).await
    }

    /// What a certificate and a statement signed by its key say of the record.
    fn certified(
        &self,
        claim: &Claim,
        held: &[Held],
        chain: &[Vec<u8>],
        statement: &str,
    ) -> Result<Vec<(Field, Value)>, Failure> {
        let untrusted = Failure::Refused(Refusal::CertificateUntrusted);
        let recognised = self.desk.authorities.as_ref();
        if !recognised.is_some_and(|all| all.recognise(chain, self.clock.now())) {
            return Err(untrusted);
        }
        let Some(shown) = chain.first().and_then(|der| certified(der)) else {
            return Err(untrusted);
        };
        let Ok(said) = verify_with_jwk::<Statement>(statement, TYP, &shown.key) else {
            return Err(untrusted);
        };
        let about_this = said.aud == *self.desk.origin && said.sub == claim.id.to_string();
        if !about_this
            || !siegel_crypto::same_bytes(said.nonce.as_bytes(), claim.challenge.as_bytes())
        {
            return Err(untrusted);
        }
        let text = |field: Field| {
            held.iter().find(|h| h.field == field).and_then(|h| match &h.value {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            })
        };
        // The entry as it was claimed: it is the one that others wait for.
        let entry = claim.register.as_deref().map(serde_json::from_str::<Entry>).transpose();
        let entry = entry.map_err(|_| Failure::StoredAnswer)?;
        let (vat_id, lei) = (text(Field::VatId), text(Field::Lei));
        let name = text(Field::Name).unwrap_or_default();
        let proven = shown.proves(&name, entry.as_ref(), vat_id.as_deref(), lei.as_deref());
        proven.ok_or(Failure::Refused(Refusal::CertificateOfAnother))
    }

    /// Takes a claim for proven: makes its code, which nobody sees before the letter is printed.
    pub(super) async fn prove(
        &self,
        tx: &mut Tx,
        claim: &Claim,
        level: TrustLevel,
        facts: &[Fact],
    ) -> Result<(), Failure> {
        claim.state.after(Step::Prove).ok_or(Refusal::ClaimState)?;
        let vault = self.vault()?;
        let code = codes::write(&self.entropy.array::<CODE>()?);
        let code_mac = vault.mac("revocation", &code);
        let address = facts.iter().find_map(|fact| match &fact.value {
            Value::Address(address) => Some(address.clone()),
            _ => None,
        });
        let letter = serde_json::to_string(&Letter { code, address });
        let letter = letter.map_err(|_| Failure::StoredAnswer)?;
        let letter_sealed = vault.seal(&letter_context(claim.id), &letter)?;
        let facts = serde_json::to_string(facts).map_err(|_| Failure::StoredAnswer)?;
        let at = self.clock.now();
        let proof = Proof {
            method: claim.method,
            authentication_level: claim.authentication_level,
            level,
            facts: &facts,
            letter_sealed: &letter_sealed,
            code_mac: &code_mac,
            at,
        };
        if !claims::prove(tx, claim.id, &proof).await? {
            return Err(Refusal::ClaimState.into());
        }
        let Some(organisation) = claim.organisation else { return Ok(()) };
        if !claim.recovery {
            members::attribute_all(tx, organisation, claim.id).await?;
        }
        let more = json!({ "claim_id": claim.id });
        Ok(tell(tx, "organisation.claim.proven", organisation, more, at).await?)
    }

    /// Asks to become owner of an organisation without owners and administrators.
    pub async fn request_recovery(
        &self,
        order: &Order,
        entry: Entry,
        claimant: &str,
    ) -> Result<ClaimId, Failure> {
        entry.check()?;
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return answer.parse().map_err(|_| Failure::StoredAnswer),
        };
        let holder = claims::holder(&mut tx, &entry.key()).await?;
        let mut new = self.new_claim(order, Method::Operator, Some(&entry), claimant)?;
        new.recovery = true;
        new.organisation =
            holder.filter(|c| c.state == State::Active).and_then(|claim| claim.organisation);
        if !claims::add(&mut tx, &new).await? {
            return Err(Refusal::ClaimExists.into());
        }
        let answer = new.id.to_string();
        let done = Done { subject: &answer, detail: "", answer: &answer };
        self.finish(tx, order, &done).await?;
        Ok(new.id)
    }

    pub async fn withdraw_claim(&self, order: &Order, id: ClaimId) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let claim = mine(&mut tx, order, id).await?;
        self.end_claim(&mut tx, &claim, Step::Withdraw).await?;
        let subject = id.to_string();
        self.finish(tx, order, &Done { subject: &subject, ..Done::default() }).await
    }

    /// Lets the oldest waiting claim of an entry take its place.
    pub(super) async fn promote(
        &self,
        tx: &mut Tx,
        register_key: &str,
        at: Timestamp,
    ) -> Result<(), Failure> {
        if let Some(next) = claims::next_in_line(tx, register_key).await? {
            let to = next.state.after(Step::Promote).ok_or(Refusal::ClaimState)?;
            claims::step(tx, next.id, (next.state, to), at).await?;
        }
        Ok(())
    }
}

/// A claim of the person; anybody else's is not there.
pub(super) async fn mine(tx: &mut Tx, order: &Order, id: ClaimId) -> Result<Claim, Failure> {
    let account = order.account()?;
    let found = claims::find(tx, id).await?.filter(|claim| claim.account == account);
    found.ok_or(Failure::Refused(Refusal::ClaimUnknown))
}

pub(super) fn entry_of(held: &[Held]) -> Option<Entry> {
    held.iter().find_map(|h| match &h.value {
        Some(Value::Register(entry)) => Some(entry.clone()),
        _ => None,
    })
}

pub(super) fn claimant_context(id: ClaimId) -> String {
    format!("claimant/{id}")
}

pub(super) fn letter_context(id: ClaimId) -> String {
    format!("letter/{id}")
}
