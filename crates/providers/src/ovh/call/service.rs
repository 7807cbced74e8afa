//! Services: the inventory, one of them, and switching its automatic renewal off.

use std::collections::HashSet;

use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{CallError, Page};
use perennial_core::calendar::{AnchorDay, Period, Zone, add_period};
use perennial_core::product::Kind;
use serde::Serialize;

use super::api::Api;
use super::wire::{self, Moment};

/// How many services are on a page of the inventory; each costs its part of a batch.
const PAGE: usize = 1_000;

/// The status of calls that are refused because the service is expired (seen in 2013; python-ovh knows it).
const EXPIRED: u16 = 460;

/// Where the provider's days begin that come without a time. Inferred: its European instants are written there.
const ZONE: &str = "Europe/Paris";

/// A service as it was read.
#[derive(Debug)]
pub(super) struct Seen {
    id: i64,
    kind: Kind,
    name: String,
    label: Option<String>,
    tags: Vec<String>,
    parent: Option<i64>,
    expiry: Option<Moment>,
    standing: Standing,
    native: Native,
    period: Option<Period>,
}

impl From<wire::Service> for Seen {
    fn from(service: wire::Service) -> Self {
        let standing = standing(&service);
        let billing = service.billing;
        let current = billing.as_ref().and_then(|billing| billing.renew.as_ref()?.current.as_ref());
        let (name, label) = names(service.id, service.resource.as_ref());
        let own = current.and_then(|current| current.period.as_deref());
        let priced = billing.as_ref().and_then(|billing| billing.pricing.as_ref()?.duration.as_deref());
        Self {
            id: service.id,
            kind: kind(service.parent, service.route.as_ref()),
            name,
            label,
            tags: service.tags.unwrap_or_default(),
            parent: service.parent,
            standing,
            native: current.and_then(|current| current.mode.as_deref()).map_or(Native::Untold, native),
            period: own.or(priced).and_then(|text| Period::parse(text).ok()),
            expiry: billing.as_ref().and_then(|billing| billing.expiration_date.or(billing.next_billing_date)),
        }
    }
}

impl Seen {
    /// A service as the older section shows it, for those that the newer one does not.
    fn of_old(id: i64, service: &wire::OldService) -> Self {
        let (name, label) = names(id, service.resource.as_ref());
        let renew = service.renew.as_ref();
        let midnight = |day: Date| Zone::parse(ZONE).and_then(|zone| zone.midnight(day)).ok();
        let expiry = service.expiration_date.map(|date| date.0);
        Self {
            id,
            kind: kind(None, service.route.as_ref()),
            name,
            label,
            tags: Vec::new(),
            parent: None,
            expiry: expiry.and_then(|day| Some(Moment { at: midnight(day)?, day })),
            standing: Standing::Renewable,
            native: renew.and_then(|renew| renew.mode.as_deref()).map_or(Native::Untold, native),
            period: renew.and_then(|renew| Period::parse(renew.interval.as_deref()?).ok()),
        }
    }

    /// What of it decides.
    pub fn stand(&self) -> Result<Stand, CallError> {
        let told = self.expiry.map(|expiry| Stand {
            until: expiry.day,
            expires_at: expiry.at,
            standing: self.standing.clone(),
            native: self.native,
        });
        told.ok_or(CallError::Cannot { provider: super::PROVIDER, wish: "tell when this service expires" })
    }

    /// The day of its expiry.
    pub fn until(&self) -> Option<Date> {
        self.expiry.map(|expiry| expiry.day)
    }

    /// As it is on file. None for what never expires, as what is billed by use: there is nothing to renew.
    fn holding(self, provider: &ProviderName) -> Option<Holding> {
        let stand = self.stand().ok()?;
        let remote = |id: i64| RemoteId::parse(&id.to_string()).ok();
        Some(Holding {
            key: HoldingKey { provider: provider.clone(), id: remote(self.id)? },
            kind: self.kind,
            name: self.name,
            label: self.label,
            tags: self.tags,
            parent: self.parent.and_then(remote),
            stand,
            period: self.period,
        })
    }
}

