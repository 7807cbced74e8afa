//! What a mail may say: what its notice tells, and what the ledger has on it when the mail is written.

use std::sync::Arc;

use form_urlencoded::byte_serialize;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use minijinja::{Value, context};
use perennial_core::account::{Account, Seller};
use perennial_core::ids::MethodId;
use perennial_core::notice::{Notice, NoticeKind, Unpaid};
use perennial_core::order::{Order, OrderLine, OrderState};
use perennial_core::payment::{MethodKind, PaymentMethod, Preference};
use perennial_core::ports::{self, Clock, Documents, Failure, Paper};
use perennial_core::snapshot::{Snapshot, Want};

use crate::store::Reader;

/// How old a notice may be that tells of what has happened, and not of what is to come.
const NEWS_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Everything that a text may show, in words; what there is not is empty.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Whom it is written to.
    pub name: String,
    /// The account's code.
    pub customer: String,
    /// Who writes.
    pub seller: Seller,
    /// The service's name.
    pub service: String,
    /// The secret to send back.
    pub token: String,
    /// An expiry, or the last day of a method.
    pub until: String,
    /// The day on which the next thing happens.
    pub on: String,
    /// The word of why something did not happen ([`Unpaid::word`]); the language's `reason.txt` says it.
    pub reason_word: String,
    /// The order that it is about, or the one that waits to be paid for the service.
    pub order: Option<OrderFacts>,
    /// The word of how it was or will be paid ([`MethodKind::word`]).
    pub method_kind: String,
    /// What the payment method shows of itself.
    pub method_label: String,
    /// The number of the invoice that is attached.
    pub invoice: String,
}

/// An order, in words.
#[derive(Clone, Debug, Default)]
pub struct OrderFacts {
    /// Its number.
    pub number: String,
    /// The day on which it was placed.
    pub date: String,
    /// The day on which it lapses if nobody pays.
    pub lapses: String,
    /// What it is for.
    pub lines: Vec<LineFacts>,
    /// Sum without tax.
    pub net: String,
    /// The tax.
    pub tax: String,
    /// `20 %`.
    pub tax_rate: String,
    /// The word of the tax treatment.
    pub treatment: String,
    /// What is to be paid, or was.
    pub gross: String,
    /// Where it is paid, while it waits for that.
    pub pay_url: String,
    /// Where its paper is.
    pub url: String,
}

/// A line of an order, in words.
#[derive(Clone, Debug, Default)]
pub struct LineFacts {
    /// The product.
    pub description: String,
    /// The service's name.
    pub service: String,
    /// The first day of the term.
    pub from: String,
    /// The expiry.
    pub until: String,
    /// The price without tax.
    pub net: String,
}

impl Facts {
    /// As templates see them; `subject` and `reason` are those in words, as far as they are known.
    pub fn value(&self, subject: &str, reason: &str) -> Value {
        let address: Vec<Value> = self.seller.address.iter().map(Value::from).collect();
        let vat_number = self.seller.vat_number.as_deref().unwrap_or_default();
        let invoice = (!self.invoice.is_empty()).then(|| context! { number => &self.invoice });
        context! {
            subject,
            name => &self.name,
            customer => &self.customer,
            seller => context! { name => &self.seller.name, address, vat_number },
            service => &self.service,
            token => &self.token,
            until => &self.until,
            on => &self.on,
            reason,
            reason_word => &self.reason_word,
            order => self.order.as_ref().map(OrderFacts::value),
            method => context! { kind => &self.method_kind, label => &self.method_label },
            invoice,
        }
    }
}

impl OrderFacts {
    fn value(&self) -> Value {
        let lines: Vec<Value> = self.lines.iter().map(LineFacts::value).collect();
        context! {
            number => &self.number,
            date => &self.date,
            lapses => &self.lapses,
            lines,
            net => &self.net,
            tax => &self.tax,
            tax_rate => &self.tax_rate,
            treatment => &self.treatment,
            gross => &self.gross,
            pay_url => &self.pay_url,
            url => &self.url,
        }
    }
}

