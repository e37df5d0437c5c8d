//! Rows that are only added. A transaction that gathers writes them when it ends, all rows of a
//! table by one statement: twenty rows of one letter, or of sixteen letters, cost a round trip for
//! each table instead of one for each row.

use siegel_kernel::Timestamp;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::tx::Unit;
use crate::{StoreError, Tx};

/// How rows get into one table.
#[derive(Clone, Copy, Debug)]
pub struct Insert {
    pub table: &'static str,
    pub columns: &'static [&'static str],
    pub rule: Rule,
}

/// What becomes of a row that cannot be added as it is.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// The statement fails.
    Plain,
    /// What is there already stays.
    KeepOld,
    /// The unit of work is refused ([`StoreError::refused_by`]) when the row is there already.
    OnlyNew,
    /// The unit of work is refused unless this holds, said about the row `r`.
    OnlyIf(&'static str),
}

/// One value of a row.
#[derive(Clone, Debug)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Uuid(Option<Uuid>),
    Bool(bool),
}

macro_rules! from {
    ($($from:ty => |$it:ident| $to:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from($it: $from) -> Self {
                $to
            }
        }
    )*};
}

from! {
    i64 => |it| Self::Int(Some(it)),
    Option<i64> => |it| Self::Int(it),
    Timestamp => |it| Self::Int(Some(it.as_micros())),
    Option<Timestamp> => |it| Self::Int(it.map(Timestamp::as_micros)),
    bool => |it| Self::Bool(it),
    Uuid => |it| Self::Uuid(Some(it)),
    Option<Uuid> => |it| Self::Uuid(it),
    &str => |it| Self::Text(Some(it.to_owned())),
    &String => |it| Self::Text(Some(it.clone())),
    &Option<String> => |it| Self::Text(it.clone()),
    &[u8] => |it| Self::Bytes(Some(it.to_vec())),
    &Vec<u8> => |it| Self::Bytes(Some(it.clone())),
    Option<&[u8]> => |it| Self::Bytes(it.map(<[u8]>::to_vec)),
    &Option<Vec<u8>> => |it| Self::Bytes(it.clone()),
}

/// Rows of one table, in the order in which they came.
#[derive(Debug)]
struct Rows {
    insert: Insert,
    rows: Vec<Vec<Value>>,
}

/// What a unit of work adds when it ends, table by table.
#[derive(Debug, Default)]
pub struct Gathered(Vec<Rows>);

impl Gathered {
    fn add(&mut self, insert: Insert, new: Vec<Vec<Value>>) {
        match self.0.iter_mut().find(|rows| rows.insert.table == insert.table) {
            Some(rows) => rows.rows.extend(new),
            None => self.0.push(Rows { insert, rows: new }),
        }
    }
}

/// Adds a row: now, or with the others when the transaction gathers.
/// # Errors
/// When the row breaks the table's rule; of a gathering transaction [`Tx::write_rows`] says so.
pub async fn insert(tx: &mut Tx, insert: Insert, row: Vec<Value>) -> Result<(), StoreError> {
    insert_all(tx, insert, vec![row]).await
}

/// The same for several rows of one table.
pub async fn insert_all(
    tx: &mut Tx,
    insert: Insert,
    rows: Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    match tx {
        Tx::Sqlite(Unit::Gathering(_, gathered)) | Tx::Postgres(Unit::Gathering(_, gathered)) => {
            gathered.add(insert, rows);
        }
        Tx::Sqlite(unit) => write_sqlite(unit, Rows { insert, rows }).await?,
        Tx::Postgres(unit) => write_postgres(unit, Rows { insert, rows }).await?,
    }
    Ok(())
}

impl Tx {
    /// From here on rows are gathered. What is read in between does not show them.
    #[must_use]
    pub fn gathering(self) -> Self {
        match self {
            Self::Sqlite(unit) => Self::Sqlite(unit.gathering()),
            Self::Postgres(unit) => Self::Postgres(unit.gathering()),
        }
    }

    /// Writes what was gathered. `commit` does it too; whoever must know whether a failure came
    /// before the commit calls it first.
    /// # Errors
    /// When a row breaks its table's rule. Nothing can be kept of the transaction then.
    pub async fn write_rows(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(Unit::Gathering(tx, rows)) => {
                for rows in std::mem::take(rows).0 {
                    write_sqlite(tx, rows).await?;
                }
            }
            Self::Postgres(Unit::Gathering(tx, rows)) => {
                for rows in std::mem::take(rows).0 {
                    write_postgres(tx, rows).await?;
                }
            }
            Self::Sqlite(_) | Self::Postgres(_) => {}
        }
        Ok(())
    }
}

