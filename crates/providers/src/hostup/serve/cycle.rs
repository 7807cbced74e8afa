//! `/v2/domains/{id}/billing-cycle`: for how many years a domain is renewed.

use http::Method;
use perennial_core::calendar::Period;
use perennial_core::command::Action;
use perennial_core::gate::RenewGate;
use perennial_core::ports::BoxFuture;

use super::found::{self, Found, InTheWay, OUTSTANDING, UNSETTLED, is_fixed};
use super::{Answer, Context, Row, body, reference};
use crate::common::amount::Amount;
use crate::hostup::id::Thing;
use crate::hostup::wire::cycle::{BillingCycle, CycleActions, CycleChanged, CycleOption, CycleUpdate, Years};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::Gate;

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/domains/{id}/billing-cycle", "billing-cycle", state).scopes(&["read:domains"]),
    Row::act(Method::POST, "/v2/domains/{id}/billing-cycle", "edit-billing-cycle", change).scopes(&["write:domains"]),
];

/// The longest billing cycle, in years (documented).
const YEARS_MAX: u16 = 9;

fn state(context: &Context<'_>) -> Result<Answer, Failure> {
    let (seen, id) = found::load_one(context, Thing::Domain)?;
    Ok(Answer::json(&shown(&Found::of(context, &seen, Thing::Domain, id)?)?)?)
}

fn shown(found: &Found<'_>) -> Result<BillingCycle, Failure> {
    let gate = can_change(found)?;
    let period = found.service.period;
    Ok(BillingCycle {
        current_billing_cycle: reference::cycle(period),
        current_period_years: reference::years(period),
        currency_code: found.account.currency.code(),
        options: options(found),
        locked: !gate.allowed,
        actions: CycleActions { can_change_billing_cycle: gate },
    })
}

/// The whole years that a domain is sold for.
fn options(found: &Found<'_>) -> Vec<CycleOption> {
    let currency = found.account.currency;
    let option = |period| {
        let period_years = reference::years(period).filter(|years| *years <= YEARS_MAX)?;
        let amount = Amount(found.service.price(found.product, period, currency)?);
        Some(CycleOption {
            billing_cycle: reference::cycle(period),
            period_years,
            amount,
            currency_code: currency.code(),
        })
    };
    found.service.periods(found.product, currency).into_iter().filter_map(option).collect()
}

/// Whether a domain can be billed in another cycle: not while an order is open, as its invoice is for the one it has.
fn can_change(found: &Found<'_>) -> Result<Gate, Failure> {
    if found.open.is_some() {
        let code = if found.pending().is_some() { "pending_order" } else { OUTSTANDING };
        return Ok(Gate::closed(UNSETTLED, Some(code)));
    }
    Ok(match found.gate()? {
        RenewGate::Closed(reason) if is_fixed(reason) => {
            Gate::closed(format!("The billing cycle cannot be changed: {reason}."), Some("not_active"))
        }
        RenewGate::Open | RenewGate::Closed(_) => Gate::OPEN,
    })
}

fn change<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context, Thing::Domain)?;
        let found = Found::of(context, &seen, Thing::Domain, id)?;
        let period = wanted(&body(context)?, &options(&found))?;
        if let Some(order) = found.open {
            return Err(found.blocked_by(order, InTheWay::OfCycle));
        }
        let gate = can_change(&found)?;
        if !gate.allowed {
            let detail = gate.reason.unwrap_or_default();
            return Err(Failure::conflict("domain_not_eligible", "Domain not eligible", detail));
        }
        context.submit(Action::SetRenewal { service: id, mode: None, period: Some(period) }).await?;
        let seen = found::load_service(context, id)?;
        let found = Found::of(context, &seen, Thing::Domain, id)?;
        let billing = reference::billing(found.price(), found.account.currency, found.service.period);
        Ok(Answer::json(&CycleChanged { billing, cycle: shown(&found)? })?)
    })
}

/// The period that a change asks for: one of the options, in one word or two that agree.
fn wanted(update: &CycleUpdate, options: &[CycleOption]) -> Result<Period, Failure> {
    let invalid = |field: &str, detail: &str| Failure::invalid_field(field, detail, "invalid_request");
    let by_word = match update.billing_cycle.as_deref() {
        None => None,
        Some(word) => {
            let period = reference::period_of_cycle(word).and_then(reference::years);
            Some(period.ok_or_else(|| invalid("/billingCycle", "`billingCycle` is no length in years."))?)
        }
    };
    let by_years = update.period_years.map(|Years(years)| years);
    let years = match (by_word, by_years) {
        (Some(word), Some(years)) if word != years => {
            return Err(invalid("/periodYears", "`periodYears` and `billingCycle` do not agree."));
        }
        (Some(years), _) | (None, Some(years)) => years,
        (None, None) => {
            let detail = "`billingCycle` or `periodYears` is required.";
            return Err(Failure::invalid_field("/billingCycle", detail, "missing_required"));
        }
    };
    let field = if by_word.is_some() { "/billingCycle" } else { "/periodYears" };
    let offered = options.iter().any(|option| option.period_years == years);
    let months = years.checked_mul(12).filter(|_| offered).and_then(Period::months);
    months.ok_or_else(|| invalid(field, "This length is not one of the options."))
}

#[cfg(test)]
mod tests {
    use perennial_core::money::{Currency, Money};

    use super::*;
    use crate::common::body::body;

    #[test]
    fn a_length_is_read_in_either_word_or_refused_by_field() {
        let option = |period_years| CycleOption {
            billing_cycle: None,
            period_years,
            amount: Amount(Money::zero(Currency::EUR)),
            currency_code: "EUR",
        };
        let options = [1, 2, 5].map(option);
        let read = |text: &str| {
            let update: CycleUpdate = body(text.as_bytes())?;
            wanted(&update, &options)
        };
        for (text, period) in [
            (r#"{"billingCycle":"biennially"}"#, "P2Y"),
            (r#"{"periodYears":5}"#, "P5Y"),
            (r#"{"periodYears":"5"}"#, "P5Y"),
            (r#"{"billingCycle":"annually","periodYears":"1"}"#, "P1Y"),
        ] {
            assert_eq!(read(text).expect("is offered").to_string(), period, "{text}");
        }
        for (text, pointer) in [
            ("{}", "/billingCycle"),
            (r#"{"billingCycle":"monthly"}"#, "/billingCycle"),
            (r#"{"billingCycle":"yearly"}"#, "/billingCycle"),
            (r#"{"billingCycle":"triennially"}"#, "/billingCycle"),
            (r#"{"billingCycle":"annually","periodYears":2}"#, "/periodYears"),
            (r#"{"periodYears":3}"#, "/periodYears"),
            (r#"{"periodYears":0}"#, "/periodYears"),
            (r#"{"periodYears":-1}"#, "/periodYears"),
            (r#"{"periodYears":99999}"#, "/periodYears"),
            (r#"{"periodYears":1.5}"#, "/periodYears"),
            (r#"{"periodYears":"x"}"#, "/periodYears"),
            (r#"{"years":1}"#, "/years"),
        ] {
            assert_eq!(read(text).expect_err("is refused").errors[0].pointer, pointer, "{text}");
        }
    }
}
