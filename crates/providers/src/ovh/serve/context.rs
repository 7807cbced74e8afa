//! What a handler sees of a request, and what it answers.

use std::str::FromStr;

use bytes::Bytes;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use perennial_core::account::Account;
use perennial_core::command::{Action, Command, Reply};
use perennial_core::credential::{Application, Credential, Flow};
use perennial_core::idempotency::Token;
use perennial_core::ids::AccountId;
use perennial_core::money::Money;
use perennial_core::ports::{Rejection, Span};
use perennial_core::snapshot::{Snapshot, Want};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Ovh, Paced};
use crate::common::body::body;
use crate::common::path::Params;
use crate::common::query::Query;
use crate::common::token::token;
use crate::ovh::wire::error::{AuthError, Failure};
use crate::ovh::wire::money::Price;
use crate::ovh::wire::scalar::DateTime;
use crate::{Ports, Request};

/// Who calls: proved, and allowed to make this very call.
pub(super) struct Caller {
    /// The account that the call is for.
    pub account: Account,
    /// What was presented.
    pub credential: Credential,
    /// The application it was given to.
    pub application: Application,
    /// The secret that its requests are signed with; empty for bearer tokens.
    pub secret: String,
}

impl Caller {
    /// Whose requests are counted together with this one: tokens of OAuth2 are cheap to have, so all of a client's are.
    pub fn paced(&self) -> Paced {
        match self.application.flow {
            Flow::Signature => Paced::Credential(self.credential.id),
            Flow::ClientCredentials => Paced::Application(self.application.id),
        }
    }
}

/// What a handler sees of a request.
pub(super) struct Context<'a> {
    /// The dialect's settings.
    pub ovh: &'a Ovh,
    /// The rest of the house.
    pub ports: &'a Ports,
    /// The request as it came in.
    pub request: &'a Request,
    /// The parameters of the path.
    pub params: Params,
    /// The query.
    pub query: Query,
    /// When it came in.
    pub now: Timestamp,
    /// Who calls; none on the few routes that need nobody.
    pub caller: Option<&'a Caller>,
}

/// The JSON text of a reply.
pub(super) struct Answer(pub Bytes);

impl Answer {
    /// Writes a value.
    pub fn json(value: &impl Serialize) -> Result<Self, Failure> {
        match serde_json::to_vec(value) {
            Ok(text) => Ok(Self(text.into())),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a reply could not be written");
                Err(Failure::server_error())
            }
        }
    }

    /// A void answer: the JSON text `null`. An empty body makes python-ovh raise `InvalidResponse`.
    pub const fn void() -> Self {
        Self(Bytes::from_static(b"null"))
    }

    /// The text as JSON inside other JSON.
    pub fn raw(&self) -> Result<Box<RawValue>, Failure> {
        serde_json::from_slice(&self.0).map_err(|_| Failure::server_error())
    }
}

impl Context<'_> {
    /// Who calls.
    pub fn caller(&self) -> Result<&Caller, Failure> {
        self.caller.ok_or_else(|| AuthError::NotLoggedIn.into())
    }

    /// The account that the call is for.
    pub fn account(&self) -> Result<&Account, Failure> {
        Ok(&self.caller()?.account)
    }

    /// A parameter of the path.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).unwrap_or_default()
    }

    /// A parameter of the path that is a number; anything else names no object.
    pub fn id(&self, name: &str) -> Result<i64, Failure> {
        i64::from_str(self.param(name)).map_err(|_| self.no_object(name))
    }

    /// The refusal for a path parameter that names nothing of the caller's.
    pub fn no_object(&self, name: &str) -> Failure {
        Failure::object_not_found(name, self.param(name))
    }

    /// The body.
    pub fn body<T: for<'de> Deserialize<'de>>(&self) -> Result<T, Failure> {
        Ok(body(&self.request.body)?)
    }

    /// The query's `date.from` and `date.to`. Both ends count; the wire has whole seconds, so the last one is whole.
    pub fn span(&self) -> Result<Span, Failure> {
        const REST_OF_SECOND: SignedDuration = SignedDuration::from_micros(999_999);
        // The plus of an offset must have been written `%2B`.
        let instant = |name| {
            let read = |text: &str| text.parse().ok().map(DateTime::at);
            self.query.value(name, "a date and time with an offset", read)
        };
        let to = instant("date.to")?;
        Ok(Span {
            from: instant("date.from")?,
            to: to.map(|to| to.checked_add(REST_OF_SECOND).unwrap_or(Timestamp::MAX)),
        })
    }

    /// Loads from the ledger.
    pub fn load(&self, wants: &[Want]) -> Result<Snapshot, Failure> {
        Ok(self.ports.books.load(wants)?)
    }

    /// Carries an action out for the caller's account.
    pub async fn submit(&self, action: Action) -> Result<Reply, Rejection> {
        self.submit_for(self.caller.map_or(AccountId(0), |caller| caller.account.id), None, action).await
    }

    /// Carries an action out once, however often the request comes with the same `Idempotency-Key` header.
    pub async fn submit_once(&self, operation: &str, action: Action) -> Result<Reply, Rejection> {
        let account = self.caller.map_or(AccountId(0), |caller| caller.account.id);
        self.submit_for(account, token(self.request, operation), action).await
    }

    /// Carries an action out for an account.
    pub async fn submit_for(
        &self,
        account: AccountId,
        token: Option<Token>,
        action: Action,
    ) -> Result<Reply, Rejection> {
        self.ports.lane.submit(Command { account, token, action }).await
    }

    /// An instant as the caller reads it: in the account's billing zone.
    pub fn date_time(&self, instant: Timestamp) -> DateTime {
        let offset = self.caller.map_or(Offset::UTC, |caller| caller.account.zone.offset_of(instant));
        DateTime::new(instant, offset)
    }
}

/// An amount as the wire has it.
pub(super) fn price(money: Money) -> Price {
    Price::new(money.minor(), money.currency().digits(), money.currency().code())
}

/// An amount in ucents: hundred-millionths of the currency's unit (the console divides by 1e8).
pub(super) fn ucents(money: Money) -> i64 {
    const UCENT_DIGITS: u32 = 8;
    let scale = 10_i64.pow(UCENT_DIGITS - u32::from(money.currency().digits()));
    money.minor().saturating_mul(scale)
}
