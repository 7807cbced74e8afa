//! A domain, hosting account or VPS of the caller's, as it was loaded: how it stands, whether it can be renewed now, and
//! with which code it cannot.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use perennial_core::account::Account;
use perennial_core::calendar::{Period, Term};
use perennial_core::command::{Action, After, Command, CouponUse, RenewRequest, Reply, Scope};
use perennial_core::decide::decide;
use perennial_core::gate::{GateReason, RenewGate};
use perennial_core::ids::{AccountId, ServiceId};
use perennial_core::money::Money;
use perennial_core::order::{Order, OrderLine, Origin};
use perennial_core::ports::Rejection;
use perennial_core::product::{Kind, Product, Renewability};
use perennial_core::refusal::Refusal;
use perennial_core::service::{Hold, Lifecycle, Service};
use perennial_core::snapshot::{Snapshot, Want};

use super::{Context, reference};
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::{Gate, RenewActions};
use crate::secret::order_password;

/// How long an order waits for its payment: the documentation's own invoices are due 14 days after they were made.
pub(super) const OPEN_S: u32 = 14 * 24 * 60 * 60;

/// What kind of service a thing of the API is; none for things that are no services.
pub(super) const fn kind(thing: Thing) -> Option<Kind> {
    match thing {
        Thing::Domain => Some(Kind::Domain),
        Thing::Hosting => Some(Kind::Hosting),
        Thing::Vps => Some(Kind::Server),
        Thing::Order | Thing::Invoice | Thing::Card | Thing::Activity | Thing::Job | Thing::Client => None,
    }
}

/// A service of the caller's that is paid for and not gone.
pub(super) struct Found<'a> {
    context: &'a Context<'a>,
    /// What was loaded.
    pub seen: &'a Snapshot,
    /// Which kind of thing it is.
    pub thing: Thing,
    /// Whose it is.
    pub account: &'a Account,
    /// What it is an instance of.
    pub product: &'a Product,
    /// The service itself.
    pub service: &'a Service,
    /// Where it is in its life.
    pub life: Lifecycle,
    /// An order that is to renew it and waits for its payment: the last one, where renewals add up.
    pub open: Option<&'a Order>,
}

