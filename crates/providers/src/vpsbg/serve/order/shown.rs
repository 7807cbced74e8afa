//! An order as this API shows it: what is still to be paid, how it is paid, and its lines.

use jiff::Timestamp;
use perennial_core::calendar::Period;
use perennial_core::ids::{AccountId, OrderId};
use perennial_core::money::{Money, MoneyError};
use perennial_core::order::{Order, OrderLine, OrderState, Origin, Purpose};
use perennial_core::payment::{MethodKind, Payment};
use perennial_core::product::{Catalogue, Kind, Product, PromoCode};
use perennial_core::snapshot::{Snapshot, Want};

use super::super::Context;
use super::super::found::{Found, midnight, service_type};
use super::super::invoice::papers;
use super::super::money::{net, without_vat};
use crate::common::card::Card;
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::order::{
    CardInformation, Line, LinePromo, Order as WireOrder, OrderType, PaymentWord, Promo, Status,
};
use crate::vpsbg::wire::rate::{Multiplier, Percentage};
use crate::vpsbg::wire::stamp::{Stamp, UnixSeconds};

/// Everything that showing an order looks at.
pub(in super::super) fn wants(account: AccountId, order: OrderId) -> [Want; 4] {
    [
        Want::OrderWithServices(account, order),
        Want::Payment(account, order),
        Want::Invoices(account, order),
        Want::Methods(account),
    ]
}

/// An order with what was loaded of it.
#[derive(Clone, Copy)]
pub(in super::super) struct Shown<'a> {
    context: &'a Context<'a>,
    seen: &'a Snapshot,
    order: &'a Order,
}

impl<'a> Shown<'a> {
    /// Shows an order of the caller's. What was not loaded of it is left out.
    pub fn new(context: &'a Context<'a>, seen: &'a Snapshot, order: &'a Order) -> Self {
        Self { context, seen, order }
    }

    /// The order alone: with its papers and its lines.
    pub fn single(self) -> Result<WireOrder, Failure> {
        let Self { context, seen, order } = self;
        let payment = self.payment();
        let issued = seen.invoices.get(&order.id).filter(|_| payment.is_some()).map_or(&[][..], Vec::as_slice);
        let papers = papers(context.account(), order, payment, issued)?;
        let lines = order.lines.iter().map(|line| self.line(line)).collect::<Result<_, _>>()?;
        Ok(WireOrder { invoices: Some(papers), services: Some(lines), ..self.item()? })
    }

    /// The order as one of a list.
    pub fn item(self) -> Result<WireOrder, Failure> {
        let Self { context, seen, order } = self;
        let payment = self.payment();
        let sums = Sums::of(order, payment)?;
        Ok(WireOrder {
            id: order.id.0,
            tax_rate: Multiplier(order.taxed.rate().ppm()),
            amount: net(sums.net),
            amount_with_vat: net(sums.gross),
            amount_from_balance: net(sums.from_balance),
            payment_method: payment_word(payment.map(|payment| payment.kind).or(order.plan.kind)),
            status: status_of(context.now, order),
            order_type: order_type(order, |line| self.product(line).map(|product| product.kind)),
            auto_pay: order.plan.by_itself,
            promo_applicable: self.promo_applicable(),
            created_at: Stamp(order.placed),
            due_at: self.due()?,
            payment_date: payment.map(|payment| Stamp(payment.at)),
            invoices: None,
            promo: order.promo.as_deref().map(|code| promo(&seen.catalogue, code)),
            payment_information: payment.and_then(|payment| self.card(payment)),
            services: None,
        })
    }

