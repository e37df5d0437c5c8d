//! The letter about a claim of an organisation: one page, print-ready, with the address where the
//! window of an envelope is (DIN 5008, form B). It carries a code and is made by the same fonts and
//! lines as receipts are.

use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::{Document as Pdf, SerializeSettings};
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::local_parts;

use crate::draw::{date, draw};
use crate::font::{Fonts, Style, fonts};
use crate::layout::{PAGE, Placed, wrap};
use crate::story::Part;
use crate::{Language, RenderError};

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
const LEFT: f32 = 25.0 * MM;
const WIDTH: f32 = 165.0 * MM;
/// Base line of the return line, above the address zone, which begins at 62.7 mm.
const RETURN_LINE: f32 = 61.0 * MM;
const ADDRESS: f32 = 67.0 * MM;
const INFORMATION: (f32, f32) = (125.0 * MM, 54.0 * MM);
const SUBJECT: f32 = 103.0 * MM;
/// Where a sheet is folded for a window envelope.
const FOLDS: [f32; 2] = [105.0 * MM, 210.0 * MM];
const TEXT: f32 = 10.5;
const LEADING: f32 = 1.36;

/// Who gets the letter.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// At most six lines.
    pub lines: &'a [String],
}

/// What the letter says.
#[derive(Clone, Copy, Debug)]
pub struct WindowLetter<'a> {
    /// Who sends it, on one line.
    pub sender: &'a str,
    pub recipient: Recipient<'a>,
    pub organisation: &'a str,
    /// Who claims.
    pub claimant: &'a str,
    /// In groups of four.
    pub account_name: &'a str,
    /// In groups of four.
    pub code: &'a str,
    /// Where the code is typed.
    pub page: &'a str,
    /// Length of the cooling period.
    pub days: u64,
    pub dated: Timestamp,
    /// The organisation had lost everybody who managed it.
    pub recovery: bool,
    pub language: Language,
}

/// Renders the letter as PDF/A-2b; the same letter always gives the same bytes.
/// # Errors
/// `Standard` when the writer's own checks find something, or the text does not fit on the page.
pub fn render(letter: &WindowLetter<'_>) -> Result<Vec<u8>, RenderError> {
    let fonts = fonts()?;
    let lines = lines(fonts, letter)?;
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_B)
        .finish()
        .map_err(|_| RenderError::Standard)?;
    let mut pdf =
        Pdf::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(RenderError::Standard)?;
    let mut page = pdf.start_page_with(settings);
    let mut surface = page.surface();
    for line in &lines {
        draw(&mut surface, fonts, line);
    }
    surface.finish();
    page.finish();
    let made = date(&letter.dated.to_rfc3339()).ok_or(RenderError::Standard)?;
    let metadata = Metadata::new()
        .title(letter.language.say("claim-title"))
        .language(letter.language.tag().to_owned())
        .creation_date(made);
    pdf.set_metadata(metadata);
    pdf.finish().map_err(|_| RenderError::Standard)
}

/// The same letter as plain text: its subject, and what it says.
pub fn text(letter: &WindowLetter<'_>) -> (String, String) {
    let say = |key: &str| letter.language.say(key);
    let days = letter.days.to_string();
    let values = letter.values(&days);
    let text = |key: &'static str| letter.language.say_with(key, &values);
    let mut parts: Vec<String> = letter.before_the_code().map(text).into();
    let code = letter.code_lines().map(|(key, value)| format!("{}: {value}", say(key)));
    parts.push(code.join("\n"));
    parts.extend(AFTER_THE_CODE.map(text));
    (say("claim-title"), parts.join("\n\n"))
}

const AFTER_THE_CODE: [&str; 3] = ["claim-effect", "claim-never", "claim-end"];

impl WindowLetter<'_> {
    fn values<'a>(&'a self, days: &'a str) -> [(&'static str, &'a str); 4] {
        [
            ("organisation", self.organisation),
            ("claimant", self.claimant),
            ("days", days),
            ("page", self.page),
        ]
    }

    const fn before_the_code(&self) -> [&'static str; 4] {
        let intro = if self.recovery { "claim-recovery" } else { "claim-intro" };
        ["claim-dear", intro, "claim-right", "claim-wrong"]
    }

    const fn code_lines(&self) -> [(&'static str, &str); 3] {
        [("claim-page", self.page), ("claim-name", self.account_name), ("claim-code", self.code)]
    }
}

