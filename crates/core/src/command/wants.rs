//! What deciding a command looks at.

use super::{Action, After, Command, CouponUse, FirstTerm, NewService, PayWith, RenewRequest, Scope};
use crate::idempotency::{Token, TokenKey};
use crate::ids::{AccountId, OrderId, ServiceId};
use crate::snapshot::Want;

impl Command {
    /// Everything that deciding this command looks at.
    pub fn wants(&self) -> Vec<Want> {
        let account = self.account;
        let mut wants = vec![Want::Account(account)];
        if let Some(token) = self.token.as_ref().filter(|token| token.is_well_formed()) {
            wants.push(Want::Replay(token.lookup(account)));
        }
        match &self.action {
            Action::Renew { request, .. } | Action::RenewNow { request, .. } => {
                if let Action::RenewNow { .. } = &self.action {
                    wants.push(Want::Balances(account));
                }
                wants.extend(request.wants(account));
            }
            Action::Buy { request, .. } => {
                let beside = |item: &NewService| match item.first {
                    FirstTerm::UntilExpiryOf(service) => Some(service),
                    FirstTerm::For(_) => None,
                };
                let named = request.items.iter().flat_map(|item| item.parent.into_iter().chain(beside(item)));
                wants.extend(named.map(|service| Want::Service(account, service)));
            }
            Action::ReviseOrder { order, .. } => {
                wants.extend([
                    Want::OrderWithServices(account, *order),
                    Want::Coupons(account),
                    Want::Balances(account),
                ]);
            }
            Action::LinkOrder { order, .. } | Action::ViewLink { order } => {
                wants.extend([Want::Order(account, *order), Want::Link(account, *order)]);
            }
            Action::Pay { order, with, .. } => {
                wants.push(Want::OrderWithServices(account, *order));
                match with {
                    PayWith::Method(method) | PayWith::MethodOfKind(method, _) => {
                        wants.push(Want::Method(account, *method));
                    }
                    PayWith::Planned(method) => {
                        wants.extend([Want::Method(account, *method), Want::Balances(account)]);
                    }
                    PayWith::Balance | PayWith::CreditLine | PayWith::BalanceFirst => {
                        wants.push(Want::Balances(account));
                    }
                }
            }
            Action::CancelOrder { order } => wants.push(Want::OrderWithServices(account, *order)),
            Action::CreditOrder { order, .. } => {
                wants.extend([Want::Order(account, *order), Want::Invoices(account, *order), Want::Balances(account)]);
                wants.push(Want::Charges(account, *order));
            }
            Action::NoteCharge { order, .. } => wants.push(Want::Charges(account, *order)),
            Action::SettleCharge { order, .. } => {
                wants.extend([
                    Want::OrderWithServices(account, *order),
                    Want::Charges(account, *order),
                    Want::Invoices(account, *order),
                    Want::Methods(account),
                    Want::Balances(account),
                ]);
            }
            Action::CreditBalance { .. } => wants.push(Want::Balances(account)),
            Action::SetRenewals { services, withdraw, .. } => {
                wants.extend(services.iter().map(|service| Want::Service(account, *service)));
                wants.extend(withdraw.iter().map(|order| Want::OrderWithServices(account, *order)));
            }
            Action::SetRenewal { service, .. }
            | Action::Cancel { service, .. }
            | Action::Reinstate { service }
            | Action::Rename { service, .. }
            | Action::Suspend { service }
            | Action::Reopen { service }
            | Action::Terminate { service } => wants.push(Want::Service(account, *service)),
            Action::RequestTermination { service, .. } | Action::ConfirmTermination { service, .. } => {
                wants.extend([Want::Service(account, *service), Want::Termination(account, *service)]);
            }
            Action::AddMethod(_) | Action::EditMethod { .. } | Action::RemoveMethod { .. } => {
                wants.push(Want::Methods(account));
            }
            Action::RecordJob { order, .. } => wants.extend(order.map(|order| Want::Order(account, order))),
            Action::Deposit { .. } | Action::EditAccount { .. } | Action::RegisterApplication(_) => {}
            Action::RevokeApplication { application } | Action::EditApplication { application, .. } => {
                wants.push(Want::Application(*application));
            }
            Action::IssueCredential(new) => wants.extend(new.application.map(Want::Application)),
            Action::ApproveCredential { credential, .. }
            | Action::RefuseCredential { credential }
            | Action::EditCredential { credential, .. }
            | Action::ExpireCredential { credential }
            | Action::TouchCredential { credential } => wants.push(Want::Credential(*credential)),
            Action::Attend(attend) => {
                wants.extend([Want::Methods(account), Want::Balances(account)]);
                // What belongs to a service may end with it.
                let of = |service: &ServiceId| [Want::Family(account, *service), Want::Attended(account, *service)];
                wants.extend(attend.services.iter().flat_map(of));
                let of = |order: &OrderId| [Want::OrderWithServices(account, *order), Want::Charges(account, *order)];
                wants.extend(attend.orders.iter().flat_map(of));
            }
            Action::UseNonce { nonce, .. } => wants.push(Want::Nonce(*nonce)),
        }
        wants
    }
}

impl RenewRequest {
    fn wants(&self, account: AccountId) -> Vec<Want> {
        let mut wants: Vec<_> = self.services.iter().map(|service| Want::Service(account, *service)).collect();
        if let Scope::Strategy { of } = self.scope {
            wants.push(Want::Family(account, of));
        }
        if self.coupons == CouponUse::First {
            wants.push(Want::Coupons(account));
        }
        if self.after == After::OpenOrders {
            wants.push(Want::OpenOrders(account));
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
