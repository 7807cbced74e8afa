//! `QueryAccountBalance`: what an account can spend.

use perennial_core::ledger::Balances;
use perennial_core::money::{Money, MoneyError};
use perennial_core::snapshot::Want;

use crate::aliyun::serve::context::{Answer, Answered, Context};
use crate::aliyun::wire::billing::{Balance, Data};
use crate::aliyun::wire::error::Failure;

pub(super) fn query(context: &Context<'_>) -> Answered {
    let account = context.account();
    let seen = context.load(&[Want::Balances(account.id)])?;
    let balances = *seen.balances.get(&account.id).ok_or_else(Failure::server_error)?;
    let spendable = spendable(balances, account.credit_limit);
    Answer::json(&Data { data: spendable.map_err(|_| Failure::server_error())? })
}

fn spendable(balances: Balances, credit_limit: Money) -> Result<Balance, MoneyError> {
    let currency = balances.balance.currency();
    let zero = Money::zero(currency);
    let left = credit_limit.minus(balances.receivable)?;
    // A limit that was lowered since leaves nothing, and takes nothing from the balance.
    let left = if left.minor() > 0 { left } else { zero };
    Ok(Balance {
        available_amount: balances.balance.plus(left)?.to_decimal(),
        available_cash_amount: balances.balance.to_decimal(),
        credit_amount: left.to_decimal(),
        mybank_credit_amount: zero.to_decimal(),
        quota_limit: zero.to_decimal(),
        currency: currency.code(),
    })
}

#[cfg(test)]
mod tests {
    use perennial_core::money::Currency;

    use super::*;

    #[test]
    fn what_can_be_spent_is_the_balance_and_the_rest_of_the_credit_line() {
        let cny = |minor| Money::new(minor, Currency::CNY);
        for (balance, owed, limit, available, credit) in [
            (12_345, 0, 0, "123.45", "0.00"),
            (12_345, 1_000, 5_000, "163.45", "40.00"),
            (0, 5_000, 5_000, "0.00", "0.00"),
            (100, 5_000, 4_000, "1.00", "0.00"),
        ] {
            let shown = spendable(Balances { balance: cny(balance), receivable: cny(owed) }, cny(limit)).expect("fits");
            assert_eq!((shown.available_amount.as_str(), shown.credit_amount.as_str()), (available, credit));
            assert_eq!(shown.available_cash_amount, cny(balance).to_decimal());
            assert_eq!((shown.mybank_credit_amount.as_str(), shown.currency), ("0.00", "CNY"));
        }
    }
}
