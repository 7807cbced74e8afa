//! Paying orders. The path, the body and the answer are inferred from one line of the documentation's index.

use perennial_core::command::{Action, Command, PayWith, PlanEdit, PromoEdit, Reply};
use perennial_core::decide::decide;
use perennial_core::ids::{MethodId, OrderId};
use perennial_core::money::Money;
use perennial_core::order::Order;
use perennial_core::payment::MethodKind;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::quote::SERVICES_MAX;
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::Want;

use super::super::Context;
use super::{order_of, payment_kind, render};
use crate::common::bearer::Answer;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::order::{PayRequest, PaymentWord};

/// The most orders that one request pays.
const ORDERS_MAX: usize = SERVICES_MAX;

/// The field that names the orders.
const FIELD: &str = "order_ids";

/// Pays orders one by one: each is a payment of its own under a token of its own, so that a repeated request pays none
/// twice. All are rehearsed first, and nothing is paid where one of them is refused. No order is tried after one whose
/// charge is still under way when it is answered: to wait for more charges would outlast the request.
pub(super) fn pay<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let request: PayRequest = context.body()?;
        let ids = checked_ids(&request.order_ids)?;
        let word = request.payment_method.unwrap_or(PaymentWord::Balance);
        // Of a repeated request, what was paid then is answered then; only what was not is looked at now.
        if let Some(done) = paid_before(context, &ids)? {
            return answer(context, &done);
        }
        let with = With::of(context, word)?;
        let dues = rehearse(context, &ids, with)?;
        let mut done = Vec::with_capacity(ids.len());
        for (index, (id, due)) in ids.iter().zip(dues).enumerate() {
            let reply = context.submit_once(&operation(index, *id), with.action(*id, Some(due))).await;
            done.push(tried(reply, &ids, index)?);
        }
        answer(context, &done)
    })
}

/// The order as trying to pay it left it, or why the request ends with it.
fn tried(reply: Result<Reply, Rejection>, ids: &[OrderId], index: usize) -> Result<Order, Failure> {
    let (at, done, left) = (ids[index], &ids[..index], &ids[index + 1..]);
    match reply {
        Ok(Reply::Charging(_)) if !left.is_empty() => {
            let mut failure = refused(Refusal::ChargeOpen(at), index);
            failure.body.message = format!("{}; not tried: {}", failure.body.message, list(left));
            Err(midway(failure, at, done))
        }
        Ok(reply) => order_of(reply),
        Err(rejection) => Err(midway(not_done(rejection, index), at, done)),
    }
}

/// One order is answered as itself, several as a bare array in the order in which they were named (unverified; here
/// alone).
fn answer(context: &Context<'_>, done: &[Order]) -> Result<Answer, Failure> {
    Ok(match done {
        [order] => Answer::json(&render(context, order)?)?,
        orders => Answer::json(&orders.iter().map(|order| render(context, order)).collect::<Result<Vec<_>, _>>()?)?,
    })
}

/// The word under which the token of an order's payment is kept. The first order's is the same for every request, so
/// that a token that was used for another request is known.
fn operation(index: usize, order: OrderId) -> String {
    if index == 0 { "pay".to_owned() } else { format!("pay-{order}") }
}

/// What the same request was answered before, where it was carried out to its end.
fn paid_before(context: &Context<'_>, ids: &[OrderId]) -> Result<Option<Vec<Order>>, Failure> {
    let mut done = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let Some(reply) = context.answered_before(&operation(index, *id))? else { return Ok(None) };
        done.push(order_of(reply)?);
    }
    Ok(Some(done))
}

fn checked_ids(ids: &[i64]) -> Result<Vec<OrderId>, Failure> {
    if ids.is_empty() || ids.len() > ORDERS_MAX {
        return Err(Failure::invalid(FIELD, format!("`{FIELD}` has from 1 to {ORDERS_MAX} orders")));
    }
    for (index, id) in ids.iter().enumerate() {
        if ids[..index].contains(id) {
            return Err(Failure::invalid(&format!("{FIELD}.{index}"), format!("order {id} is named twice")));
        }
    }
    Ok(ids.iter().copied().map(OrderId).collect())
}

/// What orders are paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum With {
    /// Money that moves now.
    Now(PayWith),
    /// Money that is to come from outside: the order waits for it.
    Later(MethodKind),
}

impl With {
    fn of(context: &Context<'_>, word: PaymentWord) -> Result<Self, Failure> {
        Ok(match word {
            PaymentWord::Balance => Self::Now(PayWith::Balance),
            PaymentWord::Card => Self::Now(PayWith::Planned(card(context)?)),
            later => Self::Later(payment_kind(later)),
        })
    }

    /// Pays an order that asks for what is stated, or says what is to pay it.
    pub fn action(self, order: OrderId, due: Option<Money>) -> Action {
        match self {
            Self::Now(with) => Action::Pay { order, with, due },
            Self::Later(kind) => planned_only(order, kind),
        }
    }

    /// What an order asks for, paid with this.
    fn due(self, order: &Order) -> Result<Money, Failure> {
        Ok(match self {
            Self::Now(PayWith::Planned(_)) => order.gross.minus(order.plan.from_balance).map_err(Refusal::Money)?,
            Self::Now(_) | Self::Later(_) => order.gross,
        })
    }
}

/// Says of an order what kind of money is to pay it, and charges nothing.
fn planned_only(order: OrderId, kind: MethodKind) -> Action {
    let plan = PlanEdit { kind: Some(kind), ..PlanEdit::default() };
    Action::ReviseOrder { order, periods: Vec::new(), promo: PromoEdit::Keep, plan }
}

