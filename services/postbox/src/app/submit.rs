//! Submitting a letter: checks, upload, then its turn to be written ([`super::press`]).

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx};
use siegel_kernel::berlin::LegalDay;
use siegel_receipt::ReceiptFile;

use super::adopt::{self, Adopted};
use super::deliver::Prepared;
use super::opt_outs;
use super::press::{Delivered, Job, Undelivered};
use super::reject::{Refused, Rejected};
use super::upload::{Place, UploadedBy};
use super::write::{Draft, sender_part};
use super::{Now, Postbox, Trouble, quota};
use crate::domain::attachment::{self, Declaration};
use crate::domain::canon::{Content, request_digest};
use crate::domain::holidays::Land;
use crate::domain::legal::{self, OnNoRetrieval};
use crate::domain::letter::{DeliveryType, Letter, Violation};
use crate::domain::rejection::Rejection;
use crate::domain::upload::Owner;
use crate::domain::{LetterId, MailboxId, UploadId};
use crate::ports::scanner::ScannerError;
use crate::store::evidence::EvidenceRow;
use crate::store::mailboxes;
use crate::store::rules;
use crate::store::senders::{self, Sender};

/// The calling client, as the guard established it.
#[derive(Clone, Debug)]
pub struct SenderClient {
    pub client_id: String,
    pub tenant: String,
    /// Scope of request ids and actor of the audit trail.
    pub name: String,
}

/// A letter to deliver.
#[derive(Clone, Debug)]
pub struct Order {
    pub request_id: String,
    pub letter: Letter,
    pub attachments: Vec<Declaration>,
    /// Attachments behind these whose bytes came before.
    pub uploads: Vec<UploadId>,
    /// The letter that `letter.replaces` names is taken back.
    pub recalls: bool,
}

/// A delivered letter: what the answer says.
#[derive(Clone, Debug)]
pub struct Submitted {
    pub letter: LetterId,
    pub state: String,
    /// Empty when no day is certain.
    pub announced_on: String,
    pub receipts: Vec<(EvidenceRow, ReceiptFile)>,
}

