//! What follows from the answers to what costs money.

use jiff::SignedDuration;
use perennial_core::buyer::remote::{Outcome, Receipt};

use super::*;

const RENEW: &str = "POST /v1/servers/renew";
const PAY: &str = "POST /v1/orders/pay";
const ORDERS: &str = "GET /v1/orders";
const ALL: &str = "GET /v1/orders, all";
const ORDER: &str = "GET /v1/orders/9";

/// What an outcome says, in short.
fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Paid(Receipt { order, invoice, paid, balance: None, until: None }) => {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("paid {} {} {}", text(order), text(invoice), paid.map(Money::to_decimal).unwrap_or_default())
        }
        Outcome::Placed(order) => format!("placed {} {}", order.id, order.gross.to_decimal()),
        Outcome::Refused(said) => format!("refused {} {}", said.status, said.text),
        Outcome::Pending(said) => format!("pending {}", said.text),
        Outcome::Unknown { .. } => "unknown".to_owned(),
        Outcome::NeverSent { retry_after, .. } => {
            format!("never sent, {}", retry_after.unwrap_or(SignedDuration::ZERO).as_secs())
        }
        Outcome::Paid(_) => format!("{outcome:?}"),
    }
}

fn limited() -> Told {
    Told(Ok(Response::builder().status(429).header("retry-after", "7").body(Bytes::new()).expect("is a response")))
}

/// Plays the scenes after a first answer, and tells the outcome in short.
fn told(call: impl AsyncFnOnce(&Client) -> Outcome, scenes: Vec<Scene>) -> String {
    let outcome = played(scenes, call);
    assert!(!format!("{outcome:?}").contains(KEY), "{outcome:?}");
    short(&outcome)
}

#[test]
fn what_follows_from_the_answer_to_an_order() {
    let cut = paid(9).to_string();
    let later = lined(paid(9), &json!({ "period_from": midnight("2027-03-12").as_second() }));
    for (reply, expected) in [
        (shown(&order(9, "awaiting_payment")), "placed 9 90.00"),
        (answer(201, order(9, "awaiting_payment").to_string()), "placed 9 90.00"),
        (shown(&changed(order(9, "awaiting_payment"), &json!({ "amount_with_vat": "132.00" }))), "placed 9 132.00"),
        // It has paid itself.
        (shown(&paid(9)), "paid 9 0000001594 90.00"),
        (shown(&order(9, "processing")), "pending order 9 is being paid"),
        // Not of our time, or not understood: nobody knows.
        (shown(&later), "unknown"),
        (shown(&order(9, "cancelled")), "unknown"),
        (shown(&order(9, "on_hold")), "unknown"),
        (shown(&lined(order(9, "awaiting_payment"), &json!({ "service_id": 1 }))), "unknown"),
        (shown(&changed(order(9, "awaiting_payment"), &json!({ "services": null }))), "unknown"),
        (shown(&changed(order(9, "awaiting_payment"), &json!({ "amount_with_vat": 90.001 }))), "unknown"),
        (answer(200, cut[..cut.len() / 2].to_owned()), "unknown"),
        (answer(200, "<html>"), "unknown"),
        (answer(204, ""), "unknown"),
        (answer(302, ""), "unknown"),
        (answer(409, "{}"), "unknown"),
        (answer(500, "{}"), "unknown"),
        (lost(), "unknown"),
        (Told(Err(SendError::NeverSent("no name".to_owned()))), "never sent, 0"),
        (limited(), "never sent, 7"),
        (refusal(423, "locked: backup"), "never sent, 60"),
        (refusal(401, "Unauthenticated."), "refused 401 Unauthenticated."),
        (refusal(403, "This token may only read."), "refused 403 This token may only read."),
        (answer(404, "<html>"), "refused 404 Not Found"),
    ] {
        assert_eq!(told(async |client| client.placed(&ask()).await, vec![(RENEW, reply)]), expected);
    }
}

