//! Commands: what a caller wants done, and replies: what the caller hears.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::Period;
use crate::credential::{AccessRule, Flow};
use crate::idempotency::{Token, TokenKey};
use crate::ids::{AccountId, ApplicationId, CredentialId, MethodId, OrderId, ServiceId};
use crate::money::Money;
use crate::order::{Order, Origin};
use crate::payment::{MethodKind, Preference};
use crate::service::RenewalMode;
use crate::snapshot::Want;

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
    /// Pay an order and extend its services.
    Pay {
        /// Which order.
        order: OrderId,
        /// With what.
        with: PayWith,
    },
    /// Withdraw an open order.
    CancelOrder {
        /// Which order.
        order: OrderId,
    },
    /// Take a paid order's invoice back: a credit note, and the money on the balance. The term stays.
    CreditOrder {
        /// Which order.
        order: OrderId,
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
        /// What happens.
        mode: RenewalMode,
        /// The period of automatic renewals; none leaves it.
        period: Option<Period>,
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
    /// A promo code.
    pub promo: Option<String>,
    /// Whether coupons of the account are used.
    pub coupons: CouponUse,
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
    /// The application was registered.
    Application(ApplicationId),
    /// The credential was made.
    Credential(CredentialId),
    /// A day from which what was set holds.
    From(Date),
    /// It is done.
    Done,
}

impl Command {
    /// Everything that deciding this command looks at.
    pub fn wants(&self) -> Vec<Want> {
        let account = self.account;
        let mut wants = vec![Want::Account(account)];
        if let Some(token) = &self.token {
            wants.push(Want::Replay(token.lookup(account)));
        }
        match &self.action {
            Action::Renew { request, .. } => {
                if let Scope::Strategy { of } = request.scope {
                    wants.push(Want::Family(account, of));
                }
                wants.extend(request.services.iter().map(|service| Want::Service(account, *service)));
                if request.coupons == CouponUse::First {
                    wants.push(Want::Coupons(account));
                }
            }
            Action::Pay { order, with } => {
                wants.push(Want::OrderWithServices(account, *order));
                match with {
                    PayWith::Method(method) | PayWith::MethodOfKind(method, _) => {
                        wants.push(Want::Method(account, *method));
                    }
                    PayWith::Balance | PayWith::CreditLine => wants.push(Want::Balances(account)),
                }
            }
            Action::CancelOrder { order } => wants.push(Want::OrderWithServices(account, *order)),
            Action::CreditOrder { order } => {
                wants.extend([Want::Order(account, *order), Want::Invoices(account, *order), Want::Balances(account)]);
            }
            Action::CreditBalance { .. } => wants.push(Want::Balances(account)),
            Action::SetRenewal { service, .. }
            | Action::Rename { service, .. }
            | Action::Suspend { service }
            | Action::Reopen { service }
            | Action::Terminate { service } => wants.push(Want::Service(account, *service)),
            Action::RequestTermination { service, .. } | Action::ConfirmTermination { service, .. } => {
                wants.extend([Want::Service(account, *service), Want::Termination(account, *service)]);
            }
            Action::EditMethod { .. } | Action::RemoveMethod { .. } => wants.push(Want::Methods(account)),
            Action::RegisterApplication(_) => {}
            Action::RevokeApplication { application } | Action::EditApplication { application, .. } => {
                wants.push(Want::Application(*application));
            }
            Action::IssueCredential(new) => wants.extend(new.application.map(Want::Application)),
            Action::ApproveCredential { credential, .. }
            | Action::RefuseCredential { credential }
            | Action::EditCredential { credential, .. }
            | Action::ExpireCredential { credential }
            | Action::TouchCredential { credential } => wants.push(Want::Credential(*credential)),
        }
        wants
    }
}

impl Token {
    /// Where this token of an account is looked up.
    pub fn lookup(&self, account: AccountId) -> TokenKey {
        TokenKey { account, operation: self.operation.clone(), key: self.key.clone() }
    }
}
