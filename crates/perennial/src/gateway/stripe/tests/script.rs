//! Answers that are written here: each call is the next of a script, and no other one is made.

use std::collections::VecDeque;
use std::sync::Mutex;

use bytes::Bytes;
use http::{Request, Response};
use perennial_providers::call::SendError;
use serde_json::{Value, json};

use super::*;

const LOOK: &str = "GET /v1/payment_intents/pi_1";
const CONFIRM: &str = "POST /v1/payment_intents/pi_1/confirm off_session=true";
const CANCEL: &str = "POST /v1/payment_intents/pi_1/cancel ";
const METHOD: &str = "GET /v1/payment_methods/pm_1";
const REFUNDS: &str = "GET /v1/refunds?payment_intent=pi_1&limit=100";
const REFUND: &str = "POST /v1/refunds payment_intent=pi_1&amount=1200&metadata%5Bcharge%5D=7&metadata%5Border%5D=5\
                      &metadata%5Baccount%5D=3 once=perennial-refund-7-pi_1";
const CREATE: &str = "POST /v1/payment_intents amount=1200&currency=eur&customer=cus_1&payment_method=pm_1\
                      &payment_method_types%5B%5D=card&metadata%5Bcharge%5D=7&metadata%5Border%5D=5&metadata%5Baccount%5D=3";

/// A call, and its answer: a status of 0 for a connection that is cut.
type Step = (&'static str, u16, Value);

struct Script(Mutex<VecDeque<Step>>);

impl HttpClient for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().expect("is text").to_owned());
        assert_eq!(header("authorization").as_deref(), Some("Bearer sk_test_hunter2"));
        assert_eq!(header("stripe-version").as_deref(), Some("2026-09-30.endive"));
        assert!(!format!("{:?}", request.headers()).contains("hunter2"));
        let mut call = format!("{} {}", request.method(), request.uri().path_and_query().expect("has a path"));
        if request.method() == "POST" {
            call = format!("{call} {}", String::from_utf8_lossy(request.body()));
        }
        if let Some(once) = header("idempotency-key") {
            call = format!("{call} once={once}");
        }
        let (expected, status, body) = self.0.lock().expect("is whole").pop_front().unwrap_or_else(|| panic!("{call}"));
        assert_eq!(call, expected);
        let reply = Response::builder().status(status.max(200)).header("request-id", "req_1");
        let reply = reply.body(Bytes::from(body.to_string())).expect("is an answer");
        Box::pin(async move { if status == 0 { Err(SendError::Lost("cut".to_owned())) } else { Ok(reply) } })
    }
}

/// Plays a script to its end, and tells what came of it.
async fn play<T: std::fmt::Debug>(
    steps: Vec<Step>,
    ask: impl AsyncFnOnce(&Stripe) -> Result<T, GatewayError>,
) -> String {
    let script = Arc::new(Script(Mutex::new(steps.into())));
    let stripe = Stripe::new(Arc::clone(&script) as _, URL.to_owned(), "sk_test_hunter2".into());
    let told = told(ask(&stripe).await);
    assert_eq!(*script.0.lock().expect("is whole"), [], "{told}: what was not asked");
    told
}

async fn carry_out(direction: Direction, steps: Vec<Step>) -> String {
    play(steps, async |stripe| stripe.carry_out(&charge(direction), "pi_1").await).await
}

