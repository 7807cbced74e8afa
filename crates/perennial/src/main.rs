//! `perennial`: keeps prepaid services from lapsing, and never pays twice.
//!
//! The binary: command line, configuration, HTTP listeners and pages. Rules are in `perennial-core`, the ledger on disk
//! in `perennial-store`, the dialects in `perennial-providers`.

use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use tracing_subscriber::EnvFilter;

use crate::buyer::ending::EndsAs;
use crate::command::{Cli, LogFormat, Misuse};

mod buyer;
mod command;
mod config;
mod courier;
mod gateway;
mod import;
mod ledger;
mod output;
mod sandbox;
mod store;
mod vault;
mod web;
mod webhook;

const EXIT_FAILED: u8 = 1;
const EXIT_MISUSED: u8 = 2;

fn main() -> ExitCode {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        // Only a second installation is refused, and this is the first thing that happens.
        return ExitCode::FAILURE;
    }
    match Cli::read().and_then(run) {
        Ok(code) => code,
        Err(error) if reader_has_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&render_error(&error));
            let told = error.downcast_ref::<EndsAs>().map(|told| told.ending.number(false));
            ExitCode::from(told.unwrap_or(if error.is::<Misuse>() { EXIT_MISUSED } else { EXIT_FAILED }))
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    log_to_stderr(cli.global.log_format, cli.command.log_default())?;
    command::run(cli)
}

/// Logs go to stderr; `PERENNIAL_LOG` chooses which, as in `PERENNIAL_LOG=perennial_engine=debug`.
fn log_to_stderr(format: LogFormat, default: &str) -> anyhow::Result<()> {
    let chosen = std::env::var("PERENNIAL_LOG").ok().filter(|chosen| !chosen.is_empty());
    let filter = EnvFilter::try_new(chosen.as_deref().unwrap_or(default)).map_err(|error| {
        Misuse(format!("PERENNIAL_LOG: {error}\nhint: write a level, such as debug, or target=level"))
    })?;
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi);
    match format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
    Ok(())
}

/// Whoever read our output, such as `head`, has enough: that is no failure.
fn reader_has_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// `error: ...`, the chain of causes below it, and last what to do about it.
fn render_error(error: &anyhow::Error) -> String {
    let style = clap_styles();
    let paint = |style: &clap::builder::styling::Style, word: &str| {
        if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            format!("{style}{word}{style:#}")
        } else {
            word.to_owned()
        }
    };
    let mut told: Vec<String> = Vec::new();
    let mut hints: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let (own, hint) = text.split_once("\nhint: ").unwrap_or((&text, ""));
        let own = own.trim_end().replace('\n', "\n  ");
        // Some say what their cause says, and their cause says it again.
        if told.last().is_none_or(|last| !own.ends_with(last.as_str())) {
            told.push(own);
        }
        if !hint.is_empty() {
            hints.push(hint.to_owned());
        }
    }
    let error = paint(style.get_error(), "error:");
    let hint = paint(style.get_valid(), "hint:");
    let hints = hints.iter().map(|text| format!("\n{hint} {text}"));
    format!("{error} {}{}", told.join("\n  because: "), hints.collect::<String>())
}

/// The colours of help and errors.
const fn clap_styles() -> Styles {
    Styles::styled()
        .header(AnsiColor::Green.on_default().bold())
        .usage(AnsiColor::Green.on_default().bold())
        .literal(AnsiColor::Cyan.on_default().bold())
        .placeholder(AnsiColor::Cyan.on_default())
}
