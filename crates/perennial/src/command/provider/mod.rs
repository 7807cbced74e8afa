//! `perennial provider`: our accounts at providers.

mod add;
mod list;
mod test;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::command::Global;

/// Add, list and test your accounts at providers
#[derive(Args, Debug)]
pub struct ProviderArgs {
    #[command(subcommand)]
    command: ProviderCommand,
}

#[derive(Debug, Subcommand)]
enum ProviderCommand {
    Add(Box<add::AddArgs>),
    List(list::ListArgs),
    Test(test::TestArgs),
}

/// Adds, lists or tests.
///
/// # Errors
/// As the commands say.
pub fn run(global: &Global, args: &ProviderArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ProviderCommand::Add(args) => add::run(global, args),
        ProviderCommand::List(args) => list::run(global, *args),
        ProviderCommand::Test(args) => test::run(global, args),
    }
}
