//! Orders, payments, bills and payment methods of the OVHcloud dialect, through the real binary.

mod bills;
mod methods;
mod payments;

use anyhow::{Context, Result};
use perennial_testkit::{OvhClient, Sandbox, http};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// The demo services expire twenty days later.
const NOW: &str = "2026-11-22T12:00:00Z";

/// Services of the demo customer: a domain with its hosting, and a VPS.
const DOMAIN: i64 = 12_345;
const HOSTING: i64 = 67_890;
const VPS: i64 = 112_233;

/// Payment methods of the demo customer. The seller takes no bank account.
const PAYPAL: i64 = 1_234;
const CARD: i64 = 1_235;
const BANK: i64 = 1_236;

fn start() -> Result<(Sandbox, OvhClient)> {
    // What is ordered and paid here, its owner orders and pays.
    let sandbox = Sandbox::options(BINARY).now(NOW).arg("--no-schedule").start()?;
    let client = OvhClient::from_env(&sandbox.env()?)?;
    Ok((sandbox, client))
}

/// A client with the keys of another demo account: 2 is another customer, 3 a reseller.
fn customer(sandbox: &Sandbox, number: &str) -> Result<OvhClient> {
    let mut client = OvhClient::from_env(&sandbox.env()?)?;
    for key in [&mut client.application_key, &mut client.application_secret, &mut client.consumer_key] {
        *key = key.replace('1', number);
    }
    Ok(client)
}

/// Gets what must be there.
fn get(client: &mut OvhClient, path: &str) -> Result<Value> {
    let (status, body) = client.get(path)?;
    assert_eq!(status, 200, "{path}: {body}");
    Ok(body)
}

/// Places an order by the first of the services, and returns its number.
fn place(client: &mut OvhClient, duration: &str, services: &[i64]) -> Result<i64> {
    let of = services.last().context("a service is named")?;
    let body = json!({ "duration": duration, "services": services, "dryRun": false });
    let (status, order) = client.post(&format!("/service/{of}/renew"), &body)?;
    assert_eq!(status, 200, "{order}");
    order["orderId"].as_i64().context("an order has a number")
}

fn pay_body(method: i64) -> Value {
    json!({ "paymentMethod": { "id": method } })
}

fn pay(client: &mut OvhClient, order: i64, method: i64) -> Result<(u16, Value)> {
    client.post(&format!("/me/order/{order}/pay"), &pay_body(method))
}

/// Pays an order that can be paid.
fn settle(client: &mut OvhClient, order: i64) -> Result<()> {
    let paid = pay(client, order, PAYPAL)?;
    assert_eq!(paid, (200, Value::Null));
    Ok(())
}

fn message(body: &Value) -> &str {
    body["message"].as_str().unwrap_or_default()
}

fn unknown(parameter: &str, id: &str) -> Value {
    json!({
        "class": "Client::NotFound",
        "httpCode": "404 Not Found",
        "message": format!("The requested object ({parameter} = {id}) does not exist"),
    })
}

/// The links of an order or a bill lead to its page and its PDF.
fn assert_links_open(object: &Value) -> Result<()> {
    for (field, kind) in [("url", "text/html"), ("pdfUrl", "application/pdf")] {
        let document = http::get(object[field].as_str().context("a document has links")?)?;
        assert_eq!(document.status, 200, "{field}");
        assert!(document.header("Content-Type").is_some_and(|found| found.starts_with(kind)), "{field}");
    }
    Ok(())
}

/// A date as it goes into a query.
fn query_date(object: &Value) -> Result<String> {
    Ok(object["date"].as_str().context("the object has a date")?.replace('+', "%2B"))
}

/// The rows of a list of the ledger that are about an order.
fn about(ledger: &Value, list: &str, order: i64) -> Vec<Value> {
    let rows = ledger[list].as_array().into_iter().flatten();
    rows.filter(|row| row["order"] == json!(order)).cloned().collect()
}

fn until(ledger: &Value, service: i64) -> String {
    let mut services = ledger["services"].as_array().into_iter().flatten();
    let found = services.find(|row| row["id"] == json!(service));
    found.and_then(|row| row["until"].as_str()).unwrap_or_default().to_owned()
}

