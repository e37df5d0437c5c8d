//! Giving a mandate, and the code that is told once.

use std::time::Duration;

use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_proto::convert;
use siegel_proto::organisation::v1::{AccessScope, GrantMandateRequest, HolderKind, Redelegation};
use siegel_web::forms::{Alert, Button, Checkbox, Choice, Errors, Hidden, Input, Link, Select};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts, format};
use tonic::Code;

use super::mandate_words::redelegation;
use super::postbox::Place;
use super::words::{self, Ident};
use super::{Signed, trouble};

/// What can be chosen; the last one ends never and is looked at every year.
const DURATIONS: [(&str, u64); 5] =
    [("week", 7), ("month", 31), ("quarter", 92), ("year", 366), ("reviewed", 365)];
const PACKAGES: [&str; 6] =
    ["mail-reader", "mail-receiver", "mail-agent", "applications", "adviser", "full"];

#[derive(Deserialize)]
pub struct Wish {
    organisation: Option<Ident>,
}

#[derive(Clone, Default, Deserialize)]
pub struct Giving {
    form: String,
    #[serde(default)]
    to_kind: String,
    #[serde(default)]
    to_name: String,
    #[serde(default)]
    from_name: String,
    #[serde(default)]
    package: String,
    #[serde(default)]
    read_only: String,
    #[serde(default)]
    sender_id: String,
    #[serde(default)]
    letter_id: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    redelegation: String,
    #[serde(default)]
    duration: String,
}

#[derive(askama::Template)]
#[template(path = "mandate_new.html")]
struct New {
    csrf: CsrfField,
    query: String,
    form: Hidden,
    to_kind: Select,
    to_name: Input,
    from_name: Option<Input>,
    package: Select,
    read_only: Checkbox,
    sender: Input,
    letter: Input,
    level: Select,
    redelegation: Select,
    duration: Select,
    save: Button,
    cancel: Link,
}

#[derive(askama::Template)]
#[template(path = "mandate_code.html")]
struct Told {
    t: Texts,
    code: String,
    warning: Alert,
    on: Link,
}

pub async fn form(who: Signed, Query(wish): Query<Wish>) -> Result<Response, Response> {
    let place = Place { organisation: wish.organisation, ..Place::default() };
    if who.session.level < TrustLevel::Substantial {
        let why = who.texts().get("step-up-why-mandate");
        let way = format!("/account/mandates/new{}", place.query());
        return Ok(trouble::step_up(&who, TrustLevel::Substantial, &way, why));
    }
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let giving = Giving { form, from_name: who.session.name.clone(), ..Giving::default() };
    Ok(page(&who, &place, &giving, &Errors::new()))
}

pub async fn give(
    who: Signed,
    Query(wish): Query<Wish>,
    CheckedForm(giving): CheckedForm<Giving>,
) -> Result<Response, Response> {
    let place = Place { organisation: wish.organisation, ..Place::default() };
    let t = who.texts();
    let mut errors = Errors::new();
    if giving.to_name.trim().is_empty() {
        errors.add("to_name", t.get("mandate-to-missing"));
        return Ok(page(&who, &place, &giving, &errors));
    }
    let now = who.app.outside.clock.now();
    let granted = who.mandates().await?.grant_mandate(request(&giving, &place, now)).await;
    match granted {
        Ok(answer) => Ok(told(&who, &place, answer.into_inner().code)),
        Err(status) if status.code() == Code::InvalidArgument => {
            errors.add_general(t.get("mandate-invalid"));
            Ok(page(&who, &place, &giving, &errors))
        }
        Err(status) => match trouble::needed_level(&status) {
            Some(needed) => {
                let way = format!("/account/mandates/new{}", place.query());
                Ok(trouble::step_up(&who, needed, &way, t.get("step-up-why-mandate")))
            }
            None => Err(who.refuse("organisation", &status)),
        },
    }
}

