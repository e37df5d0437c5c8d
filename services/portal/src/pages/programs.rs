//! Programs that act for an organisation: which there are, a new one, the end of one.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_grpc::AuthChannel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_web::forms::{
    Button, Choice, DescriptionList, Errors, Input, Item, Link, Select, Textarea,
};
use siegel_web::{CheckedForm, Problem, Texts};
use tonic::Status;

use super::organisation_members::{called, manages};
use super::sections::{Section, Sections, SmallForm};
use super::words::{self, Ident};
use super::{Signed, trouble};

/// Programs manage nobody.
const ROLES: [pb::Role; 3] = [pb::Role::ReadOnly, pb::Role::MailReceiver, pb::Role::CaseWorker];
/// Members of a JWK that only a private or a secret key has (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

type Members = MemberServiceClient<AuthChannel>;

async fn service(who: &Signed) -> Result<Members, Response> {
    Ok(MemberServiceClient::new(who.channel("organisation").await?))
}

fn here(id: &Ident) -> String {
    format!("/organisation/{id}/programs")
}

/// A program that is to be registered, as it was typed.
#[derive(Clone, Default, Deserialize)]
pub struct Wanted {
    /// Made with the form, so that the same form sent twice registers once.
    form: String,
    name: String,
    role: i32,
    jwk: String,
}

/// The programs of an organisation, and its members.
async fn all(who: &Signed, id: &Ident) -> Result<(Vec<pb::SystemUser>, Vec<pb::Member>), Response> {
    let refuse = |status: Status| who.refuse("organisation", &status);
    let mut service = service(who).await?;
    let list = pb::ListSystemUsersRequest { organisation_id: id.to_string() };
    let programs = service.list_system_users(list).await.map_err(refuse)?.into_inner();
    let list = pb::ListMembersRequest { organisation_id: id.to_string() };
    let members = service.list_members(list).await.map_err(refuse)?.into_inner();
    Ok((programs.system_users, members.members))
}

pub async fn show(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    page(&who, &id, &Wanted::default(), &Errors::new()).await
}

async fn page(
    who: &Signed,
    id: &Ident,
    wanted: &Wanted,
    errors: &Errors,
) -> Result<Response, Response> {
    let (programs, members) = all(who, id).await?;
    let t = who.texts();
    let (over, current): (Vec<_>, Vec<_>) = programs.iter().partition(|p| p.revoked_at.is_some());
    let mut sections = Vec::new();
    if programs.is_empty() {
        sections.push(Section::default().text(t.get("programs-none")));
    }
    for one in current {
        let text = t.with("program-open", [("name", one.name.as_str().into())]);
        let link = Link::secondary(format!("{}/{}", here(id), one.system_user_id), text);
        sections.push(section(who, one, &members).link(link));
    }
    if manages(&members) {
        sections.push(register_form(who, id, wanted, errors)?);
    }
    sections.extend(over.into_iter().map(|one| section(who, one, &members)));
    let body = Sections { csrf: who.view.csrf_field(), sections };
    let page = who.page(t.get("programs")).lead(t.get("programs-text"));
    Ok(page.back(format!("/organisation/{id}")).errors(errors).show(&body))
}

/// What is known of a program.
fn section(who: &Signed, one: &pb::SystemUser, members: &[pb::Member]) -> Section {
    Section::new(one.name.clone()).facts(&facts(who, one, members))
}

fn facts(who: &Signed, one: &pb::SystemUser, members: &[pb::Member]) -> DescriptionList {
    let (t, locale) = (who.texts(), who.view.locale);
    let mut items = vec![
        Item::new(t.get("program-client-id"), one.system_user_id.clone()),
        Item::new(t.get("organisation-role"), words::role(&t, one.role())),
        Item::new(t.get("program-since"), words::date_time(locale, one.registered_at.as_ref())),
    ];
    let by = &one.registered_by_member_id;
    if !by.is_empty() {
        let member = members.iter().find(|m| m.membership_id == *by);
        let name = member.map_or_else(|| t.get("member-former"), |m| called(&t, m));
        items.push(Item::new(t.get("program-by"), name));
    }
    items.push(Item::new(t.get("program-key"), one.key_thumbprint.clone()));
    if one.revoked_at.is_some() {
        let at = words::date_time(locale, one.revoked_at.as_ref());
        items.push(Item::new(t.get("program-revoked"), at));
    }
    DescriptionList::new(locale, items)
}

