//! What the machine can do at best: the limits the figures are compared with.

use std::fmt;
use std::time::{Duration, Instant};

use siegel_crypto::{KeySet, SigningKey, SystemEntropy};
use siegel_db::on;
use siegel_identity::app::passwords::PasswordPool;

use crate::cpu;
use crate::house::House;
use crate::load::rate;

pub struct Limits {
    /// Argon2id hashes per CPU second.
    pub hashes: f64,
    /// ES256 signature, verification and a durable commit, per second.
    pub commits: f64,
    /// The same per CPU second of this process.
    pub commits_per_cpu: f64,
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "limits: {:.1} bare Argon2id per CPU second; {:.0} times ES256 sign + verify + one \
             durable commit per second, one after the other ({:.0} per CPU second)",
            self.hashes, self.commits, self.commits_per_cpu
        )
    }
}

pub async fn measure(house: &House) -> anyhow::Result<Limits> {
    let hashes = hashes().await?;
    let (commits, commits_per_cpu) = commits(house).await?;
    Ok(Limits { hashes, commits, commits_per_cpu })
}

/// On every core at once, as the workers do it: two that share a cache or a core are slower than one.
pub async fn hashes() -> anyhow::Result<f64> {
    let cores = std::thread::available_parallelism()?.get();
    let pool = PasswordPool::new(cores, cores, std::sync::Arc::new(SystemEntropy::new()));
    let before = cpu::used(std::process::id());
    let started = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..cores {
        let pool = pool.clone();
        workers.spawn(async move {
            let mut done = 0_u64;
            while started.elapsed() < Duration::from_secs(4) {
                pool.hash("ein langes Kennwort".into()).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(worker) = workers.join_next().await {
        done += worker??;
    }
    Ok(rate(done, cpu::used(std::process::id()).saturating_sub(before)))
}

async fn commits(house: &House) -> anyhow::Result<(f64, f64)> {
    let db = house.scratch().await?;
    let key = SigningKey::generate()?;
    let keys = KeySet::new([key.public_jwk().clone()]);
    let claims = serde_json::json!({"iss": "https://op.example", "sub": "somebody", "exp": 1});
    let (before, started, mut done) = (cpu::used(std::process::id()), Instant::now(), 0_u64);
    while started.elapsed() < Duration::from_secs(4) {
        let token = key.sign("JWT", &claims)?;
        let _: serde_json::Value = keys.verify(&token, "JWT")?;
        let mut tx = db.begin().await?;
        let value = i64::try_from(done)?;
        on!(&mut tx, c => sqlx::query("INSERT INTO bench (n) VALUES ($1)")
            .bind(value).execute(c).await?.rows_affected());
        tx.commit().await?;
        done += 1;
    }
    let cpu = cpu::used(std::process::id()).saturating_sub(before);
    Ok((rate(done, started.elapsed()), rate(done, cpu)))
}
