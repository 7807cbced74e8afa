//! The inventory: three lists, one after the other, and what a service in them is to us.

use jiff::SignedDuration;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{CallError, Page};
use perennial_core::product::Kind;

use super::HostUpRemote;
use super::client::paged;
use super::wire::{Item, List, instant};

/// Whatever has no meaning in a path; ids are made of letters, digits and one of these.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// The path of each list, the kind of what is in it, and the longest page (documented but for the last, which is
/// inferred from the one before).
const LISTS: [(&str, Kind, u16); 3] =
    [("/domains", Kind::Domain, 1_000), ("/shared-hosting", Kind::Hosting, 100), ("/vps", Kind::Server, 100)];

/// Where services are that are not ours any more.
const OVER: [&str; 3] = ["terminated", "cancelled", "fraud"];

/// The path of a service; none for kinds that the provider does not have.
pub(super) fn path_of(kind: Kind, id: &RemoteId) -> Option<String> {
    let (list, _, _) = LISTS.iter().find(|(_, known, _)| *known == kind)?;
    Some(format!("{list}/{}", encoded(id.as_str())))
}

/// An id as it stands in a path.
pub(super) fn encoded(id: &str) -> impl std::fmt::Display {
    utf8_percent_encode(id, PLAIN)
}

impl HostUpRemote {
    /// A page of one of the lists. A place in the inventory is the path of a list, and after a question mark the cursor in
    /// it.
    pub(super) async fn page(&self, from: Option<&str>) -> Result<Page, CallError> {
        let (list, cursor) = from.map_or((LISTS[0].0, None), |from| match from.split_once('?') {
            Some((list, cursor)) => (list, Some(cursor)),
            None => (from, None),
        });
        let index = LISTS.iter().position(|(path, _, _)| *path == list);
        let index = index.ok_or_else(|| self.client.not_understood(list, "there is no such list"))?;
        let (path, kind, limit) = LISTS[index];
        let read: List<Item> = self.client.get(&paged(path, limit, cursor)).await?;
        let next = match self.client.next(path, cursor, read.next_cursor)? {
            Some(cursor) => Some(format!("{path}?{cursor}")),
            None => LISTS.get(index + 1).map(|(path, _, _)| (*path).to_owned()),
        };
        let understood = |cause: String| self.client.not_understood(path, cause);
        let holdings = read.data.iter().filter_map(|item| self.holding(kind, item).transpose());
        Ok(Page { holdings: holdings.collect::<Result<_, _>>().map_err(understood)?, next })
    }

    /// A service of a list; none where it is not ours any more, or has no expiry to be renewed from: one that was ordered
    /// and never came to life.
    fn holding(&self, kind: Kind, item: &Item) -> Result<Option<Holding>, String> {
        let status = item.service_status.as_deref().unwrap_or_default();
        if OVER.contains(&status) || item.expires_at.is_none() {
            return Ok(None);
        }
        let id = RemoteId::parse(&item.id).map_err(|error| error.to_string())?;
        Ok(Some(Holding {
            key: HoldingKey { provider: self.name.clone(), id },
            kind,
            name: item.name.clone().unwrap_or_else(|| item.id.clone()),
            label: None,
            tags: item.tags.clone().unwrap_or_default(),
            parent: None,
            stand: self.stand(item, standing(item))?,
            period: item.billing.as_ref().and_then(super::wire::Billing::period),
        }))
    }

    /// Where a service stands. A domain ends with the last second of a day, anything else at the midnight after it, in
    /// universal time: the next second is on the first day that is not paid.
    pub(super) fn stand(&self, item: &Item, standing: Standing) -> Result<Stand, String> {
        let text = item.expires_at.as_deref().ok_or_else(|| format!("{} has no expiry", item.id))?;
        let expires_at = instant(text)?;
        let after = expires_at.checked_add(SignedDuration::from_secs(1)).map_err(|error| error.to_string())?;
        let native = match item.lifecycle.as_ref().and_then(|life| life.auto_renew_enabled) {
            Some(true) => Native::On,
            Some(false) => Native::Off,
            None => Native::Untold,
        };
        Ok(Stand { until: self.zone.date_of(after), expires_at, standing, native })
    }
}

/// Whether a service of a list can be renewed. Only its own page has the gate, which alone decides; what is not alive yet
/// or on its way to somebody else is told beforehand.
fn standing(item: &Item) -> Standing {
    if item.lifecycle.as_ref().and_then(|life| life.transfer_in_progress) == Some(true) {
        return Standing::Blocked("it is being transferred".to_owned());
    }
    match item.service_status.as_deref() {
        Some("pending") => Standing::Blocked("it is not active yet".to_owned()),
        _ => Standing::Renewable,
    }
}
