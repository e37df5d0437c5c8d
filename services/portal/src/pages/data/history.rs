//! Every value the account held, and until when.

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use siegel_proto::account::v1::{ListAttributeHistoryRequest, PastValue};
use siegel_web::Texts;
use siegel_web::forms::Pagination;

use super::{origin, value};
use crate::pages::disclosures::pages;
use crate::pages::{Signed, words};

#[derive(Deserialize)]
pub struct At {
    page: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "history.html")]
struct History {
    t: Texts,
    current: &'static str,
    entries: Vec<Entry>,
    pages: Pagination,
}

struct Entry {
    label: String,
    value: String,
    source: String,
    from: String,
    until: String,
}

pub async fn show(who: Signed, Query(at): Query<At>) -> Result<Response, Response> {
    let page_token = at.page.clone().unwrap_or_default();
    let request = ListAttributeHistoryRequest { page_size: 50, page_token };
    let list = who.changes().await?.list_attribute_history(request).await;
    let list = list.map_err(|status| who.refuse("account", &status))?.into_inner();
    let (t, locale) = (who.texts(), who.view.locale);
    let entry = |past: PastValue| {
        let attribute = past.attribute.unwrap_or_default();
        Entry {
            label: words::attribute(&t, &attribute.name),
            value: value(&t, locale, &attribute),
            source: origin(&t, &attribute),
            from: words::date_time(locale, past.recorded_at.as_ref()),
            until: match past.superseded_at.as_ref() {
                Some(at) => words::date_time(locale, Some(at)),
                None => t.get("history-current"),
            },
        }
    };
    let body = History {
        current: "history",
        entries: list.values.into_iter().map(entry).collect(),
        pages: pages(locale, "/account/history?", at.page.is_some(), &list.next_page_token),
        t,
    };
    Ok(who.page(t.get("history")).lead(t.get("history-text")).wide().show(&body))
}
