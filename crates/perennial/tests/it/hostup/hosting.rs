//! Hosting accounts and VPS: their renewal with add-ons, their cycles, and their end. Both are alike but for their ids.

use serde_json::{Value, json};

use super::{HOSTING_NUMBER, VPS_NUMBER, World, assert_problem, id, record};

/// What differs between the two.
struct Kind {
    word: &'static str,
    root: &'static str,
    prefix: &'static str,
    number: u64,
    id_member: &'static str,
    /// The word for the product of its add-on.
    addon: &'static str,
    /// Net of the service, of both, and gross of both.
    net: f64,
    net_of_both: f64,
    gross_of_both: f64,
    /// What it is paid until once it was renewed.
    until: &'static str,
    /// Another cycle, and its price.
    other_cycle: (&'static str, u32),
}

const KINDS: [Kind; 2] = [
    Kind {
        word: "hosting",
        root: "/api/v2/shared-hosting",
        prefix: "acct",
        number: HOSTING_NUMBER,
        id_member: "accountId",
        addon: "addon_extra_storage",
        net: 690.0,
        net_of_both: 890.0,
        gross_of_both: 1112.5,
        until: "2027-12-12T00:00:00.000Z",
        other_cycle: ("biennially", 1_380),
    },
    Kind {
        word: "vps",
        root: "/api/v2/vps",
        prefix: "vps",
        number: VPS_NUMBER,
        id_member: "vpsId",
        addon: "addon_vps_backup",
        net: 99.0,
        net_of_both: 124.0,
        gross_of_both: 155.0,
        until: "2027-01-12T00:00:00.000Z",
        other_cycle: ("quarterly", 297),
    },
];

impl Kind {
    fn path(&self) -> String {
        format!("{}/{}", self.root, id(self.prefix, self.number))
    }

