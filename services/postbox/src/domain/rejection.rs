//! Letters that are in order and are refused all the same.

/// Why: something that the sender could not know, and has to be able to show later, because the
/// letter then goes another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Nobody has the handle, it was revoked, it is of another sector, its mailbox was closed: the
    /// sender is not told which.
    RecipientUnknown,
    OptedOut,
    Infected {
        /// Place of the attachment, from 0.
        index: usize,
    },
}

impl Rejection {
    /// The stable reason, in refusals and in receipts.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::RecipientUnknown => "RECIPIENT_UNKNOWN",
            Self::OptedOut => "RECIPIENT_OPTED_OUT",
            Self::Infected { .. } => "ATTACHMENT_INFECTED",
        }
    }

    /// The attachment it is about.
    pub const fn attachment(self) -> Option<usize> {
        match self {
            Self::Infected { index } => Some(index),
            Self::RecipientUnknown | Self::OptedOut => None,
        }
    }
}
