//! The endpoints of a sender: named, listed, ended, nobody else's.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;

use super::fakes::Behaviour;
use super::webhooks::{
    HOOK, OTHER, create, hooks, letter, list, one_dead, own, push, redeliver, replica, seen,
    try_create,
};
use super::world::{CLIENT, FOREIGN_CLIENT, OTHER_CLIENT, World};

on_each_backend! { &crate::MIGRATIONS =>
    an_address_that_is_not_of_the_internet_is_refused,
    an_address_lies_sealed,
    a_sender_has_so_many_endpoints_and_no_more,
    the_same_request_makes_one_endpoint,
    a_deleted_endpoint_hears_nothing_more,
    every_change_of_endpoints_is_in_the_audit_trail_without_its_address,
    somebody_elses_endpoint_is_like_one_that_is_not_there
}

async fn an_address_that_is_not_of_the_internet_is_refused(db: Db) {
    let world = World::new(db).await;
    for url in [
        "http://fachverfahren.musterstadt.example/hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://10.0.0.7/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://user:pass@fachverfahren.musterstadt.example/hook",
        "ftp://fachverfahren.musterstadt.example/hook",
        "",
        &format!("https://fachverfahren.musterstadt.example/{}", "a".repeat(2_000)),
    ] {
        let status = try_create(&world, "c", (url, "")).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_deref()),
            (Code::InvalidArgument, Some("WEBHOOK_ADDRESS_REFUSED")),
            "{url}"
        );
    }
    assert_eq!(world.count("webhooks").await, 0);
}

async fn an_address_lies_sealed(db: Db) {
    let world = World::new(db).await;
    let hook = create(&world, HOOK).await;
    let id = hook.webhook_id.parse().unwrap();
    let mut tx = world.db.read().await.unwrap();
    let rows = crate::store::webhooks::of_sender(&mut tx, CLIENT, "musterstadt").await.unwrap();
    let sealed = &rows[0].sealed_url;
    assert!(!sealed.windows(6).any(|w| w == b"geheim"));
    assert_eq!(world.postbox.vault.open_url(id, sealed).unwrap(), HOOK);
}

async fn a_sender_has_so_many_endpoints_and_no_more(db: Db) {
    let world = World::new(db).await;
    for n in 0..10 {
        create(&world, &format!("{OTHER}/{n}")).await;
    }
    let status = try_create(&world, "c", (HOOK, "")).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_deref()),
        (Code::ResourceExhausted, Some("TOO_MANY_WEBHOOKS"))
    );
}

async fn the_same_request_makes_one_endpoint(db: Db) {
    let world = World::new(db).await;
    let first = try_create(&world, "c", (HOOK, "")).await.unwrap();
    assert_eq!(try_create(&world, "c", (HOOK, "")).await.unwrap(), first);
    assert_eq!(list(&world).await, [first]);
    let status = try_create(&world, "c", (OTHER, "")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
    let status = try_create(&world, "", (OTHER, "")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn a_deleted_endpoint_hears_nothing_more(db: Db) {
    let world = World::new(db).await;
    let impatient = replica(&world, 1).await;
    let (hook, _) = one_dead(&world, &impatient).await;
    let request = pb::DeleteWebhookRequest { request_id: "d".into(), webhook_id: hook.webhook_id };
    own(&world).delete_webhook(request.clone()).await.unwrap();
    own(&world).delete_webhook(request.clone()).await.unwrap();
    let other = pb::DeleteWebhookRequest { request_id: "e".into(), ..request };
    let status = own(&world).delete_webhook(other).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("WEBHOOK_UNKNOWN"));
    world.pushes.behave(HOOK, Behaviour::Answers(200));
    letter(&world, "r2").await;
    push(&world.postbox).await;
    assert_eq!(seen(&world, HOOK), []);
    assert_eq!(world.count("webhook_dead_letters").await, 0);
}

async fn every_change_of_endpoints_is_in_the_audit_trail_without_its_address(db: Db) {
    let world = World::new(db).await;
    let impatient = replica(&world, 1).await;
    let (hook, one) = one_dead(&world, &impatient).await;
    redeliver(&world, &hook.webhook_id, &one.event_id).await.unwrap();
    let request =
        pb::DeleteWebhookRequest { request_id: "d".into(), webhook_id: hook.webhook_id.clone() };
    own(&world).delete_webhook(request).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let lines = lines(&mut tx).await.unwrap();
    let (kinds, details): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
    let expected = ["created", "redelivered", "deleted"].map(|k| format!("postbox.webhook.{k}"));
    assert_eq!(kinds, expected);
    assert!(details.iter().all(|detail| *detail == hook.webhook_id));
}

async fn lines(tx: &mut siegel_db::Tx) -> Result<Vec<(String, String)>, siegel_db::StoreError> {
    const SQL: &str =
        "SELECT kind, detail FROM audit WHERE kind LIKE 'postbox.webhook.%' ORDER BY id";
    Ok(siegel_db::on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?))
}

async fn somebody_elses_endpoint_is_like_one_that_is_not_there(db: Db) {
    let world = World::new(db).await;
    let impatient = replica(&world, 1).await;
    let (hook, one) = one_dead(&world, &impatient).await;
    let nobodys = "whk_00000000000000000000000000000000".to_owned();
    for (name, tenant) in [(OTHER_CLIENT, "musterstadt"), (FOREIGN_CLIENT, "neustadt")] {
        let mut other = hooks(&world, name, tenant);
        let listed = other.list_webhooks(pb::ListWebhooksRequest {}).await.unwrap();
        assert_eq!(listed.into_inner().webhooks, []);
        for webhook_id in [hook.webhook_id.clone(), nobodys.clone(), "nonsense".to_owned()] {
            let request = pb::ListDeadLettersRequest {
                webhook_id: webhook_id.clone(),
                ..pb::ListDeadLettersRequest::default()
            };
            let refused = other.list_dead_letters(request).await.unwrap_err();
            let request =
                pb::DeleteWebhookRequest { request_id: "d".into(), webhook_id: webhook_id.clone() };
            let deleted = other.delete_webhook(request).await.unwrap_err();
            let request = pb::RedeliverDeadLetterRequest {
                request_id: "r".into(),
                webhook_id,
                event_id: one.event_id.clone(),
            };
            let revived = other.redeliver_dead_letter(request).await.unwrap_err();
            for status in [refused, deleted, revived] {
                assert_eq!(
                    (status.code(), reason(&status).as_deref()),
                    (Code::NotFound, Some("WEBHOOK_UNKNOWN"))
                );
            }
        }
    }
    assert_eq!(list(&world).await.len(), 1);
    let mut stranger = hooks(&world, "somebody", "musterstadt");
    let request = pb::CreateWebhookRequest {
        request_id: "c".into(),
        url: HOOK.into(),
        cursor: String::new(),
    };
    let status = stranger.create_webhook(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SENDER_UNKNOWN"));
}
