//! The functions templates speak with: messages, moments and icons, in the language and at the time of one page.
//!
//! - `msg(key, …)`: a message as HTML, each argument in `<bdi>`; `text(key, …)`: the same for titles and attributes.
//! - `has(key)`: whether a message exists.
//! - `ago(ms)`, `day(ms)`, `moment(ms)`: a `<time>` element with relative time, date, date and time; `left(ms)`: time left.
//! - `wait(seconds)`: a length of time in words. `icon(name)`: a picture as inline SVG.
//! - `money(amount)`: an amount as `figure`, `unit`, `text` and `length`; `every(period)`: how often, in words;
//!   `number(count)`: a whole number. `called(name)`: a client's name, marked where nobody checked it.

use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentValue};
use jiff::{Timestamp, tz::TimeZone};
use minijinja::value::{Kwargs, Value};
use minijinja::{Error, ErrorKind, context};

use super::Locale;
use super::catalogue::{Catalogue, arguments, escape};

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;
/// Below this, 'just now' is more honest than a number.
const JUST_NOW_S: i64 = 45;
/// From here a date says more than a number of days.
const DAYS_AGO_MAX: i64 = 30;

const ICONS: [(&str, &str); 17] = [
    ("arrival", include_str!("../../assets/icons/arrival.svg")),
    ("arrow", include_str!("../../assets/icons/arrow.svg")),
    ("change", include_str!("../../assets/icons/change.svg")),
    ("check", include_str!("../../assets/icons/check.svg")),
    ("clock", include_str!("../../assets/icons/clock.svg")),
    ("cross", include_str!("../../assets/icons/cross.svg")),
    ("device", include_str!("../../assets/icons/device.svg")),
    ("key", include_str!("../../assets/icons/key.svg")),
    ("leave", include_str!("../../assets/icons/leave.svg")),
    ("money", include_str!("../../assets/icons/money.svg")),
    ("person", include_str!("../../assets/icons/person.svg")),
    ("place", include_str!("../../assets/icons/place.svg")),
    ("plus", include_str!("../../assets/icons/plus.svg")),
    ("repeat", include_str!("../../assets/icons/repeat.svg")),
    ("shield", include_str!("../../assets/icons/shield.svg")),
    ("warning", include_str!("../../assets/icons/warning.svg")),
    ("eye", include_str!("../../assets/icons/eye.svg")),
];

/// One language at one time.
#[derive(Clone)]
pub(super) struct Speech {
    pub(super) locale: Locale,
    pub(super) catalogue: Arc<Catalogue>,
    now: Timestamp,
}

impl Speech {
    pub(super) fn new(locale: Locale, catalogue: Arc<Catalogue>, now: Timestamp) -> Self {
        Self {
            locale,
            catalogue,
            now,
        }
    }

    /// All functions by the name templates know.
    pub(super) fn functions(&self) -> Value {
        let catalogue = || Arc::clone(&self.catalogue);
        let (html, text, has) = (catalogue(), catalogue(), catalogue());
        let (ago, day, moment, left, duration) = (
            self.clone(),
            self.clone(),
            self.clone(),
            self.clone(),
            self.clone(),
        );
        context! {
            msg => Value::from_function(move |key: &str, kwargs: Kwargs| {
                html.html(key, &arguments(&kwargs)?).map(Value::from_safe_string)
            }),
            text => Value::from_function(move |key: &str, kwargs: Kwargs| text.text(key, &arguments(&kwargs)?)),
            has => Value::from_function(move |key: &str| has.has(key)),
            ago => Value::from_function(move |ms: i64| ago.time(ms, ago.age_form(ms), &ago.ago(ms)?)),
            day => Value::from_function(move |ms: i64| day.time(ms, "day", &day.calendar("time-day", ms)?)),
            moment => Value::from_function(move |ms: i64| moment.time(ms, "moment", &moment.calendar("time-moment", ms)?)),
            left => Value::from_function(move |ms: i64| left.left(ms)),
            // Rounded up: whoever comes back after the time named must not be too early.
            wait => Value::from_function(move |seconds: i64| duration.duration(seconds, 1)),
            icon => Value::from_function(icon),
            ..self.measures(),
        }
    }

