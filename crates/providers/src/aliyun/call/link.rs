//! The way to the provider: where each API is, how a request is signed, and what is done about clocks that differ.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::remote::{CallError, Outcome, Said};
use perennial_core::ports::{Clock, Timer};
use serde::de::DeserializeOwned;

use super::heard::{self, Heard, Kind, Refusal};
use super::keys::Keys;
use crate::aliyun::PROVIDER;
use crate::aliyun::auth::acs3::{self, Message};
use crate::aliyun::auth::{canonical_query, headers};
use crate::call::{Address, AddressError, CallPorts, Caller, Made, Reply, SettingError};
use crate::common::body::body;
use crate::secret::random_uuid;

/// How many times a read is made at the most that is turned away.
const READS_MAX: u32 = 5;

/// The pause before it is made again, doubled each time.
const PAUSE: SignedDuration = SignedDuration::from_millis(500);

/// The longest pause that the provider may ask a read to make.
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(2);

/// Sends requests.
pub(super) struct Link {
    caller: Caller,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
    keys: Keys,
    place: Option<Place>,
    /// Whether the account is one of the international site, whose billing has a host of its own.
    is_abroad: AtomicBool,
    /// How many seconds of what our clock says are made up for in signing, once a request was refused for it.
    ahead_s: AtomicI64,
    /// How many seconds the provider's clock is ahead of ours, as it told last.
    told_s: Mutex<Option<i64>>,
}

/// An address that serves everything.
struct Place {
    scheme: Scheme,
    authority: Authority,
}

/// Which API is called, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api<'a> {
    /// ECS, for what is of no region.
    Central,
    /// ECS in a region.
    Region(&'a str),
    /// Billing.
    Billing,
}

/// A call: what is sent is made of it anew each time.
pub(super) struct Call<'a> {
    /// Which API.
    pub api: Api<'a>,
    /// The action.
    pub action: &'static str,
    /// Its parameters.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// Why a read has no answer: the provider said no, or there is none.
pub(super) enum Unread {
    /// It said no.
    Refused(Refusal),
    /// There is none.
    Failed(CallError),
}

/// A region's id: what a host name can be made of without becoming another host's.
pub(super) fn is_region(text: &str) -> bool {
    const LENGTH_MAX: usize = 40;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_plain)
}

impl Link {
    /// A way to one address, or to the provider's own.
    pub fn new(ports: &CallPorts, caller: Caller, keys: Keys, url: Option<&str>) -> Result<Self, SettingError> {
        let place = url.map(|url| Place::parse(url).map_err(|error| error.of_setting(url))).transpose()?;
        let (clock, timer) = (Arc::clone(&ports.clock), Arc::clone(&ports.timer));
        Ok(Self {
            caller,
            clock,
            timer,
            keys,
            place,
            is_abroad: AtomicBool::new(false),
            ahead_s: AtomicI64::new(0),
            told_s: Mutex::default(),
        })
    }

    /// How far the provider's clock is ahead of ours, where it told.
    pub fn ahead(&self) -> Option<SignedDuration> {
        self.told_s.lock().unwrap_or_else(PoisonError::into_inner).map(SignedDuration::from_secs)
    }

    /// What time it is at the provider, as far as it told; else by our clock.
    pub fn there(&self) -> Timestamp {
        let now = self.clock.now();
        now.checked_add(self.ahead().unwrap_or_default()).unwrap_or(now)
    }

    /// The key that is presented, as people may see it.
    pub fn shown_key(&self) -> String {
        self.keys.shown()
    }

    /// Reads, again where it was turned away, and tells a refusal apart from what else can happen.
    pub async fn ask<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Unread> {
        let reply = self.answered(call).await?;
        body(&reply.body).map_err(|error| Unread::Failed(self.caller.not_understood(call.action, &error)))
    }

    /// Reads what has to be there.
    pub async fn read<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, CallError> {
        self.ask(call).await.map_err(|unread| self.error(call.action, unread))
    }

    /// A reply that is an answer.
    pub async fn answered(&self, call: &Call<'_>) -> Result<Reply, Unread> {
        let mut tried = 0;
        loop {
            let reply = self.caller.read(call.action, || self.request(call)).await.map_err(Unread::Failed)?;
            tried += 1;
            let refusal = match self.heard(&reply) {
                Heard::Answer => return Ok(reply),
                Heard::Alien(cause) => return Err(Unread::Failed(self.not_understood(call.action, &cause))),
                Heard::Refusal(refusal) => refusal,
            };
            if call.api == Api::Billing && self.goes_abroad(&refusal) {
                continue;
            }
            let again = match refusal.kind() {
                Kind::Late => self.set_clock(&refusal),
                Kind::Throttled | Kind::Repeated | Kind::Failed => true,
                _ => false,
            };
            let pause = refusal.retry_after.unwrap_or_else(|| PAUSE * 2_i32.pow(tried));
            if !again || tried >= READS_MAX || pause > PAUSE_MAX {
                return Err(Unread::Refused(refusal));
            }
            if refusal.kind() != Kind::Late {
                self.timer.sleep(Duration::try_from(pause).unwrap_or_default()).await;
            }
        }
    }

    /// Acts, once. A request that was refused unread because of our clock is sent once more with the provider's time.
    pub async fn act(&self, call: &Call<'_>) -> Result<(Reply, Heard), Outcome> {
        let reply = self.caller.act(self.request(call)).await?;
        match self.heard(&reply) {
            Heard::Refusal(refusal) if refusal.kind() == Kind::Late && self.set_clock(&refusal) => {
                let reply = self.caller.act(self.request(call)).await?;
                let heard = self.heard(&reply);
                Ok((reply, heard))
            }
            heard => Ok((reply, heard)),
        }
    }

