//! For whom a person acts: every page says it, and here it is changed. A page's address decides for
//! that page; what was chosen decides where links lead, and for pages whose address says nothing.
//! Whether somebody may, the services decide with every call.

use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_grpc::AuthChannel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::own_party_service_client::OwnPartyServiceClient;
use siegel_web::forms::{Button, Errors, Hidden, Input, Pagination};
use siegel_web::{Acting, CheckedForm, CsrfField, Texts};
use tonic::{Code, Status};

use super::login::safe_target;
use super::words::Ident;
use super::{Signed, disclosures};
use crate::app::App;
use crate::session::{Party, Session};

/// Where it is changed.
pub const PAGE: &str = "/account/acting";
/// What the form sends for the person themself.
const MYSELF: &str = "self";
/// Parties on one page.
const MOST: i32 = 20;
/// Pages without anybody on them that are passed over at once.
const PASSED_OVER: usize = 5;

type Parties = OwnPartyServiceClient<AuthChannel>;

/// For whom a page acts, as its address says.
#[derive(Debug, PartialEq, Eq)]
pub enum About {
    /// For the person themself.
    Myself,
    /// For this organisation or represented person.
    Party(String),
    /// For whoever was chosen.
    Chosen,
}

impl About {
    /// Reads a path with its query.
    pub fn of(address: &str) -> Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let in_path = path.strip_prefix("/organisation/").and_then(|rest| rest.split('/').next());
        if let Some(id) = in_path.filter(|id| id.starts_with("org_")) {
            return Self::party(id);
        }
        let own = is_below(path, "/postbox") || is_below(path, "/account");
        if !own || path == PAGE {
            return Self::Chosen;
        }
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let mut named = pairs.filter(|(name, _)| name == "organisation" || name == "principal");
        named.next().map_or(Self::Myself, |(_, id)| Self::party(&id))
    }

    fn party(id: &str) -> Self {
        Ident::try_from(id.to_owned()).map_or(Self::Chosen, |id| Self::Party(id.to_string()))
    }
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Party {
    fn is_person(&self) -> bool {
        self.id.starts_with("acc_")
    }

    /// What the pages call it.
    pub fn called(&self, t: &Texts) -> String {
        if self.name.is_empty() { t.get("acting-nameless") } else { self.name.clone() }
    }

    /// For links: whose postbox.
    pub fn query(&self) -> String {
        let name = if self.is_person() { "principal" } else { "organisation" };
        format!("?{name}={}", self.id)
    }

    fn request(id: &str) -> pb::GetOwnPartyRequest {
        let (person, id) = (id.starts_with("acc_"), id.to_owned());
        if person {
            pb::GetOwnPartyRequest { principal_account_id: id, ..Default::default() }
        } else {
            pb::GetOwnPartyRequest { organisation_id: id, ..Default::default() }
        }
    }
}

impl From<&pb::AuthorisedParty> for Party {
    fn from(wire: &pb::AuthorisedParty) -> Self {
        let id = format!("{}{}", wire.organisation_id, wire.principal_account_id);
        Self { id, name: wire.name.clone() }
    }
}

/// For whom the page at this address acts; `None` for the person themself.
pub async fn acts_for(app: &App, session: &Session, address: &str) -> Option<Party> {
    let id = match About::of(address) {
        About::Myself => return None,
        About::Chosen => return session.acting.clone(),
        About::Party(id) => id,
    };
    if let Some(chosen) = session.acting.as_ref().filter(|chosen| chosen.id == id) {
        return Some(chosen.clone());
    }
    let mut service = OwnPartyServiceClient::new(app.channel(session, "organisation").await.ok()?);
    let found = service.get_own_party(Party::request(&id)).await.ok()?.into_inner();
    found.party.as_ref().map(Party::from)
}

/// What the header says.
pub fn header(t: &Texts, now: Option<&Party>, chosen: Option<&Party>, here: &str) -> Acting {
    let called = |party: Option<&Party>| match party {
        Some(party) => party.called(t),
        None => t.get("acting-self"),
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let href = format!("{PAGE}?{}", query.append_pair("return", here).finish());
    let acting = Acting::new(t.get("acting-now"), called(now), href, t.get("acting-switch"));
    if now.map(|party| &party.id) == chosen.map(|party| &party.id) {
        return acting;
    }
    acting.more(t.with("acting-chosen", [("name", called(chosen).into())]))
}

#[derive(Deserialize)]
pub struct Wish {
    /// A part of a name.
    #[serde(default)]
    q: String,
    page: Option<String>,
    /// Where the person was.
    #[serde(rename = "return")]
    target: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "acting.html")]
