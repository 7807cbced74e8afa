//! Making the plan, and keeping out of it what another account's name shows as well.
//!
//! One account under two names is known by its services. What it is called at the provider tells less: some providers do
//! not say, and one account may have several keys. Under two names, each renewal would be planned and paid by both.

use std::collections::HashSet;

use perennial_core::buyer::holding::{Holding, ProviderName, RemoteId};
use perennial_core::buyer::intent::Intent;
use perennial_core::buyer::plan::{LeftOut, Plan, Reason};
use perennial_core::product::Kind;
use perennial_engine::buyer::{Buyer, Scope, Watcher};
use perennial_store::{HoldingFilter, IntentFilter, Records};

use super::{Office, service};

/// What is due by the policy, priced; without what is shown under another name as well.
///
/// # Errors
/// When the ledger does not answer.
pub async fn plan(office: &Office, buyer: &Buyer, scope: &Scope, watcher: &dyn Watcher) -> anyhow::Result<Plan> {
    let Plan { items, mut left_out } = buyer.plan(office.policy(), scope, watcher).await?;
    let twins = Twins::new(office, buyer.books())?;
    let mut kept = Vec::new();
    for item in items {
        match twins.reason(&item.holding)? {
            None => kept.push(item),
            Some(why) => left_out.push(LeftOut { holding: item.holding, why }),
        }
    }
    left_out.sort_by_key(|left| (left.holding.stand.expires_at, left.holding.key.clone()));
    Ok(Plan { items: kept, left_out })
}

/// What the ledger knows of services under several names.
pub struct Twins<'a> {
    office: &'a Office,
    books: &'a (dyn Records + Send + Sync),
    open: Vec<Intent>,
}

/// Two names of the same account.
pub struct Shared {
    /// The names.
    pub names: [ProviderName; 2],
    /// A service that both show.
    pub example: Holding,
}

impl<'a> Twins<'a> {
    /// What is open now.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub fn new(office: &'a Office, books: &'a (dyn Records + Send + Sync)) -> anyhow::Result<Self> {
        let open = books.intents(IntentFilter::Open)?.into_iter().map(|filed| filed.intent).collect();
        Ok(Self { office, books, open })
    }

    /// Why a service is not to be renewed under the name it is shown by, if something under another one speaks against it:
    /// a renewal that is open, also where that name is in the file no more, or that it is rented there as well.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub fn reason(&self, holding: &Holding) -> anyhow::Result<Option<Reason>> {
        let own = self.api(&holding.key.provider);
        let is_open = |intent: &&Intent| {
            let is_same = intent.key.id == holding.key.id && intent.ask.kind == holding.kind;
            let other = self.api(&intent.key.provider);
            let may_be = other == own || (other.is_none() && intent.ask.name == holding.name);
            intent.key.provider != holding.key.provider && is_same && may_be
        };
        if let Some(intent) = self.open.iter().find(is_open) {
            return Ok(Some(Reason::Open(intent.id.clone())));
        }
        let found = self.books.find_holdings(holding.key.id.as_str())?;
        let twin = found.into_iter().find(|other| {
            let is_other = other.key.provider != holding.key.provider && self.api(&other.key.provider) == own;
            is_other && identity(other) == identity(holding)
        });
        Ok(twin.map(|twin| Reason::OtherName(twin.key.provider)))
    }

    /// The accounts that are in the configuration twice.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub fn shared(&self) -> anyhow::Result<Vec<Shared>> {
        let names: Vec<_> = self.office.providers().keys().collect();
        let mut shared = Vec::new();
        for (place, one) in names.iter().enumerate() {
            for other in names.iter().skip(place + 1).filter(|other| self.api(other) == self.api(one)) {
                let of = |name: &ProviderName| HoldingFilter { provider: Some(name.clone()), until_before: None };
                let theirs = service::all(self.books, &of(other))?;
                let ours = service::all(self.books, &of(one))?;
                let theirs: HashSet<_> = theirs.iter().map(identity).collect();
                let both = ours.into_iter().find(|ours| theirs.contains(&identity(ours)));
                shared.extend(both.map(|example| Shared { names: [(*one).clone(), (*other).clone()], example }));
            }
        }
        Ok(shared)
    }

    fn api(&self, name: &ProviderName) -> Option<&'static str> {
        self.office.providers().get(name).map(|config| config.api.name)
    }
}

/// What a service of one API is known by. Ids alone may meet by chance where a provider runs several installations.
fn identity(holding: &Holding) -> (&RemoteId, Kind, &str) {
    (&holding.key.id, holding.kind, &holding.name)
}
