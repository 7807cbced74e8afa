//! What is sent once: an order and its payment.

use super::*;

#[test]
fn an_order_is_placed_refused_or_nobody_knows() {
    for (status, body, expected) in [
        (200, ORDER, "placed"),
        (200, NO_NUMBER, "unknown"),
        (200, "null", "unknown"),
        (200, "", "unknown"),
        (200, &ORDER[..60], "unknown"),
        (200, PAGE, "unknown"),
        (302, PAGE, "unknown"),
        (400, NO, "refused"),
        (400, OUT_OF_TIME, "unknown"),
        (400, PAGE, "unknown"),
        (401, NO, "refused"),
        (403, NOT_GRANTED, "refused"),
        (404, NO, "refused"),
        (404, PAGE, "unknown"),
        (408, NO, "unknown"),
        (409, CONFLICT, "pending"),
        (418, NO, "unknown"),
        (429, NO, "never sent"),
        (460, NO, "refused"),
        (500, NO, "unknown"),
        (503, NO, "unknown"),
        (LOST, "", "unknown"),
        (NOT_SENT, "", "never sent"),
    ] {
        let (remote, script) = signed(&[TIME, ("POST /service/7/renew", 1, status, body)]);
        let outcome = done(remote.order(&ask()));
        assert_eq!(word(&outcome), expected, "{status} {body}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
        assert_eq!(script.count("POST /1.0/service/7/renew"), 1, "it is sent once");
        if let Outcome::Placed(order) = outcome {
            assert_eq!(order, open_order());
        }
        let sent = script.sent.lock().unwrap();
        let body = sent.last().map(|request| request.body().clone()).unwrap_or_default();
        assert_eq!(body, r#"{"dryRun":false,"duration":"P1M","services":[7]}"#);
    }
}

#[test]
fn a_payment_is_made_refused_or_the_order_is_asked() {
    for (status, body, state, expected) in [
        (200, "null", "", "paid"),
        (204, "", "", "paid"),
        (200, PAGE, "", "unknown"),
        (200, r#"{"message":"perhaps"}"#, "", "unknown"),
        (401, NO, "", "refused"),
        (403, NOT_GRANTED, "", "refused"),
        (403, IMPOSSIBLE, "\"notPaid\"", "refused"),
        (403, IMPOSSIBLE, "\"delivered\"", "paid"),
        (400, NO, "\"checking\"", "pending"),
        (400, NO, "\"somethingNew\"", "pending"),
        (400, NO, "\"cancelled\"", "refused"),
        (409, CONFLICT, "\"notPaid\"", "pending"),
        (409, CONFLICT, "\"delivering\"", "paid"),
        (409, CONFLICT, "\"cancelled\"", "refused"),
        (409, CONFLICT, "<", "unknown"),
        (404, NO, "\"notPaid\"", "refused"),
        (400, OUT_OF_TIME, "", "unknown"),
        (408, NO, "", "unknown"),
        (429, NO, "", "never sent"),
        (502, PAGE, "", "unknown"),
        (LOST, "", "", "unknown"),
        (NOT_SENT, "", "", "never sent"),
    ] {
        let lines =
            [TIME, METHODS, ("GET /me/order/12/status", 1, 200, state), ("POST /me/order/12/pay", 1, status, body)];
        let (remote, script) = signed(&lines);
        let outcome = done(remote.pay(&ask(), &open_order()));
        assert_eq!(word(&outcome), expected, "{status} {body} {state}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
        assert_eq!(script.count("POST /1.0/me/order/12/pay"), 1, "it is sent once");
        if let Outcome::NeverSent { retry_after: Some(wait), .. } = outcome {
            assert_eq!(wait.as_secs(), 7);
        }
    }
}

#[test]
fn what_cannot_pay_is_not_sent() {
    const MEANS: Line =
        ("GET /me/order/12/availableRegisteredPaymentMean", ALWAYS, 200, r#"[{"paymentMean":"newWord"}]"#);
    const STATUS: &str = "GET /me/order/12/status";
    for (pay_with, state, expected) in [
        (Some("9"), "\"notPaid\"", "refused"),
        (Some("ovhAccount"), "\"notPaid\"", "refused"),
        // Nothing pays what is paid.
        (Some("9"), "\"delivered\"", "paid"),
        (Some("ovhAccount"), "\"checking\"", "pending"),
    ] {
        let (remote, script) = world(&[TIME, METHODS, MEANS, (STATUS, 1, 200, state)], &SIGNED, pay_with);
        let outcome = done(remote.pay(&ask(), &open_order()));
        assert_eq!(word(&outcome), expected, "{pay_with:?} {state}: {outcome:?}");
        assert!(!script.sent().iter().any(|sent| sent.starts_with("POST")), "nothing is sent");
        if let Outcome::Refused(said) = outcome {
            assert!(said.text.contains("not usable for this order"), "{said}");
        }
    }
    for (status, expected) in [(503, "never sent"), (403, "refused"), (404, "never sent")] {
        let (remote, _) = signed(&[TIME, ("GET /me/order/12/paymentMethods", ALWAYS, status, NOT_GRANTED)]);
        assert_eq!(word(&done(remote.pay(&ask(), &open_order()))), expected, "{status}");
    }
}
