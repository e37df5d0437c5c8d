//! Whose mailbox a person reads, by which right, and what each may see of a letter.

use siegel_crypto::DataKey;
use siegel_db::{StoreError, Tx};
use siegel_grpc::{Person, Program};
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_proto::organisation::v1::Action;
use siegel_receipt::{Actor, OnBehalfOf};

use super::acting::Acting;
use super::vault::{self, Head, pseudonym};
use super::{Postbox, Trouble};
use crate::domain::MailboxId;
use crate::domain::state::{Delivery, End, Ending, Refusal};
use crate::ports::access::{AccessError, Represented};
use crate::store::letters::LetterRow;
use crate::store::mailboxes::{self, Mailbox, Owner};

/// A letter is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("there is no such letter in this mailbox")]
    LetterUnknown,
    #[error("the letter needs the trust level {needed}")]
    TrustTooLow { needed: TrustLevel },
    #[error("the provision of the letter has ended")]
    ProvisionEnded,
    #[error("the content of the letter was deleted")]
    Purged,
    #[error("the letter was taken back")]
    Gone,
    #[error("the letter has ended")]
    Ended,
    #[error("the letter has been opened")]
    AlreadyOpened,
    #[error("only letters of formal service are confirmed or refused")]
    NotFormalService,
    #[error("the letter has not been opened")]
    NotOpened,
    #[error("there is no such attachment")]
    AttachmentUnknown,
    #[error("a virus was found in the attachment after it was accepted")]
    AttachmentBlocked,
    #[error("the letter has no such receipt")]
    ReceiptUnknown,
    #[error("the offset is beyond the end of the attachment")]
    OffsetBeyondEnd,
    #[error("the page token was not made here")]
    BadPageToken,
    #[error("the day is none")]
    BadDay,
    #[error("too many archives of attachments are being read")]
    TooManyArchives,
    #[error("too many streams of mailbox news are open")]
    TooManyWatchers,
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("the letter could not be read")]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl ReadError {
    /// The refusal as audit lines and callers know it.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::LetterUnknown => "LETTER_UNKNOWN",
            Self::TrustTooLow { .. } | Self::Access(AccessError::TrustTooLow { .. }) => {
                "TRUST_TOO_LOW"
            }
            Self::ProvisionEnded => "PROVISION_ENDED",
            Self::Gone => "LETTER_RECALLED",
            Self::Purged => "LETTER_PURGED",
            Self::Ended => "LETTER_ENDED",
            Self::AlreadyOpened => "LETTER_OPENED",
            Self::NotFormalService => "NOT_FORMAL_SERVICE",
            Self::NotOpened => "LETTER_NOT_OPENED",
            Self::AttachmentUnknown => "ATTACHMENT_UNKNOWN",
            Self::AttachmentBlocked => "ATTACHMENT_BLOCKED",
            Self::ReceiptUnknown => "RECEIPT_UNKNOWN",
            Self::OffsetBeyondEnd | Self::BadPageToken | Self::BadDay => "INVALID_FIELD",
            Self::TooManyArchives => "TOO_MANY_DOWNLOADS",
            Self::TooManyWatchers => "TOO_MANY_STREAMS",
            Self::Access(AccessError::Unknown) => "ORGANISATION_UNKNOWN",
            Self::Access(AccessError::NotRepresented) => "PERSON_UNKNOWN",
            Self::Access(AccessError::RightMissing { .. }) => "RIGHT_MISSING",
            Self::Access(AccessError::Down(_)) => "ORGANISATION_DOWN",
            Self::Trouble(_) => "failed",
        }
    }
}

/// Who reads.
#[derive(Clone, Debug)]
pub enum Who {
    Person(Person),
    /// Of an organisation; it reads for that, and for nobody else.
    Program(Program),
}

impl From<Person> for Who {
    fn from(person: Person) -> Self {
        Self::Person(person)
    }
}

impl Who {
    pub const fn level(&self) -> TrustLevel {
        match self {
            Self::Person(person) => person.level,
            Self::Program(_) => Program::LEVEL,
        }
    }

    /// The client through which it is done; a program is its own.
    pub fn client_id(&self) -> &str {
        match self {
            Self::Person(person) => &person.client_id,
            Self::Program(program) => &program.id,
        }
    }

