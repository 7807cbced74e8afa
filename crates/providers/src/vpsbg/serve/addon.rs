//! `/servers/{id}/addons`: what can be added to a server, and what becomes of what was.
//!
//! An add-on is a service of the kind [`Kind::Addon`] whose product's code is the documented key. It is ordered until the
//! server's expiry and renewed together with the server from then on. Changing the size of one is not served: the ledger
//! prices whole services.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::calendar::{Period, Term};
use perennial_core::command::{Action, BuyRequest, FirstTerm, NewService};
use perennial_core::decide::prorated;
use perennial_core::ids::ServiceId;
use perennial_core::money::Money;
use perennial_core::ports::BoxFuture;
use perennial_core::product::{Catalogue, Kind, Product};

use super::found::{self, Found};
use super::money::{net, with_vat};
use super::{Context, Row, server};
use crate::common::bearer::Answer;
use crate::secret::order_password;
use crate::vpsbg::wire::addon::{AddonOffer, BuyAddons, CancelAddon};
use crate::vpsbg::wire::error::Failure;
use crate::vpsbg::wire::plan::Data;

pub(super) const ROWS: &[Row] = &[
    Row::read("/servers/{id}/addons", "addons", offers),
    Row::act(Method::POST, "/servers/{id}/addons", BUY, buy),
    Row::not_served(Method::PATCH, "/servers/{id}/addons").inferred(),
    Row::not_served(Method::POST, "/servers/{id}/addons/scale/calculate"),
    Row::act(Method::POST, "/servers/{server_id}/addons/{server_addon_id}", "cancel-addon", cancel),
    Row::act(Method::DELETE, "/servers/{server_id}/addons/{server_addon_id}", "reinstate-addon", reinstate).inferred(),
];

/// The operation of ordering add-ons.
const BUY: &str = "buy-addons";

/// How long an order for something new waits for its payment: a week. Its term begins on the day it is ordered, so the
/// thirty days of a sample would be a month paid for nothing. The real time is unverified.
pub(super) const OPEN_S: u32 = 7 * 24 * 60 * 60;

/// The add-ons that are sold by the month in the account's currency, each with that price, by id. Each can be added to
/// every server.
pub(super) fn sold<'a>(catalogue: &'a Catalogue, account: &Account) -> Vec<(&'a Product, Money)> {
    let price = |product: &Product| product.price(Period::months(1)?, account.currency);
    let addons = catalogue.products.values().filter(|product| product.kind == Kind::Addon);
    let mut sold: Vec<_> = addons.filter_map(|product| Some((product, price(product)?))).collect();
    sold.sort_unstable_by_key(|(product, _)| product.id);
    sold
}

fn offers(context: &Context<'_>) -> Result<Answer, Failure> {
    let id = found::path_id(context, "id")?;
    let seen = found::load_one(context, id)?;
    let server = Found::server(context, &seen, id)?;
    let account = server.account;
    // Nothing is left of the term of a server that has expired.
    let left = Term::new(account.zone.date_of(context.now), server.service.until).ok();
    let offer = |(product, price): (&Product, Money)| {
        let rest = left.map(|term| prorated(account, product, id, term)).transpose()?;
        let rest = rest.unwrap_or(Money::zero(account.currency));
        Ok::<_, Failure>(AddonOffer {
            key: product.code.clone(),
            price: net(price),
            price_with_vat: with_vat(account, price)?,
            price_until_expiry: net(rest),
            price_until_expiry_with_vat: with_vat(account, rest)?,
        })
    };
    let data = sold(&seen.catalogue, account).into_iter().map(offer).collect::<Result<_, _>>()?;
    Ok(Answer::json(&Data { data })?)
}

/// Orders add-ons. The answer is the server (documented), on which they are `processing` until their order is paid.
fn buy<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let id = found::path_id(context, "id")?;
        let seen = found::load_family(context, id)?;
        let server = Found::server(context, &seen, id)?;
        let chosen = chosen(&context.body()?)?;
        // What was ordered under the same token before is there by now, and that is as it should be.
        if context.answered_before(BUY)?.is_none() {
            check_free(&server, &chosen)?;
            let items = chosen.iter().map(|choice| item(&server, &seen.catalogue, choice)).collect::<Result<_, _>>()?;
            let request = BuyRequest { items, promo: None, open_s: open_s(context.now, &server)? };
            context.submit_once(BUY, Action::Buy { request, password: order_password() }).await?;
        }
        let seen = found::load_family(context, id)?;
        Ok(Answer::json(&server::shown(&Found::server(context, &seen, id)?)?)?)
    })
}

/// An add-on that is asked for: the field that asks, and the key.
type Choice = (&'static str, String);

/// Reads what is asked for. Each add-on is one service, which has one price: more than one licence at once is refused.
fn chosen(asked: &BuyAddons) -> Result<Vec<Choice>, Failure> {
    let mut chosen = Vec::new();
    if asked.backups == Some(true) {
        chosen.push(("backups", "backups".to_owned()));
    }
    for (field, key) in [("cpanel", &asked.cpanel), ("bandwidth", &asked.bandwidth)] {
        let Some(key) = key.as_ref().filter(|key| !key.is_empty()) else { continue };
        if field_of(key) != Some(field) {
            return Err(no_such_addon(field));
        }
        chosen.push((field, key.clone()));
    }
    let licences = [
        ("microsoft_rds_sal", "microsoft-rds-sal", asked.microsoft_rds_sal),
        ("microsoft_office_sal", "microsoft-office-sal", asked.microsoft_office_sal),
    ];
    for (field, key, count) in licences {
        match count {
            None | Some(0) => {}
            Some(1) => chosen.push((field, key.to_owned())),
            Some(_) => return Err(Failure::invalid(field, "Licences can be ordered one at a time here.")),
        }
    }
    if chosen.is_empty() {
        return Err(Failure::refused("No add-on is named."));
    }
    Ok(chosen)
}

/// The field of a request that asks for an add-on; none for what is not ordered by itself.
fn field_of(key: &str) -> Option<&'static str> {
    match key {
        "backups" => Some("backups"),
        "microsoft-rds-sal" => Some("microsoft_rds_sal"),
        "microsoft-office-sal" => Some("microsoft_office_sal"),
        _ if key.starts_with("cpanel-") => Some("cpanel"),
        _ if key.ends_with("-unmetered") => Some("bandwidth"),
        _ => None,
    }
}

