//! Providers that lose requests and replies, lag, refuse, renew by themselves and have other customers; and their books,
//! which tell the truth.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{
    Ask, CallError, Charge, Finding, Funds, Habits, Introduction, Length, Offer, OrderEffect, Outcome, Page, Receipt,
    Remote, RemoteOrder, Said, Sight, Watermark,
};
use perennial_core::calendar::{AnchorDay, Period, add_period};
use perennial_core::money::{Currency, Money};
use perennial_core::ports::BoxFuture;
use perennial_core::product::Kind;

use super::ledger::Ledger;
use super::sky::Sky;

const PAGE: usize = 5;

/// How long an order stands open.
const OPEN_FOR: Duration = Duration::from_hours(10 * 24);

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    RequestLost,
    ReplyLost,
    ServerError,
    Throttled,
}

/// The books of all providers.
#[derive(Clone)]
pub struct Truth {
    books: Arc<Mutex<BTreeMap<ProviderName, Books>>>,
    sky: Sky,
    ledger: Arc<OnceLock<Ledger>>,
}

struct Books {
    ordering: OrderEffect,
    settles_in: Duration,
    services: BTreeMap<RemoteId, Service>,
    orders: Vec<Order>,
    /// What we sent that may cost something: the token of each call.
    sent: Vec<String>,
    /// What goes wrong with the next calls that may cost something, whatever the weather.
    faults: VecDeque<Fault>,
}

struct Service {
    anchor: AnchorDay,
    price: i64,
    native: Native,
    /// The expiries it has had, and from when each can be seen.
    until: Vec<(Date, Duration)>,
}

struct Order {
    service: RemoteId,
    /// Whose it is: the token; none for somebody else's.
    token: Option<String>,
    gross: i64,
    placed: Duration,
    seen_from: Duration,
    /// When it was paid, from when that can be seen, and whether we paid.
    paid: Option<(Duration, Duration, bool)>,
}

impl Service {
    fn truth(&self) -> Date {
        self.until[self.until.len() - 1].0
    }

    fn seen(&self, now: Duration) -> Date {
        self.until.iter().rev().find(|(_, from)| *from <= now).expect("the first is always seen").0
    }
}

impl Books {
    fn is_open(order: &Order, now: Duration) -> bool {
        order.paid.is_none() && now < order.placed + OPEN_FOR
    }

    /// From when something that is done now can be seen.
    fn seen_from(&self, sky: &Sky) -> Duration {
        let lag = if sky.strikes(3) { sky.roll(u64::try_from(self.settles_in.as_millis()).expect("fits")) } else { 0 };
        sky.passed() + Duration::from_millis(lag)
    }

    fn place(&mut self, sky: &Sky, service: &RemoteId, token: Option<String>) -> usize {
        let gross = self.services[service].price;
        let order = Order {
            service: service.clone(),
            token,
            gross,
            placed: sky.passed(),
            seen_from: self.seen_from(sky),
            paid: None,
        };
        self.orders.push(order);
        self.orders.len() - 1
    }

    fn pay(&mut self, sky: &Sky, number: usize, by_us: bool) {
        let seen_from = self.seen_from(sky);
        let order = &mut self.orders[number];
        order.paid = Some((sky.passed(), seen_from, by_us));
        let service = self.services.get_mut(&order.service).expect("is there");
        service.until.push((after(service.truth(), service.anchor), seen_from));
    }

    fn remote(&self, number: usize) -> RemoteOrder {
        let order = &self.orders[number];
        RemoteOrder {
            id: number.to_string(),
            invoice: None,
            gross: euro(order.gross),
            until: None,
            services: vec![order.service.to_string()],
        }
    }
}

fn after(until: Date, anchor: AnchorDay) -> Date {
    add_period(until, month(), anchor).expect("is a date")
}

pub fn month() -> Period {
    Period::months(1).expect("is a period")
}

fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn expires_at(until: Date) -> Timestamp {
    until.to_zoned(TimeZone::UTC).expect("is an instant").timestamp()
}

impl Truth {
    pub fn new(sky: Sky) -> Self {
        Self { books: Arc::default(), sky, ledger: Arc::default() }
    }

    pub fn knows(&self, ledger: Ledger) {
        assert!(self.ledger.set(ledger).is_ok(), "there is one ledger");
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<ProviderName, Books>> {
        self.books.lock().expect("nobody panicked")
    }

    fn with<T>(&self, provider: &ProviderName, work: impl FnOnce(&mut Books) -> T) -> T {
        work(self.books().get_mut(provider).expect("is there"))
    }

    /// Opens a provider with services that expire on different days.
    pub fn open(&self, name: &str, ordering: OrderEffect, settles_in_s: u64, services: u64) -> Shop {
        let name = ProviderName::parse(name).expect("is a name");
        let today = self.sky.truth().to_zoned(TimeZone::UTC).date();
        let service = |number: u64| {
            let ahead = i64::try_from(3 + self.sky.roll(40)).expect("fits");
            let until = today.checked_add(jiff::Span::new().days(ahead)).expect("is a date");
            let native = if ordering == OrderEffect::PaysOncePerToken && number.is_multiple_of(3) {
                Native::On
            } else {
                Native::Off
            };
            let price = i64::try_from(500 + self.sky.roll(2_000)).expect("fits");
            let id = RemoteId::parse(&format!("{name}-{number}")).expect("is an id");
            (id, Service { anchor: AnchorDay::of(until), price, native, until: vec![(until, Duration::ZERO)] })
        };
        let books = Books {
            ordering,
            settles_in: Duration::from_secs(settles_in_s),
            services: (0..services).map(service).collect(),
            orders: Vec::new(),
            sent: Vec::new(),
            faults: VecDeque::new(),
        };
        self.books().insert(name.clone(), books);
        Shop { name, ordering, settles_in_s, truth: self.clone(), sky: self.sky.clone() }
    }

    /// Where a service stands.
    pub fn until(&self, key: &HoldingKey) -> Date {
        self.with(&key.provider, |books| books.services[&key.id].truth())
    }

    pub fn all(&self) -> Vec<HoldingKey> {
        let key = |provider: &ProviderName, id: &RemoteId| HoldingKey { provider: provider.clone(), id: id.clone() };
        let books = self.books();
        books.iter().flat_map(|(provider, books)| books.services.keys().map(move |id| key(provider, id))).collect()
    }

    /// How many orders we paid under a token.
    pub fn paid_by_us(&self, token: &str) -> usize {
        let books = self.books();
        let orders = books.values().flat_map(|books| &books.orders);
        orders.filter(|order| order.paid.is_some_and(|paid| paid.2) && order.token.as_deref() == Some(token)).count()
    }

    /// How many orders of a service were paid by us, and by others.
    pub fn payments(&self, key: &HoldingKey) -> (usize, usize) {
        self.with(&key.provider, |books| {
            let of_it = books.orders.iter().filter(|order| order.service == key.id);
            let (ours, others): (Vec<_>, Vec<_>) = of_it.filter_map(|order| order.paid).partition(|paid| paid.2);
            (ours.len(), others.len())
        })
    }

    /// The token of each call that may have cost something.
    pub fn sent(&self, provider: &ProviderName) -> Vec<String> {
        self.with(provider, |books| books.sent.clone())
    }

    pub fn arm(&self, provider: &ProviderName, faults: &[Fault]) {
        self.with(provider, |books| books.faults.extend(faults));
    }

    pub fn set_price(&self, key: &HoldingKey, change: i64) {
        self.with(&key.provider, |books| books.services.get_mut(&key.id).expect("is there").price += change);
    }

    /// Somebody else renews a service: by an open order of it, or by a new one.
    pub fn renew_by_another(&self, key: &HoldingKey) {
        let sky = &self.sky;
        self.with(&key.provider, |books| {
            let open = (0..books.orders.len()).find(|number| {
                let order = &books.orders[*number];
                order.service == key.id && Books::is_open(order, sky.passed())
            });
            let number = open.filter(|_| sky.roll(2) == 0).unwrap_or_else(|| books.place(sky, &key.id, None));
            books.pay(sky, number, false);
        });
    }

    /// Somebody else orders a renewal and does not pay.
    pub fn order_by_another(&self, key: &HoldingKey) {
        self.with(&key.provider, |books| books.place(&self.sky, &key.id, None));
    }

    /// The providers' own automatic renewal, a day before the expiry.
    pub fn renew_by_itself(&self) {
        let today = self.sky.truth().to_zoned(TimeZone::UTC).date();
        for key in self.all() {
            let is_due = self.with(&key.provider, |books| {
                let service = &books.services[&key.id];
                service.native == Native::On && service.truth().yesterday().is_ok_and(|day| day <= today)
            });
            if is_due {
                self.renew_by_another(&key);
            }
        }
    }

    pub fn toggle_native(&self, key: &HoldingKey) {
        self.with(&key.provider, |books| {
            if books.ordering == OrderEffect::PaysOncePerToken {
                let native = &mut books.services.get_mut(&key.id).expect("is there").native;
                *native = if *native == Native::On { Native::Off } else { Native::On };
            }
        });
    }
}

/// A provider, as it is called.
pub struct Shop {
    pub name: ProviderName,
    ordering: OrderEffect,
    settles_in_s: u64,
    truth: Truth,
    sky: Sky,
}

impl Shop {
    fn with<T>(&self, work: impl FnOnce(&mut Books) -> T) -> T {
        self.truth.with(&self.name, work)
    }

