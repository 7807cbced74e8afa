//! The billing API: what can be spent, everything that is paid ahead, orders, and what is renewed besides instances.

use serde_json::{Value, json};

use super::world::{AS_IT_GOES, Answer, CUSTOMER, FOREIGN, INSTANCE, LOCKED, SERVER, UNTIL, World, column, columns};
use crate::exchange::NOW;

#[track_caller]
fn available(world: &World, parameters: &[(&str, &str)]) -> Value {
    world.billing("QueryAvailableInstances", parameters).done()["Data"].clone()
}

#[track_caller]
fn orders(world: &World, parameters: &[(&str, &str)]) -> Value {
    world.billing("QueryOrders", parameters).done()["Data"].clone()
}

#[track_caller]
fn detail(world: &World, order: &str) -> Value {
    world.billing("GetOrderDetail", &[("OrderId", order)]).done()["Data"]["OrderList"]["Order"][0].clone()
}

/// A refusal without what no two have in common.
fn words(mut answer: Answer) -> Answer {
    answer.body.as_object_mut().unwrap().remove("RequestId");
    answer
}

#[test]
fn what_can_be_spent_is_told_in_texts() {
    let world = World::start();
    let told = |world: &World| {
        let data = world.billing("QueryAccountBalance", &[]).done()["Data"].clone();
        ["AvailableAmount", "AvailableCashAmount", "CreditAmount", "Currency"].map(|name| data[name].clone())
    };
    assert_eq!(told(&world), ["5000.00", "0.00", "5000.00", "CNY"]);
    world.credit("1234.5");
    assert_eq!(told(&world), ["6234.50", "1234.50", "5000.00", "CNY"]);
    world.renew(INSTANCE, "12", "Month");
    // 2448 less the coupon's 50, of which the balance has 1234.50.
    assert_eq!(told(&world), ["3836.50", "0.00", "3836.50", "CNY"]);
    assert_eq!(world.as_other(told), ["0.00", "0.00", "0.00", "CNY"]);
}

#[test]
fn every_success_says_so_and_every_refusal_does_not() {
    let world = World::start();
    let done = world.billing("QueryAccountBalance", &[]).done();
    let common = ["Code", "Message", "Success"].map(|name| done[name].clone());
    assert_eq!(json!(common), json!(["Success", "Successful!", true]));
    let refused = world.billing("GetOrderDetail", &[("OrderId", "900000001")]);
    assert_eq!((refused.code(), refused.body.get("Success")), ((404, "InvalidOrderId.NotFound"), None));
    // An action of the other API is none of this one.
    assert_eq!(world.billing("DescribeInstances", &[]).code(), (404, "InvalidAction.NotFound"));
    assert_eq!(world.billing("PayOrder", &[("OrderId", "1")]).code(), (404, "InvalidAction.NotFound"));
}

/// The demo customer's services, and some that differ from them.
fn with_all_sorts() -> World {
    let world = World::start();
    world.subscriptions([("i-late", "2026-11-20"), ("i-stopped", "2026-11-10"), ("i-gone", "2026-10-01")]);
    world.import(&format!(
        "[[services]]\nname = \"i-north\"\naccount = \"{CUSTOMER}\"\nproduct = \"ecs.g6.large\"\ncreated = 2026-01-12\n\
         until = 2027-06-01\nperiod = \"P2W\"\nmode = \"automatic\"\nfacts = {{ region = \"cn-beijing\" }}\n"
    ));
    world
}

