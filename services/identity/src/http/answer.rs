//! The answer to an authorization request, as HTTP.

use axum::response::{IntoResponse, Redirect, Response};
use siegel_web::assets::auto_submit_href;
use siegel_web::forms::{Button, Hidden};
use siegel_web::{FormAction, Texts, View};

use super::LOCALES;
use crate::domain::answer::{FormPost, RedirectTarget};

/// A form that leads back to the client; a script presses its button, a person can as well.
#[derive(askama::Template)]
#[template(path = "form_post.html")]
struct FormPostPage {
    t: Texts,
    action: String,
    fields: Vec<Hidden>,
    submit: Button,
}

/// 303, never 307: a credential was posted on the way (RFC 9700 §4.12).
pub fn show(view: &View, target: RedirectTarget) -> Response {
    match target {
        RedirectTarget::Redirect(url) => Redirect::to(&url).into_response(),
        RedirectTarget::FormPost(form) => form_post(view, form),
    }
}

fn form_post(view: &View, form: FormPost) -> Response {
    let t = view.texts(&LOCALES);
    let client = FormAction::of(&form.action);
    let fields = form.fields.into_iter().map(|(name, value)| Hidden::new(name, value));
    let body = FormPostPage {
        t,
        action: form.action,
        fields: fields.collect(),
        submit: Button::primary(t.get("form-post-submit")).id("submit"),
    };
    let page = view.page(t.get("form-post-title")).narrow().script(auto_submit_href()).show(&body);
    match client {
        Some(client) => client.on(page),
        None => page,
    }
}
