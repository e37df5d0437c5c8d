//! What tests share: a clock that is moved, entropy that counts, databases of both kinds.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests fail by panicking")]

mod clock;
mod crates;
mod database;
mod entropy;
mod server;
mod template;

pub use clock::TestClock;
pub use crates::{assert_domain_is_pure, assert_same_schema};
pub use database::{TestDb, postgres_url, test_db};
pub use entropy::CountingEntropy;
pub use server::server;

#[doc(hidden)]
pub use tokio;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Runs async tests on SQLite and on PostgreSQL, each on a fresh, migrated database:
/// `on_each_backend! { &MIGRATIONS => an_owner_has_one_mailbox, another_claim }` where each name is
/// an `async fn(db: siegel_db::Db)`.
///
/// PostgreSQL is found by `SIEGEL_TEST_POSTGRES` (a URL whose role may create databases). With
/// `CI` set it must be there; otherwise the test says that it skipped.
#[macro_export]
macro_rules! on_each_backend {
    ($migrations:expr => $($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $name() {
                $crate::run($crate::Backend::Sqlite, $migrations, super::$name);
            })+
        }
        mod on_postgres {
            $(#[test]
            fn $name() {
                $crate::run($crate::Backend::Postgres, $migrations, super::$name);
            })+
        }
    };
}

/// Runs one test body on one backend; see [`on_each_backend!`].
pub fn run<F, Fut>(backend: Backend, migrations: &siegel_db::Migrations, body: F)
where
    F: FnOnce(siegel_db::Db) -> Fut,
    Fut: Future<Output = ()>,
{
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let Some(test) = test_db(backend, migrations).await else { return };
        body(test.db.clone()).await;
        test.drop_database().await;
    });
}
