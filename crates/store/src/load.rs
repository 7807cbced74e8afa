//! Loading a snapshot: all wants of a kind together, each row once.

use std::collections::{HashMap, HashSet};

use perennial_core::idempotency::{Nonce, TokenKey};
use perennial_core::ids::{AccountId, ApplicationId, CredentialId, JobId, MethodId, OrderId, ServiceId};
use perennial_core::product::{Catalogue, Price};
use perennial_core::snapshot::{Snapshot, Want};
use perennial_core::turn::Turn;

use crate::columns::Columns;
use crate::driver::{Driver, Param, Result, params};
use crate::session::{Role, Session};
use crate::{charges, rows, sql};

/// Reads the whole price list.
pub(crate) fn catalogue<D: Driver>(session: &Session<D>, version: i64) -> Result<Catalogue> {
    let mut catalogue = Catalogue { version, ..Catalogue::default() };
    for product in session.rows(sql::PRODUCTS, params![], rows::product::<D>)? {
        catalogue.products.insert(product.id, product);
    }
    for (product, price) in session.rows(sql::PRODUCT_PRICES, params![], rows::product_price::<D>)? {
        catalogue.products.entry(product).and_modify(|product| product.prices.push(price));
    }
    for promo in session.rows(sql::PROMOS, params![], rows::promo::<D>)? {
        catalogue.promos.insert(promo.code.clone(), promo);
    }
    if let Some(seller) = session.row(sql::SELLER, params![], rows::seller::<D>)? {
        catalogue.seller = seller;
    }
    Ok(catalogue)
}

/// Reads everything that is wanted: all of one kind together, then what that names.
pub(crate) fn snapshot<D: Driver>(session: &Session<D>, wants: &[Want]) -> Result<Snapshot> {
    let wanted = Wanted::of(wants);
    let mut loader = Loader { session, seen: Snapshot::default() };
    let mut named = Named {
        services: wanted.services.iter().chain(&wanted.families).copied().collect(),
        orders: wanted.orders.iter().chain(&wanted.with_services).copied().collect(),
        priced: Vec::new(),
    };
    named.only_new(&loader.seen);
    named = loader.first(&wanted, &named)?;
    while named.only_new(&loader.seen) {
        let asked = loader.ask(&named, &[], &[]);
        named = loader.told(asked, &named, &[])?;
    }
    Ok(loader.seen)
}

/// An account, and something of it.
type Owned<T> = (AccountId, T);

/// What is wanted, by kind, each once.
#[derive(Default)]
struct Wanted<'a> {
    accounts: Vec<AccountId>,
    services: Vec<Owned<ServiceId>>,
    families: Vec<Owned<ServiceId>>,
    orders: Vec<Owned<OrderId>>,
    with_services: Vec<Owned<OrderId>>,
    open_orders: Vec<AccountId>,
    links: Vec<Owned<OrderId>>,
    jobs: Vec<Owned<JobId>>,
    payments: Vec<Owned<OrderId>>,
    invoices: Vec<Owned<OrderId>>,
    charges: Vec<Owned<OrderId>>,
    method: Vec<Owned<MethodId>>,
    methods: Vec<AccountId>,
    balances: Vec<AccountId>,
    coupons: Vec<AccountId>,
    replays: Vec<&'a TokenKey>,
    terminations: Vec<Owned<ServiceId>>,
    attended: Vec<Owned<ServiceId>>,
    applications: Vec<ApplicationId>,
    nonces: Vec<&'a Nonce>,
    credentials: Vec<CredentialId>,
}

