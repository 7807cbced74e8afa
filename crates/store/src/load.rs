//! Loading a snapshot: every want by point reads, each row once.

use std::collections::HashSet;

use perennial_core::ids::{AccountId, OrderId, ServiceId};
use perennial_core::product::Catalogue;
use perennial_core::service::Service;
use perennial_core::snapshot::{Next, Snapshot, Want};

use crate::columns::Columns;
use crate::driver::{Driver, Result, params};
use crate::session::{Role, Session};
use crate::{rows, sql};

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

/// Reads everything that is wanted.
pub(crate) fn snapshot<D: Driver>(session: &Session<D>, wants: &[Want]) -> Result<Snapshot> {
    let catalogue = session.catalogue()?;
    let series = params![catalogue.seller.invoice_series, catalogue.seller.credit_series];
    let next = match session.role {
        Role::Writer => session.row(sql::NEXT, series, rows::next::<D>)?.unwrap_or_default(),
        Role::Reader => Next::default(),
    };
    let mut loader = Loader { session, seen: Snapshot { catalogue, next, ..Snapshot::default() } };
    let mut done = HashSet::with_capacity(wants.len());
    for want in wants {
        if done.insert(want) {
            loader.load(want)?;
        }
    }
    Ok(loader.seen)
}

struct Loader<'a, D> {
    session: &'a Session<D>,
    seen: Snapshot,
}

impl<D: Driver> Loader<'_, D> {
    fn load(&mut self, want: &Want) -> Result<()> {
        let session = self.session;
        match want {
            Want::Account(id) => {
                let account = session.row(sql::ACCOUNT, params![id.0], rows::account::<D>)?;
                self.seen.accounts.extend(account.map(|account| (*id, account)));
            }
            Want::Service(account, id) => self.service(*account, *id)?,
            Want::OpenOrders(account) => {
                for id in
                    session.rows(sql::ORDER_IDS_OPEN, params![account.0], |row| Columns::of(row).take().map(OrderId))?
                {
                    self.order(*account, id)?;
                }
            }
            Want::Family(account, id) => self.family(*account, *id)?,
            Want::Order(account, id) => self.order(*account, *id)?,
            Want::OrderWithServices(account, id) => self.order_with_services(*account, *id)?,
            Want::Link(account, id) => {
                let link = session.row(sql::LINK, params![id.0, account.0], rows::link::<D>)?;
                self.seen.links.extend(link.map(|link| (*id, link)));
            }
            Want::Job(account, id) => {
                let job = session.row(sql::JOB, params![id.0, account.0], rows::job::<D>)?;
                self.seen.jobs.extend(job.map(|job| (*id, job)));
            }
            Want::Payment(account, id) => {
                let payment = session.row(sql::PAYMENT, params![id.0, account.0], rows::payment::<D>)?;
                self.seen.payments.extend(payment.map(|payment| (*id, payment)));
            }
            Want::Invoices(account, id) => {
                let invoices = session.rows(sql::INVOICES_OF_ORDER, params![id.0, account.0], rows::invoice::<D>)?;
                if !invoices.is_empty() {
                    self.seen.invoices.insert(*id, invoices);
                }
            }
            Want::Method(account, id) => {
                let method = session.row(sql::METHOD, params![id.0, account.0], rows::method::<D>)?;
                self.seen.methods.extend(method.map(|method| (*id, method)));
            }
            Want::Methods(account) => {
                let methods = session.rows(sql::METHODS, params![account.0], rows::method::<D>)?;
                self.seen.methods.extend(methods.into_iter().map(|method| (method.id, method)));
            }
            Want::Balances(account) => {
                let balances = session.row(sql::BALANCES, params![account.0], rows::balances::<D>)?;
                self.seen.balances.extend(balances.map(|balances| (*account, balances)));
            }
            Want::Coupons(account) => {
                let coupons = session.rows(sql::COUPONS_UNUSED, params![account.0], rows::coupon::<D>)?;
                for holder in coupons.iter().filter_map(|coupon| coupon.used_by) {
                    self.order(*account, holder)?;
                }
                self.seen.coupons.insert(*account, coupons);
            }
            Want::Replay(token) => {
                let key = params![token.account.0, token.operation, token.key];
                if let Some(replay) = session.row(sql::REPLAY, key, |row| rows::replay::<D>(row, token))? {
                    self.order(token.account, replay.answer.order())?;
                    self.seen.replays.insert(token.clone(), replay);
                }
            }
            Want::Termination(account, id) => {
                let termination = session.row(sql::TERMINATION, params![id.0, account.0], rows::termination::<D>)?;
                self.seen.terminations.extend(termination.map(|termination| (*id, termination)));
            }
            Want::Application(id) => {
                let application = session.row(sql::APPLICATION, params![id.0], rows::application::<D>)?;
                self.seen.applications.extend(application.map(|application| (*id, application)));
            }
            Want::Nonce(nonce) => {
                let kept = session.row(sql::NONCE, params![nonce.application.0, nonce.digest], rows::kept::<D>)?;
                self.seen.nonces.extend(kept.map(|kept| (*nonce, kept)));
            }
            Want::Credential(id) => {
                let credential = session.row(sql::CREDENTIAL, params![id.0], rows::credential::<D>)?;
                self.seen.credentials.extend(credential.map(|credential| (*id, credential)));
            }
        }
        Ok(())
    }

    fn service(&mut self, account: AccountId, id: ServiceId) -> Result<()> {
        if self.seen.services.contains_key(&id) {
            return Ok(());
        }
        match self.session.row(sql::SERVICE, params![id.0, account.0], rows::service::<D>)? {
            Some(service) => self.add_service(service),
            None => Ok(()),
        }
    }

    fn add_service(&mut self, mut service: Service) -> Result<()> {
        service.protected_prices = protected_prices(self.session, service.id)?;
        if let Some(order) = service.open_order {
            self.order(service.account, order)?;
        }
        self.seen.services.insert(service.id, service);
        Ok(())
    }

    fn family(&mut self, account: AccountId, id: ServiceId) -> Result<()> {
        self.service(account, id)?;
        let children = self.session.rows(sql::SERVICE_CHILDREN, params![id.0, account.0], rows::service::<D>)?;
        if children.is_empty() {
            return Ok(());
        }
        self.seen.children.insert(id, children.iter().map(|child| child.id).collect());
        children.into_iter().try_for_each(|child| self.add_service(child))
    }

    fn order(&mut self, account: AccountId, id: OrderId) -> Result<()> {
        if self.seen.orders.contains_key(&id) {
            return Ok(());
        }
        let Some(mut order) = self.session.row(sql::ORDER, params![id.0, account.0], rows::order::<D>)? else {
            return Ok(());
        };
        let currency = order.gross.currency();
        order.lines = self.session.rows(sql::ORDER_LINES, params![id.0], |row| rows::order_line::<D>(row, currency))?;
        self.seen.orders.insert(id, order);
        Ok(())
    }

    fn order_with_services(&mut self, account: AccountId, id: OrderId) -> Result<()> {
        self.order(account, id)?;
        let lines = self.seen.orders.get(&id).filter(|order| order.account == account).map(|order| &order.lines);
        let services: Vec<_> = lines.into_iter().flatten().map(|line| line.service).collect();
        services.into_iter().try_for_each(|service| self.service(account, service))
    }
}

/// The protected prices of a service.
pub(crate) fn protected_prices<D: Driver>(
    session: &Session<D>,
    id: ServiceId,
) -> Result<Vec<perennial_core::product::Price>> {
    session.rows(sql::SERVICE_PRICES, params![id.0], rows::service_price::<D>)
}
