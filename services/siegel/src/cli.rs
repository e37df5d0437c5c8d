//! The command line. One type for each command; what they do is in the module of that name.

mod admin;
mod proof;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use admin::{
    AccountsCommand, AdminArgs, AdminCommand, ClientsCommand, ImportArgs, KeysCommand,
    OperatorsCommand, OrganisationCommand, PlaceArgs, PostboxCommand, TokenCommand,
    UpstreamsCommand,
};
pub use proof::{LogAuditArgs, LogCommand, PdfArgs, ReceiptCommand, VerifyArgs};

/// Siegel: service account, organisation account and postbox for public administrations.
#[derive(Debug, Parser)]
#[command(name = "siegel", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the whole suite in this process as a sandbox: nothing else is needed.
    Up(UpArgs),
    /// Plays portal and authority from outside against a running suite: one letter, start to proof.
    Demo(DemoArgs),
    /// Runs one service, as the Helm chart does.
    Serve(ServeArgs),
    /// Brings the databases of all configured services up to date.
    Migrate(ConfigArgs),
    /// Tenants, clients, keys: what operators decide.
    Admin(AdminArgs),
    /// Works with receipts.
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// The public log of receipts.
    #[command(subcommand)]
    Log(LogCommand),
    /// Prints the OpenAPI document of the JSON interface.
    Openapi,
}

#[derive(Debug, Args)]
pub struct UpArgs {
    /// Port of the one origin, http://localhost:PORT (https with --tls-cert); 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Where databases, letters, keys and `demo.toml` live.
    #[arg(long, default_value = "siegel-data")]
    pub data: PathBuf,
    /// PostgreSQL instead of SQLite files: `postgres://user@host/database`, one schema per service.
    #[arg(long)]
    pub database_url: Option<String>,
    /// Settings over the sandbox's defaults; `siegel.toml` in the data directory when there is one.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Tenants, clients and persons that are there when it is ready; may be given several times.
    #[arg(long)]
    pub seed: Vec<PathBuf>,
    /// Serves TLS: PEM chain, the own certificate first. Read again when it changes.
    #[arg(long, requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// PEM private key of --tls-cert.
    #[arg(long, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The origin as others see it: `https://host:port`.
    #[arg(long)]
    pub issuer: Option<String>,
    /// Listens here instead of on loopback; beyond this machine only with --tls-cert. May be given
    /// several times. Whoever reaches it reads the mail sink: a sandbox has no secrets.
    #[arg(long)]
    pub bind: Vec<IpAddr>,
    /// A second port for clients that come with a certificate (RFC 8705); 0 takes a free one.
    #[arg(long, requires = "tls_cert")]
    pub mtls_port: Option<u16>,
    /// PEM certificates of the authorities that sign clients' certificates (`tls_client_auth`).
    #[arg(long, requires = "mtls_port")]
    pub mtls_ca: Option<PathBuf>,
    /// PEM certificates that `demo` is to trust besides --tls-cert.
    #[arg(long, requires = "tls_cert")]
    pub ca: Option<PathBuf>,
    /// Fault runs only: the machine's clock is off by the microseconds in this file.
    #[arg(long, hide = true)]
    pub faults_clock: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The running suite.
    #[arg(long, default_value = "http://localhost:8080")]
    pub url: String,
    /// Where receipts (`receipt-*.json`) and the key set are written.
    #[arg(long, default_value = "demo-out")]
    pub out: PathBuf,
    /// Client keys and persona passwords; `demo.toml` in the data directory when absent.
    #[arg(long)]
    pub credentials: Option<PathBuf>,
    /// The data directory of `siegel up`.
    #[arg(long, default_value = "siegel-data")]
    pub data: PathBuf,
    /// PEM certificates to trust besides the system's roots.
    #[arg(long)]
    pub ca: Option<PathBuf>,
    /// Files to attach instead of the specimen decision; may be given several times.
    #[arg(long)]
    pub attach: Vec<PathBuf>,
    /// One JSON object on standard output instead of the timeline.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// identity, account, organisation, postbox, eid, notification or portal.
    pub service: String,
    #[command(flatten)]
    pub config: ConfigArgs,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Settings (TOML); the environment (`SIEGEL__POSTBOX__…`) goes over it.
    #[arg(long, default_value = "siegel.toml")]
    pub config: PathBuf,
}
