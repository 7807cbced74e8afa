//! Notices: what leaves for a person after a commit, through the outbox.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::charge::Decline;
use crate::ids::{AccountId, MethodId, OrderId, ServiceId};
use crate::refusal::Refusal;

/// Why an order was not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpaid {
    /// The balance does not cover it.
    BalanceShort,
    /// The credit line does not cover it.
    CreditShort,
    /// The account has no method that could be charged for it.
    NoMethod,
    /// The method is not valid any more.
    MethodNotValid,
    /// A service of it cannot be renewed now.
    NotRenewable,
    /// The gateway declined the charge.
    Declined(Decline),
    /// The money came too late for the order and is on the balance.
    Credited,
    /// Something else.
    Other,
}

impl Unpaid {
    const PLAIN: [Self; 7] = [
        Self::BalanceShort,
        Self::CreditShort,
        Self::NoMethod,
        Self::MethodNotValid,
        Self::NotRenewable,
        Self::Credited,
        Self::Other,
    ];

    /// Every reason.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::PLAIN.into_iter().chain(Decline::ALL.map(Self::Declined))
    }

    /// The word for it in SQL, events and the texts of mails.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BalanceShort => "balance-short",
            Self::CreditShort => "credit-short",
            Self::NoMethod => "no-method",
            Self::MethodNotValid => "method-not-valid",
            Self::NotRenewable => "not-renewable",
            Self::Declined(decline) => decline.word(),
            Self::Credited => "credited",
            Self::Other => "other",
        }
    }

    /// Reads the word; one that is not known is another reason.
    pub fn from_word(word: &str) -> Self {
        Self::all().find(|reason| reason.word() == word).unwrap_or(Self::Other)
    }
}

impl From<&Refusal> for Unpaid {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::BalanceShort { .. } => Self::BalanceShort,
            Refusal::CreditShort { .. } => Self::CreditShort,
            Refusal::MethodNotTaken(_) => Self::NoMethod,
            Refusal::MethodNotValid(_) => Self::MethodNotValid,
            Refusal::NotRenewable { .. } | Refusal::FenceMoved { .. } => Self::NotRenewable,
            Refusal::ChargeDeclined { decline, .. } => Self::Declined(*decline),
            _ => Self::Other,
        }
    }
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Somebody asked to terminate a service; the owner confirms with this token.
    TerminationRequested {
        /// Which service.
        service: ServiceId,
        /// The service's name.
        name: String,
        /// The secret that confirms it.
        token: String,
    },
    /// A service is about to expire, and nothing renews it.
    Expiring {
        /// Which service.
        service: ServiceId,
        /// The service's name.
        name: String,
        /// Its expiry.
        until: Date,
    },
    /// A service is about to end, as its owner asked.
    Ending {
        /// Which service.
        service: ServiceId,
        /// The service's name.
        name: String,
        /// Its expiry.
        until: Date,
    },
    /// A service's renewal is ordered, and will be paid by the schedule.
    Proposed {
        /// The order.
        order: OrderId,
        /// The day on which it will be paid.
        on: Date,
    },
    /// The method that an order is to be paid with ends before the day.
    MethodEnds {
        /// The order.
        order: OrderId,
        /// The method.
        method: MethodId,
        /// The last day on which the method can be charged.
        until: Date,
        /// The day on which the order will be paid.
        on: Date,
    },
    /// An order was paid by the schedule.
    Paid {
        /// The order.
        order: OrderId,
    },
    /// An order could not be paid by the schedule.
    NotPaid {
        /// The order.
        order: OrderId,
        /// Why.
        reason: Unpaid,
        /// The day on which it will be tried again; none for no more.
        again_on: Option<Date>,
    },
    /// A service has expired and still runs.
    Expired {
        /// Which service.
        service: ServiceId,
        /// The service's name.
        name: String,
        /// Its expiry.
        until: Date,
        /// The day on which it will be stopped.
        on: Date,
    },
    /// A service is stopped, and can still be renewed.
    Suspended {
        /// Which service.
        service: ServiceId,
        /// The service's name.
        name: String,
        /// Its expiry.
        until: Date,
        /// The day on which it will be gone.
        on: Date,
    },
    /// A service is deleted, and can be had back for a fee.
    Redemption {
        /// Which service.
        service: ServiceId,
        /// The service's name.
        name: String,
        /// Its expiry.
        until: Date,
        /// The day on which it will be gone.
        on: Date,
    },
    /// A service is gone.
    Terminated {
        /// Which service.
        service: ServiceId,
        /// The service's name.
        name: String,
        /// Its expiry.
        until: Date,
    },
}

impl NoticeKind {
    /// The word of each kind.
    pub const WORDS: [&'static str; 11] = [
        "termination-requested",
        "expiring",
        "ending",
        "proposed",
        "method-ends",
        "paid",
        "not-paid",
        "expired",
        "suspended",
        "redemption",
        "terminated",
    ];

