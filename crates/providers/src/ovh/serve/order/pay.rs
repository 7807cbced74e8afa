//! Paying an order, and what it can be paid with.

use perennial_core::command::{Action, Command, PayWith};
use perennial_core::decide::decide;
use perennial_core::ids::{MethodId, OrderId};
use perennial_core::payment::{MethodKind, PaymentMethod};
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Snapshot, Want};

use super::super::context::{Answer, Context};
use super::super::payment::kind::{Means, means, reusable_mean};
use super::super::payment::method::wire_method;
use super::{named, order_of};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::order::{
    PayRequest, PayWithRegisteredPaymentMeanRequest, PaymentMethods, RegisteredPaymentMean, RetractionRequest,
    ReusablePaymentMean,
};

/// The word under which tokens of payments are kept; both routes pay, so they share it.
const PAY: &str = "pay";

/// Loads the order that the path names, with everything that could pay it.
fn load_payable(context: &Context<'_>) -> Result<(OrderId, Snapshot), Failure> {
    let (account, id) = named(context)?;
    let seen = context.load(&[
        Want::Account(account),
        Want::OrderWithServices(account, id),
        Want::Methods(account),
        Want::Balances(account),
    ])?;
    seen.order_of(account, id)?;
    Ok((id, seen))
}

/// Whether paying with this would be accepted now: the very rules of the payment, without carrying it out.
fn accepted(context: &Context<'_>, seen: &Snapshot, order: OrderId, with: PayWith) -> Result<bool, Failure> {
    let account = context.account()?.id;
    let command = Command { account, token: None, action: Action::Pay { order, with, due: None } };
    Ok(decide(context.now, seen, &command).is_ok())
}

/// The registered methods that can pay the order now, in order of id.
fn accepted_methods<'a>(
    context: &Context<'_>,
    seen: &'a Snapshot,
    order: OrderId,
) -> Result<Vec<&'a PaymentMethod>, Failure> {
    let mut methods = Vec::new();
    for method in seen.methods.values() {
        if accepted(context, seen, order, PayWith::Method(method.id))? {
            methods.push(method);
        }
    }
    methods.sort_by_key(|method| method.id);
    Ok(methods)
}

pub(super) fn available_means(context: &Context<'_>) -> Result<Answer, Failure> {
    let (order, seen) = load_payable(context)?;
    let mut kinds: Vec<_> = accepted_methods(context, &seen, order)?.into_iter().map(|method| method.kind).collect();
    for (with, kind) in [(PayWith::Balance, MethodKind::Balance), (PayWith::CreditLine, MethodKind::CreditLine)] {
        if accepted(context, &seen, order, with)? {
            kinds.push(kind);
        }
    }
    let mut words: Vec<_> = kinds.into_iter().filter_map(reusable_mean).collect();
    words.sort_by_key(|mean| mean.as_str());
    words.dedup();
    let means: Vec<_> = words.into_iter().map(|payment_mean| RegisteredPaymentMean { payment_mean }).collect();
    Answer::json(&means)
}

/// Nothing is on offer besides what is registered: methods are registered by the seller.
pub(super) fn methods(context: &Context<'_>) -> Result<Answer, Failure> {
    let (order, seen) = load_payable(context)?;
    let methods = accepted_methods(context, &seen, order)?;
    Answer::json(&PaymentMethods {
        available: Vec::new(),
        payment_methods: methods.iter().map(|method| wire_method(context, method)).collect::<Result<_, _>>()?,
        registered: methods.iter().map(|method| method.id.0).collect(),
    })
}

/// Pays. Where a gateway is not done with it in time, that is no refusal either: the order's status tells.
pub(super) fn pay<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (_, order) = named(context)?;
        let request: PayRequest = context.body()?;
        let with = PayWith::Method(MethodId(request.payment_method.id));
        context.submit_once(PAY, Action::Pay { order, with, due: None }).await?;
        Ok(Answer::void())
    })
}

