use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::organisation::v1::{AccessQuestion, Action, CheckAccessRequest, Organisation};
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    the_owner_may_receive_and_the_answer_names_the_path,
    strangers_and_members_of_other_organisations_may_nothing,
    a_role_that_only_reads_may_not_receive,
    a_membership_that_ended_allows_nothing,
    a_thousand_questions_are_answered_in_their_order,
    more_than_a_thousand_questions_are_refused,
    a_malformed_question_is_named_by_its_place,
}

fn ask(account: AccountId, organisation: &Organisation, action: Action) -> AccessQuestion {
    AccessQuestion {
        account_id: account.to_string(),
        organisation_id: organisation.organisation_id.clone(),
        action: action.into(),
        session_level: 3,
        ..AccessQuestion::default()
    }
}

async fn check(office: &Office, questions: Vec<AccessQuestion>) -> Vec<String> {
    let answers = office.postbox().check_access(CheckAccessRequest { questions }).await.unwrap();
    let text = |a: siegel_proto::organisation::v1::AccessAnswer| {
        assert_eq!(a.allowed, a.reason.is_empty());
        if a.allowed { a.path } else { a.reason }
    };
    answers.into_inner().answers.into_iter().map(text).collect()
}

async fn the_owner_may_receive_and_the_answer_names_the_path(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let made = office.founded(erika, "Muster GmbH").await;
    let questions =
        vec![ask(erika, &made, Action::ReceiveMail), ask(erika, &made, Action::ReadMail)];
    assert_eq!(check(&office, questions).await, ["member:owner", "member:owner"]);
}

async fn strangers_and_members_of_other_organisations_may_nothing(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let one = office.founded(erika, "Eins").await;
    let other = office.founded(max, "Zwei").await;
    let questions = vec![
        ask(max, &one, Action::ReadMail),
        ask(erika, &other, Action::ReceiveMail),
        ask(office.somebody(), &one, Action::ReadMail),
    ];
    assert_eq!(check(&office, questions).await, ["NOT_A_MEMBER"; 3]);
}

async fn a_role_that_only_reads_may_not_receive(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let made = office.founded(erika, "Muster GmbH").await;
    office.run("UPDATE memberships SET role = 5".into()).await;
    let questions =
        vec![ask(erika, &made, Action::ReadMail), ask(erika, &made, Action::ReceiveMail)];
    assert_eq!(check(&office, questions).await, ["member:read-only", "ROLE_TOO_LOW"]);
}

async fn a_membership_that_ended_allows_nothing(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let made = office.founded(erika, "Muster GmbH").await;
    office.run("UPDATE memberships SET ended_at_us = 1".into()).await;
    let questions = vec![ask(erika, &made, Action::ReadMail)];
    assert_eq!(check(&office, questions).await, ["NOT_A_MEMBER"]);
}

async fn a_thousand_questions_are_answered_in_their_order(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let made = office.founded(erika, "Muster GmbH").await;
    let questions: Vec<_> = (0..1000)
        .map(|i| if i % 3 == 0 { erika } else { office.somebody() })
        .map(|account| ask(account, &made, Action::ReceiveMail))
        .collect();
    for (i, answer) in check(&office, questions).await.iter().enumerate() {
        assert_eq!(answer, if i % 3 == 0 { "member:owner" } else { "NOT_A_MEMBER" });
    }
}

async fn more_than_a_thousand_questions_are_refused(db: Db) {
    let office = Office::open(db).await;
    let made = office.founded(office.somebody(), "Muster GmbH").await;
    let questions = vec![ask(office.somebody(), &made, Action::ReadMail); 1001];
    let status = office.postbox().check_access(CheckAccessRequest { questions }).await;
    assert_eq!(reason(&status.unwrap_err()).as_deref(), Some("INVALID_FIELD"));
}

async fn a_malformed_question_is_named_by_its_place(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let made = office.founded(erika, "Muster GmbH").await;
    let good = ask(erika, &made, Action::ReadMail);
    let bad = AccessQuestion { action: 0, ..good.clone() };
    let request = CheckAccessRequest { questions: vec![good, bad] };
    let status = office.postbox().check_access(request).await.unwrap_err();
    assert!(status.message().contains("questions[1].action"), "{}", status.message());
}
