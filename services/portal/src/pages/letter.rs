//! One letter: what opening it means, opening it, reading it.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_kernel::TrustLevel;
use siegel_proto::convert;
use siegel_proto::postbox::v1::{
    Attachment, Body, LetterSummary, OpenRequest, OpenResponse, PreviewRequest, Receipt, ScanState,
};
use siegel_web::forms::{Alert, Button, DescriptionList, Item, LevelBadge, Link};
use siegel_web::{CheckedForm, CsrfField, Locale, Problem, Texts, format};

use super::answer::{self, Answer};
use super::asked::{self, Asked};
use super::folders::{self, Moves};
use super::keep::{self, Keep};
use super::postbox::{Place, announced, badges, sender, subject};
use super::receipts::{self, Shown};
use super::words::{self, Ident};
use super::{Signed, rich, trouble, visitor};

#[derive(askama::Template)]
#[template(path = "preview.html")]
struct Preview {
    t: Texts,
    csrf: CsrfField,
    facts: DescriptionList,
    effect: String,
    action: String,
    open: Option<Button>,
    read: Option<Link>,
    answer: Option<Answer>,
    raise: Option<Link>,
    accesses: Link,
    moves: Moves,
}

/// Sender, subject, deadline and what opening will mean. Without legal effect.
pub async fn preview(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let (letter, effect) = fetch(&who, &id, &place).await?;
    let (t, locale) = (who.texts(), who.view.locale);
    let opened = letter.opened_at.is_some();
    let needed = convert::level(letter.required_level).unwrap_or(TrustLevel::High);
    let raise = (!letter.can_open).then(|| {
        let text = t.with("letter-raise", [("level", format::level(locale, needed).into())]);
        visitor::raise(needed, &path(&id, "", &place), text)
    });
    let body = Preview {
        csrf: who.view.csrf_field(),
        facts: facts(&t, locale, &letter),
        effect,
        action: path(&id, "/open", &place),
        open: (letter.can_open && !opened).then(|| Button::primary(t.get("letter-open"))),
        read: (letter.can_open && opened)
            .then(|| Link::primary(path(&id, "/read", &place), t.get("letter-read"))),
        answer: answer::offer(&who, &id, &place, &letter),
        raise,
        accesses: accesses(&t, &id, &place),
        moves: folders::offer(&who, (&id, &place), &letter),
        t,
    };
    let page = who.page(subject(&t, &letter)).back(format!("/postbox{}", place.query()));
    let page = if letter.can_open {
        page
    } else {
        let (held, wanted) = (who.session.level, format::level(locale, needed));
        let text = if held < needed {
            let held = format::level(locale, held);
            t.with("letter-level-needed", [("needed", wanted.into()), ("held", held.into())])
        } else {
            // The level ran out while this page was asked for.
            t.with("letter-level-ran-out", [("needed", wanted.into())])
        };
        page.notice(Alert::warning(t.get("letter-level-too-low")).text(text))
    };
    Ok(page.show(&body))
}

/// An "open" address that was reloaded or opened by hand.
pub async fn to_preview(Path(id): Path<Ident>, Query(place): Query<Place>) -> Redirect {
    Redirect::to(&path(&id, "", &place))
}

#[derive(Deserialize)]
pub struct Nothing {}

