//! `DescribeInstances`: the account's instances, filtered, a page at a time.

mod filter;
mod page;
mod shown;

use perennial_core::product::Kind;

use self::filter::Filter;
use self::page::Asked;
use self::shown::Cycle;
pub(super) use self::shown::status;
use super::context::{Answer, Answered, Context};
use super::found::{Found, Known, check_region, load_all, load_instances};
use super::table::Row;
use crate::aliyun::wire::error::Failure;
use crate::aliyun::wire::instance::{Described, Instances};

pub(super) const ROWS: &[Row] =
    &[Row::read("/?Action=DescribeInstances&Version=2014-05-26", "instances", describe)
        .unless_allowed(describe_nothing)];

fn describe(context: &Context<'_>) -> Answered {
    let (region, asked) = (context.required("RegionId")?, Asked::of(context)?);
    let filter = Filter::of(context.parameters)?;
    let cycle = if context.boolean("NeedSaleCycle")? == Some(true) { Cycle::Shown } else { Cycle::Hidden };
    let dry_run = context.boolean("DryRun")? == Some(true);
    let seen = match filter.ids() {
        Some(ids) => load_instances(context, ids)?,
        None => load_all(context, Some(Kind::Instance))?,
    };
    let mut found = Found::all(context, &seen);
    check_region(context, region, if filter.ids().is_some() { Known::Part(&found) } else { Known::All(&found) })?;
    if dry_run {
        let message = "The request would have been answered, had DryRun not been given.";
        return Err(Failure::bad("DryRunOperation", message));
    }
    found.retain(|instance| instance.region() == region && filter.takes(instance));
    let (shown, next) = asked.select(&found, |instance| instance.service.id);
    Answer::json(&Described {
        total_count: found.len(),
        page_number: asked.number(),
        page_size: asked.size(),
        next_token: next.map_or_else(String::new, |last| page::token(context.account().id, last)),
        instances: Instances {
            instance: shown.iter().map(|found| shown::shown(found, cycle)).collect::<Result<_, _>>()?,
        },
    })
}

/// The answer for a key that may not make the call: an empty list, and the truth for a dry run only (documented).
fn describe_nothing(context: &Context<'_>) -> Answered {
    let asked = Asked::of(context)?;
    if context.boolean("DryRun")? == Some(true) {
        return Err(Failure::not_authorized());
    }
    Answer::json(&Described {
        total_count: 0,
        page_number: asked.number(),
        page_size: asked.size(),
        next_token: String::new(),
        instances: Instances::default(),
    })
}
