//! `/v2/shared-hosting` and `/v2/vps`: the list, one of them, their renewal and their billing cycle. Both are alike but
//! for their ids.

use http::Method;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use perennial_core::calendar::Period;
use perennial_core::command::Action;
use perennial_core::gate::RenewGate;
use perennial_core::ids::{OrderId, ServiceId};
use perennial_core::money::Money;
use perennial_core::order::Order;
use perennial_core::ports::{BoxFuture, Rejection};
use perennial_core::product::Kind;
use perennial_core::refusal::Refusal;
use perennial_core::service::Service;
use perennial_core::snapshot::{Snapshot, Want};

use super::cursor::Window;
use super::found::{self, BLOCKED, Block, Found, InTheWay, OUTSTANDING, UNSETTLED, is_fixed};
use super::refusal::after_commit;
use super::{Answer, Context, Row, body, reference};
use crate::common::amount::Amount;
use crate::hostup::id::{Id, Thing};
use crate::hostup::wire::hosting::{
    Actions, Addon, CycleActions, CycleChange, CycleOption, CycleRequest, Cycles, Detail, Item, Lifecycle,
    RecoveryAction, RenewBilling, RenewRequest, Renewed,
};
use crate::hostup::wire::problem::Failure;
use crate::hostup::wire::reference::{Gate, List};
use crate::hostup::wire::stamp::Stamp;

/// How long a page is where nothing is said (unverified), and at the most (documented for hosting).
const PAGE: (usize, usize) = (20, 100);

/// The most add-ons that are renewed with a service (documented).
const ADDONS_MAX: usize = 20;

/// What the id of an add-on begins with.
const ADDON: &str = "addon_";

const HOSTING: &[&str] = &["read:hosting", "read:services"];
const VPS: &[&str] = &["read:vm", "read:services"];
const WRITE: &[&str] = &["write:billing"];
const WRITE_CYCLE: &[&str] = &["write:billing", "write:services"];

pub(super) const ROWS: &[Row] = &[
    Row::read("/v2/shared-hosting", "hosting-accounts", |context| list(context, Thing::Hosting))
        .inferred()
        .scopes(HOSTING),
    Row::read("/v2/shared-hosting/{id}", "hosting-account", |context| one(context, Thing::Hosting))
        .inferred()
        .scopes(HOSTING),
    Row::act(Method::POST, "/v2/shared-hosting/{id}/actions/renew", "renew", |context| renew(context, Thing::Hosting))
        .scopes(WRITE),
    Row::read("/v2/shared-hosting/{id}/actions/billing-cycle", "billing-cycle", |context| {
        cycles(context, Thing::Hosting)
    })
    .scopes(HOSTING),
    Row::act(Method::POST, "/v2/shared-hosting/{id}/actions/billing-cycle", "edit-billing-cycle", |context| {
        change_cycle(context, Thing::Hosting)
    })
    .scopes(WRITE_CYCLE),
    Row::read("/v2/vps", "servers", |context| list(context, Thing::Vps)).inferred().scopes(VPS),
    Row::read("/v2/vps/{id}", "server", |context| one(context, Thing::Vps)).inferred().scopes(VPS),
    Row::act(Method::POST, "/v2/vps/{id}/actions/renew", "renew", |context| renew(context, Thing::Vps)).scopes(WRITE),
    Row::read("/v2/vps/{id}/actions/billing-cycle", "billing-cycle", |context| cycles(context, Thing::Vps)).scopes(VPS),
    Row::act(Method::POST, "/v2/vps/{id}/actions/billing-cycle", "edit-billing-cycle", |context| {
        change_cycle(context, Thing::Vps)
    })
    .scopes(WRITE_CYCLE),
    // The legacy API's forms of the same; no client is known to call them.
    Row::not_served(Method::GET, "/vm/{id}/autorenew"),
    Row::not_served(Method::POST, "/services/{id}/renew"),
];

/// The id of an add-on. The documentation's own are words, such as `addon_extra_storage`; those are read as well, and
/// nothing else is.
pub(super) fn addon_id(service: ServiceId) -> String {
    format!("{ADDON}{service}")
}

/// A day of service as the documentation shows those of hosting and VPS: its midnight in universal time, whatever the
/// billing zone. (A domain's last second is shown in the zone.)
pub(super) fn day(date: Date) -> Result<Stamp, Failure> {
    let midnight = date.to_zoned(TimeZone::UTC).map_err(|_| Failure::server_error())?;
    Ok(Stamp(midnight.timestamp()))
}

