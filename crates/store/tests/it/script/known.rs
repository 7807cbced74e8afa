//! What the replies have told of the ledger, so that the next commands hit what is there.

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::charge::{Charge, ChargeState};
use perennial_core::command::{Action, Command, NewCredentialStanding, Reply};
use perennial_core::idempotency::Nonce;
use perennial_core::ids::{AccountId, ApplicationId, CredentialId, MethodId, OrderId, ServiceId};
use perennial_core::order::{Order, OrderState, Purpose};
use perennial_core::service::{Hold, RenewalMode};
use perennial_core::snapshot::Change;

/// A service, its parent, and the expiry that was last heard of.
#[derive(Clone, Copy)]
pub struct Held {
    pub account: AccountId,
    pub id: ServiceId,
    pub parent: Option<ServiceId>,
    pub until: Date,
}

/// A termination that was asked for.
#[derive(Clone, Copy)]
pub struct Asked {
    pub account: AccountId,
    pub service: ServiceId,
    pub digest: [u8; 32],
}

/// Things of the ledger, each list in the order in which they came to be.
#[derive(Default)]
pub struct Known {
    pub services: Vec<Held>,
    /// Services that ended, or whose first term is not paid.
    pub gone: Vec<Held>,
    pub suspended: Vec<(AccountId, ServiceId)>,
    pub cancelled: Vec<(AccountId, ServiceId)>,
    pub asked: Vec<Asked>,
    /// Orders that were open when last heard of.
    pub open: Vec<Order>,
    pub paid: Vec<Order>,
    /// Charges that are open.
    pub charging: Vec<Charge>,
    pub withdrawn: Vec<(AccountId, OrderId)>,
    pub lapsed: Vec<(AccountId, OrderId)>,
    pub linked: Vec<(AccountId, OrderId)>,
    pub links: Vec<String>,
    pub methods: Vec<(AccountId, MethodId)>,
    pub applications: Vec<(AccountId, ApplicationId)>,
    pub keys: Vec<String>,
    pub credentials: Vec<(AccountId, CredentialId)>,
    pub digests: Vec<[u8; 32]>,
    /// Credentials that wait for their owner's answer.
    pub pending: Vec<CredentialId>,
    pub nonces: Vec<(Nonce, Timestamp)>,
    /// Commands whose token is remembered, for a while.
    pub tokens: Vec<Command>,
}

impl Known {
    /// Takes note of a command that was carried out, and of what a visit of the schedule's changed.
    pub fn note(&mut self, command: &Command, reply: &Reply, changes: &[Change]) {
        if command.token.is_some() && matches!(reply, Reply::Placed(_) | Reply::Paid(_) | Reply::Charging(_)) {
            self.tokens.push(command.clone());
        }
        let account = command.account;
        for change in changes {
            self.charged(change);
        }
        match reply {
            Reply::Placed(order) | Reply::Charging(order) => self.placed(order),
            Reply::Paid(order) => self.paid(order),
            Reply::Method(method) => self.methods.push((account, *method)),
            Reply::Application(application) => self.applications.push((account, *application)),
            Reply::Link(link) => {
                self.linked.push((account, link.order));
                self.links.push(link.token.clone());
            }
            Reply::Charge(_)
            | Reply::Credential(_)
            | Reply::Job(_)
            | Reply::From(_)
            | Reply::Attended(_)
            | Reply::Done => {}
        }
        match &command.action {
            Action::Buy { request, .. } => {
                let Reply::Placed(order) = reply else { return };
                let opened = request.items.iter().zip(&order.lines).map(|(item, line)| Held {
                    account,
                    id: line.service,
                    parent: item.parent,
                    until: line.term.until(),
                });
                // A first order that is lost to a repeat opened them before.
                let newest = self.services.iter().chain(&self.gone).map(|held| held.id).max();
                self.gone.extend(opened.filter(|held| Some(held.id) > newest));
            }
            Action::Attend(_) => changes.iter().for_each(|change| self.visited(change)),
            Action::CancelOrder { order } => self.withdrawn(account, &[*order]),
            Action::SetRenewal { service, mode: Some(mode), .. } => self.renews(account, &[*service], *mode),
            Action::SetRenewals { withdraw, services, mode, .. } => {
                self.withdrawn(account, withdraw);
                self.renews(account, services, *mode);
            }
            Action::Cancel { service, .. } | Action::ConfirmTermination { service, .. } => {
                self.renews(account, &[*service], RenewalMode::DeleteAtExpiry);
            }
            Action::Reinstate { service } => self.renews(account, &[*service], RenewalMode::Manual),
            Action::Suspend { service } => self.suspended.push((account, *service)),
            Action::Reopen { service } => self.suspended.retain(|(_, suspended)| suspended != service),
            Action::Terminate { service } => {
                self.suspended.retain(|(_, suspended)| suspended != service);
                self.bury(|held| held.id == *service);
            }
            Action::RequestTermination { service, token_digest, .. } => {
                self.asked.push(Asked { account, service: *service, digest: *token_digest });
            }
            Action::RegisterApplication(new) => self.keys.push(new.key.clone()),
            Action::RevokeApplication { application } => {
                self.applications.retain(|(_, known)| known != application);
            }
            Action::IssueCredential(new) => {
                self.digests.push(new.digest);
                let Reply::Credential(credential) = *reply else { return };
                match new.standing {
                    NewCredentialStanding::Pending { .. } => self.pending.push(credential),
                    NewCredentialStanding::Validated { .. } => self.credentials.push((account, credential)),
                }
            }
            Action::ApproveCredential { credential, .. } | Action::RefuseCredential { credential } => {
                self.pending.retain(|pending| pending != credential);
                self.credentials.push((account, *credential));
            }
            Action::UseNonce { nonce, good_until } => self.nonces.push((*nonce, *good_until)),
            _ => {}
        }
    }

