//! The `claims` parameter (OpenID Connect Core §5.5).

use serde_json::{Map, Value};

use super::interaction::RequestedClaim;
use super::oauth::Refused;

/// Longest purpose shown to people, characters.
const LONGEST_PURPOSE: usize = 300;

/// What a client asks for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsRequest {
    /// Attributes of the catalogue; others are ignored.
    pub claims: Vec<RequestedClaim>,
    /// Demand on `acr` in the ID token (§5.5.1.1).
    pub acr: Option<AcrRequest>,
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
        for (place, in_id_token) in [("id_token", true), ("userinfo", false)] {
            match all.get(place) {
                None | Some(Value::Null) => {}
                Some(Value::Object(members)) => found.add(members, in_id_token, bad)?,
                Some(_) => return Err(bad),
            }
        }
        Ok(found)
    }

    fn add(
        &mut self,
        members: &Map<String, Value>,
        in_id_token: bool,
        bad: Refused,
    ) -> Result<(), Refused> {
        let none = Map::new();
        for (name, wish) in members {
            let wish = match wish {
                Value::Null => &none,
                Value::Object(wish) => wish,
                _ => return Err(bad),
            };
            let essential = match wish.get("essential") {
                None => false,
                Some(Value::Bool(essential)) => *essential,
                Some(_) => return Err(bad),
            };
            if name == "acr" && in_id_token {
                let acr = AcrRequest { essential, values: values(wish) };
                self.acr = (!acr.values.is_empty()).then_some(acr);
            } else if siegel_oidc::catalogue::attribute(name).is_some() {
                self.wish(name, essential, purpose(wish), in_id_token);
            }
        }
        Ok(())
    }

    fn wish(&mut self, name: &str, essential: bool, purpose: String, in_id_token: bool) {
        let known = self.claims.iter().position(|c| c.name == name);
        let index = known.unwrap_or_else(|| {
            self.claims.push(RequestedClaim { name: name.to_owned(), ..RequestedClaim::default() });
            self.claims.len() - 1
        });
        if let Some(claim) = self.claims.get_mut(index) {
            claim.essential |= essential;
            claim.id_token |= in_id_token;
            claim.userinfo |= !in_id_token;
            if claim.purpose.is_empty() {
                claim.purpose = purpose;
            }
        }
    }
}

/// `value` or `values`, texts only.
fn values(wish: &Map<String, Value>) -> Vec<String> {
    let one = wish.get("value").and_then(Value::as_str).map(str::to_owned);
    let many = wish.get("values").and_then(Value::as_array).into_iter().flatten();
    one.into_iter().chain(many.filter_map(Value::as_str).map(str::to_owned)).collect()
}

/// `purpose` is that of OpenID Connect for Identity Assurance §5.1.
fn purpose(wish: &Map<String, Value>) -> String {
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
}
