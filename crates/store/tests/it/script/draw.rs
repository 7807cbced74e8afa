//! Drawing a script: what is asked of the ledger next, of whom, and when.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use perennial_core::calendar::Period;
use perennial_core::command::{Action, Command};
use perennial_core::idempotency::{Holds, Token};
use perennial_core::ids::{AccountId, ServiceId};
use perennial_core::money::{Currency, Money};

use super::dice::Dice;
use super::known::{Held, Known};
use super::master::ACCOUNTS;
use crate::world::{instant, period};

/// Something to do, and for whom.
pub type Drawn = (AccountId, Action);

/// Text as people and programs write it, and as it goes wrong on the way to a table. (None has a NUL: PostgreSQL cannot
/// keep one.)
const TEXTS: [&str; 16] = [
    "plain",
    "",
    " spaces around ",
    "tab\there",
    "line\nnext\r\n",
    "back\\slash \\n \\t \\x41 \\",
    "it's \"quoted\" `so` $1 ?1 :a {}",
    "åéß 漢字 🦀",
    "e\u{301} and \u{e9}",
    "\u{1}\u{7f}\u{feff}\u{fffd}",
    "NULL",
    "\\N",
    "a|b,c;d--e/*f*/",
    "%_%",
    "2026-01-01",
    "0",
];

const PERIODS: [&str; 5] = ["P1M", "P1Y", "P3M", "P1W", "P2Y"];

/// Every kind of action: how often it is drawn, in parts, and by what. One that is missing does not compile.
macro_rules! actions {
    ($($kind:ident $parts:literal $draw:ident)*) => {
        /// Every kind of action by its name, how often it is drawn, and by what.
        pub const ACTIONS: &[(&str, usize, fn(&mut Script) -> Drawn)] =
            &[$((stringify!($kind), $parts, Script::$draw)),*];

        /// The name of the kind of an action.
        pub fn name(action: &Action) -> &'static str {
            match action {
                $(Action::$kind { .. } => stringify!($kind),)*
            }
        }
    };
}

actions! {
    Attend 150 attend
    Renew 220 renew
    RenewNow 120 renew_now
    Buy 60 buy
    Deposit 40 deposit
    ReviseOrder 70 revise
    LinkOrder 40 link
    ViewLink 30 view_link
    Pay 160 pay
    CancelOrder 25 cancel_order
    CreditOrder 30 credit_order
    NoteCharge 50 note_charge
    SettleCharge 70 settle_charge
    CreditBalance 70 credit_balance
    SetRenewal 40 set_renewal
    SetRenewals 40 set_renewals
    Cancel 40 cancel
    Reinstate 40 reinstate
    Rename 30 rename
    Suspend 40 suspend
    Reopen 30 reopen
    Terminate 15 terminate
    RequestTermination 40 request_termination
    ConfirmTermination 40 confirm_termination
    AddMethod 40 add_method
    EditMethod 30 edit_method
    RemoveMethod 20 remove_method
    EditAccount 30 edit_account
    RecordJob 30 record_job
    RegisterApplication 30 register_application
    RevokeApplication 10 revoke_application
    EditApplication 20 edit_application
    IssueCredential 50 issue_credential
    ApproveCredential 30 approve_credential
    RefuseCredential 20 refuse_credential
    EditCredential 20 edit_credential
    ExpireCredential 15 expire_credential
    TouchCredential 30 touch_credential
    UseNonce 50 use_nonce
}

/// A script in the making: its dice, its clock, and what is known of the ledger.
pub struct Script {
    pub dice: Dice,
    pub now: Timestamp,
    pub known: Known,
    made: i64,
}

