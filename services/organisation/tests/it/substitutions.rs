//! Who stands in for whom.

use siegel_db::Db;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::{Action, MailboxKind, Role, SubstitutionKind};
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::firm::{Firm, told};
use crate::office::TABLES;

on_each_backend! { super::TABLES =>
    a_substitute_may_what_the_absent_may_between_the_dates,
    a_hand_over_outlives_the_membership_and_an_absence_does_not,
    a_substitution_that_is_ended_gives_nothing_more,
    members_arrange_their_own_substitution_and_nobody_elses,
    substitutions_that_make_no_sense_are_refused,
    an_answer_names_the_member_and_whether_they_stand_in,
}

async fn a_substitute_may_what_the_absent_may_between_the_dates(db: Db) {
    let firm = Firm::open(db).await;
    let (_, absent) = firm.member(Role::CaseWorker).await;
    let (bob, substitute) = firm.member(Role::ReadOnly).await;
    let request = firm.standing_in(&absent, &substitute);
    firm.rights(firm.owner).create_substitution(request).await.unwrap();
    let hour = std::time::Duration::from_hours(1);
    assert_eq!(firm.may(bob, "", Action::ReplyMail).await, "ROLE_TOO_LOW", "before");
    firm.office.clock.advance(hour);
    let during = firm.may(bob, "", Action::ReplyMail).await;
    assert_eq!(during, "member:read-only/substitute");
    firm.office.clock.advance(hour * 2);
    assert_eq!(firm.may(bob, "", Action::ReplyMail).await, "ROLE_TOO_LOW", "at the end");
}

async fn a_hand_over_outlives_the_membership_and_an_absence_does_not(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, absent) = firm.member(Role::CaseWorker).await;
    let (bob, one) = firm.member(Role::ReadOnly).await;
    let (eve, other) = firm.member(Role::ReadOnly).await;
    let mailbox = firm.create(MailboxKind::Personal, "", &absent).await;
    firm.rights(ada).create_substitution(firm.standing_in(&absent, &one)).await.unwrap();
    let mut request = firm.standing_in(&absent, &other);
    request.kind = SubstitutionKind::HandOver.into();
    firm.rights(ada).create_substitution(request).await.unwrap();
    firm.office.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(firm.may(bob, &mailbox, Action::ReadMail).await, "member:read-only/substitute");
    firm.office.leave(&firm.id(), ada).await;
    assert_eq!(firm.may(bob, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    assert_eq!(firm.may(eve, &mailbox, Action::ReadMail).await, "member:read-only/substitute");
    assert_eq!(firm.may(ada, &mailbox, Action::ReadMail).await, "NOT_A_MEMBER");
}

async fn a_substitution_that_is_ended_gives_nothing_more(db: Db) {
    let firm = Firm::open(db).await;
    let (_, absent) = firm.member(Role::CaseWorker).await;
    let (bob, substitute) = firm.member(Role::ReadOnly).await;
    let request = firm.standing_in(&absent, &substitute);
    let made = firm.rights(firm.owner).create_substitution(request).await.unwrap();
    let id = made.into_inner().substitution.unwrap().substitution_id;
    firm.office.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(firm.may(bob, "", Action::ReplyMail).await, "member:read-only/substitute");
    let end = pb::EndSubstitutionRequest {
        request_id: "end".into(),
        organisation_id: firm.id(),
        substitution_id: id,
    };
    for _ in 0..2 {
        firm.rights(firm.owner).end_substitution(end.clone()).await.unwrap();
    }
    assert_eq!(firm.may(bob, "", Action::ReplyMail).await, "ROLE_TOO_LOW");
}

async fn members_arrange_their_own_substitution_and_nobody_elses(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, absent) = firm.member(Role::CaseWorker).await;
    let (bob, substitute) = firm.member(Role::ReadOnly).await;
    let (eve, _) = firm.member(Role::ReadOnly).await;
    let request = firm.standing_in(&absent, &substitute);
    let status = firm.rights(bob).create_substitution(request.clone()).await.unwrap_err();
    assert_eq!(told(&status), (Code::PermissionDenied, "RIGHT_MISSING".into()));
    let made = firm.rights(ada).create_substitution(request).await.unwrap().into_inner();
    let list = || pb::ListSubstitutionsRequest { organisation_id: firm.id() };
    for (account, seen) in [(ada, 1), (bob, 1), (eve, 0), (firm.owner, 1)] {
        let listed = firm.rights(account).list_substitutions(list()).await.unwrap();
        assert_eq!(listed.into_inner().substitutions.len(), seen);
    }
    let end = pb::EndSubstitutionRequest {
        request_id: "end".into(),
        organisation_id: firm.id(),
        substitution_id: made.substitution.unwrap().substitution_id,
    };
    let status = firm.rights(eve).end_substitution(end.clone()).await.unwrap_err();
    assert_eq!(told(&status), (Code::NotFound, "SUBSTITUTION_UNKNOWN".into()));
    let status = firm.rights(bob).end_substitution(end).await.unwrap_err();
    assert_eq!(told(&status), (Code::PermissionDenied, "RIGHT_MISSING".into()));
}

async fn substitutions_that_make_no_sense_are_refused(db: Db) {
    let firm = Firm::open(db).await;
    let (_, absent) = firm.member(Role::CaseWorker).await;
    let (bob, substitute) = firm.member(Role::ReadOnly).await;
    let good = firm.standing_in(&absent, &substitute);
    let at = |hours| Some(siegel_proto::convert::timestamp(firm.in_hours(hours)));
    let bad = [
        pb::CreateSubstitutionRequest { until: good.from, ..good.clone() },
        pb::CreateSubstitutionRequest { until: at(24 * 400), ..good.clone() },
        pb::CreateSubstitutionRequest { substitute_member_id: absent, ..good.clone() },
        pb::CreateSubstitutionRequest { kind: 0, ..good.clone() },
        pb::CreateSubstitutionRequest { until: None, ..good.clone() },
    ];
    for request in bad {
        let status = firm.rights(firm.owner).create_substitution(request).await.unwrap_err();
        assert_eq!(told(&status), (Code::InvalidArgument, "INVALID_FIELD".into()));
    }
    firm.office.leave(&firm.id(), bob).await;
    let status = firm.rights(firm.owner).create_substitution(good).await.unwrap_err();
    assert_eq!(told(&status), (Code::NotFound, "MEMBER_UNKNOWN".into()));
    assert_eq!(firm.office.count("SELECT COUNT(*) FROM substitutions").await, 0);
}

async fn an_answer_names_the_member_and_whether_they_stand_in(db: Db) {
    let firm = Firm::open(db).await;
    let (_, absent) = firm.member(Role::CaseWorker).await;
    let (bob, substitute) = firm.member(Role::ReadOnly).await;
    let request = firm.standing_in(&absent, &substitute);
    firm.rights(firm.owner).create_substitution(request).await.unwrap();
    firm.office.clock.advance(std::time::Duration::from_hours(1));
    let question = |action: Action| pb::AccessQuestion {
        account_id: bob.to_string(),
        organisation_id: firm.id(),
        action: action.into(),
        session_level: 3,
        ..Default::default()
    };
    let questions = [Action::ReadMail, Action::ReplyMail].map(question).to_vec();
    let request = pb::CheckAccessRequest { questions };
    let answers = firm.office.postbox().check_access(request).await.unwrap().into_inner().answers;
    let named: Vec<_> = answers.iter().map(|a| (a.by_substitution, &a.member_id)).collect();
    assert_eq!(named, [(false, &substitute), (true, &substitute)]);
}
