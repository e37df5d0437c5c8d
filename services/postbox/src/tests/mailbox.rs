//! Reading: lists, previews, opening, downloads.

use siegel_db::Db;
use siegel_grpc::{fact, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{PDF, World, account, attachment, company, letter, person, request};

on_each_backend! { &crate::MIGRATIONS =>
    a_list_is_newest_first_in_pages_with_counts,
    filters_show_what_they_say,
    a_hidden_preview_shows_sender_and_subject_at_the_letters_level_only,
    receipts_of_a_hidden_letter_name_its_sender_at_the_letters_level_only,
    a_preview_says_what_opening_means_and_changes_nothing,
    opening_below_the_level_is_refused_with_the_level_needed,
    opening_gives_the_content_whose_digest_the_receipt_signs,
    opening_again_gives_the_same_receipt,
    two_openings_at_once_leave_one_entry,
    somebody_elses_letter_does_not_exist,
    an_attachment_comes_back_byte_for_byte_from_any_offset,
    an_attachment_of_a_letter_that_was_not_opened_is_refused,
    a_complete_download_is_signed_once,
    an_organisations_letter_is_opened_by_its_member_and_the_receipt_names_the_path,
    every_access_is_in_the_audit_trail
}

async fn list(
    world: &World,
    bend: impl FnOnce(&mut pb::ListLettersRequest),
) -> pb::ListLettersResponse {
    let mut request = pb::ListLettersRequest::default();
    bend(&mut request);
    world.reader(1, TrustLevel::High).list_letters(request).await.unwrap().into_inner()
}

fn subjects(listed: &pb::ListLettersResponse) -> Vec<&str> {
    listed.letters.iter().map(|l| l.subject.as_str()).collect()
}

async fn a_list_is_newest_first_in_pages_with_counts(db: Db) {
    let world = World::new(db).await;
    for n in 1..=5 {
        world.deliver(&format!("r{n}"), |r| letter(r).subject = n.to_string()).await;
    }
    let first = list(&world, |r| r.page_size = 2).await;
    assert_eq!((subjects(&first), first.total, first.unread), (vec!["5", "4"], 5, 5));
    // A letter that arrives meanwhile moves no page.
    world.deliver("r6", |r| letter(r).subject = "6".into()).await;
    let second = list(&world, |r| {
        r.page_size = 2;
        r.page_token = first.next_page_token;
    })
    .await;
    assert_eq!(subjects(&second), ["3", "2"]);
    let third = list(&world, |r| r.page_token = second.next_page_token).await;
    assert_eq!((subjects(&third), third.next_page_token.as_str()), (vec!["1"], ""));
}

async fn filters_show_what_they_say(db: Db) {
    let world = World::new(db).await;
    let plain = world
        .deliver("r1", |r| {
            letter(r).importance = pb::Importance::Normal.into();
            letter(r).subject = "normal".into();
        })
        .await;
    world.deliver("r2", |r| letter(r).subject = "important".into()).await;
    assert_eq!(subjects(&list(&world, |r| r.important_only = true).await), ["important"]);
    world.open(&plain.letter_id).await.unwrap();
    let unread = list(&world, |r| r.unread_only = true).await;
    assert_eq!((subjects(&unread), unread.total, unread.unread), (vec!["important"], 2, 1));
}

async fn preview(world: &World, level: TrustLevel, letter_id: &str) -> pb::PreviewResponse {
    let request = pb::PreviewRequest {
        letter_id: letter_id.into(),
        organisation_id: String::new(),
        ..Default::default()
    };
    world.reader(1, level).preview(request).await.unwrap().into_inner()
}

async fn a_hidden_preview_shows_sender_and_subject_at_the_letters_level_only(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).hide_preview = true).await;
    let low = preview(&world, TrustLevel::Basic, &done.letter_id).await.letter.unwrap();
    assert_eq!((low.subject.as_str(), low.authority.as_str(), low.can_open), ("", "", false));
    assert_eq!(low.case_id, "");
    let enough = preview(&world, TrustLevel::Substantial, &done.letter_id).await.letter.unwrap();
    assert_eq!(enough.subject, "Ihr Bescheid zur Gaube");
    assert!(enough.can_open);
}

