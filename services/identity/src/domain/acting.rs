//! Acting for somebody: what a client is registered for, what a request asks, what was chosen.

use serde::{Deserialize, Serialize};
use siegel_kernel::{AccountId, OrganisationId, TrustLevel};

use super::interaction::{AuthRequest, SessionView};
use super::oauth::{OAuthError, Refused};

/// What clients may be told of an organisation beside its name, if they are registered for it.
pub const LEGAL_PERSON_CLAIMS: [&str; 4] =
    ["legal_form", "register_kind", "register_court", "register_number"];

/// Whether people act for others at a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everybody for themself.
    #[default]
    None,
    /// For themself or for somebody.
    Optional,
    /// Never for themself.
    Required,
}

/// What somebody who is represented can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Organisation,
    Person,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Organisation, Self::Person];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Person => "person",
        }
    }
}

/// What somebody must be allowed beside acting at online services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    ReadMail,
    ReceiveMail,
    ReplyMail,
    DeleteMail,
    ManageMembers,
}

/// A role of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Administrator,
    CaseWorker,
    MailReceiver,
    ReadOnly,
}

impl Role {
    /// As it stands in a path.
    const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::CaseWorker => "case-worker",
            Self::MailReceiver => "mail-receiver",
            Self::ReadOnly => "read-only",
        }
    }

    /// Whether a path is that of a member in this role, `member:owner`.
    pub fn is_in(self, path: &str) -> bool {
        path.strip_prefix("member:") == Some(self.word())
    }
}

/// What a client is registered for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActingRules {
    pub mode: Mode,
    /// Both when empty.
    pub kinds: Vec<Kind>,
    /// Members in one of these roles only; any way when empty.
    pub roles: Vec<Role>,
    /// What else they must be allowed.
    pub demands: Vec<Demand>,
    /// Of [`LEGAL_PERSON_CLAIMS`].
    pub claims: Vec<String>,
}

impl ActingRules {
    pub fn takes(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether a path is one of those the client takes.
    pub fn takes_path(&self, path: &str) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|role| role.is_in(path))
    }

    /// The key of the registration that is wrong.
    pub fn check(&self) -> Result<(), &'static str> {
        let known = |name: &String| LEGAL_PERSON_CLAIMS.contains(&name.as_str());
        if !self.claims.iter().all(known) {
            return Err("legal_person_claims");
        }
        if self.mode == Mode::None && *self != Self::default() {
            return Err("acting");
        }
        // Persons have no members.
        if !self.roles.is_empty() && !self.takes(Kind::Organisation) {
            return Err("acting_roles");
        }
        Ok(())
    }
}

/// Somebody who is represented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    Organisation(OrganisationId),
    /// A person who gave a mandate.
    Person(AccountId),
}

impl Party {
    pub const fn kind(self) -> Kind {
        match self {
            Self::Organisation(_) => Kind::Organisation,
            Self::Person(_) => Kind::Person,
        }
    }
}

/// Whom a client suggests (`acting_for`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// The person themself.
    Myself,
    /// Let the person choose, whatever they chose before.
    Ask,
    /// The party that this client's sector knows by this name.
    Known(String),
}

impl Hint {
    /// `self`, `ask`, or a `sub` of an earlier `acting_for`.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        match text {
            "self" => Ok(Self::Myself),
            "ask" => Ok(Self::Ask),
            name if name.len() == 43 && name.bytes().all(plain) => Ok(Self::Known(name.into())),
            _ => Err(Refused::invalid_request("acting_for is neither self nor ask nor a sub")),
        }
    }
}

/// By which right somebody acts for a party, as `organisation` answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    pub party: Party,
    /// `mnd_…`; `None` for a member.
    pub mandate: Option<String>,
    pub mandate_version: i64,
    pub path: String,
    /// SHA-256 of the path, base64url.
    pub path_digest: String,
    /// Level at which the organisation was identified.
    pub identification_level: Option<TrustLevel>,
}

impl Chosen {
    /// Every id the right rests on: a change of one of them asks for it anew.
    pub fn basis(&self, account: AccountId) -> Vec<String> {
        let party = match self.party {
            Party::Organisation(id) => id.to_string(),
            Party::Person(id) => id.to_string(),
        };
        let is_word = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let in_path = self.path.split(is_word).filter(|word| is_id(word)).map(str::to_owned);
        let mut all: Vec<String> = [party, account.to_string()]
            .into_iter()
            .chain(self.mandate.clone())
            .chain(in_path)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// `mnd_` and 32 hex digits.
fn is_id(word: &str) -> bool {
    let parts = word.split_once('_');
    parts.is_some_and(|(kind, hex)| {
        kind.len() == 3 && hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// What the person chose, and who it was: somebody else chooses again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub by: AccountId,
    /// `None`: for themself.
    pub chosen: Option<Chosen>,
    /// What the page said that the client learns beside the name: more asks again.
    #[serde(default)]
    pub told: Vec<String>,
}

impl Choice {
    pub const fn themself(by: AccountId) -> Self {
        Self { by, chosen: None, told: Vec::new() }
    }
}

/// The part of an authorization request that is about acting for somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActingRequest {
    pub rules: ActingRules,
    /// The online service: grants may be limited to one.
    pub service_id: Option<String>,
    pub hint: Option<Hint>,
    pub choice: Option<Choice>,
}

/// A wish in the `claims` parameter: `{"acting_for": {"essential": true, "value": "…"}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActingWish {
    pub essential: bool,
    pub value: Option<String>,
}

impl ActingRequest {
    /// What a client asks: `hint` is its parameter `acting_for`.
    pub fn read(
        rules: &ActingRules,
        service_id: Option<&str>,
        hint: Option<&str>,
        wish: Option<&ActingWish>,
    ) -> Result<Self, Refused> {
        let named = hint.or_else(|| wish.and_then(|wish| wish.value.as_deref()));
        let hint = named.map(Hint::parse).transpose()?;
        let mut rules = rules.clone();
        if rules.mode == Mode::None {
            let essential = wish.is_some_and(|wish| wish.essential);
            if essential || hint.is_some_and(|hint| hint != Hint::Myself) {
                let text = "nobody acts for others at this client";
                return Err(Refused::new(OAuthError::UnauthorizedClient, text));
            }
            return Ok(Self::default());
        }
        if wish.is_some_and(|wish| wish.essential) {
            rules.mode = Mode::Required;
        }
        if rules.mode == Mode::Required && hint == Some(Hint::Myself) {
            return Err(Refused::invalid_request("acting_for=self where somebody is needed"));
        }
        Ok(Self { rules, service_id: service_id.map(str::to_owned), hint, choice: None })
    }

    pub fn is_required(&self) -> bool {
        self.rules.mode == Mode::Required
    }

    /// What this person chose.
    fn choice_of(&self, account: AccountId) -> Option<&Choice> {
        self.choice.as_ref().filter(|choice| choice.by == account)
    }
}

impl AuthRequest {
    /// Whether it is still to be chosen for whom the person acts. Guests act for nobody.
    pub fn acting_is_open(&self, session: &SessionView) -> bool {
        let acting = &self.acting;
        if acting.rules.mode == Mode::None || (session.guest && !acting.is_required()) {
            return false;
        }
        match acting.choice_of(session.account) {
            Some(choice) => acting.is_required() && choice.chosen.is_none(),
            None => true,
        }
    }

    /// For whom this person acts.
    pub fn acts_for(&self, account: AccountId) -> Option<&Chosen> {
        self.acting.choice_of(account).and_then(|choice| choice.chosen.as_ref())
    }
}

#[cfg(test)]
#[path = "acting_tests.rs"]
mod tests;
