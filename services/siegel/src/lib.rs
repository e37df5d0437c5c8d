//! The program behind `siegel`: the whole suite, one service, or a client of it. A library so that
//! the tests of the whole suite use the same outside client as `siegel demo`.

mod admin;
mod cli;
pub mod demo;
pub mod faults_clock;
mod log;
pub mod outside;
mod receipt;
mod receipt_pdf;
mod sandbox;
mod serve;
mod settings;
mod suite;
mod tls;
mod up;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;
use cli::{Cli, Command, LogCommand, ReceiptCommand};

/// Does what the command line says.
pub fn run(started: Instant) -> ExitCode {
    let cli = Cli::parse();
    siegel_crypto::install();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Up(args) => up::run(args, started).await.map(|()| ExitCode::SUCCESS),
            Command::Demo(args) => demo::run(args).await.map(|()| ExitCode::SUCCESS),
            Command::Serve(args) => Box::pin(serve::run(args)).await.map(|()| ExitCode::SUCCESS),
            Command::Migrate(args) => {
                suite::migrate(&args.config).await.map(|()| ExitCode::SUCCESS)
            }
            Command::Admin(args) => admin::run(args).await,
            Command::Receipt(ReceiptCommand::Verify(args)) => receipt::verify(&args),
            Command::Receipt(ReceiptCommand::Pdf(args)) => receipt_pdf::write(&args),
            Command::Log(LogCommand::Audit(args)) => log::audit(&args).await,
            Command::Openapi => openapi(),
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    outcome.unwrap_or_else(|error| failed(&error))
}

/// `siegel openapi`
fn openapi() -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    out.write_all(&siegel_transcode::document())?;
    out.write_all(b"\n")?;
    Ok(ExitCode::SUCCESS)
}

/// One clear line: what failed, and why.
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("siegel: {error:#}");
    ExitCode::FAILURE
}
