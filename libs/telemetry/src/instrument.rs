//! The metrics of the suite: each a static whose labels are counted by the compiler. Labels are
//! fixed and of few values; `docs/how-to/metrics.md` lists all of them, and a test compares.

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

static METER: OnceLock<Meter> = OnceLock::new();

/// Where all instruments report from now on. Called once, by `init`.
pub(crate) fn install(meter: Meter) {
    let _ = METER.set(meter);
}

/// Counts events. Does nothing before `init`.
pub struct Counter<const N: usize> {
    name: &'static str,
    help: &'static str,
    labels: [&'static str; N],
    instrument: OnceLock<opentelemetry::metrics::Counter<u64>>,
}

impl<const N: usize> Counter<N> {
    const fn new(name: &'static str, help: &'static str, labels: [&'static str; N]) -> Self {
        Self { name, help, labels, instrument: OnceLock::new() }
    }

    /// One more; `values` in the order of the labels.
    pub fn count(&self, values: [&str; N]) {
        let Some(meter) = METER.get() else { return };
        let build = || meter.u64_counter(self.name).with_description(self.help).build();
        self.instrument.get_or_init(build).add(1, &labelled(&self.labels, values));
    }
}

/// Measures durations, in seconds. Does nothing before `init`.
pub struct Histogram<const N: usize> {
    name: &'static str,
    help: &'static str,
    labels: [&'static str; N],
    instrument: OnceLock<opentelemetry::metrics::Histogram<f64>>,
}

/// Bucket borders in seconds: from a cached answer to a deadline.
const BORDERS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl<const N: usize> Histogram<N> {
    const fn new(name: &'static str, help: &'static str, labels: [&'static str; N]) -> Self {
        Self { name, help, labels, instrument: OnceLock::new() }
    }

    /// One observation; `values` in the order of the labels.
    pub fn record(&self, took: Duration, values: [&str; N]) {
        let Some(meter) = METER.get() else { return };
        let build = || {
            let builder = meter.f64_histogram(self.name).with_description(self.help);
            builder.with_unit("s").with_boundaries(BORDERS.to_vec()).build()
        };
        let instrument = self.instrument.get_or_init(build);
        instrument.record(took.as_secs_f64(), &labelled(&self.labels, values));
    }
}

fn labelled<const N: usize>(labels: &[&'static str; N], values: [&str; N]) -> Vec<KeyValue> {
    let pairs = labels.iter().zip(values);
    pairs.map(|(label, value)| KeyValue::new(*label, value.to_owned())).collect()
}

/// Declares the statics and the list that the test compares with the document.
macro_rules! metrics {
    ($($(#[$doc:meta])* $kind:ident $id:ident = $name:literal, $help:literal, [$($label:literal),*];)+) => {
        /// Every metric of the suite.
        pub mod metric {
            use super::{Counter, Histogram};

            $($(#[$doc])*
            #[doc = concat!("`", $name, "`: ", $help, ".")]
            pub static $id: $kind<{ [$($label as &str),*].len() }> = $kind::new($name, $help, [$($label),*]);)+

            #[cfg(test)]
            pub(super) const ALL: &[(&str, &str, &[&str], &str)] =
                &[$((stringify!($kind), $name, &[$($label),*], $help)),+];
        }
    };
}

metrics! {
    Counter RPC_CALLS = "rpc.server.calls", "gRPC calls answered", ["service", "method", "code"];
    Histogram RPC_DURATION = "rpc.server.duration", "time to answer a gRPC call", ["service", "method"];
    Counter RPC_REFUSED = "rpc.server.refused", "gRPC calls stopped before their service saw them", ["service", "reason"];
    Counter CLIENT_CALLS = "rpc.client.calls", "gRPC calls made to siblings", ["service", "code"];
    Counter HTTP_REQUESTS = "http.server.requests", "HTTP requests answered, by class of status", ["face", "status"];
    Histogram HTTP_DURATION = "http.server.duration", "time to answer an HTTP request", ["face"];
    /// `step`: `pwd`, `sc` or `fed` (elsewhere), as in `amr` (RFC 8176 §2).
    Counter LOGIN_STARTED = "login.started", "log-in steps begun", ["step"];
    Counter LOGIN_FINISHED = "login.finished", "log-in steps ended", ["step", "outcome"];
    Counter ACCOUNTS_REGISTERED = "accounts.registered", "accounts opened", ["level"];
    Counter TOKENS_ISSUED = "tokens.issued", "answers of the token endpoint", ["grant_type", "outcome"];
    Counter LETTERS_ACCEPTED = "letters.accepted", "letters accepted for delivery", ["delivery_type"];
    Counter LETTERS_REFUSED = "letters.refused", "letters refused, by stable reason", ["reason"];
    Counter LETTERS_OPENED = "letters.opened", "letters opened by their recipient", ["delivery_type"];
    Counter RECEIPTS_SIGNED = "receipts.signed", "signed evidence entries", ["kind"];
    Counter IDENTIFICATIONS = "eid.identifications", "identifications by eID card that ended", ["source", "outcome"];
    Counter NOTICES_SENT = "notices.sent", "mails and webhooks handed over", ["channel", "outcome"];
    Counter FAULTS = "faults", "answers `INTERNAL`: someone must look at the log", ["service"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lists_every_metric_with_its_labels_and_no_other() {
        let listed: Vec<&str> = include_str!("../../../docs/how-to/metrics.md")
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let expected: Vec<String> = metric::ALL.iter().map(row).collect();
        assert_eq!(listed, expected, "docs/how-to/metrics.md, table");
    }

    fn row((kind, name, labels, help): &(&str, &str, &[&str], &str)) -> String {
        let suffix = if *kind == "Counter" { "_total" } else { "_seconds" };
        let prometheus = format!("{}{suffix}", name.replace('.', "_"));
        let labels: Vec<String> = labels.iter().map(|l| format!("`{l}`")).collect();
        format!("| `{name}` | `{prometheus}` | {} | {help} |", labels.join(", "))
    }

    #[test]
    fn counting_before_init_is_no_error() {
        Counter::<1>::new("nobody.listens", "", ["why"]).count(["early"]);
    }
}
