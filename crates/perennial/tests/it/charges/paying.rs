//! Paying with what Stripe keeps: over an API, on the page, and by hand.

use std::io::Write;
use std::process::Stdio;

use super::*;

/// A document whose fields that differ from run to run are not shown.
fn masked(document: &Value, fields: &[&str]) -> Value {
    let mut document = document.clone();
    for field in fields {
        assert_ne!(document[field], Value::Null, "{field}");
        document[field] = json!("...");
    }
    document
}

const PASSWORD: &str = "correct horse battery";

#[test]
fn an_order_is_paid_once_with_a_card_that_stripe_keeps() {
    let world = World::new();
    let card = world.card(stripe::PAYS);
    let mut client = world.client();
    let id = order(&mut client);
    assert_eq!(pay(&mut client, id, card).unwrap(), (200, Value::Null));
    assert_eq!(status(&mut client, id), "delivered");
    let (again, told) = pay(&mut client, id, card).unwrap();
    assert_eq!((again, told["message"].as_str()), (409, Some("Order 1 is already paid")));

    let intents = world.stripe.intents().unwrap();
    let [intent] = intents.as_slice() else { panic!("{intents:?}") };
    assert_eq!(
        [&intent["status"], &intent["amount"], &intent["currency"]],
        [&json!("succeeded"), &json!(GROSS), &json!("eur")]
    );
    let shown = world.ledger.order(id);
    assert_eq!(shown["charges"].as_array().map(Vec::len), Some(1));
    insta::assert_json_snapshot!(masked(&shown["charges"][0], &["reference", "opened", "at"]), @r#"
    {
      "again_on": null,
      "amount": {
        "amount": "4.31",
        "currency": "EUR"
      },
      "at": "...",
      "direction": "collect",
      "from_balance": {
        "amount": "0.00",
        "currency": "EUR"
      },
      "id": 1,
      "method": 1,
      "opened": "...",
      "reason": null,
      "reference": "...",
      "state": "settled"
    }
    "#);
    assert_eq!((&shown["charge"], &shown["charges"][0]["reference"]), (&Value::Null, &intent["id"]));
    assert_eq!((&shown["payment"]["kind"], world.moved()), (&json!("card"), GROSS));
    world.ledger.audit();
}

#[test]
fn what_stripe_keeps_is_registered_listed_and_removed() {
    let world = World::new();
    let kept = world.stripe.card(&world.customer, stripe::PAYS).unwrap();
    let add = ["method", "add", "--account", "acme", "--config", "perennial.toml", "--method"];
    let with = |method: &str, customer: &str, more: &[&str]| {
        world.ledger.shop.run(&[add.as_slice(), &[method, "--customer", customer], more].concat())
    };
    let listed = |run: Run| run.done().stdout.replace(&kept, "pm_KEPT");
    insta::assert_snapshot!(listed(with(&kept, &world.customer, &["--default", "--description", "company card"])), @"
    ID  ACCOUNT  KIND  LABEL           STATUS          EXPIRES     GATEWAY
     1  acme     card  visa **** 4242  valid, default  2035-12-31  stripe pm_KEPT
    ");
    let id = world.register("acme", &kept, &[]);
    assert_eq!(id, 1, "it is the same again, with what was said of it");
    let shown = world.ledger.shop.document(&["method", "list", "--account", "acme"]);
    let keeps = json!({ "name": "stripe", "customer": world.customer, "method": kept });
    assert_eq!(shown["gateway"], keeps);
    insta::assert_json_snapshot!(masked(&shown, &["created", "gateway"]), @r#"
    {
      "account": "acme",
      "created": "...",
      "default": true,
      "description": "company card",
      "expires": "2035-12-31",
      "gateway": "...",
      "id": 1,
      "kind": "card",
      "label": "visa **** 4242",
      "status": "valid"
    }
    "#);
    insta::assert_snapshot!(listed(world.ledger.shop.run(&["method", "remove", &id.to_string(), "--account", "acme", "-y"])), @"
    ID  ACCOUNT  KIND  LABEL           STATUS     EXPIRES     GATEWAY
     1  acme     card  visa **** 4242  cancelled  2035-12-31  stripe pm_KEPT
    ");

    with("pm_unknown", &world.customer, &[]).failed(1, "Stripe keeps no `pm_unknown` for");
    with(&kept, "cus_unknown", &[]).failed(1, "attached to that customer");
    with("4242424242424242", &world.customer, &[]).failed(2, "is not a name such as pm_");
    world
        .ledger
        .shop
        .run(&["method", "remove", "9", "--account", "acme", "-y"])
        .failed(1, "account `acme` has no method 9");
    let file = world.ledger.shop.write("bare.toml", &config(world.port));
    let bare = ["--config", &file, "--method", &kept, "--customer", &world.customer];
    world
        .ledger
        .shop
        .run(&[&["method", "add", "--account", "acme"], bare.as_slice()].concat())
        .failed(1, "has no section [stripe]");
    world.proxy.rule(|_| Fate::Lose);
    with(&kept, &world.customer, &[]).failed(1, "asking Stripe what it keeps");
}

#[test]
fn a_card_that_is_declined_pays_nothing_and_the_order_can_be_paid_otherwise() {
    let world = World::new();
    let (declines, confirms, pays) =
        (world.card(stripe::DECLINES), world.card(stripe::CONFIRMS), world.card(stripe::PAYS));
    let mut client = world.client();
    let id = order(&mut client);
    let (code, told) = pay(&mut client, id, declines).unwrap();
    assert_eq!(
        (code, told["message"].as_str()),
        (403, Some("The payment of order 1 was declined: the bank does not say why"))
    );
    let by_mean = json!({ "paymentMean": "creditCard", "paymentMeanId": confirms });
    let (code, told) = client.post(&format!("/me/order/{id}/payWithRegisteredPaymentMean"), &by_mean).unwrap();
    let reason = told["details"]["reason"].as_str();
    assert_eq!(
        (code, reason),
        (
            403,
            Some(
                "the payment of order 1 was declined: the bank wants the card's owner to confirm it, which cannot be done here"
            )
        ),
        "{told}"
    );
    assert_eq!((status(&mut client, id).as_str(), world.moved()), ("notPaid", 0));
    assert_eq!(pay(&mut client, id, pays).unwrap(), (200, Value::Null));
    assert_eq!((status(&mut client, id).as_str(), world.moved()), ("delivered", GROSS));
    assert_eq!(
        world.ledger.charges(id),
        [
            charge("collect", "declined", Some("declined")),
            charge("collect", "declined", Some("confirmation-required")),
            charge("collect", "settled", None),
        ]
    );
    world.ledger.audit();
}

#[test]
fn a_debit_that_is_decided_later_is_waited_for() {
    let world = World::new();
    let account = |iban| world.register("acme", &world.stripe.bank_account(&world.customer, iban).unwrap(), &[]);
    let (pays, fails) = (account(stripe::IBAN_PAYS), account(stripe::IBAN_FAILS));
    let mut client = world.client();
    let id = order(&mut client);
    let (code, told) = pay(&mut client, id, fails).unwrap();
    assert_eq!(code, 403, "{told}");
    assert_eq!(pay(&mut client, id, pays).unwrap(), (200, Value::Null));
    assert_eq!((status(&mut client, id).as_str(), world.moved()), ("delivered", GROSS));
    world.ledger.audit();
}

/// The page on which `acme` pays an order, and what its form says of who pays.
fn opened(world: &World, id: i64) -> (String, String) {
    let mut command = world.ledger.shop.command(&["account", "set-password", "acme", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let who = format!("account=acme&password={}", PASSWORD.replace(' ', "+"));
    let onward = world.submit(&format!("/billing?invoice={id}"), &who);
    (onward.header("Location").unwrap().to_owned(), who)
}

#[test]
fn the_page_says_why_a_card_did_not_pay_and_asks_again() {
    let world = World::new();
    let (declines, pays) = (world.card(stripe::DECLINES), world.card(stripe::PAYS));
    let mut client = world.client();
    let id = order(&mut client);
    let (page, who) = opened(&world, id);
    assert!(world.page(&page).text().contains("Card ending in 4242"));
    let answer = world.submit(&page, &format!("{who}&with=method-{declines}+4.31"));
    let text = answer.text();
    assert_eq!(answer.status, 409, "{text}");
    assert!(text.contains("The payment was declined: the bank does not say why. Nothing was charged. Please choose another way to pay."), "{text}");
    let text = world.page(&page).text();
    assert!(text.contains("The last payment was declined. Nothing was charged.") && text.contains("<form"), "{text}");
    assert!(!text.contains("the bank"), "why is told to who paid: {text}");
    let answer = world.submit(&page, &format!("{who}&with=method-{pays}+4.31"));
    assert_eq!((answer.status, answer.header("Location")), (303, Some(page.as_str())));
    assert!(world.page(&page).text().contains("Paid on"));
    assert_eq!((status(&mut client, id).as_str(), world.moved()), ("delivered", GROSS));
}

#[test]
fn while_the_gateway_does_not_answer_the_payment_is_under_way_and_nothing_else_can_be_done() {
    let world = World::new();
    let card = world.card(stripe::PAYS);
    let mut client = world.client();
    let id = order(&mut client);
    let (page, who) = opened(&world, id);
    world.proxy.rule(|_| Fate::Lose);
    assert_eq!(pay(&mut client, id, card).unwrap(), (200, Value::Null), "it is under way");
    assert_eq!(status(&mut client, id), "checking");
    let (code, told) = pay(&mut client, id, card).unwrap();
    assert_eq!((code, told["message"].as_str()), (409, Some("The payment of order 1 is under way")));
    let (_, methods) = client.get(&format!("/me/order/{id}/paymentMethods")).unwrap();
    assert_eq!(methods["registered"], json!([]));
    let text = world.page(&page).text();
    assert!(text.contains("Payment under way") && !text.contains("<form"), "{text}");
    let answer = world.submit(&page, &format!("{who}&with=balance+4.31"));
    assert_eq!((answer.status, answer.header("Location")), (303, Some(page.as_str())), "it says the same again");
    let number = id.to_string();
    world.ledger.shop.run(&["order", "cancel", &number, "-y"]).failed(1, "is under way");
    let shown = world.ledger.order(id);
    assert_eq!((&shown["state"], &shown["charge"]), (&json!("open"), &shown["charges"][0]["id"]));
    let people = world.ledger.shop.run(&["order", "show", &number]).done().stdout;
    assert!(people.contains("open, charge 1 is under way"), "{people}");

    world.proxy.rule(|_| Fate::Pass);
    world.ledger.let_time_pass();
    until_status(&mut client, id, "delivered");
    assert_eq!(world.moved(), GROSS);
    world.ledger.audit();
}
