//! Drawing what owners do with their services, methods and accounts.

use jiff::Span;
use perennial_core::command::{Action, NewMethod};
use perennial_core::ids::{AccountId, ServiceId};
use perennial_core::payment::{MethodKind, Preference};
use perennial_core::service::{Ending, RenewalMode};

use super::draw::{Drawn, Script};
use super::known::Asked;
use super::master::RESELLERS;

impl Script {
    pub(super) fn set_renewal(&mut self) -> Drawn {
        let held = self.service();
        let mode = self.dice.maybe(|dice| *dice.pick(&RenewalMode::ALL));
        let period = self.dice.one_in(2).then(|| self.period());
        (held.account, Action::SetRenewal { service: held.id, mode, period })
    }

    pub(super) fn set_renewals(&mut self) -> Drawn {
        let first = self.service();
        let of_owner: Vec<_> = self.known.services.iter().filter(|held| held.account == first.account).collect();
        let mut services = vec![first.id];
        services.extend((0..self.dice.below(4)).filter_map(|_| self.dice.lately(&of_owner).map(|held| held.id)));
        let open: Vec<_> = self.known.open.iter().filter(|order| order.account == first.account).collect();
        let withdraw = (0..self.dice.below(3)).filter_map(|_| self.dice.lately(&open).map(|order| order.id)).collect();
        let mode = *self.dice.pick(&RenewalMode::ALL);
        let period = self.dice.one_in(4).then(|| self.period());
        if self.dice.one_in(20) {
            services.clear();
        }
        (first.account, Action::SetRenewals { services, mode, period, withdraw })
    }

    pub(super) fn cancel(&mut self) -> Drawn {
        let held = self.service();
        let ending = *self.dice.pick(&[Ending::AtExpiry, Ending::Now]);
        (held.account, Action::Cancel { service: held.id, reason: self.text(), ending })
    }

    /// One of these lately, or any service.
    fn of(&mut self, known: &[(AccountId, ServiceId)]) -> (AccountId, ServiceId) {
        let known = self.dice.lately(known).copied().filter(|_| !self.dice.one_in(10));
        known.unwrap_or_else(|| {
            let held = self.service();
            (held.account, held.id)
        })
    }

    pub(super) fn reinstate(&mut self) -> Drawn {
        let cancelled = std::mem::take(&mut self.known.cancelled);
        let (account, service) = self.of(&cancelled);
        self.known.cancelled = cancelled;
        (account, Action::Reinstate { service })
    }

    pub(super) fn rename(&mut self) -> Drawn {
        let held = self.service();
        let display_name = (!self.dice.one_in(4)).then(|| self.text());
        (held.account, Action::Rename { service: held.id, display_name })
    }

    pub(super) fn suspend(&mut self) -> Drawn {
        let of_resellers: Vec<_> =
            self.known.services.iter().filter(|held| RESELLERS.contains(&held.account)).copied().collect();
        let held = self.dice.lately(&of_resellers).copied().filter(|_| !self.dice.one_in(8));
        let held = held.unwrap_or_else(|| self.service());
        (held.account, Action::Suspend { service: held.id })
    }

    fn suspended(&mut self) -> (AccountId, ServiceId) {
        let suspended = std::mem::take(&mut self.known.suspended);
        let drawn = self.of(&suspended);
        self.known.suspended = suspended;
        drawn
    }

    pub(super) fn reopen(&mut self) -> Drawn {
        let (account, service) = self.suspended();
        (account, Action::Reopen { service })
    }

    pub(super) fn terminate(&mut self) -> Drawn {
        let (account, service) = self.suspended();
        (account, Action::Terminate { service })
    }

    pub(super) fn request_termination(&mut self) -> Drawn {
        let held = self.service();
        let (token, token_digest) = (self.text(), self.dice.digest());
        (held.account, Action::RequestTermination { service: held.id, token, token_digest })
    }

    pub(super) fn confirm_termination(&mut self) -> Drawn {
        let asked = self.dice.take(&mut self.known.asked);
        let asked = asked.unwrap_or_else(|| {
            let held = self.service();
            Asked { account: held.account, service: held.id, digest: [0; 32] }
        });
        let token_digest = if self.dice.one_in(8) { self.dice.digest() } else { asked.digest };
        (asked.account, Action::ConfirmTermination { service: asked.service, token_digest })
    }

    pub(super) fn preference(&mut self) -> Preference {
        *self.dice.pick(&[Preference::Default, Preference::Other])
    }

    pub(super) fn add_method(&mut self) -> Drawn {
        let expires = self.today().saturating_add(Span::new().days(self.dice.int(-10..=500)));
        let new = NewMethod {
            kind: *self.dice.pick(&MethodKind::ALL),
            label: self.text(),
            description: self.dice.one_in(2).then(|| self.text()),
            preference: self.preference(),
            expires: self.dice.maybe(|_| expires),
            on_gateway: self.on_gateway(),
        };
        (self.customer(), Action::AddMethod(new))
    }

    pub(super) fn edit_method(&mut self) -> Drawn {
        let account = self.customer();
        let method = self.method(account);
        let description = self.dice.one_in(2).then(|| self.text());
        let preference = self.dice.one_in(2).then(|| self.preference());
        (account, Action::EditMethod { method, description, preference })
    }

    pub(super) fn remove_method(&mut self) -> Drawn {
        let account = self.customer();
        (account, Action::RemoveMethod { method: self.method(account) })
    }

    pub(super) fn edit_account(&mut self) -> Drawn {
        let facts = self.facts().into_iter().map(|(name, told)| (name, self.dice.maybe(|_| told))).collect();
        let (name, email) = (self.dice.one_in(2).then(|| self.text()), self.dice.one_in(2).then(|| self.text()));
        (self.customer(), Action::EditAccount { name, email, facts })
    }

    pub(super) fn record_job(&mut self) -> Drawn {
        let about = self.dice.lately(&self.known.open).map(|order| (order.account, Some(order.id)));
        let about = about.filter(|_| self.dice.one_in(2));
        let (account, order) = about.unwrap_or_else(|| (self.customer(), None));
        (account, Action::RecordJob { kind: self.text(), order, report: self.text() })
    }
}
