//! `RenewInstance` in both its forms: what it moves, what it refuses and with which code, and what is left of a call
//! whose answer never came.

use serde_json::{Value, json};

use super::world::{AS_IT_GOES, CUSTOMER, FOREIGN, HERE, INSTANCE, LOCKED, SERVER, UNTIL, World, columns, service};
use crate::exchange::NOW;

/// A product that is sold for more than the API has words for, and as far ahead as anyone likes.
fn long_running(periods: impl Iterator<Item = String>) -> String {
    let prices: Vec<_> =
        periods.map(|period| format!("{{ period = \"{period}\", net = 1, currency = \"CNY\" }}")).collect();
    format!(
        "[[products]]\ncode = \"ecs.t\"\nname = \"ECS t\"\nkind = \"instance\"\nahead_months_max = 0\nprices = [{}]\n",
        prices.join(", ")
    )
}

/// The instant of a midnight where the customer is, as instances show it.
fn shown(date: &str) -> String {
    let day: jiff::civil::Date = date.parse().unwrap();
    format!("{}T16:00Z", day.yesterday().unwrap())
}

#[test]
fn it_orders_and_pays_in_one_call() {
    let world = World::start();
    let order = world.renew(INSTANCE, "1", "Month");
    assert_eq!(world.until(INSTANCE), "2027-01-12");
    assert_eq!(world.instance(INSTANCE)["ExpiredTime"], "2027-01-11T16:00Z");
    let number: Value = order.parse().unwrap();
    for list in ["payments", "extensions", "invoices"] {
        assert_eq!(world.rows(list, "order", &number).len(), 1, "{list}");
    }
    let placed = json!(world.rows("orders", "account", &json!(CUSTOMER)));
    let expected = json!([number, "fulfilled", "renewal", "P1M"]);
    assert_eq!(columns(&placed, ["id", "state", "purpose", "period"]), [expected]);
    // An instance renewed by itself goes on doing so, and one that is not does not begin to.
    assert_eq!(world.rows("services", "name", &json!(INSTANCE))[0]["mode"], "automatic");
    world.assert_sound();
}

#[test]
fn a_coupon_pays_first_then_the_balance_then_the_credit_line() {
    for (credited, payment, after, next) in [
        (None, ["credit-line", "190.00", "0.00"], ("0.00", "190.00"), ("0.00", "430.00")),
        (Some("100"), ["credit-line", "190.00", "100.00"], ("0.00", "90.00"), ("0.00", "330.00")),
        (Some("500"), ["balance", "190.00", "0.00"], ("310.00", "0.00"), ("70.00", "0.00")),
    ] {
        let world = World::start();
        if let Some(amount) = credited {
            world.credit(amount);
        }
        let order: Value = world.renew(INSTANCE, "1", "Month").parse().unwrap();
        let paid = &world.rows("payments", "order", &order)[0];
        assert_eq!([&paid["kind"], &paid["amount"]["amount"], &paid["fromBalance"]["amount"]], payment, "{credited:?}");
        let placed = &world.rows("orders", "id", &order)[0];
        assert_eq!([&placed["lines"][0]["list"]["amount"], &placed["gross"]["amount"]], ["240.00", "190.00"]);
        let is = |money: (&str, &str)| (money.0.to_owned(), money.1.to_owned());
        assert_eq!((world.money(), world.coupons_used()), (is(after), 1), "{credited:?}");
        // The coupon is used up.
        world.sandbox.advance("PT3M").unwrap();
        world.renew(INSTANCE, "1", "Month");
        assert_eq!(world.money(), is(next), "{credited:?}");
        world.assert_sound();
    }
}

