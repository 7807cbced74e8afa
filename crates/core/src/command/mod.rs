//! Commands: what a caller wants done, and replies: what the caller hears.

mod wants;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::{AnchorDay, Period};
use crate::charge::{Charge, ChargeOutcome};
use crate::credential::{AccessRule, Flow};
use crate::idempotency::{Nonce, Token};
use crate::ids::{AccountId, ApplicationId, ChargeId, CredentialId, JobId, MethodId, OrderId, ProductId, ServiceId};
use crate::link::PaymentLink;
use crate::money::Money;
use crate::order::{Order, Origin};
use crate::payment::{MethodKind, OnGateway, Preference};
use crate::schedule::Timetables;
use crate::service::{Ending, RenewalMode};

/// What one caller wants done, for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// For whom.
    pub account: AccountId,
    /// The idempotency token, if the caller sent one. Orders and payments remember it.
    pub token: Option<Token>,
    /// What is to be done.
    pub action: Action,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Place an order.
    Renew {
        /// What is to be renewed.
        request: RenewRequest,
        /// Random text for the links to the order's documents.
        password: String,
    },
    /// Place an order and pay it in the same step with what the account has here, see [`PayWith::BalanceFirst`]: both
    /// or nothing. An order that is open already is not taken over.
    RenewNow {
        /// What is to be renewed.
        request: RenewRequest,
        /// The expiry that whoever asks has seen, of each service; refused where it is another by now. None where nobody
        /// looked.
        expiry: Option<Date>,
        /// Random text for the links to the order's documents.
        password: String,
    },
    /// Order services that do not exist yet, with their first terms.
    Buy {
        /// What is to be opened.
        request: BuyRequest,
        /// Random text for the links to the order's documents.
        password: String,
    },
    /// Order money for the account's balance.
    Deposit {
        /// How much.
        amount: Money,
        /// How long the order waits for its payment, in seconds.
        open_s: u32,
        /// Random text for the links to the order's documents.
        password: String,
    },
    /// Change what an open order renews its services for, and how it is meant to be paid. What is changed is priced
    /// anew; the rest stands as it was ordered.
    ReviseOrder {
        /// Which order.
        order: OrderId,
        /// Services with their new periods; the others keep theirs.
        periods: Vec<(ServiceId, Period)>,
        /// What becomes of its promo code.
        promo: PromoEdit,
        /// What is said of its payment. Nothing is charged.
        plan: PlanEdit,
    },
    /// Give an open order an address for whoever is to pay it; the one it has, if it has one.
    LinkOrder {
        /// Which order.
        order: OrderId,
        /// The secret in a new link.
        token: String,
    },
    /// Note that an order's payment link was opened.
    ViewLink {
        /// Which order.
        order: OrderId,
    },
    /// Pay an order and extend its services.
    Pay {
        /// Which order.
        order: OrderId,
        /// With what.
        with: PayWith,
        /// What the payer was shown is still to be paid; refused where it is another amount by now. None where the
        /// payer was shown nothing.
        due: Option<Money>,
    },
    /// Withdraw an open order.
    CancelOrder {
        /// Which order.
        order: OrderId,
    },
    /// Take a paid order's invoice back: a credit note, and its money. The term stays.
    CreditOrder {
        /// Which order.
        order: OrderId,
        /// Where its money goes.
        to: CreditTo,
    },
    /// Note what a gateway calls what it prepared for a charge. The first note counts: whoever asks carries out what the
    /// reply names, and nothing else.
    NoteCharge {
        /// The charge's order.
        order: OrderId,
        /// Which charge.
        charge: ChargeId,
        /// What the gateway calls it.
        reference: String,
    },
    /// Note what a gateway did about a charge, and do what follows from it. Once: of a charge that is settled nothing
    /// follows any more.
    SettleCharge {
        /// The charge's order.
        order: OrderId,
        /// Which charge.
        charge: ChargeId,
        /// What the gateway calls what it did, as it was noted; none where it would prepare nothing. Nothing is done where
        /// something else is on file: then that is what counts.
        reference: Option<String>,
        /// What the gateway did.
        outcome: ChargeOutcome,
    },
    /// Put money on the account's balance.
    CreditBalance {
        /// How much.
        amount: Money,
        /// Why, in words.
        memo: String,
    },
    /// Set what happens to a service at its expiry.
    SetRenewal {
        /// Which service.
        service: ServiceId,
        /// What happens; none leaves it.
        mode: Option<RenewalMode>,
        /// The period of automatic renewals; none leaves it.
        period: Option<Period>,
    },
    /// Withdraw open orders and set what happens to many services at their expiry: all of it or nothing.
    SetRenewals {
        /// Which services.
        services: Vec<ServiceId>,
        /// What happens.
        mode: RenewalMode,
        /// The period of automatic renewals; none leaves it.
        period: Option<Period>,
        /// Which orders.
        withdraw: Vec<OrderId>,
    },
    /// Cancel a service.
    Cancel {
        /// Which service.
        service: ServiceId,
        /// Why, in its owner's words.
        reason: String,
        /// When it takes effect.
        ending: Ending,
    },
    /// Withdraw the cancellation of a service.
    Reinstate {
        /// Which service.
        service: ServiceId,
    },
    /// Set what its owner calls a service.
    Rename {
        /// Which service.
        service: ServiceId,
        /// The name; none takes it away.
        display_name: Option<String>,
    },
    /// Suspend a service (resellers).
    Suspend {
        /// Which service.
        service: ServiceId,
    },
    /// Reopen a suspended service (resellers).
    Reopen {
        /// Which service.
        service: ServiceId,
    },
    /// Delete a suspended service (resellers).
    Terminate {
        /// Which service.
        service: ServiceId,
    },
    /// Ask to terminate a service at its expiry; a token is mailed to the owner.
    RequestTermination {
        /// Which service.
        service: ServiceId,
        /// The token.
        token: String,
        /// SHA-256 of the token.
        token_digest: [u8; 32],
    },
    /// Confirm the termination with the mailed token.
    ConfirmTermination {
        /// Which service.
        service: ServiceId,
        /// SHA-256 of the token that was sent back.
        token_digest: [u8; 32],
    },
    /// Register a payment method.
    AddMethod(NewMethod),
    /// Change a registered payment method; none leaves a field.
    EditMethod {
        /// Which method.
        method: MethodId,
        /// What the customer calls it.
        description: Option<String>,
        /// Making it the default takes that from the others.
        preference: Option<Preference>,
    },
    /// Take a registered payment method away.
    RemoveMethod {
        /// Which method.
        method: MethodId,
    },
    /// Change what the account tells of itself; none leaves a field.
    EditAccount {
        /// Name of the person or company.
        name: Option<String>,
        /// Where notices go.
        email: Option<String>,
        /// Facts to set; none takes one away.
        facts: BTreeMap<String, Option<String>>,
    },
    /// Keep the report of a piece of work on many services.
    RecordJob {
        /// What was done, in the dialect's word.
        kind: String,
        /// The order that came of it.
        order: Option<OrderId>,
        /// What the dialect tells of it.
        report: String,
    },
    /// Register an application of the account.
    RegisterApplication(NewApplication),
    /// End an application and all its credentials.
    RevokeApplication {
        /// Which application.
        application: ApplicationId,
    },
    /// Rename an application.
    EditApplication {
        /// Which application.
        application: ApplicationId,
        /// What its owner calls it.
        name: String,
        /// What its owner says of it.
        description: String,
    },
    /// Make a credential.
    IssueCredential(NewCredential),
    /// The account's owner lets a pending credential act for the account.
    ApproveCredential {
        /// Which credential.
        credential: CredentialId,
        /// When it ends; none for never.
        expires: Option<Timestamp>,
    },
    /// The account's owner refuses a pending credential.
    RefuseCredential {
        /// Which credential.
        credential: CredentialId,
    },
    /// Change where a credential may be used from.
    EditCredential {
        /// Which credential.
        credential: CredentialId,
        /// Address blocks; empty for all.
        allowed_ips: Vec<String>,
    },
    /// End a credential.
    ExpireCredential {
        /// Which credential.
        credential: CredentialId,
    },
    /// Note that a credential was used.
    TouchCredential {
        /// Which credential.
        credential: CredentialId,
    },
    /// Let services go through the stages of the schedule whose day has come. What they went through for their expiry
    /// already is not done again; what is missed is made up for.
    Attend(Attend),
    /// Use a nonce up; refused where it is used already, and where its request has become too old.
    UseNonce {
        /// Which nonce.
        nonce: Nonce,
        /// Until when its request is young enough.
        good_until: Timestamp,
    },
}

