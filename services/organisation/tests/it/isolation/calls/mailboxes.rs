//! Mailboxes, rights in them and substitutions.

use std::time::Duration;

use siegel_kernel::Clock as _;
use siegel_proto::convert::timestamp;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mailbox_holder::Holder;
use siegel_testkit::TestClock;

use super::{Call, Names, call, one};

fn holder(n: &Names) -> pb::MailboxHolder {
    pb::MailboxHolder { holder: Some(Holder::MemberId(n.member.clone())) }
}

pub fn calls() -> Vec<Call> {
    vec![
        call("MailboxRightsService/CreateMailbox", |n| {
            one(&pb::CreateMailboxRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                kind: pb::MailboxKind::Unit.into(),
                unit_id: n.unit.clone(),
                ..Default::default()
            })
        }),
        call("MailboxRightsService/CloseMailbox", |n| {
            one(&pb::CloseMailboxRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
            })
        }),
        call("MailboxRightsService/ListMailboxes", |n| {
            one(&pb::ListMailboxesRequest { organisation_id: n.organisation.clone() })
        }),
        call("MailboxRightsService/SetMailboxRights", |n| {
            one(&pb::SetMailboxRightsRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                holder: Some(holder(n)),
                rights: vec![pb::MailboxRight::Read.into()],
            })
        }),
        call("MailboxRightsService/RemoveMailboxRights", |n| {
            one(&pb::RemoveMailboxRightsRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                holder: Some(holder(n)),
            })
        }),
        call("MailboxRightsService/ListMailboxRights", |n| {
            one(&pb::ListMailboxRightsRequest {
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
            })
        }),
        call("MailboxRightsService/CreateSubstitution", |n| {
            let from = TestClock::default().now().plus(Duration::from_hours(24 * 300));
            one(&pb::CreateSubstitutionRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                kind: pb::SubstitutionKind::Absence.into(),
                absent_member_id: n.member.clone(),
                substitute_member_id: n.own_member.clone(),
                mailbox_id: Some(n.mailbox.clone()),
                from: Some(timestamp(from)),
                until: Some(timestamp(from.plus(Duration::from_hours(24)))),
            })
        }),
        call("MailboxRightsService/EndSubstitution", |n| {
            one(&pb::EndSubstitutionRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                substitution_id: n.substitution.clone(),
            })
        }),
        call("MailboxRightsService/ListSubstitutions", |n| {
            one(&pb::ListSubstitutionsRequest { organisation_id: n.organisation.clone() })
        }),
        call("MailboxRightsService/ListLetterRoutes", |n| {
            one(&pb::ListLetterRoutesRequest { organisation_id: n.organisation.clone() })
        }),
        call("MailboxRightsService/SetLetterRoute", |n| {
            one(&pb::SetLetterRouteRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                route_id: n.route.clone(),
                mailbox_id: n.mailbox.clone(),
            })
        }),
    ]
}
