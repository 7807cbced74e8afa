//! Charges whose gateway never answers again, settled by hand.

use super::*;

/// Kills the server when it makes the call with a number to pay an order; the order's payment is under way from then on.
fn stuck_at(world: &World, card: i64, call: usize, fate: Fate) -> i64 {
    let mut client = world.client();
    let id = order(&mut client);
    let server = Arc::clone(&world.server);
    let (rule, _) = nth(call, move |_| {
        server.lock().unwrap().take().expect("it asks, so it runs").kill_hard().unwrap();
        fate
    });
    world.proxy.rule(rule);
    assert!(pay(&mut client, id, card).is_err(), "it was killed");
    world.proxy.rule(|_| Fate::Pass);
    assert_eq!(world.ledger.charges(id), [charge("collect", "open", None)]);
    id
}

fn resolve(world: &World, id: i64, more: &[&str]) -> Run {
    world.ledger.shop.run(&[&["order", "resolve", &id.to_string()], more].concat())
}

/// Looks at the order's state and the number of its papers.
fn stands(world: &World, id: i64) -> (Value, usize) {
    let order = world.ledger.order(id);
    (order["state"].clone(), order["invoices"].as_array().unwrap().len())
}

#[test]
fn a_charge_that_is_resolved_as_declined_frees_its_order_and_moves_nothing_afterwards() {
    let world = World::new();
    let card = world.card(stripe::PAYS);
    // Before an intent is made, and before the one on file is looked at.
    for (call, there) in [(0, "no reference is on file"), (2, "the gateway calls it pi_")] {
        let id = stuck_at(&world, card, call, Fate::Lose);
        let number = id.to_string();
        let refused = world.ledger.shop.run(&["order", "cancel", &number, "-y"]).failed(1, "is under way");
        assert!(refused.stderr.contains(&format!("`perennial order resolve {id}` settles it")), "{refused:?}");
        resolve(&world, id, &["-y"]).failed(2, "<--moved|--declined>");
        resolve(&world, id, &["--moved", "--declined", "-y"]).failed(2, "cannot be used with");
        let asked = resolve(&world, id, &["--declined", "--no-input"]).failed(2, there);
        for part in [&format!("of order {id} of acme: collect 4.31 EUR with method {card}"), "and cancel it there"] {
            assert!(asked.stderr.contains(part), "{asked:?}");
        }
        let shown = resolve(&world, id, &["--declined", "-y", "--account", "acme"]).done().stdout;
        assert!(shown.contains("open until") && shown.contains("method-gone"), "{shown}");
        assert_eq!(world.ledger.charges(id), [charge("collect", "declined", Some("method-gone"))]);
        resolve(&world, id, &["--moved", "-y"]).failed(1, &format!("no charge of order {id} is under way"));
        world.ledger.shop.run(&["order", "cancel", &number, "-y"]).done();
        assert_eq!(stands(&world, id), (json!("cancelled"), 0));
        world.start();
    }
    // What is ordered afterwards is paid, and what was resolved is not carried out beside it.
    let mut client = world.client();
    let id = order(&mut client);
    assert_eq!(pay(&mut client, id, card).unwrap(), (200, Value::Null));
    assert_eq!((stands(&world, id), world.moved()), ((json!("fulfilled"), 1), GROSS));
    world.ledger.audit();
}

#[test]
fn a_charge_that_is_resolved_as_moved_pays_its_order_and_a_refund_makes_its_credit_note() {
    let world = World::new();
    let card = world.card(stripe::PAYS);
    // It is confirmed, and nobody hears of it.
    let id = stuck_at(&world, card, 3, Fate::Cut(0));
    assert_eq!(world.moved(), GROSS);
    let order = world.ledger.shop.document(&["order", "resolve", &id.to_string(), "--moved", "-y"]);
    assert_eq!([&order["state"], &order["payment"]["kind"]], [&json!("fulfilled"), &json!("card")]);
    world.ledger.audit();

    let refund = || world.ledger.shop.run(&["order", "credit", &id.to_string(), "--to-method", "-y"]);
    refund().done();
    let refused = refund().failed(1, "is under way");
    assert!(refused.stderr.contains("perennial order resolve"), "{refused:?}");
    resolve(&world, id, &["--declined", "-y"]).done();
    assert_eq!(stands(&world, id), (json!("fulfilled"), 1));
    refund().done();
    resolve(&world, id, &["--moved", "--no-input"]).failed(2, "refund 4.31 EUR");
    resolve(&world, id, &["--moved", "-y"]).done();
    assert_eq!(stands(&world, id), (json!("fulfilled"), 2));
    assert_eq!(
        world.ledger.charges(id),
        [
            charge("collect", "settled", None),
            charge("refund", "declined", Some("method-gone")),
            charge("refund", "settled", None),
        ]
    );
    world.ledger.audit();
}
