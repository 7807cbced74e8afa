//! A dialect as a program of its customers speaks it; what it tells is put into common words.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use perennial_testkit::http::Response;
use serde_json::Value;

use super::{Kind, Service, Wish, ZONE};

/// The registered card: the first method of the ledger.
pub const CARD: i64 = 1;

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Paid,
    Cancelled,
}

/// What happens to a service at its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtExpiry {
    /// It renews by itself.
    Renews,
    /// It lapses, unless somebody renews it.
    Lapses,
    /// It ends: it was cancelled.
    Ends,
}

/// An answer without what names the request or the thing: the status and the rest.
pub type Bare = (u16, Value);

/// A program of the customer's.
pub trait Voice {
    /// The dialect.
    fn name(&self) -> &'static str;

    /// Whether services of the kind are there in the dialect.
    fn knows(&self, kind: Kind) -> bool;

    /// Finds a service by its name, as people do; tells its id.
    fn find(&mut self, service: &Service) -> String;

    /// The first day that is not paid.
    fn expiry(&mut self, service: &Service, id: &str) -> Date;

    /// Orders a renewal; tells the order's number.
    fn renew(&mut self, service: &Service, wish: Wish) -> Result<i64, Response>;

    /// The number of the order that an open renewal for the service's own period has, by asking for it again or by
    /// looking at the refusal.
    fn renew_or_name(&mut self, service: &Service) -> i64;

    /// Whether orders stay open until they are paid by a call of their own. Otherwise a renewal pays its order.
    fn leaves_open(&self) -> bool {
        true
    }

    /// Pays an order with the card.
    fn pay(&mut self, order: i64);

    /// Withdraws an order.
    fn cancel(&mut self, order: i64);

    /// How an order stands.
    fn state(&mut self, order: i64) -> State;

    /// What happens to a server or an instance at its expiry.
    fn at_expiry(&mut self, service: &Service) -> AtExpiry;

    /// Cancels a server or an instance to its expiry.
    fn end(&mut self, service: &Service);

    /// Withdraws that.
    fn resume(&mut self, service: &Service);

    /// Switches automatic renewal on or off; tells whether there is a call for it.
    fn switch(&mut self, _service: &Service, _automatic: bool) -> bool {
        false
    }

    /// Whether a refusal names an order.
    fn names(&self, refusal: &Value, order: i64) -> bool;

    /// All ids of services and orders, and the names of services.
    fn listed(&mut self) -> Value;

    /// What is answered to all that can be asked of one service.
    fn service_calls(&mut self, service: &Service) -> Vec<Bare>;

    /// What is answered to all that can be asked of one order.
    fn order_calls(&mut self, order: i64) -> Vec<Bare>;
}

/// The body of a call that succeeds.
#[track_caller]
pub fn done(response: &Response) -> Value {
    assert!((200..300).contains(&response.status), "{} {}", response.status, response.text());
    response.json().unwrap()
}

/// Takes away what an answer repeats of its request, and what makes it unique.
pub fn bare(response: &Response, names: &[&str]) -> Bare {
    let mut body = response.json().unwrap();
    if let Some(fields) = body.as_object_mut() {
        for name in ["requestId", "RequestId", "timestamp", "instance", "HostId", "Recommend"] {
            fields.remove(name);
        }
    }
    let text = names.iter().fold(body.to_string(), |text, name| text.replace(name, "ID"));
    (response.status, serde_json::from_str(&text).unwrap())
}

/// The day on which an instant is, where the account is.
pub fn day(instant: &Value) -> Date {
    let instant: Timestamp = instant.as_str().unwrap().parse().unwrap();
    instant.to_zoned(TimeZone::get(ZONE).unwrap()).date()
}

pub fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().unwrap().iter()
}
