//! The account there: who we are, what there is to pay with, what was charged, and the provider's own renewals.

use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::Holding;
use perennial_core::buyer::remote::{CallError, Charge, Funds, Introduction};
use perennial_core::product::Kind;

use super::HostUpRemote;
use super::client::paged;
use super::look::{ORDERS, path_for};
use super::wire::{Anything, Card, Item, List, Order, Paper, instant};
use crate::hostup::PROVIDER;

/// What a key may read, by the scope that each takes. Whether it may order and pay shows only when it does.
const READS: [(&str, &str); 5] = [
    ("/domains", "read:domains"),
    ("/shared-hosting", "read:hosting"),
    ("/vps", "read:vm"),
    (ORDERS, "read:orders"),
    ("/billing/cards", "read:billing"),
];

/// How long an order may wait for its payment at the most: invoices are due 14 days after they were made, and may be
/// collected for a while after that.
const PAID_WITHIN: SignedDuration = SignedDuration::from_hours(100 * 24);

impl HostUpRemote {
    /// No call of the API says whose a key is; an order does.
    pub(super) async fn introduced(&self) -> Result<Introduction, CallError> {
        const FORBIDDEN: u16 = 403;
        let mut lacks = Vec::new();
        for (path, scope) in READS {
            // No list of cards has pages.
            let page = if path == "/billing/cards" { path.to_owned() } else { paged(path, 1, None) };
            match self.client.try_get::<List<Anything>>(&page).await? {
                Ok(_) => {}
                Err(said) if said.status == FORBIDDEN && said.code.as_deref() == Some("forbidden") => {
                    lacks.push(scope.to_owned());
                }
                Err(said) => return Err(self.client.refused(path, said)),
            }
        }
        let mut account = "the key's".to_owned();
        if !lacks.iter().any(|scope| scope == "read:orders") {
            let newest: List<Order> = self.client.get(&paged(ORDERS, 1, None)).await?;
            let owner = newest.data.into_iter().next().and_then(|order| order.client);
            account = owner.and_then(|owner| owner.email.or(owner.id)).unwrap_or(account);
        }
        Ok(Introduction { account, ahead: None, lacks })
    }

    pub(super) async fn all_funds(&self) -> Result<Vec<Funds>, CallError> {
        let credit = self.credit().await?;
        let cards: List<Card> = self.client.get("/billing/cards").await?;
        let credit = credit.map(|credit| Funds { kind: "balance".to_owned(), amount: Some(credit) });
        let cards = cards.data.iter().map(|_| Funds { kind: "card".to_owned(), amount: None });
        Ok(credit.into_iter().chain(cards).collect())
    }

    /// Only a domain's own renewal can be switched; for hosting and VPS no call is documented.
    pub(super) async fn switched_off(&self, holding: &Holding) -> Result<(), CallError> {
        if holding.kind != Kind::Domain {
            let wish = "switch the automatic renewal of hosting and VPS";
            return Err(CallError::Cannot { provider: PROVIDER, wish });
        }
        let path = path_for(holding.kind, &holding.key.id)?;
        let domain: Item = self.client.set(&path, r#"{"autoRenew":false}"#).await?;
        match domain.lifecycle.and_then(|life| life.auto_renew_enabled) {
            Some(true) => Err(self.client.not_understood(&path, "it still renews by itself")),
            Some(false) | None => Ok(()),
        }
    }

    /// The paid renewals, from the list of orders. The list is by the day on which they were placed.
    pub(super) async fn charged(&self, since: Timestamp) -> Result<Vec<Charge>, CallError> {
        const PAGE: u16 = 100;
        let placed_from = since.checked_sub(PAID_WITHIN).unwrap_or(Timestamp::MIN);
        let mut orders: Vec<Order> = Vec::new();
        let listed = self.client.pages(ORDERS, PAGE, |page: Vec<Order>| {
            let is_older = |order: &Order| {
                order.created_at.as_deref().and_then(|text| instant(text).ok()).is_some_and(|at| at < placed_from)
            };
            let is_over = !page.is_empty() && page.iter().all(is_older);
            orders.extend(page.into_iter().filter(|order| order.kind.as_deref() == Some("renew")));
            Ok(is_over)
        });
        listed.await?.map_err(|said| self.client.refused(ORDERS, said))?;
        let mut charges = Vec::new();
        for order in orders {
            let Some(seen) = self.seen(&order, None).await? else { continue };
            if seen.paper != Paper::Paid {
                continue;
            }
            let paid_at = self.paid_at(&order)?;
            if paid_at >= since {
                let services = seen.order.services;
                charges.push(Charge { order: order.id, services, paid_at, gross: seen.order.gross });
            }
        }
        Ok(charges)
    }

    /// When an order was paid; when it was placed, where only that is told.
    fn paid_at(&self, order: &Order) -> Result<Timestamp, CallError> {
        let told = order.payment.as_ref().and_then(|payment| payment.paid_at.as_deref());
        let told = told.or(order.created_at.as_deref());
        told.ok_or_else(|| format!("{} does not say when it was paid", order.id))
            .and_then(instant)
            .map_err(|cause| self.client.not_understood(ORDERS, cause))
    }
}
