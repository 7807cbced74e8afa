//! From a row to a value of the domain. Columns are read in the order in which the statement names them.

use jiff::Timestamp;
use perennial_core::account::{Account, Seller, Standing};
use perennial_core::calendar::{Period, Zone, parse_date};
use perennial_core::credential::{AccessRule, Application, ApplicationStatus, Credential, CredentialStatus, Flow};
use perennial_core::idempotency::{Answer, Replay, TokenKey};
use perennial_core::ids::{
    AccountId, ApplicationId, ChargeId, CouponId, CredentialId, InvoiceId, JobId, MethodId, OrderId, ProductId,
    ServiceId,
};
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::job::Job;
use perennial_core::ledger::{Balances, Book, Transfer};
use perennial_core::link::PaymentLink;
use perennial_core::money::{Currency, Money, Rate};
use perennial_core::notice::{Notice, Told};
use perennial_core::order::{Order, OrderLine, OrderState, Origin, PayPlan, Purpose};
use perennial_core::payment::{MethodKind, MethodStatus, OnGateway, Payment, PaymentMethod, Preference};
use perennial_core::product::{Coupon, Kind, Price, Product, PromoCode, Renewability};
use perennial_core::schedule::Attended;
use perennial_core::service::{Cancellation, Ending, Hold, RenewalMode, Service, Termination};
use perennial_core::snapshot::Next;

use crate::columns::Columns;
use crate::driver::{Driver, Result, Row};
use crate::{Due, Waiting, lines};

pub(crate) fn account<D: Driver>(row: &D::Row<'_>) -> Result<Account> {
    let mut columns = Columns::of(row);
    let id = AccountId(columns.take()?);
    let (code, name, email, country, vat_number) =
        (columns.take()?, columns.take()?, columns.take()?, columns.take()?, columns.take()?);
    let currency = columns.currency()?;
    let tax = columns.tax()?;
    Ok(Account {
        id,
        code,
        name,
        email,
        country,
        vat_number,
        currency,
        tax,
        zone: columns.parse(|name| Zone::parse(name).ok())?,
        credit_limit: columns.money(currency)?,
        standing: columns.parse(Standing::from_word)?,
        page_password: columns.take()?,
        joint_orders: columns.take()?,
        align_day: columns.anchor_opt()?,
        facts: columns.parse(lines::parse_facts)?,
        created: columns.instant()?,
    })
}

pub(crate) fn seller<D: Driver>(row: &D::Row<'_>) -> Result<Seller> {
    let mut columns = Columns::of(row);
    Ok(Seller {
        name: columns.take()?,
        address: columns.single_lines()?,
        vat_number: columns.take()?,
        invoice_series: columns.take()?,
        credit_series: columns.take()?,
        collects: columns.parse(|text| {
            lines::parse(text).map(|fields| fields.first().and_then(|word| MethodKind::from_word(word))).collect()
        })?,
        receipts: columns.take()?,
    })
}

/// A product, without its prices.
pub(crate) fn product<D: Driver>(row: &D::Row<'_>) -> Result<Product> {
    let mut columns = Columns::of(row);
    Ok(Product {
        id: ProductId(columns.take()?),
        code: columns.take()?,
        name: columns.take()?,
        kind: columns.parse(Kind::from_word)?,
        renewability: columns.parse(Renewability::from_word)?,
        grace_days: columns.take()?,
        suspension_days: columns.take()?,
        ahead_months_max: columns.take()?,
        facts: columns.parse(lines::parse_facts)?,
        redemption_days: columns.take()?,
        redemption_fees: columns.parse(fees)?,
        prices: Vec::new(),
    })
}

fn fees(text: &str) -> Option<Vec<Money>> {
    let fee = |fields: Vec<String>| {
        let [currency, minor] = <[String; 2]>::try_from(fields).ok()?;
        Some(Money::new(minor.parse().ok()?, Currency::parse(&currency).ok()?))
    };
    lines::parse(text).map(fee).collect()
}

pub(crate) fn product_price<D: Driver>(row: &D::Row<'_>) -> Result<(ProductId, Price)> {
    let mut columns = Columns::of(row);
    Ok((ProductId(columns.take()?), price(&mut columns)?))
}

pub(crate) fn service_price<D: Driver>(row: &D::Row<'_>) -> Result<Price> {
    price(&mut Columns::of(row))
}

fn price(columns: &mut Columns<'_, impl Row>) -> Result<Price> {
    let (currency, period) = (columns.currency()?, columns.period()?);
    Ok(Price { period, net: columns.money(currency)? })
}

