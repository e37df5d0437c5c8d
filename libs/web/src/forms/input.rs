use askama::Template;

use super::Base;

/// A one-line field: text, e-mail, password, code, search or file.
#[derive(Clone, Debug, Template)]
#[template(path = "input.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of HTML")]
pub struct Input {
    pub(super) base: Base,
    kind: &'static str,
    value: Option<String>,
    autocomplete: Option<&'static str>,
    inputmode: Option<&'static str>,
    accept: Option<String>,
    multiple: bool,
    max_length: Option<u32>,
    class: &'static str,
    plain: bool,
    focus: bool,
    read_only: bool,
}

impl Input {
    fn of(kind: &'static str, name: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            base: Base::new(name, label),
            kind,
            value: None,
            autocomplete: None,
            inputmode: None,
            accept: None,
            multiple: false,
            max_length: None,
            class: "",
            plain: false,
            focus: false,
            read_only: false,
        }
    }

    pub fn text(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::of("text", name, label)
    }

    pub fn email(name: impl Into<String>, label: impl Into<String>) -> Self {
        let base = Self::of("email", name, label);
        Self { autocomplete: Some("email"), inputmode: Some("email"), plain: true, ..base }
    }

    /// Never shows a value again. Say `.autocomplete("new-password")` where one is chosen.
    pub fn password(name: impl Into<String>, label: impl Into<String>) -> Self {
        let base = Self::of("password", name, label);
        Self { autocomplete: Some("current-password"), plain: true, ..base }
    }

    /// A one-time code: digits on a phone's keyboard, filled in from mail or message.
    pub fn code(name: impl Into<String>, label: impl Into<String>, digits: u32) -> Self {
        Self {
            autocomplete: Some("one-time-code"),
            inputmode: Some("numeric"),
            // Room for the blanks people paste with it.
            max_length: Some(digits.saturating_mul(2)),
            class: " siegel-code",
            plain: true,
            ..Self::of("text", name, label)
        }
    }

    pub fn search(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::of("search", name, label)
    }

    /// A file to send; the form needs `enctype="multipart/form-data"`. `accept` as in HTML.
    pub fn file(
        name: impl Into<String>,
        label: impl Into<String>,
        accept: impl Into<String>,
    ) -> Self {
        Self { accept: Some(accept.into()), ..Self::of("file", name, label) }
    }

    /// More than one file may be chosen; each comes as a part of its own under the same name.
    #[must_use]
    pub fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        if self.kind != "password" {
            self.value = Some(value.into());
        }
        self
    }

    /// A token of the HTML standard's autofill list, such as `username`.
    #[must_use]
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = Some(token);
        self
    }

    /// Length in UTF-16 units, as HTML counts.
    #[must_use]
    pub fn max_length(mut self, length: u32) -> Self {
        self.max_length = Some(length);
        self
    }

    /// Puts the cursor here; only where the page has this one purpose.
    #[must_use]
    pub fn focus(mut self) -> Self {
        self.focus = true;
        self
    }

    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

/// A field of several lines.
#[derive(Clone, Debug, Template)]
#[template(path = "textarea.html")]
pub struct Textarea {
    pub(super) base: Base,
    value: String,
    rows: u32,
}

impl Textarea {
    pub fn new(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self { base: Base::new(name, label), value: String::new(), rows: 5 }
    }

    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    #[must_use]
    pub fn rows(mut self, rows: u32) -> Self {
        self.rows = rows;
        self
    }
}

/// A value that travels with the form unseen. Never a secret: it is in the page's source.
#[derive(Clone, Debug, Template)]
#[template(source = r#"<input type="hidden" name="{{ name }}" value="{{ value }}">"#, ext = "html")]
pub struct Hidden {
    name: String,
    value: String,
}

impl Hidden {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
