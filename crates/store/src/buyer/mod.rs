//! The buyer's rows: what we rent, and what we decided to renew. How each is read and written, whatever the database.

pub(crate) mod holdings;
pub(crate) mod intents;
mod rows;
mod state;

use crate::lines;

/// A text as every database can keep it. Whatever a provider says goes on file, and PostgreSQL keeps no NUL: to be refused
/// for one would lose the word of what was paid.
fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn kept_opt(text: Option<&str>) -> Option<String> {
    text.map(kept)
}

/// A list of texts, in one column.
fn kept_lines(texts: &[String]) -> String {
    kept(&lines::render(texts.iter().map(|text| [text.as_str()])))
}
