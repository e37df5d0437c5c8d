//! What a sender is told on its stream: everything that is evidence, with the state it led to.

use std::collections::BTreeSet;

use siegel_db::Db;
use siegel_grpc::fact;
use siegel_proto::notification::v1::NotificationState;
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::Kind;
use siegel_testkit::on_each_backend;

use super::acting::{mandate, open};
use super::rejections::NOBODY;
use super::replies::{asked, order, reply};
use super::world::{DAY, World, account, formal, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    every_entry_of_a_letter_is_an_event_of_its_sender_with_the_state_it_led_to
}

type Events = Vec<pb::LetterEvent>;
/// Names of courses, and letters.
type Letters = Vec<(&'static str, String)>;

/// All events of the sender, up to the first heartbeat.
async fn stream(world: &World) -> Events {
    let request = pb::WatchEventsRequest::default();
    let mut stream = world.sender().watch_events(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(event) = stream.message().await.unwrap().unwrap().event {
        events.push(event);
    }
    events
}

/// Delivers the letters of which every course is made, named by what will happen to them.
async fn every_course(world: &World) -> Letters {
    let mut letters = Vec::new();
    for (course, basis) in [
        ("downloaded", ""),
        ("recalled", ""),
        ("superseded", ""),
        ("delegate", ""),
        ("unread", ""),
        ("fiction", "ozg-9"),
        ("unretrieved", "vwvfg-41-2a"),
    ] {
        let done = world.deliver(course, |r| letter(r).legal_basis = basis.into()).await;
        letters.push((course, done.letter_id));
    }
    for course in ["confirmed", "refused", "served"] {
        letters.push((course, world.deliver(course, formal).await.letter_id));
    }
    letters.push(("answered", asked(world).await));
    letters
}

async fn act(world: &World, letters: &Letters) {
    let id = |course| letters.iter().find(|(name, _)| *name == course).unwrap().1.as_str();
    let opened = world.open(id("downloaded")).await.unwrap();
    super::downloads::whole(world, &opened, 0).await;
    reply(world, order("a1", id("answered"))).await.unwrap();
    world.confirm(id("confirmed")).await.unwrap();
    world.refuse(id("refused")).await.unwrap();
    world.recall(id("recalled")).await.unwrap();
    world.supersede("new", id("superseded")).await.unwrap();
    world.access.allow(mandate(2, 1, None));
    let principal = account(1).to_string();
    open(world, 2, id("delegate"), ["", "", principal.as_str()]).await.unwrap();
}

/// Kinds with states, as a sender reads them about one letter.
fn course(events: &Events, id: &str) -> Vec<String> {
    let of_letter = events.iter().filter(|event| event.letter_id == id);
    let state = |event: &pb::LetterEvent| {
        event.state().as_str_name().trim_start_matches("DELIVERY_STATE_").to_lowercase()
    };
    of_letter.map(|event| format!("{}:{}", event.kind, state(event))).collect()
}

async fn every_entry_of_a_letter_is_an_event_of_its_sender_with_the_state_it_led_to(db: Db) {
    let world = World::with(db, |config| config.retention.remedy_days = 0).await;
    super::admin::class(&world, "usual", 400, true).await;
    let mut letters = every_course(&world).await;
    world.settle().await;
    act(&world, &letters).await;
    // Everything that time does: fictions, ends of provision, and content that goes.
    world.wait(DAY * 370).await;
    world.wait(DAY * 410).await;
    *world.notifications.state.lock().unwrap() = NotificationState::NoContact;
    letters.push(("gone", world.deliver("gone", |_| {}).await.letter_id));
    world.settle().await;
    world.close(1).await;
    let status = world.sender().submit(request("rejected", NOBODY)).await.unwrap_err();
    letters.push(("rejected", fact(&status, "letter_id").unwrap()));
    world.settle().await;
    let events = stream(&world).await;
    expect(&events, &letters);
    for (course, id) in &letters {
        let receipts = world.sent(id).await.receipts;
        let told = events.iter().filter(|e| e.letter_id == *id && e.receipt.is_some());
        let told: BTreeSet<_> = told.map(|e| e.receipt.clone().unwrap().file).collect();
        let kept: BTreeSet<_> = receipts.into_iter().map(|r| r.file).collect();
        assert_eq!(told, kept, "{course}: the receipts of the stream are those of the letter");
    }
    let kinds: BTreeSet<&str> = events.iter().map(|e| e.kind.as_str()).collect();
    for kind in Kind::ALL {
        assert!(kinds.contains(kind.as_str()), "no course leads to {}", kind.as_str());
    }
}

/// What each course leads to after `accepted` and `provided`: kind and state of every event.
const COURSES: [(&str, &str); 12] = [
    ("downloaded", "notified:provided opened:opened downloaded:opened purged:opened"),
    ("answered", "opened:opened notified:opened reply_accepted:opened purged:opened"),
    ("confirmed", "notified:provided opened:provided confirmed:confirmed purged:confirmed"),
    ("refused", "notified:provided refused:refused purged:refused"),
    ("recalled", "notified:provided recalled:recalled purged:recalled"),
    ("superseded", "notified:provided superseded:provided recalled:recalled purged:recalled"),
    ("delegate", "notified:provided opened_by_delegate:opened purged:opened"),
    ("fiction", "notified:provided deemed_announced:deemed_announced purged:deemed_announced"),
    ("served", "notified:provided deemed_served:deemed_served purged:deemed_served"),
    ("unretrieved", "notified:provided provision_ended:provision_ended purged:provision_ended"),
    ("unread", "notified:provided expired_unread:expired_unread purged:expired_unread"),
    ("gone", "notify_failed:provided undeliverable:undeliverable"),
];

fn expect(events: &Events, letters: &Letters) {
    for (name, id) in letters {
        let rest = COURSES.iter().find(|(course, _)| course == name);
        let expected = rest.map_or("rejected:rejected".to_owned(), |(_, rest)| {
            format!("accepted:accepted provided:provided {rest}")
        });
        assert_eq!(course(events, id).join(" "), expected, "{name}");
    }
    assert_eq!(letters.len(), COURSES.len() + 1);
}
