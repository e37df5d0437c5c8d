//! The `claims` parameter, scopes of attributes, verified claims: point 31.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::house::House;
use crate::person::Browser;
use crate::rp::{Request, Rp, Tokens};

cases! {
    claims_go_where_they_were_asked_for_and_nowhere_else = "oidcc-claims-essential";
    what_was_not_asked_for_is_not_released;
    an_essential_claim_that_is_missing_does_not_stop_the_log_in;
    a_value_that_the_claim_does_not_have_leaves_it_out;
    a_subject_asked_for_is_the_only_one_answered_for;
    the_scopes_of_attributes_are_answered_at_userinfo =
        "oidcc-scope-profile", "oidcc-scope-email", "oidcc-scope-address", "oidcc-scope-phone",
        "oidcc-scope-all";
    german_names_stand_beside_the_standard_ones;
    an_address_is_structured_and_one_line;
    every_attribute_says_its_level_and_source;
    a_malformed_claims_parameter_is_refused;
    verified_claims_say_framework_level_and_evidence;
    verified_claims_are_left_out_when_nothing_was_verified;
    a_verification_that_cannot_be_had_is_left_out;
    the_metadata_names_what_verified_claims_there_are;
}

/// What a person's log-in with this `claims` parameter tells: ID token and userinfo.
async fn told(
    rp: &Rp<'_>,
    person: &str,
    wish: &Value,
    change: impl Fn(Request) -> Request,
) -> anyhow::Result<(Value, Value)> {
    let request = change(rp.request()?.with("claims", &wish.to_string()));
    let tokens = rp.log_in(&request, person).await?;
    let userinfo = rp.userinfo(&tokens).await?.ok()?.json();
    Ok((tokens.claims()?, userinfo))
}

async fn claims_go_where_they_were_asked_for_and_nowhere_else(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let wish = json!({"id_token": {"family_name": null}, "userinfo": {"given_name":
        {"essential": true}, "name": {"essential": true}}});
    let (id_token, userinfo) = told(&rp, "heidi", &wish, |r| r).await?;
    ensure!(id_token["family_name"] == "Mustermann", "{id_token}");
    for name in ["given_name", "name"] {
        ensure!(id_token.get(name).is_none(), "{name} in {id_token}");
    }
    ensure!(userinfo["given_name"] == "heidi", "{userinfo}");
    ensure!(userinfo["name"] == "heidi Mustermann", "{userinfo}");
    ensure!(userinfo.get("family_name").is_none(), "{userinfo}");
    ensure!(userinfo["sub"] == id_token["sub"], "{userinfo}");
    Ok(())
}

async fn what_was_not_asked_for_is_not_released(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let (id_token, userinfo) = told(&rp, "heidi", &json!({}), |r| r).await?;
    for name in ["email", "family_name", "date_of_birth", "birthdate", "address", "phone_number"] {
        for place in [&id_token, &userinfo] {
            ensure!(place.get(name).is_none(), "{name} in {place}");
        }
    }
    Ok(())
}

async fn an_essential_claim_that_is_missing_does_not_stop_the_log_in(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let wish = json!({"userinfo": {"community_id": {"essential": true}, "zoneinfo":
        {"essential": true}, "family_name": null}});
    let (_, userinfo) = told(&rp, "heidi", &wish, |r| r).await?;
    ensure!(userinfo.get("community_id").is_none() && userinfo.get("zoneinfo").is_none());
    ensure!(userinfo["family_name"] == "Mustermann", "{userinfo}");
    Ok(())
}

async fn a_value_that_the_claim_does_not_have_leaves_it_out(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let wish = json!({"userinfo": {
        "family_name": {"value": "Musterfrau"},
        "given_name": {"values": ["max", "heidi"]},
        "city": {"values": ["Berlin", "Bonn"]}}});
    let (_, userinfo) = told(&rp, "heidi", &wish, |r| r).await?;
    ensure!(userinfo.get("family_name").is_none(), "{userinfo}");
    ensure!(userinfo["given_name"] == "heidi", "{userinfo}");
    ensure!(userinfo.get("city").is_none(), "{userinfo}");
    Ok(())
}

