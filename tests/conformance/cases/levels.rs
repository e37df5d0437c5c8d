//! Trust levels: points 25 to 27 and the rules of `docs/how-to/demand-a-level.md`. How a level ages
//! needs a clock that can be moved: see `POINTS.md`.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::house::House;
use crate::person::{Browser, Landing, Page, text};
use crate::rp::{Request, Rp, Tokens, payload};
use crate::trail::Trail;

cases! {
    the_levels_are_published_in_ascending_order;
    every_published_value_is_answered_in_its_own_words =
        "oidcc-ensure-request-with-acr-values-succeeds";
    the_published_list_sent_back_whole_demands_only_the_lowest;
    the_acr_is_what_was_achieved_and_not_what_was_asked;
    the_first_reachable_value_is_aimed_at_and_the_lowest_is_enough;
    a_card_reaches_the_level_that_a_password_does_not;
    a_value_nobody_can_reach_is_passed_over_in_favour_of_the_next;
    an_essential_level_out_of_reach_is_an_error_and_never_a_lower_level;
    the_lowest_value_is_a_floor_even_when_nothing_is_essential;
    giving_up_an_essential_step_up_is_told_as_unmet;
    unknown_values_are_ignored_down_to_the_minimum_of_the_client;
    the_minimum_of_a_client_holds_when_the_parameter_is_stripped;
    the_minimum_of_a_tenant_holds_for_its_clients;
    the_minimum_of_a_resource_holds_for_its_tokens;
    the_challenge_of_a_resource_server_is_honoured;
    a_step_up_says_why_and_offers_only_what_reaches_the_level;
    a_refused_level_is_in_the_audit_trail;
}

const ALIASES: [(&str, u8); 19] = [
    ("basic", 1),
    ("low", 2),
    ("substantial", 3),
    ("high", 4),
    ("STORK-QAA-Level-1", 1),
    ("STORK-QAA-Level-2", 2),
    ("STORK-QAA-Level-3", 3),
    ("STORK-QAA-Level-4", 4),
    ("http://eidas.europa.eu/LoA/low", 2),
    ("http://eidas.europa.eu/LoA/substantial", 3),
    ("http://eidas.europa.eu/LoA/high", 4),
    ("level1", 1),
    ("level2", 2),
    ("level3", 3),
    ("level4", 4),
    ("1", 1),
    ("2", 2),
    ("3", 3),
    ("4", 4),
];

fn level_of(alias: &str) -> Option<u8> {
    ALIASES.iter().find(|(name, _)| *name == alias).map(|(_, level)| *level)
}

