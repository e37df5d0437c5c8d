use std::sync::atomic::{AtomicU32, Ordering};

use siegel_db::{Db, Migrations, Target};
use sqlx::Executor as _;

use crate::{Backend, template};

/// A fresh, migrated database; files go with it.
pub struct TestDb {
    pub db: Db,
    pub target: Target,
    _dir: Option<tempfile::TempDir>,
    admin: Option<(String, String)>,
}

/// The PostgreSQL server for tests, `None` when there is none; with `CI` set that is a failure.
pub fn postgres_url() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the test runner speaks through the environment")]
    let (url, ci) = (std::env::var("SIEGEL_TEST_POSTGRES").ok(), std::env::var("CI").is_ok());
    if url.is_none() {
        assert!(!ci, "SIEGEL_TEST_POSTGRES is not set: ./tests/run starts a server and sets it");
    }
    url
}

/// Makes a database of this kind; `None` (and a word about it) when there is no PostgreSQL.
pub async fn test_db(backend: Backend, migrations: &Migrations) -> Option<TestDb> {
    Some(match backend {
        Backend::Sqlite => sqlite(migrations).await,
        Backend::Postgres => {
            let Some(url) = postgres_url() else {
                eprintln!("skipped: SIEGEL_TEST_POSTGRES is not set (./tests/run sets it)");
                return None;
            };
            postgres(&url, migrations).await
        }
    })
}

async fn sqlite(migrations: &Migrations) -> TestDb {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("test.sqlite");
    template::sqlite(&file, migrations).await;
    let target = Target::Sqlite(file);
    TestDb { db: Db::open(&target).await.unwrap(), target, _dir: Some(dir), admin: None }
}

async fn postgres(url: &str, migrations: &Migrations) -> TestDb {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let at = |name: &str| {
        let url = with_database(url, name);
        Target::Postgres { url, schema: Some("own".into()) }
    };
    template::postgres(url, &name, at, migrations).await;
    let target = at(&name);
    let db = Db::open(&target).await.unwrap();
    TestDb { db, target, _dir: None, admin: Some((url.to_owned(), name)) }
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let server = match base.char_indices().filter(|(_, c)| *c == '/').nth(2) {
        Some((slash, _)) => base.get(..slash).unwrap_or(base),
        None => base,
    };
    if query.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{query}") }
}

impl TestDb {
    /// Closes the connections and drops what was made for this test.
    pub async fn drop_database(self) {
        self.db.close().await;
        if let Some((url, name)) = self.admin {
            let admin = sqlx::PgPool::connect(&url).await.unwrap();
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            admin.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
            admin.close().await;
        }
    }
}