    /// Reads, with time before and after it.
    async fn read<T>(&self, call: &str, read: impl FnOnce(&Books, Duration) -> T) -> Result<T, CallError> {
        self.sky.pass().await;
        let call = || call.to_owned();
        if self.sky.strikes(25) {
            return Err(CallError::Unreachable { provider: "shop", call: call(), cause: "cut".to_owned() });
        }
        if self.sky.strikes(40) {
            return Err(CallError::Throttled { provider: "shop", call: call() });
        }
        let seen = self.with(|books| read(books, self.sky.passed()));
        self.sky.pass().await;
        Ok(seen)
    }

    /// Does something that may cost something, with time before and after it, in which whoever sent it may die or stand
    /// still.
    async fn act(&self, ask: &Ask, act: impl FnOnce(&mut Books) -> Outcome) -> Outcome {
        let armed = self.with(|books| books.faults.pop_front());
        let fault = armed.or_else(|| {
            let faults = [Fault::RequestLost, Fault::ReplyLost, Fault::ServerError, Fault::Throttled];
            let any = usize::try_from(self.sky.roll(4)).expect("fits");
            self.sky.strikes(6).then(|| faults[any])
        });
        self.sky.pass().await;
        self.with(|books| books.sent.push(ask.token.clone()));
        if fault == Some(Fault::Throttled) {
            let retry_after = Some(SignedDuration::from_secs(20));
            return Outcome::NeverSent { cause: "too many".to_owned(), retry_after };
        }
        let lost = Outcome::Unknown { cause: "no answer".to_owned() };
        if matches!(fault, Some(Fault::RequestLost)) {
            return lost;
        }
        let payments = || self.with(|books| books.orders.iter().filter(|order| order.paid.is_some()).count());
        let before = payments();
        let outcome = self.with(act);
        let ledger = self.truth.ledger.get().expect("is there");
        ledger.check_sent(&ask.token, payments() > before);
        self.check_once(ask);
        self.sky.pass().await;
        if fault.is_some() { lost } else { outcome }
    }