#[test]
fn everything_paid_ahead_is_listed_by_what_it_is_and_when_it_ends() {
    let world = with_all_sorts();
    // What is paid as it goes has no term, what is gone is not there, and so with what is another's.
    let all = [INSTANCE, LOCKED, SERVER, "i-late", "i-stopped", "i-north"];
    let both = [INSTANCE, SERVER, AS_IT_GOES, "i-gone", FOREIGN, "i-nobodys"].join(",");
    for (parameters, expected) in [
        (&[][..], &all[..]),
        (&[("SubscriptionType", "Subscription")], &all),
        (&[("SubscriptionType", "PayAsYouGo")], &[]),
        (&[("ProductCode", "swas")], &[SERVER]),
        (&[("ProductCode", "rds")], &[]),
        (&[("Region", "cn-beijing"), ("ProductCode", "ecs")], &["i-north"]),
        (&[("RenewStatus", "ManualRenewal")], &["i-late", "i-stopped"]),
        (&[("RenewStatus", "AutoRenewal")], &[INSTANCE, LOCKED, SERVER, "i-north"]),
        (&[("RenewStatus", "NotRenewal")], &[]),
        // Midnight of 12 December in Shanghai; both ends are part of it.
        (
            &[("EndTimeStart", "2026-12-11T16:00:00Z"), ("EndTimeEnd", "2026-12-11T16:00:00Z")],
            &[INSTANCE, LOCKED, SERVER],
        ),
        (&[("EndTimeStart", "2026-12-11T16:00:01Z")], &["i-north"]),
        (&[("EndTimeEnd", "2026-12-11T15:59:59Z")], &["i-late", "i-stopped"]),
        (&[("CreateTimeStart", "2026-01-01T00:00:00Z")], &["i-late", "i-stopped", "i-north"]),
        (&[("CreateTimeEnd", "2026-01-01T00:00:00Z")], &[INSTANCE, LOCKED, SERVER]),
        (&[("InstanceIDs", &both)], &[INSTANCE, SERVER]),
    ] {
        let seen = available(&world, parameters);
        assert_eq!(column(&seen["InstanceList"], "InstanceID"), expected, "{parameters:?}");
        assert_eq!(seen["TotalCount"], expected.len(), "{parameters:?}");
    }
    let names = ["InstanceID", "Status", "SubStatus", "RenewalDuration", "RenewalDurationUnit", "EndTime"];
    let seen = available(&world, &[]);
    assert_eq!(
        columns(&seen["InstanceList"], names)[3..],
        [
            json!(["i-late", "Expired", "Stopped", null, null, "2026-11-19T16:00:00Z"]),
            json!(["i-stopped", "Expired", "Stopped", null, null, "2026-11-09T16:00:00Z"]),
            json!(["i-north", "Normal", "Normal", 2, "W", "2027-05-31T16:00:00Z"]),
        ]
    );
    assert_eq!(column(&world.as_other(|world| available(world, &[]))["InstanceList"], "InstanceID"), [FOREIGN]);
}

#[test]
fn everything_paid_ahead_is_walked_page_by_page_while_it_is_renewed() {
    let world = with_all_sorts();
    let mut seen = Vec::new();
    for (number, size) in [("1", 4), ("2", 2), ("3", 0)] {
        let page = available(&world, &[("PageNum", number), ("PageSize", "4")]);
        let told = ["TotalCount", "PageNum", "PageSize"].map(|name| page[name].as_i64().unwrap());
        assert_eq!(told, [6, number.parse().unwrap(), 4]);
        let ids = column(&page["InstanceList"], "InstanceID");
        assert_eq!(ids.len(), size);
        if ids.contains(&INSTANCE.to_owned()) {
            world.renew(INSTANCE, "1", "Month");
        }
        seen.extend(ids);
    }
    assert_eq!(seen, [INSTANCE, LOCKED, SERVER, "i-late", "i-stopped", "i-north"]);
    assert_eq!(available(&world, &[("PageSize", "300")])["PageSize"], 300);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let world = World::start();
    let many = vec![INSTANCE; 101].join(",");
    for (action, parameters, status, code) in [
        ("QueryAvailableInstances", &[("PageNum", "0")][..], 400, "InvalidParameter"),
        ("QueryAvailableInstances", &[("PageSize", "301")], 400, "InvalidParameter"),
        ("QueryAvailableInstances", &[("PageSize", "x")], 400, "InvalidParameter"),
        ("QueryAvailableInstances", &[("RenewStatus", "Normal")], 400, "InvalidParameter"),
        ("QueryAvailableInstances", &[("SubscriptionType", "Prepaid")], 400, "InvalidParameter"),
        ("QueryAvailableInstances", &[("EndTimeEnd", "tomorrow")], 400, "InvalidParameter"),
        ("QueryAvailableInstances", &[("InstanceIDs", &many)], 400, "InvalidParameter"),
        ("QueryAvailableInstances", &[("Region", "cn-hangzhou")], 400, "MissingParameter"),
        ("QueryOrders", &[("PaymentStatus", "Open")], 400, "InvalidParameter"),
        ("QueryOrders", &[("OrderType", "Renewal")], 400, "InvalidParameter"),
        ("QueryOrders", &[("CreateTimeStart", "2026")], 400, "InvalidParameter"),
        ("GetOrderDetail", &[], 400, "MissingParameter"),
        ("GetOrderDetail", &[("OrderId", "x")], 404, "InvalidOrderId.NotFound"),
        ("GetOrderDetail", &[("OrderId", "99999999999999999999")], 404, "InvalidOrderId.NotFound"),
        ("CancelOrder", &[], 400, "MissingParameter"),
        ("CancelOrder", &[("OrderId", "-1")], 404, "InvalidOrderId.NotFound"),
        ("SetAllExpirationDay", &[], 400, "MissingParameter"),
        ("SetAllExpirationDay", &[("UnifyExpireDay", "0")], 400, "InvalidParameter"),
        ("SetAllExpirationDay", &[("UnifyExpireDay", "29")], 400, "InvalidParameter"),
        ("SetAllExpirationDay", &[("UnifyExpireDay", "x")], 400, "InvalidParameter"),
    ] {
        assert_eq!(world.billing(action, parameters).code(), (status, code), "{action} {parameters:?}");
    }
}

