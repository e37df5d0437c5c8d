//! The same calls as JSON over HTTP.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use siegel_crypto::{b64_padded, sha256};
use siegel_db::Db;
use siegel_grpc::Caller;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;
use tower::ServiceExt as _;

use super::world::{CLIENT, PDF, World, client, person};

on_each_backend! { &crate::MIGRATIONS =>
    a_letter_sent_as_json_is_the_letter_sent_by_grpc,
    a_refusal_over_http_has_the_reason_of_grpc,
    a_violation_names_the_json_field,
    a_count_of_nothing_is_written,
    events_are_server_sent_events_that_resume_behind_the_last_id,
    news_of_a_mailbox_are_server_sent_events_that_resume_behind_the_last_id,
    a_download_is_the_file_with_type_and_name,
    a_range_is_that_part_of_the_file,
    a_range_behind_the_end_is_not_satisfiable,
    a_body_over_the_limit_is_too_large
}

const SENDER: &str = "/v1/postbox/SenderService";
const MAILBOX: &str = "/v1/postbox/MailboxService";

fn office(world: &World) -> Router {
    world.http(client(CLIENT, "musterstadt"))
}

fn ada(world: &World) -> Router {
    world.http(person(1, TrustLevel::High))
}

async fn send(router: &Router, path: &str, body: impl Into<Body>) -> Response<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

/// Status and body of a call.
async fn call(router: &Router, path: &str, body: Value) -> (StatusCode, Value) {
    let response = send(router, path, body.to_string()).await;
    let status = response.status();
    (status, serde_json::from_slice(&text(response).await).unwrap())
}

