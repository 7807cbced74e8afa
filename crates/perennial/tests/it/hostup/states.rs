//! The gate is the only truth: over all states that a domain can be in, it is renewed exactly where the gate says so.

use serde_json::{Value, json};

use super::{World, alike, assert_problem, id, renewing};

/// A state: the number of its domain, the day it is paid until, what happens then, and what the gate is to say.
struct State {
    number: u64,
    name: &'static str,
    until: &'static str,
    mode: &'static str,
    status: &'static str,
    gate: Gate,
}

#[derive(Clone, Copy, PartialEq)]
enum Gate {
    Open,
    Closed(Option<&'static str>),
    /// The domain is gone.
    Nothing,
}

const fn state(
    number: u64,
    name: &'static str,
    until: &'static str,
    mode: &'static str,
    status: &'static str,
    gate: Gate,
) -> State {
    State { number, name, until, mode, status, gate }
}

const STATES: [State; 12] = [
    state(5_401, "idle.se", "2027-04-28", "manual", "active", Gate::Open),
    state(5_402, "automatic.se", "2027-04-28", "automatic", "active", Gate::Open),
    state(5_403, "pending.se", "2027-04-28", "manual", "active", Gate::Closed(Some("pending_order"))),
    state(5_404, "other-period.se", "2027-04-28", "manual", "active", Gate::Closed(Some("outstanding_invoice"))),
    state(5_405, "locked.se", "2027-04-28", "manual", "suspended", Gate::Closed(Some("not_active"))),
    state(5_406, "suspended.se", "2027-04-28", "manual", "suspended", Gate::Closed(Some("not_active"))),
    state(5_407, "cancelled.se", "2027-04-28", "delete-at-expiry", "active", Gate::Closed(Some("not_active"))),
    state(5_408, "in-grace.se", "2026-11-20", "manual", "expired", Gate::Open),
    state(5_409, "after-grace.se", "2026-11-10", "manual", "suspended", Gate::Open),
    state(5_410, "gone.se", "2026-01-01", "manual", "terminated", Gate::Nothing),
    // The documentation's example says how many days are to wait, and has no code.
    state(5_411, "far-ahead.se", "2036-10-30", "manual", "active", Gate::Closed(None)),
    // Too late to withdraw its cancellation: that ends 24 hours before the expiry.
    state(5_412, "ending.se", "2026-11-23", "delete-at-expiry", "active", Gate::Closed(Some("not_active"))),
];

fn world() -> World {
    let service = |State { number, name, until, mode, .. }: &State| {
        format!(
            "[[services]]\nid = {number}\nname = \"{name}\"\naccount = \"demo-hostup\"\nproduct = \"domain-se\"\n\
             created = 2025-01-01\nuntil = {until}\nperiod = \"P1Y\"\nmode = \"{mode}\"\n"
        )
    };
    let mut world = World::with(&STATES.iter().map(service).collect::<String>());
    world.renew(&id("dom", 5_403));
    world.renew(&id("dom", 5_404));
    // What only a seller does, and what happens between two requests.
    world.change(
        "update services set period = 'P2Y' where id = 5404;
         update services set hold = 'locked' where id = 5405;
         update services set hold = 'suspended' where id = 5406;",
    );
    world
}

#[test]
fn a_domain_is_renewed_exactly_where_the_gate_says_so() {
    let world = world();
    for State { number, name, status, gate, .. } in STATES {
        let domain = id("dom", number);
        let path = format!("/api/v2/domains/{domain}/renewal");
        let before = world.send("GET", &path, None);
        let answer = world.act(&renewing(&domain));
        let Gate::Closed(code) = gate else {
            if gate == Gate::Nothing {
                let unknown = world.act(&renewing(&id("dom", 999)));
                assert_eq!(alike(&answer), alike(&unknown), "{name}");
                assert_eq!(before.status, 404, "{name}");
            } else {
                assert_eq!(before.body["actions"]["canRenewNow"], json!({ "allowed": true, "reason": null }), "{name}");
                assert_eq!(answer.status, 200, "{name}: {}", answer.recording);
                assert_eq!(world.gate(&domain)["code"], "pending_order", "{name}");
                assert_status(&world, &domain, status);
            }
            continue;
        };
        let shown = &before.body["actions"]["canRenewNow"];
        assert_eq!((shown["allowed"].as_bool(), shown["code"].as_str()), (Some(false), code), "{name}: {shown}");
        assert!(shown["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{name}");
        assert_status(&world, &domain, status);
        if code == Some("outstanding_invoice") {
            assert_problem(&answer, 409, "existing_invoice_blocking");
            assert_blocked(&world, &domain, &answer.body);
        } else {
            assert_problem(&answer, 409, "domain_not_renewable");
            assert_eq!(&answer.body["actions"]["canRenewNow"], shown, "{name}");
        }
        assert_eq!(world.send("GET", &path, None).body, before.body, "{name}: nothing was done");
    }
    // Ten years from the 22nd of November 2026 is the limit; a year more than 2036-10-30 is 342 days beyond it.
    let reason = world.gate(&id("dom", 5_411))["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("342"), "{reason}");
    assert!(world.send("GET", "/api/v2/domains?name=gone.se", None).body["data"].as_array().unwrap().is_empty());
    world.end();
}

#[test]
fn a_domain_is_set_to_renew_by_itself_exactly_where_the_gate_says_so() {
    let world = world();
    for State { number, name, gate, .. } in STATES {
        if gate == Gate::Nothing {
            continue;
        }
        let path = format!("/api/v2/domains/{}", id("dom", number));
        let before = world.get(&path);
        let shown = &before["actions"]["canEnableAutoRenew"];
        let is_on = before["lifecycle"]["autoRenewEnabled"] == true;
        let answer = world.send("PATCH", &path, Some(&json!({ "autoRenew": true })));
        if shown["allowed"] == true || is_on {
            assert_eq!(answer.status, 200, "{name}: {}", answer.recording);
            assert_eq!(answer.body["actions"]["canEnableAutoRenew"]["code"], "already_enabled", "{name}");
        } else {
            assert_problem(&answer, 409, "domain_not_eligible");
            assert_eq!(&answer.body["actions"]["canEnableAutoRenew"], shown, "{name}");
            assert_eq!(world.get(&path), before, "{name}: nothing was done");
        }
        let code = match number {
            5_402 => Some("already_enabled"),
            5_403 => Some("pending_order"),
            5_405 | 5_406 => Some("not_active"),
            5_412 => Some("too_late"),
            _ => None,
        };
        assert_eq!((shown["allowed"] == true, shown["code"].as_str()), (code.is_none(), code), "{name}: {shown}");
        // Switching it off always works (documented).
        let off = world.send("PATCH", &path, Some(&json!({ "autoRenew": false })));
        assert_eq!((off.status, &off.body["lifecycle"]["autoRenewEnabled"]), (200, &json!(false)), "{name}");
    }
    world.end();
}

fn assert_status(world: &World, domain: &str, status: &str) {
    assert_eq!(world.get(&format!("/api/v2/domains/{domain}"))["serviceStatus"], status, "{domain}");
}

/// The refusal names what is to be paid: invoice and order, with what they come to.
fn assert_blocked(world: &World, domain: &str, problem: &Value) {
    let invoice = problem["existingInvoice"]["id"].as_str().unwrap();
    assert_eq!(problem["existingInvoice"]["amount"], json!(198.75));
    assert_eq!(problem["pendingRenewalOrder"]["invoiceId"], invoice);
    assert_eq!(problem["pendingOrder"], problem["pendingRenewalOrder"]);
    assert_eq!(problem["actions"]["canRenewNow"], world.gate(domain));
    for member in ["existingInvoice", "pendingRenewalOrder", "pendingOrder", "actions"] {
        assert_eq!(problem["extensions"][member], problem[member], "{member} stands in both places");
    }
    // It is not this period's renewal, so there is nothing to respond to.
    let state = world.get(&format!("/api/v2/domains/{domain}/renewal"));
    assert_eq!((&state["hasPendingOrder"], &state["orderId"]), (&json!(false), &Value::Null));
    let respond = format!("/api/v2/domains/{domain}/actions/respond-to-renewal");
    assert_problem(&world.post(&respond, &json!({ "accept": true })), 409, "no_pending_renewal");
    let cycle = world.get(&format!("/api/v2/domains/{domain}/billing-cycle"));
    assert_eq!(cycle["actions"]["canChangeBillingCycle"]["code"], "outstanding_invoice");
    assert_eq!(world.get(&format!("/api/v2/billing/invoices/{invoice}"))["status"], "unpaid");
}

/// Products of three kinds: one whose renewals add up, one that is sold once, and one that is not sold for its period.
const OTHER_PRODUCTS: &str = r#"
[[products]]
code = "domain-nu"
name = "Domain .nu"
kind = "domain"
renewability = "stacking"
prices = [{ period = "P1Y", currency = "SEK", net = "159.00" }]

[[products]]
code = "domain-once"
name = "Domain sold once"
kind = "domain"
renewability = "one-shot"
prices = [{ period = "P1Y", currency = "SEK", net = "159.00" }]

[[services]]
id = 5421
name = "adds-up.nu"
account = "demo-hostup"
product = "domain-nu"
created = 2025-04-28
until = 2027-04-28
period = "P1Y"
mode = "manual"

[[services]]
id = 5422
name = "once.se"
account = "demo-hostup"
product = "domain-once"
created = 2025-04-28
until = 2027-04-28
period = "P1Y"
mode = "manual"

[[services]]
id = 5423
name = "not-sold.nu"
account = "demo-hostup"
product = "domain-nu"
created = 2025-04-28
until = 2027-04-28
period = "P4Y"
mode = "manual"
"#;

#[test]
fn what_is_sold_otherwise_is_renewed_otherwise() {
    let world = World::with(OTHER_PRODUCTS);
    for number in [5_422, 5_423] {
        let domain = id("dom", number);
        assert_eq!(world.gate(&domain)["code"], "not_active", "{number}");
        assert_problem(&world.act(&renewing(&domain)), 409, "domain_not_renewable");
    }
    // Where the seller lets renewals add up, one that pends is in the way all the same.
    let domain = id("dom", 5_421);
    let legacy = "/api/domain-renew/5421";
    for expiry in ["2028-04-27T21:59:59.000Z", "2029-04-27T21:59:59.000Z"] {
        assert_eq!(world.gate(&domain)["allowed"], true);
        let invoice = world.renew(&domain)["renewalInvoice"]["id"].clone();
        let orders = world.rows("orders");
        let state = world.get(&format!("/api/v2/domains/{domain}/renewal"));
        assert_eq!((&state["hasPendingOrder"], &state["invoiceId"]), (&json!(true), &invoice));
        let gate = &state["actions"]["canRenewNow"];
        assert_eq!((&gate["allowed"], &gate["code"]), (&json!(false), &json!("pending_order")));
        let again = world.act(&renewing(&domain));
        assert_problem(&again, 409, "domain_not_renewable");
        assert_eq!(&again.body["actions"]["canRenewNow"], gate);
        assert_eq!(world.act(legacy).body["data"]["existing_invoice"], true);
        let bulk = world.post("/api/v2/domains/bulk/renew", &json!({ "domainIds": [domain] }));
        assert_eq!((&bulk.body["allSkipped"], &bulk.body["skipped"][0]["invoiceId"]), (&json!(true), &invoice));
        assert_eq!(world.rows("orders"), orders);
        let paying = format!("/api/v2/billing/invoices/{}/actions/pay", invoice.as_str().unwrap());
        assert_eq!(world.act(&paying).status, 200);
        assert_eq!(world.expiry(&domain), expiry);
    }
    world.end();
}

#[test]
fn a_renewal_in_grace_counts_from_the_old_expiry() {
    let world = world();
    for (number, expiry) in [(5_408, "2027-11-19T22:59:59.000Z"), (5_409, "2027-11-09T22:59:59.000Z")] {
        let domain = id("dom", number);
        let placed = world.renew(&domain);
        let invoice = placed["renewalInvoice"]["id"].as_str().unwrap();
        let paid = world.act(&format!("/api/v2/billing/invoices/{invoice}/actions/pay"));
        assert_eq!(paid.status, 200, "{}", paid.recording);
        assert_eq!(world.expiry(&domain), expiry);
        assert_status(&world, &domain, "active");
    }
    world.end();
}

/// How many steps a walk has.
const STEPS: usize = 160;

/// The domains of the walk.
const WALKED: [u64; 3] = [5_431, 5_432, 5_433];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[test]
fn on_a_long_walk_the_gates_are_never_wrong() {
    let service = |number: &u64| {
        format!(
            "[[services]]\nid = {number}\nname = \"walk-{number}.se\"\naccount = \"demo-hostup\"\n\
             product = \"domain-se\"\ncreated = 2025-04-28\nuntil = 2029-04-28\nperiod = \"P1Y\"\n"
        )
    };
    for seed in [1, 20_261_122] {
        let world = World::with(&WALKED.iter().map(service).collect::<String>());
        let mut dice = Dice(seed);
        let mut walk = Walk::default();
        for number in 0..STEPS {
            let domain = id("dom", WALKED[usize::try_from(dice.roll(3)).unwrap()]);
            let step = dice.roll(12);
            walk.step(&world, &domain, step, dice.roll(3))
                .unwrap_or_else(|wrong| panic!("seed {seed}, step {number} ({step}): {wrong}"));
        }
        assert!(walk.paid > 5 && walk.refused > 5 && walk.ordered > walk.paid, "{walk:?}");
        assert_eq!(world.rows("payments"), walk.paid);
        world.end();
    }
}

/// What a walk came to.
#[derive(Debug, Default)]
struct Walk {
    ordered: usize,
    refused: usize,
    paid: usize,
}

impl Walk {
    fn step(&mut self, world: &World, domain: &str, step: u64, choice: u64) -> Result<(), String> {
        let path = format!("/api/v2/domains/{domain}");
        let state = world.get(&format!("{path}/renewal"));
        let pends = state["hasPendingOrder"] == true;
        let actions = &state["actions"];
        match step {
            0..=2 => {
                let allowed = actions["canRenewNow"]["allowed"] == true;
                let answer = world.act(&renewing(domain));
                self.ordered += usize::from(allowed);
                self.refused += usize::from(!allowed);
                agrees(allowed, answer.status, &answer.recording)
            }
            3 => {
                let answer =
                    world.post(&format!("{path}/actions/respond-to-renewal"), &json!({ "accept": choice > 0 }));
                agrees(pends, answer.status, &answer.recording)
            }
            4..=6 if pends => self.pay(world, domain, &state),
            4..=6 => Ok(()),
            7 => {
                let cycle = format!("{path}/billing-cycle");
                let allowed = world.get(&cycle)["actions"]["canChangeBillingCycle"]["allowed"] == true;
                let answer = world.post(&cycle, &json!({ "periodYears": choice + 1 }));
                agrees(allowed, answer.status, &answer.recording)
            }
            8 => {
                let ids = WALKED.map(|number| id("dom", number));
                let any = ids.iter().any(|domain| world.gate(domain)["allowed"] == true);
                let answer = world.post("/api/v2/domains/bulk/renew", &json!({ "domainIds": ids }));
                self.ordered += usize::from(any);
                let wanted = if any { 202 } else { 200 };
                if answer.status == wanted { Ok(()) } else { Err(answer.recording) }
            }
            9 => {
                let body = json!({ "autoRenew": false, "cancelPendingOrder": choice == 0 });
                let answer = world.send("PATCH", &path, Some(&body));
                let pends_after = world.get(&format!("{path}/renewal"))["hasPendingOrder"] == true;
                assert_eq!(pends_after, pends && choice > 0, "{}", answer.recording);
                agrees(true, answer.status, &answer.recording)
            }
            10 => {
                let allowed = actions["canEnableAutoRenew"]["allowed"] == true || state["autoRenew"] == true;
                let answer = world.send("PATCH", &path, Some(&json!({ "autoRenew": true })));
                agrees(allowed, answer.status, &answer.recording)
            }
            _ => {
                world.dialect.sandbox.advance("P5D").unwrap();
                Ok(())
            }
        }
    }

    /// Pays what pends, and compares the expiry with what was ordered.
    fn pay(&mut self, world: &World, domain: &str, state: &Value) -> Result<(), String> {
        let before = world.expiry(domain);
        let invoice = state["invoiceId"].as_str().unwrap();
        let answer = world.act(&format!("/api/v2/billing/invoices/{invoice}/actions/pay"));
        self.paid += usize::from(answer.status == 200);
        let years = state["renewsFor"]["months"].as_i64().unwrap() / 12;
        let year = before[..4].parse::<i64>().unwrap() + years;
        assert_eq!(world.expiry(domain), format!("{year}{}", &before[4..]), "{}", answer.recording);
        agrees(true, answer.status, &answer.recording)
    }
}

/// What is allowed is done, and what is not is a conflict.
fn agrees(allowed: bool, status: u16, recording: &str) -> Result<(), String> {
    if status == if allowed { 200 } else { 409 } { Ok(()) } else { Err(format!("allowed: {allowed}\n{recording}")) }
}
