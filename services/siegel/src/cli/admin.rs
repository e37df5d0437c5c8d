//! `siegel admin`: what operators ask of a running installation.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
