//! Webhooks: who is told what becomes of services, what they are told, and how far each telling has come.
//!
//! An event is written with a delivery for each webhook that hears of it, in the transaction that notes that its notice
//! was spread: so none is lost, and none comes twice. A node takes deliveries by moving their next attempt ahead; where it
//! dies on the way, they are due again by themselves.

use std::collections::BTreeSet;

use jiff::Timestamp;
use perennial_core::ids::AccountId;

use perennial_core::ports::Failure;

use crate::batch::OpenBatch;
use crate::columns::Columns;
use crate::driver::{self, Driver, DriverError, params};
use crate::session::{Session, failed, refused};
use crate::{StoreError, Waiting, lines, rows, sql};

/// A program that is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name in commands: a text without blanks.
    pub id: String,
    /// Where it listens.
    pub url: String,
    /// The account whose events it hears of; none for those of all.
    pub account: Option<AccountId>,
    /// The kinds of events that it hears of, as [`NoticeKind::word`](perennial_core::notice::NoticeKind::word) has them;
    /// empty for all.
    pub kinds: BTreeSet<String>,
    /// What events are signed with, sealed by the vault.
    pub secret_sealed: Vec<u8>,
    /// When it was added.
    pub created: Timestamp,
    /// Since when it is told nothing more.
    pub disabled: Option<Timestamp>,
}

impl Webhook {
    /// Whether it is told of an event: of none that happened before it was added.
    pub fn hears(&self, event: &Event) -> bool {
        self.disabled.is_none()
            && self.created <= event.at
            && self.account.is_none_or(|account| account == event.account)
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }
}

/// What webhooks are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id, the same in each attempt and for each webhook.
    pub id: String,
    /// Whose service or order it is about.
    pub account: AccountId,
    /// Its kind, as [`NoticeKind::word`](perennial_core::notice::NoticeKind::word) has it.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// What is sent.
    pub body: String,
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is tried at this instant.
    Waiting(Timestamp),
    /// It has arrived.
    Delivered(Timestamp),
    /// It is not tried any more.
    GivenUp(Timestamp),
}

/// An event on its way to a webhook, as it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event's id.
    pub event: String,
    /// The event's kind.
    pub kind: String,
    /// When the event was noted.
    pub noted: Timestamp,
    /// How often it failed.
    pub tries: u32,
    /// How far it has come.
    pub progress: Progress,
    /// What was answered last, in a few words.
    pub answer: Option<String>,
}

/// An event that a node has to itself for a while, to send it.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "an address may have a secret in it")]
pub struct Claimed {
    /// The event's id.
    pub event: String,
    /// The webhook's id.
    pub webhook: String,
    /// How often it failed.
    pub tries: u32,
    /// Until when the node has it.
    pub until: Timestamp,
    /// What is sent.
    pub body: String,
    /// Where to.
    pub url: String,
    /// What it is signed with, sealed by the vault.
    pub secret_sealed: Vec<u8>,
}

/// How many deliveries of a webhook came how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// They wait for an attempt.
    pub waiting: u64,
    /// They have arrived.
    pub delivered: u64,
    /// They are not tried any more.
    pub given_up: u64,
}

/// Which deliveries are made once more.
#[derive(Clone, Copy, Debug)]
pub enum Again<'a> {
    /// Those of events that were noted at an instant or later.
    Since(Timestamp),
    /// That of an event.
    Event(&'a str),
}

/// What is read of webhooks.
pub trait Reading {
    /// All webhooks, oldest first.
    ///
    /// # Errors
    /// [`Failure`] when the store does not answer; so for all methods.
    fn webhooks(&self) -> Result<Vec<Webhook>, Failure>;

    /// The last deliveries to a webhook, newest first.
    ///
    /// # Errors
    /// [`Failure`].
    fn deliveries(&self, webhook: &str, rows_max: u32) -> Result<Vec<Delivery>, Failure>;

    /// How many deliveries to a webhook are on file.
    ///
    /// # Errors
    /// [`Failure`].
    fn deliveries_count(&self, webhook: &str) -> Result<Counts, Failure>;

