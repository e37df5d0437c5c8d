//! Delivering a letter: checks, upload, then one transaction with the letter, its evidence, its
//! events, its notification order and the answer.

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use siegel_db::audit::{self, Entry};
use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request};
use siegel_kernel::berlin::LegalDay;
use siegel_receipt::ReceiptFile;
use siegel_telemetry::metric;

use super::adopt::{self, Adopted};
use super::evidence::Party;
use super::handles::audit_subject;
use super::opt_outs;
use super::quota::Policy;
use super::upload::{Place, UploadedBy};
use super::write::{Draft, sender_part};
use super::{Now, Postbox, Trouble, quota};
use crate::domain::attachment::{self, Declaration};
use crate::domain::canon::{Content, request_digest};
use crate::domain::holidays::Land;
use crate::domain::legal::{self, OnNoRetrieval};
use crate::domain::letter::{DeliveryType, Letter, Violation};
use crate::domain::upload::Owner;
use crate::domain::{LetterId, MailboxId, UploadId};
use crate::ports::scanner::ScannerError;
use crate::store::evidence::EvidenceRow;
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes::{self, Mailbox};
use crate::store::senders::{self, Sender};
use crate::store::{attachments, resumable, rules, uploads};

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

/// A letter that is not delivered. Nothing of it is stored.
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
    #[error("the letter could not be stored")]
    Trouble(#[from] Trouble),
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
}

/// What is kept beside the request id: enough to give the same answer again.
#[derive(Serialize, Deserialize)]
struct Answer {
    mailbox: MailboxId,
    letter: LetterId,
    state: String,
    announced_on: String,
    receipts: usize,
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
        let (sender, mailbox, adopted) = match self.look(who, order, &key, now).await? {
            Look::Again(answer) => return self.again(&answer).await,
            Look::Fresh(found) => *found,
        };
        let admission = self.admit(who, 1, quota::weighs(order, &adopted)).await?;
        let id =
            LetterId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
        let letter_key = self.vault.new_key()?;
        let turner = admission.turner(who, order.letter.bulk);
        let place = Place { mailbox: mailbox.id, letter: id, letter_key: &letter_key, turner };
        let by = UploadedBy { tenant: &who.tenant, name: &who.name };
        let mut uploaded = self.upload_by(&by, &place, &order.attachments, content).await?;
        let objects: Vec<String> = uploaded.rows.iter().map(|a| a.object_key.clone()).collect();
        self.adopt(&place, &adopted, &mut uploaded)?;
        let declared = adopt::declarations(&order.attachments, &adopted);
        let content = Content::new(&id.to_string(), sender_part(&sender), &order.letter, &declared);
        let draft = Draft { id, key: &letter_key, content, uploaded };
        let outcome = match self.lanes.turn(turner).await {
            Ok(_turn) => {
                let parts = (&sender, draft, admission.policy());
                self.deliver(who, order, &key, parts).await
            }
            Err(full) => Err(full.into()),
        };
        match outcome {
            Ok(Delivered::Now(submitted)) => {
                admission.keep();
                self.feed.committed();
                self.outbox.committed();
                Ok(submitted)
            }
            Ok(Delivered::Before(answer)) => {
                self.discard(&objects).await;
                self.again(&answer).await
            }
            Err(Undelivered { error, uncertain }) => {
                // After a commit whose outcome is unknown the objects may be part of a letter.
                if uncertain {
                    admission.keep();
                } else {
                    self.discard(&objects).await;
                }
                Err(error)
            }
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
        // Before the transaction: two connections at a time for one call can lock up the pool.
        let policy = self.policy().await?;
        let mut tx = self.db.read().await?;
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
        attachment::check(&adopt::declarations(&order.attachments, &adopted), &limits)?;
        policy.class(&who.tenant, &order.letter.retention_class)?;
        let mailbox = mailboxes::by_handle(&mut tx, order.letter.handle, &sender.sector).await?;
        let mailbox = mailbox.ok_or(SubmitError::RecipientUnknown)?;
        check_rule(&mut tx, &sender, &order.letter, now).await?;
        let to = (mailbox.id, sender.client_id.as_str());
        opt_outs::check(&mut tx, to, &order.letter, now).await?;
        self.check_related(&mut tx, who, mailbox.id, &order.letter).await?;
        Ok(Look::Fresh(Box::new((sender, mailbox, adopted))))
    }

