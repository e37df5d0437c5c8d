//! The organisation service as far as log-ins need it: who may act for whom, by which path. It
//! answers by the contract of `AccessQuestion` and `AccessAnswer`.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use siegel_crypto::{b64, sha256};
use siegel_grpc::{GrpcServices, refusal};
use siegel_kernel::{AccountId, OrganisationId, TrustLevel};
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::access_event_service_server::{
    AccessEventService, AccessEventServiceServer,
};
use siegel_proto::organisation::v1::access_service_server::{AccessService, AccessServiceServer};
use siegel_proto::organisation::v1::claim_proof_service_server::{
    ClaimProofService, ClaimProofServiceServer,
};
use siegel_proto::organisation::v1::representation_service_server::{
    RepresentationService, RepresentationServiceServer,
};
use siegel_proto::organisation::v1::system_user_service_server::{
    SystemUserService, SystemUserServiceServer,
};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

/// A way by which somebody may act for a party.
#[derive(Clone, Debug)]
pub struct Way {
    pub account: AccountId,
    /// `org_…` or `acc_…`.
    pub party: String,
    pub name: String,
    pub path: String,
    /// Id and version.
    pub mandate: Option<(String, i64)>,
    pub actions: Vec<pb::Action>,
    pub needed: TrustLevel,
    /// The one online service it is for.
    pub service: Option<String>,
}

impl Way {
    pub fn member(account: AccountId, organisation: OrganisationId, role: &str) -> Self {
        Self {
            account,
            party: organisation.to_string(),
            name: "Muster GmbH".into(),
            path: format!("member:{role}"),
            mandate: None,
            actions: vec![pb::Action::Act],
            needed: TrustLevel::Basic,
            service: None,
        }
    }

    /// Of a person who gave a mandate.
    pub fn mandate(account: AccountId, principal: AccountId, mandate: &str) -> Self {
        Self {
            account,
            party: principal.to_string(),
            name: "Ada Vollmacht".into(),
            path: format!("mandate:{mandate}"),
            mandate: Some((mandate.to_owned(), 1)),
            actions: vec![pb::Action::Act],
            needed: TrustLevel::Basic,
            service: None,
        }
    }
}

type Change = Result<pb::WatchAccessChangesResponse, Status>;

#[derive(Clone, Default)]
pub struct Parties {
    /// Programs by id: their organisation, and their key as a JWK.
    pub programs: Arc<Mutex<BTreeMap<String, (OrganisationId, String)>>>,
    /// What programs may.
    pub allowed: Arc<Mutex<Vec<pb::Action>>>,
    /// A program ends once this many questions about it were answered.
    pub ends_after: Arc<Mutex<Option<usize>>>,
    pub ways: Arc<Mutex<Vec<Way>>>,
    /// All ways end once this many calls were answered.
    pub ways_end_after: Arc<Mutex<Option<usize>>>,
    pub asked: Arc<Mutex<Vec<pb::AccessQuestion>>>,
    pub down: Arc<Mutex<bool>>,
    /// Where letters to organisations go: the central mailbox while this is empty.
    pub letters_go_to: Arc<Mutex<String>>,
    pub routed: Arc<Mutex<Vec<pb::RouteLettersRequest>>>,
    /// What was said of organisations that claims are about.
    pub proofs: Arc<Mutex<Vec<pb::ProveByUpstreamRequest>>>,
    /// The reason why no proof is taken.
    pub proves_nothing: Arc<Mutex<Option<&'static str>>>,
    followers: Arc<Mutex<Vec<mpsc::Sender<Change>>>>,
}

impl Parties {
    pub fn has(&self, way: Way) {
        self.ways.lock().unwrap().push(way);
    }

    /// Changes every way of this path, or takes it away.
    pub fn changes(&self, path: &str, change: impl Fn(&mut Way) -> bool) {
        self.ways.lock().unwrap().retain_mut(|way| way.path != path || change(way));
    }

    /// Nobody may anything any more; tells nobody.
    pub fn ends(&self) {
        self.ways.lock().unwrap().clear();
    }

    /// Tells whoever follows.
    pub async fn tells(&self, change: pb::AccessChange) {
        let followers = self.followers.lock().unwrap().clone();
        for follower in followers {
            let message =
                pb::WatchAccessChangesResponse { position: 1, change: Some(change.clone()) };
            let _ = follower.send(Ok(message)).await;
        }
    }

    /// How many follow.
    pub fn followers(&self) -> usize {
        self.followers.lock().unwrap().len()
    }

