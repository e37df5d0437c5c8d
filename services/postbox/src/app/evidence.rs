//! Signing what happened, in the transaction in which it happens.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siegel_crypto::{KeyError, TokenSigner, b64, hmac_sha256, sha256, sign_token};
use siegel_db::events::{self, NewEvent};
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;
use siegel_receipt::{
    Actor, Body, Claims, Disclosure, FORMAT, Instruction, Kind, LegalEffect, Notification,
    OnBehalfOf, Outage, ReceiptFile, Reply, Sender, ServiceUse, TYP, commitment, leaf,
};
use siegel_telemetry::metric;

use super::{Now, Postbox, Trouble};
use crate::domain::legal::{Effect, Rule};
use crate::domain::{LetterId, ReceiptId};
use crate::store::evidence::{self, EvidenceRow};
use crate::store::letters::LetterRow;
use crate::store::log;

/// Commitment to the handle the letter was sent to.
pub const RECIPIENT: &str = "recipient";
/// Commitment to the letter's place in its mailbox, `mbx_…/7`.
pub const MAILBOX_ENTRY: &str = "mailbox_entry";

/// The signing keys of evidence and where their public parts are found.
#[derive(Clone)]
pub struct Notary {
    /// In the order in which they take over; the first signs from the beginning.
    pub keys: Vec<NotaryKey>,
    pub origin: String,
}

/// A key that signs evidence from an instant on, until the next one does.
#[derive(Clone)]
pub struct NotaryKey {
    pub signer: Arc<dyn TokenSigner>,
    /// Empty for the first.
    pub active_from: Option<Timestamp>,
    /// Published as in use from then on: no verifier believes an earlier time.
    pub since: Timestamp,
}

impl Notary {
    /// The key that signs what is recorded at this instant.
    /// # Errors
    /// When there is none.
    pub fn key_at(&self, recorded: Timestamp) -> Result<&NotaryKey, KeyError> {
        let active = self.keys.iter().rev();
        let mut active = active.filter(|key| key.active_from.is_none_or(|from| from <= recorded));
        active.next().ok_or_else(|| KeyError::Keeper("no evidence key is active".into()))
    }

    /// Address of the published key set.
    pub fn jwks_uri(&self) -> String {
        format!("{}/log/keys.json", self.origin)
    }
}

/// Something that happened to a letter.
pub struct Fact {
    pub kind: Kind,
    pub event_at: Timestamp,
    pub actor: Actor,
    pub on_behalf_of: Option<OnBehalfOf>,
    pub legal_effect: Option<LegalEffect>,
    pub notification: Option<Notification>,
    pub attachment: Option<String>,
    /// Of the request that was refused.
    pub request_digest: Option<[u8; 32]>,
    pub declared: Declared,
    pub replaced_by: Option<LetterId>,
    pub reply: Option<Reply>,
    pub reason: Option<&'static str>,
    /// Declared times of unavailability that touch the letter's provision.
    pub outages: Vec<Outage>,
}

/// What the sender declared about instruction and choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    pub instruction: Option<Instruction>,
    pub service_use: Option<ServiceUse>,
}

impl Fact {
    /// Something the postbox itself did.
    pub fn by_service(kind: Kind, event_at: Timestamp) -> Self {
        let actor = Actor {
            role: "service".into(),
            pseudonym: None,
            trust_level: None,
            authenticated_at: None,
            client_id: None,
        };
        Self {
            kind,
            event_at,
            actor,
            on_behalf_of: None,
            legal_effect: None,
            notification: None,
            attachment: None,
            request_digest: None,
            declared: Declared::default(),
            replaced_by: None,
            reply: None,
            reason: None,
            outages: Vec::new(),
        }
    }
}

/// What the event stream keeps of an entry; the entry itself is read when the event is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pointer {
    pub mailbox: crate::domain::MailboxId,
    pub letter: crate::domain::LetterId,
    pub number: i64,
    /// State after the event.
    pub state: String,
}