#[test]
fn where_money_is_short_by_a_cent_nothing_is_left_behind() {
    // 7200 less the coupon's 50, of which the credit line bears 5000.
    let world = World::start();
    world.credit("2149.99");
    let years = [("InstanceId", INSTANCE), ("Period", "60"), ("ClientToken", "five-years")];
    let before = world.ledger();
    for _ in 0..2 {
        let answer = world.call("RenewInstance", &years);
        assert_eq!(answer.code(), (403, "InvalidAccountStatus.NotEnoughBalance"));
    }
    assert_eq!((world.ledger(), world.coupons_used()), (before, 0));
    world.credit("0.01");
    world.call("RenewInstance", &years).order();
    assert_eq!((world.money(), world.coupons_used()), (("0.00".into(), "5000.00".into()), 1));
    assert_eq!(world.until(INSTANCE), "2031-12-12");
    // A customer without any.
    let before = world.ledger();
    let answer = world.as_other(|world| world.call("RenewInstance", &[("InstanceId", FOREIGN), ("Period", "1")]));
    assert_eq!(answer.code(), (403, "InvalidAccountStatus.NotEnoughBalance"));
    assert_eq!(world.ledger(), before);
    world.assert_sound();
}

#[test]
fn what_a_coupon_covers_takes_no_money() {
    let world = World::start();
    world.import(&format!("[[coupons]]\nid = 7\naccount = \"{CUSTOMER}\"\namount = 500\nexpires = 2027-01-01\n"));
    let order: Value = world.renew(INSTANCE, "1", "Month").parse().unwrap();
    // The one that ends sooner is used, and the other is not needed.
    assert_eq!((world.money(), world.coupons_used()), (("0.00".into(), "0.00".into()), 1));
    assert_eq!(world.rows("payments", "order", &order)[0]["amount"]["amount"], "0.00");
    world.assert_sound();
}

#[test]
fn a_period_is_one_of_the_documented_ones_and_no_neighbour() {
    const TAKEN: [(&str, &str, &str); 18] = [
        // The last day of January: the last day of shorter months, where the customer is.
        ("1", "Month", "2027-02-28"),
        ("2", "Month", "2027-03-31"),
        ("3", "Month", "2027-04-30"),
        ("4", "Month", "2027-05-31"),
        ("5", "Month", "2027-06-30"),
        ("6", "Month", "2027-07-31"),
        ("7", "Month", "2027-08-31"),
        ("8", "Month", "2027-09-30"),
        ("9", "Month", "2027-10-31"),
        ("12", "Month", "2028-01-31"),
        ("24", "Month", "2029-01-31"),
        ("36", "Month", "2030-01-31"),
        ("48", "Month", "2031-01-31"),
        ("60", "Month", "2032-01-31"),
        ("1", "Week", "2027-02-07"),
        ("2", "Week", "2027-02-14"),
        ("3", "Week", "2027-02-21"),
        ("4", "Week", "2027-02-28"),
    ];
    const MONTHS: [&str; 19] = [
        "0", "10", "11", "13", "23", "25", "35", "37", "47", "49", "59", "61", "-1", "1.0", "x", "P1M", "1 ", "65537",
        "１",
    ];
    let world = World::start();
    let sold = (1..=61).map(|months| format!("P{months}M")).chain((1..=5).map(|weeks| format!("P{weeks}W")));
    let name = |count: &str, unit: &str| format!("i-{count}-{unit}");
    let rows = TAKEN.map(|(count, unit, _)| service(&name(count, unit), CUSTOMER, "ecs.t", "2027-01-31", ""));
    world.import(&(long_running(sold) + &rows.concat()));
    let before = world.ledger();
    let neighbours = MONTHS.map(|count| (count, "Month")).into_iter().chain(["0", "5", "12"].map(|few| (few, "Week")));
    for (count, unit) in neighbours {
        let asked = [("InstanceId", "i-1-Month"), ("Period", count), ("PeriodUnit", unit)];
        assert_eq!(world.call("RenewInstance", &asked).code(), (400, "InvalidPeriod"), "{count} {unit}");
    }
    assert_eq!(world.ledger(), before);
    for (count, unit, until) in TAKEN {
        let id = name(count, unit);
        world.renew(&id, count, unit);
        assert_eq!((world.until(&id).as_str(), &world.instance(&id)["ExpiredTime"]), (until, &json!(shown(until))));
    }
    world.assert_sound();
}

