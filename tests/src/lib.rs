//! The whole suite under test: the real program on real sockets, on SQLite or PostgreSQL.
#![expect(
    clippy::disallowed_methods,
    reason = "tests wait for a process and read their environment"
)]

pub mod journal;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use siegel::demo::Credentials;
use siegel::faults_clock::FaultsClock;
use siegel_db::Target;

/// How long a start may take before a test fails; the bar of one second is measured elsewhere.
const START: Duration = Duration::from_mins(1);

/// A certificate for `localhost` in PEM files.
struct Certificate {
    chain: PathBuf,
    key: PathBuf,
}

impl Certificate {
    fn write(dir: &Path) -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let files = Self { chain: dir.join("tls.crt"), key: dir.join("tls.key") };
        std::fs::write(&files.chain, made.cert.pem())?;
        std::fs::write(&files.key, made.signing_key.serialize_pem())?;
        Ok(files)
    }
}

/// A running `siegel up`.
pub struct Suite {
    child: Option<Child>,
    port: u16,
    data: PathBuf,
    setup: Setup,
    /// Certificate and key, when the suite serves TLS.
    tls: Option<Certificate>,
    dir: Option<tempfile::TempDir>,
}

/// How a suite is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// On this PostgreSQL database, or on SQLite files.
    pub database_url: Option<String>,
    /// Settings of its own.
    pub settings: String,
    /// Others reach it at this port, behind which something stands in between.
    pub front: Option<u16>,
    /// What time it is, in fault runs.
    pub clock: Option<PathBuf>,
}

impl Suite {
    /// Starts on SQLite in a fresh directory.
    pub async fn on_sqlite() -> anyhow::Result<Self> {
        Self::fresh(None).await
    }

    /// Starts on a fresh PostgreSQL database; `None` without `SIEGEL_TEST_POSTGRES`, which is a
    /// failure under `CI`.
    pub async fn on_postgres() -> anyhow::Result<Option<Self>> {
        match postgres().await? {
            Some(url) => Self::fresh(Some(url)).await.map(Some),
            None => Ok(None),
        }
    }

    /// Starts on this database, or on SQLite files.
    pub async fn fresh(database_url: Option<String>) -> anyhow::Result<Self> {
        Self::fresh_in(&std::env::temp_dir(), database_url, "").await
    }

    /// The same, with its data in a new directory here, and settings of its own.
    pub async fn fresh_in(
        place: &Path,
        database_url: Option<String>,
        settings: &str,
    ) -> anyhow::Result<Self> {
        let settings = settings.to_owned();
        Self::set_up(place, Setup { database_url, settings, ..Setup::default() }).await
    }

