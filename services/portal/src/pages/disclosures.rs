//! Who received which attributes, when, why.

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use siegel_proto::account::v1::ListDisclosuresRequest;
use siegel_proto::convert;
use siegel_web::forms::{LevelBadge, Link, Pagination};
use siegel_web::{Locale, Texts};

use super::{Signed, words};

#[derive(Deserialize)]
pub struct At {
    page: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "disclosures.html")]
struct Disclosures {
    t: Texts,
    current: &'static str,
    entries: Vec<Disclosure>,
    pages: Pagination,
    export: Link,
}

struct Disclosure {
    client: String,
    attributes: String,
    purpose: String,
    at: String,
    machine: String,
    level: Option<LevelBadge>,
}

pub async fn show(who: Signed, Query(at): Query<At>) -> Result<Response, Response> {
    let mut service = who.account().await?;
    let request =
        ListDisclosuresRequest { page_size: 50, page_token: at.page.clone().unwrap_or_default() };
    let list = service.list_disclosures(request).await;
    let list = list.map_err(|status| who.refuse("account", &status))?.into_inner();
    let (t, locale) = (who.texts(), who.view.locale);
    let disclosures = list.disclosures.into_iter().map(|d| Disclosure {
        client: if d.client_name.is_empty() { d.client_id } else { d.client_name },
        attributes: if d.document_id.is_empty() {
            words::attributes(&t, &d.attributes)
        } else {
            t.with("disclosed-document", [("name", d.document_name.into())])
        },
        purpose: d.purpose,
        at: words::date_time(locale, d.disclosed_at.as_ref()),
        machine: words::machine(d.disclosed_at.as_ref()),
        level: convert::level(d.level).map(|level| LevelBadge::new(level, locale)),
    });
    let body = Disclosures {
        current: "disclosures",
        entries: disclosures.collect(),
        export: Link::secondary("/account/disclosures/export", t.get("disclosures-export"))
            .download(),
        pages: pages(locale, "/account/disclosures?", at.page.is_some(), &list.next_page_token),
        t,
    };
    Ok(who.page(t.get("disclosures")).lead(t.get("disclosures-text")).wide().show(&body))
}

/// Links to the beginning and to what follows; `base` ends in `?` or `&`.
pub fn pages(locale: Locale, base: &str, later: bool, next: &str) -> Pagination {
    let link = |token: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("{base}{}", query.append_pair("page", token).finish())
    };
    let first = later.then(|| base.trim_end_matches(['?', '&']).to_owned());
    Pagination::new(locale).previous(first).next((!next.is_empty()).then(|| link(next)))
}