pub(crate) fn promo<D: Driver>(row: &D::Row<'_>) -> Result<PromoCode> {
    let mut columns = Columns::of(row);
    Ok(PromoCode {
        code: columns.take()?,
        off: Rate::from_ppm(columns.take()?),
        products: columns.parse(product_ids)?,
        months_min: columns.take()?,
        starts: columns.instant_opt()?,
        ends: columns.instant_opt()?,
    })
}

fn product_ids(text: &str) -> Option<Vec<ProductId>> {
    lines::parse(text).map(|fields| fields.first()?.parse().ok().map(ProductId)).collect()
}

/// A service's place in the order in which services expire.
pub(crate) fn due<D: Driver>(row: &D::Row<'_>) -> Result<Due> {
    let mut columns = Columns::of(row);
    Ok(Due { service: ServiceId(columns.take()?), account: AccountId(columns.take()?), until: columns.date()? })
}

/// A service, without its protected prices, and first whether it has any.
pub(crate) fn whether_priced_and_service<D: Driver>(row: &D::Row<'_>) -> Result<(bool, Service)> {
    let mut columns = Columns::of(row);
    Ok((columns.take()?, service_of(&mut columns)?))
}

/// A service, without its protected prices.
pub(crate) fn service<D: Driver>(row: &D::Row<'_>) -> Result<Service> {
    service_of(&mut Columns::of(row))
}

fn service_of(columns: &mut Columns<'_, impl Row>) -> Result<Service> {
    Ok(Service {
        id: ServiceId(columns.take()?),
        account: AccountId(columns.take()?),
        product: ProductId(columns.take()?),
        parent: columns.take::<Option<_>>()?.map(ServiceId),
        name: columns.take()?,
        display_name: columns.take()?,
        created: columns.date()?,
        until: columns.date()?,
        anchor: columns.anchor()?,
        mode: columns.parse(RenewalMode::from_word)?,
        period: columns.period()?,
        hold: columns.parse(Hold::from_word)?,
        open_order: columns.take::<Option<_>>()?.map(OrderId),
        protected_prices: Vec::new(),
        facts: columns.parse(lines::parse_facts)?,
        version: columns.take()?,
        cancellation: cancellation(columns)?,
    })
}

/// The last columns of a service. The schema holds that all of them are there, or none.
fn cancellation(columns: &mut Columns<'_, impl Row>) -> Result<Option<Cancellation>> {
    let Some(requested) = columns.instant_opt()? else { return Ok(None) };
    Ok(Some(Cancellation {
        requested,
        reason: columns.take()?,
        ending: columns.parse(Ending::from_word)?,
        mode_before: columns.parse(RenewalMode::from_word)?,
    }))
}

/// An order, without its lines.
pub(crate) fn order<D: Driver>(row: &D::Row<'_>) -> Result<Order> {
    let mut columns = Columns::of(row);
    let (id, account) = (OrderId(columns.take()?), AccountId(columns.take()?));
    let (state, settled) = (columns.take()?, columns.instant_opt()?);
    let state = match (state, settled) {
        ("open", None) => OrderState::Open,
        ("fulfilled", Some(at)) => OrderState::Fulfilled(at),
        ("cancelled", Some(at)) => OrderState::Cancelled(at),
        _ => return Err(columns.unknown(state)),
    };
    let (origin, purpose) = (columns.parse(Origin::from_word)?, columns.parse(Purpose::from_word)?);
    let promo = columns.take()?;
    let (placed, lapses, password) = (columns.instant()?, columns.instant()?, columns.take()?);
    let currency = columns.currency()?;
    let (net, tax, gross) = (columns.money(currency)?, columns.money(currency)?, columns.money(currency)?);
    let plan = PayPlan {
        by_itself: columns.take()?,
        kind: columns.parse_opt(MethodKind::from_word)?,
        from_balance: columns.money(currency)?,
    };
    Ok(Order {
        id,
        account,
        state,
        origin,
        purpose,
        promo,
        placed,
        lapses,
        password,
        plan,
        taxed: columns.tax()?,
        net,
        tax,
        gross,
        lines: Vec::new(),
        charge: columns.take::<Option<_>>()?.map(ChargeId),
    })
}

pub(crate) fn order_line<D: Driver>(row: &D::Row<'_>, currency: Currency) -> Result<OrderLine> {
    let mut columns = Columns::of(row);
    Ok(OrderLine {
        service: ServiceId(columns.take()?),
        service_name: columns.take()?,
        description: columns.take()?,
        period: columns.parse_opt(|text| Period::parse(text).ok())?,
        term: columns.term()?,
        list: columns.money(currency)?,
        net: columns.money(currency)?,
        tax: columns.money(currency)?,
    })
}