    /// Starts as it is told, with its data in a new directory here.
    pub async fn set_up(place: &Path, setup: Setup) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir_in(place)?;
        let data = dir.path().join("data");
        if !setup.settings.is_empty() {
            std::fs::create_dir(&data)?;
            std::fs::write(data.join("siegel.toml"), &setup.settings)?;
        }
        let mut suite = Self::at(free_port()?, data, setup, Some(dir));
        suite.start().await?;
        Ok(suite)
    }

    /// Starts on SQLite behind a certificate of its own, with a second port for clients that come
    /// with one.
    pub async fn over_tls() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let (data, tls) = (dir.path().join("data"), Certificate::write(dir.path())?);
        let mut suite = Self::at(free_port()?, data, Setup::default(), Some(dir));
        suite.tls = Some(tls);
        suite.start().await?;
        Ok(suite)
    }

    fn at(port: u16, data: PathBuf, setup: Setup, dir: Option<tempfile::TempDir>) -> Self {
        Self { child: None, port, data, setup, tls: None, dir }
    }

    /// Starts another process of the same suite: the same keys, settings, database and objects. It
    /// ends with the value; whoever reaches the front reaches it only when the front says so.
    #[cfg(unix)]
    pub async fn replica(&self) -> anyhow::Result<Self> {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir()?;
        let data = dir.path().join("data");
        std::fs::create_dir(&data)?;
        // SQLite is for one process; another one at its file is worse than what anybody does.
        for shared in ["db", "objects", "keys"] {
            symlink(self.data.join(shared), data.join(shared))?;
        }
        for own in ["siegel.toml", "demo.toml", "clock.json"] {
            if self.data.join(own).exists() {
                std::fs::copy(self.data.join(own), data.join(own))?;
            }
        }
        let mut replica = Self::at(free_port()?, data, self.setup.clone(), Some(dir));
        replica.start().await?;
        Ok(replica)
    }

    /// A client that trusts the suite.
    pub fn http(&self) -> anyhow::Result<reqwest::ClientBuilder> {
        siegel_crypto::install();
        let builder = reqwest::Client::builder().no_proxy();
        let Some(tls) = &self.tls else { return Ok(builder) };
        let root = reqwest::Certificate::from_pem(&std::fs::read(&tls.chain)?)?;
        Ok(builder.tls_certs_only([root]))
    }

    pub fn origin(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.setup.front.unwrap_or(self.port))
    }

    /// Where the program itself listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Of the running program.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What the program has written so far, over all its starts.
    pub fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    pub fn credentials(&self) -> anyhow::Result<Credentials> {
        let known = Credentials::read(&self.data.join("demo.toml"))?;
        let faults_clock = self.setup.clock.as_ref().map(FaultsClock::new);
        Ok(Credentials { faults_clock, ..known })
    }

    /// Where the database of a service is.
    pub fn database(&self, service: &str) -> anyhow::Result<Target> {
        match &self.setup.database_url {
            Some(url) => Ok(url.parse::<Target>()?.in_schema(service)),
            None => Ok(Target::Sqlite(self.data.join(format!("db/{service}.sqlite")))),
        }
    }

    /// Starts the program again on the same data, port and database; returns when it is ready.
    pub async fn start(&mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let mut command = Command::new(program()?);
        command.args(["up", "--port", &self.port.to_string(), "--data"]).arg(&self.data);
        if let Some(url) = &self.setup.database_url {
            command.args(["--database-url", url]);
        }
        if self.setup.front.is_some() {
            command.args(["--issuer", &self.origin()]);
        }
        if let Some(file) = &self.setup.clock {
            command.arg("--faults-clock").arg(file);
        }
        if let Some(tls) = &self.tls {
            command.arg("--tls-cert").arg(&tls.chain).arg("--tls-key").arg(&tls.key);
            command.args(["--mtls-port", "0"]);
        }
        let http = self.http()?.build()?;
        let log = std::fs::File::options().create(true).append(true).open(self.log())?;
        self.child = Some(command.stdout(Stdio::null()).stderr(log).spawn()?);
        // Its own door: the front may lead elsewhere.
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let own = format!("{scheme}://localhost:{}", self.port);
        let url = format!("{own}/.well-known/openid-configuration");
        let done = self.data.join("demo.toml");
        loop {
            let answers = http.get(&url).send().await.is_ok_and(|r| r.status().is_success());
            if answers && done.exists() {
                return Ok(started.elapsed());
            }
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                bail!("the suite ended at start: {status}");
            }
            if started.elapsed() > START {
                bail!("the suite is not ready after {} s", START.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `siegel admin` on this suite, beside it.
    pub fn admin(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(program()?);
        command.arg("admin").arg("--data").arg(&self.data);
        if let Some(url) = &self.setup.database_url {
            command.args(["--database-url", url]);
        }
        Ok(command)
    }

    /// Stops, and leaves its directory where it is.
    pub fn keep(&mut self) {
        let _ = self.kill();
        if let Some(dir) = &mut self.dir {
            dir.disable_cleanup(true);
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        // The test is over either way.
        let _ = self.kill();
    }
}

/// Settings under which the sandbox's authority may attach large files.
pub const LARGE_FILES: &str = "[postbox.limits]\nlarge_tenants = [\"musterstadt\"]\n";

/// The program under test: `SIEGEL_BIN`, or what cargo built beside this test.
pub fn program() -> anyhow::Result<PathBuf> {
    if let Ok(path) = std::env::var("SIEGEL_BIN") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    let dirs = own.ancestors().skip(1).take(2);
    let found = dirs.map(|dir| dir.join("siegel")).find(|path| path.is_file());
    found.context("no program to test: run `cargo build` first, or set SIEGEL_BIN")
}

/// A port of this machine that nobody listens on at the moment.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A new database on the server of `SIEGEL_TEST_POSTGRES`; `None` without one, which is a failure
/// under `CI`.
pub async fn postgres() -> anyhow::Result<Option<String>> {
    let Ok(server) = std::env::var("SIEGEL_TEST_POSTGRES") else {
        if std::env::var("CI").is_ok() {
            bail!("SIEGEL_TEST_POSTGRES is not set: ./tests/run starts a server and sets it");
        }
        eprintln!("skipped: SIEGEL_TEST_POSTGRES is not set (./tests/run sets it)");
        return Ok(None);
    };
    Ok(Some(fresh_database(&server).await?))
}

/// A new database on a server whose role may create some.
pub async fn fresh_database(server: &str) -> anyhow::Result<String> {
    let name = format!("suite_{}_{}", std::process::id(), free_port()?);
    let admin = sqlx::PgPool::connect(server).await?;
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(create).execute(&admin).await?;
    admin.close().await;
    let (base, _) = server.rsplit_once('/').context("the server's URL names no database")?;
    Ok(format!("{base}/{name}"))
}
