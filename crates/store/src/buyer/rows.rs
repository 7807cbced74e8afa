//! From a row to a holding, an intent, a note. Columns are read in the order in which the statement names them.

use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey, Native, ProviderName, RemoteId, Stand, Standing};
use perennial_core::buyer::intent::{By, Intent, IntentId, State};
use perennial_core::buyer::plan::{OnFile, Spent};
use perennial_core::buyer::remote::{Ask, Length, Offer, Receipt, RemoteOrder, Watermark};
use perennial_core::calendar::Period;
use perennial_core::money::Money;
use perennial_core::product::Kind;

use super::state::Parts;
use crate::columns::Columns;
use crate::driver::{Driver, Result, Row};
use crate::{Filed, Note, Sync};

/// An intent on file, and the number of the last claim on it.
#[derive(Debug)]
pub(super) struct FiledRow {
    pub(super) filed: Filed,
    pub(super) claim_number: i64,
}

fn key(columns: &mut Columns<'_, impl Row>) -> Result<HoldingKey> {
    Ok(HoldingKey { provider: provider(columns)?, id: columns.parse(|text| RemoteId::parse(text).ok())? })
}

fn provider(columns: &mut Columns<'_, impl Row>) -> Result<ProviderName> {
    columns.parse(|text| ProviderName::parse(text).ok())
}

pub(super) fn holding<D: Driver>(row: &D::Row<'_>) -> Result<Holding> {
    let mut columns = Columns::of(row);
    let key = key(&mut columns)?;
    let kind = columns.parse(Kind::from_word)?;
    let (name, label, tags) = (columns.take()?, columns.take()?, columns.single_lines()?);
    let parent = columns.parse_opt(|text| RemoteId::parse(text).ok())?;
    let (until, expires_at) = (columns.date()?, columns.instant()?);
    let standing = columns.take::<Option<String>>()?.map_or(Standing::Renewable, Standing::Blocked);
    let stand = Stand { until, expires_at, standing, native: columns.parse(Native::from_word)? };
    let period = columns.parse_opt(|text| Period::parse(text).ok())?;
    Ok(Holding { key, kind, name, label, tags, parent, stand, period })
}

pub(super) fn sync<D: Driver>(row: &D::Row<'_>) -> Result<Sync> {
    let mut columns = Columns::of(row);
    Ok(Sync { provider: provider(&mut columns)?, at: columns.instant()?, holdings: columns.take()? })
}

pub(super) fn filed<D: Driver>(row: &D::Row<'_>) -> Result<FiledRow> {
    let mut columns = Columns::of(row);
    let id = IntentId(columns.take()?);
    let key = key(&mut columns)?;
    let ask = ask(&mut columns, key.id.clone())?;
    let (expires_at, native) = (columns.instant()?, columns.parse(Native::from_word)?);
    let made_at = columns.instant()?;
    let state = state(&mut columns)?;
    let watermark = watermark(&mut columns)?;
    let (sent_at, tries, next_at) = (columns.instant_opt()?, columns.take()?, columns.instant_opt()?);
    let claim_number = columns.take()?;
    let (holder, held_until): (Option<String>, Option<Timestamp>) = (columns.take()?, columns.instant_opt()?);
    let intent = Intent { id, key, ask, expires_at, native, made_at, state, watermark, sent_at, tries, next_at };
    Ok(FiledRow { filed: Filed { intent, holder: holder.zip(held_until) }, claim_number })
}

fn ask(columns: &mut Columns<'_, impl Row>, service: RemoteId) -> Result<Ask> {
    let (kind, name, fence) = (columns.parse(Kind::from_word)?, columns.take()?, columns.date()?);
    let period = columns.parse_opt(|text| Period::parse(text).ok())?;
    let day = columns.anchor_opt()?;
    let length = period.map(Length::Period).or(day.map(Length::ToDay));
    let length = length.ok_or_else(|| columns.unreadable("it is for no length of time"))?;
    let [net, tax, gross]: [i64; 3] = [columns.take()?, columns.take()?, columns.take()?];
    let discount: Option<i64> = columns.take()?;
    let currency = columns.currency()?;
    let [net, tax, gross] = [net, tax, gross].map(|minor| Money::new(minor, currency));
    let discount = discount.map(|minor| Money::new(minor, currency));
    let (until, remarks) = (columns.date()?, columns.single_lines()?);
    let offer = Offer { length, net, tax, gross, discount, until, remarks };
    Ok(Ask { service, kind, name, fence, offer, token: columns.take()? })
}

fn state(columns: &mut Columns<'_, impl Row>) -> Result<State> {
    let word: String = columns.take()?;
    let parts = Parts {
        word: word.clone(),
        order: order(columns)?,
        sent: columns.take()?,
        sender: columns.take()?,
        clean: columns.take()?,
        reads: columns.take()?,
        receipt: Receipt {
            order: columns.take()?,
            invoice: columns.take()?,
            paid: columns.money_and_currency_opt()?,
            balance: columns.money_and_currency_opt()?,
            until: columns.date_opt()?,
        },
        foreign_until: columns.date_opt()?,
        refused_by: columns.parse_opt(By::from_word)?,
        why: columns.take()?,
    };
    parts.state().ok_or_else(|| columns.unreadable(format!("something of the state `{word}` is missing")))
}

fn order(columns: &mut Columns<'_, impl Row>) -> Result<Option<RemoteOrder>> {
    let (id, invoice): (Option<String>, _) = (columns.take()?, columns.take()?);
    let (gross, until) = (columns.money_and_currency_opt()?, columns.date_opt()?);
    let services = columns.single_lines_opt()?;
    Ok(id.zip(gross).zip(services).map(|((id, gross), services)| RemoteOrder { id, invoice, gross, until, services }))
}

fn watermark(columns: &mut Columns<'_, impl Row>) -> Result<Option<Watermark>> {
    let (at, orders) = (columns.instant_opt()?, columns.single_lines_opt()?);
    let balance = columns.money_and_currency_opt()?;
    Ok(at.zip(orders).map(|(at, orders)| Watermark { at, orders, balance }))
}

pub(super) fn note<D: Driver>(row: &D::Row<'_>) -> Result<Note> {
    let mut columns = Columns::of(row);
    Ok(Note { at: columns.instant()?, state: columns.take()?, text: columns.take()? })
}

pub(super) fn on_file<D: Driver>(row: &D::Row<'_>) -> Result<OnFile> {
    let mut columns = Columns::of(row);
    let (id, word): (_, &str) = (IntentId(columns.take()?), columns.take()?);
    Ok(if matches!(word, "done" | "foreign") { OnFile::Renewed(id) } else { OnFile::Open(id) })
}

pub(super) fn spent<D: Driver>(row: &D::Row<'_>) -> Result<Spent> {
    let mut columns = Columns::of(row);
    Ok(Spent { key: key(&mut columns)?, gross: columns.money_and_currency()? })
}
