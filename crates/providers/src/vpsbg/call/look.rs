//! One server, looked at on its own: how it stands, what would renew it, and where the books stand.

use perennial_core::buyer::holding::{RemoteId, Standing};
use perennial_core::buyer::remote::{CallError, RemoteOrder, Sight, Watermark};
use perennial_core::money::{Currency, Money};

use super::wire::{Balance, Server, Status};
use super::{Client, server_number};

/// How many of the newest orders are kept in mind.
const NEWEST: usize = 5;

impl Client {
    /// Looks at a server. Where the books stand is read first, and how it stands last: what somebody orders meanwhile is
    /// newer than the books, and a fence that moves meanwhile is seen.
    pub(super) async fn looked_at(&self, id: &RemoteId) -> Result<Option<Sight>, CallError> {
        let Some(id) = server_number(id) else { return Ok(None) };
        let (balance, currency) = self.balance().await?;
        let (at, newest) = (self.now(), self.newest_orders().await?);
        let orders = newest.iter().take(NEWEST).map(|order| order.id.0.to_string()).collect();
        let watermark = Watermark { at, orders, balance: Some(balance) };
        let (mut open_orders, mut in_payment) = (Vec::new(), None);
        for order in self.open_renewals_of(id, newest).await? {
            let Some(line) = order.line_of(id) else { continue };
            match order.status {
                Status::Open => open_orders.push(self.remote_order(&order, line, currency)?),
                Status::Paid | Status::Cancelled => {}
                Status::Processing | Status::Other(_) => in_payment = Some(order),
            }
        }
        let Some(server) = self.server(id).await? else { return Ok(None) };
        let mut stand = self.stand(&server)?;
        let in_payment = in_payment.map(|order| format!("order {} {}", order.id.0, order.status.in_words()));
        if let Some(why) = in_payment.or_else(|| self.untold_order(&server, &open_orders))
            && stand.standing == Standing::Renewable
        {
            stand.standing = Standing::Blocked(why);
        }
        Ok(Some(Sight { stand, open_orders, watermark }))
    }

    /// Whether the provider counts on an order for a server that its list does not show.
    fn untold_order(&self, server: &Server, open_orders: &[RemoteOrder]) -> Option<String> {
        let potential =
            server.potential_expiry_at.filter(|potential| server.expiry_at.is_some_and(|at| at < *potential));
        let until = self.zone.date_of(potential.filter(|_| open_orders.is_empty())?.0);
        Some(format!("an order that the list does not show would renew it until {until}"))
    }

    /// What is on the balance, without VAT.
    pub(super) async fn balance(&self) -> Result<(Money, Currency), CallError> {
        let (read, currency) = self.balance_with_card().await?;
        let money =
            read.spendable.money(currency).map_err(|error| self.caller.not_understood("GET /balance", &error))?;
        Ok((money, currency))
    }

    /// What there is to pay with, and the account's currency, which nothing else tells.
    pub(super) async fn balance_with_card(&self) -> Result<(Balance, Currency), CallError> {
        let read: Balance = self.get("/balance").await?;
        let currency = Currency::parse(&read.currency);
        let currency = currency.map_err(|error| self.caller.not_understood("GET /balance", &error))?;
        self.memory.keep_currency(self.now(), currency);
        Ok((read, currency))
    }

    /// The account's currency.
    pub(super) async fn currency(&self) -> Result<Currency, CallError> {
        match self.memory.currency(self.now()) {
            Some(currency) => Ok(currency),
            None => self.balance_with_card().await.map(|(_, currency)| currency),
        }
    }
}
