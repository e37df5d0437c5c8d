//! Languages: German by default, English. Texts live in Fluent files of each crate.

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, StaticLoader, langid};
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;

use crate::cookies::Scheme;

fluent_templates::static_loader! {
    pub(crate) static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static DE: LanguageIdentifier = langid!("de");
static EN: LanguageIdentifier = langid!("en");

/// A language the pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    #[default]
    De,
    En,
}

impl Locale {
    pub const ALL: [Self; 2] = [Self::De, Self::En];

    /// The primary language subtag (RFC 5646 §2.2.1): `de`, `en`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// The language's name in itself.
    pub const fn native_name(self) -> &'static str {
        match self {
            Self::De => "Deutsch",
            Self::En => "English",
        }
    }

    /// The locale of one language tag; regions do not matter (`en-GB` is English).
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|l| l.as_str().eq_ignore_ascii_case(primary))
    }

    /// The first language we speak in a space-separated list of preferences
    /// (`OpenID Connect Core §3.1.2.1`, `ui_locales`).
    pub fn from_ui_locales(list: &str) -> Option<Self> {
        list.split_ascii_whitespace().find_map(Self::from_tag)
    }

    /// The best language in an `Accept-Language` header (RFC 9110 §12.5.4).
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let ranked = header.split(',').filter_map(|part| {
            let mut fields = part.split(';');
            let locale = Self::from_tag(fields.next()?)?;
            let quality = fields.find_map(|f| f.trim().strip_prefix("q="));
            let quality = quality.map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
            (quality > 0.0).then_some((locale, quality))
        });
        // The first of equals wins, so `max_by` (last of equals) runs from the end.
        let ranked: Vec<_> = ranked.collect();
        ranked.into_iter().rev().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(locale, _)| locale)
    }

    /// The query's `lang` or `ui_locales`, else the cookie, else `Accept-Language`, else German.
    pub(crate) fn negotiate(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let cookie = || {
            let read = |scheme: Scheme| scheme.read(&parts.headers, "lang");
            read(Scheme::Https).or_else(|| read(Scheme::Http)).and_then(|c| Self::from_tag(&c))
        };
        let accepted = || {
            let header = parts.headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
            Self::from_accept_language(header)
        };
        url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "lang" || name == "ui_locales")
            .find_map(|(_, value)| Self::from_ui_locales(&value))
            .or_else(cookie)
            .or_else(accepted)
            .unwrap_or_default()
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self {
            Self::De => &DE,
            Self::En => &EN,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Locale {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::negotiate(parts))
    }
}

/// The text `key` in `locale`, with its arguments. A key that exists nowhere is logged and shown
/// as itself; `testing::assert_same_keys` keeps both languages complete.
pub fn t(
    loader: &StaticLoader,
    locale: Locale,
    key: &str,
    args: &[(&'static str, FluentValue<'_>)],
) -> String {
    let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
        args.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect();
    let found = loader.try_lookup_complete(locale.identifier(), key, Some(&args));
    found.unwrap_or_else(|| {
        tracing::error!(key, "a text is missing from the language files");
        key.to_owned()
    })
}

/// One crate's texts in one language, handy in templates: `{{ t.get("title") }}`.
#[derive(Clone, Copy)]
pub struct Texts {
    loader: &'static StaticLoader,
    pub locale: Locale,
}

impl Texts {
    pub fn new(loader: &'static StaticLoader, locale: Locale) -> Self {
        Self { loader, locale }
    }

    /// The text `key`, not yet escaped: templates do that.
    pub fn get(&self, key: &str) -> String {
        t(self.loader, self.locale, key, &[])
    }

    /// The text `key` with arguments: `t.with("letters", [("n", 3.into())])`.
    pub fn with<'a>(
        &self,
        key: &str,
        args: impl AsRef<[(&'static str, FluentValue<'a>)]>,
    ) -> String {
        t(self.loader, self.locale, key, args.as_ref())
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("locale", &self.locale).finish_non_exhaustive()
    }
}

/// The suite's shared texts.
pub(crate) fn shared(locale: Locale) -> Texts {
    Texts::new(&LOCALES, locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(uri: &str, cookie: &str, accept: &str) -> Locale {
        let request = http::Request::get(uri)
            .header("cookie", cookie)
            .header("accept-language", accept)
            .body(())
            .unwrap();
        Locale::negotiate(&request.into_parts().0)
    }

    #[test]
    fn the_query_beats_the_cookie_and_the_cookie_beats_the_browser() {
        assert_eq!(negotiated("/?ui_locales=fr+en-GB", "siegel_lang=de", "de"), Locale::En);
        assert_eq!(negotiated("/", "siegel_lang=de", "en"), Locale::De);
        assert_eq!(negotiated("/", "", "en"), Locale::En);
    }

    #[test]
    fn an_unknown_language_falls_back_to_german() {
        assert_eq!(negotiated("/?lang=fr", "siegel_lang=xx", "fr, es;q=0.5"), Locale::De);
    }

    #[test]
    fn the_browsers_weights_decide_and_the_first_of_equals_wins() {
        assert_eq!(Locale::from_accept_language("de;q=0.3, en-US;q=0.8"), Some(Locale::En));
        assert_eq!(Locale::from_accept_language("en, de"), Some(Locale::En));
        assert_eq!(Locale::from_accept_language("en;q=0, de;q=0.1"), Some(Locale::De));
    }

    #[test]
    fn a_template_asks_for_texts_with_arguments() {
        #[derive(askama::Template)]
        #[template(source = r#"{{ t.with("steps-of", [("n", 1.into()), ("of", 2.into())]) }}"#)]
        #[template(ext = "html")]
        struct Body {
            t: Texts,
        }
        assert_eq!(Body { t: shared(Locale::De) }.to_string(), "Schritt 1 von 2");
    }

    #[test]
    fn arguments_reach_the_text_without_isolating_marks() {
        let text = shared(Locale::En).with("steps-of", [("n", 2.into()), ("of", 3.into())]);
        assert_eq!(text, "Step 2 of 3");
    }
}
