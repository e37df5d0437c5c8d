//! Quotas and lanes, as senders meet them.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::{fact, reason};
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::admin::quota;
use super::world::{CLIENT, DAY, FOREIGN_CLIENT, OTHER_CLIENT, World, client, letter, request};
use crate::app::lanes::Turner;
use crate::start::build;

on_each_backend! { &crate::MIGRATIONS =>
    a_sender_over_its_letters_is_refused_until_the_hour_is_over,
    a_sender_over_its_bytes_is_refused_until_the_day_is_over,
    a_repeated_or_refused_letter_costs_nothing,
    a_sender_of_its_own_quota_does_not_share_the_tenants,
    a_quota_holds_across_two_replicas,
    a_quota_does_not_write_a_row_for_each_letter,
    a_clock_that_is_set_back_gives_no_second_quota,
    every_answer_tells_lane_and_limits_in_its_trailers,
    an_interactive_letter_is_delivered_while_the_bulk_lane_stands_still,
    a_full_lane_is_a_refusal_to_try_again,
    a_sender_of_three_times_the_weight_gets_three_turns_of_four
}

async fn letters_per_hour(world: &World, client_id: &str, n: i64) {
    let order =
        pb::Quota { client_id: client_id.into(), letters_per_hour: n, ..Default::default() };
    quota(world, &format!("q-{client_id}-{n}"), order).await.unwrap();
}

async fn send(world: &World, n: usize) -> Result<pb::SubmitResponse, Status> {
    let mut order = request(&format!("r{n}"), &world.handle(1).await);
    order.attachments.clear();
    Ok(world.sender().submit(order).await?.into_inner())
}

fn retry_after(status: &Status) -> Duration {
    status.get_details_retry_info().unwrap().retry_delay.unwrap()
}

async fn a_sender_over_its_letters_is_refused_until_the_hour_is_over(db: Db) {
    let world = World::new(db).await;
    letters_per_hour(&world, "", 3).await;
    for n in 0..3 {
        send(&world, n).await.unwrap();
    }
    let status = send(&world, 3).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("QUOTA_EXCEEDED"));
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(fact(&status, "quota").as_deref(), Some("letters"));
    assert_eq!(world.count("letters").await, 3);
    let wait = retry_after(&status);
    assert!(wait <= Duration::from_hours(1));
    world.clock.advance(wait);
    send(&world, 3).await.unwrap();
}

async fn a_sender_over_its_bytes_is_refused_until_the_day_is_over(db: Db) {
    let world = World::new(db).await;
    let order = pb::Quota { bytes_per_day: 80, ..Default::default() };
    quota(&world, "q", order).await.unwrap();
    send(&world, 0).await.unwrap();
    send(&world, 1).await.unwrap();
    let status = send(&world, 2).await.unwrap_err();
    assert_eq!(fact(&status, "quota").as_deref(), Some("bytes"));
    world.clock.advance(Duration::from_hours(1));
    assert!(send(&world, 2).await.is_err(), "an hour is no day");
    world.clock.advance(DAY);
    send(&world, 2).await.unwrap();
}

async fn a_repeated_or_refused_letter_costs_nothing(db: Db) {
    let world = World::new(db).await;
    letters_per_hour(&world, "", 2).await;
    send(&world, 0).await.unwrap();
    for _ in 0..3 {
        send(&world, 0).await.unwrap();
        let mut bad = request("bad", &world.handle(1).await);
        bad.attachments[0].declaration.as_mut().unwrap().sha256 = vec![1; 32];
        let status = world.sender().submit(bad).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("DIGEST_MISMATCH"));
    }
    send(&world, 1).await.unwrap();
    assert!(send(&world, 2).await.is_err());
}

async fn a_sender_of_its_own_quota_does_not_share_the_tenants(db: Db) {
    let world = World::new(db).await;
    letters_per_hour(&world, "", 1).await;
    letters_per_hour(&world, CLIENT, 2).await;
    send(&world, 0).await.unwrap();
    send(&world, 1).await.unwrap();
    assert!(send(&world, 2).await.is_err());
    let handle = world.handle(1).await;
    let mut other = world.sender_as(client(OTHER_CLIENT, "musterstadt"));
    other.submit(request("o1", &handle)).await.unwrap();
    assert!(other.submit(request("o2", &handle)).await.is_err());
    let owner = pb::issue_handle_request::Owner::AccountId(super::world::account(1).to_string());
    let elsewhere = world.handle_for(owner, "neustadt").await;
    let mut foreign = world.sender_as(client(FOREIGN_CLIENT, "neustadt"));
    for n in 0..4 {
        foreign.submit(request(&format!("f{n}"), &elsewhere)).await.unwrap();
    }
}