impl<'a> Wanted<'a> {
    fn of(wants: &'a [Want]) -> Self {
        let mut wanted = Self::default();
        let mut done = HashSet::with_capacity(wants.len());
        for want in wants.iter().filter(|want| done.insert(*want)) {
            match want {
                Want::Account(id) => wanted.accounts.push(*id),
                Want::Service(account, id) => wanted.services.push((*account, *id)),
                Want::Family(account, id) => wanted.families.push((*account, *id)),
                Want::Order(account, id) => wanted.orders.push((*account, *id)),
                Want::OrderWithServices(account, id) => wanted.with_services.push((*account, *id)),
                Want::OpenOrders(account) => wanted.open_orders.push(*account),
                Want::Link(account, id) => wanted.links.push((*account, *id)),
                Want::Job(account, id) => wanted.jobs.push((*account, *id)),
                Want::Payment(account, id) => wanted.payments.push((*account, *id)),
                Want::Invoices(account, id) => wanted.invoices.push((*account, *id)),
                Want::Charges(account, id) => wanted.charges.push((*account, *id)),
                Want::Method(account, id) => wanted.method.push((*account, *id)),
                Want::Methods(account) => wanted.methods.push(*account),
                Want::Balances(account) => wanted.balances.push(*account),
                Want::Coupons(account) => wanted.coupons.push(*account),
                Want::Replay(token) => wanted.replays.push(token),
                Want::Termination(account, id) => wanted.terminations.push((*account, *id)),
                Want::Attended(account, id) => wanted.attended.push((*account, *id)),
                Want::Application(id) => wanted.applications.push(*id),
                Want::Nonce(nonce) => wanted.nonces.push(nonce),
                Want::Credential(id) => wanted.credentials.push(*id),
            }
        }
        wanted
    }
}

/// The parameters of statements that look up by one value, and by an id and its account.
macro_rules! keys {
    ($ids:expr) => {
        $ids.iter().map(|id| *params![id.0]).collect()
    };
    ($ids:expr, of accounts) => {
        $ids.iter().map(|(account, id)| *params![id.0, account.0]).collect()
    };
}

/// Services and orders that are to be read next.
#[derive(Default)]
struct Named {
    services: Vec<Owned<ServiceId>>,
    orders: Vec<Owned<OrderId>>,
    /// Services that were read and have protected prices.
    priced: Vec<ServiceId>,
}

impl Named {
    /// Leaves each once that was not seen yet; tells whether there is any.
    fn only_new(&mut self, seen: &Snapshot) -> bool {
        let (mut services, mut orders) = (HashSet::new(), HashSet::new());
        self.services.retain(|id| !seen.services.contains_key(&id.1) && services.insert(*id));
        self.orders.retain(|id| !seen.orders.contains_key(&id.1) && orders.insert(*id));
        !self.services.is_empty() || !self.orders.is_empty() || !self.priced.is_empty()
    }
}

struct Loader<'a, D> {
    session: &'a Session<D>,
    seen: Snapshot,
}

/// Services and orders that were asked for, with what belongs to them.
struct Asked<'a, D: Driver + 'a> {
    services: D::Asked<'a, 2>,
    prices: D::Asked<'a, 1>,
    children: D::Asked<'a, 2>,
    orders: D::Asked<'a, 2>,
    lines: D::Asked<'a, 1>,
    /// After the lines: who sees an order that was placed just now sees its services.
    of_orders: D::Asked<'a, 2>,
}

