//! Tokens of the caller's, the ones that we make for callers who send none, and nonces: at the second, on two nodes,
//! after a restart, and when nobody hears how a renewal ended.

use perennial_core::ports::Clock;
use perennial_providers::{Dialect, Fault, Settings};

use super::house::{Answer, Fate, House};

const NOW: &str = "2026-11-22T10:00:00Z";

const INSTANCE: (&str, &str) = ("InstanceId", "i-bp67acfmxazb4p0001");

const WEEK: &[(&str, &str)] = &[INSTANCE, ("Period", "1"), ("PeriodUnit", "Week")];
const MONTH: &[(&str, &str)] = &[INSTANCE, ("Period", "1"), ("PeriodUnit", "Month")];

async fn house() -> House {
    let house = House::open(NOW, |_| {});
    house.key("testid", "testsecret", None, &[("*", "*")]).await;
    house
}

fn with<'a>(parameters: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [parameters, more].concat()
}

#[tokio::test]
async fn a_token_outlives_the_term_it_renewed_by_not_a_second() {
    let house = house().await;
    let first = house.renewed("1", "Week", "t").await;
    assert_eq!(house.until(), "2026-12-19");
    // Midnight of 19 December where the customer is.
    house.clock.at("2026-12-18T15:59:59Z");
    assert_eq!(house.renewed("1", "Week", "t").await, first);
    assert_eq!(house.until(), "2026-12-19");
    house.clock.advance(1);
    assert_ne!(house.renewed("1", "Week", "t").await, first);
    assert_eq!(house.until(), "2026-12-26");
    assert!(house.audit().findings.is_empty());
}

#[tokio::test]
async fn a_token_is_remembered_a_day_at_the_least() {
    let house = house().await;
    // Ten days late: the term that is paid is over already.
    house.clock.at("2026-12-22T10:00:00Z");
    let first = house.renewed("1", "Week", "t").await;
    assert_eq!(house.until(), "2026-12-19");
    house.clock.advance(24 * 3600 - 1);
    assert_eq!(house.renewed("1", "Week", "t").await, first);
    house.clock.advance(1);
    assert_ne!(house.renewed("1", "Week", "t").await, first);
}

#[tokio::test]
async fn a_token_of_another_request_is_refused_and_what_is_equal_is_the_same_request() {
    let house = house().await;
    let first = house.renewed("1", "Month", "t").await;
    for same in [
        vec![INSTANCE, ("Period", "1")],
        vec![INSTANCE, ("Period", "1"), ("PeriodUnit", "month"), ("RegionId", "cn-beijing"), ("OwnerId", "7")],
    ] {
        assert_eq!(house.call("RenewInstance", &with(&same, &[("ClientToken", "t")])).await.order(), first);
    }
    for other in [
        vec![INSTANCE, ("Period", "2")],
        vec![INSTANCE, ("Period", "1"), ("PeriodUnit", "Week")],
        vec![INSTANCE, ("ExpectedRenewDay", "12")],
        vec![("InstanceId", "i-a"), ("Period", "1")],
        vec![("InstanceId", "i-nobodys"), ("Period", "1")],
    ] {
        let answer = house.call("RenewInstance", &with(&other, &[("ClientToken", "t")])).await;
        assert_eq!(answer.code(), (400, "IdempotenceParamNotMatch".to_owned()), "{other:?}");
    }
    assert_ne!(house.renewed("1", "Month", "T").await, first, "case counts");
    assert_eq!(house.until(), "2027-02-12");
}

#[tokio::test]
async fn tokens_have_up_to_64_printable_ascii_characters() {
    let house = house().await;
    let (most, more) = ("x".repeat(64), "x".repeat(65));
    for token in [more.as_str(), "é", "线", "a\u{1}b"] {
        let answer = house.call("RenewInstance", &with(WEEK, &[("ClientToken", token)])).await;
        assert_eq!(answer.code(), (400, "InvalidClientToken.ValueNotSupported".to_owned()), "{token:?}");
    }
    assert_eq!(house.until(), "2026-12-12");
    let orders = [house.renewed("1", "Week", &most).await, house.renewed("1", "Week", &most).await];
    assert_eq!(orders[0], orders[1]);
}

