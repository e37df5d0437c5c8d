//! Organisations of the person.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_kernel::TrustLevel;
use siegel_proto::convert;
use siegel_proto::organisation::v1::{
    CreateOrganisationRequest, GetOrganisationRequest, ListOrganisationsRequest, Organisation,
};
use siegel_web::forms::{
    Button, Choice, DescriptionList, Errors, Hidden, Input, Item, LevelBadge, Link, Select,
};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};
use tonic::Code;

use super::words::{self, Ident};
use super::{Signed, legal_form, trouble};

const NEW: &str = "/organisation/new";

#[derive(askama::Template)]
#[template(path = "organisations.html")]
struct List {
    t: Texts,
    organisations: Vec<Entry>,
    found: Link,
    invited: Link,
}

struct Entry {
    id: String,
    name: String,
    role: String,
}

pub async fn list(who: Signed) -> Result<Response, Response> {
    let mut service = who.organisation().await?;
    let list = service.list_organisations(ListOrganisationsRequest {}).await;
    let list = list.map_err(|status| who.refuse("organisation", &status))?;
    let t = who.texts();
    let entry = |o: Organisation| Entry {
        role: words::role(&t, o.role()),
        id: o.organisation_id,
        name: o.name,
    };
    let body = List {
        organisations: list.into_inner().organisations.into_iter().map(entry).collect(),
        found: Link::primary(NEW, t.get("organisation-new")),
        invited: Link::secondary(super::invitation::PAGE, t.get("invitation")),
        t,
    };
    Ok(who.page(t.get("organisations")).lead(t.get("organisations-text")).show(&body))
}

#[derive(askama::Template)]
#[template(path = "organisation.html")]
struct One {
    facts: DescriptionList,
    mailbox: Link,
    record: Link,
    members: Link,
    /// Mailboxes, rights, substitution.
    more: Vec<Link>,
}

pub async fn show(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    let mut service = who.organisation().await?;
    let request = GetOrganisationRequest { organisation_id: id.to_string() };
    let found = service.get_organisation(request).await;
    let found = found.map_err(|status| who.refuse("organisation", &status))?.into_inner();
    let one = found.organisation.ok_or_else(|| who.problem(Problem::NotFound))?;
    let (t, locale) = (who.texts(), who.view.locale);
    let register = [&one.register_kind, &one.register_number, &one.register_court];
    let register: Vec<_> = register.into_iter().filter(|r| !r.is_empty()).cloned().collect();
    let mut items = vec![Item::new(t.get("organisation-legal-form"), one.legal_form.clone())];
    if !register.is_empty() {
        items.push(Item::new(t.get("organisation-register"), register.join(", ")));
    }
    if let Some(level) = convert::level(one.identification_level) {
        let badge = LevelBadge::new(level, locale).to_html();
        items.push(Item::html(t.get("organisation-level"), badge));
    }
    let founded = words::date_time(locale, one.created_at.as_ref());
    items.push(Item::new(t.get("organisation-created"), founded));
    items.push(Item::new(t.get("organisation-role"), words::role(&t, one.role())));
    let mailbox = format!("/postbox?organisation={}", one.organisation_id);
    let body = One {
        facts: DescriptionList::new(locale, items),
        mailbox: Link::primary(mailbox, t.get("organisation-mailbox")),
        record: Link::secondary(format!("/organisation/{id}/record"), t.get("record")),
        members: Link::secondary(format!("/organisation/{id}/members"), t.get("members")),
        more: super::mailboxes::links(&t, &one.organisation_id),
    };
    Ok(who.page(one.name).back("/organisation").show(&body))
}

/// The choice of a legal form that the list does not have.
const OTHER: &str = "other";

#[derive(Clone, Default, Deserialize)]
pub struct Founding {
    /// Made with the form, so that the same form sent twice founds one organisation.
    form: String,
    name: String,
    /// Its text in the list, or [`OTHER`].
    legal_form: String,
    #[serde(default)]
    other_form: String,
    #[serde(default)]
    register_kind: String,
    #[serde(default)]
    register_court: String,
    #[serde(default)]
    register_number: String,
}

#[derive(askama::Template)]
#[template(path = "organisation_new.html")]
struct New {
    t: Texts,
    csrf: CsrfField,
    form: Hidden,
    name: Input,
    legal_form: Select,
    other_form: Input,
    register_kind: Select,
    register_court: Input,
    register_number: Input,
    save: Button,
    cancel: Link,
}

pub async fn form(who: Signed) -> Result<Response, Response> {
    if who.session.level < TrustLevel::Substantial {
        let why = who.texts().get("step-up-why-organisation");
        return Ok(trouble::step_up(&who, TrustLevel::Substantial, NEW, why));
    }
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    page(&who, &Founding { form, ..Founding::default() }, &Errors::new()).await
}

