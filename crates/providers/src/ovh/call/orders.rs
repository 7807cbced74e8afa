//! The account's orders: which of them would renew a service, and how far each is.
//!
//! Lines and prices of an order do not change, nor does its end; they are kept in memory, so that each order is read
//! once. What was only just placed by us is kept as we placed it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, tz::Offset};
use perennial_core::buyer::remote::{CallError, RemoteOrder, Watermark};
use perennial_core::calendar::Period;
use perennial_core::money::Money;

use super::api::Api;
use super::{service, wire};

/// How far back orders are listed. An unpaid one lapses after a day, says the provider's FAQ; other orders show days of
/// their own.
const WINDOW: SignedDuration = SignedDuration::from_hours(45 * 24);

/// How long after its end an order may still be at work: one that was paid may be looked at by people first.
const AFTERMATH: SignedDuration = SignedDuration::from_hours(3 * 24);

/// The kinds of lines that renew. Which of them the provider uses is unverified.
const RENEWING: [&str; 2] = ["RENEW", "DURATION"];

/// How many orders a watermark names.
const WATERMARK_ORDERS: usize = 5;

/// How many orders are kept; the oldest go first.
const KEPT_MAX: usize = 20_000;

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It waits for its payment.
    Unpaid,
    /// It is being looked at, or in a state that we do not know.
    AtWork(String),
    /// It is paid, and is being carried out.
    Delivering,
    /// It is paid and carried out.
    Delivered,
    /// It is cancelled, or has lapsed.
    Cancelled,
}

impl State {
    fn of(word: &str) -> Self {
        match word {
            "notPaid" => Self::Unpaid,
            "delivering" => Self::Delivering,
            "delivered" => Self::Delivered,
            "cancelled" => Self::Cancelled,
            other => Self::AtWork(other.to_owned()),
        }
    }

    const fn is_final(&self) -> bool {
        matches!(self, Self::Delivered | Self::Cancelled)
    }
}

/// What an order asks for, and until when it can be paid.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The total; none where it is in a currency that is none.
    pub gross: Option<Money>,
    lapses: Option<Timestamp>,
}

impl From<&wire::Order> for Head {
    fn from(order: &wire::Order) -> Self {
        let lapses = order.expiration_date.map(|moment| moment.at);
        Self { gross: order.price_with_tax.money().ok(), lapses }
    }
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The service, as the provider calls it; `*` was seen of new ones.
    pub name: String,
    /// Whether the provider calls it a line that renews.
    pub renews: bool,
    length: LineLength,
}

/// For how long a line renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineLength {
    /// We ordered it.
    Known(Period),
    /// The line with this number may tell.
    Ask(i64),
}

#[derive(Default)]
struct Known {
    head: Option<Head>,
    lines: Option<Vec<Line>>,
    end: Option<State>,
}

/// A service whose orders are looked for.
#[derive(Clone, Copy)]
pub(super) struct Which<'a> {
    /// Its number.
    pub id: i64,
    /// What the provider calls it: orders name it so.
    pub name: &'a str,
    /// Its expiry, from which an order would renew it.
    pub until: Date,
}

/// The account's orders, as far as they were read.
#[derive(Default)]
pub(super) struct Orders(Mutex<BTreeMap<i64, Known>>);

/// Where the account's orders stand.
pub(super) fn watermark(at: Timestamp, newest: &[i64], balance: Option<Money>) -> Watermark {
    Watermark { at, orders: newest.iter().take(WATERMARK_ORDERS).map(i64::to_string).collect(), balance }
}

/// An instant in a query.
pub(super) fn query_date(at: Timestamp) -> String {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    // The plus of an offset would be read as a space.
    whole.display_with_offset(Offset::UTC).to_string().replace('+', "%2B")
}

