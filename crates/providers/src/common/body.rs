//! Reading a request body, and saying clearly what is wrong with it.
//!
//! serde's own errors do not name the field whose value is of the wrong type; the deserializer below remembers its way.

use std::fmt::Display;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor},
    forward_to_deserialize_any,
};
use serde_json::value::RawValue;

/// Why a body cannot be read as what it should be. A field inside another is named with its way: `services[0].id`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The text is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// The JSON is not an object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// A required field is absent.
    #[error("`{field}` is missing")]
    Missing {
        /// The field.
        field: String,
    },
    /// A field that the request does not have.
    #[error("`{field}` is not a field of this request")]
    Unknown {
        /// The field.
        field: String,
    },
    /// A value is of another JSON type than the field.
    #[error("`{field}` is of the wrong type: {found}")]
    WrongType {
        /// The field.
        field: String,
        /// The type of its value.
        found: &'static str,
    },
    /// A value is of the right type and still cannot be.
    #[error("`{field}` is not valid: {reason}")]
    Invalid {
        /// The field.
        field: String,
        /// What was expected; the value itself is not repeated.
        reason: String,
    },
}

impl BodyError {
    /// Returns the field that is to blame; `None` if it is the body as a whole.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NotJson | Self::NotAnObject => None,
            Self::Missing { field }
            | Self::Unknown { field }
            | Self::WrongType { field, .. }
            | Self::Invalid { field, .. } => Some(field),
        }
    }

    /// Puts a step before the way to the field.
    fn within(mut self, step: &str) -> Self {
        if let Self::Missing { field }
        | Self::Unknown { field }
        | Self::WrongType { field, .. }
        | Self::Invalid { field, .. } = &mut self
        {
            let point = if field.is_empty() || field.starts_with('[') { "" } else { "." };
            *field = format!("{step}{point}{field}");
        }
        self
    }
}

/// Reads a body. One that is empty counts as an object without fields. It is as large as the caller let it be.
///
/// # Errors
/// [`BodyError`], naming the field where there is one to blame.
pub fn body<'de, T: Deserialize<'de>>(bytes: &[u8]) -> Result<T, BodyError> {
    let node = if bytes.is_empty() { Node::Object(Vec::new()) } else { Node::parse(bytes)? };
    match node {
        Node::Object(_) => T::deserialize(node),
        _ => Err(BodyError::NotAnObject),
    }
}

/// The type of an amount, see [`Decimal`](super::amount::Decimal).
const DECIMAL: &str = "Decimal";

/// How many fields an object may have. No request of any dialect comes near.
const FIELDS_MAX: usize = 256;

/// How deep a body may be nested. No request of any dialect comes near.
const DEPTH_MAX: usize = 32;

impl de::Error for BodyError {
    fn custom<T: Display>(reason: T) -> Self {
        Self::Invalid { field: String::new(), reason: reason.to_string() }
    }

    fn invalid_type(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
            Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Seq => "an array",
            Unexpected::Map => "an object",
            _ => "another type",
        };
        Self::WrongType { field: String::new(), found }
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::custom("out of range")
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("not one of {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown { field: field.to_owned() }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing { field: field.to_owned() }
    }
}

/// A value of the body. A number stays the text that was sent, so that no amount is ever a float.
enum Node {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        let raw: &RawValue = serde_json::from_slice(bytes).map_err(|_| BodyError::NotJson)?;
        Self::of(raw, DEPTH_MAX).map_err(|_| BodyError::NotJson)
    }

    /// Takes a text that is known to be JSON apart, down to a depth.
    fn of(raw: &RawValue, depth: usize) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        let below = depth.checked_sub(1).ok_or_else(|| serde::de::Error::custom("nested too deep"));
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Boolean(serde_json::from_str(text)?),
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b'[') => {
                let below = below?;
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::Array(items.into_iter().map(|item| Self::of(item, below)).collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let below = below?;
                let RawFields(fields) = serde_json::from_str(text)?;
                let field = |(name, value)| Ok((name, Self::of(value, below)?));
                Self::Object(fields.into_iter().map(field).collect::<Result<_, serde_json::Error>>()?)
            }
            _ => Self::Number(text.to_owned()),
        })
    }
}

