//! The list of letters. Looking at it has no legal effect.

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use siegel_proto::convert;
use siegel_proto::postbox::v1::{
    DeliveryState, Folder, Importance, LetterSummary, ListLettersRequest,
};
use siegel_web::forms::{Alert, Badge, LevelBadge, Link, Pagination};
use siegel_web::{Locale, Texts};

use super::search::{self, SearchForm};
use super::words::{self, Ident};
use super::{Signed, disclosures, mailboxes, settings};

/// What the list can be narrowed to, as addresses name it.
const FILTERS: [&str; 5] = ["unread", "important", "due", "archive", "trash"];
/// Whatever is asked for, whenever.
const LAST_DAY: &str = "9999-12-31";

/// Whose mailbox: the person's own, one of an organisation's, or that of a person who is represented.
#[derive(Clone, Default, Deserialize)]
pub struct Place {
    pub organisation: Option<Ident>,
    /// One beside the organisation's central one.
    #[serde(default)]
    pub mailbox: Option<Ident>,
    #[serde(default)]
    pub principal: Option<Ident>,
}

impl Place {
    /// For calls: empty for the person's own.
    pub fn id(&self) -> String {
        self.organisation.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// For calls: empty for the organisation's central one.
    pub fn mailbox_id(&self) -> String {
        self.mailbox.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// For calls: empty but for a person who is represented.
    pub fn principal_id(&self) -> String {
        self.principal.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether it is the person's own.
    pub fn is_own(&self) -> bool {
        self.organisation.is_none() && self.principal.is_none()
    }

    /// For links: empty, or `?organisation=org_…` and perhaps `&mailbox=omb_…`, or
    /// `?principal=acc_…`.
    pub fn query(&self) -> String {
        let pairs: Vec<_> = self.pairs().iter().map(|(name, id)| format!("{name}={id}")).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// The same as pairs, for links that say more.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let pairs = [
            ("organisation", &self.organisation),
            ("mailbox", &self.mailbox),
            ("principal", &self.principal),
        ];
        pairs.into_iter().filter_map(|(n, id)| Some((n, id.as_ref()?.to_string()))).collect()
    }
}

#[derive(Deserialize)]
pub struct Wish {
    organisation: Option<Ident>,
    mailbox: Option<Ident>,
    principal: Option<Ident>,
    show: Option<String>,
    page: Option<String>,
    /// Words to search for.
    q: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "postbox.html")]
struct List {
    t: Texts,
    search: SearchForm,
    filters: Vec<Filter>,
    letters: Vec<Card>,
    pages: Pagination,
    settings: Link,
    /// Who looked at what.
    accesses: Link,
    /// To other mailboxes.
    choose: Link,
    /// The whole mailbox as an archive.
    export: Link,
}

struct Filter {
    href: String,
    text: String,
    current: bool,
}

/// A letter in a list.
pub struct Card {
    pub href: String,
    pub sender: String,
    pub subject: String,
    pub unread: bool,
    pub badges: Vec<String>,
    pub provided: String,
    pub machine: String,
    pub kind: String,
    pub lines: Vec<String>,
}

pub async fn list(who: Signed, Query(wish): Query<Wish>) -> Result<Response, Response> {
    let place = Place {
        organisation: wish.organisation.clone(),
        mailbox: wish.mailbox.clone(),
        principal: wish.principal.clone(),
    };
    if let Some(query) = wish.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        return search::show(&who, &place, query, wish.page.as_deref()).await;
    }
    let shown = |name: &&str| wish.show.as_deref() == Some(name);
    let show = FILTERS.into_iter().find(shown).unwrap_or("all");
    let request = ListLettersRequest {
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        page_size: 25,
        page_token: wish.page.clone().unwrap_or_default(),
        unread_only: show == "unread",
        important_only: show == "important",
        due_until: if show == "due" { LAST_DAY.to_owned() } else { String::new() },
        folder: folder(show).into(),
        ..ListLettersRequest::default()
    };
    let mut service = who.mailbox().await?;
    let found = service.list_letters(request).await;
    let found = found.map_err(|status| who.refuse("postbox", &status))?.into_inner();
    let t = who.texts();
    let base = |show: &str| {
        let join = if place.is_own() { '?' } else { '&' };
        match show {
            "all" => format!("/postbox{}", place.query()),
            show => format!("/postbox{}{join}show={show}", place.query()),
        }
    };
    let filter =
        |name: &str, text: String| Filter { href: base(name), text, current: name == show };
    let here = base(show);
    let join = if here.contains('?') { '&' } else { '?' };
    let (later, next) = (wish.page.is_some(), &found.next_page_token);
    let body = List {
        search: SearchForm::new(&t, &place, "", None),
        settings: settings::link(&t, &place),
        accesses: {
            let href = format!("/postbox/accesses{}", place.query());
            Link::secondary(href, t.get("accesses"))
        },
        choose: mailboxes::link(&t),
        filters: vec![
            filter("all", t.with("letters-all", [("n", found.total.into())])),
            filter("unread", t.with("letters-unread", [("n", found.unread.into())])),
            filter("important", t.get("letters-important")),
            filter("due", t.get("letters-due")),
            filter("archive", t.get("letters-archive")),
            filter("trash", t.get("letters-trash")),
        ],
        letters: found.letters.iter().map(|l| card(&t, who.view.locale, &place, l)).collect(),
        export: {
            let href = format!("/postbox/export{}", place.query());
            Link::secondary(href, t.get("mailbox-export")).download()
        },
        pages: disclosures::pages(who.view.locale, &format!("{here}{join}"), later, next),
        t,
    };
    let page = who.page(t.get("postbox")).lead(t.get("postbox-text"));
    Ok(match whose(&who, &place) {
        None => page.show(&body),
        Some(notice) => page.notice(notice).back(mailboxes::CHOOSE).show(&body),
    })
}

