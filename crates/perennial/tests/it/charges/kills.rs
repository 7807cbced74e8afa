//! What is lost, cut or killed at each call to Stripe: money moves once, and pays.

use super::*;

/// Pays an order while something happens at the call with a number; tells whether there was such a call.
fn paid_whatever_happens_at(
    world: &World,
    card: i64,
    call: usize,
    fate: impl Fn(&Passing) -> Fate + Send + Sync + 'static,
) -> bool {
    let before = world.moved();
    let mut client = world.client();
    let id = order(&mut client);
    let (rule, seen) = nth(call, fate);
    world.proxy.rule(rule);
    // Whatever is answered, if anything is.
    let answer = pay(&mut client, id, card);
    let was_met = *seen.lock().unwrap() > call;
    world.proxy.rule(|_| Fate::Pass);
    let is_alive = world.server().is_some();
    if !is_alive {
        assert!(answer.is_err(), "{answer:?}");
        world.start();
        client = world.client();
    }
    let what = format!("call {call} of {:?}", world.proxy.passed());
    process::until("paid", || {
        // A process that is gone has its charges no more.
        world.ledger.let_time_pass();
        Ok((status(&mut client, id) == "delivered").then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error}: {what}"));
    assert_eq!(world.moved() - before, GROSS, "{what}");
    assert_eq!(world.ledger.charges(id), [charge("collect", "settled", None)], "{what}");
    was_met
}

fn killed_at_every_call(url: Option<String>) {
    let world = World::on(url, "[schedule]\nenabled = false\n");
    let card = world.card(stripe::PAYS);
    for fate in [Fate::Lose, Fate::Cut(0)] {
        let killed = |call: &usize| {
            let server = Arc::clone(&world.server);
            paid_whatever_happens_at(&world, card, *call, move |_| {
                let server = server.lock().unwrap().take();
                server.expect("it asks, so it runs").kill_hard().unwrap();
                fate
            })
        };
        let calls = (0..12).take_while(killed).count();
        assert!((4..12).contains(&calls), "each call was met: {calls}");
    }
    world.ledger.audit();
}

#[test]
fn killed_at_every_call_money_moves_once_and_pays() {
    killed_at_every_call(None);
}

#[test]
fn killed_at_every_call_money_moves_once_and_pays_on_postgresql() {
    killed_at_every_call(Some(postgres::Cluster::shared().unwrap().database().unwrap()));
}

#[test]
fn whatever_call_or_answer_is_lost_money_moves_once_and_pays() {
    let world = World::new();
    let card = world.card(stripe::PAYS);
    for fate in [Fate::Lose, Fate::Cut(0), Fate::Cut(40)] {
        let calls = (0..12).take_while(|call| paid_whatever_happens_at(&world, card, *call, move |_| fate)).count();
        assert!((4..12).contains(&calls), "each call was met: {calls}");
    }
    world.ledger.audit();
}
