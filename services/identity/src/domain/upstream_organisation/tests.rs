use serde_json::{Value, json};

use super::*;
use crate::domain::upstream::Claims;

fn rules(more: Value) -> OrganisationRules {
    let mut all = json!({ "identification_cap": "substantial" });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    serde_json::from_value(all).unwrap()
}

fn claims() -> Claims {
    let said = json!({
        "PersTyp": "NNatPers",
        "DatenuebermittlerPseudonymId": "du-4711",
        "Firmenname": " Muster GmbH ",
        "Rechtsform": 350,
        "RechtsformText": "Gesellschaft mit beschränkter Haftung",
        "Registerart": "HRB",
        "Registergericht": "Amtsgericht Schwerin",
        "Registernummer": "1234",
        "Unternehmensanschrift": {
            "Typ": "INLAND", "Strasse": "Schlossstraße", "Hausnummer": "1", "PLZ": "19053",
            "Ort": "Schwerin"
        },
        "HandelndePerson": { "Vorname": "Erika", "Name": "Mustermann" },
        "ElsterVertrauensniveauIdentifizierung": "HOCH",
        "ElsterVertrauensniveauAuthentifizierung": "SUBSTANZIELL",
    });
    said.as_object().unwrap().clone()
}

#[test]
fn an_answer_is_read_by_the_names_of_mein_unternehmenskonto() {
    let said = rules(json!({})).read(&claims(), TrustLevel::High).unwrap();
    assert_eq!(said.name.as_deref(), Some("Muster GmbH"));
    assert_eq!(said.legal_form.unwrap().code, "350");
    assert_eq!(said.register.unwrap().number, "1234");
    let address = said.address.unwrap();
    assert_eq!((address.country.as_str(), address.house_number.as_str()), ("DE", "1"));
    assert!(said.acting_person && said.activity.is_none());
    assert_eq!(said.identity_type.as_deref(), Some("not_natural_person"));
    assert_eq!(said.data_set_type, None);
}

#[test]
fn a_type_is_told_by_our_word_and_dropped_where_theirs_is_not_in_the_table() {
    let mut said = claims();
    let told =
        |said: &Claims, more| rules(more).read(said, TrustLevel::High).unwrap().data_set_type;
    said.insert("DatenkranzTyp".into(), json!("IdNr"));
    assert_eq!(told(&said, json!({})).as_deref(), Some("idnr"));
    said.insert("DatenkranzTyp".into(), json!("ST"));
    assert_eq!(told(&said, json!({})), None);
    let more = json!({ "data_set_types": { "ST": "tax_number" } });
    assert_eq!(told(&said, more).as_deref(), Some("tax_number"));
}

#[test]
fn each_level_is_capped_by_itself() {
    let said = rules(json!({})).read(&claims(), TrustLevel::Low).unwrap();
    assert_eq!(
        (said.identification, said.authentication),
        (TrustLevel::Substantial, TrustLevel::Low)
    );
    let all = rules(json!({ "identification_cap": "high" }));
    let said = all.read(&claims(), TrustLevel::High).unwrap();
    assert_eq!(
        (said.identification, said.authentication),
        (TrustLevel::High, TrustLevel::Substantial)
    );
}

#[test]
fn a_level_that_is_missing_or_unheard_of_is_not_guessed() {
    for name in ["ElsterVertrauensniveauIdentifizierung", "ElsterVertrauensniveauAuthentifizierung"]
    {
        for value in [json!("SEHR HOCH"), json!("hoch"), json!(""), json!(null), json!(true)] {
            let mut said = claims();
            said.insert(name.to_owned(), value.clone());
            let read = rules(json!({})).read(&said, TrustLevel::High);
            assert_eq!(read, Err(LevelUnknown), "{name} {value}");
        }
        let mut said = claims();
        said.remove(name);
        assert_eq!(rules(json!({})).read(&said, TrustLevel::High), Err(LevelUnknown));
    }
}

#[test]
fn other_names_take_the_place_of_the_usual_ones_and_the_rest_stays() {
    let told = rules(json!({ "claims": { "name": "org.legal_name" } }));
    let mut said = claims();
    said.insert("org".into(), json!({ "legal_name": "Andere GmbH" }));
    let read = told.read(&said, TrustLevel::High).unwrap();
    assert_eq!(read.name.as_deref(), Some("Andere GmbH"));
    assert_eq!(read.register.unwrap().court, "Amtsgericht Schwerin");
}

#[test]
fn an_address_of_no_country_is_none_and_half_an_entry_is_handed_on_as_half() {
    let mut said = claims();
    said.insert("Unternehmensanschrift".into(), json!({ "Typ": "AUSLAND", "Ort": "Wien" }));
    said.remove("Registernummer");
    let read = rules(json!({})).read(&said, TrustLevel::High).unwrap();
    assert!(read.address.is_none());
    assert_eq!(read.register.unwrap().kind, "HRB");
}

#[test]
fn rules_that_could_prove_nothing_are_refused_with_what_is_wrong() {
    let bad = |more| rules(more).check().unwrap_err().to_string();
    assert!(bad(json!({ "levels": {} })).contains("levels is empty"));
    let nameless = bad(json!({ "claims": { "identification_level": "" } }));
    assert!(nameless.contains("claims.identification_level is empty"), "{nameless}");
    assert!(bad(json!({ "claims": { "town": " Ort" } })).contains("space"));
    let word = bad(json!({ "identity_types": { "NatPers": "person" } }));
    assert!(word.contains("identity_types: \"person\""), "{word}");
    assert_eq!(rules(json!({ "claims": { "district": "" } })).check(), Ok(()));
    let unknown = json!({ "identification_cap": "high", "claims": { "Firmenname": "x" } });
    assert!(serde_json::from_value::<OrganisationRules>(unknown).is_err());
}