/// Why a service cannot be renewed now for its own period.
#[derive(Clone, Copy, Debug)]
pub(super) enum Block<'a> {
    /// An open order renews it for that very period, whatever else is in it.
    Pending(&'a Order),
    /// An open order renews it for another period.
    Other(&'a Order),
    /// It is paid far enough ahead; it can be renewed after so many days.
    PaidAhead(i32),
    /// Anything else: it is held, cancelled, or not sold.
    NotActive(GateReason),
}

impl<'a> Found<'a> {
    /// Finds a loaded service. One of another kind, one that is gone or was never paid, and another customer's look as
    /// if they had never been.
    pub fn of(context: &'a Context<'a>, seen: &'a Snapshot, thing: Thing, id: ServiceId) -> Result<Self, Failure> {
        let account = context.account();
        let unknown = |_| unknown(thing);
        let service = seen.service_of(account.id, id).map_err(unknown)?;
        let product = seen.product(service).map_err(unknown)?;
        let life = service.lifecycle(product, account.zone.date_of(context.now));
        if Some(product.kind) != kind(thing) || matches!(life, Lifecycle::Unpaid | Lifecycle::Terminated) {
            return Err(self::unknown(thing));
        }
        let open = match product.renewability {
            // Of orders that add up, a service names one at the most: the schedule's, or one whose charge is open.
            Renewability::Stacking => last_open(context.now, seen, account.id, id),
            Renewability::OneOpen | Renewability::OneShot => seen.open_order(context.now, service),
        };
        Ok(Self { context, seen, thing, account, product, service, life, open })
    }

    /// Those of the loaded services that are such things and not gone, by id.
    pub fn all(context: &'a Context<'a>, seen: &'a Snapshot, thing: Thing) -> Vec<Self> {
        let mut found: Vec<_> =
            seen.services.keys().filter_map(|id| Self::of(context, seen, thing, *id).ok()).collect();
        found.sort_unstable_by_key(|found| found.service.id);
        found
    }

    /// Its id on the wire.
    pub fn id(&self) -> Id {
        Id::new(self.thing, self.service.id.0)
    }

    /// What renewing it for its own period costs, without VAT.
    pub fn price(&self) -> Option<Money> {
        let today = self.account.zone.date_of(self.context.now);
        self.service.renewal_price(self.product, self.service.period, self.account.currency, today)
    }

    /// Whether it is to be renewed without anybody's doing.
    pub fn renews_by_itself(&self) -> bool {
        self.service.renews_by_itself(self.product)
    }

    /// The word for where it is in its life.
    pub fn status(&self) -> &'static str {
        match (self.life, self.service.hold) {
            (Lifecycle::Unpaid, _) => "pending",
            (Lifecycle::Terminated, _) => "terminated",
            (Lifecycle::Suspended | Lifecycle::Redemption, _) | (_, Hold::Locked | Hold::Suspended) => "suspended",
            (Lifecycle::Expired, _) => "expired",
            (Lifecycle::Active, _) => "active",
        }
    }

    /// The last day that is paid.
    pub fn last_day(&self) -> Result<Date, Failure> {
        self.service.until.yesterday().map_err(|_| Failure::server_error())
    }

    /// The last second that is paid, in the billing zone: an expiry is shown as the end of a day (documented example).
    pub fn expires_at(&self) -> Result<Timestamp, Failure> {
        let end = self.account.zone.midnight(self.service.until).map_err(Refusal::Calendar)?;
        end.checked_sub(SignedDuration::from_secs(1)).map_err(|_| Failure::server_error())
    }

    /// How many days are left until its last paid one; none are left on that day, and fewer afterwards.
    pub fn days_left(&self) -> Result<i32, Failure> {
        let today = self.account.zone.date_of(self.context.now);
        Ok(days_between(today, self.last_day()?))
    }

    /// Whether it may be renewed now for its own period.
    pub fn gate(&self) -> Result<RenewGate, Failure> {
        let Self { context, seen, account, product, service, .. } = *self;
        Ok(RenewGate::for_period(context.now, seen, account, product, service, service.period)?)
    }

    /// What the rules would say to an action on it, without carrying it out.
    pub fn rehearse(&self, action: Action) -> Result<(), Refusal> {
        let command = Command { account: self.account.id, token: None, action };
        decide(self.context.now, self.seen, &command).map(|_| ())
    }

    /// Why it cannot be renewed now for its own period; nothing where it can. An open order is in the way here also
    /// where the seller lets renewals add up: a renewal is refused while one pends (documented).
    pub fn block(&self) -> Result<Option<Block<'a>>, Failure> {
        let reason = match self.gate()? {
            RenewGate::Open => None,
            RenewGate::Closed(reason) => Some(reason),
        };
        Ok(match (reason, self.open) {
            (Some(reason), _) if is_fixed(reason) || reason == GateReason::Cancelled => Some(Block::NotActive(reason)),
            (_, Some(order)) if self.is_own(order) => Some(Block::Pending(order)),
            (_, Some(order)) => Some(Block::Other(order)),
            (Some(GateReason::PaidAhead { furthest }), None) => {
                let next = Term::following(self.service.until, self.service.period, self.service.anchor);
                let next = next.map_err(Refusal::Calendar)?;
                Some(Block::PaidAhead(days_between(furthest, next.until())))
            }
            (reason, None) => reason.map(Block::NotActive),
        })
    }

    /// Whether an order renews it as it renews by itself.
    fn is_own(&self, order: &Order) -> bool {
        order.line_of(self.service.id).is_some_and(|line| is_usual(line, order.origin, self.service.period))
    }

    /// The open order that renews it as it renews by itself.
    pub fn pending(&self) -> Option<&'a Order> {
        self.open.filter(|order| self.is_own(order))
    }

    /// Whether an order renews it and nothing else, so that withdrawing it touches nothing else either.
    pub fn is_alone_in(&self, order: &Order) -> bool {
        is_wholly_of(order, &[self.service.id])
    }

    /// The gate of renewing it.
    pub fn can_renew(&self) -> Result<Gate, Failure> {
        Ok(self.block()?.map_or(Gate::OPEN, Block::gate))
    }

    /// The refusal of renewing it. A domain's own pending renewal has a code of its own (documented example); what else
    /// is in the way of a domain has the same (inferred). Of hosting and VPS only open invoices are documented; the code
    /// for the rest is inferred.
    pub fn refuse(&self, block: Block<'_>) -> Failure {
        let gate = block.gate();
        let detail = gate.reason.clone().unwrap_or_default();
        match (self.thing, block) {
            (Thing::Domain, Block::Pending(_) | Block::PaidAhead(_) | Block::NotActive(_)) => {
                Failure::conflict("domain_not_renewable", "Domain cannot be renewed", detail)
                    .with("actions", &RenewActions { can_renew_now: gate })
            }
            (_, Block::Pending(order) | Block::Other(order)) => self.blocked_by(order, InTheWay::OfRenewal(gate)),
            (_, Block::PaidAhead(_) | Block::NotActive(_)) => {
                Failure::conflict("service_not_renewable", "Service cannot be renewed", detail)
                    .with("actions", &RenewActions { can_renew_now: gate })
            }
        }
    }

    /// The refusal of what an open order's invoice stands in the way of. It carries the invoice, which can be paid.
    pub fn blocked_by(&self, order: &Order, what: InTheWay) -> Failure {
        let blocked = |title, detail| Failure::conflict(BLOCKED, title, detail);
        let failure = match what {
            InTheWay::OfRenewal(gate) => {
                blocked("Existing invoice blocks renewal", gate.reason.clone().unwrap_or_default())
                    .with("actions", &RenewActions { can_renew_now: gate })
            }
            InTheWay::OfCycle => {
                let detail = if self.is_alone_in(order) { UNSETTLED } else { UNSETTLED_WITH_OTHERS };
                blocked("Existing invoice blocks plan change", detail.to_owned())
            }
        };
        let pending = reference::pending_order(self.seen, order);
        failure
            .with("existingInvoice", &reference::invoice(self.context.now, self.seen, order))
            .with("pendingRenewalOrder", &pending)
            .with("pendingOrder", &pending)
    }
}

