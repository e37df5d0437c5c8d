//! Second factors, passkeys and the ways back to an account: point 66, attacks 20 to 23.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use totp_rs::{Builder, Secret, Totp};

use crate::authenticator::{PRESENT, Passkey};
use crate::house::House;
use crate::person::{Browser, Landing, Page, text};
use crate::rp::{Request, Rp, Tokens, now};
use crate::trail::Trail;

cases! {
    a_one_time_code_raises_the_level_once;
    an_unfinished_one_time_code_proves_nothing;
    guessed_one_time_codes_are_counted_over_all_sessions;
    a_passkey_logs_its_owner_in;
    a_passkey_that_verified_nobody_is_worth_no_more_than_a_password;
    a_bent_passkey_answer_is_refused;
    a_forgotten_password_comes_back_at_the_lowest_level;
    a_recovery_code_works_once_at_the_lowest_level;
}

const CREDENTIALS: &str = "/login/credentials";

/// A browser in which this person is logged in by password.
async fn entered<'h>(rp: &Rp<'h>, name: &str) -> anyhow::Result<Browser<'h>> {
    let browser = Browser::new(rp.house)?;
    rp.log_in_with(&rp.request()?, &browser, name).await?;
    Ok(browser)
}

/// Sends the form that leads to `action`, filled so.
async fn send(
    browser: &Browser<'_>,
    page: &Page,
    action: &str,
    given: &[(&str, &str)],
) -> anyhow::Result<Landing> {
    let form = page.form(|f| f.action.split('?').next().unwrap_or_default().ends_with(action));
    let form = form.with_context(|| format!("no form {action} on {}", page.url))?;
    browser.submit(page, &form, given).await
}

/// The text of the first element of this kind.
fn inner<'p>(page: &'p Page, tag: &str) -> Option<&'p str> {
    let (_, rest) = page.html.split_once(&format!("<{tag}>"))?;
    rest.split_once(&format!("</{tag}>")).map(|(text, _)| text)
}

/// The generator a page shows.
fn generator(page: &Page) -> anyhow::Result<Totp> {
    let shown = inner(page, "code").with_context(|| format!("no secret: {}", text(&page.html)))?;
    let secret: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
    let secret = Secret::try_from_base32(secret).ok().context("the secret is not Base32")?;
    Ok(Builder::new().with_secret(secret).with_account_name("x").build_noncompliant())
}

/// Its code, this many steps from now.
fn code(generator: &Totp, steps: i64) -> String {
    let at = now().as_seconds() + 30 * steps;
    generator.generate(u64::try_from(at).unwrap_or_default()).to_string()
}

/// Begins to add a generator; the page that shows it.
async fn begin_totp(browser: &Browser<'_>) -> anyhow::Result<Page> {
    let page = browser.open(CREDENTIALS).await?.page()?;
    let landing = send(browser, &page, "/login/credentials/totp", &[]).await?;
    landing.page()
}

/// Adds a generator with the code of the step before this one, so that others are left.
async fn add_totp(browser: &Browser<'_>) -> anyhow::Result<Totp> {
    let page = begin_totp(browser).await?;
    let made = generator(&page)?;
    let given = [("code", code(&made, -1)), ("label", "Telefon".to_owned())];
    let given: Vec<(&str, &str)> = given.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let page = send(browser, &page, "/totp/confirm", &given).await?.page()?;
    ensure!(page.status == 200 && page.html.contains("Telefon"), "{}", text(&page.html));
    Ok(made)
}

/// A request that needs level low, essential.
fn low(rp: &Rp<'_>) -> anyhow::Result<Request> {
    let claims = r#"{"id_token":{"acr":{"essential":true,"value":"low"}}}"#;
    Ok(rp.request()?.with("claims", claims))
}

/// The page of the request that asks for a one-time code.
async fn totp_page(browser: &Browser<'_>, rp: &Rp<'_>, request: &Request) -> anyhow::Result<Page> {
    let page = rp.silently(request, browser).await?.page()?;
    let base = page.url.path().trim_end_matches("/step-up").to_owned();
    browser.open(&format!("{base}/totp")).await?.page()
}