fn no_such_addon(field: &'static str) -> Failure {
    Failure::invalid(field, "There is no such add-on.")
}

/// A server has one add-on of each sort, ordered ones and cancelled ones that still run included.
fn check_free(server: &Found<'_>, chosen: &[Choice]) -> Result<(), Failure> {
    let addons = server.addons();
    let taken = |field: &str| addons.iter().any(|addon| field_of(&addon.product.code) == Some(field));
    match chosen.iter().find(|(field, _)| taken(field)) {
        Some((field, _)) => Err(Failure::invalid(field, "The server has such an add-on already.")),
        None => Ok(()),
    }
}

fn item(server: &Found<'_>, catalogue: &Catalogue, (field, key): &Choice) -> Result<NewService, Failure> {
    let sold = sold(catalogue, server.account);
    let (product, _) =
        sold.into_iter().find(|(product, _)| product.code == *key).ok_or_else(|| no_such_addon(field))?;
    Ok(NewService {
        product: product.id,
        parent: Some(server.service.id),
        name: format!("{} {key}", server.service.name),
        first: FirstTerm::UntilExpiryOf(server.service.id),
        period: server.service.period,
        facts: BTreeMap::new(),
    })
}

/// How long the order waits: never past the expiry that it pays up to.
fn open_s(now: Timestamp, server: &Found<'_>) -> Result<u32, Failure> {
    let left = server.expiry()?.0.duration_since(now).as_secs();
    match u32::try_from(left) {
        Ok(left) if left > 0 => Ok(left.min(OPEN_S)),
        // Beyond what the type holds, one way or the other.
        Err(_) if left > 0 => Ok(OPEN_S),
        _ => Err(Failure::refused("The server has expired; it has to be renewed first.")),
    }
}

fn cancel<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let service = named(context)?;
        let asked: CancelAddon = context.body()?;
        let (reason, ending) = (server::reason(Some(asked.reason))?, server::ending(Some(asked.now)));
        context.submit(Action::Cancel { service, reason, ending }).await?;
        Ok(Answer::nothing())
    })
}

fn reinstate<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let service = named(context)?;
        context.submit(Action::Reinstate { service }).await?;
        Ok(Answer::nothing())
    })
}

/// The add-on that the path names, which is known to be one of the server's.
fn named(context: &Context<'_>) -> Result<ServiceId, Failure> {
    let (server, addon) = (found::path_id(context, "server_id")?, found::path_id(context, "server_addon_id")?);
    let seen = found::load_family(context, server)?;
    let addons = Found::server(context, &seen, server)?.addons();
    let found = addons.iter().find(|found| found.service.id == addon);
    found.map(|found| found.service.id).ok_or_else(Failure::not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(asked: &BuyAddons) -> Result<Vec<String>, String> {
        let wrong = |failure: Failure| failure.body.errors.into_keys().next().unwrap_or_default();
        chosen(asked).map(|chosen| chosen.into_iter().map(|(_, key)| key).collect()).map_err(wrong)
    }

    #[test]
    fn the_sample_of_the_documentation_is_read() {
        let asked = BuyAddons {
            backups: Some(true),
            cpanel: Some("cpanel-admin-5".to_owned()),
            bandwidth: Some("100mbps-unmetered".to_owned()),
            microsoft_rds_sal: Some(0),
            microsoft_office_sal: Some(0),
        };
        let wanted = ["backups", "cpanel-admin-5", "100mbps-unmetered"].map(str::to_owned).to_vec();
        assert_eq!(keys(&asked), Ok(wanted));
    }

    #[test]
    fn what_cannot_be_ordered_is_refused_by_its_field() {
        let cpanel = |key: &str| BuyAddons { cpanel: Some(key.to_owned()), ..BuyAddons::default() };
        for (asked, field) in [
            (cpanel("100mbps-unmetered"), "cpanel"),
            (cpanel("plesk"), "cpanel"),
            (BuyAddons { bandwidth: Some("backups".to_owned()), ..BuyAddons::default() }, "bandwidth"),
            (BuyAddons { microsoft_rds_sal: Some(2), ..BuyAddons::default() }, "microsoft_rds_sal"),
            (BuyAddons { microsoft_office_sal: Some(5), ..BuyAddons::default() }, "microsoft_office_sal"),
            (BuyAddons { backups: Some(false), ..cpanel("") }, ""),
            (BuyAddons::default(), ""),
        ] {
            assert_eq!(keys(&asked), Err(field.to_owned()), "{asked:?}");
        }
        let one = BuyAddons { microsoft_office_sal: Some(1), ..BuyAddons::default() };
        assert_eq!(keys(&one), Ok(vec!["microsoft-office-sal".to_owned()]));
    }

    #[test]
    fn a_field_that_the_request_does_not_have_is_refused() {
        let read = crate::common::body::body::<BuyAddons>(br#"{"backups":true,"windows":true}"#);
        assert_eq!(read.unwrap_err().field(), Some("windows"));
    }
}