pub(crate) fn payment<D: Driver>(row: &D::Row<'_>) -> Result<Payment> {
    let mut columns = Columns::of(row);
    let (order, account) = (OrderId(columns.take()?), AccountId(columns.take()?));
    let kind = columns.parse(MethodKind::from_word)?;
    let method = columns.take::<Option<_>>()?.map(MethodId);
    let amount = columns.money_and_currency()?;
    Ok(Payment {
        order,
        account,
        kind,
        method,
        amount,
        from_balance: columns.money(amount.currency())?,
        at: columns.instant()?,
    })
}

pub(crate) fn link<D: Driver>(row: &D::Row<'_>) -> Result<PaymentLink> {
    let mut columns = Columns::of(row);
    Ok(PaymentLink {
        order: OrderId(columns.take()?),
        account: AccountId(columns.take()?),
        token: columns.take()?,
        created: columns.instant()?,
        views: columns.take()?,
        viewed: columns.instant_opt()?,
    })
}

pub(crate) fn job<D: Driver>(row: &D::Row<'_>) -> Result<Job> {
    let mut columns = Columns::of(row);
    Ok(Job {
        id: JobId(columns.take()?),
        account: AccountId(columns.take()?),
        kind: columns.take()?,
        order: columns.take::<Option<_>>()?.map(OrderId),
        report: columns.take()?,
        at: columns.instant()?,
    })
}

pub(crate) fn invoice<D: Driver>(row: &D::Row<'_>) -> Result<Invoice> {
    let mut columns = Columns::of(row);
    let (id, account) = (InvoiceId(columns.take()?), AccountId(columns.take()?));
    let (kind, corrects) = (columns.take()?, columns.take()?);
    let kind = match (kind, corrects) {
        ("original", None) => InvoiceKind::Original,
        ("credit-note", Some(corrects)) => InvoiceKind::CreditNote { corrects: InvoiceId(corrects) },
        _ => return Err(columns.unknown(kind)),
    };
    let (series, number, order) = (columns.take()?, columns.take()?, OrderId(columns.take()?));
    let (issued, currency) = (columns.instant()?, columns.currency()?);
    Ok(Invoice {
        id,
        account,
        kind,
        series,
        number,
        order,
        issued,
        net: columns.money(currency)?,
        tax: columns.money(currency)?,
        gross: columns.money(currency)?,
    })
}

pub(crate) fn transfer<D: Driver>(row: &D::Row<'_>) -> Result<(i64, Transfer)> {
    let mut columns = Columns::of(row);
    let id = columns.take()?;
    let transfer = Transfer {
        account: AccountId(columns.take()?),
        debit: columns.parse(Book::from_word)?,
        credit: columns.parse(Book::from_word)?,
        amount: columns.money_and_currency()?,
        order: columns.take::<Option<_>>()?.map(OrderId),
        at: columns.instant()?,
        memo: columns.take()?,
    };
    Ok((id, transfer))
}

pub(crate) fn balances<D: Driver>(row: &D::Row<'_>) -> Result<Balances> {
    let mut columns = Columns::of(row);
    let currency = columns.currency()?;
    Ok(Balances { balance: columns.money(currency)?, receivable: columns.money(currency)? })
}

pub(crate) fn method<D: Driver>(row: &D::Row<'_>) -> Result<PaymentMethod> {
    let mut columns = Columns::of(row);
    Ok(PaymentMethod {
        id: MethodId(columns.take()?),
        account: AccountId(columns.take()?),
        kind: columns.parse(MethodKind::from_word)?,
        label: columns.take()?,
        description: columns.take()?,
        status: columns.parse(MethodStatus::from_word)?,
        preference: columns.parse(|word| match word {
            DEFAULT => Some(Preference::Default),
            OTHER => Some(Preference::Other),
            _ => None,
        })?,
        expires: columns.parse_opt(|text| parse_date(text).ok())?,
        created: columns.instant()?,
        on_gateway: on_gateway(&mut columns)?,
    })
}

/// The last columns of a method. The schema holds that all of them are there, or none.
fn on_gateway(columns: &mut Columns<'_, impl Row>) -> Result<Option<OnGateway>> {
    let Some(gateway) = columns.take()? else { return Ok(None) };
    Ok(Some(OnGateway { gateway, customer: columns.take()?, method: columns.take()? }))
}

const DEFAULT: &str = "default";
const OTHER: &str = "other";

/// The word for a preference; nothing outside the database needs one.
pub(crate) const fn preference_word(preference: Preference) -> &'static str {
    match preference {
        Preference::Default => DEFAULT,
        Preference::Other => OTHER,
    }
}

