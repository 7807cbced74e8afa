//! A service on its own: how it stands, the order that pends for it, what renewing it costs.

use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, RemoteId, Standing};
use perennial_core::buyer::remote::{CallError, Length, Offer, RemoteOrder, Sight, Watermark};
use perennial_core::calendar::{AnchorDay, Period, add_period};
use perennial_core::money::Money;
use perennial_core::product::Kind;

use super::inventory::{encoded, path_of};
use super::wire::{Addon, Billing, Credit, Gate, Invoice, Item, Order, Paper, Renewal, instant, money};
use super::{HostUpRemote, PayWith};
use crate::hostup::PROVIDER;

/// The path of the list of orders; that there is one is documented, what it looks like is inferred.
pub(super) const ORDERS: &str = "/orders";

/// The path of the account's credit (inferred).
pub(super) const CREDIT: &str = "/billing/credit";

/// How many orders a watermark has.
const ORDERS_KEPT: usize = 5;

/// An order that renews something, as it was read.
#[derive(Debug)]
pub(super) struct Seen {
    pub order: RemoteOrder,
    pub paper: Paper,
    /// What it renews for, where it tells.
    pub period: Option<Period>,
}

/// The renewal that pends for a service.
#[derive(Debug)]
pub(super) enum Pends {
    Nothing,
    /// There is one, and not all of it can be read yet; what cannot.
    Unread(String),
    Order(Seen),
}

/// What a service's own page says of its renewal.
pub(super) struct State {
    gate: Option<Gate>,
    pending: Option<Mention>,
    /// The service itself, where that page is the service's.
    item: Option<Item>,
}

/// A pending order, as it is mentioned where its service is shown.
struct Mention {
    order: Option<String>,
    invoice: Option<String>,
    shown: Option<Invoice>,
}

impl HostUpRemote {
    pub(super) async fn sight(&self, holding: &Holding) -> Result<Option<Sight>, CallError> {
        let (kind, id) = (holding.kind, &holding.key.id);
        let watermark = self.watermark().await?;
        let Some(state) = self.state(kind, id).await? else { return Ok(None) };
        let gate = state.gate.as_ref().map(|gate| (gate.allowed, reason(gate), gate.code.clone()));
        let path = path_for(kind, id)?;
        let (pending, item) = self.pends_and_item(state, &path).await?;
        let Some(item) = item else { return Ok(None) };
        let is_at_work = matches!(&pending, Pends::Order(seen) if seen.paper == Paper::Paid);
        let open_orders = match pending {
            Pends::Unread(what) => return Err(self.client.not_understood(&path, what)),
            Pends::Order(seen) if seen.paper == Paper::Open => vec![seen.order],
            Pends::Order(_) | Pends::Nothing => Vec::new(),
        };
        let standing = match standing(gate, !open_orders.is_empty()) {
            Standing::Renewable if is_at_work => {
                Standing::Blocked("a renewal is paid and being carried out".to_owned())
            }
            told => told,
        };
        let stand = self.stand(&item, standing).map_err(|cause| self.client.not_understood(&path, cause))?;
        Ok(Some(Sight { stand, open_orders, watermark }))
    }

    /// How a service's renewal stands; none where there is no such service.
    pub(super) async fn state(&self, kind: Kind, id: &RemoteId) -> Result<Option<State>, CallError> {
        let path = path_for(kind, id)?;
        if kind == Kind::Domain {
            let renewal: Option<Renewal> = self.client.find(&format!("{path}/renewal")).await?;
            return Ok(renewal.map(State::of_domain));
        }
        Ok(self.client.find(&path).await?.map(State::of_item))
    }

    /// The order that pends for a service, and then the service itself: a payment that comes in between shows in its
    /// expiry.
    pub(super) async fn pends_and_item(&self, state: State, path: &str) -> Result<(Pends, Option<Item>), CallError> {
        let State { pending, item, .. } = state;
        let again = pending.is_some() || item.is_none();
        let pends = self.pends(pending).await?;
        let item = if again { self.client.find(path).await? } else { item };
        Ok((pends, item))
    }