/// Another replica on the same database.
async fn replica(world: &World) -> World {
    let config = crate::Config::in_directory(world.dir.path(), super::world::senders());
    World {
        postbox: build(config, &world.outside).await.unwrap(),
        clock: world.clock.clone(),
        db: world.db.clone(),
        dir: tempfile::tempdir().unwrap(),
        notifications: world.notifications.clone(),
        pushes: world.pushes.clone(),
        access: world.access.clone(),
        safe: world.safe.clone(),
        levels: world.levels.clone(),
        outside: world.outside.clone(),
    }
}

async fn a_quota_holds_across_two_replicas(db: Db) {
    let one = World::new(db).await;
    letters_per_hour(&one, "", 300).await;
    let two = replica(&one).await;
    let who = sender();
    let mut admitted = 0;
    for n in 0..700 {
        let postbox = if n % 2 == 0 { &one.postbox } else { &two.postbox };
        if let Ok(admission) = postbox.admit(&who, 1, 100).await {
            admission.keep();
            admitted += 1;
        }
    }
    assert_eq!(admitted, 300);
}

fn sender() -> crate::app::submit::SenderClient {
    crate::app::submit::SenderClient {
        client_id: CLIENT.into(),
        tenant: "musterstadt".into(),
        name: format!("client:musterstadt/{CLIENT}"),
    }
}

async fn a_quota_does_not_write_a_row_for_each_letter(db: Db) {
    let world = World::new(db).await;
    letters_per_hour(&world, "", 10_000).await;
    let taken = async || world.count("quota_use WHERE taken = 100").await;
    for _ in 0..100 {
        world.postbox.admit(&sender(), 1, 100).await.unwrap().keep();
        assert_eq!(taken().await, 1, "one piece serves a hundred letters");
    }
    world.postbox.admit(&sender(), 1, 100).await.unwrap().keep();
    assert_eq!(taken().await, 0);
}

async fn a_clock_that_is_set_back_gives_no_second_quota(db: Db) {
    let world = World::new(db).await;
    letters_per_hour(&world, "", 1).await;
    world.clock.advance(Duration::from_hours(1));
    send(&world, 0).await.unwrap();
    world.clock.set(world.postbox.now().recorded.minus(Duration::from_hours(1)));
    assert!(send(&world, 1).await.is_err());
    let two = replica(&world).await;
    assert!(two.postbox.admit(&sender(), 1, 1).await.is_err());
}

fn text(metadata: &MetadataMap, name: &str) -> Option<String> {
    metadata.get(name).map(|value| value.to_str().unwrap().to_owned())
}

async fn every_answer_tells_lane_and_limits_in_its_trailers(db: Db) {
    let world = World::new(db).await;
    letters_per_hour(&world, "", 2).await;
    let handle = world.handle(1).await;
    let mut order = request("r1", &handle);
    letter(&mut order).lane = pb::Lane::Bulk.into();
    let done = world.sender().submit(order.clone()).await.unwrap();
    let told = done.metadata();
    assert_eq!(text(told, "siegel-lane").as_deref(), Some("bulk"));
    assert_eq!(text(told, "siegel-limit-remaining").as_deref(), Some("1"));
    let reset: u64 = text(told, "siegel-limit-reset").unwrap().parse().unwrap();
    assert!((1..=3_600).contains(&reset), "{reset}");
    world.sender().submit(request("r2", &handle)).await.unwrap();
    let status = world.sender().submit(request("r3", &handle)).await.unwrap_err();
    assert_eq!(text(status.metadata(), "siegel-lane").as_deref(), Some("interactive"));
    assert_eq!(text(status.metadata(), "siegel-limit-remaining").as_deref(), Some("0"));
}

#[tokio::test]
async fn limits_travel_behind_the_answer_and_not_before_it() {
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::Service as _;

    let frames =
        http_body_util::Full::new(bytes::Bytes::from_static(b"answer")).with_trailers(async {
            let mut trailers = axum::http::HeaderMap::new();
            trailers.insert("grpc-status", axum::http::HeaderValue::from_static("0"));
            Some(Ok(trailers))
        });
    let body = std::sync::Mutex::new(Some(Body::new(frames)));
    let inner = tower::service_fn(move |_: axum::http::Request<Body>| {
        let body = body.lock().unwrap().take().unwrap();
        let answer = axum::http::Response::builder().header("siegel-limit-remaining", "7");
        std::future::ready(Ok(answer.body(body).unwrap()))
    });
    let mut service = crate::grpc::InTrailers(inner);
    let answer = service.call(axum::http::Request::new(Body::empty())).await.unwrap();
    assert!(!answer.headers().contains_key("siegel-limit-remaining"));
    let whole = answer.into_body().collect().await.unwrap();
    assert_eq!(whole.trailers().unwrap().get("siegel-limit-remaining").unwrap(), "7");
}

