//! Acting for somebody: what tokens say, what is chosen, and when it ends.

mod chosen;
mod ends;
mod says;

use http::StatusCode;
use serde_json::Value;
use siegel_db::Db;
use siegel_identity::app::acting::choose;
use siegel_identity::app::authorize;
use siegel_identity::config::ClientConfig;
use siegel_identity::domain::answer::RedirectTarget;
use siegel_identity::domain::interaction::{Interaction, SessionView};
use siegel_identity::store::interactions;
use siegel_kernel::{OrganisationId, TrustLevel};
use url::form_urlencoded;

use crate::parties::Way;
use crate::world::{Answer, Fields, World, encoded, fields, redemption, request};

pub const MANDATE: &str = "mnd_0123456789abcdef0123456789abcdef";

/// The portal and another client, both registered for acting.
pub async fn world(db: Db, more: &'static str) -> World {
    World::with(db, |config| {
        for client in &mut config.clients {
            if ["portal", "other"].contains(&client.client_id.as_str()) {
                let own = format!("client_id = \"x\"\nacting = \"optional\"\n{more}");
                let acting: ClientConfig = toml::from_str(&own).unwrap();
                client.acting = acting.acting;
                client.acting_kinds = acting.acting_kinds;
                client.acting_roles = acting.acting_roles;
                client.acting_actions = acting.acting_actions;
                client.legal_person_claims = acting.legal_person_claims;
                client.service_id = acting.service_id;
                let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
                client.grant_types.push(serde_json::from_value(exchange.into()).unwrap());
            }
        }
        if let Some(other) = config.clients.iter_mut().find(|c| c.client_id == "other") {
            other.sector = Some("app".into());
        }
    })
    .await
}

pub fn organisation(world: &World) -> OrganisationId {
    OrganisationId::new(&*world.state.outside.clock, &*world.state.outside.entropy).unwrap()
}

/// A person who owns an organisation.
pub async fn owner(world: &World, level: TrustLevel) -> (SessionView, OrganisationId) {
    let session = world.session(level).await;
    let organisation = organisation(world);
    world.account.parties.has(Way::member(session.account, organisation, "owner"));
    (session, organisation)
}

/// What a request needs to be answered: the interaction, on the pages.
pub async fn on_the_pages(world: &World, request: &Fields) -> Interaction {
    let answer = world.get(&format!("/authorize?{}", encoded(request))).await;
    let location = answer.header("location");
    let id = location.strip_prefix("/login/").expect("to the pages").parse().unwrap();
    let mut tx = world.state.outside.db.read().await.unwrap();
    interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap()
}

/// Chooses what the sector calls `value`, and gives the code.
pub async fn code_for(
    world: &World,
    request: &Fields,
    session: &SessionView,
    value: &str,
) -> Result<String, choose::Outcome> {
    let mut interaction = on_the_pages(world, request).await;
    let outcome = choose::choose(&world.state, &mut interaction, session, value).await.unwrap();
    if outcome != choose::Outcome::Done {
        return Err(outcome);
    }
    let target = authorize::complete(&world.state, &interaction, session).await.unwrap();
    let RedirectTarget::Redirect(url) = target else { panic!("no redirect") };
    let query = url.split_once('?').unwrap().1;
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
    Ok(found.unwrap().1.into_owned())
}

pub fn called(world: &World, sector: &str, organisation: OrganisationId) -> String {
    use siegel_identity::domain::acting::Party;
    world.state.party_name(sector, Party::Organisation(organisation))
}

/// Tokens of the portal for whoever acts for the organisation.
pub async fn tokens(world: &World, session: &SessionView, organisation: OrganisationId) -> Answer {
    let value = called(world, "musterstadt", organisation);
    let code = code_for(world, &request([]), session, &value).await.unwrap();
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer
}

pub fn refresh(token: &Answer) -> Fields {
    let token = token.text("refresh_token");
    fields([("grant_type", "refresh_token"), ("refresh_token", &token)])
}

pub fn id_token(world: &World, answer: &Answer) -> Value {
    world.claims(&answer.text("id_token"), "JWT")
}

pub fn access_token(world: &World, answer: &Answer) -> Value {
    world.claims(&answer.text("access_token"), "at+jwt")
}

pub async fn userinfo(world: &World, answer: &Answer) -> Answer {
    let bearer = format!("Bearer {}", answer.text("access_token"));
    let request = http::Request::get("/userinfo").header("authorization", bearer);
    world.send(request.body(axum::body::Body::empty()).unwrap()).await
}

pub async fn introspected(world: &World, answer: &Answer) -> Value {
    let mut form = world.assertion("portal");
    form.insert("token".into(), answer.text("access_token"));
    world.post("/introspect", &encoded(&form), &[]).await.json()
}
