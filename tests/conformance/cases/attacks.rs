//! Attacks that hit real products and touch no single point: 6, 11, 24 and 25.

use anyhow::{Context as _, ensure};

use crate::house::House;
use crate::person::{Browser, Person, credentials};
use crate::rp::{Fields, Rp, Tokens, fields};
use crate::trail::Trail;

cases! {
    nothing_is_good_for_what_it_was_not_made_for;
    offline_access_is_for_clients_that_may_and_people_who_agree;
    a_password_opens_nothing_but_the_log_in_page;
    guesses_are_counted_by_account_and_not_by_what_was_typed;
}

async fn nothing_is_good_for_what_it_was_not_made_for(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let request = rp.request()?;
    let browser = Browser::new(house)?;
    let tokens = rp.log_in_with(&request, &browser, "erika").await?;
    let pushing = Rp::new(house, "portal")?;
    let pushed = pushing.post("/par", pushing.request()?.fields).await?.ok()?.text("request_uri");
    let page = rp.silently(&rp.request()?, &Browser::new(house)?).await?.page()?;
    let interaction = page.url.path().rsplit('/').next().unwrap_or_default().to_owned();
    let id_token = tokens.id_token.clone().context("no id_token")?;
    let session = tokens.claims()?["sid"].as_str().unwrap_or_default().to_owned();
    for (what, text) in [
        ("a refresh token", tokens.refresh_token()?),
        ("an access token", &tokens.access),
        ("an ID token", &id_token),
        ("a pushed request", &pushed),
        ("a log-in under way", &interaction),
        ("a session's name", &session),
        ("a log-out hint", &id_token),
    ] {
        let as_code = rp.post("/token", rp.redemption(&request, text)).await?;
        as_code.refused("invalid_grant").with_context(|| format!("{what} as code"))?;
        if what != "a refresh token" {
            let as_refresh = rp.refresh(text, Fields::new()).await?;
            as_refresh.refused("invalid_grant").with_context(|| format!("{what} to refresh"))?;
        }
        if what != "an access token" {
            let disguised = Tokens { access: text.to_owned(), ..tokens.clone() };
            let refused = rp.userinfo(&disguised).await?;
            ensure!(refused.status == 401, "{what} as access token: {refused:?}");
        }
        let address = rp.handle_address(text)?;
        let page = Browser::new(house)?.open(&address).await?.page();
        let page = page.with_context(|| format!("{what} as pushed request"))?;
        ensure!(page.status == 400, "{what} as pushed request: {}", page.status);
    }
    let code = rp.code(&rp.request()?, "erika").await?;
    rp.refresh(&code, Fields::new())
        .await?
        .refused("invalid_grant")
        .context("a code to refresh")?;
    let disguised = Tokens { access: code, ..tokens.clone() };
    ensure!(rp.userinfo(&disguised).await?.status == 401, "a code as access token");
    // None of that hurt what was real.
    rp.userinfo(&tokens).await?.ok()?;
    Tokens::of(rp.refresh(tokens.refresh_token()?, Fields::new()).await?)?;
    trail.shows("identity.token.refused", "invalid_grant").await
}

async fn offline_access_is_for_clients_that_may_and_people_who_agree(
    house: &House,
) -> anyhow::Result<()> {
    // Not registered for it: what is granted is said, and nothing outlives the session.
    let brief = Rp::new(house, "brief")?;
    let request = brief.request()?.with("scope", "openid offline_access").with("prompt", "consent");
    let tokens = brief.log_in(&request, "erika").await?;
    ensure!(!tokens.reply.text("scope").contains("offline_access"), "{:?}", tokens.reply);
    ensure!(tokens.reply.text("scope") == "openid", "{:?}", tokens.reply);

    // Registered, and the person was not asked: not without a page.
    let rp = Rp::new(house, "post")?;
    let browser = Browser::new(house)?;
    rp.log_in_with(&rp.request()?, &browser, "offline").await?;
    let request = rp.request()?.with("scope", "openid offline_access").with("prompt", "none");
    let answer: Fields = rp.silently(&request, &browser).await?.answer()?.into_iter().collect();
    if let Some(code) = answer.get("code") {
        let tokens = Tokens::of(rp.post("/token", rp.redemption(&request, code)).await?)?;
        ensure!(!tokens.reply.text("scope").contains("offline_access"), "{:?}", tokens.reply);
    } else {
        let error = answer.get("error").map(String::as_str);
        ensure!(error == Some("consent_required"), "{answer:?}");
    }
    // Asked and agreed: it is granted.
    let request = rp.request()?.with("scope", "openid offline_access").with("prompt", "consent");
    let tokens = rp.log_in_with(&request, &browser, "offline").await?;
    ensure!(tokens.reply.text("scope").contains("offline_access"), "{:?}", tokens.reply);
    tokens.refresh_token()?;
    Ok(())
}

async fn a_password_opens_nothing_but_the_log_in_page(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let person = house.person("max")?;
    for id in ["basic", "portal", "native", "machine"] {
        let rp = Rp::new(house, id)?;
        for grant in [
            "password",
            "urn:openid:params:grant-type:ciba",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ] {
            let form = fields([
                ("grant_type", grant),
                ("username", &person.email),
                ("password", &person.password),
                ("scope", "openid"),
            ]);
            let refused = rp.post("/token", form).await?;
            refused.refused("unsupported_grant_type").with_context(|| format!("{id}, {grant}"))?;
        }
    }
    trail.shows("identity.token.refused", "unsupported_grant_type").await?;
    // The pages take no API's password either.
    let http = house.builder()?.build()?;
    let header = crate::rp::basic(&person.email, &person.password);
    let rp = Rp::new(house, "basic")?;
    let url = rp.address(&rp.request()?.with("prompt", "none")).await?;
    let answer = http.get(url).header("authorization", header).send().await?;
    let to = answer.headers().get("location").and_then(|v| v.to_str().ok()).unwrap_or_default();
    ensure!(to.contains("error=login_required"), "{to}");
    Ok(())
}

async fn guesses_are_counted_by_account_and_not_by_what_was_typed(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let known = house.person("geraten")?;
    let local = known.email.split('@').next().unwrap_or_default();
    // Every guess from a browser of its own, the name written another way each time.
    let spellings = [
        known.email.clone(),
        known.email.to_uppercase(),
        format!(" {} ", known.email),
        format!("{local}@PEOPLE.example"),
        known.email.clone(),
        known.email.to_uppercase(),
        format!(" {}", known.email),
        known.email.clone(),
        known.email.clone(),
        known.email.clone(),
    ];
    for (n, email) in spellings.into_iter().enumerate() {
        let guess = Person { email, password: format!("falsch geraten {n}"), ..known.clone() };
        let browser = Browser::new(house)?;
        let page = rp.silently(&rp.request()?, &browser).await?.page()?;
        let form = page.form(|f| f.controls.iter().any(|c| c.kind == "password"));
        let form = form.context("no log-in form")?;
        let page = browser.submit(&page, &form, &credentials(&form, &guess)).await?.page()?;
        ensure!(page.status >= 400, "a wrong password was taken");
    }
    // The right one now comes too late, whichever way it is written.
    let browser = Browser::new(house)?;
    let start = rp.silently(&rp.request()?, &browser).await?;
    let end = browser.walk(start, known).await?;
    let page = end.page().context("guessing cost nothing")?;
    ensure!(page.status >= 400, "{}", page.status);
    // Others are not held up by it.
    rp.log_in(&rp.request()?, "max").await?;
    Ok(())
}