    /// Its payment. What a repeated request is answered shows the order as it was: not paid, if it was not.
    fn payment(self) -> Option<&'a Payment> {
        let paid = matches!(self.order.state, OrderState::Fulfilled(_));
        self.seen.payments.get(&self.order.id).filter(|_| paid)
    }

    fn product(self, line: &OrderLine) -> Option<&'a Product> {
        self.seen.services.get(&line.service).and_then(|service| self.seen.product(service).ok())
    }

    /// Until when it is to be paid: a renewal that its owner placed, until the instant at which the first of its terms
    /// begins (worked out from a sample); anything else, until it lapses.
    fn due(self) -> Result<Stamp, Failure> {
        let by_owner = self.order.purpose == Purpose::Renewal && self.order.origin == Origin::Customer;
        let first = self.order.lines.iter().map(|line| line.term.from()).min();
        match first.filter(|_| by_owner) {
            Some(from) => midnight(self.context.account(), from),
            None => Ok(Stamp(self.order.lapses)),
        }
    }

    /// Whether the order is a renewal that waits for its payment, and can be changed.
    fn is_open_renewal(self) -> bool {
        self.order.check_open(self.context.now).is_ok() && self.order.purpose == Purpose::Renewal
    }

    /// Whether some promo code could be put on it: it has none, and can still be changed.
    fn promo_applicable(self) -> bool {
        let free = self.is_open_renewal() && self.order.promo.is_none();
        free && self.seen.catalogue.promos.values().any(|promo| self.takes(promo))
    }

    /// Whether a promo code lowers some line, and every line that it is given for is long enough.
    fn takes(self, promo: &PromoCode) -> bool {
        let given = |line: &&OrderLine| self.product(line).is_some_and(|product| promo.is_for(product.id));
        let mut lines = self.order.lines.iter().filter(given).peekable();
        promo.holds(self.context.now)
            && lines.peek().is_some()
            && lines.all(|line| months(line).is_some_and(|months| months >= promo.months_min))
    }

    /// The card that paid, where the customer's methods still show it.
    fn card(self, payment: &Payment) -> Option<CardInformation> {
        let method = self.seen.methods.get(&payment.method?).filter(|method| method.kind == MethodKind::Card)?;
        let card = Card::of_label(&method.label)?;
        let part = |text: &dyn Fn(jiff::civil::Date) -> String| method.expires.map(text).unwrap_or_default();
        Some(CardInformation {
            last_4: card.last_four().to_owned(),
            brand: card.brand().to_owned(),
            expiry_month: part(&|date| format!("{:02}", date.month())),
            expiry_year: part(&|date| date.year().to_string()),
        })
    }

    fn line(self, line: &OrderLine) -> Result<Line, Failure> {
        let account = self.context.account();
        let found = Found::of(self.context, self.seen, line.service).ok();
        let product = self.product(line);
        let kind = product.map(|product| product.kind);
        let with_cycle = kind.is_some_and(|kind| kind != Kind::Addon);
        let seconds = |date| midnight(account, date).map(|Stamp(at)| Some(UnixSeconds(at)));
        let lowered = line.net != line.list;
        Ok(Line {
            label: label(self.order.purpose, line, kind, found.map(|found| found.label())),
            sublabel: found.and_then(|found| found.ip()).map(str::to_owned),
            period_from: seconds(line.term.from())?,
            period_to: seconds(line.term.until())?,
            is_period_changeable: kind == Some(Kind::Server) && self.is_open_renewal(),
            service_id: Some(line.service.0),
            service_billing_cycle: months(line).filter(|_| with_cycle),
            service_minimum_billing_cycle: found.map(|found| found.minimum_billing_cycle()).filter(|_| with_cycle),
            service_type: kind.and_then(service_type),
            amount: net(line.net),
            amount_with_vat: net(fits(line.net.plus(line.tax))?),
            amount_sublabel: "",
            promo: self.order.promo.as_deref().filter(|_| lowered).and_then(|code| self.line_promo(code)),
        })
    }

    fn line_promo(self, code: &str) -> Option<LinePromo> {
        let promo = self.seen.catalogue.promos.get(code)?;
        Some(LinePromo { code: code.to_owned(), percentage: Percentage(promo.off.ppm()) })
    }
}

/// What an order's lines call a service. Of renewals of servers the form is documented; the rest is inferred from it.
fn label(purpose: Purpose, line: &OrderLine, kind: Option<Kind>, server: Option<String>) -> String {
    let name = server.filter(|_| kind == Some(Kind::Server)).unwrap_or_else(|| line.description.clone());
    match (purpose, kind) {
        (Purpose::Renewal, Some(Kind::Addon)) | (Purpose::Purchase | Purpose::Deposit, _) => name,
        (Purpose::Renewal, _) => format!("Renewal: {name}"),
    }
}

fn months(line: &OrderLine) -> Option<u16> {
    line.period.and_then(Period::as_months)
}

/// A promo code of an order or of a quote. What it takes off is absent, and its least cycle 1, where it is no longer
/// known.
pub(in super::super) fn promo(catalogue: &Catalogue, code: &str) -> Promo {
    let known = catalogue.promos.get(code);
    Promo {
        code: code.to_owned(),
        percentage: known.map(|promo| Percentage(promo.off.ppm())),
        minimum_billing_cycle: known.map_or(1, |promo| promo.months_min.max(1)),
    }
}

/// How far the order is: it is processed while its charge is under way.
pub(super) fn status_of(now: Timestamp, order: &Order) -> Status {
    match order.state_at(now) {
        OrderState::Open if order.charge.is_some() => Status::Processing,
        OrderState::Open => Status::AwaitingPayment,
        OrderState::Fulfilled(_) => Status::Paid,
        OrderState::Cancelled(_) | OrderState::Lapsed => Status::Cancelled,
    }
}

