//! `/login/{interaction}/consent`: exactly which attributes go to whom, for what.

use axum::response::Response;
use serde::Deserialize;
use siegel_kernel::berlin::LegalDay;
use siegel_oidc::catalogue::{self, Form};
use siegel_proto::account::v1 as account;
use siegel_proto::common::v1::AttributeSource;
use siegel_web::forms::{Button, Checkbox, DescriptionList, Item, Link};
use siegel_web::{CheckedForm, CsrfField, Texts, format};

use super::guest::keep_button;
use super::visit::Visit;
use crate::app::consent::{self, Asked};
use crate::app::failure::Failure;
use crate::domain::decide::{ConsentState, Step};
use crate::domain::interaction::{RequestedClaim, SessionView};
use crate::domain::oauth::OAuthError;
use crate::ports::accounts::Shown;

#[derive(askama::Template)]
#[template(path = "consent.html")]
struct ConsentPage {
    t: Texts,
    who: String,
    logo: Option<String>,
    policy: Option<Link>,
    purpose: String,
    required: Option<DescriptionList>,
    optional: Vec<Checkbox>,
    missing_title: String,
    missing: String,
    withdraw: String,
    keep: Option<Keep>,
    scopes: Vec<String>,
    csrf: CsrfField,
    action: String,
    allow: Button,
    deny: Button,
}

/// What a guest is offered besides.
struct Keep {
    action: String,
    button: Button,
}

#[derive(Deserialize)]
pub struct ConsentForm {
    #[serde(default)]
    action: String,
    /// Names of the optional attributes that were ticked.
    #[serde(default)]
    claim: Vec<String>,
}

pub async fn show(visit: Visit) -> Response {
    match at_consent(&visit).await {
        Ok(Some((session, asked))) => page(&visit, &asked, session.guest),
        Ok(None) => visit.go(""),
        Err(failure) => visit.failed(&failure),
    }
}

/// The session and what there is to consent to, when consent is indeed the next step.
async fn at_consent(visit: &Visit) -> Result<Option<(SessionView, Asked)>, Failure> {
    let Some(session) = visit.visitor().await? else { return Ok(None) };
    let open = visit.decide(Some(&session), ConsentState::Open) == Step::Consent;
    if !open {
        return Ok(None);
    }
    let request = &visit.interaction.request;
    let asked = consent::asked(&visit.state, request, &session).await?;
    let still = visit.decide(Some(&session), asked.state) == Step::Consent;
    Ok(still.then_some((session, asked)))
}

fn page(visit: &Visit, asked: &Asked, guest: bool) -> Response {
    let t = visit.t;
    let request = &visit.interaction.request;
    let locale = visit.view.locale;
    let shown = |claim: &&RequestedClaim| {
        asked.preview.attributes.iter().find(|a| a.name == claim.name && a.level.is_some())
    };
    let (present, absent): (Vec<_>, Vec<_>) =
        request.claims.iter().partition(|c| shown(c).is_some());
    let pairs = |essential: bool| {
        let of_kind = present.iter().filter(move |c| c.essential == essential);
        of_kind.filter_map(|c| shown(c).map(|a| (*c, a)))
    };
    let required: Vec<Item> = pairs(true).map(|(claim, a)| item(t, claim, a)).collect();
    let optional = pairs(false).map(|(claim, a)| {
        // Never ticked beforehand (GDPR Art. 4(11), Art. 25(2)).
        Checkbox::new("claim", format!("{}: {}", label(t, &claim.name), readable(t, a)))
            .id(format!("claim-{}", claim.name))
            .value(&claim.name)
            .hint(origin(t, claim, a))
    });
    let missing: Vec<String> = absent.iter().map(|c| label(t, &c.name)).collect();
    let purpose = if request.purpose.is_empty() {
        t.get("consent-purpose-none")
    } else {
        request.purpose.clone()
    };
    let face = &request.face;
    let tenant =
        if face.tenant_name.is_empty() { &request.tenant } else { &face.tenant_name }.clone();
    let who = visit.who();
    let parties =
        [("client", request.client_name.as_str().into()), ("tenant", tenant.as_str().into())];
    let body = ConsentPage {
        t,
        who: if guest { t.with("guest-who", parties) } else { t.with("consent-who", parties) },
        logo: who.logo,
        policy: who.policy,
        purpose,
        required: (!required.is_empty()).then(|| DescriptionList::new(locale, required)),
        optional: optional.collect(),
        missing_title: t.get(if guest { "guest-missing" } else { "consent-missing" }),
        missing: missing.join(", "),
        withdraw: t.get(if guest { "guest-once" } else { "consent-withdraw" }),
        keep: guest.then(|| Keep { action: visit.path("keep"), button: keep_button(t) }),
        scopes: asked.scopes.iter().map(|s| t.get(&scope_key(s))).collect(),
        csrf: visit.view.csrf_field(),
        action: visit.path("consent"),
        allow: Button::primary(t.get("consent-allow")).id("allow").sends("action", "allow"),
        deny: Button::secondary(t.get("consent-deny")).id("deny").sends("action", "deny"),
    };
    visit.dressed(visit.page(t.get("consent-title")).show(&body))
}

