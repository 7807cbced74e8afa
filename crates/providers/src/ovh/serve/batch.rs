//! Many objects in one request: `X-Ovh-Batch: ,` and `/me/order/1,2,3`. The console sends it; no SDK does.
//!
//! The answer's member `value` is known (schema, console code); `key` and `error` beside it are unverified.

use serde::Serialize;
use serde_json::value::RawValue;

use super::context::{Answer, Context};
use super::gateway::read_one;
use crate::Request;
use crate::ovh::routes::{Match, routes};
use crate::ovh::wire::error::{ErrorBody, Failure};

/// The header; its value is the separator.
const HEADER: &str = "x-ovh-batch";

/// The console sends 50 ids at the most.
const KEYS_MAX: usize = 50;

#[derive(Serialize)]
struct Item<'a> {
    key: &'a str,
    value: Option<Box<RawValue>>,
    error: Option<ErrorBody>,
}

/// The separator, if the request is a batch: one for an object, whose id ends the path. Elsewhere the header says
/// nothing.
pub(super) fn separator(request: &Request, found: &Match) -> Option<String> {
    let separator = request.headers.get(HEADER)?.to_str().ok()?;
    let names_object = routes().get(found.index).is_some_and(|route| route.path.ends_with('}'));
    (request.method == http::Method::GET && names_object && !separator.is_empty()).then(|| separator.to_owned())
}

/// Reads each of the objects named in the last segment of the path.
pub(super) fn answer<'a>(
    separator: &str,
    below: &str,
    context: impl Fn(Match) -> Context<'a>,
) -> Result<Answer, Failure> {
    let (list, keys) = below.rsplit_once('/').ok_or_else(Failure::route_not_found)?;
    let decoded = percent_encoding::percent_decode_str(keys).decode_utf8_lossy();
    let keys: Vec<_> = decoded.split(separator).collect();
    if keys.len() > KEYS_MAX {
        return Err(Failure::bad_request(format!("A batch names {KEYS_MAX} objects at the most")));
    }
    let items = keys
        .into_iter()
        .map(|key| match read_one(list, key, &context) {
            Ok(answer) => Ok(Item { key, value: Some(answer.raw()?), error: None }),
            Err(failure) => Ok(Item { key, value: None, error: Some(*failure.body) }),
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    Answer::json(&items)
}
