//! What a reply is, before anything is read of what it tells: an answer, a refusal of some kind, or neither.

use http::header;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use perennial_core::buyer::remote::Said;

use super::wire::{Frame, text};
use crate::call::Reply;
use crate::common::body::body;

/// The header in which some refusals tell in how many milliseconds to come again.
const RETRY_AFTER: &str = "x-acs-retry-after";

/// How much of a provider's text is kept, in characters.
const TEXT_MAX: usize = 300;

/// What a reply is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The provider did what was asked, and its body says what came of it.
    Answer,
    /// The provider says why it did not.
    Refusal(Refusal),
    /// Neither: nothing follows from it. What is wrong with it.
    Alien(String),
}

/// Why the provider did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// In its words.
    pub said: Said,
    /// After how long it wants to be asked again, if it said so.
    pub retry_after: Option<SignedDuration>,
    /// What time it is there, by the header `Date`.
    pub date: Option<Timestamp>,
}

/// What follows from a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Too many requests; this one was not looked at.
    Throttled,
    /// Its timestamp is not the provider's time; it was not looked at.
    Late,
    /// Its nonce was used before: something else sent this very request again, and the first one may have been taken.
    Repeated,
    /// The provider failed on the way; the documentation has `InternalError` with 400 as well as with 500.
    Failed,
    /// The same token, or another order of the instance, is in work.
    InWork,
    /// The token was used for another request.
    OtherRequest,
    /// An order of the instance stands unpaid.
    Unpaid,
    /// The status is none that the documentation has for refusals.
    Unheard,
    /// No; nothing happened. What has a status below 500 is final, unless its text says to try again later
    /// (documented).
    Final,
}

impl Heard {
    /// Looks at a reply.
    pub fn of(reply: &Reply) -> Self {
        let status = reply.status;
        let frame: Frame = match body(&reply.body) {
            Ok(frame) if !reply.body.is_empty() => frame,
            _ => {
                return Self::Alien(format!(
                    "the body of the answer, with status {}, is no JSON object",
                    status.as_u16()
                ));
            }
        };
        let code = text(frame.code.as_ref());
        let is_no = text(frame.success.as_ref()) == Some("false");
        let is_yes = !is_no && matches!(code, None | Some("Success" | "200"));
        if status.is_success() && is_yes {
            return Self::Answer;
        }
        if code.is_none() && !is_no {
            return Self::Alien(format!("an answer with status {} has no code", status.as_u16()));
        }
        let said = text(frame.message.as_ref()).unwrap_or("no reason is given");
        // What was signed stands in that message: the whole request, with the session's token.
        let said = if code == Some("SignatureDoesNotMatch") { "the access key's secret is another" } else { said };
        Self::Refusal(Refusal {
            said: Said {
                status: status.as_u16(),
                code: code.map(str::to_owned),
                text: said.chars().take(TEXT_MAX).collect(),
            },
            retry_after: wait(reply),
            date: date(reply),
        })
    }
}

impl Refusal {
    /// The code, empty where there is none.
    pub fn code(&self) -> &str {
        self.said.code.as_deref().unwrap_or_default()
    }

    /// What follows from it.
    pub fn kind(&self) -> Kind {
        match self.code() {
            code if code == "Throttling" || code.starts_with("Throttling.") => Kind::Throttled,
            "InvalidTimeStamp.Expired" | "IllegalTimestamp" => Kind::Late,
            "SignatureNonceUsed" => Kind::Repeated,
            "InternalError" | "UnknownError" | "ServiceUnavailable" => Kind::Failed,
            "LastTokenProcessing" | "Idempotence.Processing" | "IdempotentProcessing" | "LastOrderProcessing" => {
                Kind::InWork
            }
            "IdempotentParameterMismatch" | "IdempotenceParamNotMatch" | "InvalidIdempotenceParameter.Mismatch" => {
                Kind::OtherRequest
            }
            "Instance.UnPaidOrder" => Kind::Unpaid,
            // Billing refuses with 200 as well.
            _ if !matches!(self.said.status, 200 | 400 | 401 | 403 | 404) => Kind::Unheard,
            _ if self.said.text.to_ascii_lowercase().contains("try again later") => Kind::InWork,
            _ => Kind::Final,
        }
    }
}

/// What time it is at the provider, by the header `Date`.
pub(super) fn date(reply: &Reply) -> Option<Timestamp> {
    let date = reply.headers.get(header::DATE)?.to_str().ok()?;
    rfc2822::parse(date).ok().map(|date| date.timestamp())
}

