//! What renewing a server costs. The provider calculates it together with what comes along with the server, its add-ons,
//! and nothing comes of asking. Promo codes are shown and not used.

use http::Method;
use jiff::civil::Date;
use perennial_core::buyer::holding::RemoteId;
use perennial_core::buyer::remote::{CallError, Length, Offer};
use perennial_core::calendar::{AnchorDay, CalendarError, Period, add_period};
use perennial_core::money::{Currency, Money, MoneyError};
use serde_json::value::RawValue;

use super::said::{blames, quoted};
use super::wire::{Calculation, Plan, Promo, Server};
use super::{Client, server_number};
use crate::common::body::body;
use crate::vpsbg::wire::order::RenewRequest;

/// The cycles that are sold, in months.
const CYCLES: [u16; 5] = [1, 3, 6, 12, 24];

const PATH: &str = "/servers/renew/calculate";

impl Client {
    pub(super) async fn offered(&self, id: &RemoteId, lengths: &[Length]) -> Result<Vec<Offer>, CallError> {
        let Some(id) = server_number(id) else { return Ok(Vec::new()) };
        let Some(server) = self.server(id).await? else { return Ok(Vec::new()) };
        let currency = self.currency().await?;
        let promos = self.promos(server.plan.as_ref()).await;
        let until = self.stand(&server)?.until;
        let anchor = anchor(until, server.created_at.map(|created| self.zone.date_of(created.0)));
        let mut offers = Vec::new();
        for (months, period) in cycles(&server, lengths) {
            let Some(calculated) = self.calculated(id, months).await? else { continue };
            let until = add_period(until, period, anchor);
            let offer = until.map_err(Wrong::from).and_then(|until| offer(&calculated, currency, period, until));
            let mut offer = offer.map_err(|error| self.caller.not_understood(&format!("POST {PATH}"), &error))?;
            offer.remarks.extend(promos.iter().filter_map(|promo| remark(promo, months)));
            offers.push(offer);
        }
        Ok(offers)
    }

    /// What a renewal would cost; none where the server is not renewed for so long.
    async fn calculated(&self, server: i64, months: u16) -> Result<Option<Calculation>, CallError> {
        let asked = RenewRequest { server_ids: vec![server], billing_cycle: months, promo_code: None };
        match self.ask(PATH, &asked).await {
            Ok(calculated) => Ok(Some(calculated)),
            Err(CallError::Refused { said, .. }) if blames(&said, "billing_cycle") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The promo codes of a plan. They are told for people only, by a call that is documented as in development: without
    /// it an offer is what it is.
    async fn promos(&self, plan: Option<&Plan>) -> Vec<Promo> {
        let Some(plan) = plan.and_then(|plan| plan.id) else { return Vec::new() };
        if let Some(known) = self.memory.promos(self.now(), plan.0) {
            return known;
        }
        let read = self.reply(&Method::GET, &format!("/plans/{}/promo-codes", plan.0), None).await;
        let promos = read.ok().and_then(|reply| promos(&reply.body)).unwrap_or_default();
        self.memory.keep_promos(self.now(), plan.0, promos.clone());
        promos
    }
}

/// Why an offer cannot be told.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    Amount(#[from] MoneyError),
    #[error(transparent)]
    Date(#[from] CalendarError),
}

fn offer(calculated: &Calculation, currency: Currency, period: Period, until: Date) -> Result<Offer, Wrong> {
    let net = calculated.due_today_amount.money(currency)?;
    let gross = calculated.due_today_amount_with_vat.money(currency)?;
    let discount = calculated.discount.as_ref().map(|discount| discount.money(currency)).transpose()?;
    Ok(Offer {
        length: Length::Period(period),
        net,
        tax: gross.minus(net)?,
        gross,
        discount: discount.filter(|discount: &Money| !discount.is_zero()),
        until,
        remarks: Vec::new(),
    })
}

/// The cycles that a server can be renewed for, of those that are asked for; all where none is named.
fn cycles(server: &Server, lengths: &[Length]) -> Vec<(u16, Period)> {
    let least = server.plan.as_ref().and_then(|plan| plan.minimum_billing_cycle).map_or(1, |least| least.0);
    let sold = CYCLES.into_iter().filter(|months| i64::from(*months) >= least);
    let sold = sold.filter_map(|months| Some((months, Period::months(months)?)));
    sold.filter(|(_, period)| lengths.is_empty() || lengths.contains(&Length::Period(*period))).collect()
}

/// The day of the month on which a server's terms fall: that of its expiry or, where a short month may have cut it, that
/// of its beginning.
fn anchor(until: Date, created: Option<Date>) -> AnchorDay {
    let may_be_cut = until.day() == until.days_in_month();
    let longer = created.filter(|created| may_be_cut && created.day() > until.day());
    AnchorDay::of(longer.unwrap_or(until))
}

/// Reads a bare array of promo codes.
fn promos(bytes: &[u8]) -> Option<Vec<Promo>> {
    let items: Vec<&RawValue> = serde_json::from_slice(bytes).ok()?;
    items.into_iter().map(|item| body(item.get().as_bytes()).ok()).collect()
}

/// What is said of a promo code that a cycle is long enough for.
fn remark(promo: &Promo, months: u16) -> Option<String> {
    let is_given = promo.minimum_billing_cycle.is_none_or(|least| i64::from(months) >= least.0);
    let percentage = promo.percentage.as_ref()?;
    is_given.then(|| {
        format!("promo code `{}` would take {} % off; it is not used", quoted(&promo.code), quoted(percentage.text()))
    })
}

#[cfg(test)]
mod tests {
    use perennial_core::calendar::parse_date;

    use super::*;

    #[test]
    fn the_end_of_a_month_may_have_been_a_later_day() {
        let date = |text| parse_date(text).expect("is a date");
        for (until, created, day) in [
            ("2027-02-28", Some("2026-10-31"), 31),
            ("2027-02-28", Some("2026-10-15"), 28),
            ("2027-02-28", None, 28),
            ("2028-02-28", Some("2026-10-31"), 28),
            ("2027-04-30", Some("2026-08-31"), 31),
            ("2027-04-15", Some("2026-08-31"), 15),
        ] {
            assert_eq!(anchor(date(until), created.map(date)).get(), day, "{until} {created:?}");
        }
    }

    #[test]
    fn promo_codes_are_told_for_cycles_that_are_long_enough() {
        let text =
            br#"[{"code":"fall2403","percentage":10,"minimum_billing_cycle":3},{"code":"x","percentage":"5.5"}]"#;
        let read = promos(text).expect("reads");
        let told = |months| read.iter().filter_map(|promo| remark(promo, months)).collect::<Vec<_>>();
        assert_eq!(told(1), ["promo code `x` would take 5.5 % off; it is not used"]);
        assert_eq!(told(3).len(), 2);
        assert_eq!(promos(b"{}"), None);
        assert_eq!(promos(b"<html>"), None);
    }
}
