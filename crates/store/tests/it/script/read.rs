//! Reading both ledgers through the store: the same questions, and the same answers.

use std::fmt::Debug;

use jiff::Span as Days;
use perennial_core::idempotency::{Nonce, TokenKey};
use perennial_core::ids::{InvoiceId, JobId, OrderId};
use perennial_core::ports::Span;
use perennial_core::product::Kind;
use perennial_core::snapshot::{Snapshot, Want};
use perennial_store::{Due, Records};

use super::draw::Script;

/// Tells which part of two snapshots differs, and how. (A part that is added does not compile until it is compared.)
pub fn difference(ours: &Snapshot, theirs: &Snapshot) -> Option<String> {
    fn part<T: Debug + PartialEq>(name: &str, ours: &T, theirs: &T) -> Option<String> {
        (ours != theirs).then(|| format!("{name} are read as {ours:?} of SQLite, as {theirs:?} of PostgreSQL"))
    }
    let Snapshot {
        catalogue,
        accounts,
        services,
        children,
        orders,
        payments,
        links,
        jobs,
        invoices,
        charges,
        methods,
        balances,
        coupons,
        replays,
        terminations,
        attended,
        applications,
        credentials,
        nonces,
        next,
        access,
    } = ours;
    part("price lists", catalogue, &theirs.catalogue)
        .or_else(|| part("accounts", accounts, &theirs.accounts))
        .or_else(|| part("services", services, &theirs.services))
        .or_else(|| part("children", children, &theirs.children))
        .or_else(|| part("orders", orders, &theirs.orders))
        .or_else(|| part("payments", payments, &theirs.payments))
        .or_else(|| part("links", links, &theirs.links))
        .or_else(|| part("jobs", jobs, &theirs.jobs))
        .or_else(|| part("invoices", invoices, &theirs.invoices))
        .or_else(|| part("charges", charges, &theirs.charges))
        .or_else(|| part("methods", methods, &theirs.methods))
        .or_else(|| part("balances", balances, &theirs.balances))
        .or_else(|| part("coupons", coupons, &theirs.coupons))
        .or_else(|| part("replays", replays, &theirs.replays))
        .or_else(|| part("terminations", terminations, &theirs.terminations))
        .or_else(|| part("stages", attended, &theirs.attended))
        .or_else(|| part("applications", applications, &theirs.applications))
        .or_else(|| part("credentials", credentials, &theirs.credentials))
        .or_else(|| part("nonces", nonces, &theirs.nonces))
        .or_else(|| part("next numbers", next, &theirs.next))
        .or_else(|| part("versions of access", access, &theirs.access))
}

/// A question to a reader, and its answer as text.
pub type Question = Box<dyn Fn(&dyn Records) -> String>;

fn told<T: Debug>(answer: Result<T, perennial_core::ports::Failure>) -> String {
    format!("{:?}", answer.expect("is answered"))
}

impl Script {
    /// One want of each kind, for things that are there as a rule.
    pub fn wants(&mut self) -> Vec<Want> {
        let account = self.account();
        let mine = |owner| owner == account;
        let of_mine: Vec<_> =
            self.known.services.iter().filter(|held| mine(held.account)).map(|held| held.id).collect();
        let service = self.dice.lately(&of_mine).copied().unwrap_or(self.service().id);
        let parents: Vec<_> = self.known.services.iter().filter_map(|held| held.parent).collect();
        let parent = self.dice.lately(&parents).copied().unwrap_or(service);
        let orders: Vec<_> =
            self.known.open.iter().chain(&self.known.paid).filter(|order| mine(order.account)).collect();
        let mut order = || self.dice.lately(&orders).map_or(OrderId(1), |order| order.id);
        let (order, paid, linked) = (order(), order(), order());
        let charged = self.dice.lately(&self.known.charging).map_or(paid, |charge| charge.order);
        let token =
            self.dice.lately(&self.known.tokens).and_then(|command| Some((command.account, command.token.clone()?)));
        let token = token.map(|(account, token)| token.lookup(account));
        let (operation, key) = (String::new(), "none".to_owned());
        let credential = self.dice.lately(&self.known.credentials).map(|(_, id)| *id);
        let application = self.dice.lately(&self.known.applications).map(|(_, id)| *id);
        let nonce = self.dice.lately(&self.known.nonces).map(|(nonce, _)| *nonce);
        let job = JobId(self.dice.int(1..=40));
        let asked = self.dice.lately(&self.known.asked).map_or(service, |asked| asked.service);
        let link = self.dice.lately(&self.known.linked).map_or(linked, |(_, order)| *order);
        let mut wants = vec![
            Want::Account(account),
            Want::Service(account, service),
            Want::OpenOrders(account),
            Want::Family(account, parent),
            Want::Order(account, order),
            Want::OrderWithServices(account, paid),
            Want::Link(account, link),
            Want::Job(account, job),
            Want::Payment(account, paid),
            Want::Invoices(account, paid),
            Want::Charges(account, charged),
            Want::Method(account, self.method(account)),
            Want::Methods(account),
            Want::Balances(account),
            Want::Coupons(account),
            Want::Replay(token.unwrap_or(TokenKey { account, operation, key })),
            Want::Termination(account, asked),
        ];
        wants.extend(application.map(Want::Application));
        wants.extend(credential.map(Want::Credential));
        wants.extend(nonce.map(|nonce: Nonce| Want::Nonce(nonce)));
        wants
    }

