//! Claims of OpenID Connect Core §5.1 that are made of attributes of the catalogue: what stock
//! clients ask for, beside the names of German administrations.

use serde_json::{Map, Value, json};

use crate::catalogue;

const ADDRESS: &[&str] = &["street_and_building", "zip_code", "city", "country"];

/// Each claim with the attributes it is made of.
pub const STANDARD: [(&str, &[&str]); 7] = [
    ("name", &["given_name", "family_name"]),
    ("birthdate", &["date_of_birth"]),
    ("address", ADDRESS),
    // The same on one line, for clients that know no structure.
    ("address_line", ADDRESS),
    ("phone_number", &["telephone"]),
    ("phone_number_verified", &["telephone"]),
    ("email_verified", &["email"]),
];

/// The attributes behind a claim; `None` for claims that no attribute stands behind.
pub fn sources(claim: &str) -> Option<&'static [&'static str]> {
    match catalogue::attribute(claim) {
        Some(row) => Some(std::slice::from_ref(&row.name)),
        None => STANDARD.iter().find(|(name, _)| *name == claim).map(|(_, sources)| *sources),
    }
}

/// The value of a claim; `get` gives the attributes there are, `is_verified` whether one was
/// checked by anybody but its owner.
pub fn value<'a>(
    claim: &str,
    get: impl Fn(&str) -> Option<&'a str>,
    is_verified: impl Fn(&str) -> bool,
) -> Option<Value> {
    match claim {
        "name" => joined(&["given_name", "family_name"], " ", &get).map(Value::String),
        "birthdate" => get("date_of_birth").map(Value::from),
        "phone_number" => get("telephone").map(Value::from),
        "phone_number_verified" => get("telephone").map(|_| is_verified("telephone").into()),
        "email_verified" => get("email").map(|_| is_verified("email").into()),
        "address" => address(&get),
        "address_line" => line(&get).map(Value::String),
        name => catalogue::attribute(name).and_then(|row| get(row.name)).map(Value::from),
    }
}

/// OpenID Connect Core §5.1.1.
fn address<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Option<Value> {
    let parts = [
        ("street_address", "street_and_building"),
        ("postal_code", "zip_code"),
        ("locality", "city"),
        ("country", "country"),
    ];
    let mut found: Map<String, Value> = parts
        .iter()
        .filter_map(|(name, source)| get(source).map(|v| ((*name).to_owned(), json!(v))))
        .collect();
    if found.is_empty() {
        return None;
    }
    if let Some(line) = line(get) {
        found.insert("formatted".to_owned(), json!(line));
    }
    Some(Value::Object(found))
}

/// `Heidestraße 17, 51147 Köln`; the country only when it is another one.
fn line<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let street = get("street_and_building").map(str::to_owned);
    let town = joined(&["zip_code", "city"], " ", get);
    let country = get("country").filter(|c| *c != "DE").map(str::to_owned);
    let parts: Vec<String> = [street, town, country].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn joined<'a>(names: &[&str], by: &str, get: &impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let parts: Vec<&str> = names.iter().filter_map(|name| get(name)).collect();
    (!parts.is_empty()).then(|| parts.join(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(claim: &str, held: &[(&str, &'static str)]) -> Option<Value> {
        let get = |name: &str| held.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        value(claim, get, |name| name == "email")
    }

    const HOME: [(&str, &str); 4] = [
        ("street_and_building", "Heidestraße 17"),
        ("zip_code", "51147"),
        ("city", "Köln"),
        ("country", "DE"),
    ];

    #[test]
    fn every_source_is_in_the_catalogue_and_no_name_stands_twice() {
        for (claim, sources) in STANDARD {
            assert!(catalogue::attribute(claim).is_none(), "{claim}");
            assert!(sources.iter().all(|s| catalogue::attribute(s).is_some()), "{claim}");
        }
    }

    #[test]
    fn an_address_is_structured_and_one_line() {
        let address = of("address", &HOME).unwrap();
        assert_eq!(address["formatted"], "Heidestraße 17, 51147 Köln");
        assert_eq!(address["street_address"], "Heidestraße 17");
        assert_eq!(address["postal_code"], "51147");
        assert_eq!(address["locality"], "Köln");
        assert_eq!(address["country"], "DE");
        assert_eq!(of("address_line", &HOME).unwrap(), address["formatted"]);
    }

    #[test]
    fn what_was_not_released_is_left_out() {
        assert_eq!(of("address", &[]), None);
        let town = of("address", &[("city", "Wien"), ("country", "AT")]).unwrap();
        assert_eq!(town, json!({"locality": "Wien", "country": "AT", "formatted": "Wien, AT"}));
        assert_eq!(of("name", &[("family_name", "Mustermann")]).unwrap(), "Mustermann");
        assert_eq!(of("unheard_of", &HOME), None);
    }

    #[test]
    fn verified_flags_follow_the_attribute() {
        let held = [("email", "erika@example.org"), ("telephone", "+49 385 5450")];
        assert_eq!(of("email_verified", &held).unwrap(), true);
        assert_eq!(of("phone_number_verified", &held).unwrap(), false);
        assert_eq!(of("phone_number_verified", &[]), None);
    }
}
