//! For whom a person acts.

use serde_json::json;
use siegel_grpc::refusal;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::own_party_service_server::OwnPartyService;
use tonic::{Code, Request, Response};

use super::organisation_fakes::{Answer, Firm};
use super::world::World;

const ACTING: &str = "/account/acting";

fn parties() -> Vec<pb::AuthorisedParty> {
    let party = |organisation: &str, person: &str, name: &str, kind: &str| pb::AuthorisedParty {
        organisation_id: organisation.into(),
        principal_account_id: person.into(),
        name: name.into(),
        kinds: vec![kind.into()],
    };
    vec![
        party("org_1", "", "Muster & Co", "member"),
        party("org_2", "", "Beispiel eG", "mandate"),
        party("", "acc_7", "Erika <i>", "mandate"),
    ]
}

#[tonic::async_trait]
impl OwnPartyService for Firm {
    async fn list_own_parties(
        &self,
        request: Request<pb::ListOwnPartiesRequest>,
    ) -> Answer<pb::ListOwnPartiesResponse> {
        let wire = request.into_inner();
        let named = |party: &pb::AuthorisedParty| party.name.contains(&wire.name_contains);
        let mut parties: Vec<_> = parties().into_iter().filter(named).collect();
        // A first page without anybody, as the service may answer.
        let next = match (self.told().many, wire.page_token.as_str()) {
            (true, "") => {
                parties.clear();
                "more"
            }
            (true, "more") => "last",
            _ => "",
        };
        self.told().looked_for.push(wire);
        let next_page_token = next.to_owned();
        Ok(Response::new(pb::ListOwnPartiesResponse { parties, next_page_token }))
    }

    async fn get_own_party(
        &self,
        request: Request<pb::GetOwnPartyRequest>,
    ) -> Answer<pb::GetOwnPartyResponse> {
        let wire = request.into_inner();
        let is = |party: &pb::AuthorisedParty| {
            party.organisation_id == wire.organisation_id
                && party.principal_account_id == wire.principal_account_id
        };
        match parties().into_iter().find(is) {
            Some(party) => Ok(Response::new(pb::GetOwnPartyResponse { party: Some(party) })),
            None => Err(refusal(Code::NotFound, "PARTY_UNKNOWN", "nobody", [])),
        }
    }
}

async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in("/postbox").await;
    world
}

/// Chooses a party; where that leads.
async fn switch(world: &mut World, party: &str, target: &str) -> String {
    world.browser.get(ACTING).await;
    let page = world.browser.post(ACTING, &[("party", party), ("return", target)]).await;
    assert_eq!(page.status, 303, "{}", page.body);
    page.location.unwrap()
}

#[tokio::test]
async fn every_page_says_for_whom_one_acts_and_leads_to_the_switch_and_back() {
    let mut world = signed_in().await;
    for (way, back) in
        [("/account", "%2Faccount"), ("/postbox?show=due", "%2Fpostbox%3Fshow%3Ddue")]
    {
        let page = world.browser.get(way).await;
        assert!(
            page.body.contains("Sie handeln für <strong>sich selbst</strong>"),
            "{}",
            page.body
        );
        let link = format!("href=\"{ACTING}?return={back}\"");
        assert!(page.body.contains(&link), "{link} is missing in {}", page.body);
    }
    let mut stranger = world.stranger();
    assert!(!stranger.get("/verify").await.body.contains("Sie handeln für"));
}

#[tokio::test]
async fn a_switch_needs_no_log_in_and_holds_on_every_page() {
    let mut world = signed_in().await;
    let pushed = world.identity.said().pushed["state"].clone();
    assert_eq!(switch(&mut world, "org_1", "/postbox").await, "/postbox?organisation=org_1");
    assert_eq!(world.identity.said().pushed["state"], pushed, "identity was asked for nothing");
    for way in ["/", "/organisation", "/postbox?organisation=org_1", "/verify"] {
        let page = world.browser.get(way).await;
        let now = "Sie handeln für <strong>Muster &#38; Co</strong>";
        assert!(page.body.contains(now), "{way}: {}", page.body);
        assert!(page.body.contains("href=\"/postbox?organisation=org_1\""), "links follow: {way}");
    }
    assert_eq!(switch(&mut world, "self", "/verify").await, "/verify");
    let page = world.browser.get("/verify").await;
    assert!(page.body.contains("<strong>sich selbst</strong>"), "{}", page.body);
}

