//! `siegel receipt` and `siegel log`: what is looked at afterwards, by anyone.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PlaceArgs;

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
