use askama::Template;

use crate::i18n::{Locale, shared};

/// A message in a coloured frame.
#[derive(Clone, Debug, Template)]
#[template(path = "alert.html")]
pub struct Alert {
    kind: &'static str,
    title: String,
    text: Option<String>,
    html: Option<String>,
}

impl Alert {
    fn of(kind: &'static str, title: impl Into<String>) -> Self {
        Self { kind, title: title.into(), text: None, html: None }
    }

    pub fn info(title: impl Into<String>) -> Self {
        Self::of("info", title)
    }

    pub fn success(title: impl Into<String>) -> Self {
        Self::of("success", title)
    }

    pub fn warning(title: impl Into<String>) -> Self {
        Self::of("warning", title)
    }

    pub fn danger(title: impl Into<String>) -> Self {
        Self::of("danger", title)
    }

    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// HTML below the text, escaped by the caller.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Bad news interrupts a screen reader, good news waits.
    fn role(&self) -> &'static str {
        if matches!(self.kind, "danger" | "warning") { "alert" } else { "status" }
    }
}

/// What is wrong with a submitted form, in the order of its fields.
#[derive(Clone, Debug, Default)]
pub struct Errors(Vec<(Option<String>, String)>);

impl Errors {
    pub fn new() -> Self {
        Self::default()
    }

    /// A message for the field with this id (its name, unless the field has another).
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((Some(field.into()), message.into()));
    }

    /// A message for the form as a whole.
    pub fn add_general(&mut self, message: impl Into<String>) {
        self.0.push((None, message.into()));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first message for a field.
    pub fn get(&self, field: &str) -> Option<&str> {
        let of_field = |(name, _): &&(Option<String>, String)| name.as_deref() == Some(field);
        self.0.iter().find(of_field).map(|(_, message)| message.as_str())
    }

    /// The summary for the top of the page; `Page::errors` puts it there.
    pub fn summary(&self, locale: Locale) -> Option<ErrorSummary> {
        if self.is_empty() {
            return None;
        }
        let n = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        let title = shared(locale).with("errors-title", [("n", n.into())]);
        Some(ErrorSummary { title, errors: self.0.clone() })
    }
}

/// All errors of a form with links to their fields; takes the focus when the page opens.
#[derive(Clone, Debug, Template)]
#[template(path = "error_summary.html")]
pub struct ErrorSummary {
    title: String,
    errors: Vec<(Option<String>, String)>,
}