    /// The one transaction.
    async fn deliver(
        &self,
        who: &SenderClient,
        order: &Order,
        key: &IdempotencyKey<'_>,
        (sender, draft, policy): (&Sender, Draft<'_>, &Policy),
    ) -> Result<Delivered, Undelivered> {
        let mut tx = self.db.begin().await?;
        // Read behind the write lock: times in the order of commits, as far as one writer goes.
        let now = self.now();
        match begin_request(&mut tx, key, now.recorded).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(answer) => return Ok(Delivered::Before(answer)),
            Attempt::Conflict => return Err(SubmitError::RequestIdReused.into()),
        }
        // Again: the handle may have been revoked during the upload.
        let mailbox = mailboxes::by_handle(&mut tx, order.letter.handle, &sender.sector).await?;
        let mailbox = mailbox.ok_or(SubmitError::RecipientUnknown)?;
        let to = (mailbox.id, sender.client_id.as_str());
        opt_outs::check(&mut tx, to, &order.letter, now).await?;
        let replaced = self.take_replaced(&mut tx, who, mailbox.id, (order, now)).await?;
        for upload in &draft.uploaded.adopted {
            if !resumable::take(&mut tx, *upload).await? {
                return Err(SubmitError::UploadUnknown.into());
            }
        }
        for row in &draft.uploaded.rows {
            if !uploads::attach(&mut tx, &row.object_key).await? {
                return Err(Trouble::Contradiction("an upload was swept away").into());
            }
            attachments::add(&mut tx, row).await?;
        }
        self.keep_reminder(&mut tx, (mailbox.id, draft.id), &order.letter, now).await?;
        let written = self.write(&mut tx, (sender, &mailbox), &order.letter, (&draft, now)).await?;
        let (letter, sealed_content, rows) = written.ok_or(SubmitError::RecipientUnknown)?;
        if let Some(old) = replaced {
            self.replace(&mut tx, who, old, (&letter, order, now)).await?;
        }
        letters::add(&mut tx, &letter, &sealed_content).await?;
        let tag = self.vault.sent_case_tag(who, &order.letter.case_id);
        letters::add_sent(&mut tx, &letter, &order.request_id, tag.as_deref()).await?;
        let class = order.letter.retention_class.as_str();
        self.order_retention(&mut tx, &letter, (policy, class)).await?;
        let subject = audit_subject(mailbox.owner());
        let entry = Entry {
            kind: "postbox.letter.submitted",
            actor: &who.name,
            subject: &subject,
            level: None,
            outcome: "done",
            request_id: &order.request_id,
            detail: &letter.id.to_string(),
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        let answer = Answer {
            mailbox: letter.mailbox_id,
            letter: letter.id,
            state: letter.state.clone(),
            announced_on: letter.announced_on.clone().unwrap_or_default(),
            receipts: rows.len(),
        };
        let bytes = serde_json::to_vec(&answer).map_err(Trouble::from)?;
        finish_request(&mut tx, key, &bytes).await?;
        tx.commit().await.map_err(|e| Undelivered { error: e.into(), uncertain: true })?;
        metric::LETTERS_ACCEPTED.count([&letter.delivery_type]);
        Ok(Delivered::Now(self.submitted(&letter, answer, rows)))
    }

    /// The answer given before, from what is stored.
    async fn again(&self, bytes: &[u8]) -> Result<Submitted, SubmitError> {
        let answer: Answer = serde_json::from_slice(bytes).map_err(Trouble::from)?;
        let mut tx = self.db.read().await?;
        let letter = letters::get(&mut tx, answer.mailbox, answer.letter).await?;
        let letter = letter.ok_or(Trouble::Contradiction("an answered letter is gone"))?;
        let mut rows =
            crate::store::evidence::of_letter(&mut tx, answer.mailbox, answer.letter).await?;
        rows.truncate(answer.receipts);
        Ok(self.submitted(&letter, answer, rows))
    }

    fn submitted(&self, letter: &LetterRow, answer: Answer, rows: Vec<EvidenceRow>) -> Submitted {
        let file = |row: EvidenceRow| {
            let file = self.receipt(letter, &row, Party::Sender);
            (row, file)
        };
        Submitted {
            letter: answer.letter,
            state: answer.state,
            announced_on: answer.announced_on,
            receipts: rows.into_iter().map(file).collect(),
        }
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

pub(super) enum Look {
    Fresh(Box<(Sender, Mailbox, Vec<Adopted>)>),
    Again(Vec<u8>),
}

enum Delivered {
    Now(Submitted),
    Before(Vec<u8>),
}

struct Undelivered {
    error: SubmitError,
    /// Whether the transaction may have been committed after all.
    uncertain: bool,
}

impl<E: Into<SubmitError>> From<E> for Undelivered {
    fn from(error: E) -> Self {
        Self { error: error.into(), uncertain: false }
    }
}