/// Whether a line is for the period that its service renews by itself for. The schedule alone lets that go on to a day.
fn is_usual(line: &OrderLine, origin: Origin, period: Period) -> bool {
    line.period.map_or(origin == Origin::Schedule, |ordered| ordered == period)
}

/// The last of an account's open orders that renew a service, whether the service names it or not.
fn last_open(now: Timestamp, seen: &Snapshot, account: AccountId, id: ServiceId) -> Option<&Order> {
    let renews = |order: &&Order| order.account == account && order.is_open(now) && order.line_of(id).is_some();
    seen.orders.values().filter(renews).max_by_key(|order| order.id)
}

/// What an open order's invoice stands in the way of.
pub(super) enum InTheWay {
    /// Of renewing, whose gate is closed.
    OfRenewal(Gate),
    /// Of another billing cycle.
    OfCycle,
}

/// The code of what an unpaid invoice stands in the way of.
pub(super) const BLOCKED: &str = "existing_invoice_blocking";

/// Why a billing cycle cannot be changed while an invoice is open.
pub(super) const UNSETTLED: &str = "An unpaid renewal invoice has to be settled first.";

/// The same of an invoice that is not withdrawn with the change.
const UNSETTLED_WITH_OTHERS: &str =
    "An unpaid invoice that renews other services as well has to be settled first, or its order cancelled.";

/// Whether an order renews nothing but these services.
pub(super) fn is_wholly_of(order: &Order, services: &[ServiceId]) -> bool {
    order.lines.iter().all(|line| services.contains(&line.service))
}

/// Whether what keeps a service from being renewed keeps what is set on it as it is, too.
pub(super) const fn is_fixed(reason: GateReason) -> bool {
    match reason {
        GateReason::Terminated
        | GateReason::Locked
        | GateReason::Suspended
        | GateReason::Unpaid
        | GateReason::OneShot => true,
        GateReason::Cancelled | GateReason::NotSold(_) | GateReason::PaidAhead { .. } | GateReason::OpenOrder(_) => {
            false
        }
    }
}

impl Block<'_> {
    /// The closed gate. The words are ours, and so are the codes but `pending_order`.
    pub fn gate(self) -> Gate {
        match self {
            Self::Pending(_) => {
                Gate::closed("A renewal is already pending: its invoice is not paid.", Some("pending_order"))
            }
            Self::Other(_) => Gate::closed("An unpaid invoice renews this for another period.", Some(OUTSTANDING)),
            // No code, as in the documentation's example.
            Self::PaidAhead(days) => {
                Gate::closed(format!("This period is already renewed. Days until it can be again: {days}."), None)
            }
            Self::NotActive(reason) => Gate::closed(format!("It cannot be renewed: {reason}."), Some("not_active")),
        }
    }
}

/// The code of a gate that another unpaid invoice closes (ours).
pub(super) const OUTSTANDING: &str = "outstanding_invoice";

