//! A service behind the real guard, and callers with tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use siegel_crypto::{SigningKey, SystemEntropy};
use siegel_db::Db;
use siegel_grpc::testing::{Fakes, outside, router};
use siegel_grpc::{
    AuthChannel, Caller, CallerKind, GrpcServices, Guard, GuardSettings, InProcess, Rule, Siblings,
    SiblingsSettings,
};
use siegel_kernel::{AccountId, Entropy, OrganisationId, TrustLevel};
use siegel_proto::Rpc;
use siegel_testkit::TestClock;
use tokio::task::JoinSet;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;

use crate::issuer::Issuer;
use crate::{Answer, Plain};

/// Messages read of a stream, and how long the next one is waited for.
const MESSAGES: usize = 20;
const SILENCE: Duration = Duration::from_millis(200);

/// Whose token a call is made with.
#[derive(Clone)]
pub enum Token {
    Nobody,
    Person {
        account: AccountId,
        level: TrustLevel,
    },
    Client {
        client_id: &'static str,
        tenant: &'static str,
    },
    /// Of an organisation: its id is `sys_` and this number.
    Program {
        number: u128,
        organisation: OrganisationId,
    },
    /// Of the suite.
    Service(&'static str),
    /// Given out by the service under test itself, bound to this key.
    Given {
        token: String,
        key: Box<SigningKey>,
    },
}

impl Token {
    /// Whether it is of a client of this tenant.
    pub fn is_of(&self, name: &str) -> bool {
        matches!(self, Self::Client { tenant, .. } if *tenant == name)
    }

    /// Whether a rule lets this kind of caller in, or this very service.
    pub fn is_let_in(&self, rule: &Rule) -> bool {
        match self {
            Self::Nobody => rule.allows(CallerKind::Public),
            Self::Person { .. } | Self::Given { .. } => rule.allows(CallerKind::Person),
            Self::Client { .. } => rule.allows(CallerKind::Client),
            Self::Program { .. } => rule.allows(CallerKind::Program),
            Self::Service(name) => {
                rule.allows(CallerKind::Sibling) && rule.siblings.iter().any(|s| s == name)
            }
        }
    }
}

/// A service behind its guard.
pub struct Gate {
    service: &'static str,
    settings: SiblingsSettings,
    registry: InProcess,
    issuer: Issuer,
    callers: Mutex<HashMap<&'static str, Siblings>>,
    _tasks: JoinSet<()>,
}

impl Gate {
    /// In front of identity itself, tokens are its own; of any other service they are made here.
    pub fn new(
        service: &'static str,
        services: &GrpcServices,
        db: Db,
        clock: Arc<TestClock>,
    ) -> Self {
        siegel_crypto::install();
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
        let origin = "http://localhost:8080".to_owned();
        let issuer = Issuer::new(&origin, clock.clone());
        let is_identity = service == "identity";
        let identity = if is_identity { services.clone() } else { issuer.services() };
        let fakes = Fakes::new().with(service, "identity", &identity);
        let beside = outside(service, db, clock.clone(), entropy.clone(), &fakes);
        assert_eq!(beside.origin, origin);
        let guard = Guard::new(GuardSettings {
            service: service.into(),
            origin: origin.clone(),
            clock: clock.clone(),
            siblings: beside.siblings,
            nonce_key: [7; 32],
        });
        let mut tasks = JoinSet::new();
        guard.spawn(&mut tasks);
        let registry = InProcess::default();
        if !is_identity {
            registry.register("identity", router(&identity, Caller::Anyone));
        }
        registry.register(service, services.guarded(&guard));
        let (own, thumbprint) = (String::new(), String::new());
        let settings = SiblingsSettings { own, thumbprint, origin, clock, entropy };
        Self { service, settings, registry, issuer, callers: Mutex::default(), _tasks: tasks }
    }

    /// From now on the grant of this person is one that ended.
    pub fn end_grant(&self, account: AccountId) {
        self.issuer.end(account);
    }

    /// What a service of the suite calls the others with.
    fn ways_of(&self, service: &'static str) -> Siblings {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let made = callers.entry(service).or_insert_with(|| {
            let (own, thumbprint) = (service.to_owned(), service.to_owned());
            let settings = SiblingsSettings { own, thumbprint, ..self.settings.clone() };
            Siblings::in_process(settings, self.registry.clone())
        });
        made.clone()
    }

    fn channel(&self, token: &Token) -> AuthChannel {
        let bound = |make: &dyn Fn(&SigningKey) -> String| {
            let key = SigningKey::generate().unwrap();
            self.ways_of("portal").person_channel(self.service, make(&key), key)
        };
        match token {
            Token::Nobody => self.ways_of("portal").anonymous(self.service),
            Token::Person { account, level } => {
                bound(&|key| self.issuer.person(self.service, *account, *level, key))
            }
            Token::Client { client_id, tenant } => {
                bound(&|key| self.issuer.client(self.service, (client_id, tenant), key))
            }
            Token::Program { number, organisation } => {
                bound(&|key| self.issuer.program(self.service, (*number, *organisation), key))
            }
            Token::Service(name) => self.ways_of(name).channel(self.service),
            Token::Given { token, key } => {
                let key = SigningKey::clone(key);
                self.ways_of("portal").person_channel(self.service, token.clone(), key)
            }
        }
    }

    /// Calls any RPC with encoded messages.
    pub async fn call(&self, rpc: &Rpc, token: &Token, messages: Vec<Vec<u8>>) -> Answer {
        let path = PathAndQuery::try_from(format!("/{}", rpc.full_name())).unwrap();
        let mut grpc = Grpc::new(self.channel(token));
        grpc.ready().await.unwrap();
        let request = Request::new(tokio_stream::iter(messages));
        match grpc.streaming(request, path, Plain).await {
            Ok(response) => read(response.into_inner(), rpc.server_streaming).await,
            Err(status) => Answer::refused(&status),
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
            Err(status) => return Answer { messages, ..Answer::refused(&status) },
        }
    }
    Answer { messages, status: None }
}
