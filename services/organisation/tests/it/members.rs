use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::{Caller, fact};
use siegel_kernel::TrustLevel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::system_user_service_client::SystemUserServiceClient;
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{Office, TABLES, reason};
use crate::team::invitation;

on_each_backend! { super::TABLES =>
    an_invitation_is_taken_once_by_the_account_with_its_address,
    a_stranger_with_the_code_of_an_invitation_learns_nothing,
    an_invitation_is_not_taken_below_its_level,
    a_revoked_or_expired_invitation_is_taken_by_nobody,
    a_changed_code_is_no_code_and_five_of_them_are_enough,
    nothing_of_an_invitation_is_readable_in_the_database,
    an_administrator_makes_no_owner,
    the_last_owner_stays_until_another_is_made,
    a_removed_members_invitations_end_with_them,
    a_program_is_known_by_its_public_key_until_it_is_revoked,
    a_private_key_is_refused,
    equal_rights_are_off_until_an_owner_turns_them_on,
}

async fn an_invitation_is_taken_once_by_the_account_with_its_address(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    office.around.confirmed(max, "max@example.org");
    let wanted = invitation(&org, "max@example.org", pb::Role::CaseWorker);
    office.members(erika).invite_member(wanted).await.unwrap();
    let code = office.around.code("max@example.org").await;
    let shown = pb::PreviewInvitationRequest { code: code.to_lowercase() };
    let shown = office.members(max).preview_invitation(shown).await.unwrap().into_inner();
    assert_eq!(
        (shown.organisation_name.as_str(), shown.role()),
        ("Muster GmbH", pb::Role::CaseWorker)
    );
    let accept =
        |id: &str| pb::AcceptInvitationRequest { request_id: id.into(), code: code.clone() };
    office.members(max).accept_invitation(accept("1")).await.unwrap();
    let again = office.members(max).accept_invitation(accept("1")).await.unwrap().into_inner();
    assert_eq!(again.organisation_id, org, "the same request is answered again");
    let status = office.members(max).accept_invitation(accept("2")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVITATION_UNKNOWN"));
    let member = office.membership(max, &org).await;
    assert_eq!((member.role(), member.name.as_str()), (pb::Role::CaseWorker, "Max Mustermann"));
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'organisation.member.added'";
    assert_eq!(office.count(told).await, 1);
}

async fn a_stranger_with_the_code_of_an_invitation_learns_nothing(db: Db) {
    let office = Office::open(db).await;
    let (erika, eve) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    office.around.confirmed(office.somebody(), "max@example.org");
    let wanted = invitation(&org, "max@example.org", pb::Role::Owner);
    office.members(erika).invite_member(wanted).await.unwrap();
    let code = office.around.code("max@example.org").await;
    let stolen = pb::PreviewInvitationRequest { code: code.clone() };
    let with_code = office.members(eve).preview_invitation(stolen).await.unwrap_err();
    let guess = pb::PreviewInvitationRequest { code: "A".repeat(16) };
    let with_nothing = office.members(eve).preview_invitation(guess).await.unwrap_err();
    assert_eq!(reason(&with_code).as_deref(), Some("INVITATION_UNKNOWN"));
    assert_eq!(
        (with_code.message(), with_code.details()),
        (with_nothing.message(), with_nothing.details())
    );
    let accept = pb::AcceptInvitationRequest { request_id: "1".into(), code };
    let status = office.members(eve).accept_invitation(accept).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVITATION_UNKNOWN"));
}

async fn an_invitation_is_not_taken_below_its_level(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    office.around.confirmed(max, "max@example.org");
    let mut wanted = invitation(&org, "max@example.org", pb::Role::CaseWorker);
    wanted.minimum_level = 4;
    office.members(erika).invite_member(wanted).await.unwrap();
    let code = office.around.code("max@example.org").await;
    let accept = pb::AcceptInvitationRequest { request_id: "1".into(), code };
    let status = office.members(max).accept_invitation(accept.clone()).await.unwrap_err();
    assert_eq!(
        (status.code(), fact(&status, "needed").as_deref()),
        (Code::PermissionDenied, Some("high"))
    );
    let mut high = MemberServiceClient::new(office.channel(max, TrustLevel::High));
    high.accept_invitation(accept).await.unwrap();
}

async fn a_revoked_or_expired_invitation_is_taken_by_nobody(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    for (email, expires) in [("a@example.org", false), ("b@example.org", true)] {
        office.around.confirmed(max, email);
        let wanted = invitation(&org, email, pb::Role::CaseWorker);
        let made = office.members(erika).invite_member(wanted).await.unwrap().into_inner();
        let code = office.around.code(email).await;
        if expires {
            office.clock.advance(Duration::from_hours(14 * 24));
        } else {
            let revoke = pb::RevokeInvitationRequest {
                request_id: "revoke".into(),
                organisation_id: org.clone(),
                invitation_id: made.invitation_id,
            };
            office.members(erika).revoke_invitation(revoke).await.unwrap();
        }
        // The list tells them apart by time.
        office.clock.advance(Duration::from_secs(1));
        let accept = pb::AcceptInvitationRequest { request_id: email.into(), code };
        let status = office.members(max).accept_invitation(accept).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVITATION_UNKNOWN"));
    }
    let list = pb::ListInvitationsRequest { organisation_id: org };
    let all = office.members(erika).list_invitations(list).await.unwrap().into_inner().invitations;
    let states: Vec<_> = all.iter().map(pb::Invitation::state).collect();
    assert_eq!(states, [pb::InvitationState::Expired, pb::InvitationState::Revoked]);
    assert!(all.iter().all(|i| i.email.is_empty() && i.name.is_empty()), "persons are forgotten");
}

async fn a_changed_code_is_no_code_and_five_of_them_are_enough(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    office.around.confirmed(max, "max@example.org");
    let wanted = invitation(&org, "max@example.org", pb::Role::CaseWorker);
    office.members(erika).invite_member(wanted).await.unwrap();
    let code = office.around.code("max@example.org").await;
    for n in 0..5 {
        let other = if code.as_bytes()[n] == b'A' { "B" } else { "A" };
        let mut bent = code.clone();
        bent.replace_range(n..=n, other);
        let bent = pb::PreviewInvitationRequest { code: bent };
        let status = office.members(max).preview_invitation(bent).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVITATION_UNKNOWN"));
    }
    let right = || pb::PreviewInvitationRequest { code: code.clone() };
    let status = office.members(max).preview_invitation(right()).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_deref()),
        (Code::ResourceExhausted, Some("TOO_MANY_ATTEMPTS"))
    );
    office.clock.advance(Duration::from_hours(1));
    assert!(office.members(max).preview_invitation(right()).await.is_ok());
}

