//! A service of the caller's with everything that this API shows of it: how it stands, what it costs, its add-ons, its
//! open orders.
//!
//! A server is a service of the kind [`Kind::Server`], whatever its product: also one that was recorded with another
//! provider's facts. What those facts do not tell has a value that harms nobody.

use std::str::FromStr;

use jiff::civil::Date;
use perennial_core::account::Account;
use perennial_core::calendar::Period;
use perennial_core::expiry::ordered_until;
use perennial_core::gate::{GateReason, RenewGate};
use perennial_core::ids::ServiceId;
use perennial_core::money::{Currency, Money};
use perennial_core::order::Order;
use perennial_core::product::{Kind, Product, Renewability};
use perennial_core::service::{Hold, Lifecycle, RenewalMode, Service};
use perennial_core::snapshot::{Snapshot, Want};

use super::Context;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::stamp::Stamp;

/// How a service stands with its money: the documented words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Paid, or still running in its days of grace.
    Active,
    /// Ordered, and its first term not paid.
    Processing,
    /// Stopped, and can be had back.
    Suspended,
    /// Gone.
    Terminated,
}

impl Standing {
    /// Every standing.
    const ALL: [Self; 4] = [Self::Active, Self::Processing, Self::Suspended, Self::Terminated];

    const fn of(life: Lifecycle) -> Self {
        match life {
            Lifecycle::Active | Lifecycle::Expired => Self::Active,
            Lifecycle::Unpaid => Self::Processing,
            Lifecycle::Suspended | Lifecycle::Redemption => Self::Suspended,
            Lifecycle::Terminated => Self::Terminated,
        }
    }

    /// How a service stands on a day. A server that was cancelled is suspended at its end, and terminated later
    /// (documented): as much later as one that nobody paid.
    fn on(today: Date, service: &Service, product: &Product) -> Self {
        let standing = Self::of(service.lifecycle(product, today));
        let cancelled = service.mode == RenewalMode::DeleteAtExpiry && service.hold != Hold::Terminated;
        if standing != Self::Terminated || !cancelled || product.kind != Kind::Server {
            return standing;
        }
        let gone = service.until.saturating_add(jiff::Span::new().days(product.suspension_days));
        if today < gone { Self::Suspended } else { Self::Terminated }
    }

    /// The word for it on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Processing => "processing",
            Self::Suspended => "suspended",
            Self::Terminated => "terminated",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

/// A service of the caller's.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    context: &'a Context<'a>,
    seen: &'a Snapshot,
    /// Whose it is.
    pub account: &'a Account,
    /// What it is an instance of.
    pub product: &'a Product,
    /// The service itself.
    pub service: &'a Service,
    /// How it stands.
    pub standing: Standing,
}

impl<'a> Found<'a> {
    /// Finds a loaded service, of whatever kind. Another customer's looks as if it had never been, and so does one whose
    /// order was never paid and waits no longer. One that ended is found: the API has a word for it.
    pub fn of(context: &'a Context<'a>, seen: &'a Snapshot, id: ServiceId) -> Result<Self, Failure> {
        let account = context.account();
        let service = seen.service_of(account.id, id)?;
        let product = seen.product(service)?;
        let abandoned = service.hold == Hold::Unpaid && seen.open_order(context.now, service).is_none();
        if abandoned {
            return Err(Failure::not_found());
        }
        let standing = Standing::on(account.zone.date_of(context.now), service, product);
        Ok(Self { context, seen, account, product, service, standing })
    }

    /// Finds a loaded service of one kind; one of another kind looks as if it had never been.
    pub fn of_kind(context: &'a Context<'a>, seen: &'a Snapshot, id: ServiceId, kind: Kind) -> Result<Self, Failure> {
        Self::of(context, seen, id).and_then(|found| found.check_kind(kind))
    }

    /// Finds a loaded server.
    pub fn server(context: &'a Context<'a>, seen: &'a Snapshot, id: ServiceId) -> Result<Self, Failure> {
        Self::of_kind(context, seen, id, Kind::Server)
    }

