//! One text for one JSON value: members sorted, nothing optional written, so that equal rights are equal bytes.
//!
//! Spec: RFC 8785 §3.2, RFC 7493 §2.2

use std::fmt::Write as _;

use placet_proof::unique_json;
use serde_json::{Map, Number, Value};

/// The largest whole number that every reader of JSON takes for the same one (RFC 7493 §2.2).
const MAX_SAFE: u64 = (1 << 53) - 1;
/// The same number as a double.
const MAX_SAFE_DOUBLE: f64 = 9_007_199_254_740_991.0;

/// The canonical text of the one JSON value that `json` is, as other systems compute a code over it. `None` for anything
/// else: for repeated members, and for numbers that two readers may take for different ones.
///
/// ```
/// use placet_gnap::canonical_json;
/// assert_eq!(canonical_json(br#"{"b":1.0,"a":"x"}"#).as_deref(), Some(r#"{"a":"x","b":1}"#));
/// assert_eq!(canonical_json(br#"{"a":1,"a":2}"#), None);
/// ```
pub fn canonical_json(json: &[u8]) -> Option<String> {
    let value = normal(&unique_json(json)?)?;
    Some(print(&value))
}

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
    // As many digits as the shortest text that reads back as the same double has, as `d.ddde±x`; written anew, since
    // of two texts as short the nearer counts, and of two as near the one whose last digit is even.
    let shortest = format!("{:e}", double.abs());
    let (digits, _) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let places = digits.len().saturating_sub(2);
    let nearest = format!("{:.places$e}", double.abs());
    let (digits, exponent) = nearest.split_once('e').unwrap_or((&nearest, "0"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8785_b_doubles_print_as_ecmascript_prints_them() {
        let cases: [(u64, &str); 24] = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ];
        for (bits, want) in cases {
            let mut text = String::new();
            write_double(f64::from_bits(bits), &mut text);
            assert_eq!(text, want, "{bits:016x}");
        }
    }

    #[test]
    fn rfc8785_3_2_2_2_strings_keep_what_need_not_be_escaped() {
        let text = Value::from("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{2028}");
        let want = "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\u{2028}\"";
        assert_eq!(print(&text), want);
    }
}