fn days_between(from: Date, until: Date) -> i32 {
    until.since(from).map_or(0, |span| span.get_days())
}

/// The refusal for an id that names no such thing of the caller's.
pub(super) fn unknown(thing: Thing) -> Failure {
    Failure::not_found(match thing {
        Thing::Domain => "No domain with this id was found.",
        Thing::Hosting => "No hosting account with this id was found.",
        Thing::Vps => "No VPS with this id was found.",
        Thing::Order => "No order with this id was found.",
        Thing::Invoice => "No invoice with this id was found.",
        Thing::Card => "No card with this id was found.",
        Thing::Activity | Thing::Job | Thing::Client => "Nothing with this id was found.",
    })
}

/// The service that a text names; a text that is no id of such a thing names none.
pub(super) fn service_id(thing: Thing, text: &str) -> Result<ServiceId, Failure> {
    Id::number(thing, text).map(ServiceId).ok_or_else(|| unknown(thing))
}

/// Loads services with their open orders; with all open orders, where renewals of any of them add up.
pub(super) fn load_services(context: &Context<'_>, ids: &[ServiceId]) -> Result<Snapshot, Failure> {
    let account = context.account().id;
    // The account is what the rules ask for, where an action is rehearsed.
    context.load_services(ids.iter().map(|id| Want::Service(account, *id)).chain([Want::Account(account)]).collect())
}

/// Loads a service with its open order; with all open orders, where its renewals add up.
pub(super) fn load_service(context: &Context<'_>, id: ServiceId) -> Result<Snapshot, Failure> {
    load_services(context, &[id])
}

/// Loads the service that the path names by `{id}`.
pub(super) fn load_one(context: &Context<'_>, thing: Thing) -> Result<(Snapshot, ServiceId), Failure> {
    let id = service_id(thing, context.param("id"))?;
    Ok((load_service(context, id)?, id))
}

/// Loads the services of the caller that are such things, each with its open order.
pub(super) fn load_all(context: &Context<'_>, thing: Thing) -> Result<Snapshot, Failure> {
    load_services(context, &context.ports.books.service_ids(context.account().id, kind(thing))?)
}

/// The action that orders renewals of services for a period.
pub(super) fn renewal(services: Vec<ServiceId>, period: Period) -> Action {
    let request = RenewRequest {
        services,
        scope: Scope::Listed,
        period,
        to_day: None,
        promo: None,
        coupons: CouponUse::Keep,
        after: After::Expiry,
        origin: Origin::Customer,
        open_s: OPEN_S,
    };
    Action::Renew { request, password: order_password() }
}

/// The order that the same request placed before, if it came with the same `Idempotency-Key`.
pub(super) fn placed_before(context: &Context<'_>) -> Result<Option<Order>, Failure> {
    context.answered_before("renew")?.map(placed).transpose()
}

/// Orders the renewal of a service for its own period, with others that are renewed beside it. A repeat is refused while
/// the order is open (documented), unless it comes with the same `Idempotency-Key`.
pub(super) async fn renew(
    context: &Context<'_>,
    found: &Found<'_>,
    beside: impl IntoIterator<Item = ServiceId>,
) -> Result<Order, Failure> {
    let (id, period) = (found.service.id, found.service.period);
    if let Some(block) = found.block()? {
        // The very same request may have been answered since it was asked for.
        return placed_before(context)?.ok_or_else(|| found.refuse(block));
    }
    let action = renewal(std::iter::once(id).chain(beside).collect(), period);
    match context.submit_once("renew", action.clone()).await {
        Ok(reply) => {
            let order = placed(reply)?;
            if !is_asked_for(context, &action, &order) {
                check_open(context, found.thing, id)?;
            }
            Ok(order)
        }
        Err(rejection) => {
            // What came in between, in the words it would have been refused with before.
            if matches!(rejection, Rejection::Refused(_)) {
                check_open(context, found.thing, id)?;
            }
            Err(rejection.into())
        }
    }
}

/// Whether an order is the one that a request asked for. Where the same was asked for at the same moment, the ledger has
/// one order for both, with the password of whoever came first. A repeat with its `Idempotency-Key` may have that.
pub(super) fn is_asked_for(context: &Context<'_>, action: &Action, order: &Order) -> bool {
    let is_own = matches!(action, Action::Renew { password, .. } if *password == order.password);
    is_own || context.token("renew").is_some()
}

