//! Billing: orders, what there is to pay with, and what was charged. Amounts are texts there.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::remote::{CallError, Charge, Funds, RemoteOrder};
use perennial_core::money::{Currency, Money, MoneyError};

use super::Account;
use super::heard::{Kind, Refusal};
use super::link::{Api, Call, Unread};
use super::wire::{self, Data, text};
use crate::common::amount::Decimal;

const ORDERS: &str = "QueryOrders";
const DETAIL: &str = "GetOrderDetail";
const BALANCE: &str = "QueryAccountBalance";

/// How many pages of them are read at the most: a provider that never comes to an end is not read for ever.
const PAGES_MAX: usize = 10_000;

/// How many orders a page has. The documentation warns of more.
const PAGE: usize = 20;

/// How long before it was paid an order may have been placed: what is not paid is closed by then (inferred).
pub(super) const PLACED_BEFORE: SignedDuration = SignedDuration::from_hours(31 * 24);

/// An order that renews something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Renewal {
    /// Its number.
    pub id: String,
    /// Whether it is paid.
    pub payment: Payment,
    /// What it renews. Some lists do not tell.
    pub services: Option<Vec<String>>,
    /// When it was placed.
    pub placed: Option<Timestamp>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// What is to be paid, or was.
    pub gross: Money,
    /// The same without tax, where it is told.
    pub net: Option<Money>,
    /// Where the term begins, where it is told.
    pub from: Option<Date>,
    /// Where it ends.
    pub until: Option<Date>,
}

/// Whether an order is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payment {
    /// It is not.
    Unpaid,
    /// It is.
    Paid,
    /// It is not, and never will be.
    Cancelled,
    /// The provider has another word for it.
    Other(String),
}

/// What is on an account.
pub(super) struct Means {
    /// What can be spent.
    pub available: Option<Money>,
    /// Each part of it.
    pub funds: Vec<Funds>,
}

impl Renewal {
    /// The order as an unpaid one.
    pub fn open(&self) -> RemoteOrder {
        RemoteOrder {
            id: self.id.clone(),
            invoice: None,
            gross: self.gross,
            until: self.until,
            services: self.services.clone().unwrap_or_default(),
        }
    }

    /// Whether it renews a service.
    pub fn renews(&self, service: &str) -> bool {
        self.services.as_ref().is_some_and(|services| services.iter().any(|each| each == service))
    }
}

impl Account {
    /// The renewals that were ordered since an instant, with this status if one is given: all pages.
    pub(super) async fn renewals(&self, since: Timestamp, status: Option<&str>) -> Result<Vec<Renewal>, CallError> {
        let (mut seen, mut found, mut total) = (HashSet::new(), Vec::new(), None);
        for number in 1..=PAGES_MAX {
            let (orders, told) = self.renewals_on(number, since, status).await?;
            let before = seen.len();
            for order in orders {
                if seen.insert(order.order_id.as_str().to_owned()) && is_renewal(&order) {
                    found.push(self.renewal(ORDERS, &order)?);
                }
            }
            let is_same = *total.get_or_insert(told) == told;
            if is_same && seen.len() >= told {
                return Ok(found);
            }
            // One that came or went while pages were turned may have moved another to a page that was read before.
            if !is_same || seen.len() == before {
                return Err(self.link.not_understood(ORDERS, &"the orders changed while they were read"));
            }
        }
        Err(self.link.not_understood(ORDERS, &"its pages have no end"))
    }

    /// The ids of some of the last renewals that were ordered: newest first, as far as the provider sorts them so
    /// (which is not documented).
    pub(super) async fn last_renewals(&self, since: Timestamp) -> Result<Vec<String>, CallError> {
        let (mut orders, _) = self.renewals_on(1, since, None).await?;
        orders.sort_by_key(|order| Reverse(instant(order.create_time.as_ref())));
        Ok(orders.iter().map(|order| order.order_id.as_str().to_owned()).collect())
    }

