//! `DescribeInstanceStatus`: how instances are, and nothing else of them.

use perennial_core::product::Kind;

use super::context::{Answer, Answered, Context};
use super::found::{Found, Known, check_region, load_all, load_instances};
use super::instance::status;
use super::listing::{IDS_MAX, Paging, places};
use super::table::Row;
use crate::aliyun::auth::Parameters;
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::instance::{InstanceStatus, InstanceStatuses, StatusDescribed};

pub(super) const ROWS: &[Row] =
    &[Row::read("/?Action=DescribeInstanceStatus&Version=2014-05-26", "instance-status", describe)];

/// A page has up to 50 items (documented).
const PAGING: Paging = Paging { number: "PageNumber", size: 10, size_max: 50, wrong: Failure::invalid_parameter };

fn describe(context: &Context<'_>) -> Answered {
    let (region, asked) = (context.required("RegionId")?, PAGING.read(context.parameters)?);
    let ids = ids(context.parameters)?;
    let is_all = ids.is_empty();
    let seen = if is_all { load_all(context, Some(Kind::Instance))? } else { load_instances(context, ids)? };
    let mut found = Found::all(context, &seen);
    check_region(context, region, if is_all { Known::All(&found) } else { Known::Part(&found) })?;
    let zone = context.text("ZoneId");
    found.retain(|instance| instance.region() == region && zone.is_none_or(|zone| instance.fact("zone") == Some(zone)));
    let shown = asked.slice(&found).iter();
    Answer::json(&StatusDescribed {
        total_count: found.len(),
        page_number: asked.number,
        page_size: asked.size,
        instance_statuses: InstanceStatuses {
            instance_status: shown
                .map(|found| InstanceStatus { instance_id: found.id().to_owned(), status: status(found.life) })
                .collect(),
        },
    })
}

/// The ids that are named as `InstanceId.1` and so on; none for all instances. One that is nobody's is left out of the
/// answer.
fn ids(parameters: &Parameters) -> Result<Vec<&str>, Failure> {
    let places = places(parameters, |name| name.strip_prefix("InstanceId."), IDS_MAX);
    let places = places.ok_or_else(|| Failure::invalid_parameter("InstanceId"))?;
    Ok(places.into_iter().filter_map(|place| parameters.get(&format!("InstanceId.{place}"))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_numbers_and_are_a_hundred_at_the_most() {
        let given: Parameters =
            [("InstanceId.1", "i-1"), ("InstanceId.2", ""), ("InstanceId", "i-3"), ("InstanceId.30", "i-4")]
                .into_iter()
                .collect();
        assert_eq!(ids(&given), Ok(vec!["i-1", "i-4"]));
        let many = |count: usize| (1..=count).map(|number| (format!("InstanceId.{number}"), "i-1")).collect();
        assert_eq!(ids(&many(100)).map(|ids| ids.len()), Ok(100));
        assert_eq!(ids(&many(101)), Err(Failure::invalid_parameter("InstanceId")));
        for name in ["InstanceId.0", "InstanceId.01", "InstanceId.+1", "InstanceId.101", "InstanceId.x"] {
            let given = [("InstanceId.1", "i-1"), (name, "i-2")].into_iter().collect();
            assert_eq!(ids(&given), Err(Failure::invalid_parameter("InstanceId")), "{name}");
        }
    }
}
