//! Writing the rows of a decision.

use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::credential::{Application, Credential};
use perennial_core::idempotency::Replay;
use perennial_core::ids::{AccountId, OrderId, ServiceId};
use perennial_core::invoice::{Invoice, InvoiceKind};
use perennial_core::job::Job;
use perennial_core::ledger::Transfer;
use perennial_core::link::PaymentLink;
use perennial_core::order::{Order, OrderState, PayPlan, Purpose};
use perennial_core::payment::{MethodKind, Payment};
use perennial_core::product::Price;
use perennial_core::service::{Service, Termination};
use perennial_core::snapshot::{Change, Extension};

use crate::driver::{Driver, Must, Param, Touch, Write, params};
use crate::session::{Session, refused};
use crate::sql::Statement;
use crate::{StoreError, charges, forget, lines, methods, schedule, sql};

/// Writes one row, or leaves it with the database to be written with others.
pub(crate) fn change<D: Driver>(session: &Session<D>, change: &Change) -> Result<(), StoreError> {
    let writer = Writer { session };
    match change {
        Change::PlaceOrder(order) => writer.place(order),
        Change::ReviseOrder(order) => writer.revise(order),
        Change::PlanPayment { account, order, plan } => writer.plan(*account, *order, plan),
        Change::SetLink(link) => writer.link(link),
        Change::OpenService(service) => writer.open(service),
        Change::SetOrderState { account, order, state } => writer.settle(*account, *order, *state),
        Change::OpenCharge(opened) => charges::open(session, opened),
        Change::SetCharge(moved) => charges::set(session, moved),
        Change::Pay(payment) => writer.pay(payment),
        Change::Extend { extension, service } => writer.extend(extension, service),
        Change::IssueInvoice(invoice) => writer.invoice(invoice),
        Change::Book(transfer) => writer.book(transfer),
        Change::SetService(service) => writer.service(service),
        Change::UseCoupon { account, coupon, order } => writer.write(
            Must::Change,
            "use a coupon",
            sql::COUPON_USE,
            params![order.0, coupon.0, account.0],
            &[Touch::Order(*order), Touch::Coupon(*coupon)],
        ),
        Change::Remember(replay) => writer.remember(replay),
        Change::SetAccount(account) => set_account(session, "change an account", account),
        Change::RecordJob(job) => writer.job(job),
        Change::AddMethod(method) => methods::add(session, "add a payment method", Some(method.id.0), method).map(drop),
        Change::SetMethod(method) => methods::set(session, "change a payment method", method),
        Change::RequestTermination(termination) => writer.termination(termination),
        Change::ForgetTermination { account, service } => {
            writer.any("forget a termination", sql::TERMINATION_CLEAR, params![service.0, account.0]).map(drop)
        }
        Change::SetApplication(application) => {
            writer.application(application)?;
            access_changed(session)
        }
        Change::SetCredential(credential) => {
            writer.credential(credential)?;
            access_changed(session)
        }
        Change::TouchCredential { credential, at } => writer.write(
            Must::Change,
            "note a credential's use",
            sql::CREDENTIAL_TOUCH,
            params![at.as_microsecond(), credential.0],
            &[Touch::Credential(*credential)],
        ),
        Change::UseNonce { nonce, keep_until } => writer.write(
            Must::Insert,
            "use a nonce",
            sql::NONCE_SET,
            params![nonce.application.0, nonce.digest, keep_until.as_microsecond()],
            &[],
        ),
        Change::ExpireCredentialsOf(application) => {
            writer.any("end the credentials of an application", sql::CREDENTIALS_EXPIRE, params![application.0])?;
            access_changed(session)
        }
        Change::Attend(attended) => schedule::attend(session, attended),
        Change::Notify(notice) => forget::leave(session, notice),
    }
}

/// Counts a change of who may call, so that nobody goes on with what was read before.
pub(crate) fn access_changed<D: Driver>(session: &Session<D>) -> Result<(), StoreError> {
    session.execute(sql::ACCESS_BUMP, params![]).map(drop).map_err(refused("count a change of access"))
}

/// Writes what an account tells of itself. It keeps its currency.
pub(crate) fn set_account<D: Driver>(
    session: &Session<D>,
    doing: &'static str,
    account: &Account,
) -> Result<(), StoreError> {
    let facts = lines::render_facts(&account.facts);
    let row = params![
        account.code,
        account.name,
        account.email,
        account.country,
        account.vat_number,
        account.tax.word(),
        account.tax.rate().ppm(),
        account.zone.name(),
        account.credit_limit.minor(),
        account.standing.word(),
        account.page_password,
        facts,
        i64::from(account.joint_orders),
        account.align_day.map(|day| i64::from(day.get())),
        account.id.0,
        account.currency.code(),
    ];
    match session.execute(sql::ACCOUNT_SET, row).map_err(refused(doing))? {
        0 => Err(StoreError::Constraint { doing, cause: "an account keeps its currency".into() }),
        _ => access_changed(session),
    }
}

