//! What is said to have become of an order and of a payment.

use perennial_core::buyer::remote::{Outcome, Receipt};

use super::*;

const RENEW: &str = "POST /domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3/actions/renew";
const RENEWAL: &str = "GET /domains/dom_01hxa3b4c5d6e7f8g9h0j1k2m3/renewal";
const PAY: &str = "POST /billing/invoices/inv_2/actions/pay";
const CREDIT: &str = "POST /billing/invoices/inv_2/actions/apply-credit";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Paid,
    Placed,
    Refused,
    Pending,
    Unknown,
    NeverSent,
}

fn kind(outcome: &Outcome) -> Is {
    assert!(!format!("{outcome:?}").contains(KEY), "the key is in {outcome:?}");
    match outcome {
        Outcome::Paid(_) => Is::Paid,
        Outcome::Placed(_) => Is::Placed,
        Outcome::Refused(_) => Is::Refused,
        Outcome::Pending(_) => Is::Pending,
        Outcome::Unknown { .. } => Is::Unknown,
        Outcome::NeverSent { .. } => Is::NeverSent,
    }
}

fn renewed(rest: &str) -> Answer {
    Answer::Reply(200, format!(r#"{{"domainId":"{DOMAIN}","renewalScheduled":true,"newExpiresAt":null{rest}}}"#))
}

fn renewed_with(order: &str, invoice: &str) -> Answer {
    renewed(&format!(r#","orderId":{order},"renewalInvoice":{invoice}"#))
}

#[test]
fn an_order_is_placed_only_where_an_answer_says_so() {
    let unpaid = || invoice("inv_2", "198.75", "unpaid");
    let no = |status, code| Answer::Reply(status, problem(code));
    for (answer, wanted) in [
        (renewed_with("\"ord_2\"", &unpaid()), Is::Placed),
        (renewed_with("\"ord_2\"", &invoice("inv_2", "198.75", "paid")), Is::Paid),
        (renewed_with("\"ord_2\"", &invoice("inv_2", "198.75", "cancelled")), Is::Unknown),
        (renewed_with("\"ord_2\"", &invoice("inv_2", "198.75", "unknown")), Is::Unknown),
        (renewed_with("\"ord_2\"", &invoice("inv_2", "198.755", "unpaid")), Is::Unknown),
        // The order's name cannot be read, nor the invoice: both are waited for.
        (renewed_with("null", &unpaid()), Is::Pending),
        (renewed_with("\"ord_2\"", "null"), Is::Pending),
        (renewed_with("\"ord_2\"", &invoice("inv_2", "null", "unpaid")), Is::Pending),
        (Answer::Reply(200, r#"{"domainId":"dom_other","renewalScheduled":true}"#.to_owned()), Is::Unknown),
        (Answer::Reply(200, r#"{"renewalScheduled":false}"#.to_owned()), Is::Unknown),
        (Answer::Reply(200, String::new()), Is::Unknown),
        (Answer::Reply(200, r#"{"domainId":"#.to_owned()), Is::Unknown),
        (Answer::Reply(200, "<html>".to_owned()), Is::Unknown),
        (Answer::Reply(302, String::new()), Is::Unknown),
        (no(400, "invalid_request"), Is::Refused),
        (no(403, "forbidden"), Is::Refused),
        (no(404, "not_found"), Is::Refused),
        (Answer::Reply(403, "<html>blocked</html>".to_owned()), Is::Unknown),
        (no(409, "domain_not_renewable"), Is::Pending),
        (no(409, "existing_invoice_blocking"), Is::Pending),
        (no(409, "upstream_failed"), Is::Unknown),
        (no(409, "something_new"), Is::Unknown),
        (no(500, "internal_error"), Is::Unknown),
        (no(502, "upstream_invoice_shape_invalid"), Is::Unknown),
        (no(503, "upstream_unavailable"), Is::Unknown),
        (Answer::Wait(7), Is::NeverSent),
        (Answer::Lost, Is::Unknown),
        (Answer::NeverSent, Is::NeverSent),
    ] {
        let (remote, script) = remote(Script::default().answer(RENEW, answer));
        let outcome = done(remote.order(&ask(Kind::Domain, DOMAIN)));
        assert_eq!(kind(&outcome), wanted, "{outcome:?}");
        assert_eq!(script.calls().iter().filter(|call| *call == RENEW).count(), 1, "it is sent once: {outcome:?}");
        match outcome {
            Outcome::Placed(order) => assert_eq!(order, placed()),
            Outcome::NeverSent { retry_after: Some(after), .. } => assert_eq!(after.as_secs(), 7),
            _ => {}
        }
    }
}

#[test]
fn an_invoice_that_is_still_being_made_is_waited_for() {
    let pending = |invoice: &str| {
        renewal(
            &format!(r#""hasPendingOrder":true,"orderId":"ord_2","invoiceId":null,"renewalInvoice":{invoice}"#),
            CLOSED,
        )
    };
    let made = invoice("inv_2", "198.75", "unpaid");
    let script = Script::default()
        .answer(RENEW, renewed(r#","orderId":"ord_2","renewalInvoice":null,"invoiceLookupPending":true"#))
        .on(RENEWAL, 200, renewal(IDLE, OPEN))
        .on(RENEWAL, 200, pending("null"))
        .on(RENEWAL, 200, pending(&made))
        .on("GET /orders/ord_2", 200, format!(r#"{{"id":"ord_2","items":[{{"serviceId":"{DOMAIN}"}}]}}"#));
    let (remote, script) = remote(script);
    assert_eq!(done(remote.order(&ask(Kind::Domain, DOMAIN))), Outcome::Placed(placed()));
    let slept: Vec<_> = script.slept.lock().unwrap().iter().map(Duration::as_secs).collect();
    assert_eq!(slept, [1, 2, 4]);
}

#[test]
fn what_is_waited_for_in_vain_is_pending_and_another_order_is_not_it() {
    let other = invoice("inv_9", "198.75", "unpaid");
    let pending = format!(r#""hasPendingOrder":true,"orderId":"ord_9","renewalInvoice":{other}"#);
    let script = Script::default()
        .answer(RENEW, renewed(r#","orderId":"ord_2","renewalInvoice":null"#))
        .on(RENEWAL, 200, renewal(&pending, CLOSED))
        .on("GET /orders/ord_9", 200, r#"{"id":"ord_9"}"#);
    let (remote, script) = remote(script);
    assert_eq!(kind(&done(remote.order(&ask(Kind::Domain, DOMAIN)))), Is::Pending);
    assert_eq!(script.slept.lock().unwrap().len(), 4);
}

#[test]
fn a_vps_is_renewed_by_an_object_and_its_order_is_named_by_its_invoice() {
    const RENEW: &str = "POST /vps/vps_1/actions/renew";
    let answer = format!(
        r#"{{"vpsId":"vps_1","renewalScheduled":true,"newExpiresAt":"2027-01-12T00:00:00.000Z",
            "renewalInvoice":{},"invoiceLookupPending":false}}"#,
        invoice("inv_2", "198.75", "unpaid")
    );
    for (order_id, id) in [("\"ord_2\"", "ord_2"), ("null", "inv_2")] {
        let script = Script::default().on(RENEW, 200, answer.clone()).on(
            "GET /billing/invoices/inv_2",
            200,
            format!(r#"{{"id":"inv_2","orderId":{order_id}}}"#),
        );
        let (remote, script) = remote(script);
        let wanted = RemoteOrder {
            id: id.to_owned(),
            until: Some("2027-01-12".parse().unwrap()),
            services: vec!["vps_1".to_owned()],
            ..placed()
        };
        assert_eq!(done(remote.order(&ask(Kind::Server, "vps_1"))), Outcome::Placed(wanted));
        assert_eq!(script.body(RENEW), "{}");
    }
    let (remote, script) = remote(Script::default());
    assert_eq!(kind(&done(remote.order(&ask(Kind::Addon, "addon_1")))), Is::NeverSent);
    assert!(script.calls().is_empty());
}

#[test]
fn a_payment_is_made_only_where_the_answer_says_paid() {
    let updated = |status| Answer::Reply(200, invoice("inv_2", "198.75", status));
    let no = |status, code| Answer::Reply(status, problem(code));
    for (answer, wanted) in [
        (updated("paid"), Is::Paid),
        (updated("unpaid"), Is::Pending),
        (updated("cancelled"), Is::Unknown),
        (updated("odd"), Is::Unknown),
        (Answer::Reply(200, invoice("inv_3", "198.75", "paid")), Is::Unknown),
        (Answer::Reply(200, "{}".to_owned()), Is::Unknown),
        (Answer::Reply(200, "{\"status\":".to_owned()), Is::Unknown),
        (no(400, "invalid_request"), Is::Refused),
        (no(402, "payment_failed"), Is::Refused),
        (no(409, "invoice_payment_in_progress"), Is::Pending),
        (no(409, "invoice_already_paid"), Is::Pending),
        (no(409, "domain_not_renewable"), Is::Unknown),
        (no(502, "upstream_invoice_shape_invalid"), Is::Unknown),
        (no(500, "internal_error"), Is::Unknown),
        (Answer::Wait(1), Is::NeverSent),
        (Answer::Lost, Is::Unknown),
        (Answer::NeverSent, Is::NeverSent),
    ] {
        let script = Script::default()
            .on("GET /billing/cards", 200, r#"[{"id":"card_1","isPrimary":false},{"id":"card_2","isPrimary":true}]"#)
            .answer(PAY, answer);
        let (remote, script) = remote(script);
        let outcome = done(remote.pay(&ask(Kind::Domain, DOMAIN), &placed()));
        assert_eq!(kind(&outcome), wanted, "{outcome:?}");
        assert_eq!(script.calls(), ["GET /billing/cards", PAY], "it is sent once: {outcome:?}");
        assert_eq!(script.body(PAY), r#"{"savedCardId":"card_2"}"#);
        if let Outcome::Paid(receipt) = outcome {
            let id = |text: &str| Some(text.to_owned());
            let wanted =
                Receipt { order: id("ord_2"), invoice: id("inv_2"), paid: Some(sek(19_875)), ..Receipt::default() };
            assert_eq!(receipt, wanted);
        }
    }
}

#[test]
fn what_pays_is_the_setting_and_is_there_before_anything_is_sent() {
    let with = |text: &str| CallSettings { pay_with: Some(text.to_owned()), ..settings() };
    let pay = |script, settings| {
        let (remote, script) = remote_with(script, settings);
        (kind(&done(remote.pay(&ask(Kind::Domain, DOMAIN), &placed()))), script)
    };
    let paid = || invoice("inv_2", "198.75", "paid");
    let credit = |amount| format!(r#"{{"amount":{amount},"currencyCode":"SEK"}}"#);

    let script = Script::default().on("GET /billing/credit", 200, credit("198.75")).on(CREDIT, 200, paid());
    let (outcome, script) = pay(script, with("credit"));
    assert_eq!((outcome, script.body(CREDIT).as_str()), (Is::Paid, r#"{"amount":"198.75"}"#));

    let (outcome, script) = pay(Script::default().on("GET /billing/credit", 200, credit("198.74")), with("credit"));
    assert_eq!((outcome, script.calls()), (Is::Refused, vec!["GET /billing/credit".to_owned()]));

    // Where the credit cannot be read, the provider decides.
    let (outcome, _) = pay(Script::default().on(CREDIT, 402, problem("payment_failed")), with("credit"));
    assert_eq!(outcome, Is::Refused);

    let (outcome, script) = pay(Script::default().on(PAY, 200, paid()), with("card_7"));
    assert_eq!((outcome, script.body(PAY).as_str()), (Is::Paid, r#"{"savedCardId":"card_7"}"#));

    // No card is for the provider to refuse; cards that cannot be read are tried again, and nothing was sent.
    let script = Script::default().on("GET /billing/cards", 200, "[]").on(PAY, 402, problem("payment_failed"));
    let (outcome, script) = pay(script, settings());
    assert_eq!((outcome, script.body(PAY).as_str()), (Is::Refused, "{}"));
    let (outcome, script) = pay(Script::default().on("GET /billing/cards", 500, ""), settings());
    assert_eq!(outcome, Is::NeverSent);
    assert!(script.calls().iter().all(|call| call == "GET /billing/cards"));
}