impl Postbox {
    /// Signs a fact and stores it with its event. The caller saves `letter`, whose chain this
    /// moves on.
    pub async fn attest(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
        fact: Fact,
        now: Now,
    ) -> Result<EvidenceRow, Trouble> {
        let id = ReceiptId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let number = letter.evidence_count + 1;
        let (mut fact, mut now) = (fact, now);
        // Entries written in one use case share its time.
        if number > 1 && letter.accepted_at != now.legal {
            let last = evidence::times(tx, letter).await?;
            // A clock that was set back does not turn the order of a letter's entries around.
            now.recorded = last.recorded_at.map_or(now.recorded, |at| at.max(now.recorded));
            fact.event_at = last.event_at.map_or(fact.event_at, |at| at.max(fact.event_at));
        }
        let key = self.notary.key_at(now.recorded)?;
        // Nor does it name a time at which the key was not published yet.
        now.recorded = now.recorded.max(key.since);
        let (kind, event_at) = (fact.kind, fact.event_at);
        let claims = Claims {
            iss: self.notary.origin.clone(),
            iat: now.recorded.as_seconds(),
            jti: id.to_string(),
            sub: letter.id.to_string(),
            toe: event_at.as_seconds(),
            events: BTreeMap::from([(kind.event_uri(), body(letter, fact, number, now)?)]),
        };
        let jws = sign_token(key.signer.as_ref(), Some(TYP), &claims)?;
        metric::RECEIPTS_SIGNED.count([kind.as_str()]);
        let leaf_salt: [u8; 32] = self.entropy.array()?;
        let row = EvidenceRow {
            mailbox_id: letter.mailbox_id,
            letter_id: letter.id,
            number,
            id,
            kind: kind.as_str().to_owned(),
            leaf: leaf(&leaf_salt, &jws).to_vec(),
            leaf_salt: leaf_salt.to_vec(),
            key_id: key.signer.kid().to_owned(),
            event_at,
            recorded_at: now.recorded,
            jws,
        };
        evidence::add(tx, &row).await.map_err(refused)?;
        log::enqueue(tx, &row).await?;
        if kind == Kind::Provided {
            self.move_head(tx, letter, &row).await?;
        }
        letter.evidence_count = number;
        letter.last_evidence = Some(sha256(row.jws.as_bytes()).to_vec());
        let pointer = Pointer {
            mailbox: letter.mailbox_id,
            letter: letter.id,
            number,
            state: letter.state.clone(),
        };
        let event = NewEvent {
            topic: &letter.topic(),
            kind: kind.as_str(),
            payload: serde_json::to_vec(&pointer)?,
            occurred_at: event_at,
        };
        events::append(tx, &event).await?;
        self.tell_mailbox(tx, letter, kind.as_str(), event_at).await?;
        Ok(row)
    }

    /// The receipt file of an entry as one of the parties may have it.
    pub fn receipt(&self, letter: &LetterRow, row: &EvidenceRow, party: Party) -> ReceiptFile {
        let disclosed = match party {
            Party::Sender => Some((RECIPIENT, letter.handle_id.to_string())),
            Party::Recipient => entry_mailbox(letter)
                .filter(|_| row.kind != Kind::Accepted.as_str())
                .map(|entry| (MAILBOX_ENTRY, entry)),
        };
        let disclosed = disclosed.map(|(name, value)| {
            let salt = b64::encode(hmac_sha256(&letter.commitment_salt, name.as_bytes()));
            (name.to_owned(), Disclosure { salt, value })
        });
        ReceiptFile {
            format: FORMAT.to_owned(),
            jws: row.jws.clone(),
            leaf_salt: b64::encode(&row.leaf_salt),
            jwks_uri: self.notary.jwks_uri(),
            disclosed: disclosed.into_iter().collect(),
            log: None,
        }
    }
}

/// Says what to do when no entry was stored because its key has ended.
pub fn refused(error: StoreError) -> Trouble {
    if evidence::is_ended_key(&error) {
        let replaced = "another evidence key has taken over: restart with the settings of today";
        return KeyError::Keeper(replaced.into()).into();
    }
    error.into()
}

