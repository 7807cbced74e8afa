//! Pages of lists, by headers, as the console (v1) and the newer clients (v2) ask for them. Without the headers a list
//! is whole.
//!
//! v1: `X-Pagination-Mode: CachedObjectList-Pages` gives the objects themselves, sorted and filtered, by page number.
//! Objects that are gone or expired are left out of their page, and not counted where all are read to be arranged.
//! v2: `X-Pagination-Size` alone, and then `X-Pagination-Cursor`, gives the list piece by piece.
//! Undocumented for v1; read from the console's code (2025).

use std::cmp::Ordering;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use serde_json::value::RawValue;

use super::context::{Answer, Context};
use super::gateway::read_one;
use crate::Request;
use crate::ovh::routes::{Match, find};
use crate::ovh::wire::error::Failure;

const MODE: &str = "x-pagination-mode";
const NUMBER: &str = "x-pagination-number";
const SIZE: &str = "x-pagination-size";
const SORT: &str = "x-pagination-sort";
const SORT_ORDER: &str = "x-pagination-sort-order";
const FILTER: &str = "x-pagination-filter";
const ELEMENTS: &str = "x-pagination-elements";
const CURSOR: &str = "x-pagination-cursor";
const CURSOR_NEXT: &str = "x-pagination-cursor-next";

const OBJECT_PAGES: &str = "CachedObjectList-Pages";
const SIZE_DEFAULT: usize = 25;
const SIZE_MAX: usize = 5_000;

/// Turns the answer of a list route to the page that was asked for.
pub(super) fn turn<'a>(
    request: &Request,
    below: &str,
    answer: Answer,
    context: impl Fn(Match) -> Context<'a>,
) -> Result<(Answer, HeaderMap), Failure> {
    let whole = |answer| Ok((answer, HeaderMap::new()));
    let asked = [MODE, SIZE, CURSOR].into_iter().any(|name| request.headers.contains_key(name));
    if !asked || request.method != Method::GET {
        return whole(answer);
    }
    let Ok(elements) = serde_json::from_slice::<Vec<Box<RawValue>>>(&answer.0) else { return whole(answer) };
    if text(request, MODE) == Some(OBJECT_PAGES) {
        by_number(request, below, &elements, context)
    } else {
        by_cursor(request, &elements)
    }
}

fn by_number<'a>(
    request: &Request,
    below: &str,
    ids: &[Box<RawValue>],
    context: impl Fn(Match) -> Context<'a>,
) -> Result<(Answer, HeaderMap), Failure> {
    let size = number(request, SIZE)?.unwrap_or(SIZE_DEFAULT).clamp(1, SIZE_MAX);
    let page = number(request, NUMBER)?.unwrap_or(1).max(1);
    let arranged = [SORT, FILTER].into_iter().any(|name| request.headers.contains_key(name));
    // What a list without a route to its elements has are the objects themselves.
    let named = find(&Method::GET, &format!("{below}/_")).is_ok();
    let mut objects = Vec::new();
    // Without sorting and filtering only the page's own objects are read.
    let (read, elements) = if arranged { (ids, None) } else { (slice(ids, page, size), Some(ids.len())) };
    for id in read {
        match if named { read_one(below, &key(id), &context) } else { Ok(Answer(id.get().to_owned().into())) } {
            Ok(object) => objects.push(object.raw()?),
            Err(failure) if is_absent(&failure) => {}
            Err(failure) => return Err(failure),
        }
    }
    if arranged {
        arrange(request, &mut objects)?;
    }
    let elements = elements.unwrap_or(objects.len());
    let shown = if arranged { slice(&objects, page, size) } else { &objects };
    let mut headers = HeaderMap::new();
    for (name, value) in [(ELEMENTS, elements), (NUMBER, page), (SIZE, size)] {
        headers.insert(HeaderName::from_static(name), value.into());
    }
    if let Some(sort) = request.headers.get(SORT) {
        headers.insert(HeaderName::from_static(SORT), sort.clone());
    }
    Ok((Answer::json(&shown)?, headers))
}

