//! What is left of a letter whose content is gone: proofs, and nothing that finds it.

use siegel_db::Db;
use siegel_testkit::on_each_backend;

use super::proof::{json, own, recipients, senders};
use super::purge::{opened, purged, world};
use super::search::found;
use super::world::{DAY, PDF};

on_each_backend! { &crate::MIGRATIONS =>
    a_purged_letter_is_found_by_no_word,
    a_proof_can_be_taken_out_after_the_content_is_gone,
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