    /// The loaded services of one kind, by id.
    pub fn all(context: &'a Context<'a>, seen: &'a Snapshot, kind: Kind) -> Vec<Self> {
        let mut found: Vec<_> =
            seen.services.keys().filter_map(|id| Self::of_kind(context, seen, *id, kind).ok()).collect();
        found.sort_unstable_by_key(|found| found.service.id);
        found
    }

    fn check_kind(self, kind: Kind) -> Result<Self, Failure> {
        if self.product.kind == kind { Ok(self) } else { Err(Failure::not_found()) }
    }

    /// What belongs to it and is not gone, of one kind, by id. Its family was loaded.
    pub fn children(&self, kind: Kind) -> Vec<Self> {
        let ids = self.seen.children.get(&self.service.id).into_iter().flatten();
        ids.filter_map(|id| Self::of_kind(self.context, self.seen, *id, kind).ok())
            .filter(|child| child.standing != Standing::Terminated)
            .collect()
    }

    /// Its add-ons that are not gone: cancelled ones until they end, ordered ones while their order waits.
    pub fn addons(&self) -> Vec<Self> {
        self.children(Kind::Addon)
    }

    /// Its add-ons that a renewal of it takes along: those that are cancelled, unpaid or held are left out (inferred).
    pub fn renewable_addons(&self) -> Vec<Self> {
        let mut addons = self.addons();
        addons.retain(|addon| matches!(addon.gate(), RenewGate::Open | RenewGate::Closed(GateReason::OpenOrder(_))));
        addons
    }

    /// Its floating IPs that a renewal of it for a period takes along: they are renewed with their server, and have no
    /// renewal of their own (worked out from a sample). One that is not sold for the period is left out.
    pub fn renewable_addresses(&self, period: Period) -> Vec<Self> {
        let mut addresses = self.children(Kind::Ip);
        addresses.retain(|address| {
            let open = matches!(address.gate(), RenewGate::Open | RenewGate::Closed(GateReason::OpenOrder(_)));
            open && address.price(period).is_some()
        });
        addresses
    }

    /// What it belongs to, where that was loaded.
    pub fn parent(&self) -> Option<Self> {
        Self::of(self.context, self.seen, self.service.parent?).ok()
    }