#[test]
fn an_order_tells_what_a_renewal_did() {
    let world = World::start();
    let order = world.renew(INSTANCE, "3", "Month");
    let told = detail(&world, &order);
    for (field, value) in [
        ("OrderId", json!(order)),
        ("OrderType", json!("Renew")),
        ("PaymentStatus", json!("Paid")),
        ("ProductCode", json!("ecs")),
        ("InstanceIDs", json!(format!("[\"{INSTANCE}\"]"))),
        ("Quantity", json!("1")),
        ("PretaxGrossAmount", json!("720.00")),
        ("PretaxAmount", json!("670.00")),
        ("Tax", json!("0.00")),
        ("AfterTaxAmount", json!("670.00")),
        ("Currency", json!("CNY")),
        ("UsageStartTime", json!("2026-12-11T16:00:00Z")),
        ("UsageEndTime", json!("2027-03-11T16:00:00Z")),
    ] {
        assert_eq!(told[field], value, "{field}");
    }
    // Another customer's order is none.
    let see =
        |order: &'static str| world.as_other(|world| words(world.billing("GetOrderDetail", &[("OrderId", order)])));
    assert_eq!(order, "1");
    assert_eq!(see("1"), see("900000001"));
    let cancel = |order| world.as_other(|world| words(world.billing("CancelOrder", &[("OrderId", order)])));
    assert_eq!(cancel("1"), cancel("900000001"));
    assert_eq!(world.as_other(|world| orders(world, &[]))["TotalCount"], 0);
}

#[test]
fn orders_are_listed_newest_first_of_the_last_hour() {
    let world = World::start();
    world.subscriptions([("i-a", UNTIL), ("i-b", UNTIL)]);
    let first = world.renew(INSTANCE, "1", "Month");
    world.sandbox.set_clock("2026-11-22T12:00:00Z").unwrap();
    let swas = [("ProductCode", "swas"), ("InstanceId", SERVER), ("RenewPeriod", "1")];
    let second = world.billing("RenewInstance", &swas).done()["Data"]["OrderId"].as_str().unwrap().to_owned();
    let open = world.place("i-a");
    let gone = world.place("i-b");
    world.billing("CancelOrder", &[("OrderId", &gone)]).done();
    let listed = |parameters: &[(&str, &str)]| column(&orders(&world, parameters)["OrderList"]["Order"], "OrderId");
    assert_eq!(listed(&[]), [&gone[..], &open, &second]);
    let all = ("CreateTimeStart", NOW);
    for (parameters, expected) in [
        (&[all][..], &[&gone[..], &open, &second, &first][..]),
        (&[all, ("CreateTimeEnd", "2026-11-22T11:00:00Z")], &[&first]),
        (&[("CreateTimeEnd", "2026-11-22T10:30:00Z")], &[&first]),
        (&[all, ("PaymentStatus", "Paid")], &[&second, &first]),
        (&[all, ("PaymentStatus", "Unpaid")], &[&open]),
        (&[all, ("PaymentStatus", "Cancelled")], &[&gone]),
        (&[all, ("OrderType", "Renew"), ("ProductCode", "swas")], &[&second]),
        (&[all, ("OrderType", "New")], &[]),
        (&[all, ("SubscriptionType", "PayAsYouGo")], &[]),
        (&[all, ("PageSize", "3"), ("PageNum", "2")], &[&first]),
    ] {
        assert_eq!(listed(parameters), expected, "{parameters:?}");
    }
    // The open one lapses.
    world.sandbox.advance("P30D").unwrap();
    assert_eq!(detail(&world, &open)["PaymentStatus"], "Cancelled");
}

