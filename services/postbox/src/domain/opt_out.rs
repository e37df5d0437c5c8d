//! Who wants no letters in the postbox (OZG § 9(1)): from nobody, or from one sender.

/// What an owner chose about all senders or about one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// No letters.
    Excluded,
    Allowed,
    /// About this sender as about all.
    General,
}

impl Choice {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Allowed => "allowed",
            Self::General => "general",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Excluded, Self::Allowed, Self::General].into_iter().find(|c| c.as_str() == text)
    }
}

/// Whether a sender's letters are excluded: the choice about the sender decides, where there is
/// none the general one, and without any nothing is excluded.
pub fn excluded(general: Option<Choice>, about_sender: Option<Choice>) -> bool {
    let decides = about_sender.filter(|choice| *choice != Choice::General).or(general);
    decides == Some(Choice::Excluded)
}

#[cfg(test)]
mod tests {
    use super::Choice::{Allowed, Excluded, General};
    use super::*;

    #[test]
    fn the_choice_about_the_sender_beats_the_general_one() {
        assert!(!excluded(None, None), "who chose nothing receives letters");
        assert!(excluded(Some(Excluded), None));
        assert!(excluded(Some(Excluded), Some(General)));
        assert!(!excluded(Some(Excluded), Some(Allowed)));
        assert!(excluded(Some(Allowed), Some(Excluded)));
        assert!(excluded(None, Some(Excluded)));
        assert!(!excluded(None, Some(General)));
    }

    #[test]
    fn every_choice_is_read_as_it_was_written() {
        for choice in [Excluded, Allowed, General] {
            assert_eq!(Choice::parse(choice.as_str()), Some(choice));
        }
        assert_eq!(Choice::parse("maybe"), None);
    }
}
