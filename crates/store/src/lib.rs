//! The ledger on disk: one contract, and the databases behind it.
//!
//! The contract is batch-shaped: [`Store::begin`] opens one write transaction, which reads like any [`Books`], takes
//! the rows of many decisions, and commits once. Readers stand apart and never wait for the writer. Row mapping and SQL
//! live here and nowhere else; rules live in `perennial-core`.
//!
//! What every database does alike is written once, over a small trait (`driver`): rows, the snapshot, the writing of a
//! decision, master data, the audit. What is a database's own has its folder: connections, transactions, migrations.

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::account::{Account, Seller};
use perennial_core::buyer::holding::{Holding, HoldingKey, ProviderName};
use perennial_core::buyer::intent::{Intent, IntentId};
use perennial_core::buyer::plan::{OnFile, Spent};
use perennial_core::charge::Charge;
use perennial_core::ids::{AccountId, ChargeId, ServiceId};
use perennial_core::notice::Notice;
use perennial_core::payment::PaymentMethod;
use perennial_core::ports::{Books, Failure};
use perennial_core::product::{Coupon, Product, PromoCode};
use perennial_core::service::Service;
use perennial_core::snapshot::Change;
use perennial_core::turn::Turn;

mod audit;
mod batch;
mod books;
mod buyer;
mod charges;
mod columns;
pub mod copy;
mod driver;
mod forget;
mod lines;
mod load;
mod methods;
mod migration;
pub mod postgres;
mod record;
mod rows;
mod schedule;
mod session;
mod sql;
pub mod sqlite;
pub mod webhooks;
mod write;

pub use audit::{AuditReport, Finding};
pub use migration::{Schema, Step};

/// Why rows could not be written or committed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer moved a row first; the caller decides again on fresh rows.
    #[error("a service changed since it was read, among {services:?}")]
    Conflict {
        /// The services that were written together; at least one of them changed.
        services: Vec<ServiceId>,
    },
    /// A constraint of the schema refused the row: the state machine would have been broken.
    #[error("the schema refuses to {doing}")]
    Constraint {
        /// What was being written.
        doing: &'static str,
        /// What the database said.
        #[source]
        cause: Box<dyn std::error::Error + Send + std::marker::Sync>,
    },
    /// The database gave the transaction up in favour of another one, and nothing of it was committed; the caller decides
    /// again.
    #[error(transparent)]
    GaveWay(Failure),
    /// The database did not answer. Nothing was committed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The database did not answer to the commit: nobody knows whether the rows are on disk.
    #[error(transparent)]
    Unknown(Failure),
}

/// A ledger that can be written. Whoever writes has a [`Turn`]: one writer at a time, or one at a time for each of the turns.
pub trait Store: Send {
    /// Whether it is a trip away, so that one read for many costs little more than one read for one.
    fn is_remote(&self) -> bool {
        false
    }

    /// Another writer of the same ledger, where batches that have different turns can go on beside each other.
    fn beside(&self) -> Option<Box<dyn Store>> {
        None
    }

    /// Waits for a turn, where writers take turns; the next batch begins with it. What comes until then can go along. An error
    /// is told by [`begin`](Self::begin).
    fn await_turn(&mut self, _: Turn) {}

    /// The same, where nothing more is expected to come: the turn is waited for with the first rows that are read.
    fn ask_turn(&mut self, turn: Turn) {
        self.await_turn(turn);
    }

    /// Opens a write transaction, with the turn that was waited for, or else with all of them. It sees everything committed
    /// before by those who had its turn, by whichever process, and everything else that was committed when it is read.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the database does not answer or another process keeps it locked.
    fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StoreError>;
}

/// An open write transaction. Reads see its own writes. Dropped without a commit, it leaves nothing behind.
pub trait Batch: Books + webhooks::Writing {
    /// Writes the rows of one decision: at once, or at the latest before what is read next and before the commit, so that
    /// a refusal may be told only there. Where one is refused the batch is spoilt: it takes nothing more and does not
    /// commit. (The rules refuse first; a row that the schema refuses is a bug in them, and guarding each decision
    /// with a savepoint would cost every renewal 7 % to spare that one batch.)
    ///
    /// # Errors
    /// [`StoreError`].
    fn write(&mut self, changes: &[Change]) -> Result<(), StoreError>;