async fn published(house: &House) -> anyhow::Result<Vec<String>> {
    let metadata = super::metadata(house).await?;
    let list = metadata["acr_values_supported"].as_array().context("no acr_values_supported")?;
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

async fn the_levels_are_published_in_ascending_order(house: &House) -> anyhow::Result<()> {
    let published = published(house).await?;
    ensure!(published.starts_with(&["basic", "low", "substantial", "high"].map(str::to_owned)));
    for (alias, _) in ALIASES {
        ensure!(published.iter().any(|p| p == alias), "{alias} is missing");
    }
    let aliases = published.iter().skip(4).map(|a| level_of(a).context("unknown value"));
    let aliases: Vec<u8> = aliases.collect::<anyhow::Result<_>>()?;
    ensure!(aliases.is_sorted(), "the aliases do not ascend: {published:?}");
    Ok(())
}

/// Claims of a log-in in this browser.
async fn claims(
    rp: &Rp<'_>,
    browser: &Browser<'_>,
    person: &str,
    change: impl Fn(Request) -> Request,
) -> anyhow::Result<Value> {
    rp.log_in_with(&change(rp.request()?), browser, person).await?.claims()
}

async fn every_published_value_is_answered_in_its_own_words(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("hoch").await?;
    for value in published(house).await? {
        let asked = |r: Request| r.with("acr_values", &value).with("prompt", "none");
        let told = claims(&rp, &browser, "hoch", asked).await?;
        ensure!(told["acr"] == value.as_str(), "asked {value}: {told}");
        ensure!(told["trust_level"] == 4, "{value}: {told}");
    }
    let told = claims(&rp, &browser, "hoch", |r| r).await?;
    ensure!(told["acr"] == "high" && told["trust_level"] == 4, "{told}");
    Ok(())
}

async fn the_published_list_sent_back_whole_demands_only_the_lowest(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let all = published(house).await?.join(" ");
    let page = rp.silently(&rp.request()?.with("acr_values", &all), &browser).await?.page()?;
    let answer = browser.enter(&page, house.person("erika")?).await?.fields()?;
    ensure!(answer.contains_key("code"), "{answer:?}");
    let told = claims(&rp, &browser, "erika", |r| r.with("acr_values", &all)).await?;
    ensure!(told["acr"] == "basic" && told["trust_level"] == 1, "{told}");
    Ok(())
}

async fn the_acr_is_what_was_achieved_and_not_what_was_asked(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    for (asked, told) in [
        ("level3 level1", "level1"),
        ("http://eidas.europa.eu/LoA/high STORK-QAA-Level-1", "STORK-QAA-Level-1"),
    ] {
        let browser = Browser::new(house)?;
        let request = rp.request()?.with("acr_values", asked);
        let start = rp.silently(&request, &browser).await?;
        let page = browser.walk_to(start, house.person("gustav")?, Page::is_step_up).await?;
        let answer = browser.press(&page, "method", "skip").await?.fields()?;
        let form = rp.redemption(&request, answer.get("code").context("no code")?);
        let claims = Tokens::of(rp.post("/token", form).await?)?.claims()?;
        ensure!(claims["acr"] == told && claims["trust_level"] == 1, "{asked}: {claims}");
    }
    Ok(())
}

async fn the_first_reachable_value_is_aimed_at_and_the_lowest_is_enough(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    // Aimed at the first: the card is offered and may be left out.
    let browser = Browser::new(house)?;
    let request = rp.request()?.with("acr_values", "substantial basic");
    let start = rp.silently(&request, &browser).await?;
    let page = browser.walk_to(start, house.person("gustav")?, Page::is_step_up).await?;
    ensure!(page.form(|f| f.offers("method", "skip")).is_some(), "no way past the card");
    // The other way round nothing is offered.
    let request = rp.request()?.with("acr_values", "basic substantial");
    let answer = rp.silently(&request, &browser).await?.fields()?;
    ensure!(answer.contains_key("code"), "{answer:?}");
    Ok(())
}

async fn a_card_reaches_the_level_that_a_password_does_not(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let told = claims(&rp, &browser, "karla", |r| r).await?;
    ensure!(told["acr"] == "basic" && told["trust_level"] == 1, "{told}");
    let asked = |r: Request| r.with("acr_values", "STORK-QAA-Level-4");
    let raised = claims(&rp, &browser, "karla", asked).await?;
    ensure!(raised["acr"] == "STORK-QAA-Level-4" && raised["trust_level"] == 4, "{raised}");
    ensure!(raised["sub"] == told["sub"] && raised["sid"] == told["sid"], "another session");
    let methods = raised["amr"].as_array().context("no amr")?;
    ensure!(methods.contains(&json!("sc")), "{raised}");
    let again = claims(&rp, &browser, "karla", |r| asked(r).with("prompt", "none")).await?;
    ensure!(again["trust_level"] == 4, "{again}");
    Ok(())
}

async fn a_value_nobody_can_reach_is_passed_over_in_favour_of_the_next(
    house: &House,
) -> anyhow::Result<()> {
    // Only passwords count for this client: the card is no way up.
    let rp = Rp::new(house, "password-only")?;
    let browser = Browser::new(house)?;
    let asked = |r: Request| r.with("acr_values", "high substantial basic");
    let page = rp.silently(&asked(rp.request()?), &browser).await?.page()?;
    let answer = browser.enter(&page, house.person("erika")?).await?.fields()?;
    ensure!(answer.contains_key("code"), "{answer:?}");
    let told = claims(&rp, &browser, "erika", asked).await?;
    ensure!(told["acr"] == "basic" && told["trust_level"] == 1, "{told}");
    Ok(())
}

fn essential(values: &[&str]) -> String {
    json!({"id_token": {"acr": {"essential": true, "values": values}}}).to_string()
}

/// The answer to a request after a log-in, as soon as the browser leaves the provider.
async fn after_log_in(rp: &Rp<'_>, request: &Request, person: &str) -> anyhow::Result<Landing> {
    let browser = Browser::new(rp.house)?;
    match rp.silently(request, &browser).await? {
        Landing::Page(page) if page.is_login() => {
            browser.enter(&page, rp.house.person(person)?).await
        }
        other => Ok(other),
    }
}

async fn an_essential_level_out_of_reach_is_an_error_and_never_a_lower_level(
    house: &House,
) -> anyhow::Result<()> {
    let unmet = "unmet_authentication_requirements";
    let rp = Rp::new(house, "password-only")?;
    for values in [&["high"][..], &["level4", "level3"]] {
        let request = rp.request()?.with("claims", &essential(values));
        rp.told(after_log_in(&rp, &request, "erika").await?, &request, unmet)?;
    }
    let basic = Rp::new(house, "basic")?;
    basic.refuses(&basic.request()?.with("claims", &essential(&["gold"])), unmet).await?;
    // Reachable, but not without a page.
    let browser = basic.entered("erika").await?;
    let request = basic.request()?.with("claims", &essential(&["high"])).with("prompt", "none");
    basic.told(basic.silently(&request, &browser).await?, &request, unmet)?;
    // Reached: it is an ordinary success.
    let browser = basic.entered("hoch").await?;
    let asked = |r: Request| r.with("claims", &essential(&["level4"]));
    let told = claims(&basic, &browser, "hoch", asked).await?;
    ensure!(told["acr"] == "level4", "{told}");
    Ok(())
}

async fn the_lowest_value_is_a_floor_even_when_nothing_is_essential(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "password-only")?;
    let request = rp.request()?.with("acr_values", "high substantial");
    let landing = after_log_in(&rp, &request, "erika").await?;
    rp.told(landing, &request, "unmet_authentication_requirements")
}