    /// The orders that are to renew or open it and wait for their payment, by id. Open orders were loaded.
    pub fn open_orders(&self) -> Vec<&'a Order> {
        let renews = |order: &&Order| order.is_open(self.context.now) && order.line_of(self.service.id).is_some();
        let mut open: Vec<_> = self.seen.orders.values().filter(renews).collect();
        open.sort_unstable_by_key(|order| order.id);
        open
    }

    /// Whether it may be renewed now.
    pub fn gate(&self) -> RenewGate {
        RenewGate::of(self.context.now, self.seen, self.account, self.product, self.service)
    }

    /// Whether it is of a sort that is renewed at all. It may be locked just now, or be renewed by an open order.
    pub fn renew_enabled(&self) -> bool {
        self.standing != Standing::Terminated && !self.cancelled() && !self.one_shot()
    }

    /// Whether its owner cancelled it.
    pub fn cancelled(&self) -> bool {
        self.service.mode == RenewalMode::DeleteAtExpiry
    }

    fn one_shot(&self) -> bool {
        self.product.renewability == Renewability::OneShot
    }

    /// Whether it is renewed without anybody's doing.
    pub fn auto_renew(&self) -> bool {
        self.service.renews_by_itself(self.product)
    }

    /// Whether it is locked.
    pub fn locked(&self) -> bool {
        self.service.hold == Hold::Locked
    }

    /// What its owner calls it; its own name where the owner calls it nothing.
    pub fn hostname(&self) -> &'a str {
        self.service.display_name.as_ref().unwrap_or(&self.service.name)
    }

    /// Its main address, if one was recorded.
    pub fn ip(&self) -> Option<&'a str> {
        self.fact("ip")
    }

    /// What order lines call it: `Cloud VPS 2 GB - ubuntu-2gb [87.121.52.159]`. What stands there without an address is
    /// unverified.
    pub fn label(&self) -> String {
        let address = self.ip().map(|ip| format!(" [{ip}]")).unwrap_or_default();
        format!("{} - {}{address}", self.product.name, self.hostname())
    }

    /// Its cycle in months; none for one of weeks, which the API does not know.
    pub fn billing_cycle(&self) -> Option<u16> {
        self.service.period.as_months()
    }

    /// The shortest cycle that it is renewed for, in months: as its facts say it, else as its product is sold.
    pub fn minimum_billing_cycle(&self) -> u16 {
        let shortest = || {
            let periods = self.service.periods(self.product, self.account.currency);
            periods.into_iter().find_map(Period::as_months)
        };
        self.read(MINIMUM_CYCLE).or_else(shortest).unwrap_or(1)
    }

    /// What renewing it alone for a period costs, without VAT; none where it is not sold for that.
    pub fn price(&self, period: Period) -> Option<Money> {
        let today = self.account.zone.date_of(self.context.now);
        self.service.renewal_price(self.product, period, self.account.currency, today)
    }

    /// What renewing it for its current cycle costs together with its renewable add-ons, without VAT. What has no price
    /// for the cycle counts nothing.
    pub fn renewal_price(&self) -> Result<Money, Failure> {
        let addons = self.renewable_addons();
        let prices = std::iter::once(self).chain(&addons).filter_map(|found| found.price(self.service.period));
        Money::sum(self.account.currency, prices).map_err(|_| Failure::server_error())
    }

    /// A fact of the service.
    pub fn fact(&self, name: &str) -> Option<&'a str> {
        self.service.facts.get(name).map(String::as_str)
    }

    /// A fact of the service, or else of its product, that reads as something else than text.
    pub fn read<T: FromStr>(&self, name: &str) -> Option<T> {
        self.service.facts.get(name).or_else(|| self.product.facts.get(name))?.parse().ok()
    }

    /// The instant at which a day begins for its owner.
    pub fn midnight(&self, date: Date) -> Result<Stamp, Failure> {
        midnight(self.account, date)
    }

    /// Its expiry.
    pub fn expiry(&self) -> Result<Stamp, Failure> {
        self.midnight(self.service.until)
    }

    /// Its expiry once every open order is paid. Open orders were loaded.
    pub fn potential_expiry(&self) -> Result<Stamp, Failure> {
        self.midnight(ordered_until(self.context.now, self.seen, self.context.account(), self.service)?)
    }
}

/// The instant at which a day begins for an account.
pub(super) fn midnight(account: &Account, date: Date) -> Result<Stamp, Failure> {
    account.zone.midnight(date).map(Stamp).map_err(|error| {
        tracing::error!(account.id = account.id.0, %date, %error, "account {} has an impossible date", account.id);
        Failure::server_error()
    })
}

/// The word for the kind of a service in order lines; none for kinds that the API does not know.
pub(super) const fn service_type(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Server => Some("server"),
        Kind::Addon => Some("server-addon"),
        Kind::Ip => Some("floating-ip"),
        Kind::Support => Some("support"),
        Kind::Hosting => Some("shared-hosting"),
        Kind::Domain | Kind::Instance => None,
    }
}

/// What a product costs a month, without VAT: its price for one month, or else the share of its shortest cycle's. None
/// where it is not sold in the currency, or by the week only.
pub(super) fn monthly_price(product: &Product, currency: Currency) -> Option<Money> {
    let priced = product.prices.iter().filter(|price| price.net.currency() == currency);
    let (months, net) = priced.filter_map(|price| Some((price.period.as_months()?, price.net))).min_by_key(first)?;
    net.parts_half_up(1, months.into()).ok()
}

const fn first(priced: &(u16, Money)) -> u16 {
    priced.0
}

/// The fact that says the shortest cycle of a product or of one service.
const MINIMUM_CYCLE: &str = "minimum_billing_cycle";