impl Script {
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), now: instant("2026-01-15T12:00:00Z"), known: Known::default(), made: 0 }
    }

    /// Moves the clock on: by hours as a rule, by days, or once in a while by months.
    pub fn wait(&mut self) {
        const HOUR: i64 = 3_600_000_000;
        let micros = match self.dice.below(100) {
            0 => self.dice.int(24 * 20 * HOUR..=24 * 60 * HOUR),
            1..8 => self.dice.int(24 * HOUR..=5 * 24 * HOUR),
            8..40 => self.dice.int(HOUR..=24 * HOUR),
            _ => self.dice.int(0..=3 * HOUR),
        };
        self.now += SignedDuration::from_micros(micros);
        let long_ago = self.today().saturating_sub(jiff::Span::new().days(90));
        self.known.bury(|held| held.until < long_ago);
        self.known.lapse(self.now);
    }

    /// The next commands, so many at the most, of which some repeat earlier ones.
    pub fn batch(&mut self, most: usize) -> Vec<Command> {
        let count = match self.dice.below(4) {
            0 => 1,
            1 | 2 => 1 + self.dice.below(16),
            _ => 1 + self.dice.below(64),
        };
        let commands: Vec<_> = (0..count).map(|_| self.command()).collect();
        commands.into_iter().take(most).collect()
    }

    fn command(&mut self) -> Command {
        if self.dice.one_in(14)
            && let Some(repeated) = self.repeated()
        {
            return repeated;
        }
        let whole = ACTIONS.iter().map(|(_, parts, _)| parts).sum();
        let mut at = self.dice.below(whole);
        let mut draw = ACTIONS[0].2;
        for (_, parts, of) in ACTIONS {
            if at < *parts {
                draw = *of;
                break;
            }
            at -= parts;
        }
        let (owner, action) = draw(self);
        let account = if self.dice.one_in(30) { self.account() } else { owner };
        let token = self.dice.one_in(4).then(|| self.token());
        Command { account, token, action }
    }

    /// A command whose token was used before: the very same one, or the token with another digest.
    fn repeated(&mut self) -> Option<Command> {
        let mut repeated = self.dice.lately(&self.known.tokens)?.clone();
        let token = repeated.token.as_mut()?;
        match self.dice.below(6) {
            0 => token.digest = self.dice.digest(),
            1 => token.holds = Holds::Always,
            2 => token.holds = Holds::WhileUnmoved,
            _ => {}
        }
        Some(repeated)
    }

    fn token(&mut self) -> Token {
        let key = match self.dice.below(60) {
            0 => String::new(),
            1 => "x".repeat(65),
            2 => "é".to_owned(),
            3 => "x".repeat(64),
            _ => format!("Key {} ~", self.new_number()),
        };
        let kept = SignedDuration::from_hours(self.dice.int(0..=24 * 40));
        let holds = *self.dice.pick(&[Holds::Always, Holds::Always, Holds::WhileUnmoved]);
        let operation = (*self.dice.pick(&["renew", "pay", "Pay"])).to_owned();
        Token { operation, key, digest: self.dice.digest(), kept, holds }
    }

    /// A number that was not drawn before.
    pub fn new_number(&mut self) -> i64 {
        self.made += 1;
        self.made
    }

    pub fn today(&self) -> Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// So many hours from now.
    pub fn hours(&mut self, range: std::ops::RangeInclusive<i64>) -> Timestamp {
        self.now + SignedDuration::from_hours(self.dice.int(range))
    }

    /// An account; seldom one that is not there.
    pub fn account(&mut self) -> AccountId {
        if self.dice.one_in(20) { AccountId(99) } else { self.customer() }
    }

    /// An account that is there.
    pub fn customer(&mut self) -> AccountId {
        ACCOUNTS[self.dice.below(ACCOUNTS.len())]
    }

    /// A service; seldom one that was stopped, has ended, or was never there.
    pub fn service(&mut self) -> Held {
        let known = if self.dice.one_in(25) { &self.known.gone } else { &self.known.services };
        let mut held = None;
        for _ in 0..4 {
            held = if known.is_empty() { None } else { Some(*self.dice.pick(known)) };
            if held.is_some_and(|held| self.known.runs(held.id)) {
                break;
            }
        }
        let unknown = Held { account: self.customer(), id: ServiceId(777_777), parent: None, until: self.today() };
        held.filter(|_| !self.dice.one_in(60)).unwrap_or(unknown)
    }

    pub fn period(&mut self) -> Period {
        let drawn = *self.dice.pick(&PERIODS);
        period(if self.dice.one_in(2) { "P1M" } else { drawn })
    }

    pub fn text(&mut self) -> String {
        match self.dice.below(30) {
            0 => "long 漢 ".repeat(400),
            1..15 => format!("text {}", self.new_number()),
            _ => (*self.dice.pick(&TEXTS)).to_owned(),
        }
    }

    pub fn facts(&mut self) -> BTreeMap<String, String> {
        (0..self.dice.below(4)).map(|_| (self.text(), self.text())).collect()
    }

    /// An amount as an account pays it; seldom in another currency, or none at all.
    pub fn amount(&mut self, account: AccountId, range: std::ops::RangeInclusive<i64>) -> Money {
        let currency = if self.dice.one_in(25) { Currency::CNY } else { super::master::currency(account) };
        let minor = if self.dice.one_in(25) { self.dice.int(-5..=0) } else { self.dice.int(range) };
        Money::new(minor, currency)
    }
}