/// What the provider calls a service, and what we call it there.
fn names(id: i64, resource: Option<&wire::Resource>) -> (String, Option<String>) {
    let given = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
    let label = given(resource.and_then(|resource| resource.display_name.as_ref()));
    let name = given(resource.and_then(|resource| resource.name.as_ref()));
    let name = name.or_else(|| label.clone()).unwrap_or_else(|| id.to_string());
    (name.clone(), label.filter(|label| *label != name))
}

/// What a service is, by where its own routes are; an option has a parent, and what is nothing else counts as one.
fn kind(parent: Option<i64>, route: Option<&wire::Route>) -> Kind {
    // The zone of a domain is a service of its own.
    const SECTIONS: [(&str, Kind); 13] = [
        ("/vps/", Kind::Server),
        ("/dedicated/", Kind::Server),
        ("/dedicatedCloud/", Kind::Server),
        ("/domain/zone/", Kind::Addon),
        ("/domain/", Kind::Domain),
        ("/hosting/", Kind::Hosting),
        ("/email/", Kind::Hosting),
        ("/cloud/", Kind::Instance),
        ("/publicCloud/", Kind::Instance),
        ("/ip/", Kind::Ip),
        ("/ipLoadbalancing/", Kind::Ip),
        ("/vrack/", Kind::Addon),
        ("/support/", Kind::Support),
    ];
    let path = route.and_then(|route| route.path.as_deref()).unwrap_or_default();
    let of_route = SECTIONS.iter().find(|(section, _)| path.starts_with(section));
    match (parent, of_route) {
        (None, Some((_, kind))) => *kind,
        _ => Kind::Addon,
    }
}

/// Whether it renews by itself. The newer section has two words, the older one more.
fn native(mode: &str) -> Native {
    if mode.starts_with("automatic") {
        Native::On
    } else if matches!(mode, "manual" | "deleteAtExpiration" | "deleteAtEndEngagement" | "oneShot") {
        Native::Off
    } else {
        Native::Untold
    }
}

/// What speaks against renewing it: it is gone, it is to end, or the provider is renewing it at this moment.
fn standing(service: &wire::Service) -> Standing {
    let blocked = |why: &str, word: &str| Standing::Blocked(format!("{why} (`{word}`)"));
    let current = service.billing.as_ref().and_then(|billing| billing.lifecycle.as_ref()?.current.as_ref());
    let life = current.and_then(|current| current.state.as_deref()).unwrap_or_default();
    let resource = service.resource.as_ref().and_then(|resource| resource.state.as_deref()).unwrap_or_default();
    let pending = current.and_then(|current| current.pending_actions.as_deref()).unwrap_or_default();
    for word in pending.iter().map(String::as_str) {
        match word {
            "autorenewInProgress" => return blocked("the provider is renewing it by itself", word),
            "terminate" | "terminateAtExpirationDate" | "terminateAtEngagementDate" | "deleteAtExpiration" => {
                return blocked("it is cancelled and ends", word);
            }
            _ => {}
        }
    }
    match (life, resource) {
        ("toRenew", _) => blocked("the provider is renewing it by itself", life),
        ("terminated" | "rupture" | "error" | "inCreation", _) => blocked("it is not in service", life),
        (_, "deleted" | "deleting" | "toDelete") => blocked("it is deleted", resource),
        _ => Standing::Renewable,
    }
}

/// The number of a service, which is its id.
pub(super) fn number(id: &RemoteId) -> Result<i64, CallError> {
    id.as_str().parse().map_err(|_| CallError::NotUnderstood {
        provider: super::PROVIDER,
        call: format!("services/{id}"),
        cause: "the ids of services are numbers".to_owned(),
    })
}