/// When the provider wants to be asked again: in milliseconds by its own header, in seconds by the common one.
fn wait(reply: &Reply) -> Option<SignedDuration> {
    let own = || reply.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok();
    own().map(SignedDuration::from_millis).or_else(|| reply.retry_after())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        let status = StatusCode::from_u16(status).expect("is a status");
        Reply { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) }
    }

    fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        let body = format!(r#"{{"RequestId":"A","Code":"{code}","Message":"{message}"}}"#);
        match Heard::of(&reply(status, &body)) {
            Heard::Refusal(refusal) => refusal,
            other => panic!("{code}: {other:?}"),
        }
    }

    #[test]
    fn an_answer_is_a_good_status_without_another_code() {
        for (status, body, is_answer) in [
            (200, r#"{"RequestId":"A"}"#, true),
            (200, r#"{"Code":"Success","Success":true}"#, true),
            (200, r#"{"Code":200,"Success":"true"}"#, true),
            (200, r#"{"Code":"NotApplicable","Success":false}"#, false),
            (200, r#"{"Success":false}"#, false),
            (200, r#"{"Code":"InvalidPeriod"}"#, false),
            (200, "", false),
            (200, "[]", false),
            (200, "<html>", false),
            (200, r#"{"RequestId":"#, false),
            (301, r#"{"RequestId":"A"}"#, false),
            (400, r#"{"RequestId":"A"}"#, false),
            (403, "<Error><Code>Throttling</Code></Error>", false),
        ] {
            assert_eq!(Heard::of(&reply(status, body)) == Heard::Answer, is_answer, "{status} {body}");
        }
        assert!(matches!(Heard::of(&reply(403, "{}")), Heard::Alien(_)), "a refusal has a code");
    }

    #[test]
    fn a_refusal_is_of_the_kind_that_its_code_says() {
        for (status, code, kind) in [
            (400, "Throttling", Kind::Throttled),
            (400, "Throttling.User", Kind::Throttled),
            (400, "ThrottlingNot", Kind::Final),
            (400, "InvalidTimeStamp.Expired", Kind::Late),
            (400, "SignatureNonceUsed", Kind::Repeated),
            (400, "InternalError", Kind::Failed),
            (403, "LastTokenProcessing", Kind::InWork),
            (400, "Idempotence.Processing", Kind::InWork),
            (400, "LastOrderProcessing", Kind::InWork),
            (400, "IdempotentParameterMismatch", Kind::OtherRequest),
            (400, "IdempotenceParamNotMatch", Kind::OtherRequest),
            (403, "InvalidIdempotenceParameter.Mismatch", Kind::OtherRequest),
            (403, "Instance.UnPaidOrder", Kind::Unpaid),
            (403, "InstanceLockedForSecurity", Kind::Final),
            (404, "InvalidInstanceId.NotFound", Kind::Final),
            (400, "InvalidPeriod", Kind::Final),
            (409, "InvalidPeriod", Kind::Unheard),
            (302, "Moved", Kind::Unheard),
        ] {
            assert_eq!(refusal(status, code, "No.").kind(), kind, "{status} {code}");
        }
        assert_eq!(refusal(400, "SomethingNew", "Busy. Please Try Again Later.").kind(), Kind::InWork);
    }

    #[test]
    fn what_was_signed_is_not_repeated() {
        let message = "Specified signature does not match. server CanonicalRequest is [x-acs-security-token:hunter2]";
        assert!(!refusal(400, "SignatureDoesNotMatch", message).said.to_string().contains("hunter2"));
    }

    #[test]
    fn waits_are_told_in_milliseconds_or_in_seconds() {
        let told = |name: &'static str, value: &str| {
            let mut reply = reply(400, "{}");
            reply.headers.insert(name, value.parse().expect("is a value"));
            (wait(&reply), date(&reply))
        };
        assert_eq!(told(RETRY_AFTER, "1500"), (Some(SignedDuration::from_millis(1500)), None));
        assert_eq!(told("retry-after", "2"), (Some(SignedDuration::from_secs(2)), None));
        let at = "2026-11-22T10:00:00Z".parse().expect("is an instant");
        assert_eq!(told("date", "Sun, 22 Nov 2026 10:00:00 GMT"), (None, Some(at)));
    }
}