#[test]
fn a_refused_renewal_may_stand_already() {
    let refused = || (RENEW, refusal(400, "There is one."));
    let newest = || (ORDERS, listed(&[]));
    let none = newest;
    let one = || (ORDERS, listed(&[order(9, "awaiting_payment")]));
    let server = |until: &str, potential: &str| ("GET /v1/servers/2904", shown(&server_until(until, potential)));
    let here = || server("2026-12-12", "2026-12-12");
    let other = lined(order(9, "awaiting_payment"), &json!({ "service_id": 1 }));
    for (scenes, expected) in [
        (vec![refused(), newest(), none(), here()], "refused 400 There is one."),
        (vec![refused(), newest(), one(), (ORDER, shown(&other)), here()], "refused 400 There is one."),
        (vec![refused(), newest(), one(), (ORDER, shown(&order(9, "awaiting_payment")))], "pending There is one."),
        (vec![refused(), newest(), none(), server("2026-12-12", "2027-03-12")], "pending There is one."),
        (vec![refused(), newest(), none(), server("2027-03-12", "2027-03-12")], "pending There is one."),
        (vec![refused(), newest(), (ORDERS, refusal(403, "No."))], "unknown"),
        // In a state that is not documented.
        (
            vec![
                refused(),
                newest(),
                (ALL, listed(&[order(9, "on_hold")])),
                none(),
                (ORDER, shown(&order(9, "on_hold"))),
            ],
            "pending There is one.",
        ),
        (vec![refused(), (ORDERS, refusal(403, "No."))], "unknown"),
        (vec![refused(), newest(), none(), ("GET /v1/servers/2904", refusal(403, "No."))], "unknown"),
    ] {
        assert_eq!(told(async |client| client.placed(&ask()).await, scenes), expected);
    }
}

#[test]
fn an_order_is_paid_only_where_it_was_just_read_to_wait_for_it() {
    let open = || (ORDER, shown(&order(9, "awaiting_payment")));
    for (scenes, expected) in [
        (vec![open(), (PAY, shown(&paid(9)))], "paid 9 0000001594 90.00"),
        // An array of one is as good.
        (vec![open(), (PAY, shown(&json!([paid(9)])))], "paid 9 0000001594 90.00"),
        (vec![open(), (PAY, shown(&order(9, "processing")))], "pending order 9 is being paid"),
        (vec![open(), (PAY, shown(&order(9, "awaiting_payment")))], "pending order 9 is not paid"),
        (vec![open(), (PAY, shown(&paid(8)))], "unknown"),
        (vec![open(), (PAY, shown(&json!([])))], "unknown"),
        (vec![open(), (PAY, answer(202, ""))], "unknown"),
        (vec![open(), (PAY, answer(502, ""))], "unknown"),
        (vec![open(), (PAY, lost())], "unknown"),
        (vec![open(), (PAY, limited())], "never sent, 7"),
        (vec![open(), (PAY, refusal(423, "locked"))], "never sent, 60"),
        (vec![open(), (PAY, refusal(404, "Not Found."))], "refused 404 Not Found."),
        // A refusal is looked into: it may have been paid a moment before.
        (vec![open(), (PAY, refusal(400, "already paid")), (ORDER, shown(&paid(9)))], "paid 9 0000001594 90.00"),
        (vec![open(), (PAY, refusal(400, "short")), open()], "refused 400 short"),
        (
            vec![open(), (PAY, refusal(422, "x")), (ORDER, shown(&order(9, "processing")))],
            "pending order 9 is being paid",
        ),
        (vec![open(), (PAY, refusal(400, "short")), (ORDER, refusal(401, "No."))], "unknown"),
        // Nothing is sent where it does not wait for just this.
        (vec![(ORDER, shown(&paid(9)))], "paid 9 0000001594 90.00"),
        (vec![(ORDER, shown(&order(9, "processing")))], "pending order 9 is being paid"),
        (vec![(ORDER, shown(&order(9, "cancelled")))], "refused 200 order 9 is cancelled"),
        (
            vec![(ORDER, shown(&changed(order(9, "awaiting_payment"), &json!({ "amount_with_vat": 90.01 }))))],
            "refused 200 order 9 asks for 90.01 EUR now, not 90.00 EUR",
        ),
        (vec![(ORDER, refusal(404, "Not Found."))], "refused 404 order 9 is no longer there"),
        (vec![(ORDER, answer(404, "<html>"))], "refused 404 Not Found"),
        (vec![(ORDER, answer(200, "{"))], "never sent, 0"),
    ] {
        assert_eq!(told(async |client| client.paid(&ask(), &known("9")).await, scenes), expected);
    }
}

