//! Recording master data: found by its key, and written only where it differs.

use jiff::Timestamp;
use perennial_core::account::{Account, Seller};
use perennial_core::ids::{CouponId, ProductId};
use perennial_core::payment::{PaymentMethod, Preference};
use perennial_core::product::{Coupon, Price, Product, PromoCode};
use perennial_core::service::{RenewalMode, Service};

use crate::columns::Columns;
use crate::driver::{Driver, Param, params};
use crate::session::{Session, refuse, refused};
use crate::sql::Statement;
use crate::write::{add_prices, add_service, cancelled, set_account};
use crate::{Record, Recorded, StoreError, lines, load, methods, rows, sql};

/// Records one row of master data, all of it or nothing.
pub(crate) fn record<D: Driver>(session: &Session<D>, record: &Record) -> Result<Recorded, StoreError> {
    let recorder = Recorder { session };
    match record {
        Record::Seller(seller) => session.all_or_none(|_| recorder.seller(seller)),
        Record::Account(account) => session.all_or_none(|_| recorder.account(account)),
        Record::Product(product) => session.all_or_none(|_| recorder.product(product)),
        Record::Promo(promo) => session.all_or_none(|_| recorder.promo(promo)),
        // One statement is all or nothing by itself, and services come by the million.
        Record::Service(service) if service.protected_prices.is_empty() => {
            session.check_open()?;
            recorder.service(service)
        }
        Record::Service(service) => session.all_or_none(|_| recorder.service(service)),
        Record::Method(method) => session.all_or_none(|_| recorder.method(method)),
        Record::Coupon(coupon) => session.all_or_none(|_| recorder.coupon(coupon)),
    }
}

/// Whether a record changes the price list.
pub(crate) fn is_listed(record: &Record) -> bool {
    matches!(record, Record::Seller(_) | Record::Product(_) | Record::Promo(_))
}

/// An id of zero is none yet.
fn given(id: i64) -> Option<i64> {
    (id > 0).then_some(id)
}

struct Recorder<'a, D> {
    session: &'a Session<D>,
}

