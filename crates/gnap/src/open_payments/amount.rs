//! Amounts of money as limits hold them: a whole number of the smallest unit, never a fraction and never a float.
//!
//! Spec: Open Payments 1.3 (`amount`)

use serde_json::{Value, json};

use super::{Checked, only};
use crate::json::{At, Fault, Object};

/// The longest asset code, in bytes.
const MAX_CODE_BYTES: usize = 32;

/// An amount of one asset.
///
/// ```
/// use placet_gnap::open_payments::Amount;
/// let amount = Amount { value: 1050, asset_code: "EUR".to_owned(), asset_scale: 2 };
/// assert_eq!(amount.decimal(), "10.50");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amount {
    /// How many of the smallest unit.
    pub value: u64,
    /// The asset, an ISO 4217 code where there is one.
    pub asset_code: String,
    /// How many decimal places the smallest unit has.
    pub asset_scale: u8,
}

impl Amount {
    pub(super) fn read(value: &Value, at: &At<'_>) -> Checked<Self> {
        let object = Object::of(value, at)?;
        only(object, &["value", "assetCode", "assetScale"])?;
        let code = object.required_text("assetCode")?;
        if code.len() > MAX_CODE_BYTES || !code.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(object.fault("assetCode", "is no code of an asset").into());
        }
        let scale = object.required("assetScale")?.as_u64();
        let scale = scale.and_then(|scale| u8::try_from(scale).ok());
        Ok(Self {
            value: unit_count(object)?,
            asset_code: code.to_owned(),
            asset_scale: scale
                .ok_or_else(|| object.fault("assetScale", "is not a whole number up to 255"))?,
        })
    }

    pub(super) fn to_value(&self) -> Value {
        json!({
            "value": self.value.to_string(),
            "assetCode": self.asset_code,
            "assetScale": self.asset_scale,
        })
    }

    /// The amount in the asset itself, in digits with a point before the decimal places, for a person to read.
    pub fn decimal(&self) -> String {
        let places = usize::from(self.asset_scale);
        let digits = format!("{:0>width$}", self.value, width = places + 1);
        match digits.split_at_checked(digits.len() - places) {
            Some((whole, "")) => whole.to_owned(),
            Some((whole, places)) => format!("{whole}.{places}"),
            None => digits,
        }
    }

    /// Whether whoever may spend `other` may spend this: the same unit, and not more of it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.asset_code == other.asset_code
            && self.asset_scale == other.asset_scale
            && self.value <= other.value
    }
}

/// A decimal string without sign, point, exponent or leading zero: one text for one number.
fn unit_count(object: Object<'_, '_>) -> Result<u64, Fault> {
    let text = object.required_text("value")?;
    let one_form = text == "0" || !text.starts_with('0');
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let count = text.parse().ok().filter(|_| one_form && digits);
    count.ok_or_else(|| object.fault("value", "is not a whole number below 2^64 in a string"))
}
