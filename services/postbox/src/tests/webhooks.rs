//! Events brought to addresses of the sender's.

use std::time::Duration;

use serde_json::Value;
use siegel_crypto::Jwk;
use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::Clock as _;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::webhook_service_client::WebhookServiceClient;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, verify_published};
use siegel_testkit::on_each_backend;
use tonic::Status;
use tonic::transport::Channel;

use super::fakes::Behaviour;
use super::world::{CLIENT, World, client, senders};
use crate::app::Postbox;
use crate::config::Config;
use crate::start::build;

on_each_backend! { &crate::MIGRATIONS =>
    every_event_arrives_in_order_and_only_what_is_new,
    with_a_cursor_a_webhook_begins_there,
    a_token_is_signed_by_a_published_key_and_names_endpoint_event_and_time,
    a_token_is_taken_for_no_receipt,
    a_token_holds_no_content,
    an_event_that_was_not_taken_is_tried_again_later_each_time_before_those_behind_it,
    a_stuck_endpoint_holds_no_other_back,
    after_its_last_attempt_an_event_is_a_dead_letter_and_the_next_one_is_tried,
    a_dead_letter_is_brought_again_on_request_and_then_forgotten,
    a_dead_letter_that_is_refused_again_stays_in_the_list,
    when_we_cannot_send_no_attempt_counts,
    a_private_address_looks_like_one_where_nobody_answers,
    of_two_replicas_one_delivers_while_its_claim_holds,
    when_a_deliverer_dies_another_goes_on_with_the_next_event,
    an_endpoint_survives_a_restart,
    a_deliverer_that_lost_its_claim_moves_nothing
}

async fn a_private_address_looks_like_one_where_nobody_answers(db: Db) {
    use siegel_proto::notification::v1::PushOutcome;
    let world = World::new(db).await;
    let mut seen = Vec::new();
    for (url, outcome) in [(HOOK, PushOutcome::AddressRefused), (OTHER, PushOutcome::Unreachable)] {
        create(&world, url).await;
        world.pushes.behave(url, Behaviour::NotReached(outcome));
    }
    letter(&world, "r1").await;
    push(&world.postbox).await;
    for webhook in list(&world).await {
        seen.push((webhook.failed_attempts, webhook.last_failure));
    }
    assert_eq!(seen, [(1, "UNREACHABLE".to_owned()), (1, "UNREACHABLE".to_owned())]);
}

pub const HOOK: &str = "https://fachverfahren.musterstadt.example/hook?key=geheim";
pub const OTHER: &str = "https://archiv.musterstadt.example/hook";

pub fn hooks(world: &World, name: &str, tenant: &str) -> WebhookServiceClient<Channel> {
    WebhookServiceClient::new(world.channel(client(name, tenant)))
}

pub fn own(world: &World) -> WebhookServiceClient<Channel> {
    hooks(world, CLIENT, "musterstadt")
}

pub async fn try_create(
    world: &World,
    request_id: &str,
    (url, cursor): (&str, &str),
) -> Result<pb::Webhook, Status> {
    let request = pb::CreateWebhookRequest {
        request_id: request_id.into(),
        url: url.into(),
        cursor: cursor.into(),
    };
    Ok(own(world).create_webhook(request).await?.into_inner().webhook.unwrap())
}

pub async fn create(world: &World, url: &str) -> pb::Webhook {
    try_create(world, &format!("create {url}"), (url, "")).await.unwrap()
}

pub async fn list(world: &World) -> Vec<pb::Webhook> {
    let listed = own(world).list_webhooks(pb::ListWebhooksRequest {}).await;
    listed.unwrap().into_inner().webhooks
}

pub async fn dead(world: &World, webhook_id: &str) -> Vec<pb::DeadLetter> {
    let request = pb::ListDeadLettersRequest {
        webhook_id: webhook_id.into(),
        ..pb::ListDeadLettersRequest::default()
    };
    own(world).list_dead_letters(request).await.unwrap().into_inner().dead_letters
}

pub async fn redeliver(world: &World, webhook_id: &str, event_id: &str) -> Result<(), Status> {
    let request = pb::RedeliverDeadLetterRequest {
        request_id: format!("again {event_id} {}", world.clock.now().as_micros()),
        webhook_id: webhook_id.into(),
        event_id: event_id.into(),
    };
    own(world).redeliver_dead_letter(request).await.map(drop)
}

/// Delivers until nothing is due.
pub async fn push(postbox: &Postbox) {
    while let Some((claim, webhook)) = postbox.claim_webhook().await.unwrap() {
        postbox.bring(&claim, webhook).await;
    }
}

