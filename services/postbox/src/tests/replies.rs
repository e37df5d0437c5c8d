//! What recipients answer, and how the sender of the letter gets it.

use siegel_db::Db;
use siegel_grpc::{fact, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::download_reply_attachment_response::Part;
use siegel_proto::postbox::v1::letter_action::Action;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{
    CLIENT, DAY, FOREIGN_CLIENT, OTHER_CLIENT, PDF, World, XML, attachment, client, company,
    letter, request,
};

on_each_backend! { &crate::MIGRATIONS =>
    a_reply_is_confirmed_with_a_receipt_that_signs_its_content,
    the_sender_hears_of_a_reply_and_gets_it_byte_for_byte,
    a_request_for_documents_is_answered_without_naming_a_form,
    the_same_reply_gives_the_same_receipt_and_no_second_reply,
    two_identical_replies_at_once_are_one,
    a_request_id_used_for_another_reply_is_refused,
    a_reply_after_the_due_day_is_taken_and_marked_late,
    a_letter_that_asks_for_nothing_takes_no_reply,
    a_letter_is_answered_only_after_it_was_opened_and_not_when_taken_back,
    a_reply_below_the_level_is_refused_and_recorded,
    somebody_elses_letter_takes_no_reply_and_does_not_exist,
    a_reply_exists_for_the_sender_of_its_letter_only,
    a_member_replies_for_an_organisation_and_the_receipt_names_the_path,
    bad_attachments_of_a_reply_are_refused_and_leave_nothing,
    a_fifty_first_reply_is_refused,
    nothing_of_a_reply_lies_readable_in_its_row
}

fn asks(due_on: &str) -> impl FnOnce(&mut pb::SubmitRequest) {
    let action =
        Action::Reply(pb::ReplyAction { form_id: "nachweis-1".into(), due_on: due_on.into() });
    move |r| letter(r).actions = vec![pb::LetterAction { action: Some(action) }]
}

/// A delivered and opened letter that asks for a reply until 20 March.
pub async fn asked(world: &World) -> String {
    let done = world.deliver("r1", asks("2025-03-20")).await;
    world.open(&done.letter_id).await.unwrap();
    done.letter_id
}

pub fn order(request_id: &str, letter_id: &str) -> pb::ReplyRequest {
    pb::ReplyRequest {
        request_id: request_id.into(),
        letter_id: letter_id.into(),
        organisation_id: String::new(),
        text: "Anbei der Nachweis über die Gaube.".into(),
        upload_ids: Vec::new(),
        attachments: vec![
            attachment("Nachweis.pdf", "application/pdf", PDF),
            attachment("Daten.xml", "application/xml", XML),
        ],
        ..Default::default()
    }
}

pub async fn reply(world: &World, order: pb::ReplyRequest) -> Result<pb::ReplyResponse, Status> {
    Ok(world.reader(1, TrustLevel::High).reply(order).await?.into_inner())
}

async fn list(world: &World, letter_id: &str) -> Vec<pb::LetterReply> {
    let request = pb::ListRepliesRequest { letter_id: letter_id.into() };
    world.sender().list_replies(request).await.unwrap().into_inner().replies
}

async fn a_reply_is_confirmed_with_a_receipt_that_signs_its_content(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let done = reply(&world, order("a1", &letter_id)).await.unwrap();
    let entry = world.verified(done.receipt.as_ref().unwrap()).await;
    assert_eq!((entry.letter_id.as_str(), entry.kind.as_str()), (&*letter_id, "reply_accepted"));
    let signed = entry.body.reply.unwrap();
    assert_eq!(signed.reply_id, done.reply_id);
    let digest = siegel_crypto::sha256(done.content_json.as_bytes());
    assert_eq!(signed.content_digest, siegel_crypto::b64::encode(digest));
    let file = siegel_crypto::b64::encode(siegel_crypto::sha256(PDF));
    assert_eq!((signed.attachment_digests.len(), &signed.attachment_digests[0]), (2, &file));
    assert_eq!((signed.due_on.as_deref(), signed.late), (Some("2025-03-20"), false));
    assert_eq!(entry.body.actor.trust_level, Some(TrustLevel::High.number()));
    assert!(done.content_json.contains("\"form_id\":\"nachweis-1\""));
    assert!(!done.late);
}

async fn the_sender_hears_of_a_reply_and_gets_it_byte_for_byte(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let done = reply(&world, order("a1", &letter_id)).await.unwrap();
    world.settle().await;
    let who = crate::app::submit::SenderClient {
        client_id: CLIENT.into(),
        tenant: "musterstadt".into(),
        name: String::new(),
    };
    let events = world.postbox.events_after(&who, 0).await.unwrap();
    assert!(events.iter().any(|e| e.kind == "reply_accepted"));

    let listed = list(&world, &letter_id).await;
    assert_eq!((listed.len(), listed[0].attachment_count, listed[0].late), (1, 2, false));
    assert_eq!(listed[0].reply_id, done.reply_id);
    let get = pb::GetReplyRequest { letter_id: letter_id.clone(), reply_id: done.reply_id.clone() };
    let got = world.sender().get_reply(get).await.unwrap().into_inner();
    assert_eq!(got.text, "Anbei der Nachweis über die Gaube.");
    assert_eq!((got.form_id.as_str(), got.content_json), ("nachweis-1", done.content_json));
    for (file, content) in got.attachments.iter().zip([PDF, XML]) {
        for offset in [0, 7, content.len()] {
            let read =
                download(&world, &letter_id, &done.reply_id, &file.attachment_id, offset).await;
            assert_eq!(read, content[offset..]);
        }
    }
}

pub async fn download(
    world: &World,
    letter: &str,
    reply: &str,
    file: &str,
    offset: usize,
) -> Vec<u8> {
    let request = pb::DownloadReplyAttachmentRequest {
        letter_id: letter.into(),
        reply_id: reply.into(),
        attachment_id: file.into(),
        offset_bytes: i64::try_from(offset).unwrap(),
    };
    let mut stream = world.sender().download_reply_attachment(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        if let Some(Part::Chunk(chunk)) = message.part {
            bytes.extend(chunk);
        }
    }
    bytes
}

async fn a_request_for_documents_is_answered_without_naming_a_form(db: Db) {
    let world = World::new(db).await;
    let documents = |r: &mut pb::SubmitRequest| {
        letter(r).delivery_type = pb::DeliveryType::RequestForDocuments.into();
    };
    let done = world.deliver("r1", documents).await;
    world.open(&done.letter_id).await.unwrap();
    let done = reply(&world, order("a1", &done.letter_id)).await.unwrap();
    assert_eq!(done.receipt.unwrap().kind, "reply_accepted");
}

async fn the_same_reply_gives_the_same_receipt_and_no_second_reply(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let first = reply(&world, order("a1", &letter_id)).await.unwrap();
    let objects = world.objects();
    world.clock.advance(DAY * 30);
    assert_eq!(reply(&world, order("a1", &letter_id)).await.unwrap(), first);
    assert_eq!((list(&world, &letter_id).await.len(), world.objects()), (1, objects));
}

async fn two_identical_replies_at_once_are_one(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let (one, two) = tokio::join!(
        reply(&world, order("a1", &letter_id)),
        reply(&world, order("a1", &letter_id))
    );
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!((list(&world, &letter_id).await.len(), world.objects()), (1, 4));
    assert_eq!(world.count("uploads").await, 0);
}

async fn a_request_id_used_for_another_reply_is_refused(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    reply(&world, order("a1", &letter_id)).await.unwrap();
    let mut other = order("a1", &letter_id);
    other.text.push('!');
    let status = reply(&world, other).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
    assert_eq!(list(&world, &letter_id).await.len(), 1);
}

async fn a_reply_after_the_due_day_is_taken_and_marked_late(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    // The last day ends at midnight in Germany.
    world.wait(DAY * 14).await;
    assert!(!reply(&world, order("a1", &letter_id)).await.unwrap().late);
    world.wait(DAY).await;
    let done = reply(&world, order("a2", &letter_id)).await.unwrap();
    let signed = world.verified(&done.receipt.unwrap()).await.body.reply.unwrap();
    assert!(done.late && signed.late);
    assert_eq!(
        list(&world, &letter_id).await.iter().map(|r| r.late).collect::<Vec<_>>(),
        [false, true]
    );
}

async fn a_letter_that_asks_for_nothing_takes_no_reply(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    let status = reply(&world, order("a1", &done.letter_id)).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status).as_deref(), Some("REPLY_NOT_ASKED"));
    assert_eq!((world.count("replies").await, world.objects()), (0, 2));
}

