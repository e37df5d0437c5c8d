//! Standing in for somebody: who for whom, from when to when.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_kernel::berlin::LegalDay;
use siegel_proto::convert::timestamp;
use siegel_proto::organisation::v1::{
    CreateSubstitutionRequest, EndSubstitutionRequest, ListMailboxesRequest,
    ListSubstitutionsRequest, Substitution, SubstitutionKind,
};
use siegel_web::forms::{Button, Choice, Errors, Hidden, Input, Select};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};
use tonic::Code;

use super::Signed;
use super::names::Names;
use super::words::{self, Ident};

#[derive(askama::Template)]
#[template(path = "substitutions.html")]
struct List {
    t: Texts,
    csrf: CsrfField,
    action: String,
    rows: Vec<Row>,
    form: Hidden,
    absent: Select,
    substitute: Select,
    kind: Select,
    from: Input,
    until: Input,
    create: Button,
}

struct Row {
    id: String,
    text: String,
    kind: String,
}

/// A substitution as it was asked for.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    form: String,
    /// `create` or `end`.
    what: String,
    #[serde(default)]
    substitution: String,
    #[serde(default)]
    absent: String,
    #[serde(default)]
    substitute: String,
    #[serde(default)]
    kind: String,
    /// `2025-04-01`
    #[serde(default)]
    from: String,
    /// The last day.
    #[serde(default)]
    until: String,
}

pub async fn show(who: Signed, Path(id): Path<Ident>) -> Result<Response, Response> {
    let form = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    page(&who, &id, &Asked { form, ..Asked::default() }, &Errors::new()).await
}

async fn page(
    who: &Signed,
    id: &Ident,
    asked: &Asked,
    errors: &Errors,
) -> Result<Response, Response> {
    let mut service = who.rights().await?;
    let refuse = |status: tonic::Status| who.refuse("organisation", &status);
    let organisation_id = id.to_string();
    let request = ListSubstitutionsRequest { organisation_id: organisation_id.clone() };
    let found = service.list_substitutions(request).await.map_err(refuse)?.into_inner();
    let known = service.list_mailboxes(ListMailboxesRequest { organisation_id }).await;
    let own_member = known.map_err(refuse)?.into_inner().own_member_id;
    let t = who.texts();
    let names = Names::of(who, id).await?;
    let member = |name: &'static str, key: &str, chosen: &str| {
        Select::new(name, t.get(key), names.members(&t)).selected(chosen).error_in(errors)
    };
    let text = |name: &'static str, key: &str, value: &str| {
        Input::text(name, t.get(key)).value(value).max_length(64).error_in(errors)
    };
    let absent = if asked.absent.is_empty() { own_member.as_str() } else { &asked.absent };
    let kinds = [("1", "substitution-absence"), ("2", "substitution-hand-over")];
    let body = List {
        csrf: who.view.csrf_field(),
        action: format!("/organisation/{id}/substitutions"),
        rows: found.substitutions.iter().map(|one| row(who, &names, one)).collect(),
        form: Hidden::new("form", asked.form.clone()),
        absent: member("absent", "substitution-absent", absent),
        substitute: member("substitute", "substitution-substitute", &asked.substitute),
        kind: Select::new(
            "kind",
            t.get("substitution-kind"),
            kinds.map(|(value, key)| Choice::new(value, t.get(key))),
        )
        .selected(asked.kind.clone()),
        from: text("from", "substitution-from", &asked.from).hint(t.get("substitution-day-hint")),
        until: text("until", "substitution-until", &asked.until)
            .hint(t.get("substitution-day-hint")),
        create: Button::primary(t.get("substitution-create")).sends("what", "create"),
        t,
    };
    let page = who.page(t.get("substitutions")).lead(t.get("substitutions-text"));
    Ok(page.back(format!("/organisation/{id}")).errors(errors).show(&body))
}

fn row(who: &Signed, names: &Names, one: &Substitution) -> Row {
    let t = who.texts();
    let at = |at: Option<&pbjson_types::Timestamp>| words::date_time(who.view.locale, at);
    let kind = match one.kind() {
        SubstitutionKind::HandOver => "substitution-hand-over",
        SubstitutionKind::Absence | SubstitutionKind::Unspecified => "substitution-absence",
    };
    Row {
        id: one.substitution_id.clone(),
        text: t.with(
            "substitution-row",
            [
                ("absent", names.member(&t, &one.absent_member_id).into()),
                ("substitute", names.member(&t, &one.substitute_member_id).into()),
                ("from", at(one.from.as_ref()).into()),
                ("until", at(one.until.as_ref()).into()),
            ],
        ),
        kind: t.get(kind),
    }
}

pub async fn change(
    who: Signed,
    Path(id): Path<Ident>,
    CheckedForm(asked): CheckedForm<Asked>,
) -> Result<Response, Response> {
    let t = who.texts();
    let done = Redirect::to(&format!("/organisation/{id}/substitutions")).into_response();
    let mut service = who.rights().await?;
    let fields = [
        asked.what.as_str(),
        &asked.substitution,
        &asked.absent,
        &asked.substitute,
        &asked.kind,
        &asked.from,
        &asked.until,
    ];
    let request_id = words::form_request_id(&asked.form, &fields);
    let organisation_id = id.to_string();
    if asked.what == "end" {
        let substitution_id = asked.substitution;
        let request = EndSubstitutionRequest { request_id, organisation_id, substitution_id };
        let ended = service.end_substitution(request).await;
        ended.map_err(|status| who.refuse("organisation", &status))?;
        return Ok(done);
    }
    let mut errors = Errors::new();
    let mut day = |field: &'static str, text: &str| {
        let day = LegalDay::parse(text.trim());
        if day.is_none() {
            errors.add(field, t.get("substitution-day-bad"));
        }
        day
    };
    let (from, until) = (day("from", &asked.from), day("until", &asked.until));
    let (Some(from), Some(until)) = (from, until) else {
        return page(&who, &id, &asked, &errors).await;
    };
    let request = CreateSubstitutionRequest {
        request_id,
        organisation_id,
        kind: asked.kind.parse().unwrap_or_default(),
        absent_member_id: asked.absent.trim().to_owned(),
        substitute_member_id: asked.substitute.trim().to_owned(),
        mailbox_id: None,
        from: Some(timestamp(from.start())),
        // The last day counts.
        until: Some(timestamp(until.plus_days(1).start())),
    };
    match service.create_substitution(request).await {
        Ok(_) => Ok(done),
        Err(status) if matches!(status.code(), Code::InvalidArgument | Code::NotFound) => {
            errors.add_general(t.get("substitution-invalid"));
            page(&who, &id, &asked, &errors).await
        }
        Err(status) => Err(who.refuse("organisation", &status)),
    }
}