async fn receipts_of_a_hidden_letter_name_its_sender_at_the_letters_level_only(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).hide_preview = true).await;
    let list = async |level| {
        let letter_id = done.letter_id.clone();
        let request = pb::ListReceiptsRequest {
            letter_id,
            organisation_id: String::new(),
            ..Default::default()
        };
        world.evidence(person(1, level)).list_receipts(request).await
    };
    let status = list(TrustLevel::Basic).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "TRUST_TOO_LOW");
    assert_eq!(fact(&status, "needed").unwrap(), "substantial");
    assert!(list(TrustLevel::Substantial).await.is_ok());
}

async fn a_preview_says_what_opening_means_and_changes_nothing(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let shown = preview(&world, TrustLevel::Basic, &done.letter_id).await;
    assert!(shown.effect_de.contains("am 10.03.2025 als bekanntgegeben"), "{}", shown.effect_de);
    assert!(shown.effect_en.contains("2025-03-10"), "{}", shown.effect_en);
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    assert_eq!(shown.letter.unwrap().subject, "Ihr Bescheid zur Gaube");
}

async fn open_as(
    world: &World,
    n: u128,
    level: TrustLevel,
    letter: &str,
) -> Result<pb::OpenResponse, Status> {
    let request = pb::OpenRequest {
        request_id: "o".into(),
        letter_id: letter.into(),
        organisation_id: String::new(),
        ..Default::default()
    };
    Ok(world.reader(n, level).open(request).await?.into_inner())
}

async fn opening_below_the_level_is_refused_with_the_level_needed(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let status = open_as(&world, 1, TrustLevel::Low, &done.letter_id).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
    assert_eq!(fact(&status, "needed").as_deref(), Some("substantial"));
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    // Opened letters need it as well.
    world.open(&done.letter_id).await.unwrap();
    assert!(open_as(&world, 1, TrustLevel::Low, &done.letter_id).await.is_err());
}

async fn opening_gives_the_content_whose_digest_the_receipt_signs(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(opened.bodies[0].plain_text, "Guten Tag, der Bescheid liegt bei.");
    assert_eq!(opened.attachments[0].name, "Bescheid.pdf");
    let receipt = world.verified(&opened.receipt.unwrap()).await;
    let digest = siegel_crypto::sha256(opened.content_json.as_bytes());
    assert_eq!(receipt.body.content_digest, siegel_crypto::b64::encode(digest));
    assert_eq!(receipt.body.actor.trust_level, Some(4));
    assert_eq!(receipt.legal_day.as_deref(), Some("2025-03-10"), "the statutory day stays");
    let shown = opened.letter.unwrap();
    assert_eq!(shown.state(), pb::DeliveryState::Opened);
    assert!(shown.opened_at.is_some());
}

async fn opening_again_gives_the_same_receipt(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let first = world.open(&done.letter_id).await.unwrap();
    world.clock.advance(std::time::Duration::from_mins(1));
    let again = world.open(&done.letter_id).await.unwrap();
    assert_eq!(first, again);
}

async fn two_openings_at_once_leave_one_entry(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let (one, two, three) = tokio::join!(
        world.open(&done.letter_id),
        world.open(&done.letter_id),
        world.open(&done.letter_id),
    );
    let one = one.unwrap();
    assert_eq!(one, two.unwrap());
    assert_eq!(one, three.unwrap());
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided", "opened"]);
}

async fn somebody_elses_letter_does_not_exist(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.handle(2).await;
    for (n, letter) in [
        (2, done.letter_id.as_str()),
        (3, done.letter_id.as_str()),
        (1, "ltr_00000000000000000000000000000000"),
        (1, "nonsense"),
    ] {
        let status = open_as(&world, n, TrustLevel::High, letter).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
        assert_eq!(status.code(), Code::NotFound);
    }
}

