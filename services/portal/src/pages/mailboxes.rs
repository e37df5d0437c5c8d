//! Choosing a mailbox, and the mailboxes of an organisation.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::organisation::v1::{
    CloseMailboxRequest, CreateMailboxRequest, ListMailboxesRequest, Mailbox, MailboxKind,
    MailboxRight,
};
use siegel_proto::postbox::v1::{ListMailboxesRequest as ChoicesRequest, MailboxChoice};
use siegel_web::forms::{Button, Hidden, Input, Link};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::Signed;
use super::postbox::Place;
use super::words::{self, Ident};

/// Where a mailbox is chosen.
pub const CHOOSE: &str = "/postbox/choose";

/// The way to other mailboxes.
pub fn link(t: &Texts) -> Link {
    Link::tertiary(CHOOSE, t.get("mailboxes-choose"))
}

/// What can be arranged in an organisation.
pub fn links(t: &Texts, organisation: &str) -> Vec<Link> {
    let link = |page: &str, key: &str| {
        Link::tertiary(format!("/organisation/{organisation}/{page}"), t.get(key))
    };
    vec![
        link("units", "units"),
        link("programs", "programs"),
        link("mailboxes", "mailboxes-of"),
        link("rights", "mailbox-rights"),
        link("substitutions", "substitutions"),
    ]
}

/// What a mailbox is called.
pub fn name(t: &Texts, kind: MailboxKind, function: &str) -> String {
    match kind {
        MailboxKind::Unspecified => t.get("mailbox-own"),
        MailboxKind::Central => t.get("mailbox-central"),
        MailboxKind::Unit => t.get("mailbox-unit"),
        MailboxKind::Function => function.to_owned(),
        MailboxKind::Personal => t.get("mailbox-personal"),
    }
}

#[derive(askama::Template)]
#[template(path = "mailboxes_choose.html")]
struct Choose {
    boxes: Vec<Entry>,
}

struct Entry {
    href: String,
    name: String,
    /// Of which organisation; empty for one's own.
    of: String,
    counts: String,
}

pub async fn choose(who: Signed) -> Result<Response, Response> {
    let mut service = who.choice().await?;
    let found = service.list_mailboxes(ChoicesRequest {}).await;
    let found = found.map_err(|status| who.refuse("postbox", &status))?.into_inner();
    let t = who.texts();
    let entry = |one: MailboxChoice| {
        let name = name(&t, one.kind(), &one.name);
        let id = |text: String| Ident::try_from(text).ok();
        let (organisation, mailbox) = (id(one.organisation_id), id(one.mailbox_id));
        let place = Place { organisation, mailbox, principal: None };
        Entry {
            href: format!("/postbox{}", place.query()),
            name,
            of: one.organisation_name,
            counts: t
                .with("mailbox-counts", [("all", one.inbox.into()), ("unread", one.unread.into())]),
        }
    };
    let body = Choose { boxes: found.mailboxes.into_iter().map(entry).collect() };
    let page = who.page(t.get("mailboxes-choose")).lead(t.get("mailboxes-choose-text"));
    Ok(page.back("/postbox").show(&body))
}

#[derive(askama::Template)]
#[template(path = "mailboxes.html")]
struct List {
    t: Texts,
    csrf: CsrfField,
    boxes: Vec<Shown>,
    /// For those who manage.
    new: Option<New>,
    own_member: String,
}

struct Shown {
    name: String,
    /// Nothing where the person may not read.
    letters: Option<Link>,
    rights: Link,
    may: String,
    /// For the form that closes it; empty where that is not possible.
    id: String,
}

struct New {
    form: Hidden,
    name: Input,
    create: Button,
    /// A personal one for oneself, unless there is one.
    personal: bool,
}

