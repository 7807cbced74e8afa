//! Our books against a provider's: what we say was paid, and what it says it charged for. Pure; each difference has its
//! name.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::holding::ProviderName;
use perennial_core::buyer::intent::{Intent, State};
use perennial_core::buyer::remote::Charge;
use perennial_core::calendar::Zone;
use perennial_core::money::{Currency, Money, MoneyError};

use super::forecast::Month;

/// How far a provider's clock may be behind ours.
const BEHIND_MAX: SignedDuration = SignedDuration::from_hours(1);

/// What is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The provider charged for a renewal that we never asked for: somebody else pays as well.
    Foreign,
    /// We say that we paid, and the provider shows no charge.
    Missing,
    /// Both know of it, and the amounts differ.
    Amount,
    /// The provider charged, and our intent is still open.
    Unsettled,
    /// The provider charged, and we say that we paid nothing.
    Denied,
}

impl Kind {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::Missing => "missing",
            Self::Amount => "amount-differs",
            Self::Unsettled => "unsettled",
            Self::Denied => "denied",
        }
    }

    /// Whether it is wrong. What others pay is told, and is nobody's mistake.
    pub const fn is_wrong(self) -> bool {
        !matches!(self, Self::Foreign)
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub kind: Kind,
    /// When.
    pub month: Month,
    /// The services, as the provider calls them, or as we do.
    pub services: Vec<String>,
    /// The order at the provider, where one is known.
    pub order: Option<String>,
    /// Our intent, where there is one.
    pub intent: Option<String>,
    /// What we say was paid.
    pub ours: Option<Money>,
    /// What the provider says it charged.
    pub theirs: Option<Money>,
}

impl Difference {
    /// What is different, in words.
    pub fn words(&self) -> String {
        let services = self.services.join(", ");
        let order = self.order.as_ref().map_or_else(String::new, |order| format!(" (order {order})"));
        let amount = |amount: Option<Money>| amount.map_or_else(|| "nothing".to_owned(), |amount| amount.to_string());
        let (ours, theirs) = (amount(self.ours), amount(self.theirs));
        let intent = self.intent.as_deref().unwrap_or_default();
        match self.kind {
            Kind::Foreign => format!("{services}{order}: {theirs} were charged, and none of our intents did that"),
            Kind::Missing => format!("{services}{order}: intent {intent} paid {ours}, and no charge shows it"),
            Kind::Amount => format!("{services}{order}: intent {intent} says {ours}, and {theirs} were charged"),
            Kind::Unsettled => format!(
                "{services}{order}: {theirs} were charged, and intent {intent} is open: `perennial resolve {intent}`"
            ),
            Kind::Denied => {
                format!("{services}{order}: {theirs} were charged, and intent {intent} says that nothing was paid")
            }
        }
    }
}

/// A month of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// What we say was paid.
    pub ours: Money,
    /// What the provider says it charged.
    pub theirs: Money,
    /// How much of that is somebody else's.
    pub foreign: Money,
}

/// An account, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The sums, by month and currency.
    pub months: BTreeMap<(Month, Currency), Balance>,
    /// What is different, oldest first.
    pub differences: Vec<Difference>,
}

