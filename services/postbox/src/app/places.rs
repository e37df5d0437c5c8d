//! Places for work that lasts as long as somebody listens: so many in all, so many for one reader.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places of one replica.
#[derive(Clone, Debug)]
pub struct Places(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    all: usize,
    each: usize,
    taken: Mutex<HashMap<String, usize>>,
}

/// Every place is taken: those of this person, or those of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many of these are open")]
pub struct Full;

/// A place; free again when it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Place {
    places: Places,
    who: String,
}

impl Places {
    /// `all` places, of which one person takes at most `each`.
    pub fn new(all: usize, each: usize) -> Self {
        Self(Arc::new(Shared { all, each, taken: Mutex::default() }))
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place.
    /// # Errors
    /// `Full` at once: nobody waits for somebody who may never go.
    pub fn take(&self, who: String) -> Result<Place, Full> {
        let mut taken = self.taken();
        let mine = taken.get(&who).copied().unwrap_or_default();
        if mine >= self.0.each || taken.values().sum::<usize>() >= self.0.all {
            return Err(Full);
        }
        taken.insert(who.clone(), mine + 1);
        Ok(Place { places: self.clone(), who })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        match taken.get_mut(&self.who) {
            Some(mine) if *mine > 1 => *mine -= 1,
            _ => {
                taken.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(n: u128) -> String {
        format!("acc_{n:032x}")
    }

    #[test]
    fn one_person_never_takes_the_places_of_another() {
        let places = Places::new(3, 2);
        let _mine = [places.take(person(1)).unwrap(), places.take(person(1)).unwrap()];
        assert_eq!(places.take(person(1)).unwrap_err(), Full);
        let _theirs = places.take(person(2)).unwrap();
        assert_eq!(places.take(person(3)).unwrap_err(), Full, "all are taken");
    }

    #[test]
    fn a_place_that_is_dropped_is_free_again_and_leaves_nothing() {
        let places = Places::new(2, 1);
        for _ in 0..3 {
            drop(places.take(person(1)).unwrap());
        }
        assert!(places.taken().is_empty());
    }
}
