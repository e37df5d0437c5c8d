//! Databases that are migrated once and copied for each test: migrating takes longer than most tests.

use std::collections::BTreeMap;
use std::path::Path;

use siegel_crypto::sha256_fields;
use siegel_db::{COMMON, Db, Migrations, Target};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::Mutex;

/// Tests that make the same template at once wait for each other, in this process or another.
const LOCK: i64 = 0x5349_4547_454c;

/// The file that a set of migrations makes.
static FILES: Mutex<BTreeMap<[u8; 32], Vec<u8>>> = Mutex::const_new(BTreeMap::new());
/// Templates that the server has.
static TEMPLATES: Mutex<Vec<String>> = Mutex::const_new(Vec::new());

/// Puts a migrated database into a file.
pub async fn sqlite(file: &Path, migrations: &Migrations) {
    let key = digest(&COMMON.sqlite, &migrations.sqlite);
    let mut files = FILES.lock().await;
    if let Some(made) = files.get(&key) {
        std::fs::write(file, made).unwrap();
        return;
    }
    let db = Db::open(&Target::Sqlite(file.to_owned())).await.unwrap();
    db.migrate(migrations).await.unwrap();
    // Closed, it is one whole file.
    db.close().await;
    files.insert(key, std::fs::read(file).unwrap());
}

/// Makes a migrated database of this name. The template stays at the server, for the next run.
pub async fn postgres(server: &str, name: &str, at: impl Fn(&str) -> Target, with: &Migrations) {
    let key = digest(&COMMON.postgres, &with.postgres);
    let template = format!("siegel_template_{:032x}", u128::from_be_bytes(first(key)));
    let mut admin = PgConnection::connect(server).await.unwrap();
    let mut templates = TEMPLATES.lock().await;
    if !templates.contains(&template) {
        make_template(&mut admin, &template, at, with).await;
        templates.push(template.clone());
    }
    drop(templates);
    run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    admin.close().await.unwrap();
}

async fn make_template(
    admin: &mut PgConnection,
    template: &str,
    at: impl Fn(&str) -> Target,
    migrations: &Migrations,
) {
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *admin).await.unwrap();
    let found = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(template);
    if found.fetch_optional(&mut *admin).await.unwrap().is_none() {
        // Under another name until it is whole.
        let making = format!("{template}_new");
        run(admin, format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)")).await;
        run(admin, format!("CREATE DATABASE {making}")).await;
        let db = Db::open(&at(&making)).await.unwrap();
        db.migrate(migrations).await.unwrap();
        db.close().await;
        run(admin, format!("ALTER DATABASE {making} RENAME TO {template}")).await;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(LOCK).execute(&mut *admin).await.unwrap();
}

async fn run(admin: &mut PgConnection, sql: String) {
    admin.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// What these migrations are.
fn digest(common: &Migrator, own: &Migrator) -> [u8; 32] {
    let all: Vec<&[u8]> = common.iter().chain(own.iter()).map(|one| &*one.checksum).collect();
    sha256_fields(&all)
}

fn first(digest: [u8; 32]) -> [u8; 16] {
    std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default())
}
