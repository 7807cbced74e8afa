//! What renewal clients use of billing (2017-12-14), for services of all kinds: a service's id is its name.
//!
//! Of the codes of failures, the vendor's pages list those of parameters and of callers, all of them with 400. The rest
//! is inferred: what does not exist has 404, and what the rules refuse has the code and status that it has in ECS.

mod available;
mod balance;
mod day;
mod order;
mod renewal;

use jiff::Timestamp;
use perennial_core::product::Kind;
use perennial_core::service::RenewalMode;
use perennial_core::snapshot::{Snapshot, Want};

use super::context::Context;
use super::found::Found;
use super::listing::{Paging, split_ids};
use super::refusal::no_instance;
use super::table::Row;
use crate::aliyun::wire::error::Failure;

pub(super) const ROWS: &[Row] = &[
    Row::read("/?Action=QueryAccountBalance&Version=2017-12-14", "balance", balance::query),
    Row::read("/?Action=QueryAvailableInstances&Version=2017-12-14", "available", available::query),
    Row::act("/?Action=RenewInstance&Version=2017-12-14", "billing-renew", renewal::renew).pays(),
    Row::act("/?Action=SetRenewal&Version=2017-12-14", "set-renewal", renewal::set),
    Row::read("/?Action=GetOrderDetail&Version=2017-12-14", "order", order::detail),
    Row::read("/?Action=QueryOrders&Version=2017-12-14", "orders", order::query),
    Row::act("/?Action=CancelOrder&Version=2017-12-14", "cancel-order", order::cancel),
    Row::act("/?Action=SetAllExpirationDay&Version=2017-12-14", "set-expiration-day", day::set),
    Row::not_served("/?Action=PayOrder&Version=2017-12-14"),
];

/// How long a page of services is, and of orders (there inferred: its page only warns of more than 20).
const PAGING: Paging = Paging { number: "PageNum", size: 20, size_max: 300, wrong: Failure::invalid_parameter };

/// What is paid ahead, in this API's word.
const SUBSCRIPTION: &str = "Subscription";

/// A parameter without which there is no call. Unlike ECS, billing has one code for all of them (documented).
fn needed<'a>(context: &'a Context<'_>, name: &str) -> Result<&'a str, Failure> {
    let missing = || Failure::bad("MissingParameter", format!("The parameter {name} is mandatory for this request."));
    context.text(name).ok_or_else(missing)
}

/// A parameter that is an instant: `2016-05-23T12:00:00Z`.
fn instant(context: &Context<'_>, name: &str) -> Result<Option<Timestamp>, Failure> {
    context.text(name).map(|text| text.parse().map_err(|_| Failure::invalid_parameter(name))).transpose()
}

/// The ids of services in a parameter, if it is there.
fn ids<'a>(context: &'a Context<'_>) -> Result<Option<Vec<&'a str>>, Failure> {
    const NAME: &str = "InstanceIDs";
    context.text(NAME).map(|text| split_ids(text).ok_or_else(|| Failure::invalid_parameter(NAME))).transpose()
}

/// Whether a parameter leaves out what is paid ahead, which is all that is shown.
fn wants_no_subscriptions(context: &Context<'_>) -> Result<bool, Failure> {
    match context.text("SubscriptionType") {
        None | Some(SUBSCRIPTION) => Ok(false),
        Some("PayAsYouGo") => Ok(true),
        Some(_) => Err(Failure::invalid_parameter("SubscriptionType")),
    }
}

/// What happens at the expiry, in this API's word.
const fn status(mode: RenewalMode) -> &'static str {
    match mode {
        RenewalMode::Automatic => "AutoRenewal",
        RenewalMode::Manual => "ManualRenewal",
        RenewalMode::DeleteAtExpiry => "NotRenewal",
    }
}

/// Reads the word of a parameter.
fn parse_status(name: &str, word: &str) -> Result<RenewalMode, Failure> {
    let mode = RenewalMode::ALL.into_iter().find(|mode| status(*mode) == word);
    mode.ok_or_else(|| Failure::invalid_parameter(name))
}

/// Loads the account's services of these names, of whatever kind.
fn load_named(context: &Context<'_>, names: &[&str]) -> Result<Snapshot, Failure> {
    let (account, books) = (context.account().id, &context.ports.books);
    let mut wants = Vec::with_capacity(names.len());
    for name in names {
        for kind in Kind::ALL {
            wants.extend(books.find_service(account, kind, name)?.map(|id| Want::Service(account, id)));
        }
    }
    context.load(&wants)
}

/// The service with a name: of the product with a code, or of any, if no other service is called the same.
fn service_named<'a>(found: &[Found<'a>], name: &str, code: Option<&str>) -> Result<Found<'a>, Failure> {
    let is_it = |found: &&Found<'_>| found.id() == name && code.is_none_or(|code| found.product_code() == code);
    let named: Vec<_> = found.iter().filter(is_it).collect();
    match named[..] {
        [one] => Ok(*one),
        [] => Err(no_instance()),
        [..] => {
            let message = format!("Several services are called {name}: ProductCode has to tell them apart.");
            Err(Failure::bad("InvalidParameter", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_of_three_words() {
        for mode in RenewalMode::ALL {
            assert_eq!(parse_status("RenewStatus", status(mode)), Ok(mode));
        }
        for word in ["Normal", "manualrenewal", ""] {
            let failure = parse_status("RenewStatus", word).expect_err("is no status");
            assert_eq!((failure.status.as_u16(), &*failure.code), (400, "InvalidParameter"), "{word}");
            assert!(failure.message.contains("RenewStatus"));
        }
    }
}
