use super::browser::Page;
use super::world::World;

async fn shown(world: &mut World) -> Page {
    let page = world.browser.get("/verify").await;
    assert_eq!(page.status, 200, "nobody must sign in");
    page
}

/// The address of the page's script.
fn script_of(page: &Page) -> String {
    let (_, rest) = page.body.split_once(r#"<script src=""#).unwrap();
    let (src, rest) = rest.split_once('"').unwrap();
    assert!(rest.starts_with(r#" type="module""#), "{rest}");
    src.to_owned()
}

#[tokio::test]
async fn the_page_brings_a_script_and_everything_it_imports() {
    let mut world = World::new().await;
    let first = script_of(&shown(&mut world).await);
    let folder = first.rsplit_once('/').unwrap().0.to_owned();
    let mut wanted = vec![first];
    let mut seen = Vec::new();
    while let Some(path) = wanted.pop() {
        let script = world.browser.get(&path).await;
        assert_eq!(script.status, 200, "{path}");
        assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");
        assert!(script.headers["cache-control"].to_str().unwrap().contains("immutable"));
        for (_, rest) in
            script.body.match_indices("from './").map(|(at, _)| script.body.split_at(at))
        {
            let name = rest.split('\'').nth(1).unwrap().trim_start_matches("./");
            let path = format!("{folder}/{name}");
            if !seen.contains(&path) {
                wanted.push(path);
            }
        }
        seen.push(path);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[tokio::test]
async fn the_page_lets_its_script_call_nobody_and_run_nothing_else() {
    let mut world = World::new().await;
    let page = shown(&mut world).await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"));
    assert!(!policy.contains("connect-src") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn no_receipt_is_ever_sent_here() {
    let mut world = World::new().await;
    let page = shown(&mut world).await;
    assert!(!page.body.contains(r#"action="/verify""#) && !page.body.contains("multipart"));
    assert_eq!(world.browser.post("/verify", &[("receipt", "x")]).await.status, 405);
}

#[tokio::test]
async fn without_script_the_page_says_how_to_verify() {
    let mut world = World::new().await;
    let page = shown(&mut world).await;
    assert!(page.body.contains("siegel receipt verify receipt.json --keys keys.json"));
    assert!(page.body.contains(r#"<form id="verify-form" hidden>"#), "the form needs the script");
    assert!(page.body.contains("Ihr Browser kann hier nicht prüfen"));
}

#[tokio::test]
async fn the_published_keys_come_with_the_page_as_text() {
    let mut world = World::new().await;
    let page = shown(&mut world).await;
    assert!(page.body.contains(world.services.key.kid()));
    let (_, keys) = page.body.split_once(r#"<template id="verify-keys">"#).unwrap();
    let keys = keys.split_once("</template>").unwrap().0;
    assert!(keys.starts_with('{') && !keys.contains(['<', '"']), "{keys}");
}

#[tokio::test]
async fn while_the_keys_are_out_of_reach_the_page_asks_for_a_key_file() {
    let mut world = World::new().await;
    *world.services.down.lock().unwrap() = true;
    let page = shown(&mut world).await;
    assert!(page.body.contains(r#"<template id="verify-keys"></template>"#));
}