async fn download(
    world: &World,
    letter: &str,
    attachment: &str,
    offset: i64,
) -> Result<Vec<u8>, Status> {
    let request = pb::DownloadAttachmentRequest {
        letter_id: letter.into(),
        attachment_id: attachment.into(),
        organisation_id: String::new(),
        offset_bytes: offset,
        ..pb::DownloadAttachmentRequest::default()
    };
    let mut reader = world.reader(1, TrustLevel::High);
    let mut stream = reader.download_attachment(request).await?.into_inner();
    let first = stream.message().await?.unwrap().part.unwrap();
    assert!(matches!(first, pb::download_attachment_response::Part::Attachment(_)));
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        if let Some(pb::download_attachment_response::Part::Chunk(chunk)) = message.part {
            bytes.extend(chunk);
        }
    }
    Ok(bytes)
}

async fn an_attachment_comes_back_byte_for_byte_from_any_offset(db: Db) {
    let world = World::new(db).await;
    let large: Vec<u8> = [PDF, &(0..=250).cycle().take(150_000).collect::<Vec<u8>>()].concat();
    let done = world
        .deliver("r1", |r| r.attachments = vec![attachment("a.pdf", "application/pdf", &large)])
        .await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let id = &opened.attachments[0].attachment_id;
    assert_eq!(download(&world, &done.letter_id, id, 0).await.unwrap(), large);
    for offset in [1, 65_536, 131_073, large.len()] {
        let rest = download(&world, &done.letter_id, id, offset.try_into().unwrap()).await.unwrap();
        assert_eq!(rest, large[offset..], "from {offset}");
    }
    let beyond = i64::try_from(large.len()).unwrap() + 1;
    let status = download(&world, &done.letter_id, id, beyond).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn an_attachment_of_a_letter_that_was_not_opened_is_refused(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let nobody = "att_00000000000000000000000000000000";
    let status = download(&world, &done.letter_id, nobody, 0).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_NOT_OPENED"));
    world.open(&done.letter_id).await.unwrap();
    let status = download(&world, &done.letter_id, nobody, 0).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_UNKNOWN"));
}

async fn a_complete_download_is_signed_once(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let id = &opened.attachments[0].attachment_id;
    download(&world, &done.letter_id, id, 0).await.unwrap();
    download(&world, &done.letter_id, id, 0).await.unwrap();
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "opened", "downloaded"]);
    let entry = world.entry(&done.letter_id, "downloaded").await;
    let digest = siegel_crypto::b64::encode(siegel_crypto::sha256(PDF));
    assert_eq!(entry.body.attachment, Some(digest));
}

async fn an_organisations_letter_is_opened_by_its_member_and_the_receipt_names_the_path(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let handle = world.handle_for(owner, "musterstadt").await;
    let done = world.sender().submit(request("r1", &handle)).await.unwrap().into_inner();
    let open = |n| {
        let request = pb::OpenRequest {
            request_id: "o".into(),
            letter_id: done.letter_id.clone(),
            organisation_id: company().to_string(),
            ..Default::default()
        };
        let mut reader = world.reader(n, TrustLevel::High);
        async move { reader.open(request).await }
    };
    let stranger = open(2).await.unwrap_err();
    assert_eq!(reason(&stranger).as_deref(), Some("ORGANISATION_UNKNOWN"));
    let opened = open(1).await.unwrap().into_inner();
    let receipt = world.verified(&opened.receipt.unwrap()).await;
    assert_eq!(receipt.body.on_behalf_of.unwrap().path, "member:owner");
    assert!(world.open(&done.letter_id).await.is_err(), "it is not in the member's own mailbox");
}

async fn every_access_is_in_the_audit_trail(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    open_as(&world, 1, TrustLevel::Low, &done.letter_id).await.unwrap_err();
    let opened = world.open(&done.letter_id).await.unwrap();
    download(&world, &done.letter_id, &opened.attachments[0].attachment_id, 0).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    drop(tx);
    assert_eq!(
        kinds,
        [
            "postbox.attachment.downloaded",
            "postbox.handle.issued",
            "postbox.letter.opened",
            "postbox.letter.submitted",
        ]
    );
    // Handle, letter, refused opening, opening, download.
    assert_eq!(world.count("audit").await, 5);
    let named = siegel_grpc::audit_name(account(1));
    assert!(!named.contains(&account(1).to_string()));
}
