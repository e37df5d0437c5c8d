//! Which staff looked, and everything about disclosures as one file.

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;
use serde::Deserialize;
use siegel_proto::account::v1::{ExportDisclosuresRequest, ListStaffAccessesRequest, StaffAccess};
use siegel_web::Texts;
use siegel_web::forms::Pagination;

use super::file;
use crate::pages::disclosures::pages;
use crate::pages::{Signed, words};

#[derive(Deserialize)]
pub struct At {
    page: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "staff.html")]
struct Staff {
    t: Texts,
    current: &'static str,
    entries: Vec<Look>,
    pages: Pagination,
}

struct Look {
    at: String,
    machine: String,
    staff: String,
    reason: String,
    reference: String,
}

pub async fn show(who: Signed, Query(at): Query<At>) -> Result<Response, Response> {
    let page_token = at.page.clone().unwrap_or_default();
    let request = ListStaffAccessesRequest { page_size: 50, page_token };
    let list = who.privacy().await?.list_staff_accesses(request).await;
    let list = list.map_err(|status| who.refuse("account", &status))?.into_inner();
    let (t, locale) = (who.texts(), who.view.locale);
    let look = |access: StaffAccess| Look {
        at: words::date_time(locale, access.at.as_ref()),
        machine: words::machine(access.at.as_ref()),
        staff: access.staff,
        reason: access.reason,
        reference: access.reference,
    };
    let body = Staff {
        current: "staff",
        entries: list.accesses.into_iter().map(look).collect(),
        pages: pages(locale, "/account/staff?", at.page.is_some(), &list.next_page_token),
        t,
    };
    Ok(who.page(t.get("staff")).lead(t.get("staff-text")).wide().show(&body))
}

/// Consents, disclosures and looks of staff, to be read by machines.
pub async fn export(who: Signed) -> Result<Response, Response> {
    let pieces = who.privacy().await?.export_disclosures(ExportDisclosuresRequest {}).await;
    let pieces = pieces.map_err(|status| who.refuse("account", &status))?.into_inner();
    let bytes = pieces.map_ok(|piece| Bytes::from(piece.chunk)).map_err(|status| {
        tracing::warn!(code = ?status.code(), "an export of disclosures broke off");
        std::io::Error::other("broken off")
    });
    Ok((file("application/json", "disclosures.json"), Body::from_stream(bytes)).into_response())
}
