//! Paying an order: with what, once, and how often the same request may come.

use std::collections::BTreeMap;
use std::thread;

use anyhow::{Context, Result};
use perennial_testkit::OvhClient;
use perennial_testkit::http::Response;
use serde_json::{Value, json};

use super::{
    BANK, CARD, HOSTING, PAYPAL, VPS, assert_paid_once, get, message, pay, pay_body, place, query_date, settle, start,
    until,
};

#[test]
fn a_hundred_payments_at_once_pay_once() -> Result<()> {
    const PAYERS: usize = 100;
    let (sandbox, mut client) = start()?;
    let order = place(&mut client, "P1M", &[VPS])?;
    let (env, time) = (sandbox.env()?, client.server_time()?);
    let answers: Vec<_> = thread::scope(|scope| {
        let payers: Vec<_> =
            (0..PAYERS).map(|_| scope.spawn(|| pay(&mut OvhClient::from_env(&env)?.at(time), order, PAYPAL))).collect();
        payers.into_iter().map(|payer| payer.join().expect("a payer does not panic")).collect()
    });
    let mut counted = BTreeMap::new();
    for answer in answers {
        let (status, body) = answer?;
        *counted.entry((status, message(&body).to_owned())).or_insert(0) += 1;
    }
    let paid_before = format!("Order {order} is already paid");
    assert_eq!(counted, BTreeMap::from([((200, String::new()), 1), ((409, paid_before), PAYERS - 1)]));
    assert_paid_once(&sandbox, order)?;
    assert_eq!(until(&sandbox.ledger()?, VPS), "2027-01-12");
    Ok(())
}

#[test]
fn an_order_that_was_not_paid_in_time_cannot_be_paid() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let order = place(&mut client, "P1M", &[VPS])?;
    sandbox.advance("P2D")?;
    let (status, body) = pay(&mut client, order, PAYPAL)?;
    assert_eq!((status, message(&body)), (409, &*format!("Order {order} has lapsed")));
    assert_eq!(get(&mut client, &format!("/me/order/{order}/status"))?, "cancelled");
    assert_eq!(get(&mut client, &format!("/me/order/{order}/availableRegisteredPaymentMean"))?, json!([]));
    assert_eq!(get(&mut client, &format!("/me/order/{order}/paymentMethods"))?["registered"], json!([]));
    assert_eq!(sandbox.ledger()?["payments"], json!([]));

    let again = place(&mut client, "P1M", &[VPS])?;
    assert_ne!(again, order);
    settle(&mut client, again)?;
    assert_paid_once(&sandbox, again)
}

#[test]
fn a_payment_with_a_token_is_answered_again_and_made_once() -> Result<()> {
    let (mut sandbox, mut client) = start()?;
    let order = place(&mut client, "P1M", &[VPS])?;
    let path = format!("/me/order/{order}/pay");
    let send = |client: &mut OvhClient, key: &str, method: i64| -> Result<Response> {
        client.call_with("POST", &path, &[("Idempotency-Key", key)], &pay_body(method).to_string())
    };
    // A refusal uses no token up.
    let refused = send(&mut client, "key-1", BANK)?;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let paid = send(&mut client, "key-1", PAYPAL)?;
    assert_eq!((paid.status, paid.text().as_str()), (200, "null"));
    let again = send(&mut client, "key-1", PAYPAL)?;
    assert_eq!((again.status, &again.body), (200, &paid.body));
    sandbox.restart()?;
    let again = send(&mut client, "key-1", PAYPAL)?;
    assert_eq!((again.status, &again.body), (200, &paid.body));

    for (key, method, status, said) in [
        ("key-1", CARD, 400, "The idempotency token was used for another request"),
        ("key-2", PAYPAL, 409, &format!("Order {order} is already paid")),
        ("", PAYPAL, 400, "An idempotency token has 1 to 64 printable ASCII characters"),
        (&"k".repeat(65), PAYPAL, 400, "An idempotency token has 1 to 64 printable ASCII characters"),
    ] {
        let answer = send(&mut client, key, method)?;
        assert_eq!((answer.status, message(&answer.json()?)), (status, said), "{key:?}");
    }
    assert_paid_once(&sandbox, order)
}

