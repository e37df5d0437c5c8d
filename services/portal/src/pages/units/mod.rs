//! Units of an organisation: the tree here, one unit in [`one`]; how each is reached in [`contacts`].

mod contacts;
pub mod one;

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use siegel_grpc::AuthChannel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;
use siegel_web::forms::{Button, Choice, Errors, Input, Link, Select};
use siegel_web::{CheckedForm, Problem, Texts};
use tonic::Status;

use super::organisation_members::manages;
use super::sections::{Section, Sections, SmallForm};
use super::words::{self, Ident};
use super::{Signed, trouble};

/// The service allows eight; whatever it sends, the tree ends.
const DEEPEST: usize = 16;
/// Longest name of a unit.
const NAME: u32 = 100;

type Record = RecordServiceClient<AuthChannel>;

/// What the pages know of an organisation.
struct Known {
    /// Parents before their children.
    units: Vec<pb::Unit>,
    members: Vec<pb::Member>,
    contacts: Vec<pb::ContactPoint>,
}

impl Known {
    async fn of(who: &Signed, id: &Ident) -> Result<Self, Response> {
        let refuse = |status: Status| who.refuse("organisation", &status);
        let organisation_id = id.to_string();
        let channel = who.channel("organisation").await?;
        let mut record = RecordServiceClient::new(channel.clone());
        let units = pb::ListUnitsRequest { organisation_id: organisation_id.clone() };
        let units = record.list_units(units).await.map_err(refuse)?.into_inner().units;
        let contacts = pb::ListContactPointsRequest { organisation_id: organisation_id.clone() };
        let contacts = record.list_contact_points(contacts).await.map_err(refuse)?;
        let members = pb::ListMembersRequest { organisation_id };
        let members = MemberServiceClient::new(channel).list_members(members).await;
        Ok(Self {
            units,
            members: members.map_err(refuse)?.into_inner().members,
            contacts: contacts.into_inner().contact_points,
        })
    }

    fn unit(&self, id: &str) -> Option<&pb::Unit> {
        self.units.iter().find(|unit| unit.unit_id == id)
    }

    fn below<'a>(&'a self, parent: &'a str) -> impl Iterator<Item = &'a pb::Unit> {
        self.units.iter().filter(move |unit| unit.parent_unit_id == parent)
    }

    /// A unit and those above it, the unit first.
    fn upwards<'a>(&'a self, unit: &'a pb::Unit) -> impl Iterator<Item = &'a pb::Unit> {
        let above = |one: &&'a pb::Unit| self.unit(&one.parent_unit_id);
        std::iter::successors(Some(unit), above).take(DEEPEST)
    }

    /// `Bauamt › Hochbau`
    fn path(&self, unit: &pb::Unit) -> String {
        let mut names: Vec<&str> = self.upwards(unit).map(|one| one.name.as_str()).collect();
        names.reverse();
        names.join(" › ")
    }

    /// Below what a unit can be: not below `but` nor anything that is below it.
    fn parents(&self, t: &Texts, but: Option<&str>) -> Vec<Choice> {
        let open = |unit: &&pb::Unit| !self.upwards(unit).any(|one| Some(&*one.unit_id) == but);
        let choice = |unit: &pb::Unit| Choice::new(unit.unit_id.clone(), self.path(unit));
        let top = Choice::new("", t.get("unit-top"));
        std::iter::once(top).chain(self.units.iter().filter(open).map(choice)).collect()
    }
}

/// What a form of these pages sent; empty when none was.
#[derive(Default)]
struct Sent(BTreeMap<String, String>);

impl Sent {
    fn field(&self, name: &str) -> &str {
        self.0.get(name).map(|value| value.trim()).unwrap_or_default()
    }

    /// The same form sent twice is one write.
    fn request_id(&self, place: &[&str]) -> String {
        let fields = self.0.iter().filter(|(name, _)| !["form", "csrf_token"].contains(&&***name));
        let fields = fields.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        words::form_request_id(
            self.field("form"),
            &place.iter().copied().chain(fields).collect::<Vec<_>>(),
        )
    }
}

async fn record(who: &Signed) -> Result<Record, Response> {
    Ok(RecordServiceClient::new(who.channel("organisation").await?))
}

fn here(id: &Ident) -> String {
    format!("/organisation/{id}/units")
}

/// A form's own number; one for all forms of a page, as each says what it does.
fn nonce(who: &Signed) -> Result<String, Response> {
    words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))
}

pub async fn show(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    page(&who, &id, &Sent::default(), &Errors::new()).await
}

