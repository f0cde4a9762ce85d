//! Repeating intervals: how often a limit is there again.
//!
//! 1. `R` and how often it comes again after the first time; nothing or `-1` means without end.
//! 2. Two of start, end and duration, the start before the end. The duration may stand in place of either.
//! 3. Each interval begins where the one before it ends, or ends where the one after it begins, and is as long by the
//!    calendar, in UTC: a month after 31 January is 28 or 29 February, and a month after that the same day of March.
//!    Resource servers of the payments profile count in this way, and what a person agrees to is what they count.
//!
//! Spec: ISO 8601-1:2019 §5.4.4, §5.5.2, §5.6; RFC 3339 §5.6; Open Payments 1.3 (`interval`)

use std::fmt;

use jiff::{
    Span,
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use placet_core::time::Timestamp;

/// The longest text read, in bytes.
const MAX_BYTES: usize = 128;
/// The most digits of a count, of repetitions or of a unit.
const MAX_DIGITS: usize = 9;
/// The digits of a fraction of a second that are read; what is below a millisecond is cut off.
const MAX_FRACTION_DIGITS: usize = 9;
/// How many intervals of uneven length are counted through to find the one of a moment: every month of ten thousand years.
const MAX_STEPS: usize = 12 * 10_000;

/// A repeating interval. It prints as it was read, and two are equal when their texts are.
///
/// ```
/// use placet_gnap::open_payments::RepeatingInterval;
/// let monthly = RepeatingInterval::parse("R11/2022-08-24T14:15:22Z/P1M").expect("it is one");
/// assert_eq!(monthly.repetitions(), Some(11));
/// assert_eq!(monthly.iter().count(), 12);
/// assert!(RepeatingInterval::parse("R11/2022-02-30T14:15:22Z/P1M").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RepeatingInterval {
    text: String,
    repetitions: Option<u32>,
    first: (DateTime, DateTime),
    step: Step,
    backwards: bool,
}

/// One interval: from its start on, up to its end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first moment in it.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

/// From one interval to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    /// Years and months, whose length depends on where they begin.
    months: i64,
    /// Everything below, whose length does not, in UTC.
    millis: i64,
}

impl RepeatingInterval {
    /// Reads a repeating interval. `None` for whatever is not exactly one: a date that is not in the calendar, a time without
    /// an offset from UTC, a duration of nothing, an end that is not after the start.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut parts = text.split('/');
        let (repeat, one, two) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let repetitions = match repeat.strip_prefix('R')? {
            "" | "-1" => None,
            count => Some(number(count)?.try_into().ok()?),
        };
        let (first, step, backwards) = match (one.starts_with('P'), two.starts_with('P')) {
            (false, false) => {
                let (start, end) = (date_time(one)?, date_time(two)?);
                let millis = millis(end)?.checked_sub(millis(start)?)?;
                ((start, end), Step { months: 0, millis }, false)
            }
            (false, true) => {
                let (start, step) = (date_time(one)?, duration(two)?);
                ((start, step.after(start)?), step, false)
            }
            (true, false) => {
                let (step, end) = (duration(one)?, date_time(two)?);
                ((step.before(end)?, end), step, true)
            }
            (true, true) => return None,
        };
        (first.0 < first.1).then(|| Self {
            text: text.to_owned(),
            repetitions,
            first,
            step,
            backwards,
        })
    }

    /// The text as it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How often it comes again after the first time. `None`: without end.
    pub const fn repetitions(&self) -> Option<u32> {
        self.repetitions
    }

    /// Whether the intervals go back in time from the first, whose end was given.
    pub const fn is_backwards(&self) -> bool {
        self.backwards
    }

    /// From one interval to the next: calendar months, and milliseconds.
    pub const fn step(&self) -> (i64, i64) {
        (self.step.months, self.step.millis)
    }

    /// The interval that is the first in time, from which all others follow. `None` when they go back without end, or go
    /// back by months: those that go forward from where they arrive are not the same.
    pub fn earliest(&self) -> Option<Bounds> {
        let first = bounds(self.first.0, self.first.1)?;
        if !self.backwards {
            return Some(first);
        }
        let back = i64::from(self.repetitions?).checked_mul(self.step.millis)?;
        let moved = |at: Timestamp| {
            let at = at.as_millis().checked_sub(back)?;
            Some(Timestamp::from_millis(at))
        };
        (self.step.months == 0).then_some(Bounds {
            start: moved(first.start)?,
            end: moved(first.end)?,
        })
    }

    /// The intervals, the first one first. Without end they go on to the end of the calendar.
    pub fn iter(&self) -> impl Iterator<Item = Bounds> + use<'_> {
        let count = self.repetitions.map_or(usize::MAX, |again| {
            usize::try_from(again).map_or(usize::MAX, |again| again.saturating_add(1))
        });
        let next = |(start, end): &(DateTime, DateTime)| self.following(*start, *end);
        std::iter::successors(Some(self.first), next)
            .map_while(|(start, end)| bounds(start, end))
            .take(count)
    }

    /// The interval that `now` lies in, if any.
    pub fn at(&self, now: Timestamp) -> Option<Bounds> {
        let first = bounds(self.first.0, self.first.1)?;
        if self.step.months == 0 {
            return self.at_even(first, now);
        }
        let mut candidates = self.iter().take(MAX_STEPS);
        candidates.find(|interval| interval.start <= now && now < interval.end)
    }

    /// The same where every interval is as long as the first.
    fn at_even(&self, first: Bounds, now: Timestamp) -> Option<Bounds> {
        let long = self.step.millis;
        let steps = now
            .as_millis()
            .checked_sub(first.start.as_millis())?
            .checked_div_euclid(long)?;
        let again = if self.backwards {
            steps.checked_neg()?
        } else {
            steps
        };
        let last = self.repetitions.map_or(i64::MAX, i64::from);
        if !(0..=last).contains(&again) {
            return None;
        }
        let moved = |at: Timestamp| {
            let by = steps.checked_mul(long)?;
            at.as_millis().checked_add(by).map(Timestamp::from_millis)
        };
        Some(Bounds {
            start: moved(first.start)?,
            end: moved(first.end)?,
        })
    }

    fn following(&self, start: DateTime, end: DateTime) -> Option<(DateTime, DateTime)> {
        if self.backwards {
            Some((self.step.before(start)?, start))
        } else {
            Some((end, self.step.after(end)?))
        }
    }
}

