//! Orders as they are read: what is in them, and whether one is just what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use perennial_core::buyer::remote::{Ask, CallError, Length, Receipt, RemoteOrder};
use perennial_core::calendar::Zone;
use perennial_core::money::{Currency, Money, MoneyError};

use super::Client;
use super::list::{OPEN, OPEN_OR_PAID, Until};
use super::said::quoted;
use super::wire::{Line, Order, Status};

/// The types of orders that renew nothing. Whatever else there is may renew something.
const OTHER_TYPES: [&str; 6] =
    ["new-service", "scale-service", "new-addon", "scale-addon", "new-floating-ip", "deposit"];

/// The types of lines that are renewed with the server that they belong to, and lines that are no service.
const BESIDE_TYPES: [&str; 4] = ["server-addon", "hosting-addon", "floating-ip", "discount"];

/// The type of a server's line.
const SERVER: &str = "server";

impl Order {
    /// Whether it may renew something, by its type.
    pub(super) fn may_renew(&self) -> bool {
        !self.purpose.as_deref().is_some_and(|name| OTHER_TYPES.contains(&name))
    }

    /// The line of a server.
    pub(super) fn line_of(&self, server: i64) -> Option<&Line> {
        self.lines().iter().find(|line| line.server() == Some(server))
    }

    /// The servers that it renews.
    pub(super) fn servers(&self) -> Vec<i64> {
        self.lines().iter().filter_map(Line::server).collect()
    }

    fn lines(&self) -> &[Line] {
        self.services.as_deref().unwrap_or_default()
    }

    /// What it renews, as the inventory calls it: servers by their numbers, and by type and number what the inventory does
    /// not have. What comes along with a server is not named.
    pub(super) fn services(&self) -> Vec<String> {
        let named = self.lines().iter().filter_map(|line| {
            let kind = line.service_type.as_deref().filter(|kind| !BESIDE_TYPES.contains(kind))?;
            let id = line.service_id.map(|id| id.0.to_string()).unwrap_or_default();
            Some(if kind == SERVER { id } else { quoted(&format!("{kind} {id}")) })
        });
        let once: BTreeSet<_> = named.collect();
        once.into_iter().collect()
    }

    /// What it costs, tax included. What the balance paid is no longer in the order's amounts, but still in its lines'.
    pub(super) fn total(&self, currency: Currency) -> Result<Money, MoneyError> {
        let from_balance = self.amount_from_balance.as_ref().map(|amount| amount.money(currency)).transpose()?;
        if from_balance.is_none_or(Money::is_zero) {
            return self.amount_with_vat.money(currency);
        }
        let lines = self.lines().iter().filter_map(|line| line.amount_with_vat.as_ref());
        Money::sum(currency, lines.map(|amount| amount.money(currency)).collect::<Result<Vec<_>, _>>()?)
    }

    /// The number of the invoice that states its payment.
    fn invoice(&self) -> Option<String> {
        let papers = self.invoices.as_deref().unwrap_or_default();
        let original = papers.iter().find(|paper| paper.kind.as_deref() == Some("original"))?;
        original.invoice_number.as_deref().map(quoted)
    }

    /// What shows that it was paid.
    pub(super) fn receipt(&self, currency: Currency) -> Receipt {
        let paid = self.total(currency).ok();
        Receipt { order: Some(self.id.0.to_string()), invoice: self.invoice(), paid, ..Receipt::default() }
    }

    /// It as an order for a server, which it has a line of.
    pub(super) fn remote(&self, zone: &Zone, line: &Line, currency: Currency) -> Result<RemoteOrder, MoneyError> {
        Ok(RemoteOrder {
            id: self.id.0.to_string(),
            invoice: None,
            gross: self.total(currency)?,
            until: line.until(zone),
            services: self.services(),
        })
    }

    /// Whether it is for just what was asked: this server alone, from the fence, for the period, at the price.
    pub(super) fn is_just(&self, zone: &Zone, line: &Line, ask: &Ask) -> bool {
        let Length::Period(period) = ask.offer.length else { return false };
        let months = period.as_months().map(i64::from);
        let cycle_fits = line.service_billing_cycle.is_none_or(|cycle| Some(cycle.0) == months);
        line.from(zone) == Some(ask.fence)
            && line.until(zone) == Some(ask.offer.until)
            && cycle_fits
            && self.services().len() == 1
            && self.total(ask.offer.gross.currency()) == Ok(ask.offer.gross)
    }

