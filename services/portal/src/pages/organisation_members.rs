//! Members of an organisation, and invitations to it.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_grpc::AuthChannel;
use siegel_proto::common::v1::TrustLevel as Level;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_web::forms::{Button, Choice, DescriptionList, Errors, Input, Item, Link, Select};
use siegel_web::{CheckedForm, Problem, Texts};
use tonic::{Code, Status};

use super::sections::{Section, Sections, SmallForm};
use super::words::{self, Ident};
use super::{Signed, trouble};

const ROLES: [pb::Role; 5] = [
    pb::Role::Owner,
    pb::Role::Administrator,
    pb::Role::CaseWorker,
    pb::Role::MailReceiver,
    pb::Role::ReadOnly,
];

type Members = MemberServiceClient<AuthChannel>;

async fn service(who: &Signed) -> Result<Members, Response> {
    Ok(MemberServiceClient::new(who.channel("organisation").await?))
}

/// Whether the caller is one of those who manage.
pub fn manages(members: &[pb::Member]) -> bool {
    let role = members.iter().find(|m| m.own).map(pb::Member::role);
    matches!(role, Some(pb::Role::Owner | pb::Role::Administrator))
}

pub async fn show(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    page(&who, &id, &Invite::default(), &Errors::new()).await
}

async fn page(
    who: &Signed,
    id: &Ident,
    wanted: &Invite,
    errors: &Errors,
) -> Result<Response, Response> {
    let refuse = |status: Status| who.refuse("organisation", &status);
    let mut service = service(who).await?;
    let list = pb::ListMembersRequest { organisation_id: id.to_string() };
    let members = service.list_members(list).await.map_err(refuse)?.into_inner().members;
    let t = who.texts();
    let mut sections: Vec<Section> =
        members.iter().map(|m| member(who, id, m, manages(&members))).collect();
    if manages(&members) {
        let list = pb::ListInvitationsRequest { organisation_id: id.to_string() };
        let open = service.list_invitations(list).await.map_err(refuse)?.into_inner().invitations;
        let open = open.iter().filter(|i| i.state() == pb::InvitationState::Open);
        sections.extend(open.map(|i| invitation(who, id, i)));
        sections.push(invite(who, id, wanted, errors)?);
    }
    let leave = SmallForm::new(
        format!("/organisation/{id}/leave"),
        Button::tertiary(t.get("member-leave")),
    );
    let leaving = Section::new(t.get("member-leave-title")).text(t.get("member-leave-text"));
    sections.push(leaving.form(leave));
    let body = Sections { csrf: who.view.csrf_field(), sections };
    let page = who.page(t.get("members")).lead(t.get("members-text"));
    Ok(page.back(format!("/organisation/{id}")).errors(errors).show(&body))
}

fn roles(t: &Texts, name: &'static str, label: &str, chosen: i32) -> Select {
    let choice = |role: pb::Role| Choice::new(i32::from(role).to_string(), words::role(t, role));
    Select::new(name, t.get(label), ROLES.map(choice)).selected(chosen.to_string())
}

/// What a member is called on the pages.
pub fn called(t: &Texts, one: &pb::Member) -> String {
    let name = if one.name.is_empty() { t.get("member-founder") } else { one.name.clone() };
    if one.own { t.with("member-yourself", [("name", name.into())]) } else { name }
}

fn member(who: &Signed, id: &Ident, one: &pb::Member, manages: bool) -> Section {
    let (t, locale) = (who.texts(), who.view.locale);
    let title = called(&t, one);
    let since = words::date_time(locale, one.since.as_ref());
    let facts = DescriptionList::new(
        locale,
        [
            Item::new(t.get("organisation-role"), words::role(&t, one.role())),
            Item::new(t.get("member-since"), since),
        ],
    );
    let section = Section::new(title).facts(&facts);
    if !manages || one.own {
        return section;
    }
    let member = one.membership_id.clone();
    let field = roles(&t, "role", "organisation-role", one.role).id(format!("role-{member}"));
    let change = SmallForm::new(
        format!("/organisation/{id}/members/role"),
        Button::secondary(t.get("member-change")),
    );
    let remove = SmallForm::new(
        format!("/organisation/{id}/members/remove"),
        Button::tertiary(t.get("member-remove")),
    );
    section
        .form(change.hidden("member", member.clone()).part(&field.to_html()))
        .form(remove.hidden("member", member))
}

fn invitation(who: &Signed, id: &Ident, one: &pb::Invitation) -> Section {
    let (t, locale) = (who.texts(), who.view.locale);
    let facts = DescriptionList::new(
        locale,
        [
            Item::new(t.get("organisation-role"), words::role(&t, one.role())),
            Item::new(t.get("invite-email"), one.email.clone()),
            Item::new(t.get("invite-until"), words::date_time(locale, one.expires_at.as_ref())),
        ],
    );
    let revoke = SmallForm::new(
        format!("/organisation/{id}/members/revoke"),
        Button::tertiary(t.get("invite-revoke")),
    );
    let title = t.with("invite-open", [("name", one.name.clone().into())]);
    let revoke = revoke.hidden("invitation", one.invitation_id.clone());
    Section::new(title).facts(&facts).form(revoke)
}

