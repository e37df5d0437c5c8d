//! A closed loop: so many requests under way at once, each followed by the next.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cpu;

/// What a load came to.
pub struct Outcome {
    pub done: u64,
    pub failed: u64,
    pub wall: Duration,
    /// Of the siegel process.
    pub cpu: Duration,
    /// Of the load generator.
    pub own_cpu: Duration,
    times: Vec<Duration>,
}

impl Outcome {
    pub fn per_second(&self) -> f64 {
        rate(self.done, self.wall)
    }

    /// Requests per second of the siegel process's CPU.
    pub fn per_cpu_second(&self) -> f64 {
        rate(self.done, self.cpu)
    }

    /// Milliseconds that `q` of the requests took at most.
    pub fn quantile(&self, q: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index into a list of measured times"
        )]
        let index = ((self.times.len().saturating_sub(1)) as f64 * q) as usize;
        self.times.get(index).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
pub fn rate(done: u64, time: Duration) -> f64 {
    done as f64 / time.as_secs_f64().max(0.001)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
        let each = self.cpu.as_secs_f64() * 1000.0 / (self.done.max(1) as f64);
        write!(
            f,
            "{:.0} requests/s, p50 {:.1} ms, p99 {:.1} ms, CPU {each:.2} ms per request \
             ({:.0} per CPU second); {} failed; load generator {:.1} s CPU",
            self.per_second(),
            self.quantile(0.5),
            self.quantile(0.99),
            self.per_cpu_second(),
            self.failed,
            self.own_cpu.as_secs_f64(),
        )
    }
}

/// Whether a call went well; why it did not is on standard error.
pub fn went_well<T>(call: &str, answer: &Result<T, tonic::Status>) -> bool {
    if let Err(status) = answer {
        eprintln!("{call}: {:?}: {}", status.code(), status.message());
    }
    answer.is_ok()
}

/// Runs `one` again and again from `clients` tasks until `time` is over or it has nothing left
/// (`None`). The number it gets is unique; `Some(false)` counts as failed.
pub async fn run<F, R>(pid: u32, clients: usize, time: Duration, one: F) -> Outcome
where
    F: Fn(u64) -> R + Send + Sync + 'static,
    R: Future<Output = Option<bool>> + Send,
{
    let one = Arc::new(one);
    let next = Arc::new(AtomicU64::new(0));
    let (cpu, own, started) = (cpu::used(pid), cpu::used(std::process::id()), Instant::now());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (one, next) = (one.clone(), next.clone());
        tasks.spawn(async move {
            let (mut times, mut failed) = (Vec::new(), 0_u64);
            while started.elapsed() < time {
                let begun = Instant::now();
                match one(next.fetch_add(1, Ordering::Relaxed)).await {
                    Some(true) => times.push(begun.elapsed()),
                    Some(false) => failed += 1,
                    None => break,
                }
            }
            (times, failed)
        });
    }
    let (mut times, mut failed) = (Vec::new(), 0);
    while let Some(joined) = tasks.join_next().await {
        let Ok((some, wrong)) = joined else { continue };
        times.extend(some);
        failed += wrong;
    }
    times.sort_unstable();
    Outcome {
        done: u64::try_from(times.len()).unwrap_or(u64::MAX),
        failed,
        wall: started.elapsed(),
        cpu: cpu::used(pid).saturating_sub(cpu),
        own_cpu: cpu::used(std::process::id()).saturating_sub(own),
        times,
    }
}

/// Starts `per_second` of `one` on schedule, however long they take, and times each from the moment
/// it was due: what waits behind another waits in the figure too.
pub async fn run_on_schedule<F, R>(pid: u32, per_second: f64, time: Duration, one: F) -> Outcome
where
    F: Fn(u64) -> R + Send + Sync + 'static,
    R: Future<Output = Option<bool>> + Send + 'static,
{
    let (cpu, own, started) = (cpu::used(pid), cpu::used(std::process::id()), Instant::now());
    let mut tasks = tokio::task::JoinSet::new();
    let gap = Duration::from_secs_f64(1.0 / per_second.max(0.001));
    let mut due = started;
    for n in 0_u64.. {
        due += gap;
        if due.duration_since(started) >= time {
            break;
        }
        tokio::time::sleep_until(due.into()).await;
        let task = one(n);
        tasks.spawn(async move { (task.await, due.elapsed()) });
    }
    let (mut times, mut failed) = (Vec::new(), 0);
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok((Some(true), took)) => times.push(took),
            Ok((None, _)) => {}
            _ => failed += 1,
        }
    }
    times.sort_unstable();
    Outcome {
        done: u64::try_from(times.len()).unwrap_or(u64::MAX),
        failed,
        wall: started.elapsed(),
        cpu: cpu::used(pid).saturating_sub(cpu),
        own_cpu: cpu::used(std::process::id()).saturating_sub(own),
        times,
    }
}
