//! Where each line goes: one column, wrapped at words, broken into pages of A4.

use crate::font::{Fonts, Style};
use crate::story::{Block, Part};

/// Points.
pub const PAGE: (f32, f32) = (595.28, 841.89);
const LEFT: f32 = 62.0;
const TOP: f32 = 64.0;
const BOTTOM: f32 = 74.0;
const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;
/// Where the values of facts begin, from the left edge of the text.
const VALUES: f32 = 168.0;
const BULLET: f32 = 14.0;
const TEXT: f32 = 10.5;
const MONO: f32 = 8.5;
/// Height of a line over the size of its letters.
const LEADING: f32 = 1.36;

/// A line of text in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub page: usize,
    pub x: f32,
    /// Of the base line, from the top of the page.
    pub y: f32,
    pub size: f32,
    pub style: Style,
    pub text: String,
    /// Index of the block in the story, and which part of it.
    pub block: usize,
    pub part: Part,
}

/// The whole document in its places.
pub struct Laid {
    pub lines: Vec<Placed>,
    pub pages: usize,
}

/// One column of a block.
struct Column {
    part: Part,
    x: f32,
    size: f32,
    style: Style,
    lines: Vec<String>,
}

pub fn lay_out(fonts: &Fonts, story: &[Block]) -> Laid {
    let mut lines = Vec::new();
    let (mut page, mut y) = (0, TOP);
    for (index, block) in story.iter().enumerate() {
        let columns = columns(fonts, block);
        let (before, keep) = space(block);
        let step = columns.iter().map(|c| c.size * LEADING).fold(0.0, f32::max);
        let rows = columns.iter().map(|c| c.lines.len()).max().unwrap_or_default();
        y += if y > TOP { before } else { 0.0 };
        // A heading never stands alone at the foot of a page.
        if y + step + keep > PAGE.1 - BOTTOM {
            (page, y) = (page + 1, TOP);
        }
        for row in 0..rows {
            if y + step > PAGE.1 - BOTTOM {
                (page, y) = (page + 1, TOP);
            }
            for column in &columns {
                let Some(text) = column.lines.get(row) else { continue };
                lines.push(Placed {
                    page,
                    x: LEFT + column.x,
                    y: y + step * 0.76,
                    size: column.size,
                    style: column.style,
                    text: text.clone(),
                    block: index,
                    part: column.part,
                });
            }
            y += step;
        }
    }
    Laid { lines, pages: page + 1 }
}

/// The footer's base line and left edge.
pub const fn footer() -> (f32, f32) {
    (LEFT, PAGE.1 - BOTTOM + 34.0)
}

/// Room before a block, and what must fit below its first line.
const fn space(block: &Block) -> (f32, f32) {
    match block {
        Block::Title(_) => (0.0, 60.0),
        Block::Heading(_) => (15.0, 40.0),
        Block::Text(_) => (6.0, 0.0),
        Block::Fact { .. } | Block::Item(_) => (3.0, 0.0),
    }
}

fn columns(fonts: &Fonts, block: &Block) -> Vec<Column> {
    let column = |part, x, size, style, text: &str, width: f32| Column {
        part,
        x,
        size,
        style,
        lines: wrap(fonts, text, style, width / size),
    };
    match block {
        Block::Title(text) => vec![column(Part::Body, 0.0, 20.0, Style::Bold, text, WIDTH)],
        Block::Heading(text) => vec![column(Part::Body, 0.0, 13.0, Style::Bold, text, WIDTH)],
        Block::Text(text) => vec![column(Part::Body, 0.0, TEXT, Style::Regular, text, WIDTH)],
        Block::Item(text) => vec![
            column(Part::Label, 2.0, TEXT, Style::Regular, "–", BULLET),
            column(Part::Body, BULLET, TEXT, Style::Regular, text, WIDTH - BULLET),
        ],
        Block::Fact { label, value, exact } => {
            let (size, style) = if *exact { (MONO, Style::Mono) } else { (TEXT, Style::Regular) };
            vec![
                column(Part::Label, 0.0, TEXT, Style::Bold, label, VALUES - 10.0),
                column(Part::Body, VALUES, size, style, value, WIDTH - VALUES),
            ]
        }
    }
}

/// Lines of at most `width` (in units of the font size), broken at spaces; a word that is too long
/// is broken where it must be. A line that goes on keeps its space, so that readers of the tags see
/// where words end.
pub(crate) fn wrap(fonts: &Fonts, text: &str, style: Style, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in fonts.showable(text, style).split('\n') {
        let mut line = String::new();
        let mut used = 0.0;
        for word in paragraph.split_whitespace() {
            let gap = if line.is_empty() { "" } else { " " };
            let more = fonts.width(gap, style) + fonts.width(word, style);
            if used + more <= width {
                line.push_str(gap);
                line.push_str(word);
                used += more;
                continue;
            }
            if !line.is_empty() {
                line.push(' ');
                lines.push(std::mem::take(&mut line));
            }
            let rest = break_word(fonts, word, style, width, &mut lines);
            used = fonts.width(&rest, style);
            line = rest;
        }
        lines.push(line);
    }
    lines
}

/// Pushes the full lines of a word that is longer than a line; what is left of it.
fn break_word(
    fonts: &Fonts,
    word: &str,
    style: Style,
    width: f32,
    lines: &mut Vec<String>,
) -> String {
    let mut rest = String::new();
    let mut used = 0.0;
    for c in word.chars() {
        let one = fonts.width(c.encode_utf8(&mut [0; 4]), style);
        if used + one > width && !rest.is_empty() {
            lines.push(std::mem::take(&mut rest));
            used = 0.0;
        }
        rest.push(c);
        used += one;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::font::fonts;

    #[test]
    fn no_line_is_wider_than_its_column_and_no_letter_is_lost() {
        let fonts = fonts().unwrap();
        let text = "Donaudampfschifffahrtsgesellschaft ".repeat(9) + &"x".repeat(400);
        for style in [Style::Regular, Style::Bold, Style::Mono] {
            let lines = wrap(fonts, &text, style, 12.0);
            for line in &lines {
                assert!(fonts.width(line.trim_end(), style) <= 12.01, "{line}");
            }
            let all: String = lines.concat();
            assert_eq!(all.replace(' ', ""), text.replace(' ', ""));
        }
    }

    #[test]
    fn a_long_story_goes_on_over_pages_and_stays_within_them() {
        let fonts = fonts().unwrap();
        let story = vec![Block::Text("Wort ".repeat(4000))];
        let laid = lay_out(fonts, &story);
        assert!(laid.pages > 2);
        assert!(laid.lines.iter().all(|line| line.y < PAGE.1 - BOTTOM && line.y > TOP));
        assert_eq!(laid.lines.last().map(|line| line.page + 1), Some(laid.pages));
    }
}
