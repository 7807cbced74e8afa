//! `/me/order`: placed orders, how far each is, and what was made of it. Their lines are in `line`, paying in `pay`.

mod line;
mod pay;

use perennial_core::ids::{AccountId, ChargeId, OrderId};
use perennial_core::order::{Order, OrderState};
use perennial_core::payment::Payment;
use perennial_core::snapshot::Want;

use super::context::{Answer, Context};
use super::document;
use super::payment::kind::payment_mean;
use super::table::{Row, act, read};
use crate::ovh::wire::auth::HttpMethod::Post;
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::order::{
    AssociatedObject, AssociatedObjectType, FollowUp, FollowUpEvent, FollowUpHistory, FollowUpStatus, FollowUpStep,
    OrderStatus, Payment as WirePayment,
};

pub(super) use line::line_number;

pub(super) const ROWS: &[Row] = &[
    read("/me/order", "orders", orders),
    read("/me/order/{orderId}", "order", order),
    read("/me/order/{orderId}/status", "order-status", status),
    read("/me/order/{orderId}/followUp", "order-follow-up", follow_up),
    read("/me/order/{orderId}/details", "order-details", line::details),
    read("/me/order/{orderId}/details/{orderDetailId}", "order-detail", line::detail),
    read("/me/order/{orderId}/details/{orderDetailId}/extension", "order-extension", line::extension),
    read("/me/order/{orderId}/associatedObject", "order-document", associated_object),
    read("/me/order/{orderId}/payment", "order-payment", payment),
    read("/me/order/{orderId}/availableRegisteredPaymentMean", "order-means", pay::available_means),
    read("/me/order/{orderId}/paymentMethods", "order-methods", pay::methods),
    act(Post, "/me/order/{orderId}/pay", "pay", pay::pay),
    act(Post, "/me/order/{orderId}/payWithRegisteredPaymentMean", "pay", pay::pay_with_mean),
    act(Post, "/me/order/{orderId}/retraction", "retract", pay::retract),
    act(Post, "/me/order/{orderId}/waiveRetraction", "waive-retraction", pay::waive_retraction),
];

/// The order that the path names, as ids.
fn named(context: &Context<'_>) -> Result<(AccountId, OrderId), Failure> {
    Ok((context.account()?.id, OrderId(context.id("orderId")?)))
}

/// The order that the path names.
fn order_of(context: &Context<'_>) -> Result<Order, Failure> {
    let (account, id) = named(context)?;
    let mut seen = context.load(&[Want::Order(account, id)])?;
    seen.orders.remove(&id).ok_or_else(|| context.no_object("orderId"))
}

fn orders(context: &Context<'_>) -> Result<Answer, Failure> {
    let orders = context.ports.books.order_ids(context.account()?.id, context.span()?)?;
    let ids: Vec<_> = orders.into_iter().map(|order| order.0).collect();
    Answer::json(&ids)
}

fn order(context: &Context<'_>) -> Result<Answer, Failure> {
    Answer::json(&document::placed(context, &order_of(context)?)?)
}

fn status(context: &Context<'_>) -> Result<Answer, Failure> {
    let order = order_of(context)?;
    Answer::json(&wire_status(order.state_at(context.now), order.charge))
}

/// An order is checked while its charge is under way. Money and term move in one step, so none is ever seen delivering.
const fn wire_status(state: OrderState, charge: Option<ChargeId>) -> OrderStatus {
    match state {
        OrderState::Open if charge.is_some() => OrderStatus::Checking,
        OrderState::Open => OrderStatus::NotPaid,
        OrderState::Fulfilled(_) => OrderStatus::Delivered,
        OrderState::Cancelled(_) | OrderState::Lapsed => OrderStatus::Cancelled,
    }
}

