//! Writing the file: pages, tags, outline, metadata, and the embedded receipt.

use std::num::NonZeroU16;

use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagTree,
};
use krilla::{Document as Pdf, SerializeSettings};
use siegel_kernel::Timestamp;

use crate::font::{Fonts, Style};
use crate::layout::{Laid, PAGE, Placed, footer};
use crate::story::{Block, Part};
use crate::{Document, EMBEDDED, RenderError};

/// What was drawn of each block, in reading order.
type Drawn = Vec<(usize, Part, Identifier)>;

pub fn write(
    fonts: &Fonts,
    document: &Document<'_>,
    story: &[Block],
    laid: &Laid,
) -> Result<Vec<u8>, RenderError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|_| RenderError::Standard)?;
    let settings =
        SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
    let mut pdf = Pdf::new_with(settings);
    let drawn = pages(&mut pdf, fonts, document, laid)?;
    pdf.set_tag_tree(tags(document, story, drawn)?);
    pdf.set_outline(outline(story, laid));
    let recorded = date(&document.verified.recorded_time).ok_or(RenderError::Standard)?;
    pdf.set_metadata(metadata(document, story, recorded));
    let file = EmbeddedFile {
        path: EMBEDDED.to_owned(),
        mime_type: MimeType::new("application/json"),
        description: Some(document.language.say("embedded")),
        association_kind: AssociationKind::Source,
        data: document.file.as_bytes().to_vec().into(),
        modification_date: Some(recorded),
        // Found in the file as it is by anybody with a text editor.
        compress: Some(false),
        location: None,
    };
    pdf.embed_file(file).ok_or(RenderError::Standard)?;
    pdf.finish().map_err(|_| RenderError::Standard)
}

fn pages(
    pdf: &mut Pdf,
    fonts: &Fonts,
    document: &Document<'_>,
    laid: &Laid,
) -> Result<Drawn, RenderError> {
    let mut drawn = Drawn::new();
    let language = document.language;
    for number in 0..laid.pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(RenderError::Standard)?;
        let mut page = pdf.start_page_with(settings);
        let mut surface = page.surface();
        for line in laid.lines.iter().filter(|line| line.page == number) {
            let tag = SpanTag::empty().with_lang(Some(language.tag()));
            let id = surface.start_tagged(ContentTag::Span(tag));
            draw(&mut surface, fonts, line);
            surface.end_tagged();
            drawn.push((line.block, line.part, id));
        }
        let values = [
            ("id", document.verified.receipt_id.as_str()),
            ("page", &(number + 1).to_string()),
            ("pages", &laid.pages.to_string()),
        ];
        let (x, y) = footer();
        let foot = Placed {
            page: number,
            x,
            y,
            size: 8.0,
            style: Style::Regular,
            text: fonts.showable(&language.say_with("footer", &values), Style::Regular),
            block: 0,
            part: Part::Body,
        };
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
        draw(&mut surface, fonts, &foot);
        surface.end_tagged();
        surface.finish();
        page.finish();
    }
    Ok(drawn)
}

pub(crate) fn draw(surface: &mut Surface<'_>, fonts: &Fonts, line: &Placed) {
    let mut x = line.x;
    for run in fonts.runs(&line.text, line.style) {
        let at = Point::from_xy(x, line.y);
        surface.draw_glyphs(at, &run.glyphs, run.font, &run.text, line.size, false);
        x += run.width * line.size;
    }
}

/// The logical structure: headings, paragraphs, and runs of facts and items as tables and lists.
fn tags(document: &Document<'_>, story: &[Block], drawn: Drawn) -> Result<TagTree, RenderError> {
    let heading = |level: u16| NonZeroU16::new(level).ok_or(RenderError::Standard);
    let (first, second) = (heading(1)?, heading(2)?);
    let mut tree = TagTree::new().with_lang(Some(document.language.tag().to_owned()));
    let mut drawn = drawn.into_iter().peekable();
    let (mut table, mut list) = (None::<TagGroup>, None::<TagGroup>);
    for (index, block) in story.iter().enumerate() {
        let (mut label, mut body) = (Vec::new(), Vec::new());
        while let Some((_, part, id)) = drawn.next_if(|(of, ..)| *of == index) {
            if part == Part::Label { &mut label } else { &mut body }.push(id);
        }
        if !matches!(block, Block::Fact { .. }) {
            push_all(&mut tree, table.take());
        }
        if !matches!(block, Block::Item(_)) {
            push_all(&mut tree, list.take());
        }
        match block {
            Block::Title(text) => tree.push(filled(Tag::Hn(first, Some(text.clone())), body)),
            Block::Heading(text) => tree.push(filled(Tag::Hn(second, Some(text.clone())), body)),
            Block::Text(_) => tree.push(filled(Tag::P, body)),
            Block::Item(_) => {
                let mut item = TagGroup::new(Tag::LI);
                item.push(filled(Tag::Lbl, label));
                item.push(filled(Tag::LBody, body));
                list.get_or_insert_with(|| TagGroup::new(Tag::L(ListNumbering::None))).push(item);
            }
            Block::Fact { .. } => {
                let mut row = TagGroup::new(Tag::TR);
                row.push(filled(Tag::TH(TableHeaderScope::Row), label));
                row.push(filled(Tag::TD, body));
                table.get_or_insert_with(|| TagGroup::new(Tag::Table)).push(row);
            }
        }
    }
    push_all(&mut tree, table.into_iter().chain(list));
    Ok(tree)
}

fn push_all(tree: &mut TagTree, groups: impl IntoIterator<Item = TagGroup>) {
    for group in groups {
        tree.push(group);
    }
}

fn filled(tag: impl Into<krilla::tagging::TagKind>, ids: Vec<Identifier>) -> TagGroup {
    let mut group = TagGroup::new(tag);
    for id in ids {
        group.push(id);
    }
    group
}

fn outline(story: &[Block], laid: &Laid) -> Outline {
    let mut outline = Outline::new();
    for (index, block) in story.iter().enumerate() {
        let (Block::Title(text) | Block::Heading(text)) = block else { continue };
        let Some(line) = laid.lines.iter().find(|line| line.block == index) else { continue };
        let place = Point::from_xy(line.x, (line.y - line.size).max(0.0));
        outline.push_child(OutlineNode::new(text.clone(), XyzDestination::new(line.page, place)));
    }
    outline
}

fn metadata(document: &Document<'_>, story: &[Block], recorded: DateTime) -> Metadata {
    let title = story.iter().find_map(|block| match block {
        Block::Title(text) => Some(text.clone()),
        _ => None,
    });
    Metadata::new()
        .title(title.unwrap_or_default())
        .description(document.language.say("intro"))
        .authors(vec![document.verified.issuer.clone()])
        .creator("Siegel".to_owned())
        .language(document.language.tag().to_owned())
        .document_id(document.verified.receipt_id.clone())
        .creation_date(recorded)
}

/// The instant in UTC.
pub(crate) fn date(rfc3339: &str) -> Option<DateTime> {
    let text = Timestamp::parse_rfc3339(rfc3339)?.to_rfc3339();
    let mut numbers = text.split(['-', 'T', ':', '.', 'Z']).map(str::parse::<u16>);
    let mut next = || numbers.next()?.ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let small = |n: u16| u8::try_from(n).ok();
    let date = DateTime::new(year).month(small(month)?).day(small(day)?).hour(small(hour)?);
    let date = date.minute(small(minute)?).second(small(second)?);
    Some(date.utc_offset_hour(0).utc_offset_minute(0))
}
