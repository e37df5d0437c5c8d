//! Somebody comes once, with the card and without an account. After the log-out every table of
//! every service, every object and the log of the program are searched for what the card said and
//! for every name the guest had.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use siegel::demo::ClientKeys;
use siegel::outside::{Browser, Client, Landing, Page, Tokens, forms};
use siegel_crypto::{KeySet, SigningKey, SystemEntropy, random_token};
use siegel_db::{Db, on};
use siegel_kernel::{AccountId, SessionId};
use siegel_oidc::dpop;

use crate::scan::{self, Planted};
use crate::world::World;

/// Log-outs are told and events numbered behind the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// No other journey reads this card.
const CARD: &str = "maximiliana";

/// What it says, where that is long enough to be found as nothing else.
const ON_THE_CARD: [&str; 6] = [
    "Maximiliana Theodora Wilhelmine Alexandrine Friederike",
    "Freifrau von und zu Hohenmuster-Beispielshausen",
    "Gräfin von der Langenbeispielburg zu Musterfelde",
    "Garmisch-Partenkirchen, Ortsteil Burgrain",
    "Bürgermeister-Doktor-Theodor-Musterberger-Promenade 128 Hinterhaus",
    "1951-11-09",
];

const REDIRECT: &str = "https://durchreise.example/zurueck";

