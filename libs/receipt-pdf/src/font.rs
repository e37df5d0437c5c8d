//! Fonts and their letters. All fonts are built in; every letter that none of them has is shown as the
//! replacement character, so that no text can keep a document from being made.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::string::StringId;
use skrifa::{FontRef, MetadataProvider as _};

use crate::RenderError;

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Regular,
    Bold,
    /// Ids, digests, addresses.
    Mono,
}

struct Face {
    font: Font,
    letters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
    units_per_em: f32,
}

pub struct Fonts {
    regular: Face,
    bold: Face,
    mono: Face,
}

/// Text in one font.
pub struct Run {
    pub font: Font,
    pub text: String,
    pub glyphs: Vec<KrillaGlyph>,
    /// In units of the font size.
    pub width: f32,
}

static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(|| {
    Some(Fonts {
        regular: face("LibertinusSerif-Regular")?,
        bold: face("LibertinusSerif-Bold")?,
        mono: face("DejaVuSansMono")?,
    })
});

/// # Errors
/// When a built-in font cannot be read; a test makes sure that all can.
pub fn fonts() -> Result<&'static Fonts, RenderError> {
    FONTS.as_ref().ok_or(RenderError::Font)
}

fn face(wanted: &str) -> Option<Face> {
    typst_assets::fonts().find_map(|data| {
        let read = FontRef::new(data).ok()?;
        let mut names = read.localized_strings(StringId::POSTSCRIPT_NAME);
        names.any(|name| name.chars().eq(wanted.chars())).then_some(())?;
        let place = LocationRef::default();
        Some(Face {
            font: Font::new(data.into(), 0)?,
            letters: read.charmap(),
            widths: read.glyph_metrics(Size::unscaled(), place),
            units_per_em: f32::from(read.metrics(Size::unscaled(), place).units_per_em),
        })
    })
}

impl Face {
    fn has(&self, c: char) -> bool {
        self.letters.map(c).is_some()
    }

    /// One glyph per letter, side by side: what is copied out of the document is what was written.
    fn shape(&self, text: &str) -> Run {
        let mut width = 0.0;
        let mut glyphs = Vec::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            let glyph = self.letters.map(c).unwrap_or_default();
            let advance = self.widths.advance_width(glyph).unwrap_or_default() / self.units_per_em;
            let range = at..at + c.len_utf8();
            let id = GlyphId::new(glyph.to_u32());
            glyphs.push(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, range, None));
            width += advance;
        }
        Run { font: self.font.clone(), text: text.to_owned(), glyphs, width }
    }
}

impl Fonts {
    const fn face(&self, style: Style) -> &Face {
        match style {
            Style::Regular => &self.regular,
            Style::Bold => &self.bold,
            Style::Mono => &self.mono,
        }
    }

    /// The text as it can be shown: what no font has is replaced, what has no shape is a space.
    pub fn showable(&self, text: &str, style: Style) -> String {
        let show = |c: char| match c {
            '\n' => '\n',
            c if c.is_control() || c.is_whitespace() => ' ',
            // Invisible, or without a meaning that all readers share: neither may hide in a proof.
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{ffff}'
            | '\u{e0000}'.. => char::REPLACEMENT_CHARACTER,
            c if [self.face(style), &self.regular, &self.mono].iter().any(|face| face.has(c)) => c,
            _ => char::REPLACEMENT_CHARACTER,
        };
        text.chars().map(show).collect()
    }

    /// Shapes a showable text: its own font, and another for letters that this has not.
    pub fn runs(&self, text: &str, style: Style) -> Vec<Run> {
        let order = [style, Style::Regular, Style::Mono];
        let mut parts: Vec<(Style, String)> = Vec::new();
        for c in text.chars() {
            let found = order.into_iter().find(|style| self.face(*style).has(c)).unwrap_or(style);
            match parts.last_mut() {
                Some((same, part)) if *same == found => part.push(c),
                _ => parts.push((found, c.to_string())),
            }
        }
        parts.iter().map(|(style, part)| self.face(*style).shape(part)).collect()
    }

    /// In units of the font size.
    pub fn width(&self, text: &str, style: Style) -> f32 {
        self.runs(text, style).iter().map(|run| run.width).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_font_is_there_and_has_the_letters_of_german_names() {
        let fonts = fonts().unwrap();
        for style in [Style::Regular, Style::Bold, Style::Mono] {
            let name = "AÄÖÜäöüßẞéçğışŁőřžĐ§–„“·";
            assert_eq!(fonts.showable(name, style), name, "{style:?}");
            let fallback = name.chars().filter(|c| !fonts.face(style).has(*c)).count();
            assert!(fallback <= 1, "{style:?}");
        }
        assert!(fonts.mono.has(char::REPLACEMENT_CHARACTER));
    }

    #[test]
    fn a_letter_that_no_font_has_is_replaced_and_not_left_out() {
        let fonts = fonts().unwrap();
        assert_eq!(fonts.showable("a\u{0}b\tç 漢", Style::Regular), "a b ç \u{fffd}");
    }
}