    /// Notices that were not spread, oldest first.
    ///
    /// # Errors
    /// [`Failure`].
    fn notices_unspread(&self, rows_max: u32) -> Result<Vec<Waiting>, Failure>;

    /// Whether there is something to deliver, other than to these webhooks.
    ///
    /// # Errors
    /// [`Failure`].
    fn is_delivery_due(&self, now: Timestamp, but: &BTreeSet<String>) -> Result<bool, Failure>;
}

/// What is written of webhooks.
pub trait Writing {
    /// Adds a webhook.
    ///
    /// # Errors
    /// [`StoreError`].
    fn add_webhook(&mut self, webhook: &Webhook) -> Result<(), StoreError>;

    /// Takes a webhook away, and with it what waits for it; false where there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove_webhook(&mut self, id: &str) -> Result<bool, StoreError>;

    /// Tells a webhook nothing more: what waits for it is given up.
    ///
    /// # Errors
    /// [`StoreError`].
    fn disable_webhook(&mut self, id: &str, at: Timestamp) -> Result<(), StoreError>;

    /// Tells a webhook again what happens from now on; what was given up stays so.
    ///
    /// # Errors
    /// [`StoreError`].
    fn enable_webhook(&mut self, id: &str) -> Result<(), StoreError>;

    /// Spreads notices, by their ids, each as an event to all webhooks that hear of it; what another node has spread is left
    /// alone. Tells how many deliveries there are to make.
    ///
    /// # Errors
    /// [`StoreError`].
    fn spread(&mut self, at: Timestamp, events: &[(i64, Event)]) -> Result<usize, StoreError>;

    /// Leaves deliveries that are due at `now` to the caller until then, other than those to these webhooks.
    ///
    /// # Errors
    /// [`StoreError`].
    fn claim_deliveries(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        but: &BTreeSet<String>,
        rows_max: u32,
    ) -> Result<Vec<Claimed>, StoreError>;

    /// Puts on file what came of an attempt, how many have failed now, and what was answered. False, and nothing is written,
    /// where the delivery is not the caller's any more.
    ///
    /// # Errors
    /// [`StoreError`].
    fn settle_delivery(
        &mut self,
        claimed: &Claimed,
        tries: u32,
        progress: Progress,
        answer: &str,
    ) -> Result<bool, StoreError>;

    /// Makes deliveries to a webhook once more, whatever became of them; tells how many.
    ///
    /// # Errors
    /// [`StoreError`].
    fn replay(&mut self, webhook: &str, again: Again<'_>, now: Timestamp) -> Result<usize, StoreError>;
}

impl<D: Driver> Reading for Session<D> {
    fn webhooks(&self) -> Result<Vec<Webhook>, Failure> {
        self.rows(sql::WEBHOOKS, params![], webhook::<D>).map_err(failed("list webhooks"))
    }

    fn deliveries(&self, webhook: &str, rows_max: u32) -> Result<Vec<Delivery>, Failure> {
        self.rows(sql::DELIVERIES, params![webhook, rows_max], delivery::<D>).map_err(failed("list deliveries"))
    }

    fn deliveries_count(&self, webhook: &str) -> Result<Counts, Failure> {
        let counted = self.row(sql::DELIVERIES_COUNT, params![webhook], |row| {
            let mut columns = Columns::of(row);
            Ok(Counts { waiting: columns.take()?, delivered: columns.take()?, given_up: columns.take()? })
        });
        counted.map(Option::unwrap_or_default).map_err(failed("count deliveries"))
    }

    fn notices_unspread(&self, rows_max: u32) -> Result<Vec<Waiting>, Failure> {
        let found = self.rows(sql::NOTICES_UNSPREAD, params![rows_max], rows::notice::<D>);
        found.map_err(failed("list notices that were not spread"))
    }

