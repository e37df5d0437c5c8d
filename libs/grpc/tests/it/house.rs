//! A small house: an identity that issues tokens, a notification service behind the guard, and
//! an eid service that calls it.

mod postbox;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use siegel_crypto::{KeySet, SigningKey, SystemEntropy};
use siegel_grpc::{
    AuthChannel, GrpcServices, Guard, GuardSettings, InProcess, Siblings, SiblingsSettings, caller,
    peer_thumbprint,
};
use siegel_kernel::{Clock, GrantId};
use siegel_oidc::{AccessToken, Confirmation, TokenKind, audience};
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_proto::postbox::v1::evidence_service_server::EvidenceServiceServer;
use siegel_proto::postbox::v1::handle_service_server::HandleServiceServer;
use siegel_proto::postbox::v1::sender_service_server::SenderServiceServer;
use siegel_testkit::TestClock;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use self::postbox::Postbox;

pub const ORIGIN: &str = "http://localhost:8080";

/// Identity as the guard sees it.
#[derive(Clone)]
pub struct FakeIdentity {
    pub key: SigningKey,
    pub clock: Arc<TestClock>,
    pub revocations: broadcast::Sender<pb::WatchRevocationsResponse>,
    /// What `CheckToken` answers.
    pub active: Arc<AtomicBool>,
    /// Whether the revocation stream works.
    pub stream_works: Arc<AtomicBool>,
    /// For whom whoever holds a grant acts.
    pub acting_for: Arc<Mutex<Option<pb::GrantedRepresentation>>>,
    /// The program that holds every grant; empty for persons.
    pub system_user: Arc<Mutex<String>>,
}

#[tonic::async_trait]
impl pb::key_service_server::KeyService for FakeIdentity {
    async fn list_signing_keys(
        &self,
        _: Request<pb::ListSigningKeysRequest>,
    ) -> Result<Response<pb::ListSigningKeysResponse>, Status> {
        let jwks = KeySet::new([self.key.public_jwk().clone()]).to_json();
        Ok(Response::new(pb::ListSigningKeysResponse { jwks }))
    }
}

#[tonic::async_trait]
impl pb::sibling_service_server::SiblingService for FakeIdentity {
    async fn issue_service_token(
        &self,
        request: Request<pb::IssueServiceTokenRequest>,
    ) -> Result<Response<pb::IssueServiceTokenResponse>, Status> {
        let name = caller(&request)?.sibling()?.to_owned();
        let mut claims = claims(self, &request.get_ref().audience, TokenKind::Service);
        claims.sub.clone_from(&name);
        claims.client_id = name;
        claims.cnf = Some(Confirmation { jkt: None, x5t_s256: peer_thumbprint(&request) });
        let expires_at =
            Some(convert::timestamp(self.clock.now().plus(std::time::Duration::from_mins(5))));
        let access_token = self.sign(&claims);
        Ok(Response::new(pb::IssueServiceTokenResponse { access_token, expires_at }))
    }

    async fn resolve_grant(
        &self,
        request: Request<pb::ResolveGrantRequest>,
    ) -> Result<Response<pb::ResolveGrantResponse>, Status> {
        let account_id = request.get_ref().grant_id.replace("gnt_", "acc_");
        Ok(Response::new(pb::ResolveGrantResponse {
            account_id,
            acting_for: self.acting_for.lock().unwrap().clone(),
            system_user_id: self.system_user.lock().unwrap().clone(),
        }))
    }

    async fn check_token(
        &self,
        _: Request<pb::CheckTokenRequest>,
    ) -> Result<Response<pb::CheckTokenResponse>, Status> {
        let active = self.active.load(Ordering::SeqCst);
        Ok(Response::new(pb::CheckTokenResponse { active }))
    }

    type WatchRevocationsStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchRevocationsResponse, Status>> + Send>>;

    async fn watch_revocations(
        &self,
        _: Request<pb::WatchRevocationsRequest>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        if !self.stream_works.load(Ordering::SeqCst) {
            return Err(Status::unavailable("no stream"));
        }
        let live = BroadcastStream::new(self.revocations.subscribe());
        let first = tokio_stream::once(Ok(pb::WatchRevocationsResponse::default()));
        let all = first.chain(live.map(|m| m.map_err(|_| Status::data_loss("lagged"))));
        Ok(Response::new(Box::pin(all)))
    }
}