fn request(giving: &Giving, place: &Place, now: Timestamp) -> GrantMandateRequest {
    let days = DURATIONS.iter().find(|(name, _)| *name == giving.duration);
    let days = days.map_or(31, |(_, days)| *days);
    let end = Some(convert::timestamp(now.plus(Duration::from_hours(24 * days))));
    let reviewed = giving.duration == "reviewed";
    let fields = [
        &giving.to_kind,
        &giving.to_name,
        &giving.package,
        &giving.sender_id,
        &giving.letter_id,
        &giving.level,
        &giving.redelegation,
        &giving.duration,
    ];
    GrantMandateRequest {
        request_id: words::form_request_id(&giving.form, &fields.map(String::as_str)),
        organisation_id: place.id(),
        to_kind: match giving.to_kind.as_str() {
            "organisation" => HolderKind::Organisation,
            "member" => HolderKind::Member,
            _ => HolderKind::Person,
        }
        .into(),
        to_name: giving.to_name.trim().to_owned(),
        from_name: giving.from_name.trim().to_owned(),
        package: giving.package.clone(),
        read_only: !giving.read_only.is_empty(),
        scope: Some(AccessScope {
            sender_id: giving.sender_id.trim().to_owned(),
            letter_id: giving.letter_id.trim().to_owned(),
            ..AccessScope::default()
        }),
        level: match giving.level.as_str() {
            "low" => 2,
            "high" => 4,
            _ => 3,
        },
        redelegation: match giving.redelegation.as_str() {
            "members" => Redelegation::Members,
            "one" => Redelegation::OneStep,
            _ => Redelegation::None,
        }
        .into(),
        valid_until: end.filter(|_| !reviewed),
        review_at: end.filter(|_| reviewed),
        ..GrantMandateRequest::default()
    }
}

fn told(who: &Signed, place: &Place, code: String) -> Response {
    let t = who.texts();
    let text = if code.is_empty() { "mandate-code-told" } else { "mandate-code-once" };
    let body = Told {
        warning: Alert::warning(t.get(text)),
        on: Link::primary(format!("/account/mandates{}", place.query()), t.get("mandates")),
        code,
        t,
    };
    who.page(who.texts().get("mandate-offered")).narrow().show(&body)
}

fn page(who: &Signed, place: &Place, giving: &Giving, errors: &Errors) -> Response {
    let (t, locale) = (who.texts(), who.view.locale);
    let for_organisation = place.organisation.is_some();
    let mut holders = vec![
        Choice::new("person", t.get("mandate-to-person")),
        Choice::new("organisation", t.get("mandate-to-organisation")),
    ];
    if for_organisation {
        holders.push(Choice::new("member", t.get("mandate-to-member")));
    }
    let packages = PACKAGES.map(|p| Choice::new(p, t.get(&format!("package-{p}"))));
    let levels = [TrustLevel::Low, TrustLevel::Substantial, TrustLevel::High]
        .map(|level| Choice::new(level.as_str(), format::level(locale, level)));
    let rules = [
        ("none", Redelegation::None),
        ("members", Redelegation::Members),
        ("one", Redelegation::OneStep),
    ]
    .map(|(name, rule)| Choice::new(name, redelegation(&t, rule)));
    let durations =
        DURATIONS.map(|(name, _)| Choice::new(name, t.get(&format!("mandate-for-{name}"))));
    let or = |value: &str, default: &str| {
        if value.is_empty() { default.to_owned() } else { value.to_owned() }
    };
    let text = |name: &'static str, key: &str, value: &str| {
        Input::text(name, t.get(key)).value(value).max_length(100).error_in(errors)
    };
    let body = New {
        csrf: who.view.csrf_field(),
        query: place.query(),
        form: Hidden::new("form", giving.form.clone()),
        to_kind: Select::new("to_kind", t.get("mandate-to-kind"), holders)
            .selected(or(&giving.to_kind, "person")),
        to_name: text("to_name", "mandate-to-name", &giving.to_name)
            .hint(t.get("mandate-to-name-hint")),
        from_name: (!for_organisation)
            .then(|| text("from_name", "mandate-from-name", &giving.from_name).optional(locale)),
        package: Select::new("package", t.get("mandate-package"), packages)
            .selected(or(&giving.package, "mail-reader")),
        read_only: Checkbox::new("read_only", t.get("mandate-read-only"))
            .checked(!giving.read_only.is_empty()),
        sender: text("sender_id", "mandate-scope-sender", &giving.sender_id).optional(locale),
        letter: text("letter_id", "mandate-scope-letter", &giving.letter_id).optional(locale),
        level: Select::new("level", t.get("mandate-level"), levels)
            .selected(or(&giving.level, "substantial")),
        redelegation: Select::new("redelegation", t.get("mandate-pass"), rules)
            .selected(or(&giving.redelegation, "none")),
        duration: Select::new("duration", t.get("mandate-for"), durations)
            .selected(or(&giving.duration, "month")),
        save: Button::primary(t.get("mandate-give")),
        cancel: Link::secondary(format!("/account/mandates{}", place.query()), t.get("cancel")),
    };
    let back = format!("/account/mandates{}", place.query());
    who.page(t.get("mandate-new")).back(back).narrow().errors(errors).show(&body)
}
