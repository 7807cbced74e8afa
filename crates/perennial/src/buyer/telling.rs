//! What became of each renewal, in words and as documents.

use jiff::Timestamp;
use perennial_core::buyer::holding::{Holding, HoldingKey};
use perennial_core::buyer::intent::{By, Intent, IntentId, State};
use perennial_core::buyer::plan::Reason;
use perennial_store::{Filed, Note};
use serde_json::{Value, json};

use super::document;
use super::ending::Ending;
use crate::output::minute;

/// How many digits of an intent's id people are shown; commands take as few as tell it apart.
const ID_DIGITS: usize = 12;

/// A service, and what became of its renewal.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which one.
    pub key: HoldingKey,
    /// What the provider calls it.
    pub name: String,
    /// What became of it.
    pub became: Became,
    /// What keeps it from being settled, where that could be seen.
    pub trouble: Option<String>,
}

/// What became of a renewal.
#[derive(Clone, Debug)]
pub enum Became {
    /// It was carried so far.
    Carried(Box<Intent>),
    /// Another process is at it.
    Elsewhere(Box<Intent>),
    /// It was renewed from this expiry before.
    Before(IntentId),
    /// It was not taken on: the policy, or what is on file.
    LeftOut(Reason),
    /// It was not taken on: no rule is for it any more.
    NoRule,
    /// It was not taken on, or not carried on: something failed before anything could be sent.
    Failed(String),
}

impl Told {
    /// Of an intent that was carried, by us or by somebody else.
    pub fn of(intent: Intent, is_ours: bool) -> Self {
        let (key, name) = (intent.key.clone(), intent.ask.name.clone());
        let intent = Box::new(intent);
        let became = if is_ours { Became::Carried(intent) } else { Became::Elsewhere(intent) };
        Self { key, name, became, trouble: None }
    }

    /// Tells as well what its notes say of why it is not settled.
    pub fn noted(mut self, notes: &[Note]) -> Self {
        if let Became::Carried(intent) | Became::Elsewhere(intent) = &self.became {
            self.trouble = trouble(&intent.state, notes).map(str::to_owned);
        }
        self
    }

    /// Of a service that was not taken on.
    pub fn about(holding: &Holding, became: Became) -> Self {
        Self { key: holding.key.clone(), name: holding.name.clone(), became, trouble: None }
    }

    /// How it ended.
    pub const fn ending(&self) -> Ending {
        match &self.became {
            Became::Carried(intent) | Became::Elsewhere(intent) => ending(&intent.state),
            Became::Before(_) => Ending::Done,
            Became::LeftOut(reason) => ending_of(reason),
            Became::NoRule => Ending::Refused,
            Became::Failed(_) => Ending::Failed,
        }
    }

    /// The word for what became of it.
    pub const fn word(&self) -> &'static str {
        match &self.became {
            Became::Carried(intent) | Became::Elsewhere(intent) => match &intent.state {
                State::Foreign { .. } => "foreign",
                state => word(ending(state)),
            },
            Became::Before(_) => "renewed-before",
            _ => word(self.ending()),
        }
    }

    /// What became of it, for people, at an instant.
    pub fn words(&self, now: Timestamp) -> String {
        with_trouble(self.became_words(now), self.trouble.as_deref())
    }

    fn became_words(&self, now: Timestamp) -> String {
        match &self.became {
            Became::Elsewhere(intent) if intent.state.is_open() => {
                format!("another process is at it: {}", intent_words(intent, now))
            }
            Became::Carried(intent) | Became::Elsewhere(intent) => intent_words(intent, now),
            Became::Before(id) => format!("renewed from this expiry already, by intent {}", short(id)),
            Became::LeftOut(reason) => format!("not renewed: {reason}"),
            Became::NoRule => "not renewed: no rule of the policy is for it any more".to_owned(),
            Became::Failed(why) => format!("not renewed: {why}"),
        }
    }

    /// The same as a line of JSON.
    pub fn document(&self, now: Timestamp) -> Value {
        let what = json!({ "result": self.word(), "exit_code": self.ending().number(false), "name": self.name });
        let document = document::with(document::key(&self.key), what);
        let more = match &self.became {
            Became::Carried(intent) | Became::Elsewhere(intent) => {
                let is_elsewhere = matches!(self.became, Became::Elsewhere(_));
                document::with(
                    document::intent(intent, now),
                    json!({ "is_elsewhere": is_elsewhere, "trouble": self.trouble }),
                )
            }
            Became::Before(id) => json!({ "intent": id.0 }),
            Became::LeftOut(reason) => json!({ "reason": document::reason(reason), "why": reason.to_string() }),
            Became::NoRule => json!({ "reason": "no-rule", "why": "no rule of the policy is for it any more" }),
            Became::Failed(why) => json!({ "why": why }),
        };
        document::line("result", document::with(document, more))
    }
}

const fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Done => "left-to-end",
        Ending::Changed => "renewed",
        Ending::Refused => "refused",
        Ending::Failed => "failed",
        Ending::Waiting => "waiting",
        Ending::Unknown => "unknown",
    }
}

/// How a command ended that left an intent in a state.
pub const fn ending(state: &State) -> Ending {
    match state {
        State::Done(_) => Ending::Changed,
        // Somebody else was first: nothing was paid, and the plan did not hold.
        State::Foreign { .. } | State::Refused { by: By::Us | By::Person, .. } => Ending::Refused,
        State::Refused { by: By::Provider | By::Network, .. } => Ending::Failed,
        State::Planned | State::Ordered(_) | State::Confirming { .. } => Ending::Waiting,
        State::Ordering | State::Paying(_) | State::Unsure { .. } | State::Parked { .. } => Ending::Unknown,
    }
}

/// How a command ended that left a due service out.
pub const fn ending_of(reason: &Reason) -> Ending {
    match reason {
        Reason::Never | Reason::Renewed(_) => Ending::Done,
        Reason::Open(_) => Ending::Waiting,
        Reason::NoPrice(_) => Ending::Failed,
        Reason::Blocked(_)
        | Reason::OtherName(_)
        | Reason::NativeToo
        | Reason::NativeLapsed { .. }
        | Reason::NotOffered
        | Reason::CannotAlign
        | Reason::TooDear { .. }
        | Reason::OtherCurrency { .. }
        | Reason::OverBudget { .. } => Ending::Refused,
    }
}

/// How far an intent was carried, for people.
pub fn intent_words(intent: &Intent, now: Timestamp) -> String {
    let left = || left(intent.expires_at, now);
    let next = || match intent.next_at {
        Some(at) => format!("`perennial apply` or `perennial watch` goes on with it, from {} on", minute(at)),
        None => "`perennial apply` or `perennial watch` goes on with it".to_owned(),
    };
    match &intent.state {
        State::Planned => format!("waiting: nothing was sent yet; {}; {}", next(), left()),
        State::Ordered(order) => format!("waiting: order {} is not paid yet; {}; {}", order.id, next(), left()),
        State::Confirming { .. } => {
            format!("waiting: it is paid, the provider says, and the expiry is to show it; {}", next())
        }
        State::Ordering | State::Paying(_) => {
            format!("unknown: something may have been sent; it is read back before anything else; {}", left())
        }
        State::Unsure { .. } => format!("unknown: what was sent is to be read back; {}; {}", next(), left()),
        State::Parked { why, .. } => {
            format!("unknown, and a person decides: {why}; {}; `perennial resolve {}`", left(), short(&intent.id))
        }
        State::Done(receipt) => {
            let paid = receipt.paid.map_or_else(String::new, |paid| format!(", for {paid}"));
            match receipt.until {
                Some(until) => format!("renewed until {until}{paid}"),
                None => format!("renewed, a person says{paid}"),
            }
        }
        State::Foreign { until } => format!("somebody else renewed it until {until}; nothing was paid"),
        State::Refused { by, why, left } => {
            let order =
                left.as_ref().map_or_else(String::new, |order| format!("; order {} stays unpaid there", order.id));
            let by = match by {
                By::Us | By::Person => "not renewed",
                By::Provider => "not renewed, the provider says no",
                By::Network => "not renewed, the provider was not reached",
            };
            format!("{by}: {why}{order}")
        }
    }
}

/// Adds what keeps an intent from being settled, where the words do not say it themselves.
pub fn with_trouble(words: String, trouble: Option<&str>) -> String {
    match trouble {
        Some(trouble) if !words.contains(trouble) => format!("{words}; seen last: {trouble}"),
        _ => words,
    }
}

