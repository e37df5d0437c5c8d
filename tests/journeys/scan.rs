//! Searching everything a suite keeps for what may not be there.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use siegel_db::{Db, on};
use siegel_kernel::AccountId;
use uuid::Uuid;

use crate::world::World;

const SERVICES: [&str; 7] =
    ["identity", "account", "organisation", "postbox", "eid", "notification", "portal"];

/// What must not be found, in every form it could be written in.
#[derive(Default)]
pub struct Planted {
    /// Name and form, by how the form begins: files are read once for all of them.
    needles: HashMap<[u8; START], Vec<(String, Vec<u8>)>>,
}

const START: usize = 4;

impl Planted {
    /// Plants a word; gives it back.
    pub fn word(&mut self, word: &str) -> String {
        self.bytes(word, word.as_bytes());
        word.to_owned()
    }

    /// The id of the account, and what is told apart by it.
    pub fn account(&mut self, account: AccountId) {
        self.id("the account's id", account.as_uuid());
    }

    /// Any other id.
    pub fn id(&mut self, name: &str, id: Uuid) {
        self.bytes(name, id.as_bytes());
        self.plain(name, id.hyphenated().to_string().into_bytes());
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        self.plain(name, bytes.to_vec());
        self.plain(name, hex.to_uppercase().into_bytes());
        self.plain(name, hex.into_bytes());
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            self.plain(name, engine.encode(bytes).into_bytes());
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            let json = serde_json::to_string(text).unwrap_or_default();
            self.plain(name, json.trim_matches('"').as_bytes().to_vec());
        }
    }

    fn plain(&mut self, name: &str, form: Vec<u8>) {
        assert!(form.len() >= START, "{name} is too short to be searched for");
        let start = form.first_chunk().copied().unwrap_or_default();
        self.needles.entry(start).or_default().push((name.to_owned(), form));
    }

    fn in_bytes<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = &'a str> {
        let starts = (0..bytes.len()).filter_map(move |at| bytes.get(at..));
        let here = starts.filter_map(|rest| Some((rest, self.needles.get(rest.first_chunk()?)?)));
        let found =
            here.flat_map(|(rest, all)| all.iter().filter(move |(_, n)| rest.starts_with(n)));
        found.map(|(name, _)| name.as_str())
    }
}

/// Where something planted is: tables, objects, the program's log, files of databases with what is
/// free in them.
pub async fn everywhere(world: &World, planted: &Planted) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for service in SERVICES {
        let db = Db::open(&world.suite.database(service)?).await?;
        for column in siegel_db::columns(&db).await? {
            let place = format!("{service}.{}.{}", column.table_name, column.column_name);
            for value in values(&db, &column.table_name, &column.column_name).await? {
                found.extend(planted.in_bytes(&value).map(|name| format!("{name} in {place}")));
            }
        }
        if let Db::Sqlite { write, .. } = &db {
            written_back(write).await?;
        }
        db.close().await;
    }
    let databases = world.suite.data().join("db");
    if databases.exists() {
        files(&databases, planted, &mut found)?;
    }
    files(&world.suite.data().join("objects"), planted, &mut found)?;
    let log = std::fs::read(world.suite.log())?;
    found.extend(planted.in_bytes(&log).map(|name| format!("{name} in the log")));
    found.sort();
    found.dedup();
    Ok(found)
}

/// Empties the log of a database into its file.
async fn written_back(write: &sqlx::SqlitePool) -> anyhow::Result<()> {
    for _ in 0..200 {
        let (busy, _, _): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(write).await?;
        if busy == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the log of a database is never written back")
}

/// Every value of a column, as bytes.
async fn values(db: &Db, table: &str, column: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    const TYPE: &str = "SELECT data_type::text FROM information_schema.columns \
        WHERE table_schema = current_schema() AND table_name = $1 AND column_name = $2";
    let mut tx = db.read().await?;
    let read = match &mut tx {
        siegel_db::Tx::Sqlite(_) => format!("CAST({column} AS BLOB)"),
        siegel_db::Tx::Postgres(tx) => {
            let kind: String =
                sqlx::query_scalar(TYPE).bind(table).bind(column).fetch_one(&mut **tx).await?;
            match kind.as_str() {
                "bytea" => column.to_owned(),
                _ => format!("convert_to({column}::text, 'UTF8')"),
            }
        }
    };
    let sql = format!("SELECT {read} FROM {table} WHERE {column} IS NOT NULL");
    let sql = sqlx::AssertSqlSafe(sql);
    Ok(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await?))
}

/// Names and contents of the files below a directory.
fn files(dir: &Path, planted: &Planted, found: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.display().to_string();
        found.extend(planted.in_bytes(name.as_bytes()).map(|n| format!("{n} in the name {name}")));
        if path.is_dir() {
            files(&path, planted, found)?;
        } else {
            let content = std::fs::read(&path)?;
            found.extend(planted.in_bytes(&content).map(|n| format!("{n} in {name}")));
        }
    }
    Ok(())
}
