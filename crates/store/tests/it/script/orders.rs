//! Drawing what is done with orders: renewals, purchases, deposits, and paying for them.

use std::sync::Arc;

use perennial_core::calendar::AnchorDay;
use perennial_core::charge::{Charge, ChargeOutcome, Decline};
use perennial_core::command::{
    Action, After, Attend, BuyRequest, CouponUse, CreditTo, FirstTerm, NewService, PayWith, PlanEdit, PromoEdit,
    RenewRequest, Scope,
};
use perennial_core::ids::{AccountId, ChargeId, MethodId, OrderId, ProductId};
use perennial_core::money::Money;
use perennial_core::order::{Order, Origin};
use perennial_core::payment::MethodKind;
use perennial_core::schedule::Timetables;

use super::draw::{Drawn, Script};
use super::known::Held;
use super::master::{PRODUCTS, PROMOS};
use crate::world::period;

/// What becomes of an order that is drawn.
#[derive(Clone, Copy)]
enum End {
    Stays,
    /// It is paid or withdrawn, so that what comes next in a batch is meant for another one.
    Settles,
}

impl Script {
    pub(super) fn renew(&mut self) -> Drawn {
        let (account, request) = self.renewal();
        (account, Action::Renew { request, password: self.text() })
    }

    pub(super) fn renew_now(&mut self) -> Drawn {
        let (account, request) = self.renewal();
        let first = request.services.first().copied();
        let held = self.known.services.iter().find(|held| Some(held.id) == first);
        let expiry = held.map_or(self.today(), |held| held.until);
        let expiry = match self.dice.below(12) {
            0 => Some(self.today()),
            1..4 => Some(expiry),
            _ => None,
        };
        (account, Action::RenewNow { request, expiry, password: self.text() })
    }

    fn renewal(&mut self) -> (AccountId, RenewRequest) {
        let root = self.service();
        let strategy = self.dice.one_in(4);
        let mut services = vec![root.id];
        let beside: Vec<_> = self
            .known
            .services
            .iter()
            .filter(|held| held.account == root.account && (!strategy || held.parent == Some(root.id)))
            .map(|held| held.id)
            .collect();
        for _ in 0..self.dice.below(3) {
            if let Some(other) = self.dice.lately(&beside).copied()
                && (self.known.runs(other) || self.dice.one_in(20))
                && (!services.contains(&other) || self.dice.one_in(20))
            {
                services.insert(0, other);
            }
        }
        if self.dice.one_in(200) {
            services.clear();
        }
        let request = RenewRequest {
            services,
            scope: if strategy { Scope::Strategy { of: root.id } } else { Scope::Listed },
            period: self.period(),
            to_day: self.dice.one_in(6).then(|| self.day()),
            promo: self.promo(),
            coupons: *self.dice.pick(&[CouponUse::Keep, CouponUse::First]),
            after: *self.dice.pick(&[After::Expiry, After::Expiry, After::OpenOrders]),
            origin: *self.dice.pick(&[Origin::Customer, Origin::Schedule]),
            open_s: self.open_s(),
        };
        (root.account, request)
    }

    pub(super) fn day(&mut self) -> AnchorDay {
        AnchorDay::new(i8::try_from(self.dice.int(1..=31)).expect("fits")).expect("is a day")
    }

    fn promo(&mut self) -> Option<String> {
        self.dice.one_in(5).then(|| (*self.dice.pick(&PROMOS)).to_owned())
    }

    fn open_s(&mut self) -> u32 {
        *self.dice.pick(&[0, 3_600, 86_400, 604_800, 604_800, 2_592_000, 2_592_000, 2_592_000])
    }

    pub(super) fn buy(&mut self) -> Drawn {
        let account = self.customer();
        let items = (0..self.dice.below(12).min(3)).map(|_| self.item(account)).collect();
        let request = BuyRequest { items, promo: self.promo(), open_s: self.open_s() };
        (account, Action::Buy { request, password: self.text() })
    }

