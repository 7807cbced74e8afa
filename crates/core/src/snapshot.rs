//! The snapshot: what was loaded for a batch of commands, moving with each decision; and the changes that move it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::account::Account;
use crate::calendar::Term;
use crate::charge::{Charge, ChargeState, Direction};
use crate::credential::{Application, Credential};
use crate::idempotency::{Nonce, Replay, TokenKey};
use crate::ids::{
    AccountId, ApplicationId, ChargeId, CouponId, CredentialId, InvoiceId, JobId, MethodId, OrderId, ProductId,
    ServiceId,
};
use crate::invoice::{Invoice, InvoiceKind};
use crate::job::Job;
use crate::ledger::{Balances, Transfer};
use crate::link::PaymentLink;
use crate::money::MoneyError;
use crate::notice::Notice;
use crate::order::{Order, OrderState, PayPlan};
use crate::payment::{MethodKind, Payment, PaymentMethod, Preference};
use crate::product::{Catalogue, Coupon, Product};
use crate::refusal::Refusal;
use crate::schedule::{Attended, Stage};
use crate::service::{Service, Termination};

/// One thing to load. What names an account is loaded for that account only: another customer's id finds nothing,
/// exactly as an id that does not exist. Applications and credentials name none, as some act for nobody yet; whose they
/// are is asked by the rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// An account.
    Account(AccountId),
    /// A service, with its open order.
    Service(AccountId, ServiceId),
    /// Every order of an account that is not settled, with its lines; lapsed ones included.
    OpenOrders(AccountId),
    /// A service and its children, each with its open order.
    Family(AccountId, ServiceId),
    /// An order with its lines.
    Order(AccountId, OrderId),
    /// An order with its lines, and the services they renew.
    OrderWithServices(AccountId, OrderId),
    /// The payment link of an order.
    Link(AccountId, OrderId),
    /// The report of a piece of work.
    Job(AccountId, JobId),
    /// The payment of an order.
    Payment(AccountId, OrderId),
    /// The original invoice and the credit note of an order.
    Invoices(AccountId, OrderId),
    /// The charges of an order.
    Charges(AccountId, OrderId),
    /// One registered payment method.
    Method(AccountId, MethodId),
    /// All registered payment methods.
    Methods(AccountId),
    /// What the account has and owes.
    Balances(AccountId),
    /// The coupons that no paid order used, with the orders that hold them.
    Coupons(AccountId),
    /// A remembered reply, with its order.
    Replay(TokenKey),
    /// A termination that waits for its token.
    Termination(AccountId, ServiceId),
    /// The stages that a service went through for the expiry that it has.
    Attended(AccountId, ServiceId),
    /// An application.
    Application(ApplicationId),
    /// A credential.
    Credential(CredentialId),
    /// Until when a used nonce is remembered.
    Nonce(Nonce),
}

/// What the store knows of everything that was wanted. What is missing does not exist.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Products, prices, promo codes, the seller.
    pub catalogue: Arc<Catalogue>,
    /// Accounts.
    pub accounts: HashMap<AccountId, Account>,
    /// Services.
    pub services: HashMap<ServiceId, Service>,
    /// Children by parent, by id.
    pub children: HashMap<ServiceId, Vec<ServiceId>>,
    /// Orders with their lines.
    pub orders: HashMap<OrderId, Order>,
    /// Payments by order.
    pub payments: HashMap<OrderId, Payment>,
    /// Payment links by order.
    pub links: HashMap<OrderId, PaymentLink>,
    /// Reports of work.
    pub jobs: HashMap<JobId, Job>,
    /// Originals and credit notes by order.
    pub invoices: HashMap<OrderId, Vec<Invoice>>,
    /// Charges by order, by id.
    pub charges: HashMap<OrderId, Vec<Charge>>,
    /// Registered payment methods.
    pub methods: HashMap<MethodId, PaymentMethod>,
    /// Balances by account.
    pub balances: HashMap<AccountId, Balances>,
    /// Coupons by account that no paid order used.
    pub coupons: HashMap<AccountId, Vec<Coupon>>,
    /// Remembered replies.
    pub replays: HashMap<TokenKey, Replay>,
    /// Terminations that wait for their token.
    pub terminations: HashMap<ServiceId, Termination>,
    /// The stages that services went through for the expiry that they have.
    pub attended: HashMap<ServiceId, Vec<Attended>>,
    /// Applications.
    pub applications: HashMap<ApplicationId, Application>,
    /// Credentials.
    pub credentials: HashMap<CredentialId, Credential>,
    /// Used nonces, and until when they are remembered.
    pub nonces: HashMap<Nonce, Timestamp>,
    /// The numbers that come next; known inside a write transaction only.
    pub next: Next,
    /// The version of access (`Books::access_version`); known inside a write transaction only.
    pub access: i64,
}

