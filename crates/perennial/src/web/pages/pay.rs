//! The payment page: an order, for whoever has its link; its customer can pay it there with what is on file.
//!
//! The link shows what its order's paper says. Of the ways to pay it shows kinds and last digits only, and paying takes
//! customer number and password: a link goes through mail.

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::account::Account;
use perennial_core::charge::ChargeState;
use perennial_core::command::{Action, Command, PayWith};
use perennial_core::ids::MethodId;
use perennial_core::link::PaymentLink;
use perennial_core::money::Money;
use perennial_core::order::{Order, Purpose};
use perennial_core::payment::{MethodKind, PaymentMethod, Preference};
use perennial_core::ports::{Lane, Paper, Rejection};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Snapshot, Want};
use perennial_providers::secret::digest;

use super::documents::off_thread;
use super::query::Pairs;
use super::sign_in::Customer;
use super::{Shared, Stop, message, page};
use crate::vault::hex;
use crate::web::document::paper::Found;
use crate::web::document::{Document, method_name};

/// A way to pay the order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    /// What the form sends for it: with the amount that it is shown with, so that no other is charged.
    value: String,
    /// What it is, in words.
    name: String,
    /// The registered method; none for the balance.
    method: Option<MethodId>,
    /// What it is to pay: all but the part that comes from the balance first.
    due: Money,
    /// Whether it is chosen when nobody chooses.
    chosen: bool,
}

#[derive(Template)]
#[template(path = "pay.html")]
struct PayPage<'a> {
    document: &'a Document,
    stage: Stage,
    choices: &'a [Choice],
    part: String,
    account: &'a str,
    error: &'a str,
}

/// What the page can do for the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It can be paid.
    Open,
    /// Its charge is under way, so nobody can pay it otherwise.
    Charging,
    /// It is paid, withdrawn or lapsed.
    Settled,
}

impl Stage {
    fn of(order: &Order, now: Timestamp) -> Self {
        match order.check_open(now) {
            Ok(()) => Self::Open,
            Err(Refusal::ChargeOpen(_)) => Self::Charging,
            Err(_) => Self::Settled,
        }
    }
}

/// An order whose link was opened.
struct Opened {
    link: PaymentLink,
    order: Order,
    document: Document,
    choices: Vec<Choice>,
    stage: Stage,
    /// Whether the last charge for it was declined.
    was_declined: bool,
}

impl Opened {
    async fn find(shared: &Shared, address: Result<Path<String>, PathRejection>) -> Result<Self, Stop> {
        let Path(token) = address.map_err(|_| Stop::NotFound)?;
        let (books, papers, now) = (shared.books.clone(), shared.papers.clone(), shared.clock.now());
        let opened = off_thread(move || {
            let Some(link) = books.find_link(&token)? else { return Ok(None) };
            let Some(found) = papers.find(link.account, Paper::Order(link.order))? else { return Ok(None) };
            let wants =
                [Want::Account(link.account), Want::Methods(link.account), Want::Charges(link.account, link.order)];
            let seen = books.load(&wants)?;
            let Some(account) = seen.accounts.get(&link.account) else { return Ok(None) };
            let Found { order, document } = found;
            let stage = Stage::of(&order, now);
            let last = seen.charges.get(&order.id).and_then(|charges| charges.iter().max_by_key(|charge| charge.id));
            let was_declined = last.is_some_and(|charge| matches!(charge.state, ChargeState::Declined(..)));
            let choices = choices(&seen, &order, account.zone.date_of(now));
            Ok(Some(Self { link, order, document, choices, stage, was_declined }))
        });
        opened.await?.ok_or(Stop::NotFound)
    }

    fn page(&self, status: StatusCode, account: &str, error: &str) -> Result<Response, Stop> {
        let part = self.order.plan.from_balance;
        let mut response = page(&PayPage {
            document: &self.document,
            stage: self.stage,
            choices: &self.choices,
            part: if part.is_zero() { String::new() } else { part.to_string() },
            account,
            error,
        })?;
        *response.status_mut() = status;
        Ok(response)
    }

    /// Where the page is.
    fn again(&self) -> Result<Response, Stop> {
        onward(&format!("/billing/pay/{}", self.link.token))
    }

    /// What is charged for a choice: a part from the balance first, if that was said of the order.
    fn pay_with(choice: &Choice) -> PayWith {
        choice.method.map_or(PayWith::Balance, PayWith::Planned)
    }
}

/// The ways in which an account can pay an order on a day: its registered methods, the preferred one first, and its
/// balance. What was said of the order's payment is chosen, else the first.
fn choices(seen: &Snapshot, order: &Order, today: Date) -> Vec<Choice> {
    let seller = &seen.catalogue.seller;
    let mut methods: Vec<_> = seen
        .methods
        .values()
        .filter(|method| method.account == order.account && method.usable(today) && seller.takes(method.kind))
        .collect();
    methods.sort_by_key(|method| (method.preference != Preference::Default, method.id));
    let rest = order.gross.minus(order.plan.from_balance).unwrap_or(order.gross);
    let mut kinds: Vec<_> = methods.iter().map(|method| method.kind).collect();
    let mut choices: Vec<_> = methods.into_iter().map(|method| Choice::of(method, rest)).collect();
    if order.purpose != Purpose::Deposit {
        let (due, name) = (order.gross, "Balance".to_owned());
        choices.push(Choice { value: value("balance", due), name, method: None, due, chosen: false });
        kinds.push(MethodKind::Balance);
    }
    let said = kinds.iter().position(|kind| Some(*kind) == order.plan.kind).unwrap_or(0);
    if let Some(choice) = choices.get_mut(said) {
        choice.chosen = true;
    }
    choices
}

