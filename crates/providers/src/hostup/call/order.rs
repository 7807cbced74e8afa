//! What costs money: ordering a renewal, which only makes an invoice, and paying that.

use std::time::Duration;

use perennial_core::buyer::remote::{Ask, Outcome, Receipt, RemoteOrder, Said};
use perennial_core::money::Money;
use perennial_core::product::Kind;

use super::inventory::{encoded, path_of};
use super::look::{Pends, Seen};
use super::wire::{Card, Invoice, List, Paper, Renewed, instant};
use super::{HostUpRemote, PayWith, judge};

/// How long an invoice that is still being made is waited for, from one look to the next.
const LOOKS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

impl HostUpRemote {
    pub(super) async fn ordered(&self, ask: &Ask) -> Outcome {
        let Some(path) = path_of(ask.kind, &ask.service) else {
            let cause = format!("there is no renewal of a service of the kind {}", ask.kind.word());
            return Outcome::NeverSent { cause, retry_after: None };
        };
        // A VPS is renewed by an object, which may be empty; a domain takes no body, hosting either (documented).
        let body = (ask.kind == Kind::Server).then_some("{}");
        match self.client.act(&format!("{path}/actions/renew"), body).await {
            Ok(Ok(renewed)) => self.placed(ask, renewed).await,
            Ok(Err(said)) => judge::of_order(said),
            Err(outcome) => outcome,
        }
    }

    /// What was ordered, by the answer; and by what is read then, where the answer does not tell all.
    async fn placed(&self, ask: &Ask, renewed: Renewed) -> Outcome {
        let Renewed { domain_id, account_id, vps_id, renewal_scheduled, new_expires_at, order_id, renewal_invoice } =
            renewed;
        let unknown = |cause: String| Outcome::Unknown { cause };
        if domain_id.or(account_id).or(vps_id).is_some_and(|id| id != ask.service.as_str()) {
            return unknown("its answer is about another service".to_owned());
        }
        if !renewal_scheduled {
            return unknown("its answer does not say that a renewal is scheduled".to_owned());
        }
        let Some((invoice, id)) = renewal_invoice.and_then(|invoice| Some((invoice.clone(), invoice.id?))) else {
            return self.awaited(ask, order_id.as_deref()).await;
        };
        let (gross, paper) = match (invoice.gross(), invoice.paper()) {
            (Ok(Some(gross)), Some(paper)) => (gross, paper),
            (Ok(None), _) => return self.awaited(ask, order_id.as_deref()).await,
            (Err(cause), _) => return unknown(cause),
            (_, None) => return unknown(format!("nothing follows from how its invoice {id} stands")),
        };
        let until = match new_expires_at.as_deref().map(instant).transpose() {
            Ok(until) => until.map(|until| self.zone.date_of(until)),
            Err(cause) => return unknown(cause),
        };
        // Only for domains the answer names the order; later pages name it for all, and it has to be the same then.
        let order_id = match order_id {
            Some(order) => order,
            None => match self.invoice(&id).await {
                Ok(Some(whole)) => whole.order_id.unwrap_or_else(|| id.clone()),
                Ok(None) | Err(_) => return self.awaited(ask, None).await,
            },
        };
        let services = vec![ask.service.as_str().to_owned()];
        stands(&Seen {
            order: RemoteOrder { id: order_id, invoice: Some(id), gross, until, services },
            paper,
            period: None,
        })
    }

    /// Waits for an invoice that is still being made (`invoiceLookupPending`).
    async fn awaited(&self, ask: &Ask, order: Option<&str>) -> Outcome {
        for pause in LOOKS {
            self.timer.sleep(pause).await;
            let Ok(Some(state)) = self.state(ask.kind, &ask.service).await else { continue };
            if let Ok(Pends::Order(seen)) = self.pending(state).await
                && order.is_none_or(|order| order == seen.order.id)
            {
                return stands(&seen);
            }
        }
        let text = "the renewal is ordered, and its invoice is still being made".to_owned();
        Outcome::Pending(Said { status: 200, code: None, text })
    }

