//! Handles of a mailbox, as their owner sees and ends them.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;

use super::rejections::told;
use super::world::{DAY, World, account, person, request};

on_each_backend! { &crate::MIGRATIONS =>
    a_revoked_handle_is_as_unknown_as_none_and_the_next_one_differs,
    somebody_elses_handle_does_not_exist,
    handles_are_listed_newest_first_in_pages
}

async fn handles(world: &World, n: u128) -> Vec<pb::Handle> {
    let request = pb::ListHandlesRequest::default();
    let mut own = world.settings(person(n, TrustLevel::Low));
    own.list_handles(request).await.unwrap().into_inner().handles
}

async fn a_revoked_handle_is_as_unknown_as_none_and_the_next_one_differs(db: Db) {
    let world = World::new(db).await;
    let arrived = world.deliver("r1", |_| {}).await;
    let old = world.handle(1).await;
    world.revoke(1, &old).await.unwrap();
    world.revoke(1, &old).await.unwrap();
    let shown = handles(&world, 1).await;
    assert_eq!((shown.len(), shown[0].handle.as_str()), (1, old.as_str()));
    assert!(shown[0].revoked_at.is_some());
    let mut seen = Vec::new();
    for handle in [old.as_str(), "hdl_00000000000000000000000000000000"] {
        let status = world.sender().submit(request("r2", handle)).await.unwrap_err();
        seen.push(told(&status));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].0, Code::NotFound);
    world.clock.advance(DAY);
    let new = world.handle(1).await;
    assert_ne!(new, old);
    world.sender().submit(request("r3", &new)).await.unwrap();
    let shown = handles(&world, 1).await;
    assert_eq!(shown.iter().map(|h| h.revoked_at.is_some()).collect::<Vec<_>>(), [false, true]);
    world.open(&arrived.letter_id).await.unwrap();
}

async fn somebody_elses_handle_does_not_exist(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    world.handle(2).await;
    for (n, handle) in [
        (2, handle.as_str()),
        (3, handle.as_str()),
        (1, "hdl_00000000000000000000000000000000"),
        (1, "nonsense"),
    ] {
        let status = world.revoke(n, handle).await.unwrap_err();
        let told = (status.code(), reason(&status));
        assert_eq!(told, (Code::NotFound, Some("HANDLE_UNKNOWN".into())), "{n}");
    }
    assert!(handles(&world, 3).await.is_empty());
    world.sender().submit(request("r1", &handle)).await.unwrap();
}

async fn handles_are_listed_newest_first_in_pages(db: Db) {
    let world = World::new(db).await;
    let owner = || pb::issue_handle_request::Owner::AccountId(account(1).to_string());
    let mut issued = Vec::new();
    for sector in ["a", "b", "c"] {
        // Two of them in one microsecond.
        if sector == "c" {
            world.clock.advance(DAY);
        }
        issued.push(world.handle_for(owner(), sector).await);
    }
    let mut own = world.settings(person(1, TrustLevel::Low));
    let mut request = pb::ListHandlesRequest { page_size: 1, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = own.list_handles(request.clone()).await.unwrap().into_inner();
        seen.extend(page.handles.into_iter().map(|h| h.handle));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(seen[0], issued[2]);
    seen.sort();
    issued.sort();
    assert_eq!(seen, issued);
    request.page_token = "x".into();
    assert!(own.list_handles(request).await.is_err());
}
