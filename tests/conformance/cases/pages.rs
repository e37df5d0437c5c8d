//! Pages in a browser without script: points 15, 16 and 19. What attacks them is in `hostile.rs`.

use anyhow::{Context as _, bail, ensure};
use http::header;

use crate::house::House;
use crate::person::{Browser, Landing, Page, credentials, text};
use crate::rp::Rp;

cases! {
    a_driver_that_knows_only_ids_logs_in_and_consents;
    a_posted_answer_works_without_script_by_a_button;
    every_page_keeps_out_frames_referrers_caches_and_inline_script;
    forms_lead_to_the_client_that_asks_and_nowhere_else;
    a_posted_credential_is_answered_by_303;
    the_pages_speak_german_and_english;
    logging_out_has_a_question_and_an_end;
}

/// Attributes of a form control with an id, as a driver finds them.
fn named<'p>(page: &'p Page, id: &str) -> anyhow::Result<&'p str> {
    let name = page.attribute(id, "name");
    name.with_context(|| format!("no control with id {id}: {}", text(&page.html)))
}

/// Fills the log-in form by the ids of its fields and presses its button.
pub async fn log_in_by_ids(
    browser: &Browser<'_>,
    page: &Page,
    email: &str,
    password: &str,
) -> anyhow::Result<Landing> {
    let (user, secret) = (named(page, "username")?, named(page, "password")?);
    ensure!(page.attribute("password", "type") == Some("password"), "the password is readable");
    let button = page.tag("submit").context("no button submit")?;
    ensure!(button.starts_with("button") || button.contains("type=\"submit\""), "{button}");
    ensure!(!button.contains("type=\"button\""), "{button}");
    let form = page.form(|f| f.has(user) && f.has(secret)).context("not one form")?;
    browser.submit(page, &form, &[(user, email), (secret, password)]).await
}

async fn a_driver_that_knows_only_ids_logs_in_and_consents(house: &House) -> anyhow::Result<()> {
    let person = house.person("konrad")?;
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        let browser = Browser::new(house)?;
        let request = rp.request()?.with("scope", "openid email");
        let page = rp.silently(&request, &browser).await?.page()?;
        let next = log_in_by_ids(&browser, &page, &person.email, &person.password).await?;
        let page = next.page()?;
        ensure!(page.is_consent(), "{}", text(&page.html));
        let (name, value) = (named(&page, "allow")?, page.attribute("allow", "value"));
        let answer = browser.press(&page, name, value.unwrap_or_default()).await?.fields()?;
        ensure!(answer.contains_key("code"), "{id}: {answer:?}");
    }
    Ok(())
}

/// The page as the provider sends it, without the browser noticing that it leads away.
async fn raw(rp: &Rp<'_>, browser: &Browser<'_>, address: &str) -> anyhow::Result<Page> {
    let url = rp.house.url_of(address)?;
    let sent = browser.http.get(url.clone()).header(header::ACCEPT, "text/html");
    let answer = sent.header(header::ACCEPT_LANGUAGE, "en").send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Page { url, status, headers, html: answer.text().await? })
}

/// The page of a request that is answered by a form; the session of the browser is enough.
async fn posted(rp: &Rp<'_>, browser: &Browser<'_>, state: &str) -> anyhow::Result<Page> {
    let request = rp.request()?.with("response_mode", "form_post").with("state", state);
    let mut page = raw(rp, browser, &rp.address(&request).await?).await?;
    for _ in 0..5 {
        let to = page.header("location").to_owned();
        if to.is_empty() {
            return Ok(page);
        }
        let to = page.url.join(&to)?;
        page = raw(rp, browser, to.as_str()).await?;
    }
    bail!("no page came")
}

/// What no page may show unescaped.
pub const NASTY: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'--";

async fn a_posted_answer_works_without_script_by_a_button(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        let browser = rp.entered("erika").await?;
        let page = posted(&rp, &browser, NASTY).await?;
        ensure!(page.status == 200, "{}", page.status);
        let form = page.form(|f| f.action == rp.redirect_uri).context("no form to the client")?;
        ensure!(form.method == "post", "{}", form.method);
        let fields = form.fill(&[]);
        let value = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        ensure!(value("state") == Some(NASTY), "{fields:?}");
        ensure!(value("iss") == Some(house.origin.as_str()), "{fields:?}");
        ensure!(value("code").is_some_and(|c| !c.is_empty()), "{fields:?}");
        ensure!(!page.html.contains("<script>"), "the state became markup");
        ensure!(page.tag("submit").is_some_and(|b| b.starts_with("button")), "no button");
        inert(&page)?;
        let leaves = sources(&page, "form-action");
        ensure!(leaves.contains(&house.world.url("")), "the form may not be sent: {leaves:?}");
    }
    Ok(())
}

/// The sources of one directive of the page's policy.
pub fn sources(page: &Page, directive: &str) -> Vec<String> {
    let policy = page.header("content-security-policy");
    let found = policy.split(';').map(str::trim).find_map(|d| d.strip_prefix(directive));
    found.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect()
}