#[tokio::test]
async fn a_refused_renewal_does_not_bind_its_token() {
    let house = house().await;
    let answer = house.call("RenewInstance", &[INSTANCE, ("Period", "10"), ("ClientToken", "t")]).await;
    assert_eq!(answer.code(), (400, "InvalidPeriod".to_owned()));
    house.renewed("1", "Month", "t").await;
}

#[tokio::test]
async fn a_renewal_without_a_token_that_comes_again_is_the_same_one_for_two_minutes() {
    let house = house().await;
    let first = house.call("RenewInstance", WEEK).await.order();
    house.clock.advance(119);
    assert_eq!(house.call("RenewInstance", WEEK).await.order(), first);
    assert_eq!(house.until(), "2026-12-19");
    house.clock.advance(1);
    let second = house.call("RenewInstance", WEEK).await.order();
    assert_ne!(second, first);
    assert_eq!(house.until(), "2026-12-26");
}

#[tokio::test]
async fn what_is_no_repeat_is_a_renewal_of_its_own() {
    let house = house().await;
    let first = house.call("RenewInstance", WEEK).await.order();
    let other_period = house.call("RenewInstance", MONTH).await.order();
    assert_ne!(other_period, first);
    // The month moved the expiry, so this week is another one.
    let other_expiry = house.call("RenewInstance", WEEK).await.order();
    assert_ne!(other_expiry, first);
    assert_eq!(house.call("RenewInstance", WEEK).await.order(), other_expiry);
    let other_instance = house.call("RenewInstance", &[("InstanceId", "i-a"), ("Period", "1")]).await.order();
    assert_ne!(other_instance, other_period);
    assert_ne!(house.renewed("1", "Week", "t").await, other_expiry, "one with a token is no repeat");
    assert!(house.audit().findings.is_empty());
}

#[tokio::test]
async fn another_keys_renewal_is_no_repeat() {
    let house = house().await;
    house.key("other", "testsecret", None, &[("*", "*")]).await;
    let first = house.call("RenewInstance", WEEK).await.order();
    let second = house.call("RenewInstance", &with(WEEK, &[("AccessKeyId", "other")])).await.order();
    assert_ne!(first, second);
}

#[tokio::test]
async fn the_seller_may_take_every_request_for_a_renewal() {
    let house = House::open(NOW, |settings| settings.repeat_window_s = 0);
    house.key("testid", "testsecret", None, &[("*", "*")]).await;
    assert_ne!(house.call("RenewInstance", WEEK).await.order(), house.call("RenewInstance", WEEK).await.order());
}

#[tokio::test]
async fn many_repeats_at_once_make_one_order() {
    let house = house().await;
    for parameters in [with(WEEK, &[("ClientToken", "t")]), WEEK.to_vec()] {
        let calls: Vec<_> = (0..64).map(|_| house.request(&called(&parameters))).collect();
        let answers = at_once(&house, &calls).await;
        assert!(answers.iter().all(|order| *order == answers[0]), "{answers:?}");
    }
    assert_eq!(house.until(), "2026-12-26", "one week for each of the two");
    assert!(house.audit().findings.is_empty());
}

fn called<'a>(parameters: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    with(&[("Action", "RenewInstance"), ("Version", "2014-05-26")], parameters)
}

