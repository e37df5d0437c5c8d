//! What operators decide: for their tenant only, on record, four eyes where law hangs on it.

use siegel_db::Db;
use siegel_grpc::{Caller, reason};
use siegel_kernel::GrantId;
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::postbox_admin_service_client::PostboxAdminServiceClient;
use siegel_testkit::on_each_backend;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::world::{CLIENT, DAY, FOREIGN_CLIENT, World, client, request};

on_each_backend! { &crate::MIGRATIONS =>
    limits_of_a_tenant_hold_for_its_senders_and_no_others,
    a_change_is_made_once_and_a_request_id_stands_for_one_change,
    settings_of_another_tenant_are_not_shown,
    a_sender_of_another_tenant_is_given_no_quota,
    a_hold_is_placed_at_once_and_released_by_a_second_operator_only,
    a_hold_lies_on_nothing_of_another_tenant,
    a_proposal_of_another_tenant_is_not_there,
    a_proposal_is_approved_as_it_was_looked_at_and_once,
    a_rejected_proposal_never_took_effect,
    a_new_rule_holds_from_its_first_day_and_changes_no_day_before,
    a_rule_that_reaches_back_is_refused,
    a_confirmed_rule_says_so_in_receipts_from_then_on,
    rules_and_outages_are_for_the_operator_of_the_platform,
    an_outage_during_the_provision_stands_in_the_receipt_and_moves_no_day,
    every_change_leaves_its_audit_line_and_a_forbidden_one_too
}

pub fn operator(client_id: &str, tenant: &str) -> Caller {
    let grant = GrantId::from_uuid(uuid::Uuid::from_u128(6)).to_string();
    let scopes = vec!["postbox.admin".into()];
    Caller::Client { client_id: client_id.into(), tenant: tenant.into(), scopes, grant }
}

pub fn admin(world: &World, who: &str) -> PostboxAdminServiceClient<Channel> {
    PostboxAdminServiceClient::new(world.channel(operator(who, "musterstadt")))
}

fn foreign(world: &World) -> PostboxAdminServiceClient<Channel> {
    PostboxAdminServiceClient::new(world.channel(operator("betrieb-n", "neustadt")))
}

pub async fn limit(world: &World, id: &str, limits: pb::AttachmentLimits) {
    let order = pb::SetAttachmentLimitsRequest { request_id: id.into(), limits: Some(limits) };
    admin(world, "betrieb-1").set_attachment_limits(order).await.unwrap();
}

pub async fn quota(world: &World, id: &str, quota: pb::Quota) -> Result<(), Status> {
    let order = pb::SetQuotaRequest { request_id: id.into(), quota: Some(quota) };
    admin(world, "betrieb-1").set_quota(order).await.map(|_| ())
}

pub async fn class(world: &World, name: &str, days: i32, is_default: bool) {
    let class = pb::RetentionClass { name: name.into(), days, is_default };
    let request_id = format!("class-{name}-{days}");
    let order = pb::SetRetentionClassRequest { request_id, retention_class: Some(class) };
    admin(world, "betrieb-1").set_retention_class(order).await.unwrap();
}

pub fn hold(request_id: &str) -> pb::PlaceLegalHoldRequest {
    pb::PlaceLegalHoldRequest {
        request_id: request_id.into(),
        reference: "VG 1 K 12/25".into(),
        ..Default::default()
    }
}

pub async fn place(world: &World, order: pb::PlaceLegalHoldRequest) -> String {
    admin(world, "betrieb-1").place_legal_hold(order).await.unwrap().into_inner().hold_id
}

pub async fn propose_release(world: &World, hold_id: &str) -> pb::Proposal {
    let order = pb::ProposeHoldReleaseRequest { request_id: "rel".into(), hold_id: hold_id.into() };
    let proposed = admin(world, "betrieb-1").propose_hold_release(order).await.unwrap();
    proposed.into_inner().proposal.unwrap()
}

