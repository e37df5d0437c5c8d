use axum::response::Response;
use siegel_web::Texts;
use siegel_web::forms::Link;

use super::Visitor;
use super::visitor::login_path;

#[derive(askama::Template)]
#[template(path = "home.html")]
struct Home {
    t: Texts,
    signed_in: bool,
    sandbox: bool,
    sign_in: Link,
}

/// What this place is.
pub async fn show(visitor: Visitor) -> Response {
    let t = visitor.texts();
    let body = Home {
        signed_in: visitor.session.is_some(),
        sandbox: !visitor.app.outside.profile.is_production(),
        sign_in: Link::primary(login_path(None, "/account"), t.get("home-sign-in")),
        t,
    };
    visitor.page(t.get("home")).lead(t.get("home-lead")).show(&body)
}