#[test]
fn a_payment_whose_answer_was_lost_is_asked_for_again() -> Result<()> {
    let (mut sandbox, mut client) = start()?;
    let order = place(&mut client, "P1M", &[VPS])?;
    let path = format!("/me/order/{order}/pay");
    let body = pay_body(PAYPAL).to_string();
    sandbox.arm("ovh", "pay", "reply-lost", 1)?;
    let token = [("Idempotency-Key", "once")];
    assert!(client.call_with("POST", &path, &token, &body).is_err(), "the connection is cut");
    sandbox.kill_hard()?;
    sandbox.restart()?;
    let paid = client.call_with("POST", &path, &token, &body)?;
    assert_eq!((paid.status, paid.text().as_str()), (200, "null"));
    let (status, refusal) = pay(&mut client, order, PAYPAL)?;
    assert_eq!((status, message(&refusal)), (409, &*format!("Order {order} is already paid")));
    assert_paid_once(&sandbox, order)
}

#[test]
fn an_order_is_paid_with_a_registered_mean() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let order = place(&mut client, "P1M", &[VPS])?;
    let path = format!("/me/order/{order}");
    let means = get(&mut client, &format!("{path}/availableRegisteredPaymentMean"))?;
    assert_eq!(
        means,
        json!([{ "paymentMean": "creditCard" }, { "paymentMean": "ovhAccount" }, { "paymentMean": "paypal" }])
    );
    let methods = get(&mut client, &format!("{path}/paymentMethods"))?;
    assert_eq!((&methods["registered"], &methods["available"]), (&json!([PAYPAL, CARD]), &json!([])));
    assert_eq!(methods["paymentMethods"][0], get(&mut client, &format!("/me/payment/method/{PAYPAL}"))?);

    let pay_with = format!("{path}/payWithRegisteredPaymentMean");
    let cannot = |mean: &str| format!("This order can't be paid with '{mean}'");
    for (mean, id, status, said) in [
        ("bankAccount", Some(BANK), 403, cannot("bankAccount")),
        ("SEPA_DIRECT_DEBIT", Some(BANK), 403, cannot("SEPA_DIRECT_DEBIT")),
        ("deferredPaymentAccount", None, 403, cannot("deferredPaymentAccount")),
        ("fidelityAccount", None, 403, cannot("fidelityAccount")),
        ("RUPAY", Some(CARD), 403, cannot("RUPAY")),
        ("paypal", None, 400, "`paypal` needs its id".to_owned()),
        ("creditCard", None, 400, "`creditCard` needs its id".to_owned()),
        ("bankAccount", None, 400, "`bankAccount` needs its id".to_owned()),
        ("paypal", Some(CARD), 404, format!("The requested object (paymentMeanId = {CARD}) does not exist")),
        ("paypal", Some(2_234), 404, "The requested object (paymentMeanId = 2234) does not exist".to_owned()),
        ("creditCard", Some(0), 404, "The requested object (paymentMeanId = 0) does not exist".to_owned()),
    ] {
        let (found, body) = client.post(&pay_with, &json!({ "paymentMean": mean, "paymentMeanId": id }))?;
        assert_eq!((found, message(&body)), (status, &*said), "{mean} {id:?}");
    }
    let (_, body) = client.post(&pay_with, &json!({ "paymentMean": "bankAccount", "paymentMeanId": BANK }))?;
    assert_eq!(body["class"], "ActionImpossible");
    assert_eq!(body["details"]["reason"], "an order cannot be paid with `bank-transfer`");
    assert_eq!(sandbox.ledger()?["payments"], json!([]));

    let body = json!({ "paymentMean": "CREDIT_CARD", "paymentMeanId": CARD });
    assert_eq!(client.post(&pay_with, &body)?, (200, Value::Null));
    assert_eq!(get(&mut client, &format!("{path}/payment"))?["paymentType"], "creditCard");
    let (status, body) = client.post(&pay_with, &body)?;
    assert_eq!((status, message(&body)), (409, &*format!("Order {order} is already paid")));
    assert_paid_once(&sandbox, order)
}

