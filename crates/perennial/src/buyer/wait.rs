//! How long something is waited for: spans on the command line, and when a daemon looks again.

use std::time::Duration;

use jiff::{SignedDuration, SpanRelativeTo, Timestamp};
use perennial_core::buyer::policy::Quiet;

/// How near an expiry may come before quiet hours count no more.
const QUIET_UNTIL: SignedDuration = SignedDuration::from_hours(24);

/// The shortest pause between two looks, where what is waited for is past already.
const PAUSE_MIN: Duration = Duration::from_mins(1);

/// Reads a span such as `PT2M` or `P1D`, or `2m` or `1d` for short; a day has 24 hours.
///
/// # Errors
/// What is expected.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let wrong = || "a span is written as PT90S, PT2M, PT1H or P1D, or as 90s, 2m, 1h or 1d".to_owned();
    let is_short = || {
        let count = text.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or_default();
        !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit())
    };
    let written = if text.starts_with('P') || is_short() { Ok(text) } else { Err(wrong()) };
    let span: jiff::Span = written?.parse().map_err(|_| wrong())?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}

/// Whether a renewal is held back until the quiet hours are over. One whose service expires within 24 hours is not.
pub fn is_held(quiet: Option<&Quiet>, now: Timestamp, expires_at: Timestamp) -> bool {
    quiet.is_some_and(|quiet| quiet.covers(now)) && now < last_safe(expires_at)
}

/// Until when a renewal may be held back.
pub fn last_safe(expires_at: Timestamp) -> Timestamp {
    expires_at.checked_sub(QUIET_UNTIL).unwrap_or(Timestamp::MIN)
}

/// How long to wait until the next look: about as long as was asked for, a tenth more or less by `share` (from nothing to
/// `u16::MAX`), so that many daemons do not ask at the same moment; never past the next moment at which something is to be
/// done.
pub fn pause(now: Timestamp, every: Duration, share: u16, moments: &[Timestamp]) -> Duration {
    const TENTHS: u32 = 10;
    let tenth = every / TENTHS;
    let most = tenth.saturating_mul(2);
    let jittered = every.saturating_sub(tenth).saturating_add(most.saturating_mul(share.into()) / u32::from(u16::MAX));
    let next = moments.iter().min().map(|moment| Duration::try_from(moment.duration_since(now)).unwrap_or_default());
    next.map_or(jittered, |next| jittered.min(next.max(PAUSE_MIN)))
}

#[cfg(test)]
mod tests {
    use perennial_core::calendar::Zone;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("is an instant")
    }

    #[test]
    fn spans_are_read_to_the_second() {
        for (text, seconds) in [
            ("PT2M", 120),
            ("PT90S", 90),
            ("P1D", 86_400),
            ("PT0S", 0),
            ("P1DT1H", 90_000),
            ("2m", 120),
            ("1d", 86_400),
        ] {
            assert_eq!(parse_span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "2 m", "2y", "P", "PT-2M", "-PT2M", "P1M", "P1Y", "forever"] {
            assert!(parse_span(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn quiet_hours_hold_back_what_can_wait() {
        let time = |text: &str| text.parse().expect("is a time");
        let night = Quiet { from: time("22:00"), until: time("07:00"), zone: Zone::UTC };
        for (now, expires_at, held) in [
            ("2026-11-22T23:00:00Z", "2026-11-30T00:00:00Z", true),
            ("2026-11-22T23:00:00Z", "2026-11-23T23:00:01Z", true),
            ("2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z", false),
            ("2026-11-22T23:00:00Z", "2026-11-20T00:00:00Z", false),
            ("2026-11-22T12:00:00Z", "2026-11-30T00:00:00Z", false),
        ] {
            assert_eq!(is_held(Some(&night), at(now), at(expires_at)), held, "{now} {expires_at}");
        }
        assert!(!is_held(None, at("2026-11-22T23:00:00Z"), at("2026-11-30T00:00:00Z")));
    }

    #[test]
    fn the_next_look_is_jittered_and_never_late() {
        let now = at("2026-11-22T12:00:00Z");
        let hour = Duration::from_hours(1);
        for (share, minutes) in [(0, 54), (u16::MAX, 66)] {
            assert_eq!(pause(now, hour, share, &[]).as_secs(), minutes * 60, "{share}");
        }
        let between = pause(now, hour, u16::MAX / 3, &[]);
        assert!(Duration::from_mins(54) < between && between < Duration::from_mins(66), "{between:?}");
        for (moments, seconds) in [
            (&[at("2026-11-22T12:10:00Z"), at("2026-11-22T12:20:00Z")][..], 600),
            (&[at("2026-11-22T18:00:00Z")][..], 54 * 60),
            (&[at("2026-11-22T11:00:00Z")][..], 60),
        ] {
            assert_eq!(pause(now, hour, 0, moments).as_secs(), seconds, "{moments:?}");
        }
    }
}
