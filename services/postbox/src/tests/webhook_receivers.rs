//! The receivers of docs/how-to/webhooks.md, run as they stand there.

use std::path::Path;
use std::process::Command;

use siegel_db::Db;
use siegel_kernel::Clock as _;
use siegel_testkit::on_each_backend;

use super::webhooks::{HOOK, create, letter, push};
use super::world::World;

on_each_backend! { &crate::MIGRATIONS =>
    the_receiver_in_python_takes_what_is_signed_for_it_and_nothing_else,
    the_receiver_in_node_takes_what_is_signed_for_it_and_nothing_else
}

const PAGE: &str = include_str!("../../../../docs/how-to/webhooks.md");

const PYTHON: &str = r#"
import json, sys
from receiver import read_event
for case in json.load(open(sys.argv[1])):
    try:
        event = read_event(case["token"], case["keys"], case["origin"], case["webhook_id"], case["now"])
        print(event["sub"], event["kind"])
    except Exception:
        print("refused")
"#;

const NODE: &str = r#"
import { readFileSync } from "node:fs";
import { readEvent } from "./receiver.mjs";
for (const one of JSON.parse(readFileSync(process.argv[2]))) {
  try {
    const event = readEvent(one.token, one.keys, one.origin, one.webhook_id, one.now);
    console.log(event.sub, event.kind);
  } catch {
    console.log("refused");
  }
}
"#;

/// The one block of code in this language.
fn code(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0
}

/// Whether a program is there; where everything is tested it must be.
fn is_there(program: &str, args: &[&str]) -> bool {
    let found = Command::new(program).args(args).output().is_ok_and(|out| out.status.success());
    #[expect(clippy::disallowed_methods, reason = "the test runner speaks through the environment")]
    let needed = std::env::var("CI").is_ok();
    assert!(found || !needed, "{program} is not there: ./tests/run brings it");
    if !found {
        eprintln!("skipped: {program} is not there (./tests/run brings it)");
    }
    found
}

/// A good token, and each way in which one is not.
async fn cases(world: &World) -> (String, serde_json::Value) {
    let hook = create(world, HOOK).await;
    let id = letter(world, "r1").await;
    push(&world.postbox).await;
    let token = world.pushes.seen(HOOK)[0].token.clone();
    let keys: serde_json::Value =
        serde_json::from_str(&world.postbox.key_set().await.unwrap()).unwrap();
    let receipt = world.sent(&id).await.receipts.remove(0);
    let receipt: serde_json::Value = serde_json::from_str(&receipt.file).unwrap();
    let now = world.clock.now().as_seconds();
    let good = serde_json::json!({
        "token": token,
        "keys": keys,
        "origin": "http://localhost:8080",
        "webhook_id": hook.webhook_id,
        "now": now,
    });
    let bend = |field: &str, value: serde_json::Value| {
        let mut bad = good.clone();
        bad[field] = value;
        bad
    };
    let parts: Vec<&str> = token.split('.').collect();
    let other_body = parts[1].replace(char::from(parts[1].as_bytes()[20]), "A");
    let unsigned = siegel_crypto::b64::encode(br#"{"typ":"siegel-webhook+jwt","alg":"none"}"#);
    let cases = serde_json::json!([
        good,
        bend("now", (now + 299).into()),
        bend("now", (now + 301).into()),
        bend("now", (now - 301).into()),
        bend("webhook_id", "whk_00000000000000000000000000000000".into()),
        bend("origin", "https://other.example".into()),
        bend("keys", serde_json::json!({ "keys": [] })),
        bend("token", format!("{}.{other_body}.{}", parts[0], parts[2]).into()),
        bend("token", format!("{unsigned}.{}.", parts[1]).into()),
        bend("token", receipt["jws"].clone()),
        bend("token", "nonsense".into()),
    ]);
    (id, cases)
}

fn run(dir: &Path, program: &str, script: &str) -> Vec<String> {
    let out = Command::new(program)
        .arg(dir.join(script))
        .arg(dir.join("cases.json"))
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect()
}

async fn judged(db: Db, program: &str, files: [(&str, &str); 2]) {
    let world = World::new(db).await;
    let (id, cases) = cases(&world).await;
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    std::fs::write(dir.path().join("cases.json"), cases.to_string()).unwrap();
    let said = run(dir.path(), program, files[1].0);
    let taken = format!("{id} accepted");
    assert_eq!(said[..2], [taken.clone(), taken]);
    assert_eq!(said[2..], vec!["refused".to_owned(); 9]);
}

async fn the_receiver_in_python_takes_what_is_signed_for_it_and_nothing_else(db: Db) {
    if is_there("python3", &["-c", "import jwt, cryptography"]) {
        let files = [("receiver.py", code("python")), ("cases.py", PYTHON)];
        judged(db, "python3", files).await;
    }
}

async fn the_receiver_in_node_takes_what_is_signed_for_it_and_nothing_else(db: Db) {
    if is_there("node", &["--version"]) {
        judged(db, "node", [("receiver.mjs", code("js")), ("cases.mjs", NODE)]).await;
    }
}
