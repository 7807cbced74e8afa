//! Scalars with a form of their own: days, instants, address blocks (`ipBlock`), secrets, keys with values.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil, fmt::temporal::DateTimeParser, tz::Offset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::block::IpBlock;

/// A day (`date`): `YYYY-MM-DD` and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub civil::Date);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        // The parser also takes a day with a time; the wire does not.
        if text.len() != "YYYY-MM-DD".len() {
            return Err(NotADate);
        }
        text.parse().map(Self).map_err(|_| NotADate)
    }
}

/// The text is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date such as 2026-01-31")]
pub struct NotADate;

/// An instant (`datetime`): RFC 3339 with an offset, in whole seconds: `2018-05-15T15:49:06+02:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    at: Timestamp,
    offset: Offset,
}

impl DateTime {
    /// Returns the instant as it is written in a place with that offset; a fraction of a second is dropped.
    pub fn new(at: Timestamp, offset: Offset) -> Self {
        Self { at: Timestamp::from_second(at.as_second()).unwrap_or(at), offset }
    }

    /// Returns the instant, without the offset it was written with.
    pub fn at(self) -> Timestamp {
        self.at
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.display_with_offset(self.offset).fmt(f)
    }
}

impl FromStr for DateTime {
    type Err = NotADateTime;

    fn from_str(text: &str) -> Result<Self, NotADateTime> {
        const PARSER: DateTimeParser = DateTimeParser::new();
        let pieces = PARSER.parse_pieces(text).map_err(|_| NotADateTime)?;
        let time = pieces.time().ok_or(NotADateTime)?;
        let offset = pieces.to_numeric_offset().ok_or(NotADateTime)?;
        let at = offset.to_timestamp(pieces.date().to_datetime(time)).map_err(|_| NotADateTime)?;
        Ok(Self::new(at, offset))
    }
}

/// The text is not an instant with an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time with an offset such as 2026-01-31T12:00:00+01:00")]
pub struct NotADateTime;

/// Writes and reads a scalar as its text.
macro_rules! as_text {
    ($($scalar:ty),+) => {$(
        impl Serialize for $scalar {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $scalar {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}
as_text!(Date, DateTime, IpBlock);

/// A text that opens something: a key, a password, a link with a password in it. It prints as `***`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A named text (`complexType.SafeKeyValue<string>`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValue {
    /// Its name.
    pub key: String,
    /// Its text.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_day_without_a_time() {
        assert_eq!("2026-01-31".parse::<Date>().unwrap().to_string(), "2026-01-31");
        for text in ["", "2026-1-31", "2026-02-30", "20260131", "2026-01-31T00:00:00", "2026-01-31 "] {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text:?}");
        }
    }

    #[test]
    fn an_instant_keeps_the_offset_it_was_written_with() {
        for (text, second) in [
            ("2018-05-15T15:49:06+02:00", 1_526_392_146),
            ("2018-05-15T13:49:06+00:00", 1_526_392_146),
            ("2018-05-15T09:49:06-04:00", 1_526_392_146),
        ] {
            let read: DateTime = text.parse().unwrap();
            assert_eq!((read.at().as_second(), read.to_string().as_str()), (second, text));
        }
        let zulu: DateTime = "2018-05-15T13:49:06.789Z".parse().unwrap();
        assert_eq!(zulu.to_string(), "2018-05-15T13:49:06+00:00");
        for text in ["", "2018-05-15", "2018-05-15T15:49:06", "2018-05-15T15:49:06 02:00", "noon"] {
            assert_eq!(text.parse::<DateTime>(), Err(NotADateTime), "{text:?}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::from("s3cret".to_owned())), "***");
    }
}