/// What the form sends for a way to pay an amount.
fn value(way: &str, due: Money) -> String {
    format!("{way} {}", due.to_decimal())
}

impl Choice {
    fn of(method: &PaymentMethod, due: Money) -> Self {
        let kind = method_name(method.kind);
        // Whoever has the link sees it: no more than what is printed on receipts.
        let digits = method.label.get(method.label.len().saturating_sub(4)..).unwrap_or_default();
        let has_digits = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let name = if has_digits { format!("{kind} ending in {digits}") } else { kind.to_owned() };
        let name = name
            .chars()
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(name.chars().skip(1)).collect());
        let value = value(&format!("method-{}", method.id), due);
        Self { value, name, method: Some(method.id), due, chosen: false }
    }
}

/// Shows the order, and counts that it was looked at.
pub(super) async fn show(
    State(shared): State<Shared>,
    address: Result<Path<String>, PathRejection>,
) -> Result<Response, Stop> {
    let opened = Opened::find(&shared, address).await?;
    let (account, order) = (opened.link.account, opened.link.order);
    let viewed = Command { account, token: None, action: Action::ViewLink { order } };
    if let Err(error) = shared.cashier.submit(viewed).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a look at a payment link was not counted");
    }
    // Why, is told to who paid, and by mail.
    let error = if opened.was_declined { "The last payment was declined. Nothing was charged." } else { "" };
    opened.page(StatusCode::OK, "", error)
}

/// Pays the order.
pub(super) async fn pay(
    State(shared): State<Shared>,
    address: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Stop> {
    let body = body.map_err(|_| Stop::TooLarge)?;
    let opened = Opened::find(&shared, address).await?;
    if opened.stage != Stage::Open {
        return opened.again();
    }
    let pairs = Pairs::parse(&body);
    let (code, choice) = (pairs.get("account").trim(), pairs.get("with"));
    let customer = match Customer::of(&pairs) {
        Ok(customer) => customer,
        Err(error) => return opened.page(StatusCode::BAD_REQUEST, code, error),
    };
    let Some(choice) = opened.choices.iter().find(|known| known.value == choice) else {
        return opened.page(StatusCode::BAD_REQUEST, code, "Please choose how to pay what is asked for now.");
    };
    let link = hex(&digest(&opened.link.token));
    let owner = |account: &Account| account.id == opened.link.account;
    let account = match customer.prove(&shared, &[&link], owner).await? {
        Ok(account) => account,
        Err(denied) => return opened.page(denied.status, code, denied.words),
    };
    let action = Action::Pay { order: opened.order.id, with: Opened::pay_with(choice), due: Some(choice.due) };
    match shared.cashier.submit(Command { account: account.id, token: None, action }).await {
        // Whatever became of it meanwhile, the page says so.
        Ok(_)
        | Err(Rejection::Refused(
            Refusal::OrderPaid(_)
            | Refusal::ChargeOpen(_)
            | Refusal::OrderCancelled(_)
            | Refusal::OrderLapsed(_)
            | Refusal::UnknownOrder(_),
        )) => opened.again(),
        Err(Rejection::Refused(refusal)) => opened.page(StatusCode::CONFLICT, code, &words(&refusal)),
        Err(error @ Rejection::Unknown(_)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "it is not known whether an order was paid");
            let text = "Please look at the order again in a moment. Whatever it says, nothing is charged twice.";
            Ok(message(StatusCode::INTERNAL_SERVER_ERROR, "It is not known whether this was paid", text))
        }
        Err(error) => Err(Stop::inside(&error)),
    }
}

/// Why an order was not paid, for its customer.
fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::BalanceShort { balance, due } => {
            format!("The balance of {balance} does not cover {due}. Nothing was charged.")
        }
        Refusal::UnknownMethod(_) | Refusal::MethodNotValid(_) | Refusal::MethodNotTaken(_) => {
            "This cannot be paid with that. Nothing was charged.".to_owned()
        }
        Refusal::ChargeDeclined { decline, .. } => {
            format!("The payment was declined: {decline}. Nothing was charged. Please choose another way to pay.")
        }
        other => format!("The order cannot be paid: {other}. Nothing was charged."),
    }
}

/// Sends the browser on to one of our pages.
pub(super) fn onward(path: &str) -> Result<Response, Stop> {
    let path = HeaderValue::from_str(path).map_err(|error| Stop::inside(&error))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response())
}

#[cfg(test)]
mod tests {
    use perennial_core::ids::AccountId;
    use perennial_core::payment::MethodStatus;

    use super::*;

    fn method(kind: MethodKind, label: &str) -> PaymentMethod {
        PaymentMethod {
            id: MethodId(7),
            account: AccountId(1),
            kind,
            label: label.to_owned(),
            description: None,
            status: MethodStatus::Valid,
            preference: Preference::Default,
            expires: None,
            created: jiff::Timestamp::UNIX_EPOCH,
            on_gateway: None,
        }
    }

    #[test]
    fn a_way_to_pay_shows_no_more_than_receipts_do() {
        let due = Money::new(4_544, perennial_core::money::Currency::EUR);
        for (kind, label, name) in [
            (MethodKind::Card, "visa **** 4242", "Card ending in 4242"),
            (MethodKind::BankTransfer, "FR76 **** **** 0189", "Bank transfer ending in 0189"),
            (MethodKind::PayPal, "ada@example.net", "PayPal"),
            (MethodKind::Card, "é", "Card"),
            (MethodKind::Card, "", "Card"),
        ] {
            assert_eq!(Choice::of(&method(kind, label), due).name, name, "{label}");
        }
        assert_eq!(Choice::of(&method(MethodKind::Card, "x"), due).value, "method-7 45.44");
    }
}