    /// The word for it in SQL, file names and events.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::TerminationRequested { .. } => "termination-requested",
            Self::Expiring { .. } => "expiring",
            Self::Ending { .. } => "ending",
            Self::Proposed { .. } => "proposed",
            Self::MethodEnds { .. } => "method-ends",
            Self::Paid { .. } => "paid",
            Self::NotPaid { .. } => "not-paid",
            Self::Expired { .. } => "expired",
            Self::Suspended { .. } => "suspended",
            Self::Redemption { .. } => "redemption",
            Self::Terminated { .. } => "terminated",
        }
    }

    /// What it tells.
    pub fn told(&self) -> Told {
        let of = |service: ServiceId, name: &String| Told {
            service: Some(service),
            name: Some(name.clone()),
            ..Told::default()
        };
        let about = |order: OrderId| Told { order: Some(order), ..Told::default() };
        match self {
            Self::TerminationRequested { service, name, token } => {
                Told { token: Some(token.clone()), ..of(*service, name) }
            }
            Self::Expiring { service, name, until }
            | Self::Ending { service, name, until }
            | Self::Terminated { service, name, until } => Told { until: Some(*until), ..of(*service, name) },
            Self::Expired { service, name, until, on }
            | Self::Suspended { service, name, until, on }
            | Self::Redemption { service, name, until, on } => {
                Told { until: Some(*until), on: Some(*on), ..of(*service, name) }
            }
            Self::Proposed { order, on } => Told { on: Some(*on), ..about(*order) },
            Self::MethodEnds { order, method, until, on } => {
                Told { method: Some(*method), until: Some(*until), on: Some(*on), ..about(*order) }
            }
            Self::Paid { order } => about(*order),
            Self::NotPaid { order, reason, again_on } => {
                Told { reason: Some(reason.word().to_owned()), on: *again_on, ..about(*order) }
            }
        }
    }
}

/// What a notice tells besides its kind: of each kind, the same parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The service that it is about.
    pub service: Option<ServiceId>,
    /// The order that it is about.
    pub order: Option<OrderId>,
    /// The method that it is about.
    pub method: Option<MethodId>,
    /// The service's name.
    pub name: Option<String>,
    /// A secret that its reader sends back.
    pub token: Option<String>,
    /// An expiry, or the last day of a method.
    pub until: Option<Date>,
    /// The day on which the next thing happens.
    pub on: Option<Date>,
    /// Why something did not happen, as [`Unpaid::word`] has it.
    pub reason: Option<String>,
}

impl Told {
    /// The notice of a kind, by its word, that tells this; none where something is missing, or there is no such kind.
    pub fn kind(self, word: &str) -> Option<NoticeKind> {
        let Self { service, order, method, name, token, until, on, reason } = self;
        Some(match word {
            "termination-requested" => {
                NoticeKind::TerminationRequested { service: service?, name: name?, token: token? }
            }
            "expiring" => NoticeKind::Expiring { service: service?, name: name?, until: until? },
            "ending" => NoticeKind::Ending { service: service?, name: name?, until: until? },
            "proposed" => NoticeKind::Proposed { order: order?, on: on? },
            "method-ends" => NoticeKind::MethodEnds { order: order?, method: method?, until: until?, on: on? },
            "paid" => NoticeKind::Paid { order: order? },
            "not-paid" => NoticeKind::NotPaid { order: order?, reason: Unpaid::from_word(&reason?), again_on: on },
            "expired" => NoticeKind::Expired { service: service?, name: name?, until: until?, on: on? },
            "suspended" => NoticeKind::Suspended { service: service?, name: name?, until: until?, on: on? },
            "redemption" => NoticeKind::Redemption { service: service?, name: name?, until: until?, on: on? },
            "terminated" => NoticeKind::Terminated { service: service?, name: name?, until: until? },
            _ => return None,
        })
    }
}

/// A message to an account's owner, written in the commit that caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whose owner hears it.
    pub account: AccountId,
    /// What it is about.
    pub kind: NoticeKind,
    /// When it was caused.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_word_and_is_read_back_by_it() {
        let (text, day) = (|| Some("text".to_owned()), Some(Date::constant(2027, 1, 31)));
        for word in NoticeKind::WORDS {
            let all = Told {
                service: Some(ServiceId(1)),
                order: Some(OrderId(2)),
                method: Some(MethodId(3)),
                name: text(),
                token: text(),
                until: day,
                on: day,
                reason: Some("balance-short".to_owned()),
            };
            let kind = all.kind(word).unwrap_or_else(|| panic!("there is no {word}"));
            assert_eq!(kind.word(), word);
            assert_eq!(kind.told().kind(word), Some(kind), "{word} tells all that it needs");
        }
        assert_eq!(Told::default().kind("expiring"), None, "something is missing");
    }
}
