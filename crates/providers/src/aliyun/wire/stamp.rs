//! Instants: to the minute (ECS, `2026-12-11T16:00Z`) and to the second (billing, `2026-12-11T16:00:00Z`), in UTC.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// An instant to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute(pub Timestamp);

/// An instant to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Second(pub Timestamp);

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%Y-%m-%dT%H:%MZ"))
    }
}

impl Serialize for Second {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_minutes_or_seconds() {
        let at: Timestamp = "2026-12-11T16:00:59.9Z".parse().expect("is an instant");
        assert_eq!(serde_json::to_string(&Minute(at)).expect("writes"), "\"2026-12-11T16:00Z\"");
        assert_eq!(serde_json::to_string(&Second(at)).expect("writes"), "\"2026-12-11T16:00:59Z\"");
    }
}