/// Delivers a letter and numbers its events: accepted, provided, notified.
pub async fn letter(world: &World, request_id: &str) -> String {
    let done = world.deliver(request_id, |r| r.attachments.clear()).await;
    world.settle().await;
    done.letter_id
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&siegel_crypto::b64::decode(part).unwrap()).unwrap()
}

/// Letter and kind of what an address took, in order.
pub fn seen(world: &World, url: &str) -> Vec<(String, String)> {
    let one = |token: &str| {
        let claims = claims(token);
        (claims["sub"].as_str().unwrap().to_owned(), claims["kind"].as_str().unwrap().to_owned())
    };
    world.pushes.seen(url).iter().map(|push| one(&push.token)).collect()
}

fn events_of(letters: &[&String]) -> Vec<(String, String)> {
    let of = |letter: &&String| {
        ["accepted", "provided", "notified"].map(|kind| ((*letter).clone(), kind.to_owned()))
    };
    letters.iter().flat_map(of).collect()
}

pub async fn replica(world: &World, attempts: i64) -> Postbox {
    let mut config = Config::in_directory(world.dir.path(), senders());
    config.webhooks.attempts = attempts;
    build(config, &world.outside).await.unwrap()
}

async fn every_event_arrives_in_order_and_only_what_is_new(db: Db) {
    let world = World::new(db).await;
    letter(&world, "before").await;
    create(&world, HOOK).await;
    let (first, second) = (letter(&world, "r1").await, letter(&world, "r2").await);
    push(&world.postbox).await;
    assert_eq!(seen(&world, HOOK), events_of(&[&first, &second]));
    push(&world.postbox).await;
    assert_eq!(seen(&world, HOOK).len(), 6, "nothing comes twice");
}

async fn with_a_cursor_a_webhook_begins_there(db: Db) {
    let world = World::new(db).await;
    let first = letter(&world, "r1").await;
    let mut events =
        world.sender().watch_events(pb::WatchEventsRequest::default()).await.unwrap().into_inner();
    let accepted = events.message().await.unwrap().unwrap();
    try_create(&world, "c", (HOOK, &accepted.cursor)).await.unwrap();
    push(&world.postbox).await;
    assert_eq!(seen(&world, HOOK), events_of(&[&first])[1..]);
}

async fn a_token_is_signed_by_a_published_key_and_names_endpoint_event_and_time(db: Db) {
    let world = World::new(db).await;
    let hook = create(&world, HOOK).await;
    letter(&world, "r1").await;
    push(&world.postbox).await;
    let pushed = &world.pushes.seen(HOOK)[0];
    assert_eq!(pushed.content_type, "application/siegel-webhook+jwt");
    let keys: Value = serde_json::from_str(&world.postbox.key_set().await.unwrap()).unwrap();
    let jwk: Jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let typ = "siegel-webhook+jwt";
    let claims: Value = siegel_crypto::verify_with_jwk(&pushed.token, typ, &jwk).unwrap();
    assert_eq!(claims["aud"], hook.webhook_id.as_str());
    assert_eq!(claims["iss"], "http://localhost:8080");
    assert_eq!(claims["iat"], world.clock.now().as_seconds());
    // The id of the event is the cursor behind it, in the list of endpoints too.
    let ids: Vec<Value> = world
        .pushes
        .seen(HOOK)
        .iter()
        .map(|push| self::claims(&push.token)["jti"].clone())
        .collect();
    assert_eq!(list(&world).await[0].cursor, ids[2].as_str().unwrap());
    let mut forged = pushed.token.clone();
    forged.replace_range(forged.len() - 4.., "AAAA");
    assert!(siegel_crypto::verify_with_jwk::<Value>(&forged, typ, &jwk).is_err());
}

async fn a_token_is_taken_for_no_receipt(db: Db) {
    let world = World::new(db).await;
    create(&world, HOOK).await;
    let done = world.deliver("r1", |_| {}).await;
    world.settle().await;
    push(&world.postbox).await;
    let mut file: Value = serde_json::from_str(&done.receipts[0].file).unwrap();
    file["jws"] = world.pushes.seen(HOOK)[0].token.clone().into();
    let file = ReceiptFile::parse(&file.to_string()).unwrap();
    let keys = PublishedKeys::from_json(&world.postbox.key_set().await.unwrap()).unwrap();
    assert!(verify_published(&file, &keys, KeyTrust::Given).is_err());
}

