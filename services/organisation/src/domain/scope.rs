/// What a grant is limited to, or what a question is about. An empty field limits nothing, or is
/// not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// LeiKa or BMI id of an online service.
    pub service: String,
    pub mailbox: String,
    /// The authority that writes.
    pub sender: String,
    pub thread: String,
    pub letter: String,
}

impl Scope {
    fn fields(&self) -> [&str; 5] {
        [&self.service, &self.mailbox, &self.sender, &self.thread, &self.letter]
    }

    /// Whether everything this is limited to is so in `about`; what is not known there does not
    /// count as so.
    pub fn covers(&self, about: &Self) -> bool {
        let pairs = self.fields().into_iter().zip(about.fields());
        pairs.into_iter().all(|(limit, known)| limit.is_empty() || limit == known)
    }

    /// Whether each field is empty or an id: at most 128 visible ASCII characters.
    pub fn is_plain(&self) -> bool {
        let plain = |text: &str| text.len() <= 128 && text.bytes().all(|b| b.is_ascii_graphic());
        self.fields().into_iter().all(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_counts_only_for_what_is_known_to_lie_within_it() {
        let one = Scope { letter: "ltr_1".into(), ..Scope::default() };
        let about = Scope { letter: "ltr_1".into(), sender: "bauamt".into(), ..Scope::default() };
        assert!(one.covers(&about));
        assert!(!about.covers(&one), "the sender is not known");
        assert!(!one.covers(&Scope { letter: "ltr_2".into(), ..Scope::default() }));
        assert!(Scope::default().covers(&about), "no limit");
    }

    #[test]
    fn a_narrower_scope_lies_within_a_wider_one_and_not_the_other_way() {
        let sender = Scope { sender: "bauamt".into(), ..Scope::default() };
        let thread = Scope { thread: "t".into(), ..sender.clone() };
        assert!(sender.covers(&thread));
        assert!(!thread.covers(&sender));
    }
}
