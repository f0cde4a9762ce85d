//! The language of a page: what the request asked for, among the languages Placet speaks.
//!
//! 1. `ui_locales` of the request, in its order. 2. `Accept-Language` of the browser, by weight. 3. The operator's default.
//!
//! Spec: OpenID Connect Core §3.1.2.1 (`ui_locales`); RFC 9110 §12.5.4.

use std::fmt;

use unic_langid::LanguageIdentifier;

/// A language the pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Locale {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
}

impl Locale {
    /// All languages, English first.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::French];

    /// Chooses the language: `ui_locales` (tags separated by spaces), then `accept_language`, then `default`.
    ///
    /// A region does not matter: `de-AT` is German. Tags that do not parse are passed over.
    ///
    /// ```
    /// use placet_web::page::Locale;
    ///
    /// let chosen = Locale::negotiate(Some("it fr-CA"), Some("de"), Locale::English);
    /// assert_eq!(chosen, Locale::French);
    /// ```
    pub fn negotiate(
        ui_locales: Option<&str>,
        accept_language: Option<&str>,
        default: Self,
    ) -> Self {
        let asked =
            ui_locales.and_then(|tags| tags.split_ascii_whitespace().find_map(Self::of_tag));
        let preferred = || accept_language.and_then(|header| Self::accepted(header, default));
        asked.or_else(preferred).unwrap_or(default)
    }

    /// The language tag, as in `<html lang>` and `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
        }
    }

    /// The language a tag such as `de-CH` names, if the pages speak it.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let parsed: LanguageIdentifier = tag.trim().parse().ok()?;
        Self::ALL
            .into_iter()
            .find(|locale| locale.tag() == parsed.language.as_str())
    }

    /// The acceptable language with the greatest weight; among equals the first named.
    fn accepted(header: &str, default: Self) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for range in header.split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(Some(1000), permille);
            let locale = if tag == "*" {
                Some(default)
            } else {
                Self::of_tag(tag)
            };
            let (Some(weight), Some(locale)) = (weight, locale) else {
                continue;
            };
            // RFC 9110 §12.4.2: a weight of 0 means 'not acceptable'.
            if weight > 0 && best.is_none_or(|(found, _)| weight > found) {
                best = Some((weight, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// RFC 9110 §12.4.2: a weight from 0 to 1 with at most three decimals, in thousandths.
fn permille(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Locale::{self, English, French, German};

    #[test]
    fn rfc9110_12_5_4_language_follows_weight_and_order() {
        let cases = [
            (None, None, English),
            (Some("fr"), Some("de"), French),
            (Some("xx de-AT"), Some("fr"), German),
            (Some("xx"), Some("fr"), French),
            (None, Some("de-CH, fr;q=0.9"), German),
            (None, Some("de;q=0.1, fr;q=0.9"), French),
            (None, Some("de;q=0, fr;q=0.001"), French),
            (None, Some("it, *;q=0.1"), English),
            (None, Some("de;q=7, fr;q=0.2222, !!"), English),
            (Some(""), Some(""), English),
        ];
        for (ui, header, want) in cases {
            assert_eq!(
                Locale::negotiate(ui, header, English),
                want,
                "{ui:?} {header:?}"
            );
        }
    }
}