impl FakeIdentity {
    pub fn sign(&self, claims: &AccessToken) -> String {
        self.key.sign(AccessToken::TYP, claims).unwrap()
    }
}

/// Claims of a token for `service` that is in force now.
pub fn claims(identity: &FakeIdentity, service: &str, kind: TokenKind) -> AccessToken {
    let now = identity.clock.now();
    let grant = GrantId::new(identity.clock.as_ref(), &SystemEntropy::new()).unwrap();
    AccessToken {
        iss: ORIGIN.into(),
        sub: "pairwise".into(),
        aud: audience(service),
        exp: now.as_seconds() + 300,
        iat: now.as_seconds(),
        jti: "1".into(),
        client_id: "portal".into(),
        scope: "postbox.read postbox.deliver".into(),
        kind,
        gid: grant.to_string(),
        sid: Some("session".into()),
        trust_level: Some(3),
        acr: Some("substantial".into()),
        auth_time: Some(now.as_seconds()),
        tenant: Some("musterstadt".into()),
        cnf: None,
        act: None,
        acting_for: None,
    }
}

/// Identity and postbox in one process, each behind its guard.
pub struct House {
    pub identity: FakeIdentity,
    pub registry: InProcess,
    /// Postbox behind its guard, without a connection in front.
    pub postbox: axum::Router,
    _tasks: tokio::task::JoinSet<()>,
}

impl House {
    pub fn new() -> Self {
        siegel_crypto::install();
        let identity = FakeIdentity {
            key: SigningKey::generate().unwrap(),
            clock: Arc::new(TestClock::default()),
            revocations: broadcast::Sender::new(16),
            active: Arc::new(AtomicBool::new(true)),
            stream_works: Arc::new(AtomicBool::new(true)),
            acting_for: Arc::default(),
            system_user: Arc::default(),
        };
        let registry = InProcess::default();
        let mut tasks = tokio::task::JoinSet::new();
        let keys = pb::key_service_server::KeyServiceServer::new(identity.clone());
        let siblings = pb::sibling_service_server::SiblingServiceServer::new(identity.clone());
        let of_identity = GrpcServices::new().add(keys).add(siblings);
        let evidence = EvidenceServiceServer::new(Postbox);
        let handles = HandleServiceServer::new(Postbox);
        let senders = SenderServiceServer::new(Postbox);
        let of_postbox = GrpcServices::new().add(evidence).add(handles).add(senders);
        let mut postbox = axum::Router::new();
        for (name, services) in [("identity", of_identity), ("postbox", of_postbox)] {
            let guard = guard(name, &identity, &registry);
            guard.spawn(&mut tasks);
            let guarded = services.guarded(&guard);
            registry.register(name, guarded.clone());
            postbox = guarded;
        }
        Self { identity, registry, postbox, _tasks: tasks }
    }

    /// The siblings of `own`, whose certificate has this thumbprint.
    pub fn siblings(&self, own: &str, thumbprint: &str) -> Siblings {
        siblings((own, thumbprint), self.identity.clock.clone(), &self.registry)
    }

    /// A channel to postbox with a token bound to `key`.
    pub fn bound(&self, claims: &AccessToken, key: &SigningKey) -> AuthChannel {
        self.bound_by(self.identity.clock.clone(), claims, key)
    }

    /// The same of a caller whose clock is another.
    pub fn bound_by(
        &self,
        clock: Arc<dyn Clock>,
        claims: &AccessToken,
        key: &SigningKey,
    ) -> AuthChannel {
        let bound = Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None };
        let claims = AccessToken { cnf: Some(bound), ..claims.clone() };
        let token = self.identity.sign(&claims);
        let siblings = siblings(("portal", "portal"), clock, &self.registry);
        siblings.person_channel("postbox", token, key.clone())
    }
}

fn siblings((own, thumb): (&str, &str), clock: Arc<dyn Clock>, registry: &InProcess) -> Siblings {
    let settings = SiblingsSettings {
        own: own.into(),
        thumbprint: thumb.into(),
        origin: ORIGIN.into(),
        clock,
        entropy: Arc::new(SystemEntropy::new()),
    };
    Siblings::in_process(settings, registry.clone())
}

fn guard(service: &str, identity: &FakeIdentity, registry: &InProcess) -> Guard {
    Guard::new(GuardSettings {
        service: service.into(),
        origin: ORIGIN.into(),
        clock: identity.clock.clone(),
        siblings: siblings((service, service), identity.clock.clone(), registry),
        nonce_key: [7; 32],
    })
}
