//! The suite as it is shipped, with clients and 20,000 accounts.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use siegel_crypto::{KeySet, RootSecret, SigningKey, SystemEntropy};
use siegel_db::{Db, Target};
use siegel_e2e::{fresh_database, program};
use siegel_identity::app::passwords::PasswordPool;
use siegel_identity::domain::email::EmailAddress;
use siegel_identity::people::PeopleKeys;
use siegel_identity::store::accounts::{self, NewAccount};
use siegel_identity::store::credentials::{self, CredentialId};
use siegel_kernel::{AccountId, Clock as _, SystemClock};

use crate::Args;

pub const SECRET: &str = "ein Geheimnis der Messung";
pub const PASSWORD: &str = "ein langes Kennwort der Messung";
pub const REDIRECT: &str = "http://127.0.0.1:9/bench/cb";
/// The one person who really logs in.
pub const PERSON: &str = "person@bench.example";

pub struct House {
    pub origin: String,
    pub pid: u32,
    /// Key of the client `machine`.
    pub key: SigningKey,
    pub accounts: usize,
    data: PathBuf,
    database: Option<String>,
    child: Child,
    dir: tempfile::TempDir,
}

impl House {
    pub async fn start(args: &Args) -> anyhow::Result<Self> {
        let server = std::env::var("SIEGEL_TEST_POSTGRES").ok();
        let database = match (args.backend.as_deref(), server) {
            (Some("sqlite"), _) | (None, None) => None,
            (_, Some(server)) => Some(fresh_database(&server).await?),
            (Some(_), None) => bail!("--backend postgres needs SIEGEL_TEST_POSTGRES"),
        };
        let dir = tempfile::tempdir()?;
        let data = dir.path().join("data");
        let key = SigningKey::generate()?;
        let seed = dir.path().join("seed.json");
        fs::write(&seed, seed_file(&key)?)?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = fs::File::create(dir.path().join("up.log"))?;
        let mut command = Command::new(program()?);
        command.args(["up", "--port", &port.to_string(), "--data"]).arg(&data);
        command.arg("--seed").arg(&seed);
        if let Some(url) = &database {
            command.args(["--database-url", url]);
        }
        let child =
            command.stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log)).spawn()?;
        let pid = child.id();
        let origin = format!("http://localhost:{port}");
        let accounts = args.accounts;
        let house = Self { origin, pid, key, accounts, data, database, child, dir };
        house.ready().await?;
        house.fill().await?;
        Ok(house)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let log = self.dir.path().join("up.log");
        let started = Instant::now();
        while started.elapsed() < Duration::from_mins(1) {
            if fs::read_to_string(&log).unwrap_or_default().contains("Siegel sandbox ready") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("not ready after a minute: {}", fs::read_to_string(&log).unwrap_or_default())
    }

    pub fn description(&self) -> String {
        let cpus = std::thread::available_parallelism().map_or(0, usize::from);
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or_default();
        let backend = if self.database.is_some() {
            "PostgreSQL, synchronous_commit=on"
        } else {
            "SQLite, WAL, synchronous=FULL"
        };
        format!(
            "{cpus} cores{}; {backend}; one siegel process, release build; {} accounts",
            model.replacen("\t: ", " ", 1),
            self.accounts
        )
    }

    pub async fn db(&self) -> anyhow::Result<Db> {
        Ok(Db::open(&self.target("identity")?).await?)
    }

    fn target(&self, service: &str) -> anyhow::Result<Target> {
        match &self.database {
            Some(url) => Ok(url.parse::<Target>()?.in_schema(service)),
            None => Ok(Target::Sqlite(self.data.join(format!("db/{service}.sqlite")))),
        }
    }

    /// An empty table of the same kind of database.
    pub async fn scratch(&self) -> anyhow::Result<Db> {
        let target = match &self.database {
            Some(url) => url.parse::<Target>()?.in_schema("public"),
            None => Target::Sqlite(self.data.join("bench.sqlite")),
        };
        let db = Db::open(&target).await?;
        let mut tx = db.begin().await?;
        siegel_db::on!(&mut tx, c => sqlx::query("CREATE TABLE bench (n BIGINT)")
            .execute(c).await?.rows_affected());
        tx.commit().await?;
        Ok(db)
    }

    /// The address of the n-th account.
    pub fn address(n: u64) -> String {
        format!("konto-{n}@bench.example")
    }

    /// Writes the accounts as registration would have; all have one password, hashed once.
    async fn fill(&self) -> anyhow::Result<()> {
        let entropy = SystemEntropy::new();
        let file = self.data.join("keys/identity-kek");
        let root = RootSecret::load(&file, false, &entropy)?;
        let keys = PeopleKeys::new(
            root.key("identity key encryption").as_bytes(),
            std::sync::Arc::new(SystemEntropy::new()),
        );
        let pool = PasswordPool::new(1, 1, std::sync::Arc::new(SystemEntropy::new()));
        let phc = pool.hash(PASSWORD.into()).await?;
        let db = self.db().await?;
        let clock = SystemClock;
        let numbers: Vec<usize> = (0..self.accounts).collect();
        for some in numbers.chunks(1_000) {
            let mut tx = db.begin().await?;
            for n in some {
                let address = EmailAddress::parse(&Self::address(u64::try_from(*n)?))
                    .context("an address that is none")?;
                let (id, at) = (AccountId::new(&clock, &entropy)?, clock.now());
                let new = NewAccount {
                    id,
                    address_hash: &keys.address_hash(&address),
                    address_sealed: &keys.seal_address(&address)?,
                    locale: "de",
                    at,
                };
                accounts::insert(&mut tx, &new).await?;
                accounts::open(&mut tx, id, at).await?;
                let credential = CredentialId::new(&clock, &entropy)?;
                credentials::add_password(&mut tx, credential, id, &phc, at).await?;
            }
            tx.commit().await?;
        }
        db.close().await;
        Ok(())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn seed_file(key: &SigningKey) -> anyhow::Result<String> {
    let keys = KeySet::new([key.public_jwk().clone()]).to_json();
    let keys: serde_json::Value = serde_json::from_str(&keys)?;
    let seed = serde_json::json!({
        "tenants": [{"id": "messung", "name": "Messung"}],
        "clients": [
            {"client_id": "machine", "tenant": "messung", "auth_method": "private_key_jwt",
                "jwks": keys, "grant_types": ["client_credentials"], "scopes": ["account.read"]},
            {"client_id": "portal", "tenant": "messung", "auth_method": "client_secret_basic",
                "client_secret": SECRET, "redirect_uris": [REDIRECT], "require_pkce": false,
                "grant_types": ["authorization_code", "refresh_token"], "scopes": ["openid"]},
        ],
        "persons": [{"email": PERSON, "password": PASSWORD}],
    });
    Ok(serde_json::to_string_pretty(&seed)?)
}