#[test]
fn an_order_that_is_left_unpaid_is_one_that_is_read_not_to_pay_itself() {
    const OFF: &str = "PATCH /v1/orders/9";
    let open =
        |auto_pay: Value| (ORDER, shown(&changed(order(9, "awaiting_payment"), &json!({ "auto_pay": auto_pay }))));
    let of = |status: &str| (ORDER, shown(&order(9, status)));
    for (scenes, why) in [
        (vec![open(json!(true)), (OFF, shown(&order(9, "awaiting_payment"))), open(json!(false))], None),
        // Whatever is answered to that call, what is read counts.
        (vec![open(json!(null)), (OFF, answer(202, "")), open(json!(false))], None),
        (vec![open(json!(false))], None),
        (vec![of("cancelled")], None),
        (vec![open(json!(true)), (OFF, answer(204, "")), of("cancelled")], None),
        (vec![open(json!(true)), (OFF, answer(204, "")), open(json!(true))], Some("still to pay itself")),
        (vec![open(json!(true)), (OFF, answer(204, "")), open(json!(null))], Some("still to pay itself")),
        (vec![open(json!(true)), (OFF, answer(204, "")), (ORDER, shown(&paid(9)))], Some("is paid")),
        (vec![open(json!(true)), (OFF, answer(404, "<html>"))], Some("404")),
        (vec![open(json!(true)), (OFF, refusal(403, "No."))], Some("No.")),
        (vec![of("processing")], Some("is being paid")),
        (vec![of("on_hold")], Some("on_hold")),
        (vec![(ORDER, refusal(404, "Not Found."))], Some("no longer there")),
        (vec![(ORDER, shown(&changed(order(8, "cancelled"), &json!({}))))], Some("it is order 8")),
    ] {
        let said = played(scenes, async |client| client.left_unpaid(&known("9")).await);
        let said = said.err().map(|error| error.to_string());
        assert!(
            why.map_or(said.is_none(), |why| said.as_ref().is_some_and(|said| said.contains(why))),
            "{why:?} {said:?}"
        );
    }
    assert!(played(Vec::new(), async |client| client.left_unpaid(&known("9/..")).await).is_err());
}

#[test]
fn what_is_sent_names_one_server_and_one_order() {
    let card = CallSettings { pay_with: Some("card".to_owned()), ..settings() };
    let scenes = vec![
        (RENEW, shown(&order(9, "awaiting_payment"))),
        (ORDER, shown(&order(9, "awaiting_payment"))),
        (PAY, shown(&paid(9))),
        (ORDER, shown(&order(9, "awaiting_payment"))),
        ("PATCH /v1/orders/9", answer(204, "")),
        (ORDER, shown(&order(9, "awaiting_payment"))),
    ];
    let (client, script) = client_with(&card, scenes).expect("is called so");
    done(async {
        client.placed(&ask()).await;
        client.paid(&ask(), &known("9")).await;
        client.left_unpaid(&known("9")).await.expect_err("nothing of it is read back");
    });
    let sent = script.sent.lock().unwrap();
    let bodies: Vec<_> = sent.iter().map(|request| String::from_utf8_lossy(request.body()).into_owned()).collect();
    let expected = [
        r#"{"server_ids":[2904],"billing_cycle":3}"#,
        "",
        r#"{"order_ids":[9],"payment_method":"card"}"#,
        "",
        r#"{"auto_pay":false}"#,
        "",
    ];
    assert_eq!(bodies, expected);
    assert!(sent.iter().all(|request| request.headers()["authorization"] == format!("Bearer {KEY}")));
}