impl Orders {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<i64, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, id: i64, note: impl FnOnce(&mut Known)) {
        let mut kept = self.kept();
        note(kept.entry(id).or_default());
        if kept.len() > KEPT_MAX {
            kept.pop_first();
        }
    }

    /// Notes an order that we placed ourselves: a renewal of one service for a period.
    pub fn placed(&self, id: i64, order: &wire::Order, name: &str, period: Period) {
        let line = Line { name: name.to_owned(), renews: true, length: LineLength::Known(period) };
        self.keep(id, |known| {
            known.head = Some(order.into());
            known.lines = Some(vec![line]);
        });
    }

    /// The orders that were placed in the last weeks before an instant, newest first. Their numbers grow.
    pub async fn newest(&self, api: &Api, at: Timestamp) -> Result<Vec<i64>, CallError> {
        let from = at.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let mut ids: Vec<i64> = api.get(&format!("/me/order?date.from={}", query_date(from))).await?;
        ids.sort_unstable_by(|left, right| right.cmp(left));
        ids.dedup();
        Ok(ids)
    }

    /// Reads the heads of those orders that are not known, many in a request.
    async fn read_heads(&self, api: &Api, ids: &[i64]) -> Result<(), CallError> {
        let unknown: Vec<_> = {
            let kept = self.kept();
            let has_head = |id: &&i64| kept.get(id).is_some_and(|known| known.head.is_some());
            ids.iter().filter(|id| !has_head(id)).map(i64::to_string).collect()
        };
        if unknown.len() > 1 {
            let found: Vec<wire::Order> = api.batch("/me/order", &unknown).await?;
            for order in &found {
                if let Some(id) = order.id {
                    self.keep(id, |known| known.head = Some(order.into()));
                }
            }
        }
        Ok(())
    }

    /// What an order asks for; none where it is gone.
    pub async fn head(&self, api: &Api, id: i64) -> Result<Option<Head>, CallError> {
        let kept = self.kept().get(&id).and_then(|known| known.head.clone());
        if kept.is_some() {
            return Ok(kept);
        }
        let found: Option<wire::Order> = api.find(&format!("/me/order/{id}")).await?;
        let head = found.as_ref().map(Head::from);
        if let Some(head) = head.clone() {
            self.keep(id, |known| known.head = Some(head));
        }
        Ok(head)
    }

    /// How far an order is; none where there is no such order.
    pub async fn state(&self, api: &Api, id: i64) -> Result<Option<State>, CallError> {
        let end = self.kept().get(&id).and_then(|known| known.end.clone());
        if end.is_some() {
            return Ok(end);
        }
        let word: Option<String> = api.find(&format!("/me/order/{id}/status")).await?;
        let state = word.as_deref().map(State::of);
        if let Some(end) = state.clone().filter(State::is_final) {
            self.keep(id, |known| known.end = Some(end));
        }
        Ok(state)
    }

    /// The lines of an order.
    pub async fn lines(&self, api: &Api, id: i64) -> Result<Vec<Line>, CallError> {
        if let Some(lines) = self.kept().get(&id).and_then(|known| known.lines.clone()) {
            return Ok(lines);
        }
        let list = format!("/me/order/{id}/details");
        let numbers: Vec<i64> = api.find(&list).await?.ok_or_else(|| half_seen(api, id))?;
        let texts: Vec<_> = numbers.iter().map(i64::to_string).collect();
        let found: Vec<wire::OrderDetail> = if texts.len() > 1 { api.batch(&list, &texts).await? } else { Vec::new() };
        let mut found: HashMap<_, _> = found.into_iter().map(|detail| (detail.id, detail)).collect();
        let mut lines = Vec::with_capacity(numbers.len());
        for number in numbers {
            let detail = match found.remove(&number) {
                Some(detail) => detail,
                None => api.find(&format!("{list}/{number}")).await?.ok_or_else(|| half_seen(api, id))?,
            };
            lines.push(Line {
                name: detail.domain.unwrap_or_default(),
                renews: detail.detail_type.is_some_and(|kind| RENEWING.contains(&kind.as_str())),
                length: LineLength::Ask(number),
            });
        }
        self.keep(id, |known| known.lines = Some(lines.clone()));
        Ok(lines)
    }

    /// For how long an order renews a service; none where its line does not tell.
    pub async fn period(&self, api: &Api, id: i64, name: &str) -> Result<Option<Period>, CallError> {
        let lines = self.lines(api, id).await?;
        let mut of_it = lines.iter().enumerate().filter(|(_, line)| line.name == name);
        let Some((position, line)) = of_it.next() else { return Ok(None) };
        let number = match line.length {
            LineLength::Known(period) => return Ok(Some(period)),
            LineLength::Ask(number) => number,
        };
        // This route is marked as a beta; without it an order does not tell its period.
        let path = format!("/me/order/{id}/details/{number}/extension");
        let extension: Option<wire::Extension> = api.find(&path).await?;
        let duration = extension.and_then(|extension| extension.order?.plan?.duration);
        let period = duration.and_then(|text| Period::parse(&text).ok());
        if let Some(period) = period {
            self.keep(id, |known| {
                if let Some(line) = known.lines.as_mut().and_then(|lines| lines.get_mut(position)) {
                    line.length = LineLength::Known(period);
                }
            });
        }
        Ok(period)
    }

    /// An order that is not paid, as far as a service is concerned. None where it is gone.
    pub async fn unpaid(&self, api: &Api, id: i64, which: Which<'_>) -> Result<Option<RemoteOrder>, CallError> {
        let Some(head) = self.head(api, id).await? else { return Ok(None) };
        let gross = head.gross.ok_or_else(|| api.not_understood(&format!("GET /me/order/{id}"), &"it has no total"))?;
        let services = self.lines(api, id).await?.into_iter().map(|line| line.name).collect();
        let until = match self.period(api, id, which.name).await? {
            Some(period) => Some(service::until_after(api, which.id, which.until, period).await?),
            None => None,
        };
        Ok(Some(RemoteOrder { id: id.to_string(), invoice: None, gross, until, services }))
    }

    /// Of these orders, those that would renew a service and are not paid; and why none is to be paid now, where the
    /// provider is at work on one. Then none is shown: whoever pays another would pay twice.
    pub async fn that_renew(
        &self,
        api: &Api,
        which: Which<'_>,
        ids: &[i64],
    ) -> Result<(Vec<RemoteOrder>, Option<String>), CallError> {
        self.read_heads(api, ids).await?;
        let over = api.now().checked_sub(AFTERMATH).unwrap_or(Timestamp::MIN);
        let mut open = Vec::new();
        for &id in ids {
            if self.is_for_others(id, which.name) {
                continue;
            }
            let head = self.head(api, id).await?.ok_or_else(|| half_seen(api, id))?;
            if head.lapses.is_some_and(|lapses| lapses < over) {
                continue;
            }
            let state = self.state(api, id).await?.ok_or_else(|| half_seen(api, id))?;
            if state.is_final() || !self.lines(api, id).await?.iter().any(|line| line.name == which.name) {
                continue;
            }
            match state {
                State::Unpaid => open.extend(self.unpaid(api, id, which).await?),
                State::AtWork(word) => return Ok((Vec::new(), Some(at_work(id, &word)))),
                State::Delivering => return Ok((Vec::new(), Some(at_work(id, "delivering")))),
                State::Delivered | State::Cancelled => {}
            }
        }
        Ok((open, None))
    }

    /// Whether an order is known to be over, or to renew other services only.
    fn is_for_others(&self, id: i64, name: &str) -> bool {
        self.kept().get(&id).is_some_and(|known| {
            let renews_it = |lines: &Vec<Line>| lines.iter().any(|line| line.name == name);
            known.end.is_some() || known.lines.as_ref().is_some_and(|lines| !renews_it(lines))
        })
    }
}