pub(super) fn pay_with_mean<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (_, order) = named(context)?;
        let request: PayWithRegisteredPaymentMeanRequest = context.body()?;
        let mean = request.payment_mean;
        let with = match means(mean) {
            Some(Means::Balance) => PayWith::Balance,
            Some(Means::CreditLine) => PayWith::CreditLine,
            Some(Means::Registered(kind)) => {
                let missing = || Failure::bad_field("paymentMeanId", format!("`{}` needs its id", mean.as_str()));
                PayWith::MethodOfKind(MethodId(request.payment_mean_id.ok_or_else(missing)?), kind)
            }
            None => {
                order_of(context)?;
                return Err(Failure::cannot_be_paid_with(mean));
            }
        };
        let paid = context.submit_once(PAY, Action::Pay { order, with, due: None }).await;
        paid.map_err(|rejection| not_paid(rejection, mean))?;
        Ok(Answer::void())
    })
}

/// Why a mean did not pay, in the words of this route. Ids are counted per kind of mean here, so that of another kind
/// is unknown. The reason goes with the one wording that is known.
fn not_paid(rejection: Rejection, mean: ReusablePaymentMean) -> Failure {
    match rejection {
        Rejection::Refused(Refusal::UnknownMethod(id) | Refusal::MethodKind { method: id, .. }) => {
            Failure::object_not_found("paymentMeanId", &id.to_string())
        }
        Rejection::Refused(
            refusal @ (Refusal::MethodNotTaken(_)
            | Refusal::MethodNotValid(_)
            | Refusal::BalanceShort { .. }
            | Refusal::CreditShort { .. }
            | Refusal::ChargeDeclined { .. }),
        ) => Failure::cannot_be_paid_with(mean).with_detail("reason", refusal.to_string()),
        other => other.into(),
    }
}

/// Retraction is for new orders only, never for renewals (official guide); how the real API refuses is unverified.
pub(super) fn retract<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let _: RetractionRequest = context.body()?;
        order_of(context)?;
        Err(Failure::action_impossible("A renewal cannot be retracted"))
    })
}

/// What cannot be retracted has no period to waive.
pub(super) fn waive_retraction<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        order_of(context)?;
        Err(Failure::action_impossible("A renewal has no retraction period to waive"))
    })
}

#[cfg(test)]
mod tests {
    use perennial_core::charge::Decline;
    use perennial_core::money::{Currency, Money};

    use super::*;

    #[test]
    fn a_mean_that_does_not_pay_is_named_as_the_caller_named_it() {
        let due = Money::new(4_544, Currency::EUR);
        let balance = Money::zero(Currency::EUR);
        let kind = MethodKind::PayPal;
        let cannot = "This order can't be paid with 'CREDIT_CARD'";
        for (refusal, status, message) in [
            (Refusal::UnknownMethod(MethodId(9)), 404, "The requested object (paymentMeanId = 9) does not exist"),
            (
                Refusal::MethodKind { method: MethodId(9), kind },
                404,
                "The requested object (paymentMeanId = 9) does not exist",
            ),
            (Refusal::MethodNotTaken(kind), 403, cannot),
            (Refusal::MethodNotValid(MethodId(9)), 403, cannot),
            (Refusal::BalanceShort { balance, due }, 403, cannot),
            (Refusal::CreditShort { left: balance, due }, 403, cannot),
            (Refusal::ChargeDeclined { order: OrderId(7), decline: Decline::Funds }, 403, cannot),
            (Refusal::ChargeOpen(OrderId(7)), 409, "The payment of order 7 is under way"),
            (Refusal::OrderPaid(OrderId(7)), 409, "Order 7 is already paid"),
            (Refusal::OrderLapsed(OrderId(7)), 409, "Order 7 has lapsed"),
            (Refusal::UnknownOrder(OrderId(7)), 404, "The requested object (orderId = 7) does not exist"),
        ] {
            let reason = refusal.to_string();
            let failure = not_paid(Rejection::Refused(refusal), ReusablePaymentMean::CreditCardMethod);
            assert_eq!((failure.status.as_u16(), failure.body.message.as_str()), (status, message));
            let detail = failure.body.details.get("reason");
            assert_eq!(detail, (status == 403).then_some(&reason), "{message}");
        }
    }
}
