//! Servers: what we rent, and how each stands.

use perennial_core::buyer::holding::{Holding, HoldingKey, Native, RemoteId, Stand, Standing};
use perennial_core::buyer::remote::{CallError, Page};
use perennial_core::calendar::{Period, Zone};
use perennial_core::product::Kind;

use super::list::is_last;
use super::said::quoted;
use super::wire::{Page as WirePage, Server};
use super::{Client, number};

const PATH: &str = "/servers";

impl Client {
    /// A page of the servers that are active or suspended: the list's own default. `from` is a page's number and how many
    /// servers there were in all: where that changes, the list has moved under its reader.
    pub(super) async fn inventory_from(&self, from: Option<&str>) -> Result<Page, CallError> {
        let alien = |why: &str| self.caller.not_understood(&format!("GET {PATH}"), &why);
        let place = match from {
            None => None,
            Some(text) => Some(place(text).ok_or_else(|| alien("there is no such place in it"))?),
        };
        let page_number = place.map_or(1, |(number, _)| number);
        let page: WirePage<Server> = self.page(PATH, None, page_number).await?;
        let total = page.meta.total.0;
        if place.is_some_and(|(_, then)| then != total) {
            return Err(alien("it changed while it was read"));
        }
        let next = (!is_last(page.meta, page_number)).then(|| format!("{}/{total}", page_number.saturating_add(1)));
        let mut holdings = Vec::with_capacity(page.data.len());
        for server in &page.data {
            // What never expires needs no renewal.
            if server.expiry_at.is_some() {
                holdings.push(self.holding(server)?);
            }
        }
        Ok(Page { holdings, next })
    }

    fn holding(&self, server: &Server) -> Result<Holding, CallError> {
        let id = RemoteId::parse(&server.id.0.to_string());
        let id = id.map_err(|error| self.caller.not_understood(&format!("GET {PATH}"), &error))?;
        let named = server.hostname.as_deref().filter(|name| !name.is_empty()).map(quoted);
        Ok(Holding {
            name: named.unwrap_or_else(|| id.to_string()),
            key: HoldingKey { provider: self.name.clone(), id },
            kind: Kind::Server,
            label: None,
            tags: Vec::new(),
            parent: None,
            stand: self.stand(server)?,
            period: server.billing_cycle.and_then(|months| Period::months(u16::try_from(months.0).ok()?)),
        })
    }

    /// One server now; none where the provider says that there is none.
    pub(super) async fn server(&self, id: i64) -> Result<Option<Server>, CallError> {
        self.get_known(&format!("{PATH}/{id}")).await
    }

    /// How a server stands.
    pub(super) fn stand(&self, server: &Server) -> Result<Stand, CallError> {
        stand(&self.zone, server).ok_or_else(|| {
            self.caller.not_understood(&format!("GET {PATH}/{}", server.id.0), &"`expiry_at` is missing")
        })
    }
}

/// How a server stands; none where it has no expiry.
fn stand(zone: &Zone, server: &Server) -> Option<Stand> {
    let expires_at = server.expiry_at?.0;
    let native = match server.auto_renew {
        Some(true) => Native::On,
        Some(false) => Native::Off,
        None => Native::Untold,
    };
    Some(Stand { until: zone.date_of(expires_at), expires_at, standing: standing(server), native })
}

/// Whether a server can be renewed. One that is locked can: that lasts as long as a copy of it is made, and what comes
/// meanwhile is answered with a status of its own.
fn standing(server: &Server) -> Standing {
    let reason = server.cancel_request.as_ref().map(|cancelled| cancelled.reason.as_deref().unwrap_or_default());
    match (reason, server.status.as_str()) {
        (_, status) if !matches!(status, "active" | "suspended") => Standing::Blocked(format!("it is {status}")),
        (Some(""), _) => Standing::Blocked("it is cancelled".to_owned()),
        (Some(reason), _) => Standing::Blocked(format!("it is cancelled: {}", quoted(reason))),
        (None, _) if server.settings.as_ref().and_then(|settings| settings.renew_enabled) == Some(false) => {
            Standing::Blocked("renewing it is switched off".to_owned())
        }
        (None, _) => Standing::Renewable,
    }
}

/// Reads the place of a page: its number, and the count of all servers.
fn place(text: &str) -> Option<(usize, i64)> {
    let (page, total) = text.split_once('/')?;
    Some((page.parse().ok().filter(|page| *page > 1)?, number(total)?))
}
