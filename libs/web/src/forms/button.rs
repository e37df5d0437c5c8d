use askama::Template;

/// A button that sends its form.
#[derive(Clone, Debug, Template)]
#[template(path = "button.html")]
pub struct Button {
    kind: &'static str,
    text: String,
    sends: Option<(String, String)>,
    id: Option<&'static str>,
    block: bool,
    skips_validation: bool,
}

impl Button {
    fn of(kind: &'static str, text: impl Into<String>) -> Self {
        let (sends, id) = (None, None);
        Self { kind, text: text.into(), sends, id, block: false, skips_validation: false }
    }

    /// The one main action of a page.
    pub fn primary(text: impl Into<String>) -> Self {
        Self::of("primary", text)
    }

    pub fn secondary(text: impl Into<String>) -> Self {
        Self::of("secondary", text)
    }

    pub fn tertiary(text: impl Into<String>) -> Self {
        Self::of("tertiary", text)
    }

    /// The name and value this button adds to its form.
    #[must_use]
    pub fn sends(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.sends = Some((name.into(), value.into()));
        self
    }

    /// A name for test drivers and scripts; stable, and once on a page.
    #[must_use]
    pub const fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    /// As wide as its column.
    #[must_use]
    pub fn block(mut self) -> Self {
        self.block = true;
        self
    }

    /// For "cancel": the browser does not check the fields first.
    #[must_use]
    pub fn skip_validation(mut self) -> Self {
        self.skips_validation = true;
        self
    }
}

/// A link: in text, or in the looks of a button.
#[derive(Clone, Debug, Template)]
#[template(path = "link.html")]
pub struct Link {
    kind: &'static str,
    href: String,
    text: String,
    download: bool,
}

impl Link {
    fn of(kind: &'static str, href: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind, href: href.into(), text: text.into(), download: false }
    }

    pub fn text(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of("", href, text)
    }

    pub fn primary(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of("primary", href, text)
    }

    pub fn secondary(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of("secondary", href, text)
    }

    pub fn tertiary(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of("tertiary", href, text)
    }

    /// Saves instead of opening.
    #[must_use]
    pub fn download(mut self) -> Self {
        self.download = true;
        self
    }
}