fn list(context: &Context<'_>, thing: Thing) -> Result<Answer, Failure> {
    let window = Window::of(&context.query, PAGE.0, PAGE.1)?;
    let seen = found::load_all(context, thing)?;
    let page = window.select(Found::all(context, &seen, thing), |found| found.service.id.0);
    let data = page.data.iter().map(item).collect::<Result<_, _>>()?;
    Ok(Answer::json(&List::<Item> { data, next_cursor: page.next_cursor })?)
}

fn item(found: &Found<'_>) -> Result<Item, Failure> {
    let service = found.service;
    let expires_at = day(service.until)?;
    Ok(Item {
        id: found.id(),
        name: service.name.clone(),
        product_name: found.product.name.clone(),
        service_status: found.status(),
        lifecycle: Lifecycle { auto_renew_enabled: found.renews_by_itself() },
        billing: reference::billing(found.price(), found.account.currency, service.period),
        created_at: day(service.created)?,
        expires_at,
        // Hosting and VPS are due on the day they are paid until (legacy documentation).
        next_due_at: expires_at,
    })
}

/// Loads the service that the path names, with what belongs to it.
fn load_family(context: &Context<'_>, thing: Thing) -> Result<(Snapshot, ServiceId), Failure> {
    let id = found::service_id(thing, context.param("id"))?;
    let account = context.account().id;
    Ok((context.load_services(vec![Want::Account(account), Want::Family(account, id)])?, id))
}

fn one(context: &Context<'_>, thing: Thing) -> Result<Answer, Failure> {
    let (seen, id) = load_family(context, thing)?;
    let found = Found::of(context, &seen, thing, id)?;
    let addons = addons(context, &found).into_iter().map(|addon| shown_addon(&found, addon));
    Ok(Answer::json(&Detail {
        item: item(&found)?,
        addons: addons.collect::<Result<_, _>>()?,
        pending_renewal_order: found.open.map(|order| reference::pending_order(&seen, order)),
        actions: Actions { can_renew_now: found.can_renew()?, can_change_billing_cycle: can_change_cycle(&found)? },
    })?)
}

/// The add-ons of a service that are paid for and not gone, in order of id.
fn addons<'a>(context: &Context<'_>, found: &Found<'a>) -> Vec<&'a Service> {
    use perennial_core::service::Lifecycle::{Terminated, Unpaid};
    let today = found.account.zone.date_of(context.now);
    let alive = |service: &&Service| {
        found.seen.product(service).is_ok_and(|product| {
            product.kind == Kind::Addon && !matches!(service.lifecycle(product, today), Unpaid | Terminated)
        })
    };
    let children = found.seen.children.get(&found.service.id).into_iter().flatten();
    let mut addons: Vec<_> = children.filter_map(|id| found.seen.services.get(id)).filter(alive).collect();
    addons.sort_unstable_by_key(|addon| addon.id);
    addons
}

/// An add-on costs what it costs for the period of what it belongs to: they are renewed together.
fn shown_addon(found: &Found<'_>, addon: &Service) -> Result<Addon, Failure> {
    let (period, currency) = (found.service.period, found.account.currency);
    let product = found.seen.product(addon)?;
    Ok(Addon {
        id: addon_id(addon.id),
        name: addon.name.clone(),
        product_name: product.name.clone(),
        billing: reference::billing(addon.price(product, period, currency), currency, period),
        expires_at: day(addon.until)?,
    })
}

fn renew<'a>(context: &'a Context<'a>, thing: Thing) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let id = found::service_id(thing, context.param("id"))?;
        let RenewRequest { addon_ids } = body(context)?;
        let order = match found::placed_before(context)? {
            Some(order) => order,
            None => ordered(context, thing, &addon_ids.unwrap_or_default()).await?,
        };
        let until = order.line_of(id).map(|line| line.term.until()).ok_or_else(Failure::server_error)?;
        // The order as it was placed, also where readers lag behind; its invoice, once it is paid, is on file.
        let placed = context.load(&reference::wants(order.account, order.id))?;
        let invoice = reference::invoice(context.now, &placed, placed.orders.get(&order.id).unwrap_or(&order));
        let shown = |is| (thing == is).then(|| Id::new(thing, id.0));
        Ok(Answer::json(&Renewed {
            account_id: shown(Thing::Hosting),
            vps_id: shown(Thing::Vps),
            renewal_scheduled: true,
            new_expires_at: day(until)?,
            billing: RenewBilling { amount: Some(Amount(order.net)), currency_code: order.net.currency().code() },
            renewal_invoice: Some(invoice),
            invoice_lookup_pending: false,
        })?)
    })
}

