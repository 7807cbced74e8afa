//! Numbers, as parameters write them: digits and nothing else.

use std::str::FromStr;

/// Reads a number of digits; none where there is anything else, or where it does not fit.
pub fn parse_number<T: FromStr>(text: &str) -> Option<T> {
    // The parser itself takes `+1` as well.
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Reads a place in a list, counted from 1, as in `Tag.1.Key`. It has one writing: `01` is none.
pub fn parse_place(text: &str) -> Option<usize> {
    parse_number(text).filter(|_| !text.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_alone() {
        for (text, number) in [("0", 0), ("1", 1), ("012", 12), ("65535", u16::MAX)] {
            assert_eq!(parse_number(text), Some(number), "{text}");
        }
        for text in ["", "+1", "-1", "-0", " 1", "1 ", "1.0", "1e1", "0x1", "x", "१", "65536"] {
            assert_eq!(parse_number::<u16>(text), None, "{text}");
        }
        assert_eq!(parse_number::<i64>("-1"), None);
    }

    #[test]
    fn a_place_has_one_writing() {
        assert_eq!([parse_place("1"), parse_place("10")], [Some(1), Some(10)]);
        for text in ["", "0", "01", "00", "+1", "-1", "x", "99999999999999999999"] {
            assert_eq!(parse_place(text), None, "{text}");
        }
    }
}