#[test]
fn a_unit_is_a_month_where_none_is_said_and_its_case_does_not_count() {
    let world = World::start();
    world.subscriptions([("i-none", UNTIL), ("i-month", UNTIL), ("i-week", UNTIL)]);
    world.call("RenewInstance", &[("InstanceId", "i-none"), ("Period", "1")]).order();
    world.renew("i-month", "1", "month");
    world.renew("i-week", "1", "week");
    assert_eq!(["i-none", "i-month", "i-week"].map(|id| world.until(id)), ["2027-01-12", "2027-01-12", "2026-12-19"]);
}

#[test]
fn single_months_end_where_many_at_once_do() {
    let world = World::start();
    world.subscriptions([("i-single", "2027-01-31"), ("i-many", "2027-01-31")]);
    let mut ends = Vec::new();
    for month in ["february", "march", "april"] {
        let asked = [("InstanceId", "i-single"), ("Period", "1"), ("ClientToken", month)];
        world.call("RenewInstance", &asked).order();
        ends.push(world.instance("i-single")["ExpiredTime"].clone());
    }
    assert_eq!(ends, ["2027-02-27T16:00Z", "2027-03-30T16:00Z", "2027-04-29T16:00Z"]);
    world.renew("i-many", "3", "Month");
    assert_eq!(world.instance("i-many")["ExpiredTime"], ends[2]);
}