impl LineFacts {
    fn of(line: &OrderLine) -> Self {
        Self {
            description: line.description.clone(),
            service: line.service_name.clone(),
            from: line.term.from().to_string(),
            until: line.term.until().to_string(),
            net: line.net.to_string(),
        }
    }

    fn value(&self) -> Value {
        context! {
            description => &self.description,
            service => &self.service,
            from => &self.from,
            until => &self.until,
            net => &self.net,
        }
    }
}

/// Where facts and papers come from.
pub struct Sources {
    /// The ledger.
    pub books: Reader,
    /// Makes the papers that go with a mail.
    pub papers: Arc<dyn Documents>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Where the seller's pages are.
    pub pages_url: String,
}

impl Sources {
    /// Whether a notice is worth telling: a mail may be written months after its notice, where there was no way before.
    ///
    /// # Errors
    /// [`Failure`] when the ledger does not answer.
    pub fn holds(&self, notice: &Notice, to: &Account) -> Result<bool, Failure> {
        let told = notice.kind.told();
        let wants = [
            told.service.map(|service| Want::Service(to.id, service)),
            told.order.map(|order| Want::Order(to.id, order)),
        ];
        let wants: Vec<_> = wants.into_iter().flatten().collect();
        let seen = self.books.load(&wants)?;
        Ok(still_holds(notice, to, (&seen, self.clock.now())))
    }

    /// What a notice's mail may say, and the paper that goes with it.
    ///
    /// # Errors
    /// [`Failure`] when the ledger does not answer, or the paper cannot be made.
    pub fn facts(&self, notice: &Notice, to: &Account) -> Result<(Facts, Option<ports::Document>), Failure> {
        let told = notice.kind.told();
        let now = self.clock.now();
        let mut id = told.order;
        if let Some(service) = told.service {
            let seen = self.books.load(&[Want::Service(to.id, service)])?;
            let service = seen.services.get(&service);
            id = service.and_then(|service| seen.open_order(now, service)).map(|order| order.id);
        }
        let mut wants = vec![Want::Account(to.id), Want::Methods(to.id)];
        if let Some(id) = id {
            wants.extend([Want::Order(to.id, id), Want::Link(to.id, id), Want::Payment(to.id, id)]);
            wants.extend([Want::Invoices(to.id, id), Want::Charges(to.id, id)]);
        }
        let seen = self.books.load(&wants)?;
        let order = id.and_then(|id| seen.orders.get(&id));
        let today = to.zone.date_of(now);
        let (method_kind, method_label) = paid_with((&seen, today), to, order, told.method);
        let mut facts = Facts {
            name: to.name.clone(),
            customer: to.code.clone(),
            seller: seen.catalogue.seller.clone(),
            service: told.name.unwrap_or_default(),
            token: told.token.unwrap_or_default(),
            until: told.until.map(|day| day.to_string()).unwrap_or_default(),
            on: told.on.map(|day| day.to_string()).unwrap_or_default(),
            reason_word: told.reason.unwrap_or_default(),
            order: order.map(|order| self.order(&seen, to, order)),
            method_kind: method_kind.map(MethodKind::word).unwrap_or_default().to_owned(),
            method_label,
            invoice: String::new(),
        };
        let mut paper = None;
        if let (NoticeKind::Paid { .. }, Some(order)) = (&notice.kind, order)
            && let Some(invoice) = seen.original(order.id)
        {
            paper = self.papers.document(to.id, Paper::Invoice(invoice.id))?;
            facts.invoice = invoice.number_text();
        }
        Ok((facts, paper))
    }