/// Whether an object is only not to be seen: gone since the list was made, or expired. The rest of the page can be.
fn is_absent(failure: &Failure) -> bool {
    [404, 460].contains(&failure.status.as_u16())
}

fn by_cursor(request: &Request, ids: &[Box<RawValue>]) -> Result<(Answer, HeaderMap), Failure> {
    let size = number(request, SIZE)?.unwrap_or(SIZE_DEFAULT).clamp(1, SIZE_MAX);
    // The cursor is the position after the last element of the piece before.
    let from = number(request, CURSOR)?.unwrap_or(0).min(ids.len());
    let to = from.saturating_add(size).min(ids.len());
    let mut headers = HeaderMap::new();
    if to < ids.len() {
        headers.insert(HeaderName::from_static(CURSOR_NEXT), to.into());
    }
    Ok((Answer::json(&ids.get(from..to))?, headers))
}

/// Filters and sorts objects by their fields.
fn arrange(request: &Request, objects: &mut Vec<Box<RawValue>>) -> Result<(), Failure> {
    let mut read = objects
        .drain(..)
        .map(|raw| Ok((serde_json::from_str(raw.get()).map_err(|_| Failure::server_error())?, raw)))
        .collect::<Result<Vec<(Value, _)>, Failure>>()?;
    if let Some(filter) = text(request, FILTER) {
        let filter = Filter::parse(filter)?;
        read.retain(|(object, _)| filter.keeps(object));
    }
    if let Some(field) = text(request, SORT) {
        read.sort_by(|(left, _), (right, _)| compare(&left[field], &right[field]));
        if text(request, SORT_ORDER) == Some("DESC") {
            read.reverse();
        }
    }
    objects.extend(read.into_iter().map(|(_, raw)| raw));
    Ok(())
}

/// `field:op=value`; the operations seen are `eq`, `gt`, `lt`, `like`, `nlike` and `in`.
struct Filter<'a> {
    field: &'a str,
    operation: &'a str,
    value: &'a str,
}

impl<'a> Filter<'a> {
    fn parse(text: &'a str) -> Result<Self, Failure> {
        let refused = || Failure::bad_field("X-Pagination-Filter", "A filter is field:op=value");
        let (left, value) = text.split_once('=').ok_or_else(refused)?;
        let (field, operation) = left.split_once(':').ok_or_else(refused)?;
        if ["eq", "gt", "lt", "like", "nlike", "in"].contains(&operation) {
            Ok(Self { field, operation, value })
        } else {
            Err(refused())
        }
    }

    fn keeps(&self, object: &Value) -> bool {
        let held = &object[self.field];
        let text = shown(held);
        let order = || match (held.as_f64(), self.value.parse::<f64>()) {
            (Some(held), Ok(stated)) => held.partial_cmp(&stated),
            _ => Some(text.as_str().cmp(self.value)),
        };
        match self.operation {
            "eq" => text == self.value,
            "gt" => order() == Some(Ordering::Greater),
            "lt" => order() == Some(Ordering::Less),
            "like" => text.contains(self.value.trim_matches('%')),
            "nlike" => !text.contains(self.value.trim_matches('%')),
            _ => self.value.split(',').any(|one| one == text),
        }
    }
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => shown(left).cmp(&shown(right)),
    }
}

/// An id as it is named in a path.
fn key(id: &RawValue) -> String {
    serde_json::from_str(id.get()).unwrap_or_else(|_| id.get().to_owned())
}

/// A field as text.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn slice<T>(items: &[T], page: usize, size: usize) -> &[T] {
    items.chunks(size).nth(page - 1).unwrap_or_default()
}

fn text<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(HeaderValue::to_str)?.ok()
}

fn number(request: &Request, name: &'static str) -> Result<Option<usize>, Failure> {
    let refused = || Failure::bad_field(name, "A page's number, size and cursor are whole numbers");
    text(request, name).map(|text| text.parse().map_err(|_| refused())).transpose()
}