    /// The order that pends for a service, by how it stands.
    pub(super) async fn pending(&self, state: State) -> Result<Pends, CallError> {
        self.pends(state.pending).await
    }

    async fn pends(&self, mention: Option<Mention>) -> Result<Pends, CallError> {
        let Some(Mention { order, invoice, shown }) = mention else { return Ok(Pends::Nothing) };
        let invoice = invoice.or_else(|| shown.as_ref().and_then(|shown| shown.id.clone()));
        let seen = match (&order, &invoice) {
            (Some(order), _) => self.order_seen(order, shown).await?,
            (None, Some(invoice)) => self.invoice_seen(invoice).await?,
            (None, None) => None,
        };
        let named = order.or(invoice).unwrap_or_else(|| "an order".to_owned());
        Ok(seen.map_or_else(|| Pends::Unread(format!("{named} pends, and cannot be read yet")), Pends::Order))
    }

    /// An order by its id; none where it, or its invoice, cannot be read (yet).
    pub(super) async fn order_seen(&self, id: &str, shown: Option<Invoice>) -> Result<Option<Seen>, CallError> {
        match self.client.find(&format!("{ORDERS}/{}", encoded(id))).await? {
            Some(order) => self.seen(&order, shown).await,
            None => Ok(None),
        }
    }

    /// An order by its invoice's id, or the invoice alone where it has no order.
    pub(super) async fn invoice_seen(&self, id: &str) -> Result<Option<Seen>, CallError> {
        let Some(invoice) = self.invoice(id).await? else { return Ok(None) };
        match invoice.order_id.clone() {
            Some(order) => self.order_seen(&order, Some(invoice)).await,
            None => self.of_invoice(id, &invoice, Vec::new(), None),
        }
    }

    /// An invoice by its id; none where it is not there.
    pub(super) async fn invoice(&self, id: &str) -> Result<Option<Invoice>, CallError> {
        self.client.find(&format!("/billing/invoices/{}", encoded(id))).await
    }

    /// An order with its invoice: the one it shows, the one that was shown elsewhere, or the one that it names; none where
    /// no invoice can be read yet.
    pub(super) async fn seen(&self, order: &Order, shown: Option<Invoice>) -> Result<Option<Seen>, CallError> {
        let invoice = match order.invoice.clone().filter(is_whole).or_else(|| shown.clone().filter(is_whole)) {
            Some(invoice) => Some(invoice),
            None => match order.invoice_id.clone().or_else(|| shown?.id) {
                Some(id) => self.invoice(&id).await?,
                None => None,
            },
        };
        let Some(invoice) = invoice else { return Ok(None) };
        let services = order.items.iter().flatten().map(|item| {
            let named = item.service_id.as_ref().or(item.name.as_ref()).or(item.description.as_ref());
            named.cloned().unwrap_or_else(|| "something".to_owned())
        });
        let period = order.billing.as_ref().and_then(Billing::period);
        let seen = self.of_invoice(&order.id, &invoice, services.collect(), period)?;
        // The invoice of a cancelled order is withdrawn with it (documented).
        let is_cancelled = order.status.as_deref() == Some("cancelled");
        Ok(seen.map(|seen| Seen { paper: if is_cancelled { seen.paper.withdrawn() } else { seen.paper }, ..seen }))
    }

    /// What an invoice asks for, for an order. One that is for several things is not for one of them.
    fn of_invoice(
        &self,
        id: &str,
        invoice: &Invoice,
        mut services: Vec<String>,
        period: Option<Period>,
    ) -> Result<Option<Seen>, CallError> {
        let wrong = |cause: String| self.client.not_understood("/billing/invoices", cause);
        let (Some(gross), Some(number)) = (invoice.gross().map_err(wrong)?, invoice.id.clone()) else {
            return Ok(None);
        };
        let paper = invoice.paper().ok_or_else(|| wrong(format!("nothing follows from how {number} stands")))?;
        let lines: Vec<_> = invoice.line_items.iter().flatten().filter_map(|line| line.description.clone()).collect();
        if lines.len() > services.len().max(1) {
            services = lines;
        }
        let order = RemoteOrder { id: id.to_owned(), invoice: Some(number), gross, until: None, services };
        Ok(Some(Seen { order, paper, period }))
    }

