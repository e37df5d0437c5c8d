//! A small house: an identity that issues tokens, a notification service behind the guard, and
//! an eid service that calls it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use siegel_crypto::{KeySet, SigningKey, SystemEntropy};
use siegel_grpc::{
    AuthChannel, Caller, GrpcServices, Guard, GuardSettings, InProcess, Siblings, SiblingsSettings,
    caller, peer_thumbprint,
};
use siegel_kernel::{Clock, GrantId};
use siegel_oidc::{AccessToken, Confirmation, TokenKind, audience};
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_proto::postbox::v1 as postbox;
use siegel_testkit::TestClock;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

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

/// The service behind the guard: says who called.
#[derive(Clone)]
pub struct Postbox;

#[tonic::async_trait]
impl postbox::evidence_service_server::EvidenceService for Postbox {
    async fn list_receipts(
        &self,
        request: Request<postbox::ListReceiptsRequest>,
    ) -> Result<Response<postbox::ListReceiptsResponse>, Status> {
        let kind = match caller(&request)? {
            Caller::Person(person) => match &person.acting_for {
                Some(acting) => format!("person at {} for {:?}", person.level, acting.party),
                None => format!("person at {}", person.level),
            },
            Caller::Program(program) => format!("{} of {}", program.id, program.organisation),
            other => other.name(),
        };
        let receipt = postbox::Receipt { kind, ..Default::default() };
        Ok(Response::new(postbox::ListReceiptsResponse { receipts: vec![receipt] }))
    }

    async fn list_signing_keys(
        &self,
        request: Request<postbox::ListSigningKeysRequest>,
    ) -> Result<Response<postbox::ListSigningKeysResponse>, Status> {
        let jwks = caller(&request)?.name();
        Ok(Response::new(postbox::ListSigningKeysResponse { jwks }))
    }

