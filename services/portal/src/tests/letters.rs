use siegel_kernel::TrustLevel;

use super::data_fakes::DOCUMENT;
use super::services::{CONTENT, LETTER};
use super::world::World;

async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in("/postbox").await;
    world
}

fn path(rest: &str) -> String {
    format!("/postbox/{LETTER}{rest}")
}

#[tokio::test]
async fn the_list_shows_what_a_person_must_know_before_opening() {
    let mut world = signed_in().await;
    let page = world.browser.get("/postbox").await;
    for text in ["Wichtig", "Neu", "Bescheid", "substanziell", "10. März 2025", "1 Anhang"] {
        assert!(page.body.contains(text), "{text} is missing");
    }
    assert!(page.body.contains("/postbox?page=more"), "there is a next page");
    assert!(!page.body.contains("<img src=x>"));
    assert!(!page.body.contains("<b>Musterstadt"));
}

#[tokio::test]
async fn looking_at_the_preview_or_the_reading_address_opens_nothing() {
    let mut world = signed_in().await;
    let page = world.browser.get(&path("")).await;
    assert!(page.body.contains("Öffnen heißt: bekanntgegeben."));
    for rest in ["/read", "/open"] {
        let page = world.browser.get(&path(rest)).await;
        assert_eq!((page.status, page.location), (303, Some(path(""))), "{rest}");
    }
    assert_eq!(*world.services.opened.lock().unwrap(), 0);
}

#[tokio::test]
async fn an_opened_letter_is_shown_as_text_with_receipt_and_attachments() {
    let mut world = signed_in().await;
    world.browser.get(&path("")).await;
    let page = world.browser.post(&path("/open"), &[]).await;
    assert_eq!((page.status, page.location), (303, Some(path("/read"))));
    let page = world.browser.get(&path("/read")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.body.contains("<script"), "content stays text");
    assert!(!page.body.contains("</section>Gruß"), "content cannot end an element");
    assert!(page.body.contains("Guten Tag &#60;script&#62;alert(1)"));
    let german = page.body.find("Guten Tag").unwrap();
    assert!(german < page.body.find("Hello").unwrap(), "the page's language comes first");
    assert!(page.body.contains("Bescheid über &#34;alles&#34;.pdf"));
    assert!(page.body.contains(world.services.key.kid()), "the receipt was verified");
    assert!(page.body.contains("Das ist nicht nachgewiesen"));
}

#[tokio::test]
async fn who_may_only_read_sees_the_letter_and_that_it_has_no_effect() {
    let mut world = signed_in().await;
    *world.services.reads_only.lock().unwrap() = true;
    world.browser.get(&path("")).await;
    let page = world.browser.post(&path("/open"), &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Guten Tag"));
    assert!(page.body.contains("ohne rechtliche Wirkung"));
    let page = world.browser.get(&path("/read")).await;
    assert_eq!((page.status, page.location), (303, Some(path(""))), "it is not open");
}

#[tokio::test]
async fn opening_twice_leads_to_the_same_page() {
    let mut world = signed_in().await;
    world.browser.get(&path("")).await;
    for _ in 0..2 {
        let page = world.browser.post(&path("/open"), &[]).await;
        assert_eq!((page.status, page.location), (303, Some(path("/read"))));
    }
    let page = world.browser.get(&path("")).await;
    assert!(page.body.contains("Brief lesen"));
}

#[tokio::test]
async fn a_letter_above_the_persons_level_offers_the_way_there_and_back() {
    let mut world = signed_in().await;
    *world.services.level_needed.lock().unwrap() = Some(TrustLevel::Substantial);
    let link = format!("/account/login?level=substantial&#38;return=%2Fpostbox%2F{LETTER}");
    let page = world.browser.get(&path("")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&link), "{}", page.body);
    assert!(!page.body.contains("/open"), "no button that cannot work");

    let page = world.browser.post(&path("/open"), &[]).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains(&link), "{}", page.body);
}

#[tokio::test]
async fn formal_service_is_confirmed_from_the_letter_and_refused_only_after_a_question() {
    let mut world = signed_in().await;
    let page = world.browser.get(&path("")).await;
    assert!(!page.body.contains("Empfang bestätigen"), "this letter waits for no answer");
    assert_eq!(world.browser.get(&path("/refuse")).await.location, Some(path("")));

    *world.services.needs_answer.lock().unwrap() = true;
    let page = world.browser.get(&path("")).await;
    assert!(page.body.contains("Empfang bestätigen"), "{}", page.body);
    let page = world.browser.get(&path("/refuse")).await;
    assert!(page.body.contains("Annahme verweigern?"), "{}", page.body);
    assert_eq!(world.browser.get(&path("/confirm")).await.location, Some(path("")));
    assert!(world.services.answers.lock().unwrap().is_empty(), "looking answers nothing");

    let page = world.browser.post(&path("/refuse"), &[]).await;
    assert_eq!((page.status, page.location), (303, Some(path(""))));
    world.browser.get(&path("")).await;
    let page = world.browser.post(&path("/confirm"), &[]).await;
    assert_eq!((page.status, page.location), (303, Some(path("/read"))));
    assert_eq!(*world.services.answers.lock().unwrap(), ["refused", "confirmed"]);
    let page = world.browser.get(&path("/read")).await;
    assert!(page.body.contains("Empfang bestätigen"), "it can be read before it is answered");
}

