//! A running service, and what the tests say to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use siegel_account::{Config, DocumentsConfig, Imports, MIGRATIONS, ObjectStoreConfig, start};
use siegel_db::{Db, StoreError, on};
use siegel_grpc::testing::{Fakes, outside, serve};
use siegel_grpc::{Caller, GrpcServices, Outside, Person, Running};
use siegel_kernel::{AccountId, Clock as _, Entropy as _, GrantId, TrustLevel};
use siegel_proto::account::v1::account_merge_service_client::AccountMergeServiceClient;
use siegel_proto::account::v1::account_registry_service_client::AccountRegistryServiceClient;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::account::v1::document_service_client::DocumentServiceClient;
use siegel_proto::account::v1::export_service_client::ExportServiceClient;
use siegel_proto::account::v1::identification_change_service_client::IdentificationChangeServiceClient;
use siegel_proto::account::v1::offer_service_client::OfferServiceClient;
use siegel_proto::account::v1::privacy_service_client::PrivacyServiceClient;
use siegel_proto::account::v1::{
    Attribute, OpenAccountRequest, RecordConsentRequest, RecordIdentificationRequest,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::identity::v1::client_access_service_server::{
    ClientAccessService, ClientAccessServiceServer,
};
use siegel_proto::identity::v1::deletion_service_server::DeletionServiceServer;
use siegel_proto::identity::v1::{EndClientAccessRequest, EndClientAccessResponse};
use siegel_proto::notification::v1 as note;
use siegel_proto::notification::v1::notification_service_server::{
    NotificationService, NotificationServiceServer,
};
use siegel_testkit::{CountingEntropy, TestClock};
use tokio::sync::watch;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::whole::Deletions;

pub struct Office {
    pub db: Db,
    pub clock: Arc<TestClock>,
    pub entropy: Arc<CountingEntropy>,
    pub contacts: Contacts,
    pub identity: Withdrawals,
    pub deletions: Deletions,
    pub registry: AccountRegistryServiceClient<Channel>,
    running: Running,
    again: (Config, Outside),
    pub dir: tempfile::TempDir,
}

/// Bytes that one account may keep in these tests, and those of one document.
pub const QUOTA: i64 = 300_000;
/// Of it, for letters of the tenant `musterstadt`.
pub const QUOTA_OF_MUSTERSTADT: i64 = 60_000;
pub const LARGEST: i64 = 200_000;

impl Office {
    pub async fn open(db: Db) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, entropy) =
            (Arc::new(TestClock::default()), Arc::new(CountingEntropy::default()));
        let contacts = Contacts::default();
        let notification =
            GrpcServices::new().add(NotificationServiceServer::new(contacts.clone()));
        let withdrawals = Withdrawals::default();
        let ends = GrpcServices::new().add(ClientAccessServiceServer::new(withdrawals.clone()));
        let deletions = Deletions::default();
        let ends = ends.add(DeletionServiceServer::new(deletions.clone()));
        let fakes = Fakes::new()
            .with("account", "notification", &notification)
            .with("account", "identity", &ends);
        let outside = outside("account", db.clone(), clock.clone(), entropy.clone(), &fakes);
        let objects = ObjectStoreConfig::Files { dir: dir.path().join("objects") };
        let config = Config {
            object_store: Some(objects),
            documents: DocumentsConfig {
                quota_bytes: QUOTA,
                quota_bytes_of_tenant: [("musterstadt".to_owned(), QUOTA_OF_MUSTERSTADT)].into(),
                document_bytes: LARGEST,
                ..DocumentsConfig::default()
            },
            operator_tenant: Some("land".into()),
            ..Config::new(dir.path().join("kek"))
        };
        let again = (config.clone(), outside.clone());
        let running = start(config, outside).await.unwrap();
        let identity = Caller::Sibling("identity".into());
        let registry = AccountRegistryServiceClient::new(serve(&running.grpc, identity));
        let identity = withdrawals;
        Self { db, clock, entropy, contacts, identity, deletions, registry, running, again, dir }
    }

    /// Ends the service and starts it anew on what it left.
    pub async fn restart(&mut self) {
        let (config, outside) = self.again.clone();
        self.running = start(config, outside).await.unwrap();
    }

    /// An open account for this address.
    pub async fn account(&mut self, email: &str) -> AccountId {
        let id = AccountId::new(self.clock.as_ref(), self.entropy.as_ref()).unwrap();
        self.registry.open_account(opening(id, email)).await.unwrap();
        id
    }

    /// The service as this person at level basic reaches it.
    pub fn person(&self, account: AccountId) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel(account))
    }

    pub fn changes(&self, account: AccountId) -> IdentificationChangeServiceClient<Channel> {
        IdentificationChangeServiceClient::new(self.channel(account))
    }

    pub fn privacy(&self, account: AccountId) -> PrivacyServiceClient<Channel> {
        PrivacyServiceClient::new(self.channel(account))
    }

    pub fn exports(&self, account: AccountId) -> ExportServiceClient<Channel> {
        ExportServiceClient::new(self.channel(account))
    }

    pub fn safe(&self, account: AccountId) -> DocumentServiceClient<Channel> {
        DocumentServiceClient::new(self.channel(account))
    }

    /// The service as a client of a tenant reaches it, for itself.
    pub fn client(&self, tenant: &str, client_id: &str) -> Channel {
        let caller = Caller::Client {
            client_id: client_id.into(),
            tenant: tenant.into(),
            scopes: vec!["account.support".into(), "account.documents".into()],
            grant: "g".into(),
        };
        serve(&self.running.grpc, caller)
    }

    /// The service as the postbox reaches it.
    pub fn postbox(&self) -> Channel {
        serve(&self.running.grpc, Caller::Sibling("postbox".into()))
    }

    /// Accounts of closed systems, as this person reaches them at a level.
    pub fn offers(&self, account: AccountId, level: TrustLevel) -> OfferServiceClient<Channel> {
        OfferServiceClient::new(self.channel_at(account, level))
    }

    /// As identity merges accounts.
    pub fn merges(&self) -> AccountMergeServiceClient<Channel> {
        let identity = Caller::Sibling("identity".into());
        AccountMergeServiceClient::new(serve(&self.running.grpc, identity))
    }

    /// What `siegel admin import` works with, beside the service.
    pub fn imports(&self) -> Imports {
        let (config, outside) = &self.again;
        Imports::open(config, outside).unwrap()
    }

    fn channel(&self, account: AccountId) -> Channel {
        self.channel_at(account, TrustLevel::Basic)
    }

    fn channel_at(&self, account: AccountId, level: TrustLevel) -> Channel {
        let person = Person {
            account,
            client_id: "portal".into(),
            subject: "s".into(),
            level,
            authenticated_at: self.clock.now(),
            grant: GrantId::new(self.clock.as_ref(), self.entropy.as_ref()).unwrap(),
            session: None,
            scopes: vec!["account.read".into(), "account.write".into()],
            acting_for: None,
        };
        serve(&self.running.grpc, Caller::Person(person))
    }

    /// A card reading with these attributes, at level high.
    pub async fn card(&mut self, account: AccountId, attributes: &[(&str, &str)]) {
        let request = RecordIdentificationRequest {
            request_id: self.fresh(),
            account_id: account.to_string(),
            attributes: attributes.iter().map(|(n, v)| from_card(n, v)).collect(),
        };
        self.registry.record_identification(request).await.unwrap();
    }

    pub async fn consent(&mut self, account: AccountId, client: &str, names: &[&str]) -> String {
        self.choose(account, client, names, &[]).await
    }

    /// A consent to these and not to those.
    pub async fn choose(
        &mut self,
        account: AccountId,
        client: &str,
        names: &[&str],
        declined: &[&str],
    ) -> String {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        let request = RecordConsentRequest {
            request_id: self.fresh(),
            account_id: account.to_string(),
            client_id: client.into(),
            client_name: "Bürgerportal".into(),
            attributes: owned(names),
            purpose: "Antrag".into(),
            declined: owned(declined),
            ..RecordConsentRequest::default()
        };
        self.registry.record_consent(request).await.unwrap().into_inner().consent_id
    }

    /// Moves the clock past the wait of a failed job, once it has been put back.
    pub async fn advance_until_retried(&self, attempts: usize) {
        let back = "SELECT COUNT(*) FROM outbox WHERE claimed_until_us = 0";
        while self.contacts.calls.borrow().len() == attempts {
            if self.count(back).await == 1 {
                self.clock.advance(Duration::from_mins(1));
            }
            tokio::task::yield_now().await;
        }
    }

    /// The services themselves, to be put behind a guard.
    pub fn services(&self) -> &GrpcServices {
        &self.running.grpc
    }

    /// Waits until all orders have gone out, and every event has its number.
    pub async fn until_quiet(&self) {
        siegel_walk::until_quiet(&self.db).await;
    }

    pub fn fresh(&self) -> String {
        siegel_crypto::b64::encode(self.entropy.bytes::<12>().unwrap())
    }

    /// A number from the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let counted = async {
            let mut tx = self.db.read().await?;
            Ok::<i64, StoreError>(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
        };
        counted.await.unwrap()
    }

    /// What the deletion of an account does first.
    pub async fn forget_key(&self, account: AccountId) {
        const SQL: &str = "UPDATE accounts SET data_key = NULL WHERE id = $1";
        let forget = async {
            let mut tx = self.db.begin().await?;
            on!(&mut tx, c => sqlx::query(SQL).bind(account).execute(c).await?.rows_affected());
            tx.commit().await
        };
        forget.await.unwrap();
    }

    /// Audit kinds and outcomes so far, in order.
    pub async fn audit(&self) -> Vec<(String, String)> {
        const SQL: &str = "SELECT kind, outcome FROM audit ORDER BY id";
        let read = async {
            let mut tx = self.db.read().await?;
            Ok::<_, StoreError>(on!(&mut tx, c => sqlx::query_as(SQL).fetch_all(c).await?))
        };
        read.await.unwrap()
    }
}