    pub fn services(&self) -> GrpcServices {
        GrpcServices::new()
            .add(AccessServiceServer::new(self.clone()))
            .add(AccessEventServiceServer::new(self.clone()))
            .add(ClaimProofServiceServer::new(self.clone()))
            .add(RepresentationServiceServer::new(self.clone()))
            .add(SystemUserServiceServer::new(self.clone()))
    }

    /// Registers a program that may read mail.
    pub fn registers(&self, id: &str, organisation: OrganisationId, jwk: String) {
        self.programs.lock().unwrap().insert(id.to_owned(), (organisation, jwk));
        *self.allowed.lock().unwrap() = vec![pb::Action::ReadMail];
    }

    /// Revokes every program; tells nobody.
    pub fn revokes(&self) {
        self.programs.lock().unwrap().clear();
    }

    fn answer_program(&self, asked: &pb::AccessQuestion) -> pb::AccessAnswer {
        assert_eq!((asked.account_id.as_str(), asked.mandate_id.as_str()), ("", ""));
        let mut programs = self.programs.lock().unwrap();
        let found = programs.get(&asked.system_user_id);
        let own = found.is_some_and(|(id, _)| id.to_string() == asked.organisation_id);
        let allowed = own && self.allowed.lock().unwrap().contains(&asked.action());
        if let Some(left) = self.ends_after.lock().unwrap().as_mut() {
            *left = left.saturating_sub(1);
            if *left == 0 {
                programs.clear();
            }
        }
        if !allowed {
            return pb::AccessAnswer { reason: "ROLE_TOO_LOW".into(), ..<_>::default() };
        }
        let path = "system-user:mail-receiver".to_owned();
        let path_digest = b64::encode(sha256(path.as_bytes()));
        pb::AccessAnswer { allowed: true, path, path_digest, ..<_>::default() }
    }

    fn is_up(&self) -> Result<(), Status> {
        let down = *self.down.lock().unwrap();
        if down { Err(Status::unavailable("down")) } else { Ok(()) }
    }

    fn answer(&self, asked: &pb::AccessQuestion) -> pb::AccessAnswer {
        let refused = |reason: &str| pb::AccessAnswer { reason: reason.into(), ..<_>::default() };
        if !asked.system_user_id.is_empty() {
            return self.answer_program(asked);
        }
        let party = format!("{}{}", asked.organisation_id, asked.principal_account_id);
        let ways = self.ways.lock().unwrap();
        let same = |way: &&Way| {
            let by = way.mandate.as_ref().map(|(id, _)| id.as_str()).unwrap_or_default();
            way.account.to_string() == asked.account_id
                && way.party == party
                && (asked.mandate_id.is_empty() || by == asked.mandate_id)
        };
        let Some(way) = ways.iter().find(same) else { return refused("NOT_A_MEMBER") };
        let service = asked.about.as_ref().map(|about| about.service_id.clone());
        if way.service.is_some() && way.service != service {
            return refused("MANDATE_OUT_OF_SCOPE");
        }
        if !way.actions.contains(&asked.action()) {
            return refused("ROLE_TOO_LOW");
        }
        if convert::level(asked.session_level).is_none_or(|held| held < way.needed) {
            let needed_level = siegel_proto::common::v1::TrustLevel::from(way.needed).into();
            return pb::AccessAnswer { needed_level, ..refused("TRUST_TOO_LOW") };
        }
        let (mandate_id, mandate_version) = way.mandate.clone().unwrap_or_default();
        pb::AccessAnswer {
            allowed: true,
            path: way.path.clone(),
            mandate_id,
            mandate_version,
            path_digest: b64::encode(sha256(way.path.as_bytes())),
            ..pb::AccessAnswer::default()
        }
    }
}

#[tonic::async_trait]
impl AccessService for Parties {
    async fn check_access(
        &self,
        request: Request<pb::CheckAccessRequest>,
    ) -> Result<Response<pb::CheckAccessResponse>, Status> {
        self.is_up()?;
        let questions = request.into_inner().questions;
        let answers = questions.iter().map(|asked| self.answer(asked)).collect();
        if let Some(left) = self.ways_end_after.lock().unwrap().as_mut() {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.ends();
            }
        }
        self.asked.lock().unwrap().extend(questions);
        Ok(Response::new(pb::CheckAccessResponse { answers }))
    }

    async fn list_authorised_parties(
        &self,
        request: Request<pb::ListAuthorisedPartiesRequest>,
    ) -> Result<Response<pb::ListAuthorisedPartiesResponse>, Status> {
        self.is_up()?;
        let asked = request.into_inner();
        let before: usize = asked.page_token.parse().unwrap_or_default();
        let size = usize::try_from(asked.page_size).unwrap();
        let mut all: Vec<pb::AuthorisedParty> = Vec::new();
        for way in self.ways.lock().unwrap().iter() {
            if way.account.to_string() != asked.account_id {
                continue;
            }
            let party = if way.party.starts_with("org_") {
                let organisation_id = way.party.clone();
                pb::AuthorisedParty { organisation_id, ..<_>::default() }
            } else {
                let principal_account_id = way.party.clone();
                pb::AuthorisedParty { principal_account_id, ..<_>::default() }
            };
            let kinds = vec![way.path.split(':').next().unwrap_or_default().to_owned()];
            all.push(pb::AuthorisedParty { name: way.name.clone(), kinds, ..party });
        }
        let more = all.len() > before + size;
        let parties = all.into_iter().skip(before).take(size).collect();
        let next_page_token = if more { (before + size).to_string() } else { String::new() };
        Ok(Response::new(pb::ListAuthorisedPartiesResponse { parties, next_page_token }))
    }
}

