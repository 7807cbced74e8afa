//! A service of the caller's as the sections `/service`, `/services` and those of the products show it: how it stands,
//! where its product's own routes are, and what is asked of it alike in all of them.

use jiff::civil;
use perennial_core::account::Account;
use perennial_core::command::{Action, Reply};
use perennial_core::gate::RenewGate;
use perennial_core::ids::ServiceId;
use perennial_core::order::{Order, Origin};
use perennial_core::product::{Kind, Product, Renewability};
use perennial_core::service::{Lifecycle, Service};
use perennial_core::snapshot::{Snapshot, Want};

use super::context::Context;
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::scalar::{Date, DateTime, KeyValue, Secret};
use crate::ovh::wire::service::Route;
use crate::secret::{digest, random_text};

/// Length of the token that confirms a termination; the real one's is unverified.
const TERMINATION_TOKEN_LENGTH: usize = 32;

/// The longest name that an owner gives a service, in characters; the real limit is unverified.
const DISPLAY_NAME_LENGTH_MAX: usize = 255;

/// How a service stands with its money. Each section has its own words for the four; that they go together like this is
/// unverified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Paid.
    Paid,
    /// Our own schedule placed its renewal.
    RenewalPlaced,
    /// A renewal that the customer placed waits for its payment.
    Unpaid,
    /// Past its expiry, or suspended.
    Lapsed,
}

impl Standing {
    fn of(life: Lifecycle, open: Option<Origin>) -> Self {
        match (life, open) {
            (Lifecycle::Active, None) => Self::Paid,
            (Lifecycle::Active, Some(Origin::Schedule)) => Self::RenewalPlaced,
            (Lifecycle::Active, Some(Origin::Customer)) => Self::Unpaid,
            (
                Lifecycle::Unpaid
                | Lifecycle::Expired
                | Lifecycle::Suspended
                | Lifecycle::Redemption
                | Lifecycle::Terminated,
                _,
            ) => Self::Lapsed,
        }
    }
}

/// A service of the caller's that is paid for and not gone.
pub(super) struct Found<'a> {
    context: &'a Context<'a>,
    seen: &'a Snapshot,
    /// Whose it is.
    pub account: &'a Account,
    /// What it is an instance of.
    pub product: &'a Product,
    /// The service itself.
    pub service: &'a Service,
    /// Where it is in its life.
    pub life: Lifecycle,
    /// The order that is to renew it, while that waits for its payment.
    pub open: Option<&'a Order>,
}

impl<'a> Found<'a> {
    /// Finds a loaded service. One that is gone, and another customer's, look as if they had never been.
    pub fn of(context: &'a Context<'a>, seen: &'a Snapshot, id: ServiceId) -> Result<Self, Failure> {
        let account = context.account()?;
        let service = seen.service_of(account.id, id)?;
        let product = seen.product(service)?;
        let life = service.lifecycle(product, account.zone.date_of(context.now));
        if matches!(life, Lifecycle::Unpaid | Lifecycle::Terminated) {
            return Err(Failure::service_not_found());
        }
        Ok(Self { context, seen, account, product, service, life, open: seen.open_order(context.now, service) })
    }

    /// Those of the loaded services that are not gone, by id.
    pub fn all(context: &'a Context<'a>, seen: &'a Snapshot) -> Vec<Self> {
        let mut found: Vec<_> = seen.services.keys().filter_map(|id| Self::of(context, seen, *id).ok()).collect();
        found.sort_unstable_by_key(|found| found.service.id);
        found
    }

    /// How it stands with its money.
    pub fn standing(&self) -> Standing {
        Standing::of(self.life, self.open.map(|order| order.origin))
    }

    /// Whether it may be renewed now.
    pub fn gate(&self) -> RenewGate {
        RenewGate::of(self.context.now, self.seen, self.account, self.product, self.service)
    }

    /// Whether its product is sold once and never renewed.
    pub fn one_shot(&self) -> bool {
        self.product.renewability == Renewability::OneShot
    }

    /// Refuses to set whether, when and how a service ends that is sold once.
    pub fn check_end_is_open(&self) -> Result<(), Failure> {
        if self.one_shot() { Err(Failure::conflict("The renewal of this service is forced")) } else { Ok(()) }
    }

    /// Whether it is renewed without anybody's doing.
    pub fn renews_by_itself(&self) -> bool {
        self.service.renews_by_itself(self.product)
    }

    /// What its owner calls it; its own name where the owner calls it nothing.
    pub fn display_name(&self) -> String {
        self.service.display_name.as_ref().unwrap_or(&self.service.name).clone()
    }

    /// The day of its expiry.
    pub fn expiry(&self) -> Date {
        Date(self.service.until)
    }

    /// The instant at which a day begins for its owner.
    pub fn midnight(&self, date: civil::Date) -> Result<DateTime, Failure> {
        let instant = self.account.zone.midnight(date).map_err(|error| {
            tracing::error!(service.id = self.service.id.0, %date, %error, "service {} has an impossible date", self.service.id);
            Failure::server_error()
        })?;
        Ok(self.context.date_time(instant))
    }

    /// Where the product's own routes are. What of it stands in `path` and what in `url` is unverified.
    pub fn route(&self) -> Route {
        const NAME: &str = "serviceName";
        let Some(section) = section(self.product.kind) else {
            return Route { path: None, url: None, vars: Vec::new() };
        };
        let name = &self.service.name;
        Route {
            path: Some(format!("{section}/{{{NAME}}}")),
            url: Some(format!("{section}/{name}")),
            vars: vec![KeyValue { key: NAME.to_owned(), value: name.clone() }],
        }
    }
}