    /// Takes note of a charge, whoever asked for it.
    fn charged(&mut self, change: &Change) {
        match change {
            Change::OpenCharge(opened) => self.charging.push(opened.clone()),
            Change::SetCharge(noted) if noted.state == ChargeState::Open => {
                for open in self.charging.iter_mut().filter(|open| open.id == noted.id) {
                    open.clone_from(noted);
                }
            }
            Change::SetCharge(settled) => {
                self.charging.retain(|open| open.id != settled.id);
                if let ChargeState::Credited(_) = settled.state {
                    self.withdrawn(settled.account, &[settled.order]);
                }
            }
            _ => {}
        }
    }

    fn visited(&mut self, change: &Change) {
        match change {
            Change::PlaceOrder(order) => self.placed(order),
            Change::SetOrderState { order, state: state @ OrderState::Fulfilled(_), .. } => {
                if let Some(open) = self.open.iter().find(|open| open.id == *order).cloned() {
                    self.paid(&Order { state: *state, ..open });
                }
            }
            Change::SetOrderState { account, order, .. } => self.withdrawn(*account, &[*order]),
            Change::SetService(service) if service.hold == Hold::Terminated => self.bury(|held| held.id == service.id),
            _ => {}
        }
    }

    /// Services that ended are drawn seldom from now on.
    pub fn bury(&mut self, ended: impl Fn(&Held) -> bool) {
        self.gone.extend(self.services.extract_if(.., |held| ended(held)));
    }

    /// So are orders that lapsed.
    pub fn lapse(&mut self, now: Timestamp) {
        let lapsed = self.open.extract_if(.., |order| !order.is_open(now));
        self.lapsed.extend(lapsed.map(|order| (order.account, order.id)));
    }

    /// Whether nobody stopped a service, as far as is known.
    pub fn runs(&self, service: ServiceId) -> bool {
        self.suspended.iter().chain(&self.cancelled).all(|(_, stopped)| *stopped != service)
    }

    /// Takes note of what happens to services at their expiry.
    fn renews(&mut self, account: AccountId, services: &[ServiceId], mode: RenewalMode) {
        self.cancelled.retain(|(_, cancelled)| !services.contains(cancelled));
        if mode == RenewalMode::DeleteAtExpiry {
            self.cancelled.extend(services.iter().map(|service| (account, *service)));
        }
    }

    fn placed(&mut self, order: &Order) {
        self.open.retain(|open| open.id != order.id);
        if self.paid.iter().rev().any(|paid| paid.id == order.id) {
            return;
        }
        self.open.push(order.clone());
    }

    fn paid(&mut self, order: &Order) {
        assert!(matches!(order.state, OrderState::Fulfilled(_)), "{order:?}");
        self.open.retain(|open| open.id != order.id);
        let lines = || order.lines.iter();
        if order.purpose == Purpose::Purchase {
            self.services.extend(self.gone.extract_if(.., |held| lines().any(|line| line.service == held.id)));
        }
        for held in &mut self.services {
            held.until = lines().find(|line| line.service == held.id).map_or(held.until, |line| line.term.until());
        }
        self.paid.push(order.clone());
    }

    fn withdrawn(&mut self, account: AccountId, orders: &[OrderId]) {
        self.open.retain(|open| !orders.contains(&open.id));
        self.withdrawn.extend(orders.iter().map(|order| (account, *order)));
    }
}
