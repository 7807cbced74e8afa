//! `RenewInstance`: it orders and pays at once, and the same token never pays twice.

use perennial_core::buyer::remote::{Ask, CallError, Length, Outcome, Receipt, Said};
use perennial_core::calendar::Period;

use super::Account;
use super::heard::{Heard, Kind};
use super::link::{Api, Call};
use super::wire::{self, text};
use crate::call::Reply;
use crate::common::body::body;

impl Account {
    /// Renews an instance.
    pub(super) async fn renew(&self, ask: &Ask) -> Outcome {
        let never_sent = |cause| Outcome::NeverSent { cause, retry_after: None };
        let region = match self.locate(&ask.service).await {
            Ok(Some(region)) => region,
            Ok(None) => return never_sent(format!("{} is in none of the regions", ask.service)),
            Err(CallError::Refused { said, .. }) => return Outcome::Refused(said),
            Err(error) => return never_sent(error.to_string()),
        };
        let length = parameters(ask.offer.length);
        let mut parameters = vec![("InstanceId", ask.service.as_str()), ("ClientToken", &ask.token)];
        parameters.extend(length.iter().map(|(name, value)| (*name, value.as_str())));
        let call = Call { api: Api::Region(&region), action: "RenewInstance", parameters: &parameters };
        match self.link.act(&call).await {
            Ok((reply, heard)) => outcome(&reply, heard),
            Err(outcome) => outcome,
        }
    }
}

/// There is nothing to pay: said here, and nothing is sent.
pub(super) fn nothing_to_pay() -> Outcome {
    let text = "an order of Alibaba Cloud's is paid by the call that places it, and cannot be paid by another";
    Outcome::Refused(Said { status: 0, code: None, text: text.to_owned() })
}

/// What a length is ordered with. Twelve months are no year here.
fn parameters(length: Length) -> Vec<(&'static str, String)> {
    let (count, unit) = match length {
        Length::ToDay(day) => return vec![("ExpectedRenewDay", day.get().to_string())],
        Length::Period(Period::Months(count)) => (count, "Month"),
        Length::Period(Period::Weeks(count)) => (count, "Week"),
    };
    vec![("Period", count.to_string()), ("PeriodUnit", unit.to_owned())]
}

/// What a reply to a renewal means.
fn outcome(reply: &Reply, heard: Heard) -> Outcome {
    let refusal = match heard {
        Heard::Answer => return paid(reply),
        Heard::Alien(cause) => return Outcome::Unknown { cause },
        // No good status of this call comes with a code.
        Heard::Refusal(refusal) if reply.status.is_success() => {
            return Outcome::Unknown { cause: refusal.said.to_string() };
        }
        Heard::Refusal(refusal) => refusal,
    };
    match refusal.kind() {
        Kind::Throttled => Outcome::NeverSent { cause: refusal.said.to_string(), retry_after: refusal.retry_after },
        Kind::InWork => Outcome::Pending(refusal.said),
        Kind::Repeated | Kind::Failed | Kind::OtherRequest | Kind::Unpaid | Kind::Unheard => {
            Outcome::Unknown { cause: refusal.said.to_string() }
        }
        // A wrong timestamp is refused before anything is done.
        Kind::Late | Kind::Final => Outcome::Refused(refusal.said),
    }
}