#[test]
fn to_the_accounts_day_it_is_a_month_at_the_least() {
    // The vendor's own examples, and what stands at their edges. A month is 240, a day of it 8.
    let world = World::start();
    world.credit("3000");
    let mut gross = Vec::new();
    for (number, (end, day, until, net)) in [
        ("2027-10-08", "12", "2027-11-12", "222.00"),
        ("2027-10-18", "12", "2027-12-12", "432.00"),
        ("2027-09-10", "1", "2027-11-01", "416.00"),
        ("2027-05-17", "1", "2027-07-01", "352.00"),
        ("2027-10-12", "12", "2027-11-12", "240.00"),
        ("2027-10-13", "12", "2027-12-12", "472.00"),
        ("2027-01-31", "28", "2027-02-28", "240.00"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("i-day-{number}");
        world.subscriptions([(id.as_str(), end)]);
        world.billing("SetAllExpirationDay", &[("UnifyExpireDay", day)]).done();
        let priced = world.call("DescribeRenewalPrice", &[HERE, ("ResourceId", &id), ("ExpectedRenewDay", day)]).done();
        let order: Value =
            world.call("RenewInstance", &[("InstanceId", &id), ("ExpectedRenewDay", day)]).order().parse().unwrap();
        assert_eq!(world.until(&id), until, "{end} to the {day}");
        assert_eq!(world.instance(&id)["ExpiredTime"], shown(until));
        let placed = &world.rows("orders", "id", &order)[0]["gross"];
        assert_eq!(placed["amount"], net, "{end} to the {day}");
        let told = priced["PriceInfo"]["Price"]["TradePrice"].to_string();
        assert_eq!(format!("{told}.00"), net, "what was told");
        gross.push(placed["minor"].as_i64().unwrap());
    }
    let left = 300_000 - gross.iter().sum::<i64>();
    assert_eq!(world.money(), (format!("{}.{:02}", left / 100, left % 100), "0.00".to_owned()));
    world.assert_sound();
}

#[test]
fn months_count_from_the_accounts_day_afterwards() {
    let world = World::start();
    world.subscriptions([("i-31", "2027-01-31")]);
    world.billing("SetAllExpirationDay", &[("UnifyExpireDay", "28")]).done();
    world.call("RenewInstance", &[("InstanceId", "i-31"), ("ExpectedRenewDay", "28")]).order();
    assert_eq!(world.until("i-31"), "2027-02-28");
    world.renew("i-31", "1", "Month");
    assert_eq!(world.until("i-31"), "2027-03-28", "and no longer on the 31st");
}

/// A ledger with an instance for each refusal.
fn with_every_state() -> World {
    let world = World::start();
    world.subscriptions([
        ("i-unpaid", UNTIL),
        ("i-new", UNTIL),
        ("i-suspended", UNTIL),
        ("i-cancelled", UNTIL),
        ("i-expired", "2026-11-20"),
        ("i-gone", "2026-10-01"),
        ("i-far", "2036-11-01"),
    ]);
    world.place("i-unpaid");
    world.hold("i-new", "unpaid");
    world.hold("i-suspended", "suspended");
    let asked = [HERE, ("InstanceId", "i-cancelled"), ("RenewalStatus", "NotRenewal")];
    world.call("ModifyInstanceAutoRenewAttribute", &asked).done();
    world.billing("SetAllExpirationDay", &[("UnifyExpireDay", "12")]).done();
    let asked = [("InstanceId", INSTANCE), ("Period", "1"), ("ClientToken", "used")];
    world.call("RenewInstance", &asked).order();
    world
}

#[test]
fn every_refusal_has_its_code_and_status_and_changes_nothing() {
    type Row<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);
    let world = with_every_state();
    let long = "x".repeat(65);
    let before = world.ledger();
    let rows: &[Row<'_>] = &[
        (&[("Period", "1")], 400, "MissingInstanceId"),
        (&[("InstanceId", ""), ("Period", "1")], 400, "MissingInstanceId"),
        (&[("InstanceId", INSTANCE)], 400, "InvalidPeriod.NotFound"),
        (&[("InstanceId", INSTANCE), ("PeriodUnit", "Month")], 400, "InvalidPeriod.NotFound"),
        (&[("InstanceId", INSTANCE), ("Period", "10")], 400, "InvalidPeriod"),
        (
            &[("InstanceId", INSTANCE), ("Period", "1"), ("PeriodUnit", "Year")],
            400,
            "InvalidPeriodUnit.ValueNotSupported",
        ),
        (
            &[("InstanceId", INSTANCE), ("Period", "1"), ("PeriodUnit", "Day")],
            400,
            "InvalidPeriodUnit.ValueNotSupported",
        ),
        (
            &[("InstanceId", INSTANCE), ("Period", "1"), ("ExpectedRenewDay", "12")],
            400,
            "InvalidExpectedRenewDay.Conflict",
        ),
        (
            &[("InstanceId", INSTANCE), ("PeriodUnit", "Month"), ("ExpectedRenewDay", "12")],
            400,
            "InvalidExpectedRenewDay.Conflict",
        ),
        (&[("InstanceId", INSTANCE), ("ExpectedRenewDay", "0")], 400, "InvalidExpectedRenewDay.ValueNotSupported"),
        (&[("InstanceId", INSTANCE), ("ExpectedRenewDay", "29")], 400, "InvalidExpectedRenewDay.ValueNotSupported"),
        (&[("InstanceId", INSTANCE), ("ExpectedRenewDay", "x")], 400, "InvalidExpectedRenewDay.ValueNotSupported"),
        (&[("InstanceId", INSTANCE), ("ExpectedRenewDay", "13")], 400, "InvalidParam.ExpectedRenewDay"),
        (&[("InstanceId", "i-expired"), ("ExpectedRenewDay", "12")], 403, "IncorrectInstanceStatus"),
        (&[("InstanceId", "i-far"), ("Period", "1")], 400, "InvalidPeriod.ExceededMaximumExpirationDate"),
        (&[("InstanceId", "i-far"), ("ExpectedRenewDay", "12")], 400, "InvalidPeriod.ExceededMaximumExpirationDate"),
        (&[("InstanceId", AS_IT_GOES), ("Period", "1")], 403, "ChargeTypeViolation"),
        (&[("InstanceId", LOCKED), ("Period", "1")], 403, "InstanceLockedForSecurity"),
        (&[("InstanceId", "i-unpaid"), ("Period", "1")], 403, "Instance.UnPaidOrder"),
        (&[("InstanceId", "i-unpaid"), ("Period", "2")], 403, "Instance.UnPaidOrder"),
        (&[("InstanceId", "i-unpaid"), ("ExpectedRenewDay", "12")], 403, "Instance.UnPaidOrder"),
        (&[("InstanceId", "i-new"), ("Period", "1")], 403, "Instance.UnPaidOrder"),
        (&[("InstanceId", "i-suspended"), ("Period", "1")], 403, "IncorrectInstanceStatus"),
        (&[("InstanceId", "i-cancelled"), ("Period", "1")], 403, "IncorrectInstanceStatus"),
        (&[("InstanceId", INSTANCE), ("Period", "60")], 403, "InvalidAccountStatus.NotEnoughBalance"),
        (&[("InstanceId", INSTANCE), ("Period", "2"), ("ClientToken", "used")], 400, "IdempotenceParamNotMatch"),
        (&[("InstanceId", LOCKED), ("Period", "1"), ("ClientToken", "used")], 400, "IdempotenceParamNotMatch"),
        (
            &[("InstanceId", INSTANCE), ("Period", "1"), ("ClientToken", &long)],
            400,
            "InvalidClientToken.ValueNotSupported",
        ),
        (&[("InstanceId", "i-nobodys"), ("Period", "1")], 404, "InvalidInstanceId.NotFound"),
        (&[("InstanceId", FOREIGN), ("Period", "1")], 404, "InvalidInstanceId.NotFound"),
        (&[("InstanceId", "i-gone"), ("Period", "1")], 404, "InvalidInstanceId.NotFound"),
        (&[("InstanceId", "i-gone"), ("ExpectedRenewDay", "12")], 404, "InvalidInstanceId.NotFound"),
        (&[("InstanceId", SERVER), ("Period", "1")], 404, "InvalidInstanceId.NotFound"),
        (&[("InstanceId", &INSTANCE.to_uppercase()), ("Period", "1")], 404, "InvalidInstanceId.NotFound"),
    ];
    for (parameters, status, code) in rows {
        let answer = world.call("RenewInstance", parameters);
        assert_eq!(answer.code(), (*status, *code), "{parameters:?}");
        assert!(answer.body.get("OrderId").is_none(), "{parameters:?}");
        assert_eq!(world.ledger(), before, "{parameters:?}");
    }
    assert_eq!(world.coupons_used(), 1, "by the one that was done");
}

