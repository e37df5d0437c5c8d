//! The one executable.

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    siegel::run(Instant::now())
}
