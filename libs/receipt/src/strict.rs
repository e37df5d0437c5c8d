//! JSON that every program reads the same: two members of one name, numbers that are no exact
//! integers and deep nesting are refused (RFC 7493, and a little more).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Largest integer that every JSON reader keeps exactly: 2^53 - 1 (RFC 7493 §2.2).
const LARGEST: u64 = (1 << 53) - 1;
/// Arrays and objects inside each other.
const DEEPEST: u8 = 32;

/// Reads what anybody may have written around a receipt: the file, a key set.
pub(crate) fn outside(text: &str) -> Result<Value, serde_json::Error> {
    read(text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes(), true)
}

/// Reads what was signed: there a member without a value is left out, never `null`.
pub(crate) fn inside(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    read(bytes, false)
}

fn read(bytes: &[u8], nulls: bool) -> Result<Value, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { nulls, room: DEEPEST }.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict {
    nulls: bool,
    /// Levels that may still be opened.
    room: u8,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let room = self.room.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { room, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with whole numbers below 2^53")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        let exact = value.unsigned_abs() <= LARGEST;
        if exact { Ok(Value::from(value)) } else { Err(E::custom("a number of 2^53 or more")) }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        let exact = value <= LARGEST;
        let number = || Value::Number(Number::from(value));
        if exact { Ok(number()) } else { Err(E::custom("a number of 2^53 or more")) }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        if self.nulls { Ok(Value::Null) } else { Err(E::custom("a null")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom("two members of one name"));
            }
            members.insert(name, map.next_value_seed(inner)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_could_read_differently_is_refused() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":1,"\u0061":1}"#,
            "1.5",
            "1e3",
            "-0",
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551616",
            r#""\ud800""#,
            "[] []",
            "\u{feff}\u{feff}{}",
            "{\"a\":1,}",
        ] {
            assert!(outside(text).is_err(), "{text}");
        }
        assert_eq!(outside("\u{feff} 9007199254740991 ").unwrap(), 9_007_199_254_740_991_u64);
        assert!(outside("[null]").is_ok() && inside(b"[null]").is_err());
        assert!(inside(b"\"\xff\"").is_err());
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(outside(&nested(32)).is_ok() && outside(&nested(33)).is_err());
    }
}
