//! Who may do what in a mailbox of an organisation.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::organisation::v1::mailbox_holder::Holder;
use siegel_proto::organisation::v1::{
    ListMailboxRightsRequest, MailboxGrant, MailboxHolder, MailboxRight,
    RemoveMailboxRightsRequest, Role, SetMailboxRightsRequest, Unit,
};
use siegel_web::forms::{Button, Checkbox, Choice, Hidden, Link, Select};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::Signed;
use super::mailboxes::right;
use super::names::Names;
use super::words::{self, Ident};

const RIGHTS: [MailboxRight; 7] = [
    MailboxRight::Read,
    MailboxRight::ReadHigh,
    MailboxRight::Reply,
    MailboxRight::Download,
    MailboxRight::Delete,
    MailboxRight::ManageMembers,
    MailboxRight::ReceiveFormal,
];

/// Which mailbox, and about whom something is to be said.
#[derive(Deserialize)]
pub struct Wish {
    mailbox: Option<Ident>,
    holder: Option<Ident>,
}

impl Wish {
    fn mailbox(&self) -> String {
        self.mailbox.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn here(&self, organisation: &Ident) -> String {
        let query = self.mailbox.as_ref().map(|id| format!("?mailbox={id}")).unwrap_or_default();
        format!("/organisation/{organisation}/rights{query}")
    }
}

#[derive(askama::Template)]
#[template(path = "rights.html")]
struct Matrix {
    t: Texts,
    rows: Vec<Row>,
    form: Option<Form>,
}

struct Row {
    who: String,
    may: String,
    /// Where this is changed, for those who may.
    change: Option<Link>,
}

struct Form {
    csrf: CsrfField,
    action: String,
    request: Hidden,
    /// About whom, where nothing was said about them yet.
    somebody: Option<Select>,
    holder: Hidden,
    who: String,
    boxes: Vec<Checkbox>,
    save: Button,
    /// Back to the default.
    reset: Option<Button>,
}

pub async fn show(
    who: Signed,
    Path(id): Path<Ident>,
    Query(wish): Query<Wish>,
) -> Result<Response, Response> {
    let mut service = who.rights().await?;
    let request =
        ListMailboxRightsRequest { organisation_id: id.to_string(), mailbox_id: wish.mailbox() };
    let found = service.list_mailbox_rights(request).await;
    let found = found.map_err(|status| who.refuse("organisation", &status))?.into_inner();
    let t = who.texts();
    let names = Names::of(&who, &id).await?;
    let here = wish.here(&id);
    let join = if here.contains('?') { '&' } else { '?' };
    let mut rows: Vec<Row> = found
        .grants
        .iter()
        .map(|grant| {
            let code = code(grant);
            // What owners may do is not changed.
            let fixed = code == format!("role-{}", i32::from(Role::Owner));
            Row {
                who: called(&t, grant, &names),
                may: may(&t, grant),
                change: (found.may_manage && !fixed).then(|| {
                    Link::tertiary(format!("{here}{join}holder={code}"), t.get("rights-change"))
                }),
            }
        })
        .collect();
    if found.may_manage {
        rows.push(Row {
            who: t.get("rights-somebody"),
            may: String::new(),
            change: Some(Link::tertiary(format!("{here}{join}holder=member"), t.get("rights-add"))),
        });
    }
    let chosen = wish.holder.as_ref().map(ToString::to_string).filter(|_| found.may_manage);
    let form = match chosen {
        None => None,
        Some(chosen) => {
            let grant = found.grants.iter().find(|grant| code(grant) == chosen);
            Some(form(&who, (&here, &chosen), grant, &names)?)
        }
    };
    let body = Matrix { t, rows, form };
    let page = who.page(t.get("mailbox-rights")).lead(t.get("mailbox-rights-text"));
    Ok(page.back(format!("/organisation/{id}/mailboxes")).show(&body))
}

fn form(
    who: &Signed,
    (here, chosen): (&str, &str),
    grant: Option<&MailboxGrant>,
    names: &Names,
) -> Result<Form, Response> {
    let t = who.texts();
    let request = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let has = |right: MailboxRight| grant.is_some_and(|g| g.rights().any(|r| r == right));
    let checkbox =
        |r: MailboxRight| Checkbox::new(format!("r{}", i32::from(r)), right(&t, r)).checked(has(r));
    let said = grant.is_some_and(|grant| !grant.by_default);
    let choices = || {
        let unit = |unit: &Unit| {
            let text = t.with("rights-unit", [("name", unit.name.as_str().into())]);
            Choice::new(unit.unit_id.clone(), text)
        };
        names.members(&t).into_iter().chain(names.units().iter().map(unit))
    };
    let new = chosen == "member";
    Ok(Form {
        csrf: who.view.csrf_field(),
        action: here.to_owned(),
        request: Hidden::new("form", request),
        somebody: new.then(|| Select::new("member", t.get("rights-who"), choices())),
        holder: Hidden::new("holder", chosen),
        who: grant.map_or_else(|| t.get("rights-somebody"), |grant| called(&t, grant, names)),
        boxes: RIGHTS.map(checkbox).into(),
        save: Button::primary(t.get("rights-save")).sends("what", "set"),
        reset: said.then(|| Button::secondary(t.get("rights-reset")).sends("what", "remove")),
    })
}

/// A holder in addresses: `role-3`, `mem_…`, `unt_…`.
fn code(grant: &MailboxGrant) -> String {
    match grant.holder.as_ref().and_then(|holder| holder.holder.as_ref()) {
        Some(Holder::MemberId(id) | Holder::UnitId(id)) => id.clone(),
        Some(Holder::Role(role)) => format!("role-{role}"),
        None => String::new(),
    }
}

fn holder(code: &str) -> Holder {
    if let Some(role) = code.strip_prefix("role-") {
        return Holder::Role(role.parse().unwrap_or_default());
    }
    if code.starts_with("unt_") {
        Holder::UnitId(code.to_owned())
    } else {
        Holder::MemberId(code.to_owned())
    }
}

fn called(t: &Texts, grant: &MailboxGrant, names: &Names) -> String {
    match grant.holder.as_ref().and_then(|holder| holder.holder.as_ref()) {
        Some(Holder::Role(role)) => {
            words::role(t, Role::try_from(*role).unwrap_or(Role::Unspecified))
        }
        Some(Holder::MemberId(id)) => names.member(t, id),
        Some(Holder::UnitId(id)) => t.with("rights-unit", [("name", names.unit(t, id).into())]),
        None => String::new(),
    }
}

fn may(t: &Texts, grant: &MailboxGrant) -> String {
    let rights: Vec<String> = grant.rights().map(|r| right(t, r)).collect();
    let text = if rights.is_empty() { t.get("mailbox-no-rights") } else { rights.join(", ") };
    if grant.by_default { t.with("rights-default", [("may", text.into())]) } else { text }
}

#[derive(Deserialize)]
pub struct Said {
    form: String,
    /// `set` or `remove`.
    what: String,
    holder: String,
    #[serde(default)]
    member: String,
    r1: Option<String>,
    r2: Option<String>,
    r3: Option<String>,
    r4: Option<String>,
    r5: Option<String>,
    r6: Option<String>,
    r7: Option<String>,
}

impl Said {
    fn rights(&self) -> Vec<i32> {
        let boxes = [&self.r1, &self.r2, &self.r3, &self.r4, &self.r5, &self.r6, &self.r7];
        let ticked = RIGHTS.into_iter().zip(boxes).filter(|(_, ticked)| ticked.is_some());
        ticked.map(|(right, _)| right.into()).collect()
    }
}

pub async fn set(
    who: Signed,
    Path(id): Path<Ident>,
    Query(wish): Query<Wish>,
    CheckedForm(said): CheckedForm<Said>,
) -> Result<Response, Response> {
    let mut service = who.rights().await?;
    let refuse = |status: tonic::Status| who.refuse("organisation", &status);
    let rights = said.rights();
    let named = if said.holder == "member" { said.member.trim() } else { &said.holder };
    let numbers = rights.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let request_id = words::form_request_id(&said.form, &[&said.what, named, &numbers]);
    let (organisation_id, mailbox_id) = (id.to_string(), wish.mailbox());
    let holder = Some(MailboxHolder { holder: Some(holder(named)) });
    if said.what == "remove" {
        let request =
            RemoveMailboxRightsRequest { request_id, organisation_id, mailbox_id, holder };
        service.remove_mailbox_rights(request).await.map_err(refuse)?;
    } else {
        let request =
            SetMailboxRightsRequest { request_id, organisation_id, mailbox_id, holder, rights };
        service.set_mailbox_rights(request).await.map_err(refuse)?;
    }
    Ok(Redirect::to(&wish.here(&id)).into_response())
}
