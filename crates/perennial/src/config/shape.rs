//! The shape of a section: a table, or a list of tables. Where the other one was written, it is told how it is written.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a section that may stand once.
pub struct Table<T> {
    expected: &'static str,
    read: PhantomData<T>,
}

/// Reads a section that may stand several times.
pub struct List<T> {
    expected: &'static str,
    read: PhantomData<T>,
}

/// Reads a section that may stand once, which is written as is said.
pub const fn table<T>(expected: &'static str) -> Table<T> {
    Table { expected, read: PhantomData }
}

/// Reads a section that may stand several times, which is written as is said.
pub const fn list<T>(expected: &'static str) -> List<T> {
    List { expected, read: PhantomData }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Table<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, given: D) -> Result<T, D::Error> {
        given.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Table<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, given: D) -> Result<T, D::Error> {
        given.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, sections: S) -> Result<T, S::Error> {
        T::deserialize(SeqAccessDeserializer::new(sections))
    }
}

/// Reads a list of words.
///
/// # Errors
/// What was expected.
pub fn words<'de, D: Deserializer<'de>>(given: D) -> Result<Vec<String>, D::Error> {
    list("a list of words in brackets, each of them in quotes").deserialize(given)
}
