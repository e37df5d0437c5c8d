use askama::Template;

use crate::i18n::{Locale, shared};

/// Where in a sequence of pages the person is.
#[derive(Clone, Debug, Template)]
#[template(path = "steps.html")]
pub struct Steps {
    text: String,
    name: String,
    current: usize,
    of: usize,
}

impl Steps {
    /// `current` counts from 1; `names` are all steps in order.
    pub fn new(locale: Locale, current: usize, names: &[&str]) -> Self {
        let of = names.len();
        let args = [
            ("n", i64::try_from(current).unwrap_or(i64::MAX).into()),
            ("of", i64::try_from(of).unwrap_or(i64::MAX).into()),
        ];
        let name = current.checked_sub(1).and_then(|i| names.get(i)).copied().unwrap_or_default();
        Self { text: shared(locale).with("steps-of", args), name: name.to_owned(), current, of }
    }
}

/// Links to the pages before and after this one.
#[derive(Clone, Debug, Template)]
#[template(path = "pagination.html")]
pub struct Pagination {
    locale: Locale,
    previous: Option<String>,
    next: Option<String>,
    position: Option<String>,
}

impl Pagination {
    pub fn new(locale: Locale) -> Self {
        Self { locale, previous: None, next: None, position: None }
    }

    #[must_use]
    pub fn previous(mut self, href: Option<String>) -> Self {
        self.previous = href;
        self
    }

    #[must_use]
    pub fn next(mut self, href: Option<String>) -> Self {
        self.next = href;
        self
    }

    /// "Seite n von of", where the number of pages is known.
    #[must_use]
    pub fn position(mut self, n: u32, of: u32) -> Self {
        let args = [("n", n.into()), ("of", of.into())];
        self.position = Some(shared(self.locale).with("pages-of", args));
        self
    }

    fn text(&self, key: &str) -> String {
        shared(self.locale).get(key)
    }
}