fn intent(status: &str) -> Value {
    json!({ "id": "pi_1", "object": "payment_intent", "amount": 1200, "currency": "eur", "status": status, "customer": "cus_1",
            "payment_method": "pm_1", "metadata": { "charge": "7", "order": "5", "account": "3" },
            "last_payment_error": null })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn error(kind: &str, code: &str, decline_code: &str) -> Value {
    json!({ "type": kind, "code": code, "decline_code": decline_code, "message": "Your card was declined." })
}

fn refused(code: &str) -> Value {
    json!({ "error": error("invalid_request_error", code, "") })
}

fn card(customer: Option<&str>) -> Value {
    let card = json!({ "brand": "visa", "last4": "4242", "exp_month": 2, "exp_year": 2028 });
    json!({ "id": "pm_1", "type": "card", "customer": customer, "card": card })
}

#[tokio::test]
async fn only_an_intent_of_the_charge_that_waits_for_it_is_confirmed() {
    let waits = || intent("requires_confirmation");
    for (found, expected) in [
        (intent("succeeded"), "Some(Moved)"),
        (intent("processing"), "None"),
        (intent("canceled"), "Some(Declined(Declined))"),
        (intent("requires_capture"), "silent"),
        (intent("something_new"), "silent"),
        (with(waits(), "amount", json!(1201)), "silent"),
        (with(waits(), "currency", json!("usd")), "silent"),
        (with(waits(), "metadata", json!({ "charge": "8" })), "silent"),
        (with(waits(), "metadata", json!({})), "silent"),
        (with(intent("succeeded"), "metadata", json!({ "charge": "8" })), "silent"),
        (json!({ "id": "pi_1" }), "silent"),
        (json!("what"), "silent"),
    ] {
        let step = vec![(LOOK, 200, found.clone())];
        assert_eq!(carry_out(Direction::Collect, step).await, expected, "{found}");
    }
    let looks = vec![(LOOK, 200, waits()), (CONFIRM, 200, intent("succeeded")), (LOOK, 200, intent("succeeded"))];
    assert_eq!(carry_out(Direction::Collect, looks).await, "Some(Moved)");
    let odd = play(vec![], async |stripe| stripe.carry_out(&charge(Direction::Collect), "../refunds").await);
    assert_eq!(odd.await, "silent");
}

#[tokio::test]
async fn what_an_answer_to_a_confirmation_says_is_not_what_counts() {
    let waits = || intent("requires_confirmation");
    let said = [(200, intent("succeeded")), (402, refused("card_declined")), (400, refused("unexpected_state"))];
    for (status, body) in said {
        for (found, expected) in [("succeeded", "Some(Moved)"), ("processing", "None")] {
            let looks = vec![(LOOK, 200, waits()), (CONFIRM, status, body.clone()), (LOOK, 200, intent(found))];
            assert_eq!(carry_out(Direction::Collect, looks).await, expected, "{status} {body}");
        }
    }
    for (status, expected) in [(0, "silent"), (500, "silent"), (409, "silent"), (302, "silent"), (429, "busy")] {
        let looks = vec![(LOOK, 200, waits()), (CONFIRM, status, json!({}))];
        assert_eq!(carry_out(Direction::Collect, looks).await, expected, "{status}");
    }
}

#[tokio::test]
async fn what_was_declined_is_canceled_before_that_is_told() {
    let failed = |code, decline_code| {
        with(intent("requires_payment_method"), "last_payment_error", error("card_error", code, decline_code))
    };
    for (code, decline_code, decline) in [
        ("card_declined", "insufficient_funds", Decline::Funds),
        ("card_declined", "card_velocity_exceeded", Decline::Funds),
        ("card_declined", "withdrawal_count_limit_exceeded", Decline::Funds),
        ("expired_card", "", Decline::Expired),
        ("authentication_required", "authentication_required", Decline::Confirmation),
        ("card_declined", "authentication_required", Decline::Confirmation),
        ("payment_intent_authentication_failure", "", Decline::Confirmation),
        ("card_declined", "lost_card", Decline::Gone),
        ("card_declined", "stolen_card", Decline::Gone),
        ("card_declined", "revocation_of_all_authorizations", Decline::Gone),
        ("incorrect_number", "incorrect_number", Decline::Gone),
        ("debit_not_authorized", "", Decline::Gone),
        ("card_declined", "generic_decline", Decline::Declined),
        ("card_declined", "do_not_honor", Decline::Declined),
        ("card_declined", "a_new_one", Decline::Declined),
    ] {
        let looks = vec![
            (LOOK, 200, failed(code, decline_code)),
            (CANCEL, 200, intent("canceled")),
            (LOOK, 200, intent("canceled")),
        ];
        assert_eq!(carry_out(Direction::Collect, looks).await, declined(decline), "{code} {decline_code}");
    }
    let action = || (LOOK, 200, intent("requires_action"));
    for (found, expected) in [
        ("canceled", declined(Decline::Confirmation)),
        ("succeeded", "Some(Moved)".to_owned()),
        ("processing", "None".to_owned()),
        ("requires_action", "silent".to_owned()),
    ] {
        let looks = vec![action(), (CANCEL, 400, refused("unexpected_state")), (LOOK, 200, intent(found))];
        assert_eq!(carry_out(Direction::Collect, looks).await, expected, "{found}");
    }
    assert_eq!(carry_out(Direction::Collect, vec![action(), (CANCEL, 0, json!({}))]).await, "silent");
}

#[tokio::test]
async fn an_intent_that_cannot_be_tried_is_given_up_only_for_a_reason() {
    let waits = || (LOOK, 200, intent("requires_confirmation"));
    let canceled = || [(CANCEL, 200, intent("canceled")), (LOOK, 200, intent("canceled"))];
    let bank = json!({ "error": error("card_error", "card_declined", "insufficient_funds") });
    let mut steps = vec![waits(), (CONFIRM, 402, bank), waits()];
    steps.extend(canceled());
    assert_eq!(carry_out(Direction::Collect, steps).await, declined(Decline::Funds));
    let mut steps = vec![waits(), (CONFIRM, 400, refused("")), waits(), (METHOD, 200, card(None))];
    steps.extend(canceled());
    assert_eq!(carry_out(Direction::Collect, steps).await, declined(Decline::Gone));
    let steps = vec![waits(), (CONFIRM, 400, refused("")), waits(), (METHOD, 200, card(Some("cus_1")))];
    assert_eq!(carry_out(Direction::Collect, steps).await, "silent");
    assert_eq!(carry_out(Direction::Collect, vec![waits(), (CONFIRM, 200, json!({ "id": 1 }))]).await, "silent");
}

#[tokio::test]
async fn a_charge_is_prepared_of_a_method_that_is_there() {
    let prepare = async |steps| {
        let file = on_file("cus_1", "pm_1");
        play(steps, async |stripe| stripe.prepare(&charge(Direction::Collect), &file, None).await).await
    };
    let kept = || (METHOD, 200, card(Some("cus_1")));
    let made = vec![kept(), (CREATE, 200, intent("requires_confirmation"))];
    assert_eq!(prepare(made).await, r#"As("pi_1")"#);
    for (status, body, expected) in [
        (200, card(Some("cus_2")), "Never(Declined(Gone))"),
        (200, card(None), "Never(Declined(Gone))"),
        (404, refused("resource_missing"), "Never(Declined(Gone))"),
        (400, refused("parameter_unknown"), "silent"),
        (404, json!({}), "silent"),
        (401, refused("api_key_expired"), "barred"),
        (403, refused(""), "barred"),
        (429, json!({}), "busy"),
        (500, json!({}), "silent"),
        (503, json!({}), "silent"),
    ] {
        assert_eq!(prepare(vec![(METHOD, status, body.clone())]).await, expected, "{status} {body}");
    }
    let about = |param: &str| json!({ "error": { "type": "invalid_request_error", "param": param } });
    for (status, body, expected) in [
        (400, about("payment_method"), "Never(Declined(Gone))"),
        (404, about("customer"), "Never(Declined(Gone))"),
        (400, about("amount"), "Never(Declined(Declined))"),
        (400, about("currency"), "Never(Declined(Declined))"),
        (400, about("confirm"), "Never(Declined(Declined))"),
        (400, refused("payment_method_unactivated"), "Never(Declined(Declined))"),
        (400, refused("parameter_unknown"), "Never(Declined(Declined))"),
        (404, refused("resource_missing"), "Never(Declined(Declined))"),
        (400, json!({ "error": { "type": "idempotency_error" } }), "silent"),
        (400, json!({ "error": { "type": "api_error" } }), "silent"),
        (400, json!("what"), "silent"),
        (404, json!({}), "silent"),
        (409, refused("idempotency_key_in_use"), "silent"),
        (401, refused("api_key_expired"), "barred"),
        (403, refused(""), "barred"),
        (429, refused("rate_limit"), "busy"),
        (500, refused(""), "silent"),
        (503, json!({}), "silent"),
        (402, json!({ "error": error("card_error", "expired_card", "") }), "Never(Declined(Expired))"),
        (200, with(intent("requires_confirmation"), "amount", json!(1)), "silent"),
        (0, json!({}), "silent"),
    ] {
        assert_eq!(prepare(vec![kept(), (CREATE, status, body.clone())]).await, expected, "{status} {body}");
    }
    let mut tiny = charge(Direction::Collect);
    tiny.amount = Money::new(1, Currency::parse("TND").expect("is known"));
    let file = on_file("cus_1", "pm_1");
    let never = play(vec![], async |stripe| stripe.prepare(&tiny, &file, None).await).await;
    assert_eq!(never, "Never(Declined(Declined))");
}

#[tokio::test]
async fn a_refund_that_is_there_is_not_made_again() {
    let refund = |status: &str| json!({ "id": "re_1", "amount": 1200, "currency": "eur", "status": status, "metadata": { "charge": "7" } });
    let list = |data: Vec<Value>| json!({ "object": "list", "data": data, "has_more": false });
    let paid = || (LOOK, 200, intent("succeeded"));
    let none = || vec![paid(), (REFUNDS, 200, list(vec![]))];
    let by_hand = |status: &str| list(vec![with(refund(status), "metadata", json!({}))]);
    for (found, expected) in [
        (by_hand("succeeded"), "Some(Moved)"),
        (list(vec![refund("succeeded")]), "Some(Moved)"),
        (list(vec![refund("pending")]), "None"),
        (list(vec![refund("requires_action")]), "None"),
        (list(vec![refund("failed")]), "Some(Declined(Declined))"),
        (list(vec![refund("canceled")]), "Some(Declined(Declined))"),
        (list(vec![refund("failed"), refund("succeeded"), refund("pending")]), "Some(Moved)"),
        (list(vec![refund("something_new")]), "silent"),
        (list(vec![with(refund("succeeded"), "amount", json!(1))]), "silent"),
        (with(list(vec![]), "has_more", json!(true)), "silent"),
    ] {
        assert_eq!(
            carry_out(Direction::Refund, vec![paid(), (REFUNDS, 200, found.clone())]).await,
            expected,
            "{found}"
        );
    }
    for (status, body, expected) in [
        (200, refund("succeeded"), "Some(Moved)"),
        (200, refund("pending"), "None"),
        (200, with(refund("succeeded"), "metadata", json!({})), "silent"),
        (400, json!({ "error": { "type": "idempotency_error" } }), "silent"),
        (409, refused("idempotency_key_in_use"), "silent"),
        (0, json!({}), "silent"),
        (500, json!({}), "silent"),
    ] {
        let mut steps = none();
        steps.push((REFUND, status, body.clone()));
        assert_eq!(carry_out(Direction::Refund, steps).await, expected, "{status} {body}");
    }
    for (code, found, expected) in [
        ("charge_already_refunded", by_hand("succeeded"), "Some(Moved)"),
        ("charge_already_refunded", by_hand("pending"), "None"),
        ("charge_already_refunded", list(vec![refund("succeeded")]), "Some(Moved)"),
        ("charge_disputed", list(vec![]), "Some(Declined(Declined))"),
        ("balance_insufficient", by_hand("failed"), "Some(Declined(Declined))"),
    ] {
        let mut steps = none();
        steps.extend([(REFUND, 400, refused(code)), (REFUNDS, 200, found)]);
        assert_eq!(carry_out(Direction::Refund, steps).await, expected, "{code}");
    }
    for found in [
        intent("canceled"),
        with(intent("succeeded"), "amount", json!(1199)),
        with(intent("succeeded"), "currency", json!("usd")),
        with(intent("succeeded"), "metadata", json!({ "order": "6" })),
    ] {
        assert_eq!(carry_out(Direction::Refund, vec![(LOOK, 200, found.clone())]).await, "silent", "{found}");
    }
}

#[tokio::test]
async fn what_is_kept_of_a_method_is_shown_without_its_number() {
    let debit = json!({ "id": "pm_1", "type": "sepa_debit", "customer": "cus_1", "sepa_debit": { "last4": "3000" } });
    let odd = json!({ "brand": "?", "last4": "0005", "exp_month": 12, "exp_year": 2030 });
    for (body, expected) in [
        (card(Some("cus_1")), r#"Some(Kept { kind: Card, label: "visa **** 4242", expires: Some(2028-02-29) })"#),
        (
            with(card(Some("cus_1")), "card", odd),
            r#"Some(Kept { kind: Card, label: "card **** 0005", expires: Some(2030-12-31) })"#,
        ),
        (debit, r#"Some(Kept { kind: BankTransfer, label: "sepa **** 3000", expires: None })"#),
        (json!({ "id": "pm_1", "type": "link", "customer": "cus_1" }), "None"),
        (card(Some("cus_2")), "None"),
    ] {
        let file = on_file("cus_1", "pm_1");
        let kept = play(vec![(METHOD, 200, body.clone())], async |stripe| stripe.kept(&file).await).await;
        assert_eq!(kept, expected, "{body}");
    }
    for id in ["", "../customers/cus_1", "pm_1?expand[]=customer", "pm 1"] {
        let file = on_file("cus_1", id);
        assert_eq!(play(vec![], async |stripe| stripe.kept(&file).await).await, "None", "{id}");
    }
}

#[tokio::test]
async fn no_error_shows_the_key_or_what_stripe_says_of_it() {
    let body =
        json!({ "error": { "type": "invalid_request_error", "message": "Invalid API Key provided: sk_***ter2" } });
    for status in [0, 400, 401, 402, 403, 404, 429, 500] {
        let script = Arc::new(Script(Mutex::new(vec![(LOOK, status, body.clone())].into())));
        let stripe = Stripe::new(script, URL.to_owned(), "sk_test_hunter2".into());
        let error = stripe.carry_out(&charge(Direction::Collect), "pi_1").await.expect_err("is an error");
        let debug = format!("{error:?}");
        let told = format!("{debug} {:#}", anyhow::Error::new(error));
        assert!(!told.contains("hunter2") && !told.contains("ter2"), "{told}");
        assert!(told.contains("GET /v1/payment_intents/pi_1"), "{told}");
    }
}
