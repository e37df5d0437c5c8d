//! `siegel receipt pdf`: a receipt as a document, offline.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use siegel_receipt::{PublishedKeys, ReceiptFile};
use siegel_receipt_pdf::{Document, Known, Language, render};

use crate::cli::PdfArgs;
use crate::receipt::{key_set, trust};

/// Exit code 0: it is written. 1: the receipt does not hold, or cannot be read.
pub fn write(args: &PdfArgs) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(&args.file)
        .with_context(|| format!("cannot read the receipt {}", args.file.display()))?;
    let file = ReceiptFile::parse(&text).context("the receipt does not hold")?;
    let keys = key_set(args.keys.as_deref(), &args.file, &file)?;
    let keys = PublishedKeys::from_json(&keys)?;
    let trust = trust(args.thumbprint.as_ref(), args.keys.is_some());
    let verified = siegel_receipt::verify_published(&file, &keys, trust)
        .context("the receipt does not hold")?;
    let known = Known { reference: args.reference.clone(), case_id: String::new() };
    let document = Document {
        verified: &verified,
        file: &text,
        jwks_uri: &file.jwks_uri,
        known: &known,
        language: Language::of_tag(&args.lang),
    };
    let output = args.output.clone().unwrap_or_else(|| args.file.with_extension("pdf"));
    std::fs::write(&output, render(&document)?)
        .with_context(|| format!("cannot write {}", output.display()))?;
    let _ = writeln!(std::io::stdout(), "{}", output.display());
    Ok(ExitCode::SUCCESS)
}