/// A letter that is not delivered. Nothing of it is stored, unless it is `Rejected`.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    #[error("the request is malformed")]
    Malformed(Vec<Violation>),
    #[error("the client is not registered as a sender")]
    SenderUnknown,
    #[error("there is no such recipient")]
    RecipientUnknown,
    #[error("there is no such legal basis on this day")]
    LegalBasisUnknown,
    #[error("the recipient excluded announcements in the postbox")]
    Excluded,
    #[error("the recipient wants no letters from this sender in the postbox")]
    OptedOut,
    #[error("the letter to be replaced has been opened")]
    ReplacedOpened,
    #[error("the letter to be replaced has ended")]
    ReplacedEnded,
    #[error("the letter was replaced before")]
    ReplacedBefore,
    #[error(transparent)]
    Attachments(#[from] attachment::Refusal),
    #[error("attachments of more than {limit} bytes in all are streamed, not sent inline")]
    InlineTooLarge { limit: usize },
    #[error("the content of attachment {index} does not have the declared SHA-256")]
    DigestMismatch { index: usize },
    #[error("the content of attachment {index} is not of the declared media type")]
    MediaTypeMismatch { index: usize },
    #[error("the content of attachment {index} is infected")]
    Infected { index: usize },
    #[error("attachment {index} is an archive that does not say honestly what it holds")]
    ArchiveUnsafe { index: usize },
    #[error("attachments cannot be scanned for viruses now")]
    Scanner(#[from] ScannerError),
    #[error("there is no such upload")]
    UploadUnknown,
    #[error("an upload is not complete")]
    UploadIncomplete,
    #[error("the stream ended before all attachments were there")]
    StreamIncomplete,
    #[error("the tenant has no such retention class")]
    RetentionClassUnknown,
    #[error("the sender's quota is used up")]
    QuotaExceeded {
        /// `letters` or `bytes`.
        what: &'static str,
        limit: i64,
        retry_in: Duration,
    },
    #[error("too many letters wait in this lane")]
    LaneFull,
    #[error("the request id was used for another letter")]
    RequestIdReused,
    /// The one refusal that leaves something: a receipt.
    #[error(transparent)]
    Rejected(Box<Rejected>),
    #[error("the letter could not be stored")]
    Trouble(#[from] Trouble),
}

impl From<Rejection> for SubmitError {
    fn from(cause: Rejection) -> Self {
        match cause {
            Rejection::RecipientUnknown => Self::RecipientUnknown,
            Rejection::OptedOut => Self::OptedOut,
            Rejection::Infected { index } => Self::Infected { index },
        }
    }
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl SubmitError {
    pub fn field(field: &str, problem: &'static str) -> Self {
        Self::Malformed(vec![Violation::new(field, problem)])
    }

    /// Why a letter in order is refused, where that is the case.
    pub(super) const fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::RecipientUnknown => Some(Rejection::RecipientUnknown),
            Self::OptedOut => Some(Rejection::OptedOut),
            Self::Infected { index } => Some(Rejection::Infected { index: *index }),
            _ => None,
        }
    }
}

impl Postbox {
    /// Delivers a letter; `content` is the attachments' bytes in order.
    #[tracing::instrument(name = "postbox.submit", skip_all)]
    pub async fn submit<S>(
        &self,
        who: &SenderClient,
        order: &Order,
        content: S,
    ) -> Result<Submitted, SubmitError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let now = self.now();
        let digest = request_digest(&order.letter, &order.attachments, order.recalls)
            .map_err(Trouble::from)?;
        let digest = adopt::digest(digest, &order.uploads);
        let key = IdempotencyKey { caller: &who.name, request_id: &order.request_id, digest };
        let found = match self.look(who, order, &key, now).await? {
            Look::Again(answer) => return self.again(&answer).await,
            Look::Fresh(found) => *found,
        };
        let outcome = match found.mailbox {
            Ok(mailbox) => self.take_in((who, order, digest), (&found, mailbox), content).await,
            Err(cause) => Err(cause.into()),
        };
        let Some(cause) = outcome.as_ref().err().and_then(SubmitError::rejection) else {
            return outcome;
        };
        let refused =
            Refused { key, who, order, sender: &found.sender, declared: &found.declared, cause };
        Err(self.reject(&refused).await)
    }

    /// Takes a letter that was looked at.
    async fn take_in<S>(
        &self,
        (who, order, digest): (&SenderClient, &Order, [u8; 32]),
        (found, mailbox): (&Found, MailboxId),
        content: S,
    ) -> Result<Submitted, SubmitError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let Found { sender, adopted, declared, .. } = found;
        let admission = self.admit(who, 1, quota::weighs(order)).await?;
        let id =
            LetterId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
        let letter_key = self.vault.new_key()?;
        let turner = admission.turner(who, order.letter.bulk);
        let place = Place { mailbox, letter: id, letter_key: &letter_key, turner };
        let by = UploadedBy { tenant: &who.tenant, name: &who.name };
        let mut uploaded = self.upload_by(&by, &place, &order.attachments, content).await?;
        let objects: Vec<String> = uploaded.rows.iter().map(|a| a.object_key.clone()).collect();
        self.adopt(&place, adopted, &mut uploaded)?;
        let content = Content::new(&id.to_string(), sender_part(sender), &order.letter, declared);
        let turn = match self.lanes.turn(turner).await {
            Ok(turn) => turn,
            Err(full) => {
                self.discard(&objects).await;
                return Err(full);
            }
        };
        let prepared = Prepared {
            who: who.clone(),
            order: order.clone(),
            digest,
            sender: sender.clone(),
            mailbox,
            draft: Draft { id, key: letter_key, content, uploaded },
            policy: admission.policy(),
        };
        match self.press(Job::new(prepared, admission, turn)).await {
            Ok(Delivered::Now(submitted)) => Ok(*submitted),
            Ok(Delivered::Before(answer)) => {
                self.discard(&objects).await;
                self.again(&answer).await
            }
            Err(Undelivered::Refused(error)) => {
                self.discard(&objects).await;
                Err(error)
            }
            // The objects may be part of a letter after all.
            Err(Undelivered::Uncertain(error)) => Err(error),
        }
    }

    /// What a sender hears about a recipient that does not even look like one.
    pub async fn unknown_recipient(&self, who: &SenderClient) -> SubmitError {
        match self.is_sender(who).await {
            Ok(true) => SubmitError::RecipientUnknown,
            Ok(false) => SubmitError::SenderUnknown,
            Err(error) => error.into(),
        }
    }

    async fn is_sender(&self, who: &SenderClient) -> Result<bool, StoreError> {
        let mut tx = self.db.read().await?;
        Ok(senders::find(&mut tx, &who.client_id, &who.tenant).await?.is_some())
    }

    /// Everything that can be refused before the first byte is taken.
    pub(super) async fn look(
        &self,
        who: &SenderClient,
        order: &Order,
        key: &IdempotencyKey<'_>,
        now: Now,
    ) -> Result<Look, SubmitError> {
        if order.request_id.is_empty() || order.request_id.chars().count() > 128 {
            return Err(SubmitError::field("request_id", "must have 1 to 128 characters"));
        }
        let violations = order.letter.violations(now.legal);
        if !violations.is_empty() {
            return Err(SubmitError::Malformed(violations));
        }
        if order.recalls && order.letter.replaces.is_none() {
            return Err(SubmitError::field("letter.replaces", "must name a letter"));
        }
        // Before the transaction: two connections at a time for one call can lock up the pool.
        let policy = self.policy().await?;
        // Only looks: what counts is asked again in the transaction.
        let mut tx = self.db.glance().await?;
        let sender = senders::find(&mut tx, &who.client_id, &who.tenant).await?;
        let sender = sender.ok_or(SubmitError::SenderUnknown)?;
        match siegel_db::seen_request(&mut tx, key).await? {
            Some(Attempt::Repeated(answer)) => return Ok(Look::Again(answer)),
            Some(Attempt::Conflict) => return Err(SubmitError::RequestIdReused),
            Some(Attempt::Fresh) | None => {}
        }
        let owner = Owner::Sender { tenant: who.tenant.clone(), client_id: who.client_id.clone() };
        let limits = policy.attachments(&who.tenant, self.limits.of_tenant(&who.tenant));
        // Before each of them is looked for.
        attachment::check_count(order.attachments.len() + order.uploads.len(), &limits)?;
        let adopted = self.find_adopted(&mut tx, &owner, &order.uploads).await?;
        let declared = adopt::declarations(&order.attachments, &adopted);
        attachment::check(&declared, &limits)?;
        policy.class(&who.tenant, &order.letter.retention_class)?;
        // What is wrong with the letter itself comes before whom it goes to.
        check_rule(&mut tx, &sender, &order.letter, now).await?;
        let mailbox = match self.recipient(&mut tx, (who, &sender), &order.letter, now).await {
            Ok(mailbox) => Ok(mailbox),
            Err(error) => Err(error.rejection().ok_or(error)?),
        };
        Ok(Look::Fresh(Box::new(Found { sender, adopted, declared, mailbox })))
    }

    /// The mailbox that a letter goes to.
    async fn recipient(
        &self,
        tx: &mut Tx,
        (who, sender): (&SenderClient, &Sender),
        letter: &Letter,
        now: Now,
    ) -> Result<MailboxId, SubmitError> {
        let mailbox = mailboxes::by_handle(tx, letter.handle, &sender.sector).await?;
        let mailbox = mailbox.ok_or(SubmitError::RecipientUnknown)?.id;
        opt_outs::check(tx, (mailbox, sender.client_id.as_str()), letter, now).await?;
        self.check_related(tx, who, mailbox, letter).await?;
        Ok(mailbox)
    }
}

