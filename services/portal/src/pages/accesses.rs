//! Who looked at what in a postbox. To be looked at without any effect.

use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use siegel_proto::convert;
use siegel_proto::postbox::v1::{Access, AccessKind, ListAccessesRequest};
use siegel_web::forms::{LevelBadge, Pagination};
use siegel_web::{Locale, Texts};

use super::letter::{fetch, path};
use super::postbox::{Place, subject, whose};
use super::words::{self, Ident};
use super::{Signed, disclosures};

#[derive(Deserialize)]
pub struct At {
    organisation: Option<Ident>,
    mailbox: Option<Ident>,
    principal: Option<Ident>,
    page: Option<String>,
}

impl At {
    fn place(&self) -> Place {
        Place {
            organisation: self.organisation.clone(),
            mailbox: self.mailbox.clone(),
            principal: self.principal.clone(),
        }
    }
}

#[derive(askama::Template)]
#[template(path = "accesses.html")]
struct Accesses {
    t: Texts,
    /// Of the whole mailbox: each entry names its letter.
    all: bool,
    entries: Vec<Entry>,
    pages: Pagination,
}

struct Entry {
    at: String,
    machine: String,
    who: String,
    what: String,
    /// The letter; empty where it was none, or where all are of one.
    href: String,
    level: Option<LevelBadge>,
    client: String,
}

/// Every access to the mailbox.
pub async fn mailbox(who: Signed, Query(at): Query<At>) -> Result<Response, Response> {
    let place = at.place();
    let body = list(&who, None, &place, at.page.as_deref()).await?;
    let page = who.page(body.t.get("accesses")).lead(body.t.get("accesses-text")).wide();
    let page = page.back(format!("/postbox{}", place.query()));
    Ok(match whose(&who, &place) {
        None => page.show(&body),
        Some(notice) => page.notice(notice).show(&body),
    })
}

/// Every access to one letter.
pub async fn letter(
    who: Signed,
    Path(id): Path<Ident>,
    Query(at): Query<At>,
) -> Result<Response, Response> {
    let place = at.place();
    let (letter, _) = fetch(&who, &id, &place).await?;
    let body = list(&who, Some(&id), &place, at.page.as_deref()).await?;
    let page = who.page(body.t.get("accesses-letter")).lead(subject(&body.t, &letter)).wide();
    Ok(page.back(path(&id, "", &place)).show(&body))
}

async fn list(
    who: &Signed,
    letter: Option<&Ident>,
    place: &Place,
    page: Option<&str>,
) -> Result<Accesses, Response> {
    let request = ListAccessesRequest {
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        letter_id: letter.map(ToString::to_string).unwrap_or_default(),
        page_size: 50,
        page_token: page.unwrap_or_default().to_owned(),
    };
    let found = who.mailbox().await?.list_accesses(request).await;
    let found = found.map_err(|status| who.refuse("postbox", &status))?.into_inner();
    let (t, locale) = (who.texts(), who.view.locale);
    let here = match letter {
        Some(id) => path(id, "/accesses", place),
        None => format!("/postbox/accesses{}", place.query()),
    };
    let join = if here.contains('?') { '&' } else { '?' };
    Ok(Accesses {
        all: letter.is_none(),
        entries: found.accesses.iter().map(|a| entry(&t, locale, place, a)).collect(),
        pages: disclosures::pages(
            locale,
            &format!("{here}{join}"),
            page.is_some(),
            &found.next_page_token,
        ),
        t,
    })
}

fn entry(t: &Texts, locale: Locale, place: &Place, access: &Access) -> Entry {
    let letter = Ident::try_from(access.letter_id.clone()).ok();
    Entry {
        at: words::date_time(locale, access.accessed_at.as_ref()),
        machine: words::machine(access.accessed_at.as_ref()),
        who: if access.own { t.get("access-own") } else { access.person.clone() },
        what: what(t, access),
        href: letter.map(|id| path(&id, "", place)).unwrap_or_default(),
        level: convert::level(access.trust_level).map(|level| LevelBadge::new(level, locale)),
        client: access.client_id.clone(),
    }
}

/// What was done, and whether it was refused.
fn what(t: &Texts, access: &Access) -> String {
    let done = t.get(match access.kind() {
        AccessKind::Unspecified => "access-other",
        AccessKind::Listed => "access-listed",
        AccessKind::Previewed => "access-previewed",
        AccessKind::Opened => "access-opened",
        AccessKind::Confirmed => "access-confirmed",
        AccessKind::Refused => "access-refused",
        AccessKind::Downloaded if access.length_bytes > 0 => "access-downloaded-part",
        AccessKind::Downloaded => "access-downloaded",
        AccessKind::ProofExported => "access-proof",
        AccessKind::MailboxExported => "access-mailbox",
        AccessKind::Read => "access-read",
    });
    // What was read without legal effect was not refused.
    let refused = !["done", "without_effect"].contains(&access.outcome.as_str());
    if refused { t.with("access-denied", [("what", done.into())]) } else { done }
}
