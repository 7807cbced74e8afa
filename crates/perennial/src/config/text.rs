//! Texts of the file that are read into what they stand for, so that what is wrong with one is told with its line.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use jiff::civil::Time;
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::policy::{Mode, NativeToo};
use perennial_core::calendar::{Period, Zone};
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::product::Kind;
use perennial_providers::call::Address;
use perennial_providers::{DIALECTS, Dialect};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::shape::words;

/// What can be read from a text.
pub trait FromText: Sized {
    /// Reads it; else tells what is wrong.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// A value that is written as a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<T>(pub T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        struct Reads<T>(PhantomData<T>);

        impl<T: FromText> Visitor<'_> for Reads<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
                T::from_text(text).map_err(E::custom)
            }
        }

        given.deserialize_str(Reads(PhantomData)).map(Self)
    }
}

/// How many days before its expiry a service is due.
#[derive(Clone, Copy, Debug)]
pub struct Days(pub u16);

/// What a rule's `period` says.
#[derive(Clone, Copy, Debug)]
pub enum PeriodWish {
    /// Just this one.
    Fixed(Period),
    /// Whichever costs least a day.
    Cheapest,
}

/// The address of a provider's API, without a slash at its end.
#[derive(Clone, Debug)]
pub struct ApiUrl(pub String);

/// The name of an environment variable.
#[derive(Clone, Debug)]
pub struct Variable(pub String);

/// A program and its arguments.
#[derive(Clone, Debug)]
pub struct Program(pub Vec<String>);

impl<'de> Deserialize<'de> for Program {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        let words = words(given)?;
        check_program(&words).map_err(Error::custom)?;
        Ok(Self(words))
    }
}

/// Checks a program that is to print credentials. One that prints its own arguments would have the secret in the file.
///
/// # Errors
/// What is wrong with it.
pub fn check_program(words: &[String]) -> Result<(), String> {
    let program = words.first().filter(|program| !program.is_empty());
    let program = program.ok_or_else(|| "it names no program, as in [\"pass\", \"show\", \"ovh\"]".to_owned())?;
    match Path::new(program).file_name().and_then(|name| name.to_str()) {
        Some(printer @ ("echo" | "printf")) => Err(format!(
            "`{printer}` prints what it is given, so the secret itself would be in the configuration: name a program that \
             fetches it from where it is kept"
        )),
        _ => Ok(()),
    }
}

impl FromText for ProviderName {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }
}

impl FromText for &'static Dialect {
    fn from_text(text: &str) -> Result<Self, String> {
        Dialect::named(text).ok_or_else(|| {
            let names = DIALECTS.map(|dialect| dialect.name);
            format!("`{text}` is not an API that can be called, those are `{}`", names.join("`, `"))
        })
    }
}

impl FromText for Kind {
    fn from_text(text: &str) -> Result<Self, String> {
        let words = || Self::ALL.map(Self::word).join("`, `");
        Self::from_word(text).ok_or_else(|| format!("`{text}` is not a kind of service, those are `{}`", words()))
    }
}

impl FromText for Mode {
    fn from_text(text: &str) -> Result<Self, String> {
        let words = || Self::ALL.map(Self::word).join("`, `");
        Self::from_word(text).ok_or_else(|| format!("`{text}` is not a mode, those are `{}`", words()))
    }
}

impl FromText for NativeToo {
    fn from_text(text: &str) -> Result<Self, String> {
        let words = || Self::ALL.map(Self::word).join("`, `");
        Self::from_word(text).ok_or_else(|| {
            format!("`{text}` is not what can be done beside the provider's own renewal, that is `{}`", words())
        })
    }
}

impl FromText for Period {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }
}

impl FromText for PeriodWish {
    fn from_text(text: &str) -> Result<Self, String> {
        if text == "cheapest" {
            return Ok(Self::Cheapest);
        }
        Period::parse(text).map(Self::Fixed).map_err(|error| format!("{error}, nor `cheapest`"))
    }
}

impl FromText for Days {
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a number of days or weeks, such as P14D or P2W");
        let rest = text.strip_prefix('P').ok_or_else(wrong)?;
        let (count, unit) = match (rest.strip_suffix('D'), rest.strip_suffix('W')) {
            (Some(days), _) => (days, 1),
            (None, Some(weeks)) => (weeks, 7),
            (None, None) => return Err(wrong()),
        };
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let days = count.parse::<u16>().ok().and_then(|count| count.checked_mul(unit)).filter(|days| *days > 0);
        days.map(Self).ok_or_else(wrong)
    }
}

impl FromText for Money {
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an amount with its currency, such as 50 EUR");
        let (amount, code) = text.split_once(' ').ok_or_else(wrong)?;
        let currency = Currency::parse(code).map_err(|error| error.to_string())?;
        let money = Self::parse(amount, currency).map_err(|error| error.to_string())?;
        if money.minor() < 0 { Err(wrong()) } else { Ok(money) }
    }
}

impl FromText for Rate {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse_percent(text).map_err(|_| format!("`{text}` is not a percentage from 0 to 100, such as 25 or 5.5"))
    }
}

impl FromText for Time {
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a time of day such as 22:00");
        if text.len() == 5 { text.parse().map_err(|_| wrong()) } else { Err(wrong()) }
    }
}

impl FromText for Zone {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }
}

impl FromText for Variable {
    /// What it says is not shown: it may be the secret itself.
    fn from_text(text: &str) -> Result<Self, String> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let starts = text.bytes().next().is_some_and(|byte| is_name(byte) && !byte.is_ascii_digit());
        if starts && text.bytes().all(is_name) {
            Ok(Self(text.to_owned()))
        } else {
            Err("this is not the name of an environment variable, which is what belongs here: the secret itself stays in \
                 the environment"
                .to_owned())
        }
    }
}

impl FromText for ApiUrl {
    fn from_text(text: &str) -> Result<Self, String> {
        check_url(text).map(Self)
    }
}

/// The address of an API, without a slash at its end; else what is wrong with it. What it says is not shown: there may be
/// a password in it.
pub fn check_url(text: &str) -> Result<String, String> {
    Address::parse(text).map(|address| address.whole()).map_err(|error| error.to_string())
}

/// The values of some texts.
pub fn bare<K: Ord, T>(texts: BTreeMap<K, Text<T>>) -> BTreeMap<K, T> {
    texts.into_iter().map(|(key, Text(value))| (key, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_days_or_weeks() {
        for (text, days) in [("P14D", Some(14)), ("P2W", Some(14)), ("P1D", Some(1)), ("P65535D", Some(65_535))] {
            assert_eq!(Days::from_text(text).ok().map(|days| days.0), days, "{text}");
        }
        for text in ["", "14", "P", "PD", "P0D", "P+1D", "P1M", "P14", "14D", "P65536D", "P10000W", "p14d"] {
            assert!(Days::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_in_the_place_of_its_variable_is_not_quoted() {
        assert!(["MY_TOKEN", "_x", "a1"].into_iter().all(|name| Variable::from_text(name).is_ok()));
        for text in ["", "1A", "hunter-2", "a b", "sk=x"] {
            let why = Variable::from_text(text).map(|_| ()).expect_err("is no name");
            assert!(text.is_empty() || !why.contains(text), "{why}");
        }
    }
}