#[tonic::async_trait]
impl SystemUserService for Parties {
    async fn get_system_user(
        &self,
        request: Request<pb::GetSystemUserRequest>,
    ) -> Result<Response<pb::GetSystemUserResponse>, Status> {
        self.is_up()?;
        let id = request.into_inner().system_user_id;
        let found = self.programs.lock().unwrap().get(&id).cloned();
        let unknown = || refusal(Code::NotFound, "SYSTEM_USER_UNKNOWN", "none", []);
        let (organisation, jwk) = found.ok_or_else(unknown)?;
        let system_user = pb::SystemUser { system_user_id: id, ..<_>::default() };
        Ok(Response::new(pb::GetSystemUserResponse {
            organisation_id: organisation.to_string(),
            system_user: Some(system_user),
            jwk,
        }))
    }
}

#[tonic::async_trait]
impl ClaimProofService for Parties {
    async fn prove_by_upstream(
        &self,
        request: Request<pb::ProveByUpstreamRequest>,
    ) -> Result<Response<pb::ProveByUpstreamResponse>, Status> {
        self.is_up()?;
        let said = request.into_inner();
        if let Some(reason) = *self.proves_nothing.lock().unwrap() {
            return Err(refusal(Code::FailedPrecondition, reason, "no", []));
        }
        let claim = pb::Claim {
            claim_id: said.claim_id.clone(),
            organisation_id: "org_00000000000000000000000000000001".into(),
            ..pb::Claim::default()
        };
        self.proofs.lock().unwrap().push(said);
        Ok(Response::new(pb::ProveByUpstreamResponse { claim: Some(claim) }))
    }
}

#[tonic::async_trait]
impl RepresentationService for Parties {
    async fn describe_party(
        &self,
        request: Request<pb::DescribePartyRequest>,
    ) -> Result<Response<pb::DescribePartyResponse>, Status> {
        self.is_up()?;
        let id = request.into_inner().organisation_id;
        let name = self.ways.lock().unwrap().iter().find(|w| w.party == id).map(|w| w.name.clone());
        let unknown = || refusal(Code::NotFound, "ORGANISATION_UNKNOWN", "none", []);
        let attribute = |(name, value): (&str, &str)| pb::PartyAttribute {
            name: name.into(),
            value: value.into(),
        };
        let has = [("legal_form", "GmbH"), ("register_kind", "HRB"), ("register_number", "1234B")];
        Ok(Response::new(pb::DescribePartyResponse {
            name: name.ok_or_else(unknown)?,
            attributes: has.map(attribute).to_vec(),
            identification_level: siegel_proto::common::v1::TrustLevel::High.into(),
        }))
    }

    async fn route_letters(
        &self,
        request: Request<pb::RouteLettersRequest>,
    ) -> Result<Response<pb::RouteLettersResponse>, Status> {
        self.is_up()?;
        let asked = request.into_inner();
        let mailbox_id = self.letters_go_to.lock().unwrap().clone();
        self.routed.lock().unwrap().push(asked);
        Ok(Response::new(pb::RouteLettersResponse { mailbox_id }))
    }
}

#[tonic::async_trait]
impl AccessEventService for Parties {
    type WatchAccessChangesStream = Pin<Box<dyn Stream<Item = Change> + Send>>;

    async fn watch_access_changes(
        &self,
        _: Request<pb::WatchAccessChangesRequest>,
    ) -> Result<Response<Self::WatchAccessChangesStream>, Status> {
        self.is_up()?;
        let (send, receive) = mpsc::channel(16);
        let heartbeat = pb::WatchAccessChangesResponse { position: 0, change: None };
        let _ = send.send(Ok(heartbeat)).await;
        self.followers.lock().unwrap().push(send);
        Ok(Response::new(Box::pin(ReceiverStream::new(receive))))
    }
}
