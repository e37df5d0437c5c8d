use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use siegel_crypto::{SystemEntropy, b64, load_or_create};
use siegel_db::Db;
use siegel_egress::Egress;
use siegel_grpc::{
    GrpcServices, Guard, GuardSettings, InProcess, Outside, Siblings, SiblingsSettings,
    access_table,
};
use siegel_kernel::{Clock, Entropy};
use tokio::task::JoinSet;

use super::{open, start};
use crate::settings::Settings;

/// Protocol time and legal time.
#[derive(Clone)]
pub struct Clocks {
    pub protocol: Arc<dyn Clock>,
    pub legal: Arc<dyn Clock>,
}

/// What services of one process share.
pub struct Host<'a> {
    pub settings: &'a Settings,
    pub clocks: Clocks,
    pub registry: InProcess,
    /// Whether databases are migrated at start (`up`); on Kubernetes a job does it before.
    pub migrate: bool,
}

/// A service or several that run.
#[derive(Default)]
pub struct House {
    pub http: Router,
    pub grpc: Vec<(GrpcServices, Guard)>,
    pub databases: Vec<Db>,
    names: Vec<String>,
    tasks: JoinSet<()>,
}

impl Host<'_> {
    /// Starts a service that reaches its siblings along `way`.
    pub async fn start(
        &self,
        name: &str,
        way: impl FnOnce(SiblingsSettings) -> anyhow::Result<Siblings>,
        thumbprint: String,
        house: &mut House,
    ) -> anyhow::Result<()> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
        let db = open(self.settings, name).await?;
        if self.migrate {
            db.migrate(start::migrations(name)?).await.with_context(|| format!("[{name}]"))?;
        }
        let siblings = way(SiblingsSettings {
            own: name.to_owned(),
            thumbprint,
            origin: self.settings.origin.clone(),
            clock: self.clocks.protocol.clone(),
            entropy: entropy.clone(),
        })?;
        let outside = Outside {
            clock: self.clocks.protocol.clone(),
            legal_clock: self.clocks.legal.clone(),
            entropy: entropy.clone(),
            db: db.clone(),
            siblings: siblings.clone(),
            egress: Egress::new(&self.settings.egress, self.settings.profile)?,
            profile: self.settings.profile,
            origin: self.settings.origin.clone(),
            mtls_origin: self.settings.listen.mtls_origin.clone(),
        };
        let running = start::named(name, self.settings, outside).await?;
        let guard = Guard::new(GuardSettings {
            service: name.to_owned(),
            origin: self.settings.origin.clone(),
            clock: self.clocks.protocol.clone(),
            siblings,
            nonce_key: self.nonce_key(name, &running.grpc, entropy.as_ref())?,
        });
        self.registry.register(name, running.grpc.guarded(&guard));
        house.add(name, running, guard, db);
        Ok(())
    }

    fn nonce_key(
        &self,
        name: &str,
        grpc: &GrpcServices,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<[u8; 32]> {
        match self.settings.nonce_key_file(name)? {
            Some(file) => {
                let may_create = !self.settings.profile.is_production();
                let stored = load_or_create(&file, may_create, entropy)
                    .with_context(|| format!("[{name}] nonce_key_file cannot be used"))?;
                Ok(siegel_crypto::sha256(&stored.bytes))
            }
            // Nonces of one process are good for one process: enough for one replica.
            None if !self.settings.profile.is_production() => Ok(entropy.array()?),
            // Siblings prove themselves by certificate: where only they call, nobody needs a nonce.
            None if !grpc.names().any(|service| access_table().is_public(service)) => {
                Ok(entropy.array()?)
            }
            None => bail!("the configuration lacks [{name}] nonce_key_file"),
        }
    }
}

/// A thumbprint for a service that has no certificate because it shares its process.
pub fn in_process_thumbprint() -> anyhow::Result<String> {
    let entropy = SystemEntropy::new();
    Ok(b64::encode(Entropy::bytes::<32>(&entropy)?))
}

impl House {
    fn add(&mut self, name: &str, running: siegel_grpc::Running, guard: Guard, db: Db) {
        let mut tasks = running.tasks;
        if running.grpc.names().next().is_some() {
            guard.spawn(&mut tasks);
        }
        self.http = std::mem::take(&mut self.http).merge(super::counted(running.http, name));
        self.grpc.push((running.grpc, guard));
        self.databases.push(db);
        self.names.push(name.to_owned());
        self.tasks.spawn(async move {
            // Keeps the service's loops alive; a loop that ends is a fault.
            while let Some(ended) = tasks.join_next().await {
                if ended.is_err_and(|e| e.is_panic()) {
                    tracing::error!("a background task of a service panicked");
                }
            }
        });
    }

    /// The database of a service that runs here.
    pub fn database(&self, service: &str) -> Option<&Db> {
        let mut pairs = self.names.iter().zip(&self.databases);
        pairs.find(|(name, _)| *name == service).map(|(_, db)| db)
    }

    /// Stops background loops and closes the databases.
    pub async fn close(mut self) {
        self.tasks.shutdown().await;
        for db in self.databases {
            db.close().await;
        }
    }
}