pub async fn nothing_is_left_of_a_guest(world: &mut World) -> anyhow::Result<()> {
    let office = registers(world)?;
    let browser = Browser::new(&world.credentials.net(), Some(REDIRECT.to_owned()))?;
    let (client, tokens, claims) = comes(world, &office, &browser).await?;
    ensure!(claims.get("account_type") == Some(&json!("temporary")), "no guest: {claims}");
    let about = userinfo(&client, &tokens).await?.json::<Value>().await?;
    ensure!(about.to_string().contains("Hohenmuster"), "the card was not read: {about}");

    let mut planted = Planted::default();
    for value in ON_THE_CARD {
        planted.word(value);
    }
    planted.word(claims.get("sub").and_then(Value::as_str).context("no subject")?);
    let (session, guest) = guest_of(world, &office.client_id).await?;
    planted.account(guest);
    planted.id("the session's id", session.as_uuid());
    let found = scan::everywhere(world, &planted).await?;
    ensure!(!found.is_empty(), "the search finds nothing even before");
    let card = found.iter().find(|place| ON_THE_CARD.iter().any(|said| place.contains(said)));
    ensure!(card.is_none(), "what the card said stands in plain words: {card:?}");

    leaves(world, &browser).await?;
    let over = userinfo(&client, &tokens).await?.status();
    ensure!(over == StatusCode::UNAUTHORIZED, "the token outlives the session: {over}");
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = scan::everywhere(world, &planted).await?;
        if found.is_empty() {
            return Ok(());
        }
        ensure!(tokio::time::Instant::now() < until, "still there: {found:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// An office that takes guests.
fn registers(world: &World) -> anyhow::Result<ClientKeys> {
    let key = SigningKey::generate()?;
    let office = json!({
        "client_id": "durchreise",
        "name": "Amt für Durchreisende",
        "tenant": "musterstadt",
        "sector": "durchreise",
        "redirect_uris": [REDIRECT],
        "jwks": KeySet::new([key.public_jwk().clone()]).to_json(),
        "scopes": ["openid", "profile", "address"],
        "guests": true,
    });
    let file = world.suite.data().with_file_name("durchreise.json");
    std::fs::write(&file, office.to_string())?;
    let done = world.suite.admin()?.args(["clients", "put"]).arg(&file).output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(ClientKeys {
        client_id: "durchreise".into(),
        redirect_uri: Some(REDIRECT.into()),
        tenant: None,
        private_key_pem: key.to_pem().to_string(),
    })
}

/// Logs in as a guest, allows everything, and lets the office redeem the code.
async fn comes(
    world: &World,
    office: &ClientKeys,
    browser: &Browser,
) -> anyhow::Result<(Client, Tokens, Value)> {
    let (net, origin) = (world.credentials.net(), world.suite.origin());
    let client = Client::discover(&net, &origin, &office.client_id, office.key()?).await?;
    let ask = [("scope", "openid profile address"), ("ui_locales", "de")];
    let login = client.start(REDIRECT, &ask).await?;
    let mut landing = browser.open(&login.url).await?;
    for _ in 0..12 {
        let page = match landing {
            Landing::Returned(url) => {
                let (tokens, claims) = client.finish(&login, &url).await?;
                return Ok((client, tokens, claims));
            }
            Landing::Page(page) => page,
        };
        landing = answers(browser, &page).await?;
    }
    bail!("the log-in did not come to an end")
}

/// Does on one page what a guest would do.
async fn answers(browser: &Browser, page: &Page) -> anyhow::Result<Landing> {
    if let Some(form) = page.offering("method", "guest") {
        return browser.submit(page, &form, &[("method", "guest")]).await;
    }
    if let Some(form) = page.form(&["persona", "pin"]) {
        let given = [("persona", CARD), ("pin", "123456"), ("action", "identify")];
        return browser.submit(page, &form, &given).await;
    }
    if let Some(form) = page.offering("action", "allow") {
        let boxes = form.controls.iter().filter(|c| c.name == "claim");
        let mut given: Vec<(&str, &str)> = boxes.map(|c| ("claim", c.value.as_str())).collect();
        given.push(("action", "allow"));
        return browser.submit(page, &form, &given).await;
    }
    if page.refreshes {
        tokio::time::sleep(Duration::from_millis(300)).await;
        return browser.open(page.url.as_str()).await;
    }
    bail!("no guest expects this page: {} ({})", page.url.path(), page.status)
}

/// Logs out, although an account is offered.
async fn leaves(world: &World, browser: &Browser) -> anyhow::Result<()> {
    let page = browser.open(&format!("{}/logout", world.suite.origin())).await?.page()?;
    ensure!(page.html.contains("id=\"keep\""), "the guest is not known: {}", page.status);
    let way_out = forms(&page.html).into_iter().find(|form| form.action == "/login/logout");
    browser.submit(&page, &way_out.context("no way out")?, &[]).await?;
    Ok(())
}

/// What the office may know, with a proof of its key; a demanded nonce is answered once.
async fn userinfo(client: &Client, tokens: &Tokens) -> anyhow::Result<reqwest::Response> {
    let url = format!("{}/userinfo", client.metadata.issuer);
    let (token, mut nonce) = (tokens.access_token.as_str(), None);
    loop {
        let expected =
            dpop::Expected { method: "GET", url: &url, access_token: Some(token), jkt: None };
        let (id, now) = (random_token(&SystemEntropy::new())?, client.net.clock().now());
        let proof = dpop::prove(&client.dpop_key, &expected, nonce.as_deref(), id, now)?;
        let request = client.http.get(&url).header(header::AUTHORIZATION, format!("DPoP {token}"));
        let answer = request.header("DPoP", proof).send().await?;
        let told = answer.headers().get("dpop-nonce").and_then(|value| value.to_str().ok());
        let asked = answer.headers().get(header::WWW_AUTHENTICATE);
        let asked = asked.and_then(|value| value.to_str().ok()).unwrap_or_default();
        if nonce.is_some() || !asked.contains("use_dpop_nonce") {
            return Ok(answer);
        }
        nonce = told.map(str::to_owned);
        ensure!(nonce.is_some(), "a nonce is asked for and none is given");
    }
}

/// The session of the guest who is at this office, and what stands where an account would.
async fn guest_of(world: &World, client: &str) -> anyhow::Result<(SessionId, AccountId)> {
    const SQL: &str = "SELECT id, guest_id FROM guest_sessions WHERE client_id = $1";
    let db = Db::open(&world.suite.database("identity")?).await?;
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(client).fetch_one(c).await?))
}