#[test]
fn another_customers_instance_is_refused_in_the_same_words_as_none() {
    let world = World::start();
    let refused = |id: &str| {
        let mut answer = world.call("RenewInstance", &[("InstanceId", id), ("Period", "1")]);
        answer.body.as_object_mut().unwrap().remove("RequestId");
        answer
    };
    assert_eq!(refused(FOREIGN), refused("i-nobodys"));
    let own = [("InstanceId", INSTANCE), ("Period", "1")];
    let answer = world.as_other(|world| world.call("RenewInstance", &own));
    assert_eq!(answer.code(), (404, "InvalidInstanceId.NotFound"), "and the other way round");
}

#[test]
fn a_late_renewal_counts_from_the_old_expiry_and_ends_the_lock() {
    let world = World::start();
    for (now, until) in [
        // As it begins, and in the last hours, of the fifteen days for which a stopped instance is kept.
        ("2026-12-11T16:30:00Z", "2027-01-12"),
        ("2027-01-26T15:30:00Z", "2027-02-12"),
    ] {
        world.sandbox.set_clock(now).unwrap();
        let late = world.instance(INSTANCE);
        assert_eq!(late["Status"], "Stopped", "{now}");
        assert_eq!(late["OperationLocks"], json!({ "LockReason": [{ "LockReason": "financial", "LockMsg": "" }] }));
        world.renew(INSTANCE, "1", "Month");
        assert_eq!(world.until(INSTANCE), until, "{now}");
        let renewed = world.instance(INSTANCE);
        assert_eq!(renewed["Status"], "Running", "{now}");
        assert_eq!(renewed["OperationLocks"], json!({ "LockReason": [] }), "{now}");
    }
    world.sandbox.set_clock("2027-02-26T16:00:00Z").unwrap();
    let answer = world.call("RenewInstance", &[("InstanceId", INSTANCE), ("Period", "1")]);
    assert_eq!(answer.code(), (404, "InvalidInstanceId.NotFound"), "it was released");
    world.assert_sound();
}