/// Compares our intents at an account with what it charged since an instant. Intents of before may be among them: a charge
/// may come late.
///
/// # Errors
/// [`MoneyError`] where sums do not fit.
pub fn compare(
    provider: &ProviderName,
    intents: &[Intent],
    charges: &[Charge],
    since: Timestamp,
    zone: &Zone,
) -> Result<Compared, MoneyError> {
    let month = |at: Timestamp| Month::of(zone.date_of(at));
    let mut free: Vec<&Intent> = intents.iter().filter(|intent| intent.key.provider == *provider).collect();
    let mut compared = Compared::default();
    let mut charges: Vec<&Charge> = charges.iter().filter(|charge| charge.paid_at >= since).collect();
    charges.sort_by(|left, right| (left.paid_at, &left.order).cmp(&(right.paid_at, &right.order)));
    // Those whose order we know first: what is left then is told apart by service, amount and time.
    let (known, unknown): (Vec<_>, Vec<_>) =
        charges.into_iter().partition(|charge| free.iter().any(|intent| is_ordered_by(intent, charge)));
    for charge in known.into_iter().chain(unknown) {
        let place = free
            .iter()
            .position(|intent| is_ordered_by(intent, charge))
            .or_else(|| free.iter().position(|intent| is_like(intent, charge)));
        let intent = place.map(|place| free.swap_remove(place));
        let sums = compared.month(month(charge.paid_at), charge.gross.currency());
        sums.theirs = sums.theirs.plus(charge.gross)?;
        if intent.is_none() {
            sums.foreign = sums.foreign.plus(charge.gross)?;
        }
        let kind = intent.map_or(Some(Kind::Foreign), |intent| differs(intent, charge));
        if let Some(kind) = kind {
            compared.differences.push(Difference {
                kind,
                month: month(charge.paid_at),
                services: charge.services.clone(),
                order: Some(charge.order.clone()),
                intent: intent.map(|intent| intent.id.0.clone()),
                ours: intent.and_then(paid),
                theirs: Some(charge.gross),
            });
        }
        if let Some(amount) = intent.and_then(paid) {
            let sums = compared.month(month(charge.paid_at), amount.currency());
            sums.ours = sums.ours.plus(amount)?;
        }
    }
    for intent in free {
        let sent_at = intent.sent_at.unwrap_or(intent.made_at);
        let Some(amount) = paid(intent).filter(|_| sent_at >= since) else { continue };
        let sums = compared.month(month(sent_at), amount.currency());
        sums.ours = sums.ours.plus(amount)?;
        compared.differences.push(Difference {
            kind: Kind::Missing,
            month: month(sent_at),
            services: vec![intent.key.id.as_str().to_owned()],
            order: order(intent).map(str::to_owned),
            intent: Some(intent.id.0.clone()),
            ours: Some(amount),
            theirs: None,
        });
    }
    compared.differences.sort_by(|left, right| {
        let key = |each: &Difference| (each.month, each.kind, each.services.clone(), each.order.clone());
        key(left).cmp(&key(right))
    });
    Ok(compared)
}

impl Compared {
    fn month(&mut self, month: Month, currency: Currency) -> &mut Balance {
        let zero = Money::zero(currency);
        self.months.entry((month, currency)).or_insert(Balance { ours: zero, theirs: zero, foreign: zero })
    }
}

/// What an intent says was paid.
fn paid(intent: &Intent) -> Option<Money> {
    intent.state.receipt().map(|receipt| receipt.paid.unwrap_or(intent.ask.offer.gross))
}

/// The order at the provider that an intent knows.
fn order(intent: &Intent) -> Option<&str> {
    let placed = intent.state.order().map(|order| order.id.as_str());
    placed.or_else(|| intent.state.receipt().and_then(|receipt| receipt.order.as_deref()))
}

fn is_ordered_by(intent: &Intent, charge: &Charge) -> bool {
    order(intent) == Some(charge.order.as_str())
}

/// Whether a charge may be an intent's although no order says so: its service, its price, and after it was sent.
fn is_like(intent: &Intent, charge: &Charge) -> bool {
    // What we refused may have been paid by anybody afterwards; only its own order shows that it was this one.
    let may_be = intent.state.is_unknown() || (intent.state.receipt().is_some() && order(intent).is_none());
    let is_called = |name: &String| *name == intent.key.id.as_str() || *name == intent.ask.name;
    let is_after = intent.sent_at.is_some_and(|sent| charge.paid_at.duration_since(sent) >= -BEHIND_MAX);
    let gross = paid(intent).unwrap_or(intent.ask.offer.gross);
    may_be && is_after && gross == charge.gross && charge.services.iter().any(is_called)
}