pub async fn create(
    who: Signed,
    CheckedForm(form): CheckedForm<Founding>,
) -> Result<Response, Response> {
    let t = who.texts();
    let mut errors = Errors::new();
    let trimmed = |text: &String| text.trim().to_owned();
    let form = Founding {
        form: form.form.clone(),
        name: trimmed(&form.name),
        legal_form: trimmed(&form.legal_form),
        other_form: trimmed(&form.other_form),
        register_kind: trimmed(&form.register_kind),
        register_court: trimmed(&form.register_court),
        register_number: trimmed(&form.register_number),
    };
    if form.name.is_empty() {
        errors.add("name", t.get("organisation-name-missing"));
    }
    if form.legal_form.is_empty() {
        errors.add("legal_form", t.get("organisation-legal-form-missing"));
    }
    if form.legal_form == OTHER && form.other_form.is_empty() {
        errors.add("other_form", t.get("organisation-legal-form-missing"));
    }
    if !errors.is_empty() {
        return page(&who, &form, &errors).await;
    }
    let legal_form = if form.legal_form == OTHER { &form.other_form } else { &form.legal_form };
    let fields =
        [&form.name, legal_form, &form.register_kind, &form.register_court, &form.register_number];
    let request = CreateOrganisationRequest {
        request_id: words::form_request_id(&form.form, &fields.map(String::as_str)),
        name: form.name.clone(),
        legal_form: legal_form.clone(),
        register_kind: form.register_kind.clone(),
        register_court: form.register_court.clone(),
        register_number: form.register_number.clone(),
    };
    let mut service = who.organisation().await?;
    match service.create_organisation(request).await {
        Ok(answer) => {
            let made = answer.into_inner().organisation.unwrap_or_default();
            Ok(Redirect::to(&format!("/organisation/{}", made.organisation_id)).into_response())
        }
        Err(status) if status.code() == Code::InvalidArgument => {
            errors.add_general(t.get("organisation-invalid"));
            page(&who, &form, &errors).await
        }
        Err(status) => match trouble::needed_level(&status) {
            Some(needed) => {
                let why = t.get("step-up-why-organisation");
                Ok(trouble::step_up(&who, needed, NEW, why))
            }
            None => Err(who.refuse("organisation", &status)),
        },
    }
}

async fn page(who: &Signed, form: &Founding, errors: &Errors) -> Result<Response, Response> {
    let (t, locale) = (who.texts(), who.view.locale);
    let listed = legal_form::listed(who, who.channel("organisation").await?).await?;
    let forms = std::iter::once(Choice::new("", t.get("legal-form-choose")))
        .chain(listed.into_iter().map(|one| Choice::new(one.text.clone(), one.text)))
        .chain([Choice::new(OTHER, t.get("organisation-legal-form-other"))]);
    let kinds = ["HRA", "HRB", "VR", "GR", "PR"].map(|kind| {
        let text = t.get(&format!("register-{}", kind.to_ascii_lowercase()));
        Choice::new(kind, format!("{kind} – {text}"))
    });
    let none = Choice::new("", t.get("register-none"));
    let kinds = std::iter::once(none).chain(kinds);
    let text = |name: &'static str, key: &str, value: &str, longest: u32| {
        Input::text(name, t.get(key)).value(value).max_length(longest).error_in(errors)
    };
    let body = New {
        csrf: who.view.csrf_field(),
        form: Hidden::new("form", form.form.clone()),
        name: text("name", "organisation-name", &form.name, 255).autocomplete("organization"),
        legal_form: Select::new("legal_form", t.get("organisation-legal-form"), forms)
            .selected(form.legal_form.clone())
            .error_in(errors),
        other_form: text("other_form", "organisation-legal-form-other", &form.other_form, 100)
            .hint(t.get("organisation-legal-form-hint"))
            .optional(locale),
        register_kind: Select::new("register_kind", t.get("organisation-register-kind"), kinds)
            .selected(form.register_kind.clone())
            .optional(locale),
        register_court: text("register_court", "organisation-court", &form.register_court, 255)
            .optional(locale),
        register_number: text("register_number", "organisation-number", &form.register_number, 11)
            .hint(t.get("organisation-number-hint"))
            .optional(locale),
        save: Button::primary(t.get("organisation-create")),
        cancel: Link::secondary("/organisation", t.get("cancel")),
        t,
    };
    let page = who.page(t.get("organisation-new")).back("/organisation").narrow();
    Ok(page.errors(errors).show(&body))
}
