//! A running service, and what the tests say to it.

use std::path::Path;
use std::sync::Arc;

use siegel_db::{Db, StoreError, on};
use siegel_grpc::testing::{outside, serve};
use siegel_grpc::{Caller, GrpcServices, Person, Running};
use siegel_kernel::{AccountId, Clock as _, GrantId, TrustLevel};
use siegel_organisation::{Config, MIGRATIONS, start};
use siegel_proto::organisation::v1::access_event_service_client::AccessEventServiceClient;
use siegel_proto::organisation::v1::access_service_client::AccessServiceClient;
use siegel_proto::organisation::v1::mailbox_directory_service_client::MailboxDirectoryServiceClient;
use siegel_proto::organisation::v1::mandate_service_client::MandateServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::organisation::v1::own_party_service_client::OwnPartyServiceClient;
use siegel_proto::organisation::v1::register_fact_service_client::RegisterFactServiceClient;
use siegel_proto::organisation::v1::{CreateOrganisationRequest, Organisation};
use siegel_testkit::{CountingEntropy, TestClock};
use tonic::transport::Channel;

pub use siegel_grpc::reason;

use crate::around::Around;

pub static TABLES: &siegel_db::Migrations = &MIGRATIONS;

/// Two columns of bytes.
type Columns = (Option<Vec<u8>>, Option<Vec<u8>>);

pub struct Office {
    pub db: Db,
    pub clock: Arc<TestClock>,
    pub entropy: Arc<CountingEntropy>,
    pub around: Arc<Around>,
    running: Running,
    keys: tempfile::TempDir,
}

impl Office {
    pub async fn open(db: Db) -> Self {
        let (clock, entropy) =
            (Arc::new(TestClock::default()), Arc::new(CountingEntropy::default()));
        let keys = tempfile::tempdir().unwrap();
        let around = Around::new();
        std::fs::write(keys.path().join("authorities.pem"), around.authority.pem()).unwrap();
        let running = started(&db, (&clock, &entropy), &around, keys.path()).await;
        Self { db, clock, entropy, around, running, keys }
    }

    /// The same service once more, on the same database.
    pub async fn replica(&self) -> Running {
        started(&self.db, (&self.clock, &self.entropy), &self.around, self.keys.path()).await
    }

    /// A channel on which every call comes from this person.
    pub fn channel(&self, account: AccountId, level: TrustLevel) -> Channel {
        serve(&self.running.grpc, Caller::Person(self.token(account, level)))
    }

    /// Lets the service hear that an account was deleted, and waits until it has done its part.
    pub async fn gone(&self, account: AccountId) {
        self.around.deleted(account).await;
    }

    /// A channel on which every call comes from somebody else.
    pub fn channel_of(&self, caller: Caller) -> Channel {
        serve(&self.running.grpc, caller)
    }

    /// The services themselves, to be put behind a guard.
    pub fn services(&self) -> &GrpcServices {
        &self.running.grpc
    }

    /// The service as a sibling calls it.
    pub fn sibling(&self, name: &str) -> Channel {
        self.channel_of(Caller::Sibling(name.to_owned()))
    }

    pub fn somebody(&self) -> AccountId {
        AccountId::new(self.clock.as_ref(), self.entropy.as_ref()).unwrap()
    }

    pub fn person(
        &self,
        account: AccountId,
        level: TrustLevel,
    ) -> OrganisationServiceClient<Channel> {
        let person = self.token(account, level);
        OrganisationServiceClient::new(serve(&self.running.grpc, Caller::Person(person)))
    }

    fn token(&self, account: AccountId, level: TrustLevel) -> Person {
        Person {
            account,
            client_id: "portal".into(),
            subject: "s".into(),
            level,
            authenticated_at: self.clock.now(),
            grant: GrantId::new(self.clock.as_ref(), self.entropy.as_ref()).unwrap(),
            session: None,
            scopes: vec!["organisation.read".into(), "organisation.write".into()],
            acting_for: None,
        }
    }

