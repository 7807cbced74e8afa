//! We call it: one account, as its owner's key sees it.
//!
//! What only inference says of the API, such as the form of orders in a list, is used where it makes a finding surer, and
//! nothing is lost where it is not there. No decision hangs on a text for people.

mod account;
mod client;
mod inventory;
mod judge;
mod look;
mod order;
mod read_back;
#[cfg(test)]
mod tests;
mod wire;

use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{Holding, ProviderName};
use perennial_core::buyer::remote::{
    Ask, CallError, Charge, Finding, Funds, Habits, Introduction, Length, Offer, OrderEffect, Outcome, Page, Remote,
    RemoteOrder, Sight, Watermark,
};
use perennial_core::calendar::Zone;
use perennial_core::money::Rate;
use perennial_core::ports::{BoxFuture, Clock, Timer};

use self::client::Client;
use crate::call::{CallHalf, CallPorts, CallSettings, Credentials, Field, Found, Places, SettingError};

/// How it is called. How many requests it takes a minute is not published.
pub const CALL: CallHalf = CallHalf {
    url: "https://cloud.hostup.se",
    fields: &[TOKEN],
    find: |places| Ok(found(places)),
    requests_per_minute: NonZeroU32::new(120).expect("is not zero"),
    make: |name, settings, ports| make(name, &settings, ports),
};

const TOKEN: Field = Field { name: "token", variable: "HOSTUP_TOKEN", what: "an API key made in the panel" };

/// The variable in which the provider's other clients, those for DNS, are given their key.
const TOKEN_OF_OTHERS: &str = "HOSTUP_API_KEY";

/// The variable that names the API's address.
const URL: &str = "HOSTUP_URL";

/// The provider's billing zone: its domains end with the last second of a day there (documented example).
const ZONE: &str = "Europe/Stockholm";

/// How long what was done may stay out of sight, where nothing else is said.
const SETTLES_IN: SignedDuration = SignedDuration::from_secs(30);

/// What to pay with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PayWith {
    /// The saved card.
    Card,
    /// This saved card, and no other.
    NamedCard(String),
    /// The account's credit.
    Credit,
}

/// An account there, as it is called.
struct HostUpRemote {
    name: ProviderName,
    client: Client,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
    zone: Zone,
    pay_with: PayWith,
    vat: Option<Rate>,
    settles_in: SignedDuration,
}

/// What people have in their environment. The provider's other clients keep nothing in files that is for renewals.
fn found(places: &Places<'_>) -> Found {
    let mut credentials = Credentials::of_environment(&[TOKEN], places);
    if credentials.is_empty()
        && let Some(token) = (places.variable)(TOKEN_OF_OTHERS)
    {
        credentials.set(TOKEN.name, &token);
    }
    let url = (places.variable)(URL).filter(|url| !url.is_empty());
    Found { credentials, url, regions: Vec::new() }
}

fn make(name: ProviderName, settings: &CallSettings, ports: CallPorts) -> Result<Arc<dyn Remote>, SettingError> {
    let client = Client::new(settings, &ports)?;
    Ok(Arc::new(HostUpRemote {
        name,
        client,
        clock: ports.clock,
        timer: ports.timer,
        zone: Zone::parse(ZONE).expect("the bundled time zones have it"),
        pay_with: PayWith::of(settings.pay_with.as_deref())?,
        vat: settings.vat,
        settles_in: settings.settles_in.unwrap_or(SETTLES_IN),
    }))
}

impl PayWith {
    /// Reads the setting, in the provider's own words. An id of a card is one that the list of cards shows.
    fn of(text: Option<&str>) -> Result<Self, SettingError> {
        match text {
            None | Some("card") => Ok(Self::Card),
            Some("credit") => Ok(Self::Credit),
            Some(id) if id.starts_with("card_") => Ok(Self::NamedCard(id.to_owned())),
            Some(other) => Err(SettingError::Wrong {
                setting: "pay_with",
                value: other.to_owned(),
                why: "it is `card`, the id of a saved card, or `credit`".to_owned(),
            }),
        }
    }
}

impl Remote for HostUpRemote {
    fn provider(&self) -> &'static str {
        super::PROVIDER
    }

    fn habits(&self) -> Habits {
        Habits { ordering: OrderEffect::Unpaid, settles_in: self.settles_in, aligns: false, switches_native: true }
    }

    fn introduce(&self) -> BoxFuture<'_, Result<Introduction, CallError>> {
        Box::pin(self.introduced())
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
        Box::pin(async move {
            let offer = self.offer(holding).await?;
            Ok(offer.into_iter().filter(|offer| lengths.is_empty() || lengths.contains(&offer.length)).collect())
        })
    }

    fn order<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Outcome> {
        Box::pin(self.ordered(ask))
    }

    fn pay<'a>(&'a self, _: &'a Ask, order: &'a RemoteOrder) -> BoxFuture<'a, Outcome> {
        Box::pin(self.paid(order))
    }

    fn read_back<'a>(
        &'a self,
        ask: &'a Ask,
        watermark: &'a Watermark,
        order: Option<&'a RemoteOrder>,
    ) -> BoxFuture<'a, Result<Finding, CallError>> {
        Box::pin(self.finding(ask, watermark, order))
    }

    fn switch_native_off<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.switched_off(holding))
    }

    fn funds(&self) -> BoxFuture<'_, Result<Vec<Funds>, CallError>> {
        Box::pin(self.all_funds())
    }

    fn charges(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<Charge>, CallError>> {
        Box::pin(self.charged(since))
    }
}
