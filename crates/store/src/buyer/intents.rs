//! Intents: put on file, claimed by one worker at a time, written under the claim, and looked up.

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_core::buyer::holding::HoldingKey;
use perennial_core::buyer::intent::{By, Intent, IntentId, State};
use perennial_core::buyer::plan::{OnFile, Spent};
use perennial_core::buyer::remote::{Length, Offer};
use perennial_core::money::Money;

use super::rows::{self, FiledRow};
use super::state::Columns as StateColumns;
use super::{kept, kept_lines, kept_opt};
use crate::driver::{Driver, Result, params};
use crate::session::{Session, refuse, refused};
use crate::{Added, Claim, ClaimNumber, Filed, IntentFilter, Note, StoreError, sql};

const ADDING: &str = "put an intent on file";
const WRITING: &str = "write how far an intent was carried";

/// Puts an intent on file, unless another one stands in its place.
pub(crate) fn add<D: Driver>(session: &Session<D>, intent: &Intent) -> std::result::Result<Added, StoreError> {
    check_new(intent)?;
    let in_place = on_file(session, &intent.key, intent.ask.fence).map_err(refused(ADDING))?;
    if let Some(OnFile::Open(id) | OnFile::Renewed(id)) = in_place {
        return Ok(Added::Known(id));
    }
    let found = session.row(sql::INTENT, params![intent.id.0], rows::filed::<D>).map_err(refused(ADDING))?;
    session.all_or_none(|_| match found {
        None => insert(session, intent).map_err(refused(ADDING)),
        Some(found) if asks_the_same(&found.filed.intent, intent) => again(session, intent).map_err(refused(ADDING)),
        Some(_) => Err(refuse(ADDING, "one that asks for something else has the same id")),
    })?;
    Ok(Added::New)
}

/// Checks that nothing was sent of an intent, and that its columns can hold it.
fn check_new(intent: &Intent) -> std::result::Result<(), StoreError> {
    let Intent { key, ask, state, watermark, sent_at, .. } = intent;
    let Offer { net, tax, gross, discount, .. } = &ask.offer;
    let currency = gross.currency();
    let mut parts = [Some(net), Some(tax), discount.as_ref()].into_iter().flatten();
    if *state != State::Planned || watermark.is_some() || sent_at.is_some() {
        Err(refuse(ADDING, "something was sent of it already"))
    } else if ask.service != key.id {
        Err(refuse(ADDING, "it asks for another service than its own"))
    } else if parts.any(|part| part.currency() != currency) {
        Err(refuse(ADDING, "its offer is in several currencies"))
    } else {
        Ok(())
    }
}

/// Whether two intents ask for the same, whatever the service is called by now.
fn asks_the_same(one: &Intent, other: &Intent) -> bool {
    let asked = |intent: &Intent| {
        let (ask, offer) = (&intent.ask, &intent.ask.offer);
        (intent.key.clone(), ask.fence, offer.length, offer.net, offer.tax, offer.gross, offer.until, ask.token.clone())
    };
    asked(one) == asked(other)
}

fn insert<D: Driver>(session: &Session<D>, intent: &Intent) -> Result<()> {
    let Intent { id, key, ask, expires_at, native, made_at, tries, next_at, .. } = intent;
    let Offer { length, net, tax, gross, discount, until, remarks } = &ask.offer;
    let (period, day) = match length {
        Length::Period(period) => (Some(period.to_string()), None),
        Length::ToDay(day) => (None, Some(i64::from(day.get()))),
    };
    session
        .execute(
            sql::INTENT_INSERT,
            params![
                id.0,
                key.provider.as_str(),
                key.id.as_str(),
                ask.kind.word(),
                kept(&ask.name),
                ask.fence.to_string(),
                period,
                day,
                net.minor(),
                tax.minor(),
                gross.minor(),
                minor(*discount),
                gross.currency().code(),
                until.to_string(),
                kept_lines(remarks),
                ask.token,
                expires_at.as_microsecond(),
                native.word(),
                made_at.as_microsecond(),
                *tries,
                next_at.map(Timestamp::as_microsecond),
            ],
        )
        .map(drop)
}

fn again<D: Driver>(session: &Session<D>, intent: &Intent) -> Result<()> {
    let Intent { id, expires_at, native, made_at, tries, next_at, .. } = intent;
    let row = params![
        expires_at.as_microsecond(),
        native.word(),
        made_at.as_microsecond(),
        *tries,
        next_at.map(Timestamp::as_microsecond),
        id.0,
    ];
    session.execute(sql::INTENT_AGAIN, row).map(drop)
}

/// Leaves an intent to a worker for a while.
pub(crate) fn claim<D: Driver>(
    session: &Session<D>,
    id: &IntentId,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
) -> std::result::Result<Option<Claim>, StoreError> {
    const DOING: &str = "claim an intent";
    session.check_open()?;
    let found = session.row(sql::INTENT, params![id.0], rows::filed::<D>).map_err(refused(DOING))?;
    let Some(FiledRow { filed: Filed { intent, holder }, claim_number }) = found else { return Ok(None) };
    let others = holder.as_ref().is_some_and(|(holder, held_until)| holder != worker && *held_until > now);
    if others || !(intent.state.is_open() || intent.state.is_by_word()) {
        return Ok(None);
    }
    // The number is proved again by the statement that counts it up, for databases on which writers take no turns.
    let row = params![worker, until.as_microsecond(), id.0, claim_number];
    if session.execute(sql::INTENT_CLAIM, row).map_err(refused(DOING))? == 0 {
        return Ok(None);
    }
    let number = ClaimNumber { id: id.clone(), number: claim_number + 1, until };
    Ok(Some(Claim { number, intent, before: holder.map(|(holder, _)| holder) }))
}

