//! We call it. Who we are and how a request looks is in this file, what is read and done in the others.
//!
//! What the provider's own automatic payment does of itself is not waited for: an order that it pays between two calls
//! is found paid.

mod account;
mod act;
mod inventory;
mod list;
mod look;
mod memory;
mod offers;
mod orders;
mod read_back;
mod said;
#[cfg(test)]
mod tests;
mod wire;

use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{Holding, ProviderName, RemoteId};
use perennial_core::buyer::remote::{
    Ask, CallError, Charge, Counted, Finding, Funds, Habits, Introduction, Length, Offer, OrderEffect, Outcome, Page,
    Remote, RemoteOrder, Sight, Watermark,
};
use perennial_core::calendar::Zone;
use perennial_core::ports::{BoxFuture, Clock};
use serde::{Deserialize, Serialize};

use self::memory::Memory;
use super::wire::order::PaymentWord;
use crate::call::{
    Address, CallHalf, CallPorts, CallSettings, Caller, Credentials, Field, Found, Made, Reply, SettingError,
};
use crate::common::body::body;

/// How it is called.
pub const CALL: CallHalf = CallHalf {
    url: URL,
    fields: &[TOKEN],
    // No program of the provider's own keeps a token anywhere.
    find: |places| {
        let credentials = Credentials::of_environment(&[TOKEN], places);
        Ok(Found { credentials, url: (places.variable)("VPSBG_URL"), regions: Vec::new() })
    },
    // The framework's default; the documentation names no number.
    requests_per_minute: PACE,
    make: |name, settings, ports| Ok(Arc::new(Client::new(name, &settings, &ports)?)),
};

const URL: &str = "https://api.vpsbg.eu/v1";

/// The path of the API.
const ROOT: &str = "/v1";

const PACE: NonZeroU32 = NonZeroU32::new(60).expect("is not zero");

const TOKEN: Field = Field {
    name: "token",
    variable: "VPSBG_TOKEN",
    what: "an API token with the permission Write, made in the client area under API tokens",
};

/// How long what was done may stay out of sight. Nothing is documented.
const SETTLES_IN: SignedDuration = SignedDuration::from_secs(30);

/// The zone in whose midnights the provider counts paid time (worked out from samples).
const ZONE: &str = "Europe/Sofia";

/// An account at VPSBG, as it is called.
struct Client {
    name: ProviderName,
    caller: Caller,
    clock: Arc<dyn Clock>,
    /// The API's address, without a slash at its end.
    base: String,
    bearer: HeaderValue,
    pay_with: PaymentWord,
    settles_in: SignedDuration,
    zone: Zone,
    memory: Memory,
}

