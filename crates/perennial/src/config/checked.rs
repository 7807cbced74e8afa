//! Tables whose keys are looked at one by one as they are read, so that what is wrong with a key is told with its line.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a table, of which each key is looked at first: what is wrong with it, if anything.
pub struct Checked<T, F> {
    expected: &'static str,
    check: F,
    read: PhantomData<T>,
}

/// Reads a table, of which each key is looked at first: what is wrong with it, if anything. Where something else than a
/// table is there, it is told what was expected.
pub const fn checked<T, F: Fn(&str) -> Result<(), String>>(expected: &'static str, check: F) -> Checked<T, F> {
    Checked { expected, check, read: PhantomData }
}

impl<'de, T: Deserialize<'de>, F: Fn(&str) -> Result<(), String>> DeserializeSeed<'de> for Checked<T, F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, given: D) -> Result<T, D::Error> {
        given.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>, F: Fn(&str) -> Result<(), String>> Visitor<'de> for Checked<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::deserialize(MapAccessDeserializer::new(Looked { check: &self.check, inner: map }))
    }
}

/// The entries of a table, or the name of one.
struct Looked<'a, F, I> {
    check: &'a F,
    inner: I,
}

impl<'de, F: Fn(&str) -> Result<(), String>, M: MapAccess<'de>> MapAccess<'de> for Looked<'_, F, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, M::Error> {
        self.inner.next_key_seed(Looked { check: self.check, inner: seed })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, M::Error> {
        self.inner.next_value_seed(seed)
    }
}

impl<'de, F: Fn(&str) -> Result<(), String>, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Looked<'_, F, K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, given: D) -> Result<K::Value, D::Error> {
        let name = String::deserialize(given)?;
        (self.check)(&name).map_err(Error::custom)?;
        self.inner.deserialize(name.into_deserializer())
    }
}