struct Choose {
    t: Texts,
    csrf: CsrfField,
    target: Hidden,
    /// Where there are more than one page holds.
    search: Option<(Input, Button)>,
    myself: Button,
    parties: Vec<Button>,
    none: Option<String>,
    pages: Pagination,
}

async fn service(who: &Signed) -> Result<Parties, Response> {
    Ok(OwnPartyServiceClient::new(who.channel("organisation").await?))
}

pub async fn show(who: Signed, Query(wish): Query<Wish>) -> Result<Response, Response> {
    page(&who, &wish, &Errors::new()).await
}

async fn page(who: &Signed, wish: &Wish, errors: &Errors) -> Result<Response, Response> {
    let wanted = wish.q.trim();
    let found = list(who, wanted, wish.page.as_deref().unwrap_or_default()).await?;
    let (t, locale) = (who.texts(), who.view.locale);
    let target = safe_target(wish.target.as_deref());
    let chosen = who.session.acting.as_ref().map_or(MYSELF, |party| party.id.as_str());
    let button = |text: String, id: &str| {
        if id == chosen {
            let text = t.with("acting-is-chosen", [("name", text.into())]);
            Button::primary(text).sends("party", id)
        } else {
            Button::secondary(text).sends("party", id)
        }
    };
    let entry = |wire: &pb::AuthorisedParty| {
        let party = Party::from(wire);
        let args = [("name", party.called(&t).into()), ("how", how(&t, wire).into())];
        button(t.with("acting-entry", args), &party.id)
    };
    let many = !wanted.is_empty() || wish.page.is_some() || !found.next_page_token.is_empty();
    let base = {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("return", &target).append_pair("q", wanted);
        format!("{PAGE}?{}&", pairs.finish())
    };
    let none = match (found.parties.is_empty(), wanted.is_empty()) {
        (false, _) => None,
        (true, true) => Some(t.get("acting-nobody")),
        (true, false) => Some(t.get("acting-not-found")),
    };
    let body = Choose {
        csrf: who.view.csrf_field(),
        search: many.then(|| {
            let field = Input::search("q", t.get("acting-search")).value(wanted).max_length(200);
            (field, Button::secondary(t.get("search-go")))
        }),
        myself: button(t.get("acting-myself"), MYSELF),
        parties: found.parties.iter().map(entry).collect(),
        none,
        pages: disclosures::pages(locale, &base, wish.page.is_some(), &found.next_page_token),
        target: Hidden::new("return", &*target),
        t,
    };
    let page = who.page(body.t.get("acting")).lead(body.t.get("acting-text"));
    Ok(page.back(target).narrow().errors(errors).show(&body))
}