pub fn opening(account: AccountId, email: &str) -> OpenAccountRequest {
    OpenAccountRequest {
        request_id: format!("open-{}", siegel_grpc::audit_name(account)),
        account_id: account.to_string(),
        email: email.into(),
        locale: "de".into(),
    }
}

pub fn from_card(name: &str, value: &str) -> Attribute {
    Attribute {
        name: name.into(),
        value: value.into(),
        source: AttributeSource::Eid.into(),
        level: 4,
        ..Attribute::default()
    }
}

pub use siegel_grpc::reason;

pub static TABLES: &siegel_db::Migrations = &MIGRATIONS;

/// What identity was told about consents that were taken back.
#[derive(Clone)]
pub struct Withdrawals(Arc<watch::Sender<Vec<EndClientAccessRequest>>>);

impl Default for Withdrawals {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }
}

impl Withdrawals {
    /// Waits until so many orders have arrived.
    pub async fn wait_for(&self, count: usize) -> Vec<EndClientAccessRequest> {
        let mut orders = self.0.subscribe();
        let waiting = orders.wait_for(|seen| seen.len() >= count);
        let seen = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
        seen.unwrap().clone()
    }
}

#[tonic::async_trait]
impl ClientAccessService for Withdrawals {
    async fn end_client_access(
        &self,
        request: Request<EndClientAccessRequest>,
    ) -> Result<Response<EndClientAccessResponse>, Status> {
        self.0.send_modify(|seen| seen.push(request.into_inner()));
        Ok(Response::new(EndClientAccessResponse {}))
    }
}

