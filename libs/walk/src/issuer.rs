//! Identity as a guard sees it, where another service is tested.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use siegel_crypto::{KeySet, SigningKey};
use siegel_grpc::{GrpcServices, Peer, access_table, refusal};
use siegel_kernel::{AccountId, Clock, GrantId, OrganisationId, TrustLevel};
use siegel_oidc::{AccessToken, Confirmation, TokenKind, audience};
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::key_service_server::{KeyService, KeyServiceServer};
use siegel_proto::identity::v1::sibling_service_server::{SiblingService, SiblingServiceServer};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Request, Response, Status};

/// How long a token lasts, in seconds.
const LIFE: i64 = 300;

/// Signs tokens; grants are named after their accounts.
#[derive(Clone)]
pub struct Issuer {
    key: SigningKey,
    origin: String,
    clock: Arc<dyn Clock>,
    ended: Arc<Mutex<BTreeSet<String>>>,
    /// Programs of organisations by their grants.
    programs: Arc<Mutex<BTreeMap<String, (String, OrganisationId)>>>,
}

impl Issuer {
    pub fn new(origin: &str, clock: Arc<dyn Clock>) -> Self {
        let key = SigningKey::generate().unwrap();
        let (ended, programs) = (Arc::default(), Arc::default());
        Self { key, origin: origin.to_owned(), clock, ended, programs }
    }

    pub fn services(&self) -> GrpcServices {
        let keys = KeyServiceServer::new(self.clone());
        GrpcServices::new().add(keys).add(SiblingServiceServer::new(self.clone()))
    }

    /// From now on the grant of this person is one that ended.
    pub fn end(&self, account: AccountId) {
        let grant = GrantId::from_uuid(account.as_uuid()).to_string();
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(grant);
    }

    /// A token of a person with every scope of the service, bound to this key.
    pub fn person(
        &self,
        to: &str,
        account: AccountId,
        level: TrustLevel,
        key: &SigningKey,
    ) -> String {
        let gid = GrantId::from_uuid(account.as_uuid()).to_string();
        let auth_time = Some(self.clock.now().as_seconds());
        self.sign(&AccessToken {
            gid,
            trust_level: Some(level.number()),
            auth_time,
            cnf: Some(Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None }),
            ..self.claims(to, ("portal", "musterstadt"), TokenKind::Person)
        })
    }

    /// A token of an organisation's program with every scope of the service, bound to this key.
    pub fn program(
        &self,
        to: &str,
        (id, organisation): (u128, OrganisationId),
        key: &SigningKey,
    ) -> String {
        let (id, gid) = (format!("sys_{id:032x}"), format!("gnt_{id:032x}"));
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.insert(gid.clone(), (id.clone(), organisation));
        drop(programs);
        self.sign(&AccessToken {
            gid,
            cnf: Some(Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None }),
            ..self.claims(to, (&id, "musterstadt"), TokenKind::Program)
        })
    }

    /// A token of a client for itself with every scope of the service, bound to this key.
    pub fn client(&self, to: &str, client: (&str, &str), key: &SigningKey) -> String {
        self.sign(&AccessToken {
            gid: format!("gnt_{}77", "0".repeat(30)),
            cnf: Some(Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None }),
            ..self.claims(to, client, TokenKind::Client)
        })
    }

    fn claims(&self, to: &str, (client_id, tenant): (&str, &str), kind: TokenKind) -> AccessToken {
        let now = self.clock.now().as_seconds();
        AccessToken {
            iss: self.origin.clone(),
            sub: client_id.to_owned(),
            aud: audience(to),
            exp: now + LIFE,
            iat: now,
            jti: "1".into(),
            client_id: client_id.to_owned(),
            scope: scopes(to),
            kind,
            gid: String::new(),
            sid: None,
            trust_level: None,
            acr: None,
            auth_time: None,
            tenant: Some(tenant.to_owned()),
            cnf: None,
            act: None,
            acting_for: None,
        }
    }

    fn sign(&self, claims: &AccessToken) -> String {
        self.key.sign(AccessToken::TYP, claims).unwrap()
    }
}

/// Every scope that a rule of this service asks for.
fn scopes(to: &str) -> String {
    let own = access_table().rules().filter(|r| r.rpc.starts_with(&format!("siegel.{to}.")));
    let all: BTreeSet<&str> = own.flat_map(|rule| rule.scope.split(' ')).collect();
    all.into_iter().collect::<Vec<_>>().join(" ").trim().to_owned()
}

#[tonic::async_trait]
impl KeyService for Issuer {
    async fn list_signing_keys(
        &self,
        _: Request<pb::ListSigningKeysRequest>,
    ) -> Result<Response<pb::ListSigningKeysResponse>, Status> {
        let jwks = KeySet::new([self.key.public_jwk().clone()]).to_json();
        Ok(Response::new(pb::ListSigningKeysResponse { jwks }))
    }
}

#[tonic::async_trait]
impl SiblingService for Issuer {
    async fn issue_service_token(
        &self,
        request: Request<pb::IssueServiceTokenRequest>,
    ) -> Result<Response<pb::IssueServiceTokenResponse>, Status> {
        let peer = request.extensions().get::<Peer>().cloned().unwrap();
        let Peer { service, thumbprint } = peer;
        let claims = self.claims(&request.get_ref().audience, (&service, ""), TokenKind::Service);
        let cnf = Some(Confirmation { jkt: None, x5t_s256: Some(thumbprint) });
        let access_token = self.sign(&AccessToken { cnf, tenant: None, ..claims });
        let expires_at = siegel_kernel::Timestamp::from_seconds(
            self.clock.now().as_seconds().saturating_add(LIFE),
        );
        let expires_at = Some(convert::timestamp(expires_at));
        Ok(Response::new(pb::IssueServiceTokenResponse { access_token, expires_at }))
    }

    async fn resolve_grant(
        &self,
        request: Request<pb::ResolveGrantRequest>,
    ) -> Result<Response<pb::ResolveGrantResponse>, Status> {
        let grant = &request.get_ref().grant_id;
        if self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains(grant) {
            return Err(refusal(Code::NotFound, "GRANT_UNKNOWN", "there is no such grant", []));
        }
        let programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, organisation)) = programs.get(grant) {
            let organisation_id = organisation.to_string();
            let represented = pb::GrantedRepresentation { organisation_id, ..Default::default() };
            return Ok(Response::new(pb::ResolveGrantResponse {
                system_user_id: id.clone(),
                acting_for: Some(represented),
                ..Default::default()
            }));
        }
        let account_id = grant.replace("gnt_", "acc_");
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
