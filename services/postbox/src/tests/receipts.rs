//! Receipts one by one, as files and as documents.

use siegel_db::Db;
use siegel_grpc::{Caller, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::proof::{contains, own};
use super::world::{CLIENT, FOREIGN_CLIENT, OTHER_CLIENT, World, client, letter, person};

on_each_backend! { &crate::MIGRATIONS =>
    one_receipt_is_had_by_the_parties_and_by_nobody_else,
    a_receipt_as_a_document_holds_the_receipt_in_the_callers_copy,
    a_document_of_a_hidden_letter_needs_its_level,
}

fn receipt_of(letter_id: &str, receipt_id: &str) -> pb::GetReceiptRequest {
    pb::GetReceiptRequest {
        letter_id: letter_id.into(),
        receipt_id: receipt_id.into(),
        organisation_id: String::new(),
        ..Default::default()
    }
}

async fn one_receipt_is_had_by_the_parties_and_by_nobody_else(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let other = world.deliver("r2", |_| {}).await;
    let id = &done.receipts[1].receipt_id;
    let get = async |caller, letter: &str, id: &str| {
        let found = world.evidence(caller).get_receipt(receipt_of(letter, id)).await?;
        Ok::<_, Status>(found.into_inner().receipt.unwrap())
    };
    let sent = get(own(), &done.letter_id, id).await.unwrap();
    assert_eq!((sent.kind.as_str(), &sent.receipt_id), ("provided", id));
    assert!(world.verified(&sent).await.disclosed.contains_key("recipient"));
    let received = get(person(1, TrustLevel::Basic), &done.letter_id, id).await.unwrap();
    assert!(world.verified(&received).await.disclosed.contains_key("mailbox_entry"));
    for caller in [
        client(OTHER_CLIENT, "musterstadt"),
        client(FOREIGN_CLIENT, "neustadt"),
        client(CLIENT, "neustadt"),
        person(2, TrustLevel::High),
    ] {
        let status = get(caller, &done.letter_id, id).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).unwrap().as_str()),
            (Code::NotFound, "LETTER_UNKNOWN")
        );
    }
    // Another letter's receipt, and none at all, are alike.
    for id in [other.receipts[1].receipt_id.as_str(), "rcp_0", ""] {
        let status = get(own(), &done.letter_id, id).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).unwrap().as_str()),
            (Code::NotFound, "RECEIPT_UNKNOWN")
        );
    }
}

async fn document(
    world: &World,
    caller: Caller,
    receipt: &pb::Receipt,
) -> Result<pb::GetReceiptDocumentResponse, Status> {
    let request = pb::GetReceiptDocumentRequest {
        letter_id: receipt.letter_id.clone(),
        receipt_id: receipt.receipt_id.clone(),
        organisation_id: String::new(),
        language: "de".into(),
        ..Default::default()
    };
    Ok(world.evidence(caller).get_receipt_document(request).await?.into_inner())
}

async fn a_receipt_as_a_document_holds_the_receipt_in_the_callers_copy(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap().receipt.unwrap();
    let made = document(&world, person(1, TrustLevel::High), &opened).await.unwrap();
    assert_eq!(made.media_type, "application/pdf");
    assert_eq!(made.file_name, format!("receipt-opened-{}.pdf", opened.receipt_id));
    assert!(made.document.starts_with(b"%PDF-1.7") && contains(&made.document, b"mailbox_entry"));
    assert!(contains(&made.document, opened.file.as_bytes()), "the file is inside as it is");
    let senders = document(&world, own(), &opened).await.unwrap().document;
    assert!(!contains(&senders, b"mbx_") && contains(&senders, b"hdl_"));
    let status = document(&world, person(2, TrustLevel::High), &opened).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "LETTER_UNKNOWN");
}

async fn a_document_of_a_hidden_letter_needs_its_level(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).hide_preview = true).await;
    let status = document(&world, person(1, TrustLevel::Low), &done.receipts[1]).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "TRUST_TOO_LOW");
    let made = document(&world, person(1, TrustLevel::Substantial), &done.receipts[1]).await;
    assert!(made.is_ok());
}