/// The word for a kind of money; the balance's where none was said. Credit lines and PayPal have no word: they are
/// shown as what is nearest (unverified). Which of the two bitcoin words was said is not kept.
pub(in super::super) const fn payment_word(kind: Option<MethodKind>) -> PaymentWord {
    match kind {
        None | Some(MethodKind::Balance | MethodKind::CreditLine) => PaymentWord::Balance,
        Some(MethodKind::Card | MethodKind::PayPal) => PaymentWord::Card,
        Some(MethodKind::BankTransfer) => PaymentWord::Bank,
        Some(MethodKind::Bitcoin) => PaymentWord::Bitcoin,
    }
}

/// The kind of money that a word means.
pub(in super::super) const fn payment_kind(word: PaymentWord) -> MethodKind {
    match word {
        PaymentWord::Balance => MethodKind::Balance,
        PaymentWord::Card => MethodKind::Card,
        PaymentWord::Bank => MethodKind::BankTransfer,
        PaymentWord::Bitcoin | PaymentWord::BitcoinLn => MethodKind::Bitcoin,
    }
}

fn order_type(order: &Order, kind_of: impl Fn(&OrderLine) -> Option<Kind>) -> OrderType {
    let all = |kind| order.lines.iter().all(|line| kind_of(line) == Some(kind));
    match (order.purpose, order.origin) {
        (Purpose::Deposit, _) => OrderType::Deposit,
        (Purpose::Renewal, Origin::Schedule) => OrderType::Combined,
        (Purpose::Renewal, Origin::Customer) => OrderType::RenewService,
        (Purpose::Purchase, _) if all(Kind::Addon) => OrderType::NewAddon,
        (Purpose::Purchase, _) if all(Kind::Ip) => OrderType::NewFloatingIp,
        (Purpose::Purchase, _) => OrderType::NewService,
    }
}

/// What an order comes to, in two parts: what the payment method has to pay or has paid, and what the balance paid
/// (documented samples: an order of 27 paid from the balance shows 0, 0 and 27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Sums {
    /// What the payment method pays, without VAT.
    pub net: Money,
    /// The same with VAT.
    pub gross: Money,
    /// What the balance paid, without VAT.
    pub from_balance: Money,
}

impl Sums {
    /// The sums of an order with its payment, if it was paid. A deposit has no VAT in the ledger, and is shown as if its
    /// VAT were in it.
    pub fn of(order: &Order, payment: Option<&Payment>) -> Result<Self, Failure> {
        let whole = match order.purpose {
            Purpose::Deposit => without_vat(order.taxed.rate(), order.gross)?.0,
            Purpose::Renewal | Purpose::Purchase => order.net,
        };
        let nothing = Money::zero(order.gross.currency());
        let taken = match payment {
            None => nothing,
            Some(payment) if payment.kind == MethodKind::Balance => order.gross,
            Some(payment) => payment.from_balance,
        };
        let from_balance =
            if taken == order.gross && !taken.is_zero() { whole } else { without_vat(order.taxed.rate(), taken)?.0 };
        Ok(Self { net: fits(whole.minus(from_balance))?, gross: fits(order.gross.minus(taken))?, from_balance })
    }
}

/// A sum of amounts that were all checked when they were written.
pub(in super::super) fn fits(sum: Result<Money, MoneyError>) -> Result<Money, Failure> {
    sum.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a sum of written amounts does not fit");
        Failure::server_error()
    })
}

#[cfg(test)]
pub(super) mod tests {
    use perennial_core::account::TaxTreatment;
    use perennial_core::calendar::{Term, parse_date};
    use perennial_core::ids::{AccountId, ChargeId, ServiceId};
    use perennial_core::money::{Currency, Rate};
    use perennial_core::order::PayPlan;

    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    fn line(service: i64) -> OrderLine {
        let date = |text| parse_date(text).expect("is a date");
        OrderLine {
            service: ServiceId(service),
            service_name: "ubuntu-2gb".to_owned(),
            description: "Cloud VPS 2 GB".to_owned(),
            period: Period::months(3),
            term: Term::new(date("2025-06-20"), date("2025-09-20")).expect("is not empty"),
            list: eur(2_700),
            net: eur(2_700),
            tax: eur(540),
        }
    }

    /// An order of three months that has lapsed.
    pub fn order(purpose: Purpose, net: i64, gross: i64) -> Order {
        Order {
            id: OrderId(7),
            account: AccountId(1),
            state: OrderState::Open,
            origin: Origin::Customer,
            purpose,
            promo: None,
            placed: Timestamp::UNIX_EPOCH,
            lapses: Timestamp::UNIX_EPOCH,
            password: String::new(),
            plan: PayPlan::unstated(Currency::EUR),
            taxed: TaxTreatment::Standard(Rate::from_ppm(200_000)),
            net: eur(net),
            tax: eur(gross - net),
            gross: eur(gross),
            lines: vec![line(1)],
            charge: None,
        }
    }

