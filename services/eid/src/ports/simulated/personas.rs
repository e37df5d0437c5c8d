use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::Claim;

/// A fictional person with a card.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// Names the persona in forms and scripts: `erika`.
    pub id: String,
    /// Serial number of the card: the pseudonym comes from it, so a new card is another one, and the
    /// same one with other data stays the same.
    pub card: String,
    #[serde(default)]
    pub state: CardState,
    /// Data groups by claim name; what is missing is not on the card.
    data: BTreeMap<String, String>,
}

/// What a card lets one do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CardState {
    #[default]
    Valid,
    /// Past its last day of validity.
    Expired,
    /// Reported as lost (Sperrliste).
    Blocked,
}

impl Persona {
    /// What the card holds in this data group.
    pub fn value(&self, claim: Claim) -> Option<&str> {
        self.data.get(claim.as_str()).map(String::as_str)
    }

    /// `ID` Personalausweis, `AR` elektronischer Aufenthaltstitel, `UB` eID-Karte for citizens of
    /// the Union (BSI TR-03127).
    pub fn document_type(&self) -> &str {
        self.data.get("document_type").map_or("ID", String::as_str)
    }

    /// The names as printed on the card.
    pub fn display_name(&self) -> String {
        let parts = ["title", "given_name", "family_name"];
        let parts: Vec<_> =
            parts.iter().filter_map(|p| self.data.get(*p)).map(String::as_str).collect();
        parts.join(" ")
    }
}

#[derive(Deserialize)]
struct File {
    persona: Vec<Persona>,
}

/// Reads the personas that are part of the program.
pub fn personas() -> Result<Vec<Persona>, toml::de::Error> {
    let file: File = toml::from_str(include_str!("../../../personas.toml"))?;
    Ok(file.persona)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_persona_has_a_name_of_its_own_a_card_of_its_own_and_known_data_only() {
        let all = personas().unwrap();
        assert_eq!(all.len(), 13);
        for (i, persona) in all.iter().enumerate() {
            let others = || all.iter().skip(i + 1);
            assert!(others().all(|p| p.id != persona.id));
            // But for one card before and after its holder's wedding.
            let same = |p: &Persona| p.id == format!("{}-neu", persona.id);
            assert!(others().all(|p| (p.card == persona.card) == same(p)), "{}", persona.id);
            assert!(persona.data.keys().all(|k| Claim::parse(k).is_some()), "{}", persona.id);
            assert!(persona.data.values().all(|v| !v.trim().is_empty()), "{}", persona.id);
            let born = persona.data.get("date_of_birth").unwrap();
            assert!(siegel_kernel::berlin::LegalDay::parse(born).is_some(), "{born}");
            assert!(persona.data.contains_key("family_name"));
        }
    }

    #[test]
    fn the_personas_cover_what_real_cards_lack() {
        let all = personas().unwrap();
        let lacks = |claim: &str| all.iter().any(|p| !p.data.contains_key(claim));
        for claim in ["birth_name", "given_name", "street_and_building", "nationality", "title"] {
            assert!(lacks(claim), "some persona lacks {claim}");
        }
        let types: Vec<_> = all.iter().map(Persona::document_type).collect();
        assert!(types.contains(&"AR") && types.contains(&"UB"));
    }
}
