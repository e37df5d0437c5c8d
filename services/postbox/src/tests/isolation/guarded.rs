//! The postbox behind the real guard, and callers with tokens of a fake identity.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use siegel_crypto::{KeySet, SigningKey, SystemEntropy};
use siegel_grpc::testing::{Fakes, outside};
use siegel_grpc::{
    AuthChannel, GrpcServices, Guard, GuardSettings, InProcess, Siblings, SiblingsSettings,
};
use siegel_kernel::{AccountId, Clock as _, GrantId, TrustLevel};
use siegel_oidc::{AccessToken, Confirmation, TokenKind, audience};
use siegel_proto::Rpc;
use siegel_proto::identity::v1 as pb;
use siegel_testkit::TestClock;
use tokio::task::JoinSet;
use tokio_stream::{Stream, StreamExt as _};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Response, Status};

use super::answer::{Answer, Told};
use crate::start::services;
use crate::tests::world::World;

/// Messages read of a stream, and how long the next one is waited for.
const MESSAGES: usize = 20;
const SILENCE: Duration = Duration::from_millis(200);

/// Identity as the guard sees it: grants are named after their accounts.
#[derive(Clone)]
struct Identity {
    key: SigningKey,
}

#[tonic::async_trait]
impl pb::key_service_server::KeyService for Identity {
    async fn list_signing_keys(
        &self,
        _: Request<pb::ListSigningKeysRequest>,
    ) -> Result<Response<pb::ListSigningKeysResponse>, Status> {
        let jwks = KeySet::new([self.key.public_jwk().clone()]).to_json();
        Ok(Response::new(pb::ListSigningKeysResponse { jwks }))
    }
}

#[tonic::async_trait]
impl pb::sibling_service_server::SiblingService for Identity {
    async fn issue_service_token(
        &self,
        _: Request<pb::IssueServiceTokenRequest>,
    ) -> Result<Response<pb::IssueServiceTokenResponse>, Status> {
        Err(Status::unimplemented("no service asks"))
    }

    async fn resolve_grant(
        &self,
        request: Request<pb::ResolveGrantRequest>,
    ) -> Result<Response<pb::ResolveGrantResponse>, Status> {
        let account_id = request.get_ref().grant_id.replace("gnt_", "acc_");
        Ok(Response::new(pb::ResolveGrantResponse { account_id, ..Default::default() }))
    }

    async fn check_token(
        &self,
        _: Request<pb::CheckTokenRequest>,
    ) -> Result<Response<pb::CheckTokenResponse>, Status> {
        Ok(Response::new(pb::CheckTokenResponse { active: true }))
    }

    type WatchRevocationsStream =
        Pin<Box<dyn Stream<Item = Result<pb::WatchRevocationsResponse, Status>> + Send>>;

    async fn watch_revocations(
        &self,
        _: Request<pb::WatchRevocationsRequest>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        let first = tokio_stream::once(Ok(pb::WatchRevocationsResponse::default()));
        Ok(Response::new(Box::pin(first.chain(tokio_stream::pending()))))
    }
}

/// Whose token a call is made with.
#[derive(Clone, Copy, Debug)]
pub enum Token {
    Person { account: AccountId, level: TrustLevel },
    Client { client_id: &'static str, tenant: &'static str },
}

impl Token {
    /// Whether it is of a client of this tenant.
    pub fn is_of(&self, name: &str) -> bool {
        matches!(self, Self::Client { tenant, .. } if *tenant == name)
    }
}

pub struct Guarded {
    identity: Identity,
    clock: Arc<TestClock>,
    origin: String,
    portal: Siblings,

    _tasks: JoinSet<()>,
}