    /// I1: at most one payment of ours from one expiry.
    fn check_once(&self, ask: &Ask) {
        let ledger = self.truth.ledger.get().expect("is there");
        let key = HoldingKey { provider: self.name.clone(), id: ask.service.clone() };
        let tokens = ledger.tokens(&key, ask.fence);
        let paid: usize = tokens.iter().map(|token| self.truth.paid_by_us(token)).sum();
        assert!(paid <= 1, "paid {paid} times for {} from {}", ask.service, ask.fence);
    }
}

fn holding(name: &ProviderName, id: &RemoteId, service: &Service, now: Duration) -> Holding {
    Holding {
        key: HoldingKey { provider: name.clone(), id: id.clone() },
        kind: Kind::Server,
        name: id.to_string(),
        label: None,
        tags: Vec::new(),
        parent: None,
        stand: stand(service, now),
        period: None,
    }
}

fn stand(service: &Service, now: Duration) -> Stand {
    let until = service.seen(now);
    Stand { until, expires_at: expires_at(until), standing: Standing::Renewable, native: service.native }
}

fn found(books: &Books, now: Duration, ask: &Ask, watermark: &Watermark, known: Option<&RemoteOrder>) -> Finding {
    let newest = watermark.orders.first().and_then(|order| order.parse::<usize>().ok());
    let mut those: Vec<_> = (0..books.orders.len())
        .filter(|number| {
            let order = &books.orders[*number];
            let is_it = match known {
                Some(known) => known.id == number.to_string(),
                None if books.ordering == OrderEffect::PaysOncePerToken => order.token.as_ref() == Some(&ask.token),
                None => {
                    let is_open = order.paid.is_some() || Books::is_open(order, now);
                    is_open && newest.is_none_or(|newest| *number > newest) && euro(order.gross) == ask.offer.gross
                }
            };
            is_it && order.service == ask.service && order.seen_from <= now
        })
        .collect();
    let is_paid = |number: &usize| books.orders[*number].paid.is_some_and(|paid| paid.1 <= now);
    if those.iter().any(is_paid) {
        those.retain(is_paid);
    }
    let until = books.services[&ask.service].seen(now);
    match those.as_slice() {
        [number] if is_paid(number) => Finding::Paid(Receipt {
            order: Some(number.to_string()),
            paid: Some(euro(books.orders[*number].gross)),
            until: (until > ask.fence).then_some(until),
            ..Receipt::default()
        }),
        [number] => Finding::Unpaid(books.remote(*number)),
        [] if until > ask.fence => Finding::Moved { until },
        [] => Finding::Nothing,
        _ => Finding::Ambiguous(format!("orders {those:?}")),
    }
}

/// What the simulation has no use for.
const CANNOT: CallError = CallError::Cannot { provider: "simulated", wish: "do what nobody asks for" };

impl Remote for Shop {
    fn provider(&self) -> &'static str {
        "shop"
    }

    fn habits(&self) -> Habits {
        let settles_in = SignedDuration::from_secs(i64::try_from(self.settles_in_s).expect("fits"));
        Habits { ordering: self.ordering, settles_in, aligns: false, switches_native: false }
    }

