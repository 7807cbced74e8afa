//! The server is killed, or the power goes, in the middle of a run of renewals, again and again: nothing that was answered is
//! lost, nothing is half done, and the books balance.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial_testkit::disk::{At, Disk, Fault, Syncs};
use perennial_testkit::{OvhClient, Sandbox};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// How often the server is killed.
const KILLS: u32 = 8;

/// How many clients renew at the same time.
const CLIENTS: usize = 6;

/// What clients were told before the server went.
#[derive(Default)]
struct Told {
    placed: BTreeSet<i64>,
    paid: BTreeSet<i64>,
}

#[test]
fn nothing_answered_is_lost_and_nothing_is_half_done() {
    let mut sandbox = Sandbox::options(BINARY).arg("--seed-demo").arg("600").start().expect("starts");
    let told = Arc::new(Mutex::new(Told::default()));
    for round in 0..KILLS {
        renew_until(&mut sandbox, &told, |sandbox| {
            // Each round dies at another moment of the work.
            std::thread::sleep(Duration::from_millis(150 + 37 * u64::from(round)));
            sandbox.kill_hard().expect("is killed");
        });
        sandbox.restart().expect("starts again");
        check(&sandbox, &told.lock().expect("no panic"));
    }
    let told = told.lock().expect("no panic");
    assert!(told.paid.len() > 20, "the run was long enough to mean something: {}", told.paid.len());
}

#[test]
fn nothing_answered_is_lost_when_the_power_goes() {
    let mut sandbox = Sandbox::options(BINARY).arg("--seed-demo").arg("600").start().expect("starts");
    let disk = Disk::under(&sandbox.data().join("perennial.db")).expect("is made");
    sandbox.set_env(disk.env());
    let told = Arc::new(Mutex::new(Told::default()));
    for round in 0..KILLS {
        // After the start, which syncs a few times as well, and each round at another moment of the work.
        let at = At::Sync(20 + 7 * u64::from(round));
        disk.next(Fault::Cut(at), Syncs::Kept, round.into()).expect("is said");
        sandbox.restart().expect("starts again");
        renew_until(&mut sandbox, &told, |sandbox| {
            sandbox.wait_for_end().expect("ends");
        });
        assert!(disk.seen().expect("tells").is_met);
        disk.next(Fault::None, Syncs::Kept, round.into()).expect("is said");
        sandbox.restart().expect("starts again");
        check(&sandbox, &told.lock().expect("no panic"));
    }
    let told = told.lock().expect("no panic");
    assert!(told.paid.len() > 20, "the run was long enough to mean something: {}", told.paid.len());
}

/// Has clients renew until the server goes.
fn renew_until(sandbox: &mut Sandbox, told: &Arc<Mutex<Told>>, goes: impl FnOnce(&mut Sandbox)) {
    let services = services(sandbox);
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = OvhClient::from_env(&sandbox.env().expect("has an environment")).expect("connects");
            let mine: Vec<_> = services.iter().copied().skip(number).step_by(CLIENTS).collect();
            let (told, over) = (Arc::clone(told), Arc::clone(&over));
            std::thread::spawn(move || renew(client, &mine, &told, &over))
        })
        .collect();
    goes(sandbox);
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().expect("does not panic");
    }
}

/// Renews one service after the other until the server goes.
fn renew(mut client: OvhClient, services: &[i64], told: &Mutex<Told>, over: &AtomicBool) {
    for service in services.iter().cycle() {
        if over.load(Ordering::SeqCst) {
            return;
        }
        let wanted = json!({ "duration": "P1M", "services": [service], "dryRun": false });
        // No answer: the server has gone, or the machine is busy.
        let Ok((status, order)) = client.post(&format!("/service/{service}/renew"), &wanted) else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        // A service that is paid ten years ahead says no; every other order has to be placed.
        if status != 200 {
            continue;
        }
        let order = order["orderId"].as_i64().expect("an order has its id");
        told.lock().expect("no panic").placed.insert(order);
        let with = json!({ "paymentMean": "paypal", "paymentMeanId": 1234 });
        let Ok((status, answer)) = client.post(&format!("/me/order/{order}/payWithRegisteredPaymentMean"), &with)
        else {
            continue;
        };
        assert_eq!((status, answer), (200, Value::Null), "order {order}");
        told.lock().expect("no panic").paid.insert(order);
    }
}

/// The customer's services that are sold by the month.
fn services(sandbox: &Sandbox) -> Vec<i64> {
    let mut client = OvhClient::from_env(&sandbox.env().expect("has an environment")).expect("connects");
    let (status, ids) = client.get("/service").expect("answers");
    assert_eq!(status, 200);
    let ids: Vec<_> = ids.as_array().expect("is a list").iter().filter_map(Value::as_i64).collect();
    ids.into_iter().filter(|id| ![12345, 67890].contains(id)).collect()
}

fn check(sandbox: &Sandbox, told: &Told) {
    let ledger = sandbox.ledger().expect("shows its ledger");
    assert_eq!(ledger["audit"]["findings"], json!([]));
    let ids = |list: &str, field: &str| -> BTreeSet<i64> {
        let rows = ledger[list].as_array().unwrap_or_else(|| panic!("the ledger shows its {list}"));
        rows.iter().filter_map(|row| row[field].as_i64()).collect()
    };
    let (placed, paid) = (ids("orders", "id"), ids("payments", "order"));
    let lost = |told: &BTreeSet<i64>, held: &BTreeSet<i64>| told.difference(held).copied().collect::<Vec<i64>>();
    assert_eq!(lost(&told.placed, &placed), Vec::<i64>::new(), "orders that were answered are there");
    assert_eq!(lost(&told.paid, &paid), Vec::<i64>::new(), "payments that were answered are there");
}
