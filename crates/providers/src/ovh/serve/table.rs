//! Which handler a route leads to. The routes are the description's; a test holds that each has its handler.

use std::sync::LazyLock;

use http::Method;
use perennial_core::ports::BoxFuture;

use super::context::{Answer, Context};
use super::not_served::NOT_SERVED;
use super::{access, bill, credential, me, oauth, order, payment, product, service, services};
use crate::ovh::routes::routes;
use crate::ovh::wire::auth::HttpMethod;
use crate::ovh::wire::error::Failure;
use crate::{Endpoint, Evidence};

/// How a route is carried out.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Reads the ledger and changes nothing.
    Read(fn(&Context<'_>) -> Result<Answer, Failure>),
    /// Sends a command into the lane.
    Act(for<'a> fn(&'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>>),
}

/// One row of a section's table.
pub(super) struct Row {
    /// The method.
    pub method: HttpMethod,
    /// The path, as the description writes it.
    pub path: &'static str,
    /// The word for it in faults and metrics.
    pub operation: &'static str,
    /// What answers.
    pub handler: Handler,
}

/// A row that reads.
pub(super) const fn read(
    path: &'static str,
    operation: &'static str,
    handler: fn(&Context<'_>) -> Result<Answer, Failure>,
) -> Row {
    Row { method: HttpMethod::Get, path, operation, handler: Handler::Read(handler) }
}

/// A row that acts.
pub(super) const fn act(
    method: HttpMethod,
    path: &'static str,
    operation: &'static str,
    handler: for<'a> fn(&'a Context<'a>) -> BoxFuture<'a, Result<Answer, Failure>>,
) -> Row {
    Row { method, path, operation, handler: Handler::Act(handler) }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    let sections: [&'static [Row]; 9] = [
        access::ROWS,
        bill::ROWS,
        credential::ROWS,
        me::ROWS,
        order::ROWS,
        payment::ROWS,
        product::ROWS,
        service::ROWS,
        services::ROWS,
    ];
    sections.into_iter().flatten()
}

/// The row of the route at this position in [`routes`].
pub(super) fn row(index: usize) -> Option<&'static Row> {
    static BY_ROUTE: LazyLock<Vec<Option<&'static Row>>> = LazyLock::new(|| {
        let row_of = |method, path| rows().find(|row| row.method == method && row.path == path);
        routes().iter().map(|route| row_of(route.method, route.path)).collect()
    });
    BY_ROUTE.get(index).copied().flatten()
}

/// Every operation, once, in order of the alphabet.
pub(super) fn operations() -> Vec<&'static str> {
    let mut operations: Vec<_> = rows().map(|row| row.operation).chain([oauth::OPERATION]).collect();
    operations.sort_unstable();
    operations.dedup();
    operations
}

/// What is documented: what is served, and what is not.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let endpoint = |method: HttpMethod, path, operation, served| Endpoint {
        method: Method::from_bytes(method.as_str().as_bytes()).unwrap_or_default(),
        path,
        operation,
        evidence: Evidence::Documented,
        served,
    };
    let served = rows().map(|row| endpoint(row.method, row.path, row.operation, true));
    served.chain(NOT_SERVED.iter().map(|&(method, path)| endpoint(method, path, "not-served", false))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_handler_and_every_handler_its_route() {
        let missing: Vec<_> =
            routes().iter().enumerate().filter(|(index, _)| row(*index).is_none()).map(|(_, route)| route).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(rows().count(), routes().len());
    }
}
