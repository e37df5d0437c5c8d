//! What happens in a mailbox, told to who may read it: nothing that its lists do not show.

use serde::{Deserialize, Serialize};
use siegel_crypto::DataKey;
use siegel_db::Tx;
use siegel_db::events::{self, Event, NewEvent};
use siegel_grpc::Person;
use siegel_kernel::Timestamp;
use siegel_proto::organisation::v1::Action;
use siegel_receipt::Kind;

use super::acting::Recheck;
use super::cases::CaseShown;
use super::events::{BATCH, EventsError};
use super::flag::Counted;
use super::places::Place;
use super::reader::{ReadError, Reader, Summary, summary};
use super::{Postbox, Trouble};
use crate::domain::{LetterId, MailboxId};
use crate::store::letters::{self, LetterRow};
use crate::store::{cases, events as kept, mailboxes};

/// Kind of the news that flags changed.
pub const FLAGGED: &str = "flagged";
/// Kind of the news that a case was updated.
pub const CASE_UPDATED: &str = "case_updated";

/// What the event of a mailbox keeps; what it is about is read when it is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum About {
    Letter(LetterId),
    /// Number of the update in its mailbox.
    Case(i64),
}

/// News as their reader may see them.
#[derive(Clone, Debug)]
pub struct MailboxNews {
    pub position: i64,
    pub kind: String,
    pub occurred_at: Timestamp,
    pub shown: Shown,
}

/// What the news are about.
#[derive(Clone, Debug)]
pub enum Shown {
    Letter(Box<Summary>),
    Case(Box<CaseShown>),
}

/// Who watches, and when to ask again whether they may.
#[derive(Clone, Debug)]
pub struct Watcher {
    reader: Reader,
    still: Recheck,
}

impl Watcher {
    /// Whose right to watch may end.
    pub const fn acts_for_others(&self) -> bool {
        self.reader.acting.is_some()
    }
}

/// The event topic of a mailbox.
fn topic(mailbox: MailboxId) -> String {
    format!("mailbox:{mailbox}")
}

impl Postbox {
    /// Notes for the mailbox's readers what happened to one of its letters.
    pub(super) async fn tell_mailbox(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        kind: &str,
        at: Timestamp,
    ) -> Result<(), Trouble> {
        // What was told to the recipient elsewhere is no news in the mailbox.
        let elsewhere = [Kind::Accepted, Kind::Notified, Kind::NotifyFailed];
        if letter.sequence.is_none() || elsewhere.iter().any(|k| k.as_str() == kind) {
            return Ok(());
        }
        self.note(tx, letter.mailbox_id, (kind, About::Letter(letter.id)), at).await
    }

    /// The same for an update of a case.
    pub(super) async fn tell_case(
        &self,
        tx: &mut Tx,
        (mailbox, number): (MailboxId, i64),
        at: Timestamp,
    ) -> Result<(), Trouble> {
        self.note(tx, mailbox, (CASE_UPDATED, About::Case(number)), at).await
    }

    async fn note(
        &self,
        tx: &mut Tx,
        mailbox: MailboxId,
        (kind, about): (&str, About),
        occurred_at: Timestamp,
    ) -> Result<(), Trouble> {
        let payload = serde_json::to_vec(&about)?;
        let event = NewEvent { topic: &topic(mailbox), kind, payload, occurred_at };
        Ok(events::append(tx, &event).await?)
    }

    /// A place among those who watch at the same time.
    /// # Errors
    /// `TooManyWatchers` when this person, or everybody together, has taken all of theirs.
    pub fn watching(&self, person: &Person) -> Result<Place, ReadError> {
        self.watchers.take(person.account.to_string()).map_err(|_| ReadError::TooManyWatchers)
    }

    /// Begins to watch.
    pub fn watcher(&self, reader: Reader) -> Watcher {
        Watcher { reader, still: Recheck::new(self, Action::ReadMail) }
    }

    /// Asks again whether the person may still read for others, if that is long ago.
    pub async fn may_still_watch(&self, watcher: &mut Watcher) -> Result<(), ReadError> {
        let Watcher { reader, still } = watcher;
        still.check(self, reader).await
    }

    /// Where news that are still to come begin.
    pub async fn mailbox_end(&self, watcher: &Watcher) -> Result<i64, Trouble> {
        let mut tx = self.db.read().await?;
        let mailbox = mailboxes::of_owner(&mut tx, watcher.reader.owner()).await?;
        // A mailbox that is opened later begins with its first news.
        let Some(mailbox) = mailbox else { return Ok(0) };
        Ok(kept::newest(&mut tx, &topic(mailbox.id)).await?)
    }

    /// The next news of the mailbox after a position, and up to where they reach: what was purged
    /// since is no news any more.
    pub async fn mailbox_news(
        &self,
        watcher: &Watcher,
        position: i64,
    ) -> Result<(Vec<MailboxNews>, i64), EventsError> {
        let mut tx = self.db.read().await?;
        let found = self.mailbox_of(&mut tx, &watcher.reader).await?;
        drop(tx);
        let Some((mailbox, key)) = found else { return Ok((Vec::new(), position)) };
        let topic = topic(mailbox.id);
        let events = events::after(&self.db, &topic, position, BATCH).await?;
        let mut tx = self.db.read().await?;
        super::events::check_kept(&mut tx, &topic, position).await?;
        let reached = events.last().map_or(position, |event| event.position);
        let mut told = Vec::with_capacity(events.len());
        for Event { position, kind, occurred_at, payload, .. } in events {
            let about = serde_json::from_slice(&payload).map_err(Trouble::from)?;
            let of = (&watcher.reader, mailbox.id, &key);
            if let Some(shown) = self.show(&mut tx, of, about).await? {
                told.push(MailboxNews { position, kind, occurred_at, shown });
            }
        }
        Ok((told, reached))
    }

    async fn show(
        &self,
        tx: &mut Tx,
        (reader, mailbox, key): (&Reader, MailboxId, &DataKey),
        about: About,
    ) -> Result<Option<Shown>, Trouble> {
        match about {
            About::Letter(letter) => {
                let row = letters::get(tx, mailbox, letter).await?;
                let shown = row.map(|row| summary(reader, key, row)).transpose()?;
                Ok(shown.map(|summary| Shown::Letter(Box::new(summary))))
            }
            About::Case(number) => {
                let rows = cases::page(tx, mailbox, None, (number.saturating_add(1), 1)).await?;
                let row = rows.into_iter().find(|row| row.number == number);
                let shown = row.map(|row| super::cases::shown(reader, key, row)).transpose()?;
                Ok(shown.map(|case| Shown::Case(Box::new(case))))
            }
        }
    }

    /// The counters of a watched mailbox.
    pub async fn watched_counts(&self, watcher: &Watcher) -> Result<Counted, ReadError> {
        self.counts(&watcher.reader).await
    }
}