async fn page(
    who: &Signed,
    id: &Ident,
    sent: &Sent,
    errors: &Errors,
) -> Result<Response, Response> {
    let known = Known::of(who, id).await?;
    let t = who.texts();
    let nonce = nonce(who)?;
    let tree = Section::new(t.get("units-tree"));
    let mut sections = vec![if known.units.is_empty() {
        tree.text(t.get("units-none"))
    } else {
        tree.html(list(&known, &t, id, "", 0))
    }];
    if manages(&known.members) {
        sections.push(new_unit(&known, &t, id, &nonce, (sent, errors)));
    }
    let place = contacts::Place { unit: "", action: &here(id), nonce: &nonce };
    sections.extend(contacts::sections(who, &known, &place, (sent, errors)));
    let body = Sections { csrf: who.view.csrf_field(), sections };
    let page = who.page(t.get("units")).lead(t.get("units-text"));
    Ok(page.back(format!("/organisation/{id}")).errors(errors).show(&body))
}

/// The units below `parent` as nested lists.
fn list(known: &Known, t: &Texts, id: &Ident, parent: &str, depth: usize) -> String {
    let mut html = String::new();
    if depth >= DEEPEST {
        return html;
    }
    for unit in known.below(parent) {
        let link = Link::text(format!("{}/{}", here(id), unit.unit_id), unit.name.clone());
        let members = i64::try_from(unit.member_ids.len()).unwrap_or(i64::MAX);
        let count = t.with("unit-members-count", [("n", members.into())]);
        let below = list(known, t, id, &unit.unit_id, depth + 1);
        html.extend(["<li>", &link.to_html(), " (", &count, ")", &below, "</li>"]);
    }
    if html.is_empty() { html } else { format!("<ul class=\"kern-list\">{html}</ul>") }
}

fn new_unit(
    known: &Known,
    t: &Texts,
    id: &Ident,
    nonce: &str,
    (sent, errors): (&Sent, &Errors),
) -> Section {
    let name = Input::text("name", t.get("unit-name")).value(sent.field("name")).max_length(NAME);
    let parent = Select::new("parent", t.get("unit-parent"), known.parents(t, None));
    let create = Button::primary(t.get("unit-create")).sends("what", "create");
    let form = SmallForm::new(here(id), create)
        .hidden("form", nonce)
        .part(&name.error_in(errors).to_html())
        .part(&parent.selected(sent.field("parent")).to_html());
    Section::new(t.get("unit-new")).text(t.get("unit-new-text")).form(form)
}

/// Makes a unit, or adds or removes a contact point of the organisation.
pub async fn act(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(sent): CheckedForm<BTreeMap<String, String>>,
) -> Result<Response, Response> {
    let sent = Sent(sent);
    let mut record = record(&who).await?;
    let done = match sent.field("what") {
        "create" => {
            let request = pb::CreateUnitRequest {
                request_id: sent.request_id(&[&id.to_string()]),
                organisation_id: id.to_string(),
                name: sent.field("name").to_owned(),
                parent_unit_id: sent.field("parent").to_owned(),
            };
            record.create_unit(request).await.map(drop)
        }
        "add" => contacts::add(&mut record, &id, "", &sent).await,
        "remove" => contacts::remove(&mut record, &id, &sent).await,
        _ => return Err(who.problem(Problem::Invalid)),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&here(&id)).into_response()),
        Err(status) => {
            let errors = explained(&who, &sent, &here(&id), &status)?;
            page(&who, &id, &sent, &errors).await
        }
    }
}

/// What people can put right, beside its field; a page for all that is refused otherwise.
fn explained(who: &Signed, sent: &Sent, way: &str, status: &Status) -> Result<Errors, Response> {
    let t = who.texts();
    let mut errors = Errors::new();
    match siegel_grpc::reason(status).as_deref() {
        Some("INVALID_FIELD") if sent.field("what") == "add" => {
            errors.add("value", t.get("contact-invalid"));
        }
        Some("INVALID_FIELD") => errors.add("name", t.get("unit-name-invalid")),
        Some("UNIT_CYCLE") => errors.add("parent", t.get("unit-cycle")),
        Some("TOO_DEEP") => errors.add("parent", t.get("unit-too-deep")),
        Some("TOO_MANY_UNITS") => errors.add_general(t.get("unit-too-many")),
        Some("UNIT_NOT_EMPTY") => errors.add_general(t.get("unit-not-empty")),
        Some("MEMBER_UNKNOWN") => errors.add_general(t.get("unit-member-gone")),
        Some("TOO_MANY_CONTACT_POINTS") => errors.add_general(t.get("contact-too-many")),
        Some("TRUST_TOO_LOW") => {
            let needed = trouble::needed_level(status).unwrap_or(who.session.level);
            return Err(trouble::step_up(who, needed, way, t.get("step-up-why-units")));
        }
        _ => return Err(who.refuse("organisation", status)),
    }
    Ok(errors)
}