impl Insert {
    /// The statement; `source` gives rows named `r`.
    fn sql(&self, source: &str) -> String {
        let columns = self.columns.join(", ");
        let guard = match self.rule {
            Rule::OnlyIf(guard) => guard,
            Rule::Plain | Rule::KeepOld | Rule::OnlyNew => "TRUE",
        };
        let conflict = match self.rule {
            Rule::KeepOld | Rule::OnlyNew => " ON CONFLICT DO NOTHING",
            Rule::Plain | Rule::OnlyIf(_) => "",
        };
        let values: Vec<String> = self.columns.iter().map(|name| format!("r.{name}")).collect();
        let values = values.join(", ");
        let table = self.table;
        format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM {source} WHERE {guard}{conflict}"
        )
    }

    /// Whether as many rows were added as there should be.
    fn check(&self, added: u64, wanted: usize) -> Result<(), StoreError> {
        let all = u64::try_from(wanted) == Ok(added);
        if all || matches!(self.rule, Rule::KeepOld) {
            return Ok(());
        }
        Err(StoreError::refused(self.table))
    }
}

type SqliteQuery<'q> = Query<'q, Sqlite, <Sqlite as sqlx::Database>::Arguments>;

/// SQLite has no arrays, and no round trips.
async fn write_sqlite(c: &mut SqliteConnection, rows: Rows) -> Result<(), StoreError> {
    let Rows { insert, rows } = rows;
    let names = insert.columns.iter().zip(1..).map(|(name, n)| format!("${n} AS {name}"));
    let source = format!("(SELECT {}) AS r", names.collect::<Vec<_>>().join(", "));
    let sql = insert.sql(&source);
    for row in rows {
        let query = sqlx::query(AssertSqlSafe(sql.clone()));
        let query = row.into_iter().fold(query, bind);
        insert.check(query.execute(&mut *c).await?.rows_affected(), 1)?;
    }
    Ok(())
}

fn bind(query: SqliteQuery<'_>, value: Value) -> SqliteQuery<'_> {
    match value {
        Value::Int(it) => query.bind(it),
        Value::Text(it) => query.bind(it),
        Value::Bytes(it) => query.bind(it),
        Value::Uuid(it) => query.bind(it),
        Value::Bool(it) => query.bind(it),
    }
}

/// A column of many rows, as PostgreSQL takes it.
enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Uuid(Vec<Option<Uuid>>),
    Bool(Vec<bool>),
}

impl Column {
    /// An empty one for values like this.
    const fn like(value: &Value) -> Self {
        match value {
            Value::Int(_) => Self::Int(Vec::new()),
            Value::Text(_) => Self::Text(Vec::new()),
            Value::Bytes(_) => Self::Bytes(Vec::new()),
            Value::Uuid(_) => Self::Uuid(Vec::new()),
            Value::Bool(_) => Self::Bool(Vec::new()),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), StoreError> {
        match (self, value) {
            (Self::Int(all), Value::Int(it)) => all.push(it),
            (Self::Text(all), Value::Text(it)) => all.push(it),
            (Self::Bytes(all), Value::Bytes(it)) => all.push(it),
            (Self::Uuid(all), Value::Uuid(it)) => all.push(it),
            (Self::Bool(all), Value::Bool(it)) => all.push(it),
            _ => return Err(StoreError::corrupt("rows of one table differ in their types")),
        }
        Ok(())
    }

    const fn sql_type(&self) -> &'static str {
        match self {
            Self::Int(_) => "BIGINT",
            Self::Text(_) => "TEXT",
            Self::Bytes(_) => "BYTEA",
            Self::Uuid(_) => "UUID",
            Self::Bool(_) => "BOOLEAN",
        }
    }
}

async fn write_postgres(c: &mut PgConnection, rows: Rows) -> Result<(), StoreError> {
    let Rows { insert, rows } = rows;
    let count = rows.len();
    let Some(first) = rows.first() else { return Ok(()) };
    let mut columns: Vec<Column> = first.iter().map(Column::like).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value)?;
        }
    }
    let arrays = columns.iter().zip(1..).map(|(c, n)| format!("${n}::{}[]", c.sql_type()));
    let arrays = arrays.collect::<Vec<_>>().join(", ");
    let source = format!("UNNEST({arrays}) AS r ({})", insert.columns.join(", "));
    let query = sqlx::query::<Postgres>(AssertSqlSafe(insert.sql(&source)));
    let query = columns.into_iter().fold(query, |query, column| match column {
        Column::Int(all) => query.bind(all),
        Column::Text(all) => query.bind(all),
        Column::Bytes(all) => query.bind(all),
        Column::Uuid(all) => query.bind(all),
        Column::Bool(all) => query.bind(all),
    });
    insert.check(query.execute(c).await?.rows_affected(), count)
}