/// That nothing can frame it, learn of it, keep it, or run in it.
pub fn inert(page: &Page) -> anyhow::Result<()> {
    let at = page.url.path();
    ensure!(sources(page, "frame-ancestors") == ["'none'"], "{at}: may be framed");
    ensure!(sources(page, "default-src") == ["'none'"], "{at}: loads from anywhere");
    ensure!(sources(page, "base-uri") == ["'none'"], "{at}: base-uri");
    for directive in ["script-src", "style-src"] {
        ensure!(sources(page, directive) == ["'self'"], "{at}: {directive}");
    }
    ensure!(page.header("referrer-policy") == "no-referrer", "{at}: referrer");
    ensure!(page.header("cache-control").contains("no-store"), "{at}: may be kept");
    ensure!(page.header("x-content-type-options") == "nosniff", "{at}: may be sniffed");
    ensure!(page.header("x-frame-options") == "DENY", "{at}: old browsers may frame it");
    let html = page.html.to_ascii_lowercase();
    let scripts = html.match_indices("<script").filter_map(|(i, _)| html.get(i..));
    for script in scripts {
        let tag = script.split('>').next().unwrap_or_default();
        ensure!(tag.contains(" src=\"/"), "{at}: inline script {tag}");
    }
    for forbidden in ["<style", " style=\"", "javascript:", "<iframe", "<object", "<base"] {
        ensure!(!html.contains(forbidden), "{at}: {forbidden}");
    }
    let handler = html.split('<').filter_map(|tag| tag.split('>').next()).find(|tag| {
        let words = tag.split('"').step_by(2).flat_map(str::split_ascii_whitespace);
        words.skip(1).any(|word| word.starts_with("on") && word.contains('='))
    });
    ensure!(handler.is_none(), "{at}: {handler:?}");
    Ok(())
}

/// One page of each kind.
async fn pages(house: &House) -> anyhow::Result<Vec<Page>> {
    let rp = Rp::new(house, "basic")?;
    let person = house.person("konrad")?;
    let browser = Browser::new(house)?;
    let request = rp.request()?.with("scope", "openid address").with("prompt", "consent");
    let login = rp.silently(&request, &browser).await?.page()?;
    let register = browser.open(&format!("{}/register", login.url.path())).await?.page()?;
    let wrong =
        log_in_by_ids(&browser, &login, "niemand@people.example", "falsch").await?.page()?;
    let consent = browser.enter(&login, person).await?.page()?;
    let high = rp.request()?.with("acr_values", "high");
    let step_up = rp.silently(&high, &browser).await?.page()?;
    let error = rp.request()?.with("client_id", "nobody");
    let error = rp.silently(&error, &browser).await?.page()?;
    let over = browser.open("/login/int_00000000000000000000000000000000").await?.page()?;
    let missing = browser.open("/login/no-such-page").await?.page()?;
    let logout = browser.open("/logout").await?.page()?;
    let gone = Browser::new(house)?.open("/logout").await?.page()?;
    let kinds = [
        (login.is_login(), "log-in"),
        (wrong.is_login(), "wrong password"),
        (consent.is_consent(), "consent"),
        (step_up.is_step_up(), "step-up"),
        (error.status == 400, "error"),
        (over.status >= 400, "over"),
    ];
    for (right, kind) in kinds {
        ensure!(right, "not the page meant: {kind}");
    }
    Ok(vec![login, register, wrong, consent, step_up, error, over, missing, logout, gone])
}

async fn every_page_keeps_out_frames_referrers_caches_and_inline_script(
    house: &House,
) -> anyhow::Result<()> {
    for page in pages(house).await? {
        inert(&page)?;
        let hsts = page.header("strict-transport-security");
        ensure!(hsts.contains("max-age="), "{}: no HSTS", page.url.path());
    }
    Ok(())
}

async fn forms_lead_to_the_client_that_asks_and_nowhere_else(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let page = rp.silently(&rp.request()?, &Browser::new(house)?).await?.page()?;
    let client = house.world.url("");
    ensure!(sources(&page, "form-action") == ["'self'", client.as_str()], "{:?}", page.headers);
    let error = rp.request()?.with("redirect_uri", "https://evil.example/cb");
    let error = rp.silently(&error, &Browser::new(house)?).await?.page()?;
    ensure!(sources(&error, "form-action") == ["'self'"], "{:?}", error.headers);
    Ok(())
}

async fn a_posted_credential_is_answered_by_303(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let page = rp.silently(&rp.request()?, &browser).await?.page()?;
    let form = page.form(|f| f.controls.iter().any(|c| c.kind == "password")).context("form")?;
    let mut url = page.url.join(&form.action)?;
    let mut body = Some(form.fill(&credentials(&form, house.person("erika")?)));
    loop {
        let sent = match body.take() {
            Some(pairs) => browser.http.post(url.clone()).form(&pairs),
            None => browser.http.get(url.clone()),
        };
        let answer = sent.header(header::ORIGIN, &house.origin).send().await?;
        ensure!(answer.status().as_u16() == 303, "{url}: {}", answer.status());
        let to = answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
        url = url.join(to.context("no address")?)?;
        if !url.as_str().starts_with(&house.origin) {
            return Ok(());
        }
    }
}

async fn the_pages_speak_german_and_english(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let mut texts = Vec::new();
    for lang in ["de", "en"] {
        let request = rp.request()?.with("ui_locales", lang);
        let page = rp.silently(&request, &Browser::new(house)?).await?.page()?;
        ensure!(page.html.contains(&format!("lang=\"{lang}\"")), "{lang}");
        ensure!(page.has_id("username") && page.has_id("password") && page.has_id("submit"));
        texts.push(text(&page.html));
    }
    ensure!(texts.first() != texts.last(), "one language only");
    Ok(())
}

async fn logging_out_has_a_question_and_an_end(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("erika").await?;
    let page = browser.open("/logout").await?.page()?;
    ensure!(page.has_id("logout") && page.has_id("stay"), "{}", text(&page.html));
    let button = page.tag("logout").context("no button")?.to_owned();
    let form = page.form(|f| f.method == "post" && f.has("csrf_token")).context("no form")?;
    ensure!(button.starts_with("button"), "{button}");
    let done = browser.submit(&page, &form, &[]).await?.page()?;
    ensure!(done.status == 200, "{}", done.status);
    inert(&done)?;
    let request = rp.request()?.with("prompt", "none");
    rp.told(rp.silently(&request, &browser).await?, &request, "login_required")
}