pub async fn approve(world: &World, who: &str, proposal: &pb::Proposal) -> Result<(), Status> {
    let order = pb::ApproveProposalRequest {
        request_id: format!("ok-{}", proposal.proposal_id),
        proposal_id: proposal.proposal_id.clone(),
        digest: proposal.digest.clone(),
    };
    admin(world, who).approve_proposal(order).await.map(|_| ())
}

async fn limits_of_a_tenant_hold_for_its_senders_and_no_others(db: Db) {
    let world = World::new(db).await;
    let foreigner = client(FOREIGN_CLIENT, "neustadt");
    let owner = pb::issue_handle_request::Owner::AccountId(super::world::account(1).to_string());
    let elsewhere = world.handle_for(owner, "neustadt").await;
    limit(&world, "l", pb::AttachmentLimits { attachments: 1, ..Default::default() }).await;
    let handle = world.handle(1).await;
    let status = world.sender().submit(request("r1", &handle)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TOO_MANY_ATTACHMENTS"));
    world.sender_as(foreigner).submit(request("r1", &elsewhere)).await.unwrap();
    let federal = pb::AttachmentProfile::Federal.into();
    limit(&world, "m", pb::AttachmentLimits { profile: federal, ..Default::default() }).await;
    world.deliver("r2", |_| {}).await;
    let shown = admin(&world, "betrieb-2").get_settings(pb::GetSettingsRequest {}).await.unwrap();
    assert_eq!(shown.into_inner().attachment_limits.unwrap().profile, federal);
}

async fn a_change_is_made_once_and_a_request_id_stands_for_one_change(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let order = pb::PlaceLegalHoldRequest { letter_id: done.letter_id, ..hold("h") };
    let first = place(&world, order.clone()).await;
    assert_eq!(place(&world, order.clone()).await, first);
    assert_eq!(world.count("legal_holds").await, 1);
    let other = pb::PlaceLegalHoldRequest { reference: "another".into(), ..order };
    let status = admin(&world, "betrieb-1").place_legal_hold(other).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn settings_of_another_tenant_are_not_shown(db: Db) {
    let world = World::new(db).await;
    class(&world, "kurz", 10, true).await;
    quota(&world, "q", pb::Quota { letters_per_hour: 5, ..Default::default() }).await.unwrap();
    limit(&world, "l", pb::AttachmentLimits { attachments: 1, ..Default::default() }).await;
    let theirs = foreign(&world).get_settings(pb::GetSettingsRequest {}).await.unwrap();
    assert_eq!(theirs.into_inner(), pb::GetSettingsResponse::default());
    let own = admin(&world, "betrieb-1").get_settings(pb::GetSettingsRequest {}).await.unwrap();
    let own = own.into_inner();
    assert_eq!((own.quotas.len(), own.retention_classes.len()), (1, 1));
    assert_eq!(own.quotas[0].weight, 10);
}

async fn a_sender_of_another_tenant_is_given_no_quota(db: Db) {
    let world = World::new(db).await;
    let order =
        |id: &str| pb::Quota { client_id: id.into(), letters_per_hour: 1, ..Default::default() };
    for id in [FOREIGN_CLIENT, "nobody"] {
        let status = quota(&world, id, order(id)).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("SENDER_UNKNOWN"));
    }
    quota(&world, "own", order(CLIENT)).await.unwrap();
    assert_eq!(world.count("quotas").await, 1);
}

async fn a_hold_is_placed_at_once_and_released_by_a_second_operator_only(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let order = pb::PlaceLegalHoldRequest { letter_id: done.letter_id, ..hold("h") };
    let hold_id = place(&world, order).await;
    let in_force = |world: &World| {
        let mut admin = admin(world, "betrieb-2");
        async move {
            let order = pb::ListLegalHoldsRequest { all: false };
            admin.list_legal_holds(order).await.unwrap().into_inner().holds.len()
        }
    };
    let proposal = propose_release(&world, &hold_id).await;
    assert_eq!((in_force(&world).await, proposal.kind.as_str()), (1, "release_hold"));
    let status = approve(&world, "betrieb-1", &proposal).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SAME_OPERATOR"));
    assert_eq!(in_force(&world).await, 1);
    approve(&world, "betrieb-2", &proposal).await.unwrap();
    assert_eq!(in_force(&world).await, 0);
    let order = pb::ProposeHoldReleaseRequest { request_id: "again".into(), hold_id };
    let status = admin(&world, "betrieb-1").propose_hold_release(order).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("HOLD_UNKNOWN"));
}