pub(crate) fn coupon<D: Driver>(row: &D::Row<'_>) -> Result<Coupon> {
    let mut columns = Columns::of(row);
    Ok(Coupon {
        id: CouponId(columns.take()?),
        account: AccountId(columns.take()?),
        amount: columns.money_and_currency()?,
        expires: columns.instant_opt()?,
        used_by: columns.take::<Option<_>>()?.map(OrderId),
    })
}

pub(crate) fn replay<D: Driver>(row: &D::Row<'_>, token: &TokenKey) -> Result<Replay> {
    let mut columns = Columns::of(row);
    let (digest, word, order) = (columns.take()?, columns.take()?, OrderId(columns.take()?));
    let answer = Answer::from_word(word, order).ok_or_else(|| columns.unknown(word))?;
    Ok(Replay { token: token.clone(), digest, answer, keep_until: columns.instant()? })
}

pub(crate) fn kept<D: Driver>(row: &D::Row<'_>) -> Result<Timestamp> {
    Columns::of(row).instant()
}

pub(crate) fn termination<D: Driver>(row: &D::Row<'_>) -> Result<Termination> {
    let mut columns = Columns::of(row);
    Ok(Termination {
        account: AccountId(columns.take()?),
        service: ServiceId(columns.take()?),
        token_digest: columns.take()?,
        until: columns.date()?,
        requested: columns.instant()?,
    })
}

pub(crate) fn application<D: Driver>(row: &D::Row<'_>) -> Result<Application> {
    let mut columns = Columns::of(row);
    Ok(Application {
        id: ApplicationId(columns.take()?),
        owner: AccountId(columns.take()?),
        dialect: columns.take()?,
        key: columns.take()?,
        secret_sealed: columns.take()?,
        name: columns.take()?,
        description: columns.take()?,
        flow: columns.parse(Flow::from_word)?,
        status: columns.parse(ApplicationStatus::from_word)?,
        created: columns.instant()?,
    })
}

pub(crate) fn credential<D: Driver>(row: &D::Row<'_>) -> Result<Credential> {
    let mut columns = Columns::of(row);
    Ok(Credential {
        id: CredentialId(columns.take()?),
        dialect: columns.take()?,
        application: columns.take::<Option<_>>()?.map(ApplicationId),
        account: columns.take::<Option<_>>()?.map(AccountId),
        digest: columns.take()?,
        label: columns.take()?,
        status: columns.parse(CredentialStatus::from_word)?,
        rules: columns.parse(access_rules)?,
        allowed_ips: columns.single_lines()?,
        redirection: columns.take()?,
        approval_digest: columns.take()?,
        created: columns.instant()?,
        expires: columns.instant_opt()?,
        last_used: columns.instant_opt()?,
    })
}

fn access_rules(text: &str) -> Option<Vec<AccessRule>> {
    lines::parse(text)
        .map(|fields| <[String; 2]>::try_from(fields).ok().map(|[method, path]| AccessRule { method, path }))
        .collect()
}

pub(crate) fn notice<D: Driver>(row: &D::Row<'_>) -> Result<Waiting> {
    let mut columns = Columns::of(row);
    let (id, account) = (columns.take()?, AccountId(columns.take()?));
    let word: &str = columns.take()?;
    let (service, order, method): (Option<_>, Option<_>, Option<_>) =
        (columns.take()?, columns.take()?, columns.take()?);
    let (name, token) = (columns.take()?, columns.take()?);
    let (until, on) = (columns.date_opt()?, columns.date_opt()?);
    let told = Told {
        service: service.map(ServiceId),
        order: order.map(OrderId),
        method: method.map(MethodId),
        name,
        token,
        until,
        on,
        reason: columns.take()?,
    };
    let kind = told.kind(word).ok_or_else(|| columns.unknown(word))?;
    Ok(Waiting { id, notice: Notice { account, kind, at: columns.instant()? }, tries: columns.take()? })
}

pub(crate) fn attended<D: Driver>(row: &D::Row<'_>) -> Result<Attended> {
    let mut columns = Columns::of(row);
    let (account, service) = (AccountId(columns.take()?), ServiceId(columns.take()?));
    let (until, stage) = (columns.date()?, columns.take()?);
    Ok(Attended { account, service, until, stage, at: columns.instant()? })
}

pub(crate) fn next<D: Driver>(row: &D::Row<'_>) -> Result<(Next, i64)> {
    let mut columns = Columns::of(row);
    let next = Next {
        order: columns.take()?,
        service: columns.take()?,
        method: columns.take()?,
        job: columns.take()?,
        invoice: columns.take()?,
        invoice_number: columns.take()?,
        credit_number: columns.take()?,
        application: columns.take()?,
        credential: columns.take()?,
        charge: columns.take()?,
    };
    Ok((next, columns.take()?))
}
