//! What stands in the receipt of a refusal is what its sender can compute without us.

use serde_json::Value;
use siegel_db::Db;
use siegel_testkit::on_each_backend;

use super::rejections::{NOBODY, receipt, refused};
use super::world::{PDF, World, XML, request};

on_each_backend! { &crate::MIGRATIONS =>
    the_digests_of_a_refusal_are_those_that_its_sender_computes,
}

/// The letter of [`request`] as docs/receipts.md lets its sender write it again.
fn written(letter_id: &str, sender: &Value) -> Value {
    let digest = |file| siegel_crypto::b64::encode(siegel_crypto::sha256(file));
    serde_json::json!({
        "format": "siegel-letter/1", "letter_id": letter_id, "sender": sender,
        "sender_reference": "Az. 2025-17", "subject": "Ihr Bescheid zur Gaube",
        "bodies": [{ "language": "de", "plain_text": "Guten Tag, der Bescheid liegt bei.",
            "easy_text": "" }],
        "hide_preview": false, "required_level": 3, "importance": "important",
        "delivery_type": "decision", "legal_basis": "ozg-9", "case_id": "BA-2025-17",
        "thread": "", "publish_at": "",
        "attachments": [
            { "name": "Bescheid.pdf", "media_type": "application/pdf", "size_bytes": PDF.len(),
                "sha256": digest(PDF) },
            { "name": "Bescheid.xml", "media_type": "application/xml", "size_bytes": XML.len(),
                "sha256": digest(XML) },
        ],
    })
}

fn digest(value: &Value) -> String {
    let bytes = serde_json_canonicalizer::to_vec(value).unwrap();
    siegel_crypto::b64::encode(siegel_crypto::sha256(&bytes))
}

async fn the_digests_of_a_refusal_are_those_that_its_sender_computes(db: Db) {
    let world = World::new(db).await;
    let proof = receipt(&world, &refused(&world, request("r1", NOBODY)).await).await;
    let sender = serde_json::to_value(&proof.body.sender).unwrap();
    assert_eq!(proof.body.content_digest, digest(&written(&proof.letter_id, &sender)));
    let nobody = serde_json::json!({ "tenant": "", "client_id": "", "authority": "", "ars": "",
        "service_id": "" });
    let asked = serde_json::json!({
        "letter": written("", &nobody), "handle": NOBODY, "lane": "interactive",
    });
    assert_eq!(proof.body.request_digest, Some(digest(&asked)));
}
