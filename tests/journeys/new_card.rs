//! A card that says something else than before: its holder compares, and takes it over, or opens a
//! second account with it.

use anyhow::{Context as _, ensure};
use siegel::demo::Persona;
use siegel_crypto::{SystemEntropy, random_token};
use siegel_grpc::AuthChannel;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::account::v1::identification_change_service_client::IdentificationChangeServiceClient;
use siegel_proto::identity::v1 as identity;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;

use crate::newcomer::registers;
use crate::world::{Visit, World};

const OWN: [(&str, &str); 4] = [
    ("scope", "openid account.read account.write identity.self offline_access"),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:account"),
    ("resource", "urn:siegel:identity"),
];

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?.replace(['-', '_'], "x"))
}

async fn somebody(world: &World, card: &str) -> anyhow::Result<Persona> {
    let persona = Persona {
        name: card.to_owned(),
        email: format!("{}@persona.example", fresh()?.to_lowercase()),
        password: fresh()?,
        eid_persona: card.to_owned(),
    };
    registers(world, &persona).await?;
    Ok(persona)
}

/// The account's own portal, after its holder showed a card.
struct Own {
    visit: Visit,
    channel: AuthChannel,
}

impl Own {
    async fn with_card(world: &World, persona: &Persona) -> anyhow::Result<Self> {
        let visit = world.visit_as(&world.own_portal()?, persona, &OWN).await?;
        let token = visit.token_for("account").await?;
        let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
        Ok(Self { visit, channel })
    }

    async fn city(&self) -> anyhow::Result<String> {
        let mut service = AccountServiceClient::new(self.channel.clone());
        let listed = service.list_attributes(account::ListAttributesRequest {}).await?.into_inner();
        let city = listed.attributes.into_iter().find(|a| a.name == "city");
        Ok(city.context("no city")?.value)
    }

    async fn waiting(&self) -> anyhow::Result<Option<account::PendingChange>> {
        let mut service = IdentificationChangeServiceClient::new(self.channel.clone());
        let found = service.get_pending_change(account::GetPendingChangeRequest {}).await?;
        Ok(found.into_inner().change)
    }

    async fn decide(&self, how: account::ChangeDecision) -> anyhow::Result<()> {
        let change = self.waiting().await?.context("nothing waits")?;
        let request = account::DecideChangeRequest {
            request_id: fresh()?,
            change_id: change.change_id,
            decision: how.into(),
        };
        let mut service = IdentificationChangeServiceClient::new(self.channel.clone());
        service.decide_change(request).await?;
        Ok(())
    }

    async fn cards(&self, world: &World) -> anyhow::Result<SelfServiceClient<AuthChannel>> {
        let token = self.visit.token_for("identity").await?;
        let channel = world.channel(&token.access_token, &self.visit.client.dpop_key)?;
        Ok(SelfServiceClient::new(channel))
    }
}

pub async fn a_card_that_says_something_else_is_taken_over_or_opens_a_second_account(
    world: &mut World,
) -> anyhow::Result<()> {
    let before = somebody(world, "joerg").await?;
    let own = Own::with_card(world, &before).await?;
    ensure!(own.city().await? == "Dresden" && own.waiting().await?.is_none(), "not as on the card");

    let after = Persona { eid_persona: "joerg-neu".to_owned(), ..before.clone() };
    let own = Own::with_card(world, &after).await?;
    ensure!(own.city().await? == "Dresden", "taken over without being asked");
    let change = own.waiting().await?.context("nothing to compare")?;
    let differ: Vec<_> =
        change.differences.iter().filter(|d| d.differs).map(|d| d.name.as_str()).collect();
    ensure!(differ.contains(&"city") && differ.contains(&"family_name"), "{differ:?}");
    ensure!(!differ.contains(&"given_name"), "{differ:?}");
    own.decide(account::ChangeDecision::Update).await?;
    ensure!(own.city().await? == "Leipzig" && own.waiting().await?.is_none(), "not taken over");
    past_city(&own).await?;

    // The card as it was before says something else again: for a second account this time.
    let own = Own::with_card(world, &before).await?;
    own.decide(account::ChangeDecision::Keep).await?;
    let second = somebody(world, "joerg").await?;
    let in_use = world.visit_as(&world.own_portal()?, &second, &OWN).await;
    ensure!(in_use.is_err(), "one card, two accounts");
    let mut cards = own.cards(world).await?;
    let listed = cards.list_credentials(identity::ListCredentialsRequest {}).await?.into_inner();
    let card = listed.credentials.into_iter().find(|c| c.kind == "eid").context("no card")?;
    let request = identity::RemoveCredentialRequest {
        request_id: fresh()?,
        credential_id: card.credential_id,
    };
    cards.remove_credential(request).await?;
    let other = Own::with_card(world, &second).await?;
    ensure!(other.city().await? == "Dresden", "the second account has the card's data");
    ensure!(own.city().await? == "Leipzig", "the first one keeps what it has");
    Ok(())
}

/// What counted before is still told.
async fn past_city(own: &Own) -> anyhow::Result<()> {
    let mut service = IdentificationChangeServiceClient::new(own.channel.clone());
    let past = service.list_attribute_history(account::ListAttributeHistoryRequest::default());
    let past = past.await?.into_inner().values;
    let is_past = |v: &account::PastValue| {
        let value = v.attribute.as_ref().map(|a| a.value.as_str());
        value == Some("Dresden") && v.superseded_at.is_some()
    };
    ensure!(past.iter().any(is_past), "the history forgot: {past:?}");
    Ok(())
}
