//! Letters of the suite itself, to organisations.

use siegel_db::Db;
use siegel_grpc::{Caller, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::house_letter_service_client::HouseLetterServiceClient;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::acting::list;
use super::fakes::owner;
use super::world::{PDF, World, company};

on_each_backend! { &crate::MIGRATIONS =>
    a_letter_of_the_suite_reaches_everybody_who_reads_the_organisations_mail,
    without_a_mailbox_nothing_is_delivered_and_none_is_opened,
    the_same_letter_is_delivered_once,
    a_letter_without_a_sender_is_malformed,
}

fn letter(request_id: &str) -> pb::DeliverToOrganisationRequest {
    let declaration = pb::AttachmentDeclaration {
        name: "Brief.pdf".into(),
        media_type: "application/pdf".into(),
        sha256: siegel_crypto::sha256(PDF).to_vec(),
        size_bytes: i64::try_from(PDF.len()).unwrap(),
    };
    let attachment = pb::InlineAttachment { declaration: Some(declaration), content: PDF.to_vec() };
    pb::DeliverToOrganisationRequest {
        request_id: request_id.into(),
        organisation_id: company().to_string(),
        sender: "Servicekonto Musterstadt".into(),
        subject: "Ihr Organisationskonto".into(),
        bodies: vec![pb::Body {
            language: "de".into(),
            plain_text: "Jemand möchte für Sie handeln.".into(),
            ..pb::Body::default()
        }],
        attachments: vec![attachment],
    }
}

async fn deliver(
    world: &World,
    letter: pb::DeliverToOrganisationRequest,
) -> Result<String, Status> {
    let organisation = world.channel(Caller::Sibling("organisation".into()));
    let mut house = HouseLetterServiceClient::new(organisation);
    Ok(house.deliver_to_organisation(letter).await?.into_inner().letter_id)
}

/// Gives the organisation a central mailbox.
async fn opened(world: &World) {
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    world.handle_for(owner, "musterstadt").await;
}

async fn a_letter_of_the_suite_reaches_everybody_who_reads_the_organisations_mail(db: Db) {
    let world = World::new(db).await;
    opened(&world).await;
    let id = deliver(&world, letter("clm_1")).await.unwrap();
    world.access.allow(owner(2, ""));
    let organisation = company().to_string();
    let whom = [organisation.as_str(), "", ""];
    let shown = list(&world, 2, whom).await.unwrap();
    assert_eq!(shown, std::slice::from_ref(&id));
    let request = pb::PreviewRequest {
        letter_id: id,
        organisation_id: organisation,
        ..pb::PreviewRequest::default()
    };
    let mut reader = world.reader(2, TrustLevel::Substantial);
    let preview = reader.preview(request).await.unwrap().into_inner();
    let summary = preview.letter.unwrap();
    assert_eq!(summary.subject, "Ihr Organisationskonto");
    assert_eq!(world.count("evidence").await, 2, "accepted and provided, as for any letter");
}

async fn without_a_mailbox_nothing_is_delivered_and_none_is_opened(db: Db) {
    let world = World::new(db).await;
    assert_eq!(deliver(&world, letter("clm_1")).await.unwrap(), "");
    world.assert_nothing_stored().await;
    assert_eq!(world.count("mailboxes").await, 0);
}

async fn the_same_letter_is_delivered_once(db: Db) {
    let world = World::new(db).await;
    opened(&world).await;
    let first = deliver(&world, letter("clm_1")).await.unwrap();
    assert_eq!(deliver(&world, letter("clm_1")).await.unwrap(), first);
    assert_eq!(world.count("letters").await, 1);
    let other = pb::DeliverToOrganisationRequest { subject: "Anders".into(), ..letter("clm_1") };
    let status = deliver(&world, other).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn a_letter_without_a_sender_is_malformed(db: Db) {
    let world = World::new(db).await;
    opened(&world).await;
    for bad in [
        pb::DeliverToOrganisationRequest { sender: String::new(), ..letter("1") },
        pb::DeliverToOrganisationRequest { organisation_id: "org_1".into(), ..letter("2") },
        pb::DeliverToOrganisationRequest { bodies: Vec::new(), ..letter("3") },
    ] {
        let status = deliver(&world, bad).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
    assert_eq!(world.count("letters").await, 0);
}