    /// A page of them, and how many there are on all pages.
    async fn renewals_on(
        &self,
        number: usize,
        since: Timestamp,
        status: Option<&str>,
    ) -> Result<(Vec<wire::Order>, usize), CallError> {
        let (number, size, since) = (number.to_string(), PAGE.to_string(), since.strftime(INSTANT).to_string());
        let mut parameters = vec![("OrderType", "Renew"), ("CreateTimeStart", &*since)];
        parameters.extend([("PageNum", &*number), ("PageSize", &size)]);
        parameters.extend(status.map(|status| ("PaymentStatus", status)));
        let call = Call { api: Api::Billing, action: ORDERS, parameters: &parameters };
        let read: Data<wire::Orders> = self.link.read(&call).await?;
        let total = text(read.data.total_count.as_ref()).and_then(|text| text.parse().ok());
        let total = total.ok_or_else(|| self.link.not_understood(ORDERS, &"how many orders there are is not told"))?;
        Ok((read.data.order_list.and_then(|list| list.order).unwrap_or_default(), total))
    }

    /// An order by its number; none where there is none.
    pub(super) async fn detail(&self, id: &str) -> Result<Option<Renewal>, CallError> {
        let call = Call { api: Api::Billing, action: DETAIL, parameters: &[("OrderId", id)] };
        let read: Data<wire::Orders> = match self.link.ask(&call).await {
            Ok(read) => read,
            Err(Unread::Refused(refusal)) if is_no_order(&refusal) => return Ok(None),
            Err(unread) => return Err(self.link.error(DETAIL, unread)),
        };
        let orders = read.data.order_list.and_then(|list| list.order).unwrap_or_default();
        match orders.as_slice() {
            [] => Ok(None),
            [order] if order.order_id.as_str() == id => self.renewal(DETAIL, order).map(Some),
            _ => Err(self.link.not_understood(DETAIL, &"it is about another order")),
        }
    }

    /// An order with what it renews: asked for on its own where the list did not tell.
    pub(super) async fn whole(&self, order: Renewal) -> Result<Renewal, CallError> {
        if order.services.is_some() {
            return Ok(order);
        }
        let detail = self.detail(&order.id).await?.filter(|detail| detail.services.is_some());
        detail.ok_or_else(|| self.link.not_understood(DETAIL, &format!("what order {} renews is not told", order.id)))
    }

    /// What there is to pay with.
    pub(super) async fn means(&self) -> Result<Means, CallError> {
        self.means_asked().await.map_err(|unread| self.link.error(BALANCE, unread))
    }

    /// What can be spent; none where the key may not know.
    pub(super) async fn available(&self) -> Result<Option<Money>, CallError> {
        match self.means_asked().await {
            Ok(means) => Ok(means.available),
            Err(Unread::Refused(refusal)) if refusal.kind() == Kind::Final => Ok(None),
            Err(unread) => Err(self.link.error(BALANCE, unread)),
        }
    }

    async fn means_asked(&self) -> Result<Means, Unread> {
        let read: Data<wire::Balance> =
            self.link.ask(&Call { api: Api::Billing, action: BALANCE, parameters: &[] }).await?;
        means(&read.data).map_err(|error| Unread::Failed(self.link.not_understood(BALANCE, &error)))
    }

    /// The renewals that were paid since an instant.
    pub(super) async fn charged(&self, since: Timestamp) -> Result<Vec<Charge>, CallError> {
        let placed = since.checked_sub(PLACED_BEFORE).unwrap_or(Timestamp::MIN);
        let mut charges = Vec::new();
        for order in self.renewals(placed, Some("Paid")).await? {
            let untold = || self.link.not_understood(ORDERS, &format!("when order {} was paid is not told", order.id));
            let paid_at = order.paid_at.or(order.placed).ok_or_else(untold)?;
            // Billing tells whole seconds.
            if order.payment == Payment::Paid && paid_at.as_second() >= since.as_second() {
                let Renewal { id, services, gross, .. } = self.whole(order).await?;
                charges.push(Charge { order: id, services: services.unwrap_or_default(), paid_at, gross });
            }
        }
        Ok(charges)
    }

