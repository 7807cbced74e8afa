//! What a handler sees of a request, and what it answers.

use jiff::Timestamp;
use perennial_core::account::Account;
use perennial_core::command::{Action, Command, Reply};
use perennial_core::decide::replayed;
use perennial_core::idempotency::Token;
use perennial_core::ports::{self, Rejection};
use perennial_core::snapshot::{Snapshot, Want};
use serde::Serialize;

use super::Aliyun;
use super::caller::Caller;
use crate::aliyun::auth::Parameters;
use crate::aliyun::wire::error::Failure;
use crate::{Ports, Request};

/// What a handler sees of a request.
pub(super) struct Context<'a> {
    /// The dialect, with its settings.
    pub aliyun: &'a Aliyun,
    /// The rest of the house.
    pub ports: &'a Ports,
    /// The request as it came in.
    pub request: &'a Request,
    /// Its parameters.
    pub parameters: &'a Parameters,
    /// When it came in.
    pub now: Timestamp,
    /// Who calls.
    pub caller: &'a Caller,
}

/// The JSON object of a reply, without what every reply has.
#[derive(Debug)]
pub(super) struct Answer(pub Vec<u8>);

/// What an action answers.
pub(super) type Answered = Result<Answer, Failure>;

impl Answer {
    /// Writes a value that is an object.
    pub fn json(value: &impl Serialize) -> Answered {
        let text = serde_json::to_vec(value).map_err(|error| ports::Failure::new("write a reply", error))?;
        Ok(Self(text))
    }

    /// Nothing but what every reply has.
    pub fn nothing() -> Self {
        Self(b"{}".to_vec())
    }
}

impl Context<'_> {
    /// The account that the call is for.
    pub fn account(&self) -> &Account {
        &self.caller.account
    }

    /// A parameter; one that is empty counts as absent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// A parameter without which there is no call.
    pub fn required(&self, name: &str) -> Result<&str, Failure> {
        self.text(name).ok_or_else(|| Failure::missing(name))
    }

    /// A parameter that is true or false, in whatever case: the Python SDKs write `True`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Failure> {
        let read = |text: &str| match text {
            _ if text.eq_ignore_ascii_case("true") => Ok(true),
            _ if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(Failure::invalid_parameter(name)),
        };
        self.text(name).map(read).transpose()
    }

    /// Loads from the ledger.
    pub fn load(&self, wants: &[Want]) -> Result<Snapshot, Failure> {
        Ok(self.ports.books.load(wants)?)
    }

    /// Carries an action out for the caller's account.
    pub async fn submit(&self, token: Option<Token>, action: Action) -> Result<Reply, Rejection> {
        self.ports.lane.submit(Command { account: self.account().id, token, action }).await
    }

    /// What the same request was answered before under its token. To be asked before anything is looked at that may
    /// have changed since.
    pub fn answered_before(&self, token: &Token) -> Result<Option<Reply>, Rejection> {
        let account = self.account().id;
        let seen = self.ports.books.load(&[Want::Replay(token.lookup(account))])?;
        Ok(replayed(self.now, &seen, account, Some(token))?)
    }
}
