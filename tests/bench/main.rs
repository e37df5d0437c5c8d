//! Measures the provider under load; see `tests/bench/run`. Each figure stands beside its limit,
//! measured in the same run: the bare Argon2id rate, and a bare ES256 signature and verification
//! with one durable commit. CPU is that of the siegel process; the load generator's is printed
//! and left out.

#![expect(clippy::disallowed_methods, reason = "a measurement reads its environment")]

mod access;
mod cpu;
mod house;
mod import;
mod limits;
mod load;
mod people;
mod post;
mod tokens;

use clap::Parser;

use house::House;

#[derive(Debug, Parser)]
pub struct Args {
    /// `postgres` (needs `SIEGEL_TEST_POSTGRES`) or `sqlite`.
    #[arg(long)]
    backend: Option<String>,
    /// Some of W1, W2, W3, W4, overload (the provider), P1 to P6, P8 (the postbox), C1, C2 (who may
    /// act for whom), I1 (the import of accounts); all when absent.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How long each load lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Requests under way at once.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Accounts in the database.
    #[arg(long, default_value_t = 20_000)]
    accounts: usize,
    /// Mandates in the register of C1 and C2.
    #[arg(long, default_value_t = 1_000_000)]
    grants: usize,
    /// Accounts in the file of I1.
    #[arg(long, default_value_t = 100_000)]
    imported: usize,
    /// Mailboxes that letters go to.
    #[arg(long, default_value_t = 1_000)]
    recipients: u32,
    /// How often W1 and P1 alternate with their limits; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Letters of the batch of P4.
    #[arg(long, default_value_t = 100_000)]
    batch: usize,
    /// Letters stored in P5; 1,000,000 when absent, 10,000,000 with --full.
    #[arg(long)]
    letters: Option<i64>,
    /// P5 at its full size: some ten minutes and 5 GB.
    #[arg(long)]
    full: bool,
}

impl Args {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|o| o.eq_ignore_ascii_case(name))
    }
}

/// Whether every bar was met.
#[derive(Default)]
pub struct Verdict {
    missed: Vec<String>,
}

impl Verdict {
    /// Prints a time in milliseconds beside what it may be at most.
    pub fn at_most(&mut self, name: &str, ms: f64, most: f64, what: &str) {
        let word = if ms <= most { "ok" } else { "MISSED" };
        println!(
            "  {name}: {ms:.2} ms of {most:.0} ms allowed, {:.2} of it ({what}): {word}",
            ms / most
        );
        if ms > most {
            self.missed.push(name.to_owned());
        }
    }

    /// Prints one figure beside what it may be at most.
    pub fn no_more_than(&mut self, name: &str, figure: f64, most: f64, what: &str) {
        let word = if figure <= most { "ok" } else { "MISSED" };
        println!("  {name}: {figure:.2} of {most:.2} allowed ({what}): {word}");
        if figure > most {
            self.missed.push(name.to_owned());
        }
    }

    /// Prints one figure with its ratio and remembers whether it meets its bar.
    pub fn bar(&mut self, name: &str, figure: f64, bar: f64, what: &str) {
        let word = if figure >= bar { "ok" } else { "MISSED" };
        println!("  {name}: {figure:.2} against a bar of {bar:.2} ({what}): {word}");
        if figure < bar {
            self.missed.push(name.to_owned());
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<std::process::ExitCode> {
    let args = Args::parse();
    siegel_crypto::install();
    let mut verdict = Verdict::default();
    let provider = ["W1", "overload", "W2", "W3", "W4"];
    if provider.iter().any(|name| args.wants(name)) {
        measure_provider(&args, &mut verdict).await?;
    }
    if ["P1", "P2", "P3", "P4", "P5", "P6", "P8"].iter().any(|name| args.wants(name)) {
        post::run(&args, &mut verdict).await?;
    }
    if args.wants("C1") || args.wants("C2") {
        access::run(&args, &mut verdict).await?;
    }
    if args.wants("I1") || args.only.iter().any(|only| only == "import") {
        import::run(&args, &mut verdict).await?;
    }
    if verdict.missed.is_empty() {
        println!("every bar was met");
        return Ok(std::process::ExitCode::SUCCESS);
    }
    println!("missed: {}", verdict.missed.join(", "));
    Ok(std::process::ExitCode::FAILURE)
}

async fn measure_provider(args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let mut house = House::start(args).await?;
    println!("{}", house.description());
    let limits = limits::measure(&house).await?;
    println!("{limits}");
    if args.wants("W1") || args.wants("overload") {
        people::run(&mut house, args, verdict).await?;
    }
    if args.wants("W2") || args.wants("W3") || args.wants("W4") {
        tokens::run(&mut house, args, &limits, verdict).await?;
    }
    Ok(())
}

/// The one in the middle.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