async fn finish(
    browser: &Browser<'_>,
    rp: &Rp<'_>,
    request: &Request,
    landing: Landing,
) -> anyhow::Result<Tokens> {
    let nobody = rp.house.person("erika")?;
    let answer = match landing {
        Landing::Page(page) if page.is_login() => {
            anyhow::bail!("it asks for a password: {}", text(&page.html))
        }
        landing => browser.walk(landing, nobody).await?.answer()?,
    };
    let code = answer.into_iter().find(|(name, _)| name == "code").context("no code")?.1;
    Tokens::of(rp.post("/token", rp.redemption(request, &code)).await?)
}

async fn a_one_time_code_raises_the_level_once(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = entered(&rp, "otto").await?;
    let made = add_totp(&browser).await?;
    let request = low(&rp)?;
    let page = totp_page(&browser, &rp, &request).await?;
    let used = code(&made, 0);
    let landing = send(&browser, &page, "/totp", &[("code", &used)]).await?;
    let claims = finish(&browser, &rp, &request, landing).await?.claims()?;
    ensure!(claims["trust_level"] == 2 && claims["acr"] == "low", "{claims}");
    let amr = claims["amr"].as_array().cloned().unwrap_or_default();
    for method in ["pwd", "otp", "mfa"] {
        ensure!(amr.iter().any(|m| m == method), "{claims}");
    }
    // The same code in another session, at the other replica as well.
    for _ in 0..2 {
        let other = entered(&rp, "otto").await?;
        let page = totp_page(&other, &rp, &low(&rp)?).await?;
        let again = send(&other, &page, "/totp", &[("code", &used)]).await?.page()?;
        ensure!(again.has_id("code") || again.status >= 400, "it was taken twice");
    }
    // The one of the next step is still good.
    let other = entered(&rp, "otto").await?;
    let request = low(&rp)?;
    let page = totp_page(&other, &rp, &request).await?;
    let landing = send(&other, &page, "/totp", &[("code", &code(&made, 1))]).await?;
    let claims = finish(&other, &rp, &request, landing).await?.claims()?;
    ensure!(claims["trust_level"] == 2, "{claims}");
    Ok(())
}

async fn an_unfinished_one_time_code_proves_nothing(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = entered(&rp, "uwe").await?;
    let pending = generator(&begin_totp(&browser).await?)?;
    let request = low(&rp)?;
    let page = rp.silently(&request, &browser).await?.page()?;
    ensure!(!page.html.contains("/totp"), "it is offered: {}", text(&page.html));
    let page = totp_page(&browser, &rp, &request).await?;
    if page.form(|f| f.action.ends_with("/totp")).is_some() {
        let given = [("code", code(&pending, 0))];
        let given: Vec<(&str, &str)> = given.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let after = send(&browser, &page, "/totp", &given).await?.page()?;
        ensure!(after.url.path().starts_with("/login/"), "{}", after.url);
    }
    let silent = low(&rp)?.with("prompt", "none");
    let answer = rp.silently(&silent, &browser).await?.answer()?;
    ensure!(answer.iter().all(|(name, _)| name != "code"), "the level was reached: {answer:?}");
    Ok(())
}

async fn guessed_one_time_codes_are_counted_over_all_sessions(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = entered(&rp, "ottilie").await?;
    let made = add_totp(&browser).await?;
    let good = code(&made, 0);
    let wrong = if good == "000000" { "111111" } else { "000000" };
    for _ in 0..5 {
        let session = entered(&rp, "ottilie").await?;
        let page = totp_page(&session, &rp, &low(&rp)?).await?;
        let page = send(&session, &page, "/totp", &[("code", wrong)]).await?.page()?;
        ensure!(page.url.path().ends_with("/totp"), "a guess was taken: {}", page.url);
    }
    let session = entered(&rp, "ottilie").await?;
    let page = totp_page(&session, &rp, &low(&rp)?).await?;
    let late = send(&session, &page, "/totp", &[("code", &good)]).await?.page()?;
    ensure!(late.status == 429, "guessing cost nothing: {} {}", late.status, text(&late.html));
    Ok(())
}

/// What a passkey page asks of the browser.
fn options(page: &Page) -> anyhow::Result<Value> {
    let (_, rest) = page.html.split_once("data-options=\"").context("no passkey is asked for")?;
    let (text, _) = rest.split_once('"').context("cut off")?;
    let text = text.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let text = text.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&");
    let all: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
    Ok(all.get("publicKey").cloned().unwrap_or(all))
}

