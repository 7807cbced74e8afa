//! `perennial native`: the providers' own automatic renewal.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use perennial_core::buyer::holding::HoldingKey;
use serde_json::json;

use crate::buyer::{Office, service};
use crate::command::{Consent, Global};
use crate::output::{self, Output};

/// Switch a provider's own automatic renewal
///
/// Where both the provider and your rules renew a service, both pay.
#[derive(Args, Debug)]
pub struct NativeArgs {
    #[command(subcommand)]
    command: NativeCommand,
}

#[derive(Debug, Subcommand)]
enum NativeCommand {
    /// Switch it off for a service, so that your rules alone renew it
    ///
    /// Asks first. --json: one document with `version`, `kind`, `service` (PROVIDER/ID), `native`.
    Off {
        /// The service: its name, its label, the provider's id, or PROVIDER/ID
        #[arg(value_name = "SERVICE")]
        service: String,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Switches.
///
/// # Errors
/// When there is no such service, nobody agrees, or the provider cannot or does not answer.
pub fn run(global: &Global, args: &NativeArgs) -> anyhow::Result<ExitCode> {
    let NativeCommand::Off { service, consent } = &args.command;
    let office = Office::open(global)?;
    let holding = service::find(&*office.books()?, service)?;
    let remotes = office.remotes(&office.named(&[holding.key.provider.to_string()])?)?;
    let rule = office.policy().rule_for(&holding);
    let instead = if rule.is_some() { "a rule of yours holds for it" } else { "NO rule of yours holds for it" };
    consent.ask(&format!("Switch {}'s own renewal of {} off? ({instead})", holding.key.provider, holding.name))?;
    office.with_buyer(remotes, async |buyer| Ok(buyer.switch_native_off(&holding.key).await?))?;
    match global.output() {
        Output::Json => {
            output::lines([
                json!({ "version": 1, "kind": "native", "service": holding.key.to_string(), "native": "off" })
                    .to_string(),
            ])?;
        }
        Output::Human => {
            let HoldingKey { provider, .. } = &holding.key;
            output::note(&format!(
                "{provider}'s own renewal of {} is off\nhint: `perennial sync {provider}` lets `list` and `plan` see it",
                holding.name
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
