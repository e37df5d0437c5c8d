//! Attributes that people may type in themselves.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Redirect, Response};
use siegel_oidc::catalogue::{self, BadValue, CATALOGUE, Form};
use siegel_proto::account::v1::{Attribute, ListAttributesRequest, SetAttributeRequest};
use siegel_proto::common::v1::AttributeSource;
use siegel_web::forms::{Button, Checkbox, Choice, Errors, Input, Link, Select};
use siegel_web::{CheckedForm, CsrfField, Locale, Problem, Texts};
use tonic::Code;

use super::{Signed, words};

#[derive(askama::Template)]
#[template(path = "attributes.html")]
struct Edit {
    csrf: CsrfField,
    fields: Vec<String>,
    save: Button,
    cancel: Link,
}

/// Names that this person may write, with what they say.
type Values = BTreeMap<&'static str, Said>;

/// What stands in one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    value: String,
    /// The box that says that there is none.
    none: bool,
}

/// Name of the box beside a field.
fn none_field(name: &str) -> String {
    format!("none-{name}")
}

pub async fn show(who: Signed) -> Result<Response, Response> {
    let values = editable(&who).await?;
    Ok(page(&who, &values, &Errors::new()))
}

pub async fn save(
    who: Signed,
    CheckedForm(sent): CheckedForm<BTreeMap<String, String>>,
) -> Result<Response, Response> {
    let held = editable(&who).await?;
    let mut wanted = held.clone();
    for (name, said) in &mut wanted {
        if let Some(new) = sent.get(*name) {
            new.trim().clone_into(&mut said.value);
            said.none = sent.contains_key(&none_field(name));
        }
    }
    let mut errors = Errors::new();
    for (name, said) in wanted.iter().filter(|(_, said)| !said.value.is_empty()) {
        if said.none {
            errors.add(*name, who.texts().get("attribute-none-and-value"));
        } else if let Some(Err(bad)) = catalogue::attribute(name).map(|row| row.check(&said.value))
        {
            errors.add(*name, who.texts().get(complaint(bad)));
        }
    }
    if !errors.is_empty() {
        return Ok(page(&who, &wanted, &errors));
    }
    let mut service = who.account().await?;
    for (name, said) in wanted.iter().filter(|(name, said)| held.get(*name) != Some(said)) {
        let request_id = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
        let (name, value, not_applicable) = ((*name).to_owned(), said.value.clone(), said.none);
        let request = SetAttributeRequest { request_id, name: name.clone(), value, not_applicable };
        match service.set_attribute(request).await {
            Ok(_) => {}
            Err(status) if status.code() == Code::FailedPrecondition => {
                errors.add(name, who.texts().get("attribute-is-verified"));
            }
            Err(status) if status.code() == Code::InvalidArgument => {
                errors.add(name, who.texts().get("attribute-not-plain"));
            }
            Err(status) => return Err(who.refuse("account", &status)),
        }
    }
    if !errors.is_empty() {
        return Ok(page(&who, &wanted, &errors));
    }
    Ok(Redirect::to("/account").into_response())
}

/// What the catalogue lets people declare and nothing better is known of.
async fn editable(who: &Signed) -> Result<Values, Response> {
    let mut service = who.account().await?;
    let list = service.list_attributes(ListAttributesRequest {}).await;
    let list = list.map_err(|status| who.refuse("account", &status))?.into_inner().attributes;
    let verified = |name: &str| {
        let better = |a: &Attribute| {
            a.name == name && a.source() != AttributeSource::SelfDeclared && !a.expired
        };
        list.iter().any(better)
    };
    let said = |name: &str| {
        let found = list.iter().find(|a| a.name == name);
        found.map(|a| Said { value: a.value.clone(), none: a.not_applicable }).unwrap_or_default()
    };
    let rows = CATALOGUE.iter().filter(|row| {
        row.self_declarable && !verified(row.name) && !hidden_street(&list).contains(&row.name)
    });
    Ok(rows.map(|row| (row.name, said(row.name))).collect())
}