/// Opens the letter, with legal effect; again, without a further one.
pub async fn open(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Result<Response, Response> {
    let opened = call_open(&who, &id, &place).await?;
    if opened.letter.as_ref().is_some_and(|letter| letter.opened_at.is_none()) {
        // Whoever may read but not receive has to be shown it here: it is not open.
        return content(&who, (&id, &place), opened).await;
    }
    Ok(Redirect::to(&path(&id, "/read", &place)).into_response())
}

#[derive(askama::Template)]
#[template(path = "letter.html")]
struct Letter {
    t: Texts,
    facts: DescriptionList,
    texts: Vec<Text>,
    attachments: Vec<File>,
    archive: Option<Link>,
    asked: Vec<Asked>,
    answer: Option<Answer>,
    /// What was answered to it, each with its confirmation of receipt.
    replies: Vec<Link>,
    receipt: Option<Shown>,
    receipts: Link,
    accesses: Link,
    moves: Moves,
}

struct Text {
    lang: String,
    /// In the page's language, or the first: shown at once.
    main: bool,
    heading: String,
    /// As the authority laid it out; nothing on it runs, and nothing is fetched for it.
    html: Option<String>,
    paragraphs: Vec<Vec<String>>,
}

struct File {
    href: String,
    name: String,
    about: String,
    digest: String,
    short: String,
    /// What is known about viruses in it.
    scan: String,
    blocked: bool,
    keep: Option<Keep>,
}

/// Content, attachments and receipt of a letter that was opened before.
pub async fn read(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    // Reading never opens: a link or a prefetching browser must not have legal effect.
    let (summary, _) = fetch(&who, &id, &place).await?;
    if summary.opened_at.is_none() {
        return Ok(Redirect::to(&path(&id, "", &place)).into_response());
    }
    let opened = call_open(&who, &id, &place).await?;
    content(&who, (&id, &place), opened).await
}

/// The content of a letter, and what can be done with it.
async fn content(
    who: &Signed,
    (id, place): (&Ident, &Place),
    opened: OpenResponse,
) -> Result<Response, Response> {
    let without_effect = opened.receipt.is_none();
    let letter = opened.letter.ok_or_else(|| who.problem(Problem::Internal))?;
    let receipt = match opened.receipt {
        None => None,
        Some(receipt) => {
            let keys = receipts::keys(&who.app).await;
            Some(receipts::shown(&who.view, &receipt, keys.as_ref(), (id, place)))
        }
    };
    let (t, locale) = (who.texts(), who.view.locale);
    let asked = asked::asked(who, (id, place), &letter, &opened.actions);
    let replies = match asked::asked_reply(&letter, &opened.actions) {
        Some(_) => replies(who, (id, place)).await?,
        None => Vec::new(),
    };
    let file = |attachment| file(who, &t, (id, place), attachment);
    let body = Letter {
        facts: facts(&t, locale, &letter),
        texts: texts(&t, locale, opened.bodies),
        attachments: opened.attachments.iter().map(file).collect::<Result<_, _>>()?,
        archive: archive(&t, &opened.attachments, (id, place)),
        asked,
        answer: answer::offer(who, id, place, &letter),
        replies,
        receipt,
        receipts: Link::secondary(path(id, "/receipts", place), t.get("receipts-all")),
        accesses: accesses(&t, id, place),
        moves: folders::offer(who, (id, place), &letter),
        t,
    };
    let page = who.page(subject(&t, &letter)).back(format!("/postbox{}", place.query()));
    let page = if without_effect {
        page.notice(Alert::info(t.get("letter-without-effect")))
    } else {
        page
    };
    Ok(page.show(&body))
}

/// To who looked at this letter.
fn accesses(t: &Texts, id: &Ident, place: &Place) -> Link {
    Link::secondary(path(id, "/accesses", place), t.get("accesses-letter"))
}

/// To the confirmations of receipt of what was answered, oldest first.
async fn replies(who: &Signed, (id, place): (&Ident, &Place)) -> Result<Vec<Link>, Response> {
    let (t, locale) = (who.texts(), who.view.locale);
    let receipts = receipts::fetch(who, id, place).await?;
    let replies = receipts.iter().filter(|receipt| receipt.kind == "reply_accepted");
    let link = |receipt: &Receipt| {
        let at = words::date_time(locale, receipt.recorded_at.as_ref());
        let way = path(id, &format!("/replies/{}", receipt.receipt_id), place);
        Link::text(way, t.with("replies-one", [("at", at.into())]))
    };
    Ok(replies.map(link).collect())
}

/// `/postbox/{id}{rest}?organisation=…`
pub fn path(id: &Ident, rest: &str, place: &Place) -> String {
    format!("/postbox/{id}{rest}{}", place.query())
}

pub(super) async fn fetch(
    who: &Signed,
    id: &Ident,
    place: &Place,
) -> Result<(LetterSummary, String), Response> {
    let mut service = who.mailbox().await?;
    let request = PreviewRequest {
        letter_id: id.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
    };
    let answer = service.preview(request).await;
    let answer = answer.map_err(|status| who.refuse("postbox", &status))?.into_inner();
    let effect = match who.view.locale {
        Locale::De => answer.effect_de,
        Locale::En => answer.effect_en,
    };
    let letter = answer.letter.ok_or_else(|| who.problem(Problem::Internal))?;
    Ok((letter, effect))
}

pub(super) async fn call_open(
    who: &Signed,
    id: &Ident,
    place: &Place,
) -> Result<OpenResponse, Response> {
    let mut service = who.mailbox().await?;
    let request = OpenRequest {
        request_id: words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?,
        letter_id: id.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
    };
    match service.open(request).await {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) => match trouble::needed_level(&status) {
            Some(needed) => {
                let why = who.texts().get("step-up-why-letter");
                Err(trouble::step_up(who, needed, &path(id, "", place), why))
            }
            None => Err(who.refuse("postbox", &status)),
        },
    }
}

