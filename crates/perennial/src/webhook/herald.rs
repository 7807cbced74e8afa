//! The herald: makes an event of each notice, and sends it.

use std::sync::Arc;

use perennial_core::notice::Notice;
use perennial_core::ports::{BoxFuture, Clock, Failure, Vault};
use perennial_core::snapshot::Want;
use perennial_engine::webhooks::{Answer, Messenger, Verdict};
use perennial_store::webhooks::{Claimed, Event};

use super::call::{Caller, Message};
use super::event;
use crate::store::Reader;

/// Tells webhooks what the ledger's notices say.
pub struct Herald {
    /// Reads the ledger.
    pub books: Reader,
    /// Opens the secrets of webhooks.
    pub vault: Arc<dyn Vault>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Calls.
    pub caller: Caller,
}

impl Messenger for Herald {
    fn event(&self, notice: &Notice) -> Result<Event, Failure> {
        let (told, account) = (notice.kind.told(), notice.account);
        let order = told.order.map(|order| Want::Order(account, order));
        let method = told.method.map(|method| Want::Method(account, method));
        let wants: Vec<_> = [Some(Want::Account(account)), order, method].into_iter().flatten().collect();
        let seen = self.books.load(&wants)?;
        let owner = seen.account(account).map_err(|cause| Failure::new("make an event", cause))?;
        let order = told.order.and_then(|order| seen.orders.get(&order));
        let method = told.method.and_then(|method| seen.methods.get(&method));
        Ok(Event {
            id: event::new_id(),
            account,
            kind: notice.kind.word().to_owned(),
            at: notice.at,
            body: event::body(&event::name(&notice.kind), notice.at, &event::data(notice, owner, order, method)),
        })
    }

    fn send<'a>(&'a self, claimed: &'a Claimed) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let Ok(secret) = self.vault.open(&claimed.secret_sealed) else {
                // Another node may have the right master key.
                let words = "its secret was sealed under another master key".to_owned();
                return Answer { verdict: Verdict::Refused(None), words };
            };
            let Claimed { event: id, url, body, .. } = claimed;
            self.caller.call(Message { url, secret: &secret, id, body, at: self.clock.of_clients() }).await
        })
    }
}
