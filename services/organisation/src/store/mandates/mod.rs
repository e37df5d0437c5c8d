//! Mandates: their rows, their changes, and the ways that lead along them.

mod change;
mod list;
mod reach;
mod record;

pub use change::{
    Ended, Ending, Gone, Review, accept, end, end_all, forget_names, insert, offered_too_long,
    over, review,
};
pub use list::{Side, list};
pub use reach::{candidates, chains, leaf_rows};
pub use record::{Record, by_code, find, find_many};
