use super::*;
use serde_json::json;
use siegel_kernel::TrustLevel::{Basic, High, Low, Substantial};

fn upstream() -> Upstream {
    serde_json::from_value(json!({
        "id": "land-b",
        "name": "Servicekonto Beispielland",
        "issuer": "https://b.example",
        "client_id": "land-a",
        "level_cap": "substantial",
        "acr_table": { "low": "low", "substantial": "substantial", "high": "high" },
        "acr_request": { "low": "low substantial", "high": "high" },
        "attributes": [
            { "claim": "given_name", "attribute": "given_name" },
            { "claim": "family_name", "attribute": "family_name" },
            { "claim": "birthdate", "attribute": "date_of_birth", "max_level": "low" },
            { "claim": "address.postal_code", "attribute": "zip_code" },
        ],
    }))
    .unwrap()
}

fn claims(value: &Value) -> Claims {
    value.as_object().unwrap().clone()
}

#[test]
fn a_level_comes_from_the_table_and_never_from_above_the_cap() {
    let upstream = upstream();
    assert_eq!(upstream.level_of(Some("low")), Low);
    assert_eq!(upstream.level_of(Some("substantial")), Substantial);
    assert_eq!(upstream.level_of(Some("high")), Substantial, "the cap");
    assert_eq!(upstream.level_of(Some("urn:unheard-of")), Basic);
    assert_eq!(upstream.level_of(Some("4")), Basic, "our own aliases mean nothing there");
    assert_eq!(upstream.level_of(None), Basic);
    assert_eq!(upstream.reach(), Substantial);
}

#[test]
fn the_default_is_capped_as_well() {
    let upstream = Upstream { level_cap: Basic, default_level: High, ..upstream() };
    assert_eq!((upstream.level_of(None), upstream.reach()), (Basic, Basic));
    assert_eq!(upstream.check(), Err(BadUpstream::Default("land-b".into())));
}

#[test]
fn a_needed_level_asks_for_the_lowest_values_that_suffice() {
    let upstream = upstream();
    assert_eq!(upstream.acr_values(Basic), None, "nothing is asked for that is not needed");
    assert_eq!(upstream.acr_values(Low), Some("low substantial"));
    assert_eq!(upstream.acr_values(Substantial), Some("high"));
}

#[test]
fn only_listed_claims_are_taken_each_at_its_level() {
    let upstream = upstream();
    let claims = claims(&json!({
        "given_name": "Erika",
        "family_name": "Muster\nmann",
        "birthdate": "1964-08-12",
        "address": { "postal_code": "12345", "locality": "Berlin" },
        "email": "erika@example.org",
        "telephone": "+49 30 123456",
    }));
    let taken = upstream.take(&claims, High);
    let got: Vec<_> = taken.iter().map(|t| (t.name.as_str(), t.value.as_str(), t.level)).collect();
    assert_eq!(
        got,
        [
            ("given_name", "Erika", Substantial),
            ("date_of_birth", "1964-08-12", Low),
            ("zip_code", "12345", Substantial),
        ],
        "a name with a line break is none"
    );
    assert!(upstream.take(&claims, Basic).iter().all(|t| t.level == Basic));
}

#[test]
fn a_holder_is_named_by_all_three_or_not_at_all() {
    let upstream = upstream();
    let full = json!({ "given_name": "ERIKA", "family_name": "Muster", "birthdate": "1964-08-12" });
    let found = holder(&upstream.take(&claims(&full), Low));
    assert_eq!(found.unwrap(), ["erika", "muster", "1964-08-12"].map(str::to_owned));
    let half = json!({ "given_name": "Erika", "family_name": "Muster" });
    assert_eq!(holder(&upstream.take(&claims(&half), Low)), None);
}

#[test]
fn an_upstream_is_offered_to_its_tenants_and_those_of_its_groups() {
    let group = |tenants: &[&str], upstreams: &[&str]| ConnectionGroup {
        id: "kreis".into(),
        tenants: tenants.iter().map(|&t| t.to_owned()).collect(),
        upstreams: upstreams.iter().map(|&u| u.to_owned()).collect(),
        single_sign_on: false,
    };
    let all = upstream();
    let some = Upstream { tenants: vec!["musterstadt".into()], ..upstream() };
    assert!(all.is_offered_to("anyone", &[]));
    assert!(some.is_offered_to("musterstadt", &[]) && !some.is_offered_to("anyone", &[]));
    let groups = [group(&["dorf"], &["land-b"])];
    assert!(all.is_offered_to("dorf", &groups) && !all.is_offered_to("anyone", &groups));
    assert!(some.is_offered_to("dorf", &groups) && some.is_offered_to("musterstadt", &groups));
    assert!(all.is_offered_to("anyone", &[group(&["dorf"], &["other"])]));
}

#[test]
fn registrations_that_would_do_harm_are_refused() {
    let refused = |change: &dyn Fn(&mut Upstream)| {
        let mut upstream = upstream();
        change(&mut upstream);
        upstream.check().unwrap_err()
    };
    assert!(upstream().check().is_ok());
    for id in ["", "Land", "a/b", "a:b", "ä"] {
        assert_eq!(refused(&|u| u.id = id.into()), BadUpstream::Id(id.into()));
    }
    for issuer in ["http://b.example", "https://b.example?x", "https://u@b.example", "b.example"] {
        assert_eq!(refused(&|u| u.issuer = issuer.into()), BadUpstream::Issuer("land-b".into()));
    }
    let rule = |attribute: &str| AttributeRule {
        claim: "x".into(),
        attribute: attribute.into(),
        max_level: High,
    };
    for attribute in ["email", "unheard_of"] {
        let refused = refused(&|u| u.attributes.push(rule(attribute)));
        assert_eq!(refused, BadUpstream::Attribute("land-b".into(), attribute.into()));
    }
    let twice = refused(&|u| u.attributes.push(rule("given_name")));
    assert_eq!(twice, BadUpstream::Twice("land-b".into(), "given_name".into()));
    assert!(matches!(refused(&|u| u.name = " ".into()), BadUpstream::Text(..)));
    assert!(matches!(refused(&|u| u.scopes.push("a b".into())), BadUpstream::Scope(..)));
}

#[test]
fn a_logo_is_an_https_address_or_a_small_picture() {
    for good in ["https://land.example/l.png", "data:image/svg+xml;base64,PHN2Zz4="] {
        assert!(is_logo(good), "{good}");
    }
    let long = format!("data:image/png;base64,{}", "A".repeat(LONGEST_LOGO));
    for bad in [
        "",
        "/l.png",
        "http://land.example/l.png",
        "javascript:alert(1)",
        "data:text/html;base64,PHA+",
        "data:image/png,x",
        "data:image/png;base64,\"x",
        &long,
    ] {
        assert!(!is_logo(bad), "{bad}");
    }
}
