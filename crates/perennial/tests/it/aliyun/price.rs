//! `DescribeRenewalPrice`: what is told is what is charged, to the cent.

use serde_json::{Value, json};

use super::world::{AS_IT_GOES, Answer, FOREIGN, HERE, INSTANCE, LOCKED, SERVER, UNTIL, World};

#[track_caller]
fn price(world: &World, parameters: &[(&str, &str)]) -> Answer {
    world.call("DescribeRenewalPrice", &[&[HERE], parameters].concat())
}

#[test]
fn what_is_told_is_what_is_charged() {
    for (unit, count, months, list) in
        [("Month", "1", "1", 240), ("Month", "9", "9", 2160), ("Year", "1", "12", 2448), ("Year", "3", "36", 4320)]
    {
        let world = World::start();
        let asked = [("ResourceId", INSTANCE), ("Period", count), ("PriceUnit", unit), ("ResourceType", "instance")];
        let told = price(&world, &asked).done()["PriceInfo"].clone();
        let amounts = |of: &Value| ["OriginalPrice", "DiscountPrice", "TradePrice"].map(|name| of[name].clone());
        assert_eq!(amounts(&told["Price"]), [json!(list), json!(50), json!(list - 50)], "{count} {unit}");
        assert_eq!(told["Price"]["Currency"], "CNY");
        let detail = &told["Price"]["DetailInfos"]["DetailInfo"][0];
        assert_eq!((amounts(detail), &detail["Resource"]), (amounts(&told["Price"]), &json!("instance")));
        assert_eq!(told["Rules"]["Rule"], json!([{ "RuleId": 1, "Description": "Coupon" }]));

        let order: Value = world.renew(INSTANCE, months, "Month").parse().unwrap();
        assert_eq!(world.rows("payments", "order", &order)[0]["amount"]["minor"], (list - 50) * 100, "{count} {unit}");
        // The coupon is gone, and a month is what is meant where nothing is said.
        let next = price(&world, &[("ResourceId", INSTANCE)]).done()["PriceInfo"].clone();
        assert_eq!(amounts(&next["Price"]), [240, 0, 240]);
        assert_eq!(next["Rules"], json!({ "Rule": [] }));
    }
}

#[test]
fn looking_at_prices_changes_nothing() {
    let world = World::start();
    let before = world.ledger();
    price(&world, &[("ResourceId", INSTANCE)]).done();
    assert_eq!((world.ledger(), world.coupons_used()), (before, 0));
}

#[test]
fn every_refusal_of_a_price_has_its_code() {
    let world = World::start();
    world.subscriptions([
        ("i-far", "2036-11-01"),
        ("i-late", "2026-11-20"),
        ("i-gone", "2026-10-01"),
        ("i-open", UNTIL),
    ]);
    world.place("i-open");
    world.billing("SetAllExpirationDay", &[("UnifyExpireDay", "12")]).done();
    let of = |id: &'static str, more: &[(&'static str, &'static str)]| [&[("ResourceId", id)], more].concat();
    for (parameters, status, code) in [
        (vec![], 400, "MissingResourceId"),
        (of(INSTANCE, &[("ResourceType", "disk")]), 400, "InvalidResourceType.ValueNotSupported"),
        (of(INSTANCE, &[("Period", "10")]), 400, "InvalidPeriod"),
        (of(INSTANCE, &[("Period", "0")]), 400, "InvalidPeriod"),
        (of(INSTANCE, &[("Period", "4"), ("PriceUnit", "Year")]), 400, "InvalidPeriod"),
        (of(INSTANCE, &[("PriceUnit", "Week")]), 400, "InvalidPriceUnit.ValueNotSupported"),
        (of(INSTANCE, &[("Period", "1"), ("ExpectedRenewDay", "12")]), 400, "InvalidExpectedRenewDay.Conflict"),
        (of(INSTANCE, &[("PriceUnit", "Month"), ("ExpectedRenewDay", "12")]), 400, "InvalidExpectedRenewDay.Conflict"),
        (of(INSTANCE, &[("ExpectedRenewDay", "29")]), 400, "InvalidExpectedRenewDay.ValueNotSupported"),
        (of(INSTANCE, &[("ExpectedRenewDay", "13")]), 400, "InvalidExpectedRenewDay.ValueNotSupported"),
        (of("i-late", &[("ExpectedRenewDay", "12")]), 403, "IncorrectInstanceStatus"),
        (of("i-far", &[]), 400, "InvalidPeriod.ExceededMaximumExpirationDate"),
        (of(AS_IT_GOES, &[]), 403, "ChargeTypeViolation"),
        (of(LOCKED, &[]), 403, "InstanceLockedForSecurity"),
        (of("i-open", &[]), 403, "Instance.UnPaidOrder"),
        (of("i-gone", &[]), 404, "InvalidInstanceId.NotFound"),
        (of(FOREIGN, &[]), 404, "InvalidInstanceId.NotFound"),
        (of(SERVER, &[]), 404, "InvalidInstanceId.NotFound"),
    ] {
        assert_eq!(price(&world, &parameters).code(), (status, code), "{parameters:?}");
    }
    let elsewhere = world.call("DescribeRenewalPrice", &[("RegionId", "cn-beijing"), ("ResourceId", INSTANCE)]);
    assert_eq!(elsewhere.code(), (404, "InvalidInstanceId.NotFound"));
    assert_eq!(world.call("DescribeRenewalPrice", &[("ResourceId", INSTANCE)]).code(), (400, "MissingRegionId"));
}
