//! The words of the mails, in German and English, as plain text and HTML.

use std::borrow::Cow;
use std::collections::HashMap;

use askama::Template;
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader as _, langid};

use crate::domain::{Bell, CodeKind, Mail};

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static DE: LanguageIdentifier = langid!("de");
static EN: LanguageIdentifier = langid!("en");

/// A mail ready to be put into an envelope.
pub struct Written {
    pub subject: String,
    pub plain: String,
    pub html: String,
    /// `de` or `en`.
    pub language: &'static str,
}

/// One paragraph.
enum Part {
    Text(String),
    /// On a line of its own: people copy it, and the sandbox finds it.
    Code(String),
    Link(String),
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    language: &'a str,
    subject: &'a str,
    parts: &'a [Part],
}

/// Writes a mail in `locale` (`de` or `en`), with links to `origin`.
pub fn write(mail: &Mail, locale: &str, origin: &str) -> Result<Written, askama::Error> {
    let words = Words::new(locale);
    let text = |key: &str| Part::Text(words.get(key, &[]));
    let (subject, middle) = match mail {
        Mail::Code { kind: CodeKind::Invitation, code, .. } => {
            let link = Part::Link(format!("{origin}/organisation/invitation"));
            let code = Part::Code(code.clone());
            let keys = ["invitation-keep", "invitation-ignore"].map(text);
            let parts = [text("invitation-intro"), link, text("invitation-code"), code];
            ("invitation-subject", parts.into_iter().chain(keys).collect())
        }
        Mail::Code { kind, code, .. } => {
            let (subject, intro, ignore) = match kind {
                CodeKind::Registration => {
                    ("registration-subject", "registration-intro", "registration-ignore")
                }
                CodeKind::PasswordReset => {
                    ("password-reset-subject", "password-reset-intro", "password-reset-ignore")
                }
                CodeKind::EmailChangeNew => {
                    ("email-new-subject", "email-new-intro", "email-new-ignore")
                }
                CodeKind::EmailChangeOld => {
                    ("email-old-subject", "email-old-intro", "email-old-ignore")
                }
                CodeKind::DeviceRelease => {
                    ("device-release-subject", "device-release-intro", "device-release-ignore")
                }
                CodeKind::Invitation => {
                    ("invitation-subject", "invitation-intro", "invitation-ignore")
                }
            };
            let code = Part::Code(code.clone());
            (
                subject,
                vec![text(intro), code, text("code-lifetime"), text("never-ask"), text(ignore)],
            )
        }
        Mail::AlreadyRegistered { .. } => {
            let link = Part::Link(format!("{origin}/account"));
            let (intro, sign_in) = ("already-registered-intro", "already-registered-sign-in");
            let parts = vec![text(intro), text(sign_in), link, text("already-registered-ignore")];
            ("already-registered-subject", parts)
        }
        Mail::Notice { bell, level, path, days, .. } => {
            let link = Part::Link(format!("{origin}{path}"));
            let (subject, intro) = words_of(*bell);
            let parts = if matches!(
                bell,
                Bell::LetterProvided | Bell::LetterReminder | Bell::LetterDeemedServed
            ) {
                let level = words.get(&format!("level-{level}"), &[]);
                let level = Part::Text(words.get("letter-level", &[("level", level.into())]));
                vec![text(intro), level, text("letter-link"), link, text("letter-no-content")]
            } else if let Some(after) = ends_with(*bell) {
                let intro = Part::Text(words.get(intro, &[("days", (*days).into())]));
                vec![intro, text(after), link]
            } else {
                vec![text(intro), text("security-yours"), text("security-not-yours"), link]
            };
            (subject, parts)
        }
    };
    let mut parts = vec![text("hello")];
    parts.extend(middle);
    parts.push(text("footer"));
    let subject = words.get(subject, &[]);
    let html = Html { language: words.name, subject: &subject, parts: &parts }.render()?;
    Ok(Written { plain: plain(&parts), subject, html, language: words.name })
}

