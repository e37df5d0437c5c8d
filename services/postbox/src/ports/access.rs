//! Asks `organisation` whether a person may act for an organisation or another person.

use siegel_grpc::{Party, Person, Siblings};
use siegel_kernel::{AccountId, OrganisationId, OrganisationMailboxId, TrustLevel};
use siegel_proto::common::v1 as common;
use siegel_proto::convert;
use siegel_proto::organisation::v1::access_service_client::AccessServiceClient;
use siegel_proto::organisation::v1::mailbox_directory_service_client::MailboxDirectoryServiceClient;
use siegel_proto::organisation::v1::{
    AccessAnswer, AccessQuestion, AccessScope, Action, CheckAccessRequest,
    ListReadableMailboxesRequest, ReadableMailbox,
};

use crate::app::reader::Who;
use crate::store::mailboxes::Owner;

/// Questions in one call.
const AT_ONCE: usize = 1_000;
/// The reason that says: there is a mandate, but not for all of this.
const LIMITED: &str = "MANDATE_SCOPE";

/// The question has no answer, or not the one hoped for.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("there is no such organisation for this person")]
    Unknown,
    #[error("there is no such person whom this one represents")]
    NotRepresented,
    #[error("acting for others needs the trust level {needed}")]
    TrustTooLow { needed: TrustLevel },
    #[error("the right `{right}` in this mailbox is missing")]
    RightMissing { right: &'static str },
    #[error("the service `organisation` cannot be asked")]
    Down(#[source] Box<tonic::Status>),
}

/// Whose mailbox a request is about, when it is not the caller's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Represented {
    Organisation(OrganisationId),
    /// A mailbox of an organisation beside its central one.
    Mailbox(OrganisationId, OrganisationMailboxId),
    Person(AccountId),
}

impl From<Party> for Represented {
    fn from(party: Party) -> Self {
        match party {
            Party::Organisation(id) => Self::Organisation(id),
            Party::Person(account) => Self::Person(account),
        }
    }
}

impl Represented {
    /// Whether it is this party, or a mailbox of this organisation.
    pub fn is_of(self, party: Self) -> bool {
        match self {
            Self::Mailbox(organisation, _) => party == Self::Organisation(organisation),
            Self::Organisation(_) | Self::Person(_) => self == party,
        }
    }

    pub const fn owner(self) -> Owner {
        match self {
            Self::Organisation(id) => Owner::Organisation(id),
            Self::Mailbox(id, mailbox) => Owner::Beside(id, mailbox),
            Self::Person(account) => Owner::Account(account),
        }
    }

    /// To those who may do nothing, none of them exists.
    pub const fn unknown(self) -> AccessError {
        match self {
            Self::Organisation(_) | Self::Mailbox(..) => AccessError::Unknown,
            Self::Person(_) => AccessError::NotRepresented,
        }
    }
}

/// By which way somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// `member:owner`
    pub path: String,
    pub path_digest: String,
    /// `mnd_…` and its version.
    pub mandate: Option<(String, i64)>,
    pub by_substitution: bool,
    /// `mem_…`; empty for those who are no members.
    pub member: String,
}

impl Way {
    /// Somebody acts in the place of whoever has the right themself.
    pub const fn is_delegate(&self) -> bool {
        self.mandate.is_some() || self.by_substitution
    }
}

/// An answer to one question.
#[derive(Clone, Debug)]
pub enum Ruling {
    Allowed(Way),
    /// There is a mandate that may allow it for some letters.
    Limited,
    TrustTooLow(TrustLevel),
    Denied,
}

impl Ruling {
    fn of(answer: AccessAnswer) -> Self {
        if !answer.allowed {
            return match convert::level(answer.needed_level) {
                Some(needed) if answer.reason == "TRUST_TOO_LOW" => Self::TrustTooLow(needed),
                _ if answer.reason == LIMITED => Self::Limited,
                _ => Self::Denied,
            };
        }
        let mandate = (answer.mandate_id, answer.mandate_version);
        Self::Allowed(Way {
            path: answer.path,
            path_digest: answer.path_digest,
            mandate: Some(mandate).filter(|(id, _)| !id.is_empty()),
            by_substitution: answer.by_substitution,
            member: answer.member_id,
        })
    }

    pub fn way(self) -> Option<Way> {
        match self {
            Self::Allowed(way) => Some(way),
            Self::Limited | Self::TrustTooLow(_) | Self::Denied => None,
        }
    }
}

/// A question about everything in a mailbox, or about one letter.
pub fn question(
    who: &Who,
    whom: Represented,
    action: Action,
    letter: Option<AccessScope>,
) -> AccessQuestion {
    let mut question = AccessQuestion {
        action: action.into(),
        session_level: common::TrustLevel::from(who.level()).into(),
        about: Some(letter.unwrap_or_default()),
        ..AccessQuestion::default()
    };
    match who {
        Who::Person(person) => {
            question.account_id = person.account.to_string();
            // By the very right that was chosen, where it was one of several.
            let chosen = person.acting_for.as_ref().and_then(|chosen| chosen.mandate.clone());
            question.mandate_id = chosen.unwrap_or_default();
        }
        Who::Program(program) => question.system_user_id.clone_from(&program.id),
    }
    match whom {
        Represented::Organisation(id) => question.organisation_id = id.to_string(),
        Represented::Mailbox(id, mailbox) => {
            question.organisation_id = id.to_string();
            let about = question.about.get_or_insert_default();
            about.mailbox_id = mailbox.to_string();
        }
        Represented::Person(account) => question.principal_account_id = account.to_string(),
    }
    question
}

/// One ruling per question, in the same order.
pub async fn ask(
    siblings: &Siblings,
    questions: Vec<AccessQuestion>,
) -> Result<Vec<Ruling>, AccessError> {
    let mut client = AccessServiceClient::new(siblings.channel("organisation"));
    let mut rulings = Vec::with_capacity(questions.len());
    for questions in questions.chunks(AT_ONCE) {
        let asked = questions.len();
        let request = CheckAccessRequest { questions: questions.to_vec() };
        let answers = client.check_access(request).await.map_err(down)?.into_inner().answers;
        rulings.extend(answers.into_iter().map(Ruling::of).take(asked));
    }
    // A question without an answer is one that was answered with no.
    rulings.resize(questions.len(), Ruling::Denied);
    Ok(rulings)
}

/// The mailboxes of organisations in which a person may read.
pub async fn readable(
    siblings: &Siblings,
    person: &Person,
) -> Result<Vec<ReadableMailbox>, AccessError> {
    let mut client = MailboxDirectoryServiceClient::new(siblings.channel("organisation"));
    let request = ListReadableMailboxesRequest {
        account_id: person.account.to_string(),
        session_level: common::TrustLevel::from(person.level).into(),
    };
    let found = client.list_readable_mailboxes(request).await.map_err(down)?;
    Ok(found.into_inner().mailboxes)
}

fn down(status: tonic::Status) -> AccessError {
    AccessError::Down(Box::new(status))
}