/// How an intent and its charge differ.
fn differs(intent: &Intent, charge: &Charge) -> Option<Kind> {
    match &intent.state {
        State::Done(_) | State::Confirming { .. } => (paid(intent) != Some(charge.gross)).then_some(Kind::Amount),
        State::Refused { .. } | State::Foreign { .. } => Some(Kind::Denied),
        _ => Some(Kind::Unsettled),
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::intent::{By, Sent};
    use perennial_core::buyer::remote::{Receipt, RemoteOrder};

    use super::*;
    use crate::buyer::example::{self, euros};

    fn charge(order: &str, service: &str, paid_at: &str, gross: &str) -> Charge {
        let paid_at = paid_at.parse().expect("is an instant");
        Charge { order: order.to_owned(), services: vec![service.to_owned()], paid_at, gross: euros(gross) }
    }

    fn done(order: Option<&str>, paid: Option<&str>) -> State {
        State::Done(Receipt { order: order.map(str::to_owned), paid: paid.map(euros), ..Receipt::default() })
    }

    fn open_order(id: &str) -> RemoteOrder {
        let (invoice, until, services) = (None, None, Vec::new());
        RemoteOrder { id: id.to_owned(), invoice, gross: euros("10"), until, services }
    }

    fn compared(intents: &[Intent], charges: &[Charge]) -> Compared {
        let provider = ProviderName::parse("ovh").expect("is a name");
        let since = "2026-11-01T00:00:00Z".parse().expect("is an instant");
        compare(&provider, intents, charges, since, &Zone::UTC).expect("adds up")
    }

    fn kinds(intents: &[Intent], charges: &[Charge]) -> Vec<&'static str> {
        compared(intents, charges).differences.iter().map(|each| each.kind.word()).collect()
    }

    const THEN: &str = "2026-12-01T00:01:00Z";

    #[test]
    fn each_difference_has_its_name() {
        let one = |state: State| [example::intent("ovh", "1", "10", state)];
        let refused =
            |left: Option<&str>| State::Refused { by: By::Us, why: "dear".to_owned(), left: left.map(open_order) };
        let parked = State::Parked { sent: Sent::Order, why: "nobody knows".to_owned() };
        let rows: [(State, Option<Charge>, &[&str]); 12] = [
            (done(Some("A1"), Some("10")), Some(charge("A1", "1", THEN, "10")), &[]),
            (done(None, None), Some(charge("A1", "1", THEN, "10")), &[]),
            (done(None, None), Some(charge("A1", "vps1.example.net", THEN, "10")), &[]),
            (done(Some("A1"), Some("10")), Some(charge("A1", "1", THEN, "10.01")), &["amount-differs"]),
            (done(Some("A1"), Some("10")), None, &["missing"]),
            (done(Some("A1"), Some("10")), Some(charge("B2", "1", THEN, "10")), &["foreign", "missing"]),
            (refused(None), Some(charge("B2", "1", THEN, "10")), &["foreign"]),
            (refused(Some("A1")), Some(charge("A1", "1", THEN, "10")), &["denied"]),
            (refused(Some("A1")), None, &[]),
            (parked.clone(), Some(charge("A1", "1", THEN, "10")), &["unsettled"]),
            (parked.clone(), Some(charge("A1", "2", THEN, "10")), &["foreign"]),
            (parked, Some(charge("A1", "1", "2026-11-30T22:59:00Z", "10")), &["foreign"]),
        ];
        for (index, (state, charge, expected)) in rows.into_iter().enumerate() {
            let charges: Vec<_> = charge.into_iter().collect();
            assert_eq!(kinds(&one(state), &charges), expected, "row {index}");
        }
    }

    #[test]
    fn one_charge_settles_one_intent_only() {
        let two = [
            example::intent("ovh", "1", "10", done(None, None)),
            example::intent("ovh", "1", "10", done(Some("A1"), Some("10"))),
        ];
        assert_eq!(kinds(&two, &[charge("A1", "1", THEN, "10")]), ["missing"]);
        assert_eq!(kinds(&two, &[charge("B2", "1", THEN, "10"), charge("A1", "1", THEN, "10")]), [""; 0]);
    }

    #[test]
    fn other_accounts_and_other_times_do_not_count() {
        let other = [example::intent("vpsbg", "1", "10", done(Some("A1"), Some("10")))];
        assert_eq!(kinds(&other, &[]), [""; 0]);
        let old = charge("A0", "1", "2026-10-31T23:59:59Z", "10");
        assert_eq!(kinds(&[], &[old]), [""; 0]);
    }

    #[test]
    fn months_show_both_sides() {
        let ours = [example::intent("ovh", "1", "10", done(Some("A1"), Some("10")))];
        let charges = [charge("A1", "1", THEN, "10"), charge("B2", "7", "2026-11-30T23:59:00Z", "5")];
        let compared = compared(&ours, &charges);
        let shown: Vec<_> = compared
            .months
            .iter()
            .map(|((month, _), sums)| {
                let amounts = [sums.ours, sums.theirs, sums.foreign].map(Money::to_decimal);
                format!("{month} {}", amounts.join(" "))
            })
            .collect();
        assert_eq!(shown, ["2026-11 0.00 5.00 5.00", "2026-12 10.00 10.00 0.00"]);
        assert!(!Kind::Foreign.is_wrong() && Kind::Denied.is_wrong());
        assert!(compared.differences[0].words().contains("5.00 EUR were charged"), "{:?}", compared.differences);
    }
}