#[tokio::test]
async fn an_answer_above_the_persons_level_leads_to_the_way_there() {
    let mut world = signed_in().await;
    *world.services.needs_answer.lock().unwrap() = true;
    world.browser.get(&path("")).await;
    *world.services.level_needed.lock().unwrap() = Some(TrustLevel::Substantial);
    for rest in ["/confirm", "/refuse"] {
        let page = world.browser.post(&path(rest), &[]).await;
        assert_eq!(page.status, 403);
        assert!(page.body.contains("/account/login?level=substantial"), "{}", page.body);
    }
    assert!(world.services.answers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_postbox_that_is_down_is_said_to_be_and_can_be_tried_again() {
    let mut world = signed_in().await;
    *world.services.down.lock().unwrap() = true;
    let page = world.browser.get("/postbox?show=important").await;
    assert_eq!(page.status, 503);
    assert_eq!(page.headers["retry-after"], "5");
    assert!(page.body.contains("href=\"/postbox?show=important\""), "{}", page.body);
}

#[tokio::test]
async fn an_attachment_comes_whole_under_its_name_and_runs_nowhere() {
    let mut world = signed_in().await;
    let page = world.browser.get(&path("/attachments/att_1")).await;
    assert_eq!(page.location, Some(path("")), "not before the letter is opened");

    world.browser.get(&path("")).await;
    world.browser.post(&path("/open"), &[]).await;
    let page = world.browser.get(&path("/attachments/att_1")).await;
    assert_eq!(page.body.as_bytes(), CONTENT);
    assert_eq!(page.headers["content-length"], CONTENT.len().to_string().as_str());
    assert_eq!(page.headers["content-type"], "application/pdf");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(page.headers["content-security-policy"], "default-src 'none'; sandbox");
    assert_eq!(page.headers["cache-control"], "no-store");
    let disposition = page.headers["content-disposition"].to_str().unwrap();
    let expected = "filename*=UTF-8''Bescheid%20%C3%BCber%20%22alles%22.pdf";
    assert!(disposition.starts_with("attachment;") && disposition.ends_with(expected));
}

#[tokio::test]
async fn a_receipt_is_handed_out_byte_for_byte() {
    let mut world = signed_in().await;
    let page = world.browser.get(&path("/receipts")).await;
    assert!(page.body.contains(&path("/receipts/rcp_1")));
    let page = world.browser.get(&path("/receipts/rcp_1")).await;
    let file: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(file["format"], "siegel-receipt/1");
    let disposition = page.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.contains("receipt-opened-rcp_1.json"), "{disposition}");
    assert_eq!(world.browser.get(&path("/receipts/rcp_2")).await.status, 404);
}

#[tokio::test]
async fn a_receipt_is_handed_out_as_a_document_in_the_language_of_the_page() {
    let mut world = signed_in().await;
    let page = world.browser.get(&path("/receipts")).await;
    assert!(page.body.contains(&path("/receipts/rcp_1/pdf")));
    let document = world.browser.get(&path("/receipts/rcp_1/pdf")).await;
    assert_eq!((document.status, document.body.as_str()), (200, "%PDF de"));
    assert_eq!(document.headers["content-type"], "application/pdf");
    assert_eq!(world.browser.get(&path("/receipts/rcp_2/pdf")).await.status, 404);
}

#[tokio::test]
async fn the_proof_of_a_letter_and_the_whole_mailbox_come_as_archives_and_open_nothing() {
    let mut world = signed_in().await;
    let proof = world.browser.get(&path("/proof")).await;
    assert_eq!((proof.status, proof.body.as_str()), (200, "proof archive"));
    let list = world.browser.get("/postbox").await;
    assert!(list.body.contains("href=\"/postbox/export\""));
    let all = world.browser.get("/postbox/export").await;
    assert_eq!((all.status, all.body.as_str()), (200, "mailbox archive"));
    assert_eq!(*world.services.opened.lock().unwrap(), 0);
}

#[tokio::test]
async fn an_address_that_holds_no_id_reaches_no_service() {
    let mut world = signed_in().await;
    for bad in ["/postbox/..%2f..%2f", "/postbox/a%22b", "/postbox?organisation=a%26b"] {
        let page = world.browser.get(bad).await;
        assert_eq!(page.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn the_account_page_names_source_and_level_of_every_attribute() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account").await;
    for text in ["Quelle: Online-Ausweis", "Quelle: selbst eingetragen", "Quelle: bestätigt"] {
        assert!(page.body.contains(text), "{text} is missing");
    }
    assert!(page.body.contains("Musterstadt &#60;script&#62;"));
    assert!(page.body.contains("href=\"/account/edit#city\""), "own details can be changed");
    assert!(!page.body.contains("/account/edit#given_name"), "proven ones cannot");
}

#[tokio::test]
async fn a_detail_that_cannot_be_is_refused_beside_its_field() {
    let mut world = signed_in().await;
    world.browser.get("/account/edit").await;
    let page = world.browser.post("/account/edit", &[("country", "Deutschland")]).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("id=\"country-error\""), "{}", page.body);
    assert!(page.body.contains("value=\"Deutschland\""), "what was typed is still there");
    let page = world.browser.post("/account/edit", &[("country", "DE")]).await;
    assert_eq!(page.location.as_deref(), Some("/account"));
}

#[tokio::test]
async fn founding_an_organisation_needs_substantial_and_says_so() {
    let mut world = signed_in().await;
    let page = world.browser.get("/organisation/new").await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("level=substantial&#38;return=%2Forganisation%2Fnew"));
}

#[tokio::test]
async fn a_range_of_an_attachment_is_partial_content() {
    let mut world = signed_in().await;
    world.browser.get(&path("")).await;
    world.browser.post(&path("/open"), &[]).await;
    let address = path("/attachments/att_1");
    let size = CONTENT.len();
    let page = world.browser.get_range(&address, "bytes=2-4").await;
    assert_eq!((page.status, page.body.as_bytes()), (206, &CONTENT[2..5]));
    assert_eq!(page.headers["content-range"], format!("bytes 2-4/{size}").as_str());
    assert_eq!(page.headers["content-length"], "3");
    assert_eq!(page.headers["accept-ranges"], "bytes");
    let page = world.browser.get_range(&address, "bytes=3-").await;
    assert_eq!((page.status, page.body.as_bytes()), (206, &CONTENT[3..]));
    for beyond in [size, size + 1] {
        let page = world.browser.get_range(&address, &format!("bytes={beyond}-")).await;
        assert_eq!(page.status, 416, "from {beyond}");
    }
    let page = world.browser.get_range(&address, "bytes=-2").await;
    assert_eq!((page.status, page.body.as_bytes()), (200, CONTENT));
}

#[tokio::test]
async fn all_attachments_come_as_one_file() {
    let mut world = signed_in().await;
    world.browser.get(&path("")).await;
    world.browser.post(&path("/open"), &[]).await;
    let page = world.browser.get(&path("/attachments.zip")).await;
    assert_eq!((page.status, page.body.as_bytes()), (200, &b"PK\x05\x06 no more"[..]));
    assert_eq!(page.headers["content-type"], "application/zip");
    let disposition = page.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.ends_with("filename*=UTF-8''Anh%C3%A4nge.zip"), "{disposition}");
}

