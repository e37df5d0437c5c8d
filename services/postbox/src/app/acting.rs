//! Acting for an organisation or another person: by which way, with which rights, about which
//! letters.

use siegel_kernel::Timestamp;
use siegel_proto::organisation::v1::{AccessQuestion, AccessScope, Action};

use super::Postbox;
use super::reader::{ReadError, Reader, Who};
use crate::domain::LetterId;
use crate::ports::access::{self, AccessError, Represented, Ruling, Way};
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes;

/// What is asked about every mailbox that is not the caller's own.
const ASKED: [Action; 6] = [
    Action::ReadMail,
    Action::ReceiveMail,
    Action::ReplyMail,
    Action::DeleteMail,
    Action::ReadHighMail,
    Action::DownloadMail,
];

/// About what somebody may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The whole mailbox.
    All,
    /// This letter.
    Letter(LetterId),
    /// Letters about which `organisation` is still to be asked, one by one.
    Some,
}

/// Somebody who acts for another.
#[derive(Clone, Debug)]
pub struct Acting {
    pub whom: Represented,
    pub extent: Extent,
    /// By which way this is done.
    pub way: Way,
    /// What else may be done, and by which way.
    ways: Vec<(Action, Way)>,
}

impl Acting {
    fn of(whom: Represented, extent: Extent, rulings: Vec<Ruling>) -> Result<Self, AccessError> {
        let read = match rulings.first() {
            Some(Ruling::Allowed(way)) => way.clone(),
            Some(Ruling::TrustTooLow(needed)) => {
                return Err(AccessError::TrustTooLow { needed: *needed });
            }
            _ => return Err(whom.unknown()),
        };
        let ways = ASKED.into_iter().zip(rulings);
        let ways = ways.filter_map(|(action, ruling)| Some((action, ruling.way()?)));
        Ok(Self { whom, extent, way: read, ways: ways.collect() })
    }

    /// By which way somebody may do this, if they may.
    pub fn way_to(&self, action: Action) -> Option<&Way> {
        self.ways.iter().find(|(known, _)| *known == action).map(|(_, way)| way)
    }
}

/// A right as refusals name it.
const fn name(action: Action) -> &'static str {
    match action {
        Action::ReceiveMail => "receive_formal",
        Action::ReplyMail => "reply",
        Action::DeleteMail => "delete",
        Action::ReadHighMail => "read_high",
        Action::DownloadMail => "download",
        _ => "read",
    }
}

impl Who {
    /// Whether there is anything to ask: programs stand for their own organisation only, and who
    /// chose for whom they act, for nobody else.
    fn may_stand_for(&self, whom: Represented) -> bool {
        match (self, whom) {
            (Self::Person(person), _) => person
                .acting_for
                .as_ref()
                .is_none_or(|chosen| whom.is_of(Represented::from(chosen.party))),
            (
                Self::Program(program),
                Represented::Organisation(id) | Represented::Mailbox(id, _),
            ) => id == program.organisation,
            (Self::Program(_), Represented::Person(_)) => false,
        }
    }

    /// Whose mailbox it is when the request names none and it is not one's own: clients have no id of
    /// whom a person chose to act for, only their own name for it.
    fn by_default(&self) -> Option<Represented> {
        match self {
            Self::Person(person) => {
                person.acting_for.as_ref().map(|chosen| Represented::from(chosen.party))
            }
            Self::Program(program) => Some(Represented::Organisation(program.organisation)),
        }
    }
}

impl Reader {
    /// Whether this reader may do this in the mailbox; in one's own, everything.
    pub fn may(&self, action: Action) -> bool {
        self.acting.as_ref().is_none_or(|acting| acting.way_to(action).is_some())
    }

    /// The reader who does this: what is recorded names the way to this very right.
    /// # Errors
    /// `RightMissing`
    pub fn to(mut self, action: Action) -> Result<Self, ReadError> {
        if let Some(acting) = &mut self.acting {
            let way = acting.way_to(action).cloned();
            acting.way = way.ok_or(AccessError::RightMissing { right: name(action) })?;
        }
        Ok(self)
    }