    /// Reads an order.
    fn renewal(&self, call: &'static str, order: &wire::Order) -> Result<Renewal, CallError> {
        let id = order.order_id.as_str();
        let amounts =
            amounts(order).map_err(|error| self.link.not_understood(call, &format!("order {id}: {error}")))?;
        let date = |field: Option<&wire::Word>| instant(field).map(|at| self.zone.date_of(at));
        Ok(Renewal {
            id: id.to_owned(),
            payment: payment(text(order.payment_status.as_ref()).unwrap_or("without a status")),
            services: text(order.instance_ids.as_ref()).map(ids),
            placed: instant(order.create_time.as_ref()),
            paid_at: instant(order.payment_time.as_ref()),
            gross: amounts.0,
            net: amounts.1,
            from: date(order.usage_start_time.as_ref()),
            until: date(order.usage_end_time.as_ref()),
        })
    }
}

/// Whether an order renews something; what is of another kind is not, should the provider show it all the same.
fn is_renewal(order: &wire::Order) -> bool {
    text(order.order_type.as_ref()).is_none_or(|word| word == "Renew")
}

/// How instants are written in billing.
const INSTANT: &str = "%Y-%m-%dT%H:%M:%SZ";

fn instant(field: Option<&wire::Word>) -> Option<Timestamp> {
    Timestamp::from_str(text(field)?).ok()
}

fn payment(word: &str) -> Payment {
    match word {
        "Unpaid" => Payment::Unpaid,
        "Paid" => Payment::Paid,
        "Cancelled" => Payment::Cancelled,
        other => Payment::Other(other.to_owned()),
    }
}

/// The names of an order's services: the text of a JSON array, or words with commas between.
fn ids(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    })
}

/// Whether a refusal says that there is no such order. Its code is not documented.
fn is_no_order(refusal: &Refusal) -> bool {
    refusal.kind() == Kind::Final && refusal.code().contains("Order") && refusal.code().ends_with("NotFound")
}

/// What is to be paid for an order, and that without tax.
fn amounts(order: &wire::Order) -> Result<(Money, Option<Money>), MoneyError> {
    let currency = Currency::parse(text(order.currency.as_ref()).unwrap_or_default())?;
    let read = |field: &Option<Decimal>| field.as_ref().map(|field| money(field.text(), currency)).transpose();
    let (net, tax, whole) = (read(&order.pretax_amount)?, read(&order.tax)?, read(&order.after_tax_amount)?);
    let gross = match (whole, net) {
        (Some(whole), _) => whole,
        (None, Some(net)) => net.plus(tax.unwrap_or(Money::zero(currency)))?,
        (None, None) => money("", currency)?,
    };
    Ok((gross, net))
}

/// Reads an amount: `1,234.5`, with whatever zeros behind.
///
/// # Errors
/// [`MoneyError::Syntax`] also where it is finer than the currency.
pub(super) fn money(text: &str, currency: Currency) -> Result<Money, MoneyError> {
    let plain = text.trim().replace(',', "");
    match plain.split_once('.') {
        Some((whole, fraction)) => match fraction.trim_end_matches('0') {
            "" => Money::parse(whole, currency),
            fraction => Money::parse(&format!("{whole}.{fraction}"), currency),
        },
        None => Money::parse(&plain, currency),
    }
}

/// Reads what can be spent. What is finer than the currency cannot be, and is left away.
fn spendable(text: &str, currency: Currency) -> Result<Money, MoneyError> {
    let digits = usize::from(currency.digits());
    let cut = text.split_once('.').filter(|(_, fraction)| fraction.len() > digits);
    match cut {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            money(&format!("{whole}.{}", &fraction[..digits]), currency)
        }
        _ => money(text, currency),
    }
}