async fn a_hold_lies_on_nothing_of_another_tenant(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let nobody = "ltr_00000000000000000000000000000000".to_owned();
    let mut seen = Vec::new();
    for letter_id in [done.letter_id.clone(), nobody, "nonsense".into()] {
        let order = pb::PlaceLegalHoldRequest { letter_id, ..hold("h") };
        let status = foreign(&world).place_legal_hold(order).await.unwrap_err();
        seen.push((status.code(), status.message().to_owned(), status.details().to_vec()));
    }
    assert_eq!(seen[0].0, Code::NotFound);
    assert!(seen.iter().all(|s| *s == seen[0]), "they can be told apart: {seen:?}");
    let order = pb::PlaceLegalHoldRequest { handle: world.handle(1).await, ..hold("h") };
    let status = foreign(&world).place_legal_hold(order).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("RECIPIENT_UNKNOWN"));
    let own = pb::PlaceLegalHoldRequest { letter_id: done.letter_id, ..hold("h") };
    let hold_id = place(&world, own).await;
    let order = pb::ProposeHoldReleaseRequest { request_id: "r".into(), hold_id };
    let status = foreign(&world).propose_hold_release(order).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("HOLD_UNKNOWN"));
    let listed = foreign(&world).list_legal_holds(pb::ListLegalHoldsRequest { all: true }).await;
    assert!(listed.unwrap().into_inner().holds.is_empty());
}

async fn proposal(world: &World) -> pb::Proposal {
    let done = world.deliver("r1", |_| {}).await;
    let order = pb::PlaceLegalHoldRequest { letter_id: done.letter_id, ..hold("h") };
    propose_release(world, &place(world, order).await).await
}

async fn a_proposal_of_another_tenant_is_not_there(db: Db) {
    let world = World::new(db).await;
    let proposal = proposal(&world).await;
    let listed = foreign(&world).list_proposals(pb::ListProposalsRequest {}).await.unwrap();
    assert!(listed.into_inner().proposals.is_empty());
    let order = pb::ApproveProposalRequest {
        request_id: "a".into(),
        proposal_id: proposal.proposal_id.clone(),
        digest: proposal.digest,
    };
    let status = foreign(&world).approve_proposal(order).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROPOSAL_UNKNOWN"));
    let order =
        pb::RejectProposalRequest { request_id: "b".into(), proposal_id: proposal.proposal_id };
    let status = foreign(&world).reject_proposal(order).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROPOSAL_UNKNOWN"));
}

async fn a_proposal_is_approved_as_it_was_looked_at_and_once(db: Db) {
    let world = World::new(db).await;
    let proposal = proposal(&world).await;
    let other = pb::Proposal { digest: vec![0; 32], ..proposal.clone() };
    let status = approve(&world, "betrieb-2", &other).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROPOSAL_CHANGED"));
    approve(&world, "betrieb-2", &proposal).await.unwrap();
    approve(&world, "betrieb-2", &proposal).await.unwrap();
    let status = approve(&world, "betrieb-3", &proposal).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROPOSAL_UNKNOWN"));
}

