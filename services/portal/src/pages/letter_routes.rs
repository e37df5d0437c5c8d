//! Which mailbox of an organisation the letters of each online service go to.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::organisation::v1 as pb;
use siegel_web::forms::{Button, Choice, DescriptionList, Item, Link, Select};
use siegel_web::{CheckedForm, Problem, Texts};
use tonic::Status;

use super::Signed;
use super::names::Names;
use super::sections::{Section, Sections, SmallForm};
use super::words::{self, Ident};

fn here(id: &Ident) -> String {
    format!("/organisation/{id}/letters")
}

/// What the pages know.
struct Known {
    routes: pb::ListLetterRoutesResponse,
    mailboxes: Vec<pb::Mailbox>,
    names: Names,
}

impl Known {
    async fn of(who: &Signed, id: &Ident) -> Result<Self, Response> {
        let refuse = |status: Status| who.refuse("organisation", &status);
        let mut service = who.rights().await?;
        let routes = pb::ListLetterRoutesRequest { organisation_id: id.to_string() };
        let routes = service.list_letter_routes(routes).await.map_err(refuse)?.into_inner();
        let mailboxes = pb::ListMailboxesRequest { organisation_id: id.to_string() };
        let mailboxes = service.list_mailboxes(mailboxes).await.map_err(refuse)?;
        let mailboxes = mailboxes.into_inner().mailboxes;
        Ok(Self { routes, mailboxes, names: Names::of(who, id).await? })
    }

    fn mailbox(&self, t: &Texts, id: &str) -> String {
        let found = self.mailboxes.iter().find(|one| one.mailbox_id == id);
        found.map_or_else(|| t.get("mailbox-central"), |one| self.names.mailbox(t, one))
    }

    fn section(&self, who: &Signed, id: &Ident, route: &pb::LetterRoute) -> Section {
        let (t, locale) = (who.texts(), who.view.locale);
        let known = words::date_time(locale, route.known_since.as_ref());
        let facts = DescriptionList::new(
            locale,
            [
                Item::new(t.get("letter-routes-go-to"), self.mailbox(&t, &route.mailbox_id)),
                Item::new(t.get("letter-routes-known-since"), known),
            ],
        );
        let section = Section::new(route.name.clone()).facts(&facts);
        if !self.routes.may_manage {
            return section;
        }
        let text = t.with("letter-routes-change", [("name", route.name.as_str().into())]);
        section.link(Link::secondary(format!("{}/{}", here(id), route.route_id), text))
    }
}

/// The services, each with its mailbox.
pub async fn list(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    let known = Known::of(&who, &id).await?;
    let t = who.texts();
    let routes = &known.routes.routes;
    let sections = if routes.is_empty() {
        vec![Section::default().text(t.get("letter-routes-none"))]
    } else {
        routes.iter().map(|route| known.section(&who, &id, route)).collect()
    };
    let body = Sections { csrf: who.view.csrf_field(), sections };
    let page = who.page(t.get("letter-routes-of")).lead(t.get("letter-routes-of-text"));
    Ok(page.back(format!("/organisation/{id}/mailboxes")).show(&body))
}

/// Asks for the mailbox of one service.
pub async fn one(
    who: Signed,
    Path((id, route)): Path<(Ident, Ident)>,
) -> Result<Response, Response> {
    let known = Known::of(&who, &id).await?;
    let wanted = route.to_string();
    let found = known.routes.routes.iter().find(|one| one.route_id == wanted);
    let Some(found) = found.filter(|_| known.routes.may_manage) else {
        return Ok(Redirect::to(&here(&id)).into_response());
    };
    let t = who.texts();
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let choice =
        |one: &pb::Mailbox| Choice::new(one.mailbox_id.clone(), known.names.mailbox(&t, one));
    let mailboxes = known.mailboxes.iter().map(choice);
    let mailboxes = Select::new("mailbox", t.get("letter-routes-go-to"), mailboxes)
        .selected(found.mailbox_id.clone());
    let form = SmallForm::new(format!("{}/{route}", here(&id)), Button::primary(t.get("save")))
        .hidden("form", form)
        .part(&mailboxes.to_html());
    let section = Section::default().text(t.get("letter-routes-change-text")).form(form);
    let body = Sections { csrf: who.view.csrf_field(), sections: vec![section] };
    let title = t.with("letter-routes-change-title", [("name", found.name.as_str().into())]);
    Ok(who.page(title).back(here(&id)).narrow().show(&body))
}

#[derive(Deserialize)]
pub struct Chosen {
    form: String,
    /// Empty for the central one.
    mailbox: String,
}

pub async fn set(
    who: Signed,
    Path((id, route)): Path<(Ident, Ident)>,
    CheckedForm(chosen): CheckedForm<Chosen>,
) -> Result<Response, Response> {
    let mailbox_id = chosen.mailbox;
    let (organisation_id, route_id) = (id.to_string(), route.to_string());
    let fields = [organisation_id.as_str(), &route_id, &mailbox_id];
    let request_id = words::form_request_id(&chosen.form, &fields);
    let request = pb::SetLetterRouteRequest { request_id, organisation_id, route_id, mailbox_id };
    let set = who.rights().await?.set_letter_route(request).await;
    set.map_err(|status| who.refuse("organisation", &status))?;
    Ok(Redirect::to(&here(&id)).into_response())
}
