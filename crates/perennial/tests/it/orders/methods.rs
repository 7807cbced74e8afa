//! Registered payment methods, and the older routes that show the same.

use anyhow::Result;
use serde_json::{Value, json};

use super::{BANK, CARD, PAYPAL, VPS, assert_paid_once, customer, get, message, pay, place, start, unknown};

#[test]
fn payment_methods_are_named_chosen_and_taken_away() -> Result<()> {
    let (sandbox, mut client) = start()?;
    let list = "/me/payment/method";
    let card = format!("{list}/{CARD}");
    for (query, wanted) in [
        ("", json!([PAYPAL, CARD, BANK])),
        ("?default=true", json!([PAYPAL])),
        ("?default=false", json!([CARD, BANK])),
        ("?paymentType=CREDIT_CARD", json!([CARD])),
        ("?paymentType=SEPA_DIRECT_DEBIT&status=VALID", json!([BANK])),
        ("?paymentType=GOLD", json!([])),
        ("?status=EXPIRED", json!([])),
        ("?status=CANCELED", json!([])),
    ] {
        assert_eq!(get(&mut client, &format!("{list}{query}"))?, wanted, "{query}");
    }
    let offered = get(&mut client, "/me/payment/availableMethods")?;
    let kinds: Vec<_> = offered.as_array().into_iter().flatten().map(|offer| offer["paymentType"].clone()).collect();
    assert_eq!(json!(kinds), json!(["CREDIT_CARD", "PAYPAL", "BITCOIN"]));

    // Callers read an object, change it and send the whole of it back.
    let mut object = get(&mut client, &card)?;
    object["description"] = json!("Company card");
    object["default"] = json!(true);
    assert_eq!(client.put(&card, &object)?, (200, object.clone()));
    assert_eq!(get(&mut client, &format!("{list}?default=true"))?, json!([CARD]), "there is one default");

    let choose = format!("/me/paymentMean/paypal/{PAYPAL}/chooseAsDefaultPaymentMean");
    assert_eq!(client.post(&choose, &Value::Null)?, (200, Value::Null));
    assert_eq!(get(&mut client, &format!("{list}?default=true"))?, json!([PAYPAL]));

    let order = place(&mut client, "P1M", &[VPS])?;
    let (status, removed) = client.delete(&card)?;
    assert_eq!((status, &removed["status"], &removed["default"]), (200, &json!("CANCELED"), &json!(false)));
    assert_eq!(get(&mut client, list)?, json!([PAYPAL, BANK]));
    assert_eq!(get(&mut client, &format!("{list}?status=CANCELED"))?, json!([CARD]));
    assert_eq!(get(&mut client, &card)?, removed);
    assert_eq!(client.delete(&card)?, (404, unknown("paymentMethodId", &CARD.to_string())));
    let (status, body) = pay(&mut client, order, CARD)?;
    assert_eq!((status, message(&body)), (403, &*format!("Payment method {CARD} is not valid")));
    assert_eq!(sandbox.ledger()?["payments"], json!([]));
    Ok(())
}

#[test]
fn older_routes_show_the_same_methods() -> Result<()> {
    let (sandbox, mut client) = start()?;
    for (kind, id, state) in
        [("paypal", PAYPAL, "valid"), ("creditCard", CARD, "valid"), ("bankAccount", BANK, "valid")]
    {
        let path = format!("/me/paymentMean/{kind}");
        assert_eq!(get(&mut client, &path)?, json!([id]), "{kind}");
        assert_eq!(client.put(&format!("{path}/{id}"), &json!({ "description": kind }))?, (200, Value::Null));
        let shown = get(&mut client, &format!("{path}/{id}"))?;
        let seen = (&shown["id"], &shown["state"], &shown["description"], &shown["defaultPaymentMean"]);
        assert_eq!(seen, (&json!(id), &json!(state), &json!(kind), &json!(id == PAYPAL)));
        assert_eq!(get(&mut client, &format!("/me/payment/method/{id}"))?["description"], kind);
        let other = if id == CARD { PAYPAL } else { CARD };
        assert_eq!(client.get(&format!("{path}/{other}"))?, (404, unknown("id", &other.to_string())), "{kind}");
    }
    assert_eq!(get(&mut client, "/me/paymentMean/bankAccount?state=valid")?, json!([BANK]));
    assert_eq!(get(&mut client, "/me/paymentMean/bankAccount?state=replaced")?, json!([]));

    assert_eq!(get(&mut client, "/me/paymentMean/deferredPaymentAccount")?, json!([]));
    let mut reseller = customer(&sandbox, "3")?;
    let ids = get(&mut reseller, "/me/paymentMean/deferredPaymentAccount")?;
    let path = format!("/me/paymentMean/deferredPaymentAccount/{}", ids[0]);
    assert_eq!(get(&mut reseller, &path)?["state"], "valid");
    assert_eq!(client.get(&path)?.0, 404);
    assert_eq!(reseller.put(&path, &json!({}))?, (200, Value::Null));
    assert_eq!(reseller.put(&path, &json!({ "description": "later" }))?.0, 403);
    assert_eq!(reseller.post(&format!("{path}/chooseAsDefaultPaymentMean"), &Value::Null)?.0, 403);

    let order = place(&mut reseller, "P1M", &[33_333])?;
    let means = get(&mut reseller, &format!("/me/order/{order}/availableRegisteredPaymentMean"))?;
    assert_eq!(means, json!([{ "paymentMean": "creditCard" }, { "paymentMean": "deferredPaymentAccount" }]));
    let pay_with = format!("/me/order/{order}/payWithRegisteredPaymentMean");
    assert_eq!(reseller.post(&pay_with, &json!({ "paymentMean": "DEFERRED_PAYMENT_ACCOUNT" }))?, (200, Value::Null));
    assert_eq!(get(&mut reseller, &format!("/me/order/{order}/payment"))?["paymentType"], "creditAccount");
    assert_paid_once(&sandbox, order)
}