async fn nothing_of_an_invitation_is_readable_in_the_database(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    office.joined(erika, &org, pb::Role::CaseWorker).await;
    let wanted = invitation(&org, "zwetschge@example.org", pb::Role::CaseWorker);
    office.members(erika).invite_member(wanted).await.unwrap();
    let code = office.around.code("zwetschge@example.org").await;
    for (table, columns) in [
        ("invitations", "person_sealed, code_mac"),
        ("memberships", "name_sealed, NULL"),
        ("requests", "digest, response"),
        ("outbox", "payload, NULL"),
        ("events", "payload, NULL"),
    ] {
        for needle in ["zwetschge", "Mustermann", &code] {
            assert!(!office.holds(table, columns, needle).await, "{table} holds {needle}");
        }
    }
}

async fn an_administrator_makes_no_owner(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let admin = office.joined(erika, &org, pb::Role::Administrator).await;
    let worker = office.joined(erika, &org, pb::Role::CaseWorker).await;
    let change = |member: &pb::Member, role: pb::Role| pb::ChangeRoleRequest {
        request_id: format!("{} {role:?}", member.membership_id),
        organisation_id: org.clone(),
        membership_id: member.membership_id.clone(),
        role: role.into(),
    };
    let (owner, worker) =
        (office.membership(erika, &org).await, office.membership(worker, &org).await);
    let mut members = office.members(admin);
    members.change_role(change(&worker, pb::Role::ReadOnly)).await.unwrap();
    for refused in [change(&worker, pb::Role::Owner), change(&owner, pb::Role::ReadOnly)] {
        let status = members.change_role(refused).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("ROLE_TOO_LOW"));
    }
    let wanted = invitation(&org, "x@example.org", pb::Role::Owner);
    let status = members.invite_member(wanted).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ROLE_TOO_LOW"));
    let remove = pb::RemoveMemberRequest {
        request_id: "remove".into(),
        organisation_id: org.clone(),
        membership_id: owner.membership_id,
    };
    let status = members.remove_member(remove).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ROLE_TOO_LOW"));
}

