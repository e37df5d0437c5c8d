//! Every step from every state, written out: what a reader of the law would look up.

use siegel_kernel::Timestamp;

use super::{Delivery, End, Ending, Opening, Refusal};

const NOON: Timestamp = Timestamp::from_seconds(1_000);
const LATER: Timestamp = Timestamp::from_seconds(2_000);

/// A state is its stored name; what a provided letter becomes stands behind `>`, and `+` says that it
/// has been opened. A cell is the state after the step, or why it is refused:
/// `none` (not provided), `over` (ended), `seen` (opened before), `gone`,
/// `end` (provision ended), `form` (not formal service). `=` is the same state again.
const TABLE: &str = "
state                       schedule   provide           open               confirm     refuse    expire              recall    fail
accepted                    scheduled  provided>unread   none               none        none      none                recalled  undeliverable
scheduled                   over       provided>unread   none               none        none      none                recalled  undeliverable
provided>announced          over       over              opened+            form        form      deemed_announced    recalled  undeliverable
provided>announced+         over       over              opened+            form        form      deemed_announced+   seen      undeliverable+
provided>served             over       over              provided>served+   confirmed   refused   deemed_served       recalled  undeliverable
provided>served+            over       over              =                  confirmed+  refused+  deemed_served+      seen      undeliverable+
provided>ended              over       over              opened+            form        form      provision_ended     recalled  undeliverable
provided>ended+             over       over              opened+            form        form      provision_ended+    seen      undeliverable+
provided>unread             over       over              opened+            form        form      expired_unread      recalled  undeliverable
provided>unread+            over       over              opened+            form        form      expired_unread+     seen      undeliverable+
opened                      over       over              opened+            over        over      over                over      over
opened+                     over       over              =                  over        over      over                seen      over
deemed_announced            over       over              deemed_announced+  over        over      over                over      over
deemed_announced+           over       over              =                  over        over      over                seen      over
deemed_served               over       over              deemed_served+     over        over      over                over      over
deemed_served+              over       over              =                  over        over      over                seen      over
provision_ended             over       over              end                over        over      over                over      over
provision_ended+            over       over              end                over        over      over                seen      over
expired_unread              over       over              expired_unread+    over        over      over                over      over
expired_unread+             over       over              =                  over        over      over                seen      over
confirmed                   over       over              confirmed+         over        over      over                over      over
confirmed+                  over       over              =                  over        over      over                seen      over
refused                     over       over              refused+           over        over      over                over      over
refused+                    over       over              =                  over        over      over                seen      over
recalled                    over       over              gone               over        over      over                over      over
recalled+                   over       over              gone               over        over      over                seen      over
undeliverable               over       over              gone               over        over      over                over      over
undeliverable+              over       over              gone               over        over      over                seen      over
rejected                    over       over              gone               over        over      over                over      over
rejected+                   over       over              gone               over        over      over                seen      over
";

fn state(name: &str) -> Delivery {
    let (name, opened) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    let ending = |name| match name {
        "announced" => Ending::DeemedAnnounced,
        "served" => Ending::DeemedServed,
        "ended" => Ending::ProvisionEnded,
        "unread" => Ending::ExpiredUnread,
        other => panic!("no ending: {other}"),
    };
    match (name, name.strip_prefix("provided>")) {
        ("accepted", _) => Delivery::Accepted,
        ("scheduled", _) => Delivery::Scheduled { publish_at: LATER },
        (_, Some(name)) => Delivery::Provided { ending: ending(name), by: LATER, opened },
        (name, None) => Delivery::Ended { end: End::parse(name).unwrap(), opened },
    }
}

fn step(letter: Delivery, name: &str) -> Result<Delivery, Refusal> {
    match name {
        "schedule" => letter.schedule(LATER),
        "provide" => letter.provide(Ending::ExpiredUnread, LATER, LATER),
        "open" => letter.open().map(|(next, _)| next),
        "confirm" => letter.answer(true),
        "refuse" => letter.answer(false),
        "expire" => letter.expire(LATER).map(|(next, _)| next),
        "recall" => letter.recall(),
        "fail" => letter.fail(),
        other => panic!("no step: {other}"),
    }
}

fn outcome(cell: &str, before: Delivery) -> Result<Delivery, Refusal> {
    Err(match cell {
        "none" => Refusal::NotProvided,
        "over" => Refusal::AlreadyEnded,
        "seen" => Refusal::AlreadyOpened,
        "gone" => Refusal::Gone,
        "end" => Refusal::ProvisionEnded,
        "form" => Refusal::NotFormalService,
        "=" => return Ok(before),
        cell => return Ok(state(cell)),
    })
}

#[test]
fn every_step_from_every_state_does_what_the_table_says() {
    let mut lines = TABLE.trim().lines();
    let steps: Vec<&str> = lines.next().unwrap().split_whitespace().skip(1).collect();
    let mut states = Vec::new();
    for line in lines {
        let mut cells = line.split_whitespace();
        let name = cells.next().unwrap();
        let before = state(name);
        let cells: Vec<&str> = cells.collect();
        assert_eq!(cells.len(), steps.len(), "{name}");
        for (step_name, cell) in steps.iter().zip(cells) {
            assert_eq!(step(before, step_name), outcome(cell, before), "{step_name} of {name}");
        }
        states.push(before);
    }
    // Two first states, four endings and ten ends, each of those opened or not.
    assert_eq!(states.len(), 2 + 2 * 4 + 2 * End::ALL.len());
    assert!(states.iter().enumerate().all(|(n, one)| !states[..n].contains(one)), "named twice");
}

#[test]
fn opening_is_told_as_the_first_exactly_when_nobody_opened_before() {
    for line in TABLE.trim().lines().skip(1) {
        let name = line.split_whitespace().next().unwrap();
        let Ok((_, opening)) = state(name).open() else { continue };
        assert_eq!(opening == Opening::Again, name.ends_with('+'), "{name}");
    }
}

#[test]
fn nothing_ends_before_its_time_and_nothing_is_provided_before_its_time() {
    for line in TABLE.trim().lines().skip(1) {
        let name = line.split_whitespace().next().unwrap();
        let before = state(name);
        if name.starts_with("provided>") {
            assert_eq!(before.expire(NOON), Err(Refusal::TooEarly), "{name}");
        } else {
            assert_eq!(before.expire(NOON), before.expire(LATER), "{name}");
        }
        let early = before.provide(Ending::ExpiredUnread, LATER, NOON);
        let refused = name == "scheduled";
        assert_eq!(early == Err(Refusal::TooEarly), refused, "{name}");
    }
}
