//! What could be registered: points 4 and 32, attack 2.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::house::House;
use crate::rp::{Reply, fresh};
use crate::seed;
use crate::trail::Trail;

cases! {
    an_address_that_could_lead_elsewhere_cannot_be_registered = "oidcc-redirect-uri-regfrag";
    a_wildcard_cannot_be_registered;
    a_sector_lists_every_redirect_uri_of_its_clients =
        "oidcc-registration-sector-uri", "oidcc-registration-sector-bad";
    a_sector_elsewhere_is_not_fetched;
}

/// What dynamic registration says to this client.
async fn register(house: &House, client: &Value) -> anyhow::Result<Reply> {
    let call = house.builder()?.build()?.post(house.url("/register"));
    let call = call.bearer_auth(seed::REGISTRATION_TOKEN).json(client);
    Reply::of(call.send().await?).await
}

async fn with_address(house: &House, uri: &str) -> anyhow::Result<Reply> {
    register(house, &json!({"redirect_uris": [uri], "client_name": "Prüfling"})).await
}

async fn an_address_that_could_lead_elsewhere_cannot_be_registered(
    house: &House,
) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    for uri in [
        "https://portal.example/cb#fragment",
        "https://portal.example/cb#",
        "https://user@portal.example/cb",
        "https://user:secret@portal.example/cb",
        "https://portal.example/cb?code=x",
        "https://portal.example/cb?state=x",
        "https://portal.example/cb?iss=https://evil.example",
        "http://portal.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "/cb",
        "https://portal.example\\@evil.example/cb",
        "https://portal.example /cb",
        "",
    ] {
        let reply = with_address(house, uri).await?;
        reply.refused("invalid_redirect_uri").with_context(|| format!("{uri:?}"))?;
    }
    trail.shows("identity.registration.refused", "invalid_redirect_uri").await?;
    ensure!(with_address(house, "https://portal.example/cb?tenant=1").await?.status == 201);
    Ok(())
}

async fn a_wildcard_cannot_be_registered(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    for uri in [
        "https://portal.example*",
        "https://portal.example/*",
        "https://*.portal.example/cb",
        "https://*/cb",
        "*",
        "https://portal.example/cb?*",
    ] {
        let reply = with_address(house, uri).await?;
        reply.refused("invalid_redirect_uri").with_context(|| format!("{uri:?}"))?;
    }
    trail.shows("identity.registration.refused", "invalid_redirect_uri").await
}

async fn a_sector_lists_every_redirect_uri_of_its_clients(house: &House) -> anyhow::Result<()> {
    let path = format!("/sector/{}.json", fresh()?);
    let listed = [house.world.url("/one/cb"), house.world.url("/two/cb")];
    house.world.serve_json(&path, &json!(listed));
    let sector = house.world.url(&path);
    let ask = async |uris: Value| {
        let client = json!({"redirect_uris": uris, "sector_identifier_uri": sector});
        register(house, &client).await
    };
    let reply = ask(json!(listed)).await?;
    ensure!(reply.status == 201, "{}: {}", reply.status, reply.body);
    ensure!(!house.world.seen(&path).is_empty(), "the list was not looked at");
    let more = json!([house.world.url("/one/cb"), house.world.url("/three/cb")]);
    ask(more).await?.refused("invalid_client_metadata")?;
    for (status, body) in [(404, "[]"), (200, "{}"), (200, "x"), (200, "[]")] {
        house.world.serve(&path, status, "application/json", body);
        ask(json!(listed)).await?.refused("invalid_client_metadata")?;
    }
    house.world.redirect(&path, &house.world.url("/sector/real.json"));
    house.world.serve_json("/sector/real.json", &json!(listed));
    ask(json!(listed)).await?.refused("invalid_client_metadata")
}

async fn a_sector_elsewhere_is_not_fetched(house: &House) -> anyhow::Result<()> {
    for uri in [
        "http://localhost/sector.json",
        "https://169.254.169.254/sector.json",
        "https://[::ffff:127.0.0.1]/sector.json",
        "https://2130706433/sector.json",
        "https://10.0.0.1/sector.json",
        "file:///etc/passwd",
    ] {
        let client = json!({"redirect_uris": ["https://portal.example/cb"],
            "sector_identifier_uri": uri});
        let reply = register(house, &client).await?;
        reply.refused("invalid_client_metadata").with_context(|| uri.to_owned())?;
    }
    Ok(())
}
