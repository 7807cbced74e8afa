//! Sections `/vps`, `/domain` and `/hosting/web`: what the products show of themselves, and the contract that each has
//! under `serviceInfos`.
//!
//! What a product is made of stands in the facts of its service, free texts by name; each file says which it reads.
//! Of an expired service the technical calls answer 460 (seen in 2013, and known to python-ovh still); its contract
//! stays readable, and so does a domain, whose own state says that it expired. The latter two are unverified.

mod domain;
mod facts;
mod hosting;
mod service_infos;
mod vps;

use perennial_core::ids::ServiceId;
use perennial_core::ports::BoxFuture;
use perennial_core::product::Kind;
use perennial_core::snapshot::{Snapshot, Want};
use serde_json::{Map, Value};

use super::context::{Answer, Context};
use super::found::{self, Found, Standing};
use super::table::{Row, act, read};
use crate::ovh::wire::auth::HttpMethod::{Post, Put};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::product::{ConfirmTerminationRequest, DisplayNameUpdate};

/// The routes of the three sections.
pub(super) const ROWS: &[Row] = &[
    read("/vps", "vps", |context| names(context, Kind::Server)),
    read("/vps/{serviceName}", "vps", vps::one),
    act(Put, "/vps/{serviceName}", "rename", |context| rename(context, Kind::Server)),
    read("/vps/{serviceName}/serviceInfos", "service-infos", |context| service_infos::one(context, Kind::Server)),
    act(Put, "/vps/{serviceName}/serviceInfos", "set-service-infos", |context| {
        service_infos::set(context, Kind::Server)
    }),
    act(Post, "/vps/{serviceName}/terminate", "terminate", |context| terminate(context, Kind::Server)),
    act(Post, "/vps/{serviceName}/confirmTermination", "confirm-termination", |context| confirm(context, Kind::Server)),
    read("/domain", "domain", domain::names),
    read("/domain/{serviceName}", "domain", domain::one),
    read("/domain/{serviceName}/serviceInfos", "service-infos", |context| service_infos::one(context, Kind::Domain)),
    act(Put, "/domain/{serviceName}/serviceInfos", "set-service-infos", |context| {
        service_infos::set(context, Kind::Domain)
    }),
    read("/hosting/web", "hosting", |context| names(context, Kind::Hosting)),
    read("/hosting/web/{serviceName}", "hosting", hosting::one),
    act(Put, "/hosting/web/{serviceName}", "rename", |context| rename(context, Kind::Hosting)),
    read("/hosting/web/{serviceName}/serviceInfos", "service-infos", |context| {
        service_infos::one(context, Kind::Hosting)
    }),
    act(Put, "/hosting/web/{serviceName}/serviceInfos", "set-service-infos", |context| {
        service_infos::set(context, Kind::Hosting)
    }),
    act(Post, "/hosting/web/{serviceName}/terminate", "terminate", |context| terminate(context, Kind::Hosting)),
    act(Post, "/hosting/web/{serviceName}/confirmTermination", "confirm-termination", |context| {
        confirm(context, Kind::Hosting)
    }),
];

fn names(context: &Context<'_>, kind: Kind) -> Result<Answer, Failure> {
    names_where(context, kind, |_| true)
}

/// The names of the caller's services of a kind.
fn names_where(context: &Context<'_>, kind: Kind, wanted: impl Fn(&Found<'_>) -> bool) -> Result<Answer, Failure> {
    if asks_for_tags(context)? {
        return Answer::json(&[""; 0]);
    }
    let seen = found::load_all(context, Some(kind))?;
    let found = Found::all(context, &seen);
    let names: Vec<_> = found.iter().filter(|found| wanted(found)).map(|found| &found.service.name).collect();
    Answer::json(&names)
}

/// Whether only services with certain tags are asked for. No service has any here, so that none is found then.
fn asks_for_tags(context: &Context<'_>) -> Result<bool, Failure> {
    let Some(tags) = context.query.text("iamTags") else { return Ok(false) };
    match serde_json::from_str::<Map<String, Value>>(tags) {
        Ok(tags) => Ok(!tags.is_empty()),
        Err(_) => Err(Failure::bad_field("iamTags", "A filter by tags is a JSON object")),
    }
}

/// Loads the caller's service that the path names.
fn load_named(context: &Context<'_>, kind: Kind) -> Result<(Snapshot, ServiceId), Failure> {
    let account = context.account()?.id;
    let name = context.param("serviceName");
    let id = context.ports.books.find_service(account, kind, name)?.ok_or_else(Failure::service_not_found)?;
    Ok((context.load(&[Want::Service(account, id)])?, id))
}

/// Refuses a technical call to a service that has expired.
fn check_running(found: &Found<'_>) -> Result<(), Failure> {
    if found.standing() == Standing::Lapsed { Err(Failure::expired()) } else { Ok(()) }
}

fn rename<'a>(context: &'a Context<'a>, kind: Kind) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = load_named(context, kind)?;
        check_running(&Found::of(context, &seen, id)?)?;
        let update: DisplayNameUpdate = context.body()?;
        if let Some(name) = update.display_name {
            found::rename(context, id, "displayName", &name).await?;
        }
        Ok(Answer::void())
    })
}

fn terminate<'a>(context: &'a Context<'a>, kind: Kind) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = load_named(context, kind)?;
        let found = Found::of(context, &seen, id)?;
        Answer::json(&found::ask_to_terminate(context, &found).await?)
    })
}

/// The reason, the future use and the commentary are read and not kept.
fn confirm<'a>(context: &'a Context<'a>, kind: Kind) -> BoxFuture<'a, Result<Answer, Failure>> {
    Box::pin(async move {
        let (seen, id) = load_named(context, kind)?;
        let found = Found::of(context, &seen, id)?;
        let request: ConfirmTerminationRequest = context.body()?;
        Answer::json(&found::confirm_termination(context, &found, &request.token).await?)
    })
}
