//! Instances as they are read: asked for, and turned into what we hold.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{CallError, Page};
use perennial_core::calendar::Period;
use perennial_core::product::Kind;

use super::Account;
use super::heard::Refusal;
use super::link::{Api, Call, Unread};
use super::region::tag;
use super::wire::{self, text};

const DESCRIBE: &str = "DescribeInstances";
const ATTRIBUTES: &str = "DescribeInstanceAutoRenewAttribute";

/// How many instances a page has, and how many ids a call names, at the most (documented).
const PAGE: &str = "100";

/// How many pages a region can have before something is wrong with how they follow each other.
const PAGES_MAX: u32 = 10_000;

/// Which instances of a region are asked for.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// Those that are paid ahead: the page that begins at a token, or the first one.
    Page(Option<&'a str>),
    /// The one with an id.
    One(&'a str),
}

/// Where the inventory goes on: a page of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cursor {
    region: String,
    page: u32,
    token: Option<String>,
}

impl Cursor {
    fn start(region: &str) -> Self {
        Self { region: region.to_owned(), page: 1, token: None }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (region, page, token) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next());
        super::link::is_region(&region).then(|| Self { region, page, token: token.map(str::to_owned) })
    }

    fn render(&self) -> String {
        let token = self.token.as_ref().map(|token| format!(" {token}")).unwrap_or_default();
        format!("{} {}{token}", self.region, self.page)
    }
}

/// What happens to instances at their expiry, by their ids.
type Attributes = HashMap<String, wire::Attribute>;

impl Account {
    /// A page of the inventory: the instances that are paid ahead, region by region. Regions without any are passed
    /// over.
    pub(super) async fn page(&self, from: Option<&str>) -> Result<Page, CallError> {
        let regions = self.regions(from.is_none()).await?;
        let mut cursor = match (from, regions.first()) {
            (Some(text), _) => {
                let wrong = || self.link.not_understood(DESCRIBE, &"the inventory cannot go on from there");
                Cursor::parse(text).ok_or_else(wrong)?
            }
            (None, Some(region)) => Cursor::start(region),
            (None, None) => return Ok(Page { holdings: Vec::new(), next: None }),
        };
        loop {
            let (holdings, more) = self.page_of_region(&cursor).await?;
            let after = |region: &&String| region.as_str() > cursor.region.as_str();
            let next = match more {
                Some(token) => Some(Cursor { region: cursor.region, page: cursor.page + 1, token: Some(token) }),
                None => regions.iter().find(after).map(|region| Cursor::start(region)),
            };
            match next {
                Some(next) if holdings.is_empty() => cursor = next,
                next => return Ok(Page { holdings, next: next.map(|next| next.render()) }),
            }
        }
    }

    /// What is on a page of a region, and the token of the next one.
    async fn page_of_region(&self, cursor: &Cursor) -> Result<(Vec<Holding>, Option<String>), CallError> {
        let Cursor { region, page, token } = cursor;
        let read = self.instances(region, Which::Page(token.as_deref())).await?;
        let more = text(read.next_token.as_ref()).map(str::to_owned);
        if more.is_some() && (more == *token || *page >= PAGES_MAX) {
            return Err(self.link.not_understood(DESCRIBE, &"its pages have no end"));
        }
        let is_prepaid = |instance: &wire::Instance| text(instance.instance_charge_type.as_ref()) != Some("PostPaid");
        let instances: Vec<_> = read.instances.instance.into_iter().filter(is_prepaid).collect();
        if instances.is_empty() && token.is_none() {
            self.check_may_list(region).await?;
        }
        let attributes = self.attributes(region, &instances).await?;
        let mut holdings = Vec::with_capacity(instances.len());
        for instance in &instances {
            let id = instance.instance_id.as_str();
            self.regions.note(id, region);
            holdings.push(self.holding(region, instance, attributes.get(id))?);
        }
        Ok((holdings, more))
    }

    /// Reads instances of a region.
    pub(super) async fn instances(&self, region: &str, which: Which<'_>) -> Result<wire::Instances, CallError> {
        let ids;
        let mut parameters = vec![("RegionId", region)];
        match which {
            Which::Page(token) => {
                parameters.extend([("InstanceChargeType", "PrePaid"), ("MaxResults", PAGE)]);
                parameters.extend(token.map(|token| ("NextToken", token)));
            }
            Which::One(id) => {
                ids = serde_json::json!([id]).to_string();
                parameters.push(("InstanceIds", &ids));
            }
        }
        self.link.read(&Call { api: Api::Region(region), action: DESCRIBE, parameters: &parameters }).await
    }