/// Services at which the schedule looks on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attend {
    /// The services: those that are to be paid for now are one order, and those that are to be ordered ahead are another.
    pub services: Vec<ServiceId>,
    /// The open orders that they were seen to have: all that these renew is loaded.
    pub orders: Vec<OrderId>,
    /// The day, by the schedule's own calendar.
    pub day: Date,
    /// What the seller set.
    pub timetables: Arc<Timetables>,
    /// Random text for the links to the order's documents.
    pub password: String,
}

/// Which services to renew, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewRequest {
    /// The services; a set, kept in the order in which documents show them.
    pub services: Vec<ServiceId>,
    /// What combinations are allowed.
    pub scope: Scope,
    /// For how long.
    pub period: Period,
    /// The day of month to end on: the first such day on or after the period's end. Each day more costs a thirtieth of
    /// the price of a month. In a month that has no such day the term ends with the month, and later ones on that day.
    pub to_day: Option<AnchorDay>,
    /// A promo code.
    pub promo: Option<String>,
    /// Whether coupons of the account are used.
    pub coupons: CouponUse,
    /// Where the terms of services begin whose renewals add up.
    pub after: After,
    /// Who asks.
    pub origin: Origin,
    /// How long the order waits for its payment, in seconds.
    pub open_s: u32,
}