impl<'a, D: Driver> Loader<'a, D> {
    /// The price list, the numbers that come next, and all that the wants name; tells what is named there in turn. All
    /// questions are asked before the first answer is read, and answers are read in the order of the questions.
    fn first(&mut self, wanted: &Wanted<'_>, named: &Named) -> Result<Named> {
        let session = self.session;
        let known = session.known_catalogue();
        let version = session.ask(sql::CATALOGUE_VERSION, vec![[]]);
        let numbers = session.ask(sql::NEXT, next_keys(session, &known));
        let accounts = session.ask(sql::ACCOUNT, keys!(wanted.accounts));
        let links = session.ask(sql::LINK, keys!(wanted.links, of accounts));
        let jobs = session.ask(sql::JOB, keys!(wanted.jobs, of accounts));
        let payments = session.ask(sql::PAYMENT, keys!(wanted.payments, of accounts));
        let invoices = session.ask(sql::INVOICES_OF_ORDER, keys!(wanted.invoices, of accounts));
        let charges = session.ask(sql::CHARGES_OF_ORDER, keys!(wanted.charges, of accounts));
        let method = session.ask(sql::METHOD, keys!(wanted.method, of accounts));
        let methods = session.ask(sql::METHODS, keys!(wanted.methods));
        let balances = session.ask(sql::BALANCES, keys!(wanted.balances));
        let terminations = session.ask(sql::TERMINATION, keys!(wanted.terminations, of accounts));
        let attended = session.ask(sql::STAGES, keys!(wanted.attended, of accounts));
        let applications = session.ask(sql::APPLICATION, keys!(wanted.applications));
        let credentials = session.ask(sql::CREDENTIAL, keys!(wanted.credentials));
        let nonces = wanted.nonces.iter().map(|nonce| *params![nonce.application.0, nonce.digest]);
        let nonces = session.ask(sql::NONCE, nonces.collect());
        let open = session.ask(sql::ORDER_IDS_OPEN, keys!(wanted.open_orders));
        let coupons = session.ask(sql::COUPONS_UNUSED, keys!(wanted.coupons));
        let tokens = wanted.replays.iter().map(|token| *params![token.account.0, token.operation, token.key]);
        let replays = session.ask(sql::REPLAY, tokens.collect());
        let asked = self.ask(named, &wanted.with_services, &wanted.families);

        let seen = &mut self.seen;
        let version = session.told(version, |row| Columns::of(row).take())?.first().map_or(0, |(_, version)| *version);
        let numbers = session.told(numbers, rows::next::<D>)?;
        let accounts = session.told(accounts, rows::account::<D>)?;
        seen.accounts.extend(accounts.into_iter().map(|(_, account)| (account.id, account)));
        let links = session.told(links, rows::link::<D>)?;
        seen.links.extend(links.into_iter().map(|(_, link)| (link.order, link)));
        let jobs = session.told(jobs, rows::job::<D>)?;
        seen.jobs.extend(jobs.into_iter().map(|(_, job)| (job.id, job)));
        let payments = session.told(payments, rows::payment::<D>)?;
        seen.payments.extend(payments.into_iter().map(|(_, payment)| (payment.order, payment)));
        for (_, invoice) in session.told(invoices, rows::invoice::<D>)? {
            seen.invoices.entry(invoice.order).or_default().push(invoice);
        }
        for (_, charge) in session.told(charges, charges::row::<D>)? {
            seen.charges.entry(charge.order).or_default().push(charge);
        }
        let method = session.told(method, rows::method::<D>)?;
        let methods = session.told(methods, rows::method::<D>)?;
        seen.methods.extend(method.into_iter().chain(methods).map(|(_, method)| (method.id, method)));
        let balances = session.told(balances, rows::balances::<D>)?;
        seen.balances.extend(balances.into_iter().map(|(at, balances)| (wanted.balances[at], balances)));
        let terminations = session.told(terminations, rows::termination::<D>)?;
        seen.terminations.extend(terminations.into_iter().map(|(_, termination)| (termination.service, termination)));
        for (_, attended) in session.told(attended, rows::attended::<D>)? {
            seen.attended.entry(attended.service).or_default().push(attended);
        }
        let applications = session.told(applications, rows::application::<D>)?;
        seen.applications.extend(applications.into_iter().map(|(_, application)| (application.id, application)));
        let credentials = session.told(credentials, rows::credential::<D>)?;
        seen.credentials.extend(credentials.into_iter().map(|(_, credential)| (credential.id, credential)));
        let nonces = session.told(nonces, rows::kept::<D>)?;
        seen.nonces.extend(nonces.into_iter().map(|(at, kept)| (*wanted.nonces[at], kept)));

        let mut next = Named::default();
        let open = session.told(open, |row| Columns::of(row).take().map(OrderId))?;
        next.orders.extend(open.into_iter().map(|(at, id)| (wanted.open_orders[at], id)));
        seen.coupons.extend(wanted.coupons.iter().map(|account| (*account, Vec::new())));
        for (_, coupon) in session.told(coupons, rows::coupon::<D>)? {
            next.orders.extend(coupon.used_by.map(|holder| (coupon.account, holder)));
            seen.coupons.entry(coupon.account).or_default().push(coupon);
        }
        session.driver.answer(replays, |at, row| {
            let replay = rows::replay::<D>(row, wanted.replays[at])?;
            next.orders.push((replay.token.account, replay.answer.order()));
            seen.replays.insert(replay.token.clone(), replay);
            Ok(())
        })?;

        let more = self.told(asked, named, &wanted.families)?;
        next.orders.extend(more.orders);
        let next = Named { orders: next.orders, ..more };

        self.seen.catalogue = session.catalogue_of(version)?;
        let numbers = match numbers.into_iter().next() {
            Some((_, numbers)) if known.version == version => Some(numbers),
            _ => {
                let asked = session.ask(sql::NEXT, next_keys(session, &self.seen.catalogue));
                session.told(asked, rows::next::<D>)?.into_iter().next().map(|(_, numbers)| numbers)
            }
        };
        (self.seen.next, self.seen.access) = numbers.unwrap_or_default();
        Ok(next)
    }

