//! The cashier: has gateways move the money of charges, once each, and lets callers wait for what comes of theirs.
//!
//! A charge is on file before anybody is asked for money. Of several nodes one claims it for a while; it has the gateway
//! prepare the charge, which moves nothing, puts on file what that is called, and has carried out what is on file and nothing
//! else. A node may stop anywhere: when its time ends, another one goes on from what is on file, and where both go on, they
//! carry out the same, which the gateway does once. What it did is told to the rules in a command that counts once as well.
//!
//! Not here: what paying means (`perennial-core`), and how a gateway is spoken to.

mod till;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial_core::charge::{Charge, ChargeState, Direction, WAITED_FOR};
use perennial_core::command::{Action, Command, NewMethod, Reply};
use perennial_core::ids::{AccountId, ChargeId, OrderId};
use perennial_core::ports::{AccessSeen, BoxFuture, Clock, Gateway, Lane, Rejection, Timer};
use perennial_core::refusal::Refusal;
use perennial_core::snapshot::{Snapshot, Want};
use perennial_store::Records;
use tokio::sync::broadcast;

use self::till::Till;
use crate::lane::LaneHandle;

/// How long a caller waits for its charge at the most. Clients give up later: the shortest known wait is a minute.
pub const WAIT_MAX: Duration = WAITED_FOR.unsigned_abs();

/// How often a caller that waits looks at the ledger, as another node may have settled its charge.
const LOOK: Duration = Duration::from_millis(500);

/// How many charges that were settled just now are remembered for callers that did not hear of them yet. One that comes too
/// late looks at the ledger.
const TOLD_MAX: usize = 256;

/// What a cashier stands on.
#[expect(missing_debug_implementations, reason = "it is ports and nothing else")]
pub struct Setting {
    /// Writes the ledger.
    pub lane: LaneHandle,
    /// Reads it.
    pub records: Arc<dyn Records + Send + Sync>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Waits.
    pub timer: Arc<dyn Timer>,
    /// Move money. Without any, charges are left to other nodes.
    pub gateways: Vec<Arc<dyn Gateway>>,
    /// This node: no other one that is alive has the name.
    pub node: Arc<str>,
}

/// A node's cashier; a clone is the same one.
///
/// It is a [`Lane`] whose callers hear what came of a charge that they asked for: [`Reply::Paid`], or
/// [`Refusal::ChargeDeclined`], or, where nobody knows that within [`WAIT_MAX`], [`Reply::Charging`].
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is ports and nothing else")]
pub struct Cashier {
    desk: Arc<Desk>,
}

struct Desk {
    lane: LaneHandle,
    records: Arc<dyn Records + Send + Sync>,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
    node: Arc<str>,
    /// By the gateway's name.
    tills: BTreeMap<&'static str, Till>,
    /// Gateways that charges name and this node does not have, once they were told of.
    missed: Mutex<BTreeSet<String>>,
    /// Tells callers which charges are settled.
    told: broadcast::Sender<ChargeId>,
}

/// The charge that a caller waits for.
#[derive(Clone, Copy)]
struct Awaited {
    account: AccountId,
    order: OrderId,
    charge: ChargeId,
}

impl Cashier {
    /// A cashier that has these gateways move money.
    pub fn new(setting: Setting) -> Self {
        let Setting { lane, records, clock, timer, gateways, node } = setting;
        let tills = gateways.into_iter().map(|gateway| (gateway.name(), Till::new(gateway))).collect();
        let (told, _) = broadcast::channel(TOLD_MAX);
        Self { desk: Arc::new(Desk { lane, records, clock, timer, node, tills, missed: Mutex::default(), told }) }
    }

    /// The lane under it, which waits for no charge.
    pub fn lane(&self) -> &LaneHandle {
        &self.desk.lane
    }

    /// The gateway with a name, if this node has it.
    pub fn gateway(&self, name: &str) -> Option<&Arc<dyn Gateway>> {
        self.desk.tills.get(name).map(Till::gateway)
    }

    /// Says what came of a charge that is open, if that is known in time. A caller that stops listening changes nothing.
    async fn wait(&self, awaited: Awaited, open: Reply) -> Result<Reply, Rejection> {
        tokio::select! {
            biased;
            settled = self.settled(awaited) => settled,
            () = self.desk.timer.sleep(WAIT_MAX) => Ok(open),
        }
    }

    /// Waits until a charge is not open any more, and says what came of it.
    async fn settled(&self, awaited: Awaited) -> Result<Reply, Rejection> {
        let mut told = self.desk.told.subscribe();
        let wants = [Want::Charges(awaited.account, awaited.order), Want::Order(awaited.account, awaited.order)];
        loop {
            match self.desk.records.load(&wants) {
                Ok(seen) => {
                    if let Some(reply) = outcome(&seen, awaited).transpose() {
                        return reply;
                    }
                }
                // The charge is on file, so to fail now would be to say that nothing was done.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, charge.id = awaited.charge.0, "could not look at charge {}", awaited.charge);
                }
            }
            tokio::select! {
                () = self.desk.timer.sleep(LOOK) => {}
                () = heard(&mut told, awaited.charge) => {}
            }
        }
    }
}

impl Lane for Cashier {
    fn submit_at(&self, access: Option<i64>, command: Command) -> BoxFuture<'_, Result<Reply, Rejection>> {
        Box::pin(async move {
            // What no gateway keeps counts as paid at once: where there is one, the seller alone registers such methods.
            if let Action::AddMethod(NewMethod { kind, on_gateway: None, .. }) = &command.action
                && !self.desk.tills.is_empty()
            {
                return Err(Refusal::MethodNotTaken(*kind).into());
            }
            let reply = self.desk.lane.submit_at(access, command).await?;
            match awaited(&reply) {
                Some(awaited) => self.wait(awaited, reply).await,
                None => Ok(reply),
            }
        })
    }

    fn access_seen(&self) -> Option<&AccessSeen> {
        self.desk.lane.access_seen()
    }
}

/// The open charge that a reply tells of.
fn awaited(reply: &Reply) -> Option<Awaited> {
    match reply {
        Reply::Charging(order) => {
            order.charge.map(|charge| Awaited { account: order.account, order: order.id, charge })
        }
        Reply::Charge(Charge { id, account, order, state: ChargeState::Open, .. }) => {
            Some(Awaited { account: *account, order: *order, charge: *id })
        }
        _ => None,
    }
}

/// What a caller hears of a charge; nothing while it is open.
fn outcome(seen: &Snapshot, awaited: Awaited) -> Result<Option<Reply>, Rejection> {
    let Awaited { account, order, charge } = awaited;
    let charge = seen.charge_of(order, charge)?;
    match (charge.state, charge.direction) {
        (ChargeState::Open, _) => Ok(None),
        (ChargeState::Settled(_), Direction::Collect) => Ok(Some(Reply::Paid(seen.order_of(account, order)?.clone()))),
        (ChargeState::Settled(_), Direction::Refund) => Ok(Some(Reply::Charge(charge.clone()))),
        (ChargeState::Credited(_), _) => Err(Refusal::OrderCancelled(order).into()),
        (ChargeState::Declined(_, decline), _) => Err(Refusal::ChargeDeclined { order, decline }.into()),
    }
}

/// Waits until this node settled a charge, or may have.
async fn heard(told: &mut broadcast::Receiver<ChargeId>, charge: ChargeId) {
    // An error is that too much was told meanwhile.
    while told.recv().await.is_ok_and(|settled| settled != charge) {}
}
