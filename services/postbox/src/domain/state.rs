//! Where a letter stands: one delivery state, only ever forward, exactly one end.

use siegel_kernel::Timestamp;
use siegel_receipt::Kind;

/// What ends a provided letter when nobody acts until its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    DeemedAnnounced,
    DeemedServed,
    ProvisionEnded,
    ExpiredUnread,
}

/// How a letter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Opened,
    DeemedAnnounced,
    DeemedServed,
    ProvisionEnded,
    ExpiredUnread,
    Confirmed,
    Refused,
    Recalled,
    Undeliverable,
    /// Never accepted.
    Rejected,
}

/// The delivery of one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Accepted,
    /// Accepted, retrievable from a later instant.
    Scheduled {
        publish_at: Timestamp,
    },
    /// Retrievable. `opened` is set while that is not an end, as in formal service.
    Provided {
        ending: Ending,
        by: Timestamp,
        opened: bool,
    },
    Ended {
        end: End,
        opened: bool,
    },
}

/// What opening did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The first time: an `opened` entry is due.
    First,
    /// Opened before: the entry is there.
    Again,
}

/// A step that this state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the letter cannot be retrieved yet")]
    NotProvided,
    #[error("the provision of the letter has ended")]
    ProvisionEnded,
    #[error("the letter is no longer there")]
    Gone,
    #[error("the letter has already ended")]
    AlreadyEnded,
    #[error("the letter has been opened")]
    AlreadyOpened,
    #[error("only formal service is confirmed or refused")]
    NotFormalService,
    #[error("it is not time yet")]
    TooEarly,
}

impl Delivery {
    /// Of a letter that was refused: its first state and its last.
    pub const REJECTED: Self = Self::Ended { end: End::Rejected, opened: false };

    /// Puts the provision off.
    pub fn schedule(self, publish_at: Timestamp) -> Result<Self, Refusal> {
        match self {
            Self::Accepted => Ok(Self::Scheduled { publish_at }),
            _ => Err(Refusal::AlreadyEnded),
        }
    }

    /// Makes the letter retrievable; `ending` happens at `by` unless somebody acts.
    pub fn provide(self, ending: Ending, by: Timestamp, now: Timestamp) -> Result<Self, Refusal> {
        match self {
            Self::Scheduled { publish_at } if now < publish_at => Err(Refusal::TooEarly),
            Self::Accepted | Self::Scheduled { .. } => {
                Ok(Self::Provided { ending, by, opened: false })
            }
            _ => Err(Refusal::AlreadyEnded),
        }
    }

    /// Sets how and when the letter ends, as a late or missing notification does; one that has
    /// ended stays as it is.
    #[must_use]
    pub fn end_anew(self, ending: Ending, by: Timestamp) -> Self {
        match self {
            Self::Provided { opened, .. } => Self::Provided { ending, by, opened },
            other => other,
        }
    }

    /// Opens the letter. After a fiction has come true, opening is an event and changes nothing.
    pub fn open(self) -> Result<(Self, Opening), Refusal> {
        match self {
            Self::Accepted | Self::Scheduled { .. } => Err(Refusal::NotProvided),
            // Formal service ends with a confirmation, not with opening (VwZG § 5).
            Self::Provided { ending: Ending::DeemedServed, by, opened } => Ok((
                Self::Provided { ending: Ending::DeemedServed, by, opened: true },
                opening(opened),
            )),
            Self::Provided { opened, .. } => {
                Ok((Self::Ended { end: End::Opened, opened: true }, opening(opened)))
            }
            Self::Ended { end: End::ProvisionEnded, .. } => Err(Refusal::ProvisionEnded),
            Self::Ended { end: End::Recalled | End::Undeliverable | End::Rejected, .. } => {
                Err(Refusal::Gone)
            }
            Self::Ended { end, opened } => Ok((Self::Ended { end, opened: true }, opening(opened))),
        }
    }