    /// Records master data: a row that is there already (by its natural key) is brought up to date. Where one is refused,
    /// nothing of it is written, and the batch goes on. (Not so on PostgreSQL where the schema refuses a service without
    /// protected prices: guarding each with a savepoint would cost a million of them two round trips each. That batch
    /// takes nothing more and does not commit.)
    ///
    /// # Errors
    /// [`StoreError`].
    fn record(&mut self, record: &Record) -> Result<Recorded, StoreError>;

    /// Leaves notices that have not left to a node alone until then: of those that do not wait for later than `now`, the
    /// first ones that are nobody's, its own, or another node's whose time is over. Tells which: those that were tried least
    /// come first, the oldest of them before the others.
    ///
    /// # Errors
    /// [`StoreError`].
    fn claim_notices(
        &mut self,
        node: &str,
        now: Timestamp,
        until: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<Waiting>, StoreError>;

    /// Notes that a notice has left.
    ///
    /// # Errors
    /// [`StoreError`].
    fn notice_sent(&mut self, id: i64, at: Timestamp) -> Result<(), StoreError>;

    /// Notes that a notice could not leave: it is nobody's any more, and is left alone until then. Nothing is written where
    /// it has left.
    ///
    /// # Errors
    /// [`StoreError`].
    fn notice_waits(&mut self, id: i64, until: Timestamp) -> Result<(), StoreError>;

    /// Leaves open charges to a node alone until then: of those that do not wait for later than `now`, the first ones that are
    /// nobody's, its own, or another node's whose time is over. Tells which, those that were tried least first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn claim_charges(
        &mut self,
        node: &str,
        now: Timestamp,
        until: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<OpenCharge>, StoreError>;

    /// Notes that it is not known yet what came of a charge: it is nobody's any more, and is left alone until then. Nothing is
    /// written where it is not open.
    ///
    /// # Errors
    /// [`StoreError`].
    fn charge_waits(&mut self, id: ChargeId, until: Timestamp) -> Result<(), StoreError>;

    /// Holds the schedule for a node for a while, where no other one holds it; tells the last day that is done. Another node
    /// takes it over when that time ends.
    ///
    /// # Errors
    /// [`StoreError`].
    fn hold_schedule(&mut self, node: &str, now: Timestamp, until: Timestamp) -> Result<Option<Held>, StoreError>;

    /// Notes that a day of the schedule is done. False, and nothing is written, where another node holds it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn end_day(&mut self, node: &str, day: Date) -> Result<bool, StoreError>;

    /// Forgets replies, nonces and notices whose time is over, credentials that ended and events that were noted a month ago, and
    /// stages that services went through two years ago, `rows_max` at the most; tells how many went.
    ///
    /// # Errors
    /// [`StoreError`].
    fn forget(&mut self, now: Timestamp, rows_max: u32) -> Result<u32, StoreError>;

    /// Records what a provider's inventory shows of services: those that are known are brought up to date.
    ///
    /// # Errors
    /// [`StoreError`].
    fn record_holdings(&mut self, read_at: Timestamp, holdings: &[Holding]) -> Result<(), StoreError>;

    /// Ends the reading of a provider's whole inventory, which began at an instant: forgets the services that were not read
    /// since, and remembers when it was; tells how many there are.
    ///
    /// # Errors
    /// [`StoreError`].
    fn end_sync(&mut self, provider: &ProviderName, began_at: Timestamp) -> Result<u64, StoreError>;

    /// Puts an intent on file that nothing was sent of yet. One that was refused with the same id is taken up anew: what it
    /// asks for stays, and so do its notes. Where another intent for the service is open, or one settled the same expiry
    /// already, that one is told and nothing is written.
    ///
    /// # Errors
    /// [`StoreError`]; its `Constraint` where something was sent of it already, and where one that was refused with the same
    /// id asks for something else (another length, price, end or token): that is another intent, and needs an id of its own.
    fn add_intent(&mut self, intent: &Intent) -> Result<Added, StoreError>;

    /// Takes an intent up for a while, with the next fencing number: one that is open, or that is done on a person's word
    /// alone, which can be taken back. None where it is settled, gone, or somebody else's until later than `now`. A worker
    /// may take up again what is its own.
    ///
    /// # Errors
    /// [`StoreError`].
    fn claim_intent(
        &mut self,
        id: &IntentId,
        worker: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Claim>, StoreError>;

    /// Puts on file how far an intent was carried, and what happened, and holds it for longer. False, and nothing is
    /// written, where the claim has been lost to somebody else.
    ///
    /// # Errors
    /// [`StoreError`].
    fn write_intent(&mut self, claim: &ClaimNumber, intent: &Intent, note: &Note) -> Result<bool, StoreError>;

    /// Gives a claim back, if it is still held.
    ///
    /// # Errors
    /// [`StoreError`].
    fn release_intent(&mut self, claim: &ClaimNumber) -> Result<(), StoreError>;

    /// Commits; when this returns, the rows are on disk.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was committed, unless it is [`StoreError::Unknown`].
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A notice that has not left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id; none is given twice.
    pub id: i64,
    /// The notice.
    pub notice: Notice,
    /// How often it could not leave.
    pub tries: u32,
}

/// A charge of which it is not known what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCharge {
    /// The charge.
    pub charge: Charge,
    /// How often the gateway was asked and did not say.
    pub tries: u32,
}

/// The schedule, as the node that holds it finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The last day that is done; none before the first.
    pub done: Option<Date>,
}