fn item(t: Texts, claim: &RequestedClaim, attribute: &Shown) -> Item {
    let key = if claim.purpose.is_empty() {
        label(t, &claim.name)
    } else {
        format!("{} ({})", label(t, &claim.name), claim.purpose)
    };
    let item = Item::new(key, readable(t, attribute));
    let item = match source_key(attribute.source) {
        Some(key) => item.source(t.get(key)),
        None => item,
    };
    match attribute.level {
        Some(level) => item.level(level),
        None => item,
    }
}

/// Source, level and the client's reason, in one sentence.
fn origin(t: Texts, claim: &RequestedClaim, attribute: &Shown) -> String {
    let source = source_key(attribute.source).map(|key| t.get(key)).unwrap_or_default();
    let level = attribute.level.map(|l| format::level(t.locale, l)).unwrap_or_default();
    let args = [("source", source.into()), ("level", level.into())];
    let origin = t.with("consent-origin", args);
    if claim.purpose.is_empty() { origin } else { format!("{} {origin}", claim.purpose) }
}

fn label(t: Texts, name: &str) -> String {
    catalogue::attribute(name).map_or_else(|| name.to_owned(), |row| t.get(row.label))
}

/// The value as people write it.
fn readable(t: Texts, attribute: &Shown) -> String {
    if attribute.not_applicable {
        return t.get("attribute-not-applicable");
    }
    let is_date = catalogue::attribute(&attribute.name).is_some_and(|row| row.form == Form::Date);
    match is_date.then(|| LegalDay::parse(&attribute.value)).flatten() {
        Some(day) => format::legal_day(t.locale, day),
        None => attribute.value.clone(),
    }
}

const fn source_key(source: AttributeSource) -> Option<&'static str> {
    Some(match source {
        AttributeSource::SelfDeclared => "source-self-declared",
        AttributeSource::Confirmed => "source-confirmed",
        AttributeSource::Eid => "source-eid",
        AttributeSource::Upstream => "source-upstream",
        AttributeSource::Operator => "source-operator",
        AttributeSource::Certificate => "source-certificate",
        AttributeSource::Unspecified => return None,
    })
}

/// Message names hold no dots.
pub(super) fn scope_key(scope: &str) -> String {
    format!("scope-{}", scope.replace('.', "-"))
}

pub async fn submit(visit: Visit, CheckedForm(sent): CheckedForm<ConsentForm>) -> Response {
    match sent.action.as_str() {
        "allow" => allow(visit, &sent.claim).await,
        "deny" => visit.refuse(OAuthError::AccessDenied, "the person declined").await,
        _ => visit.go("consent"),
    }
}

/// The page as it was shown, for the receipt of the consent.
fn seen(visit: &Visit) -> account::ConsentPage {
    let line = |claim: &RequestedClaim| account::ConsentPageLine {
        name: claim.name.clone(),
        label: label(visit.t, &claim.name),
        purpose: claim.purpose.clone(),
        required: claim.essential,
    };
    account::ConsentPage {
        text_version: text_version(visit.t),
        locale: visit.view.locale.as_str().to_owned(),
        lines: visit.interaction.request.claims.iter().map(line).collect(),
    }
}

/// Changes when one of the page's own sentences does.
fn text_version(t: Texts) -> String {
    const SENTENCES: [&str; 6] = [
        "consent-title",
        "consent-purpose-none",
        "consent-missing",
        "consent-withdraw",
        "consent-allow",
        "consent-deny",
    ];
    let texts: Vec<String> = SENTENCES.iter().map(|key| t.get(key)).collect();
    let parts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let hash = siegel_crypto::sha256_fields(&parts);
    siegel_crypto::b64::encode(hash.get(..9).unwrap_or(&hash))
}

async fn allow(mut visit: Visit, ticked: &[String]) -> Response {
    let session = match at_consent(&visit).await {
        Ok(Some((session, _))) => session,
        Ok(None) => return visit.out_of_turn().await,
        Err(failure) => return visit.failed(&failure),
    };
    let seen = seen(&visit);
    let given = consent::give(&visit.state, &mut visit.interaction, &session, ticked, seen).await;
    if let Err(failure) = given {
        return visit.failed(&failure);
    }
    match visit.decide(Some(&session), ConsentState::Given) {
        Step::Finish => visit.finish(&session).await,
        _ => visit.go(""),
    }
}
