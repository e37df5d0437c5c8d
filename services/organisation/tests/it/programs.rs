//! What programs of an organisation may do, as other services are told.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::organisation::v1 as pb;
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_program_may_what_its_role_says_until_it_is_revoked,
    a_program_is_nothing_in_another_organisation,
    questions_about_programs_and_persons_are_answered_in_their_order,
    a_question_names_a_program_or_a_person_and_no_mandate,
    equal_rights_of_members_are_not_those_of_programs,
    who_registered_a_program_is_told_to_its_organisation,
}

/// Registers a program; its id.
async fn registered(office: &Office, who: AccountId, org: &str, role: pb::Role) -> String {
    let key = siegel_crypto::SigningKey::generate().unwrap();
    let program = pb::RegisterSystemUserRequest {
        request_id: key.kid().to_owned(),
        organisation_id: org.to_owned(),
        name: "Poststelle".into(),
        role: role.into(),
        jwk: serde_json::to_string(key.public_jwk()).unwrap(),
    };
    let made = office.members(who).register_system_user(program).await.unwrap();
    made.into_inner().system_user_id
}

fn ask(program: &str, org: &str, action: pb::Action) -> pb::AccessQuestion {
    pb::AccessQuestion {
        system_user_id: program.to_owned(),
        organisation_id: org.to_owned(),
        action: action.into(),
        ..pb::AccessQuestion::default()
    }
}

async fn check(office: &Office, questions: Vec<pb::AccessQuestion>) -> Vec<String> {
    let request = pb::CheckAccessRequest { questions };
    let answers = office.postbox().check_access(request).await.unwrap().into_inner().answers;
    let told = |a: pb::AccessAnswer| if a.allowed { a.path } else { a.reason };
    answers.into_iter().map(told).collect()
}

async fn a_program_may_what_its_role_says_until_it_is_revoked(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let program = registered(&office, erika, &org, pb::Role::ReadOnly).await;
    let both = [pb::Action::ReadMail, pb::Action::ReceiveMail];
    let asked = || both.map(|action| ask(&program, &org, action)).to_vec();
    assert_eq!(check(&office, asked()).await, ["system-user:read-only", "ROLE_TOO_LOW"]);
    let revoke = pb::RevokeSystemUserRequest {
        request_id: "revoke".into(),
        organisation_id: org.clone(),
        system_user_id: program.clone(),
    };
    office.members(erika).revoke_system_user(revoke).await.unwrap();
    assert_eq!(check(&office, asked()).await, ["NOT_A_MEMBER"; 2]);
}

async fn a_program_is_nothing_in_another_organisation(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let own = office.registered(erika, "Muster GmbH", "1234").await;
    let other = office.registered(erika, "Beispiel GmbH", "5678").await;
    let program = registered(&office, erika, &own, pb::Role::CaseWorker).await;
    let nobody = format!("sys_{:032x}", 7);
    let questions = vec![
        ask(&program, &other, pb::Action::ReadMail),
        ask(&nobody, &own, pb::Action::ReadMail),
        ask(&program, &format!("org_{:032x}", 7), pb::Action::ReadMail),
    ];
    assert_eq!(check(&office, questions).await, ["NOT_A_MEMBER"; 3]);
}

async fn questions_about_programs_and_persons_are_answered_in_their_order(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let program = registered(&office, erika, &org, pb::Role::MailReceiver).await;
    let person = pb::AccessQuestion {
        account_id: erika.to_string(),
        system_user_id: String::new(),
        session_level: 3,
        ..ask("", &org, pb::Action::ReadMail)
    };
    let program = ask(&program, &org, pb::Action::ReadMail);
    let questions = vec![program.clone(), person.clone(), program, person];
    let told = check(&office, questions).await;
    let (one, other) = ("system-user:mail-receiver", "member:owner");
    assert_eq!(told, [one, other, one, other]);
}

async fn a_question_names_a_program_or_a_person_and_no_mandate(db: Db) {
    let office = Office::open(db).await;
    let org = format!("org_{:032x}", 1);
    let program = format!("sys_{:032x}", 1);
    let good = ask(&program, &org, pb::Action::ReadMail);
    let person = pb::AccessQuestion { account_id: format!("acc_{:032x}", 1), ..good.clone() };
    let mandate = pb::AccessQuestion { mandate_id: format!("mnd_{:032x}", 1), ..good.clone() };
    let no_id = pb::AccessQuestion { system_user_id: "sys_1".into(), ..good.clone() };
    for bad in [person, mandate, no_id] {
        let request = pb::CheckAccessRequest { questions: vec![good.clone(), bad] };
        let refused = office.postbox().check_access(request).await.unwrap_err();
        assert_eq!(reason(&refused).as_deref(), Some("INVALID_FIELD"));
    }
}

async fn equal_rights_of_members_are_not_those_of_programs(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let program = registered(&office, erika, &org, pb::Role::ReadOnly).await;
    let on = pb::SetEqualRightsRequest {
        request_id: "on".into(),
        organisation_id: org.clone(),
        equal_rights: true,
    };
    office.members(erika).set_equal_rights(on).await.unwrap();
    let told = check(&office, vec![ask(&program, &org, pb::Action::ReplyMail)]).await;
    assert_eq!(told, ["ROLE_TOO_LOW"]);
}

async fn who_registered_a_program_is_told_to_its_organisation(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let program = registered(&office, erika, &org, pb::Role::ReadOnly).await;
    let list = pb::ListMembersRequest { organisation_id: org.clone() };
    let members = office.members(erika).list_members(list).await.unwrap().into_inner().members;
    let list = pb::ListSystemUsersRequest { organisation_id: org };
    let listed = office.members(erika).list_system_users(list).await.unwrap().into_inner();
    let [one] = &listed.system_users[..] else { panic!("{listed:?}") };
    assert_eq!(one.system_user_id, program);
    assert_eq!(one.registered_by_member_id, members[0].membership_id);
}
