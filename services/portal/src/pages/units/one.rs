//! One unit: what it is called and where it belongs, its members, its end.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use siegel_proto::organisation::v1 as pb;
use siegel_web::forms::{Button, Checkbox, DescriptionList, Errors, Input, Item, Link, Select};
use siegel_web::{CheckedForm, Problem, Texts};

use super::{Known, NAME, Sent, contacts, explained, nonce, record};
use crate::pages::Signed;
use crate::pages::organisation_members::{called, manages};
use crate::pages::sections::{Section, Sections, SmallForm};
use crate::pages::words::{self, Ident};

/// Names of the boxes of members begin with it.
const MEMBER: &str = "member-";

fn here(id: &Ident, unit: &Ident) -> String {
    format!("/organisation/{id}/units/{unit}")
}

pub async fn show(
    who: Signed,
    Path((id, unit)): Path<(Ident, Ident)>,
) -> Result<Response, Response> {
    page(&who, (&id, &unit), &Sent::default(), &Errors::new()).await
}

async fn page(
    who: &Signed,
    (id, unit): (&Ident, &Ident),
    sent: &Sent,
    errors: &Errors,
) -> Result<Response, Response> {
    let known = Known::of(who, id).await?;
    let unit_id = unit.to_string();
    let one = known.unit(&unit_id).ok_or_else(|| who.problem(Problem::NotFound))?;
    let t = who.texts();
    let (way, nonce) = (here(id, unit), nonce(who)?);
    let mut sections = vec![about(who, &known, &t, id, one)];
    if manages(&known.members) {
        let form = |button: Button| SmallForm::new(way.clone(), button).hidden("form", &*nonce);
        sections.push(change(&known, &t, one, form, (sent, errors)));
        sections.push(members(&known, &t, one, form));
    }
    let place = contacts::Place { unit: &unit_id, action: &way, nonce: &nonce };
    sections.extend(contacts::sections(who, &known, &place, (sent, errors)));
    if manages(&known.members) {
        let close = Button::secondary(t.get("unit-close")).sends("what", "close");
        let form = SmallForm::new(way.clone(), close).hidden("form", &*nonce);
        let closing = Section::new(t.get("unit-close-title")).text(t.get("unit-close-text"));
        sections.push(closing.form(form));
    }
    let body = Sections { csrf: who.view.csrf_field(), sections };
    let page = who.page(one.name.clone()).back(super::here(id));
    Ok(page.errors(errors).show(&body))
}

/// Above it, below it, and who belongs to it.
fn about(who: &Signed, known: &Known, t: &Texts, id: &Ident, one: &pb::Unit) -> Section {
    let link = |unit: &pb::Unit, text: String| {
        Link::text(format!("{}/{}", super::here(id), unit.unit_id), text).to_html()
    };
    let mut items = vec![match known.unit(&one.parent_unit_id) {
        Some(parent) => Item::html(t.get("unit-parent"), link(parent, known.path(parent))),
        None => Item::new(t.get("unit-parent"), t.get("unit-top")),
    }];
    let below: Vec<_> = known.below(&one.unit_id).map(|u| link(u, u.name.clone())).collect();
    if !below.is_empty() {
        items.push(Item::html(t.get("unit-below"), below.join(", ")));
    }
    let belongs = known.members.iter().filter(|m| one.member_ids.contains(&m.membership_id));
    let names: Vec<_> = belongs.map(|m| called(t, m)).collect();
    let names = if names.is_empty() { t.get("unit-members-none") } else { names.join(", ") };
    items.push(Item::new(t.get("unit-members"), names));
    Section::default().facts(&DescriptionList::new(who.view.locale, items))
}

fn change(
    known: &Known,
    t: &Texts,
    one: &pb::Unit,
    form: impl Fn(Button) -> SmallForm,
    (sent, errors): (&Sent, &Errors),
) -> Section {
    let typed = sent.field("what") == "change";
    let name = if typed { sent.field("name") } else { &one.name };
    let parent = if typed { sent.field("parent") } else { &one.parent_unit_id };
    let name = Input::text("name", t.get("unit-name")).value(name).max_length(NAME);
    let parents = known.parents(t, Some(&one.unit_id));
    let parents = Select::new("parent", t.get("unit-parent"), parents).selected(parent);
    let form = form(Button::primary(t.get("save")).sends("what", "change"))
        .part(&name.error_in(errors).to_html())
        .part(&parents.error_in(errors).to_html());
    Section::new(t.get("unit-change")).form(form)
}

fn members(
    known: &Known,
    t: &Texts,
    one: &pb::Unit,
    form: impl Fn(Button) -> SmallForm,
) -> Section {
    let ticked = |member: &pb::Member| one.member_ids.contains(&member.membership_id);
    let label = |m: &pb::Member| format!("{} ({})", called(t, m), words::role(t, m.role()));
    let boxes = known.members.iter().map(|member| {
        let name = format!("{MEMBER}{}", member.membership_id);
        Checkbox::new(name, label(member)).value("1").checked(ticked(member)).to_html()
    });
    let form = form(Button::secondary(t.get("unit-members-save")).sends("what", "members"));
    let form = form.group(&t.get("unit-members"), &boxes.collect::<String>());
    Section::new(t.get("unit-members-title")).text(t.get("unit-members-text")).form(form)
}

/// Renames or moves it, says who belongs to it, changes its contact points, or closes it.
pub async fn act(
    who: Signed,
    Path((id, unit)): Path<(Ident, Ident)>,
    CheckedForm(sent): CheckedForm<BTreeMap<String, String>>,
) -> Result<Response, Response> {
    let sent = Sent(sent);
    let (organisation_id, unit_id) = (id.to_string(), unit.to_string());
    let request_id = sent.request_id(&[&organisation_id, &unit_id]);
    let mut record = record(&who).await?;
    let mut next = here(&id, &unit);
    let done = match sent.field("what") {
        "change" => {
            let (name, parent) = (sent.field("name").to_owned(), sent.field("parent").to_owned());
            let request = pb::ChangeUnitRequest {
                request_id,
                organisation_id,
                unit_id,
                name,
                parent_unit_id: parent,
            };
            record.change_unit(request).await.map(drop)
        }
        "members" => {
            let ticked = sent.0.keys().filter_map(|name| name.strip_prefix(MEMBER));
            let member_ids = ticked.map(str::to_owned).collect();
            let request =
                pb::SetUnitMembersRequest { request_id, organisation_id, unit_id, member_ids };
            record.set_unit_members(request).await.map(drop)
        }
        "close" => {
            next = super::here(&id);
            let request = pb::CloseUnitRequest { request_id, organisation_id, unit_id };
            record.close_unit(request).await.map(drop)
        }
        "add" => contacts::add(&mut record, &id, &unit_id, &sent).await,
        "remove" => contacts::remove(&mut record, &id, &sent).await,
        _ => return Err(who.problem(Problem::Invalid)),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&next).into_response()),
        Err(status) => {
            let errors = explained(&who, &sent, &here(&id, &unit), &status)?;
            page(&who, (&id, &unit), &sent, &errors).await
        }
    }
}
