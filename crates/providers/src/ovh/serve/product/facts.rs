//! Facts of a service: free texts by name, and what stands in for one that is absent or unreadable.

use std::collections::BTreeMap;
use std::str::FromStr;

use perennial_core::service::Service;

/// The facts of one service.
pub(super) struct Facts<'a>(&'a BTreeMap<String, String>);

impl<'a> Facts<'a> {
    /// Those of this service.
    pub fn of(service: &'a Service) -> Self {
        Self(&service.facts)
    }

    /// A fact that may be absent.
    pub fn find(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// A fact that is a text.
    pub fn text(&self, name: &str, default: &str) -> String {
        self.0.get(name).map_or(default, String::as_str).to_owned()
    }

    /// A fact that reads as something else.
    pub fn read<T: FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.parse().ok()
    }

    /// A fact that is several texts, separated by commas.
    pub fn list(&self, name: &str) -> Vec<String> {
        let items = self.0.get(name).into_iter().flat_map(|items| items.split(','));
        items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_or_stood_in_for() {
        let held = [("vcore", "2"), ("sla", "maybe"), ("ns", "a.ns, b.ns,,")];
        let held = held.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let facts = Facts(&held);
        assert_eq!(
            (facts.read::<i64>("vcore"), facts.read::<bool>("sla"), facts.read::<i64>("no")),
            (Some(2), None, None)
        );
        assert_eq!((&*facts.text("vcore", "1"), &*facts.text("no", "1"), facts.find("no")), ("2", "1", None));
        assert_eq!((facts.list("ns"), facts.list("no")), (vec!["a.ns".to_owned(), "b.ns".to_owned()], Vec::new()));
    }
}
