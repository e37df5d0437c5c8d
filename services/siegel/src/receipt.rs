//! `siegel receipt verify`: offline, and plain about what it proves.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;

use siegel_receipt::{Failure, KeyTrust, Policy, PublishedKeys, ReceiptFile, Sentence, Verified};

use crate::cli::VerifyArgs;

/// Exit code 0: it holds. 1: it does not, or cannot be read.
pub fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(&args.file)
        .with_context(|| format!("cannot read the receipt {}", args.file.display()))?;
    let outcome = ReceiptFile::parse(&text).and_then(|file| {
        let keys = match key_set(args.keys.as_deref(), &args.file, &file) {
            Ok(found) => found,
            Err(missing) => return Ok(Err(missing)),
        };
        let keys = PublishedKeys::from_json(&keys)?;
        let keys = match policy(args.policy.as_deref()) {
            Ok(Some(policy)) => keys.with_policy(policy),
            Ok(None) => keys,
            Err(unreadable) => return Ok(Err(unreadable)),
        };
        siegel_receipt::verify_published(
            &file,
            &keys,
            trust(args.thumbprint.as_ref(), args.keys.is_some()),
        )
        .map(Ok)
    });
    match outcome {
        Ok(Ok(verified)) => {
            holds(args, &verified);
            Ok(ExitCode::SUCCESS)
        }
        Ok(Err(missing)) => Err(missing),
        Err(failure) => {
            fails(args, &failure);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The key set given, or the one beside the receipt.
pub fn key_set(given: Option<&Path>, at: &Path, file: &ReceiptFile) -> anyhow::Result<String> {
    let beside = at.parent().unwrap_or(Path::new("")).join("keys.json");
    let path = given.map_or(beside, Path::to_owned);
    std::fs::read_to_string(&path).with_context(|| {
        format!(
            "cannot read the key set {}; it is published at {} — save it and pass --keys FILE",
            path.display(),
            file.jwks_uri
        )
    })
}

/// The policy in a file.
pub fn policy(path: Option<&Path>) -> anyhow::Result<Option<Policy>> {
    let Some(path) = path else { return Ok(None) };
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    Ok(Some(Policy::parse(&text).with_context(|| format!("the policy {name}"))?))
}

/// Where the key comes from, as the command line says.
pub fn trust(thumbprint: Option<&String>, given: bool) -> KeyTrust {
    match (thumbprint, given) {
        (Some(thumbprint), _) => KeyTrust::Thumbprint(thumbprint.clone()),
        (None, true) => KeyTrust::Given,
        (None, false) => KeyTrust::Beside,
    }
}

/// Prints a line; a reader that has gone (`| head`) is no failure.
fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn holds(args: &VerifyArgs, verified: &Verified) {
    let explanation = verified.explain();
    if args.json {
        let mut object = json!(verified);
        if let Some(map) = object.as_object_mut() {
            map.insert("explanation".into(), json!(explanation));
        }
        say(object);
        return;
    }
    let german = args.lang == "de";
    let text = |s: &Sentence| if german { s.de.clone() } else { s.en.clone() };
    say(text(&explanation.title));
    say(if german { "Bewiesen:" } else { "Proven:" });
    explanation.proven.iter().for_each(|s| say(format!("  + {}", text(s))));
    say(if german { "Nicht bewiesen:" } else { "Not proven:" });
    explanation.not_proven.iter().for_each(|s| say(format!("  - {}", text(s))));
    say(key_line(verified, german));
}

/// The key's thumbprint and where the key came from.
fn key_line(verified: &Verified, german: bool) -> String {
    let source = match (verified.key_source, german) {
        ("given", true) => "aus der mit --keys angegebenen Datei",
        ("given", false) => "from the file given with --keys",
        ("thumbprint", true) => "bestätigt durch den mit --thumbprint angegebenen Fingerabdruck",
        ("thumbprint", false) => "confirmed by the thumbprint given with --thumbprint",
        (_, true) => "neben dem Beleg gefunden: nicht unabhängig bestätigt",
        (_, false) => "found beside the receipt: not independently confirmed",
    };
    let (key, word) = (&verified.key_thumbprint, if german { "Schlüssel" } else { "Key" });
    format!("{word} SHA-256 {key} ({source})")
}

fn fails(args: &VerifyArgs, failure: &Failure) {
    if args.json {
        let object = json!({
            "valid": false,
            "code": failure.code(),
            "en": failure.to_string(),
            "de": failure.german(),
        });
        say(object);
    } else if args.lang == "de" {
        say(format!("Der Beleg hält nicht. {}", failure.german()));
    } else {
        say(format!("The receipt does not hold: {failure}"));
    }
}
