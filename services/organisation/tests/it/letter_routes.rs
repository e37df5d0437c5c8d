//! Which mailbox of an organisation the letters of an online service go to.

use std::sync::atomic::Ordering;
use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::representation_service_client::RepresentationServiceClient;
use siegel_proto::organisation::v1::{MailboxKind, Role};
use siegel_proto::postbox::v1::close_mailbox_request::Owner;
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::firm::{Firm, told};
use crate::office::{Office, TABLES};

on_each_backend! { super::TABLES =>
    letters_of_a_service_go_to_the_central_mailbox_until_another_is_chosen,
    services_that_share_an_address_share_a_mailbox_under_the_latest_name,
    only_who_manages_chooses_and_the_refusal_is_on_record,
    what_is_not_the_organisations_cannot_be_chosen,
    a_closed_mailbox_sends_its_services_back_to_the_central_one,
    the_postbox_hears_of_a_closed_mailbox_however_long_it_is_away,
}

impl Office {
    /// Somebody acted for the organisation at a service of this name, in a sector of its own: the
    /// mailbox its letters go to.
    pub async fn mailbox_for(&self, organisation: &str, service: &str) -> String {
        let mut identity = RepresentationServiceClient::new(self.sibling("identity"));
        let request = pb::RouteLettersRequest {
            organisation_id: organisation.into(),
            sector: format!("{service}.example"),
            name: service.into(),
        };
        identity.route_letters(request).await.unwrap().into_inner().mailbox_id
    }

    /// What a member sees of a service.
    pub async fn route(&self, by: AccountId, organisation: &str, name: &str) -> pb::LetterRoute {
        let request = pb::ListLetterRoutesRequest { organisation_id: organisation.into() };
        let mut service = self.rights(by, TrustLevel::Basic);
        let found = service.list_letter_routes(request).await.unwrap().into_inner().routes;
        found.into_iter().find(|route| route.name == name).unwrap()
    }
}

fn choosing(firm: &Firm, route: &str, mailbox: &str) -> pb::SetLetterRouteRequest {
    pb::SetLetterRouteRequest {
        request_id: format!("{route} {mailbox}"),
        organisation_id: firm.id(),
        route_id: route.into(),
        mailbox_id: mailbox.into(),
    }
}

async fn close(firm: &Firm, mailbox: &str) {
    let request = pb::CloseMailboxRequest {
        request_id: format!("close {mailbox}"),
        organisation_id: firm.id(),
        mailbox_id: mailbox.into(),
    };
    firm.rights(firm.owner).close_mailbox(request).await.unwrap();
}

async fn letters_of_a_service_go_to_the_central_mailbox_until_another_is_chosen(db: Db) {
    let firm = Firm::open(db).await;
    let building = firm.create(MailboxKind::Function, "Bauakten", "").await;
    assert_eq!(firm.office.mailbox_for(&firm.id(), "bauamt").await, "");
    let route = firm.office.route(firm.owner, &firm.id(), "bauamt").await;
    assert_eq!((&*route.mailbox_id, route.set_at), ("", None));
    let request = choosing(&firm, &route.route_id, &building);
    for _ in 0..2 {
        let set = firm.rights(firm.owner).set_letter_route(request.clone()).await.unwrap();
        assert_eq!(set.into_inner().route.unwrap().mailbox_id, building);
    }
    assert_eq!(firm.office.mailbox_for(&firm.id(), "bauamt").await, building);
    assert_eq!(firm.office.mailbox_for(&firm.id(), "finanzamt").await, "", "of another service");
    let other = pb::SetLetterRouteRequest { mailbox_id: String::new(), ..request };
    let status = firm.rights(firm.owner).set_letter_route(other).await.unwrap_err();
    assert_eq!(told(&status), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    let back = choosing(&firm, &route.route_id, "");
    firm.rights(firm.owner).set_letter_route(back).await.unwrap();
    assert_eq!(firm.office.mailbox_for(&firm.id(), "bauamt").await, "");
}

async fn services_that_share_an_address_share_a_mailbox_under_the_latest_name(db: Db) {
    let firm = Firm::open(db).await;
    let mut identity = RepresentationServiceClient::new(firm.office.sibling("identity"));
    // The longest that a client can be called, in the widest letters.
    for name in [&"𝔅".repeat(200), "Bauamt", "Bauamt online"] {
        let request = pb::RouteLettersRequest {
            organisation_id: firm.id(),
            sector: "stadt.example".into(),
            name: name.into(),
        };
        identity.route_letters(request).await.unwrap();
    }
    let request = pb::ListLetterRoutesRequest { organisation_id: firm.id() };
    let found = firm.rights(firm.owner).list_letter_routes(request).await.unwrap().into_inner();
    let names: Vec<_> = found.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["Bauamt online"]);
    let known = "SELECT COUNT(*) FROM audit WHERE kind = 'organisation.letters.sender_known' \
        AND actor = 'service:identity'";
    assert_eq!(firm.office.count(known).await, 3, "what was written is on record");
    firm.office.mailbox_for(&firm.id(), "finanzamt").await;
    firm.office.mailbox_for(&firm.id(), "finanzamt").await;
    assert_eq!(firm.office.count(known).await, 4, "asking again writes nothing");
}

