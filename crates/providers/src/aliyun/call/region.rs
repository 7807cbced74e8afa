//! Regions: which there are, and in which one an instance is. People know an instance by its id alone, and every call
//! wants its region.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial_core::buyer::holding::{Holding, RemoteId};
use perennial_core::buyer::remote::CallError;

use super::Account;
use super::instance::Which;
use super::link::{Api, Call, is_region};
use super::wire;
use crate::call::SettingError;

/// The tag by which a holding tells its region. The provider lets nobody else have tags that begin with `acs:`.
const TAG: &str = "acs:region=";

const LIST: &str = "DescribeRegions";

/// How many instances' regions are remembered.
const KNOWN_MAX: usize = 20_000;

/// The regions of an account.
pub(super) struct Regions {
    /// Those that were chosen; none for all.
    chosen: Option<Arc<[String]>>,
    /// All, as they were listed last.
    listed: Mutex<Option<Arc<[String]>>>,
    /// In which one an instance was seen.
    known: Mutex<HashMap<String, Arc<str>>>,
}

impl Regions {
    /// The regions to look in; all where none is named.
    pub fn new(chosen: &[String]) -> Result<Self, SettingError> {
        if let Some(wrong) = chosen.iter().find(|region| !is_region(region)) {
            let why = "a region is called like cn-hangzhou".to_owned();
            return Err(SettingError::Wrong { setting: "regions", value: wrong.clone(), why });
        }
        let chosen = (!chosen.is_empty()).then(|| sorted(chosen.iter().cloned()));
        Ok(Self { chosen, listed: Mutex::default(), known: Mutex::default() })
    }

    /// Notes where an instance is.
    pub fn note(&self, id: &str, region: &str) {
        let mut known = lock(&self.known);
        if known.len() >= KNOWN_MAX && !known.contains_key(id) {
            known.clear();
        }
        known.insert(id.to_owned(), region.into());
    }

    /// Where an instance was seen last.
    pub fn known(&self, id: &str) -> Option<Arc<str>> {
        lock(&self.known).get(id).cloned()
    }
}

/// The tag that tells a region.
pub(super) fn tag(region: &str) -> String {
    format!("{TAG}{region}")
}

/// The region that a holding's tags tell.
fn tagged(holding: &Holding) -> Option<&str> {
    holding.tags.iter().find_map(|tag| tag.strip_prefix(TAG)).filter(|region| is_region(region))
}

impl Account {
    /// The regions to look in, in order of the alphabet.
    pub(super) async fn regions(&self, afresh: bool) -> Result<Arc<[String]>, CallError> {
        if let Some(chosen) = &self.regions.chosen {
            return Ok(Arc::clone(chosen));
        }
        let listed = lock(&self.regions.listed).clone();
        if let Some(listed) = listed.filter(|_| !afresh) {
            return Ok(listed);
        }
        let call = Call { api: Api::Central, action: LIST, parameters: &[("AcceptLanguage", "en-US")] };
        let read: wire::Regions = self.link.read(&call).await?;
        let ids = read.regions.region.iter().map(|region| region.region_id.as_str());
        let regions = sorted(ids.filter(|id| is_region(id)).map(str::to_owned));
        if regions.is_empty() {
            return Err(self.link.not_understood(LIST, &"there are no regions"));
        }
        *lock(&self.regions.listed) = Some(Arc::clone(&regions));
        Ok(regions)
    }

    /// The region of a holding, which it tells itself where it came from an inventory; else it is looked for.
    pub(super) async fn region_of(&self, holding: &Holding) -> Result<Option<Arc<str>>, CallError> {
        match tagged(holding) {
            Some(region) => Ok(Some(region.into())),
            None => self.locate(&holding.key.id).await,
        }
    }

    /// The region of an instance: as it was seen last, else it is looked for. None where it is in none.
    pub(super) async fn locate(&self, id: &RemoteId) -> Result<Option<Arc<str>>, CallError> {
        match self.regions.known(id.as_str()) {
            Some(region) => Ok(Some(region)),
            None => Ok(self.find(id, None).await?.map(|(region, _)| region)),
        }
    }

    /// An instance, and its region: looked for first where it was seen last, or where it is said to be, and then
    /// everywhere. None only if the provider says that it is nowhere.
    pub(super) async fn find(
        &self,
        id: &RemoteId,
        holding: Option<&Holding>,
    ) -> Result<Option<(Arc<str>, wire::Instance)>, CallError> {
        let likely = holding.and_then(tagged).map(Arc::from).or_else(|| self.regions.known(id.as_str()));
        if let Some(region) = &likely
            && let Some(instance) = self.instance_in(region, id).await?
        {
            return Ok(Some((Arc::clone(region), instance)));
        }
        let regions = self.regions(false).await?;
        for region in regions.iter().filter(|region| likely.as_deref() != Some(region.as_str())) {
            if let Some(instance) = self.instance_in(region, id).await? {
                return Ok(Some((region.as_str().into(), instance)));
            }
        }
        if let Some(region) = regions.first() {
            self.check_may_list(region).await?;
        }
        Ok(None)
    }

    async fn instance_in(&self, region: &str, id: &RemoteId) -> Result<Option<wire::Instance>, CallError> {
        let read = self.instances(region, Which::One(id.as_str())).await?;
        let found = read.instances.instance.into_iter().find(|instance| instance.instance_id.as_str() == id.as_str());
        if found.is_some() {
            self.regions.note(id.as_str(), region);
        }
        Ok(found)
    }
}

fn sorted(regions: impl Iterator<Item = String>) -> Arc<[String]> {
    let mut regions: Vec<_> = regions.collect();
    regions.sort_unstable();
    regions.dedup();
    regions.into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