/// Inserts a service, without its protected prices; tells its id, or none where nothing was inserted: its product does
/// not exist, or its id or its name is taken.
pub(crate) fn add_service<D: Driver>(
    session: &Session<D>,
    doing: &'static str,
    id: Option<i64>,
    open_order: Option<OrderId>,
    service: &Service,
) -> Result<Option<i64>, StoreError> {
    let [cancelled_at, cancel_reason, cancel_ending, mode_before] = cancelled(service);
    session
        .insert(
            sql::SERVICE_INSERT,
            params![
                id,
                service.account.0,
                service.parent.map(|parent| parent.0),
                service.name,
                service.display_name,
                service.created.to_string(),
                service.until.to_string(),
                service.anchor.get(),
                service.mode.word(),
                service.period.to_string(),
                service.hold.word(),
                open_order.map(|order| order.0),
                lines::render_facts(&service.facts),
                service.version,
                cancelled_at,
                cancel_reason,
                cancel_ending,
                mode_before,
                service.product.0,
            ],
        )
        .map_err(refused(doing))
}

/// What the columns of a service's cancellation say.
pub(crate) fn cancelled(service: &Service) -> [Param<'_>; 4] {
    let cancellation = service.cancellation.as_ref();
    [
        Param::Int(cancellation.map(|cancellation| cancellation.requested.as_microsecond())),
        Param::Text(cancellation.map(|cancellation| cancellation.reason.as_str())),
        Param::Text(cancellation.map(|cancellation| cancellation.ending.word())),
        Param::Text(cancellation.map(|cancellation| cancellation.mode_before.word())),
    ]
}

/// Inserts a list of prices.
pub(crate) fn add_prices<D: Driver>(
    session: &Session<D>,
    doing: &'static str,
    insert: &'static Statement,
    of: i64,
    prices: &[Price],
) -> Result<(), StoreError> {
    for (position, price) in (1_i64..).zip(prices) {
        let (currency, period) = (price.net.currency().code(), price.period.to_string());
        let row = params![of, currency, period, position, price.net.minor()];
        session.execute(insert, row).map_err(refused(doing))?;
    }
    Ok(())
}

struct Writer<'a, D> {
    session: &'a Session<D>,
}

