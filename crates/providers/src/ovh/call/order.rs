//! What renewing a service costs, and ordering it.

use perennial_core::buyer::holding::Holding;
use perennial_core::buyer::remote::{Ask, CallError, Length, Offer, Outcome, RemoteOrder};
use perennial_core::calendar::Period;
use perennial_core::money::Money;
use serde::Serialize;

use super::api::Api;
use super::judge::{Denial, denial, ours};
use super::{OvhRemote, service, wire};

/// The status of a refusal because something else is under way.
const CONFLICT: u16 = 409;

/// The status of a refusal of what was asked.
const BAD_REQUEST: u16 = 400;

/// What a renewal order is asked for by.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    /// `true` prices the order and places none.
    dry_run: bool,
    duration: String,
    services: [i64; 1],
}

/// The offers for a service alone. The list of strategies tells the periods and the list prices; what an order would ask,
/// with tax, only a trial of that very order tells.
pub(super) async fn offers(api: &Api, holding: &Holding, lengths: &[Length]) -> Result<Vec<Offer>, CallError> {
    let id = service::number(&holding.key.id)?;
    let path = format!("/service/{id}/renew");
    let described: Vec<wire::RenewDescription> = api.get(&path).await?;
    let mut offers = Vec::new();
    let mut refusal = None;
    for wire::RenewDescription { renew_period, strategies } in described {
        let Ok(period) = Period::parse(&renew_period) else { continue };
        let length = Length::Period(period);
        let wanted = lengths.is_empty() || lengths.contains(&length);
        let Some(alone) = strategies.into_iter().find(|strategy| strategy.services == [id]).filter(|_| wanted) else {
            continue;
        };
        let request = Request { dry_run: true, duration: period.to_string(), services: [id] };
        match api.try_out::<wire::Order>(&path, &request).await {
            Ok(order) => {
                let until = service::until_after(api, id, holding.stand.until, period).await?;
                let offer = priced(&alone, &order, length, until);
                offers.push(offer.map_err(|cause| api.not_understood(&format!("POST {path}"), &cause))?);
            }
            // A period may not be had while an order for another one stands open.
            Err(CallError::Refused { provider, call, said }) if [BAD_REQUEST, CONFLICT].contains(&said.status) => {
                refusal = Some(CallError::Refused { provider, call, said });
            }
            Err(error) => return Err(error),
        }
    }
    match refusal {
        Some(refusal) if offers.is_empty() => Err(refusal),
        _ => Ok(offers),
    }
}

fn priced(
    alone: &wire::Strategy,
    order: &wire::Order,
    length: Length,
    until: jiff::civil::Date,
) -> Result<Offer, String> {
    let amount = |price: &wire::Price| price.money().map_err(|error| error.to_string());
    let (net, tax, gross) = (amount(&order.price_without_tax)?, amount(&order.tax)?, amount(&order.price_with_tax)?);
    if net.plus(tax).ok() != Some(gross) {
        return Err(format!("{net} and {tax} of tax are not {gross}"));
    }
    let listed = alone.price.money_or(alone.price_in_ucents).map_err(|error| error.to_string())?;
    let discount: Option<Money> = listed.minus(net).ok().filter(|discount| discount.minor() > 0);
    Ok(Offer { length, net, tax, gross, discount, until, remarks: Vec::new() })
}

impl OvhRemote {
    /// Places an order for a service alone. It costs nothing, and lapses if it is not paid.
    pub(super) async fn place(&self, ask: &Ask) -> Outcome {
        let Length::Period(period) = ask.offer.length else {
            return Outcome::Refused(ours("a renewal to a day of the month cannot be ordered"));
        };
        let Ok(id) = service::number(&ask.service) else {
            return Outcome::Refused(ours("this is no id of a service there"));
        };
        let request = Request { dry_run: false, duration: period.to_string(), services: [id] };
        let reply = match self.api.act(&format!("/service/{id}/renew"), &request).await {
            Ok(reply) => reply,
            Err(outcome) => return outcome,
        };
        if !reply.status.is_success() {
            return match denial(&reply) {
                Denial::AtTheDoor(said) | Denial::Final(said) => Outcome::Refused(said),
                // Perhaps an order for it stands already: that is to be seen.
                Denial::Conflict(said) => Outcome::Pending(said),
                Denial::Unclear(cause) => Outcome::Unknown { cause },
            };
        }
        let placed = serde_json::from_slice::<wire::Order>(&reply.body).map_err(|error| error.to_string());
        match placed.and_then(|order| Ok((order_of(&order, ask)?, order))) {
            Ok(((number, placed), order)) => {
                self.orders.placed(number, &order, &ask.name, period);
                Outcome::Placed(placed)
            }
            Err(cause) => Outcome::Unknown { cause: format!("the answer to the order is no order: {cause}") },
        }
    }
}

/// The order that an answer shows.
fn order_of(order: &wire::Order, ask: &Ask) -> Result<(i64, RemoteOrder), String> {
    let id = order.id.filter(|id| *id > 0).ok_or("it has no number")?;
    let gross = order.price_with_tax.money().map_err(|error| error.to_string())?;
    // What it renews, and until when, the answer does not say.
    let services = vec![ask.name.clone()];
    Ok((id, RemoteOrder { id: id.to_string(), invoice: None, gross, until: None, services }))
}
