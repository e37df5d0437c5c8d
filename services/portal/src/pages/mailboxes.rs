//! Choosing a mailbox, and the mailboxes of an organisation.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::organisation::v1::{
    CloseMailboxRequest, CreateMailboxRequest, ListMailboxesRequest, ListMailboxesResponse,
    Mailbox, MailboxKind, MailboxRight, Unit,
};
use siegel_proto::postbox::v1::{ListMailboxesRequest as ChoicesRequest, MailboxChoice};
use siegel_web::forms::{Button, Choice, Hidden, Input, Link, Select};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::Signed;
use super::names::Names;
use super::postbox::Place;
use super::sections::{Section, Sections, SmallForm};
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
        link("letters", "letter-routes-of"),
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
}

struct Shown {
    name: String,
    /// Nothing where the person may not read.
    letters: Option<Link>,
    rights: Link,
    may: String,
    /// Where it is closed; nothing where that is not possible.
    close: Option<Link>,
}

struct New {
    form: Hidden,
    name: Input,
    create: Button,
    /// For a unit that has none.
    unit: Option<(Select, Button)>,
    /// A personal one for oneself, unless there is one.
    personal: Option<(Hidden, Button)>,
}

pub async fn list(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    let found = all(&who, &id).await?;
    let names = Names::of(&who, &id).await?;
    let t = who.texts();
    let new = found.may_manage.then(|| new(&who, &found, &names)).transpose()?;
    let body = List {
        csrf: who.view.csrf_field(),
        boxes: found.mailboxes.iter().map(|one| shown(&t, &id, (one, &found), &names)).collect(),
        new,
        t,
    };
    let page = who.page(t.get("mailboxes-of")).lead(t.get("mailboxes-of-text"));
    Ok(page.back(format!("/organisation/{id}")).show(&body))
}

async fn all(who: &Signed, id: &Ident) -> Result<ListMailboxesResponse, Response> {
    let request = ListMailboxesRequest { organisation_id: id.to_string() };
    let found = who.rights().await?.list_mailboxes(request).await;
    Ok(found.map_err(|status| who.refuse("organisation", &status))?.into_inner())
}

fn shown(
    t: &Texts,
    id: &Ident,
    (one, all): (&Mailbox, &ListMailboxesResponse),
    names: &Names,
) -> Shown {
    let mailbox = Ident::try_from(one.mailbox_id.clone()).ok();
    let place = Place { organisation: Some(id.clone()), mailbox, principal: None };
    let reads = one.own_rights().any(|right| right == MailboxRight::Read);
    let name = names.mailbox(t, one);
    let rights: Vec<String> = one.own_rights().map(|r| right(t, r)).collect();
    let is_central = one.mailbox_id.is_empty();
    let query = if is_central { String::new() } else { format!("?mailbox={}", one.mailbox_id) };
    Shown {
        letters: reads.then(|| {
            Link::secondary(format!("/postbox{}", place.query()), t.get("organisation-mailbox"))
        }),
        rights: Link::tertiary(
            format!("/organisation/{id}/rights{query}"),
            t.get("mailbox-rights"),
        ),
        may: if rights.is_empty() { t.get("mailbox-no-rights") } else { rights.join(", ") },
        close: (all.may_manage && !is_central).then(|| {
            let way = format!("/organisation/{id}/mailboxes/{}/close", one.mailbox_id);
            Link::tertiary(way, t.with("mailbox-close-one", [("name", name.as_str().into())]))
        }),
        name,
    }
}

