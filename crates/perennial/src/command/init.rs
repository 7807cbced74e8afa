//! `perennial init`: a configuration to begin with.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use crate::command::Global;
use crate::output::{self, Output};

/// What a new configuration says.
const TEMPLATE: &str = include_str!("init.toml");

/// Write a commented configuration for what you rent
///
/// Writes perennial.toml here, or the file that --config names, with its folder. One that is there already is left as it
/// is. --json: one document with `file`.
#[derive(Args, Clone, Copy, Debug)]
pub struct InitArgs {}

/// Writes the file.
///
/// # Errors
/// When there is one already, or it cannot be written.
pub fn run(global: &Global, InitArgs {}: InitArgs) -> anyhow::Result<ExitCode> {
    let file = global.config.clone().unwrap_or_else(|| PathBuf::from("perennial.toml"));
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    }
    let made = match std::fs::File::create_new(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("{} is there already\nhint: `--config FILE` names another one", file.display());
        }
        made => made,
    };
    made.and_then(|mut made| made.write_all(TEMPLATE.as_bytes()))
        .with_context(|| format!("writing {}", file.display()))?;
    match global.output() {
        Output::Json => output::lines([json!({ "file": file.display().to_string() }).to_string()])?,
        Output::Human => output::note(&format!(
            "wrote {}\nhint: `perennial provider add NAME --api API` adds an account that you have, `perennial sync` reads it",
            file.display()
        )),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, Half};

    #[test]
    fn a_new_configuration_is_in_order_with_its_comments_and_without() {
        let file = Path::new("perennial.toml");
        let plain = Config::parse(TEMPLATE, file, Half::Buyer).expect("reads").buyer;
        assert!(
            plain.providers.is_empty() && plain.policy.rules.is_empty(),
            "nothing is renewed that nobody asked for"
        );
        // An example is what begins with `#` and no blank.
        let example = |line: &str| line.strip_prefix('#').filter(|line| !line.starts_with(' ')).map(str::to_owned);
        let lines: Vec<_> = TEMPLATE.lines().map(|line| example(line).unwrap_or_else(|| line.to_owned())).collect();
        let full = Config::parse(&lines.join("\n"), file, Half::Buyer).expect("reads").buyer;
        assert_eq!((full.providers.len(), full.policy.rules.len(), full.policy.budgets.len()), (1, 2, 1));
        assert!(full.policy.quiet.is_some() && full.rehearsal.is_some());
    }
}