/// Adds a passkey to the account of the session.
async fn add_passkey(browser: &Browser<'_>, passkey: &mut Passkey) -> anyhow::Result<Page> {
    let page = browser.open("/login/credentials/passkey").await?.page()?;
    let given = [("label", "Schlüssel")];
    let page = send(browser, &page, "/login/credentials/passkey", &given).await?.page()?;
    let answer = passkey.create(&options(&page)?)?;
    send(browser, &page, "/passkey/confirm", &[("credential", &answer)]).await?.page()
}

/// Begins a log-in by passkey; the page that asks for it.
async fn ask(browser: &Browser<'_>, rp: &Rp<'_>, request: &Request) -> anyhow::Result<Page> {
    let page = rp.silently(request, browser).await?.page()?;
    send(browser, &page, "/passkey/start", &[]).await?.page()
}

async fn a_passkey_logs_its_owner_in(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = entered(&rp, "paula").await?;
    let own = rp.log_in_with(&rp.request()?, &browser, "paula").await?.claims()?["sub"].clone();
    let mut passkey = Passkey::new(&house.origin)?;
    let page = add_passkey(&browser, &mut passkey).await?;
    ensure!(page.status == 200 && page.html.contains("Schlüssel"), "{}", text(&page.html));
    for _ in 0..2 {
        let fresh = Browser::new(house)?;
        let request = rp.request()?;
        let page = ask(&fresh, &rp, &request).await?;
        let answer = passkey.get(&options(&page)?)?;
        let landing = send(&fresh, &page, "/passkey", &[("credential", &answer)]).await?;
        let claims = finish(&fresh, &rp, &request, landing).await?.claims()?;
        ensure!(claims["sub"] == own && claims["trust_level"] == 2, "{claims}");
        let amr = claims["amr"].as_array().cloned().unwrap_or_default();
        ensure!(amr.iter().any(|m| m == "hwk"), "{claims}");
    }
    Ok(())
}

async fn a_passkey_that_verified_nobody_is_worth_no_more_than_a_password(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = entered(&rp, "paul").await?;
    let mut passkey = Passkey::new(&house.origin)?;
    add_passkey(&browser, &mut passkey).await?;
    passkey.flags = PRESENT;
    let fresh = Browser::new(house)?;
    let request = rp.request()?;
    let page = ask(&fresh, &rp, &request).await?;
    let answer = passkey.get(&options(&page)?)?;
    match send(&fresh, &page, "/passkey", &[("credential", &answer)]).await? {
        Landing::Page(page) if page.status >= 400 => {}
        landing => {
            let claims = finish(&fresh, &rp, &request, landing).await?.claims()?;
            ensure!(claims["trust_level"] == 1, "{claims}");
        }
    }
    Ok(())
}

async fn a_bent_passkey_answer_is_refused(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let browser = entered(&rp, "petra").await?;
    let mut passkey = Passkey::new(&house.origin)?;
    let made = add_passkey(&browser, &mut passkey).await?;
    ensure!(made.status == 200, "{}", text(&made.html));
    let bent = |change: &dyn Fn(&mut Passkey)| {
        let mut bent = passkey.clone();
        change(&mut bent);
        bent
    };
    let stranger = Passkey::new(&house.origin)?;
    for (what, mut other) in [
        ("another origin", bent(&|p| "https://localhost.evil.example".clone_into(&mut p.origin))),
        ("another port", bent(&|p| "https://localhost:1".clone_into(&mut p.origin))),
        ("no TLS", bent(&|p| p.origin = p.origin.replace("https", "http"))),
        ("another party", bent(&|p| "evil.example".clone_into(&mut p.rp_id))),
        ("nobody there", bent(&|p| p.flags = 0)),
        ("another key", passkey.forged()?),
        ("an unknown passkey", stranger),
    ] {
        let fresh = Browser::new(house)?;
        let page = ask(&fresh, &rp, &rp.request()?).await?;
        let answer = other.get(&options(&page)?)?;
        let page = send(&fresh, &page, "/passkey", &[("credential", &answer)]).await?.page()?;
        ensure!(page.status >= 400, "{what}: {}", text(&page.html));
    }
    // The answer to another challenge; the same answer twice; a counter that goes back.
    let first = Browser::new(house)?;
    let request = rp.request()?;
    let page = ask(&first, &rp, &request).await?;
    let answer = passkey.get(&options(&page)?)?;
    let second = Browser::new(house)?;
    let elsewhere = ask(&second, &rp, &rp.request()?).await?;
    let stolen = send(&second, &elsewhere, "/passkey", &[("credential", &answer)]).await?.page()?;
    ensure!(stolen.status >= 400, "another challenge: {}", text(&stolen.html));
    let landing = send(&first, &page, "/passkey", &[("credential", &answer)]).await?;
    finish(&first, &rp, &request, landing).await?;
    let third = Browser::new(house)?;
    let again = ask(&third, &rp, &rp.request()?).await?;
    let replayed = send(&third, &again, "/passkey", &[("credential", &answer)]).await?.page()?;
    ensure!(replayed.status >= 400, "twice: {}", text(&replayed.html));
    let fourth = Browser::new(house)?;
    let page = ask(&fourth, &rp, &rp.request()?).await?;
    passkey.counter = 0;
    let cloned = passkey.get(&options(&page)?)?;
    let page = send(&fourth, &page, "/passkey", &[("credential", &cloned)]).await?.page()?;
    ensure!(page.status >= 400, "a counter that went back: {}", text(&page.html));
    trail.shows("identity.login.refused", "PASSKEY_CLONED").await
}

