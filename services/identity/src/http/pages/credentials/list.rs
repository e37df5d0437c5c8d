//! The list of credentials; renaming and removing one.

use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use siegel_web::forms::{Alert, Button, DescriptionList, Errors, Input, Item, Link};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts, format};

use super::desk::{Desk, HOME, done};
use super::{FormPage, SCRIPT};
use crate::app::credentials::certificate;
use crate::app::credentials::manage::{self, Overview};
use crate::app::credentials::{NotChanged, label};
use crate::domain::factors::{self, Kind};
use crate::store::credentials::{CredentialId, Listed};

struct Row {
    id: String,
    name: String,
    facts: DescriptionList,
}

#[derive(askama::Template)]
#[template(path = "credentials/list.html")]
struct ListPage {
    t: Texts,
    csrf: CsrfField,
    rows: Vec<Row>,
    passkey: Option<Link>,
    certificate: Option<Link>,
    totp: Button,
    recovery: Button,
    recovery_text: String,
    password: Link,
    email: Link,
    merge: Link,
    delete: Link,
    home: Link,
}

#[derive(Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

pub async fn show(desk: Desk, Query(said): Query<Done>) -> Response {
    let t = desk.t;
    let Overview { credentials, codes_left } =
        match manage::overview(&desk.state, &desk.person()).await {
            Ok(overview) => overview,
            Err(failure) => return desk.failed(&failure),
        };
    let has_codes = credentials.iter().any(|c| c.kind == Kind::Recovery.as_str());
    let recovery_text = if has_codes {
        t.with("recovery-left", [("n", codes_left.into())])
    } else {
        t.get("recovery-text")
    };
    let passkeys = desk.state.people.passkeys.is_some();
    let body = ListPage {
        t,
        csrf: desk.view.csrf_field(),
        rows: credentials.iter().map(|c| row(&desk, c)).collect(),
        passkey: passkeys
            .then(|| Link::secondary("/login/credentials/passkey", t.get("add-passkey"))),
        certificate: certificate::offered(&desk.state)
            .then(|| Link::secondary("/login/credentials/certificate", t.get("add-certificate"))),
        totp: Button::secondary(t.get("add-totp")),
        recovery: Button::secondary(t.get("add-recovery")),
        recovery_text,
        password: Link::text("/login/credentials/password", t.get("change-password")),
        email: Link::text("/login/credentials/email", t.get("change-email")),
        merge: Link::text("/login/credentials/merge", t.get("merge-title")),
        delete: Link::text("/login/credentials/delete", t.get("delete-title")),
        home: Link::text("/account", t.get("desk-account")),
    };
    let mut page = desk.view.page(t.get("credentials-title")).script(SCRIPT);
    let key = match said.done.as_str() {
        "added" => Some("done-added"),
        "removed" => Some("done-removed"),
        "renamed" => Some("done-renamed"),
        "password" => Some("done-password"),
        "email" => Some("done-email"),
        "kept" => Some("done-kept"),
        _ => None,
    };
    if let Some(key) = key {
        page = page.notice(Alert::success(t.get(key)));
    }
    page.show(&body)
}

/// The owner's name for it, or that of its kind.
fn name_of(t: Texts, credential: &Listed) -> String {
    let kind = t.get(&format!("kind-{}", credential.kind));
    // A card's label is ours: where it came from.
    if credential.label.is_empty() { kind } else { format!("{kind}: {}", credential.label) }
}

fn row(desk: &Desk, credential: &Listed) -> Row {
    let (t, locale) = (desk.t, desk.view.locale);
    let used = credential.last_used_at_us;
    let used = used.map_or_else(|| t.get("never"), |at| format::date_time(locale, at));
    let level = format::level(locale, credential.level);
    let facts = DescriptionList::new(
        locale,
        [
            Item::new(t.get("credential-level"), level),
            Item::new(t.get("credential-added"), format::date(locale, credential.added_at_us)),
            Item::new(t.get("credential-used"), used),
        ],
    );
    Row { id: credential.id.to_string(), name: name_of(t, credential), facts }
}

/// The credential of a path, if it is the person's.
async fn found(desk: &Desk, id: &str) -> Result<Listed, Response> {
    let unknown = || desk.view.problem(Problem::NotFound);
    let id: CredentialId = id.parse().map_err(|_| unknown())?;
    let all = manage::overview(&desk.state, &desk.person()).await;
    let all = all.map_err(|failure| desk.failed(&failure))?;
    all.credentials.into_iter().find(|c| c.id == id).ok_or_else(unknown)
}

pub async fn name(desk: Desk, Path(id): Path<String>) -> Response {
    match found(&desk, &id).await {
        Ok(credential) => name_form(&desk, &credential, &Errors::new()),
        Err(response) => response,
    }
}

fn name_form(desk: &Desk, credential: &Listed, errors: &Errors) -> Response {
    let t = desk.t;
    let field = Input::text("label", t.get("credential-label"))
        .value(&credential.label)
        .max_length(60)
        .error_in(errors);
    let action = format!("{HOME}/{}/rename", credential.id);
    let texts = vec![name_of(t, credential)];
    desk.form("credential-rename", texts, &action, vec![field], errors)
}

#[derive(Deserialize)]
pub struct NameForm {
    #[serde(default)]
    label: String,
}

pub async fn rename(
    desk: Desk,
    Path(id): Path<String>,
    CheckedForm(sent): CheckedForm<NameForm>,
) -> Response {
    let credential = match found(&desk, &id).await {
        Ok(credential) => credential,
        Err(response) => return response,
    };
    let label = label(&sent.label);
    if label.is_empty() {
        let mut errors = Errors::new();
        errors.add("label", desk.t.get("credential-label-missing"));
        return name_form(&desk, &credential, &errors);
    }
    match manage::rename(&desk.state, &desk.person(), credential.id, &label).await {
        Ok(()) => done("renamed"),
        Err(why) => desk.refused(HOME, why).await,
    }
}

/// Asks before it is removed; below its level, for a step-up first.
pub async fn ask(desk: Desk, Path(id): Path<String>) -> Response {
    let credential = match found(&desk, &id).await {
        Ok(credential) => credential,
        Err(response) => return response,
    };
    let page = format!("{HOME}/{}/remove", credential.id);
    if desk.session.level < credential.level {
        return desk.step_up(&page, credential.level).await;
    }
    let t = desk.t;
    let mut texts = vec![name_of(t, &credential), t.get("remove-text")];
    if credential.kind.parse() == Ok(Kind::Password) {
        texts.push(t.get("remove-password-text"));
    }
    let body = FormPage {
        texts,
        csrf: desk.view.csrf_field(),
        action: page,
        fields: Vec::new(),
        submit: Button::primary(t.get("credential-remove")),
        back: desk.home(),
    };
    desk.view.page(t.get("remove-title")).narrow().show(&body)
}

/// Anything; only the form token counts.
#[derive(Deserialize)]
pub struct Nothing {}

pub async fn remove(
    desk: Desk,
    Path(id): Path<String>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Response {
    let credential = match found(&desk, &id).await {
        Ok(credential) => credential,
        Err(response) => return response,
    };
    let page = format!("{HOME}/{}/remove", credential.id);
    match manage::remove(&desk.state, &desk.person(), credential.id).await {
        Ok(()) => done("removed"),
        Err(why @ NotChanged::Forbidden(factors::Forbidden::TooLow(_))) => {
            desk.refused(&page, why).await
        }
        Err(why) => desk.refused(HOME, why).await,
    }
}
