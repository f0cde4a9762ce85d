//! Amounts as a person reads them: exact, in the marks of the page's language, from whole numbers only.
//!
//! - The code of the asset stands behind the number and is never turned into a symbol: `$` is the sign of twenty currencies,
//!   and an asset may be called anything.
//! - Zeros at the end are left out beyond two decimals. Nothing is ever rounded.
//! - What has more than [`DECIMALS_MAX`] decimals is written with a power of ten, since nobody counts so many zeros.
//!
//! Spec: Unicode CLDR, number symbols of en, de and fr; threat C12.

use super::Locale;

/// The most decimals that are written out; the smallest unit of the finest asset in wide use has 18.
const DECIMALS_MAX: usize = 20;
/// As many decimals stay when they are zeros, if the asset has them.
const DECIMALS_KEPT: usize = 2;
/// Digits between two marks.
const GROUP: usize = 3;
/// The longest code that stands without quotation marks, in characters.
const PLAIN_ASSET_MAX: usize = 12;

/// The marks numbers are written with.
struct Marks {
    group: char,
    decimal: char,
}

const fn marks(locale: Locale) -> Marks {
    match locale {
        Locale::English => Marks {
            group: ',',
            decimal: '.',
        },
        Locale::German => Marks {
            group: '.',
            decimal: ',',
        },
        // A narrow space that does not break.
        Locale::French => Marks {
            group: '\u{202F}',
            decimal: ',',
        },
    }
}

/// `value` with `scale` of its digits behind the decimal mark.
pub(super) fn figure(value: u64, scale: u8, locale: Locale) -> String {
    let Marks { decimal, .. } = marks(locale);
    let (digits, scale) = (value.to_string(), usize::from(scale));
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, decimals) = padded.split_at(padded.len() - scale);
    let said = decimals.trim_end_matches('0').len();
    let decimals: String = decimals
        .chars()
        .take(said.max(DECIMALS_KEPT.min(scale)))
        .collect();
    if decimals.len() > DECIMALS_MAX {
        return power(&digits, scale, decimal);
    }
    let whole = grouped(whole, locale);
    if decimals.is_empty() {
        whole
    } else {
        format!("{whole}{decimal}{decimals}")
    }
}

/// A whole number with its marks.
pub(super) fn whole(number: u64, locale: Locale) -> String {
    grouped(&number.to_string(), locale)
}

/// Where a line may break inside a figure: behind a mark between groups, never inside one.
pub(super) fn breakable(figure: &str, locale: Locale) -> String {
    let group = marks(locale).group;
    figure.replace(group, &format!("{group}<wbr>"))
}

/// Whether an asset's code can stand beside a number as it is: a digit, a space or a mark in it could be read as part of
/// the amount.
pub(super) fn is_plain_asset(code: &str) -> bool {
    let mut letters = code.chars();
    letters.next().is_some_and(char::is_alphabetic)
        && letters.all(char::is_alphanumeric)
        && code.chars().count() <= PLAIN_ASSET_MAX
}

fn grouped(digits: &str, locale: Locale) -> String {
    let group = marks(locale).group;
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(GROUP) {
            text.push(group);
        }
        text.push(digit);
    }
    text
}

/// `digits` times 10 to the power of minus `scale`, with one digit before the decimal mark.
fn power(digits: &str, scale: usize, decimal: char) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let mut said = digits.trim_end_matches('0').chars();
    let first: String = said.next().into_iter().collect();
    let rest: String = said.collect();
    let mantissa = if rest.is_empty() {
        first
    } else {
        format!("{first}{decimal}{rest}")
    };
    // Whoever comes here has more decimals than digits, so the exponent is negative.
    let exponent = (scale + 1).saturating_sub(digits.len()).to_string();
    let raised: String = exponent
        .chars()
        .filter_map(|digit| {
            let place = usize::try_from(digit.to_digit(10)?).ok()?;
            RAISED.get(place)
        })
        .collect();
    format!("{mantissa}\u{A0}×\u{A0}10⁻{raised}")
}

#[cfg(test)]
mod tests {
    use super::{breakable, figure, is_plain_asset, whole};
    use crate::page::Locale::{English, French, German};

    #[test]
    fn amounts_are_exact_in_the_marks_of_the_language() {
        let cases = [
            (15_000, 2, English, "150.00"),
            (123_456_789, 2, English, "1,234,567.89"),
            (123_456_789, 2, German, "1.234.567,89"),
            (123_456_789, 2, French, "1\u{202F}234\u{202F}567,89"),
            (1500, 0, German, "1.500"),
            (999, 0, English, "999"),
            (0, 0, English, "0"),
            (0, 2, English, "0.00"),
            (0, 255, English, "0.00"),
            (5, 1, English, "0.5"),
            (5, 2, English, "0.05"),
            (150_000_000_000, 9, English, "150.00"),
            (150_000_000_001, 9, English, "150.000000001"),
            (150_500_000, 6, German, "150,50"),
            (1, 18, English, "0.000000000000000001"),
            (u64::MAX, 0, English, "18,446,744,073,709,551,615"),
            (u64::MAX, 2, German, "184.467.440.737.095.516,15"),
            (u64::MAX, 19, English, "1.8446744073709551615"),
            (u64::MAX, 20, English, "0.18446744073709551615"),
            (
                u64::MAX,
                21,
                English,
                "1.8446744073709551615\u{A0}×\u{A0}10⁻²",
            ),
            (1_000, 23, English, "0.00000000000000000001"),
            (1, 21, English, "1\u{A0}×\u{A0}10⁻²¹"),
            (250, 255, German, "2,5\u{A0}×\u{A0}10⁻²⁵³"),
            (1, 255, French, "1\u{A0}×\u{A0}10⁻²⁵⁵"),
        ];
        for (value, scale, locale, want) in cases {
            assert_eq!(
                figure(value, scale, locale),
                want,
                "{value} {scale} {locale}"
            );
        }
        assert_eq!(whole(1_234_567, German), "1.234.567");
    }

    /// Reads a written amount back with no help of what wrote it.
    #[test]
    fn every_scale_keeps_every_digit() {
        for scale in 0..=20_u8 {
            for value in [0, 1, 9, 10, 99, 100, 12_345, 1_000_000, u64::MAX] {
                let text = figure(value, scale, English).replace(',', "");
                let (before, behind) = text.split_once('.').unwrap_or((&text, ""));
                let read: u128 = format!("{before}{behind:0<width$}", width = usize::from(scale))
                    .parse()
                    .unwrap();
                assert_eq!(read, u128::from(value), "{value} {scale} {text}");
            }
        }
    }

    #[test]
    fn c12_a_code_that_could_be_read_as_a_number_is_not_plain() {
        for (code, plain) in [
            ("EUR", true),
            ("usdc", true),
            ("BTC2", true),
            ("₿", false),
            ("ЕUR", true),
            ("", false),
            ("0 EUR", false),
            ("9EUR", false),
            (".50 EUR", false),
            ("EUR a year", false),
            ("ABCDEFGHIJKLM", false),
        ] {
            assert_eq!(is_plain_asset(code), plain, "{code}");
        }
    }

    #[test]
    fn lines_break_between_groups_only() {
        assert_eq!(breakable("1,234.56", English), "1,<wbr>234.56");
        assert_eq!(breakable("1\u{202F}234,56", French), "1\u{202F}<wbr>234,56");
        assert_eq!(breakable("1.234,56", German), "1.<wbr>234,56");
    }
}
