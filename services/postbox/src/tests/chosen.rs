//! Tokens of people who chose at the log-in for whom they act.

use siegel_db::Db;
use siegel_grpc::{Caller, Party, Represented};
use siegel_kernel::TrustLevel;
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_choice_service_client::MailboxChoiceServiceClient;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::acting::{BUILDING, beside, mandate, submit, told};
use super::fakes::{Rule, owner};
use super::world::{World, account, company, person};

on_each_backend! { &crate::MIGRATIONS =>
    who_acts_for_an_organisation_reads_its_letters_without_naming_it_and_no_others,
    the_mailboxes_to_choose_from_are_those_of_the_chosen_organisation,
    who_acts_by_one_of_two_mandates_has_the_rights_of_that_one,
    nothing_is_put_into_the_safe_of_somebody_who_is_represented,
}

fn chose(n: u128, party: Party, mandate: Option<&str>) -> Caller {
    let Caller::Person(mut person) = person(n, TrustLevel::High) else { panic!("no person") };
    person.acting_for = Some(Represented {
        party,
        mandate: mandate.map(str::to_owned),
        mandate_version: 1,
        path_digest: String::new(),
        identification_level: None,
    });
    Caller::Person(person)
}

async fn list(world: &World, who: &Caller, whom: [&str; 3]) -> Result<Vec<String>, Status> {
    let request = pb::ListLettersRequest {
        organisation_id: whom[0].into(),
        mailbox_id: whom[1].into(),
        principal_account_id: whom[2].into(),
        ..Default::default()
    };
    let mut mailbox = MailboxServiceClient::new(world.channel(who.clone()));
    let listed = mailbox.list_letters(request).await?.into_inner();
    Ok(listed.letters.into_iter().map(|letter| letter.letter_id).collect())
}

async fn who_acts_for_an_organisation_reads_its_letters_without_naming_it_and_no_others(db: Db) {
    let world = World::new(db).await;
    let org = company().to_string();
    world.access.allow(owner(1, ""));
    world.access.allow(owner(1, BUILDING));
    world.access.allow(mandate(1, 2, None));
    let central = pb::issue_handle_request::Owner::OrganisationId(org.clone());
    let central = submit(&world, "r1", &world.handle_for(central, "musterstadt").await).await;
    let building = beside(&world, "r2", BUILDING).await;
    let own = world.deliver("r3", |_| {}).await.letter_id;

    let acting = chose(1, Party::Organisation(company()), None);
    assert_eq!(list(&world, &acting, ["", "", ""]).await.unwrap(), [central.as_str()]);
    assert_eq!(list(&world, &acting, [&org, BUILDING, ""]).await.unwrap(), [building]);
    let mut mailbox = MailboxServiceClient::new(world.channel(acting.clone()));
    let open = pb::OpenRequest { request_id: "o".into(), letter_id: own, ..Default::default() };
    let unknown = (Code::NotFound, "LETTER_UNKNOWN".to_owned());
    assert_eq!(told(&mailbox.open(open).await.unwrap_err()), unknown);
    // Rights that the person has beside are not those that were chosen.
    let other = account(2).to_string();
    let refused = list(&world, &acting, ["", "", &other]).await.unwrap_err();
    assert_eq!(told(&refused), (Code::NotFound, "PERSON_UNKNOWN".into()));
    let acting = chose(1, Party::Person(account(2)), None);
    let refused = list(&world, &acting, [&org, "", ""]).await.unwrap_err();
    assert_eq!(told(&refused), (Code::NotFound, "ORGANISATION_UNKNOWN".into()));
}

async fn the_mailboxes_to_choose_from_are_those_of_the_chosen_organisation(db: Db) {
    let world = World::new(db).await;
    let other = format!("org_{:032x}", 77);
    for id in [company().to_string(), other] {
        let mailbox = organisation::Mailbox { organisation_id: id, ..Default::default() };
        let readable =
            organisation::ReadableMailbox { mailbox: Some(mailbox), ..Default::default() };
        world.access.readable.lock().unwrap().push(readable);
    }
    let shown = async |who| {
        let mut choice = MailboxChoiceServiceClient::new(world.channel(who));
        let all = choice.list_mailboxes(pb::ListMailboxesRequest {}).await.unwrap().into_inner();
        all.mailboxes.into_iter().map(|one| one.organisation_id).collect::<Vec<_>>()
    };
    let acting = chose(1, Party::Organisation(company()), None);
    assert_eq!(shown(acting).await, [company().to_string()]);
    assert_eq!(shown(person(1, TrustLevel::High)).await.len(), 3);
    assert!(shown(chose(1, Party::Person(account(2)), None)).await.is_empty());
}

async fn who_acts_by_one_of_two_mandates_has_the_rights_of_that_one(db: Db) {
    const OTHER: &str = "mnd_00000000000000000000000000000062";
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    let rule = mandate(2, 1, None);
    world.access.allow(rule.clone());
    world.access.allow(Rule { actions: vec![], mandate: OTHER, ..rule.clone() });
    let by = |mandate| chose(2, Party::Person(account(1)), Some(mandate));
    assert_eq!(list(&world, &by(rule.mandate), ["", "", ""]).await.unwrap(), [id]);
    let refused = list(&world, &by(OTHER), ["", "", ""]).await.unwrap_err();
    assert_eq!(told(&refused), (Code::NotFound, "PERSON_UNKNOWN".into()));
}

async fn nothing_is_put_into_the_safe_of_somebody_who_is_represented(db: Db) {
    let world = World::new(db).await;
    let letter_id = world.deliver("r1", |_| {}).await.letter_id;
    world.access.allow(mandate(2, 1, None));
    let mut mailbox =
        MailboxServiceClient::new(world.channel(chose(2, Party::Person(account(1)), None)));
    let open = pb::OpenRequest {
        request_id: "o".into(),
        letter_id: letter_id.clone(),
        ..Default::default()
    };
    let opened = mailbox.open(open).await.unwrap().into_inner();
    let request = pb::DepositAttachmentRequest {
        request_id: "d".into(),
        letter_id,
        attachment_id: opened.attachments[0].attachment_id.clone(),
    };
    let refused = mailbox.deposit_attachment(request).await.unwrap_err();
    assert_eq!(told(&refused), (Code::NotFound, "LETTER_UNKNOWN".into()));
}
