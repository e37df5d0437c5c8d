//! What people do with their letters, without legal meaning.

/// Labels of one letter.
const LABELS: usize = 20;
/// Longest label, in characters.
const LABEL: usize = 64;

/// Where a letter lies in its mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Folder {
    #[default]
    Inbox,
    Archive,
    Trash,
}

impl Folder {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Archive => "archive",
            Self::Trash => "trash",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Inbox, Self::Archive, Self::Trash].into_iter().find(|f| f.as_str() == text)
    }
}

/// Letters per place. Kept by adding differences, never by counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub archived: i64,
    pub trashed: i64,
    /// Outside the trash.
    pub unread: i64,
}

/// A letter as the counters see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub folder: Folder,
    pub unread: bool,
}

impl Counted {
    const fn counts(self) -> Counts {
        let in_trash = matches!(self.folder, Folder::Trash);
        Counts {
            archived: matches!(self.folder, Folder::Archive) as i64,
            trashed: in_trash as i64,
            unread: (self.unread && !in_trash) as i64,
        }
    }

    /// What the counters change by when this becomes `next`.
    pub const fn change_to(self, next: Self) -> Counts {
        let (before, after) = (self.counts(), next.counts());
        Counts {
            archived: after.archived - before.archived,
            trashed: after.trashed - before.trashed,
            unread: after.unread - before.unread,
        }
    }
}

/// What is wrong with labels; each once, in their order.
pub fn read_labels(labels: Vec<String>) -> Result<Vec<String>, &'static str> {
    let mut read: Vec<String> = Vec::new();
    for label in labels {
        let label = label.trim().to_owned();
        if label.is_empty() || label.chars().count() > LABEL {
            return Err("must have 1 to 64 characters each");
        }
        if label.chars().any(super::letter::is_control) {
            return Err("must not hold control characters");
        }
        if !read.contains(&label) {
            read.push(label);
        }
    }
    if read.len() > LABELS { Err("must be at most 20") } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_trimmed_and_stand_once() {
        let read = |labels: &[&str]| read_labels(labels.iter().map(|l| (*l).into()).collect());
        assert_eq!(read(&[" Steuer ", "Bau", "Steuer"]).unwrap(), ["Steuer", "Bau"]);
        for bad in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(65)] {
            assert!(read(&[bad]).is_err(), "{bad:?}");
        }
        let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        assert!(read_labels(many).is_err());
    }

    proptest! {
        #[test]
        fn differences_add_up_to_what_counting_would_say(
            steps in prop::collection::vec((0..3_usize, any::<bool>()), 1..20),
        ) {
            let folders = [Folder::Inbox, Folder::Archive, Folder::Trash];
            let mut letter = Counted { folder: Folder::Inbox, unread: true };
            let mut kept = letter.counts();
            for (folder, unread) in steps {
                let next = Counted { folder: folders[folder], unread };
                let change = letter.change_to(next);
                kept.archived += change.archived;
                kept.trashed += change.trashed;
                kept.unread += change.unread;
                letter = next;
                prop_assert_eq!(kept, letter.counts());
            }
        }
    }
}