/// Writes how far an intent was carried, and what happened, both or neither.
pub(crate) fn write<D: Driver>(
    session: &Session<D>,
    claim: &ClaimNumber,
    intent: &Intent,
    note: &Note,
) -> std::result::Result<bool, StoreError> {
    if claim.id != intent.id {
        return Err(refuse(WRITING, "the claim is on another intent"));
    }
    session.all_or_none(|_| {
        let changed = set(session, claim, intent).map_err(refused(WRITING))?;
        if changed > 0 {
            let noted = session.execute(
                sql::INTENT_NOTE_INSERT,
                params![intent.id.0, note.at.as_microsecond(), note.state, kept(&note.text)],
            );
            noted.map_err(refused("note what happened to an intent"))?;
        }
        Ok(changed > 0)
    })
}

fn set<D: Driver>(session: &Session<D>, claim: &ClaimNumber, intent: &Intent) -> Result<usize> {
    let StateColumns { word, order, sent, sender, clean, reads, receipt, foreign_until, refused_by, why } =
        StateColumns::of(&intent.state);
    let watermark = intent.watermark.as_ref();
    let balance = watermark.and_then(|watermark| watermark.balance);
    session.execute(
        sql::INTENT_WRITE,
        params![
            word,
            order.map(|order| kept(&order.id)),
            order.and_then(|order| kept_opt(order.invoice.as_deref())),
            minor(order.map(|order| order.gross)),
            code(order.map(|order| order.gross)),
            order.and_then(|order| order.until).map(|until| until.to_string()),
            order.map(|order| kept_lines(&order.services)),
            sent,
            sender,
            clean.map(i64::from),
            reads.map(i64::from),
            receipt.and_then(|receipt| kept_opt(receipt.order.as_deref())),
            receipt.and_then(|receipt| kept_opt(receipt.invoice.as_deref())),
            minor(receipt.and_then(|receipt| receipt.paid)),
            code(receipt.and_then(|receipt| receipt.paid)),
            minor(receipt.and_then(|receipt| receipt.balance)),
            code(receipt.and_then(|receipt| receipt.balance)),
            receipt.and_then(|receipt| receipt.until).map(|until| until.to_string()),
            foreign_until.map(|until| until.to_string()),
            refused_by.map(By::word),
            kept_opt(why),
            watermark.map(|watermark| watermark.at.as_microsecond()),
            watermark.map(|watermark| kept_lines(&watermark.orders)),
            minor(balance),
            code(balance),
            intent.sent_at.map(Timestamp::as_microsecond),
            intent.tries,
            intent.next_at.map(Timestamp::as_microsecond),
            claim.until.as_microsecond(),
            claim.id.0,
            claim.number,
        ],
    )
}

fn minor(money: Option<Money>) -> Option<i64> {
    money.map(Money::minor)
}

fn code(money: Option<Money>) -> Option<&'static str> {
    money.map(|money| money.currency().code())
}

/// Gives a claim back.
pub(crate) fn release<D: Driver>(session: &Session<D>, claim: &ClaimNumber) -> std::result::Result<(), StoreError> {
    session.check_open()?;
    let released = session.execute(sql::INTENT_RELEASE, params![claim.id.0, claim.number]);
    released.map(drop).map_err(refused("give a claim back"))
}

/// The intents of a filter, oldest first.
pub(crate) fn list<D: Driver>(session: &Session<D>, filter: IntentFilter) -> Result<Vec<Filed>> {
    let filed = |row: &D::Row<'_>| rows::filed::<D>(row).map(|row| row.filed);
    match filter {
        IntentFilter::Open => session.rows(sql::INTENTS_OPEN, params![], filed),
        IntentFilter::Since(instant) => session.rows(sql::INTENTS_SINCE, params![instant.as_microsecond()], filed),
    }
}

/// The one intent whose id begins so. A whole id is never taken for the beginning of another one.
pub(crate) fn find<D: Driver>(session: &Session<D>, id_prefix: &str) -> Result<Option<Filed>> {
    let end = format!("{id_prefix}{}", char::MAX);
    let found = session.rows(sql::INTENTS_FIND, params![id_prefix, end], rows::filed::<D>)?;
    let is_one = found.len() == 1 || found.first().is_some_and(|first| first.filed.intent.id.0 == id_prefix);
    Ok(if is_one { found.into_iter().next().map(|row| row.filed) } else { None })
}

/// What happened to an intent, oldest first.
pub(crate) fn notes<D: Driver>(session: &Session<D>, id: &IntentId) -> Result<Vec<Note>> {
    session.rows(sql::INTENT_NOTES, params![id.0], rows::note::<D>)
}

/// The intent for a service that is open, or else the one that settled an expiry of it.
pub(crate) fn on_file<D: Driver>(session: &Session<D>, key: &HoldingKey, until: Date) -> Result<Option<OnFile>> {
    session.row(sql::INTENTS_OF, params![key.provider.as_str(), key.id.as_str(), until.to_string()], rows::on_file::<D>)
}

/// What was spent since an instant, and what open intents may spend.
pub(crate) fn spent<D: Driver>(session: &Session<D>, since: Timestamp) -> Result<Vec<Spent>> {
    session.rows(sql::SPENT, params![since.as_microsecond()], rows::spent::<D>)
}
