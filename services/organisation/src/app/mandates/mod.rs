//! Giving, taking, ending and looking at mandates.

mod accept;
mod code;
mod end;
mod facts;
mod failure;
mod gone;
mod grant;
mod look;
mod names;
mod review;
mod write;

pub use accept::Taking;
pub use end::run_out;
pub use facts::NewFact;
pub use failure::Failure;
pub use gone::{claim_revoked, member_left, organisation_dissolved, person_gone};
pub use grant::Granting;
pub use names::{Names, NamesOf};
pub use write::{Acting, Write};

use crate::store::mandates::Record;

/// A mandate as a caller sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub record: Record,
    pub names: SeenNames,
}

/// What the sides of a mandate are called.
#[derive(Clone, Debug, Default)]
pub struct SeenNames {
    pub from: String,
    pub to: String,
    /// Empty for a person who is not the giver.
    pub principal: String,
}
