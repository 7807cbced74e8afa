//! What became of something that was sent: its order, or else whatever has come since the books were looked at.

use perennial_core::buyer::remote::{Ask, CallError, Finding, Receipt, RemoteOrder, Watermark};

use super::list::Until;
use super::wire::{Order, Server, Status};
use super::{Client, number, server_number};

impl Client {
    pub(super) async fn found(
        &self,
        ask: &Ask,
        watermark: &Watermark,
        order: Option<&RemoteOrder>,
    ) -> Result<Finding, CallError> {
        let Some(server) = server_number(&ask.service) else { return Ok(Finding::Nothing) };
        if let Some(finding) = self.found_known(ask, server, order).await? {
            return Ok(finding);
        }
        let newest = watermark.orders.iter().filter_map(|id| number(id)).max();
        let since = newest.map_or(Until::End, Until::Order);
        let orders = self.renewals_since(server, since).await?;
        let now = self.server(server).await?;
        self.judged(ask, server, &orders, now.as_ref()).await
    }

    /// What became of the order that is known; none where it renews nothing any more.
    async fn found_known(
        &self,
        ask: &Ask,
        server: i64,
        order: Option<&RemoteOrder>,
    ) -> Result<Option<Finding>, CallError> {
        let Some(id) = order.and_then(|order| number(&order.id)) else { return Ok(None) };
        let Some(read) = self.single(id).await? else { return Ok(None) };
        Ok(match read.status {
            Status::Paid => {
                let now = self.server(server).await?;
                Some(Finding::Paid(self.receipt(ask, &read, now.as_ref()).await?))
            }
            Status::Cancelled => None,
            _ => Some(self.unsettled(ask, server, &read)?),
        })
    }

    /// What follows from the renewals of a server that came since, and from where it stands now.
    async fn judged(
        &self,
        ask: &Ask,
        server: i64,
        orders: &[Order],
        now: Option<&Server>,
    ) -> Result<Finding, CallError> {
        // One that was withdrawn since the list was read renews nothing.
        let standing = orders.iter().filter(|order| order.status != Status::Cancelled);
        let lined = standing.filter_map(|order| Some((order, order.line_of(server)?)));
        let (just, nearly): (Vec<_>, Vec<_>) = lined.partition(|(order, line)| order.is_just(&self.zone, line, ask));
        match (just.as_slice(), nearly.as_slice()) {
            ([], []) => self.unordered(ask, now),
            ([(order, _)], []) if order.status == Status::Paid => {
                Ok(Finding::Paid(self.receipt(ask, order, now).await?))
            }
            ([(order, _)], []) => self.unsettled(ask, server, order),
            _ => {
                let currency = ask.offer.gross.currency();
                let seen = just.iter().chain(&nearly).map(|(order, line)| order.in_words(&self.zone, line, currency));
                Ok(Finding::Ambiguous(seen.collect::<Vec<_>>().join("; ")))
            }
        }
    }

    /// What an order says that is neither paid nor withdrawn.
    fn unsettled(&self, ask: &Ask, server: i64, order: &Order) -> Result<Finding, CallError> {
        let told = || Finding::Pending(format!("order {} {}", order.id.0, order.status.in_words()));
        match (&order.status, order.line_of(server)) {
            (Status::Open, Some(line)) => {
                Ok(Finding::Unpaid(self.remote_order(order, line, ask.offer.gross.currency())?))
            }
            _ => Ok(told()),
        }
    }

    /// What follows where no order is to be seen.
    fn unordered(&self, ask: &Ask, now: Option<&Server>) -> Result<Finding, CallError> {
        let Some(server) = now else { return Ok(Finding::Nothing) };
        let until = self.stand(server)?.until;
        let potential = server.potential_expiry_at.map(|potential| self.zone.date_of(potential.0));
        Ok(match potential {
            _ if until > ask.fence => Finding::Moved { until },
            // The provider counts on an order that its list does not show yet.
            Some(potential) if potential > ask.fence => {
                Finding::Pending(format!("an order that the list does not show yet would renew it until {potential}"))
            }
            _ => Finding::Nothing,
        })
    }

    /// What shows that an order was paid, with where the server stands now.
    async fn receipt(&self, ask: &Ask, order: &Order, now: Option<&Server>) -> Result<Receipt, CallError> {
        let until = now.map(|server| self.stand(server)).transpose()?.map(|stand| stand.until);
        let balance = self.balance().await?.0;
        Ok(Receipt { balance: Some(balance), until, ..order.receipt(ask.offer.gross.currency()) })
    }
}
