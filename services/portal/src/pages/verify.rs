//! The page on which a browser verifies a receipt itself. Nothing is sent here: the page brings
//! the script and the published keys, and explains the program for who has no script.

use axum::response::Response;
use siegel_web::Texts;
use siegel_web::forms::{Alert, Button, Input};

use super::{Visitor, receipts, scripts};

#[derive(askama::Template)]
#[template(path = "verify.html")]
struct Verify {
    t: Texts,
    file: Input,
    keys: Input,
    thumbprint: Input,
    check: Button,
    /// What the script puts on the page.
    without: Alert,
    holds: Alert,
    unconfirmed: Alert,
    broken: Alert,
    /// The published key set; empty while the postbox is out of reach.
    published: String,
}

pub async fn show(visitor: Visitor) -> Response {
    let t = visitor.texts();
    let json = ".json,application/json";
    let body = Verify {
        file: Input::file("receipt", t.get("verify-file"), json).hint(t.get("verify-file-hint")),
        keys: Input::file("keys", t.get("verify-keys"), json)
            .hint(t.get("verify-keys-hint"))
            .optional(visitor.view.locale),
        thumbprint: Input::text("thumbprint", t.get("verify-known-thumbprint"))
            .hint(t.get("verify-known-thumbprint-hint"))
            .optional(visitor.view.locale)
            .autocomplete("off"),
        check: Button::primary(t.get("verify-check")),
        without: Alert::info(t.get("verify-without")).text(t.get("verify-without-text")),
        holds: Alert::success(t.get("verify-holds")).text(t.get("verify-holds-text")),
        unconfirmed: Alert::warning(t.get("verify-holds-unconfirmed"))
            .text(t.get("verify-holds-unconfirmed-text")),
        broken: Alert::danger(t.get("verify-holds-not")),
        published: receipts::key_set(&visitor.app).await.unwrap_or_default(),
        t,
    };
    let page = visitor.page(body.t.get("verify")).lead(body.t.get("verify-text"));
    page.script(scripts::href()).show(&body)
}
