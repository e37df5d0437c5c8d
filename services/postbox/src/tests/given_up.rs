//! Mailboxes beside the central one of an organisation that are given up.

use siegel_db::Db;
use siegel_grpc::{Caller, reason};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::close_mailbox_request::Owner as Closed;
use siegel_proto::postbox::v1::handle_service_client::HandleServiceClient;
use siegel_testkit::on_each_backend;
use tonic::transport::Channel;

use super::acting::{BUILDING, INVOICES, beside, list};
use super::fakes::owner;
use super::world::{World, account, company};

on_each_backend! { &crate::MIGRATIONS =>
    closing_one_mailbox_leaves_the_others_of_the_organisation_open,
    a_mailbox_that_was_given_up_is_never_opened_again_though_it_never_held_a_letter,
    organisation_closes_no_mailbox_but_those_beside_the_central_one,
}

/// As the service that arranges mailboxes sees the postbox.
fn arranging(world: &World) -> HandleServiceClient<Channel> {
    HandleServiceClient::new(world.channel(Caller::Sibling("organisation".into())))
}

fn closing(owner: Closed, mailbox: &str) -> pb::CloseMailboxRequest {
    pb::CloseMailboxRequest {
        request_id: "c".into(),
        owner: Some(owner),
        mailbox_id: mailbox.into(),
    }
}

async fn closing_one_mailbox_leaves_the_others_of_the_organisation_open(db: Db) {
    let world = World::new(db).await;
    world.access.allow(owner(1, BUILDING));
    world.access.allow(owner(1, INVOICES));
    let org = company().to_string();
    let given_up = beside(&world, "r1", BUILDING).await;
    beside(&world, "r2", INVOICES).await;
    let close = closing(Closed::OrganisationId(org.clone()), BUILDING);
    for _ in 0..2 {
        arranging(&world).close_mailbox(close.clone()).await.unwrap();
    }
    assert_eq!(list(&world, 1, [&org, BUILDING, ""]).await.unwrap(), [""; 0]);
    assert_eq!(list(&world, 1, [&org, INVOICES, ""]).await.unwrap().len(), 1);
    world.postbox.sweep().await.unwrap();
    let kinds = world.kinds(&given_up).await;
    assert_eq!(kinds.last().map(String::as_str), Some("undeliverable"), "the sender is told");
}

async fn a_mailbox_that_was_given_up_is_never_opened_again_though_it_never_held_a_letter(db: Db) {
    let world = World::new(db).await;
    let close = closing(Closed::OrganisationId(company().to_string()), BUILDING);
    arranging(&world).close_mailbox(close).await.unwrap();
    let issue = pb::IssueHandleRequest {
        request_id: "i".into(),
        owner: Some(pb::issue_handle_request::Owner::OrganisationId(company().to_string())),
        sector: "musterstadt".into(),
        mailbox_id: BUILDING.into(),
    };
    let status = world.handles().issue_handle(issue.clone()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("MAILBOX_CLOSED"));
    let other = pb::IssueHandleRequest { mailbox_id: INVOICES.into(), ..issue };
    world.handles().issue_handle(other).await.unwrap();
}

async fn organisation_closes_no_mailbox_but_those_beside_the_central_one(db: Db) {
    let world = World::new(db).await;
    let others =
        [Closed::AccountId(account(1).to_string()), Closed::OrganisationId(company().to_string())];
    for owner in others {
        let status = arranging(&world).close_mailbox(closing(owner, "")).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("WRONG_CALLER"));
    }
}