    fn order(&self, seen: &Snapshot, to: &Account, order: &Order) -> OrderFacts {
        let day = |instant| to.zone.date_of(instant).to_string();
        let (code, password) = (byte_serialize(to.code.as_bytes()), byte_serialize(order.password.as_bytes()));
        let (code, password): (String, String) = (code.collect(), password.collect());
        // Where nobody asked for a link yet, the page that leads to one does: it asks who it is.
        let pay_path = match seen.links.get(&order.id) {
            Some(link) => format!("/billing/pay/{}", link.token),
            None => format!("/billing?invoice={}", order.id),
        };
        let is_open = order.is_open(self.clock.now());
        OrderFacts {
            number: order.id.to_string(),
            date: day(order.placed),
            lapses: day(order.lapses),
            lines: order.lines.iter().map(LineFacts::of).collect(),
            net: order.net.to_string(),
            tax: order.tax.to_string(),
            tax_rate: order.taxed.rate().to_string(),
            treatment: order.taxed.word().to_owned(),
            gross: order.gross.to_string(),
            pay_url: if is_open { format!("{}{pay_path}", self.pages_url) } else { String::new() },
            url: format!("{}/order/{code}/{}?password={password}", self.pages_url, order.id),
        }
    }
}

/// Whether what a notice tells still holds: no day in it has passed, its service's expiry is the same, its order waits to be
/// paid. What has happened is told for a month.
pub(super) fn still_holds(notice: &Notice, to: &Account, (seen, now): (&Snapshot, Timestamp)) -> bool {
    let today = to.zone.date_of(now);
    let expires = |service, told| seen.services.get(service).is_some_and(|it| it.until == told);
    let waits = |order| seen.orders.get(order).is_some_and(|it| it.is_open(now));
    match &notice.kind {
        NoticeKind::Expiring { service, until, .. } | NoticeKind::Ending { service, until, .. } => {
            expires(service, *until) && today <= *until
        }
        NoticeKind::Expired { service, until, on, .. }
        | NoticeKind::Suspended { service, until, on, .. }
        | NoticeKind::Redemption { service, until, on, .. } => expires(service, *until) && today <= *on,
        NoticeKind::Proposed { order, on } | NoticeKind::MethodEnds { order, on, .. } => waits(order) && today <= *on,
        NoticeKind::TerminationRequested { .. }
        | NoticeKind::Paid { .. }
        | NoticeKind::NotPaid { reason: Unpaid::Credited, .. }
        | NoticeKind::Terminated { .. } => now.duration_since(notice.at) <= NEWS_FOR,
        // Its order may have lapsed while it was charged.
        NoticeKind::NotPaid { order, reason: Unpaid::Declined(_), again_on: None } => {
            let is_paid = |it: &Order| matches!(it.state, OrderState::Fulfilled(_));
            seen.orders.get(order).is_some_and(|it| !is_paid(it)) && now.duration_since(notice.at) <= NEWS_FOR
        }
        NoticeKind::NotPaid { order, again_on, .. } => waits(order) && again_on.is_none_or(|on| today <= on),
    }
}

/// How an order was paid, or is meant to be: with the method that was told, else the payment's, else that of the last charge,
/// else as was said of the order, else the preferred one, else from the balance. The kind, and what the method shows of itself.
fn paid_with(
    (seen, today): (&Snapshot, Date),
    to: &Account,
    order: Option<&Order>,
    told: Option<MethodId>,
) -> (Option<MethodKind>, String) {
    let method = |id| seen.methods.get(&id);
    let label = |method: Option<&PaymentMethod>| method.map(|method| method.label.clone()).unwrap_or_default();
    if let Some(method) = told.and_then(method) {
        return (Some(method.kind), method.label.clone());
    }
    let Some(order) = order else { return (None, String::new()) };
    if let Some(payment) = seen.payments.get(&order.id) {
        return (Some(payment.kind), label(payment.method.and_then(method)));
    }
    let charge = seen.charges.get(&order.id).and_then(|charges| charges.last());
    if let Some(charged) = charge.and_then(|charge| method(charge.method)) {
        return (Some(charged.kind), charged.label.clone());
    }
    let preferred = || seen.methods.values().find(|method| method.preference == Preference::Default);
    match order.plan.kind {
        Some(kind) => (Some(kind), label(seen.charged(to, kind, today))),
        None => (Some(preferred().map_or(MethodKind::Balance, |method| method.kind)), label(preferred())),
    }
}
