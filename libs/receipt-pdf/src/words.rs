//! The document's words: Fluent files, German and English.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid};

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static DE: LanguageIdentifier = langid!("de");
static EN: LanguageIdentifier = langid!("en");

/// A language the document speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    German,
    English,
}

impl Language {
    /// Language tag (RFC 5646): `de`, `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }

    /// The language of a tag, without its region; German for all others.
    pub fn of_tag(tag: &str) -> Self {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("en") { Self::English } else { Self::German }
    }

    pub(crate) fn say(self, key: &str) -> String {
        LOCALES.lookup(self.identifier(), key)
    }

    pub(crate) fn say_with(self, key: &'static str, arguments: &[(&'static str, &str)]) -> String {
        let arguments: HashMap<Cow<'static, str>, FluentValue<'_>> = arguments
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(*value)))
            .collect();
        LOCALES.lookup_with_args(self.identifier(), key, &arguments)
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self {
            Self::German => &DE,
            Self::English => &EN,
        }
    }
}

#[cfg(test)]
mod tests {
    fn keys(text: &str) -> Vec<&str> {
        text.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect()
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let german = keys(include_str!("../locales/de/receipt.ftl"));
        assert_eq!(german, keys(include_str!("../locales/en/receipt.ftl")));
        assert!(german.len() > 40);
    }
}