async fn a_subject_asked_for_is_the_only_one_answered_for(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let browser = Browser::new(house)?;
    let own = rp.log_in_with(&rp.request()?, &browser, "heidi").await?.claims()?;
    let wish = |sub: &str| json!({"id_token": {"sub": {"value": sub}}}).to_string();
    let same = rp.request()?.with("claims", &wish(own["sub"].as_str().unwrap_or_default()));
    let answer = rp.silently(&same.with("prompt", "none"), &browser).await?.fields()?;
    ensure!(answer.contains_key("code"), "{answer:?}");
    let other = rp.request()?.with("claims", &wish("somebody-else"));
    let silent = other.clone().with("prompt", "none");
    rp.told(rp.silently(&silent, &browser).await?, &silent, "login_required")?;
    let page = rp.silently(&other, &browser).await?.page()?;
    ensure!(page.is_login(), "went on as somebody else");
    Ok(())
}

async fn the_scopes_of_attributes_are_answered_at_userinfo(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let all = "openid profile email address phone";
    for (scope, claims) in [
        ("openid profile", &["name", "given_name", "family_name", "birthdate"][..]),
        ("openid email", &["email", "email_verified"]),
        ("openid address", &["address"]),
        ("openid phone", &["phone_number"]),
        (all, &["name", "email", "address", "phone_number"]),
    ] {
        let tokens = rp.log_in(&rp.request()?.with("scope", scope), "heidi").await?;
        let userinfo = rp.userinfo(&tokens).await?.ok()?.json();
        for name in claims {
            ensure!(userinfo.get(*name).is_some(), "{scope}: no {name} in {userinfo}");
        }
        for (name, of) in [("email", "email"), ("address", "address"), ("name", "profile")] {
            let asked = scope.split(' ').any(|s| s == of);
            ensure!(asked || userinfo.get(name).is_none(), "{scope}: {name} in {userinfo}");
        }
        if userinfo.get("email").is_some() {
            ensure!(userinfo["email"] == "heidi@people.example", "{userinfo}");
            ensure!(userinfo["email_verified"].is_boolean(), "{userinfo}");
        }
    }
    Ok(())
}

async fn german_names_stand_beside_the_standard_ones(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let wish = json!({"userinfo": {"date_of_birth": null, "birthdate": null, "telephone": null,
        "phone_number": null, "zip_code": null, "city": null}});
    let (_, userinfo) = told(&rp, "heidi", &wish, |r| r).await?;
    ensure!(userinfo["date_of_birth"] == "1964-08-12", "{userinfo}");
    ensure!(userinfo["birthdate"] == "1964-08-12", "{userinfo}");
    ensure!(userinfo["telephone"] == userinfo["phone_number"], "{userinfo}");
    ensure!(userinfo["zip_code"] == "51147" && userinfo["city"] == "Köln", "{userinfo}");
    Ok(())
}

async fn an_address_is_structured_and_one_line(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let wish = json!({"userinfo": {"address": null, "address_line": null}});
    let (_, userinfo) = told(&rp, "heidi", &wish, |r| r).await?;
    let address = &userinfo["address"];
    for (name, value) in [
        ("street_address", "Heidestraße 17"),
        ("postal_code", "51147"),
        ("locality", "Köln"),
        ("country", "DE"),
    ] {
        ensure!(address[name] == value, "{name}: {userinfo}");
    }
    let line = address["formatted"].as_str().context("no formatted address")?;
    for part in ["Heidestraße 17", "51147", "Köln"] {
        ensure!(line.contains(part), "{line}");
    }
    ensure!(userinfo["address_line"] == line, "{userinfo}");
    Ok(())
}

async fn every_attribute_says_its_level_and_source(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let wish = json!({"userinfo": {"family_name": null, "email": null}});
    let (_, userinfo) = told(&rp, "heidi", &wish, |r| r).await?;
    for name in ["family_name", "email"] {
        let about = &userinfo["attribute_levels"][name];
        let level = about["level"].as_str().unwrap_or_default();
        ensure!(["basic", "low", "substantial", "high"].contains(&level), "{name}: {userinfo}");
        ensure!(about["source"].is_string(), "{name}: {userinfo}");
    }
    Ok(())
}

