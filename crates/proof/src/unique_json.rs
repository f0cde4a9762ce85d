//! JSON objects in which no member appears twice, at any depth.
//!
//! Two parsers that disagree about which duplicate wins see two different tokens under one signature.
//!
//! Spec: RFC 7515 §4, RFC 7517 §4, RFC 7519 §4, RFC 8259 §4

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Parses one JSON value that fills `bytes` and in which no object repeats a member name.
///
/// Returns `None` for anything else. Nesting is limited by `serde_json` to 128 levels.
///
/// ```
/// use placet_proof::unique_json;
/// assert!(unique_json(br#"[{"a":1},{"a":2}]"#).is_some());
/// assert!(unique_json(br#"[{"a":1,"\u0061":2}]"#).is_none());
/// ```
pub fn unique_json(bytes: &[u8]) -> Option<Value> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = UniqueValue.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(value)
}

/// Parses one JSON object like [`unique_json`]; `None` also for any other value.
pub(crate) fn parse_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    if let Value::Object(members) = unique_json(bytes)? {
        Some(members)
    } else {
        None
    }
}

struct UniqueValue;

impl<'de> DeserializeSeed<'de> for UniqueValue {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without duplicate members")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self)?;
            if members.insert(name, value).is_some() {
                return Err(de::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7519_4_duplicate_members_are_refused_at_any_depth() {
        let cases: [(&str, &str, bool); 9] = [
            ("flat", r#"{"a":1,"b":2}"#, true),
            ("nested", r#"{"a":{"b":[{"c":null}]}}"#, true),
            ("empty", "{}", true),
            ("twice", r#"{"a":1,"a":1}"#, false),
            ("twice by escape", r#"{"a":1,"\u0061":1}"#, false),
            ("twice inside", r#"{"x":[{"a":1,"a":2}]}"#, false),
            ("array", "[]", false),
            ("trailing", "{} {}", false),
            ("truncated", r#"{"a":"#, false),
        ];
        for (name, text, accepted) in cases {
            assert_eq!(parse_object(text.as_bytes()).is_some(), accepted, "{name}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_overflow() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(parse_object(deep.as_bytes()).is_none());
    }

    #[test]
    fn values_equal_those_of_serde_json() {
        let text = br#"{"a":[1,-2,1.5,true,null,"x"],"b":{"c":18446744073709551615}}"#;
        let plain: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(parse_object(text).map(Value::Object), Some(plain));
    }
}