fn means(balance: &wire::Balance) -> Result<Means, MoneyError> {
    let currency = Currency::parse(balance.currency.as_str())?;
    let read = |field: &Option<Decimal>| field.as_ref().map(|field| spendable(field.text(), currency)).transpose();
    let cash = read(&balance.available_cash_amount)?;
    let available = read(&balance.available_amount)?.or(cash);
    let rows = [
        ("balance", cash.or(available)),
        ("credit line", read(&balance.credit_amount)?),
        ("credit of MYbank", read(&balance.mybank_credit_amount)?.filter(|amount| !amount.is_zero())),
    ];
    let funds = rows.into_iter().filter(|(_, amount)| amount.is_some());
    let funds = funds.map(|(kind, amount)| Funds { kind: kind.to_owned(), amount }).collect();
    Ok(Means { available, funds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    #[test]
    fn amounts_have_commas_and_zeros_and_nothing_finer_than_the_currency() {
        let cny = |minor| Ok(Money::new(minor, Currency::CNY));
        for (text, minor) in [
            ("10,000.00", 1_000_000),
            ("1,234,567.8", 123_456_780),
            ("240", 24_000),
            ("240.0", 24_000),
            ("190.0500", 19_005),
            ("-0.50", -50),
            ("0", 0),
            ("100.", 10_000),
        ] {
            assert_eq!(money(text, Currency::CNY), cny(minor), "{text}");
        }
        for text in ["", "x", "1.005", "1.0E7", "NaN", "1.2.3"] {
            assert!(money(text, Currency::CNY).is_err(), "{text}");
        }
        for (text, minor) in [("9,999.999", 999_999), ("0.001", 0), ("12.3", 1_230)] {
            assert_eq!(spendable(text, Currency::CNY), cny(minor), "{text}");
        }
        for text in ["1.00x", "1.0.00"] {
            assert!(spendable(text, Currency::CNY).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_to_be_paid_is_told_or_added_up() {
        for (json, told) in [
            (r#""PretaxAmount":"100.00","Tax":"6.00","AfterTaxAmount":"106.00""#, Some((10_600, Some(10_000)))),
            (r#""PretaxAmount":100,"Tax":6.0,"AfterTaxAmount":null"#, Some((10_600, Some(10_000)))),
            (r#""PretaxAmount":"1,000.5""#, Some((100_050, Some(100_050)))),
            (r#""AfterTaxAmount":"5""#, Some((500, None))),
            (r#""Tax":"5""#, None),
        ] {
            let order: wire::Order =
                body(format!(r#"{{"OrderId":1,"Currency":"CNY",{json}}}"#).as_bytes()).expect("reads");
            let read = amounts(&order).ok().map(|(gross, net)| (gross.minor(), net.map(Money::minor)));
            assert_eq!(read, told, "{json}");
        }
        let order: wire::Order = body(br#"{"OrderId":1,"AfterTaxAmount":"5"}"#).expect("reads");
        assert!(amounts(&order).is_err(), "an amount has a currency");
    }

    #[test]
    fn the_services_of_an_order_are_a_list_in_a_text() {
        assert_eq!(ids(r#"["i-1","i-2"]"#), ["i-1", "i-2"]);
        assert_eq!(ids("i-1, i-2"), ["i-1", "i-2"]);
        assert_eq!(ids("i-1"), ["i-1"]);
        assert!(ids("[]").is_empty());
    }

    #[test]
    fn what_there_is_to_pay_with_is_told_apart() {
        let balance: wire::Balance = body(
            br#"{"AvailableAmount":"1,050.00","AvailableCashAmount":"50.00","CreditAmount":"1,000.00",
            "MybankCreditAmount":"0.00","QuotaLimit":"0.00","Currency":"CNY"}"#,
        )
        .expect("reads");
        let read = means(&balance).expect("reads");
        let funds: Vec<_> = read.funds.iter().map(|fund| (fund.kind.as_str(), fund.amount.map(Money::minor))).collect();
        assert_eq!(funds, [("balance", Some(5_000)), ("credit line", Some(100_000))]);
        assert_eq!(read.available.map(Money::minor), Some(105_000));
    }
}
