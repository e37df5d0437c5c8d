//! The suite under test, on TLS, with the clients and people of `seed.rs`.

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use siegel_crypto::SigningKey;
use siegel_db::{Db, Target};
use siegel_e2e::{fresh_database, program};
use tokio::net::TcpListener;
use url::Url;

use crate::authority::{Authority, Pair};
use crate::cast;
use crate::inside::Inside;
use crate::person::Person;
use crate::proxy::round_robin;
use crate::seed;
use crate::world::World;

/// How long a start may take before a test fails.
const START: Duration = Duration::from_mins(1);

/// Where the cases run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
    /// Two processes on one PostgreSQL database behind a round-robin proxy.
    Replicas,
}

impl Backend {
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Replicas];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Replicas => "replicas",
        }
    }
}

/// A running suite with everything a case needs.
pub struct House {
    pub backend: Backend,
    /// `https://localhost:PORT`
    pub origin: String,
    /// Where certificates of clients are asked for.
    pub mtls: String,
    pub authority: Authority,
    /// Another one that nobody trusts.
    pub strangers: Authority,
    pub world: World,
    pub inside: Inside,
    /// Keys of the clients, by client id.
    pub keys: HashMap<String, SigningKey>,
    pub certificates: HashMap<String, Pair>,
    pub people: HashMap<&'static str, Person>,
    processes: Vec<Process>,
    database: Option<String>,
    rows: tokio::sync::OnceCell<Db>,
    _proxies: Vec<tokio::task::JoinHandle<()>>,
    dir: tempfile::TempDir,
}

struct Process {
    child: Mutex<Option<Child>>,
    port: u16,
    mtls_port: u16,
    data: PathBuf,
    first: bool,
}

impl Process {
    fn ended(&self) -> anyhow::Result<Option<std::process::ExitStatus>> {
        let mut child = self.child.lock().map_err(|_| anyhow!("a case broke the lock"))?;
        Ok(child.as_mut().map(Child::try_wait).transpose()?.flatten())
    }

    /// `kill -9`.
    fn kill(&self) -> anyhow::Result<()> {
        let mut child = self.child.lock().map_err(|_| anyhow!("a case broke the lock"))?;
        if let Some(mut child) = child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }
}