impl Guarded {
    pub fn new(world: &World) -> Self {
        siegel_crypto::install();
        let identity = Identity { key: SigningKey::generate().unwrap() };
        let keys = pb::key_service_server::KeyServiceServer::new(identity.clone());
        let siblings = pb::sibling_service_server::SiblingServiceServer::new(identity.clone());
        let fake = GrpcServices::new().add(keys).add(siblings);
        let fakes = Fakes::new().with("postbox", "identity", &fake);
        let entropy = Arc::new(SystemEntropy::new());
        let clock = world.clock.clone();
        let beside = outside("postbox", world.db.clone(), clock.clone(), entropy.clone(), &fakes);
        let guard = Guard::new(GuardSettings {
            service: "postbox".into(),
            origin: beside.origin.clone(),
            clock: clock.clone(),
            siblings: beside.siblings.clone(),
            nonce_key: [7; 32],
        });
        let mut tasks = JoinSet::new();
        guard.spawn(&mut tasks);
        let registry = InProcess::default();
        registry.register("postbox", services(&world.postbox).guarded(&guard));
        let settings = SiblingsSettings {
            own: "portal".into(),
            thumbprint: "portal".into(),
            origin: beside.origin.clone(),
            clock: clock.clone(),
            entropy,
        };
        let portal = Siblings::in_process(settings, registry);
        Self { identity, clock, origin: beside.origin, portal, _tasks: tasks }
    }

    fn channel(&self, token: &Token) -> AuthChannel {
        let key = SigningKey::generate().unwrap();
        let now = self.clock.now().as_seconds();
        let (kind, client_id, tenant) = match token {
            Token::Person { .. } => (TokenKind::Person, "portal", "musterstadt"),
            Token::Client { client_id, tenant } => (TokenKind::Client, *client_id, *tenant),
        };
        let (account, level) = match token {
            Token::Person { account, level } => (account.as_uuid(), Some(level.number())),
            Token::Client { .. } => (uuid::Uuid::from_u128(77), None),
        };
        let claims = AccessToken {
            iss: self.origin.clone(),
            sub: client_id.into(),
            aud: audience("postbox"),
            exp: now + 300,
            iat: now,
            jti: "1".into(),
            client_id: client_id.into(),
            scope: "postbox.read postbox.deliver postbox.admin".into(),
            kind,
            gid: GrantId::from_uuid(account).to_string(),
            sid: None,
            trust_level: level,
            acr: None,
            auth_time: Some(now),
            tenant: Some(tenant.into()),
            cnf: Some(Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None }),
            act: None,
            acting_for: None,
        };
        let token = self.identity.key.sign(AccessToken::TYP, &claims).unwrap();
        self.portal.person_channel("postbox", token, key)
    }

    /// Calls any RPC with encoded messages; without a token, as nobody.
    pub async fn call(&self, rpc: &Rpc, token: Option<&Token>, messages: Vec<Vec<u8>>) -> Answer {
        let channel = match token {
            Some(token) => self.channel(token),
            None => self.portal.anonymous("postbox"),
        };
        let path = PathAndQuery::try_from(format!("/{}", rpc.full_name())).unwrap();
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.unwrap();
        let request = Request::new(tokio_stream::iter(messages));
        match grpc.streaming(request, path, Plain).await {
            Ok(response) => read(response.into_inner(), rpc.server_streaming).await,
            Err(status) => Answer { messages: Vec::new(), status: Some(Told::from(&status)) },
        }
    }
}

async fn read(mut stream: tonic::Streaming<Vec<u8>>, endless: bool) -> Answer {
    let mut messages = Vec::new();
    while messages.len() < MESSAGES {
        let next = if endless {
            // Some streams never end.
            match tokio::time::timeout(SILENCE, stream.message()).await {
                Ok(next) => next,
                Err(_) => break,
            }
        } else {
            stream.message().await
        };
        match next {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => break,
            Err(status) => return Answer { messages, status: Some(Told::from(&status)) },
        }
    }
    Answer { messages, status: None }
}

/// Messages as bytes.
struct Plain;

impl Codec for Plain {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(out, &item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; bytes::Buf::remaining(from)];
        bytes::Buf::copy_to_slice(from, &mut item);
        Ok(Some(item))
    }
}
