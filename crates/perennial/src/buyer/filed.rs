//! Which intent is meant: its id may be written as few digits of its beginning as tell it apart.

use jiff::Timestamp;
use perennial_core::buyer::intent::Intent;
use perennial_store::{Filed, IntentFilter, Records};

use super::telling::short;
use crate::command::Misuse;

/// How many are named where several are meant.
const NAMED_MAX: usize = 5;

/// The intent that is called so.
///
/// # Errors
/// [`Misuse`] when there is none, or several; when the ledger does not answer.
pub fn find(books: &(dyn Records + Send + Sync), written: &str) -> anyhow::Result<Filed> {
    let found = if written.is_empty() { None } else { books.find_intent(written)? };
    if let Some(found) = found {
        return Ok(found);
    }
    let all = books.intents(IntentFilter::Since(Timestamp::MIN))?;
    let all: Vec<_> = all.into_iter().map(|filed| filed.intent).collect();
    Err(Misuse(unmatched(written, &all)).into())
}

/// Why no intent is meant: there is none, or there are several.
fn unmatched(written: &str, all: &[Intent]) -> String {
    let is_like = |intent: &&Intent| !written.is_empty() && intent.id.0.starts_with(written);
    let like: Vec<_> = all.iter().filter(is_like).collect();
    if like.is_empty() {
        return format!("there is no intent `{written}`\nhint: `perennial status --all` lists all");
    }
    let named: Vec<_> = like
        .iter()
        .take(NAMED_MAX)
        .map(|intent| format!("{} ({} {})", short(&intent.id), intent.key, intent.ask.name))
        .collect();
    let more = if like.len() > NAMED_MAX { ", and others" } else { "" };
    format!("{} intents begin with `{written}`: {}{more}\nhint: write more of its digits", like.len(), named.join(", "))
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::intent::{IntentId, State};

    use super::*;
    use crate::buyer::example;

    #[test]
    fn none_is_told_from_several() {
        let intent =
            |id: &str| Intent { id: IntentId(id.to_owned()), ..example::intent("ovh", "1", "10", State::Planned) };
        let all = [intent("a1"), intent("a2"), intent("b1")];
        for (written, told) in [
            ("c", "there is no intent `c`\nhint: `perennial status --all`"),
            ("", "there is no intent ``"),
            (
                "a",
                "2 intents begin with `a`: a1 (ovh/1 vps1.example.net), a2 (ovh/1 vps1.example.net)\nhint: write more",
            ),
        ] {
            assert!(unmatched(written, &all).starts_with(told), "{}", unmatched(written, &all));
        }
    }
}