/// Orders the renewal of a service with the add-ons that are named.
async fn ordered(context: &Context<'_>, thing: Thing, addon_ids: &[String]) -> Result<Order, Failure> {
    let (seen, id) = load_family(context, thing)?;
    let found = Found::of(context, &seen, thing, id)?;
    let beside = named_addons(&found, &addons(context, &found), addon_ids)?;
    match found::renew(context, &found, beside.iter().copied()).await {
        Ok(order) => Ok(order),
        Err(failure) => Err(recoverable(context, thing, id, &beside, failure)?),
    }
}

/// The add-ons that a request names: by the ids that are shown, or by the code of their product.
fn named_addons(found: &Found<'_>, addons: &[&Service], ids: &[String]) -> Result<Vec<ServiceId>, Failure> {
    if ids.len() > ADDONS_MAX {
        let detail = format!("`addonIds` names {ADDONS_MAX} add-ons at the most.");
        return Err(Failure::invalid_field("/addonIds", detail, "invalid_request"));
    }
    let (period, currency) = (found.service.period, found.account.currency);
    let mut named = Vec::with_capacity(ids.len());
    for (index, text) in ids.iter().enumerate() {
        let refuse = |detail: &str| Failure::invalid_field(format!("/addonIds/{index}"), detail, "invalid_request");
        let code = |addon: &Service| found.seen.product(addon).map_or("", |product| product.code.as_str());
        let addon = addons.iter().find(|addon| text == &addon_id(addon.id));
        let addon = addon.or_else(|| addons.iter().find(|addon| is_word_for(text, code(addon))));
        let addon = addon.ok_or_else(|| refuse("No add-on with this id was found."))?;
        if named.contains(&addon.id) {
            return Err(refuse("This add-on is named twice."));
        }
        if addon.price(found.seen.product(addon)?, period, currency).is_none() {
            return Err(refuse("This add-on cannot be renewed for the billing cycle of what it belongs to."));
        }
        named.push(addon.id);
    }
    Ok(named)
}

/// Whether a text is the word for a product: `addon_extra_storage` for `extra-storage`.
fn is_word_for(text: &str, code: &str) -> bool {
    !code.is_empty() && text.strip_prefix(ADDON).is_some_and(|word| word == code.replace('-', "_"))
}

/// A refusal, with the invoice that stands in the way and the call that gets past it, where one does: of the service
/// itself, or of what was to be renewed beside it.
fn recoverable(
    context: &Context<'_>,
    thing: Thing,
    id: ServiceId,
    beside: &[ServiceId],
    failure: Failure,
) -> Result<Failure, Failure> {
    if failure.code != BLOCKED {
        return Ok(failure);
    }
    let family: Vec<_> = std::iter::once(id).chain(beside.iter().copied()).collect();
    let seen = found::load_services(context, &family)?;
    let found = Found::of(context, &seen, thing, id)?;
    let mut services = beside.iter().filter_map(|id| seen.services.get(id));
    let of_addon = services.find_map(|service| seen.open_order(context.now, service));
    Ok(match (found.open, of_addon) {
        (Some(order), _) => failure.with(RECOVERY, &recovery(order.id)),
        (None, Some(order)) => {
            let gate = Gate::closed("An unpaid invoice renews one of the add-ons already.", Some(OUTSTANDING));
            found.blocked_by(order, InTheWay::OfRenewal(gate)).with(RECOVERY, &recovery(order.id))
        }
        (None, None) => failure,
    })
}

/// The member that says how to get past it.
const RECOVERY: &str = "recoveryAction";

fn recovery(order: OrderId) -> RecoveryAction {
    let invoice = reference::invoice_id(order);
    let href = format!("/api/v2/billing/invoices/{invoice}/actions/generate-payment-link");
    RecoveryAction { kind: "pay_invoice", method: "POST", href }
}

fn cycles(context: &Context<'_>, thing: Thing) -> Result<Answer, Failure> {
    let (seen, id) = found::load_one(context, thing)?;
    let found = Found::of(context, &seen, thing, id)?;
    let gate = can_change_cycle(&found)?;
    let currency_code = found.account.currency.code();
    let option = |(_, billing_cycle, net)| CycleOption { billing_cycle, amount: Amount(net), currency_code };
    Ok(Answer::json(&Cycles {
        current_billing_cycle: reference::cycle(found.service.period),
        currency_code,
        options: options(&found).map(option).collect(),
        locked: !gate.allowed,
        actions: CycleActions { can_change_billing_cycle: gate },
    })?)
}