    /// Confirms or refuses formal service.
    pub fn answer(self, confirmed: bool) -> Result<Self, Refusal> {
        let end = if confirmed { End::Confirmed } else { End::Refused };
        match self {
            Self::Provided { ending: Ending::DeemedServed, opened, .. } => {
                Ok(Self::Ended { end, opened })
            }
            Self::Accepted | Self::Scheduled { .. } => Err(Refusal::NotProvided),
            Self::Provided { .. } => Err(Refusal::NotFormalService),
            Self::Ended { .. } => Err(Refusal::AlreadyEnded),
        }
    }

    /// Ends a letter on which nobody acted in time.
    pub fn expire(self, now: Timestamp) -> Result<(Self, End), Refusal> {
        match self {
            Self::Provided { by, .. } if now < by => Err(Refusal::TooEarly),
            Self::Provided { ending, opened, .. } => {
                let end = match ending {
                    Ending::DeemedAnnounced => End::DeemedAnnounced,
                    Ending::DeemedServed => End::DeemedServed,
                    Ending::ProvisionEnded => End::ProvisionEnded,
                    Ending::ExpiredUnread => End::ExpiredUnread,
                };
                Ok((Self::Ended { end, opened }, end))
            }
            Self::Accepted | Self::Scheduled { .. } => Err(Refusal::NotProvided),
            Self::Ended { .. } => Err(Refusal::AlreadyEnded),
        }
    }

    /// Takes the letter back: only before the first opening, and only while it has no end.
    pub fn recall(self) -> Result<Self, Refusal> {
        match self {
            Self::Accepted | Self::Scheduled { .. } | Self::Provided { opened: false, .. } => {
                Ok(Self::Ended { end: End::Recalled, opened: false })
            }
            Self::Provided { .. } | Self::Ended { opened: true, .. } => Err(Refusal::AlreadyOpened),
            Self::Ended { .. } => Err(Refusal::AlreadyEnded),
        }
    }

    /// The mailbox is gone.
    pub fn fail(self) -> Result<Self, Refusal> {
        match self {
            Self::Ended { .. } => Err(Refusal::AlreadyEnded),
            Self::Provided { opened, .. } => Ok(Self::Ended { end: End::Undeliverable, opened }),
            _ => Ok(Self::Ended { end: End::Undeliverable, opened: false }),
        }
    }

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Scheduled { .. } => "scheduled",
            Self::Provided { .. } => "provided",
            Self::Ended { end, .. } => end.as_str(),
        }
    }
}

const fn opening(opened: bool) -> Opening {
    if opened { Opening::Again } else { Opening::First }
}

impl End {
    const ALL: [Self; 10] = [
        Self::Opened,
        Self::DeemedAnnounced,
        Self::DeemedServed,
        Self::ProvisionEnded,
        Self::ExpiredUnread,
        Self::Confirmed,
        Self::Refused,
        Self::Recalled,
        Self::Undeliverable,
        Self::Rejected,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::DeemedAnnounced => "deemed_announced",
            Self::DeemedServed => "deemed_served",
            Self::ProvisionEnded => "provision_ended",
            Self::ExpiredUnread => "expired_unread",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Recalled => "recalled",
            Self::Undeliverable => "undeliverable",
            Self::Rejected => "rejected",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.as_str() == text)
    }

    /// Whether an entry of this kind is the evidence of the end. A letter is opened by its owner or
    /// by somebody for them; the first of both ended it.
    pub fn is_shown_by(self, kind: &str) -> bool {
        kind == self.as_str() || (self == Self::Opened && kind == Kind::OpenedByDelegate.as_str())
    }
}

impl Ending {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeemedAnnounced => "deemed_announced",
            Self::DeemedServed => "deemed_served",
            Self::ProvisionEnded => "provision_ended",
            Self::ExpiredUnread => "expired_unread",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::DeemedAnnounced, Self::DeemedServed, Self::ProvisionEnded, Self::ExpiredUnread]
            .into_iter()
            .find(|ending| ending.as_str() == text)
    }
}

