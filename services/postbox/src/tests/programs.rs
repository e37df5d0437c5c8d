//! Programs of organisations: they see what lies in the mailbox, and open nothing.

use siegel_db::Db;
use siegel_grpc::{Caller, Program, access_table, reason};
use siegel_kernel::{GrantId, OrganisationId, TrustLevel};
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_testkit::on_each_backend;
use tonic::Code;
use tonic::transport::Channel;

use super::fakes::{Rule, owner, program_id};
use super::world::{World, account, company, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    a_program_sees_the_letters_of_its_organisation_whether_or_not_it_names_it,
    a_program_sees_no_other_mailbox_and_cannot_tell_whether_there_is_one,
    what_a_program_looks_at_is_among_the_accesses_under_its_own_name,
    a_program_is_worth_level_substantial_and_no_more,
    what_was_taken_from_a_program_is_closed_to_it_at_once,
}

const PROGRAM: u128 = 77;

fn program_of(organisation: OrganisationId) -> Caller {
    Caller::Program(Program {
        id: program_id(PROGRAM),
        organisation,
        grant: GrantId::from_uuid(uuid::Uuid::from_u128(1)),
        scopes: vec!["postbox.read".into()],
    })
}

fn program(world: &World) -> MailboxServiceClient<Channel> {
    MailboxServiceClient::new(world.channel(program_of(company())))
}

/// The program reads the central mailbox of organisation 9.
fn reads(world: &World) {
    let path = "system-user:read-only";
    let actions = vec![Action::ReadMail];
    world.access.allow(Rule { actions, path, ..owner(PROGRAM, "") });
}

async fn delivered(world: &World, bend: impl FnOnce(&mut pb::SubmitRequest)) -> String {
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let handle = world.handle_for(owner, "musterstadt").await;
    let mut request = request("r1", &handle);
    bend(&mut request);
    world.sender().submit(request).await.unwrap().into_inner().letter_id
}

async fn a_program_sees_the_letters_of_its_organisation_whether_or_not_it_names_it(db: Db) {
    let world = World::new(db).await;
    reads(&world);
    let id = delivered(&world, |_| {}).await;
    for organisation_id in [String::new(), company().to_string()] {
        let request =
            pb::ListLettersRequest { organisation_id: organisation_id.clone(), ..<_>::default() };
        let listed = program(&world).list_letters(request).await.unwrap().into_inner();
        let found: Vec<_> = listed.letters.iter().map(|l| l.letter_id.as_str()).collect();
        assert_eq!(found, [id.as_str()]);
        assert_eq!((listed.total, listed.unread), (1, 1), "looking opens nothing");
        let request = pb::PreviewRequest {
            letter_id: id.clone(),
            organisation_id: organisation_id.clone(),
            ..<_>::default()
        };
        let shown = program(&world).preview(request).await.unwrap().into_inner();
        assert_eq!(shown.letter.unwrap().letter_id, id);
        let request = pb::GetCountsRequest { organisation_id, ..<_>::default() };
        let counts = program(&world).get_counts(request).await.unwrap().into_inner();
        assert_eq!((counts.inbox, counts.unread), (1, 1));
    }
    assert_eq!(world.sent(&id).await.state(), pb::DeliveryState::Provided);
}

async fn a_program_sees_no_other_mailbox_and_cannot_tell_whether_there_is_one(db: Db) {
    let world = World::new(db).await;
    reads(&world);
    let id = delivered(&world, |_| {}).await;
    let other = OrganisationId::from_uuid(uuid::Uuid::from_u128(10));
    let mut stranger = MailboxServiceClient::new(world.channel(program_of(other)));
    let missing = OrganisationId::from_uuid(uuid::Uuid::from_u128(11));
    let mut told = Vec::new();
    for organisation in [company(), missing] {
        for letter_id in [&id, &format!("ltr_{:032x}", 5)] {
            let request = pb::PreviewRequest {
                letter_id: letter_id.clone(),
                organisation_id: organisation.to_string(),
                ..<_>::default()
            };
            told.push(stranger.preview(request).await.unwrap_err());
        }
    }
    for status in &told {
        assert_eq!((status.code(), status.message()), (Code::NotFound, told[0].message()));
        assert_eq!(status.details(), told[0].details());
    }
    assert_eq!(reason(&told[0]).as_deref(), Some("ORGANISATION_UNKNOWN"));
    let principal_account_id = account(1).to_string();
    let request = pb::ListLettersRequest { principal_account_id, ..<_>::default() };
    let refused = program(&world).list_letters(request).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("PERSON_UNKNOWN"));
}

async fn what_a_program_looks_at_is_among_the_accesses_under_its_own_name(db: Db) {
    let world = World::new(db).await;
    reads(&world);
    delivered(&world, |_| {}).await;
    for _ in 0..2 {
        program(&world).list_letters(pb::ListLettersRequest::default()).await.unwrap();
    }
    let request = pb::ListAccessesRequest {
        organisation_id: company().to_string(),
        ..pb::ListAccessesRequest::default()
    };
    let mut owner = world.reader(1, TrustLevel::High);
    let accesses = owner.list_accesses(request).await.unwrap().into_inner().accesses;
    let [access] = accesses.as_slice() else { panic!("one a day: {accesses:?}") };
    assert_eq!((access.path.as_str(), access.own), ("system-user:read-only", false));
    assert_eq!(access.client_id, program_id(PROGRAM));
    assert!(access.person.starts_with("per_") && access.member_id.is_empty());
}

async fn a_program_is_worth_level_substantial_and_no_more(db: Db) {
    let world = World::new(db).await;
    reads(&world);
    delivered(&world, |request| {
        letter(request).required_level = siegel_proto::common::v1::TrustLevel::High.into();
        letter(request).hide_preview = true;
    })
    .await;
    let listed = program(&world).list_letters(pb::ListLettersRequest::default()).await.unwrap();
    let shown = &listed.get_ref().letters[0];
    assert_eq!((shown.subject.as_str(), shown.can_open), ("", false));
}

async fn what_was_taken_from_a_program_is_closed_to_it_at_once(db: Db) {
    let world = World::new(db).await;
    reads(&world);
    delivered(&world, |_| {}).await;
    let list = || pb::ListLettersRequest::default();
    assert!(program(&world).list_letters(list()).await.is_ok());
    world.access.rules.lock().unwrap().clear();
    let refused = program(&world).list_letters(list()).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("ORGANISATION_UNKNOWN"));
}

#[test]
fn a_program_opens_answers_and_takes_nothing_out() {
    let open = |rpc: &str| {
        let rule = access_table().rule(&format!("siegel.postbox.v1.{rpc}")).unwrap();
        rule.allows(siegel_grpc::CallerKind::Program)
    };
    let all = access_table().rules().filter(|rule| rule.rpc.starts_with("siegel.postbox."));
    let mut found: Vec<_> =
        all.map(|rule| rule.rpc.split_once("v1.").unwrap().1).filter(|rpc| open(rpc)).collect();
    found.sort_unstable();
    let looks = ["GetCounts", "ListLetters", "Preview"].map(|rpc| format!("MailboxService/{rpc}"));
    let mut wanted = looks.to_vec();
    wanted.push("EvidenceService/ListReceipts".into());
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}
