//! Scalars with a form of their own: days, instants, address blocks, secrets, keys with values.

use std::{
    fmt,
    net::{AddrParseError, IpAddr},
    str::FromStr,
};

use jiff::{Timestamp, civil, fmt::temporal::DateTimeParser, tz::Offset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

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

/// A block of addresses (`ipBlock`): `10.0.0.0/8`, or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpBlock {
    address: IpAddr,
    /// At most the number of bits of `address`.
    prefix: u8,
}

impl IpBlock {
    /// Tells whether the address lies in the block. An IPv4 address that came in over IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }

    const fn bits(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == Self::bits(self.address) {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

impl FromStr for IpBlock {
    type Err = NotAnIpBlock;

    fn from_str(text: &str) -> Result<Self, NotAnIpBlock> {
        let Some((address, prefix)) = text.split_once('/') else {
            let address = text.parse()?;
            return Ok(Self { address, prefix: Self::bits(address) });
        };
        let address = address.parse()?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().map_err(|_| NotAnIpBlock)?;
        if !digits || prefix > Self::bits(address) {
            return Err(NotAnIpBlock);
        }
        Ok(Self { address, prefix })
    }
}

/// The text is not a block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or a block such as 10.0.0.0/8")]
pub struct NotAnIpBlock;

impl From<AddrParseError> for NotAnIpBlock {
    fn from(_: AddrParseError) -> Self {
        Self
    }
}

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
    fn a_block_contains_its_addresses_only() {
        for (block, address, inside) in [
            ("1.2.3.4", "1.2.3.4", true),
            ("1.2.3.4", "1.2.3.5", false),
            ("1.2.3.4", "::ffff:1.2.3.4", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "8.8.8.8", false),
            ("2001:db8::1", "2001:db8::1", true),
        ] {
            let parsed: IpBlock = block.parse().unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), inside, "{block} {address}");
            assert_eq!(parsed.to_string(), block);
        }
        for text in ["", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.4/8/8", "host/8"] {
            assert_eq!(text.parse::<IpBlock>(), Err(NotAnIpBlock), "{text:?}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::from("s3cret".to_owned())), "***");
    }
}
