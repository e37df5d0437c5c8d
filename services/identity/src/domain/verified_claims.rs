//! `verified_claims` (OpenID Identity Assurance Schema 1.0, OpenID Connect for Identity Assurance
//! 1.0 §§5, 6): who vouches for an attribute, how sure, since when. Only what somebody else than
//! the person proved at one of the levels of Regulation (EU) 910/2014, Art. 8 goes in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::standard;

use super::outputs::Place;

/// The one trust framework we speak for.
pub const FRAMEWORK: &str = "eidas";
/// The one kind of evidence: a record that another system keeps and signed.
pub const EVIDENCE: &str = "electronic_record";

/// Claims that may be verified: what is read from identity cards, and what is made of it.
pub const CLAIMS: [&str; 16] = [
    "title",
    "given_name",
    "family_name",
    "birth_name",
    "date_of_birth",
    "place_of_birth",
    "nationality",
    "street_and_building",
    "zip_code",
    "city",
    "country",
    "document_type",
    "name",
    "birthdate",
    "address",
    "address_line",
];

/// Who proved an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prover {
    /// The online function of an identity card (`PAuswG` § 18).
    Eid,
    /// Another account that an administration runs or recognises.
    Upstream,
    /// A member of staff, from documents.
    Operator,
}

impl Prover {
    pub const ALL: [Self; 3] = [Self::Eid, Self::Upstream, Self::Operator];

    /// Kind of the electronic record.
    pub const fn record(self) -> &'static str {
        match self {
            Self::Eid => "eid",
            Self::Upstream => "account",
            Self::Operator => "authority_record",
        }
    }

    /// How it was checked (Identity Assurance, predefined check methods).
    pub const fn check_method(self) -> &'static str {
        match self {
            Self::Eid => "vcrypt",
            Self::Upstream => "auth",
            Self::Operator => "data",
        }
    }
}

/// An attribute with its proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub level: TrustLevel,
    pub prover: Prover,
    pub at: Option<Timestamp>,
}

/// One element of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedRequest {
    /// Asked for in the ID token; at the userinfo endpoint otherwise.
    pub id_token: bool,
    /// Acceptable `assurance_level`s; any when empty.
    #[serde(default)]
    pub levels: Vec<String>,
    /// Oldest acceptable proof, seconds.
    #[serde(default)]
    pub max_age: Option<i64>,
    /// Members of `verification` that are asked for beside the trust framework.
    #[serde(default)]
    pub members: Vec<String>,
    pub claims: Vec<VerifiedClaim>,
}

/// A claim in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedClaim {
    pub name: String,
    #[serde(default)]
    pub essential: bool,
    #[serde(default)]
    pub purpose: String,
    /// Acceptable values; any when empty.
    #[serde(default)]
    pub values: Vec<Value>,
}