fn lines(fonts: &Fonts, letter: &WindowLetter<'_>) -> Result<Vec<Placed>, RenderError> {
    let say = |key: &str| letter.language.say(key);
    let mut page = Sheet { fonts, lines: Vec::new() };
    page.line(LEFT, RETURN_LINE, 7.0, Style::Regular, letter.sender);
    let mut y = ADDRESS;
    for line in letter.recipient.lines.iter().take(6) {
        // The window is 80 mm wide inside; what is longer is cut, never set below the window.
        let first = wrap(fonts, line, Style::Regular, 80.0 * MM / TEXT);
        page.line(LEFT, y, TEXT, Style::Regular, first.first().map_or("", String::as_str));
        y += 12.0;
    }
    let (x, y) = INFORMATION;
    let (year, month, day, ..) = local_parts(letter.dated);
    let dated = match letter.language {
        Language::German => format!("{day:02}.{month:02}.{year}"),
        Language::English => format!("{day} {} {year}", say(&format!("month-{month}"))),
    };
    page.line(x, y, TEXT, Style::Regular, &dated);
    for fold in FOLDS {
        page.line(4.0 * MM, fold, 8.0, Style::Regular, "–");
    }
    page.line(LEFT, SUBJECT, 12.0, Style::Bold, &say("claim-title"));
    let mut y = SUBJECT + 22.0;
    let days = letter.days.to_string();
    let values = letter.values(&days);
    let text = |key| letter.language.say_with(key, &values);
    for key in letter.before_the_code() {
        y = page.paragraph(y, TEXT, Style::Regular, &text(key));
    }
    for (key, value) in letter.code_lines() {
        page.line(LEFT, y, TEXT, Style::Bold, &say(key));
        page.line(LEFT + 50.0 * MM, y, 11.5, Style::Mono, value);
        y += 18.0;
    }
    y += 4.0;
    for key in AFTER_THE_CODE {
        y = page.paragraph(y, TEXT, Style::Regular, &text(key));
    }
    if y > PAGE.1 - 20.0 * MM { Err(RenderError::Standard) } else { Ok(page.lines) }
}

/// One page that fills.
struct Sheet<'f> {
    fonts: &'f Fonts,
    lines: Vec<Placed>,
}

impl Sheet<'_> {
    fn line(&mut self, x: f32, y: f32, size: f32, style: Style, text: &str) {
        let text = self.fonts.showable(text, style);
        self.lines.push(Placed { page: 0, x, y, size, style, text, block: 0, part: Part::Body });
    }

    /// Where the next paragraph begins.
    fn paragraph(&mut self, mut y: f32, size: f32, style: Style, text: &str) -> f32 {
        for line in wrap(self.fonts, text, style, WIDTH / size) {
            self.line(LEFT, y, size, style, &line);
            y += size * LEADING;
        }
        y + 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(lines: &[String], language: Language) -> WindowLetter<'_> {
        WindowLetter {
            sender: "Servicekonto Musterstadt, Am Markt 1, 19055 Schwerin",
            recipient: Recipient { lines },
            organisation: "Muster GmbH",
            claimant: "Erika Mustermann",
            account_name: "K7QF-2M9X-PD",
            code: "ABCD-EFGH-JKLM-NPQR",
            page: "https://konto.musterstadt.example/organisation/revoke",
            days: 7,
            dated: Timestamp::parse_rfc3339("2025-03-06T10:15:00Z").unwrap(),
            recovery: false,
            language,
        }
    }

    fn address() -> Vec<String> {
        ["Muster GmbH", "Schlossstraße 1", "19053 Schwerin"].map(str::to_owned).into()
    }

    #[test]
    fn the_text_says_what_the_page_says() {
        let recipient = address();
        for language in [Language::German, Language::English] {
            let letter = letter(&recipient, language);
            let (subject, text) = text(&letter);
            assert_eq!(subject, language.say("claim-title"));
            for needed in [letter.code, letter.account_name, letter.page, letter.claimant] {
                assert!(text.contains(needed), "{needed} is missing: {text}");
            }
        }
    }

    #[test]
    fn the_address_stands_in_the_window_and_the_code_below_it() {
        let recipient = address();
        for language in [Language::German, Language::English] {
            let letter = letter(&recipient, language);
            let lines = lines(fonts().unwrap(), &letter).unwrap();
            let at = |text: &str| lines.iter().find(|l| l.text.contains(text)).unwrap().y / MM;
            for line in &recipient {
                assert!((62.7..90.0).contains(&at(line)), "{line} at {} mm", at(line));
            }
            assert!(at(letter.code) > 98.46, "nothing of the text shows in the window");
            assert!(lines.iter().all(|l| l.y < PAGE.1 - 20.0 * MM));
        }
    }

    #[test]
    fn a_name_that_is_too_long_for_the_window_does_not_push_the_address_out_of_it() {
        let long: Vec<_> = (0..6).map(|_| "Donaudampfschifffahrt ".repeat(12)).collect();
        let letter = letter(&long, Language::German);
        let lines = lines(fonts().unwrap(), &letter).unwrap();
        let inside = lines.iter().filter(|l| l.text.contains("Donau") && l.y / MM < 90.0).count();
        assert_eq!(inside, 6);
    }

    #[test]
    fn the_same_letter_is_the_same_file() {
        let recipient = address();
        let letter = letter(&recipient, Language::German);
        let pdf = render(&letter).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        assert_eq!(pdf, render(&letter).unwrap());
        let other = WindowLetter { code: "ZZZZ-EFGH-JKLM-NPQR", ..letter };
        assert_ne!(pdf, render(&other).unwrap());
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let keys = |text: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.split_once(" = "));
            lines.map(|(key, _)| key.to_owned()).collect()
        };
        let german = keys(include_str!("../locales/de/claim.ftl"));
        assert_eq!(german, keys(include_str!("../locales/en/claim.ftl")));
        assert!(german.len() > 20);
    }
}
