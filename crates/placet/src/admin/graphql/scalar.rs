//! Whole numbers that are not those of GraphQL, as clients of Rafiki read them.
//!
//! Spec: GraphQL §3.5; Rafiki's `UInt8` and `UInt64`

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// A whole number from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UInt8(pub(super) u8);

/// A whole number from 0 to 2^64 - 1, written as text since JavaScript's numbers end earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UInt64(pub(super) u64);

/// A whole number from 0 to 255.
#[Scalar(name = "UInt8")]
impl ScalarType for UInt8 {
    fn parse(value: Value) -> InputValueResult<Self> {
        whole(&value)
            .and_then(|number| u8::try_from(number).ok())
            .map(Self)
            .ok_or_else(|| InputValueError::custom("not a whole number from 0 to 255"))
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// A whole number from 0 to 2^64 - 1, written as text.
#[Scalar(name = "UInt64")]
impl ScalarType for UInt64 {
    fn parse(value: Value) -> InputValueResult<Self> {
        whole(&value)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("not a whole number from 0 to 2^64 - 1"))
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_)
        | Value::List(_)
        | Value::Object(_) => None,
    }
}
