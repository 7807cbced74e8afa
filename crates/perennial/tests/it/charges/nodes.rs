//! Two processes on one PostgreSQL: one stands still at a call past its claim, and the other takes over.

use super::*;

/// Pays an order while the process that carries its charge stands still at the call with a number; tells whether there was one.
fn stood_still_at(world: &World, card: i64, call: usize, fate: Fate) -> bool {
    let mut client = world.client();
    let (before, id) = (world.moved(), order(&mut client));
    let server = Arc::clone(&world.server);
    let (rule, seen) = nth(call, move |_| {
        server.lock().unwrap().as_mut().expect("runs").signal("STOP").unwrap();
        fate
    });
    world.proxy.rule(rule);
    let paying = {
        let mut client = world.client();
        std::thread::spawn(move || pay(&mut client, id, card))
    };
    process::until("met, or paid", || Ok((*seen.lock().unwrap() > call || paying.is_finished()).then_some(())))
        .unwrap();
    let was_met = *seen.lock().unwrap() > call;
    let mut more = Vec::new();
    if was_met {
        let port = sandbox::free_ports().unwrap();
        let file = world.configure(port, "[schedule]\nenabled = false\n");
        let second = world.serve(port, &file);
        let mut client = super::client(&world.keys, port);
        process::until("paid by the other", || {
            world.ledger.let_time_pass();
            Ok((status(&mut client, id) == "delivered").then_some(()))
        })
        .unwrap();
        assert_eq!(world.moved() - before, GROSS, "call {call}");
        world.server().as_mut().unwrap().signal("CONT").unwrap();
        more.push(second);
    }
    // It goes on from where it stood, and finds that all is done.
    let answer = paying.join().unwrap();
    assert!(matches!(answer, Ok((200, Value::Null))), "call {call}: {answer:?}");
    until_status(&mut client, id, "delivered");
    assert_eq!(world.moved() - before, GROSS, "call {call}");
    assert_eq!(world.ledger.charges(id), [charge("collect", "settled", None)], "call {call}");
    was_met
}

#[test]
fn a_process_that_stood_still_past_its_claim_moves_nothing_twice() {
    let url = postgres::Cluster::shared().unwrap().database().unwrap();
    let world = World::on(Some(url), "[schedule]\nenabled = false\n");
    let card = world.card(stripe::PAYS);
    for fate in [Fate::Lose, Fate::Pass] {
        let calls = (0..12).take_while(|call| stood_still_at(&world, card, *call, fate)).count();
        assert!((4..12).contains(&calls), "each call was met: {calls}");
    }
    world.ledger.audit();
}