async fn a_rejected_proposal_never_took_effect(db: Db) {
    let world = World::new(db).await;
    let proposal = proposal(&world).await;
    let order = pb::RejectProposalRequest {
        request_id: "no".into(),
        proposal_id: proposal.proposal_id.clone(),
    };
    admin(&world, "betrieb-1").reject_proposal(order).await.unwrap();
    let status = approve(&world, "betrieb-2", &proposal).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROPOSAL_UNKNOWN"));
    assert_eq!(world.count("legal_holds WHERE released_at_us IS NULL").await, 1);
}

fn rule(valid_from: &str, days: i32) -> pb::ProposeRuleRequest {
    pb::ProposeRuleRequest {
        request_id: format!("rule-{valid_from}"),
        rule: Some(pb::Rule {
            legal_basis: "ozg-9".into(),
            law: "OZG § 9 Abs. 1".into(),
            valid_from: valid_from.into(),
            day0_event: "provision".into(),
            days,
            on_no_retrieval: "deemed_announced".into(),
            ..Default::default()
        }),
    }
}

/// The tests' clock stands on 2025-03-06.
async fn a_new_rule_holds_from_its_first_day_and_changes_no_day_before(db: Db) {
    let world = World::of_platform(db).await;
    let before = world.deliver("r1", |_| {}).await;
    let proposed = admin(&world, "betrieb-1").propose_rule(rule("2025-03-07", 6)).await.unwrap();
    let proposal = proposed.into_inner().proposal.unwrap();
    assert_eq!(world.deliver("r2", |_| {}).await.announced_on, "2025-03-10", "it only waits");
    approve(&world, "betrieb-2", &proposal).await.unwrap();
    assert_eq!(world.deliver("r3", |_| {}).await.announced_on, "2025-03-10", "not its day yet");
    world.wait(DAY).await;
    assert_eq!(world.deliver("r4", |_| {}).await.announced_on, "2025-03-13");
    assert_eq!(world.summary(&before.letter_id).await.announced_on, "2025-03-10");
    let rules = admin(&world, "betrieb-1").list_rules(pb::ListRulesRequest {}).await.unwrap();
    let rules = rules.into_inner().rules;
    let added = rules.iter().find(|r| r.rule_id == "ozg-9/3").unwrap();
    assert!(added.confirmed_by_operator && added.days == 6);
    assert!(rules.iter().any(|r| r.rule_id == "ozg-9/2" && r.valid_to.is_empty()), "untouched");
}

async fn a_rule_that_reaches_back_is_refused(db: Db) {
    let world = World::of_platform(db).await;
    for day in ["2025-03-06", "2025-01-01", "tomorrow"] {
        let status = admin(&world, "betrieb-1").propose_rule(rule(day, 6)).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "{day}");
    }
    // Its day may come while it waits.
    let proposed = admin(&world, "betrieb-1").propose_rule(rule("2025-03-07", 6)).await.unwrap();
    world.wait(DAY).await;
    let proposal = proposed.into_inner().proposal.unwrap();
    let status = approve(&world, "betrieb-2", &proposal).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    assert_eq!(world.count("legal_rules WHERE rule_id = 'ozg-9/3'").await, 0);
}

async fn a_confirmed_rule_says_so_in_receipts_from_then_on(db: Db) {
    let world = World::of_platform(db).await;
    let confirm = |rule_id: &str| pb::ProposeRuleConfirmationRequest {
        request_id: format!("c-{rule_id}"),
        rule_id: rule_id.into(),
    };
    let mut first = admin(&world, "betrieb-1");
    let status = first.propose_rule_confirmation(confirm("ozg-9/9")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("RULE_UNKNOWN"));
    let proposed = first.propose_rule_confirmation(confirm("ozg-9/2")).await.unwrap();
    approve(&world, "betrieb-2", &proposed.into_inner().proposal.unwrap()).await.unwrap();
    let done = world.deliver("r1", |_| {}).await;
    let effect = world.entry(&done.letter_id, "provided").await.body.legal_effect.unwrap();
    assert!(effect.confirmed_by_operator);
}