pub async fn list(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    let mut service = who.rights().await?;
    let request = ListMailboxesRequest { organisation_id: id.to_string() };
    let found = service.list_mailboxes(request).await;
    let found = found.map_err(|status| who.refuse("organisation", &status))?.into_inner();
    let t = who.texts();
    let own = |one: &Mailbox| one.member_id == found.own_member_id;
    let personal = !found.mailboxes.iter().any(own);
    let new = if found.may_manage {
        let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
        Some(New {
            form: Hidden::new("form", form),
            name: Input::text("name", t.get("mailbox-name")).max_length(80),
            create: Button::primary(t.get("mailbox-create")).sends("what", "function"),
            personal,
        })
    } else {
        None
    };
    let shown = |one: &Mailbox| {
        let place = Place {
            organisation: Some(id.clone()),
            mailbox: Ident::try_from(one.mailbox_id.clone()).ok(),
            principal: None,
        };
        let reads = one.own_rights().any(|right| right == MailboxRight::Read);
        let name = name(&t, one.kind(), &one.name);
        let rights: Vec<String> = one.own_rights().map(|r| right(&t, r)).collect();
        let query = if one.mailbox_id.is_empty() {
            String::new()
        } else {
            format!("?mailbox={}", one.mailbox_id)
        };
        Shown {
            letters: reads.then(|| {
                Link::secondary(format!("/postbox{}", place.query()), t.get("organisation-mailbox"))
            }),
            rights: Link::tertiary(
                format!("/organisation/{id}/rights{query}"),
                t.get("mailbox-rights"),
            ),
            may: if rights.is_empty() { t.get("mailbox-no-rights") } else { rights.join(", ") },
            id: if found.may_manage { one.mailbox_id.clone() } else { String::new() },
            name,
        }
    };
    let body = List {
        csrf: who.view.csrf_field(),
        boxes: found.mailboxes.iter().map(shown).collect(),
        new,
        own_member: found.own_member_id.clone(),
        t,
    };
    let page = who.page(t.get("mailboxes-of")).lead(t.get("mailboxes-of-text"));
    Ok(page.back(format!("/organisation/{id}")).show(&body))
}

/// A right in everyday words.
pub fn right(t: &Texts, right: MailboxRight) -> String {
    t.get(match right {
        MailboxRight::Unspecified | MailboxRight::Read => "right-read",
        MailboxRight::ReadHigh => "right-read-high",
        MailboxRight::Reply => "right-reply",
        MailboxRight::Download => "right-download",
        MailboxRight::Delete => "right-delete",
        MailboxRight::ManageMembers => "right-manage",
        MailboxRight::ReceiveFormal => "right-receive",
    })
}

#[derive(Deserialize)]
pub struct Asked {
    /// Made with the form.
    #[serde(default)]
    form: String,
    /// `function`, `personal` or `close`.
    what: String,
    #[serde(default)]
    name: String,
    /// To close.
    #[serde(default)]
    mailbox: String,
    /// Of the person, for a personal one.
    #[serde(default)]
    member: String,
}

pub async fn create(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(form): CheckedForm<Asked>,
) -> Result<Response, Response> {
    let mut service = who.rights().await?;
    let refuse = |status: tonic::Status| who.refuse("organisation", &status);
    let fields = [form.what.as_str(), &form.name, &form.mailbox, &form.member];
    let request_id = words::form_request_id(&form.form, &fields);
    let organisation_id = id.to_string();
    if form.what == "close" {
        let mailbox_id = form.mailbox;
        let request = CloseMailboxRequest { request_id, organisation_id, mailbox_id };
        service.close_mailbox(request).await.map_err(refuse)?;
    } else {
        let personal = form.what == "personal";
        let kind = if personal { MailboxKind::Personal } else { MailboxKind::Function };
        let request = CreateMailboxRequest {
            request_id,
            organisation_id,
            kind: kind.into(),
            name: form.name.trim().to_owned(),
            member_id: if personal { form.member } else { String::new() },
            ..CreateMailboxRequest::default()
        };
        service.create_mailbox(request).await.map_err(refuse)?;
    }
    Ok(Redirect::to(&format!("/organisation/{id}/mailboxes")).into_response())
}