/// The fields of an object in the order in which they were sent.
pub(crate) struct RawFields<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawFields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = RawFields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<(String, &RawValue)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if fields.len() >= FIELDS_MAX {
                        return Err(serde::de::Error::custom("too many fields"));
                    }
                    // Of a field that is there twice the last counts, as with every JSON reader of the clients.
                    fields.retain(|(known, _)| *known != name);
                    fields.push((name, value));
                }
                Ok(RawFields(fields))
            }
        }

        deserializer.deserialize_map(Read)
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = BodyError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BodyError> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Boolean(boolean) => visitor.visit_bool(boolean),
            Self::Number(text) => match (text.parse(), text.parse()) {
                (Ok(signed), _) => visitor.visit_i64(signed),
                (_, Ok(unsigned)) => visitor.visit_u64(unsigned),
                _ if text.contains(['.', 'e', 'E']) => {
                    Err(BodyError::WrongType { field: String::new(), found: "a number with a fraction" })
                }
                _ => Err(BodyError::custom("out of range")),
            },
            Self::Text(text) => visitor.visit_string(text),
            Self::Array(items) => visitor.visit_seq(Items { items: items.into_iter(), position: 0 }),
            Self::Object(fields) => visitor.visit_map(Fields { fields: fields.into_iter(), current: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BodyError> {
        if matches!(self, Self::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, BodyError> {
        match self {
            // An amount is read as it was written, with whatever fraction.
            Self::Number(text) if name == DECIMAL => visitor.visit_newtype_struct(Self::Text(text)),
            other => visitor.visit_newtype_struct(other),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BodyError> {
        match self {
            Self::Text(word) => visitor.visit_enum(word.into_deserializer()),
            // Every enumeration of the dialects is of words; the visitor knows to refuse the rest.
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BodyError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// The items of an array; an error is given the position it came from.
struct Items {
    items: std::vec::IntoIter<Node>,
    position: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = BodyError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, BodyError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let position = self.position;
        self.position += 1;
        seed.deserialize(item).map(Some).map_err(|error| error.within(&format!("[{position}]")))
    }
}

/// The fields of an object; an error is given the name it came from.
struct Fields {
    fields: std::vec::IntoIter<(String, Node)>,
    current: Option<(String, Node)>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = BodyError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, BodyError> {
        self.current = self.fields.next();
        self.current.as_ref().map(|(name, _)| seed.deserialize(name.as_str().into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, BodyError> {
        let (name, value) = self.current.take().ok_or_else(|| BodyError::custom("a value without a name"))?;
        seed.deserialize(value).map_err(|error| error.within(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ovh::wire::{
        auth::ApiCredentialRequestParams,
        order::{PayRequest, PayWithRegisteredPaymentMeanRequest},
        product::ServiceInfosUpdate,
        service::RenewRequest,
    };

    fn refusal<T: for<'de> Deserialize<'de> + std::fmt::Debug>(text: &str) -> String {
        body::<T>(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_renewal_request_is_read() {
        let read: RenewRequest = body(br#"{"dryRun":false,"duration":"P1Y","services":[67890,12345]}"#).unwrap();
        let wanted = RenewRequest { duration: "P1Y".to_owned(), services: vec![67890, 12345], dry_run: Some(false) };
        assert_eq!(read, wanted);
        for text in [r#"{"duration":"P1Y","services":[]}"#, r#"{"duration":"P1Y","services":[],"dryRun":null,"x":1.5}"#]
        {
            assert_eq!(body::<RenewRequest>(text.as_bytes()).unwrap().dry_run, None);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, message) in [
            ("", "`duration` is missing"),
            ("{", "the body is not JSON"),
            ("[]", "the body is not a JSON object"),
            ("null", "the body is not a JSON object"),
            (r#"{"duration":"P1Y"}"#, "`services` is missing"),
            (r#"{"duration":12,"services":[]}"#, "`duration` is of the wrong type: an integer"),
            (r#"{"duration":null,"services":[]}"#, "`duration` is of the wrong type: null"),
            (r#"{"duration":"P1Y","services":7}"#, "`services` is of the wrong type: an integer"),
            (r#"{"duration":"P1Y","services":{}}"#, "`services` is of the wrong type: an object"),
            (r#"{"duration":"P1Y","services":["7"]}"#, "`services[0]` is of the wrong type: a string"),
            (
                r#"{"duration":"P1Y","services":[1,2.0]}"#,
                "`services[1]` is of the wrong type: a number with a fraction",
            ),
            (r#"{"duration":"P1Y","services":[18446744073709551615]}"#, "`services[0]` is not valid: out of range"),
            (r#"{"duration":"P1Y","services":[],"dryRun":"no"}"#, "`dryRun` is of the wrong type: a string"),
        ] {
            assert_eq!(refusal::<RenewRequest>(text), message, "{text}");
        }
    }

    #[test]
    fn a_field_inside_another_is_named_with_its_way() {
        assert_eq!(refusal::<PayRequest>(r#"{"paymentMethod":{}}"#), "`paymentMethod.id` is missing");
        assert_eq!(
            refusal::<ServiceInfosUpdate>(r#"{"renew":{"period":"3"}}"#),
            "`renew.period` is of the wrong type: a string"
        );
        assert_eq!(
            refusal::<ApiCredentialRequestParams>(r#"{"accessRules":[{"method":"PATCH","path":"/*"}]}"#),
            "`accessRules[0].method` is not valid: not one of GET, POST, PUT, DELETE"
        );
        assert_eq!(
            refusal::<ApiCredentialRequestParams>(r#"{"accessRules":[],"allowedIPs":["10.0.0.0/8","x"]}"#),
            "`allowedIPs[1]` is not valid: not an address or a block such as 10.0.0.0/8"
        );
        assert_eq!(
            refusal::<PayWithRegisteredPaymentMeanRequest>(r#"{"paymentMean":7}"#),
            "`paymentMean` is of the wrong type: an integer"
        );
    }

    #[test]
    fn what_the_python_client_leaves_unset_arrives_as_null() {
        let text = br#"{"accessRules":[{"method":"GET","path":"/*"}],"redirection":null,"allowedIPs":null}"#;
        let read: ApiCredentialRequestParams = body(text).unwrap();
        assert_eq!((read.redirection, read.allowed_ips), (None, None));
    }
}