    /// Asks for services, protected prices, orders with their lines, the services of orders, and which services belong to
    /// others.
    fn ask(&self, named: &Named, with_services: &[Owned<OrderId>], families: &[Owned<ServiceId>]) -> Asked<'a, D> {
        let session = self.session;
        Asked {
            services: session.ask(sql::SERVICE, keys!(named.services, of accounts)),
            prices: session.ask(sql::SERVICE_PRICES, keys!(named.priced)),
            children: session.ask(sql::SERVICE_CHILDREN, keys!(families, of accounts)),
            orders: session.ask(sql::ORDER, keys!(named.orders, of accounts)),
            lines: session.ask(sql::ORDER_LINES, named.orders.iter().map(|(_, id)| *params![id.0]).collect()),
            of_orders: session.ask(sql::SERVICES_OF_ORDER, keys!(with_services, of accounts)),
        }
    }

    /// What was asked for; tells what is named there.
    fn told(&mut self, asked: Asked<'a, D>, named: &Named, families: &[Owned<ServiceId>]) -> Result<Named> {
        let (session, seen) = (self.session, &mut self.seen);
        let Asked { services, prices, children, orders, lines, of_orders } = asked;
        let mut next = Named::default();
        let mut services = session.told(services, rows::whether_priced_and_service::<D>)?;
        for (at, price) in session.told(prices, rows::service_price::<D>)? {
            seen.services.entry(named.priced[at]).and_modify(|service| service.protected_prices.push(price));
        }
        for (at, child) in session.told(children, |row| Columns::of(row).take().map(ServiceId))? {
            let (account, parent) = families[at];
            seen.children.entry(parent).or_default().push(child);
            next.services.push((account, child));
        }
        let orders = session.told(orders, rows::order::<D>)?;
        let mut orders: HashMap<_, _> = orders.into_iter().map(|(_, order)| (order.id, order)).collect();
        session.driver.answer(lines, |at, row| {
            // An order of another account is none, and neither are its lines.
            let (account, id) = named.orders[at];
            let Some(order) = orders.get_mut(&id).filter(|order| order.account == account) else { return Ok(()) };
            order.lines.push(rows::order_line::<D>(row, order.gross.currency())?);
            Ok(())
        })?;
        seen.orders.extend(orders);
        services.extend(session.told(of_orders, rows::whether_priced_and_service::<D>)?);
        for (_, (is_priced, service)) in services {
            next.orders.extend(service.open_order.map(|order| (service.account, order)));
            if is_priced && !seen.services.contains_key(&service.id) {
                next.priced.push(service.id);
            }
            seen.services.insert(service.id, service);
        }
        Ok(next)
    }
}

/// What the numbers that come next are asked for with. Only who writes has to know them.
fn next_keys<'a, D: Driver>(session: &Session<D>, catalogue: &'a Catalogue) -> Vec<[Param<'a>; 3]> {
    let turn = match session.turn.get() {
        Turn::Orders => 1_i64,
        Turn::Payments => 2,
        Turn::All => 3,
    };
    match session.role {
        Role::Writer => vec![*params![turn, catalogue.seller.invoice_series, catalogue.seller.credit_series]],
        Role::Reader => Vec::new(),
    }
}

/// The protected prices of a service.
pub(crate) fn protected_prices<D: Driver>(session: &Session<D>, id: ServiceId) -> Result<Vec<Price>> {
    session.rows(sql::SERVICE_PRICES, params![id.0], rows::service_price::<D>)
}
