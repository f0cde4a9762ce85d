//! Colours and their contrast.
//!
//! Spec: WCAG 2.2 §1.4.3, with relative luminance as its glossary defines it.

use std::fmt;

/// An opaque sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// Black.
    pub const BLACK: Self = Self::rgb(0, 0, 0);
    /// White.
    pub const WHITE: Self = Self::rgb(255, 255, 255);

    /// A colour from its three parts.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Reads `#rgb` or `#rrggbb`; `None` for anything else.
    ///
    /// ```
    /// use placet_web::page::Colour;
    ///
    /// assert_eq!(Colour::parse("#14f"), Some(Colour::rgb(0x11, 0x44, 0xff)));
    /// assert_eq!(Colour::parse("red"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .strip_prefix('#')?
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|value| u8::try_from(value).ok())
            })
            .collect::<Option<_>>()?;
        match *digits.as_slice() {
            [red, green, blue] => Some(Self::rgb(red * 17, green * 17, blue * 17)),
            [r1, r0, g1, g0, b1, b0] => Some(Self::rgb(r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0)),
            _ => None,
        }
    }

    /// The contrast of two colours, from 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// This colour with a share of `other`, from 0 to 1.
    pub(super) fn mix(self, other: Self, share: f64) -> Self {
        let blend = |one: u8, two: u8| {
            let value = f64::from(one) * (1.0 - share) + f64::from(two) * share;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between two values of u8"
            )]
            let value = value.round() as u8;
            value
        };
        Self::rgb(
            blend(self.red, other.red),
            blend(self.green, other.green),
            blend(self.blue, other.blue),
        )
    }

    /// This colour, moved towards `text` as little as gives every ground the contrast `least`.
    pub(super) fn readable_on(self, grounds: &[Self], text: Self, least: f64) -> Self {
        let mut steps = (0..=50).map(|step| self.mix(text, f64::from(step) / 50.0));
        steps
            .find(|colour| {
                grounds
                    .iter()
                    .all(|ground| colour.contrast(*ground) >= least)
            })
            .unwrap_or(text)
    }

    /// Black or white, whichever reads better on `ground`; one of them always reaches 4.5.
    pub(super) fn best_on(ground: Self) -> Self {
        if Self::WHITE.contrast(ground) >= Self::BLACK.contrast(ground) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}
