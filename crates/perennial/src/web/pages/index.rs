//! The index: where the listeners are, and an account's services with their expiry, gate and open order.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::gate::{GateReason, RenewGate};
use perennial_core::ids::{AccountId, OrderId, ServiceId};
use perennial_core::ports::Failure;
use perennial_core::service::Service;
use perennial_core::snapshot::{Snapshot, Want};

use super::query::Pairs;
use super::sign_in::find_account;
use super::{Named, Overview, Shared, Stop, message, page};
use crate::web::password::Verdict;

/// Services on one page.
const SERVICES_MAX: usize = 100;

/// Accounts to choose from.
const ACCOUNTS_MAX: usize = 50;

const REALM: HeaderValue = HeaderValue::from_static("Basic realm=\"customer number and password\", charset=\"UTF-8\"");

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    listeners: &'a [Named],
    accounts: Vec<Account>,
    account: Option<Account>,
    /// The code of the account that is shown.
    chosen: String,
    now: String,
    services: Vec<Row>,
    first: usize,
    last: usize,
    count: usize,
    back: Option<usize>,
    on: Option<usize>,
}

/// A service, in words.
struct Row {
    id: ServiceId,
    name: String,
    product: String,
    until: String,
    lifecycle: &'static str,
    mode: &'static str,
    gate: String,
    /// The number and the password of the open order.
    order: Option<(OrderId, String)>,
}

/// Shows the index, to whom it may be shown.
pub(super) async fn show(
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Stop> {
    let pairs = Pairs::parse(query.unwrap_or_default().as_bytes());
    let page_number = pairs.get("page").parse().unwrap_or(1);
    let (accounts, account) = match shared.overview {
        Overview::Open => choose(&shared, pairs.get("account"))?,
        Overview::Private => match sign_in(&shared, &headers).await? {
            Ok(account) => (Vec::new(), Some(account)),
            Err(refused) => return Ok(refused),
        },
    };
    let made = tokio::task::spawn_blocking(move || {
        let index = Index::of(&shared, accounts, account, page_number)?;
        page(&index)
    });
    made.await.map_err(|error| Stop::inside(&error))?
}

/// The account that is named, or else the first one, and the others to choose from.
fn choose(shared: &Shared, code: &str) -> Result<(Vec<Account>, Option<Account>), Stop> {
    let ids: Vec<AccountId> = shared.books.account_ids()?.into_iter().take(ACCOUNTS_MAX).collect();
    let wants: Vec<_> = ids.iter().map(|id| Want::Account(*id)).collect();
    let mut seen = shared.books.load(&wants)?;
    let accounts: Vec<_> = ids.iter().filter_map(|id| seen.accounts.remove(id)).collect();
    let account = if code.is_empty() {
        accounts.first().cloned()
    } else {
        Some(find_account(shared, code)?.ok_or(Stop::NotFound)?)
    };
    Ok((accounts, account))
}

/// Proves a customer by HTTP Basic; else the answer that asks for it.
async fn sign_in(shared: &Shared, headers: &HeaderMap) -> Result<Result<Account, Response>, Stop> {
    let ask = |status, text| {
        let mut response = message(status, "Please sign in", text);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, REALM);
        Ok(Err(response))
    };
    let Some((code, password)) = basic(headers) else {
        return ask(StatusCode::UNAUTHORIZED, "This page asks for your customer number and password.");
    };
    let account = find_account(shared, &code)?;
    let expected = account.as_ref().and_then(|account| account.page_password.clone());
    match (shared.passwords.check(&[&code], shared.clock.now(), expected, password).await, account) {
        (Verdict::Right, Some(account)) => Ok(Ok(account)),
        (Verdict::TooMany, _) => {
            ask(StatusCode::TOO_MANY_REQUESTS, "There were too many tries. Please wait for a quarter of an hour.")
        }
        (Verdict::Right | Verdict::Wrong, _) => ask(StatusCode::UNAUTHORIZED, "Customer number or password is wrong."),
    }
}

/// Name and password of HTTP Basic (RFC 7617).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    use base64::Engine;
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let (name, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

impl<'a> Index<'a> {
    fn of(
        shared: &'a Shared,
        accounts: Vec<Account>,
        account: Option<Account>,
        page_number: usize,
    ) -> Result<Self, Failure> {
        let now = shared.clock.now();
        let mut index = Self {
            listeners: &shared.listeners,
            accounts,
            chosen: account.as_ref().map_or_else(String::new, |account| account.code.clone()),
            now: now.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            services: Vec::new(),
            first: 0,
            last: 0,
            count: 0,
            back: None,
            on: None,
            account,
        };
        let Some(account) = &index.account else { return Ok(index) };
        let ids = shared.books.service_ids(account.id, None)?;
        let pages = ids.len().div_ceil(SERVICES_MAX).max(1);
        let number = page_number.clamp(1, pages);
        let shown = ids.chunks(SERVICES_MAX).nth(number - 1).unwrap_or_default();
        let wants: Vec<_> = shown.iter().map(|id| Want::Service(account.id, *id)).collect();
        let seen = shared.books.load(&wants)?;
        index.services = shown
            .iter()
            .filter_map(|id| seen.services.get(id))
            .map(|service| Row::of(now, &seen, account, service))
            .collect();
        index.count = ids.len();
        index.first = (number - 1) * SERVICES_MAX + 1;
        index.last = index.first + shown.len() - usize::from(!shown.is_empty());
        index.back = (number > 1).then(|| number - 1);
        index.on = (number < pages).then(|| number + 1);
        Ok(index)
    }
}

impl Row {
    fn of(now: Timestamp, seen: &Snapshot, account: &Account, service: &Service) -> Self {
        let product = seen.catalogue.products.get(&service.product);
        let gate = product.map(|product| RenewGate::of(now, seen, account, product, service));
        let gate = match gate {
            Some(RenewGate::Open) => "yes".to_owned(),
            Some(RenewGate::Closed(GateReason::OpenOrder(_))) => "waits for payment".to_owned(),
            Some(RenewGate::Closed(reason)) => reason.to_string(),
            None => String::new(),
        };
        let today = account.zone.date_of(now);
        Self {
            id: service.id,
            name: service.name.clone(),
            product: product.map_or_else(String::new, |product| product.name.clone()),
            until: service.until.to_string(),
            lifecycle: product.map_or("", |product| service.lifecycle(product, today).word()),
            mode: service.mode.word(),
            gate,
            order: seen.open_order(now, service).map(|order| (order.id, order.password.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_signs_in_with_name_and_password() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            basic(&headers)
        };
        let pair = |name: &str, password: &str| Some((name.to_owned(), password.to_owned()));
        assert_eq!(read("Basic eHgxMTExMS1vdmg6ZGVtbw=="), pair("xx11111-ovh", "demo"));
        assert_eq!(read("basic YTpiOmM="), pair("a", "b:c"));
        for wrong in ["Basic", "Basic !", "Bearer eHgxMTExMS1vdmg6ZGVtbw==", "Basic ZGVtbw=="] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(basic(&HeaderMap::new()), None);
    }
}
