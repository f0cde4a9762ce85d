//! A point in time as operators read and write it.
//!
//! Spec: RFC 3339 §5.6

use std::{borrow::Cow, fmt, str::FromStr};

use placet_core::time::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, RefOr, SchemaFormat,
        schema::{Schema, Type},
    },
};

/// A point in time, printed in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

/// A text that is no date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time such as 2026-03-01T09:30:00Z, or a date such as 2026-03-01")]
pub struct NotATime;

impl Moment {
    /// The time for the library that knows calendars; beyond its range, the nearest it knows.
    pub fn to_jiff(self) -> jiff::Timestamp {
        let millis = self.0.as_millis();
        jiff::Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}

impl FromStr for Moment {
    type Err = NotATime;

    /// Reads a time with its offset, or a date, which begins at midnight UTC.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let whole = if text.contains(['T', 't', ' ']) {
            text.parse::<jiff::Timestamp>()
        } else {
            format!("{text}T00:00:00Z").parse()
        };
        whole
            .map(|time| Self(Timestamp::from_millis(time.as_millisecond())))
            .map_err(|_| NotATime)
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        "Moment".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_5_6_times_print_in_utc_and_read_back() {
        let moment = Moment(Timestamp::from_millis(1_767_225_600_120));
        assert_eq!(moment.to_string(), "2026-01-01T00:00:00.120Z");
        assert_eq!(moment.to_string().parse(), Ok(moment));
        assert_eq!("2026-01-01T01:00:00.12+01:00".parse(), Ok(moment));
        let midnight = Moment(Timestamp::from_millis(1_767_225_600_000));
        assert_eq!("2026-01-01".parse(), Ok(midnight));
        for bad in ["", "yesterday", "2026-13-01", "2026-01-01T00:00:00"] {
            assert_eq!(bad.parse::<Moment>(), Err(NotATime), "{bad}");
        }
    }
}