#[test]
fn an_unpaid_order_is_cleared_and_then_it_is_renewed() {
    let world = World::start();
    let asked = [("InstanceId", INSTANCE), ("Period", "1"), ("ClientToken", "t")];
    let open = world.place(INSTANCE);
    assert_eq!(world.call("RenewInstance", &asked).code(), (403, "Instance.UnPaidOrder"));
    let price = [HERE, ("ResourceId", INSTANCE)];
    assert_eq!(world.call("DescribeRenewalPrice", &price).code().0, 403, "what cannot be bought has no price");
    world.billing("CancelOrder", &[("OrderId", &open)]).done();
    let order = world.call("RenewInstance", &asked).order();
    assert_ne!(order, open);
    assert_eq!(world.until(INSTANCE), "2027-01-12");
    world.assert_sound();
}

#[test]
fn a_renewal_whose_answer_was_lost_is_found_and_not_done_again() {
    for token in [None, Some("lost")] {
        let mut world = World::start();
        let mut asked = vec![("InstanceId", INSTANCE), ("Period", "1"), ("PeriodUnit", "Month")];
        asked.extend(token.map(|token| ("ClientToken", token)));
        world.sandbox.arm("aliyun", "renew", "request-lost", 1).unwrap();
        assert!(world.send("RenewInstance", &asked).is_none());
        assert_eq!(world.until(INSTANCE), UNTIL, "it never arrived");
        world.sandbox.arm("aliyun", "renew", "reply-lost", 2).unwrap();
        for _ in 0..2 {
            assert!(world.send("RenewInstance", &asked).is_none());
        }
        // As the SDK does it that repeats a call without a token; the power is cut besides.
        world.sandbox.kill_hard().unwrap();
        world.sandbox.restart_at("2026-11-22T10:01:00Z").unwrap();
        let listed = world.billing("QueryOrders", &[("CreateTimeStart", NOW)]).done();
        let orders = &listed["Data"]["OrderList"]["Order"];
        let order = world.call("RenewInstance", &asked).order();
        assert_eq!(columns(orders, ["OrderId", "PaymentStatus"]), [json!([order, "Paid"])], "{token:?}");
        assert_eq!(world.until(INSTANCE), "2027-01-12", "{token:?}");
        let number: Value = order.parse().unwrap();
        assert_eq!(columns(&world.ledger()["payments"], ["order"]), [json!([number])]);
        world.assert_sound();
    }
}

#[test]
fn a_server_that_fails_has_done_nothing_and_a_busy_one_says_when_to_come_again() {
    let world = World::start();
    let asked = [("InstanceId", INSTANCE), ("Period", "1")];
    let before = world.ledger();
    world.sandbox.arm("aliyun", "renew", "server-error", 1).unwrap();
    assert_eq!(world.call("RenewInstance", &asked).code(), (500, "InternalError"));
    world.sandbox.arm("aliyun", "renew", "rate-limited", 1).unwrap();
    let limited = world.send("RenewInstance", &asked).unwrap();
    assert_eq!((limited.status, limited.json().unwrap()["Code"].clone()), (400, json!("Throttling.User")));
    assert_eq!(limited.header("x-acs-retry-after"), Some("1000"));
    assert_eq!(world.ledger(), before);
    world.call("RenewInstance", &asked).order();
    assert_eq!(world.until(INSTANCE), "2027-01-12");
    // A fault of one call is none of another's.
    world.sandbox.arm("aliyun", "billing-renew", "server-error", 1).unwrap();
    world.sandbox.advance("PT3M").unwrap();
    world.call("RenewInstance", &asked).order();
    let swas = [("ProductCode", "swas"), ("InstanceId", SERVER), ("RenewPeriod", "1")];
    assert_eq!(world.billing("RenewInstance", &swas).code(), (500, "InternalError"));
}
