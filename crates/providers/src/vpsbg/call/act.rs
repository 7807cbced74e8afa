//! What costs money: placing a renewal and paying one, each sent once.

use std::fmt::Display;

use http::{Method, StatusCode};
use jiff::SignedDuration;
use perennial_core::buyer::remote::{Ask, CallError, Length, Outcome, RemoteOrder, Said};
use serde::Serialize;
use serde_json::value::RawValue;

use super::orders::path_of;
use super::said::{is_refusal, said};
use super::wire::{Order, Status};
use super::{Client, json, number, server_number};
use crate::call::Reply;
use crate::common::body::{BodyError, body};
use crate::vpsbg::wire::order::{PayRequest, RenewRequest};

/// What keeps an order from paying itself. Only that there is a call that updates an order is documented: its path
/// ([`path_of`]), its method and this body are inferred.
#[derive(Serialize)]
struct NoAutoPay {
    auto_pay: bool,
}

/// After how long something is asked for again that is locked, where the provider does not say.
const LOCKED_FOR: SignedDuration = SignedDuration::from_mins(1);

impl Client {
    /// Places a renewal. It may be paid by itself, at once or later.
    pub(super) async fn placed(&self, ask: &Ask) -> Outcome {
        let months = match ask.offer.length {
            Length::Period(period) => period.as_months(),
            Length::ToDay(_) => None,
        };
        let (Some(server), Some(months)) = (server_number(&ask.service), months) else {
            return never_sent(&"VPSBG renews servers by their numbers, and for whole months");
        };
        let asked = RenewRequest { server_ids: vec![server], billing_cycle: months, promo_code: None };
        let reply = match self.caller.act(self.posted("/servers/renew", &asked)).await {
            Ok(reply) => reply,
            Err(outcome) => return outcome,
        };
        match reply.status {
            status if status.is_success() => match body(&reply.body) {
                Ok(order) => self.placed_as(ask, server, &order),
                Err(error) => not_understood(&error),
            },
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                self.not_placed(ask, server, said(&reply)).await
            }
            _ => turned_away(&reply),
        }
    }

    /// What follows from the order that was answered.
    fn placed_as(&self, ask: &Ask, server: i64, order: &Order) -> Outcome {
        let currency = ask.offer.gross.currency();
        let Some(line) = order.line_of(server) else {
            return not_understood(&format_args!("order {} has no line of the server", order.id.0));
        };
        match &order.status {
            // An order for another time may be anybody's.
            Status::Paid if line.from(&self.zone) == Some(ask.fence) => Outcome::Paid(order.receipt(currency)),
            Status::Open => match order.remote(&self.zone, line, currency) {
                Ok(order) => Outcome::Placed(order),
                Err(error) => not_understood(&error),
            },
            Status::Processing => Outcome::Pending(told(order)),
            Status::Paid | Status::Cancelled | Status::Other(_) => {
                not_understood(&order.in_words(&self.zone, line, currency))
            }
        }
    }

    /// A renewal was refused. Where one stands already, or was paid, that may be why, and it may be ours.
    async fn not_placed(&self, ask: &Ask, server: i64, said: Said) -> Outcome {
        match self.stands_already(ask, server).await {
            Ok(false) => Outcome::Refused(said),
            Ok(true) => Outcome::Pending(said),
            Err(error) => {
                Outcome::Unknown { cause: format!("refused: {said}; whether one stands was not read: {error}") }
            }
        }
    }

    /// Whether an order would renew a server, or its expiry is past the fence, now or once what is ordered is paid.
    async fn stands_already(&self, ask: &Ask, server: i64) -> Result<bool, CallError> {
        let newest = self.newest_orders().await?;
        if !self.open_renewals_of(server, newest).await?.is_empty() {
            return Ok(true);
        }
        let Some(now) = self.server(server).await? else { return Ok(false) };
        let ends = [now.expiry_at, now.potential_expiry_at].into_iter().flatten();
        Ok(ends.map(|end| self.zone.date_of(end.0)).any(|end| end > ask.fence))
    }

    /// Pays an order that has just been read as one that waits for just this payment.
    pub(super) async fn paid(&self, ask: &Ask, order: &RemoteOrder) -> Outcome {
        let Some(id) = number(&order.id) else { return never_sent(&"the order's number is none of VPSBG's") };
        match self.single(id).await {
            Ok(Some(read)) => {
                if let Some(outcome) = check_payable(ask, order, &read) {
                    return outcome;
                }
            }
            Ok(None) => {
                let text = format!("order {id} is no longer there");
                return Outcome::Refused(Said { status: StatusCode::NOT_FOUND.as_u16(), code: None, text });
            }
            Err(CallError::Refused { said, .. }) => return Outcome::Refused(said),
            Err(error) => return never_sent(&error),
        }
        let asked = PayRequest { order_ids: vec![id], payment_method: Some(self.pay_with) };
        let reply = match self.caller.act(self.posted("/orders/pay", &asked)).await {
            Ok(reply) => reply,
            Err(outcome) => return outcome,
        };
        match reply.status {
            status if status.is_success() => match one_order(&reply.body) {
                Ok(paid) if paid.id.0 == id => paid_as(ask, &paid),
                Ok(other) => not_understood(&format_args!("order {} was answered, not {id}", other.id.0)),
                Err(error) => not_understood(&error),
            },
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => self.not_paid(ask, id, said(&reply)).await,
            _ => turned_away(&reply),
        }
    }

    /// Sees to it that an order does not pay itself, and reads it. The call that renews has no field for it (documented),
    /// so each order is made with the wish to pay itself, and loses it where it is left behind.
    pub(super) async fn left_unpaid(&self, order: &RemoteOrder) -> Result<(), CallError> {
        let none =
            || self.caller.not_understood("GET /orders", &format_args!("`{}` is no number of an order", order.id));
        let id = number(&order.id).ok_or_else(none)?;
        if !self.may_pay_itself(id).await? {
            return Ok(());
        }
        let off = json(&NoAutoPay { auto_pay: false });
        self.reply(&Method::PATCH, &path_of(id), Some(&off)).await?;
        if self.may_pay_itself(id).await? {
            let still = "it is still to pay itself, after that was switched off";
            return Err(self.caller.not_understood(&format!("GET {}", path_of(id)), &still));
        }
        Ok(())
    }

    /// Whether an order that is not paid may be paid by itself.
    async fn may_pay_itself(&self, id: i64) -> Result<bool, CallError> {
        let odd = |why: String| self.caller.not_understood(&format!("GET {}", path_of(id)), &why);
        let order = self.single(id).await?.ok_or_else(|| odd("it is no longer there".to_owned()))?;
        match &order.status {
            _ if order.id.0 != id => Err(odd(format!("it is order {}", order.id.0))),
            Status::Open => Ok(order.auto_pay != Some(false)),
            Status::Cancelled => Ok(false),
            status @ (Status::Paid | Status::Processing | Status::Other(_)) => {
                Err(odd(format!("it {}", status.in_words())))
            }
        }
    }

    /// A payment was refused. That may be because the order is paid already, so it is read.
    async fn not_paid(&self, ask: &Ask, id: i64, said: Said) -> Outcome {
        match self.single(id).await {
            Ok(Some(order)) => match order.status {
                Status::Paid => Outcome::Paid(order.receipt(ask.offer.gross.currency())),
                Status::Open | Status::Cancelled => Outcome::Refused(said),
                Status::Processing | Status::Other(_) => Outcome::Pending(told(&order)),
            },
            Ok(None) => Outcome::Refused(said),
            Err(error) => {
                Outcome::Unknown { cause: format!("refused: {said}; whether it is paid was not read: {error}") }
            }
        }
    }
}

