//! Mandates: given, accepted by code, ended.

use std::sync::{Arc, Mutex};

use siegel_grpc::refusal;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mandate_service_server::MandateService;
use siegel_proto::organisation::v1::organisation_service_server::OrganisationService;
use tonic::{Code, Request, Response, Status};

use super::account_fakes::not_faked;
use super::world::World;

const MANDATE: &str = "mnd_00000000000000000000000000000001";
const CODE: &str = "7Q2M-0000-0000-0000-0000";

/// The service organisation, as far as it is about mandates; what it was told.
#[derive(Clone, Default)]
pub struct Mandates(pub Arc<Mutex<Told>>);

#[derive(Default)]
pub struct Told {
    granted: Vec<pb::GrantMandateRequest>,
    accepted: Vec<pb::AcceptMandateRequest>,
    revoked: Vec<pb::RevokeMandateRequest>,
}

fn mandate() -> pb::Mandate {
    let side =
        |name: &str| Some(pb::MandateParty { organisation_id: String::new(), name: name.into() });
    pb::Mandate {
        mandate_id: MANDATE.into(),
        version: 2,
        state: pb::MandateState::Active.into(),
        from: side("Erika <b>"),
        to: side("Max Beispiel"),
        package: "mail-receiver".into(),
        level: 3,
        ..Default::default()
    }
}

#[tonic::async_trait]
impl MandateService for Mandates {
    async fn list_packages(
        &self,
        _: Request<pb::ListPackagesRequest>,
    ) -> Result<Response<pb::ListPackagesResponse>, Status> {
        not_faked()
    }

    async fn grant_mandate(
        &self,
        request: Request<pb::GrantMandateRequest>,
    ) -> Result<Response<pb::GrantMandateResponse>, Status> {
        self.0.lock().unwrap().granted.push(request.into_inner());
        let answer = pb::GrantMandateResponse { mandate: Some(mandate()), code: CODE.into() };
        Ok(Response::new(answer))
    }

    async fn accept_mandate(
        &self,
        request: Request<pb::AcceptMandateRequest>,
    ) -> Result<Response<pb::AcceptMandateResponse>, Status> {
        if request.get_ref().code != CODE {
            return Err(refusal(Code::NotFound, "MANDATE_CODE_UNKNOWN", "unknown", []));
        }
        self.0.lock().unwrap().accepted.push(request.into_inner());
        Ok(Response::new(pb::AcceptMandateResponse { mandate: Some(mandate()) }))
    }

    async fn reject_mandate(
        &self,
        _: Request<pb::RejectMandateRequest>,
    ) -> Result<Response<pb::RejectMandateResponse>, Status> {
        Ok(Response::new(pb::RejectMandateResponse {}))
    }

    async fn revoke_mandate(
        &self,
        request: Request<pb::RevokeMandateRequest>,
    ) -> Result<Response<pb::RevokeMandateResponse>, Status> {
        self.0.lock().unwrap().revoked.push(request.into_inner());
        Ok(Response::new(pb::RevokeMandateResponse { mandate: Some(mandate()) }))
    }

    async fn review_mandate(
        &self,
        _: Request<pb::ReviewMandateRequest>,
    ) -> Result<Response<pb::ReviewMandateResponse>, Status> {
        not_faked()
    }

    async fn get_mandate(
        &self,
        _: Request<pb::GetMandateRequest>,
    ) -> Result<Response<pb::GetMandateResponse>, Status> {
        let mandate = Some(mandate());
        Ok(Response::new(pb::GetMandateResponse { mandate, may_review: true, may_revoke: true }))
    }

    async fn list_mandates(
        &self,
        _: Request<pb::ListMandatesRequest>,
    ) -> Result<Response<pb::ListMandatesResponse>, Status> {
        let mandates = vec![mandate()];
        Ok(Response::new(pb::ListMandatesResponse { mandates, ..Default::default() }))
    }

    async fn list_uses(
        &self,
        _: Request<pb::ListUsesRequest>,
    ) -> Result<Response<pb::ListUsesResponse>, Status> {
        let one = pb::MandateUse {
            action: pb::Action::ReceiveMail.into(),
            actor: "aud_1".into(),
            ..Default::default()
        };
        Ok(Response::new(pb::ListUsesResponse { uses: vec![one], ..Default::default() }))
    }
}