/// What notification was told; the first `failures` orders are turned away.
#[derive(Clone)]
pub struct Contacts {
    calls: Arc<watch::Sender<Vec<note::SetContactRequest>>>,
    notices: Arc<watch::Sender<Vec<note::NotifyRequest>>>,
    pub failures: Arc<AtomicUsize>,
}

impl Default for Contacts {
    fn default() -> Self {
        let calls = Arc::new(watch::Sender::new(Vec::new()));
        let notices = Arc::new(watch::Sender::new(Vec::new()));
        Self { calls, notices, failures: Arc::default() }
    }
}

impl Contacts {
    /// Waits until so many orders have arrived, turned away or not.
    pub async fn wait_for(&self, count: usize) -> Vec<note::SetContactRequest> {
        let mut calls = self.calls.subscribe();
        let waiting = calls.wait_for(|seen| seen.len() >= count);
        let seen = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
        seen.unwrap().clone()
    }

    /// Waits until so many notices were ordered.
    pub async fn notices(&self, count: usize) -> Vec<note::NotifyRequest> {
        let mut notices = self.notices.subscribe();
        let waiting = notices.wait_for(|seen| seen.len() >= count);
        let seen = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
        seen.unwrap().clone()
    }
}

#[tonic::async_trait]
impl NotificationService for Contacts {
    async fn set_contact(
        &self,
        request: Request<note::SetContactRequest>,
    ) -> Result<Response<note::SetContactResponse>, Status> {
        let mut attempt = 0;
        self.calls.send_modify(|seen| {
            seen.push(request.into_inner());
            attempt = seen.len();
        });
        if attempt <= self.failures.load(Ordering::SeqCst) {
            return Err(Status::unavailable("down"));
        }
        Ok(Response::new(note::SetContactResponse {}))
    }

    async fn send_code(
        &self,
        _: Request<note::SendCodeRequest>,
    ) -> Result<Response<note::SendCodeResponse>, Status> {
        Err(Status::unimplemented("not asked here"))
    }

    async fn notify(
        &self,
        request: Request<note::NotifyRequest>,
    ) -> Result<Response<note::NotifyResponse>, Status> {
        self.notices.send_modify(|seen| seen.push(request.into_inner()));
        Ok(Response::new(note::NotifyResponse::default()))
    }

    async fn get_notification(
        &self,
        _: Request<note::GetNotificationRequest>,
    ) -> Result<Response<note::GetNotificationResponse>, Status> {
        Err(Status::unimplemented("not asked here"))
    }
}
