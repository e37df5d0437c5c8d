//! A person's data and documents on the pages.

use siegel_proto::account::v1 as account;

use super::data_fakes::{CHANGE, CONSENT, DOCUMENT, GRANT, OFFER, READ_AT, offer};
use super::world::World;

async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in("/account").await;
    world
}

fn here() -> String {
    format!("/account/documents/{DOCUMENT}")
}

#[tokio::test]
async fn a_new_card_is_compared_side_by_side_and_decided_once() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account").await;
    assert!(!page.body.contains("/account/change"));
    world.services.data.lock().unwrap().waits = true;
    let page = world.browser.get("/account").await;
    assert!(page.body.contains("href=\"/account/change\""), "{}", page.body);
    let page = world.browser.get("/account/change").await;
    for text in ["Köln &#60;b&#62;", "<strong>Kiel</strong>", "anders"] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    let form = [("change", CHANGE), ("decision", "update")];
    let page = world.browser.post("/account/change", &form).await;
    assert_eq!(page.location.as_deref(), Some("/account"), "{}", page.body);
    let decided = world.services.data.lock().unwrap().decided.clone();
    assert_eq!(decided.len(), 1);
    assert_eq!(decided[0].decision(), account::ChangeDecision::Update);
    let page = world.browser.get("/account/change").await;
    assert_eq!(page.location.as_deref(), Some("/account"), "nothing waits any more");
}

#[tokio::test]
async fn a_second_account_takes_the_card_that_was_read_off_this_one_and_no_other() {
    let mut world = signed_in().await;
    {
        let mut data = world.services.data.lock().unwrap();
        data.waits = true;
        data.cards = vec![("cre_old", READ_AT - 86_400), ("cre_new", READ_AT + 1)];
    }
    let page = world.browser.get("/account/change").await;
    assert!(page.body.contains("value=\"second\""), "{}", page.body);
    let form = [("change", CHANGE), ("decision", "second")];
    let page = world.browser.post("/account/change", &form).await;
    assert_eq!(page.location.as_deref(), Some("/account/change/second"), "{}", page.body);
    let page = world.browser.get("/account/change/second").await;
    assert!(page.body.contains("einer anderen E-Mail-Adresse"), "{}", page.body);
    let off = world.services.data.lock().unwrap().taken_off.clone();
    assert_eq!(off.len(), 1);
    assert_eq!(off[0].credential_id, "cre_new");
    let decided = world.services.data.lock().unwrap().decided.clone();
    assert_eq!(decided[0].decision(), account::ChangeDecision::Keep);
    // Sent again after its end was lost: the card from before stays.
    {
        let mut data = world.services.data.lock().unwrap();
        data.waits = true;
        data.cards = vec![("cre_old", READ_AT - 86_400)];
    }
    world.browser.post("/account/change", &form).await;
    assert_eq!(world.services.data.lock().unwrap().taken_off.len(), 1);
}

#[tokio::test]
async fn an_earlier_account_is_shown_with_source_and_level_and_taken_over_in_parts() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/offers").await;
    assert!(page.body.contains("keine Angaben aus früheren Konten"), "{}", page.body);
    world.services.data.lock().unwrap().offers = vec![offer()];
    let page = world.browser.get("/account").await;
    assert!(page.body.contains("href=\"/account/offers\""), "{}", page.body);
    let page = world.browser.get("/account/offers").await;
    for text in ["Ort: Köln &#60;b&#62;", "Altkonto &#60;b&#62;", "niedrig", "Bisher: Kiel"] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    assert!(!page.body.contains("Gabler"), "what stays is named only");
    let form = [("offer", OFFER), ("decision", "take"), ("take-city", "1")];
    let page = world.browser.post("/account/offers", &form).await;
    assert!(page.body.contains("jetzt in Ihrem Konto"), "{}", page.body);
    let accepted = world.services.data.lock().unwrap().accepted.clone();
    assert_eq!(accepted.len(), 1);
    assert_eq!(
        (accepted[0].offer_id.as_str(), &accepted[0].attributes[..]),
        (OFFER, &["city".into()][..])
    );
}

#[tokio::test]
async fn a_session_too_low_for_an_earlier_account_is_told_how_to_rise() {
    let mut world = signed_in().await;
    let low = account::Offer { needed_level: 4, attributes: Vec::new(), ..offer() };
    world.services.data.lock().unwrap().offers = vec![low];
    let page = world.browser.get("/account/offers").await;
    assert!(page.body.contains("level=high"), "{}", page.body);
    assert!(!page.body.contains("value=\"take\""), "nothing is taken at this level");
    let page = world.browser.post("/account/offers", &[("offer", OFFER), ("decision", "decline")]);
    assert!(page.await.body.contains("nicht mehr angeboten"));
    assert_eq!(world.services.data.lock().unwrap().declined.len(), 1);
}