/// The section of the API that has a kind's own routes.
pub(super) const fn section(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Server => Some("/vps"),
        Kind::Domain => Some("/domain"),
        Kind::Hosting => Some("/hosting/web"),
        Kind::Instance | Kind::Addon | Kind::Ip | Kind::Support => None,
    }
}

/// Loads all services of the caller; of one kind, if one is given.
pub(super) fn load_all(context: &Context<'_>, kind: Option<Kind>) -> Result<Snapshot, Failure> {
    let account = context.account()?.id;
    let ids = context.ports.books.service_ids(account, kind)?;
    let wants: Vec<_> = ids.into_iter().map(|id| Want::Service(account, id)).collect();
    context.load(&wants)
}

/// The service that the path names by its id, as some sections write it: text. A text that is no number names none.
pub(super) fn path_id(context: &Context<'_>) -> Result<ServiceId, Failure> {
    context.id("serviceId").map(ServiceId).map_err(|_| Failure::service_not_found())
}

/// The service that the path names by its id, together with what belongs to it.
pub(super) fn load_family(context: &Context<'_>) -> Result<(Snapshot, ServiceId), Failure> {
    let id = path_id(context)?;
    Ok((context.load(&[Want::Family(context.account()?.id, id)])?, id))
}

/// The service that the path names by its id.
pub(super) fn load_one(context: &Context<'_>) -> Result<(Snapshot, ServiceId), Failure> {
    let id = path_id(context)?;
    Ok((context.load(&[Want::Service(context.account()?.id, id)])?, id))
}

/// Sets what the owner calls a service; an empty name takes it away. `field` is where the name stood in the body.
pub(super) async fn rename(context: &Context<'_>, id: ServiceId, field: &str, name: &str) -> Result<(), Failure> {
    let display_name = display_name(field, name)?;
    context.submit(Action::Rename { service: id, display_name }).await?;
    Ok(())
}

/// Reads the name that an owner gives a service.
pub(super) fn display_name(field: &str, name: &str) -> Result<Option<String>, Failure> {
    if name.chars().count() > DISPLAY_NAME_LENGTH_MAX || name.chars().any(char::is_control) {
        let rule = format!("A name has {DISPLAY_NAME_LENGTH_MAX} characters at the most, none of them a control");
        return Err(Failure::bad_field(field, rule));
    }
    Ok(Some(name.trim().to_owned()).filter(|name| !name.is_empty()))
}

/// Asks the owner, by mail, to confirm that a service is to end; what the caller is told. The wording is ours.
pub(super) async fn ask_to_terminate(context: &Context<'_>, found: &Found<'_>) -> Result<String, Failure> {
    found.check_end_is_open()?;
    let id = found.service.id;
    let token = random_text(TERMINATION_TOKEN_LENGTH);
    let token_digest = digest(&token);
    let reply = context.submit(Action::RequestTermination { service: id, token, token_digest }).await?;
    Ok(format!(
        "The token that confirms the termination was mailed to you. Confirmed, it takes effect on {}",
        day(&reply)?
    ))
}

/// Confirms, with the token that was mailed, that a service is to end; what the caller is told. The wording is ours.
pub(super) async fn confirm_termination(
    context: &Context<'_>,
    found: &Found<'_>,
    token: &Secret,
) -> Result<String, Failure> {
    found.check_end_is_open()?;
    let id = found.service.id;
    let token_digest = digest(token.expose());
    let reply = context.submit(Action::ConfirmTermination { service: id, token_digest }).await?;
    Ok(terminates_on(day(&reply)?))
}

/// What a caller is told of a service that is going to end. The wording is ours.
pub(super) fn terminates_on(day: civil::Date) -> String {
    format!("The service will be terminated on {day}")
}

fn day(reply: &Reply) -> Result<civil::Date, Failure> {
    if let Reply::From(day) = reply { Ok(*day) } else { Err(Failure::server_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_stands_as_its_life_and_its_open_order_say() {
        for (life, open, standing) in [
            (Lifecycle::Active, None, Standing::Paid),
            (Lifecycle::Active, Some(Origin::Schedule), Standing::RenewalPlaced),
            (Lifecycle::Active, Some(Origin::Customer), Standing::Unpaid),
            (Lifecycle::Expired, None, Standing::Lapsed),
            (Lifecycle::Expired, Some(Origin::Schedule), Standing::Lapsed),
            (Lifecycle::Suspended, Some(Origin::Customer), Standing::Lapsed),
        ] {
            assert_eq!(Standing::of(life, open), standing, "{life:?} {open:?}");
        }
    }

    #[test]
    fn a_name_is_short_plain_text_and_an_empty_one_is_none() {
        assert_eq!(display_name("displayName", " Web shop "), Ok(Some("Web shop".to_owned())));
        assert_eq!(display_name("displayName", " "), Ok(None));
        assert!(display_name("displayName", &"é".repeat(255)).is_ok());
        for name in ["a\nb", "\u{0}", &"x".repeat(256)] {
            let failure = display_name("resource.displayName", name).unwrap_err();
            assert_eq!((failure.status.as_u16(), &*failure.body.details["field"]), (400, "resource.displayName"));
        }
    }
}