/// What a notice about the end of an account says after its first sentence.
const fn ends_with(bell: Bell) -> Option<&'static str> {
    match bell {
        Bell::AccountInactive => Some("account-inactive-keep"),
        Bell::DeletionAsked => Some("deletion-asked-not-you"),
        Bell::DeletionCancelled => Some("deletion-cancelled-stays"),
        Bell::DataTakenOver => Some("data-taken-over-look"),
        Bell::AccountsMerged => Some("accounts-merged-not-you"),
        _ => None,
    }
}

/// Subject and first sentence.
fn words_of(bell: Bell) -> (&'static str, &'static str) {
    match bell {
        Bell::LetterProvided => ("letter-provided-subject", "letter-provided-intro"),
        Bell::LetterReminder => ("letter-reminder-subject", "letter-reminder-intro"),
        Bell::CredentialAdded => ("credential-added-subject", "credential-added-intro"),
        Bell::CredentialRemoved => ("credential-removed-subject", "credential-removed-intro"),
        Bell::PasswordChanged => ("password-changed-subject", "password-changed-intro"),
        Bell::RecoveryCodesCreated => ("recovery-created-subject", "recovery-created-intro"),
        Bell::RecoveryCodeUsed => ("recovery-used-subject", "recovery-used-intro"),
        Bell::LetterDeemedServed => ("letter-served-subject", "letter-served-intro"),
        Bell::AccountLinked => ("account-linked-subject", "account-linked-intro"),
        Bell::AccountUnlinked => ("account-unlinked-subject", "account-unlinked-intro"),
        Bell::AccountInactive => ("account-inactive-subject", "account-inactive-intro"),
        Bell::DeletionAsked => ("deletion-asked-subject", "deletion-asked-intro"),
        Bell::DeletionCancelled => ("deletion-cancelled-subject", "deletion-cancelled-intro"),
        Bell::DataTakenOver => ("data-taken-over-subject", "data-taken-over-intro"),
        Bell::AccountsMerged => ("accounts-merged-subject", "accounts-merged-intro"),
    }
}