fn outage(world: &World, from_days: u32, to_days: u32) -> pb::DeclareOutageRequest {
    let now = world.postbox.now().legal;
    pb::DeclareOutageRequest {
        request_id: format!("outage-{from_days}"),
        from: Some(timestamp(now.minus(DAY * from_days))),
        to: Some(timestamp(now.minus(DAY * to_days))),
        reason: "Stromausfall im Rechenzentrum".into(),
    }
}

async fn rules_and_outages_are_for_the_operator_of_the_platform(db: Db) {
    let world = World::of_platform(db).await;
    let status = foreign(&world).propose_rule(rule("2025-03-07", 6)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("NOT_PLATFORM_OPERATOR"));
    let status = foreign(&world).declare_outage(outage(&world, 2, 1)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("NOT_PLATFORM_OPERATOR"));
    assert_eq!((world.count("admin_proposals").await, world.count("outages").await), (0, 0));
}

async fn an_outage_during_the_provision_stands_in_the_receipt_and_moves_no_day(db: Db) {
    let world = World::of_platform(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.wait(DAY * 3).await;
    admin(&world, "betrieb-1").declare_outage(outage(&world, 2, 1)).await.unwrap();
    admin(&world, "betrieb-1").declare_outage(outage(&world, 9, 8)).await.unwrap();
    let future = pb::DeclareOutageRequest {
        to: Some(timestamp(world.postbox.now().legal.plus(DAY))),
        ..outage(&world, 5, 1)
    };
    let status = admin(&world, "betrieb-1").declare_outage(future).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    world.wait(DAY * 2).await;
    let entry = world.entry(&done.letter_id, "deemed_announced").await;
    assert_eq!(entry.body.outages.len(), 1, "the one while it could be retrieved");
    assert_eq!(entry.legal_day.as_deref(), Some("2025-03-10"));
    let listed = admin(&world, "betrieb-1").list_outages(pb::ListOutagesRequest {}).await.unwrap();
    assert_eq!(listed.into_inner().outages.len(), 2);
}

async fn every_change_leaves_its_audit_line_and_a_forbidden_one_too(db: Db) {
    let world = World::of_platform(db).await;
    class(&world, "kurz", 10, false).await;
    quota(&world, "q", pb::Quota { letters_per_hour: 50, ..Default::default() }).await.unwrap();
    limit(&world, "l", pb::AttachmentLimits::default()).await;
    let waiting = proposal(&world).await;
    approve(&world, "betrieb-1", &waiting).await.unwrap_err();
    approve(&world, "betrieb-2", &waiting).await.unwrap();
    let proposed = admin(&world, "betrieb-1").propose_rule(rule("2025-03-07", 6)).await.unwrap();
    let order = pb::RejectProposalRequest {
        request_id: "no".into(),
        proposal_id: proposed.into_inner().proposal.unwrap().proposal_id,
    };
    admin(&world, "betrieb-1").reject_proposal(order).await.unwrap();
    let confirm =
        pb::ProposeRuleConfirmationRequest { request_id: "c".into(), rule_id: "ozg-9/2".into() };
    admin(&world, "betrieb-1").propose_rule_confirmation(confirm).await.unwrap();
    world.clock.advance(DAY * 3);
    admin(&world, "betrieb-1").declare_outage(outage(&world, 2, 1)).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    drop(tx);
    let table = siegel_grpc::access_table();
    let promised = table.rules().filter(|r| r.rpc.contains("PostboxAdminService"));
    for kind in promised.filter_map(|rule| rule.audit.clone()) {
        assert!(kinds.contains(&kind), "no line of {kind}");
    }
    let refused = "audit WHERE kind = 'postbox.proposal.approved' AND outcome = 'SAME_OPERATOR'";
    assert_eq!(world.count(refused).await, 1);
}