/// Whose copy of a receipt it is: a sender's copy never shows a place in the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    Sender,
    Recipient,
}

/// `mbx_…/7`: the letter's place in its mailbox, once it has one.
pub fn entry_mailbox(letter: &LetterRow) -> Option<String> {
    letter.sequence.map(|sequence| format!("{}/{sequence}", letter.mailbox_id))
}

fn body(letter: &LetterRow, fact: Fact, number: i64, now: Now) -> Result<Body, Trouble> {
    let commit = |name: &str, value: &str| {
        let salt = hmac_sha256(&letter.commitment_salt, name.as_bytes());
        (name.to_owned(), commitment(&salt, value))
    };
    let mut commitments = BTreeMap::from([commit(RECIPIENT, &letter.handle_id.to_string())]);
    if let Some(entry) = entry_mailbox(letter) {
        commitments.extend([commit(MAILBOX_ENTRY, &entry)]);
    }
    Ok(Body {
        kind: fact.kind,
        etsi_event: fact.kind.etsi_event().map(str::to_owned),
        content_digest: b64::encode(&letter.content_digest),
        attachment_digests: letter.attachment_digests.chunks(32).map(b64::encode).collect(),
        event_time: fact.event_at.to_rfc3339(),
        recorded_time: now.recorded.to_rfc3339(),
        clock_moved: now.moved,
        number: u32::try_from(number).map_err(|_| Trouble::Contradiction("evidence_count"))?,
        previous: letter.last_evidence.as_ref().map(b64::encode),
        sender: Sender {
            tenant: letter.tenant.clone(),
            client_id: letter.client_id.clone(),
            authority: letter.authority.clone(),
            ars: letter.ars.clone(),
            service_id: letter.service_id.clone(),
        },
        required_level: letter.required_level.number(),
        actor: fact.actor,
        on_behalf_of: fact.on_behalf_of,
        legal_effect: fact.legal_effect,
        notification: fact.notification,
        attachment: fact.attachment,
        request_digest: fact.request_digest.map(b64::encode),
        instruction: fact.declared.instruction,
        service_use: fact.declared.service_use,
        replaced_by: fact.replaced_by.map(|letter| letter.to_string()),
        reply: fact.reply,
        reason: fact.reason.map(str::to_owned),
        outages: fact.outages,
        commitments,
    })
}

/// The one entry of a kind that happens once.
pub async fn entry_of(tx: &mut Tx, letter: &LetterRow, kind: Kind) -> Result<EvidenceRow, Trouble> {
    let rows = evidence::of_letter(tx, letter.mailbox_id, letter.id).await?;
    let found = rows.into_iter().find(|e| e.kind == kind.as_str());
    found.ok_or(Trouble::Contradiction("a letter has no entry of what happened to it"))
}

/// The entry of a letter's first opening, by whoever.
pub async fn opening_of(tx: &mut Tx, letter: &LetterRow) -> Result<EvidenceRow, Trouble> {
    let openings = [Kind::Opened, Kind::OpenedByDelegate].map(Kind::as_str);
    let rows = evidence::of_letter(tx, letter.mailbox_id, letter.id).await?;
    let found = rows.into_iter().find(|e| openings.contains(&e.kind.as_str()));
    found.ok_or(Trouble::Contradiction("an opened letter has no entry of its opening"))
}

/// An effect of the legal clock as receipts show it.
pub fn in_receipt(rule: &Rule, effect: &Effect) -> LegalEffect {
    LegalEffect {
        rule: rule.id.clone(),
        legal_basis: rule.legal_basis.clone(),
        law: rule.law.clone(),
        effect: effect.outcome.as_str().to_owned(),
        day0_event: effect.day0_event.as_str().to_owned(),
        day0: effect.day0.to_string(),
        days: effect.days,
        shift: rule.shift.as_str().to_owned(),
        calendar: effect.calendar.map(str::to_owned),
        day: effect.day.to_string(),
        confirmed_by_operator: rule.confirmed_by_operator,
    }
}