async fn giving_up_an_essential_step_up_is_told_as_unmet(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let person = house.person("gustav")?;
    let browser = Browser::new(house)?;
    let request = rp.request()?.with("claims", &essential(&["high"]));
    let start = rp.silently(&request, &browser).await?;
    let page = browser.walk_to(start, person, Page::is_step_up).await?;
    ensure!(page.form(|f| f.offers("method", "skip")).is_none(), "an essential level to skip");
    let landing = browser.cancel(&page).await?;
    rp.told(landing, &request, "unmet_authentication_requirements")
}

async fn unknown_values_are_ignored_down_to_the_minimum_of_the_client(
    house: &House,
) -> anyhow::Result<()> {
    let basic = Rp::new(house, "basic")?;
    let browser = basic.entered("erika").await?;
    for values in ["gold", "urn:example:gold 9 LEVEL3", "gold level1"] {
        let told = claims(&basic, &browser, "erika", |r| r.with("acr_values", values)).await?;
        ensure!(told["trust_level"] == 1, "{values}: {told}");
    }
    let demanding = Rp::new(house, "demanding")?;
    let request = demanding.request()?.with("acr_values", "gold");
    let page = after_log_in(&demanding, &request, "erika").await?.page()?;
    ensure!(page.is_step_up(), "{}", text(&page.html));
    Ok(())
}