/// One payment, one extension and one bill for the order, and books without a finding.
fn assert_paid_once(sandbox: &Sandbox, order: i64) -> Result<()> {
    let ledger = sandbox.ledger()?;
    for list in ["payments", "extensions", "invoices"] {
        assert_eq!(about(&ledger, list, order).len(), 1, "{list}: {ledger:#}");
    }
    assert_eq!(ledger["audit"]["findings"], json!([]));
    Ok(())
}

#[test]
fn an_order_is_placed_paid_and_delivered() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let order = place(&mut client, "P1Y", &[HOSTING, DOMAIN])?;
    let path = format!("/me/order/{order}");

    let shown = get(&mut client, &path)?;
    let password = shown["password"].as_str().context("an order has a password")?;
    let link = format!("{}/order/xx11111-ovh/{order}", sandbox.pages());
    assert_eq!(shown["url"], format!("{link}?password={password}"));
    assert_eq!(shown["pdfUrl"], format!("{link}.pdf?password={password}"));
    assert_links_open(&shown)?;
    assert_eq!(shown["date"].as_str().map(|date| &date[..14]), Some("2026-11-22T13:"), "in the account's zone");
    assert_eq!(shown["retractionDate"], Value::Null);
    assert_eq!(shown["priceWithoutTax"]["text"], "37.87 €");
    assert_eq!(shown["tax"]["text"], "7.57 €");
    let total = json!({ "currencyCode": "EUR", "priceInUcents": 4_544_000_000_i64, "text": "45.44 €", "value": 45.44 });
    assert_eq!(shown["priceWithTax"], total);

    assert_eq!(get(&mut client, &format!("{path}/status"))?, "notPaid");
    assert_eq!(get(&mut client, &format!("{path}/associatedObject"))?, json!({ "id": null, "type": null }));
    let (status, body) = client.get(&format!("{path}/payment"))?;
    assert_eq!((status, body), (404, unknown("payment of orderId", &order.to_string())));

    settle(&mut client, order)?;
    assert_eq!(get(&mut client, &path)?, shown, "what an order says does not change");
    assert_eq!(get(&mut client, &format!("{path}/status"))?, "delivered");
    let bill = get(&mut client, &format!("{path}/associatedObject"))?;
    assert_eq!(bill, json!({ "id": "FR00000001", "type": "Bill" }));
    let payment = get(&mut client, &format!("{path}/payment"))?;
    assert_eq!((&payment["paymentType"], &payment["paymentIdentifier"]), (&json!("paypal"), &json!(order.to_string())));

    let ledger = sandbox.ledger()?;
    assert_eq!(until(&ledger, DOMAIN), "2027-12-12");
    assert_eq!(until(&ledger, HOSTING), "2027-12-12");
    assert_eq!(until(&ledger, VPS), "2026-12-12");
    assert_eq!(ledger["audit"]["findings"], json!([]));
    Ok(())
}

#[test]
fn steps_and_lines_of_an_order_are_shown() -> Result<()> {
    let (_sandbox, mut client) = start()?;
    let order = place(&mut client, "P1Y", &[HOSTING, DOMAIN])?;
    let path = format!("/me/order/{order}");
    let steps = |follow_up: &Value| -> Vec<(String, String, usize)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let steps = follow_up.as_array().into_iter().flatten();
        let events = |step: &Value| step["history"].as_array().map_or(0, Vec::len);
        steps.map(|step| (text(&step["step"]), text(&step["status"]), events(step))).collect()
    };
    let all = |rows: [(&str, &str, usize); 4]| rows.map(|(step, status, events)| (step.into(), status.into(), events));
    assert_eq!(
        steps(&get(&mut client, &format!("{path}/followUp"))?),
        all([
            ("VALIDATING", "DOING", 1),
            ("VALIDATED", "TODO", 0),
            ("DELIVERING", "TODO", 0),
            ("AVAILABLE", "TODO", 0)
        ])
    );

    let (first, second) = (order * 1_000 + 1, order * 1_000 + 2);
    assert_eq!(get(&mut client, &format!("{path}/details"))?, json!([first, second]));
    let price = json!({ "currencyCode": "EUR", "priceInUcents": 3_588_000_000_i64, "text": "35.88 €", "value": 35.88 });
    let line = json!({
        "cancelled": false,
        "description": "Hosting Perso 2014",
        "detailType": "RENEW",
        "domain": "example.cluster001.hosting.ovh.net",
        "orderDetailId": first,
        "quantity": "1",
        "totalPrice": price,
        "unitPrice": price,
    });
    assert_eq!(get(&mut client, &format!("{path}/details/{first}"))?, line);
    let extension = json!({ "order": {
        "action": "renew",
        "configurations": [],
        "plan": {
            "code": "domain-ovh",
            "duration": "P1Y",
            "pricingMode": "default",
            "product": { "name": "Domain .ovh" },
            "quantity": 1,
        },
        "type": "plan",
    } });
    assert_eq!(get(&mut client, &format!("{path}/details/{second}/extension"))?, extension);

    settle(&mut client, order)?;
    assert_eq!(
        steps(&get(&mut client, &format!("{path}/followUp"))?),
        all([("VALIDATING", "DONE", 2), ("VALIDATED", "DONE", 1), ("DELIVERING", "DONE", 1), ("AVAILABLE", "DONE", 1)])
    );
    Ok(())
}

