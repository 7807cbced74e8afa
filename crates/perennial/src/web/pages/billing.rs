//! The way from an invoice's number to its order's page, for the invoice's own customer.

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use perennial_core::account::Account;
use perennial_core::command::{Action, Command, Reply};
use perennial_core::ids::AccountId;
use perennial_core::invoice::Invoice;
use perennial_core::order::Order;
use perennial_core::ports::{Books, Failure, Lane, Rejection};
use perennial_core::snapshot::Want;
use perennial_providers::secret::random_uuid;

use super::documents::{off_thread, parse_id};
use super::pay::onward;
use super::query::Pairs;
use super::sign_in::Customer;
use super::{Shared, Stop, page};

#[derive(Template)]
#[template(path = "billing.html")]
struct Billing<'a> {
    number: &'a str,
    account: &'a str,
    error: &'a str,
}

/// Asks who it is.
pub(super) async fn ask(RawQuery(query): RawQuery) -> Result<Response, Stop> {
    show(&number(query.as_deref())?, StatusCode::OK, "", "")
}

/// Leads to the page on which the invoice is paid; where it is not to be paid any more, to its order's paper.
pub(super) async fn lead(
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Stop> {
    let body = body.map_err(|_| Stop::TooLarge)?;
    let number = number(query.as_deref())?;
    let pairs = Pairs::parse(&body);
    let code = pairs.get("account").trim();
    let customer = match Customer::of(&pairs) {
        Ok(customer) => customer,
        Err(error) => return show(&number, StatusCode::BAD_REQUEST, code, error),
    };
    let account = match customer.prove(&shared, &[], |_| true).await? {
        Ok(account) => account,
        Err(denied) => return show(&number, denied.status, code, denied.words),
    };
    let (books, id, wanted) = (shared.books.clone(), account.id, number.clone());
    match off_thread(move || find(&*books, id, &wanted)).await? {
        Some(order) => onward(&address(&shared, &account, &order).await?),
        None => show(&number, StatusCode::NOT_FOUND, code, "There is no such invoice."),
    }
}

/// Where an order is paid, or shown.
async fn address(shared: &Shared, account: &Account, order: &Order) -> Result<String, Stop> {
    if order.is_open(shared.clock.now()) {
        let action = Action::LinkOrder { order: order.id, token: random_uuid() };
        match shared.cashier.submit(Command { account: account.id, token: None, action }).await {
            Ok(Reply::Link(link)) => return Ok(format!("/billing/pay/{}", link.token)),
            // Paid or withdrawn meanwhile.
            Ok(_) | Err(Rejection::Refused(_)) => {}
            Err(error) => return Err(Stop::inside(&error)),
        }
    }
    let segment: String = form_urlencoded::byte_serialize(account.code.as_bytes()).collect();
    let password: String = form_urlencoded::byte_serialize(order.password.as_bytes()).collect();
    Ok(format!("/order/{segment}/{}?password={password}", order.id))
}

/// The account's order whose invoice has a number. An order that waits for its payment has the number of its proforma,
/// which is its own.
fn find(books: &dyn Books, account: AccountId, number: &str) -> Result<Option<Order>, Failure> {
    let order = match Invoice::split_number(number) {
        Some((series, number)) => books.find_invoice(account, series, number)?.map(|invoice| invoice.order),
        None => None,
    };
    let Some(id) = order.or_else(|| parse_id(number)) else { return Ok(None) };
    Ok(books.load(&[Want::Order(account, id)])?.orders.remove(&id))
}

fn number(query: Option<&str>) -> Result<String, Stop> {
    let pairs = Pairs::parse(query.unwrap_or_default().as_bytes());
    let number = pairs.get("invoice").trim();
    if number.is_empty() { Err(Stop::NotFound) } else { Ok(number.to_owned()) }
}

fn show(number: &str, status: StatusCode, account: &str, error: &str) -> Result<Response, Stop> {
    let mut response = page(&Billing { number, account, error })?;
    *response.status_mut() = status;
    Ok(response)
}