async fn a_letter_is_answered_only_after_it_was_opened_and_not_when_taken_back(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", asks("")).await;
    let status = reply(&world, order("a1", &done.letter_id)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_NOT_OPENED"));
    world.recall(&done.letter_id).await.unwrap();
    let status = reply(&world, order("a1", &done.letter_id)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_RECALLED"));
    assert_eq!(world.count("replies").await, 0);
}

async fn a_reply_below_the_level_is_refused_and_recorded(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let before = world.count("audit").await;
    let status = world.reader(1, TrustLevel::Low).reply(order("a1", &letter_id)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
    assert_eq!(fact(&status, "needed").as_deref(), Some("substantial"));
    assert_eq!(world.count("audit").await, before + 1);
}

async fn somebody_elses_letter_takes_no_reply_and_does_not_exist(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    world.handle(2).await;
    let nobodys = "ltr_00000000000000000000000000000000";
    let mut seen = Vec::new();
    for (n, letter) in [(1, nobodys), (2, &*letter_id), (3, &*letter_id), (2, nobodys), (1, "x")] {
        let status =
            world.reader(n, TrustLevel::High).reply(order("a1", letter)).await.unwrap_err();
        seen.push((status.code(), reason(&status), status.message().to_owned()));
    }
    assert_eq!(seen[0].1.as_deref(), Some("LETTER_UNKNOWN"));
    assert!(seen.iter().all(|s| *s == seen[0]), "{seen:?}");
    assert_eq!(world.count("replies").await, 0);
}

async fn a_reply_exists_for_the_sender_of_its_letter_only(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let other = world.deliver("r2", asks("")).await.letter_id;
    let done = reply(&world, order("a1", &letter_id)).await.unwrap();
    let file = {
        let (letter_id, reply_id) = (letter_id.clone(), done.reply_id.clone());
        let got = world.sender().get_reply(pb::GetReplyRequest { letter_id, reply_id }).await;
        got.unwrap().into_inner().attachments[0].attachment_id.clone()
    };
    let mut seen = Vec::new();
    for (id, tenant) in
        [(OTHER_CLIENT, "musterstadt"), (FOREIGN_CLIENT, "neustadt"), (CLIENT, "neustadt")]
    {
        let mut sender = world.sender_as(client(id, tenant));
        let (letter, reply) = (letter_id.clone(), done.reply_id.clone());
        let list = pb::ListRepliesRequest { letter_id: letter.clone() };
        let get = pb::GetReplyRequest { letter_id: letter.clone(), reply_id: reply.clone() };
        let download = pb::DownloadReplyAttachmentRequest {
            letter_id: letter,
            reply_id: reply,
            attachment_id: file.clone(),
            offset_bytes: 0,
        };
        seen.push(sender.list_replies(list).await.unwrap_err());
        seen.push(sender.get_reply(get).await.unwrap_err());
        seen.push(sender.download_reply_attachment(download).await.err().unwrap());
    }
    for status in seen {
        assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
        assert_eq!(status.code(), Code::NotFound);
    }
    // Nor is it reached by way of another letter of the same sender.
    let get = pb::GetReplyRequest { letter_id: other, reply_id: done.reply_id };
    let status = world.sender().get_reply(get).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REPLY_UNKNOWN"));
}

async fn a_member_replies_for_an_organisation_and_the_receipt_names_the_path(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let mut sent = request("r1", &world.handle_for(owner, "musterstadt").await);
    asks("")(&mut sent);
    let letter_id = world.sender().submit(sent).await.unwrap().into_inner().letter_id;
    let open = pb::OpenRequest {
        request_id: "o".into(),
        letter_id: letter_id.clone(),
        organisation_id: company().to_string(),
        ..Default::default()
    };
    world.reader(1, TrustLevel::High).open(open).await.unwrap();
    let mut order = order("a1", &letter_id);
    order.organisation_id = company().to_string();
    let stranger = world.reader(2, TrustLevel::High).reply(order.clone()).await.unwrap_err();
    assert_eq!(reason(&stranger).as_deref(), Some("ORGANISATION_UNKNOWN"));
    let done = reply(&world, order).await.unwrap();
    let entry = world.verified(&done.receipt.unwrap()).await;
    assert_eq!(entry.body.on_behalf_of.unwrap().path, "member:owner");
}

async fn bad_attachments_of_a_reply_are_refused_and_leave_nothing(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let objects = world.objects();
    let bend = |bend: &dyn Fn(&mut pb::ReplyRequest)| {
        let mut order = order("a1", &letter_id);
        bend(&mut order);
        order
    };
    let cases: [(&str, pb::ReplyRequest); 5] = [
        (
            "DIGEST_MISMATCH",
            bend(&|o| o.attachments[1].declaration.as_mut().unwrap().sha256 = vec![1; 32]),
        ),
        (
            "MEDIA_TYPE_MISMATCH",
            bend(&|o| o.attachments = vec![attachment("a.pdf", "application/pdf", XML)]),
        ),
        (
            "INVALID_FIELD",
            bend(&|o| o.attachments = vec![attachment("../a.pdf", "application/pdf", PDF)]),
        ),
        (
            "INVALID_FIELD",
            bend(&|o| {
                o.text.clear();
                o.attachments.clear();
            }),
        ),
        ("INVALID_FIELD", bend(&|o| o.request_id.clear())),
    ];
    for (wanted, order) in cases {
        let status = reply(&world, order).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some(wanted));
    }
    assert_eq!((world.count("replies").await, world.count("uploads").await), (0, 0));
    assert_eq!(world.objects(), objects);
}

async fn a_fifty_first_reply_is_refused(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let short = |n: usize| pb::ReplyRequest {
        attachments: Vec::new(),
        ..order(&format!("a{n}"), &letter_id)
    };
    for n in 0..50 {
        reply(&world, short(n)).await.unwrap();
    }
    let status = reply(&world, short(50)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TOO_MANY_REPLIES"));
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(list(&world, &letter_id).await.len(), 50);
}

async fn sealed(db: &Db) -> Result<Vec<u8>, siegel_db::StoreError> {
    let mut tx = db.read().await?;
    Ok(siegel_db::on!(&mut tx, c =>
        sqlx::query_scalar("SELECT sealed_content FROM replies").fetch_one(c).await?))
}

async fn nothing_of_a_reply_lies_readable_in_its_row(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    reply(&world, order("a1", &letter_id)).await.unwrap();
    let stored = sealed(&world.db).await.unwrap();
    for secret in ["Gaube", "Nachweis", "nachweis-1"] {
        let found = stored.windows(secret.len()).any(|w| w == secret.as_bytes());
        assert!(!found, "{secret:?} can be read");
    }
}
