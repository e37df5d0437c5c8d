//! What a browser shows at the link by which a person shares a document. The link is for one service,
//! which takes it to `DocumentRedemptionService`; whoever else opens it learns nothing, not even
//! whether it is still good.

use axum::extract::Path;
use axum::response::Response;

use crate::pages::sections::{Section, Sections};
use crate::pages::visitor::Visitor;
use crate::pages::words::Ident;

pub const HERE: &str = "/account/shared/{grant}";

/// The link of a permission, to be handed to its service.
pub fn link(origin: &str, grant: &str) -> String {
    format!("{origin}{}", HERE.replace("{grant}", grant))
}

pub async fn show(who: Visitor, Path(_): Path<Ident>) -> Response {
    let t = who.texts();
    let sections = vec![Section::default().text(t.get("shared-use")).text(t.get("shared-end"))];
    let body = Sections { csrf: who.view.csrf_field(), sections };
    who.page(t.get("shared")).lead(t.get("shared-text")).narrow().show(&body)
}
