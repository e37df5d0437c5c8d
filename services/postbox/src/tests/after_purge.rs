//! What is left of a letter whose content is gone: proofs, and nothing that finds it; whoever had
//! opened it.

use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::acting::{mandate, open};
use super::admin::class;
use super::proof::{json, own, recipients, senders};
use super::purge::{opened, purged, world};
use super::search::found;
use super::world::{DAY, PDF, account, letter};

on_each_backend! { &crate::MIGRATIONS =>
    a_purged_letter_is_found_by_no_word,
    a_proof_can_be_taken_out_after_the_content_is_gone,
    what_only_a_delegate_opened_goes_when_its_time_is_over_too,
}

async fn a_purged_letter_is_found_by_no_word(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    for word in ["Gaube", "Guten"] {
        assert_eq!(found(&world, word).await, [id.as_str()], "{word}");
    }
    world.wait(DAY * 10).await;
    assert!(purged(&world, &id).await);
    assert_eq!(world.count("letter_words").await, 0);
    for word in ["Gaube", "Guten"] {
        assert!(found(&world, word).await.is_empty(), "{word}");
    }
}

async fn a_proof_can_be_taken_out_after_the_content_is_gone(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    world.wait(DAY * 10).await;
    assert!(purged(&world, &id).await);
    let of_both =
        [senders(&world, own(), &id).await.unwrap(), recipients(&world, 1, &id).await.unwrap()];
    for files in of_both {
        assert_eq!(json(&files, "index.json")["items"].as_array().unwrap().len(), 12);
        for kind in ["accepted", "provided", "opened", "purged"] {
            let named = |path: &String| path.starts_with("receipts/") && path.contains(kind);
            assert!(files.keys().any(named), "no receipt {kind}: {:?}", files.keys());
        }
        let digests = json(&files, "items/02-content.json")["facts"].clone();
        let of_file = siegel_crypto::b64::encode(siegel_crypto::sha256(PDF));
        assert_eq!(digests["attachment_digests"][0], of_file);
    }
}

async fn what_only_a_delegate_opened_goes_when_its_time_is_over_too(db: Db) {
    let world = world(db).await;
    class(&world, "kurz", 10, false).await;
    let information = |r: &mut pb::SubmitRequest| {
        letter(r).legal_basis.clear();
        letter(r).retention_class = "kurz".into();
    };
    let kept = world.deliver("kept", information).await.letter_id;
    let thrown = world.deliver("thrown", |r| letter(r).legal_basis.clear()).await.letter_id;
    world.access.allow(mandate(2, 1, None));
    let principal = account(1).to_string();
    for id in [&kept, &thrown] {
        open(&world, 2, id, ["", "", principal.as_str()]).await.unwrap();
    }
    let order = pb::TrashRequest { letter_id: thrown.clone(), ..Default::default() };
    world.reader(1, TrustLevel::High).trash(order).await.unwrap();
    world.wait(DAY * 9).await;
    assert!(!purged(&world, &kept).await && !purged(&world, &thrown).await);
    world.wait(DAY).await;
    assert!(purged(&world, &kept).await, "ten days after it was opened");
    world.wait(DAY * 20).await;
    assert!(purged(&world, &thrown).await, "thirty days after it was thrown away");
}