    /// Where the account's books stand. What this key may not read is left out.
    async fn watermark(&self) -> Result<Watermark, CallError> {
        const PAGE: u16 = 20;
        let at = self.clock.now();
        let mut orders = Vec::new();
        let listed = self.client.pages(ORDERS, PAGE, |page: Vec<Order>| {
            orders.extend(page.into_iter().map(|order| order.id));
            Ok(orders.len() >= ORDERS_KEPT)
        });
        if listed.await?.is_err() {
            orders.clear();
        }
        orders.truncate(ORDERS_KEPT);
        Ok(Watermark { at, orders, balance: self.balance().await? })
    }

    /// The account's credit, where that is what pays.
    pub(super) async fn balance(&self) -> Result<Option<Money>, CallError> {
        if self.pay_with == PayWith::Credit { self.credit().await } else { Ok(None) }
    }

    /// The account's credit; none where it cannot be read by this key.
    pub(super) async fn credit(&self) -> Result<Option<Money>, CallError> {
        match self.client.try_get::<Credit>(CREDIT).await? {
            Ok(credit) => money(credit.amount.as_ref(), credit.currency_code.as_deref())
                .map_err(|cause| self.client.not_understood(CREDIT, cause)),
            Err(_) => Ok(None),
        }
    }

    /// The one offer for a service: for as long as it is renewed each time. None where it has no price.
    pub(super) async fn offer(&self, holding: &Holding) -> Result<Option<Offer>, CallError> {
        let (kind, until) = (holding.kind, holding.stand.until);
        let path = path_for(kind, &holding.key.id)?;
        // An order that asks for more than was planned is not paid, and would only stand there.
        let vat = self.vat.ok_or_else(|| CallError::Unset {
            provider: PROVIDER,
            lacks: "does not tell the tax that comes on top of its prices",
            setting: "`vat = \"25\"`, or \"0\",",
            account: self.name.clone(),
        })?;
        let wrong = |cause: String| self.client.not_understood(&path, cause);
        let (billing, period, anchor, remarks) = if kind == Kind::Domain {
            let renewal: Renewal = self.client.get(&format!("{path}/renewal")).await?;
            let period = renewal.renews_for.as_ref().and_then(super::wire::RenewsFor::period);
            (renewal.billing, period, AnchorDay::of(until), Vec::new())
        } else {
            let item: Item = self.client.get(&path).await?;
            let created = item.created_at.as_deref().map(instant).transpose().map_err(wrong)?;
            let anchor = anchor(until, created.map(|created| self.zone.date_of(created)));
            (item.billing, None, anchor, left_out(item.addons.as_deref().unwrap_or_default()))
        };
        let Some(billing) = billing else { return Ok(None) };
        let net = billing.net().map_err(wrong)?;
        let (Some(net), Some(period)) = (net, period.or_else(|| billing.period())) else { return Ok(None) };
        let tax = net.share_half_up(vat).map_err(|error| wrong(error.to_string()))?;
        let gross = net.plus(tax).map_err(|error| wrong(error.to_string()))?;
        let until = add_period(until, period, anchor).map_err(|error| wrong(error.to_string()))?;
        Ok(Some(Offer { length: Length::Period(period), net, tax, gross, discount: None, until, remarks }))
    }
}

impl State {
    fn of_domain(renewal: Renewal) -> Self {
        let Renewal { order_id: order, invoice_id: invoice, shown, .. } = renewal;
        let pending = renewal.has_pending_order.then_some(Mention { order, invoice, shown });
        Self { gate: renewal.actions.and_then(|actions| actions.can_renew_now), pending, item: None }
    }

