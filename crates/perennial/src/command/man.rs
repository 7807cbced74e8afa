//! `perennial man`: the manual pages, from the same text as the help.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man;
use jiff::tz::TimeZone;
use perennial_core::ports::Clock;
use perennial_engine::clock::SystemClock;

use crate::command::Cli;
use crate::output;

/// Print the manual page, or write the pages of all commands
///
/// `perennial man | man -l -` reads it at once.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write a page a command into this folder instead
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// The date on the pages, for builds that must repeat [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<jiff::civil::Date>,
}

/// Prints or writes the pages.
///
/// # Errors
/// When they cannot be written.
pub fn run(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let date = args.date.unwrap_or_else(|| SystemClock.now().to_zoned(TimeZone::UTC).date()).to_string();
    let mut whole = Cli::command();
    whole.build();
    let Some(folder) = &args.output else {
        output::lines([page(whole, &date)?.trim_end()])?;
        return Ok(ExitCode::SUCCESS);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    for command in family(whole) {
        let file = folder.join(format!("{}.1", name(&command)));
        std::fs::write(&file, page(command, &date)?).with_context(|| format!("writing {}", file.display()))?;
        output::note(&format!("wrote {}", file.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn page(command: clap::Command, date: &str) -> anyhow::Result<String> {
    let mut page = Vec::new();
    let title = name(&command).to_uppercase();
    Man::new(command).title(title).date(date).manual("Perennial").render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

fn name(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

/// The command and all below it, but for `help`, which has no page of its own.
fn family(command: clap::Command) -> Vec<clap::Command> {
    let below: Vec<_> =
        command.get_subcommands().filter(|below| below.get_name() != "help").cloned().flat_map(family).collect();
    std::iter::once(command).chain(below).collect()
}