fn register_form(
    who: &Signed,
    id: &Ident,
    wanted: &Wanted,
    errors: &Errors,
) -> Result<Section, Response> {
    let t = who.texts();
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let role = if wanted.role == 0 { i32::from(pb::Role::ReadOnly) } else { wanted.role };
    let choice = |role: pb::Role| Choice::new(i32::from(role).to_string(), words::role(&t, role));
    let name = Input::text("name", t.get("program-name")).hint(t.get("program-name-hint"));
    let roles = Select::new("role", t.get("organisation-role"), ROLES.map(choice));
    let jwk = Textarea::new("jwk", t.get("program-jwk")).hint(t.get("program-jwk-hint")).rows(6);
    let form = SmallForm::new(here(id), Button::primary(t.get("program-register")))
        .hidden("form", form)
        .part(&name.value(&wanted.name).max_length(100).error_in(errors).to_html())
        .part(&roles.selected(role.to_string()).to_html())
        .part(&jwk.value(&wanted.jwk).error_in(errors).to_html());
    Ok(Section::new(t.get("program-new")).text(t.get("program-new-text")).form(form))
}

/// Whether a text holds a private key, as JWK or PEM.
fn is_private(text: &str) -> bool {
    let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let keys = json.pointer("/keys").and_then(|keys| keys.as_array()).cloned().unwrap_or_default();
    let private = |key: &serde_json::Value| PRIVATE.iter().any(|name| key.get(name).is_some());
    text.contains("PRIVATE KEY-----") || private(&json) || keys.iter().any(private)
}

pub async fn register(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(wanted): CheckedForm<Wanted>,
) -> Result<Response, Response> {
    let t = who.texts();
    let (name, jwk) = (wanted.name.trim().to_owned(), wanted.jwk.trim().to_owned());
    let mut wanted = Wanted { name, jwk, ..wanted };
    let mut errors = Errors::new();
    if wanted.name.is_empty() {
        errors.add("name", t.get("program-name-missing"));
    }
    if is_private(&wanted.jwk) {
        // Neither passed on nor shown again.
        wanted.jwk = String::new();
        errors.add("jwk", t.get("program-jwk-private"));
    }
    if !errors.is_empty() {
        return page(&who, &id, &wanted, &errors).await;
    }
    let organisation_id = id.to_string();
    let fields = [&*organisation_id, &wanted.name, &wanted.role.to_string(), &wanted.jwk];
    let request = pb::RegisterSystemUserRequest {
        request_id: words::form_request_id(&wanted.form, &fields),
        organisation_id: organisation_id.clone(),
        name: wanted.name.clone(),
        role: wanted.role,
        jwk: wanted.jwk.clone(),
    };
    let status = match service(&who).await?.register_system_user(request).await {
        Ok(made) => {
            let way = format!("{}/{}", here(&id), made.into_inner().system_user_id);
            return Ok(Redirect::to(&way).into_response());
        }
        Err(status) => status,
    };
    match siegel_grpc::reason(&status).as_deref() {
        Some("INVALID_FIELD") => errors.add("jwk", t.get("program-jwk-invalid")),
        Some("KEY_REGISTERED") => errors.add("jwk", t.get("program-jwk-known")),
        Some("CLAIM_COOLING") => errors.add_general(t.get("member-cooling")),
        _ => return Err(refused(&who, &id, &status)),
    }
    page(&who, &id, &wanted, &errors).await
}

fn refused(who: &Signed, id: &Ident, status: &Status) -> Response {
    match trouble::needed_level(status) {
        Some(needed) => {
            let why = who.texts().get("step-up-why-programs");
            trouble::step_up(who, needed, &here(id), why)
        }
        None => who.refuse("organisation", status),
    }
}

/// One program of an organisation, and whether the caller manages.
async fn find(
    who: &Signed,
    (id, program): (&Ident, &Ident),
) -> Result<(pb::SystemUser, Vec<pb::Member>), Response> {
    let (programs, members) = all(who, id).await?;
    let found = programs.into_iter().find(|one| one.system_user_id == program.to_string());
    Ok((found.ok_or_else(|| who.problem(Problem::NotFound))?, members))
}

