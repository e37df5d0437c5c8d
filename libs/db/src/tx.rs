use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Database, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use crate::rows::Gathered;

/// A statement failed, or the database is out of reach.
#[derive(Debug, thiserror::Error)]
#[error("the database refused a statement")]
pub struct StoreError(#[from] pub sqlx::Error);

impl StoreError {
    /// A stored value that no longer parses: the row was written by something else.
    pub fn corrupt(what: &'static str) -> Self {
        Self(sqlx::Error::Decode(what.into()))
    }

    pub(crate) fn refused(table: &'static str) -> Self {
        Self(sqlx::Error::Decode(Box::new(Refused(table))))
    }

    /// The table whose rule ([`crate::rows::Rule`]) a row broke, if that is what happened.
    pub fn refused_by(&self) -> Option<&'static str> {
        match &self.0 {
            sqlx::Error::Decode(cause) => cause.downcast_ref::<Refused>().map(|r| r.0),
            _ => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a row may not stand in the table {0}")]
struct Refused(&'static str);

/// The database of one service. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    /// One writer, many readers; writers queue in the program instead of failing in the file.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// One unit of work; dropped without `commit`, it never happened.
pub enum Tx {
    Sqlite(Unit<Sqlite>),
    Postgres(Unit<Postgres>),
}

/// The connection of one unit of work.
pub enum Unit<B: Database> {
    Whole(Transaction<'static, B>),
    /// A transaction that adds its rows when it ends: only [`Tx::gathering`] makes it.
    Gathering(Transaction<'static, B>, Gathered),
    /// Each statement for itself: only [`Db::glance`] and [`Db::singly`] make it.
    Single(PoolConnection<B>),
}

impl<B: Database> Deref for Unit<B> {
    type Target = B::Connection;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Whole(tx) | Self::Gathering(tx, _) => tx,
            Self::Single(connection) => connection,
        }
    }
}

impl<B: Database> DerefMut for Unit<B> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Whole(tx) | Self::Gathering(tx, _) => tx,
            Self::Single(connection) => connection,
        }
    }
}

impl<B: Database> Unit<B> {
    async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Whole(tx) | Self::Gathering(tx, _) => tx.commit().await,
            Self::Single(_) => Ok(()),
        }
    }

    pub(crate) fn gathering(self) -> Self {
        match self {
            Self::Whole(tx) => Self::Gathering(tx, Gathered::default()),
            Self::Gathering(..) | Self::Single(_) => self,
        }
    }
}

impl Db {
    /// Begins a transaction that may write. On SQLite it takes the write lock at once
    /// (`BEGIN IMMEDIATE`), so that it never fails half-way with "database is locked".
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => {
                Tx::Sqlite(Unit::Whole(write.begin_with("BEGIN IMMEDIATE").await?))
            }
            Self::Postgres(pool) => Tx::Postgres(Unit::Whole(begin_whole(pool, "BEGIN").await?)),
        })
    }

    /// Begins a transaction that only reads, from one snapshot.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(Unit::Whole(read.begin().await?)),
            Self::Postgres(pool) => Tx::Postgres(Unit::Whole(
                begin_whole(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
            )),
        })
    }

    /// For reads of single statements that need no common snapshot: saves the round trips of a
    /// transaction. Each statement sees what is committed when it runs; nothing may be written.
    pub async fn glance(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(Unit::Single(read.acquire().await?)),
            Self::Postgres(pool) => Tx::Postgres(Unit::Single(pool.acquire().await?)),
        })
    }

    /// For writes of one statement each: every statement is committed when it is done.
    pub async fn singly(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(Unit::Single(write.acquire().await?)),
            Self::Postgres(pool) => Tx::Postgres(Unit::Single(pool.acquire().await?)),
        })
    }

    /// Answers when the database does.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut tx = self.glance().await?;
        crate::on!(&mut tx, c => sqlx::query("SELECT 1").execute(c).await?.rows_affected());
        Ok(())
    }

    /// Closes all connections; SQLite then folds its write-ahead log back.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Begins on a task of its own. A call that is dropped between `BEGIN` and its answer (its client
/// went away) would leave the connection inside the transaction, and the pool hand it on like
/// that: the next writer would find itself in a transaction that only reads.
async fn begin_whole(
    pool: &PgPool,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>, StoreError> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(statement).await }).await;
    Ok(begun.map_err(|_| sqlx::Error::WorkerCrashed)??)
}

impl Tx {
    /// Makes everything done in this transaction durable.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.write_rows().await?;
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Runs one expression against whichever database the transaction is on:
/// `on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected())`.
/// `tx` is a `&mut Tx`; inside, `c` is the connection. Same SQL text, same types on both.
#[macro_export]
macro_rules! on {
    ($tx:expr, $conn:ident => $query:expr) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $query
            }
            $crate::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $query
            }
        }
    };
}
