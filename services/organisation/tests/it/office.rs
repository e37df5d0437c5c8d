//! A running service, and what the tests say to it.

use std::sync::Arc;

use siegel_db::{Db, StoreError, on};
use siegel_grpc::testing::{Fakes, outside, serve};
use siegel_grpc::{Caller, Person, Running};
use siegel_kernel::{AccountId, Clock as _, GrantId, TrustLevel};
use siegel_organisation::{Config, MIGRATIONS, start};
use siegel_proto::organisation::v1::access_service_client::AccessServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::organisation::v1::{CreateOrganisationRequest, Organisation};
use siegel_testkit::{CountingEntropy, TestClock};
use tonic::transport::Channel;

pub use siegel_grpc::reason;

pub static TABLES: &siegel_db::Migrations = &MIGRATIONS;

pub struct Office {
    pub db: Db,
    pub clock: Arc<TestClock>,
    pub entropy: Arc<CountingEntropy>,
    running: Running,
}

impl Office {
    pub async fn open(db: Db) -> Self {
        let (clock, entropy) =
            (Arc::new(TestClock::default()), Arc::new(CountingEntropy::default()));
        let fakes = Fakes::new();
        let outside = outside("organisation", db.clone(), clock.clone(), entropy.clone(), &fakes);
        let running = start(Config::default(), outside).await.unwrap();
        Self { db, clock, entropy, running }
    }

    pub fn somebody(&self) -> AccountId {
        AccountId::new(self.clock.as_ref(), self.entropy.as_ref()).unwrap()
    }

    pub fn person(
        &self,
        account: AccountId,
        level: TrustLevel,
    ) -> OrganisationServiceClient<Channel> {
        let person = Person {
            account,
            client_id: "portal".into(),
            subject: "s".into(),
            level,
            authenticated_at: self.clock.now(),
            grant: GrantId::new(self.clock.as_ref(), self.entropy.as_ref()).unwrap(),
            session: None,
            scopes: vec!["organisation.read".into(), "organisation.write".into()],
            acting_for: None,
        };
        OrganisationServiceClient::new(serve(&self.running.grpc, Caller::Person(person)))
    }

    pub fn postbox(&self) -> AccessServiceClient<Channel> {
        let postbox = Caller::Sibling("postbox".into());
        AccessServiceClient::new(serve(&self.running.grpc, postbox))
    }

    /// The service as a sibling calls it.
    pub fn sibling(&self, name: &str) -> Channel {
        serve(&self.running.grpc, Caller::Sibling(name.to_owned()))
    }

    /// Waits until every event has its position.
    pub async fn settled(&self) {
        const SQL: &str = "SELECT COUNT(*) FROM events WHERE position IS NULL";
        while self.count(SQL).await > 0 {
            tokio::task::yield_now().await;
        }
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