/// Where the letters of a filter lie.
fn folder(show: &str) -> Folder {
    match show {
        "archive" => Folder::Archive,
        "trash" => Folder::Trash,
        _ => Folder::Inbox,
    }
}

/// Says whose postbox it is, unless it is the person's own.
pub fn whose(who: &Signed, place: &Place) -> Option<Alert> {
    if place.is_own() {
        return None;
    }
    let key = if place.principal.is_some() { "postbox-of-person" } else { "postbox-of" };
    let name = who.acts_for.as_ref().map(|party| party.called(&who.texts()));
    // Somebody the person may not act for: whatever is asked of the postbox says so.
    let name = name.unwrap_or_else(|| format!("{}{}", place.id(), place.principal_id()));
    Some(Alert::info(who.texts().with(key, [("name", name.into())])))
}

pub fn card(t: &Texts, locale: Locale, place: &Place, letter: &LetterSummary) -> Card {
    let badges = badges(t, letter).into_iter().map(|b| b.to_html());
    let level = convert::level(letter.required_level).map(|l| LevelBadge::new(l, locale).to_html());
    let mut lines = Vec::new();
    if letter.opened_at.is_some() {
        let at = words::date_time(locale, letter.opened_at.as_ref());
        lines.push(t.with("letter-opened-at", [("at", at.into())]));
    }
    if letter.attachment_count > 0 {
        lines.push(t.with("attachments-count", [("n", letter.attachment_count.into())]));
    }
    lines.extend(announced(t, locale, letter));
    Card {
        href: format!("/postbox/{}{}", letter.letter_id, place.query()),
        sender: sender(t, letter),
        subject: subject(t, letter),
        unread: letter.opened_at.is_none(),
        badges: badges.chain(level).collect(),
        provided: words::date_time(locale, letter.provided_at.as_ref()),
        machine: words::machine(letter.provided_at.as_ref()),
        kind: words::delivery_type(t, letter.delivery_type()),
        lines,
    }
}

/// Important, new, opened.
pub fn badges(t: &Texts, letter: &LetterSummary) -> Vec<Badge> {
    let mut badges = Vec::new();
    if letter.importance() == Importance::Important {
        badges.push(Badge::warning(t.get("letter-important")));
    }
    if letter.opened_at.is_some() {
        badges.push(Badge::success(t.get("state-opened")));
    } else {
        badges.push(Badge::info(match letter.state() {
            DeliveryState::Provided => t.get("letter-new"),
            state => words::state(t, state),
        }));
    }
    badges
}

/// The day on which the letter counts as announced, where a rule applies.
pub fn announced(t: &Texts, locale: Locale, letter: &LetterSummary) -> Option<String> {
    let day = words::day(locale, &letter.announced_on);
    (!day.is_empty()).then(|| t.with("letter-announced-on", [("day", day.into())]))
}

pub fn sender(t: &Texts, letter: &LetterSummary) -> String {
    if letter.authority.is_empty() { t.get("sender-hidden") } else { letter.authority.clone() }
}

pub fn subject(t: &Texts, letter: &LetterSummary) -> String {
    if letter.purged {
        return t.get("subject-purged");
    }
    if letter.subject.is_empty() { t.get("subject-hidden") } else { letter.subject.clone() }
}
