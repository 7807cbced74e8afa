//! What became of a renewal that was sent.
//!
//! An order that is known is asked about by its number. Else, the account's orders that are newer than the watermark are
//! read: the one that is for just this service, length and price is ours.

use perennial_core::buyer::remote::{Ask, CallError, Finding, Length, Receipt, RemoteOrder, Watermark};

use super::orders::{State, Which, at_work, half_seen};
use super::{OvhRemote, pay, service, wire};

/// What the kind of object is that an order leads to once it is paid.
const BILL: &str = "Bill";

/// The name of a line whose service is not told.
const UNTOLD: &str = "*";

/// An order that may be ours.
struct Candidate {
    id: i64,
    state: State,
    /// What it is, for people.
    shown: String,
    /// Whether it is for just this service, length and price.
    fits: bool,
}

impl OvhRemote {
    /// Reads until it is clear, or says what is not.
    pub(super) async fn find_again(
        &self,
        ask: &Ask,
        watermark: &Watermark,
        order: Option<&RemoteOrder>,
    ) -> Result<Finding, CallError> {
        let id = service::number(&ask.service)?;
        let which = Which { id, name: &ask.name, until: ask.fence };
        let known = order.and_then(|order| order.id.parse::<i64>().ok());
        if let Some(known) = known
            && let Some(state) = self.orders.state(&self.api, known).await?
            && let Some(finding) = self.finding(which, known, state).await?
        {
            return Ok(finding);
        }
        let candidates = self.candidates(ask, watermark, known).await?;
        match candidates.as_slice() {
            [] => self.by_expiry(which).await,
            [only] if only.fits => {
                let finding = self.finding(which, only.id, only.state.clone()).await?;
                // It was there a moment ago: what came of it is for the next reading.
                Ok(finding.unwrap_or_else(|| Finding::Pending(only.shown.clone())))
            }
            several => {
                let shown: Vec<_> = several.iter().map(|candidate| candidate.shown.as_str()).collect();
                Ok(Finding::Ambiguous(shown.join("; ")))
            }
        }
    }

    /// What the state of our order shows; none where it is no longer an order.
    async fn finding(&self, which: Which<'_>, id: i64, state: State) -> Result<Option<Finding>, CallError> {
        Ok(match state {
            State::Unpaid => self.orders.unpaid(&self.api, id, which).await?.map(Finding::Unpaid),
            State::AtWork(word) => Some(Finding::Pending(at_work(id, &word))),
            State::Delivering | State::Delivered => Some(Finding::Paid(self.receipt(which, id).await?)),
            State::Cancelled => None,
        })
    }

    /// What shows that an order was paid, and where the service stands now.
    async fn receipt(&self, which: Which<'_>, id: i64) -> Result<Receipt, CallError> {
        let paid = self.orders.head(&self.api, id).await?.and_then(|head| head.gross);
        let made: Option<wire::AssociatedObject> = self.api.find(&format!("/me/order/{id}/associatedObject")).await?;
        let bill = made.filter(|made| made.kind.as_deref() == Some(BILL)).and_then(|made| made.id);
        let balance = if self.pay_with.is_prepaid() { pay::balance(&self.api).await? } else { None };
        let until = service::one(&self.api, which.id).await?.and_then(|seen| seen.until());
        Ok(Receipt { order: Some(id.to_string()), invoice: bill, paid, balance, until })
    }

    /// The orders since the watermark that may be ours and still mean something.
    async fn candidates(
        &self,
        ask: &Ask,
        watermark: &Watermark,
        known: Option<i64>,
    ) -> Result<Vec<Candidate>, CallError> {
        let newest_then = watermark.orders.iter().filter_map(|id| id.parse::<i64>().ok()).max();
        let newest = self.orders.newest(&self.api, watermark.at).await?;
        let mut candidates = Vec::new();
        for id in newest {
            let is_newer = newest_then.is_none_or(|newest_then| id > newest_then);
            if !is_newer || known == Some(id) {
                continue;
            }
            let lines = self.orders.lines(&self.api, id).await?;
            let names_it = lines.iter().any(|line| line.name == ask.name);
            let may_be_it = lines.iter().any(|line| line.name == UNTOLD);
            if !names_it && !may_be_it {
                continue;
            }
            let half_seen = || half_seen(&self.api, id);
            let state = self.orders.state(&self.api, id).await?.ok_or_else(half_seen)?;
            if state == State::Cancelled {
                continue;
            }
            let head = self.orders.head(&self.api, id).await?.ok_or_else(half_seen)?;
            let period = self.orders.period(&self.api, id, &ask.name).await?;
            let same_price = head.gross == Some(ask.offer.gross);
            if !names_it && !same_price {
                continue;
            }
            // An order that does not tell its length is known by its price.
            let same_length = period.is_none_or(|period| ask.offer.length == Length::Period(period));
            let fits = names_it && lines.len() == 1 && same_price && same_length;
            let price = head.gross.map_or_else(|| "an amount that was not told".to_owned(), |gross| gross.to_string());
            let names: Vec<_> = lines.iter().map(|line| line.name.as_str()).collect();
            let span = period.map_or_else(String::new, |period| format!(" for {period}"));
            let shown = format!("order {id} renews {}{span} at {price} ({})", names.join(" and "), word(&state));
            candidates.push(Candidate { id, state, shown, fits });
        }
        Ok(candidates)
    }

    /// Where no order tells, the expiry may.
    async fn by_expiry(&self, which: Which<'_>) -> Result<Finding, CallError> {
        let Some(seen) = service::one(&self.api, which.id).await? else {
            return Ok(Finding::Ambiguous("the service is no longer there".to_owned()));
        };
        let until = seen.stand()?.until;
        Ok(if until > which.until { Finding::Moved { until } } else { Finding::Nothing })
    }
}

fn word(state: &State) -> &str {
    match state {
        State::Unpaid => "not paid",
        State::AtWork(word) => word,
        State::Delivering => "paid, being carried out",
        State::Delivered => "paid",
        State::Cancelled => "cancelled",
    }
}
