//! The rows one delivered letter leaves, as a script for `pgbench`: what the database alone can do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;
use siegel_proto::postbox::v1 as pb;
use sqlx::PgPool;

use super::{Post, letter};

/// Writes down every row that is inserted into the postbox.
const CAPTURE: &str = "
    CREATE TABLE public.captured (n BIGINT GENERATED ALWAYS AS IDENTITY, tx BIGINT, tab TEXT, row_ JSONB);
    CREATE FUNCTION public.capture() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.captured (tx, tab, row_) VALUES (txid_current(), TG_TABLE_NAME, to_jsonb(NEW));
        RETURN NEW; END $$;
    DO $$ DECLARE t RECORD; BEGIN
        FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'postbox' LOOP
            EXECUTE format('CREATE TRIGGER capture AFTER INSERT ON postbox.%I FOR EACH ROW \
                EXECUTE FUNCTION public.capture()', t.tablename);
        END LOOP; END $$;";
const RELEASE: &str = "DROP FUNCTION public.capture() CASCADE; DROP TABLE public.captured";
/// Tables like the postbox's with the same indexes, where nobody works on what the script writes.
const BARE: &str = "DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare;
    DO $$ DECLARE t RECORD; BEGIN
        FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'postbox' LOOP
            EXECUTE format('CREATE TABLE bare.%I (LIKE postbox.%I INCLUDING ALL)', t.tablename, t.tablename);
        END LOOP; END $$;";
/// The rows of the transaction that stored the letter, in order.
const ROWS: &str = "SELECT tab, row_::text FROM public.captured WHERE tx = \
    (SELECT tx FROM public.captured WHERE tab = 'letters' ORDER BY n LIMIT 1) ORDER BY n";
/// Columns that are written: name, type, and whether a unique index names them.
const COLUMNS: &str = "SELECT a.attname::text, format_type(a.atttypid, -1), EXISTS \
        (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique \
            AND a.attnum = ANY (i.indkey)) \
    FROM pg_attribute a WHERE a.attrelid = ('postbox.' || quote_ident($1))::regclass \
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''";

pub struct Script {
    url: String,
    text: String,
    /// Values of equal size for what differs from letter to letter only in its bytes.
    values: Vec<(String, String)>,
    file: tempfile::NamedTempFile,
}

impl Script {
    /// Delivers one letter and writes down what it inserted.
    pub async fn of_one_letter(post: &Post, url: &str) -> anyhow::Result<Self> {
        let pool = PgPool::connect(url).await?;
        sqlx::raw_sql(CAPTURE).execute(&pool).await?;
        let mut sender = post.authority().await?.sender();
        let handle = post.filled.handles.first().context("no recipients")?;
        let (request_id, letter) = ("captured-0000000000000000".to_owned(), Some(letter(handle)));
        sender.submit(pb::SubmitRequest { request_id, letter, ..Default::default() }).await?;
        let rows: Vec<(String, String)> = sqlx::query_as(ROWS).fetch_all(&pool).await?;
        sqlx::raw_sql(RELEASE).execute(&pool).await?;
        sqlx::raw_sql(BARE).execute(&pool).await?;
        let mut writer = Writer::new(post);
        for (table, row) in &rows {
            let columns = sqlx::query_as(COLUMNS).bind(table).fetch_all(&pool).await?;
            writer.insert(table, &serde_json::from_str(row)?, &columns)?;
        }
        pool.close().await;
        let text = writer.finish();
        let tables: Vec<&str> = rows.iter().map(|(table, _)| table.as_str()).collect();
        println!("P1: one letter is {} INSERTs: {}", rows.len(), tables.join(", "));
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), &text)?;
        Ok(Self { url: url.to_owned(), text, values: writer.values, file })
    }

    /// Transactions per second.
    pub async fn run(&self, clients: usize, seconds: u64) -> anyhow::Result<f64> {
        let program = std::env::var_os("PGBENCH").map_or_else(|| "pgbench".into(), PathBuf::from);
        let mut command = Command::new(program);
        command.args(["-n", "-M", "prepared", "-j", "2", "-c", &clients.to_string()]);
        command.args(["-T", &seconds.to_string(), "-f"]).arg(self.file.path());
        for (name, value) in &self.values {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        command.arg(&self.url).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let text = String::from_utf8_lossy(&output.stdout);
        let found = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let found = found.and_then(|rest| rest.split(' ').next()?.parse().ok());
        let Some(found) = found else {
            let error = String::from_utf8_lossy(&output.stderr);
            bail!("pgbench failed: {error}\n{}", self.text);
        };
        Ok(found)
    }
}

/// Turns rows into statements.
struct Writer {
    mailbox: String,
    /// What stands for a value that must be another one each time.
    fresh: BTreeMap<String, String>,
    statements: String,
    values: Vec<(String, String)>,
}

impl Writer {
    fn new(post: &Post) -> Self {
        Self {
            mailbox: post.filled.mailboxes.first().map(ToString::to_string).unwrap_or_default(),
            fresh: BTreeMap::new(),
            statements: String::new(),
            values: Vec::new(),
        }
    }

    fn insert(
        &mut self,
        table: &str,
        row: &serde_json::Map<String, Value>,
        columns: &[(String, String, bool)],
    ) -> anyhow::Result<()> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (name, kind, unique) in columns {
            let value = match row.get(name) {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            names.push(name.as_str());
            values.push(self.value(value, (name, kind, *unique))?);
        }
        let (names, values) = (names.join(", "), values.join(", "));
        writeln!(self.statements, "INSERT INTO bare.{table} ({names}) VALUES ({values});")?;
        Ok(())
    }

    fn value(
        &mut self,
        value: String,
        (name, kind, unique): (&str, &str, bool),
    ) -> anyhow::Result<String> {
        // All letters go to one mailbox: the best case for the database.
        let fresh = match kind {
            "uuid" => value != self.mailbox,
            "bytea" => unique,
            _ => matches!(name, "sequence" | "request_id"),
        };
        if !fresh && !self.fresh.contains_key(&value) {
            let name = format!("v{}", self.values.len());
            self.values.push((name.clone(), value));
            return Ok(format!(":{name}::{kind}"));
        }
        let digits = value.len();
        let drawn = format!("r{}", self.fresh.len());
        let drawn = self.fresh.entry(value).or_insert(drawn);
        Ok(match kind {
            "uuid" => format!("lpad(to_hex(:{drawn}::bigint), 32, '0')::uuid"),
            "bytea" => {
                let digits = digits.saturating_sub(2);
                format!("decode(lpad(to_hex(:{drawn}::bigint), {digits}, '0'), 'hex')")
            }
            "text" => format!("lpad(to_hex(:{drawn}::bigint), {digits}, '0')"),
            "bigint" => format!(":{drawn}::bigint"),
            other => bail!("no other value can be made for the column {name} of type {other}"),
        })
    }

    fn finish(&self) -> String {
        let mut text = String::new();
        for drawn in self.fresh.values() {
            let _ = writeln!(text, "\\set {drawn} random(1, 9223372036854775806)");
        }
        text.push_str("BEGIN;\n");
        text.push_str(&self.statements);
        text.push_str("COMMIT;\n");
        text
    }
}