#[test]
fn another_customers_things_look_as_if_they_were_not() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let mut other = customer(&sandbox, "2")?;
    let order = place(&mut client, "P1M", &[VPS])?;
    let line = order * 1_000 + 1;
    for id in [order, 999_999] {
        let wanted = unknown("orderId", &id.to_string());
        for below in [
            "",
            "/status",
            "/followUp",
            "/details",
            &format!("/details/{line}"),
            &format!("/details/{line}/extension"),
            "/associatedObject",
            "/payment",
            "/availableRegisteredPaymentMean",
            "/paymentMethods",
        ] {
            let answer = other.get(&format!("/me/order/{id}{below}"))?;
            assert_eq!(answer, (404, wanted.clone()), "{below}");
        }
        for (below, body) in [
            ("pay", pay_body(2_234)),
            ("payWithRegisteredPaymentMean", json!({ "paymentMean": "paypal", "paymentMeanId": 2_234 })),
            ("payWithRegisteredPaymentMean", json!({ "paymentMean": "ovhAccount" })),
            ("payWithRegisteredPaymentMean", json!({ "paymentMean": "fidelityAccount" })),
            ("retraction", json!({ "reason": "unused" })),
            ("waiveRetraction", Value::Null),
        ] {
            let answer = other.post(&format!("/me/order/{id}/{below}"), &body)?;
            assert_eq!(answer, (404, wanted.clone()), "{below}");
        }
    }
    assert_eq!(get(&mut other, "/me/order")?, json!([]));

    settle(&mut client, order)?;
    for bill in ["FR00000001", "FR00000002"] {
        for below in ["", "/details", &format!("/details/{line}"), "/payment"] {
            let answer = other.get(&format!("/me/bill/{bill}{below}"))?;
            assert_eq!(answer, (404, unknown("billId", bill)), "{below}");
        }
    }
    for method in [PAYPAL, 999_999] {
        let path = format!("/me/payment/method/{method}");
        let wanted = (404, unknown("paymentMethodId", &method.to_string()));
        assert_eq!(other.get(&path)?, wanted);
        assert_eq!(other.put(&path, &json!({ "default": true }))?, wanted);
        assert_eq!(other.delete(&path)?, wanted);
        let old = format!("/me/paymentMean/paypal/{method}");
        let wanted = (404, unknown("id", &method.to_string()));
        assert_eq!(other.get(&old)?, wanted);
        assert_eq!(other.put(&old, &json!({ "description": "mine" }))?, wanted);
        assert_eq!(other.post(&format!("{old}/chooseAsDefaultPaymentMean"), &Value::Null)?, wanted);
    }
    assert_eq!(other.get("/me/ovhAccount/xx11111-ovh")?, (404, unknown("ovhAccountId", "xx11111-ovh")));
    Ok(())
}

