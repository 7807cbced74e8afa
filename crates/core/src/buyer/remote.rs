//! How a provider is called: the trait that each provider's `call` half stands behind, and the words in which it answers.
//!
//! Reads may be repeated and answer with an error or with all of it. What costs money ([`Remote::order`],
//! [`Remote::pay`]) is sent once and answers with an [`Outcome`]; it never fails, as nobody may take a failure for a no.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::holding::{Holding, ProviderName, RemoteId, Stand};
use crate::calendar::{AnchorDay, Period};
use crate::money::Money;
use crate::ports::BoxFuture;
use crate::product::Kind;

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The provider was not reached, or did not answer in time.
    #[error("{provider} did not answer to `{call}`: {cause}")]
    Unreachable {
        /// Which API.
        provider: &'static str,
        /// What was asked, such as `GET /servers`.
        call: String,
        /// What kept it.
        cause: String,
    },
    /// The provider wants to be asked less often, and went on wanting it.
    #[error("{provider} turns `{call}` away for now: too many requests")]
    Throttled {
        /// Which API.
        provider: &'static str,
        /// What was asked.
        call: String,
    },
    /// The provider says no.
    #[error("{provider} refuses `{call}`: {said}")]
    Refused {
        /// Which API.
        provider: &'static str,
        /// What was asked.
        call: String,
        /// What it said.
        said: Said,
    },
    /// The provider's answer is not what its documentation says. Nothing may be concluded from it.
    #[error("{provider} answered `{call}` with something else than it documents: {cause}")]
    NotUnderstood {
        /// Which API.
        provider: &'static str,
        /// What was asked.
        call: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The provider's API has no such thing.
    #[error("{provider} has no way to {wish}")]
    Cannot {
        /// Which API.
        provider: &'static str,
        /// What was wished for, as in "has no way to ...".
        wish: &'static str,
    },
    /// A setting is missing without which there is no answer.
    #[error("{provider} {lacks}: set {setting} under [provider.{account}]")]
    Unset {
        /// Which API.
        provider: &'static str,
        /// What the provider does not tell, as in "does not tell the tax".
        lacks: &'static str,
        /// The setting, as it is written.
        setting: &'static str,
        /// Our name for the account.
        account: ProviderName,
    },
}

/// What a provider said, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The HTTP status.
    pub status: u16,
    /// Its code, if it gave one.
    pub code: Option<String>,
    /// Its text for people.
    pub text: String,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code}, {})", self.text, self.status),
            None => write!(f, "{} ({})", self.text, self.status),
        }
    }
}

/// What a provider's API is like, as far as the safety of a payment depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// What placing an order does.
    pub ordering: OrderEffect,
    /// How long what was done may stay out of sight in reads. Two reads that show nothing count only this far apart.
    pub settles_in: SignedDuration,
    /// Whether a renewal can end on a day of the month that was asked for.
    pub aligns: bool,
    /// Whether the provider's own automatic renewal can be switched by its API.
    pub switches_native: bool,
}

/// What placing a renewal order does at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderEffect {
    /// It makes an order that costs nothing until it is paid by a call of its own. A second unpaid one does no harm.
    Unpaid,
    /// It may pay as well, and nothing keeps a second call from being a second payment.
    MayPay,
    /// It pays. The call carries a token, and the same token never pays twice.
    PaysOncePerToken,
}

/// For how long a service is to be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// A period.
    Period(Period),
    /// To a day of the month, at least a month ahead.
    ToDay(AnchorDay),
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Period(period) => period.fmt(f),
            Self::ToDay(day) => write!(f, "to day {}", day.get()),
        }
    }
}

/// What a provider asks for one renewal: its quote. Nothing came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// For how long.
    pub length: Length,
    /// Without tax, after every discount that will be used by itself.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// What is to be paid.
    pub gross: Money,
    /// What was taken off the list price, where something was.
    pub discount: Option<Money>,
    /// Where the service will stand then.
    pub until: Date,
    /// What else the provider says about the price: promo code, coupon, bundle.
    pub remarks: Vec<String>,
}

/// What is to be bought: one renewal of one service from one known expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which service.
    pub service: RemoteId,
    /// What kind of thing it is.
    pub kind: Kind,
    /// What the provider calls it.
    pub name: String,
    /// Its expiry, from which it is renewed.
    pub fence: Date,
    /// What was offered, and what is expected therefore.
    pub offer: Offer,
    /// The token: at most 64 ASCII characters, the same whenever this is asked for.
    pub token: String,
}

/// Where a provider's books stood before something was sent, so that what came after can be told from what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// When it was read.
    pub at: Timestamp,
    /// The orders of the account that were newest then, as the provider writes them: newest first, a few.
    pub orders: Vec<String>,
    /// What was on the balance, where there is one.
    pub balance: Option<Money>,
}

/// One service, looked at on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// What of it decides.
    pub stand: Stand,
    /// The orders that would renew it and are not paid.
    pub open_orders: Vec<RemoteOrder>,
    /// Where the provider's books stand.
    pub watermark: Watermark,
}

/// An order at a provider that renews a service and is not paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteOrder {
    /// What it is called by there.
    pub id: String,
    /// Its invoice there, where that is what is paid.
    pub invoice: Option<String>,
    /// What is to be paid for it, tax included.
    pub gross: Money,
    /// Where the service would stand, where the order tells.
    pub until: Option<Date>,
    /// The services that it renews, as the provider calls them; more than one where it is a bundle.
    pub services: Vec<String>,
}