/// What speaks against paying an order as it was just read; none where it may be paid.
fn check_payable(ask: &Ask, order: &RemoteOrder, read: &Order) -> Option<Outcome> {
    let currency = ask.offer.gross.currency();
    match &read.status {
        Status::Open => match read.total(currency) {
            Ok(total) if total == order.gross => None,
            Ok(total) => {
                let text = format!("order {} asks for {total} now, not {}", read.id.0, order.gross);
                Some(Outcome::Refused(Said { status: StatusCode::OK.as_u16(), code: None, text }))
            }
            Err(error) => Some(never_sent(&error)),
        },
        Status::Paid => Some(Outcome::Paid(read.receipt(currency))),
        Status::Cancelled => Some(Outcome::Refused(told(read))),
        Status::Processing | Status::Other(_) => Some(Outcome::Pending(told(read))),
    }
}

/// What follows from the answer to a payment.
fn paid_as(ask: &Ask, order: &Order) -> Outcome {
    match &order.status {
        Status::Paid => Outcome::Paid(order.receipt(ask.offer.gross.currency())),
        Status::Open | Status::Processing | Status::Other(_) => Outcome::Pending(told(order)),
        Status::Cancelled => not_understood(&format_args!("order {} {}", order.id.0, order.status.in_words())),
    }
}

/// Reads the order that was paid: itself, or alone in an array. Which of the two is not documented.
fn one_order(bytes: &[u8]) -> Result<Order, BodyError> {
    match serde_json::from_slice::<Vec<&RawValue>>(bytes).as_deref() {
        Ok([only]) => body(only.get().as_bytes()),
        _ => body(bytes),
    }
}

/// What an order says of itself.
fn told(order: &Order) -> Said {
    let text = format!("order {} {}", order.id.0, order.status.in_words());
    Said { status: StatusCode::OK.as_u16(), code: None, text }
}

/// What follows from a status that is neither a success nor to be looked into. Something that is locked is documented as
/// not carried out for now; of a status that is not documented nobody knows.
fn turned_away(reply: &Reply) -> Outcome {
    match reply.status {
        StatusCode::LOCKED => Outcome::NeverSent {
            cause: format!("locked for now: {}", said(reply)),
            retry_after: Some(reply.retry_after().unwrap_or(LOCKED_FOR)),
        },
        status if is_refusal(status) => Outcome::Refused(said(reply)),
        status => Outcome::Unknown { cause: format!("the answer has status {}", status.as_u16()) },
    }
}

fn not_understood(cause: &dyn Display) -> Outcome {
    Outcome::Unknown { cause: format!("the answer was not understood: {cause}") }
}

fn never_sent(cause: &dyn Display) -> Outcome {
    Outcome::NeverSent { cause: cause.to_string(), retry_after: None }
}
