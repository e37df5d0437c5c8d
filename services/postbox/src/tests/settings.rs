//! What owners decide about their mailbox: who may write to it, and by which handle.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_settings_service_client::MailboxSettingsServiceClient;
use siegel_proto::postbox::v1::set_opt_out_request::About;
use siegel_testkit::on_each_backend;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::world::{
    CLIENT, DAY, FOREIGN_CLIENT, OTHER_CLIENT, World, account, client, company, letter, person,
    request, senders,
};
use crate::config::Config;
use crate::start::{StartError, build};
use crate::store::{mailboxes, opt_outs};

on_each_backend! { &crate::MIGRATIONS =>
    a_general_opt_out_refuses_every_letter_until_it_is_taken_back,
    an_opt_out_from_one_sender_refuses_its_letters_only,
    one_sender_can_be_allowed_where_all_are_excluded,
    letters_that_arrived_and_the_answer_to_a_repeated_request_stay,
    a_rule_that_reaches_everybody_beats_an_opt_out,
    a_basis_that_no_rule_is_about_keeps_the_postbox_from_starting,
    an_opt_out_is_recorded_with_wording_time_and_level_and_never_changed,
    one_can_opt_out_before_there_is_a_mailbox,
    the_same_choice_sent_twice_is_one_and_another_under_its_id_is_refused,
    only_senders_that_can_write_are_listed_and_chosen_about,
    the_sender_of_a_letter_can_be_chosen_about_at_its_level_only,
    a_malformed_choice_is_refused,
    many_mailboxes_are_asked_about_at_once,
    checking_recipients_tells_what_each_of_them_excluded,
    an_organisations_settings_are_its_own,
    every_change_of_settings_is_in_the_audit_trail
}

type Settings = MailboxSettingsServiceClient<Channel>;

async fn choose(
    world: &World,
    request_id: &str,
    about: About,
    choice: pb::OptOutChoice,
) -> Result<pb::OptOut, Status> {
    let request = pb::SetOptOutRequest {
        request_id: request_id.into(),
        about: Some(about),
        choice: choice.into(),
        wording_version: "portal-1".into(),
        ..Default::default()
    };
    let set = world.settings(person(1, TrustLevel::Low)).set_opt_out(request).await?;
    Ok(set.into_inner().opt_out.unwrap())
}

async fn choices(world: &World) -> Vec<pb::OptOut> {
    let mut own: Settings = world.settings(person(1, TrustLevel::Low));
    own.list_opt_outs(pb::ListOptOutsRequest::default()).await.unwrap().into_inner().opt_outs
}

async fn listed(world: &World) -> pb::ListSendersResponse {
    let mut own: Settings = world.settings(person(1, TrustLevel::Low));
    own.list_senders(pb::ListSendersRequest::default()).await.unwrap().into_inner()
}

fn one(sender: &str) -> About {
    About::SenderId(sender.into())
}

/// What a letter of this sender comes to: the reason of its refusal.
async fn sent_by(
    world: &World,
    sender: &str,
    request_id: &str,
    bend: impl FnOnce(&mut pb::SubmitRequest),
) -> Option<String> {
    let mut request = request(request_id, &world.handle(1).await);
    bend(&mut request);
    let outcome = world.sender_as(client(sender, "musterstadt")).submit(request).await;
    outcome.err().map(|status| {
        assert_eq!(status.code(), Code::FailedPrecondition);
        reason(&status).unwrap()
    })
}

const REFUSED: Option<&str> = Some("RECIPIENT_OPTED_OUT");

async fn a_general_opt_out_refuses_every_letter_until_it_is_taken_back(db: Db) {
    use pb::OptOutChoice::{Allowed, Excluded};
    let world = World::new(db).await;
    world.handle(1).await;
    choose(&world, "c1", About::Everybody(true), Excluded).await.unwrap();
    for sender in [CLIENT, OTHER_CLIENT] {
        let refused = sent_by(&world, sender, "r1", |_| {}).await;
        assert_eq!(refused.as_deref(), REFUSED);
        let informs = sent_by(&world, sender, "r2", |r| letter(r).legal_basis.clear()).await;
        assert_eq!(informs.as_deref(), REFUSED);
    }
    // Nothing but the receipts of the refusals: these choices have request ids as well.
    let taken = world.count("letters WHERE state <> 'rejected'").await;
    assert_eq!((taken, world.objects()), (0, 0), "and nothing is stored");
    assert_eq!(world.count("rejections").await, 4);
    choose(&world, "c2", About::Everybody(true), Allowed).await.unwrap();
    assert_eq!(sent_by(&world, CLIENT, "r1", |_| {}).await, None);
}