    fn item(&mut self, account: AccountId) -> NewService {
        let sold = self.dice.pick(&PRODUCTS);
        let product = if self.dice.one_in(40) { 99 } else { sold.id };
        let of_product = *self.dice.pick(sold.periods);
        let bought = if self.dice.one_in(8) { self.period() } else { period(of_product) };
        let owned: Vec<_> = self.known.services.iter().filter(|held| held.account == account).collect();
        let beside = self.dice.lately(&owned).map(|held| held.id);
        let first = beside.filter(|_| self.dice.one_in(3)).map(FirstTerm::UntilExpiryOf);
        NewService {
            product: ProductId(product),
            parent: beside.filter(|_| self.dice.one_in(3)),
            name: self.text(),
            first: first.unwrap_or(FirstTerm::For(bought)),
            period: self.period(),
            facts: self.facts(),
        }
    }

    pub(super) fn deposit(&mut self) -> Drawn {
        let account = self.customer();
        let amount = self.amount(account, 1..=90_000);
        (account, Action::Deposit { amount, open_s: self.open_s(), password: self.text() })
    }

    /// An order that is open as a rule; or one that is settled, one of this very batch, or none at all.
    fn order(&mut self, end: End) -> (AccountId, OrderId, Option<Order>) {
        let newest = self.known.open.iter().chain(&self.known.paid).map(|order| order.id.0).max().unwrap_or_default();
        let named = |order: &Order| (order.account, order.id, Some(order.clone()));
        let drawn = match self.dice.below(24) {
            0 => self.dice.lately(&self.known.paid).map(named),
            1 => self.dice.lately(&self.known.withdrawn).map(|(account, id)| (*account, *id, None)),
            2 => self.dice.lately(&self.known.lapsed).map(|(account, id)| (*account, *id, None)),
            3 => None,
            _ => match end {
                End::Stays => self.dice.lately(&self.known.open).map(named),
                End::Settles => self.dice.take(&mut self.known.open).as_ref().map(named),
            },
        };
        drawn.unwrap_or_else(|| (self.customer(), OrderId(newest + self.dice.int(1..=3)), None))
    }

    pub(super) fn revise(&mut self) -> Drawn {
        let (account, id, order) = self.order(End::Stays);
        let lines = order.as_ref().map(|order| order.lines.as_slice()).unwrap_or_default();
        let mut periods: Vec<_> = lines.iter().map(|line| (line.service, self.period())).collect();
        periods.retain(|_| self.dice.one_in(2));
        if self.dice.one_in(30) {
            periods.push((self.service().id, self.period()));
        }
        let promo = match self.dice.below(8) {
            0 | 1 => PromoEdit::Clear,
            2 | 3 => PromoEdit::Set((*self.dice.pick(&PROMOS)).to_owned()),
            _ => PromoEdit::Keep,
        };
        let gross = order.map_or(Money::zero(super::master::currency(account)), |order| order.gross);
        let part = Money::new(gross.minor() / self.dice.int(1..=3), gross.currency());
        let plan = PlanEdit {
            by_itself: self.dice.maybe(|dice| dice.one_in(2)),
            kind: self.dice.maybe(|dice| *dice.pick(&[MethodKind::Card, MethodKind::PayPal, MethodKind::Bitcoin])),
            from_balance: self.dice.maybe(|_| part),
        };
        (account, Action::ReviseOrder { order: id, periods, promo, plan })
    }

    pub(super) fn link(&mut self) -> Drawn {
        let (account, order, _) = self.order(End::Stays);
        // A secret that was given before is refused by the schema alone.
        let given = if self.dice.one_in(20) { self.dice.lately(&self.known.links).cloned() } else { None };
        let token = given.unwrap_or_else(|| format!("link {}", self.new_number()));
        (account, Action::LinkOrder { order, token })
    }

    pub(super) fn view_link(&mut self) -> Drawn {
        let linked = self.dice.lately(&self.known.linked).copied().filter(|_| !self.dice.one_in(12));
        let (account, order) = linked.unwrap_or_else(|| (self.customer(), OrderId(1)));
        (account, Action::ViewLink { order })
    }

