//! Lanes: how many letters are written at the same time. Bulk letters have few places of their own
//! and never take one of the interactive lane, so that one letter for a waiting clerk never stands
//! behind a batch: neither for a connection nor for the one writer of SQLite.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::submit::SubmitError;
use crate::config::LanesConfig;
use crate::domain::lane::FairQueue;

/// Both lanes of a replica.
#[derive(Clone, Debug)]
pub struct Lanes {
    interactive: Gate,
    bulk: Gate,
}

/// Who wants to write a letter.
#[derive(Clone, Copy, Debug)]
pub struct Turner<'a> {
    pub bulk: bool,
    pub sender: &'a str,
    pub weight: u32,
}

impl Lanes {
    pub fn new(config: &LanesConfig) -> Self {
        let gate = |places: usize| Gate::new(places.max(1), config.waiting);
        Self { interactive: gate(config.interactive), bulk: gate(config.bulk) }
    }

    /// Waits for a place in the letter's lane; it is free again when the turn is dropped.
    /// # Errors
    /// `LaneFull` when too many wait already.
    pub async fn turn(&self, who: Turner<'_>) -> Result<Turn, SubmitError> {
        let gate = if who.bulk { &self.bulk } else { &self.interactive };
        gate.enter(who.sender, who.weight).await
    }

    /// Letters that wait for a place in the bulk lane.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.bulk.state().waiting.len()
    }
}

#[derive(Clone, Debug)]
struct Gate {
    state: Arc<Mutex<State>>,
    /// Letters that may wait.
    limit: usize,
}

#[derive(Debug)]
struct State {
    free: usize,
    waiting: FairQueue<oneshot::Sender<Turn>>,
}

impl Gate {
    fn new(places: usize, limit: usize) -> Self {
        let state = State { free: places, waiting: FairQueue::default() };
        Self { state: Arc::new(Mutex::new(state)), limit }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> Turn {
        Turn { gate: self.clone(), holds: true }
    }

    async fn enter(&self, sender: &str, weight: u32) -> Result<Turn, SubmitError> {
        let called = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(self.turn());
            }
            if state.waiting.len() >= self.limit {
                return Err(SubmitError::LaneFull);
            }
            let (call, called) = oneshot::channel();
            state.waiting.push(sender, weight, call);
            called
        };
        // The gate lives as long as anybody waits at it.
        called.await.map_err(|_| SubmitError::LaneFull)
    }

    /// Hands a place to who is next; who went away meanwhile is passed over.
    fn leave(&self) {
        let mut turn = self.turn();
        let mut state = self.state();
        while let Some(next) = state.waiting.pop() {
            match next.send(turn) {
                Ok(()) => return,
                Err(back) => turn = back,
            }
        }
        state.free += 1;
        turn.holds = false;
    }
}

/// A place in a lane.
#[derive(Debug)]
pub struct Turn {
    gate: Gate,
    holds: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.holds {
            self.gate.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn lanes(waiting: usize) -> Lanes {
        Lanes::new(&LanesConfig { interactive: 2, bulk: 1, waiting })
    }

    fn who(bulk: bool, sender: &'static str) -> Turner<'static> {
        Turner { bulk, sender, weight: 10 }
    }

    #[tokio::test]
    async fn an_interactive_letter_gets_its_turn_while_bulk_letters_wait() {
        let lanes = lanes(100);
        let _running = lanes.turn(who(true, "batch")).await.unwrap();
        let mut waiting: Vec<_> =
            (0..50).map(|_| Box::pin(lanes.turn(who(true, "batch")))).collect();
        assert!(waiting.iter_mut().all(|w| w.as_mut().now_or_never().is_none()));
        let turn = lanes.turn(who(false, "clerk")).now_or_never();
        assert!(turn.unwrap().is_ok(), "the interactive letter waits");
    }

    #[tokio::test]
    async fn a_bulk_letter_of_another_sender_stands_behind_one_of_the_batch_at_most() {
        let lanes = lanes(100);
        let first = lanes.turn(who(true, "batch")).await.unwrap();
        let mut batch: Vec<_> = (0..9).map(|_| Box::pin(lanes.turn(who(true, "batch")))).collect();
        for one in &mut batch {
            assert!(one.as_mut().now_or_never().is_none());
        }
        let mut other = Box::pin(lanes.turn(who(true, "other")));
        assert!(other.as_mut().now_or_never().is_none());
        drop(first);
        let second = batch[0].as_mut().now_or_never().unwrap().unwrap();
        drop(second);
        assert!(other.as_mut().now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_place_is_not_lost_with_who_went_away_while_waiting() {
        let lanes = lanes(100);
        let first = lanes.turn(who(true, "a")).await.unwrap();
        let mut gone = Box::pin(lanes.turn(who(true, "b")));
        assert!(gone.as_mut().now_or_never().is_none());
        let mut called = Box::pin(lanes.turn(who(true, "c")));
        assert!(called.as_mut().now_or_never().is_none());
        drop(gone);
        drop(first);
        // Called, and gone before it looked.
        drop(called);
        assert!(lanes.turn(who(true, "d")).now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_full_lane_refuses_instead_of_queueing_without_end() {
        let lanes = lanes(0);
        let _running = lanes.turn(who(true, "a")).await.unwrap();
        let refused = lanes.turn(who(true, "a")).await;
        assert!(matches!(refused, Err(SubmitError::LaneFull)));
        assert!(lanes.turn(who(false, "a")).await.is_ok(), "the other lane is free");
    }
}