    fn is_delivery_due(&self, now: Timestamp, but: &BTreeSet<String>) -> Result<bool, Failure> {
        let due = self.row(sql::DELIVERIES_DUE, params![now.as_microsecond(), listed(but)], |_| Ok(()));
        due.map(|due| due.is_some()).map_err(failed("look for deliveries"))
    }
}

impl<D: Driver, C: FnOnce(&D)> Writing for OpenBatch<'_, D, C> {
    fn add_webhook(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        self.alone()?;
        let kinds = lines::render(webhook.kinds.iter().map(|kind| [kind.as_str()]));
        let account = webhook.account.map(|account| account.0);
        let created = webhook.created.as_microsecond();
        let row = params![webhook.id, webhook.url, account, kinds, webhook.secret_sealed, created];
        self.session.execute(sql::WEBHOOK_INSERT, row).map(drop).map_err(refused("add a webhook"))
    }

    fn remove_webhook(&mut self, id: &str) -> Result<bool, StoreError> {
        self.alone()?;
        let removed = self.session.execute(sql::WEBHOOK_REMOVE, params![id]).map_err(refused("remove a webhook"))?;
        Ok(removed > 0)
    }

    fn disable_webhook(&mut self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.alone()?;
        let row = params![at.as_microsecond(), id];
        let statements = [sql::WEBHOOK_DISABLE, sql::DELIVERIES_GIVE_UP];
        let disabled = statements.into_iter().try_for_each(|it| self.session.execute(it, row).map(drop));
        disabled.map_err(refused("disable a webhook"))
    }

    fn enable_webhook(&mut self, id: &str) -> Result<(), StoreError> {
        self.alone()?;
        self.session.execute(sql::WEBHOOK_ENABLE, params![id]).map(drop).map_err(refused("enable a webhook"))
    }

    fn spread(&mut self, at: Timestamp, events: &[(i64, Event)]) -> Result<usize, StoreError> {
        self.alone()?;
        spread(self.session, at, events).map_err(refused("spread notices"))
    }

    fn claim_deliveries(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        but: &BTreeSet<String>,
        rows_max: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.alone()?;
        claim(self.session, (now, until), but, rows_max).map_err(refused("claim deliveries"))
    }

    fn settle_delivery(
        &mut self,
        claimed: &Claimed,
        tries: u32,
        progress: Progress,
        answer: &str,
    ) -> Result<bool, StoreError> {
        self.alone()?;
        let (next, delivered, given_up) = match progress {
            Progress::Waiting(at) => (Some(at.as_microsecond()), None, None),
            Progress::Delivered(at) => (None, Some(at.as_microsecond()), None),
            Progress::GivenUp(at) => (None, None, Some(at.as_microsecond())),
        };
        let until = claimed.until.as_microsecond();
        let row = params![tries, next, delivered, given_up, answer, claimed.event, claimed.webhook, until];
        let settled = self.session.execute(sql::DELIVERY_SETTLE, row).map_err(refused("settle a delivery"))?;
        Ok(settled > 0)
    }

    fn replay(&mut self, webhook: &str, again: Again<'_>, now: Timestamp) -> Result<usize, StoreError> {
        self.alone()?;
        let now = now.as_microsecond();
        let replayed = match again {
            Again::Since(at) => {
                self.session.execute(sql::DELIVERIES_REPLAY, params![now, webhook, at.as_microsecond()])
            }
            Again::Event(event) => self.session.execute(sql::DELIVERY_REPLAY, params![now, webhook, event]),
        };
        replayed.map_err(refused("replay deliveries"))
    }
}

fn spread<D: Driver>(session: &Session<D>, at: Timestamp, events: &[(i64, Event)]) -> driver::Result<usize> {
    let webhooks = session.rows(sql::WEBHOOKS, params![], webhook::<D>)?;
    let at = at.as_microsecond();
    let mut deliveries = 0;
    for (notice, event) in events {
        if session.execute(sql::NOTICE_SPREAD, params![at, *notice])? == 0 {
            continue;
        }
        let told: Vec<_> = webhooks.iter().filter(|webhook| webhook.hears(event)).collect();
        if told.is_empty() {
            continue;
        }
        session.execute(sql::EVENT_INSERT, params![event.id, event.account.0, event.kind, event.body, at])?;
        for webhook in &told {
            session.execute(sql::DELIVERY_INSERT, params![event.id, webhook.id, at])?;
        }
        deliveries += told.len();
    }
    Ok(deliveries)
}