    /// Tells one reader from all others; what receipts and the owners' view call them is made of it.
    pub fn key(&self) -> String {
        match self {
            Self::Person(person) => person.account.to_string(),
            Self::Program(program) => program.id.clone(),
        }
    }

    /// Actor of the audit trail.
    fn name(&self) -> String {
        match self {
            Self::Person(person) => format!("person:{}", siegel_grpc::audit_name(person.account)),
            Self::Program(program) => format!("program:{}", program.id),
        }
    }
}

/// A person, for themself, for an organisation, or for another person; or a program of an
/// organisation.
#[derive(Clone, Debug)]
pub struct Reader {
    pub who: Who,
    /// When the reading began, for what may be read only until a time.
    pub at: Timestamp,
    pub(super) acting: Option<Acting>,
}

impl Reader {
    pub const fn owner(&self) -> Owner {
        match (&self.acting, &self.who) {
            (Some(acting), _) => acting.whom.owner(),
            (None, Who::Person(person)) => Owner::Account(person.account),
            (None, Who::Program(program)) => Owner::Organisation(program.organisation),
        }
    }

    pub const fn acts_for_another(&self) -> bool {
        self.acting.is_some()
    }

    /// By which right somebody reads for another, `member:owner`.
    pub fn path(&self) -> Option<&str> {
        self.acting.as_ref().map(|acting| acting.way.path.as_str())
    }

    /// `mem_…` of a member who reads for their organisation; empty for all others.
    pub fn member(&self) -> &str {
        self.acting.as_ref().map_or("", |acting| acting.way.member.as_str())
    }

    /// The mandate by which somebody reads for another, and its version.
    pub fn mandate(&self) -> Option<&(String, i64)> {
        self.acting.as_ref().and_then(|acting| acting.way.mandate.as_ref())
    }

    /// Actor of the audit trail.
    pub fn name(&self) -> String {
        self.who.name()
    }

    /// Whom the audit line concerns.
    pub fn subject(&self) -> String {
        super::handles::audit_subject(self.owner())
    }

    /// Who reads, as a receipt of this letter names them.
    pub fn actor(&self, letter: &LetterRow, mailbox_key: &DataKey) -> Actor {
        let authenticated_at = match &self.who {
            Who::Person(person) => Some(person.authenticated_at.to_rfc3339()),
            Who::Program(_) => None,
        };
        Actor {
            role: "recipient".into(),
            pseudonym: Some(pseudonym(mailbox_key, &letter.sector, "act", &self.who.key())),
            trust_level: Some(self.who.level().number()),
            authenticated_at,
            client_id: Some(self.who.client_id().to_owned()),
        }
    }

    pub fn on_behalf_of(&self, letter: &LetterRow, mailbox_key: &DataKey) -> Option<OnBehalfOf> {
        let acting = self.acting.as_ref()?;
        let named = |who: String| Some(pseudonym(mailbox_key, &letter.sector, "for", &who));
        let (organisation, person) = match acting.whom {
            Represented::Organisation(id) | Represented::Mailbox(id, _) => {
                (named(id.to_string()), None)
            }
            Represented::Person(account) => (None, named(account.to_string())),
        };
        let way = &acting.way;
        let mandate = way.mandate.as_ref();
        Some(OnBehalfOf {
            organisation,
            person,
            path: way.path.clone(),
            path_digest: Some(way.path_digest.clone()).filter(|digest| !digest.is_empty()),
            mandate_id: mandate.map(|(id, _)| id.clone()),
            mandate_version: mandate.and_then(|(_, version)| u32::try_from(*version).ok()),
        })
    }

    /// Refuses content whose provision ended.
    pub fn check_time(&self, letter: &LetterRow) -> Result<(), ReadError> {
        if letter.is_withdrawn(self.at) {
            return Err(ReadError::ProvisionEnded);
        }
        Ok(())
    }

    /// Refuses what lies below the letter's level.
    pub fn check_reach(&self, letter: &LetterRow) -> Result<(), ReadError> {
        if self.who.level() < letter.required_level {
            return Err(ReadError::TrustTooLow { needed: letter.required_level });
        }
        if letter.required_level == TrustLevel::High && !self.may(Action::ReadHighMail) {
            return Err(AccessError::RightMissing { right: "read_high" }.into());
        }
        Ok(())
    }

