//! `perennial provider list`: the accounts of the configuration.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::buyer::{Office, credentials};
use crate::command::Global;
use crate::output::{Column, Row, minute, number, text};

/// List the accounts of the configuration
///
/// Nothing is called. --json: a line an account with `version`, `kind`, `provider`, `api`, `url` (null for what goes with the credentials,
/// or the provider's own), `credentials` (where they come from), `services` and `read_at` (null where it has not been
/// read).
#[derive(Args, Clone, Copy, Debug)]
pub struct ListArgs {}

/// Lists.
///
/// # Errors
/// When the configuration is wrong, or the ledger does not answer.
pub fn run(global: &Global, ListArgs {}: ListArgs) -> anyhow::Result<ExitCode> {
    const COLUMNS: [Column; 6] =
        [text("PROVIDER"), text("API"), text("URL"), text("CREDENTIALS"), number("SERVICES"), text("READ")];
    let office = Office::open_to_read(global)?;
    let syncs = match office.books_if_there()? {
        Some(books) => books.syncs()?,
        None => Vec::new(),
    };
    let rows = office.providers().iter().map(|(name, config)| {
        let sync = syncs.iter().find(|sync| sync.provider == *name);
        let place = credentials::place(config);
        Row {
            cells: vec![
                name.to_string(),
                config.api.name.to_owned(),
                config.url.clone().unwrap_or_default(),
                place.clone(),
                sync.map(|sync| sync.holdings.to_string()).unwrap_or_default(),
                sync.map_or_else(|| "never".to_owned(), |sync| minute(sync.at)),
            ],
            document: json!({
                "version": 1,
                "kind": "provider",
                "provider": name.as_str(),
                "api": config.api.name,
                "url": config.url,
                "credentials": place,
                "services": sync.map(|sync| sync.holdings),
                "read_at": sync.map(|sync| sync.at.to_string()),
            }),
        }
    });
    let none = "there are no accounts\nhint: `perennial provider add NAME --api API` adds one";
    global.output().list(&COLUMNS, rows.collect(), none)?;
    Ok(ExitCode::SUCCESS)
}