    #[test]
    fn an_order_is_processed_while_its_charge_is_under_way() {
        let (now, later) = (Timestamp::UNIX_EPOCH, Timestamp::constant(1, 0));
        let open = Order { lapses: later, ..order(Purpose::Renewal, 2_700, 3_240) };
        let charging = Order { charge: Some(ChargeId(3)), ..open.clone() };
        let paid = Order { state: OrderState::Fulfilled(now), ..charging.clone() };
        for (order, at, status) in [
            (&open, now, Status::AwaitingPayment),
            (&open, later, Status::Cancelled),
            (&charging, now, Status::Processing),
            (&charging, later, Status::Processing),
            // Its money is on its way back.
            (&paid, now, Status::Paid),
        ] {
            assert_eq!(status_of(at, order), status, "{order:?}");
        }
    }

    #[test]
    fn what_the_balance_paid_is_no_longer_to_be_paid() {
        use MethodKind::{Balance, Card, CreditLine};
        let renewal = order(Purpose::Renewal, 2_700, 3_240);
        for (paid, sums) in [
            (None, [2_700, 3_240, 0]),
            (Some((Balance, 0)), [0, 0, 2_700]),
            (Some((Card, 0)), [2_700, 3_240, 0]),
            (Some((CreditLine, 0)), [2_700, 3_240, 0]),
            (Some((Card, 1_200)), [1_700, 2_040, 1_000]),
        ] {
            let payment = paid.map(|(kind, part)| Payment {
                order: OrderId(7),
                account: AccountId(1),
                kind,
                method: None,
                amount: eur(3_240),
                from_balance: eur(part),
                at: Timestamp::UNIX_EPOCH,
            });
            let [net, gross, from_balance] = sums.map(eur);
            let read = Sums::of(&renewal, payment.as_ref());
            assert_eq!(read, Ok(Sums { net, gross, from_balance }), "{paid:?}");
        }
    }

    #[test]
    fn a_deposit_is_shown_as_if_its_vat_were_in_it() {
        let read = Sums::of(&order(Purpose::Deposit, 5_000, 5_000), None).expect("fits");
        assert_eq!(read, Sums { net: eur(4_167), gross: eur(5_000), from_balance: eur(0) });
    }

    #[test]
    fn an_order_is_for_what_its_lines_are() {
        use OrderType::{Combined, Deposit, NewAddon, NewFloatingIp, NewService, RenewService};
        for (purpose, origin, kind, order_type) in [
            (Purpose::Renewal, Origin::Customer, Some(Kind::Server), RenewService),
            (Purpose::Renewal, Origin::Customer, Some(Kind::Ip), RenewService),
            (Purpose::Renewal, Origin::Schedule, Some(Kind::Server), Combined),
            (Purpose::Purchase, Origin::Customer, Some(Kind::Addon), NewAddon),
            (Purpose::Purchase, Origin::Customer, Some(Kind::Ip), NewFloatingIp),
            (Purpose::Purchase, Origin::Customer, Some(Kind::Support), NewService),
            (Purpose::Purchase, Origin::Customer, None, NewService),
            (Purpose::Deposit, Origin::Customer, None, Deposit),
        ] {
            let placed = Order { origin, ..order(purpose, 1, 1) };
            assert_eq!(super::order_type(&placed, |_| kind), order_type, "{purpose:?} {origin:?} {kind:?}");
        }
    }

    #[test]
    fn a_line_is_called_as_in_the_samples() {
        let server = || Some("Cloud VPS 2 GB - ubuntu-2gb [87.121.52.159]".to_owned());
        for (purpose, kind, label) in [
            (Purpose::Renewal, Some(Kind::Server), "Renewal: Cloud VPS 2 GB - ubuntu-2gb [87.121.52.159]"),
            (Purpose::Renewal, Some(Kind::Addon), "Cloud VPS 2 GB"),
            (Purpose::Renewal, Some(Kind::Support), "Renewal: Cloud VPS 2 GB"),
            (Purpose::Renewal, None, "Renewal: Cloud VPS 2 GB"),
            (Purpose::Purchase, Some(Kind::Server), "Cloud VPS 2 GB - ubuntu-2gb [87.121.52.159]"),
            (Purpose::Purchase, Some(Kind::Ip), "Cloud VPS 2 GB"),
        ] {
            assert_eq!(super::label(purpose, &line(1), kind, server()), label, "{purpose:?} {kind:?}");
        }
    }

    #[test]
    fn a_word_means_a_kind_of_money_and_back() {
        for word in [PaymentWord::Balance, PaymentWord::Card, PaymentWord::Bank, PaymentWord::Bitcoin] {
            assert_eq!(payment_word(Some(payment_kind(word))), word);
        }
        assert_eq!(payment_word(None), PaymentWord::Balance);
        assert_eq!(payment_kind(PaymentWord::BitcoinLn), MethodKind::Bitcoin);
    }
}
