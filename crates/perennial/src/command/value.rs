//! Values that several commands take.

use perennial_core::product::Kind;

/// A kind of service.
pub fn parse_kind(word: &str) -> Result<Kind, String> {
    Kind::from_word(word).ok_or_else(|| format!("a kind is one of {}", Kind::ALL.map(Kind::word).join(", ")))
}

/// A span of calendar time: `P30D`, or `30d` for short.
pub fn parse_span(text: &str) -> Result<jiff::Span, String> {
    let wrong = || "a span is written as P30D, P2W or P1M, or as 30d or 2w".to_owned();
    let is_short = || {
        let count = text.strip_suffix(['d', 'w']).unwrap_or_default();
        !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit())
    };
    let written = if text.starts_with('P') || is_short() { Ok(text) } else { Err(wrong()) };
    let span: jiff::Span = written?.parse().map_err(|_| wrong())?;
    let in_days = jiff::civil::Date::constant(2000, 1, 1).checked_add(span).map_err(|_| wrong());
    in_days.map(|_| span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_in_full_or_for_short() {
        let days = |text| {
            let start = jiff::civil::Date::constant(2026, 11, 22);
            parse_span(text).ok().map(|span| start.checked_add(span).expect("is a date").to_string())
        };
        for (text, end) in [("P30D", "2026-12-22"), ("30d", "2026-12-22"), ("2w", "2026-12-06"), ("P1M", "2026-12-22")]
        {
            assert_eq!(days(text).as_deref(), Some(end), "{text}");
        }
        for text in ["", "30", "d", "30 d", "-3d", "1m", "30dd", "P", "thirty", "99999999999d"] {
            assert_eq!(days(text), None, "{text}");
        }
    }
}