fn facts(t: &Texts, locale: Locale, letter: &LetterSummary) -> DescriptionList {
    let at = words::date_time(locale, letter.provided_at.as_ref());
    let badges: Vec<_> = badges(t, letter).iter().map(ToString::to_string).collect();
    let mut items = vec![
        Item::new(t.get("letter-sender"), sender(t, letter)),
        Item::new(t.get("letter-type"), words::delivery_type(t, letter.delivery_type())),
        Item::html(t.get("letter-state"), badges.join(" ")),
        Item::new(t.get("letter-provided"), at),
    ];
    if letter.opened_at.is_some() {
        let at = words::date_time(locale, letter.opened_at.as_ref());
        items.push(Item::new(t.get("letter-opened"), at));
    }
    if let Some(day) = announced(t, locale, letter) {
        items.push(Item::new(t.get("letter-announced"), day));
    }
    if let Some(level) = convert::level(letter.required_level) {
        let badge = LevelBadge::new(level, locale).to_html();
        items.push(Item::html(t.get("letter-level"), badge));
    }
    if !letter.due_on.is_empty() {
        items.push(Item::new(t.get("letter-due"), words::day(locale, &letter.due_on)));
    }
    if letter.retrieve_until.is_some() {
        let at = words::date_time(locale, letter.retrieve_until.as_ref());
        items.push(Item::new(t.get("letter-until"), at));
    }
    if letter.attachment_count > 0 {
        let count = t.with("attachments-count", [("n", letter.attachment_count.into())]);
        items.push(Item::new(t.get("attachments"), count));
    }
    if !letter.case_id.is_empty() {
        items.push(Item::new(t.get("letter-case"), letter.case_id.clone()));
    }
    DescriptionList::new(locale, items)
}

/// The page's language first; each plain text as paragraphs of lines.
fn texts(t: &Texts, locale: Locale, mut bodies: Vec<Body>) -> Vec<Text> {
    let ours = |body: &Body| Locale::from_tag(&body.language) == Some(locale);
    bodies.sort_by_key(|body| !ours(body));
    let mut texts = Vec::new();
    for (n, body) in bodies.into_iter().enumerate() {
        let args = [("language", language(t, &body.language).into())];
        let easy = t.with("letter-easy-text", args.clone());
        let heading = t.with("letter-text-in", args);
        let paragraphs = paragraphs(&body.plain_text);
        let (lang, html) = (body.language.clone(), rich::shown(&body.html));
        texts.push(Text { lang, main: n == 0, heading, html, paragraphs });
        if !body.easy_text.is_empty() {
            let (paragraphs, html) = (self::paragraphs(&body.easy_text), None);
            texts.push(Text { lang: body.language, main: false, heading: easy, html, paragraphs });
        }
    }
    texts
}

fn language(t: &Texts, tag: &str) -> String {
    match Locale::from_tag(tag) {
        Some(Locale::De) => t.get("language-de"),
        Some(Locale::En) => t.get("language-en"),
        None => tag.to_owned(),
    }
}

pub fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\r\n", "\n");
    let parts = text.split("\n\n").filter(|part| !part.trim().is_empty());
    parts.map(|part| part.trim_matches('\n').lines().map(str::to_owned).collect()).collect()
}

/// All attachments at once, where there are several and none is blocked.
fn archive(t: &Texts, attachments: &[Attachment], (id, place): (&Ident, &Place)) -> Option<Link> {
    let blocked = attachments.iter().any(|a| a.scan() == ScanState::Blocked);
    (attachments.len() > 1 && !blocked)
        .then(|| Link::secondary(path(id, "/attachments.zip", place), t.get("attachments-all")))
}

fn file(
    who: &Signed,
    t: &Texts,
    (id, place): (&Ident, &Place),
    attachment: &Attachment,
) -> Result<File, Response> {
    let size = u64::try_from(attachment.size_bytes).unwrap_or_default();
    let digest = hex(&attachment.sha256);
    let size = format::bytes(who.view.locale, size);
    Ok(File {
        href: path(id, &format!("/attachments/{}", attachment.attachment_id), place),
        name: attachment.name.clone(),
        about: format!("{}, {size}", attachment.media_type),
        short: digest.chars().take(16).collect(),
        digest,
        scan: match attachment.scan() {
            ScanState::Scanned => t.get("attachment-scanned"),
            ScanState::Blocked => t.get("attachment-blocked"),
            ScanState::NotScanned | ScanState::Unspecified => t.get("attachment-not-scanned"),
        },
        blocked: attachment.scan() == ScanState::Blocked,
        keep: keep::offer(who, t, (id, place), attachment)?,
    })
}

/// As `sha256sum` prints it.
fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_becomes_paragraphs_of_lines() {
        let text = "Guten Tag,\r\n\r\nIhr Bescheid\nliegt bei.\n\n\n\nGruß";
        let expected = vec![
            vec!["Guten Tag,".to_owned()],
            vec!["Ihr Bescheid".to_owned(), "liegt bei.".to_owned()],
            vec!["Gruß".to_owned()],
        ];
        assert_eq!(paragraphs(text), expected);
    }
}
