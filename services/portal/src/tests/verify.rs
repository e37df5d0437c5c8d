use super::world::World;

async fn world() -> World {
    let mut world = World::new().await;
    assert_eq!(world.browser.get("/verify").await.status, 200, "nobody must sign in");
    world
}

#[tokio::test]
async fn a_genuine_receipt_holds_and_its_key_and_gaps_are_named() {
    let mut world = world().await;
    let receipt = world.services.receipt();
    let page = world.browser.upload("/verify", "receipt", &receipt).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("echt und unverändert"));
    assert!(page.body.contains(world.services.key.kid()));
    assert!(page.body.contains("Das ist nicht nachgewiesen"));
}

#[tokio::test]
async fn a_receipt_with_one_changed_character_does_not_hold() {
    let mut world = world().await;
    let receipt = world.services.receipt();
    let mut file: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    let jws = file["jws"].as_str().unwrap().to_owned();
    let signature = jws.rfind('.').unwrap() + 10;
    let other = if &jws[signature..=signature] == "A" { "B" } else { "A" };
    let mut bent = jws;
    bent.replace_range(signature..=signature, other);
    file["jws"] = bent.into();
    let page = world.browser.upload("/verify", "receipt", &file.to_string()).await;
    assert!(page.body.contains("hält der Prüfung nicht stand"), "{}", page.body);
    assert!(!page.body.contains("echt und unverändert"));
}

#[tokio::test]
async fn what_is_no_receipt_is_called_that_and_never_repeated() {
    let mut world = world().await;
    let page = world.browser.upload("/verify", "receipt", "<script>alert(1)</script>").await;
    assert!(page.body.contains("Die Datei ist kein JSON."));
    assert!(!page.body.contains("alert(1)"));
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_refused() {
    let mut world = world().await;
    let page = world.browser.upload("/verify", "receipt", &"x".repeat((256 << 10) + 1)).await;
    assert_eq!(page.status, 413);
    let page = world.browser.upload("/verify", "receipt", &"x".repeat(1 << 20)).await;
    assert_eq!(page.status, 413);
}

#[tokio::test]
async fn a_form_without_a_file_says_what_is_missing() {
    let mut world = world().await;
    let page = world.browser.upload("/verify", "receipt", "").await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("receipt-error"));
}

#[tokio::test]
async fn nothing_is_called_genuine_while_the_keys_are_out_of_reach() {
    let mut world = world().await;
    *world.services.down.lock().unwrap() = true;
    let receipt = world.services.receipt();
    let page = world.browser.upload("/verify", "receipt", &receipt).await;
    assert_eq!(page.status, 503);
    assert!(!page.body.contains("echt und unverändert"));
}

#[tokio::test]
async fn an_upload_without_its_token_is_refused() {
    let world = world().await;
    let receipt = world.services.receipt();
    let page = world.stranger().upload("/verify", "receipt", &receipt).await;
    assert_eq!(page.status, 403);
}