#[tokio::test]
async fn a_session_too_low_for_card_data_is_told_how_to_rise() {
    let mut world = signed_in().await;
    world.services.data.lock().unwrap().waits = true;
    world.browser.get("/account/change").await;
    *world.services.level_needed.lock().unwrap() = Some(siegel_kernel::TrustLevel::Substantial);
    let form = [("change", CHANGE), ("decision", "update")];
    let page = world.browser.post("/account/change", &form).await;
    assert!(page.body.contains("level=substantial"), "{}", page.body);
    assert!(world.services.data.lock().unwrap().decided.is_empty());
}

#[tokio::test]
async fn a_withdrawal_says_what_it_did_and_a_receipt_can_be_read_and_kept() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/consents").await;
    assert!(page.body.contains(&format!("/account/consents/{CONSENT}")), "{}", page.body);
    let page = world.browser.post("/account/consents", &[("consent_id", CONSENT)]).await;
    assert_eq!(world.services.data.lock().unwrap().withdrawn, [CONSENT]);
    let page = world.browser.get(&page.location.unwrap()).await;
    assert!(page.body.contains("fragt er wieder"), "{}", page.body);
    let page = world.browser.get(&format!("/account/consents/{CONSENT}")).await;
    for text in ["Ort &#60;b&#62; (nötig)", "Versand", "erlaubt"] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    let page = world.browser.get(&format!("/account/consents/{CONSENT}/receipt.json")).await;
    assert!(page.body.starts_with("{\"format\""));
    assert!(page.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let other = "/account/consents/cns_00000000000000000000000000000002";
    assert_eq!(world.browser.get(other).await.status, 404);
}

#[tokio::test]
async fn the_log_is_exported_and_looks_of_staff_are_shown() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/disclosures").await;
    assert!(page.body.contains("/account/disclosures/export"), "{}", page.body);
    let page = world.browser.get("/account/disclosures/export").await;
    assert_eq!(page.body, "{\"a\":1}");
    let page = world.browser.get("/account/staff").await;
    assert!(page.body.contains("Auskunft &#60;b&#62;"), "{}", page.body);
    let page = world.browser.get("/account/history").await;
    assert!(page.body.contains("Köln &#60;b&#62;"), "{}", page.body);
    assert!(page.body.contains("/account/history?page=more"));
}

#[tokio::test]
async fn a_file_is_stored_with_its_digest_and_a_full_safe_says_so() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/documents").await;
    assert!(page.body.contains("Bescheid &#60;b&#62;.html"), "{}", page.body);
    let files = ("file", &[("a.pdf", "%PDF")][..]);
    let page = world.browser.post_files("/account/documents", &[("nonce", "n")], files).await;
    assert_eq!(page.location.as_deref(), Some("/account/documents"), "{}", page.body);
    let uploaded = world.services.data.lock().unwrap().uploaded.pop().unwrap();
    assert_eq!((uploaded.0.name.as_str(), uploaded.1), ("a.pdf", 4));
    assert_eq!(uploaded.0.media_type, "application/pdf");
    assert_eq!(uploaded.0.sha256, siegel_crypto::sha256(b"%PDF"));
    world.services.data.lock().unwrap().full = true;
    let page = world.browser.post_files("/account/documents", &[("nonce", "n")], files).await;
    assert!(page.body.contains("kein Platz mehr"), "{}", page.body);
    let empty = ("file", &[("", "")][..]);
    let page = world.browser.post_files("/account/documents", &[("nonce", "n")], empty).await;
    assert!(page.body.contains("nicht leer"), "{}", page.body);
}