/// That a basic session goes no further and a high one does.
async fn holds(rp: &Rp<'_>, request: &Request) -> anyhow::Result<()> {
    let person = rp.house.person("gustav")?;
    let browser = Browser::new(rp.house)?;
    let start = rp.silently(request, &browser).await?;
    let page = browser.walk_to(start, person, Page::is_step_up).await?;
    ensure!(page.form(|f| f.offers("method", "skip")).is_none(), "the level can be skipped");
    // Neither by the address of another page nor by saying that it is enough.
    let base = page.url.path().trim_end_matches("/step-up").to_owned();
    for path in ["", "?enough=1", "/consent", "/consent?enough=1", "/step-up?enough=1"] {
        let landing = browser.open(&format!("{base}{path}")).await?;
        let again = landing.page().with_context(|| format!("{path} left the provider"))?;
        ensure!(again.is_step_up(), "{path}: {}", text(&again.html));
    }
    let tokens = rp.log_in(request, "hoch").await?;
    if tokens.id_token.is_some() {
        ensure!(tokens.claims()?["trust_level"] == 4);
    }
    Ok(())
}

async fn the_minimum_of_a_client_holds_when_the_parameter_is_stripped(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "demanding")?;
    holds(&rp, &rp.request()?).await?;
    holds(&rp, &rp.request()?.with("acr_values", "basic")).await?;
    let silent = rp.request()?.with("prompt", "none");
    let browser = Browser::new(house)?;
    let page = rp.silently(&rp.request()?, &browser).await?.page()?;
    browser.enter(&page, house.person("gustav")?).await?.page()?;
    rp.told(rp.silently(&silent, &browser).await?, &silent, "interaction_required")
}

async fn the_minimum_of_a_tenant_holds_for_its_clients(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "strict")?;
    holds(&rp, &rp.request()?).await
}

async fn the_minimum_of_a_resource_holds_for_its_tokens(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "api")?;
    let request = rp.request()?.with("scope", "openid organisation.read");
    holds(&rp, &request.with("resource", "urn:siegel:organisation")).await?;
    // The others do not suffer from it, and a refresh does not get around it.
    let wide = rp.request()?.with("scope", "openid account.read");
    let tokens = rp.log_in(&wide, "gustav").await?;
    ensure!(payload(&tokens.access)?["aud"] != "urn:siegel:organisation");
    Ok(())
}

/// RFC 9470 §4: what a challenge names comes back as `acr_values` and `max_age`.
async fn the_challenge_of_a_resource_server_is_honoured(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let before = claims(&rp, &browser, "ludwig", |r| r).await?;
    ensure!(before["trust_level"] == 1, "{before}");
    let challenged = |r: Request| r.with("acr_values", "high").with("max_age", "0");
    let request = challenged(rp.request()?.with("scope", "openid account.read"));
    let tokens = rp.log_in_with(&request, &browser, "ludwig").await?;
    let (told, access) = (tokens.claims()?, payload(&tokens.access)?);
    ensure!(told["acr"] == "high" && told["auth_time"].is_i64(), "{told}");
    ensure!(access["acr"] == "high" && access["auth_time"] == told["auth_time"], "{access}");
    Ok(())
}

async fn a_step_up_says_why_and_offers_only_what_reaches_the_level(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "demanding")?;
    let page = after_log_in(&rp, &rp.request()?, "gustav").await?.page()?;
    let said = text(&page.html);
    ensure!(page.is_step_up() && page.html.contains("Portal demanding"), "{said}");
    ensure!(page.html.contains("assurance"), "no word on the level: {said}");
    let no_password = page.form(|f| f.controls.iter().any(|c| c.kind == "password")).is_none();
    ensure!(no_password && page.form(|f| f.offers("method", "pwd")).is_none(), "{said}");
    ensure!(page.form(|f| f.offers("method", "eid")).is_some(), "no card: {said}");
    Ok(())
}

async fn a_refused_level_is_in_the_audit_trail(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "password-only")?;
    let request = rp.request()?.with("claims", &essential(&["high"]));
    let unmet = "unmet_authentication_requirements";
    rp.told(after_log_in(&rp, &request, "erika").await?, &request, unmet)?;
    trail.shows("identity.authorization.refused", unmet).await
}
