//! What the pages say in each language, with plural rules.
//!
//! Messages live in `assets/locales/*.ftl`. Arguments pass through [`visible_text`] and are set apart by isolation marks,
//! which become `<bdi>` elements: a name written from right to left cannot reorder the sentence around it.
//!
//! Spec: Unicode UAX #9 §6.1 (isolation).

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use minijinja::value::{Kwargs, Value};
use unic_langid::LanguageIdentifier;

use super::{Locale, PageError, visible_text};

/// U+2068 FIRST STRONG ISOLATE, put by Fluent before each argument.
const ISOLATE: char = '\u{2068}';
/// U+2069 POP DIRECTIONAL ISOLATE, put by Fluent after each argument.
const END_ISOLATE: char = '\u{2069}';

const SOURCES: [(Locale, &str); 3] = [
    (Locale::English, include_str!("../../assets/locales/en.ftl")),
    (Locale::German, include_str!("../../assets/locales/de.ftl")),
    (Locale::French, include_str!("../../assets/locales/fr.ftl")),
];

/// The messages of one language.
pub(super) struct Catalogue {
    bundle: FluentBundle<FluentResource>,
}

impl Catalogue {
    /// Parses the embedded messages of `locale`.
    pub(super) fn load(locale: Locale) -> Result<Self, PageError> {
        let broken = |what: String| PageError::Catalogue { locale, what };
        let source = SOURCES
            .iter()
            .find(|(of, _)| *of == locale)
            .map_or("", |(_, source)| source);
        let resource = FluentResource::try_new(source.to_owned())
            .map_err(|(_, errors)| broken(format!("{errors:?}")))?;
        let language: LanguageIdentifier = locale
            .tag()
            .parse()
            .map_err(|error| broken(format!("{error:?}")))?;
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        bundle
            .add_resource(resource)
            .map_err(|errors| broken(format!("{errors:?}")))?;
        Ok(Self { bundle })
    }

    /// Whether a message of this name exists.
    pub(super) fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The message as HTML: escaped, each argument inside `<bdi>`.
    pub(super) fn html(
        &self,
        key: &str,
        arguments: &FluentArgs<'_>,
    ) -> Result<String, minijinja::Error> {
        Ok(escape(&self.format(key, arguments)?)
            .replace(ISOLATE, "<bdi>")
            .replace(END_ISOLATE, "</bdi>"))
    }

    /// The message as plain text, for titles and attributes; the template escapes it.
    pub(super) fn text(
        &self,
        key: &str,
        arguments: &FluentArgs<'_>,
    ) -> Result<String, minijinja::Error> {
        Ok(self
            .format(key, arguments)?
            .replace([ISOLATE, END_ISOLATE], ""))
    }

    fn format(&self, key: &str, arguments: &FluentArgs<'_>) -> Result<String, minijinja::Error> {
        let broken =
            |what: String| minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, what);
        let pattern = self
            .bundle
            .get_message(key)
            .and_then(|message| message.value());
        let pattern = pattern.ok_or_else(|| broken(format!("no message `{key}`")))?;
        let mut errors = Vec::new();
        let formatted = self
            .bundle
            .format_pattern(pattern, Some(arguments), &mut errors)
            .into_owned();
        if errors.is_empty() {
            Ok(formatted)
        } else {
            Err(broken(format!("message `{key}`: {errors:?}")))
        }
    }
}

/// Turns a template's keyword arguments into those of a message; text is made visible on the way.
pub(super) fn arguments(kwargs: &Kwargs) -> Result<FluentArgs<'static>, minijinja::Error> {
    let mut arguments = FluentArgs::new();
    for name in kwargs.args() {
        let value: Value = kwargs.get(name)?;
        let value = match i64::try_from(value.clone()) {
            Ok(number) if value.is_number() => FluentValue::from(number),
            _ => FluentValue::from(visible_text(&value.to_string())),
        };
        arguments.set(name.to_owned(), value);
    }
    Ok(arguments)
}

/// Text for an element's content or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}
