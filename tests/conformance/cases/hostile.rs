//! Attacks on pages and forms: 19 and 30, and their relatives.

use anyhow::{Context as _, ensure};
use http::header;

use super::pages::{NASTY, inert, log_in_by_ids, sources};
use crate::house::House;
use crate::person::{Browser, Landing, Page, credentials, text};
use crate::rp::Rp;
use crate::trail::Trail;

cases! {
    cookies_are_bound_to_this_host_and_kept_from_scripts;
    a_form_of_another_origin_or_without_its_token_does_nothing;
    a_log_in_page_opens_in_one_browser_only;
    a_wrong_password_says_the_same_for_known_and_unknown_people;
    nothing_that_is_sent_becomes_markup;
    what_a_client_is_called_becomes_no_markup;
    the_next_step_cannot_be_called_before_its_time;
}

async fn cookies_are_bound_to_this_host_and_kept_from_scripts(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let page = rp.silently(&rp.request()?, &browser).await?.page()?;
    let form = page.form(|f| f.controls.iter().any(|c| c.kind == "password")).context("form")?;
    let sent =
        browser.http.post(page.url.join(&form.action)?).header(header::ORIGIN, &house.origin);
    let pairs = form.fill(&credentials(&form, house.person("erika")?));
    let answer = sent.form(&pairs).send().await?;
    let both = page.headers.get_all(header::SET_COOKIE).iter();
    let cookies: Vec<String> = both
        .chain(answer.headers().get_all(header::SET_COOKIE))
        .filter_map(|v| v.to_str().ok().map(str::to_owned))
        .collect();
    ensure!(cookies.iter().any(|c| c.contains("session=")), "no session cookie: {cookies:?}");
    for cookie in &cookies {
        let lower = cookie.to_ascii_lowercase();
        ensure!(cookie.starts_with("__Host-"), "{cookie}");
        for word in ["; secure", "; httponly", "; path=/", "; samesite="] {
            ensure!(lower.contains(word), "{cookie} without {word}");
        }
        ensure!(!lower.contains("samesite=none") && !lower.contains("domain="), "{cookie}");
    }
    Ok(())
}

async fn a_form_of_another_origin_or_without_its_token_does_nothing(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let page = rp.silently(&rp.request()?, &browser).await?.page()?;
    let form = page.form(|f| f.controls.iter().any(|c| c.kind == "password")).context("form")?;
    let url = page.url.join(&form.action)?;
    let pairs = form.fill(&credentials(&form, house.person("erika")?));
    let elsewhere = browser.http.post(url.clone()).header(header::ORIGIN, "https://evil.example");
    let elsewhere = elsewhere.header("sec-fetch-site", "cross-site").form(&pairs).send().await?;
    ensure!(elsewhere.status().as_u16() == 403, "another origin: {}", elsewhere.status());
    for (why, csrf) in [("no token", None), ("another token", Some("x"))] {
        let bent: Vec<_> = pairs.iter().filter(|(n, _)| n != "csrf_token").cloned().collect();
        let own = csrf.map(|c| ("csrf_token".to_owned(), c.to_owned()));
        let bent: Vec<_> = bent.into_iter().chain(own).collect();
        ensure!(bent != pairs, "the form has no token");
        let sent = browser.http.post(url.clone()).header(header::ORIGIN, &house.origin);
        let answer = sent.header("sec-fetch-site", "same-origin").form(&bent).send().await?;
        ensure!(answer.status().is_client_error(), "{why}: {}", answer.status());
    }
    Ok(())
}

async fn a_log_in_page_opens_in_one_browser_only(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let page = rp.silently(&rp.request()?, &Browser::new(house)?).await?.page()?;
    let stranger = Browser::new(house)?;
    let refused = stranger.open(page.url.as_str()).await?.page()?;
    ensure!(refused.status == 403 && !refused.is_login(), "{}", refused.status);
    let form = page.form(|f| f.controls.iter().any(|c| c.kind == "password")).context("form")?;
    let given = credentials(&form, house.person("erika")?);
    let sent = stranger.submit(&page, &form, &given).await?.page()?;
    ensure!(sent.status == 403, "{}", sent.status);
    Ok(())
}

async fn a_wrong_password_says_the_same_for_known_and_unknown_people(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let mut said = Vec::new();
    for email in ["konrad@people.example", "nobody@people.example"] {
        let browser = Browser::new(house)?;
        let page = rp.silently(&rp.request()?, &browser).await?.page()?;
        let page = log_in_by_ids(&browser, &page, email, "nicht das Kennwort").await?.page()?;
        ensure!(page.is_login() && !page.html.contains("nicht das Kennwort"), "{}", page.status);
        said.push((page.status, text(&page.html)));
    }
    ensure!(said.first() == said.last(), "{said:?}");
    Ok(())
}

