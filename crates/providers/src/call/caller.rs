//! One way to a provider: paced, reads repeated, and what costs money sent once.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, Request, StatusCode, header};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::remote::{CallError, Outcome, Said};
use perennial_core::ports::Timer;

use super::{CallPorts, HttpClient, SendError};

/// How many times a read is made at the most.
const READS_MAX: u32 = 5;

/// The pause before a read is made again, doubled each time.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause that a provider may ask a read to make.
const PAUSE_MAX: Duration = Duration::from_mins(2);

/// How long what costs money waits for room: what was on file when it began to wait has to hold still when it is sent.
const ROOM_WITHIN: Duration = Duration::from_mins(1);

/// The most of a call's name that is told, in characters: there may be an id in it.
const NAME_CHARS_MAX: usize = 200;

/// A request; or why none can be made. What a provider said may be in its address, which has bounds.
pub type Made = Result<Request<Bytes>, http::Error>;

/// What a provider answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Sends a provider's requests.
pub struct Caller {
    provider: &'static str,
    client: Arc<dyn HttpClient>,
    timer: Arc<dyn Timer>,
    pace: DefaultDirectRateLimiter,
}

impl Caller {
    /// A way to a provider, for so many requests a minute.
    pub fn new(provider: &'static str, ports: &CallPorts, per_minute: NonZeroU32) -> Self {
        let pace = RateLimiter::direct(Quota::per_minute(per_minute));
        Self { provider, client: Arc::clone(&ports.client), timer: Arc::clone(&ports.timer), pace }
    }

    /// Reads: sends a request that changes nothing, again where it was lost, turned away or failed at the provider's. Each
    /// time the request is made anew, as signatures, nonces and timestamps have to be. `call` says what it is, such as
    /// `GET /servers`, without secrets.
    ///
    /// # Errors
    /// [`CallError::Unreachable`] and [`CallError::Throttled`], after some tries; [`CallError::NotUnderstood`] where no
    /// request can be made of what the provider said before. A refusal is a reply.
    pub async fn read(&self, call: &str, make: impl Fn() -> Made + Send) -> Result<Reply, CallError> {
        let (provider, call) = (self.provider, || named(call));
        let mut tried = 0;
        loop {
            let request = make()
                .map_err(|error| self.not_understood(&call(), &format_args!("it cannot be asked for: {error}")))?;
            let sent = self.send(request, Duration::MAX).await;
            tried += 1;
            let (error, wish) = match sent {
                Ok(reply) if reply.is_throttled() => {
                    (CallError::Throttled { provider, call: call() }, reply.retry_after())
                }
                Ok(reply) if reply.status.is_server_error() => {
                    let cause = format!("status {}", reply.status.as_u16());
                    (CallError::Unreachable { provider, call: call(), cause }, reply.retry_after())
                }
                Ok(reply) => return Ok(reply),
                Err(error) => (CallError::Unreachable { provider, call: call(), cause: error.to_string() }, None),
            };
            let wish = wish.and_then(|wish| Duration::try_from(wish).ok());
            if tried >= READS_MAX || wish.is_some_and(|wish| wish > PAUSE_MAX) {
                return Err(error);
            }
            self.timer.sleep(wish.unwrap_or(PAUSE * 2_u32.pow(tried))).await;
        }
    }

    /// Acts: sends a request that costs money or changes something, once. Gives the reply for its reader to judge, unless
    /// there is none, the provider failed, or it turned the request away unread.
    ///
    /// # Errors
    /// The outcome, where there is nothing more to read: [`Outcome::NeverSent`] or [`Outcome::Unknown`].
    pub async fn act(&self, request: Made) -> Result<Reply, Outcome> {
        let request = request.map_err(|error| Outcome::NeverSent {
            cause: format!("no request can be made of it: {error}"),
            retry_after: None,
        })?;
        match self.send(request, ROOM_WITHIN).await {
            Ok(reply) if reply.is_throttled() => Err(Outcome::NeverSent {
                cause: "the provider turns requests away for now: too many".to_owned(),
                retry_after: reply.retry_after(),
            }),
            Ok(reply) if reply.status.is_server_error() => {
                Err(Outcome::Unknown { cause: format!("the provider failed with status {}", reply.status.as_u16()) })
            }
            Ok(reply) => Ok(reply),
            Err(SendError::NeverSent(cause)) => Err(Outcome::NeverSent { cause, retry_after: None }),
            Err(SendError::Lost(cause)) => Err(Outcome::Unknown { cause }),
        }
    }

    /// A refusal, as an error of a read.
    pub fn refused(&self, call: &str, said: Said) -> CallError {
        CallError::Refused { provider: self.provider, call: named(call), said }
    }

    /// A reply that is not what is documented, as an error of a read.
    pub fn not_understood(&self, call: &str, cause: &dyn std::fmt::Display) -> CallError {
        CallError::NotUnderstood { provider: self.provider, call: named(call), cause: cause.to_string() }
    }

    /// Sends a request once there is room for it, if that is soon enough.
    async fn send(&self, request: Request<Bytes>, mut within: Duration) -> Result<Reply, SendError> {
        while let Err(not_until) = self.pace.check() {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let Some(left) = within.checked_sub(wait) else {
                return Err(SendError::NeverSent("our own pace left no room for it in time".to_owned()));
            };
            within = left;
            self.timer.sleep(wait).await;
        }
        let (head, body) = self.client.send(request).await?.into_parts();
        Ok(Reply { status: head.status, headers: head.headers, body })
    }
}

fn named(call: &str) -> String {
    call.chars().take(NAME_CHARS_MAX).collect()
}

impl Reply {
    /// Whether the provider wants to be asked less often.
    pub fn is_throttled(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS
    }

    /// What the provider says about when to ask again: `Retry-After` in seconds.
    pub fn retry_after(&self) -> Option<SignedDuration> {
        let seconds = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(SignedDuration::from_secs(seconds))
    }

    /// What time it is at the provider's: the header `Date`, in whole seconds.
    pub fn date(&self) -> Option<Timestamp> {
        let text = self.headers.get(header::DATE)?.to_str().ok()?;
        DateTimeParser::new().parse_timestamp(text).ok()
    }
}
