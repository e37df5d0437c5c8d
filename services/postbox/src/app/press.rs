//! Writing letters together. Letters that come while one is being written wait, and are then
//! written by one transaction, each table's rows by one statement: a commit costs the disk the same
//! for one letter as for thirty. Each letter is still whole and for itself: when one of them cannot
//! be written, each is written alone.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use siegel_db::{Attempt, is_raced, seen_request};
use siegel_telemetry::metric;
use tokio::sync::oneshot;

use super::deliver::Prepared;
use super::lanes::Turn;
use super::quota::Admission;
use super::submit::{SubmitError, Submitted};
use super::{Postbox, Trouble};

/// Most letters of one transaction.
const TOGETHER: usize = 32;
/// Transactions of one lane at a time: the next letters are signed while the disk works.
const WRITERS: usize = 2;
/// How often a letter is tried whose request id somebody else holds at that moment.
const RACES: u32 = 3;

/// A letter was written, or had been before: then its answer is kept.
pub(super) enum Delivered {
    Now(Box<Submitted>),
    Before(Vec<u8>),
}

/// A letter was not written.
pub(super) enum Undelivered {
    /// Nothing of it is stored.
    Refused(SubmitError),
    /// The transaction may have been committed after all.
    Uncertain(SubmitError),
}

impl<E: Into<SubmitError>> From<E> for Undelivered {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

type Outcome = Result<Delivered, Undelivered>;

/// A letter that waits to be written, with its place in the lane and in the quota.
pub(super) struct Job {
    letter: Prepared,
    admission: Admission,
    _turn: Turn,
    answer: Option<oneshot::Sender<Outcome>>,
}

impl Job {
    pub fn new(letter: Prepared, admission: Admission, turn: Turn) -> Self {
        Self { letter, admission, _turn: turn, answer: None }
    }

    /// A letter that changes another one reads what it wrote itself: it cannot wait for the end.
    const fn goes_alone(&self) -> bool {
        self.letter.order.letter.replaces.is_some()
    }

    /// Tells the caller, who may be gone: the letter counts all the same.
    fn finish(self, outcome: Outcome) {
        if matches!(outcome, Ok(Delivered::Now(_)) | Err(Undelivered::Uncertain(_))) {
            self.admission.keep();
        }
        if let Some(answer) = self.answer {
            let _ = answer.send(outcome);
        }
    }
}

/// Both lanes' letters that wait to be written.
#[derive(Clone, Default)]
pub struct Press {
    interactive: Arc<Lane>,
    bulk: Arc<Lane>,
}

#[cfg(test)]
impl Press {
    /// Letters of the interactive lane that wait.
    pub fn waiting(&self) -> usize {
        self.interactive.state().waiting.len()
    }

    /// Transactions of the interactive lane.
    pub fn writers(&self) -> usize {
        self.interactive.state().writers
    }
}

#[derive(Default)]
struct Lane(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    writers: usize,
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a letter to the others; `true` when nobody would come for it.
    fn put(&self, job: Job) -> bool {
        let mut state = self.state();
        state.waiting.push_back(job);
        let more = state.writers < WRITERS;
        if more {
            state.writers += 1;
        }
        more
    }

    /// What is to be written next, no mailbox twice; `None` when nothing is left.
    fn next(state: &mut State) -> Option<Vec<Job>> {
        let (mut group, mut later) = (Vec::new(), VecDeque::new());
        let mut mailboxes = HashSet::new();
        while let Some(job) = state.waiting.pop_front() {
            if group.len() == TOGETHER || (job.goes_alone() && !group.is_empty()) {
                later.push_back(job);
                break;
            }
            let alone = job.goes_alone();
            if mailboxes.insert(job.letter.mailbox) {
                group.push(job);
            } else {
                later.push_back(job);
            }
            if alone {
                break;
            }
        }
        later.append(&mut state.waiting);
        state.waiting = later;
        if group.is_empty() {
            return None;
        }
        // Everybody takes mailboxes in the same order: nobody waits for a letter that waits for
        // his own.
        group.sort_unstable_by_key(|job| job.letter.mailbox);
        Some(group)
    }
}

/// Whoever writes the letters of a lane; its place is free again when it is gone, however.
struct Writer {
    lane: Arc<Lane>,
    released: bool,
}

impl Writer {
    /// Takes the next letters; with nothing left the place is free before anybody puts another.
    fn next(&mut self) -> Option<Vec<Job>> {
        let mut state = self.lane.state();
        let group = Lane::next(&mut state);
        if group.is_none() {
            state.writers -= 1;
            self.released = true;
        }
        group
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.released {
            self.lane.state().writers -= 1;
        }
    }
}

impl Postbox {
    /// Has a letter written. It is, once begun, even when the caller goes away.
    pub(super) async fn press(&self, mut job: Job) -> Outcome {
        let bulk = job.letter.order.letter.bulk;
        let lane = if bulk { &self.press.bulk } else { &self.press.interactive };
        let (answer, outcome) = oneshot::channel();
        job.answer = Some(answer);
        if lane.put(job) {
            let mut writer = Writer { lane: lane.clone(), released: false };
            let postbox = self.clone();
            tokio::spawn(async move {
                while let Some(group) = writer.next() {
                    postbox.write_group(group).await;
                }
            });
        }
        outcome.await.unwrap_or_else(|_| {
            let lost = Trouble::Contradiction("a letter's writer stopped");
            Err(Undelivered::Uncertain(lost.into()))
        })
    }