    async fn get_receipt(
        &self,
        _: Request<postbox::GetReceiptRequest>,
    ) -> Result<Response<postbox::GetReceiptResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_receipt_document(
        &self,
        _: Request<postbox::GetReceiptDocumentRequest>,
    ) -> Result<Response<postbox::GetReceiptDocumentResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_mailbox_head(
        &self,
        _: Request<postbox::GetMailboxHeadRequest>,
    ) -> Result<Response<postbox::GetMailboxHeadResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_checkpoint(
        &self,
        _: Request<postbox::GetCheckpointRequest>,
    ) -> Result<Response<postbox::GetCheckpointResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_inclusion_proof(
        &self,
        _: Request<postbox::GetInclusionProofRequest>,
    ) -> Result<Response<postbox::GetInclusionProofResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_consistency_proof(
        &self,
        _: Request<postbox::GetConsistencyProofRequest>,
    ) -> Result<Response<postbox::GetConsistencyProofResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl postbox::handle_service_server::HandleService for Postbox {
    async fn issue_handle(
        &self,
        request: Request<postbox::IssueHandleRequest>,
    ) -> Result<Response<postbox::IssueHandleResponse>, Status> {
        let handle = caller(&request)?.name();
        Ok(Response::new(postbox::IssueHandleResponse { handle }))
    }

    async fn close_mailbox(
        &self,
        _: Request<postbox::CloseMailboxRequest>,
    ) -> Result<Response<postbox::CloseMailboxResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

#[tonic::async_trait]
impl postbox::sender_service_server::SenderService for Postbox {
    type ExportProofStream =
        Pin<Box<dyn Stream<Item = Result<postbox::ExportProofResponse, Status>> + Send>>;

    async fn export_proof(
        &self,
        _: Request<postbox::ExportProofRequest>,
    ) -> Result<Response<Self::ExportProofStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    type WatchEventsStream =
        Pin<Box<dyn Stream<Item = Result<postbox::WatchEventsResponse, Status>> + Send>>;

    async fn submit(
        &self,
        _: Request<postbox::SubmitRequest>,
    ) -> Result<Response<postbox::SubmitResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn submit_stream(
        &self,
        _: Request<tonic::Streaming<postbox::SubmitStreamRequest>>,
    ) -> Result<Response<postbox::SubmitStreamResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_sent_letter(
        &self,
        _: Request<postbox::GetSentLetterRequest>,
    ) -> Result<Response<postbox::GetSentLetterResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn recall(
        &self,
        _: Request<postbox::RecallRequest>,
    ) -> Result<Response<postbox::RecallResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn supersede(
        &self,
        _: Request<postbox::SupersedeRequest>,
    ) -> Result<Response<postbox::SupersedeResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn update_case_status(
        &self,
        _: Request<postbox::UpdateCaseStatusRequest>,
    ) -> Result<Response<postbox::UpdateCaseStatusResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn check_recipients(
        &self,
        _: Request<postbox::CheckRecipientsRequest>,
    ) -> Result<Response<postbox::CheckRecipientsResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn submit_batch(
        &self,
        _: Request<postbox::SubmitBatchRequest>,
    ) -> Result<Response<postbox::SubmitBatchResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn commit_batch(
        &self,
        _: Request<postbox::CommitBatchRequest>,
    ) -> Result<Response<postbox::CommitBatchResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn cancel_batch(
        &self,
        _: Request<postbox::CancelBatchRequest>,
    ) -> Result<Response<postbox::CancelBatchResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_batch(
        &self,
        _: Request<postbox::GetBatchRequest>,
    ) -> Result<Response<postbox::GetBatchResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_sent_letters(
        &self,
        _: Request<postbox::ListSentLettersRequest>,
    ) -> Result<Response<postbox::ListSentLettersResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_replies(
        &self,
        _: Request<postbox::ListRepliesRequest>,
    ) -> Result<Response<postbox::ListRepliesResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_reply(
        &self,
        _: Request<postbox::GetReplyRequest>,
    ) -> Result<Response<postbox::GetReplyResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    type DownloadReplyAttachmentStream = Pin<
        Box<dyn Stream<Item = Result<postbox::DownloadReplyAttachmentResponse, Status>> + Send>,
    >;

    async fn download_reply_attachment(
        &self,
        _: Request<postbox::DownloadReplyAttachmentRequest>,
    ) -> Result<Response<Self::DownloadReplyAttachmentStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    /// One message, then silence.
    async fn watch_events(
        &self,
        _: Request<postbox::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let first = tokio_stream::once(Ok(postbox::WatchEventsResponse::default()));
        Ok(Response::new(Box::pin(first.chain(tokio_stream::pending()))))
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
        let evidence = postbox::evidence_service_server::EvidenceServiceServer::new(Postbox);
        let handles = postbox::handle_service_server::HandleServiceServer::new(Postbox);
        let senders = postbox::sender_service_server::SenderServiceServer::new(Postbox);
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
        siblings(own, thumbprint, &self.identity, &self.registry)
    }

    /// A channel to postbox with a token bound to `key`.
    pub fn bound(&self, claims: &AccessToken, key: &SigningKey) -> AuthChannel {
        let bound = Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None };
        let claims = AccessToken { cnf: Some(bound), ..claims.clone() };
        let token = self.identity.sign(&claims);
        self.siblings("portal", "portal").person_channel("postbox", token, key.clone())
    }
}

fn siblings(own: &str, thumb: &str, identity: &FakeIdentity, registry: &InProcess) -> Siblings {
    let settings = SiblingsSettings {
        own: own.into(),
        thumbprint: thumb.into(),
        origin: ORIGIN.into(),
        clock: identity.clock.clone(),
        entropy: Arc::new(SystemEntropy::new()),
    };
    Siblings::in_process(settings, registry.clone())
}

fn guard(service: &str, identity: &FakeIdentity, registry: &InProcess) -> Guard {
    Guard::new(GuardSettings {
        service: service.into(),
        origin: ORIGIN.into(),
        clock: identity.clock.clone(),
        siblings: siblings(service, service, identity, registry),
        nonce_key: [7; 32],
    })
}
