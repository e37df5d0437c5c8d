//! Acting for somebody: organisations of the suite itself, from the page to the token and back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::house::House;
use crate::person::{Browser, Landing, Page};
use crate::reply::Reply;
use crate::rp::{Request, Rp, Tokens, fields, fresh, payload};
use crate::trail::Trail;

cases! {
    the_person_stays_the_subject_and_the_organisation_stands_beside;
    two_services_know_one_organisation_by_two_names;
    the_level_of_an_organisation_is_not_the_persons;
    whoever_may_act_for_nobody_gets_no_code_where_somebody_is_needed;
    a_party_of_somebody_else_cannot_be_chosen;
    without_a_page_nothing_is_chosen_for_anybody;
    a_client_without_acting_cannot_ask_for_it;
    a_refresh_keeps_the_represented_and_userinfo_says_the_same;
    a_right_that_ended_ends_the_tokens_within_a_second;
}

/// Founds an organisation for the person, as a client of theirs; its id.
async fn founded(house: &House, person: &str) -> anyhow::Result<String> {
    let rp = Rp::new(house, "acting")?;
    let request = rp
        .request()?
        .with("scope", "openid organisation.write")
        .with("acting_for", "self")
        .with("resource", "urn:siegel:organisation");
    let tokens = rp.log_in(&request, person).await?;
    let body = json!({
        "requestId": fresh()?, "name": "Conformance GmbH", "legalForm": "GmbH",
        "registerKind": "HRB", "registerCourt": "Schwerin", "registerNumber": "4711B",
    });
    let path = house.url("/v1/organisation/OrganisationService/CreateOrganisation");
    let call = rp.http()?.post(path).bearer_auth(&tokens.access).json(&body);
    let made = Reply::of(call.send().await?).await?.ok()?.json();
    let made = &made["organisation"];
    let id = made["organisationId"].as_str().or_else(|| made["organisation_id"].as_str());
    Ok(id.with_context(|| format!("no organisation: {made}"))?.to_owned())
}

fn is_choice(page: &Page) -> bool {
    page.form(|form| form.has("party")).is_some()
}

/// What the page offers beside the person themself.
fn offered(page: &Page) -> anyhow::Result<Vec<String>> {
    let form = page.form(|form| form.has("party")).context("no choice")?;
    let radios = form.controls.into_iter().filter(|c| c.name == "party" && c.value != "self");
    Ok(radios.map(|control| control.value).collect())
}

/// Logs in and chooses; the code's parameters.
async fn chosen(
    rp: &Rp<'_>,
    request: &Request,
    browser: &Browser<'_>,
    person: &str,
    party: Option<&str>,
) -> anyhow::Result<Landing> {
    let person = rp.house.person(person)?;
    let start = browser.open(&rp.address(request).await?).await?;
    let page = browser.walk_to(start, person, is_choice).await?;
    let first = offered(&page)?.pop();
    let party = party.map(str::to_owned).or(first).context("nobody to act for")?;
    let form = page.form(|form| form.has("party")).context("no choice")?;
    let next = browser.submit(&page, &form, &[("party", &party)]).await?;
    browser.walk(next, person).await
}

/// Tokens for whoever acts for the first organisation that is offered.
async fn acting(rp: &Rp<'_>, browser: &Browser<'_>, person: &str) -> anyhow::Result<Tokens> {
    let request = rp.request()?;
    let answer = chosen(rp, &request, browser, person, None).await?.fields()?;
    let code = answer.get("code").with_context(|| format!("no code: {answer:?}"))?;
    Tokens::of(rp.post("/token", rp.redemption(&request, code)).await?)
}

/// The claim about the represented, from both tokens.
fn represented(tokens: &Tokens) -> anyhow::Result<Value> {
    let (id, access) = (tokens.claims()?, payload(&tokens.access)?);
    ensure!(access["acting_for"]["sub"].is_string(), "{access}");
    for name in ["sub", "kind", "path_digest", "identification_level"] {
        let pair = (&id["acting_for"][name], &access["acting_for"][name]);
        ensure!(pair.0 == pair.1, "{name}: {pair:?}");
    }
    Ok(id["acting_for"].clone())
}

async fn the_person_stays_the_subject_and_the_organisation_stands_beside(
    house: &House,
) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let id = founded(house, "hoch").await?;
    let rp = Rp::new(house, "acting")?;
    let own = rp.log_in(&rp.request()?.with("acting_for", "self"), "hoch").await?.claims()?;
    let tokens = acting(&rp, &Browser::new(house)?, "hoch").await?;
    let told = represented(&tokens)?;
    ensure!(tokens.claims()?["sub"] == own["sub"], "the person is another subject");
    ensure!(own.get("acting_for").is_none(), "{own}");
    ensure!(told["kind"] == "organisation" && told["name"] == "Conformance GmbH", "{told}");
    ensure!(told["register_number"] == "4711B" && told.get("legal_form").is_none(), "{told}");
    for text in [&tokens.access, tokens.id_token.as_ref().context("no ID token")?] {
        ensure!(!payload(text)?.to_string().contains(&id), "the id left the house");
    }
    trail.shows("identity.acting.chosen", "done").await
}

async fn two_services_know_one_organisation_by_two_names(house: &House) -> anyhow::Result<()> {
    founded(house, "hoch").await?;
    let mut names = Vec::new();
    for client in ["acting", "acting-elsewhere"] {
        let rp = Rp::new(house, client)?;
        let told = represented(&acting(&rp, &Browser::new(house)?, "hoch").await?)?;
        names.push((told["sub"].clone(), told["path_digest"].clone()));
    }
    ensure!(names[0].0 != names[1].0 && names[0].1 != names[1].1, "{names:?}");
    Ok(())
}

