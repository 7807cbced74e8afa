//! Promo codes: from how many months on, on which lines, and that a price told is the price ordered.

use serde_json::{Value, json};

use super::{ADDON, BARE, SERVER, World, fields, line};

/// The documentation's ladder: code, percentage, and from how many months on.
const LADDER: [(&str, u32, u16); 5] =
    [("fall2401", 5, 1), ("fall2403", 10, 3), ("fall2406", 15, 6), ("fall2412", 20, 12), ("fall2424", 25, 24)];

const CYCLES: [u16; 5] = [1, 3, 6, 12, 24];

fn asked(servers: &[i64], months: u16, code: &str) -> Value {
    json!({ "server_ids": servers, "billing_cycle": months, "promo_code": code })
}

/// An amount as the wire has it: without zeros at its end.
fn wire(cents: i64) -> Value {
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    serde_json::from_str(text.trim_end_matches('0').trim_end_matches('.')).unwrap()
}

#[test]
fn a_code_holds_from_its_months_on_and_the_price_told_is_the_price_ordered() {
    let world = World::start();
    for (code, percentage, from_months) in LADDER {
        for months in CYCLES {
            let body = asked(&[SERVER], months, code);
            if months < from_months {
                let said = format!("promo code `{code}` holds from {from_months} months");
                for path in ["/servers/renew/calculate", "/servers/renew"] {
                    let refusal = world.refused("POST", path, &body, 422, &said);
                    assert_eq!(refusal["errors"], json!({ "promo_code": [said] }));
                }
                continue;
            }
            // A server for 25 and its add-on for 35 a month; the code is for servers alone.
            let (months, off) = (i64::from(months), i64::from(percentage));
            let (list, discount) = (6_000 * months, 25 * months * off);
            let told = world.post("/servers/renew/calculate", &body);
            let promo = json!({ "code": code, "percentage": percentage, "minimum_billing_cycle": from_months });
            assert_eq!(
                told,
                json!({
                    "amount": wire(list),
                    "amount_with_vat": wire(list * 6 / 5),
                    "discount": wire(discount),
                    "discount_with_vat": wire(discount * 6 / 5),
                    "promo_code": promo,
                    "due_today_amount": wire(list - discount),
                    "due_today_amount_with_vat": wire((list - discount) * 6 / 5),
                    "promo_amount": wire(discount),
                    "promo_amount_with_vat": wire(discount * 6 / 5),
                }),
                "{code} for {months}"
            );
            let order = world.post("/servers/renew", &body);
            assert_eq!(
                fields(&order, ["amount", "amount_with_vat"]),
                fields(&told, ["due_today_amount", "due_today_amount_with_vat"])
            );
            assert_eq!((&order["promo"], &order["promo_applicable"]), (&promo, &json!(false)));
            assert_eq!(line(&order, SERVER)["promo"], json!({ "code": code, "percentage": percentage }));
            assert_eq!(line(&order, SERVER)["amount"], wire(2_500 * months - discount));
            assert_eq!(fields(line(&order, ADDON), ["promo", "amount"]), json!([null, wire(3_500 * months)]));
            world.done("DELETE", &format!("/orders/{}", order["id"]), &Value::Null);
        }
    }
    world.assert_sound();
}

#[test]
fn without_a_code_nothing_is_taken_off() {
    let world = World::start();
    for code in [json!(null), json!("")] {
        let body = json!({ "server_ids": [BARE], "billing_cycle": 1, "promo_code": code });
        let told = world.post("/servers/renew/calculate", &body);
        assert_eq!(told.get("promo_code"), None);
        let names = ["amount", "amount_with_vat", "discount", "discount_with_vat", "due_today_amount_with_vat"];
        assert_eq!(fields(&told, names), json!([25, 30, 0, 0, 30]));
    }
    let order = world.renew(&[BARE], 1);
    assert_eq!(fields(&order, ["promo", "promo_applicable", "amount"]), json!([null, true, 25]));
}

#[test]
fn a_code_that_is_none_is_refused() {
    let world = World::start();
    // Given for hosting alone, so that it is none for a server; and one that is over.
    world.import(
        "[[promos]]\ncode = \"ips\"\noff = \"10\"\nproducts = [\"floating-ipv4\"]\n\n\
         [[promos]]\ncode = \"over\"\noff = \"10\"\nends = 2026-11-01\n",
    );
    for code in ["none", "FALL2403", "ips", "over"] {
        let said = format!("promo code `{code}` does not exist");
        for path in ["/servers/renew/calculate", "/servers/renew"] {
            let refusal = world.refused("POST", path, &asked(&[SERVER], 3, code), 422, &said);
            assert_eq!(refusal["errors"], json!({ "promo_code": [said] }));
        }
    }
    assert_eq!(world.orders(), [] as [Value; 0]);
}

#[test]
fn a_code_is_put_on_an_open_order_and_taken_off() {
    let world = World::start();
    let order = world.renew(&[SERVER], 3);
    let path = format!("/orders/{}", order["id"]);
    let totals = |order: &Value| fields(order, ["amount", "amount_with_vat", "promo_applicable"]);
    assert_eq!(totals(&order), json!([180, 216, true]));
    let lowered = world.done("PATCH", &path, &json!({ "promo_code": "fall2403" }));
    assert_eq!(totals(&lowered), json!([172.5, 207, false]));
    assert_eq!(fields(&lowered["invoices"][0], ["type", "amount", "amount_with_vat"]), json!(["proform", 172.5, 207]));
    // Something else about the order leaves it alone.
    assert_eq!(totals(&world.done("PATCH", &path, &json!({ "auto_pay": false }))), json!([172.5, 207, false]));
    // Another code takes its place; a wrong one does not.
    let other = world.done("PATCH", &path, &json!({ "promo_code": "fall2401" }));
    assert_eq!(totals(&other), json!([176.25, 211.5, false]));
    let said = "promo code `fall2412` holds from 12 months";
    world.refused("PATCH", &path, &json!({ "promo_code": "fall2412", "auto_pay": true }), 422, said);
    assert_eq!(world.order(&order["id"]), other, "a refused change changes nothing");
    for none in [json!(null), json!("")] {
        world.done("PATCH", &path, &json!({ "promo_code": "fall2403" }));
        let cleared = world.done("PATCH", &path, &json!({ "promo_code": none }));
        assert_eq!((totals(&cleared), &cleared["promo"]), (json!([180, 216, true]), &Value::Null));
    }
    world.done("PATCH", &path, &json!({ "promo_code": "fall2403" }));
    let paid = world.pay(&order["id"], "card");
    assert_eq!(totals(&paid), json!([172.5, 207, false]));
    assert_eq!(paid["promo"]["code"], "fall2403");
    world.assert_sound();
}
