use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader as _, langid};
use siegel_kernel::TrustLevel;

use crate::domain::{Content, Locale};

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static DE: LanguageIdentifier = langid!("de");
static EN: LanguageIdentifier = langid!("en");

/// A mail as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

struct Words(&'static LanguageIdentifier);

impl Words {
    fn new(locale: Locale) -> Self {
        Self(match locale {
            Locale::De => &DE,
            Locale::En => &EN,
        })
    }

    fn get(&self, key: &str) -> String {
        LOCALES.lookup(self.0, key)
    }

    fn with(&self, key: &str, name: &'static str, value: &str) -> String {
        let args = HashMap::from([(Cow::Borrowed(name), FluentValue::from(value))]);
        LOCALES.lookup_with_args(self.0, key, &args)
    }
}

/// One block of a mail.
enum Block {
    Paragraph(String),
    /// Big, to be read off and typed in.
    Code(String),
    /// What it leads to, and where.
    Link(String, String),
}

/// Writes a mail. `origin` has no slash at its end.
pub fn render(content: &Content, locale: Locale, origin: &str) -> Mail {
    let words = Words::new(locale);
    let key = match content {
        Content::Code { purpose, .. } => purpose.as_str(),
        Content::Notice(notice) => notice.template.as_str(),
    };
    let mut blocks = vec![
        Block::Paragraph(words.get("greeting")),
        Block::Paragraph(words.get(&format!("{key}-intro"))),
    ];
    match content {
        Content::Code { purpose, .. } => {
            blocks.extend(purpose.code().map(|code| Block::Code(code.as_str().to_owned())));
        }
        Content::Notice(notice) => {
            let url = format!("{origin}{}", notice.path.as_str());
            blocks.push(Block::Link(words.get("link"), url));
            let level = notice.required_level.map(level_key);
            blocks.extend(level.map(|key| Block::Paragraph(words.get(key))));
        }
    }
    blocks.push(Block::Paragraph(words.get(&format!("{key}-outro"))));
    blocks.push(Block::Paragraph(words.with("closing-origin", "origin", origin)));
    blocks.push(Block::Paragraph(words.get("closing")));
    let subject = words.get(&format!("{key}-subject"));
    let html = html(&subject, locale, &blocks);
    Mail { subject, text: text(&blocks), html }
}

const fn level_key(level: TrustLevel) -> &'static str {
    match level {
        TrustLevel::Basic => "level-basic",
        TrustLevel::Low => "level-low",
        TrustLevel::Substantial => "level-substantial",
        TrustLevel::High => "level-high",
    }
}

fn text(blocks: &[Block]) -> String {
    let block = |block: &Block| match block {
        Block::Paragraph(text) => format!("{text}\n"),
        Block::Code(code) => format!("    {code}\n"),
        Block::Link(label, url) => format!("{label}\n{url}\n"),
    };
    blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn html(subject: &str, locale: Locale, blocks: &[Block]) -> String {
    let mut body = String::new();
    for block in blocks {
        // Writing into a string does not fail.
        let _ = match block {
            Block::Paragraph(text) => writeln!(body, "<p>{}</p>", escaped(text)),
            Block::Code(code) => writeln!(
                body,
                "<p style=\"font-size:1.75em;letter-spacing:.15em;font-family:monospace\">\
                 <strong>{}</strong></p>",
                escaped(code)
            ),
            Block::Link(label, url) => {
                let (label, url) = (escaped(label), escaped(url));
                writeln!(body, "<p>{label}<br><a href=\"{url}\">{url}</a></p>")
            }
        };
    }
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\">\
         <title>{}</title></head>\n<body style=\"font-family:sans-serif;line-height:1.5;\
         max-width:40em\">\n{body}</body>\n</html>\n",
        locale.as_str(),
        escaped(subject),
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Code, EmailAddress, Notice, OriginPath, Purpose, Template};

    const ORIGIN: &str = "https://konto.example";

    fn notice(template: Template, level: Option<TrustLevel>) -> Content {
        let path = OriginPath::parse("/postbox?a=1&b=2").unwrap();
        Content::Notice(Notice { template, required_level: level, path })
    }

    fn code(purpose: Purpose) -> Content {
        let email = EmailAddress::parse("erika@example.org").unwrap();
        Content::Code { email, locale: Locale::De, purpose }
    }

    fn all() -> Vec<Content> {
        let four = || Code::parse("493 021".replace(' ', "-").as_str()).unwrap();
        vec![
            code(Purpose::Registration(four())),
            code(Purpose::AlreadyRegistered),
            code(Purpose::PasswordReset(four())),
            notice(Template::LetterProvided, Some(TrustLevel::High)),
            notice(Template::LetterReminder, None),
        ]
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        let keys = |text: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.split_once(" = "));
            lines.map(|(key, _)| key.to_owned()).collect()
        };
        let de = keys(include_str!("../../locales/de/main.ftl"));
        assert_eq!(de, keys(include_str!("../../locales/en/main.ftl")));
        assert!(de.len() > 20);
    }

    #[test]
    fn no_mail_lacks_a_text() {
        for content in all() {
            for locale in [Locale::De, Locale::En] {
                let mail = render(&content, locale, ORIGIN);
                assert!(!mail.text.contains("Unknown localization"), "{mail:?}");
                assert!(!mail.subject.contains("Unknown localization"), "{mail:?}");
                assert!(!mail.subject.contains('\n'));
            }
        }
    }

    #[test]
    fn a_code_is_in_the_body_and_not_in_the_subject() {
        let mail = render(
            &code(Purpose::Registration(Code::parse("493021").unwrap())),
            Locale::De,
            ORIGIN,
        );
        assert!(mail.text.contains("\n    493021\n") && mail.html.contains("493021"));
        assert_eq!(mail.subject, "Ihr Bestätigungscode");
    }

    #[test]
    fn the_mail_to_a_registered_address_holds_no_code() {
        let mail = render(&code(Purpose::AlreadyRegistered), Locale::De, ORIGIN);
        assert!(!mail.text.bytes().any(|b| b.is_ascii_digit()));
    }

    #[test]
    fn the_link_stays_under_the_origin_and_is_escaped_in_html() {
        let mail = render(&notice(Template::LetterProvided, None), Locale::En, ORIGIN);
        assert!(mail.text.contains("\nhttps://konto.example/postbox?a=1&b=2\n"));
        let link = r#"<a href="https://konto.example/postbox?a=1&amp;b=2">"#;
        assert!(mail.html.contains(link), "{}", mail.html);
    }

    #[test]
    fn the_level_that_will_be_needed_is_said_in_plain_words() {
        let high =
            render(&notice(Template::LetterProvided, Some(TrustLevel::High)), Locale::De, ORIGIN);
        assert!(high.text.contains("„hoch“") && high.text.contains("Online-Ausweis"));
        let unsaid = render(&notice(Template::LetterProvided, None), Locale::De, ORIGIN);
        assert!(!unsaid.text.contains("Vertrauensniveau"));
    }

    #[test]
    fn plain_text_and_html_say_the_same() {
        for content in all() {
            let mail = render(&content, Locale::De, ORIGIN);
            for line in mail.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                assert!(mail.html.contains(&escaped(line)), "{line}");
            }
        }
    }
}