/// Ids in one text, a blank before and after each, so that a statement can look for one.
fn listed(ids: &BTreeSet<String>) -> String {
    ids.iter().flat_map(|id| [" ", id.as_str(), " "]).collect()
}

fn claim<D: Driver>(
    session: &Session<D>,
    (now, until): (Timestamp, Timestamp),
    but: &BTreeSet<String>,
    rows_max: u32,
) -> driver::Result<Vec<Claimed>> {
    let but = listed(but);
    let row = params![until.as_microsecond(), now.as_microsecond(), but, rows_max];
    let due = session.rows(sql::DELIVERIES_CLAIM, row, |row| {
        let mut columns = Columns::of(row);
        Ok((columns.take::<String>()?, columns.take::<String>()?, columns.take()?))
    })?;
    let claimed = due.into_iter().map(|(event, webhook, tries)| {
        let sent = session.row(sql::DELIVERY, params![event, webhook], |row| {
            let mut columns = Columns::of(row);
            Ok((columns.take()?, columns.take()?, columns.take()?))
        })?;
        let (body, url, secret_sealed) =
            sent.ok_or_else(|| DriverError::Failed("a delivery has no event, or no webhook".into()))?;
        Ok(Claimed { event, webhook, tries, until, body, url, secret_sealed })
    });
    claimed.collect()
}

fn webhook<D: Driver>(row: &D::Row<'_>) -> driver::Result<Webhook> {
    let mut columns = Columns::of(row);
    Ok(Webhook {
        id: columns.take()?,
        url: columns.take()?,
        account: columns.take::<Option<_>>()?.map(AccountId),
        kinds: columns.single_lines()?,
        secret_sealed: columns.take()?,
        created: columns.instant()?,
        disabled: columns.instant_opt()?,
    })
}

fn delivery<D: Driver>(row: &D::Row<'_>) -> driver::Result<Delivery> {
    let mut columns = Columns::of(row);
    let (event, kind, noted, tries) = (columns.take()?, columns.take()?, columns.instant()?, columns.take()?);
    let (next, delivered, given_up) = (columns.instant_opt()?, columns.instant_opt()?, columns.instant_opt()?);
    let progress = next.map(Progress::Waiting).or(delivered.map(Progress::Delivered));
    let progress = progress.or(given_up.map(Progress::GivenUp));
    let progress = progress.ok_or_else(|| columns.unreadable("a delivery is neither waiting nor settled"))?;
    Ok(Delivery { event, kind, noted, tries, progress, answer: columns.take()? })
}

/// Implements [`Reading`] for a type whose method `read` lends a session to a closure.
macro_rules! webhooks_by_session {
    ($owner:ty) => {
        impl $crate::webhooks::Reading for $owner {
            fn webhooks(&self) -> Result<Vec<$crate::webhooks::Webhook>, Failure> {
                self.read($crate::webhooks::Reading::webhooks)
            }

            fn deliveries(&self, webhook: &str, rows_max: u32) -> Result<Vec<$crate::webhooks::Delivery>, Failure> {
                self.read(|session| $crate::webhooks::Reading::deliveries(session, webhook, rows_max))
            }

            fn deliveries_count(&self, webhook: &str) -> Result<$crate::webhooks::Counts, Failure> {
                self.read(|session| $crate::webhooks::Reading::deliveries_count(session, webhook))
            }

            fn notices_unspread(&self, rows_max: u32) -> Result<Vec<$crate::Waiting>, Failure> {
                self.read(|session| $crate::webhooks::Reading::notices_unspread(session, rows_max))
            }

            fn is_delivery_due(
                &self,
                now: Timestamp,
                but: &std::collections::BTreeSet<String>,
            ) -> Result<bool, Failure> {
                self.read(|session| $crate::webhooks::Reading::is_delivery_due(session, now, but))
            }
        }
    };
}
pub(crate) use webhooks_by_session;
