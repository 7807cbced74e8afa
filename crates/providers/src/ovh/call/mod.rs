//! We call it: what an account's services are, what renewing one costs, and the order and payment that renew it.
//!
//! An order costs nothing until it is paid, lapses by itself after a day, and can be found again by its lines; so a
//! second one does no harm, and the payment, which names its order, is what must not be made twice.
//!
//! Nothing in the API leads from a service to the orders that renew it. They are found among the account's newest ones.

mod api;
mod charge;
mod credentials;
mod introduction;
mod judge;
mod order;
mod orders;
mod pay;
mod read_back;
mod service;
#[cfg(test)]
mod tests;
mod wire;

use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{Holding, ProviderName, Standing};
use perennial_core::buyer::remote::{
    Ask, CallError, Charge, Finding, Funds, Habits, Introduction, Length, Offer, OrderEffect, Outcome, Page, Remote,
    RemoteOrder, Sight, Watermark,
};
use perennial_core::ports::BoxFuture;

use self::api::Api;
use self::orders::{Orders, Which};
use self::pay::PayWith;
use super::PROVIDER;
use crate::call::{CallHalf, CallPorts, CallSettings, SettingError};

/// How it is called. A maintainer of the SDKs called 60 requests a minute and credential safe (2019); nothing is
/// documented.
pub const CALL: CallHalf = CallHalf {
    url: "https://eu.api.ovh.com/1.0",
    fields: &credentials::FIELDS,
    find: credentials::find,
    requests_per_minute: NonZeroU32::new(60).expect("is not zero"),
    make,
};

/// How long what was done may stay out of sight. Billing was seen to lag behind delivery, by how much is not documented.
const SETTLES_IN: SignedDuration = SignedDuration::from_secs(30);

/// One of our accounts there.
struct OvhRemote {
    name: ProviderName,
    api: Api,
    orders: Orders,
    pay_with: PayWith,
    settles_in: SignedDuration,
}

fn make(name: ProviderName, settings: CallSettings, ports: CallPorts) -> Result<Arc<dyn Remote>, SettingError> {
    let pay_with = PayWith::parse(settings.pay_with.as_deref())?;
    let settles_in = settings.settles_in.unwrap_or(SETTLES_IN);
    let api = Api::new(settings, ports)?;
    Ok(Arc::new(OvhRemote { name, api, orders: Orders::default(), pay_with, settles_in }))
}

impl Remote for OvhRemote {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn habits(&self) -> Habits {
        Habits { ordering: OrderEffect::Unpaid, settles_in: self.settles_in, aligns: false, switches_native: true }
    }

    fn introduce(&self) -> BoxFuture<'_, Result<Introduction, CallError>> {
        Box::pin(introduction::introduce(&self.api))
    }

    fn inventory<'a>(&'a self, from: Option<&'a str>) -> BoxFuture<'a, Result<Page, CallError>> {
        Box::pin(service::inventory(&self.api, &self.name, from))
    }

    fn look<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<Option<Sight>, CallError>> {
        Box::pin(self.look_at(holding))
    }

    fn offers<'a>(
        &'a self,
        holding: &'a Holding,
        lengths: &'a [Length],
    ) -> BoxFuture<'a, Result<Vec<Offer>, CallError>> {
        Box::pin(order::offers(&self.api, holding, lengths))
    }

    fn order<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Outcome> {
        Box::pin(self.place(ask))
    }

    fn pay<'a>(&'a self, _: &'a Ask, order: &'a RemoteOrder) -> BoxFuture<'a, Outcome> {
        Box::pin(self.settle(order))
    }

    fn read_back<'a>(
        &'a self,
        ask: &'a Ask,
        watermark: &'a Watermark,
        order: Option<&'a RemoteOrder>,
    ) -> BoxFuture<'a, Result<Finding, CallError>> {
        Box::pin(self.find_again(ask, watermark, order))
    }

    fn switch_native_off<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(service::switch_native_off(&self.api, holding))
    }

    fn funds(&self) -> BoxFuture<'_, Result<Vec<Funds>, CallError>> {
        Box::pin(pay::funds(&self.api))
    }

    fn charges(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<Charge>, CallError>> {
        Box::pin(charge::charges(&self.api, &self.orders, since))
    }
}

impl OvhRemote {
    /// The service, the orders that would renew it, and the newest ones of the account.
    async fn look_at(&self, holding: &Holding) -> Result<Option<Sight>, CallError> {
        let id = service::number(&holding.key.id)?;
        let Some(found) = service::one(&self.api, id).await? else { return Ok(None) };
        let mut stand = found.stand()?;
        let at = self.api.now();
        let newest = self.orders.newest(&self.api, at).await?;
        let which = Which { id, name: &holding.name, until: stand.until };
        let (open_orders, at_work) = self.orders.that_renew(&self.api, which, &newest).await?;
        if let Some(why) = at_work {
            stand.standing = Standing::Blocked(why);
        }
        let balance = if self.pay_with.is_prepaid() { pay::balance(&self.api).await? } else { None };
        Ok(Some(Sight { stand, open_orders, watermark: orders::watermark(at, &newest, balance) }))
    }
}
