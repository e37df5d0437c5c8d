//! Whose turn it is: senders that wait for the same lane share it by their weights, however many
//! letters each of them brings (start-time fair queueing).

use std::collections::{BTreeMap, HashMap};

/// Tags of one turn at weight 1; divided by the weight, so that it must be a multiple of most.
const TURN: u64 = 1 << 20;

/// What waits, in the order in which it is served.
#[derive(Debug)]
pub struct FairQueue<T> {
    /// By tag, then by arrival.
    waiting: BTreeMap<(u64, u64), T>,
    /// The last tag of each sender that waits or was served in this busy period.
    last: HashMap<String, u64>,
    /// Tag of what was served last.
    time: u64,
    arrived: u64,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), last: HashMap::new(), time: 0, arrived: 0 }
    }
}

impl<T> FairQueue<T> {
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Queues an item of a sender. `weight` is at least 1.
    pub fn push(&mut self, sender: &str, weight: u32, item: T) {
        let before = self.last.get(sender).copied().unwrap_or(0).max(self.time);
        let tag = before.saturating_add(TURN / u64::from(weight.max(1)));
        self.last.insert(sender.to_owned(), tag);
        self.waiting.insert((tag, self.arrived), item);
        self.arrived += 1;
    }

    pub fn pop(&mut self) -> Option<T> {
        let ((tag, _), item) = self.waiting.pop_first()?;
        self.time = tag;
        if self.waiting.is_empty() {
            // Nobody waits: what was served before gives nobody a place behind others.
            self.last.clear();
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(queue: &mut FairQueue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn one_letter_of_a_sender_does_not_stand_behind_the_thousand_of_another() {
        let mut queue = FairQueue::default();
        for _ in 0..1_000 {
            queue.push("batch", 10, "batch");
        }
        queue.push("single", 10, "single");
        let place = served(&mut queue).iter().position(|item| *item == "single");
        assert!(place.unwrap() <= 1, "{place:?}");
    }

    #[test]
    fn senders_share_by_their_weights() {
        let mut queue = FairQueue::default();
        for _ in 0..300 {
            queue.push("a", 20, "a");
            queue.push("b", 10, "b");
        }
        let first = served(&mut queue).into_iter().take(300);
        let of_a = first.filter(|item| *item == "a").count();
        assert!((195..=205).contains(&of_a), "{of_a}");
    }

    #[test]
    fn letters_of_one_sender_keep_their_order() {
        let mut queue = FairQueue::default();
        for item in ["1", "2", "3"] {
            queue.push("a", 7, item);
        }
        assert_eq!(served(&mut queue), ["1", "2", "3"]);
    }
}