/// The newest code in the mail to this address.
async fn mailed(house: &House, to: &str) -> anyhow::Result<String> {
    let url = house.url(&format!("/sandbox/mail.json?to={to}"));
    let search = async {
        loop {
            let answer = house.builder()?.build()?.get(&url).send().await?;
            let mails: Value = answer.json().await?;
            let newest = mails[0]["text"].as_str().unwrap_or_default();
            let digits = newest.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6);
            if let Some(code) = digits {
                return anyhow::Ok(code.to_owned());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(15), search).await;
    found.context("no mail came")?
}

async fn a_forgotten_password_comes_back_at_the_lowest_level(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let rita = house.person("rita")?;
    let before = rp.log_in(&rp.request()?, "rita").await?.claims()?;
    ensure!(before["trust_level"] == 4, "her password was worth it: {before}");
    let browser = Browser::new(house)?;
    let request = rp.request()?;
    let page = rp.silently(&request, &browser).await?.page()?;
    let reset = format!("{}/reset", page.url.path());
    let page = browser.open(&reset).await?.page()?;
    let page = send(&browser, &page, "/reset", &[("email", &rita.email)]).await?.page()?;
    let code = mailed(house, &rita.email).await?;
    let given = [("code", code.as_str()), ("password", "Ein ganz neues Kennwort 7")];
    let landing = send(&browser, &page, "/new-password", &given).await?;
    let after = finish(&browser, &rp, &request, landing).await?.claims()?;
    ensure!(after["sub"] == before["sub"] && after["trust_level"] == 1, "{after}");
    // The old one is gone.
    let old = Browser::new(house)?;
    let start = rp.silently(&rp.request()?, &old).await?;
    ensure!(old.walk(start, rita).await?.page()?.status >= 400, "the old password still works");
    Ok(())
}

async fn a_recovery_code_works_once_at_the_lowest_level(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let person = house.person("uwe")?;
    let browser = entered(&rp, "uwe").await?;
    let page = browser.open(CREDENTIALS).await?.page()?;
    let shown = send(&browser, &page, "/login/credentials/recovery", &[]).await?.page()?;
    let codes: Vec<&str> =
        shown.html.split("<code>").skip(1).filter_map(|part| part.split('<').next()).collect();
    ensure!(codes.len() == 10, "{} codes: {}", codes.len(), text(&shown.html));
    let first = codes.first().copied().unwrap_or_default();
    let fresh = Browser::new(house)?;
    let request = rp.request()?;
    let page = rp.silently(&request, &fresh).await?.page()?;
    let page = fresh.open(&format!("{}/recovery", page.url.path())).await?.page()?;
    let given = [("email", person.email.as_str()), ("code", first)];
    let landing = send(&fresh, &page, "/recovery", &given).await?;
    let claims = finish(&fresh, &rp, &request, landing).await?.claims()?;
    ensure!(claims["trust_level"] == 1, "{claims}");
    let again = Browser::new(house)?;
    let page = rp.silently(&rp.request()?, &again).await?.page()?;
    let page = again.open(&format!("{}/recovery", page.url.path())).await?.page()?;
    let page = send(&again, &page, "/recovery", &given).await?.page()?;
    ensure!(page.has_id("code") || page.status >= 400, "it worked twice");
    Ok(())
}
