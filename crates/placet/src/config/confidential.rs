//! Text that must not reach a log: it can be read on purpose and is wiped afterwards.

use std::fmt;

use zeroize::Zeroizing;

/// A secret an operator wrote down. `Debug` does not show it and there is no `Display`.
#[derive(Clone)]
pub struct Confidential(Zeroizing<String>);

impl Confidential {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself, for the one place that uses it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// An upper bound of what the text can hold, in bits: its length times the alphabet it seems to use.
    ///
    /// It cannot tell a random text from a chosen one, so it finds short secrets, not bad ones.
    pub fn strength_bits(&self) -> u32 {
        let holds = |test: fn(&u8) -> bool| self.0.as_bytes().iter().any(test);
        let hex = self.0.bytes().all(|byte| byte.is_ascii_hexdigit());
        let alphabet = if hex {
            16.0
        } else {
            f64::from(26 * u8::from(holds(u8::is_ascii_lowercase)))
                + f64::from(26 * u8::from(holds(u8::is_ascii_uppercase)))
                + f64::from(10 * u8::from(holds(u8::is_ascii_digit)))
                + f64::from(2 * u8::from(holds(|byte| !byte.is_ascii_alphanumeric())))
        };
        let length = u32::try_from(self.0.chars().count()).unwrap_or(u32::MAX);
        let bits = f64::from(length) * f64::max(alphabet, 1.0).log2();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "never negative; saturates"
        )]
        let whole = bits as u32;
        whole
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Confidential")
    }
}