impl<D: Driver> Recorder<'_, D> {
    fn execute(
        &self,
        doing: &'static str,
        statement: &'static Statement,
        params: &[Param<'_>],
    ) -> Result<usize, StoreError> {
        self.session.execute(statement, params).map_err(refused(doing))
    }

    /// Inserts a row and tells its id.
    fn insert(
        &self,
        doing: &'static str,
        statement: &'static Statement,
        params: &[Param<'_>],
    ) -> Result<i64, StoreError> {
        let id = self.session.row(statement, params, |row| Columns::of(row).take()).map_err(refused(doing))?;
        id.ok_or_else(|| refuse(doing, "the row was not taken"))
    }

    fn bump_catalogue(&self) -> Result<(), StoreError> {
        self.execute("renew the price list", sql::CATALOGUE_BUMP, params![]).map(drop)
    }

    fn seller(&self, seller: &Seller) -> Result<Recorded, StoreError> {
        const DOING: &str = "record the seller";
        let found = self.session.row(sql::SELLER, params![], rows::seller::<D>).map_err(refused(DOING))?;
        if found.as_ref() == Some(seller) {
            return Ok(Recorded::Unchanged(0));
        }
        self.execute(
            DOING,
            sql::SELLER_SET,
            params![
                seller.name,
                lines::render(seller.address.iter().map(|line| [line.as_str()])),
                seller.vat_number,
                seller.invoice_series,
                seller.credit_series,
                lines::render(seller.collects.iter().map(|kind| [kind.word()])),
                i64::from(seller.receipts),
            ],
        )?;
        self.bump_catalogue()?;
        Ok(if found.is_some() { Recorded::Updated(0) } else { Recorded::Created(0) })
    }

    fn account(&self, account: &Account) -> Result<Recorded, StoreError> {
        const DOING: &str = "record an account";
        let id = match given(account.id.0) {
            Some(id) => Some(id),
            None => self
                .session
                .row(sql::ACCOUNT_FIND, params![account.code], |row| Columns::of(row).take())
                .map_err(refused(DOING))?,
        };
        let found = self.session.row(sql::ACCOUNT, params![id], rows::account::<D>).map_err(refused(DOING))?;
        let Some(found) = found else { return self.new_account(account) };
        let wanted = Account { id: found.id, created: found.created, ..account.clone() };
        let id = found.id.0;
        if wanted == found {
            return Ok(Recorded::Unchanged(id));
        }
        set_account(self.session, DOING, &wanted)?;
        Ok(Recorded::Updated(id))
    }

    fn new_account(&self, account: &Account) -> Result<Recorded, StoreError> {
        let id = self.insert(
            "record an account",
            sql::ACCOUNT_INSERT,
            params![
                given(account.id.0),
                account.code,
                account.name,
                account.email,
                account.country,
                account.vat_number,
                account.currency.code(),
                account.tax.word(),
                account.tax.rate().ppm(),
                account.zone.name(),
                account.credit_limit.minor(),
                account.standing.word(),
                account.page_password,
                lines::render_facts(&account.facts),
                account.created.as_microsecond(),
                i64::from(account.joint_orders),
                account.align_day.map(|day| i64::from(day.get())),
            ],
        )?;
        Ok(Recorded::Created(id))
    }

    fn product(&self, product: &Product) -> Result<Recorded, StoreError> {
        const DOING: &str = "record a product";
        let catalogue = self.session.catalogue().map_err(refused(DOING))?;
        let found = match given(product.id.0) {
            Some(id) => catalogue.products.get(&ProductId(id)),
            None => catalogue.products.values().find(|found| found.code == product.code),
        };
        let fees: Vec<_> =
            product.redemption_fees.iter().map(|fee| (fee.currency().code(), fee.minor().to_string())).collect();
        let fees = lines::render(fees.iter().map(|(currency, minor)| [*currency, minor.as_str()]));
        let recorded = match found {
            None => Recorded::Created(self.insert(
                DOING,
                sql::PRODUCT_INSERT,
                params![
                    given(product.id.0),
                    product.code,
                    product.name,
                    product.kind.word(),
                    product.renewability.word(),
                    product.grace_days,
                    product.suspension_days,
                    product.ahead_months_max,
                    lines::render_facts(&product.facts),
                    product.redemption_days,
                    fees,
                ],
            )?),
            Some(found) if *found == (Product { id: found.id, ..product.clone() }) => {
                return Ok(Recorded::Unchanged(found.id.0));
            }
            Some(found) => {
                let changed = self.execute(
                    DOING,
                    sql::PRODUCT_SET,
                    params![
                        product.code,
                        product.name,
                        product.renewability.word(),
                        product.grace_days,
                        product.suspension_days,
                        product.ahead_months_max,
                        lines::render_facts(&product.facts),
                        product.redemption_days,
                        fees,
                        found.id.0,
                        product.kind.word(),
                    ],
                )?;
                if changed == 0 {
                    return Err(refuse(DOING, "a product keeps its kind"));
                }
                Recorded::Updated(found.id.0)
            }
        };
        let texts = [sql::PRODUCT_PRICES_CLEAR, sql::PRODUCT_PRICE_INSERT];
        self.prices(DOING, texts, recorded.id(), &product.prices)?;
        self.bump_catalogue()?;
        Ok(recorded)
    }

    /// Writes a list of prices in the place of the one that is there.
    fn prices(
        &self,
        doing: &'static str,
        [clear, insert]: [&'static Statement; 2],
        of: i64,
        prices: &[Price],
    ) -> Result<(), StoreError> {
        self.execute(doing, clear, params![of])?;
        add_prices(self.session, doing, insert, of, prices)
    }

    fn promo(&self, promo: &PromoCode) -> Result<Recorded, StoreError> {
        const DOING: &str = "record a promo code";
        let catalogue = self.session.catalogue().map_err(refused(DOING))?;
        let found = catalogue.promos.get(&promo.code);
        if found == Some(promo) {
            return Ok(Recorded::Unchanged(0));
        }
        let products: Vec<_> = promo.products.iter().map(ToString::to_string).collect();
        self.execute(
            DOING,
            sql::PROMO_SET,
            params![
                promo.code,
                promo.off.ppm(),
                lines::render(products.iter().map(|product| [product.as_str()])),
                promo.months_min,
                promo.starts.map(Timestamp::as_microsecond),
                promo.ends.map(Timestamp::as_microsecond),
            ],
        )?;
        self.bump_catalogue()?;
        Ok(if found.is_some() { Recorded::Updated(0) } else { Recorded::Created(0) })
    }

    /// A new service is the common case, so it is inserted before anything is looked up.
    fn service(&self, service: &Service) -> Result<Recorded, StoreError> {
        const DOING: &str = "record a service";
        let inserted = add_service(self.session, DOING, given(service.id.0), service.open_order, service)?;
        let Some(id) = inserted else { return self.known_service(service) };
        if !service.protected_prices.is_empty() {
            self.service_prices(id, service)?;
        }
        Ok(Recorded::Created(id))
    }

    fn known_service(&self, service: &Service) -> Result<Recorded, StoreError> {
        const DOING: &str = "record a service";
        let found = match given(service.id.0) {
            Some(id) => self.session.row(sql::SERVICE_ANY, params![id], rows::service::<D>),
            None => self.session.row(sql::SERVICE_NAMED, params![service.product.0, service.name], rows::service::<D>),
        };
        let Some(mut found) = found.map_err(refused(DOING))? else {
            return Err(refuse(DOING, "its product does not exist, or another service has its name"));
        };
        found.protected_prices = load::protected_prices(self.session, found.id).map_err(refused(DOING))?;
        // What its owner asked for holds for as long as the service is to be deleted.
        let kept = found.cancellation.clone().filter(|_| service.mode == RenewalMode::DeleteAtExpiry);
        let wanted = Service {
            id: found.id,
            account: found.account,
            created: found.created,
            until: found.until,
            anchor: found.anchor,
            hold: found.hold,
            open_order: found.open_order,
            cancellation: kept.or_else(|| service.cancellation.clone()),
            version: found.version,
            ..service.clone()
        };
        let id = found.id.0;
        if wanted == found {
            return Ok(Recorded::Unchanged(id));
        }
        let [cancelled_at, cancel_reason, cancel_ending, mode_before] = cancelled(&wanted);
        self.execute(
            DOING,
            sql::SERVICE_RECORD,
            params![
                wanted.product.0,
                wanted.parent.map(|parent| parent.0),
                wanted.name,
                wanted.display_name,
                wanted.mode.word(),
                wanted.period.to_string(),
                lines::render_facts(&wanted.facts),
                cancelled_at,
                cancel_reason,
                cancel_ending,
                mode_before,
                id,
            ],
        )?;
        if wanted.protected_prices != found.protected_prices {
            self.service_prices(id, &wanted)?;
        }
        Ok(Recorded::Updated(id))
    }

    fn service_prices(&self, id: i64, service: &Service) -> Result<(), StoreError> {
        let texts = [sql::SERVICE_PRICES_CLEAR, sql::SERVICE_PRICE_INSERT];
        self.prices("record a protected price", texts, id, &service.protected_prices)
    }

    fn method(&self, method: &PaymentMethod) -> Result<Recorded, StoreError> {
        const DOING: &str = "record a payment method";
        let account = method.account.0;
        let key = params![account, method.kind.word(), method.label];
        let found = match given(method.id.0) {
            Some(id) => self.session.row(sql::METHOD, params![id, account], rows::method::<D>),
            None => self.session.row(sql::METHOD_NAMED, key, rows::method::<D>),
        };
        let found = found.map_err(refused(DOING))?;
        let wanted = match &found {
            Some(found) => PaymentMethod { id: found.id, kind: found.kind, created: found.created, ..method.clone() },
            None => method.clone(),
        };
        if found.as_ref() == Some(&wanted) {
            return Ok(Recorded::Unchanged(wanted.id.0));
        }
        if wanted.preference == Preference::Default {
            self.execute(DOING, sql::METHODS_DEMOTE, params![account])?;
        }
        if found.is_some() {
            methods::set(self.session, DOING, &wanted)?;
            return Ok(Recorded::Updated(wanted.id.0));
        }
        let id = methods::add(self.session, DOING, given(wanted.id.0), &wanted)?;
        Ok(Recorded::Created(id))
    }

    fn coupon(&self, coupon: &Coupon) -> Result<Recorded, StoreError> {
        const DOING: &str = "record a coupon";
        let CouponId(id) = coupon.id;
        let found = self.session.row(sql::COUPON, params![id], rows::coupon::<D>).map_err(refused(DOING))?;
        let (minor, currency) = (coupon.amount.minor(), coupon.amount.currency().code());
        let expires = coupon.expires.map(Timestamp::as_microsecond);
        match found {
            Some(found) if found.account != coupon.account => {
                let cause = format!("coupon {id} belongs to account {}", found.account).into();
                Err(StoreError::Constraint { doing: DOING, cause })
            }
            Some(found) if found.used_by.is_some() || found == *coupon => Ok(Recorded::Unchanged(id)),
            Some(_) => {
                self.execute(DOING, sql::COUPON_SET, params![minor, currency, expires, id, coupon.account.0])?;
                Ok(Recorded::Updated(id))
            }
            None => {
                let used_by = coupon.used_by.map(|order| order.0);
                let row = params![given(id), coupon.account.0, minor, currency, expires, used_by];
                Ok(Recorded::Created(self.insert(DOING, sql::COUPON_INSERT, row)?))
            }
        }
    }
}