/// The receipt of a renewal that was done. An older text of the documentation has no order in it, but the request's id.
fn paid(reply: &Reply) -> Outcome {
    let read = body::<wire::Renewed>(&reply.body).ok().zip(body::<wire::Frame>(&reply.body).ok());
    let order = read.as_ref().and_then(|(renewed, _)| text(renewed.order_id.as_ref()));
    match read.as_ref() {
        Some((_, frame)) if order.is_some() || frame.request_id.is_some() => {
            Outcome::Paid(Receipt { order: order.map(str::to_owned), ..Receipt::default() })
        }
        _ => Outcome::Unknown {
            cause: "the answer says neither which order it made nor which request it is of".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use jiff::SignedDuration;
    use perennial_core::calendar::AnchorDay;

    use super::*;

    fn told(status: u16, text: &str) -> Outcome {
        let status = StatusCode::from_u16(status).expect("is a status");
        let mut headers = HeaderMap::new();
        headers.insert("x-acs-retry-after", "1500".parse().expect("is a value"));
        let reply = Reply { status, headers, body: Bytes::from(text.to_owned()) };
        outcome(&reply, Heard::of(&reply))
    }

    fn word(outcome: &Outcome) -> &'static str {
        match outcome {
            Outcome::Paid(_) => "paid",
            Outcome::Placed(_) => "placed",
            Outcome::Refused(_) => "refused",
            Outcome::Pending(_) => "pending",
            Outcome::Unknown { .. } => "unknown",
            Outcome::NeverSent { .. } => "never sent",
        }
    }

    #[test]
    fn a_renewal_is_paid_only_if_its_answer_is_understood() {
        for (status, body, is) in [
            (200, r#"{"RequestId":"A","OrderId":"2019"}"#, "paid"),
            (200, r#"{"RequestId":"A","OrderId":2019}"#, "paid"),
            (200, r#"{"RequestId":"A"}"#, "paid"),
            (200, r#"{"RequestId":"A","OrderId":20.5}"#, "unknown"),
            (200, "{}", "unknown"),
            (200, "", "unknown"),
            (200, r#"{"RequestId":"A","OrderId":"20"#, "unknown"),
            (200, "<html>Sign in</html>", "unknown"),
            (200, r#"{"RequestId":"A","Code":"SomethingElse"}"#, "unknown"),
            (202, r#"{"RequestId":"A","OrderId":"2019"}"#, "paid"),
            (302, r#"{"RequestId":"A"}"#, "unknown"),
            (403, "<html>Blocked by a proxy</html>", "unknown"),
            (400, r#"{"RequestId":"A"}"#, "unknown"),
            (407, r#"{"Code":"Proxy"}"#, "unknown"),
        ] {
            assert_eq!(word(&told(status, body)), is, "{status} {body}");
        }
        let Outcome::Paid(receipt) = told(200, r#"{"RequestId":"A","OrderId":2019}"#) else { panic!("is not paid") };
        assert_eq!(receipt, Receipt { order: Some("2019".to_owned()), ..Receipt::default() });
    }

    #[test]
    fn a_code_is_a_no_only_if_nothing_can_have_happened() {
        for (status, code, is) in [
            (400, "InvalidPeriod", "refused"),
            (403, "ChargeTypeViolation", "refused"),
            (403, "InstanceLockedForSecurity", "refused"),
            (403, "InvalidAccountStatus.NotEnoughBalance", "refused"),
            (404, "InvalidInstanceId.NotFound", "refused"),
            (404, "InvalidAccessKeyId.NotFound", "refused"),
            (400, "SignatureDoesNotMatch", "refused"),
            (400, "InvalidTimeStamp.Expired", "refused"),
            (403, "Forbidden.RAM", "refused"),
            (403, "LastTokenProcessing", "pending"),
            (400, "Idempotence.Processing", "pending"),
            (400, "LastOrderProcessing", "pending"),
            (400, "IdempotentParameterMismatch", "unknown"),
            (400, "IdempotenceParamNotMatch", "unknown"),
            (403, "InvalidIdempotenceParameter.Mismatch", "unknown"),
            (403, "Instance.UnPaidOrder", "unknown"),
            (400, "SignatureNonceUsed", "unknown"),
            (400, "InternalError", "unknown"),
            (409, "Conflict", "unknown"),
            (423, "Locked", "unknown"),
            (400, "Throttling", "never sent"),
            (400, "Throttling.User", "never sent"),
        ] {
            let body = format!(r#"{{"RequestId":"A","HostId":"h","Code":"{code}","Message":"No."}}"#);
            assert_eq!(word(&told(status, &body)), is, "{status} {code}");
        }
        let Outcome::NeverSent { retry_after, .. } = told(400, r#"{"Code":"Throttling","Message":"No."}"#) else {
            panic!("was sent")
        };
        assert_eq!(retry_after, Some(SignedDuration::from_millis(1500)));
    }

    #[test]
    fn a_length_is_ordered_in_months_weeks_or_to_a_day() {
        let text =
            |length| parameters(length).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let period = |text| Length::Period(Period::parse(text).expect("is a period"));
        assert_eq!(text(period("P1Y")), ["Period=12", "PeriodUnit=Month"]);
        assert_eq!(text(period("P2W")), ["Period=2", "PeriodUnit=Week"]);
        assert_eq!(text(Length::ToDay(AnchorDay::new(12).expect("is a day"))), ["ExpectedRenewDay=12"]);
    }
}
