//! The `claims` parameter (OpenID Connect Core §5.5).

use serde_json::{Map, Value};
use siegel_oidc::standard;

use super::acting::ActingWish;
use super::interaction::RequestedClaim;
use super::oauth::Refused;
use super::outputs::{Output, Place, want};
use super::verified_claims::{self, Malformed, VerifiedRequest};

/// Longest purpose shown to people, characters.
const LONGEST_PURPOSE: usize = 300;

/// What a client asks for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsRequest {
    /// Attributes of the catalogue behind all that is asked for.
    pub claims: Vec<RequestedClaim>,
    /// The claims themselves; unknown ones are ignored.
    pub outputs: Vec<Output>,
    pub verified: Vec<VerifiedRequest>,
    /// Demand on `acr` in the ID token (§5.5.1.1).
    pub acr: Option<AcrRequest>,
    /// Demand on `sub`: the person must be one of these.
    pub subjects: Vec<String>,
    /// Wish that the person acts for somebody.
    pub acting_for: Option<ActingWish>,
}

/// `{"acr": {"essential": true, "values": […]}}`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcrRequest {
    pub essential: bool,
    pub values: Vec<String>,
}

impl ClaimsRequest {
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let bad = Refused::invalid_request("claims is not the JSON object it should be");
        let Ok(Value::Object(all)) = serde_json::from_str::<Value>(text) else { return Err(bad) };
        let mut found = Self::default();
        for (name, place) in [("id_token", Place::IdToken), ("userinfo", Place::Userinfo)] {
            match all.get(name) {
                None | Some(Value::Null) => {}
                Some(Value::Object(members)) => found.add(members, place, bad)?,
                Some(_) => return Err(bad),
            }
        }
        Ok(found)
    }

    fn add(
        &mut self,
        members: &Map<String, Value>,
        place: Place,
        bad: Refused,
    ) -> Result<(), Refused> {
        for (name, wish) in members {
            if name == "verified_claims" {
                self.add_verified(wish, place).map_err(|_| bad)?;
                continue;
            }
            if !matches!(wish, Value::Null | Value::Object(_)) {
                return Err(bad);
            }
            let essential = match wish.get("essential") {
                None => false,
                Some(Value::Bool(essential)) => *essential,
                Some(_) => return Err(bad),
            };
            match name.as_str() {
                "acr" if place == Place::IdToken => {
                    let acr = AcrRequest { essential, values: texts(wish) };
                    self.acr = (!acr.values.is_empty()).then_some(acr);
                }
                "sub" => self.demand_subject(texts(wish))?,
                "acting_for" => {
                    let known = self.acting_for.get_or_insert_default();
                    known.essential |= essential;
                    known.value = texts(wish).pop().or(known.value.take());
                }
                // The language of the account: no attribute, but asked about like one.
                "locale" => want(&mut self.outputs, name, place, values(wish)),
                _ => {
                    let Some(sources) = standard::sources(name) else { continue };
                    want(&mut self.outputs, name, place, values(wish));
                    for source in sources {
                        self.wish(source, essential, purpose(wish), place);
                    }
                }
            }
        }
        Ok(())
    }

    /// One element, or a list of alternatives.
    fn add_verified(&mut self, wish: &Value, place: Place) -> Result<(), Malformed> {
        let one = std::slice::from_ref(wish);
        for element in wish.as_array().map_or(one, Vec::as_slice) {
            let request = verified_claims::read(element, place == Place::IdToken)?;
            let Some(request) = request else { continue };
            for claim in &request.claims {
                for source in standard::sources(&claim.name).unwrap_or_default() {
                    self.wish(source, claim.essential, claim.purpose.clone(), place);
                }
            }
            self.verified.push(request);
        }
        Ok(())
    }

    /// Demands in both places must agree on somebody.
    fn demand_subject(&mut self, subjects: Vec<String>) -> Result<(), Refused> {
        if subjects.is_empty() {
            return Ok(());
        }
        if self.subjects.is_empty() {
            self.subjects = subjects;
            return Ok(());
        }
        self.subjects.retain(|s| subjects.contains(s));
        if self.subjects.is_empty() {
            return Err(Refused::invalid_request("claims names two different subjects"));
        }
        Ok(())
    }

    fn wish(&mut self, name: &str, essential: bool, purpose: String, place: Place) {
        let known = self.claims.iter().position(|c| c.name == name);
        let index = known.unwrap_or_else(|| {
            self.claims.push(RequestedClaim { name: name.to_owned(), ..RequestedClaim::default() });
            self.claims.len() - 1
        });
        if let Some(claim) = self.claims.get_mut(index) {
            claim.essential |= essential;
            claim.id_token |= place == Place::IdToken;
            claim.userinfo |= place == Place::Userinfo;
            if claim.purpose.is_empty() {
                claim.purpose = purpose;
            }
        }
    }
}