/// The numbers that come next; each is one past the highest in use, so none is skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Next {
    /// The next order.
    pub order: i64,
    /// The next service.
    pub service: i64,
    /// The next payment method.
    pub method: i64,
    /// The next charge.
    pub charge: i64,
    /// The next report of work.
    pub job: i64,
    /// The next invoice or credit note.
    pub invoice: i64,
    /// The next number in the seller's series of invoices.
    pub invoice_number: i64,
    /// The next number in the seller's series of credit notes.
    pub credit_number: i64,
    /// The next application.
    pub application: i64,
    /// The next credential.
    pub credential: i64,
}

/// A row that was paid for: one service, one old expiry, one order. The store holds that there is no second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Whose service.
    pub account: AccountId,
    /// Which service.
    pub service: ServiceId,
    /// From the old expiry to the new one.
    pub term: Term,
    /// The order that paid for it.
    pub order: OrderId,
}

/// One row to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new order with its lines.
    PlaceOrder(Order),
    /// An open order with other lines, promo code and sums.
    ReviseOrder(Order),
    /// How an open order is meant to be paid from now on.
    PlanPayment {
        /// Whose order.
        account: AccountId,
        /// Which order.
        order: OrderId,
        /// Its plan from now on.
        plan: PayPlan,
    },
    /// An order's payment link, new or changed.
    SetLink(PaymentLink),
    /// A new service that is not paid yet. It names the order that is to pay it, which is placed after it.
    OpenService(Service),
    /// An open order's new state.
    SetOrderState {
        /// Whose order.
        account: AccountId,
        /// Which order.
        order: OrderId,
        /// Its state from now on.
        state: OrderState,
    },
    /// The settled payment of an order.
    Pay(Payment),
    /// A new charge, which is open.
    OpenCharge(Charge),
    /// An open charge as it is from now on: with its reference, or what came of it.
    SetCharge(Charge),
    /// A paid span of a service, and the service as it is from now on, as with [`Change::SetService`].
    Extend {
        /// The span.
        extension: Extension,
        /// The service, with the span's end as its expiry.
        service: Service,
    },
    /// A new original or credit note.
    IssueInvoice(Invoice),
    /// An amount from book to book.
    Book(Transfer),
    /// A service as it is from now on, with the expiry it had. Its `version` is that of the row it was made from.
    SetService(Service),
    /// A coupon is used up.
    UseCoupon {
        /// Whose coupon.
        account: AccountId,
        /// Which coupon.
        coupon: CouponId,
        /// By which order.
        order: OrderId,
    },
    /// A reply to remember; takes the place of one whose time is over.
    Remember(Replay),
    /// What an account tells of itself from now on.
    SetAccount(Account),
    /// A report of work to keep.
    RecordJob(Job),
    /// A new payment method.
    AddMethod(PaymentMethod),
    /// A payment method as it is from now on.
    SetMethod(PaymentMethod),
    /// A termination that waits for its token; takes the place of an earlier one.
    RequestTermination(Termination),
    /// A termination that waits no longer.
    ForgetTermination {
        /// Whose service.
        account: AccountId,
        /// Which service.
        service: ServiceId,
    },
    /// An application, new or changed.
    SetApplication(Application),
    /// A credential, new or changed.
    SetCredential(Credential),
    /// A credential was used.
    TouchCredential {
        /// Which credential.
        credential: CredentialId,
        /// When.
        at: Timestamp,
    },
    /// A nonce is used up.
    UseNonce {
        /// Which nonce.
        nonce: Nonce,
        /// Until when it is remembered.
        keep_until: Timestamp,
    },
    /// All credentials of an application end.
    ExpireCredentialsOf(ApplicationId),
    /// A stage that a service went through. There is no second of its kind for the same expiry.
    Attend(Attended),
    /// A message to leave after the commit.
    Notify(Notice),
}