    /// Whether an empty list means that there is nothing. A key that may not list is shown an empty list too, and is
    /// told the truth in a dry run only (documented).
    pub(super) async fn check_may_list(&self, region: &str) -> Result<(), CallError> {
        if self.may_list.load(Ordering::Relaxed) {
            return Ok(());
        }
        let parameters = &[("RegionId", region), ("DryRun", "true")];
        let call = Call { api: Api::Region(region), action: DESCRIBE, parameters };
        match self.link.ask::<wire::Nothing>(&call).await {
            Ok(_) => {}
            Err(Unread::Refused(refusal)) if refusal.code() == "DryRunOperation" => {}
            Err(unread) => return Err(self.link.error(DESCRIBE, unread)),
        }
        self.may_list.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// What happens to a page of instances at their expiry. Those that have no such thing (they are not made yet, or
    /// gone since) are refused with all that are asked for beside them; then each half is asked for on its own.
    pub(super) async fn attributes(&self, region: &str, instances: &[wire::Instance]) -> Result<Attributes, CallError> {
        let is_made = |instance: &&wire::Instance| text(instance.status.as_ref()) != Some("Pending");
        let ids: Vec<_> = instances.iter().filter(is_made).map(|instance| instance.instance_id.as_str()).collect();
        let mut found = Attributes::new();
        let mut left = vec![ids.as_slice()];
        while let Some(part) = left.pop() {
            if part.is_empty() {
                continue;
            }
            let named = part.join(",");
            let parameters = [("RegionId", region), ("InstanceId", &named), ("PageNumber", "1"), ("PageSize", PAGE)];
            let call = Call { api: Api::Region(region), action: ATTRIBUTES, parameters: &parameters };
            match self.link.ask::<wire::Attributes>(&call).await {
                Ok(read) => {
                    let items = read.instance_renew_attributes.instance_renew_attribute;
                    found.extend(items.into_iter().map(|item| (item.instance_id.as_str().to_owned(), item)));
                }
                Err(Unread::Refused(refusal)) if is_of_one(&refusal) => {
                    if part.len() > 1 {
                        let (one, other) = part.split_at(part.len() / 2);
                        left.extend([one, other]);
                    }
                }
                Err(unread) => return Err(self.link.error(ATTRIBUTES, unread)),
            }
        }
        Ok(found)
    }

    /// An instance as we hold it.
    fn holding(
        &self,
        region: &str,
        instance: &wire::Instance,
        attribute: Option<&wire::Attribute>,
    ) -> Result<Holding, CallError> {
        let id = instance.instance_id.as_str();
        let remote_id = RemoteId::parse(id).map_err(|error| self.link.not_understood(DESCRIBE, &error))?;
        let name = text(instance.host_name.as_ref()).unwrap_or(id);
        let label = text(instance.instance_name.as_ref()).filter(|label| *label != name);
        let own = instance.tags.as_ref().and_then(|tags| tags.tag.as_deref()).unwrap_or_default();
        let own = own.iter().filter_map(|tag| match (text(tag.tag_key.as_ref())?, text(tag.tag_value.as_ref())) {
            (key, Some(value)) => Some(format!("{key}={value}")),
            (key, None) => Some(key.to_owned()),
        });
        Ok(Holding {
            key: HoldingKey { provider: self.name.clone(), id: remote_id },
            kind: Kind::Instance,
            name: name.to_owned(),
            label: label.map(str::to_owned),
            tags: std::iter::once(tag(region)).chain(own).collect(),
            parent: None,
            stand: self.stand(instance, attribute)?,
            period: attribute.and_then(renewed_for),
        })
    }

    /// What of an instance decides.
    pub(super) fn stand(
        &self,
        instance: &wire::Instance,
        attribute: Option<&wire::Attribute>,
    ) -> Result<Stand, CallError> {
        let expiry = text(instance.expired_time.as_ref()).and_then(|text| text.parse::<Timestamp>().ok());
        let expires_at = expiry.ok_or_else(|| {
            let cause = format!("{} has no expiry that can be read", instance.instance_id.as_str());
            self.link.not_understood(DESCRIBE, &cause)
        })?;
        Ok(Stand {
            until: self.zone.date_of(expires_at),
            expires_at,
            standing: standing(instance, attribute),
            native: attribute.map_or(Native::Untold, native),
        })
    }
}

/// Whether a refusal is for one of the instances that were named.
fn is_of_one(refusal: &Refusal) -> bool {
    matches!(
        refusal.code(),
        "InvalidParameter.InvalidInstanceId"
            | "InvalidInstanceId.NotFound"
            | "IncorrectInstanceStatus"
            | "ChargeTypeViolation"
    )
}

/// Whether an instance can be renewed, as far as its description tells. One that is locked for want of payment can be:
/// that is how it is unlocked.
fn standing(instance: &wire::Instance, attribute: Option<&wire::Attribute>) -> Standing {
    let locks = instance.operation_locks.as_ref().and_then(|locks| locks.lock_reason.as_deref()).unwrap_or_default();
    let lock = locks.iter().filter_map(|lock| text(lock.lock_reason.as_ref())).find(|reason| *reason != "financial");
    let is_not_to_be = attribute.is_some_and(|found| text(found.renewal_status.as_ref()) == Some("NotRenewal"));
    if text(instance.instance_charge_type.as_ref()) == Some("PostPaid") {
        Standing::Blocked("it is paid as it goes (PostPaid)".to_owned())
    } else if let Some(lock) = lock {
        Standing::Blocked(format!("it is locked ({lock})"))
    } else if text(instance.status.as_ref()) == Some("Pending") {
        Standing::Blocked("it is not there yet (Pending)".to_owned())
    } else if is_not_to_be {
        Standing::Blocked("it is set not to be renewed (NotRenewal)".to_owned())
    } else {
        Standing::Renewable
    }
}

/// Whether the provider renews an instance.
fn native(attribute: &wire::Attribute) -> Native {
    let enabled = text(attribute.auto_renew_enabled.as_ref()).map(str::to_ascii_lowercase);
    match (text(attribute.renewal_status.as_ref()), enabled.as_deref()) {
        (Some("AutoRenewal"), _) | (None, Some("true")) => Native::On,
        (Some("Normal" | "NotRenewal"), _) | (None, Some("false")) => Native::Off,
        _ => Native::Untold,
    }
}

/// For how long the provider renews an instance, where it does.
fn renewed_for(attribute: &wire::Attribute) -> Option<Period> {
    let count = text(attribute.duration.as_ref())?.parse().ok()?;
    match text(attribute.period_unit.as_ref())?.to_ascii_lowercase().as_str() {
        "week" => Period::weeks(count),
        "month" => Period::months(count),
        "year" => Period::months(count.checked_mul(12)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::body::body;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for token in [None, Some("caeba0bbb2be03f8 4eb46ac1==".to_owned())] {
            let cursor = Cursor { region: "cn-hangzhou".to_owned(), page: 7, token };
            assert_eq!(Cursor::parse(&cursor.render()), Some(cursor));
        }
        for text in ["", "cn-hangzhou", "cn-hangzhou x", "evil.example/ 1"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_speaks_against_a_renewal_is_said() {
        for (more, attribute, why) in [
            (r#""Status":"Running""#, "Normal", None),
            (
                r#""Status":"Stopped","OperationLocks":{"LockReason":[{"LockReason":"financial","LockMsg":""}]}"#,
                "Normal",
                None,
            ),
            (
                r#""OperationLocks":{"LockReason":[{"LockReason":"financial"},{"LockReason":"security"}]}"#,
                "Normal",
                Some("security"),
            ),
            (r#""OperationLocks":null,"Status":"Pending""#, "Normal", Some("Pending")),
            (r#""InstanceChargeType":"PostPaid""#, "Normal", Some("PostPaid")),
            (r#""Tags":{}"#, "NotRenewal", Some("NotRenewal")),
        ] {
            let instance: wire::Instance = body(format!(r#"{{"InstanceId":"i-1",{more}}}"#).as_bytes()).expect("reads");
            let attribute = format!(r#"{{"InstanceId":"i-1","RenewalStatus":"{attribute}"}}"#);
            let attribute: wire::Attribute = body(attribute.as_bytes()).expect("reads");
            match (standing(&instance, Some(&attribute)), why) {
                (Standing::Renewable, None) => {}
                (Standing::Blocked(said), Some(why)) => assert!(said.contains(why), "{said}"),
                (other, _) => panic!("{more}: {other:?}"),
            }
        }
    }

    #[test]
    fn automatic_renewal_is_on_off_or_untold() {
        for (json, is, period) in [
            (
                r#""RenewalStatus":"AutoRenewal","AutoRenewEnabled":true,"Duration":1,"PeriodUnit":"Year""#,
                Native::On,
                Some("P1Y"),
            ),
            (r#""RenewalStatus":"AutoRenewal","Duration":"2","PeriodUnit":"week""#, Native::On, Some("P2W")),
            (
                r#""RenewalStatus":"Normal","AutoRenewEnabled":false,"Duration":0,"PeriodUnit":"Month""#,
                Native::Off,
                None,
            ),
            (r#""RenewalStatus":"NotRenewal""#, Native::Off, None),
            (r#""AutoRenewEnabled":"True","Duration":3,"PeriodUnit":"Month""#, Native::On, Some("P3M")),
            (r#""RenewalStatus":"SomethingNew","AutoRenewEnabled":false"#, Native::Untold, None),
            (r#""RenewalStatus":null"#, Native::Untold, None),
        ] {
            let read: wire::Attribute = body(format!(r#"{{"InstanceId":"i-1",{json}}}"#).as_bytes()).expect("reads");
            assert_eq!(
                (native(&read), renewed_for(&read)),
                (is, period.and_then(|text| Period::parse(text).ok())),
                "{json}"
            );
        }
    }
}
