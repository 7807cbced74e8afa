//! Invoices and their files, the balance and what fills it, and what the account tells of itself.

use std::process::Command;

use serde_json::{Value, json};

use super::{BARE, SERVER, World, fields};

/// The text of a PDF, by a program of its own.
fn text_of(pdf: &[u8]) -> String {
    assert!(pdf.starts_with(b"%PDF"), "{:?}", &pdf[..pdf.len().min(40)]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("paper.pdf");
    std::fs::write(&file, pdf).unwrap();
    let read = Command::new("pdftotext").arg(&file).arg("-").output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    String::from_utf8(read.stdout).unwrap()
}

#[test]
fn invoices_are_listed_newest_first_and_downloaded() {
    let world = World::start();
    assert_eq!(world.get("/invoices?page")["data"], json!([]));
    let by_card = world.renew(&[SERVER], 1)["id"].clone();
    world.pay(&by_card, "card");
    world.sandbox().advance("P1D").unwrap();
    let open = world.renew(&[BARE], 1)["id"].clone();
    let list = world.get("/invoices?page")["data"].clone();
    let names = ["type", "invoice_number", "amount", "amount_with_vat", "order_ids"];
    let shown: Vec<_> = list.as_array().unwrap().iter().map(|paper| fields(paper, names)).collect();
    let number = |order: &Value| format!("{:010}", order.as_i64().unwrap());
    assert_eq!(
        shown,
        [
            json!(["proform", number(&open), 25, 30, [open]]),
            json!(["original", "0000000001", 60, 72, [by_card]]),
            json!(["proform", number(&by_card), 60, 72, [by_card]]),
        ]
    );
    // Midnight, where the account is.
    assert_eq!(list[0]["created_at"], "2026-11-22T22:00:00.000000Z");
    assert_eq!(list[1]["created_at"], "2026-11-21T22:00:00.000000Z");
    let mut of_orders = world.order(&open)["invoices"].as_array().unwrap().clone();
    of_orders.extend(world.order(&by_card)["invoices"].as_array().unwrap().iter().rev().cloned());
    assert_eq!(list, json!(of_orders), "as the orders show them");

    for paper in list.as_array().unwrap() {
        let file = world.send("POST", &format!("/invoices/{}/download", paper["id"]), None).response;
        assert_eq!((file.status, file.header("content-type")), (200, Some("application/pdf")));
        let name = file.header("content-disposition").unwrap().to_owned();
        assert!(name.starts_with("attachment; filename=\"") && name.ends_with(".pdf\""), "{name}");
        let text = text_of(&file.body);
        let number = paper["invoice_number"].as_str().unwrap().trim_start_matches('0');
        let total = format!("{}.00 EUR", paper["amount_with_vat"]);
        assert!(text.contains(number) && text.contains(&total), "{paper}\n{text}");
    }
    world.assert_sound();
}

#[test]
fn several_invoices_come_as_one_archive() {
    let world = World::start();
    let order = world.renew(&[SERVER], 1)["id"].clone();
    let papers = world.pay(&order, "card")["invoices"].clone();
    let ids = json!([papers[0]["id"], papers[1]["id"], papers[0]["id"]]);
    let file = world.send("POST", "/invoices/download", Some(&json!({ "invoice_ids": ids }))).response;
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/zip")));
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("invoices.zip");
    std::fs::write(&archive, &file.body).unwrap();
    let python = |args: &[&str]| {
        let run =
            Command::new("python3").args(["-m", "zipfile"]).args(args).current_dir(folder.path()).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    };
    python(&["--test", "invoices.zip"]);
    python(&["--extract", "invoices.zip", "files"]);
    let files = std::fs::read_dir(folder.path().join("files")).unwrap();
    let texts: Vec<_> = files.map(|file| text_of(&std::fs::read(file.unwrap().path()).unwrap())).collect();
    assert_eq!(texts.len(), 2, "one named twice is there once");
    assert!(texts.iter().all(|text| text.contains("72.00 EUR")), "{texts:?}");

    for (body, field) in [
        (json!({ "invoice_ids": [] }), "invoice_ids"),
        (json!({ "invoice_ids": [papers[0]["id"], 0] }), "invoice_ids.1"),
        (json!({ "invoice_ids": vec![1; 101] }), "invoice_ids"),
        (json!({}), "invoice_ids"),
    ] {
        let answer = world.send("POST", "/invoices/download", Some(&body));
        assert_eq!((answer.status, answer.body["errors"].get(field).is_some()), (422, true), "{body}: {}", answer.body);
    }
    for id in ["0", "x", "-1", "99999999999999999999"] {
        world.refused("POST", &format!("/invoices/{id}/download"), &Value::Null, 404, "Not Found.");
    }
}

#[test]
fn a_deposit_by_card_fills_the_balance() {
    let world = World::start();
    let before = world.get("/balance");
    assert_eq!(
        fields(&before, ["balance", "currency", "has_valid_card", "last_deposit"]),
        json!([416.67, "EUR", true, null])
    );
    // The documentation's own figures: 50 with its VAT is 41.67 without.
    let deposit = world.send("POST", "/balance/deposit", Some(&json!({ "amount": 50, "payment_method": "card" })));
    assert_eq!(deposit.status, 201, "{}", deposit.body);
    let names = ["type", "status", "amount", "amount_with_vat", "amount_from_balance", "payment_method", "services"];
    assert_eq!(fields(&deposit.body, names), json!(["deposit", "paid", 41.67, 50, 0, "card", []]));
    let balance = world.get("/balance");
    assert_eq!(balance["balance"], json!(458.33));
    let last = &balance["last_deposit"];
    assert_eq!(fields(last, ["amount", "amount_with_vat", "payment_method"]), json!([41.67, 50, "card"]));
    assert_eq!(last["payment_date"], deposit.body["payment_date"]);

    let order = world.renew(&[SERVER], 1)["id"].clone();
    let expected = world.get("/balance");
    // What is ordered, and what renews itself within thirty days and is not ordered: a server and an address.
    assert_eq!(fields(&expected, ["estimated_expenses", "estimated_funds", "shortfall"]), json!([87.5, 87.5, 0]));
    world.pay(&order, "balance");
    let entries = world.get("/balance/transactions")["data"].clone();
    let shown: Vec<_> =
        entries.as_array().unwrap().iter().map(|entry| fields(entry, ["amount", "order_id", "description"])).collect();
    assert_eq!(
        shown,
        [
            json!([-60, order, format!("Payment of order {order}")]),
            json!([41.67, deposit.body["id"], format!("Deposit, order {}", deposit.body["id"])]),
            json!([416.67, null, "opening balance of the demo"]),
        ]
    );
    assert_eq!(world.get("/balance")["balance"], json!(398.33));
    world.assert_sound();
}

#[test]
fn what_cannot_be_paid_in_is_refused() {
    let world = World::start();
    let before = world.ledger();
    for (body, field) in [
        (json!({}), "amount"),
        (json!({ "amount": 0 }), "amount"),
        (json!({ "amount": 0.99 }), "amount"),
        (json!({ "amount": -5 }), "amount"),
        (json!({ "amount": 10.001 }), "amount"),
        (json!({ "amount": 1e30 }), "amount"),
        (json!({ "amount": true }), "amount"),
        (json!({ "amount": 1_000_001 }), "amount"),
        (json!({ "amount": 10, "payment_method": "balance" }), "payment_method"),
        (json!({ "amount": 10, "payment_method": "bank" }), "payment_method"),
        (json!({ "amount": 10, "payment_method": "gold" }), "payment_method"),
    ] {
        let answer = world.send("POST", "/balance/deposit", Some(&body));
        assert_eq!((answer.status, answer.body["errors"].get(field).is_some()), (422, true), "{body}: {}", answer.body);
    }
    assert_eq!(world.ledger(), before);
    // Text is as good as a number; without a card it waits.
    let asked = json!({ "amount": "10.50", "payment_method": "bitcoin" });
    let waiting = world.post("/balance/deposit", &asked);
    let names = ["status", "amount", "amount_with_vat", "payment_method"];
    assert_eq!(fields(&waiting, names), json!(["awaiting_payment", 8.75, 10.5, "bitcoin"]));
    assert_eq!(world.get("/balance")["balance"], json!(416.67));
    let said = "an order cannot be paid with `balance`";
    world.refused("POST", "/orders/pay", &super::payment(&waiting["id"], "balance"), 400, said);
    world.pay(&waiting["id"], "card");
    assert_eq!(world.get("/balance")["balance"], json!(425.42));
    world.assert_sound();
}

#[test]
fn a_deposit_with_a_token_is_made_once() {
    let mut world = World::start();
    let asked = json!({ "amount": 100, "payment_method": "card" });
    let first = world.send_once("deposit", "/balance/deposit", &asked).unwrap();
    assert_eq!(first.status, 201, "{}", first.text());
    world.restart();
    let again = world.send_once("deposit", "/balance/deposit", &asked).unwrap();
    assert_eq!((again.status, again.json().unwrap()), (201, first.json().unwrap()));
    let other = json!({ "amount": 200, "payment_method": "card" });
    assert_eq!(world.send_once("deposit", "/balance/deposit", &other).unwrap().status, 422, "the token is used");
    assert_eq!(world.get("/balance")["balance"], 500);
    assert_eq!(world.orders().len(), 1);
    world.assert_sound();
}

#[test]
fn an_account_changes_what_is_its_own() {
    let world = World::start();
    let before = world.get("/user");
    assert_eq!(fields(&before, ["name", "email", "city"]), json!(["Ivan Petrov", "demo-vpsbg@example.net", "Sofia"]));
    assert_eq!(fields(&before["country"], ["code", "tax_rate"]), json!(["BG", 1.2]));
    let edit = json!({
        "name": "Ivan Ivanov", "tech_email": "tech@example.net", "city": "Plovdiv", "address": null, "newsletter": true,
    });
    let edited = world.done("PATCH", "/user", &edit);
    let mut expected = before.clone();
    for (field, value) in edit.as_object().unwrap() {
        expected[field] = value.clone();
    }
    assert_eq!(edited, expected);
    assert_eq!(world.get("/user"), expected);
    assert_eq!(world.done("PATCH", "/user", &json!({})), expected, "nothing said, nothing changed");
    for (body, field) in [
        (json!({ "email": "nowhere" }), "email"),
        (json!({ "name": "" }), "name"),
        (json!({ "country": "DE" }), "country"),
        (json!({ "vat_number": "BG999999999" }), "vat_number"),
        (json!({ "city": "x".repeat(256) }), "city"),
        (json!({ "city": 7 }), "city"),
        (json!({ "newsletter": "yes", "city": "Varna" }), "newsletter"),
    ] {
        let answer = world.send("PATCH", "/user", Some(&body));
        assert_eq!((answer.status, answer.body["errors"].get(field).is_some()), (422, true), "{body}: {}", answer.body);
    }
    assert_eq!(world.get("/user"), expected);
}