    /// Which letters this reader may see is still to be asked, one by one.
    pub fn sees_some(&self) -> bool {
        self.acting.as_ref().is_some_and(|acting| acting.extent == Extent::Some)
    }

    /// Somebody acts by a mandate or in the place of a colleague.
    pub fn is_delegate(&self) -> bool {
        self.acting.as_ref().is_some_and(|acting| acting.way.is_delegate())
    }
}

impl Postbox {
    /// Finds out for whom somebody reads; asks `organisation` when it is not for themself. For what
    /// concerns no single letter the right has to reach the whole mailbox.
    pub async fn reader(
        &self,
        who: &Who,
        whom: Option<Represented>,
        letter: Option<LetterId>,
    ) -> Result<Reader, ReadError> {
        let at = self.now().legal;
        let own = Reader { who: who.clone(), at, acting: None };
        let Some(whom) = whom.or_else(|| who.by_default()) else { return Ok(own) };
        // Whoever has a right to the whole mailbox may have more to this letter.
        let about = match letter {
            Some(letter) => self.scope_of(whom, letter).await?.map(|about| (letter, about)),
            None => None,
        };
        let (extent, about) = match about {
            Some((letter, about)) => (Extent::Letter(letter), Some(about)),
            // What is not there is no more than the mailbox; who may not read that learns no more.
            None => (Extent::All, None),
        };
        let rulings = self.rulings(who, whom, about).await?;
        Ok(Reader { acting: Some(Acting::of(whom, extent, rulings)?), ..own })
    }

    /// As [`Postbox::reader`], for a list: a right to some letters is enough.
    pub async fn lister(&self, who: &Who, whom: Option<Represented>) -> Result<Reader, ReadError> {
        let Some(whom) = whom.or_else(|| who.by_default()) else {
            return self.reader(who, None, None).await;
        };
        let rulings = self.rulings(who, whom, None).await?;
        let at = self.now().legal;
        let acting = if matches!(rulings.first(), Some(Ruling::Limited)) {
            let way = Way {
                path: String::new(),
                path_digest: String::new(),
                mandate: None,
                by_substitution: false,
                member: String::new(),
            };
            Acting { whom, extent: Extent::Some, way, ways: Vec::new() }
        } else {
            Acting::of(whom, Extent::All, rulings)?
        };
        Ok(Reader { who: who.clone(), at, acting: Some(acting) })
    }

    async fn rulings(
        &self,
        who: &Who,
        whom: Represented,
        letter: Option<AccessScope>,
    ) -> Result<Vec<Ruling>, AccessError> {
        if !who.may_stand_for(whom) {
            return Err(whom.unknown());
        }
        let ask = |action| access::question(who, whom, action, letter.clone());
        access::ask(&self.siblings, ASKED.map(ask).to_vec()).await
    }

    /// What a question about one letter says of it; `None` when it is not in this mailbox.
    async fn scope_of(
        &self,
        whom: Represented,
        letter: LetterId,
    ) -> Result<Option<AccessScope>, ReadError> {
        let mut tx = self.db.read().await?;
        let Some(mailbox) = mailboxes::of_owner(&mut tx, whom.owner()).await? else {
            return Ok(None);
        };
        let row = letters::get(&mut tx, mailbox.id, letter).await?;
        Ok(row.filter(|row| row.sequence.is_some()).map(|row| scope(&row)))
    }