impl House {
    /// Starts it; `None` where there is no PostgreSQL, which is a failure under `CI`.
    pub async fn start(backend: Backend) -> anyhow::Result<Option<Self>> {
        let database = match backend {
            Backend::Sqlite => None,
            _ => match std::env::var("SIEGEL_TEST_POSTGRES") {
                Ok(server) => Some(fresh_database(&server).await?),
                Err(_) if std::env::var("CI").is_ok() => bail!("SIEGEL_TEST_POSTGRES is not set"),
                Err(_) => {
                    eprintln!("skipped: SIEGEL_TEST_POSTGRES is not set (./tests/run sets it)");
                    return Ok(None);
                }
            },
        };
        let dir = tempfile::tempdir()?;
        let authority = Authority::new("Conformance Root")?;
        let strangers = Authority::new("Unknown Root")?;
        let own = authority.server()?;
        let world = World::start(&own).await?;
        let inside = Inside::start().await?;
        let (keys, certificates) = (seed::keys()?, seed::certificates(&authority)?);
        let people = seed::people().into_iter().chain(cast::people()).collect();
        let replicas = if backend == Backend::Replicas { 2 } else { 1 };
        let processes: Vec<Process> = (0..replicas)
            .map(|n| {
                let data = dir.path().join(format!("data-{n}"));
                Ok(Process {
                    child: Mutex::new(None),
                    port: free_port()?,
                    mtls_port: free_port()?,
                    data,
                    first: n == 0,
                })
            })
            .collect::<anyhow::Result<_>>()?;
        let mut proxies = Vec::new();
        let front = front(&mut proxies, &processes, |p| p.port).await?;
        let back = front_of_mtls(&mut proxies, &processes).await?;
        let origin = format!("https://localhost:{front}");
        let mtls = format!("https://localhost:{back}");
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text);
        write("server.pem", &own.certificate)?;
        write("server.key", &own.key)?;
        write("ca.pem", &authority.pem())?;
        write("cast.json", &serde_json::to_string_pretty(&cast::file(&world)?)?)?;
        write("rsa.pem", seed::RSA_KEY_PEM)?;
        write("initial-token", seed::INITIAL_TOKEN)?;
        write("upstream-secret", seed::UPSTREAM_SECRET)?;
        let seed = seed::file(&inside, &world, &keys, &certificates)?;
        write("seed.json", &serde_json::to_string_pretty(&seed)?)?;
        write("own.toml", &seed::settings(dir.path(), &world, &mtls))?;
        let house = Self {
            backend,
            origin,
            mtls,
            authority,
            strangers,
            world,
            inside,
            keys,
            certificates,
            people,
            processes,
            database,
            rows: tokio::sync::OnceCell::new(),
            _proxies: proxies,
            dir,
        };
        house.start_all().await?;
        Ok(Some(house))
    }

    /// Starts what does not run, the first one first: it seeds the database.
    pub async fn start_all(&self) -> anyhow::Result<()> {
        for n in 0..self.processes.len() {
            self.start_one(n).await?;
        }
        Ok(())
    }

    /// Starts one replica on its data and port.
    pub async fn start_one(&self, n: usize) -> anyhow::Result<()> {
        let dir = self.dir.path().to_owned();
        let master = dir.join("data-0");
        let process = self.processes.get(n).context("no such replica")?;
        if !process.first && !process.data.exists() {
            // Replicas share their keys, as the chart's secrets make them.
            copy_keys(&master.join("keys"), &process.data.join("keys"))?;
        }
        let mut command = Command::new(program()?);
        command
            .args(["up", "--port", &process.port.to_string()])
            .args(["--mtls-port", &process.mtls_port.to_string(), "--issuer", &self.origin])
            .arg("--data")
            .arg(&process.data)
            .arg("--config")
            .arg(dir.join("own.toml"))
            .arg("--tls-cert")
            .arg(dir.join("server.pem"))
            .arg("--tls-key")
            .arg(dir.join("server.key"))
            .arg("--mtls-ca")
            .arg(dir.join("ca.pem"));
        if process.first {
            command.arg("--seed").arg(dir.join("seed.json"));
            command.arg("--seed").arg(dir.join("cast.json"));
        }
        if let Some(url) = &self.database {
            command.args(["--database-url", url]);
        }
        let log = fs::File::create(dir.join(format!("up-{n}.log")))?;
        command.stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log));
        let child = command.spawn()?;
        *process.child.lock().map_err(|_| anyhow!("a case broke the lock"))? = Some(child);
        let started = Instant::now();
        loop {
            let log = fs::read_to_string(dir.join(format!("up-{n}.log"))).unwrap_or_default();
            if log.contains("Siegel sandbox ready") {
                return Ok(());
            }
            if let Some(status) = process.ended()? {
                bail!("the suite ended at start: {status}\n{log}");
            }
            if started.elapsed() > START {
                bail!("the suite is not ready after {} s\n{log}", START.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `kill -9` of one replica.
    pub fn kill(&self, n: usize) -> anyhow::Result<()> {
        self.processes.get(n).context("no such replica")?.kill()
    }

    /// Identity's database, opened beside the running program.
    pub async fn rows(&self) -> anyhow::Result<Db> {
        let open = || async { anyhow::Ok(Db::open(&self.database()?).await?) };
        Ok(self.rows.get_or_try_init(open).await?.clone())
    }

    /// What the processes wrote.
    pub fn logs(&self) -> String {
        let read = |n| fs::read_to_string(self.dir.path().join(format!("up-{n}.log")));
        (0..self.processes.len()).filter_map(|n| read(n).ok()).collect()
    }

    /// Identity's database.
    pub fn database(&self) -> anyhow::Result<Target> {
        self.database_of("identity")
    }

    /// The database of a service.
    pub fn database_of(&self, service: &str) -> anyhow::Result<Target> {
        if let Some(url) = &self.database {
            return Ok(url.parse::<Target>()?.in_schema(service));
        }
        let data = &self.processes.first().context("no process")?.data;
        Ok(Target::Sqlite(data.join(format!("db/{service}.sqlite"))))
    }

    /// The key the provider signs with: for tokens that only time or a bug could make.
    pub fn signing_key(&self) -> anyhow::Result<SigningKey> {
        let data = &self.processes.first().context("no process")?.data;
        let pem = fs::read_to_string(data.join("keys/token-signing.pem"))?;
        Ok(SigningKey::from_pem(&pem)?)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub fn url_of(&self, text: &str) -> anyhow::Result<Url> {
        if text.starts_with('/') { Ok(Url::parse(&self.url(text))?) } else { Ok(Url::parse(text)?) }
    }

    /// An HTTP client that trusts the run's authority, follows nothing, and opens a connection for
    /// every request, so that every request meets the next replica.
    pub fn builder(&self) -> anyhow::Result<reqwest::ClientBuilder> {
        let root = reqwest::Certificate::from_pem(self.authority.pem().as_bytes())?;
        Ok(reqwest::Client::builder()
            .tls_certs_only([root])
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .no_proxy()
            .timeout(Duration::from_secs(30)))
    }

    pub fn person(&self, name: &str) -> anyhow::Result<&Person> {
        self.people.get(name).with_context(|| format!("nobody is called {name}"))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        for process in &self.processes {
            // The run is over either way.
            let _ = process.kill();
        }
    }
}

/// The port people use: the process's own, or that of a proxy before two.
async fn front(
    proxies: &mut Vec<tokio::task::JoinHandle<()>>,
    processes: &[Process],
    port: impl Fn(&Process) -> u16,
) -> anyhow::Result<u16> {
    let ports: Vec<u16> = processes.iter().map(port).collect();
    if let [only] = ports[..] {
        return Ok(only);
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let front = listener.local_addr()?.port();
    proxies.push(round_robin(listener, ports));
    Ok(front)
}

async fn front_of_mtls(
    proxies: &mut Vec<tokio::task::JoinHandle<()>>,
    processes: &[Process],
) -> anyhow::Result<u16> {
    front(proxies, processes, |p| p.mtls_port).await
}

fn copy_keys(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn free_port() -> anyhow::Result<u16> {
    Ok(StdListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