    /// Everything else that can be asked of a reader, each with its words.
    pub fn questions(&mut self) -> Vec<Question> {
        let account = self.account();
        let kind = *self.dice.pick(&Kind::ALL);
        let name = format!("recorded-{}.example", self.dice.int(1..=60));
        let (from, to) = (self.dice.maybe(|_| ()), self.dice.maybe(|_| ()));
        let span = Span { from: from.map(|()| self.hours(-900..=0)), to: to.map(|()| self.hours(-900..=0)) };
        let invoice = InvoiceId(self.dice.int(1..=200));
        let number = self.dice.int(1..=200);
        let link = self.dice.lately(&self.known.links).cloned().unwrap_or_default();
        let key = self.dice.lately(&self.known.keys).cloned().unwrap_or_default();
        let digest = self.dice.lately(&self.known.digests).copied().unwrap_or_default();
        let before = self.today().saturating_add(Days::new().days(self.dice.int(-10..=40)));
        let code = format!("xx{account}-test");
        vec![
            Box::new(move |books| told(books.account(account))),
            Box::new(|books| told(books.account_ids())),
            Box::new(|books| told(books.next_charge())),
            Box::new(move |books| told(books.find_account(&code))),
            Box::new(move |books| told(books.service_ids(account, None))),
            Box::new(move |books| told(books.service_ids(account, Some(kind)))),
            Box::new(move |books| told(books.find_service(account, kind, &name))),
            Box::new(move |books| told(books.order_ids(account, span))),
            Box::new(move |books| told(books.invoices(account, span))),
            Box::new(move |books| told(books.invoice(account, invoice))),
            Box::new(move |books| told(books.find_invoice(account, "INV", number))),
            Box::new(move |books| told(books.find_invoice(account, "CN", number))),
            Box::new(move |books| told(books.method_ids(account))),
            Box::new(move |books| told(books.find_link(&link))),
            // Their ids have gaps on PostgreSQL.
            Box::new(move |books| {
                let movements = books.balance_movements(account, span);
                told(movements.map(|all| all.into_iter().map(|(_, transfer)| transfer).collect::<Vec<_>>()))
            }),
            Box::new(|books| told(books.access_version())),
            Box::new(move |books| told(books.find_application("ovh", &key))),
            Box::new(move |books| told(books.applications(account))),
            Box::new(move |books| told(books.find_credential("ovh", &digest))),
            Box::new(move |books| told(books.find_pending_credential(&digest))),
            Box::new(move |books| told(books.credentials(account))),
            Box::new(move |books| {
                let first = books.services_due(before, None, 3).expect("is answered");
                let after: Option<Due> = first.last().copied();
                format!("{first:?} {}", told(books.services_due(before, after, 40)))
            }),
            Box::new(|books| told(books.next_notice())),
            Box::new(|books| {
                told(
                    books
                        .notices_waiting(50)
                        .map(|waiting| waiting.into_iter().map(|waiting| waiting.notice).collect::<Vec<_>>()),
                )
            }),
        ]
    }
}