#[test]
fn an_order_is_cancelled_once_and_a_paid_one_never() {
    let world = World::start();
    let paid = world.renew(INSTANCE, "1", "Month");
    let open = world.place(INSTANCE);
    let cancel = |order: &str| world.billing("CancelOrder", &[("OrderId", order)]);
    cancel(&open).done();
    let before = world.ledger();
    for order in [&paid, &open] {
        assert_eq!(cancel(order).code(), (400, "InvalidOrderStatus"), "{order}");
    }
    assert_eq!(world.ledger(), before);
    assert_eq!([&paid, &open].map(|order| detail(&world, order)["PaymentStatus"].clone()), ["Paid", "Cancelled"]);
}

#[test]
fn what_is_no_instance_of_ecs_is_renewed_here_and_once_for_a_token() {
    let world = World::start();
    let asked = [("ProductCode", "swas"), ("InstanceId", SERVER), ("RenewPeriod", "1"), ("ClientToken", "t")];
    let order = |parameters: &[(&str, &str)]| {
        world.billing("RenewInstance", parameters).done()["Data"]["OrderId"].as_str().unwrap().to_owned()
    };
    let first = order(&asked);
    world.sandbox.advance("P1D").unwrap();
    assert_eq!(order(&asked), first);
    assert_eq!(world.until(SERVER), "2027-01-12");
    // Without a token, what comes at once is a repeat, as in ECS.
    let second = order(&asked[..3]);
    assert_eq!(order(&asked[..3]), second);
    assert_eq!((world.until(SERVER).as_str(), second == first), ("2027-02-12", false));
    // A token of ECS is another one's.
    world.call("RenewInstance", &[("InstanceId", INSTANCE), ("Period", "1"), ("ClientToken", "t")]).order();
    world.assert_sound();
}

#[test]
fn every_refusal_of_a_renewal_has_its_code_and_changes_nothing() {
    let world = World::start();
    let used = [("ProductCode", "swas"), ("InstanceId", SERVER), ("RenewPeriod", "1"), ("ClientToken", "used")];
    world.billing("RenewInstance", &used).done();
    let swas = |more: &[(&'static str, &'static str)]| [&[("ProductCode", "swas")], more].concat();
    let before = world.ledger();
    for (parameters, status, code) in [
        (vec![("InstanceId", SERVER), ("RenewPeriod", "1")], 400, "MissingParameter"),
        (swas(&[("RenewPeriod", "1")]), 400, "MissingParameter"),
        (swas(&[("InstanceId", SERVER)]), 400, "MissingParameter"),
        (swas(&[("InstanceId", SERVER), ("RenewPeriod", "0")]), 400, "InvalidParameter"),
        (swas(&[("InstanceId", SERVER), ("RenewPeriod", "10")]), 400, "InvalidParameter"),
        (swas(&[("InstanceId", SERVER), ("RenewPeriod", "48")]), 400, "InvalidParameter"),
        // Documented, and not sold.
        (swas(&[("InstanceId", SERVER), ("RenewPeriod", "4")]), 400, "InvalidPeriod"),
        (swas(&[("InstanceId", "nobodys"), ("RenewPeriod", "1")]), 404, "InvalidInstanceId.NotFound"),
        (swas(&[("InstanceId", INSTANCE), ("RenewPeriod", "1")]), 404, "InvalidInstanceId.NotFound"),
        (vec![("ProductCode", "ecs"), ("InstanceId", INSTANCE), ("RenewPeriod", "1")], 400, "InvalidParameter"),
        (
            swas(&[("InstanceId", SERVER), ("RenewPeriod", "2"), ("ClientToken", "used")]),
            400,
            "IdempotenceParamNotMatch",
        ),
        (
            swas(&[("InstanceId", SERVER), ("RenewPeriod", "1"), ("ClientToken", "é")]),
            400,
            "InvalidClientToken.ValueNotSupported",
        ),
    ] {
        assert_eq!(world.billing("RenewInstance", &parameters).code(), (status, code), "{parameters:?}");
    }
    assert_eq!(world.ledger(), before);
    let other = world.as_other(|world| world.billing("RenewInstance", &used).code().0);
    assert_eq!(other, 404);
    world.hold(SERVER, "locked");
    let locked = world.billing("RenewInstance", &used[..3]);
    // What was renewed a moment ago without a token would be that renewal; this one was not.
    assert_eq!(locked.code(), (403, "InstanceLockedForSecurity"));
}

