//! Random histories of letters against a model a page long: whatever happens in whatever order,
//! the states agree, and each finished letter has exactly one end on record.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Status;

use super::world::{DAY, World, formal, letter};

on_each_backend! { &crate::MIGRATIONS =>
    random_histories_agree_with_the_model_and_end_once
}

/// Histories per database.
const HISTORIES: usize = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Law {
    None,
    Ozg9,
    Retrieval,
    Formal,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Open,
    Confirm,
    Refuse,
    Recall,
    Supersede,
    /// Days pass; with or without the sweeper coming by.
    Wait(u32, bool),
}

fn steps() -> impl Strategy<Value = (Law, Vec<Step>)> {
    let law = prop_oneof![
        1 => Just(Law::None),
        1 => Just(Law::Ozg9),
        1 => Just(Law::Retrieval),
        2 => Just(Law::Formal)
    ];
    let step = prop_oneof![
        2 => Just(Step::Open),
        1 => Just(Step::Confirm),
        1 => Just(Step::Refuse),
        1 => Just(Step::Recall),
        1 => Just(Step::Supersede),
        3 => (0..7_u32, any::<bool>()).prop_map(|(days, swept)| Step::Wait(days, swept)),
    ];
    (law, prop::collection::vec(step, 1..9))
}

/// What should be true of a letter.
struct Model {
    law: Law,
    /// When it ends if nobody acts.
    by: Timestamp,
    opened: bool,
    end: Option<&'static str>,
}

impl Model {
    fn new(law: Law, provided: Timestamp) -> Self {
        let days = match law {
            Law::None => 365,
            Law::Ozg9 | Law::Formal => 4,
            Law::Retrieval => 10,
        };
        let by = LegalDay::of(provided).plus_days(days).end();
        Self { law, by, opened: false, end: None }
    }

    fn time(&mut self, now: Timestamp) {
        if self.end.is_none() && now >= self.by {
            self.end = Some(match self.law {
                Law::None => "expired_unread",
                Law::Ozg9 => "deemed_announced",
                Law::Retrieval => "provision_ended",
                Law::Formal => "deemed_served",
            });
        }
    }

    /// The reason of the refusal, if there is one.
    fn step(&mut self, step: Step) -> Option<&'static str> {
        match (step, self.end) {
            (Step::Wait(..), _) | (Step::Recall, Some("recalled")) => None,
            (Step::Open, Some("provision_ended")) => Some("PROVISION_ENDED"),
            (Step::Open, Some("recalled")) => Some("LETTER_RECALLED"),
            (Step::Open, end) => {
                self.opened = true;
                if end.is_none() && self.law != Law::Formal {
                    self.end = Some("opened");
                }
                None
            }
            (Step::Confirm | Step::Refuse, _) if self.law != Law::Formal => {
                Some("NOT_FORMAL_SERVICE")
            }
            (Step::Confirm, None | Some("confirmed")) => {
                self.opened = true;
                self.end = Some("confirmed");
                None
            }
            (Step::Refuse, None | Some("refused")) => {
                self.end = Some("refused");
                None
            }
            (Step::Recall | Step::Supersede, _) if self.opened => Some("LETTER_OPENED"),
            (_, Some(_)) => Some("LETTER_ENDED"),
            (Step::Recall | Step::Supersede, None) => {
                self.end = Some("recalled");
                None
            }
        }
    }

    fn state(&self) -> &'static str {
        self.end.unwrap_or("provided")
    }
}

fn outcome<T>(answer: Result<T, Status>) -> Option<String> {
    answer.err().map(|status| reason(&status).unwrap_or_default())
}

async fn random_histories_agree_with_the_model_and_end_once(db: Db) {
    let world = World::new(db).await;
    let mut runner = TestRunner::deterministic();
    for n in 0..HISTORIES {
        let (law, steps) = steps().new_tree(&mut runner).unwrap().current();
        let context = format!("history {n}: {law:?} {steps:?}");
        let done = world
            .deliver(&format!("r{n}"), |r| match law {
                Law::None => letter(r).legal_basis.clear(),
                Law::Ozg9 => {}
                Law::Retrieval => letter(r).legal_basis = "vwvfg-41-2a".into(),
                Law::Formal => formal(r),
            })
            .await;
        // Told on the day of provision: nothing moves the end afterwards.
        world.settle().await;
        let mut model = Model::new(law, world.postbox.now().legal);
        let mut replaced = false;
        for step in steps {
            if let Step::Wait(days, swept) = step {
                world.clock.advance(DAY * days);
                if swept {
                    world.settle().await;
                }
            }
            model.time(world.postbox.now().legal);
            let was_replaced = replaced;
            let expected = match step {
                Step::Supersede if was_replaced => Some("LETTER_REPLACED"),
                step => model.step(step),
            };
            let id = &done.letter_id;
            let seen = match step {
                Step::Open => outcome(world.open(id).await),
                Step::Confirm => outcome(world.confirm(id).await),
                Step::Refuse => outcome(world.refuse(id).await),
                Step::Recall => outcome(world.recall(id).await),
                Step::Supersede => {
                    let request_id = format!("s{n}-{}", world.count("letters").await);
                    outcome(world.supersede(&request_id, id).await)
                }
                Step::Wait(..) => None,
            };
            replaced |= matches!(step, Step::Supersede) && seen.is_none();
            assert_eq!(seen.as_deref(), expected, "{step:?} in {context}");
        }
        world.settle().await;
        check(&world, &done, &model, &context).await;
    }
}

async fn check(world: &World, done: &pb::SubmitResponse, model: &Model, context: &str) {
    const ENDS: [&str; 8] = [
        "confirmed",
        "refused",
        "deemed_announced",
        "deemed_served",
        "provision_ended",
        "expired_unread",
        "recalled",
        "undeliverable",
    ];
    let sent = world.sent(&done.letter_id).await;
    let state = sent.state().as_str_name().trim_start_matches("DELIVERY_STATE_").to_lowercase();
    assert_eq!(state, model.state(), "{context}");
    let kinds: Vec<&str> = sent.receipts.iter().map(|r| r.kind.as_str()).collect();
    let mut ends: Vec<&str> = kinds.iter().filter(|k| ENDS.contains(k)).copied().collect();
    if state == "opened" {
        ends.push("opened");
    }
    let expected: Vec<&str> = model.end.into_iter().collect();
    assert_eq!(ends, expected, "{context}: {kinds:?}");
    assert_eq!(kinds.contains(&"opened"), model.opened, "{context}: {kinds:?}");
    for receipt in &sent.receipts {
        world.verified(receipt).await;
    }
}