async fn an_opt_out_from_one_sender_refuses_its_letters_only(db: Db) {
    use pb::OptOutChoice::{Excluded, General};
    let world = World::new(db).await;
    world.handle(1).await;
    choose(&world, "c1", one(CLIENT), Excluded).await.unwrap();
    assert_eq!(sent_by(&world, CLIENT, "r1", |_| {}).await.as_deref(), REFUSED);
    assert_eq!(sent_by(&world, OTHER_CLIENT, "r1", |_| {}).await, None);
    choose(&world, "c2", one(CLIENT), General).await.unwrap();
    assert_eq!(sent_by(&world, CLIENT, "r1", |_| {}).await, None);
}

async fn one_sender_can_be_allowed_where_all_are_excluded(db: Db) {
    use pb::OptOutChoice::{Allowed, Excluded};
    let world = World::new(db).await;
    world.handle(1).await;
    choose(&world, "c1", About::Everybody(true), Excluded).await.unwrap();
    choose(&world, "c2", one(OTHER_CLIENT), Allowed).await.unwrap();
    assert_eq!(sent_by(&world, CLIENT, "r1", |_| {}).await.as_deref(), REFUSED);
    assert_eq!(sent_by(&world, OTHER_CLIENT, "r1", |_| {}).await, None);
    let listed = listed(&world).await;
    assert_eq!(listed.general(), Excluded);
    let shown: Vec<_> =
        listed.senders.iter().map(|s| (s.sender_id.as_str(), s.choice(), s.excluded)).collect();
    let unchosen = pb::OptOutChoice::Unspecified;
    assert_eq!(shown, [(CLIENT, unchosen, true), (OTHER_CLIENT, Allowed, false)]);
}

async fn letters_that_arrived_and_the_answer_to_a_repeated_request_stay(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY);
    let done = world.deliver("r1", |_| {}).await;
    let scheduled = world
        .deliver("r2", |r| {
            letter(r).publish_at = Some(siegel_proto::convert::timestamp(later));
        })
        .await;
    choose(&world, "c1", About::Everybody(true), pb::OptOutChoice::Excluded).await.unwrap();
    assert_eq!(world.deliver("r1", |_| {}).await, done);
    world.wait(DAY * 2).await;
    assert_eq!(world.kinds(&scheduled.letter_id).await[..2], ["accepted", "provided"]);
    world.open(&done.letter_id).await.unwrap();
}

async fn with_override(world: &World, bases: &[&str]) -> Result<crate::app::Postbox, StartError> {
    let mut config = Config::in_directory(world.dir.path(), senders());
    config.despite_opt_out = bases.iter().map(|b| (*b).to_owned()).collect();
    build(config, &world.outside).await
}

async fn a_rule_that_reaches_everybody_beats_an_opt_out(db: Db) {
    let mut world = World::new(db).await;
    world.handle(1).await;
    choose(&world, "c1", About::Everybody(true), pb::OptOutChoice::Excluded).await.unwrap();
    world.postbox = with_override(&world, &["sgbx-37"]).await.unwrap();
    let social = |r: &mut pb::SubmitRequest| letter(r).legal_basis = "sgbx-37".into();
    assert_eq!(sent_by(&world, CLIENT, "r1", social).await, None);
    assert_eq!(sent_by(&world, CLIENT, "r2", |_| {}).await.as_deref(), REFUSED);
    let informs = sent_by(&world, CLIENT, "r3", |r| letter(r).legal_basis.clear()).await;
    assert_eq!(informs.as_deref(), REFUSED);
    // Taken out of the configuration, it holds no longer.
    world.postbox = with_override(&world, &[]).await.unwrap();
    assert_eq!(sent_by(&world, CLIENT, "r4", social).await.as_deref(), REFUSED);
}

async fn a_basis_that_no_rule_is_about_keeps_the_postbox_from_starting(db: Db) {
    let world = World::new(db).await;
    let Err(StartError::BasisUnknown(basis)) = with_override(&world, &["bgb-130"]).await else {
        panic!("it started");
    };
    assert_eq!(basis, "bgb-130");
}

