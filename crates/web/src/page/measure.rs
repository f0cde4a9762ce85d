//! Amounts of money and lengths of time in the words of one language.
//!
//! Spec: ISO 8601-1 §5.5 and §5.6 (lengths of time, repeating intervals).

use fluent_bundle::{FluentArgs, FluentValue};
use minijinja::value::Value;
use minijinja::{Error, ErrorKind, context};

use super::catalogue::escape;
use super::money::{breakable, figure, is_plain_asset, whole};
use super::speech::Speech;
use super::visible_text;

impl Speech {
    /// An amount in parts: `figure` (HTML that says where a line may break), `unit`, `text` (both) and `length` of the
    /// figure in characters.
    pub(super) fn money(&self, amount: &Value) -> Result<Value, Error> {
        let broken = || Error::new(ErrorKind::InvalidOperation, "not an amount");
        let value = u64::try_from(amount.get_attr("value")?).map_err(|_| broken())?;
        let scale = u8::try_from(amount.get_attr("scale")?).map_err(|_| broken())?;
        let asset = amount.get_attr("asset")?;
        let code = asset.as_str().ok_or_else(broken)?;
        let written = figure(value, scale, self.locale);
        let unit = if is_plain_asset(code) {
            code.to_owned()
        } else if code.trim().is_empty() {
            self.plain("money-no-asset")?
        } else {
            self.with("money-odd-asset", &[("asset", code)])?
        };
        Ok(context! {
            text => format!("{written}\u{A0}{unit}"),
            length => written.chars().count(),
            figure => Value::from_safe_string(breakable(&escape(&written), self.locale)),
            unit,
        })
    }

    /// A whole number with the marks of the language.
    pub(super) fn number(&self, number: u64) -> String {
        whole(number, self.locale)
    }

    /// 'Every month', 'every 3 weeks', 'every 1 year and 2 months'. Nothing for a period without length.
    pub(super) fn every(&self, period: &Value) -> Result<String, Error> {
        let mut parts: Vec<(&str, i64)> = Vec::new();
        for unit in [
            "years", "months", "weeks", "days", "hours", "minutes", "seconds",
        ] {
            let count = i64::try_from(period.get_attr(unit)?)
                .map_err(|_| Error::new(ErrorKind::InvalidOperation, "not a period"))?;
            if count > 0 {
                parts.push((unit, count));
            }
        }
        if let [(unit, count)] = *parts.as_slice() {
            return self.counted(&format!("every-{unit}"), count);
        }
        let mut said: Vec<String> = Vec::new();
        for (unit, count) in parts {
            said.push(self.counted(&format!("length-{unit}"), count)?);
        }
        let Some(last) = said.pop() else {
            return Ok(String::new());
        };
        let mut length = said.join(", ");
        length = self.with("length-and", &[("first", &length), ("last", &last)])?;
        self.with("every-length", &[("length", &length)])
    }

    /// A client's name, with the mark that nobody checked it where that is so.
    pub(super) fn called(&self, name: &Value) -> Result<String, Error> {
        let text = name.get_attr("text")?;
        let text = text.as_str().unwrap_or_default();
        if name.get_attr("only_said")?.is_true() {
            self.with("name-only-said", &[("name", text)])
        } else {
            Ok(text.to_owned())
        }
    }

    /// A message with a number, which chooses the form of the plural and is written with its marks.
    fn counted(&self, key: &str, count: i64) -> Result<String, Error> {
        let mut arguments = FluentArgs::new();
        arguments.set("count", count);
        arguments.set("shown", self.number(count.unsigned_abs()));
        self.catalogue.text(key, &arguments)
    }

    fn plain(&self, key: &str) -> Result<String, Error> {
        self.catalogue.text(key, &FluentArgs::new())
    }

    fn with(&self, key: &str, texts: &[(&'static str, &str)]) -> Result<String, Error> {
        let mut arguments = FluentArgs::new();
        for (name, text) in texts {
            arguments.set(*name, FluentValue::from(visible_text(text)));
        }
        self.catalogue.text(key, &arguments)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use minijinja::value::Value;

    use super::super::catalogue::Catalogue;
    use super::super::speech::Speech;
    use super::super::{Amount, Locale};
    use crate::ask::Period;

    fn speech(locale: Locale) -> Speech {
        let catalogue = Catalogue::load(locale).unwrap();
        Speech::new(locale, Arc::new(catalogue), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn periods_are_said_with_the_plurals_of_each_language() {
        let months = |months| Period {
            months,
            ..Period::default()
        };
        let mixed = Period {
            years: 1,
            months: 2,
            ..Period::default()
        };
        let long = Period {
            days: 1,
            hours: 2,
            seconds: 1000,
            ..Period::default()
        };
        let cases = [
            (months(1), "every month", "jeden Monat", "chaque mois"),
            (
                months(3),
                "every 3 months",
                "alle 3 Monate",
                "tous les 3 mois",
            ),
            (
                mixed,
                "every 1 year and 2 months",
                "in Abständen von 1 Jahr und 2 Monaten",
                "par périodes de 1 an et 2 mois",
            ),
            (
                long,
                "every 1 day, 2 hours and 1,000 seconds",
                "in Abständen von 1 Tag, 2 Stunden und 1.000 Sekunden",
                "par périodes de 1 jour, 2 heures et 1\u{202F}000 secondes",
            ),
            (Period::default(), "", "", ""),
        ];
        for (period, english, german, french) in cases {
            for (locale, want) in Locale::ALL.into_iter().zip([english, german, french]) {
                let said = speech(locale).every(&Value::from_serialize(period));
                assert_eq!(said.unwrap(), want, "{locale}");
            }
        }
    }

    #[test]
    fn c12_an_asset_cannot_pass_for_part_of_the_amount() {
        let said = |asset: &str| {
            let amount = Amount {
                value: 2500,
                asset: asset.into(),
                scale: 2,
                marks: Vec::new(),
            };
            let money = speech(Locale::English).money(&Value::from_serialize(amount));
            let text = money.unwrap().get_attr("text").unwrap();
            text.as_str().unwrap().to_owned()
        };
        for (asset, want) in [
            ("EUR", "25.00\u{A0}EUR"),
            ("00 EUR", "25.00\u{A0}“00 EUR”"),
            ("\u{202e}RUE", "25.00\u{A0}“⟨U+202E⟩RUE”"),
            (" ", "25.00\u{A0}of an asset without a name"),
        ] {
            assert_eq!(said(asset), want, "{asset:?}");
        }
    }
}
