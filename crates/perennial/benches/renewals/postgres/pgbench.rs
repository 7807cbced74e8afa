//! The reference that anyone can run again: the distribution's `pgbench`, whose clients call one function that renews.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use perennial_testkit::postgres::Cluster;

use crate::raw::Done;

/// Renews services of a database, one a call, by so many clients.
pub fn run(cluster: &Cluster, database: &str, services: i64, clients: i64, time: Duration) -> Result<Done> {
    cluster.sql(database, include_str!("sql/renew.sql"))?;
    cluster.sql(database, "select setval('renewals', max(id)) from orders")?;
    let script = cluster.folder().join("renew.pgbench");
    std::fs::write(&script, include_str!("sql/renew.pgbench"))?;
    let script = script.to_str().context("the cluster's folder has a name")?;
    let (services, clients, seconds) =
        (format!("services={services}"), clients.to_string(), time.as_secs().max(1).to_string());
    let arguments = ["-n", "-M", "prepared", "-c", &clients, "-T", &seconds, "-D", &services, "-f", script];
    let said = cluster.client("pgbench", database, &arguments)?;
    let number = |name: &str| -> Result<f64> {
        let (_, rest) = said.split_once(name).with_context(|| format!("pgbench does not tell `{name}`:\n{said}"))?;
        let digits: String = rest.chars().take_while(|digit| digit.is_ascii_digit() || *digit == '.').collect();
        Ok(digits.parse()?)
    };
    let failed = number("number of failed transactions: ")?;
    ensure!(failed <= 0.0, "{failed} calls failed:\n{said}");
    let (calls, rate) = (number("number of transactions actually processed: ")?, number("tps = ")?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand calls")]
    Ok(Done { renewals: calls as u64, elapsed: Duration::from_secs_f64(calls / rate) })
}
