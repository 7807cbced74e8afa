//! The call itself: one request, signed, to an address that was looked at.

use std::time::Duration;

use anyhow::Context;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use perennial_engine::webhooks::{ATTEMPT_MAX, Answer, Verdict};
use reqwest::{Client, Response};

use super::reach::Reach;
use super::secret::signature;
use crate::buyer::http::{Limits, causes, plain};

/// What a call carries.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// Where to.
    pub url: &'a str,
    /// What it is signed with.
    pub secret: &'a [u8],
    /// The event's id, the same in each attempt.
    pub id: &'a str,
    /// What is sent.
    pub body: &'a str,
    /// When: the present, by the clocks of those who read it.
    pub at: Timestamp,
}

/// Calls webhooks. Proxies that the environment names are not used: they would connect in our place, to addresses that
/// nobody looked at.
#[derive(Clone, Debug)]
pub struct Caller {
    client: Client,
    reach: Reach,
}

impl Caller {
    /// Gets ready to call.
    ///
    /// # Errors
    /// When the machine trusts no authority.
    pub fn new(reach: Reach) -> anyhow::Result<Self> {
        let limits = Limits { connect: ATTEMPT_MAX, whole: ATTEMPT_MAX, ..Limits::default() };
        let builder = plain(Client::builder().pool_max_idle_per_host(0), limits).no_proxy().dns_resolver(reach);
        Ok(Self { client: builder.build().context("getting ready to call webhooks")?, reach })
    }

    /// Calls once. Of the answer nothing is read but its head.
    pub async fn call(&self, message: Message<'_>) -> Answer {
        let Message { url, secret, id, body, at } = message;
        let url = match self.reach.url(url) {
            Ok(url) => url,
            Err(unfit) => return Answer { verdict: Verdict::Refused(None), words: unfit.to_string() },
        };
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at.as_second())
            .header("webhook-signature", signature(secret, id, at.as_second(), body))
            .body(body.to_owned());
        match request.send().await {
            Ok(response) => Answer { verdict: verdict(&response, at), words: response.status().to_string() },
            Err(error) if error.is_timeout() => {
                Answer { verdict: Verdict::Silent, words: format!("no answer in {} seconds", ATTEMPT_MAX.as_secs()) }
            }
            Err(error) => Answer { verdict: Verdict::Silent, words: causes(error) },
        }
    }
}

/// What an answer means ("Delivery success and failure").
fn verdict(response: &Response, at: Timestamp) -> Verdict {
    match response.status() {
        status if status.is_success() => Verdict::Taken,
        StatusCode::GONE => Verdict::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            Verdict::Refused(asked.and_then(|text| wait(text, at)))
        }
        _ => Verdict::Refused(None),
    }
}

/// How long to wait: seconds, or until a date (RFC 9110, 10.2.3).
fn wait(text: &str, at: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTimeParser::new().parse_timestamp(text).ok()?;
    until.duration_since(at).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_written_in_seconds_or_as_a_date() {
        let at = "1994-11-06T08:49:00Z".parse().expect("is an instant");
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (text, seconds) in [("120", Some(120)), ("0", Some(0)), (date, Some(37)), ("-1", None), ("soon", None)] {
            assert_eq!(wait(text, at).map(|wait| wait.as_secs()), seconds, "{text}");
        }
        let later = "1994-11-06T09:00:00Z".parse().expect("is an instant");
        assert_eq!(wait(date, later), None, "it is over");
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_called() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("has a port").port();
        let url = format!("https://localhost:{port}/");
        let message = Message { url: &url, secret: b"s", id: "msg", body: "{}", at: Timestamp::UNIX_EPOCH };
        let caller = Caller::new(Reach::Public).expect("is ready");
        let answer = tokio::select! {
            answer = caller.call(message) => answer,
            _ = listener.accept() => panic!("it was connected to"),
        };
        assert_eq!(answer.verdict, Verdict::Silent);
        assert!(answer.words.contains("is no address on the Internet"), "{answer:?}");
        assert!(!answer.words.contains("localhost"), "{answer:?}");
    }
}