    async fn write_group(&self, group: Vec<Job>) {
        if group.len() > 1 && !group.iter().any(Job::goes_alone) {
            match self.write_together(&group).await {
                Ok(all) => {
                    for (job, submitted) in group.into_iter().zip(all) {
                        job.finish(Ok(Delivered::Now(Box::new(submitted))));
                    }
                    return;
                }
                Err(Undelivered::Uncertain(SubmitError::Trouble(Trouble::Store(error)))) => {
                    let _ = siegel_grpc::fault(&error);
                    for job in group {
                        let lost = Trouble::CommitUnknown.into();
                        job.finish(Err(Undelivered::Uncertain(lost)));
                    }
                    return;
                }
                Err(_) => {}
            }
        }
        for job in group {
            let outcome = self.write_alone(&job.letter).await;
            job.finish(outcome);
        }
    }

    async fn write_together(&self, group: &[Job]) -> Result<Vec<Submitted>, Undelivered> {
        let mut tx = self.db.begin().await?.gathering();
        // Read behind the write lock: times in the order of commits, as far as one writer goes.
        let now = self.now();
        let mut all = Vec::with_capacity(group.len());
        for job in group {
            all.push(self.deliver(&mut tx, &job.letter, now).await?);
        }
        tx.write_rows().await?;
        tx.commit().await.map_err(|e| Undelivered::Uncertain(e.into()))?;
        self.written(group.iter().map(|job| &job.letter));
        Ok(all)
    }

    async fn write_alone(&self, letter: &Prepared) -> Outcome {
        for _ in 0..RACES {
            match self.write_once(letter).await {
                Err(Undelivered::Refused(SubmitError::Trouble(Trouble::Store(e))))
                    if is_raced(&e) => {}
                outcome => return outcome,
            }
            let mut tx = self.db.glance().await?;
            match seen_request(&mut tx, &letter.key()).await? {
                Some(Attempt::Repeated(answer)) => return Ok(Delivered::Before(answer)),
                Some(Attempt::Conflict) => return Err(SubmitError::RequestIdReused.into()),
                Some(Attempt::Fresh) | None => {}
            }
        }
        Err(Trouble::Contradiction("a request id is taken and not taken").into())
    }

    async fn write_once(&self, letter: &Prepared) -> Outcome {
        let mut tx = self.db.begin().await?;
        if letter.order.letter.replaces.is_none() {
            tx = tx.gathering();
        }
        let submitted = self.deliver(&mut tx, letter, self.now()).await?;
        tx.write_rows().await.map_err(super::evidence::refused)?;
        tx.commit().await.map_err(|e| Undelivered::Uncertain(e.into()))?;
        self.written([letter]);
        Ok(Delivered::Now(Box::new(submitted)))
    }

    /// Tells whoever waits for commits.
    fn written<'a>(&self, letters: impl IntoIterator<Item = &'a Prepared>) {
        for letter in letters {
            metric::LETTERS_ACCEPTED.count([letter.order.letter.delivery_type.as_str()]);
        }
        self.feed.committed();
        self.outbox.committed();
    }
}