    /// An error of a read.
    pub fn error(&self, call: &str, unread: Unread) -> CallError {
        let refusal = match unread {
            Unread::Failed(error) => return error,
            Unread::Refused(refusal) => refusal,
        };
        match refusal.kind() {
            Kind::Throttled => CallError::Throttled { provider: PROVIDER, call: call.to_owned() },
            Kind::Failed | Kind::Repeated | Kind::InWork | Kind::Unheard => {
                CallError::Unreachable { provider: PROVIDER, call: call.to_owned(), cause: refusal.said.to_string() }
            }
            Kind::Late => {
                let text = format!("{} By our clock it is {}; mend that", refusal.said.text, self.clock.now());
                self.caller.refused(call, Said { text, ..refusal.said })
            }
            Kind::OtherRequest | Kind::Unpaid | Kind::Final => self.caller.refused(call, refusal.said),
        }
    }

    /// An answer that is not what is documented.
    pub fn not_understood(&self, call: &str, cause: &dyn std::fmt::Display) -> CallError {
        self.caller.not_understood(call, cause)
    }

    fn heard(&self, reply: &Reply) -> Heard {
        if let Some(date) = heard::date(reply) {
            let ahead_s = date.as_second().saturating_sub(self.clock.now().as_second());
            *self.told_s.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead_s);
        }
        let mut heard = Heard::of(reply);
        if let Heard::Refusal(refusal) = &mut heard {
            refusal.said.text = self.keys.masked(&refusal.said.text);
        }
        heard
    }

    /// Whether a refusal of billing is that of an account of the other site (the codes are inferred), which is called
    /// from now on.
    fn goes_abroad(&self, refusal: &Refusal) -> bool {
        let is_elsewhere = matches!(refusal.code(), "NotApplicable" | "InvalidAccessKeyId.NotFound");
        self.place.is_none() && is_elsewhere && !self.is_abroad.swap(true, Ordering::Relaxed)
    }

    /// Takes the provider's time for the time. Tells whether that changes anything.
    fn set_clock(&self, refusal: &Refusal) -> bool {
        let Some(date) = refusal.date else { return false };
        let ahead_s = date.as_second().saturating_sub(self.clock.now().as_second());
        // The header has whole seconds, and took its time to come.
        self.ahead_s.swap(ahead_s, Ordering::Relaxed).abs_diff(ahead_s) > 1
    }

    /// A request, signed now, with a nonce of its own.
    fn request(&self, call: &Call<'_>) -> Made {
        let (scheme, authority) = self.host(call.api);
        let query = canonical_query(call.parameters.iter().copied());
        let mut fields = HeaderMap::new();
        let version = if call.api == Api::Billing { "2017-12-14" } else { "2014-05-26" };
        let now = self.clock.now();
        let now = now.checked_add(SignedDuration::from_secs(self.ahead_s.load(Ordering::Relaxed))).unwrap_or(now);
        let date = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let texts = [
            (headers::ACTION, call.action),
            (headers::VERSION, version),
            (headers::DATE, &date),
            (headers::NONCE, &random_uuid()),
            (headers::CONTENT_SHA256, &acs3::body_hash(b"")),
            ("accept", "application/json"),
        ];
        for (name, value) in texts {
            fields.insert(name, text_value(value));
        }
        if let Some(token) = &self.keys.token {
            fields.insert(headers::SECURITY_TOKEN, secret_value(token));
            fields.insert("x-acs-accesskey-id", text_value(&self.keys.id));
        }
        // The client sends the host itself: that of the address, without a port that goes without saying.
        fields.insert(header::HOST, text_value(&sent_host(&scheme, &authority)));
        let message = Message { method: "POST", query: &query, headers: &fields, body: b"" };
        let signed = acs3::authorize(&self.keys.id, &self.keys.secret, &message).expect("all that is signed is there");
        fields.remove(header::HOST);
        fields.insert(header::AUTHORIZATION, secret_value(&signed));
        let target = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(target).build()?;
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = fields;
        Ok(request)
    }

    fn host(&self, api: Api<'_>) -> (Scheme, Authority) {
        if let Some(Place { scheme, authority }) = &self.place {
            return (scheme.clone(), authority.clone());
        }
        let host = match api {
            Api::Central => "ecs.aliyuncs.com".to_owned(),
            Api::Region(region) => format!("ecs.{region}.aliyuncs.com"),
            Api::Billing if self.is_abroad.load(Ordering::Relaxed) => "business.ap-southeast-1.aliyuncs.com".to_owned(),
            Api::Billing => "business.aliyuncs.com".to_owned(),
        };
        (Scheme::HTTPS, host.parse().expect("a region is a plain word"))
    }
}

impl Place {
    /// Reads an address without a path.
    fn parse(url: &str) -> Result<Self, AddressError> {
        let origin: Uri = Address::parse(url)?.origin()?.parse().map_err(|_| AddressError::NotOne)?;
        let parts = origin.into_parts();
        let (scheme, authority) = parts.scheme.zip(parts.authority).ok_or(AddressError::NotOne)?;
        Ok(Self { scheme, authority })
    }
}

/// The host as HTTP clients send it.
fn sent_host(scheme: &Scheme, authority: &Authority) -> String {
    match (scheme.as_str(), authority.port_u16()) {
        ("http", Some(80)) | ("https", Some(443)) => authority.host().to_owned(),
        _ => authority.to_string(),
    }
}

fn text_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("keys are checked, and all else is made here")
}

/// A value that nobody is shown.
fn secret_value(text: &str) -> HeaderValue {
    let mut value = text_value(text);
    value.set_sensitive(true);
    value
}