/// The card that is charged when none is named: the one the account prefers, else its first.
pub(in super::super) fn card(context: &Context<'_>) -> Result<MethodId, Failure> {
    let account = context.account();
    let seen = context.load(&[Want::Methods(account.id)])?;
    let today = account.zone.date_of(context.now);
    seen.charged(account, MethodKind::Card, today)
        .map(|card| card.id)
        .ok_or_else(|| Failure::refused("The account has no card that can be charged."))
}

/// Goes through all payments without carrying them out: the very rules, each on what the one before would leave. Returns
/// what each order asks for, which is all that it may be charged.
fn rehearse(context: &Context<'_>, ids: &[OrderId], with: With) -> Result<Vec<Money>, Failure> {
    let account = context.account().id;
    let command = |(index, id): (usize, &OrderId)| {
        let token = context.token(&operation(index, *id));
        Command { account, token, action: with.action(*id, None) }
    };
    let commands: Vec<_> = ids.iter().enumerate().map(command).collect();
    let mut seen = context.load(&commands.iter().flat_map(Command::wants).collect::<Vec<_>>())?;
    // Ids first: what is said of them must not depend on how the others stand.
    let mut dues = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let order = seen.order_of(account, *id).map_err(|refusal| refused(refusal, index))?;
        dues.push(with.due(order)?);
    }
    for (index, command) in commands.iter().enumerate() {
        let decision = decide(context.now, &seen, command).map_err(|refusal| refused(refusal, index))?;
        for change in &decision.changes {
            seen.apply(change).map_err(Refusal::Money)?;
        }
    }
    Ok(dues)
}

/// Why an order is not paid, in the words of this route.
fn refused(refusal: Refusal, index: usize) -> Failure {
    match refusal {
        Refusal::UnknownOrder(_) => Failure::invalid(&format!("{FIELD}.{index}"), refusal.to_string()),
        Refusal::MethodNotTaken(_) | Refusal::UnknownMethod(_) => Failure::refused(refusal.to_string()),
        // The house counts the balance with VAT, and this API shows it without: no amounts here.
        Refusal::BalanceShort { .. } => Failure::refused("The balance does not cover this."),
        other => other.into(),
    }
}

fn not_done(rejection: Rejection, index: usize) -> Failure {
    match rejection {
        Rejection::Refused(refusal) => refused(refusal, index),
        other => other.into(),
    }
}

/// A failure after some orders were done: says which.
fn midway(mut failure: Failure, at: OrderId, done: &[OrderId]) -> Failure {
    if !done.is_empty() {
        failure.body.message = format!("Order {at}: {} (done before it: {})", failure.body.message, list(done));
    }
    failure
}

fn list(ids: &[OrderId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use perennial_core::charge::Decline;
    use perennial_core::order::Purpose;

    use super::super::shown::tests::order;
    use super::*;

    #[test]
    fn orders_are_named_once_each() {
        assert_eq!(checked_ids(&[7, 8]), Ok(vec![OrderId(7), OrderId(8)]));
        for (ids, field) in [(vec![], "order_ids"), (vec![7, 8, 7], "order_ids.2"), (vec![1; 101], "order_ids")] {
            let failure = checked_ids(&ids).unwrap_err();
            assert_eq!((failure.status.as_u16(), failure.body.errors.contains_key(field)), (422, true), "{ids:?}");
        }
    }

    #[test]
    fn refusals_are_told_in_the_words_of_this_route() {
        let failure = refused(Refusal::OrderPaid(OrderId(8)), 1);
        assert_eq!(midway(failure.clone(), OrderId(8), &[]), failure);
        let told = midway(failure, OrderId(8), &[OrderId(6), OrderId(7)]).body.message;
        assert_eq!(told, "Order 8: order 8 is already paid (done before it: 6, 7)");
        let balance = perennial_core::money::Money::zero(perennial_core::money::Currency::EUR);
        let short = not_done(Rejection::Refused(Refusal::BalanceShort { balance, due: balance }), 0);
        assert_eq!((short.status.as_u16(), &*short.body.message), (400, "The balance does not cover this."));
        assert_eq!(refused(Refusal::UnknownOrder(OrderId(9)), 1).body.errors.len(), 1);
        for (refusal, told) in [
            (
                Refusal::ChargeDeclined { order: OrderId(9), decline: Decline::Expired },
                "the payment of order 9 was declined: the card has expired",
            ),
            (Refusal::ChargeOpen(OrderId(9)), "the payment of order 9 is under way"),
        ] {
            let failure = refused(refusal, 0);
            assert_eq!((failure.status.as_u16(), &*failure.body.message), (400, told));
        }
        assert_eq!(refused(Refusal::MethodNotTaken(MethodKind::Bitcoin), 0).status.as_u16(), 400);
    }

    #[test]
    fn no_order_is_tried_after_one_whose_charge_is_under_way() {
        let ids = [7, 8, 9, 10].map(OrderId);
        let order = order(Purpose::Renewal, 2_700, 3_240);
        let charging = || Ok(Reply::Charging(order.clone()));
        for (index, told) in [
            (0, "the payment of order 7 is under way; not tried: 8, 9, 10"),
            (2, "Order 9: the payment of order 9 is under way; not tried: 10 (done before it: 7, 8)"),
        ] {
            let failure = tried(charging(), &ids, index).unwrap_err();
            assert_eq!((failure.status.as_u16(), &*failure.body.message), (400, told));
        }
        assert_eq!(tried(charging(), &ids, 3), Ok(order.clone()), "the last one");
        assert_eq!(tried(charging(), &ids[..1], 0), Ok(order.clone()), "a single one");
        assert_eq!(tried(Ok(Reply::Paid(order.clone())), &ids, 0), Ok(order), "nothing is under way");
    }
}