async fn the_last_owner_stays_until_another_is_made(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let max = office.joined(erika, &org, pb::Role::CaseWorker).await;
    let leave = || pb::LeaveOrganisationRequest {
        request_id: "leave".into(),
        organisation_id: org.clone(),
    };
    let own = office.membership(erika, &org).await;
    let demote = pb::ChangeRoleRequest {
        request_id: "demote".into(),
        organisation_id: org.clone(),
        membership_id: own.membership_id,
        role: pb::Role::ReadOnly.into(),
    };
    let status = office.members(erika).change_role(demote).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LAST_OWNER"));
    let status = office.members(erika).leave_organisation(leave()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LAST_OWNER"));
    let hand_over = pb::HandOverRequest {
        request_id: "hand over".into(),
        organisation_id: org.clone(),
        membership_id: office.membership(max, &org).await.membership_id,
        own_role: pb::Role::ReadOnly.into(),
    };
    office.members(erika).hand_over(hand_over).await.unwrap();
    assert_eq!(office.membership(max, &org).await.role(), pb::Role::Owner);
    assert_eq!(office.membership(erika, &org).await.role(), pb::Role::ReadOnly);
    office.members(erika).leave_organisation(leave()).await.unwrap();
    let request = pb::ListMembersRequest { organisation_id: org };
    let status = office.members(erika).list_members(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
}

async fn a_removed_members_invitations_end_with_them(db: Db) {
    let office = Office::open(db).await;
    let (erika, eve) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let admin = office.joined(erika, &org, pb::Role::Administrator).await;
    office.around.confirmed(eve, "eve@example.org");
    let wanted = invitation(&org, "eve@example.org", pb::Role::CaseWorker);
    office.members(admin).invite_member(wanted).await.unwrap();
    let code = office.around.code("eve@example.org").await;
    let remove = pb::RemoveMemberRequest {
        request_id: "remove".into(),
        organisation_id: org.clone(),
        membership_id: office.membership(admin, &org).await.membership_id,
    };
    office.members(erika).remove_member(remove).await.unwrap();
    let accept = pb::AcceptInvitationRequest { request_id: "1".into(), code };
    let status = office.members(eve).accept_invitation(accept).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVITATION_UNKNOWN"));
}

pub fn program(organisation: &str, id: &str, jwk: String) -> pb::RegisterSystemUserRequest {
    pb::RegisterSystemUserRequest {
        request_id: id.into(),
        organisation_id: organisation.into(),
        name: "Poststelle".into(),
        role: pb::Role::MailReceiver.into(),
        jwk,
    }
}

async fn a_program_is_known_by_its_public_key_until_it_is_revoked(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let key = siegel_crypto::SigningKey::generate().unwrap();
    let jwk = serde_json::to_string(key.public_jwk()).unwrap();
    let mut members = office.members(erika);
    let made = members.register_system_user(program(&org, "1", jwk.clone())).await.unwrap();
    let status = members.register_system_user(program(&org, "2", jwk.clone())).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("KEY_REGISTERED"));
    let identity = Caller::Sibling("identity".into());
    let mut identity = SystemUserServiceClient::new(office.channel_of(identity));
    let system_user_id = made.into_inner().system_user_id;
    let by_id = || pb::GetSystemUserRequest { system_user_id: system_user_id.clone() };
    let found = identity.get_system_user(by_id()).await.unwrap().into_inner();
    assert_eq!((found.organisation_id, found.jwk), (org.clone(), jwk));
    let mut manager = program(&org, "3", String::new());
    manager.role = pb::Role::Administrator.into();
    let status = members.register_system_user(manager).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "programs manage nobody");
    let revoke = pb::RevokeSystemUserRequest {
        request_id: "revoke".into(),
        organisation_id: org,
        system_user_id: system_user_id.clone(),
    };
    members.revoke_system_user(revoke).await.unwrap();
    let status = identity.get_system_user(by_id()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SYSTEM_USER_UNKNOWN"));
}

async fn a_private_key_is_refused(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let key = siegel_crypto::SigningKey::generate().unwrap();
    let mut jwk = serde_json::to_value(key.public_jwk()).unwrap();
    jwk["d"] = "AAAA".into();
    for bad in
        [jwk.to_string(), "{}".into(), "no JSON".into(), r#"{"kty":"oct","k":"AAAA"}"#.into()]
    {
        let status = office.members(erika).register_system_user(program(&org, "1", bad)).await;
        assert_eq!(reason(&status.unwrap_err()).as_deref(), Some("INVALID_FIELD"));
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM system_users").await, 0);
}

async fn equal_rights_are_off_until_an_owner_turns_them_on(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let reader = office.joined(erika, &org, pb::Role::ReadOnly).await;
    let question = || pb::CheckAccessRequest {
        questions: vec![pb::AccessQuestion {
            account_id: reader.to_string(),
            organisation_id: org.clone(),
            action: pb::Action::ReceiveMail.into(),
            session_level: 3,
            ..Default::default()
        }],
    };
    let asked = async || {
        let answers = office.postbox().check_access(question()).await.unwrap().into_inner().answers;
        answers[0].allowed
    };
    assert!(!asked().await);
    let on = |on| pb::SetEqualRightsRequest {
        request_id: format!("{on}"),
        organisation_id: org.clone(),
        equal_rights: on,
    };
    let status = office.members(reader).set_equal_rights(on(true)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ROLE_TOO_LOW"));
    office.members(erika).set_equal_rights(on(true)).await.unwrap();
    assert!(asked().await);
    office.members(erika).set_equal_rights(on(false)).await.unwrap();
    assert!(!asked().await);
}
