//! A running service, and what the tests say to it.

use std::sync::Arc;

use siegel_db::{Db, StoreError, on};
use siegel_grpc::testing::{Fakes, outside, serve};
use siegel_grpc::{Caller, GrpcServices, Person, Running};
use siegel_kernel::{AccountId, Clock as _, GrantId, TrustLevel};
use siegel_organisation::{Config, MIGRATIONS, start};
use siegel_proto::identity::v1::deletion_service_server::DeletionServiceServer;
use siegel_proto::organisation::v1::access_event_service_client::AccessEventServiceClient;
use siegel_proto::organisation::v1::access_service_client::AccessServiceClient;
use siegel_proto::organisation::v1::mailbox_directory_service_client::MailboxDirectoryServiceClient;
use siegel_proto::organisation::v1::mandate_service_client::MandateServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::organisation::v1::register_fact_service_client::RegisterFactServiceClient;
use siegel_proto::organisation::v1::{CreateOrganisationRequest, Organisation};
use siegel_testkit::{CountingEntropy, TestClock};
use tonic::transport::Channel;

use crate::deletions::Deletions;

pub use siegel_grpc::reason;

pub static TABLES: &siegel_db::Migrations = &MIGRATIONS;

pub struct Office {
    pub db: Db,
    pub clock: Arc<TestClock>,
    pub entropy: Arc<CountingEntropy>,
    /// What identity tells of deleted accounts.
    pub deletions: Deletions,
    running: Running,
    _keys: tempfile::TempDir,
}

impl Office {
    pub async fn open(db: Db) -> Self {
        let (clock, entropy) =
            (Arc::new(TestClock::default()), Arc::new(CountingEntropy::default()));
        let deletions = Deletions::none();
        let feed = GrpcServices::new().add(DeletionServiceServer::new(deletions.clone()));
        let fakes = Fakes::new().with("organisation", "identity", &feed);
        let outside = outside("organisation", db.clone(), clock.clone(), entropy.clone(), &fakes);
        let keys = tempfile::tempdir().unwrap();
        let config = Config { key_encryption_key_file: Some(keys.path().join("organisation-kek")) };
        let running = start(config, outside).await.unwrap();
        Self { db, clock, entropy, deletions, running, _keys: keys }
    }

    pub fn somebody(&self) -> AccountId {
        AccountId::new(self.clock.as_ref(), self.entropy.as_ref()).unwrap()
    }

    pub fn person(
        &self,
        account: AccountId,
        level: TrustLevel,
    ) -> OrganisationServiceClient<Channel> {
        OrganisationServiceClient::new(self.channel_of(account, level))
    }

    /// What a person says about mandates.
    pub fn mandates(&self, account: AccountId, level: TrustLevel) -> MandateServiceClient<Channel> {
        MandateServiceClient::new(self.channel_of(account, level))
    }

    /// What an operator says about registers.
    pub fn registrar(&self) -> RegisterFactServiceClient<Channel> {
        let operator = Caller::Client {
            client_id: "registrar".into(),
            tenant: "musterstadt".into(),
            scopes: vec!["organisation.admin".into()],
            grant: "gnt_1".into(),
        };
        RegisterFactServiceClient::new(serve(&self.running.grpc, operator))
    }

    pub fn changes(&self) -> AccessEventServiceClient<Channel> {
        let identity = Caller::Sibling("identity".into());
        AccessEventServiceClient::new(serve(&self.running.grpc, identity))
    }

    pub fn channel_of(&self, account: AccountId, level: TrustLevel) -> Channel {
        let person = Person {
            account,
            client_id: "portal".into(),
            subject: "s".into(),
            level,
            authenticated_at: self.clock.now(),
            grant: GrantId::new(self.clock.as_ref(), self.entropy.as_ref()).unwrap(),
            session: None,
            scopes: vec!["organisation.read".into(), "organisation.write".into()],
        };
        serve(&self.running.grpc, Caller::Person(person))
    }

    /// Makes somebody a member, as an accepted invitation does.
    pub async fn join(&self, organisation: &str, account: AccountId, role: i32) -> String {
        let random = self.somebody().to_string().replace("acc_", "");
        let (organisation, account) = (self.hex(organisation), self.hex(&account.to_string()));
        let sql = format!(
            "INSERT INTO memberships (id, organisation_id, account_id, role, began_at_us) \
             VALUES ({}, {organisation}, {account}, {role}, 1)",
            self.hex(&format!("mem_{random}")),
        );
        self.run(sql).await;
        format!("mem_{random}")
    }

    /// Ends a membership without a word to anybody.
    pub async fn leave(&self, organisation: &str, account: AccountId) {
        let (organisation, account) = (self.hex(organisation), self.hex(&account.to_string()));
        let sql = format!(
            "UPDATE memberships SET ended_at_us = 2 WHERE organisation_id = {organisation} \
             AND account_id = {account} AND ended_at_us IS NULL"
        );
        self.run(sql).await;
    }

    /// An id as the database writes it.
    pub fn hex(&self, id: &str) -> String {
        let hex = id.split_once('_').unwrap().1;
        match self.db {
            Db::Sqlite { .. } => format!("x'{hex}'"),
            Db::Postgres(_) => format!("'{hex}'::uuid"),
        }
    }

    pub fn postbox(&self) -> AccessServiceClient<Channel> {
        let postbox = Caller::Sibling("postbox".into());
        AccessServiceClient::new(serve(&self.running.grpc, postbox))
    }

    pub fn directory(&self) -> MailboxDirectoryServiceClient<Channel> {
        let postbox = Caller::Sibling("postbox".into());
        MailboxDirectoryServiceClient::new(serve(&self.running.grpc, postbox))
    }

    /// An organisation of this owner.
    pub async fn founded(&self, owner: AccountId, name: &str) -> Organisation {
        let mut person = self.person(owner, TrustLevel::Substantial);
        let created = person.create_organisation(founding(name, name)).await.unwrap();
        created.into_inner().organisation.unwrap()
    }

    pub async fn run(&self, sql: String) -> u64 {
        let run = async {
            let sql = sqlx::AssertSqlSafe(sql);
            let mut tx = self.db.begin().await?;
            let rows = on!(&mut tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
            tx.commit().await?;
            Ok::<u64, StoreError>(rows)
        };
        run.await.unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let counted = async {
            let mut tx = self.db.read().await?;
            Ok::<i64, StoreError>(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
        };
        counted.await.unwrap()
    }
}

pub fn founding(request_id: &str, name: &str) -> CreateOrganisationRequest {
    CreateOrganisationRequest {
        request_id: request_id.into(),
        name: name.into(),
        legal_form: "GmbH".into(),
        register_kind: "HRB".into(),
        register_court: "Schwerin".into(),
        register_number: "1234B".into(),
    }
}
