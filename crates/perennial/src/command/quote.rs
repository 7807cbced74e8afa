//! `perennial quote`: what renewing a service costs, now.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use perennial_core::buyer::remote::{Length, Offer};
use perennial_core::calendar::Period;
use serde_json::json;

use crate::buyer::{Office, service};
use crate::command::Global;
use crate::output::{Column, Row, money, number, text};

/// Ask a provider what renewing a service costs
///
/// Nothing is ordered. Shown are all periods that the provider offers, or those that were asked for.
///
/// --json: a line a period with `version`, `kind`, `service` (PROVIDER/ID), `period`, `until` (where the service would stand), `net`, `tax`,
/// `gross`, `discount` (null where there is none), `remarks`.
#[derive(Args, Debug)]
pub struct QuoteArgs {
    /// The service: its name, its label, the provider's id, or PROVIDER/ID
    #[arg(value_name = "SERVICE")]
    service: String,
    /// For this period, such as P1M or P1Y; can be repeated [default: all that are offered]
    #[arg(long = "period", value_name = "PERIOD", value_parser = Period::parse)]
    periods: Vec<Period>,
}

/// Asks.
///
/// # Errors
/// When there is no such service, it is not offered for the period, or the provider does not answer.
pub fn run(global: &Global, args: &QuoteArgs) -> anyhow::Result<ExitCode> {
    const COLUMNS: [Column; 7] = [
        text("PERIOD"),
        text("UNTIL"),
        number("NET"),
        number("TAX"),
        number("GROSS"),
        number("DISCOUNT"),
        text("REMARKS"),
    ];
    let office = Office::open(global)?;
    let holding = service::find(&*office.books()?, &args.service)?;
    let remotes = office.remotes(&office.named(&[holding.key.provider.to_string()])?)?;
    let lengths: Vec<_> = args.periods.iter().copied().map(Length::Period).collect();
    let offers = office.with_buyer(remotes, async |buyer| Ok(buyer.offers(&holding.key, &lengths).await?))?;
    let missing: Vec<_> = lengths
        .iter()
        .filter(|length| offers.iter().all(|offer| offer.length != **length))
        .map(ToString::to_string)
        .collect();
    if !missing.is_empty() {
        bail!(
            "{} is not offered for {}\nhint: without --period all that is offered is shown",
            holding.name,
            missing.join(", ")
        );
    }
    let row = |offer: &Offer| Row {
        cells: vec![
            offer.length.to_string(),
            offer.until.to_string(),
            offer.net.to_string(),
            offer.tax.to_string(),
            offer.gross.to_string(),
            offer.discount.map(|discount| discount.to_string()).unwrap_or_default(),
            offer.remarks.join("; "),
        ],
        document: json!({
            "version": 1,
            "kind": "offer",
            "service": holding.key.to_string(),
            "period": offer.length.to_string(),
            "until": offer.until.to_string(),
            "net": money(offer.net),
            "tax": money(offer.tax),
            "gross": money(offer.gross),
            "discount": offer.discount.map(money),
            "remarks": offer.remarks,
        }),
    };
    global.output().list(&COLUMNS, offers.iter().map(row).collect(), "the provider offers no renewal of it now")?;
    Ok(ExitCode::SUCCESS)
}
