//! An instance as `DescribeInstances` shows it. Facts that are shown where they were recorded: `host_name`, `zone`,
//! `image`, `resource_group` and `tag:<key>` of the service; `instance_type`, `vcpus` and `memory` (GiB) of its product.

use perennial_core::calendar::Period;
use perennial_core::service::Lifecycle;

use crate::aliyun::serve::found::Found;
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::instance::{DedicatedHost, Instance, Lock, OperationLocks, Tag, Tags};
use crate::aliyun::wire::stamp::Minute;

/// How the facts begin that are tags.
const TAG: &str = "tag:";

/// Whether the period that an instance is sold for is shown. It is shown to those that ask only (documented).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cycle {
    Shown,
    Hidden,
}

/// An instance.
pub(super) fn shown(found: &Found<'_>, cycle: Cycle) -> Result<Instance, Failure> {
    let fact = |name| found.fact(name).map(str::to_owned);
    let tag = |(key, value): (&String, &String)| {
        let key = key.strip_prefix(TAG)?;
        Some(Tag { tag_key: key.to_owned(), tag_value: value.clone() })
    };
    Ok(Instance {
        instance_id: found.id().to_owned(),
        instance_name: name(found).to_owned(),
        host_name: fact("host_name"),
        region_id: found.region().to_owned(),
        zone_id: fact("zone"),
        instance_type: instance_type(found).to_owned(),
        instance_type_family: family(instance_type(found)).map(str::to_owned),
        image_id: fact("image"),
        cpu: found.product_fact("vcpus").and_then(|count| count.parse().ok()),
        memory: found.product_fact("memory").and_then(mebibytes),
        resource_group_id: resource_group(found).to_owned(),
        instance_charge_type: charge_type(found),
        expired_time: Minute(found.expires()?),
        creation_time: Minute(found.created()?),
        auto_release_time: "",
        sale_cycle: if cycle == Cycle::Shown && found.is_subscription() { unit(found.service.period) } else { "" },
        status: status(found.life),
        // Only pay-as-you-go instances that are stopped to save money have another, and none is stopped that way here.
        stopped_mode: "Not-applicable",
        deletion_protection: false,
        recyclable: false,
        spot_strategy: "NoSpot",
        operation_locks: OperationLocks { lock_reason: locks(found.is_expired(), found.is_locked()) },
        tags: Tags { tag: found.service.facts.iter().filter_map(tag).collect() },
        dedicated_host_attribute: DedicatedHost::default(),
    })
}

/// How an instance is: it runs while it is paid and in its days of grace. There is no word for one that has expired;
/// its lock tells that.
pub(in crate::aliyun::serve) const fn status(life: Lifecycle) -> &'static str {
    match life {
        Lifecycle::Active | Lifecycle::Expired => "Running",
        Lifecycle::Unpaid => "Pending",
        Lifecycle::Suspended | Lifecycle::Redemption | Lifecycle::Terminated => "Stopped",
    }
}

/// Why an instance is locked.
pub(super) fn locks(is_expired: bool, is_locked: bool) -> Vec<Lock> {
    let reasons = [(is_expired, "financial"), (is_locked, "security")].into_iter();
    reasons.filter(|(holds, _)| *holds).map(|(_, lock_reason)| Lock { lock_reason, lock_msg: "" }).collect()
}

/// How it is paid.
pub(super) fn charge_type(found: &Found<'_>) -> &'static str {
    if found.is_subscription() { "PrePaid" } else { "PostPaid" }
}

/// What its owner calls it: its id where the owner calls it nothing.
pub(super) fn name<'a>(found: &Found<'a>) -> &'a str {
    found.service.display_name.as_deref().unwrap_or_else(|| found.id())
}

/// Its type: what its product's facts say, else its product's code.
pub(super) fn instance_type<'a>(found: &Found<'a>) -> &'a str {
    found.product_fact("instance_type").unwrap_or(&found.product.code)
}

/// The family of a type: `ecs.g6` of `ecs.g6.large`.
pub(super) fn family(instance_type: &str) -> Option<&str> {
    let (family, _) = instance_type.rsplit_once('.')?;
    (family.starts_with("ecs.")).then_some(family)
}

/// Its resource group; empty for the default one.
pub(super) fn resource_group<'a>(found: &Found<'a>) -> &'a str {
    found.fact("resource_group").unwrap_or_default()
}

/// The value of its tag with a key.
pub(super) fn tag<'a>(found: &Found<'a>, key: &str) -> Option<&'a str> {
    found.fact(&format!("{TAG}{key}"))
}

/// The unit of a period. (The words are inferred from those of other calls.)
fn unit(period: Period) -> &'static str {
    match period {
        Period::Weeks(_) => "Week",
        Period::Months(count) if count.get() % 12 == 0 => "Year",
        Period::Months(_) => "Month",
    }
}

/// Reads a number of GiB, such as `8` or `0.5`, as MiB.
fn mebibytes(gibibytes: &str) -> Option<u32> {
    let (whole, fraction) = gibibytes.split_once('.').unwrap_or((gibibytes, "0"));
    let scale = 10_u64.checked_pow(fraction.len().try_into().ok()?)?;
    let parts = whole.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(fraction.parse().ok()?)?;
    (parts.checked_mul(1024)? / scale).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_in_mebibytes() {
        for (gibibytes, told) in [
            ("8", Some(8192)),
            ("0.5", Some(512)),
            ("1.25", Some(1280)),
            ("", None),
            ("8 GiB", None),
            ("-1", None),
            ("4194304", None),
            ("0.123456789012345678901", None),
        ] {
            assert_eq!(mebibytes(gibibytes), told, "{gibibytes}");
        }
    }

    #[test]
    fn a_type_has_a_family() {
        for (instance_type, of) in
            [("ecs.g6.large", Some("ecs.g6")), ("ecs.g6", None), ("vps-1", None), ("a.b.c", None)]
        {
            assert_eq!(family(instance_type), of, "{instance_type}");
        }
    }

    #[test]
    fn what_expired_is_locked_and_what_runs_on_is_running() {
        let reasons = |expired, locked| locks(expired, locked).iter().map(|lock| lock.lock_reason).collect::<Vec<_>>();
        assert!(reasons(false, false).is_empty());
        assert_eq!(reasons(true, false), ["financial"]);
        assert_eq!(reasons(false, true), ["security"]);
        assert_eq!(reasons(true, true), ["financial", "security"]);
        let lives = [Lifecycle::Unpaid, Lifecycle::Active, Lifecycle::Expired, Lifecycle::Suspended];
        assert_eq!(lives.map(status), ["Pending", "Running", "Running", "Stopped"]);
    }

    #[test]
    fn a_period_has_a_unit() {
        for (period, word) in [("P1W", "Week"), ("P1M", "Month"), ("P18M", "Month"), ("P2Y", "Year")] {
            assert_eq!(unit(Period::parse(period).expect("is a period")), word, "{period}");
        }
    }
}