#[test]
fn lists_are_filtered_by_dates_with_both_ends() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let first = place(&mut client, "P1M", &[VPS])?;
    settle(&mut client, first)?;
    sandbox.advance("PT6H")?;
    let second = place(&mut client, "P1Y", &[DOMAIN])?;
    settle(&mut client, second)?;
    let at_first = query_date(&get(&mut client, &format!("/me/order/{first}"))?)?;
    let at_second = query_date(&get(&mut client, &format!("/me/order/{second}"))?)?;
    let spans = |from: &str, to: &str| format!("?date.from={from}&date.to={to}");
    for (query, wanted) in [
        (String::new(), json!([first, second])),
        (spans(&at_first, &at_second), json!([first, second])),
        (spans(&at_first, &at_first), json!([first])),
        (spans(&at_second, &at_second), json!([second])),
        (spans("null", &at_first), json!([first])),
        (spans(&at_second, ""), json!([second])),
        (spans(&at_second, &at_first), json!([])),
        (spans("2026-11-23T00:00:00Z", ""), json!([])),
    ] {
        assert_eq!(get(&mut client, &format!("/me/order{query}"))?, wanted, "{query}");
    }

    let at_bill = query_date(&get(&mut client, "/me/bill/FR00000002")?)?;
    for (query, wanted) in [
        (String::new(), json!(["FR00000001", "FR00000002"])),
        (spans(&at_bill, &at_bill), json!(["FR00000002"])),
        (spans("", "2026-11-22T15:00:00Z"), json!(["FR00000001"])),
        (format!("?orderId={second}"), json!(["FR00000002"])),
        ("?orderId=999".to_owned(), json!([])),
        ("?category=earlyrenewal".to_owned(), json!(["FR00000001", "FR00000002"])),
        ("?category=autorenew".to_owned(), json!([])),
    ] {
        assert_eq!(get(&mut client, &format!("/me/bill{query}"))?, wanted, "{query}");
    }
    Ok(())
}

#[test]
fn many_orders_are_read_at_once() -> Result<()> {
    let (_sandbox, mut client) = start()?;
    let first = place(&mut client, "P1M", &[VPS])?;
    let second = place(&mut client, "P1Y", &[DOMAIN])?;
    let third = place(&mut client, "P1Y", &[HOSTING])?;
    let shown_first = get(&mut client, &format!("/me/order/{first}"))?;
    let shown_second = get(&mut client, &format!("/me/order/{second}"))?;
    let shown_third = get(&mut client, &format!("/me/order/{third}"))?;

    let batch = client.call_with("GET", &format!("/me/order/{first},{second},999"), &[("X-Ovh-Batch", ",")], "")?;
    let items = batch.json()?;
    assert_eq!((batch.status, &items[0]["value"], &items[1]["value"]), (200, &shown_first, &shown_second));
    assert_eq!(items[2], json!({ "key": "999", "value": null, "error": unknown("orderId", "999") }));

    let pages = |number| [("X-Pagination-Mode", "CachedObjectList-Pages"), ("X-Pagination-Size", "2"), number];
    for (number, wanted) in [("1", json!([shown_first, shown_second])), ("2", json!([shown_third])), ("3", json!([]))] {
        let page = client.call_with("GET", "/me/order", &pages(("X-Pagination-Number", number)), "")?;
        assert_eq!((page.json()?, page.header("X-Pagination-Elements")), (wanted, Some("3")), "page {number}");
    }
    let sorted = [
        ("X-Pagination-Mode", "CachedObjectList-Pages"),
        ("X-Pagination-Sort", "orderId"),
        ("X-Pagination-Sort-Order", "DESC"),
        ("X-Pagination-Filter", "orderId:gt=1"),
    ];
    let page = client.call_with("GET", "/me/order", &sorted, "")?;
    assert_eq!(page.json()?, json!([shown_third, shown_second]));

    let piece = client.call_with("GET", "/me/order", &[("X-Pagination-Size", "2")], "")?;
    assert_eq!(piece.json()?, json!([first, second]));
    let cursor = piece.header("X-Pagination-Cursor-Next").context("there is another piece")?;
    let rest = [("X-Pagination-Size", "2"), ("X-Pagination-Cursor", cursor)];
    let piece = client.call_with("GET", "/me/order", &rest, "")?;
    assert_eq!((piece.json()?, piece.header("X-Pagination-Cursor-Next")), (json!([third]), None));
    Ok(())
}