/// The form of the street that is not asked for: the line, unless it is what was given.
fn hidden_street(list: &[Attribute]) -> &'static [&'static str] {
    const LINE: &[&str] = &["street_and_building"];
    const APART: &[&str] = &["street", "house_number"];
    let has = |name: &str| list.iter().any(|a| a.name == name);
    let apart = APART.iter().any(|name| has(name));
    if has("street_and_building") && !apart { APART } else { LINE }
}

fn page(who: &Signed, values: &Values, errors: &Errors) -> Response {
    let (t, locale) = (who.texts(), who.view.locale);
    // In the catalogue's order, not the alphabet's.
    let rows = CATALOGUE.iter().filter(|row| values.contains_key(row.name));
    let field = |row: &catalogue::Attribute| {
        let said = values.get(row.name).cloned().unwrap_or_default();
        let field = field(&t, locale, row, said.value, errors);
        if !row.may_not_apply {
            return field;
        }
        let label = [("label", t.get(row.label).into())];
        let none = Checkbox::new(none_field(row.name), t.with("attribute-none", label))
            .value("1")
            .checked(said.none);
        format!("{field}{}", none.to_html())
    };
    let body = Edit {
        csrf: who.view.csrf_field(),
        fields: rows.map(field).collect(),
        save: Button::primary(t.get("save")),
        cancel: Link::secondary("/account", t.get("cancel")),
    };
    let page = who.page(t.get("attributes")).lead(t.get("attributes-text")).back("/account");
    page.narrow().errors(errors).show(&body)
}

fn field(
    t: &Texts,
    locale: Locale,
    row: &catalogue::Attribute,
    value: String,
    errors: &Errors,
) -> String {
    let label = t.get(row.label);
    if row.form == Form::Salutation {
        let choices = [
            Choice::new("", t.get("salutation-none")),
            Choice::new("2", t.get("salutation-2")),
            Choice::new("1", t.get("salutation-1")),
            Choice::new("0", t.get("salutation-0")),
        ];
        let select = Select::new(row.name, label, choices).selected(value);
        return select.optional(locale).error_in(errors).to_html();
    }
    let input = match row.form {
        Form::Email => Input::email(row.name, label),
        _ => Input::text(row.name, label),
    };
    let input = match autofill(row.name) {
        Some(token) => input.autocomplete(token),
        None => input,
    };
    let input = match hint(row.form) {
        Some(key) => input.hint(t.get(key)),
        None => input,
    };
    let longest = u32::try_from(row.max_chars).unwrap_or(u32::MAX);
    input.value(value).max_length(longest).optional(locale).error_in(errors).to_html()
}

/// WCAG 2.2 §1.3.5: what browsers can fill in is named for them.
fn autofill(name: &str) -> Option<&'static str> {
    Some(match name {
        "title" => "honorific-prefix",
        "given_name" => "given-name",
        "family_name" => "family-name",
        "date_of_birth" => "bday",
        "street_and_building" => "street-address",
        "zip_code" => "postal-code",
        "city" => "address-level2",
        "country" => "country",
        "telephone" => "tel",
        _ => return None,
    })
}

const fn hint(form: Form) -> Option<&'static str> {
    match form {
        Form::Date => Some("hint-date"),
        Form::Country => Some("hint-country"),
        Form::Nationality => Some("hint-nationality"),
        Form::Phone => Some("hint-phone"),
        _ => None,
    }
}

const fn complaint(bad: BadValue) -> &'static str {
    match bad {
        BadValue::TooLong(_) => "attribute-too-long",
        BadValue::NotPlain => "attribute-not-plain",
        BadValue::NotADate => "hint-date",
        BadValue::NotACountry => "hint-country",
        BadValue::NotANationality => "hint-nationality",
        BadValue::NotAPhone => "hint-phone",
        BadValue::NotAnEmail => "attribute-not-an-email",
        // The last three are of what no account holds; no field is made for it.
        BadValue::NotASalutation
        | BadValue::NotABoolean
        | BadValue::NotAUuid
        | BadValue::NotAVersion => "attribute-not-listed",
    }
}