/// The named rule exists on the day of provision and fits the kind of letter.
pub(super) async fn check_rule(
    tx: &mut Tx,
    sender: &Sender,
    letter: &Letter,
    now: Now,
) -> Result<(), SubmitError> {
    let Some(basis) = &letter.legal_basis else { return Ok(()) };
    if letter.service_use.as_ref().is_some_and(|choice| choice.excluded) {
        return Err(SubmitError::Excluded);
    }
    let rows = rules::of_basis(tx, basis).await?;
    let day = LegalDay::of(letter.publish_at.map_or(now.legal, |at| at.max(now.legal)));
    let rule = legal::in_force(&rows, basis, day).ok_or(SubmitError::LegalBasisUnknown)?;
    // What the law wants retrievable is retrievable: until a fiction came true, or (VwVfG
    // § 41(2a)) for all of the ten days.
    let land = Land::of_ars(&sender.ars);
    if letter.retrieve_until.is_some_and(|u| u < rule.on_provision(day, land).holds_from()) {
        let problem = "must not be before the end that the legal basis sets";
        return Err(SubmitError::field("letter.retrieve_until", problem));
    }
    let serves = rule.on_no_retrieval == OnNoRetrieval::DeemedServed;
    match (serves, letter.delivery_type == DeliveryType::FormalService) {
        (true, false) => {
            Err(SubmitError::field("letter.legal_basis", "is a rule for formal service"))
        }
        (false, true) => {
            Err(SubmitError::field("letter.legal_basis", "is no rule for formal service"))
        }
        _ => Ok(()),
    }
}

/// A letter in order, and what there is about it.
pub(super) struct Found {
    pub sender: Sender,
    pub adopted: Vec<Adopted>,
    /// All attachments, those that came before as well.
    pub declared: Vec<Declaration>,
    /// Where it goes, or why it does not.
    pub mailbox: Result<MailboxId, Rejection>,
}

pub(super) enum Look {
    Fresh(Box<Found>),
    Again(Vec<u8>),
}