#[tokio::test]
async fn a_page_that_acts_for_another_than_was_chosen_says_so() {
    let mut world = signed_in().await;
    switch(&mut world, "org_1", "/").await;
    let page = world.browser.get("/account").await;
    let both = "<strong>sich selbst</strong> (gewählt: Muster &#38; Co)";
    assert!(page.body.contains(both), "{}", page.body);
    let page = world.browser.get("/postbox?organisation=org_2").await;
    let both = "<strong>Beispiel eG</strong> (gewählt: Muster &#38; Co)";
    assert!(page.body.contains(both), "{}", page.body);
    assert!(page.body.contains("href=\"/postbox?organisation=org_2\""), "it stays with its party");
}

#[tokio::test]
async fn the_postbox_of_a_represented_person_is_read_in_their_name() {
    let mut world = signed_in().await;
    let way = switch(&mut world, "acc_7", "/postbox").await;
    assert_eq!(way, "/postbox?principal=acc_7");
    let page = world.browser.get(&way).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Postfach von Erika &#60;i&#62;"), "{}", page.body);
    assert!(page.body.contains("?principal=acc_7\""), "letters stay in it");
    let asked = world.services.listed.lock().unwrap().last().cloned().unwrap();
    assert_eq!((&*asked.principal_account_id, &*asked.organisation_id), ("acc_7", ""));
    world.browser.get(&format!("{way}&q=Gaube")).await;
    let searched = world.services.told.lock().unwrap().searched[0].clone();
    assert_eq!(searched.principal_account_id, "acc_7");
}

#[tokio::test]
async fn one_chooses_among_those_one_acts_for_and_always_oneself() {
    let mut world = signed_in().await;
    let page = world.browser.get(ACTING).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in [
        "Für mich selbst – gewählt",
        "Muster &#38; Co (Mitglied)",
        "Erika &#60;i&#62; (mit Vollmacht)",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(!page.body.contains("name=\"q\""), "a few need no search");
}

#[tokio::test]
async fn many_parties_are_found_by_name_and_an_empty_page_is_not_the_end() {
    let mut world = signed_in().await;
    world.services.firm.told().many = true;
    let page = world.browser.get(&format!("{ACTING}?return=/verify&q=Beispiel")).await;
    assert!(page.body.contains("name=\"q\"") && page.body.contains("Beispiel eG"), "{}", page.body);
    assert!(!page.body.contains("Muster &#38; Co"));
    let next = format!("{ACTING}?return=%2Fverify&#38;q=Beispiel&#38;page=last");
    assert!(page.body.contains(&next), "{next} is missing in {}", page.body);
    let told = world.services.firm.told();
    let tokens: Vec<_> = told.looked_for.iter().map(|asked| asked.page_token.as_str()).collect();
    assert_eq!(tokens, ["", "more"]);
}

#[tokio::test]
async fn nobody_acts_for_a_party_of_others() {
    let mut world = signed_in().await;
    world.browser.get(ACTING).await;
    let page = world.browser.post(ACTING, &[("party", "org_9"), ("return", "/verify")]).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("dürfen Sie nicht mehr handeln"), "{}", page.body);
    let page = world.browser.get("/verify").await;
    assert!(page.body.contains("<strong>sich selbst</strong>"), "nothing was chosen");
    let page = world.browser.get("/organisation/org_9/units").await;
    assert!(page.body.contains("<strong>sich selbst</strong>"), "an address alone gives no name");
}

#[tokio::test]
async fn a_switch_never_leads_out_of_the_portal() {
    let mut world = signed_in().await;
    let page = world.browser.get(&format!("{ACTING}?return=https://evil.example/")).await;
    assert!(!page.body.contains("evil.example\""), "{}", page.body);
    assert_eq!(switch(&mut world, "org_1", "//evil.example").await, "/account");
}

#[tokio::test]
async fn who_identifies_better_still_acts_for_whom_they_did_and_nobody_else_does() {
    let mut world = signed_in().await;
    switch(&mut world, "org_1", "/").await;
    world.log_in("/verify").await;
    let page = world.browser.get("/verify").await;
    assert!(page.body.contains("<strong>Muster &#38; Co</strong>"), "{}", page.body);
    world.identity.said().claims.insert("sub", json!("pairwise-2"));
    world.log_in("/verify").await;
    let page = world.browser.get("/verify").await;
    assert!(page.body.contains("<strong>sich selbst</strong>"), "{}", page.body);
}