async fn a_token_holds_no_content(db: Db) {
    let world = World::new(db).await;
    create(&world, HOOK).await;
    world.deliver("r1", |_| {}).await;
    world.settle().await;
    push(&world.postbox).await;
    let names = |token: &str| -> Vec<String> {
        claims(token).as_object().unwrap().keys().cloned().collect()
    };
    for pushed in world.pushes.seen(HOOK) {
        let expected = ["aud", "iat", "iss", "jti", "kind", "occurred_at", "state", "sub"];
        let mut found = names(&pushed.token);
        found.sort();
        assert_eq!(found, expected);
    }
}

async fn an_event_that_was_not_taken_is_tried_again_later_each_time_before_those_behind_it(db: Db) {
    let world = World::new(db).await;
    create(&world, HOOK).await;
    world.pushes.behave(HOOK, Behaviour::Answers(500));
    let letters = [letter(&world, "r1").await, letter(&world, "r2").await];
    for (attempt, seconds) in [(1, 6), (2, 12), (3, 23)] {
        push(&world.postbox).await;
        let hook = list(&world).await.remove(0);
        assert_eq!((hook.failed_attempts, hook.last_failure.as_str()), (attempt, "HTTP_500"));
        push(&world.postbox).await;
        assert_eq!(list(&world).await[0].failed_attempts, attempt, "not before its time");
        world.clock.advance(Duration::from_secs(seconds));
    }
    world.pushes.behave(HOOK, Behaviour::Answers(204));
    push(&world.postbox).await;
    assert_eq!(seen(&world, HOOK), events_of(&[&letters[0], &letters[1]]));
    let hook = list(&world).await.remove(0);
    assert_eq!((hook.failed_attempts, hook.next_attempt_at), (0, None));
}

async fn a_stuck_endpoint_holds_no_other_back(db: Db) {
    let world = World::new(db).await;
    create(&world, HOOK).await;
    create(&world, OTHER).await;
    world.pushes.behave(HOOK, Behaviour::Answers(302));
    let first = letter(&world, "r1").await;
    push(&world.postbox).await;
    assert_eq!(seen(&world, OTHER), events_of(&[&first]));
    assert_eq!(seen(&world, HOOK), []);
    let stuck = list(&world).await.into_iter().find(|hook| hook.url == HOOK).unwrap();
    assert_eq!(stuck.last_failure, "REDIRECTED");
}

async fn after_its_last_attempt_an_event_is_a_dead_letter_and_the_next_one_is_tried(db: Db) {
    let world = World::new(db).await;
    let impatient = replica(&world, 3).await;
    let hook = create(&world, HOOK).await;
    world.pushes.behave(HOOK, Behaviour::Answers(400));
    let first = letter(&world, "r1").await;
    for _ in 0..3 {
        assert_eq!(dead(&world, &hook.webhook_id).await, []);
        push(&impatient).await;
        world.clock.advance(Duration::from_hours(1));
    }
    let given_up = dead(&world, &hook.webhook_id).await;
    assert_eq!(given_up.len(), 1);
    let one = &given_up[0];
    assert_eq!((one.letter_id.as_str(), one.kind.as_str()), (first.as_str(), "accepted"));
    assert_eq!((one.last_failure.as_str(), one.redelivering), ("HTTP_400", false));
    world.pushes.behave(HOOK, Behaviour::Answers(200));
    push(&impatient).await;
    assert_eq!(seen(&world, HOOK), events_of(&[&first])[1..]);
}

/// An endpoint with one dead letter.
pub async fn one_dead(world: &World, postbox: &Postbox) -> (pb::Webhook, pb::DeadLetter) {
    let hook = create(world, HOOK).await;
    world.pushes.behave(HOOK, Behaviour::Answers(400));
    world.deliver("r1", |_| {}).await;
    world.postbox.feed.number(world.clock.as_ref()).await.unwrap();
    push(postbox).await;
    let dead = dead(world, &hook.webhook_id).await;
    (hook, dead[0].clone())
}

async fn a_dead_letter_is_brought_again_on_request_and_then_forgotten(db: Db) {
    let world = World::new(db).await;
    let impatient = replica(&world, 1).await;
    let (hook, one) = one_dead(&world, &impatient).await;
    world.pushes.behave(HOOK, Behaviour::Answers(200));
    push(&impatient).await;
    assert_eq!(seen(&world, HOOK), [], "not by itself");
    redeliver(&world, &hook.webhook_id, &one.event_id).await.unwrap();
    push(&impatient).await;
    let pushed = world.pushes.seen(HOOK);
    assert_eq!(claims(&pushed[0].token)["jti"], one.event_id.as_str());
    let left = dead(&world, &hook.webhook_id).await;
    assert!(left.iter().all(|dead| dead.event_id != one.event_id));
    let again = redeliver(&world, &hook.webhook_id, &one.event_id).await.unwrap_err();
    assert_eq!(reason(&again).as_deref(), Some("DEAD_LETTER_UNKNOWN"));
}