/// What keeps an open intent from being settled: the last reading, if it failed, or why nothing could be sent. None where
/// it is settled, or where the last that was seen was an answer.
pub fn trouble<'a>(state: &State, notes: &'a [Note]) -> Option<&'a str> {
    /// Notes that tell only what is done next, or what follows.
    const PLANS: [&str; 4] = ["taken up", "goes on", "reads again", "parked: "];
    const TROUBLES: [&str; 3] = ["could not be read", "nothing was sent, and it is tried again: ", "paid long ago"];
    let starts = |note: &Note, words: &[&str]| words.iter().any(|word| note.text.starts_with(word));
    let last = notes.iter().rev().find(|note| !starts(note, &PLANS)).filter(|_| state.is_open())?;
    starts(last, &TROUBLES).then_some(last.text.as_str())
}

/// How long it is until an expiry, for people.
pub fn left(expires_at: Timestamp, now: Timestamp) -> String {
    if expires_at < now {
        return format!("it expired {} h ago", now.duration_since(expires_at).as_hours());
    }
    format!("{} h until it expires", document::hours_left(expires_at, now))
}

/// An intent's id, as people are shown it.
pub fn short(id: &IntentId) -> &str {
    id.0.get(..ID_DIGITS).unwrap_or(&id.0)
}

/// Who has taken an intent up, if somebody has.
pub fn holder(filed: &Filed, now: Timestamp) -> Option<&str> {
    filed.holder.as_ref().filter(|(_, until)| *until > now).map(|(who, _)| who.as_str())
}

/// How several ended: the worst of them, and a count of each, for people.
pub fn summary(told: &[Told]) -> (Ending, String) {
    const WORDS: [&str; 8] =
        ["renewed", "foreign", "renewed-before", "left-to-end", "waiting", "unknown", "refused", "failed"];
    let worst = told.iter().map(Told::ending).max().unwrap_or_default();
    let count = |word: &str| told.iter().filter(|each| each.word() == word).count();
    let counts = WORDS.into_iter().map(|word| (word, count(word))).filter(|(_, count)| *count > 0);
    let words: Vec<_> = counts.map(|(word, count)| format!("{count} {}", word.replace('-', " "))).collect();
    (worst, if words.is_empty() { "nothing was to be done".to_owned() } else { words.join(", ") })
}

#[cfg(test)]
mod tests {
    use perennial_core::buyer::intent::{Sender, Sent};
    use perennial_core::buyer::remote::{Receipt, RemoteOrder};

    use super::*;
    use crate::buyer::example::{self, euros};

    /// Every state, with its ending, its word, and some of what people read.
    fn rows() -> Vec<(State, u8, &'static str, &'static str)> {
        let order =
            RemoteOrder { id: "A1".to_owned(), invoice: None, gross: euros("10"), until: None, services: Vec::new() };
        let receipt = Receipt { paid: Some(euros("10")), until: "2027-01-15".parse().ok(), ..Receipt::default() };
        let refused = |by| State::Refused { by, why: "the price is 11.00 EUR now".to_owned(), left: None };
        let sent = || Sent::Payment(order.clone());
        let unsure = State::Unsure { sent: sent(), sender: Sender::Ended, clean: 0, reads: 0 };
        let parked = State::Parked { sent: sent(), why: "two orders could be it".to_owned() };
        vec![
            (State::Done(receipt.clone()), 0, "renewed", "renewed until 2027-01-15, for 10.00 EUR"),
            (State::Done(Receipt::default()), 0, "renewed", "renewed, a person says"),
            (State::Foreign { until: receipt.until.expect("is set") }, 12, "foreign", "somebody else renewed it until"),
            (refused(By::Us), 12, "refused", "not renewed: the price is 11.00 EUR now"),
            (refused(By::Person), 12, "refused", "not renewed: the price"),
            (refused(By::Provider), 1, "failed", "the provider says no: the price"),
            (refused(By::Network), 1, "failed", "the provider was not reached: the price"),
            (State::Planned, 10, "waiting", "nothing was sent yet"),
            (State::Ordered(order.clone()), 10, "waiting", "order A1 is not paid yet"),
            (State::Confirming { receipt, reads: 1 }, 10, "waiting", "the expiry is to show it"),
            (State::Ordering, 11, "unknown", "read back before anything else"),
            (State::Paying(order.clone()), 11, "unknown", "read back before anything else"),
            (unsure, 11, "unknown", "is to be read back"),
            (parked, 11, "unknown", "two orders could be it; 24 h until it expires; `perennial resolve 000000000000`"),
        ]
    }