/// What combinations of services one order may renew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One of the strategies of a service.
    Strategy {
        /// The service that is asked about.
        of: ServiceId,
    },
    /// Any services that are for sale for the period.
    Listed,
}

/// Where a renewal's term begins, for products whose renewals add up. What is paid first extends first, whatever its
/// order said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// At the expiry, as if no other order were open.
    Expiry,
    /// Where the open orders end, as if all of them were paid. All of the account's are loaded for it.
    OpenOrders,
}

/// Services to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyRequest {
    /// The services, in the order in which documents show them.
    pub items: Vec<NewService>,
    /// A promo code.
    pub promo: Option<String>,
    /// How long the order waits for its payment, in seconds.
    pub open_s: u32,
}

/// A service to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewService {
    /// What it is an instance of.
    pub product: ProductId,
    /// The service it is to belong to.
    pub parent: Option<ServiceId>,
    /// The beginning of its name; the order's number follows, as names are unique.
    pub name: String,
    /// Until when it is paid first.
    pub first: FirstTerm,
    /// What it is renewed for afterwards.
    pub period: Period,
    /// Facts that a dialect shows.
    pub facts: BTreeMap<String, String>,
}

/// Until when a new service is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstTerm {
    /// For a period from today.
    For(Period),
    /// Until another service's expiry, for its share of the price of a month: whole months, and each day more a
    /// thirtieth (the providers' own samples).
    UntilExpiryOf(ServiceId),
}

/// What becomes of an order's promo code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromoEdit {
    /// It stays.
    Keep,
    /// It is taken off.
    Clear,
    /// Another takes its place.
    Set(String),
}

