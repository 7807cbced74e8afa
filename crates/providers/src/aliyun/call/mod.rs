//! We call it: our intent -> signed request -> what its reply means.
//!
//! Requests are signed by V3 (`ACS3-HMAC-SHA256`) with their parameters in the query, as the vendor's SDKs of today
//! send them. An address that is set serves everything, as our own half does; the vendor has a host for each region,
//! and another one for billing.

mod billing;
mod heard;
mod instance;
mod keys;
mod link;
mod look;
mod offer;
mod order;
mod region;
#[cfg(test)]
mod tests;
mod wire;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{Holding, ProviderName};
use perennial_core::buyer::remote::{
    Ask, CallError, Charge, Finding, Funds, Habits, Introduction, Length, Offer, OrderEffect, Outcome, Page, Remote,
    RemoteOrder, Sight, Watermark,
};
use perennial_core::calendar::Zone;
use perennial_core::money::Rate;
use perennial_core::ports::BoxFuture;

use self::heard::Kind;
use self::keys::{FIELDS, Keys, find};
use self::link::{Api, Call, Link, Unread};
use self::region::Regions;
use super::PROVIDER;
use crate::call::{Address, CallHalf, CallPorts, CallSettings, Caller, SettingError};

/// How many requests a minute are made where nothing else is said. (The limits are an action's each, and not all told.)
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).expect("is not zero");

/// How long what was done may stay out of sight. (Not documented.)
const SETTLES_IN: SignedDuration = SignedDuration::from_secs(60);

/// How it is called.
pub const CALL: CallHalf = CallHalf {
    url: "https://ecs.aliyuncs.com",
    fields: FIELDS,
    find,
    requests_per_minute: PER_MINUTE,
    make: |name, settings, ports| make(name, &settings, &ports),
};

/// An account there.
struct Account {
    name: ProviderName,
    link: Link,
    regions: Regions,
    /// Where its days begin and end: UTC+8.
    zone: Zone,
    /// What comes on top of its prices; nothing where nobody has said so, as in China.
    vat: Rate,
    settles_in: SignedDuration,
    /// Whether an empty list means that there is nothing.
    may_list: AtomicBool,
}

fn make(name: ProviderName, settings: &CallSettings, ports: &CallPorts) -> Result<Arc<dyn Remote>, SettingError> {
    const ZONE: &str = "Asia/Shanghai";
    let keys = Keys::of(&settings.credentials)?;
    if let Some(word) = &settings.pay_with {
        let why =
            "Alibaba Cloud chooses by itself what pays, coupons first and then the balance: leave it out".to_owned();
        return Err(SettingError::Wrong { setting: "pay_with", value: word.clone(), why });
    }
    let caller = Caller::new(PROVIDER, ports, settings.requests_per_minute.unwrap_or(PER_MINUTE));
    // The provider's own address stands for all of its hosts.
    let own = Address::parse(CALL.url).ok();
    let url = settings.url.as_deref().filter(|url| Address::parse(url).ok() != own);
    let zone = Zone::parse(ZONE).map_err(|error| SettingError::Wrong {
        setting: "zone",
        value: ZONE.to_owned(),
        why: error.to_string(),
    })?;
    Ok(Arc::new(Account {
        name,
        link: Link::new(ports, caller, keys, url)?,
        regions: Regions::new(&settings.regions)?,
        zone,
        vat: settings.vat.unwrap_or(Rate::ZERO),
        settles_in: settings.settles_in.unwrap_or(SETTLES_IN),
        may_list: AtomicBool::new(false),
    }))
}

impl Account {
    /// Who we are: nothing that is called here tells the account, so the key stands for it. Each thing that renewing
    /// needs to read is tried.
    async fn introduction(&self) -> Result<Introduction, CallError> {
        let _: wire::Nothing =
            self.link.read(&Call { api: Api::Central, action: "DescribeRegions", parameters: &[] }).await?;
        let regions = self.regions(false).await?;
        let region = regions.first().map_or("", String::as_str);
        let listing: &[(&str, &str)] = &[("RegionId", region), ("DryRun", "true")];
        let mut lacks = Vec::new();
        for (api, action, parameters) in [
            (Api::Region(region), "DescribeInstances", listing),
            (Api::Billing, "QueryOrders", &[("PageNum", "1"), ("PageSize", "1")]),
            (Api::Billing, "QueryAccountBalance", &[]),
        ] {
            match self.link.ask::<wire::Nothing>(&Call { api, action, parameters }).await {
                Err(Unread::Refused(refusal)) if refusal.code() == "DryRunOperation" => {}
                Err(Unread::Refused(refusal)) if refusal.kind() == Kind::Final => lacks.push(action.to_owned()),
                Err(unread) => return Err(self.link.error(action, unread)),
                Ok(_) => {}
            }
        }
        let account = format!("access key {}", self.link.shown_key());
        Ok(Introduction { account, ahead: self.link.ahead(), lacks })
    }

    /// Sets an instance to be renewed by hand, which is harmless to repeat.
    async fn set_manual(&self, holding: &Holding) -> Result<(), CallError> {
        const ACTION: &str = "ModifyInstanceAutoRenewAttribute";
        let id = holding.key.id.as_str();
        let region = self.region_of(holding).await?;
        let region = region.ok_or_else(|| self.link.not_understood(ACTION, &format!("{id} is in no region")))?;
        let parameters = &[("RegionId", &*region), ("InstanceId", id), ("RenewalStatus", "Normal")];
        let call = Call { api: Api::Region(&region), action: ACTION, parameters };
        self.link.read::<wire::Nothing>(&call).await.map(|_| ())
    }
}

impl Remote for Account {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn habits(&self) -> Habits {
        Habits {
            ordering: OrderEffect::PaysOncePerToken,
            settles_in: self.settles_in,
            aligns: true,
            switches_native: true,
        }
    }

    fn introduce(&self) -> BoxFuture<'_, Result<Introduction, CallError>> {
        Box::pin(self.introduction())
    }

    fn inventory<'a>(&'a self, from: Option<&'a str>) -> BoxFuture<'a, Result<Page, CallError>> {
        Box::pin(self.page(from))
    }

    fn look<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<Option<Sight>, CallError>> {
        Box::pin(self.sight(holding))
    }

    fn offers<'a>(
        &'a self,
        holding: &'a Holding,
        lengths: &'a [Length],
    ) -> BoxFuture<'a, Result<Vec<Offer>, CallError>> {
        Box::pin(self.priced(holding, lengths))
    }

    fn order<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Outcome> {
        Box::pin(self.renew(ask))
    }

    fn pay<'a>(&'a self, _: &'a Ask, _: &'a RemoteOrder) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::ready(order::nothing_to_pay()))
    }

    fn read_back<'a>(
        &'a self,
        ask: &'a Ask,
        watermark: &'a Watermark,
        order: Option<&'a RemoteOrder>,
    ) -> BoxFuture<'a, Result<Finding, CallError>> {
        Box::pin(self.found(ask, watermark, order))
    }

    fn switch_native_off<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.set_manual(holding))
    }

    fn funds(&self) -> BoxFuture<'_, Result<Vec<Funds>, CallError>> {
        Box::pin(async { Ok(self.means().await?.funds) })
    }

    fn charges(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<Charge>, CallError>> {
        Box::pin(self.charged(since))
    }
}