/// By which right somebody acts, in everyday words.
fn how(t: &Texts, party: &pb::AuthorisedParty) -> String {
    let word = |kind: &String| match kind.as_str() {
        "member" => t.get("acting-member"),
        "fact" => t.get("acting-fact"),
        _ => t.get("acting-mandate"),
    };
    party.kinds.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// The next parties of this name; a page that happens to hold none is not the end.
async fn list(
    who: &Signed,
    name: &str,
    token: &str,
) -> Result<pb::ListOwnPartiesResponse, Response> {
    let mut service = service(who).await?;
    let mut found = pb::ListOwnPartiesResponse::default();
    token.clone_into(&mut found.next_page_token);
    for _ in 0..PASSED_OVER {
        let request = pb::ListOwnPartiesRequest {
            name_contains: name.to_owned(),
            page_size: MOST,
            page_token: found.next_page_token,
        };
        let refuse = |status: Status| who.refuse("organisation", &status);
        found = service.list_own_parties(request).await.map_err(refuse)?.into_inner();
        if !found.parties.is_empty() || found.next_page_token.is_empty() {
            break;
        }
    }
    Ok(found)
}

#[derive(Deserialize)]
pub struct Choice {
    party: Ident,
    #[serde(rename = "return")]
    target: Option<String>,
}

/// Acts for somebody from now on, and goes back to where the person was.
pub async fn switch(
    who: Signed,
    CheckedForm(choice): CheckedForm<Choice>,
) -> Result<Response, Response> {
    let (id, target) = (choice.party.to_string(), safe_target(choice.target.as_deref()));
    if id == MYSELF {
        return keep(&who, None, &next(&target, None, false)).await;
    }
    match service(&who).await?.get_own_party(Party::request(&id)).await {
        Ok(found) => {
            let wire = found.into_inner().party.unwrap_or_default();
            let is_member = wire.kinds.iter().any(|kind| kind == "member");
            let party = Party::from(&wire);
            let way = next(&target, Some(&party), is_member);
            keep(&who, Some(&party), &way).await
        }
        Err(status) if status.code() == Code::NotFound => {
            let mut errors = Errors::new();
            errors.add_general(who.texts().get("acting-not-any-more"));
            let wish = Wish { q: String::new(), page: None, target: Some(target) };
            page(&who, &wish, &errors).await
        }
        Err(status) => Err(who.refuse("organisation", &status)),
    }
}

async fn keep(who: &Signed, party: Option<&Party>, way: &str) -> Result<Response, Response> {
    who.app.act_for(&who.session, party).await.map_err(|error| who.oidc(&error))?;
    Ok(Redirect::to(way).into_response())
}

/// Where the person goes on: the same page for the new party, where there can be one.
fn next(target: &str, party: Option<&Party>, is_member: bool) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let query = party.map(Party::query).unwrap_or_default();
    let of_organisation = party.filter(|party| !party.is_person() && is_member);
    if is_below(path, "/postbox") {
        // A letter is one party's alone.
        let kept = ["/postbox/settings", "/postbox/accesses"].contains(&path);
        return format!("{}{query}", if kept { path } else { "/postbox" });
    }
    if is_below(path, "/account/mandates") {
        let query = of_organisation.map(Party::query).unwrap_or_default();
        return format!("/account/mandates{query}");
    }
    if matches!(About::of(target), About::Party(_)) {
        return match (party, of_organisation) {
            (_, Some(organisation)) => format!("/organisation/{}", organisation.id),
            (Some(_), None) => format!("/postbox{query}"),
            (None, None) => "/organisation".to_owned(),
        };
    }
    target.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(id: &str) -> Party {
        Party { id: id.into(), name: "Muster".into() }
    }

    #[test]
    fn an_address_decides_for_whom_its_page_acts() {
        let organisation = || About::Party("org_1".to_owned());
        for address in [
            "/organisation/org_1",
            "/organisation/org_1/units/unt_2?organisation=org_3",
            "/postbox?organisation=org_1&mailbox=omb_2",
            "/postbox/ltr_1/read?show=all&organisation=org_1",
            "/account/mandates?organisation=org_1",
        ] {
            assert_eq!(About::of(address), organisation(), "{address}");
        }
        assert_eq!(About::of("/postbox?principal=acc_1"), About::Party("acc_1".to_owned()));
        for address in ["/postbox", "/postbox/ltr_1", "/account", "/account/consents?page=2"] {
            assert_eq!(About::of(address), About::Myself, "{address}");
        }
        for address in ["/", "/verify", "/organisation", "/organisation/new", "/account/acting?q=a"]
        {
            assert_eq!(About::of(address), About::Chosen, "{address}");
        }
    }

    #[test]
    fn a_switch_stays_on_its_page_where_the_other_party_has_one() {
        let (firm, person) = (party("org_2"), party("acc_3"));
        for (target, expected) in [
            ("/account/consents", "/account/consents"),
            ("/verify", "/verify"),
            ("/organisation", "/organisation"),
            ("/postbox/ltr_1?organisation=org_1", "/postbox?organisation=org_2"),
            ("/postbox/settings", "/postbox/settings?organisation=org_2"),
            ("/organisation/org_1/units", "/organisation/org_2"),
            ("/account/mandates/mnd_1", "/account/mandates?organisation=org_2"),
        ] {
            assert_eq!(next(target, Some(&firm), true), expected, "{target}");
        }
        let adviser = next("/organisation/org_1", Some(&firm), false);
        assert_eq!(adviser, "/postbox?organisation=org_2", "who is no member has no such page");
        assert_eq!(next("/postbox", Some(&person), false), "/postbox?principal=acc_3");
        assert_eq!(next("/postbox?principal=acc_3", None, false), "/postbox");
        assert_eq!(next("/organisation/org_1/record", None, false), "/organisation");
    }
}
