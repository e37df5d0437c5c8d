use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::Db;

/// A connection idle for this long is asked for a sign of life before it is used. In a busy pool
/// the question would cost a round trip per transaction and learn nothing.
const RESTED: Duration = Duration::from_secs(1);

/// Opening a database failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("the database URL is neither sqlite:FILE nor postgres://…")]
    BadUrl,
    #[error("cannot open the database {0}")]
    Open(String, #[source] sqlx::Error),
    #[error("cannot migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the schema name {0:?} may hold only a-z, 0-9 and _")]
    BadSchema(String),
}

/// Where the database of one service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Sqlite(PathBuf),
    /// `schema` becomes the connection's `search_path`; `None` leaves it to the login role.
    Postgres {
        url: String,
        schema: Option<String>,
    },
}

impl FromStr for Target {
    type Err = DbError;

    /// `sqlite:FILE` or `postgres://…`.
    fn from_str(url: &str) -> Result<Self, DbError> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(file.trim_start_matches("//").into()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres { url: url.to_owned(), schema: None });
        }
        Err(DbError::BadUrl)
    }
}

impl Target {
    /// The same server, in this schema; no effect on SQLite.
    #[must_use]
    pub fn in_schema(self, name: &str) -> Self {
        match self {
            Self::Postgres { url, .. } => Self::Postgres { url, schema: Some(name.to_owned()) },
            file @ Self::Sqlite(_) => file,
        }
    }
}

impl Db {
    /// Opens the database, creating the SQLite file or the PostgreSQL schema when it is missing.
    pub async fn open(target: &Target) -> Result<Self, DbError> {
        match target {
            Target::Sqlite(file) => open_sqlite(file).await,
            Target::Postgres { url, schema } => open_postgres(url, schema.as_deref()).await,
        }
    }
}

async fn open_sqlite(file: &Path) -> Result<Db, DbError> {
    // FULL: a receipt that was handed out survives a power cut, not only a crash.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is deleted is overwritten: a key that was destroyed must not lie in a free page.
        .pragma("secure_delete", "on")
        .busy_timeout(Duration::from_secs(10));
    let failed = |e| DbError::Open(file.display().to_string(), e);
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        // A full disk makes SQLite itself roll back, which the driver does not learn: such a
        // connection would refuse every transaction from then on, and it is the only one.
        .before_acquire(|conn, _| Box::pin(async move { Ok(!conn.is_in_transaction()) }))
        .connect_with(options.clone())
        .await
        .map_err(failed)?;
    let read = SqlitePoolOptions::new()
        .max_connections(4)
        .min_connections(0)
        .connect_lazy_with(options.pragma("query_only", "on"));
    Ok(Db::Sqlite { write, read })
}

async fn open_postgres(url: &str, schema: Option<&str>) -> Result<Db, DbError> {
    let mut options = PgConnectOptions::from_str(url).map_err(|_| DbError::BadUrl)?;
    let shown = format!("at {}:{}", options.get_host(), options.get_port());
    let failed = |e| DbError::Open(shown.clone(), e);
    if let Some(schema) = schema {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if schema.is_empty() || !schema.bytes().all(plain) {
            return Err(DbError::BadSchema(schema.to_owned()));
        }
        options = options.options([("search_path", schema)]);
    }
    // One plain connection first: a pool would keep trying to reach a server that is not there.
    let first = options.connect().await.map_err(failed)?;
    let _ = first.close().await;
    let pool = PgPoolOptions::new()
        .max_connections(10)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(failed)?;
    if let Some(schema) = schema {
        // The name was checked above; identifiers cannot be bound.
        let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        pool.execute(create).await.map_err(failed)?;
    }
    Ok(Db::Postgres(pool))
}