/// A page of services, in order of their ids; `from` is the last id of the page before.
///
/// The list of ids is read for each page, as it is one request: so nothing is lost where services come and go meanwhile.
pub(super) async fn inventory(api: &Api, provider: &ProviderName, from: Option<&str>) -> Result<Page, CallError> {
    const LIST: &str = "/services";
    let after: i64 = match from {
        None => i64::MIN,
        Some(from) => from.parse().map_err(|_| api.not_understood("the inventory", &"pages begin at numbers"))?,
    };
    let mut ids: Vec<i64> = api.get(LIST).await?;
    ids.retain(|id| *id > after);
    ids.sort_unstable();
    ids.dedup();
    let is_last = ids.len() <= PAGE;
    ids.truncate(PAGE);
    let texts: Vec<_> = ids.iter().map(i64::to_string).collect();
    let found: Vec<wire::Service> = api.batch(LIST, &texts).await?;
    let mut missing: HashSet<_> = ids.iter().copied().collect();
    let mut holdings = Vec::with_capacity(found.len());
    for service in found {
        if missing.remove(&service.id) {
            holdings.extend(Seen::from(service).holding(provider));
        }
    }
    for id in ids.iter().filter(|id| missing.contains(id)) {
        // An expired one that neither section shows is no reason to lose all others.
        match one(api, *id).await {
            Ok(seen) => holdings.extend(seen.and_then(|seen| seen.holding(provider))),
            Err(CallError::Refused { said, .. }) if said.status == EXPIRED => {
                tracing::warn!(service = id, "OVHcloud shows nothing of service {id}, as it is expired");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Page { holdings, next: ids.last().filter(|_| !is_last).map(i64::to_string) })
}

/// One service; none where it is gone.
pub(super) async fn one(api: &Api, id: i64) -> Result<Option<Seen>, CallError> {
    match api.find::<wire::Service>(&format!("/services/{id}")).await {
        Ok(found) => Ok(found.map(Seen::from)),
        Err(CallError::Refused { said, .. }) if said.status == EXPIRED => {
            Ok(api.find(&format!("/service/{id}")).await?.map(|service| Seen::of_old(id, &service)))
        }
        Err(error) => Err(error),
    }
}

/// Where a service stands after a period, by our calendar: a renewal counts from the old expiry, early or late.
///
/// On the last day of a short month the expiry does not tell the day of month that the service is drawn to; then the
/// older section does. (What the provider does at the ends of months is not documented.)
pub(super) async fn until_after(api: &Api, id: i64, from: Date, period: Period) -> Result<Date, CallError> {
    const LONGEST_MONTH: i8 = 31;
    let mut anchor = AnchorDay::of(from);
    if from.day() == from.days_in_month() && from.day() < LONGEST_MONTH {
        let found: Option<wire::OldService> = api.find(&format!("/service/{id}")).await?;
        let told = found.and_then(|service| service.renew?.day_of_month).and_then(|day| i8::try_from(day).ok());
        // An earlier day would not have led to this expiry: then it is something else.
        let told = told.filter(|day| *day > from.day()).and_then(|day| AnchorDay::new(day).ok());
        anchor = told.unwrap_or(anchor);
    }
    add_period(from, period, anchor).map_err(|error| api.not_understood(&format!("/services/{id}"), &error))
}

/// What of a service is set.
#[derive(Serialize)]
struct Update {
    renew: RenewUpdate,
}

#[derive(Serialize)]
struct RenewUpdate {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<String>,
}

/// Makes a service that renews by itself a manual one. What does not renew by itself is left alone: a service that is to
/// end would be brought back.
pub(super) async fn switch_native_off(api: &Api, holding: &Holding) -> Result<(), CallError> {
    let path = format!("/services/{}", number(&holding.key.id)?);
    let service: wire::Service = api.get(&path).await?;
    let current = service.billing.and_then(|billing| billing.renew?.current);
    match current {
        Some(current) if current.mode.as_deref().is_some_and(|mode| native(mode) == Native::On) => {
            let renew = RenewUpdate { mode: "manual", period: current.period };
            api.set(&path, &Update { renew }).await
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(json: &str) -> Seen {
        serde_json::from_str::<wire::Service>(json).map(Seen::from).expect("is a service")
    }

    #[test]
    fn what_a_service_is_follows_from_its_route_and_its_parent() {
        for (parent, path, expected) in [
            (None, "/vps/{serviceName}", Kind::Server),
            (None, "/dedicated/server/{serviceName}", Kind::Server),
            (None, "/domain/{serviceName}", Kind::Domain),
            (None, "/domain/zone/{zoneName}", Kind::Addon),
            (None, "/hosting/web/{serviceName}", Kind::Hosting),
            (None, "/somethingNew/{serviceName}", Kind::Addon),
            (None, "", Kind::Addon),
            (Some(7), "/ip/{ip}", Kind::Addon),
        ] {
            let route = wire::Route { path: Some(path.to_owned()) };
            assert_eq!(kind(parent, Some(&route)), expected, "{path}");
        }
        assert_eq!(kind(None, None), Kind::Addon);
    }

    #[test]
    fn what_speaks_against_a_renewal_is_said_in_the_providers_words() {
        for (state, pending, resource, blocked) in [
            ("active", "", "active", None),
            ("active", "\"earlyRenewal\"", "active", None),
            ("unpaid", "", "active", None),
            ("unrenewed", "", "suspended", None),
            ("new word", "\"new word\"", "new word", None),
            ("toRenew", "", "active", Some("toRenew")),
            ("active", "\"autorenewInProgress\"", "active", Some("autorenewInProgress")),
            ("active", "\"terminateAtExpirationDate\"", "active", Some("terminateAtExpirationDate")),
            ("terminated", "", "active", Some("terminated")),
            ("active", "", "toDelete", Some("toDelete")),
        ] {
            let json = format!(
                r#"{{"serviceId":1,"resource":{{"state":"{resource}"}},"billing":{{"lifecycle":{{"current":{{"state":"{state}","pendingActions":[{pending}]}}}}}}}}"#
            );
            match (seen(&json).standing, blocked) {
                (Standing::Renewable, None) => {}
                (Standing::Blocked(why), Some(word)) => assert!(why.contains(word), "{why}"),
                (found, _) => panic!("{json}: {found:?}"),
            }
        }
    }

    #[test]
    fn what_renews_by_itself_is_told_in_the_words_of_both_sections() {
        for (mode, expected) in [
            ("automatic", Native::On),
            ("automaticV2016", Native::On),
            ("automaticForcedProduct", Native::On),
            ("manual", Native::Off),
            ("oneShot", Native::Off),
            ("deleteAtExpiration", Native::Off),
            ("option", Native::Untold),
        ] {
            assert_eq!(native(mode), expected, "{mode}");
        }
        assert_eq!(seen(r#"{"serviceId":1,"billing":{"renew":null}}"#).native, Native::Untold);
    }

    #[test]
    fn a_service_is_named_and_what_never_expires_is_no_holding() {
        let provider = ProviderName::parse("ovh").expect("is a name");
        let with = seen(
            r#"{"serviceId":7,"parentServiceId":3,"tags":["a"],"resource":{"name":"x.net","displayName":"shop"},"billing":{"nextBillingDate":"2026-11-22T00:00:00+01:00","pricing":{"duration":"P12M"}}}"#,
        );
        let holding = with.holding(&provider).expect("expires");
        assert_eq!((holding.key.to_string().as_str(), holding.name.as_str()), ("ovh/7", "x.net"));
        assert_eq!((holding.label.as_deref(), holding.tags.as_slice()), (Some("shop"), &["a".to_owned()][..]));
        assert_eq!(holding.parent.map(|id| id.to_string()).as_deref(), Some("3"));
        assert_eq!(holding.period.map(|period| period.to_string()).as_deref(), Some("P1Y"));
        assert!(seen(r#"{"serviceId":7,"billing":{"expirationDate":null}}"#).holding(&provider).is_none());
    }
}