/// `value` or `values`.
pub(super) fn values(wish: &Value) -> Vec<Value> {
    let one = wish.get("value").filter(|v| !v.is_null()).cloned();
    let many = wish.get("values").and_then(Value::as_array).into_iter().flatten();
    one.into_iter().chain(many.cloned()).collect()
}

fn texts(wish: &Value) -> Vec<String> {
    values(wish).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `purpose` is that of OpenID Connect for Identity Assurance §5.1.
pub(super) fn purpose(wish: &Value) -> String {
    let text = wish.get("purpose").and_then(Value::as_str).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(LONGEST_PURPOSE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_asks_for_a_claim_and_essential_demands_it() {
        let text = r#"{"id_token": {"given_name": null, "date_of_birth": {"essential": true}},
            "userinfo": {"given_name": {"purpose": "Anrede"}, "unheard_of": null}}"#;
        let found = ClaimsRequest::parse(text).unwrap().claims;
        let given = found.iter().find(|c| c.name == "given_name").unwrap();
        assert!(!given.essential && given.id_token && given.userinfo);
        assert_eq!(given.purpose, "Anrede");
        let birth = found.iter().find(|c| c.name == "date_of_birth").unwrap();
        assert!(birth.essential && birth.id_token && !birth.userinfo);
        assert_eq!(found.len(), 2, "unknown names are ignored");
    }

    #[test]
    fn an_acr_may_be_one_value_or_several() {
        let acr = |text: &str| ClaimsRequest::parse(text).unwrap().acr;
        let one = acr(r#"{"id_token": {"acr": {"essential": true, "value": "high"}}}"#).unwrap();
        assert_eq!((one.essential, one.values), (true, vec!["high".to_owned()]));
        let two = acr(r#"{"id_token": {"acr": {"values": ["substantial", "high"]}}}"#).unwrap();
        assert_eq!((two.essential, two.values.len()), (false, 2));
        assert_eq!(acr(r#"{"id_token": {"acr": null}}"#), None);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in ["", "[]", "{\"id_token\": []}", "{\"userinfo\": {\"email\": 1}}", "{"] {
            assert!(ClaimsRequest::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_standard_claim_asks_for_the_attributes_it_is_made_of() {
        let text = r#"{"userinfo": {"address": {"essential": true}, "name": null}}"#;
        let found = ClaimsRequest::parse(text).unwrap();
        let outputs: Vec<_> = found.outputs.iter().map(|o| o.name.as_str()).collect();
        assert_eq!(outputs, ["address", "name"]);
        let city = found.claims.iter().find(|c| c.name == "city").unwrap();
        assert!(city.essential && city.userinfo && !city.id_token);
        let given = found.claims.iter().find(|c| c.name == "given_name").unwrap();
        assert!(!given.essential);
    }

    #[test]
    fn a_demanded_subject_is_one_person_in_both_places() {
        let of = |text: &str| ClaimsRequest::parse(text).map(|c| c.subjects);
        assert_eq!(of(r#"{"id_token": {"sub": {"value": "a"}}}"#).unwrap(), ["a"]);
        let both = r#"{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}"#;
        assert!(of(both).is_err());
        assert!(of(r#"{"id_token": {"sub": null}}"#).unwrap().is_empty());
    }

    #[test]
    fn verified_claims_ask_for_consent_and_add_no_plain_claim() {
        let text = r#"{"userinfo": {"verified_claims": [
            {"verification": {"trust_framework": {"value": "eidas"}}, "claims": {"given_name": null}},
            {"verification": {"trust_framework": {"value": "de_aml"}}, "claims": {"city": null}}]}}"#;
        let found = ClaimsRequest::parse(text).unwrap();
        assert_eq!((found.verified.len(), found.outputs.len()), (1, 0));
        let names: Vec<_> = found.claims.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["given_name"], "what cannot be answered is not asked of the person");
    }
}