    fn name(&self, what: &str) -> String {
        format!("{}_{what}", self.word)
    }
}

#[test]
fn they_are_renewed_with_their_add_ons() {
    let world = World::start();
    for kind in &KINDS {
        record(&kind.name("list"), &world.send("GET", kind.root, None));
        let path = kind.path();
        record(&kind.name("detail"), &world.send("GET", &path, None));
        let renewing = format!("{path}/actions/renew");
        let bare = kind.addon.strip_prefix("addon_").unwrap();
        for wrong in [json!(["addon_none"]), json!([bare]), json!([kind.addon, kind.addon]), json!(vec!["addon_x"; 21])]
        {
            let refused = world.post(&renewing, &json!({ "addonIds": wrong }));
            assert_problem(&refused, 400, "invalid_request");
        }
        let placed = world.post(&renewing, &json!({ "addonIds": [kind.addon] }));
        record(&kind.name("renewed"), &placed);
        assert_eq!(placed.body[kind.id_member], json!(id(kind.prefix, kind.number)));
        assert_eq!(placed.body["newExpiresAt"], kind.until, "a target date, unlike domains (documented)");
        assert_eq!(placed.body["billing"]["amount"].as_f64(), Some(kind.net_of_both));
        assert_eq!(placed.body["renewalInvoice"]["amount"].as_f64(), Some(kind.gross_of_both));
        for absent in ["orderId", "renewsFor"] {
            assert_eq!(placed.body.get(absent), None, "{absent} is a domain's only (documented)");
        }

        // Blocked by its own invoice, which the refusal carries with the way past it.
        let blocked = world.act(&renewing);
        assert_problem(&blocked, 409, "existing_invoice_blocking");
        assert_eq!(blocked.body["existingInvoice"], placed.body["renewalInvoice"]);
        let gate = &blocked.body["actions"]["canRenewNow"];
        assert_eq!((&gate["allowed"], &gate["code"]), (&json!(false), &json!("pending_order")));
        for member in ["existingInvoice", "recoveryAction", "actions"] {
            assert_eq!(blocked.body["extensions"][member], blocked.body[member], "{member} stands in both places");
        }
        let recovery = &blocked.body["recoveryAction"];
        let link = world.send(recovery["method"].as_str().unwrap(), recovery["href"].as_str().unwrap(), None);
        assert_eq!(link.status, 200, "{}", link.recording);

        let invoice = placed.body["renewalInvoice"]["id"].as_str().unwrap();
        let paid = world.act(&format!("/api/v2/billing/invoices/{invoice}/actions/pay"));
        assert_eq!(paid.status, 200, "{}", paid.recording);
        let shown = world.get(&path);
        assert_eq!((&shown["expiresAt"], &shown["addons"][0]["expiresAt"]), (&json!(kind.until), &json!(kind.until)));
        assert_eq!(shown["actions"]["canRenewNow"]["allowed"], true);

        // Alone, now that the add-on is paid as well: by itself it costs what it costs.
        let alone = world.post(&renewing, &json!({}));
        assert_eq!(alone.body["billing"]["amount"].as_f64(), Some(kind.net), "{}", alone.recording);
    }
    world.end();
}

#[test]
fn their_invoices_may_be_withdrawn_by_themselves() {
    let world = World::start();
    for kind in &KINDS {
        let renewing = format!("{}/actions/renew", kind.path());
        let placed = world.post(&renewing, &json!({ "addonIds": [kind.addon] }));
        let invoice = format!("/api/v2/billing/invoices/{}", placed.body["renewalInvoice"]["id"].as_str().unwrap());
        // Unlike a domain's, which goes with its order only.
        assert_eq!(world.act(&format!("{invoice}/actions/cancel")).status, 200);
        assert_eq!(world.act(&renewing).status, 200, "and then they can be renewed again");
    }
    world.end();
}

#[test]
fn their_cycle_is_changed_after_a_look_at_what_that_does() {
    let world = World::start();
    for kind in &KINDS {
        let cycle = format!("{}/actions/billing-cycle", kind.path());
        record(&kind.name("cycles"), &world.send("GET", &cycle, None));
        let (other, amount) = kind.other_cycle;
        let dry = world.post(&cycle, &json!({ "billingCycle": other, "dryRun": true }));
        record(&kind.name("cycle_dry_run"), &dry);
        assert_eq!((&dry.body["changed"], &dry.body["wouldBlock"]), (&json!(false), &json!(false)));
        assert_eq!(dry.body["targetAmount"], amount);

        assert_eq!(world.act(&format!("{}/actions/renew", kind.path())).status, 200);
        let dry = world.post(&cycle, &json!({ "billingCycle": other, "dryRun": true }));
        assert_eq!(dry.body["wouldBlock"], true, "{}", dry.recording);
        let blocked = world.post(&cycle, &json!({ "billingCycle": other }));
        assert_problem(&blocked, 409, "existing_invoice_blocking");
        let changed = world.post(&cycle, &json!({ "billingCycle": other, "cancelExistingInvoice": true }));
        record(&kind.name("cycle_changed"), &changed);
        assert_eq!(world.get(&cycle)["currentBillingCycle"], other);
        assert_eq!(world.get("/api/v2/billing/invoices")["data"][0]["status"], "cancelled");
        let wrong = world.post(&cycle, &json!({ "billingCycle": "free" }));
        assert_problem(&wrong, 400, "invalid_request");
        assert_eq!(wrong.body["errors"][0]["pointer"], "/billingCycle");
    }
    world.end();
}

#[test]
fn an_invoice_that_renews_more_is_not_withdrawn_with_a_change_of_cycle() {
    let world = World::start();
    for kind in &KINDS {
        let cycle = format!("{}/actions/billing-cycle", kind.path());
        let placed = world.post(&format!("{}/actions/renew", kind.path()), &json!({ "addonIds": [kind.addon] }));
        let invoice = format!("/api/v2/billing/invoices/{}", placed.body["renewalInvoice"]["id"].as_str().unwrap());
        let (other, _) = kind.other_cycle;
        let withdrawing = json!({ "billingCycle": other, "cancelExistingInvoice": true });
        let mut dry = withdrawing.clone();
        dry["dryRun"] = json!(true);
        assert_eq!(world.post(&cycle, &dry).body["wouldBlock"], true);
        let blocked = world.post(&cycle, &withdrawing);
        assert_problem(&blocked, 409, "existing_invoice_blocking");
        assert_eq!(blocked.body["existingInvoice"], placed.body["renewalInvoice"]);
        assert_eq!(world.get(&invoice)["status"], "unpaid");
        // By itself it can be withdrawn.
        assert_eq!(world.act(&format!("{invoice}/actions/cancel")).status, 200);
        assert_eq!(world.post(&cycle, &withdrawing).body["changed"], true);
    }
    world.end();
}

#[test]
fn a_request_with_its_key_is_answered_once_more_whatever_became_of_the_add_on() {
    let mut world = World::start();
    let kind = &KINDS[0];
    let renewing = format!("{}/actions/renew", kind.path());
    let once = [("Idempotency-Key", "with-storage")];
    let body = json!({ "addonIds": [kind.addon] }).to_string();
    let first = world.raw("POST", &renewing, &once, &body).json().unwrap();
    let invoice = format!("/api/v2/billing/invoices/{}", first["renewalInvoice"]["id"].as_str().unwrap());
    assert_eq!(world.act(&format!("{invoice}/actions/pay")).status, 200);
    world.change("update services set hold = 'terminated' where id = 5102");
    assert_problem(&world.post(&renewing, &json!({ "addonIds": [kind.addon] })), 400, "invalid_request");
    let again = world.raw("POST", &renewing, &once, &body);
    assert_eq!(again.status, 200, "{}", again.text());
    let again = again.json().unwrap();
    assert_eq!(again["renewalInvoice"]["id"], first["renewalInvoice"]["id"]);
    assert_eq!((&again["newExpiresAt"], world.rows("orders")), (&first["newExpiresAt"], 1));
    world.end();
}

#[test]
fn they_are_cancelled_and_that_is_withdrawn() {
    let world = World::start();
    for kind in &KINDS {
        let path = kind.path();
        let (state, cancel) = (format!("{path}/cancellation"), format!("{path}/actions/cancel"));
        let none = world.send("GET", &state, None);
        assert_eq!((none.status, &none.body["status"]), (200, &json!("none")), "not 404 (documented)");
        assert!(world.send("DELETE", &state, None).status == 409, "there is nothing to withdraw");

        let body = json!({ "reason": "too_expensive", "cancelType": "end_of_period" });
        record(&kind.name("cancelled"), &world.post(&cancel, &body));
        record(&kind.name("cancellation"), &world.send("GET", &state, None));
        assert_problem(&world.post(&cancel, &body), 409, "conflict");
        let renewing = world.act(&format!("{path}/actions/renew"));
        assert_problem(&renewing, 409, "service_not_renewable");
        assert_eq!(renewing.body["actions"]["canRenewNow"]["code"], "not_active");
        record(&kind.name("cancellation_withdrawn"), &world.send("DELETE", &state, None));
        assert_eq!(world.get(&state)["status"], "none");
        assert_eq!(world.get(&path)["actions"]["canRenewNow"]["allowed"], true);

        let now = json!({ "reason": "other", "otherReason": "Moved.", "cancelType": "immediate" });
        let ended = world.post(&cancel, &now);
        assert_eq!((ended.status, &ended.body["status"]), (200, &json!("pending")), "{}", ended.recording);
        assert_eq!(world.get(&path)["serviceStatus"], "suspended");
    }
    record("cancellations", &world.send("GET", "/api/v2/cancellations", None));
    world.end();
}

#[test]
fn what_is_overdue_is_not_cancelled_and_renews_no_more_by_itself() {
    let world = World::start();
    // Ordered eight days before its end, so that the invoice outlives it.
    world.dialect.sandbox.advance("P12D").unwrap();
    let path = KINDS[1].path();
    assert_eq!(world.act(&format!("{path}/actions/renew")).status, 200);
    world.dialect.sandbox.advance("P9D").unwrap();
    let body = json!({ "reason": "too_expensive", "cancelType": "end_of_period" });
    let blocked = world.post(&format!("{path}/actions/cancel"), &body);
    assert_problem(&blocked, 409, "cancellation_blocked_overdue_invoice");
    let shown = world.get(&path);
    assert_eq!((&shown["serviceStatus"], &shown["lifecycle"]["autoRenewEnabled"]), (&json!("expired"), &json!(false)));
    assert_eq!(world.get(&format!("{path}/cancellation"))["status"], Value::from("none"));
    world.end();
}
