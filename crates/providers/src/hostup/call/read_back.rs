//! What became of something that was sent: read from the order where it is known, else from whatever came since.

use jiff::SignedDuration;
use perennial_core::buyer::remote::{Ask, CallError, Finding, Length, Receipt, RemoteOrder, Watermark};

use super::HostUpRemote;
use super::look::{ORDERS, Pends, Seen, path_for};
use super::order::receipt;
use super::wire::{Item, Order, Paper, instant};

/// How far clocks may be apart where only the time tells what is new.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

impl HostUpRemote {
    pub(super) async fn finding(
        &self,
        ask: &Ask,
        watermark: &Watermark,
        order: Option<&RemoteOrder>,
    ) -> Result<Finding, CallError> {
        if let Some(order) = order
            && let Some(finding) = self.of_known(ask, order).await?
        {
            return Ok(finding);
        }
        self.since(ask, watermark).await
    }

    /// What a known order shows; none where it was withdrawn or is gone.
    async fn of_known(&self, ask: &Ask, order: &RemoteOrder) -> Result<Option<Finding>, CallError> {
        let seen = match order.invoice.as_deref() {
            Some(invoice) if invoice == order.id => self.invoice_seen(invoice).await?,
            _ => self.order_seen(&order.id, None).await?,
        };
        let Some(Seen { order: read, paper, period }) = seen else { return Ok(None) };
        if paper == Paper::Gone {
            return Ok(None);
        }
        // What it was called by when it was placed, and what only the answer to that told.
        let read = RemoteOrder { id: order.id.clone(), until: order.until, ..read };
        self.found(ask, Seen { order: read, paper, period }).await.map(Some)
    }

    /// What has come since the watermark. The expiry is read last: a payment that comes in between shows in it.
    async fn since(&self, ask: &Ask, watermark: &Watermark) -> Result<Finding, CallError> {
        let (mut found, mut unread) = self.newer(ask, watermark).await?;
        let path = path_for(ask.kind, &ask.service)?;
        let item = match self.state(ask.kind, &ask.service).await? {
            None => None,
            Some(state) => {
                let (pends, item) = self.pends_and_item(state, &path).await?;
                match pends {
                    Pends::Nothing => {}
                    Pends::Unread(what) => unread = Some(what),
                    Pends::Order(seen) => {
                        let is_known = found.iter().any(|known| known.order.id == seen.order.id);
                        if !is_known && !watermark.orders.contains(&seen.order.id) {
                            found.push(seen);
                        }
                    }
                }
                item
            }
        };
        found.retain(|seen| seen.paper != Paper::Gone);
        let (mut exact, near): (Vec<_>, Vec<_>) = found.into_iter().partition(|seen| is_for(seen, ask));
        match (exact.pop(), exact.is_empty() && near.is_empty()) {
            (Some(seen), true) => self.found(ask, seen).await,
            (Some(seen), false) => Ok(ambiguous(exact.iter().chain(&near).chain([&seen]))),
            (None, false) => Ok(ambiguous(near.iter())),
            (None, true) => match unread {
                Some(what) => Ok(Finding::Pending(what)),
                None => self.by_expiry(ask, item.as_ref(), &path),
            },
        }
    }

    /// What the expiry alone shows.
    fn by_expiry(&self, ask: &Ask, item: Option<&Item>, path: &str) -> Result<Finding, CallError> {
        let Some(item) = item else {
            return Ok(Finding::Ambiguous("the service is no longer there".to_owned()));
        };
        let until = self.until(item, path)?;
        Ok(if until > ask.fence { Finding::Moved { until } } else { Finding::Nothing })
    }

