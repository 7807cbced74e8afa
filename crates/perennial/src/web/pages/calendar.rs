//! The calendar feed of an account (RFC 5545): a day for each expiry of its services. Whoever knows its address reads it, as
//! calendar programs sign in nowhere; `key issue --dialect calendar` makes one, and `key revoke` ends it.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header;
use icalendar::{Calendar, Component, Event, Property};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use perennial_core::account::Account;
use perennial_core::credential::CredentialStatus;
use perennial_core::ids::AccountId;
use perennial_core::ports::{Books, Failure};
use perennial_core::refusal::Refusal;
use perennial_core::service::{Lifecycle, RenewalMode, Service};
use perennial_core::snapshot::{Snapshot, Want};
use perennial_providers::secret::digest;

use super::documents::off_thread;
use super::{Shared, Stop};

/// What a credential for the feed is for, where others name a dialect.
pub const CALENDAR: &str = "calendar";

/// Where the feed is, on the pages' address.
pub fn path(secret: &str) -> String {
    format!("/calendar/{secret}.ics")
}

/// Services that are read at a time.
const PAGE: usize = 500;

const DOING: &str = "write a calendar";

/// Who wrote a feed.
const WRITER: &str = concat!("-//Perennial//", env!("CARGO_PKG_VERSION"), "//EN");

/// How often calendar programs are to look again (RFC 7986).
const LOOK_AGAIN: &str = "PT12H";

/// Shows the feed at its [`path`].
pub(super) async fn show(State(shared): State<Shared>, Path(file): Path<String>) -> Result<Response, Stop> {
    let secret = file.strip_suffix(".ics").ok_or(Stop::NotFound)?.to_owned();
    let (books, now) = (shared.books.clone(), shared.clock.now());
    let feed = off_thread(move || {
        let Some(account) = opened(&*books, now, &secret)? else { return Ok(None) };
        feed(&*books, now, account).map(Some)
    });
    let feed = feed.await?.ok_or(Stop::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], feed).into_response())
}

/// The account whose feed a secret opens.
fn opened(books: &dyn Books, now: Timestamp, secret: &str) -> Result<Option<AccountId>, Failure> {
    let found = books.find_credential(CALENDAR, &digest(secret))?;
    let valid = found.filter(|credential| credential.status_at(now) == CredentialStatus::Validated);
    Ok(valid.and_then(|credential| credential.account))
}

fn feed(books: &dyn Books, now: Timestamp, id: AccountId) -> Result<String, Failure> {
    let ids = books.service_ids(id, None)?;
    let account = books.account(id)?.ok_or_else(|| Failure::new(DOING, Refusal::UnknownAccount(id)))?;
    let mut calendar = Calendar::empty();
    for (name, value) in [("VERSION", "2.0"), ("PRODID", WRITER), ("CALSCALE", "GREGORIAN")] {
        calendar.append_property(Property::new(name, value).done());
    }
    calendar.name(&format!("Expiries of {}", account.code));
    calendar.append_property(Property::new("REFRESH-INTERVAL", LOOK_AGAIN).add_parameter("VALUE", "DURATION").done());
    for page in ids.chunks(PAGE) {
        let wants: Vec<_> = page.iter().map(|service| Want::Service(id, *service)).collect();
        let seen = books.load(&wants)?;
        for service in page.iter().filter_map(|service| seen.services.get(service)) {
            if let Some(event) = event(now, &seen, &account, service).map_err(|refusal| Failure::new(DOING, refusal))? {
                calendar.push(event);
            }
        }
    }
    Ok(calendar.done().to_string())
}

/// The day on which a service expires; none for one that is gone, or was never paid.
fn event(now: Timestamp, seen: &Snapshot, account: &Account, service: &Service) -> Result<Option<Event>, Refusal> {
    let product = seen.product(service)?;
    let life = service.lifecycle(product, account.zone.date_of(now));
    if matches!(life, Lifecycle::Terminated | Lifecycle::Unpaid) {
        return Ok(None);
    }
    let name = service.display_name.as_ref().unwrap_or(&service.name);
    let what = match service.mode {
        RenewalMode::DeleteAtExpiry => "ends",
        _ if life != Lifecycle::Active => "has expired",
        RenewalMode::Automatic if service.renews_by_itself(product) => "is renewed by itself before this day",
        RenewalMode::Automatic | RenewalMode::Manual => "expires",
    };
    let day = |date: Date| date.strftime("%Y%m%d").to_string();
    let stamp = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
    let starts = Property::new("DTSTART", day(service.until)).add_parameter("VALUE", "DATE").done();
    Ok(Some(
        Event::new()
            // A term that is renewed makes way for the next one.
            .uid(&format!("service-{}@perennial", service.id))
            .summary(&format!("{name} {what}"))
            .description(&format!("{} ({}), customer {}", product.name, service.name, account.code))
            .append_property(starts)
            .add_property("DTSTAMP", stamp)
            // It keeps nobody busy.
            .add_property("TRANSP", "TRANSPARENT")
            .done(),
    ))
}
