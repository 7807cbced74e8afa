//! `perennial completions`: what a shell needs to complete our command line.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::command::Cli;
use crate::output;

/// Print the completion script of a shell
///
/// bash: `perennial completions bash > /etc/bash_completion.d/perennial`
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "perennial", &mut script);
    output::lines([String::from_utf8_lossy(&script).trim_end()])?;
    Ok(ExitCode::SUCCESS)
}
