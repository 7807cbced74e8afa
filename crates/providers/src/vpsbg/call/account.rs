//! The account: who it is, what there is to pay with, and what was paid.

use http::Method;
use jiff::Timestamp;
use perennial_core::buyer::remote::{CallError, Charge, Funds, Introduction};
use serde_json::json;

use super::Client;
use super::list::{PAID, Until};
use super::said::quoted;
use super::wire::{Order, User};
use crate::call::Reply;
use crate::common::body::body;

/// What a token lacks that may only read.
const READS_ONLY: &str = "the permission Write: this token may only read";

impl Client {
    /// Who we are. The path of the account is inferred; where it is not there, the balance proves the token as well.
    pub(super) async fn introduced(&self) -> Result<Introduction, CallError> {
        let user = match self.reply(&Method::GET, "/user", None).await {
            Err(CallError::Refused { said, .. }) if said.status == 404 => None,
            reply => Some(reply?),
        };
        let (account, ahead) = match user {
            Some(reply) => (account(&reply), reply.date()),
            None => (None, self.reply(&Method::GET, "/balance", None).await?.date()),
        };
        Ok(Introduction {
            account: account.unwrap_or_else(|| "unnamed".to_owned()),
            ahead: ahead.map(|date| date.duration_since(self.now())),
            lacks: if self.only_reads().await { vec![READS_ONLY.to_owned()] } else { Vec::new() },
        })
    }

    /// Whether the token may only read: asking the price of nothing is refused to such a one for another reason than to
    /// others.
    async fn only_reads(&self) -> bool {
        let nothing = json!({ "server_ids": [], "billing_cycle": 1 });
        let asked = self.ask::<serde::de::IgnoredAny>("/servers/renew/calculate", &nothing).await;
        matches!(asked, Err(CallError::Refused { said, .. }) if said.status == 403)
    }

    pub(super) async fn funded(&self) -> Result<Vec<Funds>, CallError> {
        let (read, currency) = self.balance_with_card().await?;
        let amount =
            read.spendable.money(currency).map_err(|error| self.caller.not_understood("GET /balance", &error))?;
        let mut funds = vec![Funds { kind: "balance".to_owned(), amount: Some(amount) }];
        if read.has_valid_card == Some(true) {
            funds.push(Funds { kind: "card".to_owned(), amount: None });
        }
        Ok(funds)
    }

    /// The renewals that were paid since an instant, oldest first. Every page is read: an order may be paid long after a
    /// newer one.
    pub(super) async fn charged(&self, since: Timestamp) -> Result<Vec<Charge>, CallError> {
        let currency = self.currency().await?;
        let is_since = |order: &Order| order.may_renew() && order.payment_date.is_none_or(|paid| paid.0 >= since);
        let mut charges = Vec::new();
        for listed in self.orders(Some(PAID), Until::End, is_since).await? {
            let order = self.listed(&listed).await?;
            let alien =
                |why: &dyn std::fmt::Display| self.caller.not_understood(&format!("GET /orders/{}", order.id.0), why);
            let paid_at = order.payment_date.ok_or_else(|| alien(&"`payment_date` is missing"))?.0;
            let gross = order.total(currency).map_err(|error| alien(&error))?;
            let (id, services) = (order.id.0.to_string(), order.services());
            charges.push(Charge { order: id, services, paid_at, gross });
        }
        charges.sort_by_key(|charge| charge.paid_at);
        Ok(charges)
    }
}

/// The account's name among people: where mail reaches its owner.
fn account(reply: &Reply) -> Option<String> {
    let User { email, name } = body(&reply.body).ok()?;
    email.or(name).filter(|text| !text.is_empty()).map(|text| quoted(&text))
}