fn follow_up(context: &Context<'_>) -> Result<Answer, Failure> {
    use FollowUpEvent::{Delivery, InvoiceSent, OrderAccepted, OrderStarted, PaymentReceived};
    let order = order_of(context)?;
    let state = order.state_at(context.now);
    let paid = match state {
        OrderState::Fulfilled(at) => Some(at),
        OrderState::Open | OrderState::Cancelled(_) | OrderState::Lapsed => None,
    };
    let event = |at, label, description: &str| FollowUpHistory {
        date: context.date_time(at),
        description: description.to_owned(),
        label,
    };
    let paid_event = |label, description| paid.map(|at| event(at, label, description));
    let started = event(order.placed, OrderStarted, "The order was placed");
    let histories = [
        [Some(started), paid_event(PaymentReceived, "The payment was received")].into_iter().flatten().collect(),
        paid_event(OrderAccepted, "The order was accepted").into_iter().collect(),
        paid_event(Delivery, "The services were renewed").into_iter().collect(),
        paid_event(InvoiceSent, "The bill was issued").into_iter().collect::<Vec<_>>(),
    ];
    let steps: Vec<_> = steps(state)
        .into_iter()
        .zip(histories)
        .map(|((step, status), history)| FollowUp { history, status, step })
        .collect();
    Answer::json(&steps)
}

/// How far each step is. Which one a withdrawn order stops at is unverified.
fn steps(state: OrderState) -> [(FollowUpStep, FollowUpStatus); 4] {
    use FollowUpStatus::{Doing, Done, Error, Todo};
    let (first, others) = match state {
        OrderState::Open => (Doing, Todo),
        OrderState::Fulfilled(_) => (Done, Done),
        OrderState::Cancelled(_) | OrderState::Lapsed => (Error, Todo),
    };
    [
        (FollowUpStep::Validating, first),
        (FollowUpStep::Validated, others),
        (FollowUpStep::Delivering, others),
        (FollowUpStep::Available, others),
    ]
}

/// How an order leads to its bill; before it is paid, to nothing.
fn associated_object(context: &Context<'_>) -> Result<Answer, Failure> {
    let (account, id) = named(context)?;
    let seen = context.load(&[Want::Order(account, id), Want::Invoices(account, id)])?;
    seen.order_of(account, id)?;
    let bill = seen.original(id);
    Answer::json(&AssociatedObject {
        id: bill.map(perennial_core::invoice::Invoice::number_text),
        object_type: bill.map(|_| AssociatedObjectType::Bill),
    })
}

fn payment(context: &Context<'_>) -> Result<Answer, Failure> {
    let (account, id) = named(context)?;
    let seen = context.load(&[Want::Order(account, id), Want::Payment(account, id)])?;
    seen.order_of(account, id)?;
    let payment = seen.payments.get(&id);
    Answer::json(&wire_payment(context, payment.ok_or_else(|| no_payment(context))?))
}

/// What an order that was not paid answers when asked for its payment: the model has no word for none. Unverified.
fn no_payment(context: &Context<'_>) -> Failure {
    Failure::object_not_found("payment of orderId", context.param("orderId"))
}

/// A payment as the wire has it. An order has one at the most, so its number names the payment.
pub(super) fn wire_payment(context: &Context<'_>, payment: &Payment) -> WirePayment {
    WirePayment {
        payment_date: context.date_time(payment.at),
        payment_identifier: Some(payment.order.to_string()),
        payment_type: payment_mean(payment.kind),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn an_order_is_paid_checked_delivered_or_cancelled() {
        let (at, charge) = (Timestamp::UNIX_EPOCH, Some(ChargeId(3)));
        for (state, charge, status, first, last) in [
            (OrderState::Open, None, "notPaid", "DOING", "TODO"),
            (OrderState::Open, charge, "checking", "DOING", "TODO"),
            (OrderState::Fulfilled(at), None, "delivered", "DONE", "DONE"),
            // Its money is on its way back.
            (OrderState::Fulfilled(at), charge, "delivered", "DONE", "DONE"),
            (OrderState::Cancelled(at), None, "cancelled", "ERROR", "TODO"),
            (OrderState::Lapsed, None, "cancelled", "ERROR", "TODO"),
        ] {
            let [(_, validating), .., (_, available)] = steps(state);
            let words = (wire_status(state, charge).as_str(), validating.as_str(), available.as_str());
            assert_eq!(words, (status, first, last), "{state:?}");
        }
    }
}
