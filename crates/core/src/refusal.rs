//! Refusals: every way in which the rules say no. An expected, normal answer; each dialect has its own words for it.

use jiff::civil::Date;

use crate::calendar::{CalendarError, Period};
use crate::charge::Decline;
use crate::gate::GateReason;
use crate::ids::{AccountId, ApplicationId, ChargeId, CredentialId, MethodId, OrderId, ProductId, ServiceId};
use crate::money::{Money, MoneyError};
use crate::payment::MethodKind;

/// Why the rules refuse a command. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such account.
    #[error("account {0} does not exist")]
    UnknownAccount(AccountId),
    /// The account has no such service.
    #[error("service {0} does not exist")]
    UnknownService(ServiceId),
    /// The account has no such order.
    #[error("order {0} does not exist")]
    UnknownOrder(OrderId),
    /// There is no such product.
    #[error("product {0} does not exist")]
    UnknownProduct(ProductId),
    /// The account has no such payment method.
    #[error("payment method {0} does not exist")]
    UnknownMethod(MethodId),
    /// The account has no such application.
    #[error("application {0} does not exist")]
    UnknownApplication(ApplicationId),
    /// The account has no such credential.
    #[error("credential {0} does not exist")]
    UnknownCredential(CredentialId),
    /// No services were named.
    #[error("no service is named")]
    NothingToRenew,
    /// More services were named than one order renews.
    #[error("one order renews {max} services at the most")]
    TooManyServices {
        /// The most.
        max: usize,
    },
    /// A service was named twice.
    #[error("service {service} is named twice")]
    ServiceTwice {
        /// Which one.
        service: ServiceId,
    },
    /// The gate is closed.
    #[error("service {service} cannot be renewed: {reason}")]
    NotRenewable {
        /// Which service.
        service: ServiceId,
        /// Why.
        reason: GateReason,
    },
    /// Another renewal of the service is open.
    #[error("order {order} renews service {service} already and waits for its payment")]
    RenewalOpen {
        /// Which service.
        service: ServiceId,
        /// The open order.
        order: OrderId,
    },
    /// The service is not sold for this period.
    #[error("service {service} cannot be renewed for {period}")]
    NoPrice {
        /// Which service.
        service: ServiceId,
        /// The period that was asked for.
        period: Period,
    },
    /// The services cannot be renewed together.
    #[error("these services are no strategy of service {service} for {period}")]
    NoStrategy {
        /// The service that was asked about.
        service: ServiceId,
        /// The period that was asked for.
        period: Period,
    },
    /// The term would end too far in the future.
    #[error("service {service} cannot be paid beyond {furthest}")]
    TooFarAhead {
        /// Which service.
        service: ServiceId,
        /// The last expiry allowed.
        furthest: Date,
    },
    /// The order has no such charge.
    #[error("charge {0} does not exist")]
    UnknownCharge(ChargeId),
    /// Money for the order is on its way.
    #[error("the payment of order {0} is under way")]
    ChargeOpen(OrderId),
    /// The order's money is on its way back.
    #[error("a refund of order {0} is under way")]
    RefundOpen(OrderId),
    /// The gateway did not move the money.
    #[error("the payment of order {order} was declined: {decline}")]
    ChargeDeclined {
        /// Which order.
        order: OrderId,
        /// Why.
        decline: Decline,
    },
    /// The order was not paid by a charge, so that no gateway can give its money back.
    #[error("order {0} was not paid through a gateway")]
    NotCharged(OrderId),
    /// There is no such promo code, or not now.
    #[error("promo code `{code}` does not exist")]
    UnknownPromo {
        /// What was typed.
        code: String,
    },
    /// The promo code needs a longer period.
    #[error("promo code `{code}` holds from {months_min} months")]
    PromoPeriod {
        /// What was typed.
        code: String,
        /// The shortest period in months.
        months_min: u16,
    },
    /// The order is paid; nothing was paid again.
    #[error("order {0} is already paid")]
    OrderPaid(OrderId),
    /// The order was cancelled.
    #[error("order {0} is cancelled")]
    OrderCancelled(OrderId),
    /// The order was not paid in time.
    #[error("order {0} has lapsed")]
    OrderLapsed(OrderId),
    /// The order is not paid, so there is nothing to take back.
    #[error("order {0} is not paid")]
    OrderNotPaid(OrderId),
    /// The order's invoice was taken back before.
    #[error("order {0} is already credited")]
    OrderCredited(OrderId),
    /// The order holds a coupon, or is no renewal: it is paid as it is, or withdrawn.
    #[error("order {0} cannot be changed")]
    OrderFixed(OrderId),
    /// A deposit's money is on the balance: there is nothing to credit there.
    #[error("order {0} is a deposit and cannot be credited")]
    OrderIsDeposit(OrderId),
    /// The order asks for another amount than its payer was shown; nothing was paid.
    #[error("order {order} asks for {found}, not for {stated}")]
    DueMoved {
        /// Which order.
        order: OrderId,
        /// What the payer was shown.
        stated: Money,
        /// What it asks for.
        found: Money,
    },
    /// What is to come from the balance is no part of what is due.
    #[error("{part} is no part of {due}")]
    NotAPart {
        /// What was to come from the balance.
        part: Money,
        /// What is due.
        due: Money,
    },
    /// A service's expiry is no longer the one the order was placed for.
    #[error("service {service} expires on {found}, not on {stated}")]
    FenceMoved {
        /// Which service.
        service: ServiceId,
        /// The expiry the order was placed for.
        stated: Date,
        /// The expiry found.
        found: Date,
    },
    /// The registered method is of another kind than was stated.
    #[error("payment method {method} is not of the kind `{}`", kind.word())]
    MethodKind {
        /// Which method.
        method: MethodId,
        /// The kind that was stated.
        kind: MethodKind,
    },
    /// The registered method expired or was taken away.
    #[error("payment method {0} is not valid")]
    MethodNotValid(MethodId),
    /// The seller does not take this kind of money.
    #[error("an order cannot be paid with `{}`", .0.word())]
    MethodNotTaken(MethodKind),
    /// The balance does not cover the order.
    #[error("the balance of {balance} does not cover {due}")]
    BalanceShort {
        /// What there is.
        balance: Money,
        /// What is to be paid.
        due: Money,
    },
    /// The credit line does not cover the order.
    #[error("the credit line has {left} left, not {due}")]
    CreditShort {
        /// What is left.
        left: Money,
        /// What is to be paid.
        due: Money,
    },
    /// An amount that must be above zero is not.
    #[error("the amount must be above zero")]
    AmountNotPositive,
    /// The token was used for another request.
    #[error("the idempotency token was used for another request")]
    TokenMismatch,
    /// The token is empty, too long or not printable ASCII.
    #[error("an idempotency token has 1 to 64 printable ASCII characters")]
    TokenMalformed,
    /// The nonce was used before.
    #[error("the nonce is used already")]
    NonceUsed,
    /// The signed request is too old.
    #[error("the request is too old")]
    NonceLate,
    /// The account is no reseller.
    #[error("the account is not a reseller")]
    NotReseller,
    /// The service is not suspended.
    #[error("service {0} is not suspended")]
    NotSuspended(ServiceId),
    /// Nobody cancelled the service.
    #[error("service {0} is not cancelled")]
    NotCancelled(ServiceId),
    /// The service is not in a state in which this can be done.
    #[error("service {service} cannot be changed: {reason}")]
    NotChangeable {
        /// Which service.
        service: ServiceId,
        /// Why.
        reason: GateReason,
    },
    /// Cancelling and withdrawing end 24 hours before the expiry.
    #[error("the renewal of service {0} can be changed until 24 hours before its expiry")]
    TooLate(ServiceId),
    /// Nobody asked to terminate the service, or with another token.
    #[error("the termination token of service {0} is not valid")]
    TerminationToken(ServiceId),
    /// The credential was answered before, or ended.
    #[error("credential {0} waits for no answer")]
    CredentialNotPending(CredentialId),
    /// A sum does not fit or mixes currencies.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A date does not fit the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}
