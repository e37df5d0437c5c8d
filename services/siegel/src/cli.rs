use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
pub struct AdminArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Who does it: named in the audit trail.
    #[arg(long, global = true, env = "USER", default_value = "operator")]
    pub operator: String,
    /// The operator's private key (PKCS#8 PEM): proves that --operator says so.
    #[arg(long, global = true)]
    pub operator_key: Option<PathBuf>,
    /// Signs the command for the installation with this origin and prints the statement, instead
    /// of doing it: reaches nothing, and keeps the key where it is.
    #[arg(long, global = true, requires = "operator_key")]
    pub sign_for: Option<String>,
    /// File with such a statement about this command, at most five minutes old.
    #[arg(long, global = true, conflicts_with = "operator_key")]
    pub statement: Option<PathBuf>,
    /// One JSON object on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: AdminCommand,
}

/// Which installation; without any of them `siegel.toml` here, else the sandbox in `siegel-data`.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Settings of an installation.
    #[arg(long, global = true, conflicts_with = "data")]
    pub config: Option<PathBuf>,
    /// Data directory of a sandbox; `siegel up` may be running on it.
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
    /// The database that sandbox was started with.
    #[arg(long, global = true)]
    pub database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Brings tenants, clients and (sandbox) persons to what a TOML or JSON file says.
    Apply {
        file: PathBuf,
        /// Removes clients that were applied before and are not in the file.
        #[arg(long)]
        prune: bool,
    },
    /// Registered clients.
    #[command(subcommand)]
    Clients(ClientsCommand),
    /// Accounts of persons, by their ids: shown without what is personal, disabled, enabled.
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// Configured tenants.
    #[command(subcommand)]
    Tenants(ListCommand),
    /// Keys the issuer signs with or publishes.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Operators by their keys.
    #[command(subcommand)]
    Operators(OperatorsCommand),
    /// Providers whose accounts log in here.
    #[command(subcommand)]
    Upstreams(UpstreamsCommand),
    /// Tokens that register clients (RFC 7591).
    #[command(subcommand)]
    RegistrationToken(TokenCommand),
    /// Accounts of a system that is closed, one JSON object per line: each waits for its person, who
    /// takes it over. The same file again goes on where it stopped. Exit code 2: lines were left out.
    Import(ImportArgs),
    /// Limits, quotas, retention, legal holds, the rule table and outages of the postbox.
    #[command(subcommand)]
    Postbox(PostboxCommand),
    /// Claims of organisations: what waits, proof, letters.
    #[command(subcommand)]
    Organisation(OrganisationCommand),
}

