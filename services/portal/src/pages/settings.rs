//! What people decide about their postbox: whose letters it takes, and by which handle it is reached.

use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::postbox::v1::set_opt_out_request::About;
use siegel_proto::postbox::v1::{
    ListHandlesRequest, ListOptOutsRequest, ListSendersRequest, OptOut, OptOutChoice,
    RevokeHandleRequest, SetOptOutRequest,
};
use siegel_web::forms::Link;
use siegel_web::{CheckedForm, CsrfField, Locale, Problem, Texts};

use super::Signed;
use super::postbox::{Place, whose};
use super::words::{self, Ident};

/// The wording of the choice about letters, as the record of a choice names it. Changes with the
/// texts `opt-out-…`.
const WORDING: &str = "siegel-portal/1";

/// The way here.
pub fn link(t: &Texts, place: &Place) -> Link {
    Link::tertiary(format!("/postbox/settings{}", place.query()), t.get("postbox-settings"))
}

#[derive(askama::Template)]
#[template(path = "settings.html")]
struct Settings {
    t: Texts,
    csrf: CsrfField,
    /// Of the place, for the forms' addresses.
    query: String,
    excluded: bool,
    senders: Vec<Sender>,
    more_senders: Option<Link>,
    handles: Vec<Handle>,
    choices: Vec<String>,
}

struct Sender {
    id: String,
    authority: String,
    service: String,
    excluded: bool,
}

struct Handle {
    id: String,
    sector: String,
    issued: String,
    /// Empty while it is in use.
    revoked: String,
}

#[derive(Deserialize)]
pub struct Wish {
    organisation: Option<Ident>,
    mailbox: Option<Ident>,
    principal: Option<Ident>,
    /// Where the list of senders goes on.
    page: Option<String>,
}

pub async fn show(who: Signed, Query(wish): Query<Wish>) -> Result<Response, Response> {
    let Wish { organisation, mailbox, principal, page } = wish;
    let place = Place { organisation, mailbox, principal };
    let mut service = who.settings().await?;
    let refuse = |status: tonic::Status| who.refuse("postbox", &status);
    let senders = ListSendersRequest {
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        page_size: 50,
        page_token: page.unwrap_or_default(),
    };
    let senders = service.list_senders(senders).await.map_err(refuse)?.into_inner();
    let handles = ListHandlesRequest {
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        ..Default::default()
    };
    let handles = service.list_handles(handles).await.map_err(refuse)?.into_inner();
    let choices = ListOptOutsRequest {
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        ..Default::default()
    };
    let choices = service.list_opt_outs(choices).await.map_err(refuse)?.into_inner();
    let (t, locale) = (who.texts(), who.view.locale);
    let general = senders.general();
    let next = &senders.next_page_token;
    let more_senders = (!next.is_empty()).then(|| {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(place.pairs());
        let query = pairs.append_pair("page", next).finish();
        Link::secondary(format!("/postbox/settings?{query}"), t.get("opt-out-senders-more"))
    });
    let body = Settings {
        csrf: who.view.csrf_field(),
        query: place.query(),
        excluded: general == OptOutChoice::Excluded,
        more_senders,
        senders: (senders.senders.into_iter())
            .map(|s| Sender {
                id: s.sender_id,
                authority: s.authority,
                service: s.service_id,
                excluded: s.excluded,
            })
            .collect(),
        handles: (handles.handles.into_iter())
            .map(|h| Handle {
                id: h.handle,
                sector: h.sector,
                issued: words::date_time(locale, h.issued_at.as_ref()),
                revoked: words::date_time(locale, h.revoked_at.as_ref()),
            })
            .collect(),
        choices: choices.opt_outs.iter().map(|c| choice(&t, locale, c)).collect(),
        t,
    };
    let page = who.page(t.get("postbox-settings")).lead(t.get("postbox-settings-text"));
    let page = page.back(format!("/postbox{}", place.query()));
    Ok(match whose(&who, &place) {
        None => page.show(&body),
        Some(notice) => page.notice(notice).show(&body),
    })
}

/// One line of the record.
fn choice(t: &Texts, locale: Locale, made: &OptOut) -> String {
    let whom = if made.sender_id.is_empty() {
        t.get("choice-everybody")
    } else if made.service_id.is_empty() {
        made.authority.clone()
    } else {
        format!("{} ({})", made.authority, made.service_id)
    };
    let at = words::date_time(locale, made.chosen_at.as_ref());
    let key = match made.choice() {
        OptOutChoice::Excluded => "choice-excluded",
        OptOutChoice::Allowed => "choice-allowed",
        OptOutChoice::General | OptOutChoice::Unspecified => "choice-general",
    };
    let wording = made.wording_version.clone();
    t.with(key, [("at", at.into()), ("whom", whom.into()), ("wording", wording.into())])
}

/// An address of a form that was reloaded.
pub async fn again(Query(place): Query<Place>) -> Redirect {
    Redirect::to(&format!("/postbox/settings{}", place.query()))
}

#[derive(Deserialize)]
pub struct Chosen {
    /// Empty: all senders.
    sender_id: String,
    excluded: bool,
}

pub async fn choose(
    who: Signed,
    Query(place): Query<Place>,
    CheckedForm(form): CheckedForm<Chosen>,
) -> Result<Response, Response> {
    let about = if form.sender_id.is_empty() {
        About::Everybody(true)
    } else {
        About::SenderId(form.sender_id)
    };
    let choice = if form.excluded { OptOutChoice::Excluded } else { OptOutChoice::Allowed };
    let request = SetOptOutRequest {
        request_id: words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?,
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        about: Some(about),
        choice: choice.into(),
        wording_version: WORDING.to_owned(),
    };
    let done = who.settings().await?.set_opt_out(request).await;
    done.map_err(|status| who.refuse("postbox", &status))?;
    Ok(again(Query(place)).await.into_response())
}

#[derive(Deserialize)]
pub struct Ending {
    handle: String,
}

pub async fn revoke(
    who: Signed,
    Query(place): Query<Place>,
    CheckedForm(form): CheckedForm<Ending>,
) -> Result<Response, Response> {
    let request = RevokeHandleRequest {
        request_id: words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?,
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        handle: form.handle,
    };
    let done = who.settings().await?.revoke_handle(request).await;
    done.map_err(|status| who.refuse("postbox", &status))?;
    Ok(again(Query(place)).await.into_response())
}