#[test]
fn the_account_is_shown() -> Result<()> {
    let (_sandbox, mut client) = start()?;
    let me = get(&mut client, "/me")?;
    let seen = ["nichandle", "name", "country", "ovhSubsidiary", "ovhCompany", "state", "vat"].map(|field| &me[field]);
    assert_eq!(json!(seen), json!(["xx11111-ovh", "Camille Martin", "FR", "FR", "ovh", "complete", null]));
    assert_eq!(me["currency"], json!({ "code": "EUR", "symbol": "€" }));
    Ok(())
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let order = place(&mut client, "P1M", &[VPS])?;
    let pay = format!("/me/order/{order}/pay");
    let pay_with = format!("/me/order/{order}/payWithRegisteredPaymentMean");
    let before = sandbox.ledger()?;
    let long = json!({ "description": "x".repeat(256) }).to_string();
    let method = format!("/me/payment/method/{CARD}");
    for (verb, path, body, status, field) in [
        ("POST", &*pay, "", 400, "paymentMethod"),
        ("POST", &pay, "{", 400, ""),
        ("POST", &pay, "[]", 400, ""),
        ("POST", &pay, r#"{"paymentMethod":1234}"#, 400, "paymentMethod"),
        ("POST", &pay, r#"{"paymentMethod":{}}"#, 400, "paymentMethod.id"),
        ("POST", &pay, r#"{"paymentMethod":{"id":"1234"}}"#, 400, "paymentMethod.id"),
        ("POST", &pay, r#"{"paymentMethod":{"id":1234.5}}"#, 400, "paymentMethod.id"),
        ("POST", &pay, r#"{"paymentMethod":{"id":18446744073709551615}}"#, 400, "paymentMethod.id"),
        ("POST", &pay, r#"{"paymentMethod":{"id":-1}}"#, 404, ""),
        ("POST", &pay, r#"{"paymentMethod":{"id":2234}}"#, 404, ""),
        ("POST", &pay, r#"{"paymentMethod":{"id":1236}}"#, 403, ""),
        ("POST", "/me/order/x/pay", r#"{"paymentMethod":{"id":1234}}"#, 404, ""),
        ("POST", "/me/order/99999999999999999999/pay", r#"{"paymentMethod":{"id":1234}}"#, 404, ""),
        ("POST", &pay_with, "{}", 400, "paymentMean"),
        ("POST", &pay_with, r#"{"paymentMean":"gold"}"#, 400, "paymentMean"),
        ("POST", &pay_with, r#"{"paymentMean":7}"#, 400, "paymentMean"),
        ("POST", &pay_with, r#"{"paymentMean":"paypal"}"#, 400, "paymentMeanId"),
        ("POST", &pay_with, r#"{"paymentMean":"paypal","paymentMeanId":"1234"}"#, 400, "paymentMeanId"),
        ("GET", "/me/order?date.from=yesterday", "", 400, "date.from"),
        ("GET", "/me/order?date.to=2026-11-22T13:00:00+01:00", "", 400, "date.to"),
        ("GET", "/me/bill?date.to=2026-11-22", "", 400, "date.to"),
        ("GET", "/me/bill?orderId=x", "", 400, "orderId"),
        ("GET", "/me/bill?category=gold", "", 400, "category"),
        ("GET", "/me/ovhAccount/xx11111-ovh/movements?date.from=0", "", 400, "date.from"),
        ("GET", "/me/payment/method?default=maybe", "", 400, "default"),
        ("GET", "/me/payment/method?status=GOLD", "", 400, "status"),
        ("GET", "/me/paymentMean/bankAccount?state=gold", "", 400, "state"),
        ("GET", "/me/order/x", "", 404, ""),
        ("GET", "/me/order/0", "", 404, ""),
        ("GET", "/me/order/-1/status", "", 404, ""),
        ("GET", "/me/order/1/details/1", "", 404, ""),
        ("GET", "/me/order/1/details/x", "", 404, ""),
        ("GET", "/me/bill/1", "", 404, ""),
        ("GET", "/me/payment/method/x", "", 404, ""),
        ("PUT", &method, &long, 400, "description"),
        ("PUT", &method, r#"{"description":"a\nb"}"#, 400, "description"),
        ("PUT", &method, r#"{"default":"yes"}"#, 400, "default"),
        ("PUT", "/me/paymentMean/creditCard/1235", &long, 400, "description"),
        ("PUT", "/me/paymentMean/creditCard/1235", r#"{"description":7}"#, 400, "description"),
        ("DELETE", "/me/payment/method/0", "", 404, ""),
        ("DELETE", "/me/order/1", "", 405, ""),
    ] {
        let answer = client.call(verb, path, body)?;
        let said = answer.json()?;
        let named = said["details"]["field"].as_str().unwrap_or_default();
        assert_eq!((answer.status, named), (status, field), "{verb} {path} {body}: {said}");
        assert!(!message(&said).is_empty(), "{verb} {path} {body}");
    }
    let after = sandbox.ledger()?;
    for list in ["methods", "services", "orders", "payments", "invoices", "transfers", "audit"] {
        assert_eq!(after[list], before[list], "{list}");
    }
    Ok(())
}
