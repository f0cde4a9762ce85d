//! One text for one JSON value: members sorted, nothing optional written, so that equal rights are equal bytes.
//!
//! Spec: RFC 8785 §3.2, RFC 7493 §2.2

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// The largest whole number that every reader of JSON takes for the same one (RFC 7493 §2.2).
const MAX_SAFE: u64 = (1 << 53) - 1;
/// The same number as a double.
const MAX_SAFE_DOUBLE: f64 = 9_007_199_254_740_991.0;

/// Prints the canonical text.
pub(crate) fn print(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => write_object(members, out),
    }
}

fn write_object(members: &Map<String, Value>, out: &mut String) {
    let mut sorted: Vec<_> = members.iter().collect();
    // RFC 8785 §3.2.3: by UTF-16 code units, which is not the order of bytes above U+FFFF.
    sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        write(value, out);
    }
    out.push('}');
}

/// RFC 8785 §3.2.2.2: the short escapes where there is one, else four lower-case digits, and everything else as it is.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

/// RFC 8785 §3.2.2.3: as ECMAScript prints a double.
fn write_number(number: &Number, out: &mut String) {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), _, _) => {
            let _ = write!(out, "{whole}");
        }
        (None, Some(whole), _) => {
            let _ = write!(out, "{whole}");
        }
        (None, None, double) => write_double(double.unwrap_or_default(), out),
    }
}

fn write_double(double: f64, out: &mut String) {
    // The shortest digits that read back as the same double, as `d.ddde±x`.
    let shortest = format!("{:e}", double.abs());
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if double < 0.0 {
        out.push('-');
    }
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // How many digits stand before the point.
    let before = exponent + 1;
    if (count..=21).contains(&before) {
        out.push_str(&digits);
        (count..before).for_each(|_| out.push('0'));
    } else if (1..=21).contains(&before) {
        let (whole, rest) = digits.split_at(usize::try_from(before).unwrap_or_default());
        let _ = write!(out, "{whole}.{rest}");
    } else if (-5..=0).contains(&before) {
        out.push_str("0.");
        (before..0).for_each(|_| out.push('0'));
        out.push_str(&digits);
    } else {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{first}{point}{rest}e{sign}{}", exponent.abs());
    }
}

/// The same value with every number in the form that reading its canonical text gives. `None` when a number is one that
/// two readers may take for different ones.
pub(crate) fn normal(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
        Value::Number(number) => Value::Number(normal_number(number)?),
        Value::Array(items) => Value::Array(items.iter().map(normal).collect::<Option<_>>()?),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| Some((name.clone(), normal(value)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

fn normal_number(number: &Number) -> Option<Number> {
    if let Some(whole) = number.as_i64() {
        return (whole.unsigned_abs() <= MAX_SAFE).then(|| number.clone());
    }
    if number.is_u64() {
        return None;
    }
    let double = number.as_f64()?;
    // Beyond it doubles lie more than one apart.
    if double.abs() > MAX_SAFE_DOUBLE {
        return None;
    }
    let mut text = String::new();
    write_double(double, &mut text);
    // What prints as a whole number is one: `1.0`, `1e2` and `-0.0`.
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => Number::from_f64(double),
    }
}
