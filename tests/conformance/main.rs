//! A relying party, a resource server, an upstream provider and an attacker against the running
//! suite over loopback TLS: one case per point and attack that an OpenID Provider must get right.
//!
//! The same cases run on SQLite (one process), on PostgreSQL, and on PostgreSQL with two replicas
//! behind a proxy that gives every connection to the other one. Names state the claim; an alias is
//! the module of the OpenID Foundation's conformance suite that looks at the same thing.
//!
//!     cargo test -p siegel-e2e --test conformance             all
//!     … --test conformance -- --backend sqlite redirect       those with `redirect` in their name
#![expect(clippy::indexing_slicing, reason = "what JSON does not have reads as null")]
#![expect(clippy::disallowed_methods, reason = "the test runner speaks through the environment")]

mod authenticator;
mod authority;
mod cases;
mod cast;
mod elsewhere;
mod forge;
mod house;
mod inside;
mod person;
mod proxy;
mod reply;
mod rows;
mod rp;
mod rp_calls;
mod seed;
mod trail;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use house::{Backend, House};

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|a| a == "--list") {
        for case in cases::all() {
            println!("{}", case.line());
        }
        return ExitCode::SUCCESS;
    }
    siegel_crypto::install();
    let backend = args.iter().skip_while(|a| *a != "--backend").nth(1).cloned();
    let filter: Vec<&String> =
        args.iter().filter(|a| !a.starts_with("--") && Some(*a) != backend.as_ref()).collect();
    let wanted = |name: &str| filter.is_empty() || filter.iter().any(|f| name.contains(f.as_str()));
    let (mut passed, mut failed) = (0_u32, 0_u32);
    for on in Backend::ALL {
        if backend.as_ref().is_some_and(|b| b != on.name()) {
            continue;
        }
        let started = Instant::now();
        let house = match House::start(on).await {
            Ok(Some(house)) => house,
            Ok(None) => continue,
            Err(error) => {
                failed += 1;
                println!("test {}::the_suite_starts ... FAILED\n    {error:#}", on.name());
                continue;
            }
        };
        println!("{}: started in {} ms", on.name(), started.elapsed().as_millis());
        for case in cases::all() {
            if !wanted(case.name) {
                continue;
            }
            let started = Instant::now();
            let outcome = (case.run)(&house).await;
            let ms = started.elapsed().as_millis();
            match outcome {
                Ok(()) => {
                    passed += 1;
                    println!("test {}::{} ... ok ({ms} ms)", on.name(), case.line());
                }
                Err(error) => {
                    failed += 1;
                    println!(
                        "test {}::{} ... FAILED ({ms} ms)\n    {error:#}",
                        on.name(),
                        case.line()
                    );
                }
            }
        }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