async fn bulk(world: &World, n: usize) -> Result<tonic::Response<pb::SubmitResponse>, Status> {
    let mut order = request(&format!("b{n}"), &world.handle(2).await);
    letter(&mut order).lane = pb::Lane::Bulk.into();
    world.sender().submit(order).await
}

async fn an_interactive_letter_is_delivered_while_the_bulk_lane_stands_still(db: Db) {
    let world = World::new(db).await;
    let turner = Turner { bulk: true, sender: "batch", weight: 10 };
    let both = [world.postbox.lanes.turn(turner).await, world.postbox.lanes.turn(turner).await];
    let batch = async {
        let all = (0..20).map(|n| bulk(&world, n));
        futures_util::future::join_all(all).await
    };
    let interactive = async {
        // The batch waits as long as its places are taken: this would wait with it.
        world.deliver("r1", |_| {}).await;
        assert_eq!(world.count("letters WHERE lane = 'bulk'").await, 0);
        drop(both);
    };
    let (batch, ()) = tokio::join!(batch, interactive);
    let refused: Vec<_> = batch.iter().filter_map(|done| done.as_ref().err()).collect();
    assert!(refused.is_empty(), "and then the batch went on: {refused:?}");
}

async fn a_full_lane_is_a_refusal_to_try_again(db: Db) {
    let world = World::with(db, |config| config.lanes.waiting = 0).await;
    let turner = Turner { bulk: true, sender: "batch", weight: 10 };
    let both = [world.postbox.lanes.turn(turner).await, world.postbox.lanes.turn(turner).await];
    let status = bulk(&world, 1).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LANE_FULL"));
    assert!(retry_after(&status) > Duration::ZERO);
    assert_eq!((world.count("letters").await, world.objects()), (0, 0));
    drop(both);
    bulk(&world, 1).await.unwrap();
}

/// The subjects of the letters of account 2 in the order in which they were delivered.
async fn delivered_in_order(world: &World) -> Vec<String> {
    let request = pb::ListLettersRequest::default();
    let listed = world.reader(2, siegel_kernel::TrustLevel::High).list_letters(request).await;
    let newest_first = listed.unwrap().into_inner().letters;
    newest_first.into_iter().rev().map(|letter| letter.subject).collect()
}

async fn a_sender_of_three_times_the_weight_gets_three_turns_of_four(db: Db) {
    let world = World::with(db, |config| config.lanes.bulk = 1).await;
    for (client_id, weight) in [(CLIENT, 30), (OTHER_CLIENT, 10)] {
        let order = pb::Quota { client_id: client_id.into(), weight, ..Default::default() };
        quota(&world, &format!("q-{client_id}"), order).await.unwrap();
    }
    let handle = world.handle(2).await;
    let taken = world.postbox.lanes.turn(Turner { bulk: true, sender: "batch", weight: 10 }).await;
    // The lighter one comes first, and would go first if only arrival counted.
    let senders = [("light", OTHER_CLIENT), ("heavy", CLIENT)];
    let all = senders
        .into_iter()
        .flat_map(|(subject, client_id)| (0..8).map(move |n| (subject, client_id, n)));
    let sent = futures_util::future::join_all(all.map(|(subject, client_id, n)| {
        let mut order = request(&format!("{subject}{n}"), &handle);
        order.attachments.clear();
        letter(&mut order).lane = pb::Lane::Bulk.into();
        letter(&mut order).subject = subject.into();
        let mut sender = world.sender_as(client(client_id, "musterstadt"));
        async move { sender.submit(order).await.unwrap() }
    }));
    let begin = async {
        while world.postbox.lanes.waiting() < 16 {
            tokio::task::yield_now().await;
        }
        drop(taken);
    };
    let _ = tokio::join!(sent, begin);
    let order = delivered_in_order(&world).await;
    let heavy = order.iter().take(8).filter(|subject| *subject == "heavy").count();
    assert_eq!((order.len(), heavy), (16, 6), "{order:?}");
}