    /// The functions for names, amounts and lengths of time.
    fn measures(&self) -> Value {
        let (called, money, number, every) =
            (self.clone(), self.clone(), self.clone(), self.clone());
        context! {
            called => Value::from_function(move |name: Value| called.called(&name)),
            money => Value::from_function(move |amount: Value| money.money(&amount)),
            number => Value::from_function(move |count: u64| number.number(count)),
            every => Value::from_function(move |period: Value| every.every(&period)),
        }
    }

    /// 'Just now', '5 minutes ago', … , or a date.
    fn ago(&self, ms: i64) -> Result<String, Error> {
        // A moment in the future (two nodes, two clocks) is 'just now'.
        let seconds = (self.now.as_millisecond() - ms).max(0) / 1000;
        match seconds {
            0..JUST_NOW_S => self.say("time-just-now", 0),
            JUST_NOW_S..HOUR_S => self.say(
                "time-minutes-ago",
                ((seconds + MINUTE_S / 2) / MINUTE_S).max(1),
            ),
            HOUR_S..DAY_S => self.say("time-hours-ago", seconds / HOUR_S),
            _ if self.is_recent(ms) => self.say("time-days-ago", seconds / DAY_S),
            _ => self.calendar("time-day", ms),
        }
    }

    /// Whether words such as '5 days ago' say more than a date.
    fn is_recent(&self, ms: i64) -> bool {
        (self.now.as_millisecond() - ms) / 1000 / DAY_S <= DAYS_AGO_MAX
    }

    /// How a script may write the moment anew: a date in the person's zone, words not at all.
    fn age_form(&self, ms: i64) -> &'static str {
        if self.is_recent(ms) {
            "relative"
        } else {
            "day"
        }
    }

    /// The time left until a moment, rounded down so that nobody is promised more than there is.
    fn left(&self, ms: i64) -> Result<String, Error> {
        self.duration((ms - self.now.as_millisecond()).max(0) / 1000, 0)
    }

    /// A length of time in its greatest unit, after adding `round` times that unit less one second.
    fn duration(&self, seconds: i64, round: i64) -> Result<String, Error> {
        let units = |unit: i64| (seconds + round * (unit - 1)) / unit;
        match seconds {
            ..MINUTE_S => self.say("time-seconds", seconds.max(0)),
            MINUTE_S..HOUR_S => self.say("time-minutes", units(MINUTE_S)),
            HOUR_S..DAY_S => self.say("time-hours", units(HOUR_S)),
            _ => self.say("time-days", units(DAY_S)),
        }
    }

    fn say(&self, key: &str, count: i64) -> Result<String, Error> {
        let mut arguments = FluentArgs::new();
        arguments.set("count", count);
        self.catalogue.text(key, &arguments)
    }

    /// A date, or date and time, in UTC; a script turns it into the browser's own zone.
    fn calendar(&self, key: &str, ms: i64) -> Result<String, Error> {
        let zoned = timestamp(ms)?.to_zoned(TimeZone::UTC);
        let month = self
            .catalogue
            .text(&format!("month-{}", zoned.month()), &FluentArgs::new())?;
        let mut arguments = FluentArgs::new();
        arguments.set("day", FluentValue::from(zoned.day().to_string()));
        arguments.set("month", month);
        arguments.set("year", FluentValue::from(zoned.year().to_string()));
        arguments.set(
            "clock",
            format!("{:02}:{:02}", zoned.hour(), zoned.minute()),
        );
        self.catalogue.text(key, &arguments)
    }

    /// A `<time>` element around words.
    fn time(&self, ms: i64, form: &str, words: &str) -> Result<Value, Error> {
        let exact = timestamp(ms)?;
        let title = self.calendar("time-moment", ms)?;
        let [words, title] = [escape(words), escape(&title)];
        Ok(Value::from_safe_string(format!(
            r#"<time datetime="{exact}" data-time="{form}" title="{title}">{words}</time>"#
        )))
    }
}

fn timestamp(ms: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(ms)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
}

fn icon(name: &str) -> Result<Value, Error> {
    let found = ICONS.iter().find(|(known, _)| *known == name);
    let (_, svg) = found
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("no icon `{name}`")))?;
    Ok(Value::from_safe_string(svg.trim_end().to_owned()))
}
