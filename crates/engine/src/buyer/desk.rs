//! The desk: what the buyer needs of the ledger. The lane and its readers stand behind it; so that tests can put something
//! in their place, it is a trait.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::buyer::holding::{Holding, HoldingKey, ProviderName};
use perennial_core::buyer::intent::{Action, Event, Intent, IntentId, Sender, Step, next};
use perennial_core::buyer::plan::{OnFile, Spent};
use perennial_core::buyer::remote::Habits;
use perennial_core::ports::{Failure, Rejection};
use perennial_store::{Added, Claim, ClaimNumber, Filed, HoldingFilter, Note, Records};

use super::worker::Identity;
use crate::lane::LaneHandle;

/// How many holdings are read at a time.
const PAGE: u32 = 500;

/// An intent that is to be taken up, by whom, and until when.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which intent.
    pub id: IntentId,
    /// The habits of its provider.
    pub habits: Habits,
    /// The present instant.
    pub now: Timestamp,
    /// The instant by which it is judged whether somebody still holds it: later than the present one where the holder has
    /// ended, or where its claim can only be the work of a clock that was wrong.
    pub free_if_held_until: Timestamp,
    /// Until when it is to be held.
    pub until: Timestamp,
}

/// What the buyer needs of the ledger. Reads answer at once; what is written is on disk when it is answered.
pub trait Desk: Send + Sync + 'static {
    /// A page of holdings in order of expiry and key, after the last one of the page before. Empty at the end.
    ///
    /// # Errors
    /// [`Failure`]; so for all reads.
    fn holdings(&self, filter: &HoldingFilter, after: Option<&Holding>) -> Result<Vec<Holding>, Failure>;

    /// One holding.
    ///
    /// # Errors
    /// [`Failure`].
    fn holding(&self, key: &HoldingKey) -> Result<Option<Holding>, Failure>;

    /// What is on file about renewing a service from an expiry.
    ///
    /// # Errors
    /// [`Failure`].
    fn on_file(&self, key: &HoldingKey, until: Date) -> Result<Option<OnFile>, Failure>;

    /// What was spent since an instant, and what open intents may spend.
    ///
    /// # Errors
    /// [`Failure`].
    fn spent(&self, since: Timestamp) -> Result<Vec<Spent>, Failure>;

    /// An intent.
    ///
    /// # Errors
    /// [`Failure`].
    fn intent(&self, id: &IntentId) -> Result<Option<Filed>, Failure>;

    /// Records a page of an inventory that began to be read at an instant.
    fn record(&self, began: Timestamp, page: Vec<Holding>) -> impl Future<Output = Result<(), Rejection>> + Send;

    /// Ends the reading of an inventory; tells how many services there are.
    fn end_sync(&self, provider: ProviderName, began: Timestamp)
    -> impl Future<Output = Result<u64, Rejection>> + Send;

    /// Puts an intent on file.
    fn add(&self, intent: Intent) -> impl Future<Output = Result<Added, Rejection>> + Send;

    /// Takes an intent up, and puts on file that it was, in one transaction. In two, somebody who dies between them would
    /// be remembered as the one who held it last, and whoever was about to send something before would be forgotten.
    fn take_up(
        &self,
        wish: Wish,
        worker: Arc<dyn Identity>,
    ) -> impl Future<Output = Result<Option<(ClaimNumber, Step)>, Rejection>> + Send;

    /// Puts a step on file. False where the claim is lost.
    fn write(
        &self,
        claim: ClaimNumber,
        intent: Intent,
        note: Note,
    ) -> impl Future<Output = Result<bool, Rejection>> + Send;

    /// Gives a claim back.
    fn release(&self, claim: ClaimNumber) -> impl Future<Output = Result<(), Rejection>> + Send;
}

/// What follows from an intent's having been taken up; what goes on file with it, unless nothing is to be done.
pub(super) fn took_up(wish: &Wish, claim: &Claim, worker: &dyn Identity) -> (Step, Option<Note>) {
    // A claim that was given back was given back by somebody who had nothing more to send.
    let is_gone = claim.before.as_ref().is_none_or(|before| worker.is_gone(before));
    let before = if is_gone { Sender::Ended } else { Sender::MayLive };
    let step = next(&claim.intent, wish.habits, wish.now, Event::TakenUp { before });
    let note = (step.intent != claim.intent || step.action != Action::Stop).then(|| note_of(&step, wish.now));
    (step, note)
}

/// The evidence of a step.
pub(super) fn note_of(step: &Step, at: Timestamp) -> Note {
    Note { at, state: step.intent.state.word().to_owned(), text: step.note.clone() }
}

/// The ledger itself.
pub struct LaneDesk {
    pub(super) lane: LaneHandle,
    pub(super) books: Arc<dyn Records + Send + Sync>,
}

impl Desk for LaneDesk {
    fn holdings(&self, filter: &HoldingFilter, after: Option<&Holding>) -> Result<Vec<Holding>, Failure> {
        self.books.holdings(filter, after.map(|last| (last.stand.until, &last.key)), PAGE)
    }

    fn holding(&self, key: &HoldingKey) -> Result<Option<Holding>, Failure> {
        self.books.holding(key)
    }

    fn on_file(&self, key: &HoldingKey, until: Date) -> Result<Option<OnFile>, Failure> {
        self.books.on_file(key, until)
    }

    fn spent(&self, since: Timestamp) -> Result<Vec<Spent>, Failure> {
        self.books.spent(since)
    }

    fn intent(&self, id: &IntentId) -> Result<Option<Filed>, Failure> {
        Ok(self.books.find_intent(&id.0)?.filter(|filed| filed.intent.id == *id))
    }

    async fn record(&self, began: Timestamp, page: Vec<Holding>) -> Result<(), Rejection> {
        self.lane.chore(move |batch| batch.record_holdings(began, &page)).await
    }

    async fn end_sync(&self, provider: ProviderName, began: Timestamp) -> Result<u64, Rejection> {
        self.lane.chore(move |batch| batch.end_sync(&provider, began)).await
    }

    async fn add(&self, intent: Intent) -> Result<Added, Rejection> {
        self.lane.chore(move |batch| batch.add_intent(&intent)).await
    }

    async fn take_up(&self, wish: Wish, worker: Arc<dyn Identity>) -> Result<Option<(ClaimNumber, Step)>, Rejection> {
        let take_up = move |batch: &mut dyn perennial_store::Batch| {
            let Some(claim) = batch.claim_intent(&wish.id, &worker.name(), wish.free_if_held_until, wish.until)? else {
                return Ok(None);
            };
            let (step, note) = took_up(&wish, &claim, &*worker);
            if let Some(note) = note
                && !batch.write_intent(&claim.number, &step.intent, &note)?
            {
                return Ok(None);
            }
            Ok(Some((claim.number, step)))
        };
        self.lane.chore(take_up).await
    }

    async fn write(&self, claim: ClaimNumber, intent: Intent, note: Note) -> Result<bool, Rejection> {
        self.lane.chore(move |batch| batch.write_intent(&claim, &intent, &note)).await
    }

    async fn release(&self, claim: ClaimNumber) -> Result<(), Rejection> {
        self.lane.chore(move |batch| batch.release_intent(&claim)).await
    }
}