async fn at_once(house: &House, calls: &[perennial_providers::Request]) -> Vec<String> {
    let mut running = Vec::new();
    let mut answers = Vec::new();
    for call in calls {
        running.push(Box::pin(house.node.answer(call)));
    }
    // Every one is begun before any is finished.
    std::future::poll_fn(|waker| {
        running.retain_mut(|answer| match answer.as_mut().poll(waker) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer.order());
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

#[tokio::test]
async fn while_nobody_knows_how_a_renewal_ended_the_caller_is_told_to_come_again() {
    for (fate, moved) in [(Fate::DoneUnheard, "2026-12-19"), (Fate::NotDoneUnheard, "2026-12-12")] {
        for (token, code) in [("t", (403, "LastTokenProcessing")), ("", (400, "LastOrderProcessing"))] {
            let house = house().await;
            house.node.next(fate);
            let parameters = with(WEEK, &[("ClientToken", token)]);
            let answer = house.call("RenewInstance", &parameters).await;
            assert_eq!(answer.code(), (code.0, code.1.to_owned()), "{fate:?} {token:?}");
            assert_eq!(house.until(), moved);
            // Coming again tells, and renews where nothing was done.
            house.call("RenewInstance", &parameters).await.order();
            assert_eq!(house.until(), "2026-12-19");
            assert!(house.audit().findings.is_empty());
        }
    }
}

#[tokio::test]
async fn what_was_surely_not_done_may_be_repeated_by_the_sdk() {
    let house = house().await;
    house.node.next(Fate::NotDone);
    let answer = house.call("RenewInstance", WEEK).await;
    assert_eq!(answer.code(), (503, "ServiceUnavailable".to_owned()));
    assert_eq!(house.until(), "2026-12-12");
    house.call("RenewInstance", WEEK).await.order();
    assert_eq!(house.until(), "2026-12-19");
}

#[tokio::test]
async fn a_request_that_changes_something_is_taken_once_by_all_nodes_together() {
    let house = house().await;
    let other = house.another_node();
    let request = house.request(&called(&with(WEEK, &[("ClientToken", "t")])));
    house.node.answer(&request).await.order();
    for node in [&house.node, &other] {
        assert_eq!(node.answer(&request).await.code(), (400, "SignatureNonceUsed".to_owned()));
    }
    // As after a restart: nothing is in memory.
    let later = house.another_node();
    assert_eq!(later.answer(&request).await.code(), (400, "SignatureNonceUsed".to_owned()));
    assert_eq!(house.until(), "2026-12-19");
}

#[tokio::test]
async fn the_same_renewal_at_two_nodes_at_once_is_one() {
    let house = house().await;
    let other = house.another_node();
    for parameters in [with(WEEK, &[("ClientToken", "t")]), WEEK.to_vec()] {
        let (one, two) = (house.request(&called(&parameters)), house.request(&called(&parameters)));
        let (one, two) = tokio::join!(house.node.answer(&one), other.answer(&two));
        assert_eq!(one.order(), two.order());
    }
    assert_eq!(house.until(), "2026-12-26");
}

#[tokio::test]
async fn a_nonce_counts_for_its_key_and_only_once_the_signature_holds() {
    let house = house().await;
    house.key("other", "testsecret", None, &[("*", "*")]).await;
    let nonce = [("SignatureNonce", "n")];
    let list = |more: &[(&'static str, &'static str)]| with(&with(&nonce, &[("RegionId", "cn-hangzhou")]), more);
    let mut wrong = house.request(&with(&list(&[]), &[("Action", "DescribeInstances"), ("Version", "2014-05-26")]));
    wrong.target.push_str("&x=1");
    assert_eq!(house.node.answer(&wrong).await.code(), (400, "SignatureDoesNotMatch".to_owned()));
    assert_eq!(house.call("DescribeInstances", &list(&[])).await.code(), (200, String::new()));
    assert_eq!(house.call("DescribeInstances", &list(&[])).await.code(), (400, "SignatureNonceUsed".to_owned()));
    let others = house.call("DescribeInstances", &list(&[("AccessKeyId", "other")])).await;
    assert_eq!(others.code(), (200, String::new()));
    // Its time is over with the window of the request that carried it.
    house.clock.advance(901);
    assert_eq!(house.call("DescribeInstances", &list(&[])).await.code(), (200, String::new()));
}

#[tokio::test]
async fn a_renewal_that_is_not_answered_in_time_is_not_told_as_failed() {
    let house = house().await;
    let provider = (Dialect::named("aliyun").unwrap().make)(Settings::default());
    for (action, token, status, code) in [
        ("RenewInstance", "t", 403, "LastTokenProcessing"),
        ("RenewInstance", "", 400, "LastOrderProcessing"),
        ("DescribeInstances", "", 500, "InternalError"),
    ] {
        let asked = with(WEEK, &[("Action", action), ("Version", "2014-05-26"), ("ClientToken", token)]);
        let answer = Answer(provider.fault(Fault::TimedOut, &house.request(&asked), house.clock.now()));
        assert_eq!(answer.code(), (status, code.to_owned()), "{action} {token:?}");
    }
}