/// What shows that a renewal was paid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The order there.
    pub order: Option<String>,
    /// The invoice or bill there.
    pub invoice: Option<String>,
    /// What was paid, tax included.
    pub paid: Option<Money>,
    /// What was on the balance afterwards, where there is one.
    pub balance: Option<Money>,
    /// Where the service stands now, once that has been seen.
    pub until: Option<Date>,
}

/// What became of something that was sent once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done: ordered and paid, the provider says.
    Paid(Receipt),
    /// Done: ordered, and not paid.
    Placed(RemoteOrder),
    /// The provider says no, and nothing happened.
    Refused(Said),
    /// The provider says that it is still at work.
    Pending(Said),
    /// Nobody knows: no answer, half an answer, or an answer from which nothing follows.
    Unknown {
        /// What was seen.
        cause: String,
    },
    /// It never left, or was turned away unread. It may be sent again, after so long if the provider said so.
    NeverSent {
        /// Why.
        cause: String,
        /// After how long the provider wants to be asked again.
        retry_after: Option<SignedDuration>,
    },
}

/// What a complete reading of a provider's books shows of something that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It was paid: an order of just this renewal is paid.
    Paid(Receipt),
    /// It was ordered and is not paid: an order of just this renewal stands open.
    Unpaid(RemoteOrder),
    /// The provider is still at work on it.
    Pending(String),
    /// The expiry is past the fence, and no order tells who moved it.
    Moved {
        /// Where it is.
        until: Date,
    },
    /// Nothing of it is there.
    Nothing,
    /// Several things could be it, or one that is not quite it; what was seen.
    Ambiguous(String),
}

/// What is on a provider's account to pay with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funds {
    /// What kind: `balance`, `credit line`, `card`.
    pub kind: String,
    /// How much; none where it is not for the provider to tell, as with cards.
    pub amount: Option<Money>,
}

/// How the amounts on an account are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// They pay for what is to be paid, tax included.
    WithTax,
    /// They were taxed when they were paid in, and pay for it without tax.
    WithoutTax,
}

/// A renewal that a provider charged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The order there.
    pub order: String,
    /// The services it renewed, as the provider calls them.
    pub services: Vec<String>,
    /// When it was paid.
    pub paid_at: Timestamp,
    /// What was paid, tax included.
    pub gross: Money,
}

/// Who we are at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The account there: a customer number, a mail address.
    pub account: String,
    /// How far the provider's clock is ahead of ours, where it told.
    pub ahead: Option<SignedDuration>,
    /// What the credentials may not do, of what renewing needs, where that can be told without trying.
    pub lacks: Vec<String>,
}

/// A page of the inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The services on it.
    pub holdings: Vec<Holding>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}

/// One of our accounts at a provider, as it is called.
pub trait Remote: Send + Sync {
    /// The API's name, such as `ovh`.
    fn provider(&self) -> &'static str;

    /// What the API is like.
    fn habits(&self) -> Habits;

    /// Who we are there. The cheapest call that proves the credentials.
    fn introduce(&self) -> BoxFuture<'_, Result<Introduction, CallError>>;

    /// A page of what we rent there: the first one, or the one that begins at what the page before said.
    fn inventory<'a>(&'a self, from: Option<&'a str>) -> BoxFuture<'a, Result<Page, CallError>>;

    /// One service now, its open orders, and where the books stand. None where it is gone.
    fn look<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<Option<Sight>, CallError>>;

    /// What renewing a service costs, for each of these lengths that the provider offers; for all it offers where none is
    /// named.
    fn offers<'a>(
        &'a self,
        holding: &'a Holding,
        lengths: &'a [Length],
    ) -> BoxFuture<'a, Result<Vec<Offer>, CallError>>;

    /// Orders a renewal, once. What the provider does with it, [`Habits::ordering`] says.
    fn order<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Outcome>;

    /// Pays an order, once.
    fn pay<'a>(&'a self, ask: &'a Ask, order: &'a RemoteOrder) -> BoxFuture<'a, Outcome>;

    /// Sees to it that an order is not paid by itself, where the provider may do so, and reads it once more. Whoever hears
    /// no error may say that it was not paid, and will not be unless somebody pays it. Harmless to repeat.
    fn leave_unpaid<'a>(&'a self, _order: &'a RemoteOrder) -> BoxFuture<'a, Result<(), CallError>> {
        let wish = "keep an order from being paid by itself";
        Box::pin(std::future::ready(Err(CallError::Cannot { provider: self.provider(), wish })))
    }

    /// Reads what became of a renewal that was sent: its order where it is known, else whatever has come since the
    /// watermark. Answers from a complete reading only.
    fn read_back<'a>(
        &'a self,
        ask: &'a Ask,
        watermark: &'a Watermark,
        order: Option<&'a RemoteOrder>,
    ) -> BoxFuture<'a, Result<Finding, CallError>>;

    /// Switches the provider's own automatic renewal of a service off. Harmless to repeat.
    fn switch_native_off<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), CallError>>;

    /// How the amounts of its funds are counted.
    fn funds_counted(&self) -> Counted {
        Counted::WithTax
    }

    /// What there is to pay with.
    fn funds(&self) -> BoxFuture<'_, Result<Vec<Funds>, CallError>>;

    /// The renewals that were charged for since an instant, whoever made them.
    fn charges(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<Charge>, CallError>>;
}