    pub(super) fn pay(&mut self) -> Drawn {
        let (account, id, order) = self.order(End::Settles);
        let method = self.method(account);
        let with = match self.dice.below(12) {
            0 | 1 | 9.. => PayWith::Method(method),
            2 => PayWith::MethodOfKind(method, *self.dice.pick(&[MethodKind::Card, MethodKind::PayPal])),
            3 => PayWith::Planned(method),
            4 => PayWith::CreditLine,
            5 | 6 => PayWith::Balance,
            _ => PayWith::BalanceFirst,
        };
        let gross = order.map(|order| order.gross);
        let due = match self.dice.below(12) {
            0 => gross.map(|gross| Money::new(gross.minor() - 1, gross.currency())),
            1..4 => gross,
            _ => None,
        };
        (account, Action::Pay { order: id, with, due })
    }

    /// A method of an account; seldom of another one.
    pub(super) fn method(&mut self, account: AccountId) -> MethodId {
        let any = self.dice.one_in(12);
        let mine: Vec<_> = self.known.methods.iter().filter(|(owner, _)| any || *owner == account).collect();
        self.dice.lately(&mine).map_or(MethodId(777), |(_, method)| *method)
    }

    pub(super) fn cancel_order(&mut self) -> Drawn {
        let (account, order, _) = self.order(End::Settles);
        (account, Action::CancelOrder { order })
    }

    pub(super) fn credit_order(&mut self) -> Drawn {
        let paid = self.dice.lately(&self.known.paid).filter(|_| !self.dice.one_in(8));
        let paid = paid.map(|order| (order.account, order.id, None));
        let (account, order, _) = paid.unwrap_or_else(|| self.order(End::Stays));
        let to = *self.dice.pick(&[CreditTo::Balance, CreditTo::Method]);
        (account, Action::CreditOrder { order, to })
    }

    /// A charge that is open, if one is; seldom one of another order, or none at all.
    fn charge(&mut self) -> Option<Charge> {
        let open = self.dice.lately(&self.known.charging)?.clone();
        Some(if self.dice.one_in(12) { Charge { id: ChargeId(self.dice.int(1..=40)), ..open } } else { open })
    }

    pub(super) fn note_charge(&mut self) -> Drawn {
        let Some(Charge { account, order, id: charge, .. }) = self.charge() else { return self.pay() };
        (account, Action::NoteCharge { order, charge, reference: self.text() })
    }

    pub(super) fn settle_charge(&mut self) -> Drawn {
        let Some(Charge { account, order, id: charge, reference, .. }) = self.charge() else { return self.pay() };
        let reference = reference.filter(|_| !self.dice.one_in(20));
        let declined = ChargeOutcome::Declined(*self.dice.pick(&Decline::ALL));
        let outcome = if self.dice.one_in(3) { declined } else { ChargeOutcome::Moved };
        (account, Action::SettleCharge { order, charge, reference, outcome })
    }

    pub(super) fn credit_balance(&mut self) -> Drawn {
        let account = self.customer();
        let amount = self.amount(account, 1..=150_000);
        (account, Action::CreditBalance { amount, memo: self.text() })
    }

    /// A visit of the schedule's to services of an account, on a day near the expiry of the first one as a rule. Most are
    /// visited before it, so that few are gone for good.
    pub(super) fn attend(&mut self) -> Drawn {
        let Held { account, id, until, .. } = self.service();
        let beside: Vec<_> = self.known.services.iter().filter(|held| held.account == account).collect();
        let mut services = vec![id];
        if self.dice.one_in(3) {
            services.extend(self.dice.lately(&beside).map(|held| held.id).filter(|other| *other != id));
        }
        let days = match self.dice.below(12) {
            0 | 3 => self.dice.int(-58..=-37),
            1 | 2 => self.dice.int(-37..=0),
            _ => self.dice.int(0..=30),
        };
        let day = if self.dice.one_in(8) { self.today() } else { until.saturating_sub(jiff::Span::new().days(days)) };
        let renews = |order: &&Order| services.iter().any(|service| order.line_of(*service).is_some());
        let orders = self.known.open.iter().filter(renews).map(|order| order.id).collect();
        let (timetables, password) = (Arc::new(Timetables::default()), self.text());
        (account, Action::Attend(Attend { services, orders, day, timetables, password }))
    }
}
