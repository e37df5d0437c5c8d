//! Logs, traces and metrics: which there are, how they leave the program, and how a trace travels from
//! hop to hop.
//!
//! Never in a log, span or metric: names, addresses, eID attributes, tokens, codes, content.

mod context;
mod export;
mod instrument;

pub use context::{extract, inject, set_parent};
pub use export::{Guard, LogFormat, TelemetryConfig, TelemetryError, init, metrics_text};
pub use instrument::{Counter, Histogram, metric};