/// What became of an intent that was to be put on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is on file, and nothing was sent of it.
    New,
    /// Another one stands in its place; it may be the very same.
    Known(IntentId),
}

/// A claim on an intent, as it is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNumber {
    /// Which intent.
    pub id: IntentId,
    /// The fencing number: each claim has a higher one than those before.
    pub number: i64,
    /// Until when it is held. Each writing holds it until here.
    pub until: Timestamp,
}

/// An intent that was taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim.
    pub number: ClaimNumber,
    /// The intent.
    pub intent: Intent,
    /// Who held it before, and did not give it back.
    pub before: Option<String>,
}

/// Something that happened to an intent: evidence. Never edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// The state it led to: [`State::word`](perennial_core::buyer::intent::State::word).
    pub state: String,
    /// What happened, in words.
    pub text: String,
}

/// An intent on file, and who is at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The intent.
    pub intent: Intent,
    /// Who has taken it up and not given it back, and until when it is theirs.
    pub holder: Option<(String, Timestamp)>,
}

/// Which holdings are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldingFilter {
    /// Those of one account.
    pub provider: Option<ProviderName>,
    /// Those that expire before a day.
    pub until_before: Option<Date>,
}

/// Which intents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentFilter {
    /// Those that are open.
    Open,
    /// Those that were made at an instant or later.
    Since(Timestamp),
}

/// When a provider's inventory was last read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// Which account.
    pub provider: ProviderName,
    /// When.
    pub at: Timestamp,
    /// How many services there were.
    pub holdings: u64,
}

/// A service and its expiry: a place in the order in which services expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose service.
    pub account: AccountId,
    /// Which service.
    pub service: ServiceId,
    /// Its expiry.
    pub until: Date,
}

impl Due {
    /// The place before all services that expire on a day.
    pub const fn first_of(until: Date) -> Self {
        Self { account: AccountId(0), service: ServiceId(0), until }
    }
}

/// What operators read besides [`Books`].
pub trait Records: Books + webhooks::Reading {
    /// The next services of all accounts that expire before a day, in order of expiry and id, after the last one of the
    /// page before; terminated ones included. A page costs what it holds, however many services there are.
    ///
    /// # Errors
    /// [`Failure`].
    fn services_due(&self, before: Date, after: Option<Due>, rows_max: u32) -> Result<Vec<Due>, Failure>;

