//! `/v2/billing/credit`: prepaid money, and putting more of it on.

use http::Method;
use perennial_core::command::Action;
use perennial_core::money::{Currency, Money};
use perennial_core::ports::BoxFuture;
use perennial_core::snapshot::Want;

use super::found::{OPEN_S, placed};
use super::{Answer, Context, Row, body, reference};
use crate::common::amount::{Amount, Decimal};
use crate::hostup::wire::money::{AddFundsRequest, AddedFunds, Credit};
use crate::hostup::wire::problem::Failure;
use crate::secret::order_password;

/// The most that is put on at a time, in major units; the real bound is unverified.
const UNITS_MAX: i64 = 1_000_000;

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/billing/credit", "credit", credit).inferred().scopes(&["read:billing"]),
    Row::act(Method::POST, "/v2/billing/credit/actions/add-funds", "add-funds", add_funds).scopes(&["write:billing"]),
];

fn credit(context: &Context<'_>) -> Result<Answer, Failure> {
    let account = context.account();
    let seen = context.load(&[Want::Balances(account.id)])?;
    let amount = seen.balances.get(&account.id).map_or(Money::zero(account.currency), |balances| balances.balance);
    Ok(Answer::json(&Credit { amount: Amount(amount), currency_code: account.currency.code() })?)
}

fn add_funds<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let AddFundsRequest { amount } = body(context)?;
        let amount = funds(&amount, context.account().currency)?;
        let action = Action::Deposit { amount, open_s: OPEN_S, password: order_password() };
        let reply = context.submit_once("add-funds", action).await?;
        let order = placed(reply)?;
        // A repeated request may find it paid; readers that lag behind do not know it yet.
        let seen = context.load(&reference::wants(order.account, order.id))?;
        let invoice = reference::invoice(context.now, &seen, seen.orders.get(&order.id).unwrap_or(&order));
        let url = format!("/api/v2/billing/invoices/{}/actions/generate-payment-link", invoice.id);
        Ok(Answer::json(&AddedFunds { invoice, payment_link_generator_url: url })?)
    })
}

/// Reads how much is to be put on: from one unit to a million of them.
fn funds(amount: &Decimal, currency: Currency) -> Result<Money, Failure> {
    let refuse = |detail: String| Failure::invalid_field("/amount", detail, "invalid_request");
    let amount = amount.money(currency).map_err(|error| refuse(error.to_string()))?;
    let unit = 10_i64.pow(u32::from(currency.digits()));
    if !(unit..=unit.saturating_mul(UNITS_MAX)).contains(&amount.minor()) {
        return Err(refuse(format!("The amount is from 1 to {UNITS_MAX} {}.", currency.code())));
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    #[test]
    fn funds_are_from_one_unit_to_a_million() {
        let read = |text: &str| {
            let request: AddFundsRequest = body(format!("{{\"amount\":{text}}}").as_bytes()).expect("is a request");
            funds(&request.amount, Currency::SEK).map(Money::minor).map_err(|failure| failure.errors[0].pointer.clone())
        };
        let refused = Err("/amount".to_owned());
        for (text, wanted) in [
            ("250", Ok(25_000)),
            ("98.75", Ok(9_875)),
            ("\"98.75\"", Ok(9_875)),
            ("1", Ok(100)),
            ("1000000", Ok(100_000_000)),
            ("0.99", refused.clone()),
            ("1000000.01", refused.clone()),
            ("-5", refused.clone()),
            ("1.001", refused.clone()),
            ("\"many\"", refused.clone()),
            ("99999999999999999999", refused),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }
}
