//! The authorization endpoint: points 1 to 19.

use anyhow::ensure;

use crate::house::House;
use crate::person::{Browser, Landing};
use crate::rp::Rp;

cases! {
    a_log_in_gives_an_id_token_with_the_nonce = "oidcc-server", "oidcc-nonce-invalid";
    a_redirect_uri_is_compared_as_a_string = "oidcc-redirect-uri-query-mismatch";
}

async fn a_log_in_gives_an_id_token_with_the_nonce(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "portal", "fapi", "stock", "post"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let tokens = rp.log_in(&request, "erika").await?;
        let claims = tokens.claims()?;
        ensure!(claims["nonce"] == request.get("nonce"), "{id}: {claims}");
        ensure!(claims["iss"] == house.origin.as_str() && claims["aud"] == id, "{id}: {claims}");
    }
    Ok(())
}

async fn a_redirect_uri_is_compared_as_a_string(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let registered = rp.redirect_uri.clone();
    for bent in [
        format!("{registered}/"),
        format!("{registered}?x=1"),
        format!("{registered}#f"),
        registered.replace("/cb", "/CB"),
        registered.replace("/cb", "/a/../cb"),
        registered.replace("localhost", "LOCALHOST"),
        registered.replace("localhost", "127.0.0.1"),
        registered.replace("https://", "https://localhost@"),
        registered.replace("https://localhost", "https://localhost@a@evil.example"),
    ] {
        let request = rp.request()?.with("redirect_uri", &bent);
        let browser = Browser::new(house)?;
        match browser.open(&rp.address(&request).await?).await? {
            Landing::Page(page) => ensure!(page.status == 400, "{bent}: {}", page.status),
            other => anyhow::bail!("{bent}: left for {other:?}"),
        }
    }
    Ok(())
}