fn plain(parts: &[Part]) -> String {
    let line = |part: &Part| match part {
        Part::Text(text) | Part::Code(text) | Part::Link(text) => text.clone() + "\n",
    };
    parts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The texts in one language.
struct Words {
    language: &'static LanguageIdentifier,
    name: &'static str,
}

impl Words {
    /// German unless English is asked for.
    fn new(locale: &str) -> Self {
        let (language, name) = if locale == "en" { (&EN, "en") } else { (&DE, "de") };
        Self { language, name }
    }

    fn get(&self, key: &str, args: &[(&'static str, FluentValue<'_>)]) -> String {
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            args.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect();
        let found = LOCALES.try_lookup_complete(self.language, key, Some(&args));
        found.unwrap_or_else(|| {
            tracing::error!(key, "a text is missing from the language files");
            key.to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use siegel_kernel::TrustLevel;

    use super::*;

    const ORIGIN: &str = "https://konto.musterstadt.example";

    fn code(kind: CodeKind) -> Mail {
        let (email, locale) = ("e@example.org".into(), "de".into());
        Mail::Code { email, locale, kind, code: "042917".into() }
    }

    fn notice(bell: Bell) -> Mail {
        let (recipient, path) = ("acc_".into(), "/postbox".into());
        let reminder_of = String::new();
        Mail::Notice {
            recipient,
            bell,
            level: TrustLevel::Substantial,
            path,
            reminder_of,
            days: 91,
        }
    }

    fn already() -> Mail {
        Mail::AlreadyRegistered { email: "e@example.org".into(), locale: "de".into() }
    }

    const CODES: [CodeKind; 6] = [
        CodeKind::Registration,
        CodeKind::PasswordReset,
        CodeKind::EmailChangeNew,
        CodeKind::EmailChangeOld,
        CodeKind::DeviceRelease,
        CodeKind::Invitation,
    ];

    fn others() -> Vec<Mail> {
        vec![
            already(),
            notice(Bell::LetterProvided),
            notice(Bell::LetterReminder),
            notice(Bell::CredentialAdded),
            notice(Bell::CredentialRemoved),
            notice(Bell::PasswordChanged),
            notice(Bell::RecoveryCodesCreated),
            notice(Bell::RecoveryCodeUsed),
            notice(Bell::LetterDeemedServed),
            notice(Bell::AccountLinked),
            notice(Bell::AccountUnlinked),
            notice(Bell::AccountInactive),
            notice(Bell::DeletionAsked),
            notice(Bell::DeletionCancelled),
            notice(Bell::DataTakenOver),
            notice(Bell::AccountsMerged),
        ]
    }

    fn all() -> Vec<Mail> {
        CODES.into_iter().map(code).chain(others()).collect()
    }

    fn digit_runs_of_six(text: &str) -> Vec<&str> {
        text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= 6).collect()
    }

    #[test]
    fn a_notice_is_word_for_word_this() {
        let mail = write(&notice(Bell::LetterProvided), "de", ORIGIN).unwrap();
        assert_eq!(mail.subject, "In Ihrem Postfach liegt eine neue Nachricht");
        let expected = "Guten Tag,\n\n\
            in Ihrem Postfach liegt eine neue Nachricht für Sie.\n\n\
            Zum Öffnen brauchen Sie das Vertrauensniveau „substanziell“.\n\n\
            Zum Postfach:\n\n\
            https://konto.musterstadt.example/postbox\n\n\
            Aus Gründen des Datenschutzes nennt diese E-Mail weder Absender noch Inhalt.\n\n\
            Diese E-Mail wurde automatisch verschickt. Bitte antworten Sie nicht darauf.\n";
        assert_eq!(mail.plain, expected);
    }

    #[test]
    fn a_code_stands_on_a_line_of_its_own_and_is_the_only_six_digits() {
        for kind in CODES {
            for locale in ["de", "en"] {
                let mail = write(&code(kind), locale, ORIGIN).unwrap();
                assert!(mail.plain.lines().any(|line| line == "042917"), "{}", mail.plain);
                assert_eq!(digit_runs_of_six(&mail.plain), ["042917"]);
                assert!(mail.html.contains("042917"));
            }
        }
    }

    #[test]
    fn other_mails_hold_no_six_digits() {
        for mail in others() {
            let mail = write(&mail, "en", "http://localhost:18080").unwrap();
            assert_eq!(digit_runs_of_six(&mail.plain), Vec::<&str>::new());
            assert_eq!(digit_runs_of_six(&mail.html), Vec::<&str>::new());
        }
    }

    #[test]
    fn every_mail_is_complete_in_both_languages_and_they_differ() {
        for mail in all() {
            let (de, en) =
                (write(&mail, "de", ORIGIN).unwrap(), write(&mail, "en", ORIGIN).unwrap());
            assert_ne!(de.subject, en.subject);
            for text in [&de.plain, &en.plain, &de.subject, &en.subject] {
                // A missing text shows as its key: `letter-link`.
                assert!(!text.split_whitespace().any(is_key), "{text}");
            }
            for html in [&de.html, &en.html] {
                assert!(html.contains("</html>"));
            }
        }
    }

    fn is_key(word: &str) -> bool {
        let known = [
            "registration-",
            "password-",
            "already-",
            "letter-",
            "level-",
            "code-",
            "never-",
            "email-new",
            "email-old",
            "credential-",
            "recovery-",
            "security-",
        ];
        known.iter().any(|start| word.starts_with(start))
    }

    #[test]
    fn both_languages_have_the_same_keys() {
        let keys = |text: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.split_once(" = "));
            lines.map(|(key, _)| key.to_owned()).collect()
        };
        let de = include_str!("../locales/de/main.ftl");
        let en = include_str!("../locales/en/main.ftl");
        assert_eq!(keys(de), keys(en));
    }

    #[test]
    fn every_level_has_a_name() {
        for level in TrustLevel::ALL {
            let mail = Mail::Notice {
                recipient: String::new(),
                bell: Bell::LetterProvided,
                level,
                path: "/".into(),
                reminder_of: String::new(),
                days: 0,
            };
            assert!(!write(&mail, "en", ORIGIN).unwrap().plain.contains("level-"));
        }
    }

    #[test]
    fn html_is_escaped() {
        let mail = Mail::Notice {
            recipient: String::new(),
            bell: Bell::LetterProvided,
            level: TrustLevel::Low,
            path: "/<script>".into(),
            reminder_of: String::new(),
            days: 0,
        };
        assert!(!write(&mail, "de", ORIGIN).unwrap().html.contains("<script>"));
    }
}