#[tokio::test]
async fn an_attachment_is_put_into_the_safe_once_and_only_from_ones_own_mailbox() {
    let mut world = signed_in().await;
    world.browser.get(&path("")).await;
    world.browser.post(&path("/open"), &[]).await;
    let page = world.browser.get(&path("/read")).await;
    let action = path("/attachments/att_1/keep");
    assert!(page.body.contains(&format!("action=\"{action}\"")), "{}", page.body);
    for _ in 0..2 {
        let page = world.browser.post(&action, &[("nonce", "n")]).await;
        let way = format!("/account/documents/{DOCUMENT}");
        assert_eq!(page.location.as_deref(), Some(way.as_str()), "{}", page.body);
    }
    let kept = std::mem::take(&mut world.services.data.lock().unwrap().kept);
    assert_eq!((kept[0].letter_id.as_str(), kept[0].attachment_id.as_str()), (LETTER, "att_1"));
    assert_eq!(kept[0].request_id, kept[1].request_id, "the same form is the same request");
    world.services.data.lock().unwrap().full = true;
    let page = world.browser.post(&action, &[("nonce", "m")]).await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("kein Platz mehr"), "{}", page.body);
    let org = "?organisation=org_00000000000000000000000000000009";
    let page = world.browser.get(&path(&format!("/read{org}"))).await;
    assert!(!page.body.contains("/keep"), "{}", page.body);
}