/// The cycles that a service is sold for, shortest first, with their words and prices. Periods that the API has no word
/// for are left out.
fn options(found: &Found<'_>) -> impl Iterator<Item = (Period, &'static str, Money)> {
    let (service, product, currency) = (found.service, found.product, found.account.currency);
    service
        .periods(product, currency)
        .into_iter()
        .filter_map(move |period| Some((period, reference::cycle(period)?, service.price(product, period, currency)?)))
}

/// Whether a service can be renewed for something else from now on: not while an order renews it for what it is.
fn can_change_cycle(found: &Found<'_>) -> Result<Gate, Failure> {
    if found.open.is_some() {
        return Ok(Gate::closed(UNSETTLED, Some(OUTSTANDING)));
    }
    Ok(match found.gate()? {
        RenewGate::Closed(reason) if is_fixed(reason) => {
            Gate::closed(format!("The billing cycle cannot be changed: {reason}."), Some("not_active"))
        }
        RenewGate::Open | RenewGate::Closed(_) => Gate::OPEN,
    })
}

/// Changes what a service is renewed for; or says what that would do.
fn change_cycle<'a>(context: &'a Context<'a>, thing: Thing) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = found::load_one(context, thing)?;
        let found = Found::of(context, &seen, thing, id)?;
        let CycleRequest { billing_cycle, dry_run, cancel_existing_invoice } = body(context)?;
        let (period, word, net) = options(&found).find(|(_, word, _)| *word == billing_cycle).ok_or_else(|| {
            let detail = "This billing cycle is not one of the options.";
            Failure::invalid_field("/billingCycle", detail, "invalid_request")
        })?;
        let moves = period != found.service.period;
        let withdraws = cancel_existing_invoice.unwrap_or(false);
        // What renews others as well, its add-ons too, is not withdrawn with the change of one.
        let in_the_way = found.open.filter(|order| moves && !(withdraws && found.is_alone_in(order)));
        let dry_run = dry_run.unwrap_or(false);
        if moves && !dry_run {
            if let Some(order) = in_the_way {
                return Err(found.blocked_by(order, InTheWay::OfCycle).with(RECOVERY, &recovery(order.id)));
            }
            set_cycle(context, &found, period).await?;
        }
        Ok(Answer::json(&CycleChange {
            dry_run,
            changed: moves && !dry_run,
            current_billing_cycle: reference::cycle(found.service.period),
            target_billing_cycle: word,
            target_amount: Amount(net),
            currency_code: found.account.currency.code(),
            would_block: in_the_way.is_some(),
        })?)
    })
}

/// Withdraws the order that stands in the way, and sets the period. What can have no other period is refused before
/// anything is withdrawn.
async fn set_cycle(context: &Context<'_>, found: &Found<'_>, period: Period) -> Result<(), Failure> {
    if let RenewGate::Closed(reason) = found.gate()?
        && is_fixed(reason)
    {
        return Err(found.refuse(Block::NotActive(reason)));
    }
    if let Some(order) = found.open {
        withdraw(context, order).await?;
    }
    let set = Action::SetRenewal { service: found.service.id, mode: None, period: Some(period) };
    match context.submit(set).await {
        Ok(_) => Ok(()),
        Err(rejection) if found.open.is_some() => Err(after_commit(rejection)),
        Err(rejection) => Err(rejection.into()),
    }
}

/// Withdraws an order. One that was withdrawn or lapsed meanwhile is out of the way as well.
async fn withdraw(context: &Context<'_>, order: &Order) -> Result<(), Failure> {
    match context.submit(Action::CancelOrder { order: order.id }).await {
        Ok(_) | Err(Rejection::Refused(Refusal::OrderCancelled(_) | Refusal::OrderLapsed(_))) => Ok(()),
        Err(rejection) => Err(rejection.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_add_on_is_named_by_its_number_or_its_product() {
        assert_eq!(addon_id(ServiceId(5_104)), "addon_5104");
        for (text, code, is) in [
            ("addon_extra_storage", "extra-storage", true),
            ("addon_extra_storage", "extra_storage", true),
            ("addon_extra-storage", "extra-storage", false),
            ("extra-storage", "extra-storage", false),
            ("extra_storage", "extra-storage", false),
            ("addon_addon_extra_storage", "extra-storage", false),
            ("addon_extra", "extra-storage", false),
            ("addon_", "", false),
            ("", "", false),
        ] {
            assert_eq!(is_word_for(text, code), is, "{text} {code}");
        }
    }

    #[test]
    fn a_day_is_its_midnight_in_universal_time() {
        let shown = day("2026-05-27".parse().expect("is a date")).expect("is in the calendar");
        assert_eq!(shown.to_string(), "2026-05-27T00:00:00.000Z");
    }
}