#[tokio::test]
async fn a_document_is_saved_and_never_shown_within_the_portal() {
    let mut world = signed_in().await;
    let page = world.browser.get(&format!("{}/file", here())).await;
    assert_eq!(page.body, "<script>alert(1)");
    assert!(page.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(page.headers["content-security-policy"], "default-src 'none'; sandbox");
}

#[tokio::test]
async fn the_link_of_a_shared_document_tells_whoever_opens_it_nothing() {
    let mut world = signed_in().await;
    let owners = world.browser.get(&format!("/account/shared/{GRANT}")).await;
    assert!(owners.body.contains("Hier gibt es nichts zu sehen"), "{}", owners.body);
    assert!(!owners.body.contains("Bescheid") && !owners.body.contains("Bauamt"));
    let mut stranger = world.stranger();
    let real = stranger.get(&format!("/account/shared/{GRANT}")).await;
    let made_up = stranger.get("/account/shared/dgr_00000000000000000000000000000099").await;
    assert_eq!((real.status, made_up.status), (owners.status, owners.status));
    assert_eq!(real.body.replace(GRANT, ""), made_up.body.replace(&GRANT.replace("01", "99"), ""));
}

#[tokio::test]
async fn a_document_is_shared_with_a_known_service_only_and_taken_back() {
    let mut world = signed_in().await;
    let page = world.browser.get(&here()).await;
    let link = format!("/account/shared/{GRANT}");
    for text in ["Bauamt &#60;b&#62;", &link, &"ab".repeat(32)] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    let form = |client: &'static str| {
        [
            ("action", "share"),
            ("nonce", "n"),
            ("client", client),
            ("purpose", "Bauantrag"),
            ("days", "7"),
            ("often", "once"),
        ]
    };
    let page = world.browser.post(&here(), &form("bauamt")).await;
    assert_eq!(page.location.as_deref(), Some(here().as_str()), "{}", page.body);
    let granted = world.services.data.lock().unwrap().granted.clone();
    assert_eq!(granted.len(), 1);
    assert_eq!((granted[0].client_id.as_str(), granted[0].many), ("bauamt", false));
    world.browser.get(&here()).await;
    let page = world.browser.post(&here(), &form("stranger")).await;
    assert_ne!(page.status, 303, "no service that the person never dealt with");
    world.browser.get(&here()).await;
    world.browser.post(&here(), &[("action", "revoke"), ("grant", GRANT)]).await;
    assert_eq!(world.services.data.lock().unwrap().revoked, [GRANT]);
    world.browser.get(&here()).await;
    let page = world.browser.post(&here(), &[("action", "delete")]).await;
    assert_eq!(page.location.as_deref(), Some("/account/documents"));
    assert_eq!(world.services.data.lock().unwrap().deleted, [DOCUMENT]);
}

#[tokio::test]
async fn what_does_not_apply_is_ticked_and_not_typed() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/edit").await;
    assert!(page.body.contains("name=\"none-birth_name\""), "{}", page.body);
    assert!(!page.body.contains("name=\"none-family_name\""), "everybody has one");
    let both = [("birth_name", "Gabler"), ("none-birth_name", "1")];
    let page = world.browser.post("/account/edit", &both).await;
    assert_eq!(page.status, 422, "both is an error");
    world.browser.post("/account/edit", &[("birth_name", ""), ("none-birth_name", "1")]).await;
    let set = world.services.data.lock().unwrap().set.clone();
    let [only] = &set[..] else { unreachable!("one is written") };
    assert_eq!((only.name.as_str(), only.not_applicable), ("birth_name", true));
}

/// The archive's files; their sizes stand behind them, because it is written while it is read.
fn unpacked(archive: &[u8]) -> std::collections::BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    let files = (0..zip.len()).map(|at| {
        let mut file = zip.by_index(at).unwrap();
        let mut content = String::new();
        std::io::Read::read_to_string(&mut file, &mut content).unwrap();
        (file.name().unwrap().into_owned(), content)
    });
    files.collect()
}

#[tokio::test]
async fn the_archive_holds_data_mandates_with_their_uses_documents_and_the_mailbox() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/export").await;
    assert!(page.body.contains("href=\"/account/export.zip\""), "{}", page.body);
    let page = world.browser.get("/account/export.zip").await;
    assert!(page.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let files = unpacked(&page.bytes);
    let document = "documents/001-Bescheid _b_.html";
    assert_eq!(files[document], "<script>alert(1)");
    assert_eq!(files["mailbox.zip"], "mailbox archive");
    assert!(files["account.json"].contains("siegel-account/1"));
    let mandates: serde_json::Value = serde_json::from_str(&files["mandates.json"]).unwrap();
    assert_eq!(mandates["given"][0]["uses"][0]["actor"], "aud_1", "{mandates}");
    assert_eq!(mandates["received"].as_array().unwrap().len(), 1);
    let index = &files["index.html"];
    assert!(
        index.contains("documents/001-Bescheid%20_b_.html\">Bescheid &lt;b&gt;.html"),
        "{index}"
    );
    let named: Vec<&str> = files.keys().map(String::as_str).collect();
    let all = ["account.json", document, "index.html", "log-in.json", "mailbox.zip"];
    assert_eq!(named, [&all[..], &["mandates.json", "organisations.json"]].concat());
}