    /// What one order shows.
    async fn found(&self, ask: &Ask, seen: Seen) -> Result<Finding, CallError> {
        Ok(match seen.paper {
            Paper::Open => Finding::Unpaid(seen.order),
            Paper::Paid => {
                let path = path_for(ask.kind, &ask.service)?;
                let item: Option<Item> = self.client.find(&path).await?;
                let until = item.map(|item| self.until(&item, &path)).transpose()?;
                let balance = self.balance().await?;
                Finding::Paid(Receipt { until, balance, ..receipt(&seen.order, seen.order.gross) })
            }
            Paper::Gone | Paper::Refunded => ambiguous([&seen]),
        })
    }

    fn until(&self, item: &Item, path: &str) -> Result<jiff::civil::Date, CallError> {
        use perennial_core::buyer::holding::Standing;
        let stand = self.stand(item, Standing::Renewable);
        stand.map(|stand| stand.until).map_err(|cause| self.client.not_understood(path, cause))
    }

    /// The orders for a service that came after the watermark, and of which one not all can be read yet. Where orders
    /// cannot be listed there are none: then the service's own page and its expiry decide.
    async fn newer(&self, ask: &Ask, watermark: &Watermark) -> Result<(Vec<Seen>, Option<String>), CallError> {
        const PAGE: u16 = 100;
        let mut newer = Vec::new();
        // Before the first order of all, every order is new; then its time tells, as the list may only have been unreadable.
        let mut has_met = watermark.orders.is_empty();
        let listed = self.client.pages(ORDERS, PAGE, |page: Vec<Order>| {
            for order in page {
                if watermark.orders.contains(&order.id) {
                    has_met = true;
                    return Ok(true);
                }
                if renews(&order, ask) && (!watermark.orders.is_empty() || is_placed_after(&order, watermark)) {
                    newer.push(order);
                }
            }
            Ok(false)
        });
        if let Err(said) = listed.await? {
            // Where the orders could be listed before, a reading without them is not a whole one.
            let could = !watermark.orders.is_empty();
            return if could { Err(self.client.refused(ORDERS, said)) } else { Ok((Vec::new(), None)) };
        }
        if !has_met {
            return Err(self.client.not_understood(ORDERS, "the orders that were the newest are not in the list"));
        }
        let (mut found, mut unread) = (Vec::new(), None);
        for order in newer {
            match self.seen(&order, None).await? {
                Some(seen) => found.push(seen),
                None => unread = Some(format!("order {} stands, and its invoice cannot be read yet", order.id)),
            }
        }
        Ok((found, unread))
    }
}

/// Whether an order of the list renews a service. One that does not say what it renews tells nothing.
fn renews(order: &Order, ask: &Ask) -> bool {
    order.kind.as_deref().is_none_or(|kind| kind == "renew")
        && order.items.iter().flatten().any(|item| match &item.service_id {
            Some(id) => id == ask.service.as_str(),
            None => item.name.as_ref() == Some(&ask.name),
        })
}

fn is_placed_after(order: &Order, watermark: &Watermark) -> bool {
    let from = watermark.at.checked_sub(SKEW).unwrap_or(watermark.at);
    order.created_at.as_deref().and_then(|text| instant(text).ok()).is_some_and(|placed| placed >= from)
}

/// Whether an order is for just this renewal, at just this price.
fn is_for(seen: &Seen, ask: &Ask) -> bool {
    let Seen { order, period, .. } = seen;
    order.services.len() <= 1
        && order.gross == ask.offer.gross
        && period.is_none_or(|period| Length::Period(period) == ask.offer.length)
}

/// Says what was seen, where nothing certain follows from it.
fn ambiguous<'a>(seen: impl IntoIterator<Item = &'a Seen>) -> Finding {
    let shown = seen.into_iter().map(|Seen { order, paper, .. }| {
        let stands = match paper {
            Paper::Open => "unpaid",
            Paper::Paid => "paid",
            Paper::Gone => "withdrawn",
            Paper::Refunded => "refunded",
        };
        let services = order.services.join(", ");
        format!("order {} for {services} over {} is {stands}", order.id, order.gross)
    });
    Finding::Ambiguous(shown.collect::<Vec<_>>().join("; "))
}
