//! Money that goes back through Stripe: once, with its credit note.

use super::*;

/// The kinds of an order's papers.
fn papers(world: &World, id: i64) -> Vec<Value> {
    let order = world.ledger.order(id);
    order["invoices"].as_array().unwrap().iter().map(|invoice| invoice["kind"].clone()).collect()
}

fn paid(world: &World, card: i64) -> i64 {
    let mut client = world.client();
    let id = order(&mut client);
    assert_eq!(pay(&mut client, id, card).unwrap(), (200, Value::Null));
    id
}

fn take_back(world: &World, id: i64) -> Run {
    world.ledger.shop.run(&["order", "credit", &id.to_string(), "--to-method", "-y"])
}

fn until_credited(world: &World, id: i64) {
    process::until("credited", || {
        world.ledger.let_time_pass();
        Ok((papers(world, id).len() == 2).then_some(()))
    })
    .unwrap();
}

#[test]
fn an_orders_money_goes_back_to_its_card_once() {
    let world = World::new();
    let id = paid(&world, world.card(stripe::PAYS));
    let run = take_back(&world, id).done();
    assert!(run.stderr.contains("a running `serve` has the gateway give the money back"), "{run:?}");
    until_credited(&world, id);
    assert_eq!(papers(&world, id), ["original", "credit-note"]);
    assert_eq!(world.ledger.charges(id), [charge("collect", "settled", None), charge("refund", "settled", None)]);
    assert_eq!((world.stripe.refunds().unwrap().len(), world.moved()), (1, 0));
    let balance = world.ledger.shop.document(&["balance", "show", "acme"]);
    assert_eq!((&balance["balance"]["amount"], &balance["movements"]), (&json!("0.00"), &json!([])));
    take_back(&world, id).failed(1, "credited");
    assert_eq!(world.stripe.refunds().unwrap().len(), 1);
    world.ledger.audit();
}

#[test]
fn what_no_gateway_collected_goes_back_to_the_balance_only() {
    let world = World::new();
    world.ledger.shop.run(&["balance", "credit", "acme", "10", "--memo", "test"]).done();
    let mut client = world.client();
    let id = order(&mut client);
    let body = json!({ "paymentMean": "ovhAccount" });
    assert_eq!(client.post(&format!("/me/order/{id}/payWithRegisteredPaymentMean"), &body).unwrap().0, 200);
    take_back(&world, id).failed(1, "was not paid through a gateway");
}

#[test]
fn killed_at_every_call_a_refund_moves_once() {
    let world = World::new();
    let card = world.card(stripe::PAYS);
    for fate in [Fate::Lose, Fate::Cut(0)] {
        let killed = |call: &usize| {
            let id = paid(&world, card);
            let before = world.moved();
            let (server, is_over) = (Arc::clone(&world.server), Arc::new(Mutex::new(false)));
            let (rule, seen) = nth(*call, move |_| {
                let server = server.lock().unwrap().take();
                server.expect("it asks, so it runs").kill_hard().unwrap();
                *is_over.lock().unwrap() = true;
                fate
            });
            world.proxy.rule(rule);
            take_back(&world, id).done();
            // Killed, or through.
            process::until("asked", || Ok((world.server().is_none() || papers(&world, id).len() == 2).then_some(())))
                .unwrap();
            let was_met = *seen.lock().unwrap() > *call;
            world.proxy.rule(|_| Fate::Pass);
            if world.server().is_none() {
                world.start();
            }
            until_credited(&world, id);
            assert_eq!(before - world.moved(), GROSS, "call {call}");
            was_met
        };
        let calls = (0..8).take_while(killed).count();
        assert!((2..8).contains(&calls), "each call was met: {calls}");
    }
    world.ledger.audit();
}