/// The answer for one place: an object, a list when the attributes have several proofs, nothing
/// when no attribute meets the demands.
pub fn answer(
    requests: &[VerifiedRequest],
    place: Place,
    held: &[Proven<'_>],
    now: Timestamp,
) -> Option<Value> {
    let here = requests.iter().filter(|r| r.id_token == (place == Place::IdToken));
    let mut found: Vec<Value> = here.flat_map(|request| elements(request, held, now)).collect();
    match found.len() {
        0 | 1 => found.pop(),
        _ => Some(Value::Array(found)),
    }
}

fn elements(request: &VerifiedRequest, held: &[Proven<'_>], now: Timestamp) -> Vec<Value> {
    let mut proofs: Vec<_> =
        held.iter().filter(|p| meets(request, p, now)).map(|p| (p.level, p.prover, p.at)).collect();
    proofs.sort_unstable();
    proofs.dedup();
    // The strongest first.
    proofs.reverse();
    let of_proof = |(level, prover, at)| {
        let same = |p: &&Proven<'_>| (p.level, p.prover, p.at) == (level, prover, at);
        let claims = claims(request, &held.iter().filter(same).copied().collect::<Vec<_>>());
        (!claims.is_empty()).then(
            || json!({"verification": verification(request, level, prover, at), "claims": claims}),
        )
    };
    proofs.into_iter().filter_map(of_proof).collect()
}

fn meets(request: &VerifiedRequest, proof: &Proven<'_>, now: Timestamp) -> bool {
    let level = proof.level >= TrustLevel::Low
        && (request.levels.is_empty() || request.levels.iter().any(|l| l == proof.level.as_str()));
    let age = request.max_age.is_none_or(|oldest| {
        proof.at.is_some_and(|at| now.as_seconds() - at.as_seconds() <= oldest)
    });
    level && age
}

fn claims(request: &VerifiedRequest, held: &[Proven<'_>]) -> Map<String, Value> {
    let get = |name: &str| held.iter().find(|p| p.name == name).map(|p| p.value);
    let mut found = Map::new();
    for claim in &request.claims {
        let Some(value) = standard::value(&claim.name, get, |_| true) else { continue };
        if claim.values.is_empty() || claim.values.contains(&value) {
            found.insert(claim.name.clone(), value);
        }
    }
    found
}

/// The framework always, the rest as asked for (data minimisation: §6 of the schema).
fn verification(
    request: &VerifiedRequest,
    level: TrustLevel,
    prover: Prover,
    at: Option<Timestamp>,
) -> Value {
    let mut found = Map::new();
    found.insert("trust_framework".to_owned(), json!(FRAMEWORK));
    let asks = |name: &str| request.members.iter().any(|m| m == name);
    if asks("assurance_level") {
        found.insert("assurance_level".to_owned(), json!(level.as_str()));
    }
    // Whole seconds: the schema's pattern has no fraction.
    let seconds = |at: Timestamp| at.to_rfc3339().get(..19).map(|text| format!("{text}Z"));
    let time = at.and_then(seconds);
    if asks("time")
        && let Some(time) = &time
    {
        found.insert("time".to_owned(), json!(time));
    }
    if asks("evidence") {
        let mut evidence = json!({
            "type": EVIDENCE,
            "check_details": [{"check_method": prover.check_method()}],
            "record": {"type": prover.record()},
        });
        if let (Some(time), Some(map)) = (time, evidence.as_object_mut()) {
            map.insert("time".to_owned(), json!(time));
        }
        found.insert("evidence".to_owned(), json!([evidence]));
    }
    Value::Object(found)
}

/// An element that is not of the form it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("verified_claims needs verification and claims")]
pub struct Malformed;

/// Reads one element of a request: `Ok(None)` when it demands what we can never say, `Err` when it
/// is not of the form it should be.
pub fn read(element: &Value, id_token: bool) -> Result<Option<VerifiedRequest>, Malformed> {
    let verification = element.get("verification").and_then(Value::as_object).ok_or(Malformed)?;
    let wishes = element.get("claims").and_then(Value::as_object).ok_or(Malformed)?;
    if wishes.is_empty() {
        return Err(Malformed);
    }
    let mut request = VerifiedRequest { id_token, ..VerifiedRequest::default() };
    let mut possible = true;
    for (name, wish) in verification {
        match name.as_str() {
            "trust_framework" => possible &= accepts(wish, |v| v == FRAMEWORK),
            "assurance_level" => {
                request.levels = texts(wish);
                possible &= accepts(wish, |v| matches!(v, "low" | "substantial" | "high"));
                request.members.push(name.clone());
            }
            "time" => {
                request.max_age = wish.get("max_age").and_then(Value::as_i64);
                possible &= texts(wish).is_empty();
                request.members.push(name.clone());
            }
            "evidence" => {
                let list = wish.as_array().ok_or(Malformed)?;
                possible &= list.is_empty() || list.iter().any(is_our_evidence);
                request.members.push(name.clone());
            }
            // What we do not know is not answered; what must have a value we cannot give.
            _ => possible &= !demands(wish),
        }
    }
    for (name, wish) in wishes {
        if standard::sources(name).is_some() {
            request.claims.push(VerifiedClaim {
                name: name.clone(),
                essential: wish.get("essential").and_then(Value::as_bool).unwrap_or_default(),
                purpose: super::claims_request::purpose(wish),
                values: super::claims_request::values(wish),
            });
        }
    }
    Ok((possible && !request.claims.is_empty()).then_some(request))
}

/// Whether a wish without values, or one of its values, is acceptable.
fn accepts(wish: &Value, ours: impl Fn(&str) -> bool) -> bool {
    let values = texts(wish);
    values.is_empty() || values.iter().any(|v| ours(v))
}

fn texts(wish: &Value) -> Vec<String> {
    let values = super::claims_request::values(wish);
    // A value that is no text is none of ours, and still a demand.
    values.into_iter().map(|v| v.as_str().map_or_else(String::new, str::to_owned)).collect()
}

fn is_our_evidence(wish: &Value) -> bool {
    let Some(members) = wish.as_object() else { return false };
    members.iter().all(|(name, wish)| match name.as_str() {
        "type" => accepts(wish, |v| v == EVIDENCE),
        _ => !demands(wish),
    })
}

/// Whether anything in it must have a certain value.
fn demands(wish: &Value) -> bool {
    match wish {
        Value::Object(members) => members.iter().any(|(name, inner)| {
            matches!(name.as_str(), "value" | "values" | "max_age") || demands(inner)
        }),
        Value::Array(list) => list.iter().any(demands),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_741_256_100);

    fn proven(name: &'static str, value: &'static str, level: TrustLevel) -> Proven<'static> {
        let at = Some(Timestamp::from_seconds(NOW.as_seconds() - 3_600));
        Proven { name, value, level, prover: Prover::Eid, at }
    }

    fn held() -> Vec<Proven<'static>> {
        vec![
            proven("given_name", "Erika", TrustLevel::High),
            proven("family_name", "Mustermann", TrustLevel::High),
            proven("city", "Köln", TrustLevel::Substantial),
            proven("email", "erika@example.org", TrustLevel::Basic),
        ]
    }

    fn ask(element: &Value) -> Option<Value> {
        let request = read(element, false).unwrap();
        answer(request.as_slice(), Place::Userinfo, &held(), NOW)
    }

    #[test]
    fn an_element_says_framework_level_time_and_evidence_when_asked() {
        let found = ask(&json!({
            "verification": {"trust_framework": {"value": "eidas"}, "assurance_level": null,
                "time": null, "evidence": [{"type": {"value": "electronic_record"}}]},
            "claims": {"given_name": null, "name": null},
        }))
        .unwrap();
        let verification = &found["verification"];
        assert_eq!(verification["trust_framework"], "eidas");
        assert_eq!(verification["assurance_level"], "high");
        assert_eq!(verification["evidence"][0]["record"]["type"], "eid");
        assert_eq!(verification["evidence"][0]["check_details"][0]["check_method"], "vcrypt");
        assert!(verification["time"].as_str().unwrap().ends_with('Z'), "{verification}");
        assert_eq!(found["claims"], json!({"given_name": "Erika", "name": "Erika Mustermann"}));
    }

    #[test]
    fn nothing_is_said_that_was_not_asked_for() {
        let found =
            ask(&json!({"verification": {"trust_framework": null}, "claims": {"city": null}}));
        let expected = json!({
            "verification": {"trust_framework": "eidas"}, "claims": {"city": "Köln"},
        });
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn attributes_of_several_levels_come_as_a_list_each_with_its_own() {
        let found = ask(&json!({
            "verification": {"trust_framework": null, "assurance_level": null},
            "claims": {"given_name": null, "city": null},
        }))
        .unwrap();
        let levels: Vec<_> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["verification"]["assurance_level"])
            .collect();
        assert_eq!(levels, ["high", "substantial"]);
    }

    #[test]
    fn what_nobody_proved_is_never_verified() {
        let ask_for = |claims: &Value| {
            ask(&json!({"verification": {"trust_framework": null}, "claims": claims}))
        };
        assert_eq!(ask_for(&json!({"email": null})), None, "basic is none of eIDAS' levels");
        assert_eq!(ask_for(&json!({"birth_name": null})), None);
    }

    #[test]
    fn a_demand_that_cannot_be_met_leaves_the_element_out() {
        for verification in [
            json!({"trust_framework": {"value": "de_aml"}}),
            json!({"trust_framework": null, "assurance_level": {"value": "very_high"}}),
            json!({"trust_framework": null, "assurance_level": {"value": "low"}}),
            json!({"trust_framework": null, "time": {"max_age": 3_599}}),
            json!({"trust_framework": null, "evidence": [{"type": {"value": "vouch"}}]}),
            json!({"trust_framework": null, "policy": {"value": "x"}}),
        ] {
            let claims = json!({"given_name": null});
            let found = ask(&json!({"verification": verification, "claims": claims}));
            assert_eq!(found, None, "{verification}");
        }
        let young = json!({"trust_framework": {"values": ["de_aml", "eidas"]},
            "time": {"max_age": 3_600}, "policy": null});
        assert!(ask(&json!({"verification": young, "claims": {"given_name": null}})).is_some());
        let other =
            json!({"given_name": {"value": "Max"}, "family_name": {"values": ["Mustermann"]}});
        let found = ask(&json!({"verification": {"trust_framework": null}, "claims": other}));
        assert_eq!(found.unwrap()["claims"], json!({"family_name": "Mustermann"}));
    }

    #[test]
    fn an_element_without_verification_or_claims_is_malformed() {
        for bad in [
            json!({"claims": {"city": null}}),
            json!({"verification": {}}),
            json!({"verification": {}, "claims": {}}),
            json!({"verification": {"evidence": 1}, "claims": {"city": null}}),
        ] {
            assert!(read(&bad, true).is_err(), "{bad}");
        }
    }
}