impl Snapshot {
    /// An account that was wanted.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub fn account(&self, id: AccountId) -> Result<&Account, Refusal> {
        self.accounts.get(&id).ok_or(Refusal::UnknownAccount(id))
    }

    /// A service of an account.
    ///
    /// # Errors
    /// [`Refusal::UnknownService`], also for another customer's.
    pub fn service_of(&self, account: AccountId, id: ServiceId) -> Result<&Service, Refusal> {
        self.services.get(&id).filter(|service| service.account == account).ok_or(Refusal::UnknownService(id))
    }

    /// An order of an account.
    ///
    /// # Errors
    /// [`Refusal::UnknownOrder`], also for another customer's.
    pub fn order_of(&self, account: AccountId, id: OrderId) -> Result<&Order, Refusal> {
        self.orders.get(&id).filter(|order| order.account == account).ok_or(Refusal::UnknownOrder(id))
    }

    /// What a loaded service is an instance of.
    pub fn product_id(&self, id: ServiceId) -> Option<ProductId> {
        self.services.get(&id).map(|service| service.product)
    }

    /// The product of a service.
    ///
    /// # Errors
    /// [`Refusal::UnknownService`] when the price list does not have it; the store does not let that happen.
    pub fn product(&self, service: &Service) -> Result<&Product, Refusal> {
        self.catalogue.products.get(&service.product).ok_or(Refusal::UnknownService(service.id))
    }

    /// The order that is to renew a service, while it waits for its payment.
    pub fn open_order(&self, now: Timestamp, service: &Service) -> Option<&Order> {
        service.open_order.and_then(|order| self.orders.get(&order)).filter(|order| order.is_open(now))
    }

    /// When a service went through a stage for the expiry that it has, if it did; where that was wanted.
    pub fn attended_at(&self, service: &Service, stage: Stage) -> Option<Timestamp> {
        let (before, word) = (self.attended.get(&service.id)?, stage.word());
        before.iter().find(|it| it.until == service.until && it.stage == word).map(|it| it.at)
    }

    /// The registered method of a kind that is charged when none is named, of those that were loaded: the one that the
    /// account prefers, else its first that can be charged.
    pub fn charged(&self, account: &Account, kind: MethodKind, today: Date) -> Option<&PaymentMethod> {
        let mut usable: Vec<_> = self
            .methods
            .values()
            .filter(|method| method.account == account.id && method.kind == kind && method.usable(today))
            .collect();
        usable.sort_by_key(|method| (method.preference != Preference::Default, method.id));
        usable.into_iter().next()
    }

    /// A charge of an order, if its charges were wanted.
    ///
    /// # Errors
    /// [`Refusal::UnknownCharge`].
    pub fn charge_of(&self, order: OrderId, id: ChargeId) -> Result<&Charge, Refusal> {
        let charges = self.charges.get(&order).into_iter().flatten();
        charges.into_iter().find(|charge| charge.id == id).ok_or(Refusal::UnknownCharge(id))
    }

    /// The charge that paid an order, if its charges were wanted.
    pub fn collected(&self, order: OrderId) -> Option<&Charge> {
        let paid = |charge: &&Charge| {
            charge.direction == Direction::Collect && matches!(charge.state, ChargeState::Settled(_))
        };
        self.charges.get(&order).into_iter().flatten().find(paid)
    }

    /// Whether a coupon can be used: it has not ended, and no order that is open or paid holds it.
    pub fn is_usable(&self, now: Timestamp, coupon: &Coupon) -> bool {
        let holder = coupon.used_by.and_then(|order| self.orders.get(&order)).map(|order| order.state_at(now));
        let held = matches!(holder, Some(OrderState::Open | OrderState::Fulfilled(_)));
        !held && coupon.expires.is_none_or(|expires| now < expires)
    }

    /// Moves the snapshot, so that the next command of the batch sees what this change did.
    ///
    /// # Errors
    /// [`MoneyError`] when a balance does not fit.
    pub fn apply(&mut self, change: &Change) -> Result<(), MoneyError> {
        match change {
            Change::PlaceOrder(order) => {
                self.next.order = self.next.order.max(order.id.0.saturating_add(1));
                self.orders.insert(order.id, order.clone());
            }
            Change::ReviseOrder(order) => {
                self.orders.insert(order.id, order.clone());
            }
            Change::PlanPayment { order, plan, .. } => {
                if let Some(order) = self.orders.get_mut(order) {
                    order.plan = *plan;
                }
            }
            Change::SetLink(link) => {
                self.links.insert(link.order, link.clone());
            }
            Change::OpenService(service) => {
                self.next.service = self.next.service.max(service.id.0.saturating_add(1));
                self.services.insert(service.id, service.clone());
                if let Some(parent) = service.parent {
                    // Only whoever wanted the family reads this; its id is the highest.
                    self.children.entry(parent).or_default().push(service.id);
                }
            }
            Change::SetAccount(account) => {
                self.accounts.insert(account.id, account.clone());
            }
            Change::RecordJob(job) => {
                self.next.job = self.next.job.max(job.id.0.saturating_add(1));
                self.jobs.insert(job.id, job.clone());
            }
            Change::AddMethod(method) => {
                self.next.method = self.next.method.max(method.id.0.saturating_add(1));
                self.methods.insert(method.id, method.clone());
            }
            Change::SetOrderState { order, state, .. } => {
                if let Some(order) = self.orders.get_mut(order) {
                    order.state = *state;
                }
            }
            Change::OpenCharge(moving) | Change::SetCharge(moving) => self.apply_charge(moving),
            Change::Pay(payment) => {
                self.payments.insert(payment.order, payment.clone());
            }
            Change::IssueInvoice(invoice) => self.apply_invoice(invoice),
            Change::Book(transfer) => {
                if let Some(balances) = self.balances.get_mut(&transfer.account) {
                    *balances = balances.after(transfer)?;
                }
            }
            Change::SetService(service) => self.apply_service(service),
            Change::Extend { extension, service } => self.apply_extension(extension, service),
            Change::UseCoupon { account, coupon, order } => {
                for held in self.coupons.get_mut(account).into_iter().flatten().filter(|held| held.id == *coupon) {
                    held.used_by = Some(*order);
                }
            }
            Change::Remember(replay) => {
                self.replays.insert(replay.token.clone(), replay.clone());
            }
            Change::SetMethod(method) => {
                self.methods.insert(method.id, method.clone());
            }
            Change::RequestTermination(termination) => {
                self.terminations.insert(termination.service, termination.clone());
            }
            Change::ForgetTermination { service, .. } => {
                self.terminations.remove(service);
            }
            Change::SetApplication(application) => {
                self.next.application = self.next.application.max(application.id.0.saturating_add(1));
                self.applications.insert(application.id, application.clone());
            }
            Change::SetCredential(credential) => {
                self.next.credential = self.next.credential.max(credential.id.0.saturating_add(1));
                self.credentials.insert(credential.id, credential.clone());
            }
            Change::TouchCredential { credential, at } => {
                if let Some(credential) = self.credentials.get_mut(credential) {
                    credential.last_used = Some(*at);
                }
            }
            Change::UseNonce { nonce, keep_until } => {
                self.nonces.insert(*nonce, *keep_until);
            }
            Change::ExpireCredentialsOf(application) => {
                for credential in self.credentials.values_mut() {
                    if credential.application == Some(*application) {
                        credential.status = crate::credential::CredentialStatus::Expired;
                    }
                }
            }
            Change::Attend(attended) => {
                self.attended.entry(attended.service).or_default().push(attended.clone());
            }
            Change::Notify(_) => {}
        }
        Ok(())
    }

    fn apply_charge(&mut self, charge: &Charge) {
        self.next.charge = self.next.charge.max(charge.id.0.saturating_add(1));
        if let Some(order) = self.orders.get_mut(&charge.order) {
            order.charge = Some(charge.id).filter(|_| charge.state == ChargeState::Open);
        }
        let charges = self.charges.entry(charge.order).or_default();
        match charges.iter_mut().find(|known| known.id == charge.id) {
            Some(known) => known.clone_from(charge),
            None => charges.push(charge.clone()),
        }
    }

    fn apply_service(&mut self, service: &Service) {
        let version = service.version.saturating_add(1);
        self.services.insert(service.id, Service { version, ..service.clone() });
    }

    fn apply_extension(&mut self, extension: &Extension, service: &Service) {
        self.apply_service(service);
        let lines = self.orders.get_mut(&extension.order).map(|order| order.lines.iter_mut());
        for line in lines.into_iter().flatten().filter(|line| line.service == extension.service) {
            line.term = extension.term;
        }
    }

    fn apply_invoice(&mut self, invoice: &Invoice) {
        self.next.invoice = self.next.invoice.max(invoice.id.0.saturating_add(1));
        let after = invoice.number.saturating_add(1);
        match invoice.kind {
            InvoiceKind::Proforma => {}
            InvoiceKind::Original => self.next.invoice_number = self.next.invoice_number.max(after),
            InvoiceKind::CreditNote { .. } => self.next.credit_number = self.next.credit_number.max(after),
        }
        self.invoices.entry(invoice.order).or_default().push(invoice.clone());
    }

    /// The original invoice of an order, if its invoices were wanted.
    pub fn original(&self, order: OrderId) -> Option<&Invoice> {
        self.invoices.get(&order).into_iter().flatten().find(|invoice| invoice.kind == InvoiceKind::Original)
    }

    /// The credit note that takes an original back.
    pub fn credit_note(&self, order: OrderId, original: InvoiceId) -> Option<&Invoice> {
        let corrects = InvoiceKind::CreditNote { corrects: original };
        self.invoices.get(&order).into_iter().flatten().find(|invoice| invoice.kind == corrects)
    }
}