/// What is said of an order's payment; none leaves a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanEdit {
    /// Whether it is to pay itself.
    pub by_itself: Option<bool>,
    /// With which kind of money.
    pub kind: Option<MethodKind>,
    /// How much of it is to come from the balance first.
    pub from_balance: Option<Money>,
}

/// A payment method to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMethod {
    /// What kind of paying.
    pub kind: MethodKind,
    /// What it shows of itself.
    pub label: String,
    /// What the customer calls it.
    pub description: Option<String>,
    /// Whether it is to be charged when none is named.
    pub preference: Preference,
    /// The last day on which it can be charged.
    pub expires: Option<Date>,
    /// Where it is kept, if a gateway moves its money.
    pub on_gateway: Option<OnGateway>,
}

/// Where the money of an order goes that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditTo {
    /// To the account's balance, at once.
    Balance,
    /// To what it was paid with, through the gateway; the part that came from the balance, there. The credit note is made
    /// when the gateway has done it.
    Method,
}

/// Whether coupons of the account are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponUse {
    /// They are kept.
    Keep,
    /// They are used before any money.
    First,
}

/// What an order is paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayWith {
    /// A registered method, of whatever kind.
    Method(MethodId),
    /// A registered method that must be of the stated kind.
    MethodOfKind(MethodId, MethodKind),
    /// Prepaid money.
    Balance,
    /// The credit line.
    CreditLine,
    /// The balance as far as it goes, the rest on the credit line.
    BalanceFirst,
    /// As its plan says: the planned part from the balance, the rest with a registered method.
    Planned(MethodId),
}

/// An application to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApplication {
    /// The dialect it speaks.
    pub dialect: String,
    /// Its public key or client id.
    pub key: String,
    /// Its secret, sealed.
    pub secret_sealed: Vec<u8>,
    /// What its owner calls it.
    pub name: String,
    /// What its owner says of it.
    pub description: String,
    /// How it proves itself.
    pub flow: Flow,
}

/// A credential to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// The dialect it is for.
    pub dialect: String,
    /// The application it is given to, in dialects that have applications.
    pub application: Option<ApplicationId>,
    /// SHA-256 of its secret text.
    pub digest: [u8; 32],
    /// What people call it.
    pub label: String,
    /// Whether it works at once.
    pub standing: NewCredentialStanding,
    /// What it may do.
    pub rules: Vec<AccessRule>,
    /// Address blocks it may be used from; empty for all.
    pub allowed_ips: Vec<String>,
    /// Where the owner's browser goes after the answer.
    pub redirection: Option<String>,
}

/// Whether a new credential works at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewCredentialStanding {
    /// It waits for the answer of an account's owner, who is asked by a link with this token.
    Pending {
        /// SHA-256 of the token in the link.
        approval_digest: [u8; 32],
        /// When the question ends.
        expires: Timestamp,
    },
    /// It acts for the command's account at once.
    Validated {
        /// When it ends; none for never.
        expires: Option<Timestamp>,
    },
}

/// What the caller hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The order was placed, now or by the same request before.
    Placed(Order),
    /// The order was paid, now or under the same token before.
    Paid(Order),
    /// The order waits for the charge that was opened, now or under the same token before.
    Charging(Order),
    /// The charge, as it is now. (A charge that paid its order is told by [`Self::Paid`].)
    Charge(Charge),
    /// The application was registered.
    Application(ApplicationId),
    /// The credential was made.
    Credential(CredentialId),
    /// The payment method was registered.
    Method(MethodId),
    /// The order's payment link.
    Link(PaymentLink),
    /// The report was kept.
    Job(JobId),
    /// A day from which what was set holds.
    From(Date),
    /// Services went through stages of the schedule; the kinds of what their owners are told of it, one word a notice:
    /// [`NoticeKind::word`](crate::notice::NoticeKind::word).
    Attended(Vec<&'static str>),
    /// It is done.
    Done,
}