impl Client {
    fn new(name: ProviderName, settings: &CallSettings, ports: &CallPorts) -> Result<Self, SettingError> {
        let missing = || SettingError::Missing { provider: super::PROVIDER, field: TOKEN.name, what: TOKEN.what };
        let url = settings.url.as_deref().unwrap_or(URL);
        Ok(Self {
            name,
            caller: Caller::new(super::PROVIDER, ports, settings.requests_per_minute.unwrap_or(PACE)),
            clock: Arc::clone(&ports.clock),
            base: Address::parse(url).map_err(|error| error.of_setting(url))?.rooted(ROOT),
            bearer: bearer(settings.credentials.get(TOKEN.name).ok_or_else(missing)?)?,
            pay_with: pay_with(settings.pay_with.as_deref())?,
            settles_in: settings.settles_in.unwrap_or(SETTLES_IN),
            zone: Zone::parse(ZONE).expect("the time-zone database is built in"),
            memory: Memory::default(),
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A request. Paths are below the API's root, and plain.
    fn request(&self, method: &Method, path: &str, body: Option<&Bytes>) -> Made {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, &self.bearer)
            .header(ACCEPT, JSON);
        let request = if body.is_some() { request.header(CONTENT_TYPE, JSON) } else { request };
        request.body(body.cloned().unwrap_or_default())
    }

    /// A request with a body.
    fn posted(&self, path: &str, body: &(impl Serialize + Sync)) -> Made {
        self.request(&Method::POST, path, Some(&json(body)))
    }

    /// Reads what is at a path.
    async fn get<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<T, CallError> {
        self.read(&Method::GET, path, None).await
    }

    /// Asks something that changes nothing, by a call with a body.
    async fn ask<T>(&self, path: &str, asked: &(impl Serialize + Sync)) -> Result<T, CallError>
    where
        T: for<'de> Deserialize<'de>,
    {
        let body = json(asked);
        self.read(&Method::POST, path, Some(&body)).await
    }

    async fn read<T>(&self, method: &Method, path: &str, sent: Option<&Bytes>) -> Result<T, CallError>
    where
        T: for<'de> Deserialize<'de>,
    {
        let reply = self.reply(method, path, sent).await?;
        body(&reply.body).map_err(|error| self.caller.not_understood(&name_of(method, path), &error))
    }

    /// The answer to what changes nothing, where it is none of the documented refusals.
    async fn reply(&self, method: &Method, path: &str, sent: Option<&Bytes>) -> Result<Reply, CallError> {
        let call = name_of(method, path);
        let reply = self.caller.read(&call, || self.request(method, path, sent)).await?;
        match reply.status {
            status if status.is_success() => Ok(reply),
            // Asked for again later, it is answered.
            StatusCode::LOCKED => {
                let cause = said::said(&reply).to_string();
                Err(CallError::Unreachable { provider: super::PROVIDER, call, cause })
            }
            status if said::is_refusal(status) => Err(self.caller.refused(&call, said::said(&reply))),
            status => Err(self.caller.not_understood(&call, &format_args!("status {}", status.as_u16()))),
        }
    }

    /// The same, or none where the provider says that there is no such thing. A page that is not found says nothing of it.
    async fn get_known<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<Option<T>, CallError> {
        match self.get(path).await {
            Ok(read) => Ok(Some(read)),
            Err(CallError::Refused { said, .. }) if said::is_absence(&said) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn json(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).expect("numbers and texts are JSON").into()
}

/// What a call is called in errors: without what it asks.
fn name_of(method: &Method, path: &str) -> String {
    format!("{method} {}", path.split('?').next().unwrap_or(path))
}

fn bearer(token: &str) -> Result<HeaderValue, SettingError> {
    let wrong = |_| SettingError::Wrong {
        setting: TOKEN.name,
        value: "***".to_owned(),
        why: "a token has visible ASCII characters only".to_owned(),
    };
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(wrong)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What orders are paid with. Money that is to come from outside would not pay them now.
fn pay_with(word: Option<&str>) -> Result<PaymentWord, SettingError> {
    match word {
        None | Some("balance") => Ok(PaymentWord::Balance),
        Some("card") => Ok(PaymentWord::Card),
        Some(other) => Err(SettingError::Wrong {
            setting: "pay_with",
            value: other.to_owned(),
            why: "VPSBG is paid with `balance` or `card`".to_owned(),
        }),
    }
}

/// The number of a service or an order; none for a text that names nothing here.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number > 0)
}

/// The number of a server.
fn server_number(id: &RemoteId) -> Option<i64> {
    number(id.as_str())
}

impl Remote for Client {
    fn provider(&self) -> &'static str {
        super::PROVIDER
    }

    fn habits(&self) -> Habits {
        Habits {
            // Orders are made with the wish to pay themselves, and no token keeps two calls apart.
            ordering: OrderEffect::MayPay,
            settles_in: self.settles_in,
            aligns: false,
            switches_native: false,
        }
    }

    fn introduce(&self) -> BoxFuture<'_, Result<Introduction, CallError>> {
        Box::pin(self.introduced())
    }

    fn inventory<'a>(&'a self, from: Option<&'a str>) -> BoxFuture<'a, Result<Page, CallError>> {
        Box::pin(self.inventory_from(from))
    }

    fn look<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<Option<Sight>, CallError>> {
        Box::pin(self.looked_at(&holding.key.id))
    }

    fn offers<'a>(
        &'a self,
        holding: &'a Holding,
        lengths: &'a [Length],
    ) -> BoxFuture<'a, Result<Vec<Offer>, CallError>> {
        Box::pin(self.offered(&holding.key.id, lengths))
    }

    fn order<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Outcome> {
        Box::pin(self.placed(ask))
    }

    fn pay<'a>(&'a self, ask: &'a Ask, order: &'a RemoteOrder) -> BoxFuture<'a, Outcome> {
        Box::pin(self.paid(ask, order))
    }

    fn leave_unpaid<'a>(&'a self, order: &'a RemoteOrder) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.left_unpaid(order))
    }

    fn read_back<'a>(
        &'a self,
        ask: &'a Ask,
        watermark: &'a Watermark,
        order: Option<&'a RemoteOrder>,
    ) -> BoxFuture<'a, Result<Finding, CallError>> {
        Box::pin(self.found(ask, watermark, order))
    }

    fn switch_native_off<'a>(&'a self, _: &'a Holding) -> BoxFuture<'a, Result<(), CallError>> {
        let wish = "switch a server's automatic renewal off; its client area has";
        Box::pin(std::future::ready(Err(CallError::Cannot { provider: super::PROVIDER, wish })))
    }

    /// A deposit is taxed when it is paid in (the documentation's own: 41.67 of 50).
    fn funds_counted(&self) -> Counted {
        Counted::WithoutTax
    }

    fn funds(&self) -> BoxFuture<'_, Result<Vec<Funds>, CallError>> {
        Box::pin(self.funded())
    }

    fn charges(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<Charge>, CallError>> {
        Box::pin(self.charged(since))
    }
}