async fn only_who_manages_chooses_and_the_refusal_is_on_record(db: Db) {
    let firm = Firm::open(db).await;
    let building = firm.create(MailboxKind::Function, "Bauakten", "").await;
    firm.office.mailbox_for(&firm.id(), "bauamt").await;
    let (ada, _) = firm.member(Role::CaseWorker).await;
    let route = firm.office.route(ada, &firm.id(), "bauamt").await;
    let request = choosing(&firm, &route.route_id, &building);
    let status = firm.rights(ada).set_letter_route(request.clone()).await.unwrap_err();
    assert_eq!(told(&status), (Code::PermissionDenied, "RIGHT_MISSING".into()));
    assert_eq!(firm.office.mailbox_for(&firm.id(), "bauamt").await, "", "nothing changed");
    let refused = "SELECT COUNT(*) FROM audit WHERE kind = 'organisation.letters.routed' \
        AND outcome = 'RIGHT_MISSING'";
    assert_eq!(firm.office.count(refused).await, 1);
    let (eva, _) = firm.member(Role::Administrator).await;
    firm.rights(eva).set_letter_route(request).await.unwrap();
    let done = "SELECT COUNT(*) FROM audit WHERE kind = 'organisation.letters.routed' \
        AND outcome = 'done'";
    assert_eq!(firm.office.count(done).await, 1);
}

async fn what_is_not_the_organisations_cannot_be_chosen(db: Db) {
    let firm = Firm::open(db).await;
    let foreign = firm.create(MailboxKind::Function, "Bauakten", "").await;
    firm.office.mailbox_for(&firm.id(), "bauamt").await;
    let theirs = firm.office.route(firm.owner, &firm.id(), "bauamt").await.route_id;
    let other = firm.office.somebody();
    let organisation = firm.office.founded(other, "Andere GmbH").await.organisation_id;
    firm.office.mailbox_for(&organisation, "bauamt").await;
    let own = firm.office.route(other, &organisation, "bauamt").await.route_id;
    let nothing = format!("omb_{}", "0".repeat(32));
    let cases = [
        (&own, &*foreign, "MAILBOX_UNKNOWN"),
        (&own, &*nothing, "MAILBOX_UNKNOWN"),
        (&theirs, "", "LETTER_ROUTE_UNKNOWN"),
    ];
    for (route, mailbox, reason) in cases {
        let request = choosing(&firm, route, mailbox);
        let request =
            pb::SetLetterRouteRequest { organisation_id: organisation.clone(), ..request };
        let status = firm.rights(other).set_letter_route(request).await.unwrap_err();
        assert_eq!(told(&status), (Code::NotFound, reason.into()));
    }
    assert_eq!(firm.office.mailbox_for(&firm.id(), "bauamt").await, "");
}

async fn a_closed_mailbox_sends_its_services_back_to_the_central_one(db: Db) {
    let firm = Firm::open(db).await;
    let building = firm.create(MailboxKind::Function, "Bauakten", "").await;
    firm.office.mailbox_for(&firm.id(), "bauamt").await;
    let route = firm.office.route(firm.owner, &firm.id(), "bauamt").await.route_id;
    let request = choosing(&firm, &route, &building);
    firm.rights(firm.owner).set_letter_route(request).await.unwrap();
    close(&firm, &building).await;
    assert_eq!(firm.office.mailbox_for(&firm.id(), "bauamt").await, "");
    let route = firm.office.route(firm.owner, &firm.id(), "bauamt").await;
    assert_eq!((&*route.mailbox_id, route.set_at), ("", None), "nobody chose this");
}

async fn the_postbox_hears_of_a_closed_mailbox_however_long_it_is_away(db: Db) {
    let firm = Firm::open(db).await;
    let building = firm.create(MailboxKind::Function, "Bauakten", "").await;
    firm.office.around.postbox_away.store(true, Ordering::SeqCst);
    close(&firm, &building).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    firm.office.around.postbox_away.store(false, Ordering::SeqCst);
    for _ in 0..20 {
        firm.office.clock.advance(Duration::from_mins(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let closed = firm.office.around.closed(&building).await;
    let owner = Owner::OrganisationId(firm.id());
    assert!(closed.iter().all(|one| one.owner == Some(owner.clone())), "{closed:?}");
    let waits = "SELECT COUNT(*) FROM outbox WHERE kind = 'mailbox_closed'";
    for _ in 0..200 {
        if firm.office.count(waits).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the job is never over");
}