async fn nothing_that_is_sent_becomes_markup(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let clean = |page: &Page, what: &str| -> anyhow::Result<()> {
        inert(page)?;
        for bad in ["<script>alert", "<img src=x", "onerror=alert(2)>"] {
            ensure!(!page.html.contains(bad), "{what} became markup");
        }
        Ok(())
    };
    for name in [
        "login_hint",
        "ui_locales",
        "state",
        "nonce",
        "display",
        "acr_values",
        "client_id",
        "redirect_uri",
        "request_uri",
        "scope",
        "response_type",
        "claims",
        "id_token_hint",
    ] {
        let request = rp.request()?.with(name, NASTY);
        if let Landing::Page(page) = rp.silently(&request, &Browser::new(house)?).await? {
            clean(&page, name)?;
        }
    }
    let browser = Browser::new(house)?;
    let page = rp.silently(&rp.request()?, &browser).await?.page()?;
    clean(&log_in_by_ids(&browser, &page, NASTY, NASTY).await?.page()?, "the name typed")?;
    for path in ["/logout?state=", "/logout?client_id=", "/authorize?error="] {
        let path = format!("{path}{}", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
        clean(&browser.open(&path).await?.page()?, &path)?;
    }
    Ok(())
}

/// The client of this case has markup for its name and purpose, and a logo that is a script.
async fn what_a_client_is_called_becomes_no_markup(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "scripted")?;
    let browser = Browser::new(house)?;
    let request = rp.request()?.with("scope", "openid profile").with("prompt", "consent");
    let login = rp.silently(&request, &browser).await?.page()?;
    let consent = browser.enter(&login, house.person("erika")?).await?.page()?;
    ensure!(consent.is_consent(), "{}", text(&consent.html));
    for page in [&login, &consent] {
        inert(page)?;
        ensure!(page.html.contains("&lt;script&gt;") || page.html.contains("&#60;script&#62;"));
        ensure!(!page.html.contains("<script>alert"), "the name became markup");
        ensure!(!page.html.contains("<img src=x"), "the purpose became markup");
        for source in sources(page, "img-src") {
            let known = ["'self'", "data:", "https://logos.example"].contains(&source.as_str());
            ensure!(known, "images from {source}");
        }
    }
    Ok(())
}

async fn the_next_step_cannot_be_called_before_its_time(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let request = rp.request()?.with("scope", "openid email").with("acr_values", "high");
    let login = rp.silently(&request, &browser).await?.page()?;
    let base = login.url.path().to_owned();
    let token = login.form(|f| f.has("csrf_token")).context("no token")?.fill(&[]);
    let csrf = token.iter().find(|(n, _)| n == "csrf_token").map(|(_, v)| v.as_str());
    let csrf = csrf.context("no token")?;
    let call = async |path: &str, name: &str, value: &str| {
        let form = siegel::outside::Form {
            action: format!("{base}{path}"),
            method: "post".to_owned(),
            controls: Vec::new(),
        };
        browser.submit(&login, &form, &[("csrf_token", csrf), (name, value)]).await
    };
    let steps = [
        ("/consent", "action", "allow"),
        ("/consent?enough=1", "action", "allow"),
        ("/step-up", "method", "skip"),
        ("?enough=1", "method", "skip"),
    ];
    for (path, name, value) in steps {
        let page = call(path, name, value).await?.page().context(path)?;
        ensure!(page.is_login() || page.status >= 400, "{path}: {}", text(&page.html));
    }
    // Halfway: the password alone does not open the page behind the card.
    let page = browser.enter(&login, house.person("gustav")?).await?.page()?;
    ensure!(page.is_step_up(), "{}", text(&page.html));
    for (path, name, value) in steps {
        let page = call(path, name, value).await?.page().context(path)?;
        ensure!(page.is_step_up() || page.status >= 400, "{path}: {}", text(&page.html));
    }
    // The way back from the card without having been there.
    for query in ["", "?eid_session=x&eid_ticket=y"] {
        let page = browser.open(&format!("{base}/eid{query}")).await?.page()?;
        ensure!(page.status >= 400, "back from no card: {}", page.status);
    }
    trail.shows("identity.step.refused", "access_denied").await
}
