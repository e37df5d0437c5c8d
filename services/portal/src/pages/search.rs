//! Searching the postbox. Looking for letters has no legal effect, as looking at the list has none.

use axum::response::Response;
use siegel_proto::postbox::v1::{SearchRequest, SearchResponse};
use siegel_web::Texts;
use siegel_web::forms::{Button, Input, Link, Pagination};
use tonic::Code;

use super::postbox::{Card, Place, card, whose};
use super::{Signed, disclosures};

/// Longest search, in characters.
const LONGEST: u32 = 200;

/// Field and button; a form that sends by GET, so that what was found can be come back to.
pub struct SearchForm {
    /// Whose postbox, as hidden fields.
    pub place: Vec<(&'static str, String)>,
    pub field: Input,
    pub button: Button,
}

impl SearchForm {
    pub fn new(t: &Texts, place: &Place, query: &str, error: Option<String>) -> Self {
        let field = Input::search("q", t.get("search"));
        let field = field.hint(t.get("search-hint")).max_length(LONGEST).value(query);
        Self {
            place: place.pairs(),
            field: match error {
                Some(error) => field.error(error),
                None => field,
            },
            button: Button::secondary(t.get("search-go")),
        }
    }
}

#[derive(askama::Template)]
#[template(path = "search.html")]
struct Results {
    search: SearchForm,
    found: Option<String>,
    letters: Vec<Card>,
    pages: Pagination,
    all: Link,
}

/// The letters that hold the words, newest first.
pub async fn show(
    who: &Signed,
    place: &Place,
    query: &str,
    page: Option<&str>,
) -> Result<Response, Response> {
    let (t, locale) = (who.texts(), who.view.locale);
    let request = SearchRequest {
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        query: query.to_owned(),
        page_size: 25,
        page_token: page.unwrap_or_default().to_owned(),
        ..SearchRequest::default()
    };
    let mut service = who.mailbox().await?;
    let (found, error) = match service.search(request).await {
        Ok(found) => (Some(found.into_inner()), None),
        Err(status) if status.code() == Code::InvalidArgument => {
            (None, Some(t.get("search-malformed")))
        }
        Err(status) => return Err(who.refuse("postbox", &status)),
    };
    let heading = found.as_ref().map(|found| heading(&t, found, page.is_some()));
    let found = found.unwrap_or_default();
    let base = {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(place.pairs());
        format!("/postbox?{}&", pairs.append_pair("q", query).finish())
    };
    let body = Results {
        search: SearchForm::new(&t, place, query, error),
        found: heading,
        letters: found.letters.iter().map(|l| card(&t, locale, place, l)).collect(),
        pages: disclosures::pages(locale, &base, page.is_some(), &found.next_page_token),
        all: Link::secondary(format!("/postbox{}", place.query()), t.get("search-end")),
    };
    let shown = who.page(t.get("search-title"));
    Ok(match whose(who, place) {
        None => shown.show(&body),
        Some(notice) => shown.notice(notice).show(&body),
    })
}

fn heading(t: &Texts, found: &SearchResponse, later: bool) -> String {
    match found.total {
        Some(n) => t.with("search-found", [("n", n.into())]),
        None if later => t.get("search-further"),
        None => t.get("search-found-many"),
    }
}