    #[test]
    fn each_state_ends_in_its_own_way() {
        let now = "2026-12-14T00:00:00Z".parse().expect("is an instant");
        for (state, code, word, words) in rows() {
            let told = Told::of(example::intent("ovh", "1", "10", state.clone()), true);
            assert_eq!((told.ending().number(false), told.word()), (code, word), "{state:?}");
            assert!(told.words(now).contains(words), "{state:?}: {}", told.words(now));
            let document = told.document(now);
            assert_eq!((&document["result"], &document["version"]), (&json!(word), &json!(1)), "{document}");
            assert!(!document.to_string().contains("token"), "{document}");
        }
    }

    /// The notes are those that the rules write: the words are theirs.
    #[test]
    fn a_reading_that_failed_is_told_until_one_has_not() {
        use jiff::SignedDuration;
        use perennial_core::buyer::intent::{Event, next};
        use perennial_core::buyer::remote::{CallError, Finding, Habits, OrderEffect, Said};

        let habits = Habits {
            ordering: OrderEffect::Unpaid,
            settles_in: SignedDuration::from_secs(30),
            aligns: false,
            switches_native: false,
        };
        let revoked = || {
            let said = Said { status: 401, code: None, text: "Unauthenticated".to_owned() };
            Event::Unreadable(CallError::Refused { provider: "vpsbg", call: "GET /orders".to_owned(), said })
        };
        let mut now: Timestamp = "2026-12-01T00:01:00Z".parse().expect("is an instant");
        let unsure = State::Unsure { sent: Sent::Order, sender: Sender::Ended, clean: 0, reads: 0 };
        let (mut intent, mut notes) = (example::intent("vpsbg", "1", "10", unsure), Vec::new());
        let mut tell = |events: Vec<Event>| {
            for event in events {
                let step = next(&intent, habits, now, event);
                now = now.checked_add(SignedDuration::from_hours(5)).expect("is an instant");
                notes.push(Note { at: now, state: step.intent.state.word().to_owned(), text: step.note });
                intent = step.intent;
            }
            Told::of(intent.clone(), true).noted(&notes).words(now)
        };
        let again = || Event::TakenUp { before: Sender::Ended };
        let failed = "could not be read back: vpsbg refuses `GET /orders`: Unauthenticated (401)";
        assert!(tell(vec![revoked(), again()]).ends_with(&format!("; seen last: {failed}")));
        let read = tell(vec![Event::Found(Finding::Nothing), again()]);
        assert!(!read.contains("could not be read"), "{read}");
        let parked = tell([again(), revoked()].into_iter().chain((0..6).map(|_| revoked())).collect());
        assert!(parked.contains("a person decides") && parked.contains("Unauthenticated (401)"), "{parked}");
    }

    #[test]
    fn what_is_left_out_ends_by_its_reason() {
        let holding = example::holding("ovh", "1", "2026-12-15");
        let dear = Reason::TooDear { price: euros("11"), max: euros("10") };
        for (reason, code) in [
            (Reason::Never, 0),
            (Reason::Renewed(IntentId("x".to_owned())), 0),
            (Reason::Open(IntentId("x".to_owned())), 10),
            (Reason::NoPrice("no answer".to_owned()), 1),
            (Reason::NativeToo, 12),
            (Reason::OtherName(holding.key.provider.clone()), 12),
            (dear, 12),
        ] {
            let told = Told::about(&holding, Became::LeftOut(reason.clone()));
            assert_eq!(told.ending().number(true), code, "{reason:?}");
        }
        assert_eq!(Told::about(&holding, Became::NoRule).ending().number(true), 12);
    }

    #[test]
    fn the_summary_counts_each_and_ends_with_the_worst() {
        let told: Vec<_> =
            rows().into_iter().map(|(state, ..)| Told::of(example::intent("ovh", "1", "10", state), true)).collect();
        let (worst, words) = summary(&told);
        assert_eq!(worst, Ending::Unknown);
        assert_eq!(words, "2 renewed, 1 foreign, 3 waiting, 4 unknown, 2 refused, 2 failed");
        assert_eq!(summary(&[]), (Ending::Done, "nothing was to be done".to_owned()));
    }

    #[test]
    fn what_has_expired_is_told_so() {
        let at = |text: &str| text.parse::<Timestamp>().expect("is an instant");
        let expiry = at("2026-11-22T12:00:00Z");
        assert_eq!(left(expiry, at("2026-11-22T09:30:00Z")), "2 h until it expires");
        assert_eq!(left(expiry, at("2026-11-22T14:30:00Z")), "it expired 2 h ago");
    }
}
