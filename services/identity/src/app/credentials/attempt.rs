//! Logging in with something a browser shows: what came, and how it went.

use crate::app::sessions::LoggedIn;
use crate::domain::interaction::{AuthRequest, InteractionId, SessionView};

/// A browser that comes back with an answer.
pub struct Attempt<'a> {
    pub interaction: InteractionId,
    pub answer: &'a str,
    /// The session to be raised: credentials of other accounts are refused. `None` to log in.
    pub raises: Option<&'a SessionView>,
    pub request: &'a AuthRequest,
    /// A fresh log-in was demanded.
    pub again: bool,
    /// The session cookie that came with the request.
    pub presented: Option<&'a str>,
    /// The device's cookie that came with it.
    pub device: Option<&'a str>,
}

/// How it went.
pub enum Outcome {
    In(LoggedIn),
    /// Wrong, unknown, or of another account: which of them is not told.
    Refused,
    /// What it answers ran out, was used, or is of another request.
    NothingBegun,
}