    /// Which of these letters a reader may see, each with the reader who may: the letters of a
    /// mandate only, where there is no right to the whole mailbox.
    pub(super) async fn readers_of(
        &self,
        reader: &Reader,
        rows: Vec<LetterRow>,
    ) -> Result<Vec<(Reader, LetterRow)>, ReadError> {
        let Some(acting) = reader.acting.as_ref().filter(|a| a.extent == Extent::Some) else {
            return Ok(rows.into_iter().map(|row| (reader.clone(), row)).collect());
        };
        let asked = [Action::ReadMail, Action::ReadHighMail];
        let questions = rows.iter().flat_map(|row| {
            asked.map(|a| access::question(&reader.who, acting.whom, a, Some(scope(row))))
        });
        let rulings = access::ask(&self.siblings, questions.collect()).await?;
        let mut seen = Vec::new();
        for (row, rulings) in rows.into_iter().zip(rulings.chunks(asked.len())) {
            let [Ruling::Allowed(_), _] = rulings else { continue };
            let [read, high] = rulings else { continue };
            let denied = std::iter::repeat_n(Ruling::Denied, ASKED.len() - asked.len());
            let mut all = vec![read.clone()];
            all.extend(denied);
            all.insert(4, high.clone());
            let acting = Acting::of(acting.whom, Extent::Letter(row.id), all)?;
            seen.push((Reader { acting: Some(acting), ..reader.clone() }, row));
        }
        Ok(seen)
    }

    /// Has it written among the uses of a mandate that somebody is about to act by it. Its two
    /// sides see them, and `organisation` says once more that it counts.
    /// # Errors
    /// What [`Postbox::reader`] refuses with, once the right is gone.
    pub async fn uses(
        &self,
        mut reader: Reader,
        action: Action,
        letter: Option<LetterId>,
    ) -> Result<Reader, ReadError> {
        let Some(acting) = &mut reader.acting else { return Ok(reader) };
        let Some((mandate, _)) = &acting.way.mandate else { return Ok(reader) };
        let about = match letter {
            None => None,
            Some(letter) => match self.scope_of(acting.whom, letter).await? {
                Some(about) => Some(about),
                // What is not there is not used; who asks for it is told so.
                None => return Ok(reader),
            },
        };
        let question = AccessQuestion {
            mandate_id: mandate.clone(),
            record: true,
            ..access::question(&reader.who, acting.whom, action, about)
        };
        match access::ask(&self.siblings, vec![question]).await?.pop() {
            Some(Ruling::Allowed(way)) => acting.way = way,
            Some(Ruling::TrustTooLow(needed)) => {
                return Err(AccessError::TrustTooLow { needed }.into());
            }
            _ => return Err(acting.whom.unknown().into()),
        }
        Ok(reader)
    }

    /// Asks again whether somebody who acts for others still may do what they do; whether what
    /// they hold open has to end.
    pub async fn still_may(&self, reader: &Reader, action: Action) -> Result<(), ReadError> {
        let Some(acting) = &reader.acting else { return Ok(()) };
        let letter = match acting.extent {
            Extent::Letter(letter) => Some(letter),
            Extent::All | Extent::Some => None,
        };
        let again = self.reader(&reader.who, Some(acting.whom), letter).await?;
        again.to(action).map(|_| ())
    }
}

fn scope(row: &LetterRow) -> AccessScope {
    AccessScope {
        service_id: row.service_id.clone(),
        mailbox_id: String::new(),
        sender_id: row.client_id.clone(),
        thread: row.thread.map(|thread| thread.to_string()).unwrap_or_default(),
        letter_id: row.id.to_string(),
    }
}

/// Asks again, at most once in this time, whether somebody still may.
#[derive(Clone, Debug)]
pub struct Recheck {
    action: Action,
    asked_at: Timestamp,
}

/// A right that ended is felt within a second: this long an answer holds, and the next question
/// has the rest.
pub const HOLDS: std::time::Duration = std::time::Duration::from_millis(700);

impl Recheck {
    pub fn new(postbox: &Postbox, action: Action) -> Self {
        Self { action, asked_at: postbox.clock.now() }
    }

    /// # Errors
    /// What [`Postbox::reader`] refuses with, once the right is gone.
    pub async fn check(&mut self, postbox: &Postbox, reader: &Reader) -> Result<(), ReadError> {
        let now = postbox.clock.now();
        // A clock that was set back says nothing of how long ago that was.
        let fresh = now >= self.asked_at && now.since(self.asked_at) < HOLDS;
        if reader.acting.is_none() || fresh {
            return Ok(());
        }
        postbox.still_may(reader, self.action).await?;
        self.asked_at = now;
        Ok(())
    }
}