    fn of_item(mut item: Item) -> Self {
        let pending = item.pending_renewal_order.take();
        let pending = pending.map(|order| Mention { order: order.id, invoice: order.invoice_id, shown: None });
        Self { gate: item.actions.take().and_then(|actions| actions.can_renew_now), pending, item: Some(item) }
    }
}

impl Paper {
    /// How an invoice stands once its order is cancelled.
    const fn withdrawn(self) -> Self {
        match self {
            Self::Open => Self::Gone,
            paper => paper,
        }
    }
}

/// The path of a service.
pub(super) fn path_for(kind: Kind, id: &RemoteId) -> Result<String, CallError> {
    path_of(kind, id).ok_or(CallError::Cannot { provider: PROVIDER, wish: "renew services of this kind" })
}

/// Whether a reference to an invoice has all that is needed of it.
fn is_whole(invoice: &Invoice) -> bool {
    invoice.id.is_some() && invoice.amount.is_some() && invoice.status.is_some()
}

fn reason(gate: &Gate) -> String {
    gate.reason.clone().or_else(|| gate.code.clone()).unwrap_or_else(|| "no reason given".to_owned())
}

/// Whether a service can be renewed, by its gate: whether it is open, the reason, and the code. A gate that only its own
/// open order closes keeps nobody from paying that; its code may be missing.
fn standing(gate: Option<(bool, String, Option<String>)>, has_open_order: bool) -> Standing {
    const BY_ORDER: [&str; 2] = ["pending_order", "outstanding_invoice"];
    match gate {
        Some((false, reason, code)) => {
            let by_order = code.is_none_or(|code| BY_ORDER.contains(&code.as_str()));
            if has_open_order && by_order { Standing::Renewable } else { Standing::Blocked(reason) }
        }
        Some((true, ..)) | None => Standing::Renewable,
    }
}

/// The day of the month that terms fall on: that of the expiry, or a later one of the service's first day where the expiry
/// is on the last day of its month.
fn anchor(until: Date, created: Option<Date>) -> AnchorDay {
    let is_clamped = until.day() == until.days_in_month();
    AnchorDay::of(created.filter(|created| is_clamped && created.day() > until.day()).unwrap_or(until))
}

/// Says that add-ons are renewed only where they are named, and are not.
fn left_out(addons: &[Addon]) -> Vec<String> {
    let names: Vec<_> = addons.iter().filter_map(|addon| addon.name.as_deref()).collect();
    if names.is_empty() { Vec::new() } else { vec![format!("without its add-ons: {}", names.join(", "))] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_its_own_order_closes_is_no_block() {
        let gate = |allowed, code: Option<&str>| Some((allowed, "why".to_owned(), code.map(str::to_owned)));
        let blocked = || Standing::Blocked("why".to_owned());
        for (gate, has_open_order, wanted) in [
            (None, false, Standing::Renewable),
            (gate(true, None), false, Standing::Renewable),
            (gate(false, None), false, blocked()),
            (gate(false, Some("pending_order")), false, blocked()),
            (gate(false, None), true, Standing::Renewable),
            (gate(false, Some("pending_order")), true, Standing::Renewable),
            (gate(false, Some("not_active")), true, blocked()),
        ] {
            assert_eq!(standing(gate.clone(), has_open_order), wanted, "{gate:?} {has_open_order}");
        }
    }

    #[test]
    fn a_term_that_was_cut_short_by_a_month_falls_on_its_first_day_again() {
        let date = |text: &str| text.parse::<Date>().expect("is a date");
        for (until, created, day) in [
            ("2027-02-28", Some("2026-01-31"), 31),
            ("2027-02-28", Some("2026-01-28"), 28),
            ("2027-02-27", Some("2026-01-31"), 27),
            ("2027-04-30", Some("2026-01-01"), 30),
            ("2027-04-30", None, 30),
        ] {
            assert_eq!(anchor(date(until), created.map(date)).get(), day, "{until} {created:?}");
        }
    }
}