    pub(super) async fn paid(&self, order: &RemoteOrder) -> Outcome {
        let invoice = order.invoice.as_deref().unwrap_or(&order.id);
        let (action, body) = match self.means(order.gross).await {
            Ok(means) => means,
            Err(outcome) => return outcome,
        };
        let path = format!("/billing/invoices/{}/actions/{action}", encoded(invoice));
        match self.client.act::<Invoice>(&path, Some(&body)).await {
            Ok(Ok(updated)) => settled(order, invoice, &updated),
            Ok(Err(said)) => judge::of_payment(said),
            Err(outcome) => outcome,
        }
    }

    /// How an amount is paid: the action and its body. Nothing is sent where it is known that it cannot be.
    async fn means(&self, due: Money) -> Result<(&'static str, String), Outcome> {
        let never = |error: perennial_core::buyer::remote::CallError| Outcome::NeverSent {
            cause: error.to_string(),
            retry_after: None,
        };
        let card = match &self.pay_with {
            PayWith::Credit => {
                // Less credit than is due might be put towards the invoice in part.
                if let Some(credit) = self.credit().await.map_err(never)?
                    && (credit.currency() != due.currency() || credit.minor() < due.minor())
                {
                    let text = format!("nothing was sent: the account's credit is {credit}, and {due} is due");
                    return Err(Outcome::Refused(Said { status: 402, code: None, text }));
                }
                return Ok(("apply-credit", serde_json::json!({ "amount": due.to_decimal() }).to_string()));
            }
            PayWith::NamedCard(id) => Some(id.clone()),
            PayWith::Card => {
                let cards: List<Card> = self.client.get("/billing/cards").await.map_err(never)?;
                let primary = cards.data.iter().find(|card| card.is_primary == Some(true));
                primary.or(cards.data.first()).map(|card| card.id.clone())
            }
        };
        // Without a saved card the provider says so in its own words.
        let body = card.map_or_else(|| serde_json::json!({}), |id| serde_json::json!({ "savedCardId": id }));
        Ok(("pay", body.to_string()))
    }
}

/// What became of an order that was just placed.
fn stands(seen: &Seen) -> Outcome {
    let Seen { order, paper, .. } = seen;
    match paper {
        Paper::Open => Outcome::Placed(order.clone()),
        Paper::Paid => Outcome::Paid(receipt(order, order.gross)),
        Paper::Gone | Paper::Refunded => {
            Outcome::Unknown { cause: format!("order {} was withdrawn as soon as it was placed", order.id) }
        }
    }
}

/// What became of a payment, by the invoice that answered it.
fn settled(order: &RemoteOrder, invoice: &str, updated: &Invoice) -> Outcome {
    if updated.id.as_deref().is_some_and(|id| id != invoice) {
        return Outcome::Unknown { cause: "its answer is about another invoice".to_owned() };
    }
    match (updated.paper(), updated.gross()) {
        (Some(Paper::Paid), Ok(paid)) => Outcome::Paid(receipt(order, paid.unwrap_or(order.gross))),
        (Some(Paper::Paid), Err(_)) => Outcome::Paid(Receipt { paid: None, ..receipt(order, order.gross) }),
        (Some(Paper::Open), _) => {
            let text = "the payment was taken, and the invoice is not shown as paid yet".to_owned();
            Outcome::Pending(Said { status: 200, code: None, text })
        }
        _ => Outcome::Unknown { cause: format!("nothing follows from how invoice {invoice} stands") },
    }
}

/// What shows that an order was paid. An invoice without an order has only itself.
pub(super) fn receipt(order: &RemoteOrder, paid: Money) -> Receipt {
    let id = Some(order.id.clone()).filter(|id| order.invoice.as_ref() != Some(id));
    Receipt { order: id, invoice: order.invoice.clone(), paid: Some(paid), balance: None, until: None }
}