    /// What a person says about mandates.
    pub fn mandates(&self, account: AccountId, level: TrustLevel) -> MandateServiceClient<Channel> {
        MandateServiceClient::new(self.channel(account, level))
    }

    /// For whom a person may act.
    pub fn parties(&self, account: AccountId) -> OwnPartyServiceClient<Channel> {
        OwnPartyServiceClient::new(self.channel(account, TrustLevel::Basic))
    }

    /// What an operator says about registers.
    pub fn registrar(&self) -> RegisterFactServiceClient<Channel> {
        let operator = Caller::Client {
            client_id: "registrar".into(),
            tenant: "musterstadt".into(),
            scopes: vec!["organisation.admin".into()],
            grant: "gnt_1".into(),
        };
        RegisterFactServiceClient::new(self.channel_of(operator))
    }

    pub fn changes(&self) -> AccessEventServiceClient<Channel> {
        let identity = Caller::Sibling("identity".into());
        AccessEventServiceClient::new(self.channel_of(identity))
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

    /// Kinds of the audit events that there are.
    pub async fn kinds(&self) -> Vec<String> {
        let mut tx = self.db.read().await.unwrap();
        siegel_db::audit::kinds(&mut tx).await.unwrap()
    }

    /// The code that the letter of a claim prints.
    pub async fn code_of(&self, claim: &str) -> String {
        let sql = "SELECT letter_sealed, code_mac FROM claims WHERE letter_sealed IS NOT NULL";
        let rows = async {
            let mut tx = self.db.read().await?;
            Ok::<Vec<(Vec<u8>, Vec<u8>)>, StoreError>(
                on!(&mut tx, c => sqlx::query_as(sql).fetch_all(c).await?),
            )
        };
        let file = self.keys.path().join("kek");
        let root = siegel_crypto::RootSecret::load(&file, false, self.entropy.as_ref()).unwrap();
        let key = root.key("organisation persons");
        let context = format!("letter/{claim}");
        let open = |sealed: &[u8]| siegel_crypto::open(&key, context.as_bytes(), sealed).ok();
        let rows = rows.await.unwrap();
        let letter = rows.iter().find_map(|(sealed, _)| open(sealed)).unwrap();
        let letter: serde_json::Value = serde_json::from_slice(&letter).unwrap();
        letter["code"].as_str().unwrap().to_owned()
    }

    /// Whether a text stands in these two columns of bytes, plain or in base64.
    pub async fn holds(&self, table: &str, columns: &str, needle: &str) -> bool {
        let sql = format!("SELECT {columns} FROM {table}");
        let rows = async {
            let sql = sqlx::AssertSqlSafe(sql);
            let mut tx = self.db.read().await?;
            Ok::<Vec<Columns>, StoreError>(
                on!(&mut tx, c => sqlx::query_as(sql).fetch_all(c).await?),
            )
        };
        let coded = siegel_crypto::b64::encode(needle);
        let needles = [needle.as_bytes(), coded.as_bytes()];
        let holds = |bytes: &[u8]| {
            needles.iter().any(|n| bytes.windows(n.len()).any(|window| window == *n))
        };
        let rows = rows.await.unwrap();
        rows.iter().flat_map(|(a, b)| [a, b]).flatten().any(|bytes| holds(bytes))
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let counted = async {
            let mut tx = self.db.read().await?;
            Ok::<i64, StoreError>(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
        };
        counted.await.unwrap()
    }
}

async fn started(
    db: &Db,
    (clock, entropy): (&Arc<TestClock>, &Arc<CountingEntropy>),
    around: &Arc<Around>,
    keys: &Path,
) -> Running {
    let fakes = around.fakes();
    let outside = outside("organisation", db.clone(), clock.clone(), entropy.clone(), &fakes);
    let config = Config {
        certificate_authorities_file: Some(keys.join("authorities.pem")),
        ..Config::new(keys.join("kek"))
    };
    start(config, outside).await.unwrap()
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