    /// It in words, for people who have to decide.
    pub(super) fn in_words(&self, zone: &Zone, line: &Line, currency: Currency) -> String {
        let day = |date: Option<Date>| date.map_or_else(|| "an untold day".to_owned(), |date| date.to_string());
        let total = self.total(currency).map_or_else(|_| "an unreadable amount".to_owned(), |total| total.to_string());
        let status = self.status.in_words();
        let (from, until) = (day(line.from(zone)), day(line.until(zone)));
        let services = self.services().join(", ");
        format!("order {} {status}: {total} for {services} from {from} until {until}", self.id.0)
    }
}

impl Status {
    /// It in words, as in "order 7 ...".
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Open => "is not paid".to_owned(),
            Self::Processing => "is being paid".to_owned(),
            Self::Paid => "is paid".to_owned(),
            Self::Cancelled => "is cancelled".to_owned(),
            Self::Other(word) => format!("is `{}`", quoted(word)),
        }
    }
}

impl Line {
    /// The server that it renews.
    fn server(&self) -> Option<i64> {
        self.service_id.filter(|_| self.service_type.as_deref() == Some(SERVER)).map(|id| id.0)
    }

    pub(super) fn from(&self, zone: &Zone) -> Option<Date> {
        self.period_from.map(|from| zone.date_of(from.0))
    }

    pub(super) fn until(&self, zone: &Zone) -> Option<Date> {
        self.period_to.map(|until| zone.date_of(until.0))
    }
}

impl Client {
    /// One order now, with its lines; none where the provider says that there is none.
    pub(super) async fn single(&self, id: i64) -> Result<Option<Order>, CallError> {
        self.get_known(&path_of(id)).await
    }

    /// The orders that may renew a server and are not paid, each with its lines: those of the documented states, and those
    /// among the newest that are in another one.
    pub(super) async fn open_renewals_of(&self, server: i64, newest: Vec<Order>) -> Result<Vec<Order>, CallError> {
        let mut listed = self.orders(Some(OPEN), Until::End, Order::may_renew).await?;
        listed.extend(newest.into_iter().filter(|order| matches!(order.status, Status::Other(_))));
        self.renewals_among(server, listed).await
    }

    /// The orders that may renew a server, came after another one and were not withdrawn, each with its lines: in whatever
    /// state. What a list shows where no state is named is documented as less than all, so both are read.
    pub(super) async fn renewals_since(&self, server: i64, mark: Until) -> Result<Vec<Order>, CallError> {
        let mut listed = self.orders(Some(OPEN_OR_PAID), mark, Order::may_renew).await?;
        listed.extend(self.orders(None, mark, Order::may_renew).await?);
        listed.retain(|order| order.status != Status::Cancelled);
        self.renewals_among(server, listed).await
    }

    /// Of the orders that lists have shown, those that renew a server, newest first. Lists have no lines, so each order is
    /// read alone that is not known to renew other servers.
    async fn renewals_among(&self, server: i64, listed: Vec<Order>) -> Result<Vec<Order>, CallError> {
        let once: BTreeMap<_, _> = listed.into_iter().map(|order| (order.id, order)).collect();
        let mut found = Vec::new();
        for listed in once.into_values().rev() {
            if !listed.may_renew() || self.memory.is_of_others(&listed, server) {
                continue;
            }
            let order = self.listed(&listed).await?;
            self.memory.keep_servers(&listed, order.servers());
            if order.line_of(server).is_some() {
                found.push(order);
            }
        }
        Ok(found)
    }

    /// An order that a list has shown, with its lines.
    pub(super) async fn listed(&self, listed: &Order) -> Result<Order, CallError> {
        let id = listed.id.0;
        let alien = |why: &str| self.caller.not_understood(&format!("GET {}", path_of(id)), &why);
        let order = self.single(id).await?.ok_or_else(|| alien("a list has just shown it"))?;
        if order.services.is_none() || order.id.0 != id {
            return Err(alien("it is not shown with its lines"));
        }
        Ok(order)
    }

    /// It as an order for a server, which it has a line of.
    pub(super) fn remote_order(
        &self,
        order: &Order,
        line: &Line,
        currency: Currency,
    ) -> Result<RemoteOrder, CallError> {
        let alien = |error| self.caller.not_understood(&format!("GET {}", path_of(order.id.0)), &error);
        order.remote(&self.zone, line, currency).map_err(alien)
    }
}

/// The path of an order.
pub(super) fn path_of(id: i64) -> String {
    format!("/orders/{id}")
}
