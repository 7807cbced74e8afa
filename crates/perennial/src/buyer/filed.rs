//! Which intent is meant: its id may be written as few digits of its beginning as tell it apart.

use anyhow::anyhow;
use perennial_store::{Filed, Records};

/// The intent that is called so.
///
/// # Errors
/// When there is none, or several; when the ledger does not answer.
pub fn find(books: &(dyn Records + Send + Sync), written: &str) -> anyhow::Result<Filed> {
    let found = if written.is_empty() { None } else { books.find_intent(written)? };
    found.ok_or_else(|| {
        anyhow!("there is not just one intent that begins with `{written}`\nhint: `perennial status --all` lists all")
    })
}
