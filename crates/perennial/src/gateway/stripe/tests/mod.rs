//! What answers mean, by bodies as Stripe's API reference shows them; and the whole against `localstripe`.

mod local;
mod script;

use jiff::Timestamp;
use perennial_core::charge::{Charge, ChargeOutcome, ChargeState, Decline, Direction};
use perennial_core::ids::{AccountId, ChargeId, MethodId, OrderId};
use perennial_core::money::{Currency, Money};
use perennial_core::order::Origin;
use perennial_core::payment::OnGateway;
use perennial_core::ports::{GatewayError, Prepared};

use super::*;

const MOVED: ChargeOutcome = ChargeOutcome::Moved;

fn charge(direction: Direction) -> Charge {
    Charge {
        id: ChargeId(7),
        account: AccountId(3),
        order: OrderId(5),
        method: MethodId(2),
        direction,
        amount: Money::new(1_200, Currency::EUR),
        from_balance: Money::zero(Currency::EUR),
        origin: Origin::Customer,
        again_on: None,
        opened: Timestamp::UNIX_EPOCH,
        reference: None,
        state: ChargeState::Open,
    }
}

fn on_file(customer: &str, method: &str) -> OnGateway {
    OnGateway { gateway: NAME.to_owned(), customer: customer.to_owned(), method: method.to_owned() }
}

/// What was told, errors by their kind.
fn told<T: std::fmt::Debug>(result: Result<T, GatewayError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(GatewayError::Silent(_)) => "silent".to_owned(),
        Err(GatewayError::Busy(_)) => "busy".to_owned(),
        Err(GatewayError::Barred(_)) => "barred".to_owned(),
    }
}

fn declined(decline: Decline) -> String {
    format!("{:?}", Some(ChargeOutcome::Declined(decline)))
}

#[test]
fn amounts_are_in_the_smallest_unit_that_stripe_has() {
    for (code, minor, there) in [
        ("EUR", 1_234, Some(1_234)),
        ("USD", 1, Some(1)),
        ("SEK", 99_900, Some(99_900)),
        ("CNY", 5, Some(5)),
        ("JPY", 500, Some(500)),
        ("XOF", 500, Some(500)),
        ("TND", 5_120, Some(5_120)),
        ("TND", 5_124, None),
    ] {
        let money = Money::new(minor, Currency::parse(code).expect("is known"));
        assert_eq!(wire::amount(money), there, "{minor} {code}");
        assert_eq!(wire::currency(money), code.to_lowercase());
    }
}