#[tonic::async_trait]
impl OrganisationService for Mandates {
    async fn create_organisation(
        &self,
        _: Request<pb::CreateOrganisationRequest>,
    ) -> Result<Response<pb::CreateOrganisationResponse>, Status> {
        not_faked()
    }

    async fn get_organisation(
        &self,
        _: Request<pb::GetOrganisationRequest>,
    ) -> Result<Response<pb::GetOrganisationResponse>, Status> {
        not_faked()
    }

    async fn list_organisations(
        &self,
        _: Request<pb::ListOrganisationsRequest>,
    ) -> Result<Response<pb::ListOrganisationsResponse>, Status> {
        let one = pb::Organisation {
            organisation_id: "org_1".into(),
            name: "Muster GmbH".into(),
            ..Default::default()
        };
        Ok(Response::new(pb::ListOrganisationsResponse { organisations: vec![one] }))
    }
}

async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in("/account/mandates").await;
    world
}

#[tokio::test]
async fn the_page_shows_both_sides_and_leads_to_ones_organisations() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/mandates").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in ["Erika &#60;b&#62;", "Max Beispiel", "Post wirksam entgegennehmen"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(page.body.contains("/account/mandates?organisation=org_1"), "{}", page.body);
}

#[tokio::test]
async fn a_code_is_accepted_for_oneself_or_for_an_organisation() {
    let mut world = signed_in().await;
    world.browser.get("/account/mandates").await;
    let fields = [("form", "f"), ("code", "wrong"), ("answer", "accept")];
    let page = world.browser.post("/account/mandates", &fields).await;
    assert!(page.body.contains("wartet keine Vollmacht"), "{}", page.body);
    let fields = [("form", "f"), ("code", CODE), ("answer", "accept")];
    let page = world.browser.post("/account/mandates?organisation=org_1", &fields).await;
    let way = format!("/account/mandates/{MANDATE}?organisation=org_1");
    assert_eq!((page.status, page.location.as_deref()), (303, Some(way.as_str())));
    let told = world.services.mandates.0.lock().unwrap();
    assert_eq!(told.accepted[0].organisation_id, "org_1");
}

#[tokio::test]
async fn who_gives_a_mandate_sees_the_code_once_and_it_is_in_no_address() {
    let mut world = signed_in().await;
    world.browser.get("/account/mandates").await;
    let fields = [
        ("form", "f"),
        ("to_kind", "person"),
        ("to_name", "Max Beispiel"),
        ("package", "mail-receiver"),
        ("letter_id", "ltr_1"),
        ("duration", "week"),
    ];
    let page = world.browser.post("/account/mandates/new", &fields).await;
    assert_eq!((page.status, page.location), (200, None));
    assert!(page.body.contains(CODE), "{}", page.body);
    let told = world.services.mandates.0.lock().unwrap();
    let asked = &told.granted[0];
    assert_eq!(asked.scope.as_ref().unwrap().letter_id, "ltr_1");
    assert_eq!((asked.to_kind(), asked.level), (pb::HolderKind::Person, 3));
    assert!(asked.valid_until.is_some() && asked.review_at.is_none());
}

#[tokio::test]
async fn a_mandate_is_ended_by_a_form_and_never_by_a_link() {
    let mut world = signed_in().await;
    let page = world.browser.get(&format!("/account/mandates/{MANDATE}")).await;
    assert!(page.body.contains("Entgegengenommen"), "{}", page.body);
    let end = format!("/account/mandates/{MANDATE}/end");
    let page = world.browser.get(&end).await;
    assert_eq!(page.status, 303);
    assert!(world.services.mandates.0.lock().unwrap().revoked.is_empty());
    world.browser.get(&format!("/account/mandates/{MANDATE}")).await;
    let page = world.browser.post(&end, &[("form", "f")]).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(world.services.mandates.0.lock().unwrap().revoked[0].mandate_id, MANDATE);
}