async fn an_opt_out_is_recorded_with_wording_time_and_level_and_never_changed(db: Db) {
    use pb::OptOutChoice::{Allowed, Excluded};
    let world = World::new(db).await;
    world.handle(1).await;
    let first = choose(&world, "c1", one(CLIENT), Excluded).await.unwrap();
    assert_eq!((first.number, first.sender_id.as_str()), (1, CLIENT));
    assert_eq!((first.wording_version.as_str(), first.in_force), ("portal-1", true));
    assert_eq!(first.authority, "Bauamt Musterstadt");
    assert_eq!(first.level(), siegel_proto::common::v1::TrustLevel::Low);
    let at = siegel_proto::convert::timestamp(world.postbox.now().legal);
    assert_eq!(first.chosen_at, Some(at));
    world.clock.advance(DAY);
    let second = choose(&world, "c2", one(CLIENT), Allowed).await.unwrap();
    let third = choose(&world, "c3", About::Everybody(true), Excluded).await.unwrap();
    let kept = pb::OptOut { in_force: false, ..first };
    assert_eq!(choices(&world).await, [third, second, kept]);
    let mut own = world.settings(person(1, TrustLevel::Low));
    let mut request = pb::ListOptOutsRequest { page_size: 2, ..Default::default() };
    let page = own.list_opt_outs(request.clone()).await.unwrap().into_inner();
    request.page_token = page.next_page_token;
    let rest = own.list_opt_outs(request).await.unwrap().into_inner();
    assert_eq!((page.opt_outs.len(), rest.opt_outs.len()), (2, 1));
    assert_eq!(rest.next_page_token, "");
}

async fn one_can_opt_out_before_there_is_a_mailbox(db: Db) {
    let world = World::new(db).await;
    assert_eq!(choices(&world).await, []);
    choose(&world, "c1", About::Everybody(true), pb::OptOutChoice::Excluded).await.unwrap();
    assert_eq!(sent_by(&world, CLIENT, "r1", |_| {}).await.as_deref(), REFUSED);
}

async fn the_same_choice_sent_twice_is_one_and_another_under_its_id_is_refused(db: Db) {
    use pb::OptOutChoice::{Allowed, Excluded};
    let world = World::new(db).await;
    world.handle(1).await;
    let first = choose(&world, "c1", one(CLIENT), Excluded).await.unwrap();
    assert_eq!(choose(&world, "c1", one(CLIENT), Excluded).await.unwrap(), first);
    let status = choose(&world, "c1", one(CLIENT), Allowed).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(world.count("opt_outs").await, 1);
}

async fn only_senders_that_can_write_are_listed_and_chosen_about(db: Db) {
    let world = World::new(db).await;
    assert_eq!(listed(&world).await.senders, []);
    world.handle(1).await;
    let ids: Vec<_> = listed(&world).await.senders.into_iter().map(|s| s.sender_id).collect();
    assert_eq!(ids, [CLIENT, OTHER_CLIENT]);
    let mut seen = Vec::new();
    for sender in [FOREIGN_CLIENT, "nobody", ""] {
        let status = choose(&world, "c", one(sender), pb::OptOutChoice::Excluded).await;
        let status = status.unwrap_err();
        seen.push((status.code(), status.message().to_owned(), reason(&status)));
    }
    assert_eq!(seen[0].2.as_deref(), Some("SENDER_NOT_LISTED"));
    assert!(seen.iter().all(|s| *s == seen[0]), "registered or not: {seen:?}");
    let mut own = world.settings(person(1, TrustLevel::Low));
    let mut request = pb::ListSendersRequest { page_size: 1, ..Default::default() };
    let first = own.list_senders(request.clone()).await.unwrap().into_inner();
    request.page_token = first.next_page_token;
    let second = own.list_senders(request).await.unwrap().into_inner();
    assert_eq!(first.senders[0].sender_id, CLIENT);
    assert_eq!(second.senders[0].sender_id, OTHER_CLIENT);
    assert_eq!(second.next_page_token, "");
}

async fn the_sender_of_a_letter_can_be_chosen_about_at_its_level_only(db: Db) {
    let world = World::new(db).await;
    let open = world.deliver("r1", |_| {}).await.letter_id;
    let hidden = world.deliver("r2", |r| letter(r).hide_preview = true).await.letter_id;
    let excluded = pb::OptOutChoice::Excluded;
    let status = choose(&world, "c1", About::LetterId(hidden), excluded).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"), "who wrote it is hidden");
    let chosen = choose(&world, "c2", About::LetterId(open), excluded).await.unwrap();
    assert_eq!(chosen.sender_id, CLIENT);
    for unknown in ["ltr_00000000000000000000000000000000", "nonsense"] {
        let about = About::LetterId(unknown.into());
        let status = choose(&world, "c3", about, excluded).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
    }
    // The choice about a sender can be taken back after its handle is gone.
    let handle = world.handle(1).await;
    world.revoke(1, &handle).await.unwrap();
    choose(&world, "c4", one(CLIENT), pb::OptOutChoice::General).await.unwrap();
}