async fn a_malformed_claims_parameter_is_refused(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        for bad in ["{", "[]", "1", r#"{"userinfo": []}"#, r#"{"id_token": {"email": 1}}"#] {
            rp.refuses(&rp.request()?.with("claims", bad), "invalid_request").await?;
        }
    }
    Ok(())
}

fn verified(framework: &Value, level: &Value) -> Value {
    json!({"userinfo": {"verified_claims": {
        "verification": {"trust_framework": framework, "assurance_level": level, "time": null,
            "evidence": [{"type": {"value": "electronic_record"}}]},
        "claims": {"family_name": null, "birthdate": null, "date_of_birth": null}}}})
}

/// Userinfo after a log-in by card.
async fn with_card(house: &House, person: &str, wish: &Value) -> anyhow::Result<Value> {
    let rp = Rp::new(house, "reading")?;
    let request = rp.request()?.with("acr_values", "high").with("claims", &wish.to_string());
    let tokens: Tokens = rp.log_in(&request, person).await?;
    Ok(rp.userinfo(&tokens).await?.ok()?.json())
}

async fn verified_claims_say_framework_level_and_evidence(house: &House) -> anyhow::Result<()> {
    let wish = verified(&json!({"value": "eidas"}), &Value::Null);
    let userinfo = with_card(house, "ingrid", &wish).await?;
    let verified = &userinfo["verified_claims"];
    let verified = verified.as_array().and_then(|list| list.first()).unwrap_or(verified);
    let verification = &verified["verification"];
    ensure!(verification["trust_framework"] == "eidas", "{userinfo}");
    ensure!(verification["assurance_level"] == "high", "{userinfo}");
    ensure!(verification["time"].as_str().is_some_and(|t| t.contains('T')), "{userinfo}");
    let evidence = verification["evidence"].as_array().context("no evidence")?;
    ensure!(evidence.iter().all(|e| e["type"].is_string()) && !evidence.is_empty(), "{userinfo}");
    ensure!(verified["claims"]["family_name"].is_string(), "{userinfo}");
    ensure!(verified["claims"].get("email").is_none(), "{userinfo}");
    Ok(())
}

async fn verified_claims_are_left_out_when_nothing_was_verified(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "reading")?;
    let wish = verified(&json!({"value": "eidas"}), &Value::Null);
    let (id_token, userinfo) = told(&rp, "heidi", &wish, |r| r).await?;
    ensure!(userinfo.get("verified_claims").is_none(), "{userinfo}");
    ensure!(id_token.get("verified_claims").is_none(), "{id_token}");
    Ok(())
}

async fn a_verification_that_cannot_be_had_is_left_out(house: &House) -> anyhow::Result<()> {
    for wish in [
        verified(&json!({"value": "de_aml"}), &Value::Null),
        verified(&json!({"value": "eidas"}), &json!({"value": "ultimate"})),
        verified(&json!({"value": "eidas"}), &json!({"values": ["low", "none"]})),
    ] {
        let userinfo = with_card(house, "ingrid", &wish).await?;
        ensure!(userinfo.get("verified_claims").is_none(), "{wish}: {userinfo}");
        ensure!(userinfo.get("family_name").is_none(), "unverified instead: {userinfo}");
    }
    Ok(())
}

async fn the_metadata_names_what_verified_claims_there_are(house: &House) -> anyhow::Result<()> {
    let metadata = super::metadata(house).await?;
    ensure!(metadata["verified_claims_supported"] == true, "not advertised");
    ensure!(metadata["trust_frameworks_supported"] == json!(["eidas"]), "{metadata}");
    for list in ["evidence_supported", "claims_in_verified_claims_supported"] {
        ensure!(metadata[list].as_array().is_some_and(|l| !l.is_empty()), "{list}: {metadata}");
    }
    Ok(())
}
