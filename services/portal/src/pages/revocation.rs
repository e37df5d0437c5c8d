//! Where the code of a letter is typed, by whoever holds it: without logging in.

use axum::response::Response;
use serde::Deserialize;
use siegel_proto::organisation::v1::RevokeClaimRequest;
use siegel_proto::organisation::v1::claim_revocation_service_client::ClaimRevocationServiceClient;
use siegel_web::CheckedForm;
use siegel_web::forms::{Alert, Button, Errors, Input};
use tonic::Code;

use super::sections::{Section, Sections, SmallForm};
use super::trouble;
use super::visitor::Visitor;

const PAGE: &str = "/organisation/revoke";

pub async fn form(who: Visitor) -> Response {
    ask(&who, &Typed::default(), &Errors::new())
}

#[derive(Default, Deserialize)]
pub struct Typed {
    account_name: String,
    code: String,
}

fn ask(who: &Visitor, typed: &Typed, errors: &Errors) -> Response {
    let t = who.texts();
    let name = Input::text("account_name", t.get("revoke-name")).hint(t.get("revoke-hint"));
    let name = name.value(typed.account_name.clone()).max_length(40).error_in(errors);
    let code = Input::text("code", t.get("revoke-code")).max_length(60).error_in(errors);
    let form = SmallForm::new(PAGE.to_owned(), Button::primary(t.get("revoke-send")));
    let form = form.part(&name.to_html()).part(&code.to_html());
    let sections = vec![Section::default().text(t.get("revoke-effect")).form(form)];
    let body = Sections { csrf: who.view.csrf_field(), sections };
    who.page(t.get("revoke")).lead(t.get("revoke-text")).narrow().errors(errors).show(&body)
}

pub async fn send(who: Visitor, CheckedForm(typed): CheckedForm<Typed>) -> Response {
    let t = who.texts();
    let channel = who.app.outside.siblings.anonymous("organisation");
    let request =
        RevokeClaimRequest { account_name: typed.account_name.clone(), code: typed.code.clone() };
    let revoked = ClaimRevocationServiceClient::new(channel).revoke_claim(request).await;
    let Err(status) = revoked else {
        let sections = vec![Section::default().text(t.get("revoke-done-text"))];
        let body = Sections { csrf: who.view.csrf_field(), sections };
        let notice = Alert::success(t.get("revoke-done"));
        return who.page(t.get("revoke")).narrow().notice(notice).show(&body);
    };
    let mut errors = Errors::new();
    match status.code() {
        Code::NotFound => errors.add("code", t.get("revoke-unknown")),
        Code::ResourceExhausted => errors.add_general(t.get("revoke-too-often")),
        _ => return trouble::unavailable(&who.view, PAGE),
    }
    ask(&who, &typed, &errors)
}