/// An order is listed, and not all of it can be read: a reading of which nothing follows.
pub(super) fn half_seen(api: &Api, id: i64) -> CallError {
    api.not_understood(&format!("GET /me/order/{id}"), &"the order is listed, and not to be seen")
}

/// The provider is at work on an order.
pub(super) fn at_work(id: i64, word: &str) -> String {
    format!("the provider is at work on order {id}, which renews it (`{word}`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_neither_paid_nor_unpaid() {
        for (word, state) in [
            ("notPaid", State::Unpaid),
            ("delivering", State::Delivering),
            ("delivered", State::Delivered),
            ("cancelled", State::Cancelled),
            ("checking", State::AtWork("checking".to_owned())),
            ("documentsRequested", State::AtWork("documentsRequested".to_owned())),
            ("cancelling", State::AtWork("cancelling".to_owned())),
            ("unknown", State::AtWork("unknown".to_owned())),
            ("somethingNew", State::AtWork("somethingNew".to_owned())),
        ] {
            assert_eq!(State::of(word), state);
        }
    }

    #[test]
    fn a_query_names_an_instant_without_a_plus() {
        let at: Timestamp = "2026-11-22T12:00:00.5Z".parse().expect("is an instant");
        assert_eq!(query_date(at), "2026-11-22T12:00:00%2B00:00");
    }
}