impl<D: Driver> Writer<'_, D> {
    /// Writes a row that has to do with others.
    fn write(
        &self,
        must: Must,
        doing: &'static str,
        statement: &'static Statement,
        params: &[Param<'_>],
        touches: &[Touch],
    ) -> Result<(), StoreError> {
        self.session.driver.write(&Write { doing, statement, params, touches, must })
    }

    /// Runs a statement now; tells how many rows changed.
    fn any(
        &self,
        doing: &'static str,
        statement: &'static Statement,
        params: &[Param<'_>],
    ) -> Result<usize, StoreError> {
        self.session.execute(statement, params).map_err(refused(doing))
    }

    /// Runs a statement now that has to change a row.
    fn one(&self, doing: &'static str, statement: &'static Statement, params: &[Param<'_>]) -> Result<(), StoreError> {
        Must::check(&[Must::Change], doing, self.any(doing, statement, params)?)
    }

    fn place(&self, order: &Order) -> Result<(), StoreError> {
        const DOING: &str = "place an order";
        let row = params![
            order.id.0,
            order.account.0,
            order.state.word(),
            order.origin.word(),
            order.purpose.word(),
            order.promo,
            order.placed.as_microsecond(),
            order.lapses.as_microsecond(),
            order.password,
            order.gross.currency().code(),
            order.net.minor(),
            order.tax.minor(),
            order.gross.minor(),
            order.plan.by_itself,
            order.plan.kind.map(MethodKind::word),
            order.plan.from_balance.minor(),
            order.taxed.word(),
            order.taxed.rate().ppm(),
        ];
        self.write(Must::Insert, DOING, sql::ORDER_INSERT, row, &[Touch::Order(order.id)])?;
        self.lines(DOING, order)?;
        if order.purpose == Purpose::Purchase {
            self.await_payment(order)?;
        }
        Ok(())
    }

    fn lines(&self, doing: &'static str, order: &Order) -> Result<(), StoreError> {
        for (position, line) in (1_i64..).zip(&order.lines) {
            self.write(
                Must::Insert,
                doing,
                sql::ORDER_LINE_INSERT,
                params![
                    order.id.0,
                    position,
                    line.service.0,
                    line.service_name,
                    line.description,
                    line.period.map(|period| period.to_string()),
                    line.term.from().to_string(),
                    line.term.until().to_string(),
                    line.list.minor(),
                    line.net.minor(),
                    line.tax.minor(),
                ],
                &[Touch::Order(order.id), Touch::Service(line.service)],
            )?;
        }
        Ok(())
    }

    /// A service is opened before its order is placed, and so names it only now. (Were the foreign key to wait for the
    /// commit, the order would look for the service that waits for it among all services.)
    fn await_payment(&self, order: &Order) -> Result<(), StoreError> {
        for ServiceId(service) in order.lines.iter().map(|line| line.service) {
            self.one("open a service", sql::SERVICE_AWAIT, params![order.id.0, service, order.account.0])?;
        }
        Ok(())
    }

    fn revise(&self, order: &Order) -> Result<(), StoreError> {
        const DOING: &str = "revise an order";
        let row = params![
            order.promo,
            order.net.minor(),
            order.tax.minor(),
            order.gross.minor(),
            order.plan.by_itself,
            order.plan.kind.map(MethodKind::word),
            order.plan.from_balance.minor(),
            order.taxed.word(),
            order.taxed.rate().ppm(),
            order.id.0,
            order.account.0,
        ];
        self.one(DOING, sql::ORDER_REVISE, row)?;
        self.any(DOING, sql::ORDER_LINES_CLEAR, params![order.id.0])?;
        self.lines(DOING, order)
    }

    fn plan(&self, account: AccountId, order: OrderId, plan: &PayPlan) -> Result<(), StoreError> {
        let kind = plan.kind.map(MethodKind::word);
        let row = params![plan.by_itself, kind, plan.from_balance.minor(), order.0, account.0];
        self.one("plan a payment", sql::ORDER_PLAN, row)
    }

    fn link(&self, link: &PaymentLink) -> Result<(), StoreError> {
        let row = params![
            link.order.0,
            link.account.0,
            link.token,
            link.created.as_microsecond(),
            link.views,
            link.viewed.map(Timestamp::as_microsecond),
        ];
        self.one("set a payment link", sql::LINK_SET, row)
    }

    /// A new service, which names its order once that is placed.
    fn open(&self, service: &Service) -> Result<(), StoreError> {
        const DOING: &str = "open a service";
        if add_service(self.session, DOING, Some(service.id.0), None, service)?.is_none() {
            let cause = "its product does not exist, or its id or its name is taken".into();
            return Err(StoreError::Constraint { doing: DOING, cause });
        }
        add_prices(self.session, DOING, sql::SERVICE_PRICE_INSERT, service.id.0, &service.protected_prices)
    }

    fn job(&self, job: &Job) -> Result<(), StoreError> {
        let order = job.order.map(|order| order.0);
        let row = params![job.id.0, job.account.0, job.kind, order, job.report, job.at.as_microsecond()];
        self.any("keep a report of work", sql::JOB_INSERT, row).map(drop)
    }

    fn settle(&self, account: AccountId, order: OrderId, state: OrderState) -> Result<(), StoreError> {
        let at = match state {
            OrderState::Fulfilled(at) | OrderState::Cancelled(at) => Some(at.as_microsecond()),
            OrderState::Open | OrderState::Lapsed => None,
        };
        self.write(
            Must::Change,
            "settle an order",
            sql::ORDER_SETTLE,
            params![state.word(), at, order.0, account.0],
            &[Touch::Order(order)],
        )
    }

    fn pay(&self, payment: &Payment) -> Result<(), StoreError> {
        let row = params![
            payment.order.0,
            payment.account.0,
            payment.kind.word(),
            payment.method.map(|method| method.0),
            payment.amount.minor(),
            payment.amount.currency().code(),
            payment.from_balance.minor(),
            payment.at.as_microsecond(),
        ];
        self.write(Must::Insert, "settle a payment", sql::PAYMENT_INSERT, row, &[Touch::Order(payment.order)])
    }

    fn invoice(&self, invoice: &Invoice) -> Result<(), StoreError> {
        let corrects = match invoice.kind {
            InvoiceKind::CreditNote { corrects } => Some(corrects.0),
            InvoiceKind::Proforma | InvoiceKind::Original => None,
        };
        let row = params![
            invoice.id.0,
            invoice.account.0,
            invoice.kind.word(),
            corrects,
            invoice.series,
            invoice.number,
            invoice.order.0,
            invoice.issued.as_microsecond(),
            invoice.gross.currency().code(),
            invoice.net.minor(),
            invoice.tax.minor(),
            invoice.gross.minor(),
        ];
        self.write(Must::Insert, "issue an invoice", sql::INVOICE_INSERT, row, &[Touch::Order(invoice.order)])
    }

    fn book(&self, transfer: &Transfer) -> Result<(), StoreError> {
        let row = params![
            transfer.account.0,
            transfer.debit.word(),
            transfer.credit.word(),
            transfer.amount.minor(),
            transfer.amount.currency().code(),
            transfer.order.map(|order| order.0),
            transfer.at.as_microsecond(),
            transfer.memo,
        ];
        let books = Touch::Books(transfer.account);
        self.write(
            Must::Insert,
            "book a transfer",
            sql::TRANSFER_INSERT,
            row,
            &[books, transfer.order.map_or(books, Touch::Order)],
        )
    }

    /// A service as it is from now on, with the expiry it had. Its account, product, name, facts and protected prices
    /// are master data: no command changes them.
    fn service(&self, service: &Service) -> Result<(), StoreError> {
        let [cancelled_at, cancel_reason, cancel_ending, mode_before] = cancelled(service);
        self.moved(
            service,
            sql::SERVICE_SET,
            params![
                service.display_name,
                service.mode.word(),
                service.period.to_string(),
                service.hold.word(),
                service.open_order.map(|order| order.0),
                cancelled_at,
                cancel_reason,
                cancel_ending,
                mode_before,
                service.until.to_string(),
                service.id.0,
                service.account.0,
                service.version,
            ],
        )
    }

    /// A paid span, and its service with a new expiry.
    fn extend(&self, extension: &Extension, service: &Service) -> Result<(), StoreError> {
        self.write(
            Must::Insert,
            "extend a service",
            sql::EXTENSION_INSERT,
            params![
                extension.service.0,
                extension.account.0,
                extension.term.from().to_string(),
                extension.term.until().to_string(),
                extension.order.0,
            ],
            &[Touch::Service(extension.service), Touch::Order(extension.order)],
        )?;
        self.moved(
            service,
            sql::SERVICE_EXTEND,
            params![
                service.display_name,
                service.mode.word(),
                service.period.to_string(),
                service.hold.word(),
                service.open_order.map(|order| order.0),
                service.until.to_string(),
                service.anchor.get(),
                service.id.0,
                service.account.0,
                service.version,
            ],
        )
    }

    /// Changes a service, unless somebody changed it since it was read.
    fn moved(&self, service: &Service, statement: &'static Statement, row: &[Param<'_>]) -> Result<(), StoreError> {
        let id = Touch::Service(service.id);
        let touches = [id, service.open_order.map_or(id, Touch::Order)];
        self.write(Must::Move(service.id), "change a service", statement, row, &touches)
    }

    fn remember(&self, replay: &Replay) -> Result<(), StoreError> {
        let row = params![
            replay.token.account.0,
            replay.token.operation,
            replay.token.key,
            replay.digest,
            replay.answer.word(),
            replay.answer.order().0,
            replay.keep_until.as_microsecond(),
        ];
        let touches = [Touch::token(&replay.token), Touch::Order(replay.answer.order())];
        self.write(Must::Change, "remember a reply", sql::REPLAY_SET, row, &touches)
    }

    fn termination(&self, termination: &Termination) -> Result<(), StoreError> {
        self.one(
            "request a termination",
            sql::TERMINATION_SET,
            params![
                termination.token_digest,
                termination.until.to_string(),
                termination.requested.as_microsecond(),
                termination.service.0,
                termination.account.0,
            ],
        )
    }

    fn application(&self, application: &Application) -> Result<(), StoreError> {
        self.one(
            "set an application",
            sql::APPLICATION_SET,
            params![
                application.id.0,
                application.owner.0,
                application.dialect,
                application.key,
                application.secret_sealed,
                application.name,
                application.description,
                application.flow.word(),
                application.status.word(),
                application.created.as_microsecond(),
            ],
        )
    }

    fn credential(&self, credential: &Credential) -> Result<(), StoreError> {
        let rules = credential.rules.iter().map(|rule| [rule.method.as_str(), rule.path.as_str()]);
        let allowed_ips = credential.allowed_ips.iter().map(|block| [block.as_str()]);
        self.one(
            "set a credential",
            sql::CREDENTIAL_SET,
            params![
                credential.id.0,
                credential.dialect,
                credential.application.map(|application| application.0),
                credential.account.map(|account| account.0),
                credential.digest,
                credential.label,
                credential.status.word(),
                lines::render(rules),
                lines::render(allowed_ips),
                credential.redirection,
                credential.approval_digest,
                credential.created.as_microsecond(),
                credential.expires.map(Timestamp::as_microsecond),
                credential.last_used.map(Timestamp::as_microsecond),
            ],
        )
    }
}