    fn introduce(&self) -> BoxFuture<'_, Result<Introduction, CallError>> {
        Box::pin(async { Err(CANNOT) })
    }

    fn inventory<'a>(&'a self, from: Option<&'a str>) -> BoxFuture<'a, Result<Page, CallError>> {
        let from = from.map_or(0, |from| from.parse::<usize>().expect("is a place"));
        Box::pin(self.read("inventory", move |books, now| {
            let all = books.services.iter().map(|(id, service)| holding(&self.name, id, service, now));
            let holdings = all.skip(from).take(PAGE).collect();
            let next = (from + PAGE < books.services.len()).then(|| (from + PAGE).to_string());
            Page { holdings, next }
        }))
    }

    fn look<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<Option<Sight>, CallError>> {
        Box::pin(self.read("look", move |books, now| {
            let service = books.services.get(&holding.key.id)?;
            let seen = |number: &usize| books.orders[*number].seen_from <= now;
            let visible: Vec<_> = (0..books.orders.len()).rev().filter(seen).collect();
            let open = visible.iter().copied().filter(|number| {
                let order = &books.orders[*number];
                let looks_unpaid = order.paid.is_none_or(|paid| paid.1 > now);
                order.service == holding.key.id && looks_unpaid && now < order.placed + OPEN_FOR
            });
            let open_orders = open.map(|number| books.remote(number)).collect();
            let orders = visible.iter().take(3).map(ToString::to_string).collect();
            let watermark = Watermark { at: Timestamp::UNIX_EPOCH, orders, balance: None };
            Some(Sight { stand: stand(service, now), open_orders, watermark })
        }))
    }

    fn offers<'a>(&'a self, holding: &'a Holding, _: &'a [Length]) -> BoxFuture<'a, Result<Vec<Offer>, CallError>> {
        Box::pin(self.read("offers", move |books, _| {
            let service = &books.services[&holding.key.id];
            vec![Offer {
                length: Length::Period(month()),
                net: euro(service.price),
                tax: euro(0),
                gross: euro(service.price),
                discount: None,
                until: after(holding.stand.until, service.anchor),
                remarks: Vec::new(),
            }]
        }))
    }

    fn order<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Outcome> {
        Box::pin(self.act(ask, move |books| {
            let known = books.orders.iter().position(|order| order.token.as_ref() == Some(&ask.token));
            let known = known.filter(|_| self.ordering == OrderEffect::PaysOncePerToken);
            let number = known.unwrap_or_else(|| books.place(&self.sky, &ask.service, Some(ask.token.clone())));
            let pays = match self.ordering {
                OrderEffect::Unpaid => false,
                OrderEffect::MayPay => self.sky.roll(2) == 0,
                OrderEffect::PaysOncePerToken => known.is_none(),
            };
            if pays {
                books.pay(&self.sky, number, true);
            }
            if books.orders[number].paid.is_some() {
                let receipt = Receipt { order: Some(number.to_string()), ..Receipt::default() };
                Outcome::Paid(receipt)
            } else {
                Outcome::Placed(books.remote(number))
            }
        }))
    }

    fn pay<'a>(&'a self, ask: &'a Ask, order: &'a RemoteOrder) -> BoxFuture<'a, Outcome> {
        Box::pin(self.act(ask, move |books| {
            let number: usize = order.id.parse().expect("is a number");
            if !Books::is_open(&books.orders[number], self.sky.passed()) {
                let text = "the order cannot be paid".to_owned();
                return Outcome::Refused(Said { status: 409, code: None, text });
            }
            // Whoever placed it: it is ours who pay it.
            books.orders[number].token = Some(ask.token.clone());
            books.pay(&self.sky, number, true);
            Outcome::Paid(Receipt { order: Some(order.id.clone()), ..Receipt::default() })
        }))
    }

    fn read_back<'a>(
        &'a self,
        ask: &'a Ask,
        watermark: &'a Watermark,
        order: Option<&'a RemoteOrder>,
    ) -> BoxFuture<'a, Result<Finding, CallError>> {
        Box::pin(self.read("read back", move |books, now| found(books, now, ask, watermark, order)))
    }

    fn switch_native_off<'a>(&'a self, _: &'a Holding) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async { Err(CANNOT) })
    }

    fn funds(&self) -> BoxFuture<'_, Result<Vec<Funds>, CallError>> {
        Box::pin(async { Err(CANNOT) })
    }

    fn charges(&self, _: Timestamp) -> BoxFuture<'_, Result<Vec<Charge>, CallError>> {
        Box::pin(async { Err(CANNOT) })
    }
}
