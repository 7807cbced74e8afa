//! What is served: each action of the two APIs, the word for it in faults and metrics, and what answers.

use http::Method;
use perennial_core::ports::BoxFuture;

use super::context::{Answered, Context};
use super::{auto_renew, billing, instance, price, region, renewal, status};
use crate::{Endpoint, Evidence};

/// One of the APIs, which share host and path and are told apart by their versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// ECS.
    Ecs,
    /// Billing, called `BssOpenApi`.
    Billing,
}

impl Api {
    /// The API of a version.
    pub fn of_version(version: &str) -> Option<Self> {
        match version {
            "2014-05-26" => Some(Self::Ecs),
            "2017-12-14" => Some(Self::Billing),
            _ => None,
        }
    }

    /// Its name in permissions (RAM): `ecs:RenewInstance`.
    pub const fn product(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Billing => "bss",
        }
    }
}

/// What reads the ledger and changes nothing.
pub(super) type Read = fn(&Context<'_>) -> Answered;

/// What sends a command into the lane.
pub(super) type Act = for<'a> fn(&'a Context<'a>) -> BoxFuture<'a, Answered>;

/// How an action is carried out.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Reads the ledger and changes nothing.
    Read(Read),
    /// Sends a command into the lane.
    Act(Act),
    /// Documented, and not served: looks as if it did not exist.
    NotServed,
}

/// A documented action.
pub(super) struct Row {
    /// The path, with the action and the version of its API.
    path: &'static str,
    /// The word for it in faults and metrics.
    pub operation: &'static str,
    /// What answers.
    pub handler: Handler,
    /// What answers a key that may not make the call; none for a refusal.
    pub unless_allowed: Option<Read>,
    /// Whether it pays, so that its repetition has to be fended off.
    pub pays: bool,
}

impl Row {
    /// An action that reads.
    pub const fn read(path: &'static str, operation: &'static str, handler: Read) -> Self {
        Self { path, operation, handler: Handler::Read(handler), unless_allowed: None, pays: false }
    }

    /// An action that acts.
    pub const fn act(path: &'static str, operation: &'static str, handler: Act) -> Self {
        Self { path, operation, handler: Handler::Act(handler), unless_allowed: None, pays: false }
    }

    /// An action that is documented and not served.
    pub const fn not_served(path: &'static str) -> Self {
        Self { path, operation: "not-served", handler: Handler::NotServed, unless_allowed: None, pays: false }
    }

    /// The same action, with what answers a key that may not make the call.
    #[must_use]
    pub const fn unless_allowed(mut self, answer: Read) -> Self {
        self.unless_allowed = Some(answer);
        self
    }

    /// The same action, which pays.
    #[must_use]
    pub const fn pays(mut self) -> Self {
        self.pays = true;
        self
    }

    /// The action's name.
    pub fn action(&self) -> &'static str {
        self.parts().0
    }

    /// Of which API it is.
    pub fn api(&self) -> Api {
        Api::of_version(self.parts().1).expect("a test reads every path")
    }

    fn parts(&self) -> (&'static str, &'static str) {
        let parts = self.path.strip_prefix("/?Action=").and_then(|rest| rest.split_once("&Version="));
        parts.expect("a test reads every path")
    }
}

const ROWS: &[&[Row]] =
    &[renewal::ROWS, instance::ROWS, status::ROWS, region::ROWS, price::ROWS, auto_renew::ROWS, billing::ROWS];

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().copied().flatten()
}

/// Finds an action that is served.
pub(super) fn find(api: Api, action: &str) -> Option<&'static Row> {
    let mut served = rows().filter(|row| !matches!(row.handler, Handler::NotServed));
    served.find(|row| row.action() == action && row.api() == api)
}

/// What is documented, for the table in the documentation. GET is answered alike.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let endpoint = |row: &Row| Endpoint {
        method: Method::POST,
        path: row.path,
        operation: row.operation,
        evidence: Evidence::Documented,
        served: !matches!(row.handler, Handler::NotServed),
    };
    rows().map(endpoint).collect()
}

/// Every operation, once, in order of the alphabet.
pub(super) fn operations() -> Vec<&'static str> {
    let served = endpoints().into_iter().filter(|endpoint| endpoint.served);
    let mut operations: Vec<_> = served.map(|endpoint| endpoint.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    operations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_names_an_action_of_an_api() {
        for row in rows() {
            let is_found = find(row.api(), row.action()).is_some_and(|found| std::ptr::eq(found, row));
            assert_eq!(is_found, !matches!(row.handler, Handler::NotServed), "{}", row.path);
        }
    }
}