/// Refuses what cannot be renewed now.
fn check_open(context: &Context<'_>, thing: Thing, id: ServiceId) -> Result<(), Failure> {
    let seen = load_service(context, id)?;
    let found = Found::of(context, &seen, thing, id)?;
    found.block()?.map_or(Ok(()), |block| Err(found.refuse(block)))
}

/// The order that was placed.
pub(super) fn placed(reply: Reply) -> Result<Order, Failure> {
    if let Reply::Placed(order) = reply { Ok(order) } else { Err(Failure::server_error()) }
}

#[cfg(test)]
mod tests {
    use perennial_core::ids::{ChargeId, OrderId};
    use perennial_core::money::Currency;
    use perennial_core::order::OrderState;

    use super::*;

    /// A renewal for a year.
    fn line() -> OrderLine {
        OrderLine {
            service: ServiceId(1),
            service_name: "example.se".to_owned(),
            description: ".se".to_owned(),
            period: Period::months(12),
            term: Term::new(Date::constant(2026, 5, 1), Date::constant(2027, 5, 1)).expect("is not empty"),
            list: Money::zero(Currency::SEK),
            net: Money::zero(Currency::SEK),
            tax: Money::zero(Currency::SEK),
        }
    }

    #[test]
    fn the_schedules_renewal_to_a_day_is_the_usual_one_and_nobody_elses() {
        let year = Period::months(12).expect("is a period");
        for (period, origin, usual) in [
            (Some(year), Origin::Customer, true),
            (Some(year), Origin::Schedule, true),
            (Period::months(1), Origin::Customer, false),
            (Period::months(1), Origin::Schedule, false),
            (None, Origin::Customer, false),
            (None, Origin::Schedule, true),
        ] {
            assert_eq!(is_usual(&OrderLine { period, ..line() }, origin, year), usual, "{period:?} {origin:?}");
        }
    }

    #[test]
    fn of_orders_that_add_up_the_last_open_one_counts_also_where_another_is_charged() {
        let placed = reference::tests::order(OrderState::Open);
        let open = |id| Order { id: OrderId(id), lines: vec![line()], ..placed.clone() };
        let charged = Order { charge: Some(ChargeId(3)), ..open(5) };
        let (now, later) = (placed.placed, placed.lapses);
        let paid = Order { state: OrderState::Fulfilled(now), ..open(8) };
        let of_other = Order { lines: Vec::new(), ..open(9) };
        let foreign = Order { account: AccountId(2), ..open(10) };
        let orders = [charged, open(6), open(7), paid, of_other, foreign];
        let seen = Snapshot { orders: orders.into_iter().map(|it| (it.id, it)).collect(), ..Snapshot::default() };
        for (at, service, last) in [(now, 1, Some(7)), (later, 1, Some(5)), (now, 2, None)] {
            let found = last_open(at, &seen, AccountId(1), ServiceId(service)).map(|order| order.id);
            assert_eq!(found, last.map(OrderId), "{at} {service}");
        }
    }

    #[test]
    fn what_is_closed_says_why_and_with_which_code() {
        for (block, code, part) in [
            (Block::PaidAhead(30), None, "30"),
            (Block::NotActive(GateReason::Locked), Some("not_active"), "locked"),
            (Block::NotActive(GateReason::Cancelled), Some("not_active"), "cancelled"),
        ] {
            let gate = block.gate();
            assert_eq!((gate.allowed, gate.code), (false, code));
            assert!(gate.reason.is_some_and(|reason| reason.contains(part)), "{part}");
        }
    }

    #[test]
    fn days_are_counted_across_years_and_backwards() {
        let date = |text: &str| text.parse().expect("is a date");
        for (from, until, days) in
            [("2026-04-27", "2027-04-27", 365), ("2026-04-27", "2026-04-27", 0), ("2026-05-01", "2026-04-27", -4)]
        {
            assert_eq!(days_between(date(from), date(until)), days, "{from} {until}");
        }
    }

    #[test]
    fn an_id_of_another_thing_names_nothing() {
        let order = Id::new(Thing::Order, 7).to_string();
        for text in ["example.se", "", "7", &order] {
            assert_eq!(service_id(Thing::Domain, text), Err(unknown(Thing::Domain)), "{text}");
        }
        assert_eq!(service_id(Thing::Domain, &Id::new(Thing::Domain, 7).to_string()), Ok(ServiceId(7)));
    }
}