async fn a_dead_letter_that_is_refused_again_stays_in_the_list(db: Db) {
    let world = World::new(db).await;
    let impatient = replica(&world, 1).await;
    let (hook, one) = one_dead(&world, &impatient).await;
    world.pushes.behave(HOOK, Behaviour::Answers(410));
    redeliver(&world, &hook.webhook_id, &one.event_id).await.unwrap();
    push(&impatient).await;
    let left = dead(&world, &hook.webhook_id).await;
    assert_eq!((left[0].event_id.clone(), left[0].redelivering), (one.event_id, false));
    assert_eq!(left[0].last_failure, "HTTP_410");
}

async fn when_we_cannot_send_no_attempt_counts(db: Db) {
    let world = World::new(db).await;
    let impatient = replica(&world, 1).await;
    let hook = create(&world, HOOK).await;
    world.pushes.behave(HOOK, Behaviour::Down);
    let first = letter(&world, "r1").await;
    for _ in 0..5 {
        push(&impatient).await;
        world.clock.advance(Duration::from_hours(1));
    }
    assert_eq!(dead(&world, &hook.webhook_id).await, []);
    world.pushes.behave(HOOK, Behaviour::Answers(200));
    push(&impatient).await;
    assert_eq!(seen(&world, HOOK), events_of(&[&first]));
}

async fn of_two_replicas_one_delivers_while_its_claim_holds(db: Db) {
    let world = World::new(db).await;
    let other = replica(&world, 30).await;
    create(&world, HOOK).await;
    let first = letter(&world, "r1").await;
    let (claim, webhook) = world.postbox.claim_webhook().await.unwrap().unwrap();
    push(&other).await;
    assert_eq!(seen(&world, HOOK), [], "claimed by the first");
    world.postbox.bring(&claim, webhook).await;
    push(&other).await;
    assert_eq!(seen(&world, HOOK), events_of(&[&first]));
    // Both at once: still each event once and in order.
    let mut letters = Vec::new();
    for n in 0..10 {
        letters.push(letter(&world, &format!("many{n}")).await);
    }
    tokio::join!(push(&world.postbox), push(&other));
    push(&other).await;
    let all: Vec<&String> = std::iter::once(&first).chain(&letters).collect();
    assert_eq!(seen(&world, HOOK), events_of(&all));
}

async fn when_a_deliverer_dies_another_goes_on_with_the_next_event(db: Db) {
    let world = World::new(db).await;
    let other = replica(&world, 30).await;
    create(&world, HOOK).await;
    let first = letter(&world, "r1").await;
    drop(world.postbox.claim_webhook().await.unwrap().unwrap());
    push(&other).await;
    assert_eq!(seen(&world, HOOK), []);
    world.clock.advance(Duration::from_mins(1));
    push(&other).await;
    assert_eq!(seen(&world, HOOK), events_of(&[&first]));
}

async fn an_endpoint_survives_a_restart(db: Db) {
    let world = World::new(db).await;
    create(&world, HOOK).await;
    world.pushes.behave(HOOK, Behaviour::Answers(503));
    let first = letter(&world, "r1").await;
    push(&world.postbox).await;
    let again = replica(&world, 30).await;
    world.pushes.behave(HOOK, Behaviour::Answers(200));
    world.clock.advance(Duration::from_secs(6));
    push(&again).await;
    assert_eq!(seen(&world, HOOK), events_of(&[&first]));
}

async fn a_deliverer_that_lost_its_claim_moves_nothing(db: Db) {
    let world = World::new(db).await;
    create(&world, HOOK).await;
    letter(&world, "r1").await;
    let (late, webhook) = world.postbox.claim_webhook().await.unwrap().unwrap();
    world.clock.advance(Duration::from_mins(2));
    let (_held, _) = world.postbox.claim_webhook().await.unwrap().unwrap();
    let before = list(&world).await;
    world.postbox.bring(&late, webhook).await;
    assert_eq!(seen(&world, HOOK).len(), 1, "it stops after the event it was at");
    assert_eq!(list(&world).await, before, "which comes again: at least once");
}