fn invite(who: &Signed, id: &Ident, wanted: &Invite, errors: &Errors) -> Result<Section, Response> {
    let (t, locale) = (who.texts(), who.view.locale);
    let form = match wanted.form.as_str() {
        "" => words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?,
        form => form.to_owned(),
    };
    let levels = [Level::Low, Level::Substantial, Level::High].map(|level| {
        let number = i32::from(level);
        let name = siegel_proto::convert::level(number)
            .map(|level| siegel_web::format::level(locale, level))
            .unwrap_or_default();
        Choice::new(number.to_string(), name)
    });
    let name = Input::text("name", t.get("invite-name")).value(wanted.name.clone());
    let email = Input::email("email", t.get("invite-email")).value(wanted.email.clone());
    let role = if wanted.role == 0 { i32::from(pb::Role::CaseWorker) } else { wanted.role };
    let level = if wanted.level == 0 { i32::from(Level::Substantial) } else { wanted.level };
    let send = Button::primary(t.get("invite-send"));
    let form = SmallForm::new(format!("/organisation/{id}/members"), send)
        .hidden("form", form)
        .part(&name.max_length(200).error_in(errors).to_html())
        .part(&email.max_length(254).error_in(errors).to_html())
        .part(&roles(&t, "role", "organisation-role", role).id("invite-role").to_html())
        .part(
            &Select::new("level", t.get("invite-level"), levels)
                .selected(level.to_string())
                .to_html(),
        );
    Ok(Section::new(t.get("invite-title")).text(t.get("invite-text")).form(form))
}

#[derive(Clone, Default, Deserialize)]
pub struct Invite {
    /// Made with the form, so that the same form sent twice invites once.
    form: String,
    name: String,
    email: String,
    role: i32,
    level: i32,
}

pub async fn send(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(wanted): CheckedForm<Invite>,
) -> Result<Response, Response> {
    let t = who.texts();
    let (name, email) = (wanted.name.trim().to_owned(), wanted.email.trim().to_owned());
    let numbers = [wanted.role.to_string(), wanted.level.to_string()];
    let fields = [id.to_string(), name.clone(), email.clone()];
    let fields: Vec<&str> = fields.iter().chain(&numbers).map(String::as_str).collect();
    let request = pb::InviteMemberRequest {
        request_id: words::form_request_id(&wanted.form, &fields),
        organisation_id: id.to_string(),
        name,
        email,
        role: wanted.role,
        minimum_level: wanted.level,
        locale: who.view.locale.as_str().to_owned(),
    };
    match service(&who).await?.invite_member(request).await {
        Ok(_) => Ok(back(&id)),
        Err(status) if status.code() == Code::InvalidArgument => {
            let mut errors = Errors::new();
            errors.add_general(t.get("invite-invalid"));
            page(&who, &id, &wanted, &errors).await
        }
        Err(status) => Err(refused(&who, &id, &status)),
    }
}

fn back(id: &Ident) -> Response {
    Redirect::to(&format!("/organisation/{id}/members")).into_response()
}

/// What is refused for a reason that people can act on says it.
fn refused(who: &Signed, id: &Ident, status: &Status) -> Response {
    let t = who.texts();
    if let Some(needed) = trouble::needed_level(status) {
        let target = format!("/organisation/{id}/members");
        return trouble::step_up(who, needed, &target, t.get("step-up-why-members"));
    }
    let text = match siegel_grpc::reason(status).as_deref() {
        Some("LAST_OWNER") => t.get("member-last-owner"),
        Some("CLAIM_COOLING") => t.get("member-cooling"),
        Some("ROLE_TOO_LOW") => t.get("member-role-too-low"),
        _ => return who.refuse("organisation", status),
    };
    let link = Link::primary(format!("/organisation/{id}/members"), t.get("members"));
    let sections = vec![Section::default().text(text).link(link)];
    let body = Sections { csrf: who.view.csrf_field(), sections };
    who.page(t.get("members")).narrow().status(http::StatusCode::CONFLICT).show(&body)
}

#[derive(Deserialize)]
pub struct OneMember {
    member: String,
    #[serde(default)]
    role: i32,
}

fn fresh(who: &Signed) -> Result<String, Response> {
    words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))
}

pub async fn change(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(form): CheckedForm<OneMember>,
) -> Result<Response, Response> {
    let request = pb::ChangeRoleRequest {
        request_id: fresh(&who)?,
        organisation_id: id.to_string(),
        membership_id: form.member,
        role: form.role,
    };
    let done = service(&who).await?.change_role(request).await;
    done.map_err(|status| refused(&who, &id, &status))?;
    Ok(back(&id))
}

pub async fn remove(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(form): CheckedForm<OneMember>,
) -> Result<Response, Response> {
    let request = pb::RemoveMemberRequest {
        request_id: fresh(&who)?,
        organisation_id: id.to_string(),
        membership_id: form.member,
    };
    let done = service(&who).await?.remove_member(request).await;
    done.map_err(|status| refused(&who, &id, &status))?;
    Ok(back(&id))
}

#[derive(Deserialize)]
pub struct OneInvitation {
    invitation: String,
}

pub async fn revoke(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(form): CheckedForm<OneInvitation>,
) -> Result<Response, Response> {
    let request = pb::RevokeInvitationRequest {
        request_id: fresh(&who)?,
        organisation_id: id.to_string(),
        invitation_id: form.invitation,
    };
    let done = service(&who).await?.revoke_invitation(request).await;
    done.map_err(|status| refused(&who, &id, &status))?;
    Ok(back(&id))
}

#[derive(Deserialize)]
pub struct Nothing {}

pub async fn leave(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Result<Response, Response> {
    let request =
        pb::LeaveOrganisationRequest { request_id: fresh(&who)?, organisation_id: id.to_string() };
    let done = service(&who).await?.leave_organisation(request).await;
    done.map_err(|status| refused(&who, &id, &status))?;
    Ok(Redirect::to("/organisation").into_response())
}

/// An address of a form that was reloaded.
pub async fn again(Path(id): Path<Ident>) -> Response {
    back(&id)
}