    /// Refuses content below the letter's level, and content that was deleted.
    pub fn check_level(&self, letter: &LetterRow) -> Result<(), ReadError> {
        self.check_reach(letter)?;
        if letter.is_purged() {
            return Err(ReadError::Purged);
        }
        Ok(())
    }
}

/// A letter as a list or preview shows it.
#[derive(Clone, Debug)]
pub struct Summary {
    pub letter: LetterRow,
    /// Empty while hidden.
    pub authority: String,
    pub subject: String,
    pub case_id: String,
    pub labels: Vec<String>,
    pub can_open: bool,
    /// Formal service that waits for an answer.
    pub needs_answer: bool,
}

impl Postbox {
    /// The id of the reader's mailbox, if anybody ever opened one.
    pub async fn mailbox_id(&self, reader: &Reader) -> Result<Option<MailboxId>, ReadError> {
        let mut tx = self.db.read().await?;
        Ok(mailboxes::of_owner(&mut tx, reader.owner()).await?.map(|mailbox| mailbox.id))
    }

    /// The reader's mailbox, if anybody ever opened one.
    pub(super) async fn mailbox_of(
        &self,
        tx: &mut Tx,
        reader: &Reader,
    ) -> Result<Option<(Mailbox, DataKey)>, Trouble> {
        let Some(mailbox) = mailboxes::of_owner(tx, reader.owner()).await? else { return Ok(None) };
        let key = self.vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?;
        Ok(Some((mailbox, key)))
    }

    /// What stands on a letter, for whoever wrote it; nothing where there is no content.
    pub(super) async fn own_words(&self, tx: &mut Tx, letter: &LetterRow) -> Result<Head, Trouble> {
        if letter.is_purged() {
            return Ok(Head::default());
        }
        let mailbox = mailboxes::by_id(tx, letter.mailbox_id).await?;
        let mailbox = mailbox.ok_or(StoreError::corrupt("a letter's mailbox is gone"))?;
        head(&self.vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?, letter)
    }
}

pub(super) fn letter_key(mailbox_key: &DataKey, letter: &LetterRow) -> Result<DataKey, Trouble> {
    let mailbox = (letter.mailbox_id, mailbox_key);
    vault::letter_key(mailbox, letter.id, &letter.wrapped_key)
}

pub(super) fn head(mailbox_key: &DataKey, letter: &LetterRow) -> Result<Head, Trouble> {
    if letter.is_purged() {
        return Ok(Head::default());
    }
    let key = letter_key(mailbox_key, letter)?;
    vault::open_head(&key, letter.mailbox_id, letter.id, &letter.sealed_head)
}

/// What this reader may see before opening.
pub(super) fn summary(
    reader: &Reader,
    mailbox_key: &DataKey,
    letter: LetterRow,
) -> Result<Summary, Trouble> {
    let level_suffices = reader.check_reach(&letter).is_ok();
    let gone = matches!(
        letter.delivery()?,
        Delivery::Ended { end: End::ProvisionEnded | End::Recalled | End::Undeliverable, .. }
    ) || letter.is_purged();
    let needs_answer =
        matches!(letter.delivery()?, Delivery::Provided { ending: Ending::DeemedServed, .. });
    let mut summary = Summary {
        authority: String::new(),
        subject: String::new(),
        case_id: String::new(),
        labels: Vec::new(),
        can_open: level_suffices && !gone && !letter.is_withdrawn(reader.at),
        needs_answer,
        letter,
    };
    if level_suffices || !summary.letter.hide_preview {
        let row = &summary.letter;
        let head = head(mailbox_key, row)?;
        if let Some(sealed) = &row.sealed_labels {
            let key = letter_key(mailbox_key, row)?;
            summary.labels = vault::open_labels(&key, row.mailbox_id, row.id, sealed)?;
        }
        summary.authority.clone_from(&summary.letter.authority);
        summary.subject = head.subject;
        summary.case_id = head.case_id;
    }
    Ok(summary)
}

impl From<Refusal> for ReadError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::ProvisionEnded => Self::ProvisionEnded,
            Refusal::Gone => Self::Gone,
            Refusal::AlreadyEnded => Self::Ended,
            Refusal::AlreadyOpened => Self::AlreadyOpened,
            Refusal::NotFormalService => Self::NotFormalService,
            // A letter that is not there yet is not there.
            Refusal::NotProvided | Refusal::TooEarly => Self::LetterUnknown,
        }
    }
}