async fn a_malformed_choice_is_refused(db: Db) {
    let world = World::new(db).await;
    let good = pb::SetOptOutRequest {
        request_id: "c".into(),
        about: Some(About::Everybody(true)),
        choice: pb::OptOutChoice::Excluded.into(),
        wording_version: "1".into(),
        ..Default::default()
    };
    let bends: [fn(&mut pb::SetOptOutRequest); 9] = [
        |r| r.request_id.clear(),
        |r| r.request_id = "x".repeat(129),
        |r| r.about = None,
        |r| r.about = Some(About::Everybody(false)),
        |r| r.choice = 0,
        |r| r.choice = pb::OptOutChoice::General.into(),
        |r| r.wording_version.clear(),
        |r| r.wording_version = "x".repeat(256),
        |r| r.wording_version = "a\nb".into(),
    ];
    for (n, bend) in bends.into_iter().enumerate() {
        let mut bad = good.clone();
        bend(&mut bad);
        let status = world.settings(person(1, TrustLevel::Low)).set_opt_out(bad).await;
        let status = status.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "{n}");
    }
    assert_eq!(world.count("opt_outs").await, 0);
}

async fn many_mailboxes_are_asked_about_at_once(db: Db) {
    let world = World::new(db).await;
    for n in 1..=3 {
        world.handle(n).await;
    }
    choose(&world, "c1", one(CLIENT), pb::OptOutChoice::Excluded).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let mut ids = Vec::new();
    for n in 1..=3 {
        let owner = mailboxes::Owner::Account(account(n));
        ids.push(mailboxes::of_owner(&mut tx, owner).await.unwrap().unwrap().id);
    }
    let excluded = opt_outs::excluded(&mut tx, &ids, CLIENT).await.unwrap();
    assert_eq!(excluded, [(ids[0], true)].into());
    assert!(opt_outs::excluded(&mut tx, &ids, OTHER_CLIENT).await.unwrap().is_empty());
    assert!(opt_outs::excluded(&mut tx, &[], CLIENT).await.unwrap().is_empty());
    let many: Vec<_> = ids.iter().copied().cycle().take(700).collect();
    assert_eq!(opt_outs::excluded(&mut tx, &many, CLIENT).await.unwrap(), [(ids[0], true)].into());
}

async fn checking_recipients_tells_what_each_of_them_excluded(db: Db) {
    use pb::OptOutChoice::{Allowed, Excluded};
    let world = World::new(db).await;
    let handles = vec![world.handle(1).await, world.handle(2).await];
    let told = async |sender: &str| {
        let request = pb::CheckRecipientsRequest { handles: handles.clone(), required_level: 0 };
        let told = world.sender_as(client(sender, "musterstadt")).check_recipients(request).await;
        let told = told.unwrap().into_inner().recipients;
        assert!(told.iter().all(|r| r.reachable), "an opt-out is no closed mailbox: {told:?}");
        assert_eq!(told[1].opt_out(), pb::RecipientOptOut::Unspecified, "nobody chose there");
        told[0].opt_out()
    };
    let (nothing, all) = (pb::RecipientOptOut::Unspecified, pb::RecipientOptOut::All);
    assert_eq!((told(CLIENT).await, told(OTHER_CLIENT).await), (nothing, nothing));
    choose(&world, "c1", one(CLIENT), Excluded).await.unwrap();
    let this = pb::RecipientOptOut::Sender;
    assert_eq!((told(CLIENT).await, told(OTHER_CLIENT).await), (this, nothing));
    choose(&world, "c2", one(CLIENT), Allowed).await.unwrap();
    choose(&world, "c3", About::Everybody(true), Excluded).await.unwrap();
    assert_eq!((told(CLIENT).await, told(OTHER_CLIENT).await), (nothing, all));
}

async fn an_organisations_settings_are_its_own(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let handle = world.handle_for(owner, "musterstadt").await;
    let choice = pb::SetOptOutRequest {
        request_id: "c1".into(),
        organisation_id: company().to_string(),
        about: Some(About::Everybody(true)),
        choice: pb::OptOutChoice::Excluded.into(),
        wording_version: "1".into(),
        ..Default::default()
    };
    let stranger = world.settings(person(2, TrustLevel::High)).set_opt_out(choice.clone()).await;
    assert_eq!(reason(&stranger.unwrap_err()).as_deref(), Some("ORGANISATION_UNKNOWN"));
    world.settings(person(1, TrustLevel::High)).set_opt_out(choice).await.unwrap();
    let status = world.sender().submit(request("r1", &handle)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), REFUSED);
    assert_eq!(sent_by(&world, CLIENT, "r1", |_| {}).await, None, "the member's own mailbox");
    assert_eq!(world.revoke(1, &handle).await.unwrap_err().code(), Code::NotFound);
}

async fn every_change_of_settings_is_in_the_audit_trail(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    choose(&world, "c1", one(CLIENT), pb::OptOutChoice::Excluded).await.unwrap();
    world.revoke(1, &handle).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    drop(tx);
    let expected = ["postbox.handle.issued", "postbox.handle.revoked", "postbox.opt_out.set"];
    assert_eq!(kinds, expected);
    assert_eq!(world.count("audit").await, 3);
}