/// The shortest cycle that a product is sold for, in months: as its facts say it, else the shortest that it has a price
/// for; 1 where it has none.
pub(super) fn minimum_billing_cycle(product: &Product, currency: Currency) -> u16 {
    if let Some(months) = product.facts.get(MINIMUM_CYCLE).and_then(|months| months.parse().ok()) {
        return months;
    }
    let priced = product.prices.iter().filter(|price| price.net.currency() == currency);
    priced.filter_map(|price| price.period.as_months()).min().unwrap_or(1)
}

/// Reads the id of a service in the path. A text that is no number names none.
pub(super) fn path_id(context: &Context<'_>, name: &str) -> Result<ServiceId, Failure> {
    context.param(name).parse().map(ServiceId).map_err(|_| Failure::not_found())
}

/// Loads a service of the caller's, with its open order.
pub(super) fn load_one(context: &Context<'_>, id: ServiceId) -> Result<Snapshot, Failure> {
    context.load(&[Want::Service(context.account().id, id)])
}

/// Loads a service of the caller's with what belongs to it, and the orders that are to renew any of it.
pub(super) fn load_family(context: &Context<'_>, id: ServiceId) -> Result<Snapshot, Failure> {
    load_families(context, [id])
}

/// Loads services of the caller's, each with what belongs to it, and the orders that are to renew any of it.
pub(super) fn load_families(
    context: &Context<'_>,
    ids: impl IntoIterator<Item = ServiceId>,
) -> Result<Snapshot, Failure> {
    let account = context.account().id;
    context.load_services(ids.into_iter().map(|id| Want::Family(account, id)).collect())
}

/// Loads all services of the caller of some kinds, each with its open order.
pub(super) fn load_kinds(context: &Context<'_>, kinds: &[Kind]) -> Result<Snapshot, Failure> {
    let account = context.account().id;
    let mut wants = Vec::new();
    for kind in kinds {
        let ids = context.ports.books.service_ids(account, Some(*kind))?;
        wants.extend(ids.into_iter().map(|id| Want::Service(account, id)));
    }
    context.load(&wants)
}

#[cfg(test)]
mod tests {
    use perennial_core::ids::ProductId;
    use perennial_core::product::Price;

    use super::*;

    fn product(prices: &[(&str, i64)]) -> Product {
        let price = |(period, minor): &(&str, i64)| Price {
            period: Period::parse(period).expect("a period"),
            net: Money::new(*minor, Currency::EUR),
        };
        Product {
            id: ProductId(1),
            code: "cloud-vps-2gb".to_owned(),
            name: "Cloud VPS 2 GB".to_owned(),
            kind: Kind::Server,
            renewability: Renewability::OneOpen,
            grace_days: 0,
            suspension_days: 0,
            redemption_days: 0,
            redemption_fees: Vec::new(),
            ahead_months_max: 0,
            facts: std::collections::BTreeMap::new(),
            prices: prices.iter().map(price).collect(),
        }
    }

    #[test]
    fn a_month_costs_its_price_or_its_share_of_the_shortest_cycle() {
        for (prices, monthly, minimum) in [
            (&[("P3M", 7_500), ("P1M", 2_600)][..], Some(2_600), 1),
            (&[("P1Y", 10_000), ("P2W", 100)], Some(833), 12),
            (&[("P2W", 100)], None, 1),
            (&[], None, 1),
        ] {
            let product = product(prices);
            assert_eq!(monthly_price(&product, Currency::EUR).map(Money::minor), monthly, "{prices:?}");
            assert_eq!(minimum_billing_cycle(&product, Currency::EUR), minimum, "{prices:?}");
            assert_eq!(monthly_price(&product, Currency::SEK), None);
        }
    }

    #[test]
    fn a_service_stands_as_its_life_says() {
        for (life, word) in [
            (Lifecycle::Unpaid, "processing"),
            (Lifecycle::Active, "active"),
            (Lifecycle::Expired, "active"),
            (Lifecycle::Suspended, "suspended"),
            (Lifecycle::Redemption, "suspended"),
            (Lifecycle::Terminated, "terminated"),
        ] {
            assert_eq!(Standing::of(life).word(), word);
            assert_eq!(Standing::from_word(word), Some(Standing::of(life)));
        }
        assert_eq!(Standing::from_word("expired"), None);
    }
}