    /// Notices that have not left, in the order in which they leave: those that were not tried yet, oldest first, and then
    /// the others by the instant that they wait for.
    ///
    /// # Errors
    /// [`Failure`].
    fn notices_waiting(&self, rows_max: u32) -> Result<Vec<Waiting>, Failure>;

    /// The instant from which the first of [`Self::notices_waiting`] may leave, long past for one that was not tried yet;
    /// none where all have left.
    ///
    /// # Errors
    /// [`Failure`].
    fn next_notice(&self) -> Result<Option<Timestamp>, Failure>;

    /// The instant from which the first open charge may be carried out, long past for one that was not tried yet; none where
    /// no charge is open.
    ///
    /// # Errors
    /// [`Failure`].
    fn next_charge(&self) -> Result<Option<Timestamp>, Failure>;

    /// A page of holdings in order of expiry and key, after the last one of the page before.
    ///
    /// # Errors
    /// [`Failure`].
    fn holdings(
        &self,
        filter: &HoldingFilter,
        after: Option<(Date, &HoldingKey)>,
        rows_max: u32,
    ) -> Result<Vec<Holding>, Failure>;

    /// One holding.
    ///
    /// # Errors
    /// [`Failure`].
    fn holding(&self, key: &HoldingKey) -> Result<Option<Holding>, Failure>;

    /// The holdings that are called this: the provider's id, the name, or the label, in capitals or not as far as letters are
    /// ASCII.
    ///
    /// # Errors
    /// [`Failure`].
    fn find_holdings(&self, name: &str) -> Result<Vec<Holding>, Failure>;

    /// When each inventory was last read whole, by the account's name.
    ///
    /// # Errors
    /// [`Failure`].
    fn syncs(&self) -> Result<Vec<Sync>, Failure>;

    /// Intents, oldest first.
    ///
    /// # Errors
    /// [`Failure`].
    fn intents(&self, filter: IntentFilter) -> Result<Vec<Filed>, Failure>;

    /// The intent whose id begins so, if there is just one.
    ///
    /// # Errors
    /// [`Failure`].
    fn find_intent(&self, id_prefix: &str) -> Result<Option<Filed>, Failure>;

    /// What happened to an intent, oldest first.
    ///
    /// # Errors
    /// [`Failure`].
    fn notes(&self, id: &IntentId) -> Result<Vec<Note>, Failure>;

    /// What is on file about renewing a service from an expiry. An intent that is open counts whatever its expiry is.
    ///
    /// # Errors
    /// [`Failure`].
    fn on_file(&self, key: &HoldingKey, until: Date) -> Result<Option<OnFile>, Failure>;

    /// What was spent since an instant, and what open intents may spend: by the instant at which the intent was made.
    ///
    /// # Errors
    /// [`Failure`].
    fn spent(&self, since: Timestamp) -> Result<Vec<Spent>, Failure>;

    /// Checks the books: see [`AuditReport`].
    ///
    /// # Errors
    /// [`Failure`].
    fn audit(&self) -> Result<AuditReport, Failure>;
}

/// A row of master data. An id of zero means "find it by its natural key, or give it the next id".
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The seller; there is one.
    Seller(Seller),
    /// An account, known by its code.
    Account(Account),
    /// A product with all its prices, known by its code. Prices that are missing are taken off the list.
    Product(Product),
    /// A promo code, known by the code.
    Promo(PromoCode),
    /// A service, known by kind and name. One that exists keeps its account, creation, term, anchor, hold and open
    /// order: what was paid for is not overwritten from a file. It keeps its cancellation while it is to be deleted.
    Service(Service),
    /// A payment method, known by account, kind and label.
    Method(PaymentMethod),
    /// A coupon, known by its id; a used one is left alone, and another account's is refused.
    Coupon(Coupon),
}

/// What became of a [`Record`], and its id (zero for the seller and promo codes, which have none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is new.
    Created(i64),
    /// It was there and has changed.
    Updated(i64),
    /// It was there already, just so.
    Unchanged(i64),
}

impl Recorded {
    /// The row's id.
    pub const fn id(self) -> i64 {
        match self {
            Self::Created(id) | Self::Updated(id) | Self::Unchanged(id) => id,
        }
    }
}