fn new(who: &Signed, found: &ListMailboxesResponse, names: &Names) -> Result<New, Response> {
    let t = who.texts();
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let has = |unit: &&Unit| found.mailboxes.iter().any(|one| one.unit_id == unit.unit_id);
    let choice = |unit: &Unit| Choice::new(unit.unit_id.clone(), unit.name.clone());
    let units: Vec<Choice> = names.units().iter().filter(|unit| !has(unit)).map(choice).collect();
    let own = |one: &Mailbox| one.member_id == found.own_member_id;
    let has_own = found.mailboxes.iter().any(own);
    Ok(New {
        form: Hidden::new("form", form),
        name: Input::text("name", t.get("mailbox-name")).max_length(80),
        create: Button::primary(t.get("mailbox-create")).sends("what", "function"),
        unit: (!units.is_empty()).then(|| {
            let send = Button::secondary(t.get("mailbox-create-unit")).sends("what", "unit");
            (Select::new("unit", t.get("mailbox-for-unit"), units), send)
        }),
        personal: (!has_own).then(|| {
            let send = Button::secondary(t.get("mailbox-create-own")).sends("what", "personal");
            (Hidden::new("member", found.own_member_id.clone()), send)
        }),
    })
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

/// A mailbox as it was asked for.
#[derive(Deserialize)]
pub struct Asked {
    /// Made with the form.
    form: String,
    /// `function`, `unit` or `personal`.
    what: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    unit: String,
    /// Of the person, for a personal one.
    #[serde(default)]
    member: String,
}

pub async fn create(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(form): CheckedForm<Asked>,
) -> Result<Response, Response> {
    let fields = [form.what.as_str(), &form.name, &form.unit, &form.member];
    let request = CreateMailboxRequest {
        request_id: words::form_request_id(&form.form, &fields),
        organisation_id: id.to_string(),
        ..CreateMailboxRequest::default()
    };
    let request = match form.what.as_str() {
        "unit" => {
            CreateMailboxRequest { kind: MailboxKind::Unit.into(), unit_id: form.unit, ..request }
        }
        "personal" => CreateMailboxRequest {
            kind: MailboxKind::Personal.into(),
            member_id: form.member,
            ..request
        },
        _ => CreateMailboxRequest {
            kind: MailboxKind::Function.into(),
            name: form.name.trim().to_owned(),
            ..request
        },
    };
    let made = who.rights().await?.create_mailbox(request).await;
    made.map_err(|status| who.refuse("organisation", &status))?;
    Ok(Redirect::to(&format!("/organisation/{id}/mailboxes")).into_response())
}

/// Asks before a mailbox is given up for good.
pub async fn ask(
    who: Signed,
    Path((id, mailbox)): Path<(Ident, Ident)>,
) -> Result<Response, Response> {
    let way = format!("/organisation/{id}/mailboxes");
    let (found, wanted) = (all(&who, &id).await?, mailbox.to_string());
    let one = found.mailboxes.iter().find(|one| one.mailbox_id == wanted);
    let Some(one) = one.filter(|_| found.may_manage) else {
        return Ok(Redirect::to(&way).into_response());
    };
    let t = who.texts();
    let name = Names::of(&who, &id).await?.mailbox(&t, one);
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let send = Button::primary(t.get("mailbox-close"));
    let form = SmallForm::new(format!("{way}/{mailbox}/close"), send).hidden("form", form);
    let section = Section::default()
        .text(t.get("mailbox-close-text"))
        .form(form)
        .link(Link::secondary(way.clone(), t.get("cancel")));
    let body = Sections { csrf: who.view.csrf_field(), sections: vec![section] };
    let title = t.with("mailbox-close-ask", [("name", name.into())]);
    Ok(who.page(title).back(way).narrow().show(&body))
}

#[derive(Deserialize)]
pub struct Closing {
    form: String,
}

pub async fn close(
    who: Signed,
    Path((id, mailbox)): Path<(Ident, Ident)>,
    CheckedForm(form): CheckedForm<Closing>,
) -> Result<Response, Response> {
    let (organisation_id, mailbox_id) = (id.to_string(), mailbox.to_string());
    let request_id = words::form_request_id(&form.form, &[&organisation_id, &mailbox_id]);
    let request = CloseMailboxRequest { request_id, organisation_id, mailbox_id };
    let closed = who.rights().await?.close_mailbox(request).await;
    closed.map_err(|status| who.refuse("organisation", &status))?;
    Ok(Redirect::to(&format!("/organisation/{id}/mailboxes")).into_response())
}