impl fmt::Display for RepeatingInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RepeatingInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Step {
    fn span(self) -> Option<Span> {
        let months = Span::new().try_months(self.months).ok()?;
        months.try_milliseconds(self.millis).ok()
    }

    fn after(self, at: DateTime) -> Option<DateTime> {
        at.checked_add(self.span()?).ok()
    }

    fn before(self, at: DateTime) -> Option<DateTime> {
        at.checked_sub(self.span()?).ok()
    }
}

fn bounds(start: DateTime, end: DateTime) -> Option<Bounds> {
    Some(Bounds {
        start: Timestamp::from_millis(millis(start)?),
        end: Timestamp::from_millis(millis(end)?),
    })
}

fn millis(at: DateTime) -> Option<i64> {
    let at = TimeZone::UTC.to_timestamp(at).ok()?;
    Some(at.as_millisecond())
}

/// A count without sign: `0`, or digits that do not begin with it.
fn number(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let one_form = text == "0" || !text.starts_with('0');
    let good = digits && one_form && (1..=MAX_DIGITS).contains(&text.len());
    good.then(|| text.parse().ok()).flatten()
}

/// The whole number in a field of fixed width.
fn field(text: &str, width: usize) -> Option<i64> {
    let good = text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

/// `YYYY-MM-DDTHH:MM:SS[.fff](Z|±HH:MM)`, in UTC.
fn date_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once('T')?;
    let (time, offset) = offset(time)?;
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, millis_of(fraction)?),
        None => (time, 0),
    };
    let mut clock = clock.split(':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    if date.next().is_some() || clock.next().is_some() {
        return None;
    }
    let local = DateTime::new(
        field(year, 4)?.try_into().ok()?,
        field(month, 2)?.try_into().ok()?,
        field(day, 2)?.try_into().ok()?,
        field(hour, 2)?.try_into().ok()?,
        field(minute, 2)?.try_into().ok()?,
        field(second, 2)?.try_into().ok()?,
        fraction,
    );
    let at = offset.to_timestamp(local.ok()?).ok()?;
    Some(Offset::UTC.to_datetime(at))
}

/// A fraction of a second in nanoseconds, cut to milliseconds.
fn millis_of(fraction: &str) -> Option<i32> {
    let good = (1..=MAX_FRACTION_DIGITS).contains(&fraction.len())
        && fraction.bytes().all(|b| b.is_ascii_digit());
    let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
    let millis: Option<i32> = good.then(|| padded.parse().ok()).flatten();
    Some(millis? * 1_000_000)
}

/// The time before the offset from UTC, and the offset. Without one nobody knows which moment is meant.
fn offset(text: &str) -> Option<(&str, Offset)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, Offset::UTC));
    }
    let (time, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let sign = match offset.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (field(hours, 2)?, field(minutes, 2)?);
    let seconds = (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)?;
    Some((time, Offset::from_seconds(seconds.try_into().ok()?).ok()?))
}

/// `PnYnMnDTnHnMnS` or `PnW`, in whole numbers, of at least a second.
fn duration(text: &str) -> Option<Step> {
    let all = text.strip_prefix('P')?;
    if let Some(weeks) = all.strip_suffix('W') {
        let days = number(weeks)?.checked_mul(7)?;
        return whole(0, days.checked_mul(SECONDS_OF_A_DAY)?);
    }
    let (date, time) = match all.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (all, ""),
    };
    let [years, months, days] = units(date, ['Y', 'M', 'D'])?;
    let [hours, minutes, seconds] = units(time, ['H', 'M', 'S'])?;
    let months = years.checked_mul(12)?.checked_add(months)?;
    let clock = hours
        .checked_mul(3600)?
        .checked_add(minutes.checked_mul(60)?)?;
    let seconds = clock.checked_add(seconds)?;
    whole(
        months,
        days.checked_mul(SECONDS_OF_A_DAY)?.checked_add(seconds)?,
    )
}

/// In UTC, where no day is longer or shorter.
const SECONDS_OF_A_DAY: i64 = 86_400;

fn whole(months: i64, seconds: i64) -> Option<Step> {
    let millis = seconds.checked_mul(1000)?;
    (months > 0 || millis > 0).then_some(Step { months, millis })
}

/// The counts of three units, in their order and each at most once; what is not written is zero.
fn units(text: &str, names: [char; 3]) -> Option<[i64; 3]> {
    let mut rest = text;
    let counts = names.map(|name| match rest.split_once(name) {
        Some((count, after)) if number(count).is_some() => {
            rest = after;
            number(count).unwrap_or_default()
        }
        Some(_) | None => 0,
    });
    rest.is_empty().then_some(counts)
}