/// What a program is known by, and what it does next.
pub async fn one(
    who: Signed,
    Path((id, program)): Path<(Ident, Ident)>,
) -> Result<Response, Response> {
    let (one, members) = find(&who, (&id, &program)).await?;
    let t = who.texts();
    let mut sections = vec![Section::default().facts(&facts(&who, &one, &members))];
    if one.revoked_at.is_none() {
        let next = Section::new(t.get("program-next")).text(t.get("program-next-text"));
        sections.push(next.facts(&next_steps(&who, &t, &one)).text(t.get("program-next-scope")));
        if manages(&members) {
            let way = format!("{}/{program}/revoke", here(&id));
            let link = Link::secondary(way, t.get("program-revoke"));
            let end = Section::new(t.get("program-revoke-title"));
            sections.push(end.text(t.get("program-revoke-text")).link(link));
        }
    }
    let body = Sections { csrf: who.view.csrf_field(), sections };
    Ok(who.page(one.name).back(here(&id)).show(&body))
}

/// What the program sends to the token endpoint.
fn next_steps(who: &Signed, t: &Texts, one: &pb::SystemUser) -> DescriptionList {
    let origin = who.view.origin();
    let items = [
        Item::new(t.get("program-next-where"), format!("POST {origin}/token")),
        Item::new("grant_type", "client_credentials"),
        Item::new("scope", "postbox.read"),
        Item::new(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        Item::new(
            "client_assertion",
            t.with(
                "program-next-assertion",
                [("id", one.system_user_id.as_str().into()), ("issuer", origin.into())],
            ),
        ),
        Item::new("DPoP", t.get("program-next-proof")),
    ];
    DescriptionList::new(who.view.locale, items)
}

/// Asks before a program is revoked.
pub async fn ask(
    who: Signed,
    Path((id, program)): Path<(Ident, Ident)>,
) -> Result<Response, Response> {
    let (one, members) = find(&who, (&id, &program)).await?;
    let way = format!("{}/{program}", here(&id));
    if one.revoked_at.is_some() || !manages(&members) {
        return Ok(Redirect::to(&way).into_response());
    }
    let t = who.texts();
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let send = Button::primary(t.get("program-revoke"));
    let form = SmallForm::new(format!("{way}/revoke"), send).hidden("form", form);
    let section = Section::default()
        .text(t.get("program-revoke-text"))
        .form(form)
        .link(Link::secondary(way.clone(), t.get("cancel")));
    let body = Sections { csrf: who.view.csrf_field(), sections: vec![section] };
    let title = t.with("program-revoke-ask", [("name", one.name.into())]);
    Ok(who.page(title).back(way).narrow().show(&body))
}

#[derive(Deserialize)]
pub struct Revoking {
    form: String,
}

pub async fn revoke(
    who: Signed,
    Path((id, program)): Path<(Ident, Ident)>,
    CheckedForm(form): CheckedForm<Revoking>,
) -> Result<Response, Response> {
    let (organisation_id, system_user_id) = (id.to_string(), program.to_string());
    let request = pb::RevokeSystemUserRequest {
        request_id: words::form_request_id(&form.form, &[&organisation_id, &system_user_id]),
        organisation_id,
        system_user_id,
    };
    let done = service(&who).await?.revoke_system_user(request).await;
    done.map_err(|status| refused(&who, &id, &status))?;
    Ok(Redirect::to(&here(&id)).into_response())
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn a_private_key_is_known_as_one_in_every_form_it_is_pasted_in() {
        for private in [
            r#"{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}"#,
            r#"{"kty":"RSA","n":"a","e":"AQAB","dp":"c"}"#,
            r#"{"kty":"oct","k":"c"}"#,
            r#"{"keys":[{"kty":"OKP","x":"a"},{"kty":"OKP","x":"a","d":"c"}]}"#,
            "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nMIG",
        ] {
            assert!(is_private(private), "{private}");
        }
        for public in [r#"{"kty":"EC","crv":"P-256","x":"d","y":"k"}"#, "d", "[]", ""] {
            assert!(!is_private(public), "{public}");
        }
    }
}