async fn get(router: &Router, path: &str, name: &str, value: &str) -> Response<Body> {
    let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

/// The letter of `world::request`, as JSON.
async fn letter(world: &World, request_id: &str) -> Value {
    json!({
        "requestId": request_id,
        "letter": {
            "handle": world.handle(1).await,
            "senderReference": "Az. 2025-17",
            "subject": "Ihr Bescheid zur Gaube",
            "bodies": [{ "language": "de", "plainText": "Guten Tag, der Bescheid liegt bei." }],
            "requiredLevel": "TRUST_LEVEL_SUBSTANTIAL",
            "importance": "IMPORTANCE_IMPORTANT",
            "deliveryType": "DELIVERY_TYPE_DECISION",
            "legalBasis": "ozg-9",
            "caseId": "BA-2025-17",
        },
        "attachments": [{
            "declaration": { "name": "Bescheid ä.pdf", "mediaType": "application/pdf",
                "sha256": b64_padded::encode(sha256(PDF)), "sizeBytes": PDF.len().to_string() },
            "content": b64_padded::encode(PDF),
        }],
    })
}

async fn delivered(world: &World) -> String {
    let (status, sent) =
        call(&office(world), &format!("{SENDER}/Submit"), letter(world, "j1").await).await;
    assert_eq!(status, StatusCode::OK, "{sent}");
    sent["letterId"].as_str().unwrap().to_owned()
}

async fn a_letter_sent_as_json_is_the_letter_sent_by_grpc(db: Db) {
    let world = World::new(db).await;
    let path = format!("{SENDER}/Submit");
    let (status, first) = call(&office(&world), &path, letter(&world, "j1").await).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(first["state"], "DELIVERY_STATE_PROVIDED");
    let by_grpc = world.sent(first["letterId"].as_str().unwrap()).await;
    assert_eq!(first["receipts"][0]["file"], by_grpc.receipts[0].file.as_str());
    let (_, again) = call(&office(&world), &path, letter(&world, "j1").await).await;
    assert_eq!(again, first, "the same request has the same answer");
}

async fn a_refusal_over_http_has_the_reason_of_grpc(db: Db) {
    let world = World::new(db).await;
    let mut unknown = letter(&world, "j1").await;
    unknown["letter"]["handle"] = "hdl_00000000000000000000000000000000".into();
    let response = send(&office(&world), &format!("{SENDER}/Submit"), unknown.to_string()).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem: Value = serde_json::from_slice(&text(response).await).unwrap();
    assert_eq!(
        (&problem["reason"], &problem["code"]),
        (&"RECIPIENT_UNKNOWN".into(), &"NOT_FOUND".into())
    );
    let letter = problem["metadata"]["letter_id"].as_str().unwrap();
    assert_eq!(world.kinds(letter).await, ["rejected"]);

    let (status, problem) = call(&ada(&world), &format!("{SENDER}/Submit"), json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(problem["reason"], "WRONG_CALLER");
}

async fn a_violation_names_the_json_field(db: Db) {
    let world = World::new(db).await;
    let mut long = letter(&world, "j1").await;
    long["letter"]["senderReference"] = "x".repeat(256).into();
    let (status, problem) = call(&office(&world), &format!("{SENDER}/Submit"), long).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(problem["violations"][0]["field"], "letter.senderReference");
}

async fn a_count_of_nothing_is_written(db: Db) {
    let world = World::new(db).await;
    let (_, counts) = call(&ada(&world), &format!("{MAILBOX}/GetCounts"), json!({})).await;
    assert_eq!(counts, json!({ "inbox": "0", "archive": "0", "trash": "0", "unread": "0" }));
}

/// Reads a stream up to its first heartbeat.
async fn told(response: Response<Body>) -> String {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let (mut body, mut told) = (response.into_body(), String::new());
    while !told.contains(": heartbeat\n") {
        let frame = body.frame().await.unwrap().unwrap();
        told.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    told
}

async fn events_are_server_sent_events_that_resume_behind_the_last_id(db: Db) {
    let world = World::new(db).await;
    let id = delivered(&world).await;
    world.settle().await;
    let path = format!("{SENDER}/WatchEvents");
    let all = told(get(&office(&world), &path, "accept", "text/event-stream").await).await;
    let kinds = ["\"kind\":\"accepted\"", "\"kind\":\"provided\""];
    assert!(kinds.iter().all(|kind| all.contains(kind)) && all.contains(&id), "{all}");
    let first = all.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let rest = told(get(&office(&world), &path, "last-event-id", first).await).await;
    assert!(!rest.contains(kinds[0]) && rest.contains(kinds[1]), "{rest}");
}

/// Reads a stream until something was told.
async fn until(response: Response<Body>, what: &str) -> String {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let (mut body, mut told) = (response.into_body(), String::new());
    while !told.contains(what) {
        let frame = body.frame().await.unwrap().unwrap();
        told.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    told
}

async fn news_of_a_mailbox_are_server_sent_events_that_resume_behind_the_last_id(db: Db) {
    let world = World::new(db).await;
    let path = format!("{MAILBOX}/WatchMailbox");
    let counts = "\"counts\":";
    let begun = until(get(&ada(&world), &path, "accept", "text/event-stream").await, counts).await;
    assert!(!begun.contains("\"news\""), "{begun}");
    let first = begun.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let id = delivered(&world).await;
    world.open(&id).await.unwrap();
    world.settle().await;
    let opened = "\"kind\":\"opened\"";
    let told = until(get(&ada(&world), &path, "last-event-id", first).await, opened).await;
    assert!(told.contains("\"kind\":\"provided\"") && told.contains(&id), "{told}");
    let provided = told.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let rest = until(get(&ada(&world), &path, "last-event-id", provided).await, opened).await;
    assert!(!rest.contains("\"kind\":\"provided\""), "{rest}");
}

/// Delivers and opens a letter; the address of its attachment.
async fn attachment(world: &World) -> String {
    let id = delivered(world).await;
    let open = json!({ "requestId": "o", "letterId": id });
    let (_, opened) = call(&ada(world), &format!("{MAILBOX}/Open"), open).await;
    let file = opened["attachments"][0]["attachmentId"].as_str().unwrap();
    format!("{MAILBOX}/DownloadAttachment?letterId={id}&attachmentId={file}")
}

async fn a_download_is_the_file_with_type_and_name(db: Db) {
    let world = World::new(db).await;
    let address = attachment(&world).await;
    let response = get(&ada(&world), &address, "accept", "*/*").await;
    assert_eq!(response.status(), StatusCode::OK);
    let head = |name| response.headers()[name].to_str().unwrap();
    assert_eq!(head("content-type"), "application/pdf");
    assert_eq!(head("content-length"), PDF.len().to_string());
    assert_eq!(head("content-disposition"), "attachment; filename*=UTF-8''Bescheid%20%C3%A4.pdf");
    assert_eq!(text(response).await, PDF);
}

async fn a_range_is_that_part_of_the_file(db: Db) {
    let world = World::new(db).await;
    let address = attachment(&world).await;
    for (range, part) in [("bytes=5-9", &PDF[5..=9]), ("bytes=20-", &PDF[20..])] {
        let response = get(&ada(&world), &address, "range", range).await;
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
        let said = response.headers()["content-range"].to_str().unwrap().to_owned();
        assert!(said.ends_with(&format!("/{}", PDF.len())), "{said}");
        assert_eq!(text(response).await, part, "{range}");
    }
}

async fn a_range_behind_the_end_is_not_satisfiable(db: Db) {
    let world = World::new(db).await;
    let address = attachment(&world).await;
    for from in [PDF.len(), PDF.len() + 1] {
        let range = format!("bytes={from}-");
        let response = get(&ada(&world), &address, "range", &range).await;
        assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE, "{range}");
    }
}

async fn a_body_over_the_limit_is_too_large(db: Db) {
    let world = World::new(db).await;
    for size in [9_usize << 20, 13 << 20] {
        let mut large = letter(&world, "j1").await;
        large["letter"]["subject"] = "x".repeat(size).into();
        let (status, problem) = call(&office(&world), &format!("{SENDER}/Submit"), large).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{size}: {problem}");
    }
    let anybody = world.http(Caller::Anyone);
    let long = format!("{{{}}}", " ".repeat(70_000));
    let response = send(&anybody, "/v1/postbox/EvidenceService/GetCheckpoint", long).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}
