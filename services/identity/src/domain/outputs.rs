//! The claims an answer is made of: names of the catalogue, and standard claims made of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use siegel_oidc::standard;

/// Where claims go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    IdToken,
    Userinfo,
}

impl Place {
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdToken => "id-token",
            Self::Userinfo => "userinfo",
        }
    }
}

/// A claim a client asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    pub name: String,
    /// Asked for in the ID token; with these values only, with any when there are none
    /// (OpenID Connect Core §5.5.1).
    #[serde(default)]
    pub id_token: Option<Vec<Value>>,
    /// Asked for at the userinfo endpoint, in the same way.
    #[serde(default)]
    pub userinfo: Option<Vec<Value>>,
}

impl Output {
    /// The acceptable values in one place; `None` when it is not asked for there.
    pub fn wanted(&self, place: Place) -> Option<&[Value]> {
        match place {
            Place::IdToken => self.id_token.as_deref(),
            Place::Userinfo => self.userinfo.as_deref(),
        }
    }

    pub const fn slot(&mut self, place: Place) -> &mut Option<Vec<Value>> {
        match place {
            Place::IdToken => &mut self.id_token,
            Place::Userinfo => &mut self.userinfo,
        }
    }
}

/// Asks for a claim in one place. A wish without values takes any value, so it wins.
pub fn want(outputs: &mut Vec<Output>, name: &str, place: Place, values: Vec<Value>) {
    let index = outputs.iter().position(|o| o.name == name).unwrap_or_else(|| {
        outputs.push(Output { name: name.to_owned(), ..Output::default() });
        outputs.len() - 1
    });
    let Some(output) = outputs.get_mut(index) else { return };
    match output.slot(place) {
        Some(held) if held.is_empty() => {}
        Some(held) if values.is_empty() => held.clear(),
        Some(held) => held.extend(values),
        none => *none = Some(values),
    }
}

/// An attribute that was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// Checked by somebody else than its owner.
    pub verified: bool,
}

/// The claims for one place; a claim whose value is none of those asked for is left out, as one
/// that is not there.
pub fn claims(outputs: &[Output], place: Place, released: &[Released<'_>]) -> Map<String, Value> {
    let get = |name: &str| released.iter().find(|r| r.name == name).map(|r| r.value);
    let verified = |name: &str| released.iter().any(|r| r.name == name && r.verified);
    let mut found = Map::new();
    for output in outputs {
        let Some(wanted) = output.wanted(place) else { continue };
        let Some(value) = standard::value(&output.name, get, verified) else { continue };
        if wanted.is_empty() || wanted.contains(&value) {
            found.insert(output.name.clone(), value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_with_another_value_than_asked_for_is_left_out() {
        let released = [Released { name: "city", value: "Köln", verified: true }];
        let answer = |values: Vec<Value>| {
            let mut outputs = Vec::new();
            want(&mut outputs, "city", Place::Userinfo, values);
            claims(&outputs, Place::Userinfo, &released).get("city").cloned()
        };
        assert_eq!(answer(vec![]), Some(json!("Köln")));
        assert_eq!(answer(vec![json!("Bonn"), json!("Köln")]), Some(json!("Köln")));
        assert_eq!(answer(vec![json!("Bonn")]), None);
    }

    #[test]
    fn each_place_has_its_own_wishes() {
        let mut outputs = Vec::new();
        want(&mut outputs, "city", Place::Userinfo, vec![]);
        want(&mut outputs, "city", Place::IdToken, vec![json!("Bonn")]);
        let released = [Released { name: "city", value: "Köln", verified: true }];
        assert_eq!(claims(&outputs, Place::Userinfo, &released)["city"], "Köln");
        assert!(claims(&outputs, Place::IdToken, &released).is_empty());
        want(&mut outputs, "city", Place::IdToken, vec![]);
        assert_eq!(claims(&outputs, Place::IdToken, &released)["city"], "Köln");
    }
}
