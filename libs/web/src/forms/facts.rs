use askama::Template;
use siegel_kernel::TrustLevel;

use crate::format;
use crate::i18n::{Locale, shared};

/// A short word with a colour and an icon.
#[derive(Clone, Debug, Template)]
#[template(path = "badge.html")]
pub struct Badge {
    kind: &'static str,
    text: String,
}

impl Badge {
    pub fn info(text: impl Into<String>) -> Self {
        Self { kind: "info", text: text.into() }
    }

    pub fn success(text: impl Into<String>) -> Self {
        Self { kind: "success", text: text.into() }
    }

    pub fn warning(text: impl Into<String>) -> Self {
        Self { kind: "warning", text: text.into() }
    }

    pub fn danger(text: impl Into<String>) -> Self {
        Self { kind: "danger", text: text.into() }
    }
}

/// A trust level in words and as one to four bars.
#[derive(Clone, Debug, Template)]
#[template(path = "level.html")]
pub struct LevelBadge {
    number: u8,
    word: String,
    label: String,
    of: String,
}

impl LevelBadge {
    pub fn new(level: TrustLevel, locale: Locale) -> Self {
        let t = shared(locale);
        Self {
            number: level.number(),
            word: format::level(locale, level),
            label: t.get("level"),
            of: t.with("level-of", [("n", level.number().into())]),
        }
    }

    fn bars(&self) -> impl Iterator<Item = bool> {
        let number = self.number;
        (1..=4).map(move |bar| bar <= number)
    }
}

/// One fact of a description list.
#[derive(Clone, Debug)]
pub struct Item {
    key: String,
    value: String,
    html: Option<String>,
    source: Option<String>,
    level: Option<TrustLevel>,
    action: Option<(String, String)>,
}

impl Item {
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            html: None,
            source: None,
            level: None,
            action: None,
        }
    }

    /// A value the caller has escaped, such as a component.
    pub fn html(key: impl Into<String>, html: impl Into<String>) -> Self {
        Self { html: Some(html.into()), ..Self::new(key, "") }
    }

    /// Where the value comes from, such as "Online-Ausweis".
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// How sure the value is.
    #[must_use]
    pub fn level(mut self, level: TrustLevel) -> Self {
        self.level = Some(level);
        self
    }

    /// A link beside the value. Screen readers hear the key after its text.
    #[must_use]
    pub fn action(mut self, href: impl Into<String>, text: impl Into<String>) -> Self {
        self.action = Some((href.into(), text.into()));
        self
    }
}

/// Facts with their source and level.
#[derive(Clone, Debug, Template)]
#[template(path = "description_list.html")]
pub struct DescriptionList {
    locale: Locale,
    items: Vec<Item>,
}

impl DescriptionList {
    pub fn new(locale: Locale, items: impl IntoIterator<Item = Item>) -> Self {
        Self { locale, items: items.into_iter().collect() }
    }

    fn source_of(&self, item: &Item) -> Option<String> {
        let source = item.source.as_deref()?;
        Some(shared(self.locale).with("source", [("source", source.into())]))
    }

    fn level_of(&self, item: &Item) -> Option<LevelBadge> {
        item.level.map(|level| LevelBadge::new(level, self.locale))
    }
}