#[cfg(test)]
mod table;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(1_000);
    const LATER: Timestamp = Timestamp::from_seconds(2_000);

    fn provided(ending: Ending) -> Delivery {
        Delivery::Accepted.provide(ending, LATER, NOON).unwrap()
    }

    #[test]
    fn opening_ends_a_letter_under_a_fiction_and_the_fiction_no_longer_comes() {
        let (letter, opening) = provided(Ending::DeemedAnnounced).open().unwrap();
        assert_eq!((letter.as_str(), opening), ("opened", Opening::First));
        assert_eq!(letter.expire(LATER), Err(Refusal::AlreadyEnded));
    }

    #[test]
    fn opening_after_the_fiction_came_true_changes_nothing_but_is_noted_once() {
        let (letter, _) = provided(Ending::DeemedAnnounced).expire(LATER).unwrap();
        let (letter, first) = letter.open().unwrap();
        assert_eq!((letter.as_str(), first), ("deemed_announced", Opening::First));
        assert_eq!(letter.open().unwrap().1, Opening::Again);
    }

    #[test]
    fn opening_does_not_end_formal_service() {
        let (letter, _) = provided(Ending::DeemedServed).open().unwrap();
        assert_eq!(letter.as_str(), "provided");
        assert_eq!(letter.answer(true).unwrap().as_str(), "confirmed");
        assert_eq!(letter.expire(LATER).unwrap().1, End::DeemedServed);
    }

    #[test]
    fn a_letter_whose_provision_ended_cannot_be_opened() {
        let (letter, _) = provided(Ending::ProvisionEnded).expire(LATER).unwrap();
        assert_eq!(letter.open(), Err(Refusal::ProvisionEnded));
    }

    #[test]
    fn a_letter_is_recalled_only_before_its_first_opening() {
        assert!(provided(Ending::DeemedServed).recall().is_ok());
        let (opened, _) = provided(Ending::DeemedServed).open().unwrap();
        assert_eq!(opened.recall(), Err(Refusal::AlreadyOpened));
    }

    #[test]
    fn a_scheduled_letter_is_neither_opened_nor_provided_before_its_time() {
        let letter = Delivery::Accepted.schedule(LATER).unwrap();
        assert_eq!(letter.open(), Err(Refusal::NotProvided));
        assert_eq!(letter.provide(Ending::ExpiredUnread, LATER, NOON), Err(Refusal::TooEarly));
        assert!(letter.provide(Ending::ExpiredUnread, LATER, LATER).is_ok());
    }

    #[test]
    fn a_rejected_letter_has_its_stored_name() {
        assert_eq!(End::parse(Delivery::REJECTED.as_str()), Some(End::Rejected));
    }

    proptest! {
        #[test]
        fn whatever_happens_a_letter_ends_at_most_once(steps in prop::collection::vec(0..7_u8, 0..12)) {
            let mut letter = Delivery::Accepted;
            let mut ends = 0;
            for step in steps {
                let next = match step {
                    0 => letter.schedule(NOON),
                    1 => letter.provide(Ending::DeemedAnnounced, LATER, NOON),
                    2 => letter.open().map(|(next, _)| next),
                    3 => letter.expire(LATER).map(|(next, _)| next),
                    4 => letter.recall(),
                    5 => letter.fail(),
                    _ => letter.answer(false),
                };
                let Ok(next) = next else { continue };
                let was_ended = matches!(letter, Delivery::Ended { .. });
                if let Delivery::Ended { .. } = next {
                    if was_ended {
                        prop_assert_eq!(letter.as_str(), next.as_str());
                    } else {
                        ends += 1;
                    }
                } else {
                    prop_assert!(!was_ended, "an ended letter came back");
                }
                letter = next;
            }
            prop_assert!(ends <= 1);
        }
    }
}
