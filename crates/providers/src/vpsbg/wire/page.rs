//! The envelope of a list in pages.

use serde::Serialize;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// The pages beside it.
    pub links: Links,
    /// Which page it is.
    pub meta: Meta,
}

/// The pages beside a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The first page.
    pub first: String,
    /// The last one.
    pub last: String,
    /// The one before.
    pub prev: Option<String>,
    /// The one after.
    pub next: Option<String>,
}

/// Which page it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Its number, from 1.
    pub current_page: usize,
    /// The place of its first item in the list, from 1; none on an empty page (inferred).
    pub from: Option<usize>,
    /// The number of the last page.
    pub last_page: usize,
    /// A row of links for people.
    pub links: Vec<Link>,
    /// The list's address.
    pub path: String,
    /// How many items a page has.
    pub per_page: usize,
    /// The place of its last item.
    pub to: Option<usize>,
    /// How many items all pages have.
    pub total: usize,
}

/// A link for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Where it leads.
    pub url: Option<String>,
    /// What it says: an arrow, a number.
    pub label: String,
    /// Whether it is the page itself.
    pub active: bool,
}