#[test]
fn a_renewal_here_without_money_leaves_no_order() {
    let world = World::start();
    let years = [("ProductCode", "swas"), ("InstanceId", SERVER), ("RenewPeriod", "36")];
    world.renew(INSTANCE, "24", "Month");
    let before = world.ledger();
    assert_eq!(world.billing("RenewInstance", &years).code(), (403, "InvalidAccountStatus.NotEnoughBalance"));
    assert_eq!(world.ledger(), before);
}

#[test]
fn services_of_any_product_are_set_together_or_not_at_all() {
    let world = World::start();
    let set = |parameters: &[(&str, &str)]| world.billing("SetRenewal", parameters);
    let both = [INSTANCE, SERVER].join(",");
    let automatic = [("RenewalStatus", "AutoRenewal"), ("RenewalPeriod", "2"), ("RenewalPeriodUnit", "Y")];
    let seen = || {
        let ids = [("InstanceIDs", both.as_str())];
        columns(&available(&world, &ids)["InstanceList"], ["RenewStatus", "RenewalDuration", "RenewalDurationUnit"])
    };
    for (parameters, shown) in [
        (&automatic[..], json!(["AutoRenewal", 2, "Y"])),
        (&[("RenewalStatus", "ManualRenewal")], json!(["ManualRenewal", null, null])),
        (&[automatic[0], ("RenewalPeriod", "6"), ("RenewalPeriodUnit", "M")], json!(["AutoRenewal", 6, "M"])),
        (&[("RenewalStatus", "NotRenewal")], json!(["NotRenewal", null, null])),
        (&[("RenewalStatus", "ManualRenewal")], json!(["ManualRenewal", null, null])),
    ] {
        set(&[&[("InstanceIDs", both.as_str())], parameters].concat()).done();
        assert_eq!(seen(), [shown.clone(), shown], "{parameters:?}");
    }
    let before = world.ledger();
    let with = |id: &str| [INSTANCE, id].join(",");
    let named = [with("i-nobodys"), with(FOREIGN), with(AS_IT_GOES), with(LOCKED)];
    for (ids, more, status, code) in [
        (&named[0], &automatic[..], 404, "InvalidInstanceId.NotFound"),
        (&named[1], &automatic, 404, "InvalidInstanceId.NotFound"),
        (&named[2], &automatic, 403, "ChargeTypeViolation"),
        (&named[3], &automatic, 403, "InstanceLockedForSecurity"),
        (&both, &[automatic[0], automatic[1]], 400, "MissingParameter"),
        (&both, &[automatic[0], automatic[2]], 400, "MissingParameter"),
        (&both, &[("RenewalStatus", "Normal")], 400, "InvalidParameter"),
        (&both, &[], 400, "MissingParameter"),
        (&both, &[automatic[0], ("RenewalPeriod", "4"), ("RenewalPeriodUnit", "M")], 400, "InvalidParameter"),
        (&both, &[automatic[0], ("RenewalPeriod", "1"), ("RenewalPeriodUnit", "W")], 400, "InvalidParameter"),
        (
            &both,
            &[automatic[0], automatic[1], automatic[2], ("ProductCode", "swas")],
            404,
            "InvalidInstanceId.NotFound",
        ),
        (&String::new(), &automatic, 400, "MissingParameter"),
    ] {
        let answer = set(&[&[("InstanceIDs", ids.as_str())], more].concat());
        assert_eq!(answer.code(), (status, code), "{ids} {more:?}");
    }
    assert_eq!(world.ledger(), before);
}