#[derive(Debug, Subcommand)]
pub enum OrganisationCommand {
    /// Claims to look at and letters to send, oldest first.
    Claims,
    /// One claim, and what the record says.
    Show { claim: String },
    /// Takes a claim for proven by what a JSON file tells: level, fields, the address among them.
    Approve { claim: String, file: PathBuf },
    /// Ends a claim that is not proven.
    Reject { claim: String },
    /// Writes the letter as PDF to a new file.
    Print {
        claim: String,
        to: PathBuf,
        /// JSON file with the address, where the proof brought none.
        #[arg(long)]
        address: Option<PathBuf>,
        /// In English instead of German.
        #[arg(long)]
        english: bool,
    },
    /// The letter is with the post: its code is forgotten, the cooling period begins.
    Sent { claim: String },
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    pub file: PathBuf,
    /// Who takes the accounts over.
    #[arg(long)]
    pub tenant: String,
    /// Id of the closed system: a-z, 0-9, -.
    #[arg(long)]
    pub system: String,
    /// How people know it: the source of every value they take over.
    #[arg(long)]
    pub name: String,
    /// How long the accounts wait, in days.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=1095))]
    pub days: u32,
    /// Where lines that were left out are listed; `FILE.report` when absent.
    #[arg(long)]
    pub report: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum PostboxCommand {
    /// What was decided for a tenant and what waits, with digests.
    Show {
        #[arg(long)]
        tenant: String,
    },
    /// Makes the change of a JSON file, or proposes it where two operators decide.
    Change {
        file: PathBuf,
        #[arg(long)]
        tenant: String,
    },
    /// Lets what somebody else proposed take effect.
    Approve {
        proposal: String,
        /// Of what was looked at (`show`).
        #[arg(long)]
        digest: String,
        #[arg(long)]
        tenant: String,
    },
    /// Drops what waits.
    Reject {
        proposal: String,
        #[arg(long)]
        tenant: String,
    },
}

impl PostboxCommand {
    pub fn tenant(&self) -> &str {
        match self {
            Self::Show { tenant }
            | Self::Change { tenant, .. }
            | Self::Approve { tenant, .. }
            | Self::Reject { tenant, .. } => tenant,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum ListCommand {
    List,
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Id, algorithm, from when, and what it does now.
    List,
    /// Makes an ES256 key in a new file.
    New { to: PathBuf },
    /// Copies a PKCS#8 PEM key, checked, to a new file: RSA of 2048 bits or more, or P-256.
    Import { from: PathBuf, to: PathBuf },
}

#[derive(Debug, Subcommand)]
pub enum OperatorsCommand {
    /// Name and thumbprint of each.
    List,
    /// Makes the key of --operator in a new file, and prints what belongs into the settings.
    NewKey { to: PathBuf },
}

#[derive(Debug, Subcommand)]
pub enum UpstreamsCommand {
    List,
    /// Log-ins from there are accepted again.
    Enable {
        id: String,
    },
    /// Log-ins from there are refused at once, and what rests on them alone ends.
    Disable {
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// The id of the account with the e-mail address on standard input.
    Find,
    /// State, credentials by kind and level, number of sessions.
    Show { id: String },
    /// Ends everything that holds for the account at once, and lets nobody log in to it.
    Disable {
        id: String,
        /// hijacked, bulk-account, misuse, owner-request, ordered or deceased.
        #[arg(long)]
        reason: String,
    },
    /// Lets its owner log in again.
    Enable { id: String },
    /// How far its deletion is: which services have answered, and what they wait for.
    Deletion { id: String },
}

#[derive(Debug, Subcommand)]
pub enum ClientsCommand {
    /// Id, where it comes from, environment, profile, tenant, what waits.
    List,
    /// Everything that is registered and what waits, as JSON.
    Show { client_id: String },
    /// Stores the client or clients of a TOML or JSON file.
    Put { file: PathBuf },
    /// Removes a client and everything it was granted.
    Remove { client_id: String },
    /// What waits for an operator: who proposed what, and its digest.
    Proposals,
    /// Lets a client that registered itself in, or what somebody else proposed take effect.
    Approve {
        client_id: String,
        /// Of what was looked at (`proposals`): something that came since is not approved. Needed
        /// where operators have keys, and for what a client says of itself.
        #[arg(long)]
        digest: Option<String>,
    },
    /// Drops what waits.
    Reject { client_id: String },
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Makes a token and shows it, once.
    New {
        /// The tenant of the clients it registers.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// Its clients are for tests: their later changes wait for nobody.
        #[arg(long)]
        test: bool,
        /// How many clients it registers.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// How long it is good, days.
        #[arg(long, default_value_t = 7)]
        days: u32,
    },
    List,
    Revoke {
        id: String,
    },
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

#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Verifies a receipt file offline and says what it proves.
    Verify(VerifyArgs),
    /// Writes a receipt as a document: PDF/A-3a with the receipt file inside.
    Pdf(PdfArgs),
}

#[derive(Debug, Args)]
pub struct PdfArgs {
    /// The receipt file. It is verified first; one that does not hold becomes no document.
    pub file: PathBuf,
    /// A key set you saved from a source you trust; without it, `keys.json` beside the receipt.
    #[arg(long)]
    pub keys: Option<PathBuf>,
    /// SHA-256 thumbprint of the signing key, known from a source you trust.
    #[arg(long)]
    pub thumbprint: Option<String>,
    /// Language of the document.
    #[arg(long, default_value = "de", value_parser = ["en", "de"])]
    pub lang: String,
    /// Reference (Aktenzeichen) to print; marked as not signed.
    #[arg(long, default_value = "")]
    pub reference: String,
    /// Where to write it; the receipt's name with `.pdf` when absent.
    #[arg(long)]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The receipt file.
    pub file: PathBuf,
    /// A key set you saved from a source you trust; without it, `keys.json` beside the receipt.
    #[arg(long)]
    pub keys: Option<PathBuf>,
    /// SHA-256 thumbprint of the signing key, known from a source you trust.
    #[arg(long)]
    pub thumbprint: Option<String>,
    /// Which witnesses must have cosigned the checkpoint (C2SP tlog-policy).
    #[arg(long)]
    pub policy: Option<PathBuf>,
    /// One JSON object on standard output.
    #[arg(long)]
    pub json: bool,
    /// Language of the explanation.
    #[arg(long, default_value = "en", value_parser = ["en", "de"])]
    pub lang: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin(line: &str) -> AdminArgs {
        let words = ["siegel", "admin"].into_iter().chain(line.split(' '));
        match Cli::try_parse_from(words).unwrap().command {
            Command::Admin(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_place_and_the_operator_may_stand_behind_the_command() {
        let args = admin("apply seed.toml --prune --data d --operator ada --json");
        assert_eq!(args.place.data, Some(PathBuf::from("d")));
        assert!(args.json && args.operator == "ada");
        assert!(matches!(args.command, AdminCommand::Apply { prune: true, .. }));
        let args = admin("--config s.toml clients approve x");
        assert_eq!(args.place.config, Some(PathBuf::from("s.toml")));
        let approve = matches!(&args.command,
            AdminCommand::Clients(ClientsCommand::Approve { client_id, .. }) if client_id == "x");
        assert!(approve);
    }

    #[test]
    fn only_the_sandbox_has_a_clock_for_fault_runs() {
        let up = ["siegel", "up", "--faults-clock", "c"];
        assert!(Cli::try_parse_from(up).is_ok());
        let serve = ["siegel", "serve", "postbox", "--config", "s.toml"];
        assert!(Cli::try_parse_from(serve).is_ok());
        assert!(Cli::try_parse_from(serve.into_iter().chain(["--faults-clock", "c"])).is_err());
    }

    #[test]
    fn every_command_of_admin_is_understood() {
        for line in [
            "clients list",
            "clients show a",
            "clients put a.json",
            "clients remove a",
            "clients proposals",
            "clients approve a --digest x",
            "clients reject a --statement s",
            "operators list",
            "operators new-key k.pem --operator ada",
            "tenants list --operator-key k.pem --sign-for https://konto.example",
            "accounts find",
            "accounts show acc_1",
            "accounts disable acc_1 --reason hijacked",
            "accounts enable acc_1",
            "tenants list",
            "keys list --json",
            "registration-token new --tenant t --uses 3 --days 30",
            "registration-token list",
            "registration-token revoke iat_1",
            "postbox show --tenant t",
            "postbox change c.json --tenant t",
            "postbox approve prp_1 --digest x --tenant t --operator-key k.pem",
            "postbox reject prp_1 --tenant t",
        ] {
            admin(line);
        }
        let both = ["siegel", "admin", "tenants", "list", "--config", "a", "--data", "b"];
        assert!(Cli::try_parse_from(both).is_err(), "one place at a time");
    }

    #[test]
    fn a_sandbox_may_be_started_with_several_files() {
        let cli = Cli::try_parse_from(["siegel", "up", "--seed", "a.toml", "--seed", "b.json"]);
        let Command::Up(args) = cli.unwrap().command else { panic!("not up") };
        assert_eq!(args.seed, [PathBuf::from("a.toml"), PathBuf::from("b.json")]);
    }
}

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Replays the whole log against database and published files, and says every difference.
    Audit(LogAuditArgs),
}

#[derive(Debug, Args)]
pub struct LogAuditArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    /// A checkpoint you saved on an earlier day; may be given several times.
    #[arg(long)]
    pub checkpoint: Vec<PathBuf>,
    /// The log's key as you know it, `name+id+key`; without it, that of the policy or the key file.
    #[arg(long)]
    pub key: Option<String>,
    /// Which witnesses must have cosigned the log (C2SP tlog-policy).
    #[arg(long)]
    pub policy: Option<PathBuf>,
    /// One JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}