#[test]
fn a_balance_pays_and_shows_how_it_moved() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let balance = "/me/ovhAccount/xx11111-ovh";
    assert_eq!(get(&mut client, "/me/ovhAccount")?, json!(["xx11111-ovh"]));
    assert_eq!(get(&mut client, balance)?["balance"]["text"], "100.00 €");
    sandbox.advance("PT1H")?;
    let order = place(&mut client, "P1Y", &[VPS])?;
    let body = json!({ "paymentMean": "ovhAccount" });
    assert_eq!(client.post(&format!("/me/order/{order}/payWithRegisteredPaymentMean"), &body)?, (200, Value::Null));
    assert_eq!(get(&mut client, &format!("/me/order/{order}/payment"))?["paymentType"], "ovhAccount");

    let movements = get(&mut client, &format!("{balance}/movements"))?;
    let movements = movements.as_array().context("there are movements")?;
    let mut sum = 0;
    for id in movements {
        let movement = get(&mut client, &format!("{balance}/movements/{id}"))?;
        let ucents = |field: &str| movement[field]["priceInUcents"].as_i64().context("a movement has amounts");
        assert_eq!(ucents("previousBalance")?, sum);
        sum += ucents("amount")?;
        assert_eq!(ucents("balance")?, sum);
        let debit = ucents("amount")? < 0;
        assert_eq!(movement["operation"], if debit { "debit" } else { "credit" });
        assert_eq!(movement["order"], if debit { order } else { 0 });
    }
    let shown = get(&mut client, balance)?;
    let balance_shown = (&shown["balance"]["text"], &shown["balance"]["priceInUcents"]);
    assert_eq!((movements.len(), balance_shown), (3, (&json!("22.37 €"), &json!(sum))));
    let last = get(&mut client, &format!("{balance}/movements/{}", movements[2]))?;
    let since = format!("{balance}/movements?date.from={}", query_date(&last)?);
    assert_eq!(get(&mut client, &since)?.as_array().map(Vec::len), Some(2));

    // What is left does not cover the next order.
    let order = place(&mut client, "P1Y", &[HOSTING])?;
    let (status, refusal) = client.post(&format!("/me/order/{order}/payWithRegisteredPaymentMean"), &body)?;
    assert_eq!((status, message(&refusal)), (403, "This order can't be paid with 'ovhAccount'"));
    let means = get(&mut client, &format!("/me/order/{order}/availableRegisteredPaymentMean"))?;
    assert_eq!(means, json!([{ "paymentMean": "creditCard" }, { "paymentMean": "paypal" }]));
    for path in ["/me/ovhAccount/FR", "/me/ovhAccount/FR/movements", "/me/ovhAccount/xx11111-ovh/movements/0"] {
        assert_eq!(client.get(path)?.0, 404, "{path}");
    }
    Ok(())
}

#[test]
fn a_renewal_is_not_taken_back() -> Result<()> {
    let (_sandbox, mut client) = start()?;
    let order = place(&mut client, "P1M", &[VPS])?;
    settle(&mut client, order)?;
    for (below, body, status, said) in [
        ("retraction", json!({ "reason": "expensive", "comment": "x" }), 403, "A renewal cannot be retracted"),
        ("retraction", json!({}), 400, "`reason` is missing"),
        ("waiveRetraction", Value::Null, 403, "A renewal has no retraction period to waive"),
    ] {
        let (found, refusal) = client.post(&format!("/me/order/{order}/{below}"), &body)?;
        assert_eq!((found, message(&refusal)), (status, said), "{below} {body}");
    }
    assert_eq!(get(&mut client, &format!("/me/order/{order}/status"))?, "delivered");
    Ok(())
}