async fn the_level_of_an_organisation_is_not_the_persons(house: &House) -> anyhow::Result<()> {
    founded(house, "hoch").await?;
    let rp = Rp::new(house, "acting")?;
    let tokens = acting(&rp, &Browser::new(house)?, "hoch").await?;
    let (claims, told) = (payload(&tokens.access)?, represented(&tokens)?);
    ensure!(claims["trust_level"] == 4, "{claims}");
    ensure!(told["identification_level"] != claims["trust_level"], "{told}");
    Ok(())
}

async fn whoever_may_act_for_nobody_gets_no_code_where_somebody_is_needed(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "representing")?;
    let (request, browser) = (rp.request()?, Browser::new(house)?);
    let start = browser.open(&rp.address(&request).await?).await?;
    let Landing::Page(page) = browser.walk(start, house.person("max")?).await? else {
        bail!("the client was answered");
    };
    ensure!(page.status == 403, "{}: {}", page.status, page.url);
    rp.refuses(&rp.request()?.with("acting_for", "self"), "invalid_request").await?;
    // For oneself where one need not act for anybody, and without a page.
    let rp = Rp::new(house, "acting")?;
    let claims = rp.log_in(&rp.request()?, "max").await?.claims()?;
    ensure!(claims.get("acting_for").is_none(), "{claims}");
    Ok(())
}

async fn a_party_of_somebody_else_cannot_be_chosen(house: &House) -> anyhow::Result<()> {
    founded(house, "hoch").await?;
    founded(house, "rita").await?;
    let rp = Rp::new(house, "acting")?;
    let foreign = represented(&acting(&rp, &Browser::new(house)?, "hoch").await?)?;
    let foreign = foreign["sub"].as_str().unwrap_or_default();
    let request = rp.request()?;
    let landing = chosen(&rp, &request, &Browser::new(house)?, "rita", Some(foreign)).await?;
    let page = landing.page()?;
    ensure!(page.status == 422 && is_choice(&page), "{}: {}", page.status, page.url);
    ensure!(!offered(&page)?.iter().any(|value| value == foreign), "it is offered");
    Ok(())
}

async fn without_a_page_nothing_is_chosen_for_anybody(house: &House) -> anyhow::Result<()> {
    founded(house, "hoch").await?;
    let (rp, browser) = (Rp::new(house, "acting")?, Browser::new(house)?);
    rp.log_in_with(&rp.request()?.with("acting_for", "self"), &browser, "hoch").await?;
    let silent = rp.request()?.with("prompt", "none");
    rp.told(rp.silently(&silent, &browser).await?, &silent, "interaction_required")?;
    let told = represented(&acting(&rp, &browser, "hoch").await?)?;
    let again = rp.request()?.with("prompt", "none");
    let answer = rp.silently(&again, &browser).await?.fields()?;
    let code = answer.get("code").with_context(|| format!("chosen before: {answer:?}"))?;
    let tokens = Tokens::of(rp.post("/token", rp.redemption(&again, code)).await?)?;
    ensure!(represented(&tokens)?["sub"] == told["sub"], "another one");
    let ask = silent.with("acting_for", "ask");
    rp.told(rp.silently(&ask, &browser).await?, &ask, "interaction_required")
}

async fn a_client_without_acting_cannot_ask_for_it(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    rp.refuses(&rp.request()?.with("acting_for", "ask"), "unauthorized_client").await?;
    let wish = json!({"id_token": {"acting_for": {"essential": true}}}).to_string();
    rp.refuses(&rp.request()?.with("claims", &wish), "unauthorized_client").await?;
    let bent = Rp::new(house, "acting")?;
    bent.refuses(&bent.request()?.with("acting_for", "org_1"), "invalid_request").await
}

async fn a_refresh_keeps_the_represented_and_userinfo_says_the_same(
    house: &House,
) -> anyhow::Result<()> {
    founded(house, "hoch").await?;
    let rp = Rp::new(house, "acting")?;
    let first = acting(&rp, &Browser::new(house)?, "hoch").await?;
    let told = represented(&first)?;
    let second = Tokens::of(rp.refresh(first.refresh_token()?, fields([])).await?)?;
    ensure!(represented(&second)?["sub"] == told["sub"]);
    let about = rp.userinfo(&second).await?.ok()?.json();
    ensure!(about["acting_for"] == told, "{about}");
    ensure!(rp.introspect(&second.access).await?["acting_for"]["sub"] == told["sub"]);
    Ok(())
}

async fn a_right_that_ended_ends_the_tokens_within_a_second(house: &House) -> anyhow::Result<()> {
    let id = founded(house, "hoch").await?;
    let rp = Rp::new(house, "acting")?;
    let tokens = acting(&rp, &Browser::new(house)?, "hoch").await?;
    rp.userinfo(&tokens).await?.ok()?;
    house.end_memberships(id.parse()?).await?;
    let ended = Instant::now();
    while rp.introspect(&tokens.access).await?["active"] == true {
        ensure!(ended.elapsed() < Duration::from_secs(1), "the token outlived the right");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ensure!(rp.userinfo(&tokens).await?.status == 401, "userinfo goes on");
    rp.refresh(tokens.refresh_token()?, fields([])).await?.refused("invalid_grant")
}
