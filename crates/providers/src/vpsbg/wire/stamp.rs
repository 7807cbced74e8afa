//! Instants in the API's forms: with six fractional digits in most places, in whole Unix seconds in order lines, and
//! without a zone on add-ons.

use jiff::Timestamp;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};

/// An instant: `2025-02-10T16:05:29.000000Z`. Of all samples the six digits are zeros, so they are here: whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub Timestamp);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = Timestamp::from_second(self.0.as_second()).map_err(S::Error::custom)?;
        serializer.collect_str(&format_args!("{whole:.6}"))
    }
}

/// An instant in whole Unix seconds: `1739138400`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixSeconds(pub Timestamp);

impl Serialize for UnixSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.as_second())
    }
}

/// An instant without a zone: `2025-01-10 11:45:31`. That it is in universal time is unverified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainStamp(pub Timestamp);

impl Serialize for PlainStamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%Y-%m-%d %H:%M:%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_the_three_forms_of_the_documentation() {
        let at: Timestamp = "2025-02-10T16:05:29.987654Z".parse().expect("is an instant");
        let text = |value: serde_json::Value| value.to_string();
        assert_eq!(text(serde_json::to_value(Stamp(at)).expect("writes")), "\"2025-02-10T16:05:29.000000Z\"");
        assert_eq!(text(serde_json::to_value(UnixSeconds(at)).expect("writes")), "1739203529");
        assert_eq!(text(serde_json::to_value(PlainStamp(at)).expect("writes")), "\"2025-02-10 16:05:29\"");
    }
}
